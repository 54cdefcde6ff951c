"""One file after another: sheets to rows, rows to the stage's tables, nothing lost on the way.

Belongs here: the life of a sheet from its first batch to its books. Not here: which files there are (:mod:`.folder`)
and comparing months (:mod:`.compare`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from glob import escape
from typing import Final

import polars as pl
import yaml

from pipeline.errors import InputError, Problem
from pipeline.ingest.books import NONE, Notices, SheetRecord
from pipeline.ingest.cards import Cards
from pipeline.ingest.clean import Cleaner
from pipeline.ingest.contents import Contents, Format
from pipeline.ingest.folder import IGNORE, InputFile
from pipeline.ingest.layout import Patterns, RowSorter
from pipeline.ingest.pool import CleaningPool, Sink
from pipeline.ingest.recognise import Reading, Said, continued, foreign_header, nearest_kind, recognise
from pipeline.ingest.rows import RowNamer, constants_of
from pipeline.ingest.sheets import RawSheet
from pipeline.ingest.text import open_end, separator_of
from pipeline.ingest.titles import Place

SERVED: Final = "recipients"
"""The kind of list that says who is served: by which program must be known."""


class Intake:
    """Reads files one by one into a sink and keeps the books.

    Problems of single files are collected, so that a user hears of all at once; after the first, files are only
    looked at, not cleaned.
    """

    def __init__(self, cards: Cards, cleaner: Cleaner, sink: Sink) -> None:
        self.cards = cards
        self.cleaner = cleaner
        self.patterns = Patterns.of(cards.layout)
        self.notices = Notices()
        self.records: list[SheetRecord] = []
        self.problems: list[Problem] = []
        self.unnamed: list[SheetRecord] = []
        """Recipients lists of which nothing says what program they are of."""
        self.pool = CleaningPool(cleaner, sink, self.notices)
        self._earlier: Reading | None = None

    def take(self, file: InputFile, contents: Contents, sheets: Sequence[RawSheet]) -> None:
        """All sheets of one opened file."""
        records: list[SheetRecord] = []
        top: pl.DataFrame | None = None
        self._earlier = None
        for sheet in sheets:
            record = SheetRecord(file.name, sheet.name, contents.sha256, sheet.header_in_file, sheet.hidden)
            records.append(record)
            try:
                first = self._take_sheet(file.said(sheet.name), sheet, record)
            except InputError as error:
                self.problems += error.problems
                return
            top = first if top is None else top
        self.records += records
        self._judge_file(file, records, top)
        if contents.format is Format.TEXT:
            self._judge_end(contents, records[-1])

    def finish(self) -> None:
        """Clean what waits, prove that no row is lost, and say what is to be said of each sheet.

        Raises:
            ConservationError: the books of a sheet do not agree.
        """
        if self.problems:
            return
        self.pool.flush()
        for record in self.records:
            record.check()
            self.notices.about_sheet(record)

    def without_program(self) -> list[Problem]:
        """Files whose recipients would count for no program, so that all of them would look unserved."""
        problems = []
        for file in dict.fromkeys(r.source_file for r in self.unnamed):
            sheets = [r.sheet for r in self.unnamed if r.source_file == file]
            lists = [r.sheet for r in self.records if r.source_file == file and r.kind == SERVED]
            problems.append(_no_program(file, sheets if len(sheets) < len(lists) else [], self.cards))
        return problems

    def _judge_file(self, file: InputFile, records: Sequence[SheetRecord], top: pl.DataFrame | None) -> None:
        """A file without a list is a problem; beside a list, other sheets are left out and reported."""
        written = [r for r in records if r.total]
        left_out = [r for r in written if r.kind == NONE and file.said(r.sheet).kind != IGNORE]
        if top is not None and left_out and all(r.kind == NONE for r in written):
            said = {kind for r in written if (kind := file.said(r.sheet).kind) is not None}
            self.problems.append(_unknown_kind(file, top, self.cards, sorted(said)))
            return
        for record in left_out:
            message = f"sheet {record.sheet!r} is no list of a known kind: its {record.total} rows were left out"
            self.notices.add("unknown_sheet", record.sheet, message, about=record, rows=record.total)

    def _judge_end(self, contents: Contents, record: SheetRecord) -> None:
        """A list whose last line is cut may lack many more: of answers from the field nothing else would tell."""
        if record.reading is None:
            return
        cells = len(open_end(contents, separator_of(contents)))
        if 0 < cells <= max(record.reading.columns.values()):
            message = (
                "the last line is not whole: the file may be cut, and lines after it missing; ask for it once more"
            )
            self.notices.add("broken_off", "", message, about=record, rows=1)

    def _take_sheet(self, said: Said, sheet: RawSheet, record: SheetRecord) -> pl.DataFrame | None:
        """One sheet; its first batch with any rows, for messages."""
        top: pl.DataFrame | None = None
        table: _Table | None = None
        for batch, last in _with_last(b for b in sheet.batches() if b.height):
            if top is None:
                top = batch
                table = self._recognised(batch, sheet, said, record)
            in_file = batch.height if sheet.header_in_file else batch.filter(pl.col("row_number") > 1).height
            record.total += in_file
            if table is None:
                record.layout += in_file
            elif not self.problems:
                table.take(batch, last=last)
        if table is not None and not sheet.header_in_file:
            record.layout -= 1  # the made-up header row
        return top

    def _recognised(self, batch: pl.DataFrame, sheet: RawSheet, said: Said, record: SheetRecord) -> _Table | None:
        if said.kind == IGNORE:
            return None
        reading = recognise(batch, sheet, record.source_file, self.cards, said)
        if reading is None and self._earlier is not None:
            reading = continued(batch, self._earlier)
        if reading is None:
            return None
        record.kind, record.reading = reading.kind, reading
        self._earlier = reading
        return _Table(self, record, sheet, said)


class _Table:
    """The rows of one recognised sheet on their way: sorted, named, handed to cleaning."""

    def __init__(self, intake: Intake, record: SheetRecord, sheet: RawSheet, said: Said) -> None:
        assert record.reading is not None  # noqa: S101 - made for recognised sheets only
        self._intake = intake
        self._record = record
        self._sheet = sheet
        self._said = said
        self._begin(record.reading, Place())

    def _begin(self, reading: Reading, group: Place) -> None:
        cards, gazetteer = self._intake.cards, self._intake.cleaner.gazetteer
        constants = constants_of(reading, self._sheet.name, self._record.source_file, cards, gazetteer)
        self._reading = reading
        self._sorter = RowSorter(reading, self._intake.patterns, group)
        self._namer = RowNamer(reading, constants, cards, self._said, self._sheet.merges)

    def take(self, batch: pl.DataFrame, *, last: bool) -> None:
        """Sort and name a batch, and hand its data rows on; a header with other columns begins a new table."""
        cut = foreign_header(batch, self._reading, self._intake.cards)
        if cut is not None:
            below = batch.filter(pl.col("row_number") >= cut)
            other = recognise(below, self._sheet, self._record.source_file, self._intake.cards, self._said)
            if other is not None and other.kind == self._record.kind:
                self._take(batch.filter(pl.col("row_number") < cut), last=True)
                self._begin(replace(other, titles=(*self._reading.titles, *other.titles)), self._sorter.group)
                self.take(below, last=last)
                return
        self._take(batch, last=last)

    def _take(self, batch: pl.DataFrame, *, last: bool) -> None:
        filled = self._namer.fill_down(batch)
        sorted_rows = self._sorter.sort(filled, last=last)
        self._record.layout += sorted_rows.n_layout
        if sorted_rows.data.height:
            self._intake.pool.add(self._record, self._namer.name(sorted_rows.data))
        if last:
            self._report_programs()

    def _report_programs(self) -> None:
        for text, n in sorted(self._namer.unknown_programs.items()):
            message = f"program {text!r} is not known; add it to the aliases of a file in rules/programs"
            self._intake.notices.add("unknown_program", text, message, about=self._record, rows=n)
        if n := self._namer.rows_without_program:
            message = "neither column, title nor file name says which program these rows are of; say it in sources.yaml"
            self._intake.notices.add("unknown_program", "", message, about=self._record, rows=n)
            if n == self._namer.rows_named and self._record.kind == SERVED:
                self._intake.unnamed.append(self._record)


def _must_have(cards: Cards, kind: str) -> str:
    return " and ".join(" or ".join(group) for group in cards.kinds[kind].must_have)


def _unknown_kind(file: InputFile, batch: pl.DataFrame, cards: Cards, said: Sequence[str]) -> Problem:
    kinds = ", ".join(cards.kinds)
    if said:
        needed = "; ".join(f"{kind}: {_must_have(cards, kind)}" for kind in said)
        return Problem(
            file.name,
            f"sources.yaml calls it {', '.join(said)}, but it lacks what such a list must have;"
            f" {nearest_kind(batch, cards)}",
            f"columns for {needed}",
            "mend the kind in sources.yaml, or name the columns there (columns: {heading: column})",
        )
    return Problem(
        file.name,
        f"no sheet is a list of a known kind; {nearest_kind(batch, cards)}",
        f"a header row with the columns of one of: {kinds}",
        f"say what it is in sources.yaml beside it (file: {file.name!r}, kind: …, columns: {{heading: column}}),"
        " or leave it out with `kind: ignore`",
    )


def _no_program(file: str, sheets: Sequence[str], cards: Cards) -> Problem:
    """What to write for a file of recipients of nobody knows what; ``sheets`` where only some of its lists are."""
    programs = ", ".join(sorted(set(cards.programs.values())))
    entries = [{"file": escape(file)} | ({"sheet": escape(s)} if s else {}) | {"program": "…"} for s in sheets or [""]]
    lines = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True)
    return Problem(
        f"{file}, sheets {', '.join(sheets)}" if sheets else file,
        "these are recipients, but neither a column, a title, the sheet nor the file name says of which program",
        f"one of {programs}, or the name of another program",
        f"write it into sources.yaml beside the file, in place of the dots (or leave the list out with `kind: ignore`):"
        f"\n{lines.rstrip()}",
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
