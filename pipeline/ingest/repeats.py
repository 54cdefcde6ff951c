"""Is one list there twice: as XLSX and as CSV, saved again under another name, for a kecamatan and in a file of all?

Belongs here: comparing the recipients of the month's lists row by row. Not here: files of the same bytes
(:mod:`.month`), single persons who stand on two lists (a finding, :mod:`pipeline.target`).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.errors import Problem

_KIND: Final = "recipients"
_LEAST_SHARE: Final = 0.9  # of a list's rows that stand in another one, letter for letter
_FEWEST_ROWS: Final = 10
_SHEET: Final = ["source_file", "sheet"]
_ROW: Final = ["program", "list_period", "amount", "fingerprint"]
"""What makes two rows the same: who it is, of which program, for which month and how much."""


class Repeats:
    """Looks at accepted recipients as they are made; keeps a number for each row."""

    def __init__(self) -> None:
        self._frames: list[pl.DataFrame] = []

    def see(self, table: str, rows: pl.DataFrame) -> None:
        """Rows of a table; only recipients matter."""
        if table == "mentions":
            lines = rows.filter(pl.col("kind") == _KIND)
            self._frames.append(lines.select(pl.col(_SHEET).cast(pl.Categorical), row=pl.struct(_ROW).hash()))

    def problems(self) -> list[Problem]:
        """Lists that add nothing to others: each person of them would look paid twice."""
        if not self._frames:
            return []
        lines = pl.concat(self._frames)
        several = lines.unique().group_by("row").len().filter(pl.col("len") > 1)
        if several.is_empty():
            return []
        again = lines.join(several, on="row", how="semi")
        sizes = lines.group_by(_SHEET).agg(n_rows=pl.len())
        others = again.unique().rename({"source_file": "other_file", "sheet": "other_sheet"})
        pairs = (
            again.join(others, on="row")
            .filter((pl.col("source_file") != pl.col("other_file")) | (pl.col("sheet") != pl.col("other_sheet")))
            .group_by(*_SHEET, "other_file", "other_sheet")
            .agg(n=pl.len())
            .join(sizes, on=_SHEET)
            .filter(pl.col("n_rows") >= _FEWEST_ROWS, pl.col("n") >= _LEAST_SHARE * pl.col("n_rows"))
            .with_columns(pl.selectors.categorical().cast(pl.String))
            .sort(*_SHEET, "other_file", "other_sheet")
        )
        told: set[tuple[str, str]] = set()
        problems = []
        for file, sheet, other_file, other_sheet, n, n_rows in pairs.iter_rows():
            if (other_file, other_sheet) in told or (file, sheet) in told:
                continue
            told.add((file, sheet))
            other = _named(other_file, other_sheet)
            problems.append(
                Problem(
                    _named(file, sheet),
                    f"{n:,} of its {n_rows:,} recipients stand letter for letter in {other} too",
                    "each list once",
                    "take one of the two out of the folder, or leave it out with `kind: ignore` in sources.yaml",
                )
            )
        return problems


def _named(file: str, sheet: str) -> str:
    return f"{file}, sheet {sheet}" if sheet else file
