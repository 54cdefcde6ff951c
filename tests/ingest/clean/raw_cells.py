"""Makes raw rows for the cleaning tests, as a reader would hand them over."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import polars as pl

from pipeline.ingest.clean import Cleaned, Cleaner, Context, clean
from pipeline.period import Period
from pipeline.rulebook import default_rules


class Cell(NamedTuple):
    """A cell that is not text: what the reader makes of it, and its type."""

    text: str
    kind: int


def number(text: str) -> Cell:
    return Cell(text, 1)


def day(text: str) -> Cell:
    return Cell(text, 2)


def error(text: str) -> Cell:
    return Cell(text, 4)


Raw = str | Cell | None


@cache
def cleaner() -> Cleaner:
    return Cleaner.load(default_rules(), Period(2026, 10))


def raw_rows(columns: dict[str, Sequence[Raw]], first_row: int = 2) -> pl.DataFrame:
    """Columns of cells as the frame that cleaning takes."""
    height = len(next(iter(columns.values())))
    data: dict[str, pl.Series] = {"row_number": pl.Series(range(first_row, first_row + height), dtype=pl.Int64)}
    for name, cells in columns.items():
        data[name] = pl.Series([c.text if isinstance(c, Cell) else c for c in cells], dtype=pl.String)
        data[f"{name}#"] = pl.Series([c.kind if isinstance(c, Cell) else 0 for c in cells], dtype=pl.UInt8)
    return pl.DataFrame(data)


def context(columns: Sequence[str], sheet: str = "") -> Context:
    return Context("list.csv", sheet, "ab" * 32, "f1", {c: c.upper() for c in columns})


def cleaned(kind: str = "registry", *, sheet: str = "", **columns: Sequence[Raw]) -> Cleaned:
    """Clean columns of cells; a mention is given a name and a NIK where the test gives none."""
    height = len(next(iter(columns.values())))
    if kind not in {"transactions", "outcomes"}:
        columns = {"name": ["ALI HASAN"] * height, "nik": ["7501014107850001"] * height} | columns
    return clean(kind, raw_rows(columns), context(list(columns), sheet), cleaner())


def read(column: str, cell: Raw, out: str | None = None, kind: str = "registry", **others: Raw) -> Any:
    """What one cell becomes in one row."""
    result = cleaned(kind, **{column: [cell]}, **{name: [value] for name, value in others.items()})
    assert result.accepted.height == 1, result.quarantine.to_dicts()
    return result.accepted[out or column][0]
