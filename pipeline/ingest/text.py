"""CSV in the dialects of the field, in bounded memory.

Belongs here: separators, quotes, record numbers. A row's number is its record number: header and blank lines
counted, a line break inside quotes not.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.ingest.contents import Contents
from pipeline.ingest.sheets import BATCH_ROWS, RawSheet, raw_batch

_SEPARATORS: Final = ",;\t|"
_SAMPLE_LINES: Final = 300
_LARGEST_CELL: Final = 64 << 20  # characters; a larger one is a quotation mark that was never closed
_MOST_LINES_IN_CELL: Final = 40

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


def _batches(contents: Contents, separator: str) -> Iterator[pl.DataFrame]:
    done = 0
    with contents.path.open(encoding=contents.encoding, errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        while True:
            try:
                rows = list(islice(reader, BATCH_ROWS))
            except csv.Error as error:
                raise InputError(_open_quote(contents.path, done + 1, str(error))) from error
            if not rows:
                return
            batch = raw_batch(done + 1, rows)
            _refuse_swallowed_rows(contents.path, batch, rows, done, separator)
            done += len(rows)
            yield batch


def _refuse_swallowed_rows(path: Path, batch: pl.DataFrame, rows: list[list[str]], done: int, separator: str) -> None:
    """A quotation mark without its partner makes the rest of the file one cell: rows would be lost."""
    texts = batch.select(pl.col("^c\\d+$"))
    if not texts.width or not texts.select(pl.any_horizontal(pl.all().str.contains("\n", literal=True).any())).item():
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
