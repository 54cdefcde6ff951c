"""What people have decided about pairs of rows: obeyed by every run until the rows change.

Belongs here: turning judgements by fingerprint into pairs of rows. Not here: how they are collected.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.period import Period
from pipeline.resolve.digits import Rows

Groups = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """Pairs of rows that people say are the same (person or household), and pairs that they say are not; a < b."""

    same_a: Rows
    same_b: Rows
    different_a: Rows
    different_b: Rows

    @classmethod
    def none(cls) -> Judged:
        """No judgements."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, empty, empty)

    def only_different(self) -> Judged:
        """Without the pairs that are the same: those join persons (:func:`bound`), not rows.

        As evidence of two rows they would draw one row away from the others of its person.
        """
        return replace(self, same_a=self.same_a[:0], same_b=self.same_b[:0])

    def words(self) -> dict[str, tuple[Rows, Rows]]:
        """Pairs by what was said of them."""
        return {"same": (self.same_a, self.same_b), "different": (self.different_a, self.different_b)}

    def within(self, rows: npt.NDArray[np.bool_]) -> Judged:
        """Only the pairs of which both rows are among ``rows``."""
        same, different = rows[self.same_a] & rows[self.same_b], rows[self.different_a] & rows[self.different_b]
        return Judged(self.same_a[same], self.same_b[same], self.different_a[different], self.different_b[different])


def read_judgements(
    judgements: pl.DataFrame | None, fingerprints: pl.Series, period: Period, level: str = "person"
) -> Judged:
    """Judgements of a level (person, household) in force on the last day of the period, as pairs of rows.

    A fingerprint may stand on several rows (the same line in two lists): they say the same of who they are, so a
    judgement on one holds for all. ``unsure`` decides nothing.
    """
    if judgements is None or not judgements.height:
        return Judged.none()
    rows = pl.DataFrame({"fingerprint": fingerprints, "row": np.arange(len(fingerprints), dtype=np.int64)})
    rows = rows.filter(pl.col("fingerprint").is_not_null())
    until = pl.col("valid_until").cast(pl.Date, strict=False)
    valid = judgements.filter(
        until.is_null() | (until >= period.last_day), pl.col("level").fill_null("person") == level
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


def bound(groups: Groups, judged: Judged) -> Groups:
    """Groups joined where people say that two rows are the same, unless others of their rows are said to differ.

    Args:
        groups: of each row, the smallest row of its person (or any number that stands for its group).
        judged: pairs of rows.

    Where words contradict each other (a is b, b is c, a is not c), "different" wins: a wrong match takes a family's
    aid, a missed one pays twice and is found again.
    """
    if not len(judged.same_a):
        return groups
    parent: dict[int, int] = {}

    def top(group: int) -> int:
        while parent.get(group, group) != group:
            group = parent[group]
        return group

    apart: dict[int, set[int]] = {}
    for x, y in zip(groups[judged.different_a].tolist(), groups[judged.different_b].tolist(), strict=True):
        apart.setdefault(x, set()).add(y)
        apart.setdefault(y, set()).add(x)
    for x, y in zip(groups[judged.same_a].tolist(), groups[judged.same_b].tolist(), strict=True):
        one, other = sorted((top(x), top(y)))
        if one == other or any(top(g) == one for g in apart.get(other, ())):
            continue
        parent[other] = one
        apart[one] = apart.get(one, set()) | apart.get(other, set())
    if not parent:
        return groups
    moved = np.array(sorted(parent), dtype=groups.dtype)
    to = np.array([top(g) for g in moved.tolist()], dtype=groups.dtype)
    at = np.minimum(np.searchsorted(moved, groups), len(moved) - 1)
    return np.where(moved[at] == groups, to[at], groups)
