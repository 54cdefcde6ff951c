"""Lists written as files, with the row that each line ended up at.

Belongs here: how a list is split into files and sheets, and the file formats. What a page looks like is decided in
:mod:`pipeline.demo.pages`, what a cell holds in :mod:`pipeline.demo.cells`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl
import xlsxwriter

from pipeline.demo import cells, looks, pages
from pipeline.demo.card_use import CardUse
from pipeline.demo.dice import Dice
from pipeline.demo.lists import ListFrame
from pipeline.demo.looks import Look
from pipeline.demo.pages import Page, Words
from pipeline.demo.world import JOBS
from pipeline.period import Period

_MADE: Final = datetime(2026, 1, 1)
"""Date of making that every workbook carries, so that the same district gives the same bytes."""
_SIGNERS: Final = {"recipients blt_dd": "Kepala Desa", "recipients pkh": "Koordinator PKH", "payments pkh": "Bendahara"}


@dataclass(frozen=True)
class Written:
    """Where rows went.

    ``rows``: the list's rows with source_file, sheet and row_number. ``sheets``: source_file, sheet, layout_rows,
    rows_nonempty.
    """

    rows: pl.DataFrame
    sheets: pl.DataFrame


def write_list(sheet: ListFrame, folder: Path, period: Period, dice: Dice) -> Written:
    """Write one list as one file or many."""
    parts = [
        _write_part(sheet, part, area, code, folder, period, dice)
        for area, code, part in _parts(sheet, dice)
        if not part.is_empty()
    ]
    rows = pl.concat([p.rows for p in parts]) if parts else _nowhere(sheet.rows.head(0))
    sheets = pl.concat([p.sheets for p in parts]) if parts else _sheets([])
    return Written(rows, sheets)


def _nowhere(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(source_file=pl.lit(""), sheet=pl.lit(""), row_number=pl.lit(0, dtype=pl.Int64))


def _sheets(found: list[tuple[str, str, int, int]]) -> pl.DataFrame:
    schema = {"source_file": pl.String, "sheet": pl.String, "layout_rows": pl.Int64, "rows_nonempty": pl.Int64}
    return pl.DataFrame(found, schema=schema, orient="row")


def _parts(sheet: ListFrame, dice: Dice) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Name, code and rows of the area of each file."""
    wanted = looks.material()["lists"][sheet.code]["parts"]
    if wanted == "province":
        yield "Provinsi Gorontalo", "75", sheet.rows
        return
    if isinstance(wanted, str):
        yield from _areas(sheet.rows, wanted)
        return
    for name, code, rows in _areas(sheet.rows, "kecamatan"):
        level = dice.one(f"{sheet.code} files of {code}", wanted)
        yield from [(name, code, rows)] if level == "kecamatan" else _areas(rows, "desa")


def _areas(rows: pl.DataFrame, level: str) -> Iterator[tuple[str, str, pl.DataFrame]]:
    key = f"{level}_code"
    for (code,), part in sorted(rows.group_by(key, maintain_order=True), key=lambda item: str(item[0][0])):
        name = part["kabupaten" if level == "kabupaten" else "kecamatan" if level == "kecamatan" else "true_desa"][0]
        yield str(name).replace("Kabupaten", "Kab"), str(code), part


def _write_part(
    sheet: ListFrame, rows: pl.DataFrame, area: str, code: str, folder: Path, period: Period, dice: Dice
) -> Written:
    spec = looks.material()["lists"][sheet.code]
    look = looks.choose(sheet.code, code, rows.height, dice)
    columns = cells.columns(spec["columns"], look)
    month = f"{cells.MONTHS[period.month - 1]}_{period.year}"
    stem = spec["file"][look.variant % len(spec["file"])].format(area=area, code=code, period=period, month=month)
    if not look.workbook:
        return _write_text(sheet, rows, columns, look, folder / f"{stem}.csv", area, period)
    return _write_book(sheet, rows, columns, look, folder / f"{stem}.xlsx", area, period)


