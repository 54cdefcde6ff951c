"""Raw cells: the text as written and the type of the cell.

Belongs here: :class:`RawRows`, through which all themes look at the rows of a sheet, and the trick that keeps
cleaning fast: what depends on the text alone is worked out once for each different text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

TEXT: Final = 0
NUMBER: Final = 1
DATE: Final = 2
FLAG: Final = 3
ERROR: Final = 4

_BLANKS: Final = r"[\s\u00a0\u200b\ufeff]+"
_ODD: Final = r"[^\x20-\x7e]|^ | $|  "
_SMALL: Final = 2_000
"""Rows below which looking for equal cells costs more than reading each of them."""


class RawRows:
    """Rows of some sheets as read, each cell as text (NFKC, blanks folded and trimmed; empty and error cells null).

    Args:
        sheets: one frame a sheet: ``row_number``, and per column ``<name>`` (String) and ``<name>#`` (UInt8, may be
            absent: text). ``frame`` holds the rows of all, ``origin`` the place of each row's sheet in the list.
    """

    def __init__(self, sheets: Sequence[pl.DataFrame]) -> None:
        marked = [sheet.with_columns(pl.lit(i, pl.Int32).alias("origin")) for i, sheet in enumerate(sheets)]
        frame = pl.concat(marked, how="diagonal") if len(marked) > 1 else marked[0]
        self.frame = frame
        self.height = frame.height
        self.origin = frame["origin"]
        columns = [c for c in frame.columns if not c.endswith("#") and c not in {"row_number", "origin"}]
        self._text = {c: _text(frame, c) for c in columns}
        self._said = {c for c in columns if self._text[c].null_count() < self.height}

    def has(self, name: str) -> bool:
        """Whether a sheet has the column."""
        return name in self.frame.columns

    def says(self, name: str) -> bool:
        """Whether any cell of the column says something."""
        return name in self._said

    def text(self, name: str) -> pl.Series:
        """The cells of a column as text; all null where no sheet has the column."""
        return self._text[name] if name in self._said else nulls(name, pl.String(), self.height)

    def written(self, name: str) -> pl.Series:
        """Whether anything is written in the cells of a column, be it an error."""
        if not self.has(name):
            return pl.Series(name, [False]).new_from_index(0, self.height)
        return (self.frame[name].cast(pl.String).str.strip_chars() != "").fill_null(False)

    def cells(self, name: str) -> pl.DataFrame:
        """Columns ``text`` and ``kind`` of one column; the kind is text where the reader knows none."""
        marks = f"{name}#"
        kind = (
            self.frame[marks].cast(pl.UInt8).fill_null(TEXT)
            if marks in self.frame.columns
            else pl.Series([TEXT], dtype=pl.UInt8).new_from_index(0, self.height)
        )
        return pl.DataFrame([self.text(name).alias("text"), kind.alias("kind")])

    def coalesced(self, *names: str) -> pl.Series:
        """The first of several columns that says something (a column before the title's weaker word)."""
        said = [self.text(n) for n in names if self.says(n)]
        if len(said) < 2:
            return said[0].alias(names[0]) if said else self.text(names[0])
        return pl.DataFrame(said).select(pl.coalesce(pl.all()).alias(names[0])).to_series()


def _text(frame: pl.DataFrame, name: str) -> pl.Series:
    cells = frame[name].cast(pl.String)
    odd = cells.str.contains(_ODD).fill_null(False)  # most cells need no folding
    if odd.any():
        folded = cells.filter(odd).str.normalize("NFKC").str.replace_all(_BLANKS, " ").str.strip_chars()
        cells = cells.scatter(odd.arg_true(), folded)
    broken = cells == ""
    if f"{name}#" in frame.columns:
        broken |= (frame[f"{name}#"] == ERROR).fill_null(False)
    return cells.set(broken.fill_null(False), None) if broken.any() else cells


def nulls(name: str, dtype: pl.DataType, height: int) -> pl.Series:
    """A column that says nothing."""
    return pl.Series(name, [None], dtype=dtype).new_from_index(0, height)


@dataclass(frozen=True)
class Recipe:
    """How the cells of a column are read: steps that add working columns, then the columns that come out.

    Every expression looks at its own row only. Recipes are made once and kept: building expressions costs more than
    applying them to a small sheet.
    """

    steps: tuple[tuple[pl.Expr, ...], ...]
    out: tuple[pl.Expr, ...]

    def prepare(self, cells: pl.LazyFrame) -> pl.LazyFrame:
        """The cells with all working columns."""
        for step in self.steps:
            cells = cells.with_columns(step)
        return cells


def per_value(cells: pl.DataFrame, recipe: Recipe, *, where: pl.Expr | pl.Series | None = None) -> pl.DataFrame:
    """Apply a recipe to the different rows of ``cells`` only, and spread the answers over all rows.

    Args:
        cells: any columns.
        recipe: how to read them.
        where: only these rows; the others get nulls.

    Returns:
        The columns that the recipe makes, as many rows as ``cells`` and in its order.
    """
    if cells.height <= _SMALL:
        out = recipe.out if where is None else tuple(pl.when(where).then(o) for o in recipe.out)
        return recipe.prepare(cells.lazy()).select(out).collect()
    chosen = cells.filter(where) if where is not None else cells
    table = recipe.prepare(chosen.unique().lazy()).select(*cells.columns, *recipe.out).collect()
    joined = cells.join(table, on=cells.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined.drop(cells.columns)


def fold_expr(text: pl.Expr) -> pl.Expr:
    """Upper case with everything but letters, marks and digits as one blank."""
    return text.str.to_uppercase().str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars()
