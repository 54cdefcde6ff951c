"""What people have decided about pairs of rows: obeyed by every run until the rows change.

Belongs here: turning judgements by fingerprint into pairs of rows. Not here: how they are collected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipeline.period import Period
from pipeline.resolve.digits import Rows


@dataclass(frozen=True)
class Judged:
    """Pairs of rows that are certainly the same, and pairs that are certainly not; a < b."""

    same_a: Rows
    same_b: Rows
    different_a: Rows
    different_b: Rows

    @classmethod
    def none(cls) -> Judged:
        """No judgements."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, empty, empty)


def read_judgements(judgements: pl.DataFrame | None, fingerprints: pl.Series, period: Period) -> Judged:
    """Judgements in force on the last day of the period, as pairs of rows.

    A fingerprint may stand on several rows (the same line in two lists): they say the same of who they are, so a
    judgement on one holds for all. ``unsure`` decides nothing.
    """
    if judgements is None or not judgements.height:
        return Judged.none()
    rows = pl.DataFrame({"fingerprint": fingerprints, "row": np.arange(len(fingerprints), dtype=np.int64)})
    rows = rows.filter(pl.col("fingerprint").is_not_null())
    until = pl.col("valid_until").cast(pl.Date, strict=False)
    valid = judgements.filter(
        (until.is_null() | (until >= period.last_day)) if "valid_until" in judgements.columns else pl.lit(True)
    )
    found = []
    for judgement in ("same", "different"):
        pairs = (
            valid.filter(pl.col("judgement") == judgement)
            .select("fingerprint_a", "fingerprint_b")
            .join(rows, left_on="fingerprint_a", right_on="fingerprint")
            .join(rows, left_on="fingerprint_b", right_on="fingerprint", suffix="_b")
            .filter(pl.col("row") != pl.col("row_b"))
            .select(pl.min_horizontal("row", "row_b").alias("a"), pl.max_horizontal("row", "row_b").alias("b"))
            .unique()
            .sort("a", "b")
        )
        found += [pairs["a"].to_numpy(), pairs["b"].to_numpy()]
    return Judged(*found)
