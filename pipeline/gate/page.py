"""The page to sign, and the same for machines.

Belongs here: the document of a screening, as JSON and as PDF (``page.typ``). No number of a person stands in it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pipeline.errors import InputError, Problem

SUMMARY: Final = "summary.json"
PAGE: Final = "summary.pdf"
TEMPLATE: Final = Path(__file__).with_name("page.typ")


def write_page(document: dict[str, Any], folder: Path) -> None:
    """Write ``summary.json`` and ``summary.pdf``; the same document gives the same bytes."""
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    (folder / SUMMARY).write_text(text, encoding="utf-8")
    (folder / PAGE).write_bytes(_pdf(text))


def read_page(folder: Path) -> dict[str, Any]:
    """The document as last written.

    Raises:
        InputError: it is gone, or somebody has changed it beyond reading.
    """
    path = folder / SUMMARY
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise InputError(
            Problem(str(path), "is not there or cannot be read", "as the gate wrote it", "screen the list again")
        ) from cause
    return document


def _pdf(document: str) -> bytes:
    import typst  # here: a third of a second that other commands need not wait

    moment = datetime.fromisoformat(json.loads(document)["screened_at"]).replace(tzinfo=UTC)
    made: bytes = typst.compile(
        TEMPLATE, sys_inputs={"data": document}, ignore_system_fonts=True, timestamp=int(moment.timestamp())
    )
    return made
