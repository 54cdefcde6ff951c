"""One file after another: sheets to rows, rows to the stage's tables, nothing lost on the way.

Belongs here: the life of a sheet from opening to its line in ``source_files``. Not here: which files there are
(:mod:`.folder`) and comparing months (:mod:`.compare`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import polars as pl

from pipeline.errors import ConservationError, InputError, Problem
from pipeline.ingest.cards import Cards
from pipeline.ingest.clean import Cleaner, Context, clean
from pipeline.ingest.contents import Contents
from pipeline.ingest.folder import IGNORE, InputFile
from pipeline.ingest.layout import Patterns, RowSorter
from pipeline.ingest.readers import sheets_of
from pipeline.ingest.recognise import Reading, Said, nearest_kind, recognise
from pipeline.ingest.rows import RowNamer, constants_of
from pipeline.ingest.sheets import RawSheet
from pipeline.tables import NOTICES

NONE: Final = "none"
_ID_LENGTH: Final = 16


class Sink(Protocol):
    """Takes cleaned rows of a table."""

    def __call__(self, table: str, rows: pl.DataFrame) -> None: ...


@dataclass
class SheetRecord:
    """What became of a sheet: its line in ``source_files`` in the making."""

    source_file: str
    sheet: str
    sha256: str
    kind: str = NONE
    reading: Reading | None = None
    header_in_file: bool = True
    programs: set[str | None] = field(default_factory=set)
    total: int = 0
    accepted: int = 0
    quarantined: int = 0
    layout: int = 0

    @property
    def file_id(self) -> str:
        """Hash of the file's content and the sheet's name."""
        return hashlib.sha256(f"{self.sha256}|{self.sheet}".encode()).hexdigest()[:_ID_LENGTH]

    def check(self) -> None:
        """Every row in exactly one place; :class:`ConservationError` otherwise."""
        if self.total != self.accepted + self.quarantined + self.layout:
            raise ConservationError(
                Problem(
                    f"{self.source_file} {self.sheet}".strip(),
                    f"{self.total} rows were read, but {self.accepted} accepted + {self.quarantined} quarantined"
                    f" + {self.layout} layout rows came out",
                    "every row in exactly one of them",
                    "this is an error of the program: please report it with the file's layout",
                )
            )

    def line(self) -> dict[str, Any]:
        """The row of ``source_files``."""
        reading = self.reading
        return {
            "file_id": self.file_id,
            "source_file": self.source_file,
            "sheet": self.sheet,
            "kind": self.kind,
            "program": next(iter(self.programs)) if len(self.programs) == 1 else None,
            "sha256": self.sha256,
            "header_row": reading.header_lines_end if reading and self.header_in_file else None,
            "columns": json.dumps(reading.written_headings if reading else {}, ensure_ascii=False, sort_keys=True),
            "unknown_columns": json.dumps(list(reading.unknown) if reading else [], ensure_ascii=False),
            "rows_total": self.total,
            "rows_accepted": self.accepted,
            "rows_quarantined": self.quarantined,
            "rows_layout": self.layout,
        }


class Notices:
    """Notices of the whole month; the same one from several batches adds up."""

    def __init__(self) -> None:
        self._frames: list[pl.DataFrame] = []

    def add(self, code: str, subject: str, message: str, *, source_file: str = "", sheet: str = "", rows: int = 0) -> None:
        """One notice."""
        row = {"code": code, "source_file": source_file, "sheet": sheet, "subject": subject, "n_rows": rows, "message": message}
        self._frames.append(pl.DataFrame([row], schema=NOTICES.schema))

    def extend(self, frame: pl.DataFrame) -> None:
        """Notices of cleaning."""
        if frame.height:
            self._frames.append(frame)

    def frame(self) -> pl.DataFrame:
        """All notices, each once, sorted."""
        if not self._frames:
            return NOTICES.empty()
        return (
            pl.concat(self._frames)
            .group_by(NOTICES.keys, maintain_order=True)
            .agg(pl.col("n_rows").sum(), pl.col("message").first())
            .sort(NOTICES.keys)
        )


class Intake:
    """Reads files one by one into a sink and keeps the books.

    Problems of single files are collected, so that a user hears of all at once; after the first, files are only
    looked at, not cleaned.
    """

    def __init__(self, cards: Cards, cleaner: Cleaner, sink: Sink) -> None:
        self.cards = cards
        self.cleaner = cleaner
        self.sink = sink
        self.patterns = Patterns.of(cards.layout)
        self.notices = Notices()
        self.records: list[SheetRecord] = []
        self.problems: list[Problem] = []

    def take(self, file: InputFile, contents: Contents, sheets: list[RawSheet]) -> None:
        """All sheets of one opened file."""
        start = len(self.records)
        first_batch: pl.DataFrame | None = None
        for sheet in sheets:
            try:
                top = self._take_sheet(file, contents, sheet)
            except InputError as error:
                self.problems += error.problems
                return
            first_batch = top if first_batch is None else first_batch
        records = self.records[start:]
        if first_batch is None:
            return
        if all(r.kind == NONE for r in records) and not any(file.said(r.sheet).kind == IGNORE for r in records):
            self.problems.append(_unknown_kind(file, first_batch, self.cards))
        elif any(r.kind != NONE for r in records):
            self._report_unknown_sheets(records)

    def _report_unknown_sheets(self, records: list[SheetRecord]) -> None:
        for record in records:
            if record.kind == NONE and record.total:
                self.notices.add(
                    "unknown_sheet", record.sheet,
                    f"sheet {record.sheet!r} is no list of a known kind: its {record.total} rows were left out",
                    source_file=record.source_file, sheet=record.sheet, rows=record.total,
                )  # fmt: skip

    def _take_sheet(self, file: InputFile, contents: Contents, sheet: RawSheet) -> pl.DataFrame | None:
        """One sheet; its first batch with any rows, for messages."""
        record = SheetRecord(file.name, sheet.name, contents.sha256, header_in_file=sheet.header_in_file)
        self.records.append(record)
        said = file.said(sheet.name)
        top: pl.DataFrame | None = None
        table: _Table | None = None
        for batch, last in _with_last(b for b in sheet.batches() if b.height):
            if top is None:
                top = batch
                reading = None if said.kind == IGNORE else recognise(batch, sheet, file.name, self.cards, said)
                if reading is not None:
                    record.kind, record.reading = reading.kind, reading
                    table = _Table(self, record, sheet, said)
            counted = batch.height if sheet.header_in_file else batch.filter(pl.col("row_number") > 1).height
            record.total += counted
            if table is None:
                record.layout += counted
            elif not self.problems:
                table.take(batch, last=last)
        self._close_sheet(record, sheet, table)
        return top

    def _close_sheet(self, record: SheetRecord, sheet: RawSheet, table: _Table | None) -> None:
        where = {"source_file": record.source_file, "sheet": record.sheet}
        if record.total == 0:
            self.notices.add("empty_sheet", record.sheet, "nothing is written in it", **where)
        if table is not None and not self.problems:
            if not sheet.header_in_file:
                record.layout -= 1  # the made-up header row
            record.check()
            table.report()
            if record.total and record.accepted + record.quarantined == 0:
                self.notices.add("no_rows", record.sheet, "a header without rows below it", **where)
        if sheet.hidden and record.kind != NONE:
            self.notices.add(
                "hidden_sheet", record.sheet, "the sheet is hidden, its rows were read like all others",
                rows=record.accepted, **where,
            )  # fmt: skip


class _Table:
    """The rows of one recognised sheet on their way: sorted, named, cleaned, handed on."""

    def __init__(self, intake: Intake, record: SheetRecord, sheet: RawSheet, said: Said) -> None:
        assert record.reading is not None  # noqa: S101 - made for recognised sheets only
        self._intake = intake
        self._record = record
        reading = record.reading
        constants = constants_of(
            reading, sheet.name, record.source_file, intake.cards, said, intake.cleaner.gazetteer
        )
        self._sorter = RowSorter(reading, intake.patterns)
        self._namer = RowNamer(reading, constants, intake.cards, said, sheet.merges)
        self._context = Context(
            record.source_file, record.sheet, record.sha256, record.file_id, reading.written_headings
        )

    def take(self, batch: pl.DataFrame, *, last: bool) -> None:
        """Sort, name and clean a batch, and hand its rows on."""
        record, intake = self._record, self._intake
        sorted_rows = self._sorter.sort(self._namer.fill_down(batch), last=last)
        record.layout += sorted_rows.n_layout
        if sorted_rows.data.is_empty():
            return
        cleaned = clean(record.kind, self._namer.name(sorted_rows.data), self._context, intake.cleaner)
        assert record.reading is not None  # noqa: S101 - see __init__
        intake.sink(record.reading.card.table, cleaned.accepted)
        intake.sink("quarantine", cleaned.quarantine)
        intake.notices.extend(cleaned.notices)
        record.accepted += cleaned.accepted.height
        record.quarantined += cleaned.quarantine.height
        if record.reading.card.program:
            record.programs |= set(cleaned.accepted["program"].unique().to_list())

    def report(self) -> None:
        """Notices about columns and programs that nobody knows."""
        record, notices = self._record, self._intake.notices
        where = {"source_file": record.source_file, "sheet": record.sheet}
        rows = record.accepted + record.quarantined
        for heading in record.reading.unknown if record.reading else ():
            notices.add(
                "unknown_column", heading,
                f"column {heading!r} is not known and was not read; if it matters, add its heading to rules/sources/{record.kind}.yaml"
                " or name it in sources.yaml",
                rows=rows, **where,
            )  # fmt: skip
        for text, n in sorted(self._namer.unknown_programs.items()):
            notices.add(
                "unknown_program", text, f"program {text!r} is not known; add it to the aliases in rules/programs", rows=n, **where
            )
        if self._namer.rows_without_program:
            notices.add(
                "unknown_program", "", "neither column, title nor file name says which program these rows are of; say it in sources.yaml",
                rows=self._namer.rows_without_program, **where,
            )  # fmt: skip


def opened(contents: Contents) -> Callable[[], list[RawSheet]]:
    """The opening of a file as a task for another thread: the work is in native code and runs beside cleaning."""
    return lambda: sheets_of(contents)


def _unknown_kind(file: InputFile, batch: pl.DataFrame, cards: Cards) -> Problem:
    kinds = ", ".join(cards.kinds)
    return Problem(
        file.name,
        f"no sheet is a list of a known kind; {nearest_kind(batch, cards)}",
        f"a header row with the columns of one of: {kinds}",
        f"say what it is in sources.yaml beside it (file: {file.name!r}, kind: …, columns: {{heading: column}}),"
        " or leave it out with `kind: ignore`",
    )


def _with_last(batches: Iterator[pl.DataFrame]) -> Iterator[tuple[pl.DataFrame, bool]]:
    """Each batch, and whether it is the last."""
    waiting: pl.DataFrame | None = None
    for batch in batches:
        if waiting is not None:
            yield waiting, False
        waiting = batch
    if waiting is not None:
        yield waiting, True
