"""What every reader hands on: sheets of raw rows, in batches, as they were written.

Belongs here: the shape of raw rows and how cells become text. Not here: any format (:mod:`.text`, :mod:`.workbook`,
:mod:`.columnar`) or any meaning (:mod:`.layout`, :mod:`.recognise`).

A raw batch is a polars frame with ``row_number`` (the row a person sees in a spreadsheet), and for every physical
column j ``c{j}`` (the cell as text; a number in full, dates and times in ISO form; null where nothing is written)
and ``t{j}`` (:class:`Cell`, the type the cell had). Rows without anything written are left out, but counted in
``row_number``. Batches of one sheet may differ in width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from itertools import zip_longest
from typing import Any, Final

import numpy as np
import polars as pl

BATCH_ROWS: Final = 100_000
_BEYOND_EXACT_DIGITS: Final = 1e21


class Cell(IntEnum):
    """Type a cell had in its file; formats without types have text only."""

    TEXT = 0
    NUMBER = 1
    TIME = 2
    FLAG = 3
    ERROR = 4


@dataclass(frozen=True)
class Merge:
    """A block of merged cells, rows as row numbers (from 1), columns from 0, ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class RawSheet:
    """One sheet; ``batches`` reads it anew each time it is called.

    ``header_in_file`` is false for formats whose column names are no row of the file (Parquet, JSON lines): their
    first batch starts with a made-up header row of number 1, which is never counted.
    """

    name: str
    batches: Callable[[], Iterator[pl.DataFrame]]
    merges: tuple[Merge, ...] = ()
    hidden: bool = False
    header_in_file: bool = True

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Row number and cells as text, of every row in which something is written: for short lists that are no source
        of a month."""
        for batch in self.batches():
            for number, *cells in batch.select("row_number", *(f"c{j}" for j in range(width(batch)))).iter_rows():
                yield number, [cell.strip() if cell is not None else "" for cell in cells]


def width(batch: pl.DataFrame) -> int:
    """Number of physical columns of a raw batch."""
    return (batch.width - 1) // 2


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < _BEYOND_EXACT_DIGITS:
        return str(int(value))
    return repr(value)


def _moment(value: datetime) -> str:
    rounded = value + timedelta(microseconds=500)  # Excel keeps days as fractions: 09:30:00 can be 09:29:59.9997
    exact = rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)
    return exact.isoformat(sep=" ", timespec="auto" if exact.microsecond else "seconds")


def _duration(value: timedelta) -> str:
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


_AS_TEXT: Final[dict[type, Callable[[Any], str | None]]] = {
    str: lambda v: v,
    float: _number,
    int: str,
    bool: lambda v: "TRUE" if v else "FALSE",
    date: date.isoformat,
    datetime: _moment,
    time: lambda v: v.isoformat(timespec="seconds"),
    timedelta: _duration,
    type(None): lambda _: None,
}
_TYPE_OF: Final[dict[type, int]] = {
    float: Cell.NUMBER,
    int: Cell.NUMBER,
    bool: Cell.FLAG,
    date: Cell.TIME,
    datetime: Cell.TIME,
    time: Cell.TIME,
    timedelta: Cell.TIME,
}


def cells_as_text(values: Sequence[Any]) -> tuple[pl.Series, pl.Series]:
    """One column of Python values as text and as cell types."""
    kinds = set(map(type, values))
    if kinds <= {str, type(None)}:
        return pl.Series(values, dtype=pl.String), pl.Series(np.zeros(len(values), np.uint8))
    text = pl.Series([_AS_TEXT[type(v)](v) for v in values], dtype=pl.String)
    return text, pl.Series([_TYPE_OF.get(type(v), 0) for v in values], dtype=pl.UInt8)


def raw_batch(first_row: int, rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """Rows of Python values, the first of them row ``first_row``, as a raw batch."""
    columns: list[pl.Series] = []
    for j, values in enumerate(zip_longest(*rows)):
        text, types = cells_as_text(values)
        columns += [text.alias(f"c{j}"), types.alias(f"t{j}")]
    numbers = pl.int_range(first_row, first_row + len(rows), dtype=pl.Int64, eager=True)
    return written(pl.DataFrame([numbers.alias("row_number"), *columns]))


def written(batch: pl.DataFrame) -> pl.DataFrame:
    """Blank cells become null, rows without anything written are left out."""
    texts = [f"c{j}" for j in range(width(batch))]
    if not texts:
        return batch.clear()
    blank_to_null = [pl.when(pl.col(c).str.contains(r"[^\s\u{a0}]")).then(pl.col(c)).alias(c) for c in texts]
    return batch.with_columns(blank_to_null).filter(pl.any_horizontal(pl.col(texts).is_not_null()))
