"""The pay list as three files, to pay, held and rejected, each in the layout the list came in.

Belongs here: writing rows again as they were read, with two more columns. Nothing is reformatted: a text file keeps
separator and encoding, a workbook its sheets and titles, numbers of persons and accounts are text and stay whole.
Totals and signatures below the list are left out: they are those of the whole list.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.gate.gate_rules import Decision
from pipeline.gate.paylist import PayList, WrittenSheet
from pipeline.gate.xlsx import Sheet, workbook
from pipeline.ingest.contents import Format
from pipeline.ingest.sheets import Cell, width
from pipeline.ingest.text import separator_of
from pipeline.outgoing import locked_workbook

HEADINGS: Final = ("decision", "reason")
_PLAIN_NUMBER: Final = r"^-?\d{1,15}(\.\d+)?$"


def write_lists(pay: PayList, decided: pl.DataFrame, folder: Path, lock: str | None = None) -> dict[str, Path]:
    """Write one file a decision, also where no line has it.

    Locked lists are workbooks whatever came in: every office can open those, and none of the others can be locked.

    Args:
        pay: the list.
        decided: ``sheet``, ``row_number``, ``decision``, ``words`` (the reason as a person reads it) of each line.
        folder: where to.
        lock: passphrase; None: in the clear.

    Returns:
        Decision → file, named as the list with the decision behind.
    """
    suffix, write = _WRITERS[Format.WORKBOOK if lock is not None else pay.contents.format]
    files = {}
    for decision in Decision:
        chosen = decided.filter(pl.col("decision") == str(decision))
        path = folder / f"{pay.path.stem}_{decision}{suffix or pay.path.suffix}"
        content = write(pay, chosen)
        path.write_bytes(content if lock is None else locked_workbook(content, lock))
        files[str(decision)] = path
    return files


def _rows(sheet: WrittenSheet, chosen: pl.DataFrame) -> pl.DataFrame:
    """Title and header rows, then the chosen lines, each with ``decision`` and ``words``."""
    mine = chosen.filter(pl.col("sheet") == sheet.name).select("row_number", "decision", "words")
    lines = sheet.raw.join(mine, on="row_number", how="inner").sort("row_number")
    top = sheet.raw.filter(pl.col("row_number") <= sheet.header_end)
    at_header = pl.col("row_number") == sheet.header_row
    top = top.with_columns(
        decision=pl.when(at_header).then(pl.lit(HEADINGS[0])), words=pl.when(at_header).then(pl.lit(HEADINGS[1]))
    )
    return pl.concat([top, lines])


def _columns(rows: pl.DataFrame) -> int:
    """Columns in use: trailing ones without any text belong to rows that were left out."""
    used = [j for j in range(width(rows.drop("decision", "words"))) if rows[f"c{j}"].null_count() < rows.height]
    return max(used, default=-1) + 1


# ------------------------------------------------------------------ formats


def _as_text(pay: PayList, chosen: pl.DataFrame) -> bytes:
    separator = separator_of(pay.contents)
    sheet = pay.sheets[0]
    rows = _rows(sheet, chosen)
    with pay.path.open("rb") as file:
        end = "\r\n" if b"\r\n" in file.read(1 << 16).replace(b"\0", b"") else "\n"
    marked = rows.height > 0 and str(rows["c0"][0]).lower() == "sep="
    body = rows.slice(1) if marked else rows
    cells = body.select(*(f"c{j}" for j in range(_columns(body))), "decision", "words")
    text = cells.write_csv(
        include_header=False, separator=separator, line_terminator=end, quote_style="necessary", null_value=""
    )
    first = f"sep={separator}{end}" if marked else ""
    return (first + text).encode(pay.contents.encoding, errors="replace")


def _as_workbook(pay: PayList, chosen: pl.DataFrame) -> bytes:
    return workbook([_sheet(sheet, _rows(sheet, chosen)) for sheet in pay.sheets])


def _sheet(sheet: WrittenSheet, rows: pl.DataFrame) -> Sheet:
    """Top rows where they stood, lines one below the other."""
    n, top = _columns(rows), sheet.header_end
    body = pl.int_range(pl.len()) - (pl.col("row_number") <= top).sum() + top + 1
    place = pl.when(pl.col("row_number") <= top).then("row_number").otherwise(body)
    cells: list[pl.Expr] = [place.cast(pl.Int64).alias("row")]
    for j in range(n):
        quantity = (pl.col(f"t{j}") == Cell.NUMBER) & (j not in sheet.texts) & (pl.col("row_number") > top)
        cells += [
            pl.col(f"c{j}"),
            (quantity & pl.col(f"c{j}").str.contains(_PLAIN_NUMBER)).fill_null(False).alias(f"n{j}"),
        ]
    for j, name in enumerate(("decision", "words"), n):
        cells += [pl.col(name).alias(f"c{j}"), pl.lit(False).alias(f"n{j}")]
    return Sheet(sheet.name, rows.select(cells), frozenset({sheet.header_row}))


def _as_parquet(pay: PayList, chosen: pl.DataFrame) -> bytes:
    from io import BytesIO

    buffer = BytesIO()
    _with_decisions(pl.read_parquet(pay.path), chosen).write_parquet(buffer)
    return buffer.getvalue()


def _with_decisions(records: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """The chosen records of a file without a header row: the first of them is row 2."""
    told = chosen.sort("row_number")
    picked = records[(told["row_number"] - 2).to_list()]
    return picked.with_columns(told["decision"].alias(HEADINGS[0]), told["words"].alias(HEADINGS[1]))


def _as_json(pay: PayList, chosen: pl.DataFrame) -> bytes:
    told = {
        n - 2: (decision, words) for n, decision, words in chosen.select("row_number", "decision", "words").iter_rows()
    }
    with pay.path.open(encoding=pay.contents.encoding, errors="replace") as file:
        records = [json.loads(line) for line in file if line.strip()]
    lines = [
        json.dumps(record | dict(zip(HEADINGS, told[n], strict=True)), ensure_ascii=False)
        for n, record in enumerate(records)
        if n in told
    ]
    return "".join(line + "\n" for line in lines).encode(pay.contents.encoding)


_WRITERS: Final[dict[Format, tuple[str, Callable[[PayList, pl.DataFrame], bytes]]]] = {
    Format.TEXT: ("", _as_text),
    Format.WORKBOOK: (".xlsx", _as_workbook),
    Format.PARQUET: ("", _as_parquet),
    Format.JSON_LINES: ("", _as_json),
}
"""Suffix of what is written (empty: as it came), and how."""
