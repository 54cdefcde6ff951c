"""Which rows broke which check, in polars: the answer down to the row.

Belongs here: evaluating checks on a frame and adding up the answers of several frames. Not here: the gate
(:mod:`.gate`), where the frames come from (:mod:`.stage`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.validate.cards import Check
from pipeline.validate.checks import CHECKS, filled

SHEET: Final = ["source_file", "sheet"]
ROW: Final = [*SHEET, "row_number"]
FIRST_ROWS: Final = 8


@dataclass(frozen=True)
class Tally:
    """What one check says of a frame.

    ``sheets``: source_file, sheet, n_checked, n_unexpected, first_rows (list of row numbers), one row a sheet that
    was looked at. ``broken``: the rows that broke the check, with the frame's columns that name a row.
    """

    sheets: pl.DataFrame
    broken: pl.DataFrame

    @property
    def n_checked(self) -> int:
        """Rows looked at."""
        return int(self.sheets["n_checked"].sum())

    @property
    def n_unexpected(self) -> int:
        """Rows that broke the check."""
        return int(self.sheets["n_unexpected"].sum())


def tally(frame: pl.DataFrame, check: Check, names: list[str]) -> Tally:
    """Evaluate one check on the rows that it chooses; ``names`` are the columns that name a row."""
    seen = (
        frame.lazy()
        .filter(filled(check))
        .with_columns(broke=~CHECKS[check.check].keeps(check).fill_null(True))
        .select(*names, "broke")
    )
    sheets = seen.group_by(SHEET).agg(
        n_checked=pl.len().cast(pl.Int64),
        n_unexpected=pl.col("broke").sum().cast(pl.Int64),
        first_rows=pl.col("row_number").filter(pl.col("broke")).bottom_k(FIRST_ROWS),
    )
    counted, broken = pl.collect_all([sheets, seen.filter("broke").drop("broke")])
    return Tally(counted, broken)


def add(tallies: list[Tally]) -> Tally:
    """The answer for all rows from the answers for parts of them; sheets in order of name."""
    sheets = (
        pl.concat([t.sheets for t in tallies])
        .group_by(SHEET)
        .agg(
            pl.col("n_checked", "n_unexpected").sum(),
            pl.col("first_rows").list.explode(empty_as_null=False, keep_nulls=False).bottom_k(FIRST_ROWS).sort(),
        )
        .sort(SHEET)
    )
    return Tally(sheets, pl.concat([t.broken for t in tallies]))
