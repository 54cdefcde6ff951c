"""Lists as people write them, for the tests of ingest: invented persons, and writers for every format."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import polars as pl
import xlsxwriter

from pipeline.database import writing_alone
from pipeline.errors import InputError
from pipeline.ingest import ingest
from pipeline.period import Period
from pipeline.store import Store, staged
from pipeline.tables import MENTIONS, NOTICES, OUTCOMES, QUARANTINE, SOURCE_FILES, TRANSACTIONS

PERIOD = Period(2026, 9)
Row = list[Any]
_NAMES = (
    "SITI AMINAH HASAN", "ABDUL RAHMAN TALIB", "YUSUF DAUD", "FATMAWATI LIHAWA", "RAHMAT PAKAYA", "NURHAYATI GOBEL",
    "HENDRA MOKODOMPIT", "SRI WAHYUNI", "MOHAMAD IRFAN NAUE", "MARYAM BAKARI", "SUPARMAN", "ROSITA AHMAD",
)  # fmt: skip


def name(i: int) -> str:
    """Name of invented person i."""
    return _NAMES[i % len(_NAMES)]


def nik(i: int, kecamatan: str = "750116") -> str:
    """A possible NIK of invented person i, born on day 1-28 of a month of 1980."""
    return f"{kecamatan}{i % 28 + 1:02d}{i % 12 + 1:02d}80{i % 9000 + 1:04d}"


def no_kk(i: int, kecamatan: str = "750116") -> str:
    """A possible family number."""
    return f"{kecamatan}{i % 28 + 1:02d}{i % 12 + 1:02d}15{i % 9000 + 1:04d}"


HEADER = ["NO", "NAMA KPM", "NIK", "NO KK", "ALAMAT", "DESA/KELURAHAN", "KECAMATAN", "NOMINAL"]


def person_row(i: int, desa: str = "Pongongaila", kecamatan: str = "Pulubala") -> Row:
    """A row under :data:`HEADER`."""
    return [i + 1, name(i), nik(i), no_kk(i), f"Dusun {i % 4 + 1}", desa, kecamatan, 300000]


def blank(n: int = 8) -> Row:
    """An empty row."""
    return [""] * n


def write_csv(path: Path, rows: Sequence[Row], *, separator: str = ",", encoding: str = "utf-8") -> Path:
    """CSV as a spreadsheet would save it."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def write_xlsx(
    path: Path,
    sheets: Mapping[str, Sequence[Row]],
    *,
    merges: Mapping[str, Sequence[tuple[int, int, int, int]]] | None = None,
    at: tuple[int, int] = (0, 0),
    hidden: Sequence[str] = (),
) -> Path:
    """XLSX; merges as (first row, first column, last row, last column) counted from 0; ``at`` moves the used area."""
    book = xlsxwriter.Workbook(str(path))
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
    for title, rows in sheets.items():
        sheet = book.add_worksheet(title)
        if title in hidden:
            sheet.hide()
        for r, row in enumerate(rows, at[0]):
            for c, value in enumerate(row, at[1]):
                if isinstance(value, datetime):
                    sheet.write_datetime(r, c, value, moment)
                elif isinstance(value, date):
                    sheet.write_datetime(r, c, value, day)
                elif isinstance(value, str) and value:
                    sheet.write_string(r, c, value)
                elif value not in ("", None):
                    sheet.write(r, c, value)
        for top, left, bottom, right in (merges or {}).get(title, ()):
            sheet.merge_range(top, left, bottom, right, rows[top][left])
    book.close()
    return path


def write_ods(path: Path, sheets: Mapping[str, Sequence[Row]]) -> Path:
    """A plain ODS file."""

    def cell(value: Any) -> str:
        if value in ("", None):
            return "<table:table-cell/>"
        if isinstance(value, int | float):
            kind = f'office:value-type="float" office:value="{value}"'
        else:
            kind = 'office:value-type="string"'
        return f"<table:table-cell {kind}><text:p>{escape(str(value))}</text:p></table:table-cell>"

    tables = "".join(
        f'<table:table table:name="{escape(title)}">'
        + "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
        + "</table:table>"
        for title, rows in sheets.items()
    )
    spaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}><office:body>'
        f"<office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?>'
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr("content.xml", content)
    return path


def write_xls(path: Path, sheets: Mapping[str, Sequence[Row]]) -> Path:
    """An old XLS file (an OLE container)."""
    import xlwt

    book = xlwt.Workbook()
    for title, rows in sheets.items():
        sheet = book.add_sheet(title)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if value not in ("", None):
                    sheet.write(r, c, value)
    book.save(str(path))
    return path


def write_parquet(path: Path, header: Sequence[str], rows: Sequence[Row]) -> Path:
    """Parquet with text columns."""
    columns = {h: [None if row[j] in ("", None) else str(row[j]) for row in rows] for j, h in enumerate(header)}
    pl.DataFrame(columns, schema=dict.fromkeys(header, pl.String)).write_parquet(path)
    return path


def write_json_lines(path: Path, header: Sequence[str], rows: Sequence[Row]) -> Path:
    """JSON lines; empty cells are left out."""
    records = ({h: v for h, v in zip(header, row, strict=True) if v not in ("", None)} for row in rows)
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path


class Ingested:
    """The tables that an ingest made."""

    def __init__(self, store: Store) -> None:
        self.files = store.read(SOURCE_FILES)
        self.mentions = store.read(MENTIONS)
        self.transactions = store.read(TRANSACTIONS)
        self.outcomes = store.read(OUTCOMES)
        self.quarantine = store.read(QUARANTINE)
        self.notices = store.read(NOTICES)

    def rows(self, sheet: str | None = None) -> list[int]:
        """Row numbers of the mentions, of one sheet or all."""
        found = self.mentions if sheet is None else self.mentions.filter(pl.col("sheet") == sheet)
        return sorted(found["row_number"].to_list())

    def quarantined(self) -> dict[int, str]:
        """Row number → reason."""
        return dict(self.quarantine.select("row_number", "reason").iter_rows())

    def codes(self) -> set[str]:
        """Kinds of notices given."""
        return set(self.notices["code"].to_list())

    def column(self, column: str) -> dict[int, Any]:
        """Row number → value of a column of the mentions."""
        return dict(self.mentions.select("row_number", column).iter_rows())


def ingested(raw: Path, rules: Path, **options: Any) -> Ingested:
    """Ingest a folder into a store beside it."""
    out = raw.parent / f"out_{raw.name}"
    with staged(out, PERIOD, writing_alone) as store:
        ingest(raw, store, PERIOD, rules, previous=options.pop("previous", None), say=lambda _: None, **options)
    return Ingested(Store(out / str(PERIOD)))


def refused(raw: Path, rules: Path, **options: Any) -> str:
    """The message of an ingest that must stop, after making sure that it wrote nothing."""
    out = raw.parent / f"out_{raw.name}"
    try:
        with staged(out, PERIOD, writing_alone) as store:
            ingest(raw, store, PERIOD, rules, previous=options.pop("previous", None), say=lambda _: None, **options)
    except InputError as error:
        assert not out.exists()
        return str(error)
    raise AssertionError("nothing was refused")
