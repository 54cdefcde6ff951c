"""Rows of many small sheets cleaned together: a call of cleaning costs the same for ten rows as for thousands.

Belongs here: gathering named rows of one kind, in order, and counting what came back of each sheet.
"""

from __future__ import annotations

from typing import Final, Protocol

import polars as pl

from pipeline.ingest.books import Notices, SheetRecord
from pipeline.ingest.clean import Cleaner, Context, clean_sheets

_ENOUGH_ROWS: Final = 50_000


class Sink(Protocol):
    """Takes cleaned rows of a table."""

    def __call__(self, table: str, rows: pl.DataFrame) -> None:
        """Append rows to the table of that name."""


class CleaningPool:
    """Gathers rows until there are enough, or rows of another kind come; the order of rows stays."""

    def __init__(self, cleaner: Cleaner, sink: Sink, notices: Notices) -> None:
        self._cleaner = cleaner
        self._sink = sink
        self._notices = notices
        self._waiting: list[tuple[pl.DataFrame, Context]] = []
        self._records: dict[tuple[str, str], SheetRecord] = {}
        self._kind = ""
        self._rows = 0

    def add(self, record: SheetRecord, rows: pl.DataFrame) -> None:
        """Named rows of a recognised sheet (see :func:`pipeline.ingest.clean.clean_sheets`)."""
        assert record.reading is not None  # noqa: S101 - rows come from recognised sheets only
        if self._kind != record.kind:
            self.flush()
        self._kind = record.kind
        headings = record.reading.written_headings
        context = Context(record.source_file, record.sheet, record.sha256, record.file_id, headings)
        self._waiting.append((rows, context))
        self._records[record.source_file, record.sheet] = record
        self._rows += rows.height
        if self._rows >= _ENOUGH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Clean what waits and hand it on."""
        if not self._waiting:
            return
        cleaned = clean_sheets(self._kind, self._waiting, self._cleaner)
        first = next(iter(self._records.values()))
        assert first.reading is not None  # noqa: S101 - see add
        self._sink(first.reading.card.table, cleaned.accepted)
        self._sink("quarantine", cleaned.quarantine)
        self._notices.extend(cleaned.notices)
        for (file, sheet), n in _per_sheet(cleaned.accepted).items():
            self._records[file, sheet].accepted += n
        for (file, sheet), n in _per_sheet(cleaned.quarantine).items():
            self._records[file, sheet].quarantined += n
        if first.reading.card.program:
            programs = cleaned.accepted.select("source_file", "sheet", "program").unique()
            for file, sheet, program in programs.iter_rows():
                self._records[file, sheet].programs.add(program)
        self._waiting, self._records, self._rows = [], {}, 0


def _per_sheet(rows: pl.DataFrame) -> dict[tuple[str, str], int]:
    counts = rows.group_by("source_file", "sheet", maintain_order=True).len()
    return {(file, sheet): n for file, sheet, n in counts.iter_rows()}
