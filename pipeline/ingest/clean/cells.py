"""Raw cells: the text as written and the type of the cell.

Belongs here: :class:`RawRows`, through which all themes look at the rows of a sheet, and the trick that keeps
cleaning fast: what depends on the text alone is worked out once for each different text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

TEXT: Final = 0
NUMBER: Final = 1
DATE: Final = 2
FLAG: Final = 3
ERROR: Final = 4

_BLANKS = r"[\s\u00a0\u200b\ufeff]+"


class RawRows:
    """Rows of one sheet as read: per mapped column the text and the type of the cell.

    Args:
        frame: ``row_number``, and per column ``<name>`` (String) and ``<name>#`` (UInt8, may be absent: text).
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self.height = frame.height

    def has(self, name: str) -> bool:
        """Whether the sheet has the column."""
        return name in self.frame.columns

    def text(self, name: str) -> pl.Series:
        """The cells as text, NFKC, blanks folded and trimmed; empty and error cells are null, an absent column is all null."""
        if not self.has(name):
            return pl.Series(name, [None] * self.height, dtype=pl.String)
        cell = pl.col(name).cast(pl.String)
        odd = cell.str.contains(r"[^\x21-\x7e]")  # plain cells, most of them, need no folding
        folded = cell.str.normalize("NFKC").str.replace_all(_BLANKS, " ").str.strip_chars()
        clean = pl.when(odd).then(folded).otherwise(cell)
        broken = pl.col(f"{name}#") == ERROR if self.has(f"{name}#") else pl.lit(False)
        return self.frame.select(pl.when((clean != "") & ~broken).then(clean).alias(name)).to_series()

    def kind(self, name: str) -> pl.Series:
        """The cell types; text where the reader knows none."""
        if self.has(f"{name}#"):
            return self.frame[f"{name}#"].cast(pl.UInt8).fill_null(TEXT)
        return pl.Series(f"{name}#", [TEXT] * self.height, dtype=pl.UInt8)

    def cells(self, name: str) -> pl.DataFrame:
        """Columns ``text`` and ``kind`` of one column."""
        return pl.DataFrame({"text": self.text(name), "kind": self.kind(name)})

    def coalesced(self, *names: str) -> pl.Series:
        """The first of several columns that says something (a column before the title's weaker word)."""
        return pl.DataFrame([self.text(n) for n in names]).select(pl.coalesce(pl.all())).to_series()


def per_value(
    cells: pl.DataFrame, work: Callable[[pl.DataFrame], pl.DataFrame], *, where: pl.Expr | None = None
) -> pl.DataFrame:
    """Apply ``work`` to the different rows of ``cells`` only, and spread the answers over all rows.

    Args:
        cells: any columns.
        work: from distinct rows of ``cells`` to as many rows of new columns.
        where: only these rows; the others get nulls.

    Returns:
        The columns that ``work`` makes, as many rows as ``cells`` and in its order.
    """
    chosen = cells.filter(where) if where is not None else cells
    distinct = chosen.unique(maintain_order=True)
    answers = work(distinct)
    table = pl.concat([distinct, answers], how="horizontal")
    joined = cells.join(table, on=cells.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined.select(answers.columns)


def fold_expr(text: pl.Expr) -> pl.Expr:
    """Upper case with everything but letters, marks and digits as one blank."""
    return text.str.to_uppercase().str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars()
