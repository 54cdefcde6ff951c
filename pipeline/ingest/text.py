"""CSV in the dialects of the field, in bounded memory.

Belongs here: separators, quotes, record numbers. A row's number is its record number: header and blank lines
counted, a line break inside quotes not.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.ingest.contents import Contents
from pipeline.ingest.sheets import BATCH_ROWS, RawSheet, raw_batch, written

_SEPARATORS: Final = ",;\t|"
_SAMPLE_LINES: Final = 300
_LARGEST_CELL: Final = 64 << 20  # characters; a larger one is a quotation mark that was never closed
_MOST_LINES_IN_CELL: Final = 40
_TAIL: Final = 64 << 10  # bytes in which a last line lies

csv.field_size_limit(_LARGEST_CELL)


def text_sheets(contents: Contents) -> list[RawSheet]:
    """The one sheet of a CSV file."""
    separator = separator_of(contents)
    return [RawSheet("", lambda: _batches(contents, separator))]


def separator_of(contents: Contents) -> str:
    """The separator that cuts the first records into the most columns the most evenly."""
    with contents.path.open(encoding=contents.encoding, errors="replace", newline="") as file:
        lines = [line[:100_000] for line in islice(file, _SAMPLE_LINES)]
    if lines and lines[0].strip().lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0].strip()[4]

    def evenness(separator: str) -> float:
        widths = Counter(len(record) for record in csv.reader(lines, delimiter=separator) if record)
        return max((n / widths.total() * (cells - 1) for cells, n in widths.items() if cells > 1), default=0.0)

    return max(_SEPARATORS, key=evenness)


def open_end(contents: Contents, separator: str) -> list[str]:
    """Cells of a last line that does not end as lines end; none where it does, or nothing is written in it."""
    with contents.path.open("rb") as file:
        file.seek(-min(_TAIL, file.seek(0, os.SEEK_END)), os.SEEK_END)
        tail = file.read().decode(contents.encoding, errors="replace")
    last = re.split(r"[\r\n]", tail)[-1]
    return next(csv.reader([last], delimiter=separator)) if re.search(r"\w", last) else []


def _batches(contents: Contents, separator: str) -> Iterator[pl.DataFrame]:
    done = 0
    with contents.path.open(encoding=contents.encoding, errors="replace", newline="") as file:
        while lines := list(islice(file, BATCH_ROWS)):
            column = pl.Series(lines)
            if column.str.contains('"', literal=True).any():
                n, batch = _quoted_block(contents.path, lines, file, separator, done)
            else:
                n, batch = len(lines), _plain_block(column, separator, done)
            done += n
            yield batch


def _plain_block(lines: pl.Series, separator: str, done: int) -> pl.DataFrame:
    """A block without quotation marks: every line is a record, cut at every separator."""
    records = lines.str.strip_chars_end("\r\n")
    most = int(records.str.count_matches(separator, literal=True).max() or 0)  # type: ignore[arg-type]
    cells = records.str.split_exact(separator, most).struct.unnest()
    columns: list[pl.Series] = [pl.int_range(done + 1, done + len(lines) + 1, dtype=pl.Int64, eager=True)]
    for j, cell in enumerate(cells):
        columns += [cell.alias(f"c{j}"), pl.Series(f"t{j}", np.zeros(len(lines), np.uint8))]
    return written(pl.DataFrame([columns[0].alias("row_number"), *columns[1:]]))


def _quoted_block(
    path: Path, lines: list[str], following: Iterator[str], separator: str, done: int
) -> tuple[int, pl.DataFrame]:
    """A block with quotation marks: number of records and their rows; the last may reach into the next block."""
    reader = csv.reader(chain(lines, following), delimiter=separator)
    rows: list[list[str]] = []
    try:
        while reader.line_num < len(lines):
            rows.append(next(reader))
    except csv.Error as error:
        raise InputError(_open_quote(path, done + len(rows) + 1, str(error))) from error
    batch = raw_batch(done + 1, rows)
    _refuse_swallowed_rows(path, batch, rows, done, separator)
    return len(rows), batch


def _refuse_swallowed_rows(path: Path, batch: pl.DataFrame, rows: list[list[str]], done: int, separator: str) -> None:
    """A quotation mark without its partner makes the rest of the file one cell: rows would be lost."""
    texts = batch.select(pl.col("^c\\d+$"))
    broken = pl.any_horizontal(pl.all().str.contains("\n", literal=True).any())
    if not texts.width or not texts.select(broken).item():
        return
    usual = Counter(map(len, rows)).most_common(1)[0][0]
    for number, row in enumerate(rows, done + 1):
        for cell in row:
            inner = cell.split("\n")[1:]
            whole = sum(line.count(separator) >= max(usual - 1, 1) for line in inner)
            if whole and (usual > 2 or len(inner) > _MOST_LINES_IN_CELL):
                raise InputError(_open_quote(path, number, f"one cell holds {whole} further rows"))


def _open_quote(path: Path, row: int, found: str) -> Problem:
    return Problem(
        f"{path.name}, row {row}",
        f'a quotation mark (") is opened and not closed: {found}',
        "quotation marks in pairs around a cell",
        "delete or double the mark in that row",
    )
