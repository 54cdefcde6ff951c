"""The worklist as a form on paper: PDF, to be filled with a pen and typed back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pipeline.worklist.document import Sheet

TEMPLATE: Final = Path(__file__).with_name("form.typ")


class FormMaker:
    """Makes PDF forms; fonts are read once for all of them."""

    def __init__(self) -> None:
        import typst  # here: a third of a second that other commands need not wait

        self._compiler = typst.Compiler(TEMPLATE, ignore_system_fonts=True)

    def pdf(self, sheet: Sheet, words: dict[str, Any], language: str) -> bytes:
        """The form of one TKSK; the same worklist gives the same bytes."""
        year, month = (int(part) for part in sheet.period.split("-"))
        moment = int(datetime(year, month, 1, tzinfo=UTC).timestamp())
        data = json.dumps({"sheet": sheet.as_dict(), "words": words, "lang": language}, ensure_ascii=False)
        made = self._compiler.compile(sys_inputs={"data": data}, timestamp=moment)
        assert isinstance(made, bytes)  # noqa: S101 - one file in, one document out
        return made