def _words(sheet: ListFrame, rows: pl.DataFrame, look: Look, place: str, period: Period) -> Words:
    titles = looks.material()["lists"][sheet.code]["title"]
    month = cells.MONTHS[period.month - 1].upper()
    signer = _SIGNERS.get(sheet.code, "Kepala Dinas Sosial")
    if sheet.program == "blt_dd":
        signer = f"Kepala Desa {rows['true_desa'][0]}"
    return Words(titles[look.variant % len(titles)], place, f"BULAN {month} TAHUN {period.year}", signer)


# -------------------------------------------------------------------------------- workbooks


def _write_book(
    sheet: ListFrame, rows: pl.DataFrame, columns: list[str], look: Look, path: Path, area: str, period: Period
) -> Written:
    made: list[Page] = []
    placed: list[pl.DataFrame] = []
    for name, place, part in _sheet_parts(sheet, rows, look, area):
        groups = part["true_desa"].to_list()
        words = _words(sheet, part, look, place, period)
        page = pages.build(sheet.code, name, cells.write(part, columns, look), columns, look, words, groups)
        made.append(page)
        placed.append(part.with_columns(sheet=pl.lit(name), row_number=pl.Series(page.at, dtype=pl.Int64)))
        _mark_numbers(page, part, columns)
        if look.merged_families and "no_kk" in columns:
            pages.merge_down(page, columns.index("no_kk"))
    if look.summary_sheet:
        made.insert(0, pages.summary(rows, rows["true_desa"].to_list()))
    _save_book(path, made)
    located = pl.concat(placed).with_columns(source_file=pl.lit(path.name))
    columns_out = [*rows.columns, "source_file", "sheet", "row_number"]
    counts = [(path.name, page.name, page.layout, page.layout + len(page.at)) for page in made]
    return Written(located.select(columns_out), _sheets(counts))


