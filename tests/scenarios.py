"""Synthetic districts for tests: made once a session, read by many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.demo import FIELD, Profile, make_district
from pipeline.period import Period

SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
MadeOnce = Callable[[str, Callable[[Path], object]], Path]
"""The fixture ``made_once``: name of a folder and what fills it → the folder."""


@dataclass(frozen=True)
class District:
    """A folder with raw files and truth of some months."""

    folder: Path
    periods: tuple[Period, ...]

    def raw(self, period: Period) -> Path:
        """Folder of the files as received."""
        return self.folder / "raw" / str(period)

    def truth_folder(self, period: Period) -> Path:
        """Folder of the right answers."""
        return self.folder / "truth" / str(period)

    def truth(self, table: str, period: Period) -> pl.DataFrame:
        """One table of the truth; everything text but row numbers and counts."""
        frame = pl.read_csv(self.truth_folder(period) / f"{table}.csv", infer_schema_length=0)
        numbers = [c for c in ("row_number", "rows_nonempty", "layout_rows", "optional") if c in frame.columns]
        return frame.with_columns(pl.col(numbers).cast(pl.Int64), pl.selectors.string().exclude(numbers).fill_null(""))


def small_district(
    folder: Path, *, families: int = 200, seed: int = 7, periods: tuple[Period, ...] = (SEPTEMBER, OCTOBER),
    profile: Profile = FIELD,
) -> District:  # fmt: skip
    """Some 600 persons in three kecamatan, in every layout that the demo knows, with every error planted."""
    make_district(folder, families=families, seed=seed, periods=periods, profile=profile)
    return District(folder, periods)
