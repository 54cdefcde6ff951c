"""A pay list as ingest reads it, and the list as it was written.

Belongs here: lines with cleaned columns, and beside them the rows as read, so that the list can be written again in
the layout it came in. Not here: any judgement of a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.ingest.books import SheetRecord
from pipeline.ingest.cards import Cards, LayoutRules
from pipeline.ingest.clean import Cleaner
from pipeline.ingest.clean.amounts import rupiah
from pipeline.ingest.clean.cells import RawRows
from pipeline.ingest.contents import Contents, examine
from pipeline.ingest.folder import InputFile, SourceEntry, named_file
from pipeline.ingest.intake import Intake
from pipeline.ingest.readers import sheets_of
from pipeline.ingest.sheets import RawSheet
from pipeline.period import Period
from pipeline.tables import MENTIONS, QUARANTINE

KIND: Final = "payments"
NUMBERS: Final = ("nik", "no_kk", "card_number", "account_number", "phone", "bpjs_number", "external_id")
"""Columns whose cells are names of things, not quantities: written back as text."""


@dataclass(frozen=True)
class WrittenSheet:
    """One sheet of the list as read.

    Attributes:
        name: name of the sheet, empty for formats without.
        raw: raw rows (see :mod:`pipeline.ingest.sheets`): titles, header, lines, footer.
        header_row: row number of the last line of headings.
        header_end: row number of the last row above the lines (a row of column numbers may follow the headings).
        columns: column name → physical column.
    """

    name: str
    raw: pl.DataFrame
    header_row: int
    header_end: int
    columns: dict[str, int]

    @property
    def texts(self) -> frozenset[int]:
        """Physical columns that hold numbers of persons."""
        return frozenset(self.columns[c] for c in NUMBERS if c in self.columns)

    def cell(self, column: str) -> pl.DataFrame:
        """``row_number`` and the cell of a column as written (``written``, and its type ``kind``) of each raw row."""
        j = self.columns.get(column)
        here = j is not None and f"c{j}" in self.raw.columns
        return self.raw.select(
            "row_number",
            written=pl.col(f"c{j}") if here else pl.lit(None, pl.String),
            kind=pl.col(f"t{j}") if here else pl.lit(0, pl.UInt8),
        )


@dataclass(frozen=True)
class PayList:
    """A pay list.

    Attributes:
        contents: the file: path, hash, format, encoding.
        lines: mentions of kind payments, in file order, with ``at`` (position in the file).
        unusable: rows in quarantine, with ``at``.
        sheets: the list as written.
        written_totals: amounts in the list's own rows of sums, in file order; none where it has no such row.
        notices: code and message of what a person should know of the reading.
    """

    contents: Contents
    lines: pl.DataFrame
    unusable: pl.DataFrame
    sheets: tuple[WrittenSheet, ...]
    written_totals: tuple[int, ...]
    notices: pl.DataFrame = field(repr=False)

    @property
    def path(self) -> Path:
        """The file."""
        return self.contents.path

    @property
    def rows(self) -> int:
        """Lines counted: all that ask for a payment, usable or not."""
        return self.lines.height + self.unusable.height


def read_pay_list(path: Path, period: Period, rules: Path, program: str | None) -> PayList:
    """Read a pay list with the readers of ingest; its kind is not guessed.

    Args:
        path: the file; a ``sources.yaml`` beside it counts.
        period: the month it is to be paid for.
        rules: the rules folder.
        program: the program of all lines, where the user says it.

    Raises:
        InputError: the file cannot be read or is no pay list.
    """
    if not path.is_file():
        raise InputError(Problem(str(path), "there is no such file", "a pay list: CSV, XLSX, XLS, ODS, Parquet …"))
    file = _as_payments(named_file(path), program)
    contents = examine(path)
    kept: dict[str, list[pl.DataFrame]] = {}
    taken: dict[str, list[pl.DataFrame]] = {MENTIONS.name: [], QUARANTINE.name: []}
    cards = Cards.load(rules)
    intake = Intake(cards, Cleaner.load(rules, period), lambda table, rows: taken[table].append(rows))
    intake.take(file, contents, [_keeping(sheet, kept) for sheet in sheets_of(contents)])
    if intake.problems:
        raise InputError(*intake.problems)
    intake.finish()
    sheets = tuple(_written(r, kept[r.sheet]) for r in intake.records if r.kind == KIND)
    lines = _in_order(MENTIONS.conform(pl.concat([MENTIONS.empty(), *taken[MENTIONS.name]])), sheets)
    unusable = _in_order(QUARANTINE.conform(pl.concat([QUARANTINE.empty(), *taken[QUARANTINE.name]])), sheets)
    if not lines.height + unusable.height:
        raise InputError(Problem(path.name, "there is no line below the header", "a pay list with lines"))
    sums = _written_totals(sheets, [lines, unusable], cards.layout)
    return PayList(contents, lines, unusable, sheets, sums, intake.notices.frame())


def _as_payments(file: InputFile, program: str | None) -> InputFile:
    """The file with its kind said; what ``sources.yaml`` says of columns stays."""
    said = SourceEntry(file=file.path.name, kind=KIND, program=program)
    kept = tuple(e.model_copy(update={"kind": None}) for e in file.entries)
    return InputFile(file.path, file.path.name, (*kept, said))


def _keeping(sheet: RawSheet, kept: dict[str, list[pl.DataFrame]]) -> RawSheet:
    """The sheet, whose batches are also kept as they pass."""

    def batches() -> Iterator[pl.DataFrame]:
        kept[sheet.name] = []
        for batch in sheet.batches():
            kept[sheet.name].append(batch)
            yield batch

    kept[sheet.name] = []
    return RawSheet(sheet.name, batches, sheet.merges, sheet.hidden, sheet.header_in_file)


def _written(record: SheetRecord, batches: Sequence[pl.DataFrame]) -> WrittenSheet:
    reading = record.reading
    assert reading is not None  # noqa: S101 - recognised sheets only
    raw = pl.concat(batches, how="diagonal")
    if not record.header_in_file:  # names of columns stand above the first record
        return WrittenSheet(record.sheet, raw, 1, 1, reading.columns)
    last, end = reading.header_lines_end or 0, reading.header_row or 0
    return WrittenSheet(record.sheet, raw, last, end, reading.columns)


def _in_order(rows: pl.DataFrame, sheets: Sequence[WrittenSheet]) -> pl.DataFrame:
    """Rows in file order, with their position in the file."""
    order = {s.name: n for n, s in enumerate(sheets)}
    at = pl.col("sheet").replace_strict(order, return_dtype=pl.Int64) * 10_000_000_000 + pl.col("row_number")
    return rows.with_columns(at.alias("at")).sort("at")


def _written_totals(
    sheets: Sequence[WrittenSheet], lines: Sequence[pl.DataFrame], layout: LayoutRules
) -> tuple[int, ...]:
    """Amounts in rows of sums below the headers; ``lines`` are the rows that are no layout."""
    totals = "|".join(f"(?:{p})" for p in layout.totals)
    found: list[int] = []
    for sheet in sheets:
        taken = pl.concat([rows.filter(pl.col("sheet") == sheet.name).select("row_number") for rows in lines])
        rest = sheet.raw.filter(pl.col("row_number") > sheet.header_end).join(taken, on="row_number", how="anti")
        first = pl.coalesce(pl.col(r"^c\d+$")).str.to_uppercase().str.strip_chars()
        sums = rest.filter(first.str.contains(totals).fill_null(False)).select("row_number")
        cells = sheet.cell("amount").join(sums, on="row_number").rename({"written": "amount", "kind": "amount#"})
        if cells.height:
            found += rupiah(RawRows([cells]), "amount").drop_nulls().to_list()
    return tuple(found)
