"""Rows that came back and were not used, each with its reason in the words of who must mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.look.numbers import language
from pipeline.look.words import texts

TEXTS: Final = Path(__file__).with_name("refusals.yaml")


@dataclass(frozen=True)
class Refusal:
    """A row that was not used: where, and why."""

    source_file: str
    sheet: str
    row_number: int
    why: str

    def __str__(self) -> str:
        where = " · ".join(filter(None, [self.source_file, self.sheet, str(self.row_number)]))
        return f"{where}: {self.why}"


class Reasons:
    """Writes reasons in one language."""

    def __init__(self, lang: str = "id") -> None:
        self._texts = texts(TEXTS, language(lang))
        self.lang = lang

    def why(self, reason: str, **found: str) -> str:
        """A reason of ``refusals.yaml`` in words."""
        return str(self._texts[reason]).format(**found)

    def named(self, columns: Sequence[str]) -> str:
        """Columns by the names they have on the forms."""
        return str(self._texts["and"]).join(self._texts["columns"][c] for c in columns)

    def refusal(self, row: Mapping[str, Any], why: str) -> Refusal:
        """A row of a file, refused."""
        return Refusal(str(row["source_file"]), str(row["sheet"] or ""), int(row["row_number"]), why)

    def table(self, refusals: Sequence[Refusal]) -> pl.DataFrame:
        """Refusals as a list to hand back."""
        names = [self._texts[c] for c in ("file", "sheet", "row", "why")]
        rows = [(r.source_file, r.sheet, r.row_number, r.why) for r in refusals]
        types = (pl.String(), pl.String(), pl.Int64(), pl.String())
        return pl.DataFrame(rows, orient="row", schema=dict(zip(names, types, strict=True)))
