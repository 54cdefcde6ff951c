"""Ranks of weighted units by welfare: ties are one step of the ladder and never parted.

The rule of every cut: a step belongs to what is poorer than the cut if the weight strictly below it is less than the
cut, so that the step at a cut is wholly in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipeline.incidence.design import Codes, Floats, summed

_ROUNDING = 1e-10
"""Share of all weight that sums of floats may be off by; far below the share of any unit that matters."""


@dataclass(frozen=True)
class Ladder:
    """Rows on the steps of a welfare ladder.

    Attributes:
        rows: the rows that are ranked, poorest first.
        step: step of each of these rows, 0 the lowest.
        weight: weight on each step.
        below: weight on all lower steps.
        total: weight of all.
    """

    rows: Codes
    step: Codes
    weight: Floats
    below: Floats
    total: float

    @classmethod
    def of(cls, welfare: Floats, weight: Floats, rows: Codes) -> Ladder:
        """Rank these rows; none of them may have welfare NaN."""
        return cls.of_ranked(welfare, weight, rows[pl.Series(welfare[rows]).arg_sort().to_numpy()])

    @classmethod
    def of_ranked(cls, welfare: Floats, weight: Floats, rows: Codes) -> Ladder:
        """The same for rows that come poorest first."""
        y = welfare[rows]
        step = np.zeros(len(y), dtype=np.int64)
        np.not_equal(y[1:], y[:-1], out=step[1:], casting="unsafe")  # a sum of flags would be ten times as slow
        np.cumsum(step, out=step)
        on_step = summed(step, weight[rows])
        upto = np.cumsum(on_step)
        return cls(rows, step, on_step, np.append(0.0, upto[:-1]), float(upto[-1]) if len(upto) else 0.0)

    def poorest(self, share: float, n: int) -> Floats:
        """For all ``n`` rows: 1 among the poorest ``share`` of the weight, 0 not, NaN not ranked."""
        inside = self.below < (share - _ROUNDING) * self.total
        answer = np.full(n, np.nan)
        answer[self.rows] = inside[self.step]
        return answer

    def quantile(self, k: int, n: int) -> Codes:
        """For all ``n`` rows: quantile group 0…k-1 by weight, k not ranked."""
        answer = np.full(n, k, dtype=np.int64)
        if self.total > 0:
            group = np.minimum((self.below / self.total + _ROUNDING) * k, k - 1).astype(np.int64)
            answer[self.rows] = group[self.step]
        return answer