def _sheet_parts(
    sheet: ListFrame, rows: pl.DataFrame, look: Look, area: str
) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Name, title of the place and rows of each sheet of a workbook."""
    choices = looks.material()["lists"][sheet.code]["sheets"]
    by = choices[look.variant % len(choices)]
    if by == "all":
        plain = ("Sheet1", "DATA", "Daftar", sheet.kind.upper())[look.variant % 4]
        yield (
            plain,
            _upper(area),
            rows.sort("kecamatan_code", "desa_code", maintain_order=True) if look.sections else rows,
        )
    elif by == "group":
        for job, (name, _, _) in JOBS.items():
            part = rows.filter(pl.col("job") == job)
            if not part.is_empty():
                yield name, _upper(area), part
    else:
        for name, _, part in _areas(rows, by):
            first = part.row(0, named=True)
            kecamatan = f"KECAMATAN {first['kecamatan'].upper()} {first['kabupaten'].upper()}"
            place = kecamatan if by == "kecamatan" else f"DESA {first['true_desa'].upper()} {kecamatan}"
            yield name[:31], place, part


def _upper(area: str) -> str:
    return area.upper().replace("KAB ", "KABUPATEN ")


@dataclass(frozen=True)
class _Number:
    """A number cell that once was an identity number."""

    value: float


def _mark_numbers(page: Page, rows: pl.DataFrame, columns: list[str]) -> None:
    """Turn lossy identity numbers into number cells."""
    for column in ("nik", "no_kk"):
        damage = f"{column}_damage"
        if damage not in rows.columns or column not in columns:
            continue
        at = columns.index(column)
        for line in rows.with_row_index("i").filter(pl.col(damage) == "number_cell")["i"].to_list():
            cell = page.lines[page.at[line] - 1]
            if cell[at] is not None:
                cell[at] = _Number(float(cell[at]))


def _save_book(path: Path, made: list[Page]) -> None:
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"created": _MADE})
    bold = book.add_format({"bold": True, "align": "center"})
    middle = book.add_format({"valign": "vcenter"})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for page in made:
        leaf = book.add_worksheet(page.name)
        headers = set(page.headers)
        for r, line in enumerate(page.lines):
            for c, value in enumerate(line):
                _put(leaf, r, c, value, bold if r + 1 in headers else None, day)
        for top, first, bottom, last in page.merged:
            style = bold if top in headers else middle
            leaf.merge_range(top - 1, first, bottom - 1, last, page.lines[top - 1][first], style)
    book.close()


def _put(leaf: Any, row: int, column: int, value: Any, style: Any, day: Any) -> None:
    if value is None:
        return
    if isinstance(value, _Number):
        leaf.write_number(row, column, value.value)
    elif isinstance(value, (bool, int, float)):
        leaf.write_number(row, column, value)
    elif isinstance(value, date):
        leaf.write_datetime(row, column, datetime(value.year, value.month, value.day), day)
    else:
        leaf.write_string(row, column, str(value), style)


# -------------------------------------------------------------------------------- text files


def _write_text(
    sheet: ListFrame, rows: pl.DataFrame, columns: list[str], look: Look, path: Path, area: str, period: Period
) -> Written:
    words = _words(sheet, rows, look, _upper(area), period)
    table = cells.write(rows, columns, look)
    if "number" in columns:
        table = table.with_columns(number=pl.int_range(1, pl.len() + 1)).select(columns)
    top: list[list[str]] = [[words.title], [words.place], [words.time], []] if look.titles else []
    top.append(pages.headings(sheet.code, columns, look))
    save_text(path, top, table, look.separator, look.encoding)
    located = rows.with_columns(
        source_file=pl.lit(path.name),
        sheet=pl.lit(""),
        row_number=len(top) + 1 + pl.int_range(pl.len(), dtype=pl.Int64),
    )
    layout = sum(1 for line in top if line)
    return Written(located, _sheets([(path.name, "", layout, layout + rows.height)]))


def save_text(path: Path, top: list[list[str]], table: pl.DataFrame, separator: str, encoding: str) -> None:
    """Write lines and a table as delimited text; characters that the encoding lacks become ``?``."""
    head = io.StringIO()
    csv.writer(head, delimiter=separator, lineterminator="\n").writerows(top)
    if encoding == "utf-8":
        with path.open("wb") as out:
            out.write(head.getvalue().encode())
            table.write_csv(out, separator=separator, include_header=False)
        return
    body = table.write_csv(separator=separator, include_header=False)
    path.write_bytes((head.getvalue() + body).encode(encoding, errors="replace"))


# ------------------------------------------------------------------------------ transactions

_HEADINGS: Final = (
    {"card_number": "NO_KARTU", "written_at": "WAKTU", "amount": "NOMINAL", "agent_id": "ID_AGEN",
     "agent_name": "NAMA_AGEN", "terminal_id": "ID_TERMINAL", "channel": "KANAL",
     "transaction_type": "JENIS_TRANSAKSI"},
    {"card_number": "NO KKS", "written_at": "TANGGAL TRANSAKSI", "amount": "NOMINAL", "agent_id": "ID AGEN",
     "agent_name": "NAMA AGEN", "terminal_id": "TERMINAL ID", "channel": "CHANNEL",
     "transaction_type": "JENIS TRANSAKSI"},
)  # fmt: skip


def write_transactions(use: CardUse, folder: Path, period: Period, dice: Dice) -> Written:
    """Write the card uses as CSV, JSON lines or Parquet (whose first record counts as row 2)."""
    form = dice.one("format of transactions", ("csv", "jsonl", "parquet"), [7, 1.5, 1.5])
    heading = _HEADINGS[int(dice.one("headings of transactions", (0, 1)))]
    path = folder / f"Transaksi KKS {period}.{form}"
    table = use.rows.select(pl.col(c).alias(h) for c, h in heading.items())
    if form == "csv":
        separator = str(dice.one("separator of transactions", (",", ";")))
        save_text(path, [list(heading.values())], table, separator, "utf-8")
    elif form == "jsonl":
        table.write_ndjson(path)
    else:
        table.write_parquet(path)
    layout = 1 if form == "csv" else 0
    located = use.rows.with_columns(
        source_file=pl.lit(path.name), sheet=pl.lit(""), row_number=pl.int_range(pl.len(), dtype=pl.Int64) + 2
    )
    return Written(located, _sheets([(path.name, "", layout, layout + table.height)]))
