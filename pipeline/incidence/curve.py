"""Concentration curve L(p), CGH = L(q)/q and concentration index, with their sampling error.

L(p) is the share of all benefits that the poorest share p of units gets. It is drawn straight between the steps of
the welfare ladder, so a step that lies across p gives benefits in proportion, whoever of a tie comes first in the
file; equal benefits for all give L(p) = p and CGH = 1 exactly. The index is C = 2 cov_w(b, R) / mean b with R the
tie-averaged weighted fractional rank (Kakwani, Wagstaff and van Doorslaer 1997); negative is pro-poor.

Sampling error by delete-one-PSU jackknife: every replicate finds its cut points and ranks again. Deleting a PSU adds
to the weights ``a`` times those of its stratum and takes ``1 + a`` times its own, a = 1/(n_h - 1), so the replicates
are exact and need no new sort: cumulative weights are differences of prefix sums, the index is a quadratic form. With
more than :data:`MOST_REPLICATES` PSUs the linearised form of the same is used; there the two no longer differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from pipeline.incidence.design import Codes, Design, Floats, summed
from pipeline.incidence.ranking import Ladder

MOST_REPLICATES = 5_000
_WINDOW = 0.01  # share of units either side of a cut over which the benefit at the cut is averaged


@dataclass(frozen=True)
class Curve:
    """Units on a ladder with their benefits.

    Attributes:
        step: step of each unit.
        weight: weight of each unit.
        benefit: weight times benefit of each unit.
        steps: number of steps.
    """

    step: Codes
    weight: Floats
    benefit: Floats
    steps: int

    @classmethod
    def of(cls, ladder: Ladder, weight: Floats, benefit: Floats) -> Curve:
        """The curve of the rows on a ladder."""
        w = weight[ladder.rows]
        return cls(ladder.step, w, w * benefit[ladder.rows], len(ladder.weight))

    def shares(self, points: Floats) -> Floats:
        """L at every point; NaN where there are no benefits."""
        weight, benefit = self._cumulated(self.weight), self._cumulated(self.benefit)
        total = benefit[-1]
        return np.asarray(np.interp(points * weight[-1], weight, benefit) / (total if total else np.nan))

    def index(self) -> float:
        """Concentration index; NaN where there are no benefits."""
        product = self.weight.sum() * self.benefit.sum()
        middle = _middle(None, self.step, self.weight, self.steps)
        return float(2 * (self.benefit @ middle) / product - 1) if product else float("nan")

    def _cumulated(self, values: Floats) -> Floats:
        return np.append(0.0, np.cumsum(summed(self.step, values, self.steps)))

    # -------------------------------------------------------------- sampling error

    def variances(self, points: Floats, psu: Codes, design: Design) -> Floats:
        """Variances of L at every point and, last, of the index."""
        if design.n_psus <= MOST_REPLICATES:
            return self._jackknifed(points, psu, design)
        cells = design.cells_of(psu)
        influences = chain(self._linearised(points), [self._index_linearised()])
        return np.array([cells.variance(cells.sum(u), 1)[0] for u in influences])

    def _linearised(self, points: Floats) -> Iterator[Floats]:
        """Influence of each unit on L(p), for point after point; the benefit at the cut is a mean around it."""
        weight, benefit = self._cumulated(self.weight), self._cumulated(self.benefit)
        all_weight, all_benefit = weight[-1], benefit[-1]
        near = [np.clip(points + d, 0, 1) * all_weight for d in (-_WINDOW, _WINDOW)]
        at_cut = np.diff([np.interp(x, weight, benefit) for x in near], axis=0)[0] / (near[1] - near[0])
        share = np.interp(points * all_weight, weight, benefit) / all_benefit
        on_step = np.diff(weight)
        for p, c, s in zip(points, at_cut, share, strict=True):
            inside = np.clip((p * all_weight - weight[:-1]) / np.where(on_step > 0, on_step, 1.0), 0.0, 1.0)[self.step]
            yield (inside * (self.benefit - c * self.weight) + p * c * self.weight - s * self.benefit) / all_benefit

    def _index_linearised(self) -> Floats:
        all_weight, all_benefit = self.weight.sum(), self.benefit.sum()
        poorer = _middle(None, self.step, self.weight, self.steps)
        richer = all_benefit - _middle(None, self.step, self.benefit, self.steps)
        change = 2 * (self.benefit * poorer + self.weight * richer) / (all_weight * all_benefit)
        return np.asarray(change - (self.index() + 1) * (self.weight / all_weight + self.benefit / all_benefit))

    def _jackknifed(self, points: Floats, psu: Codes, design: Design) -> Floats:
        present, place = np.unique(psu, return_inverse=True)
        # PSUs of a stratum without units here all give the same replicate: one of them stands for all
        absent = design.sizes - np.bincount(design.stratum[present], minlength=len(design.sizes))
        empty = np.flatnonzero(absent)
        stratum = np.append(design.stratum[present], empty)
        copies = np.append(np.ones(len(present)), absent[empty])
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = np.where(design.sizes > 1, 1.0 / (design.sizes - 1.0), np.nan)[stratum]
            replicates = _Replicates(self, place, stratum, gain)
            deviations = np.column_stack(
                [replicates.shares(points) - self.shares(points), replicates.index() - self.index()]
            )
        return design.jackknife(stratum, copies, deviations)


class _Replicates:
    """Estimates with one PSU deleted each, all at once."""

    def __init__(self, curve: Curve, psu: Codes, stratum: Codes, gain: Floats) -> None:
        self._curve, self._psu, self._gain = curve, psu, gain
        self._stratum = stratum
        self._stratum_of_row = stratum[psu]
        self._weight = self._prefix(curve.weight)
        self._benefit = self._prefix(curve.benefit)

    def _prefix(self, values: Floats) -> tuple[Floats, _Block, _Block]:
        curve = self._curve
        return (
            curve._cumulated(values),
            _Block(self._stratum_of_row, curve.step, values, curve.steps),
            _Block(self._psu, curve.step, values, curve.steps),
        )

    def _below(self, sums: tuple[Floats, _Block, _Block], step: Codes) -> Floats:
        """Replicate sums on the steps below ``step`` (replicates × points)."""
        everything, by_stratum, by_psu = sums
        block = np.arange(len(self._stratum))[:, None]
        a = self._gain[:, None]
        return np.asarray(
            everything[step] + a * by_stratum.below(self._stratum[:, None], step) - (1 + a) * by_psu.below(block, step)
        )

    def shares(self, points: Floats) -> Floats:
        """L at every point, replicates × points."""
        last = np.full((len(self._stratum), 1), self._curve.steps)
        target = self._below(self._weight, last) * points
        low = np.zeros(target.shape, dtype=np.int64)
        high = np.full(target.shape, self._curve.steps)
        while (high - low > 1).any():  # the step on which the target lies, by halving
            middle = (low + high) // 2
            under = self._below(self._weight, middle) <= target
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        start, end = self._below(self._weight, low), self._below(self._weight, low + 1)
        inside = np.clip((target - start) / np.where(end > start, end - start, 1.0), 0.0, 1.0)
        before, upto = self._below(self._benefit, low), self._below(self._benefit, low + 1)
        return np.asarray((before + inside * (upto - before)) / self._below(self._benefit, last))

    def index(self) -> Floats:
        """The index: 2 Q(w', w') / (W' B') - 1, with Q(u, v) = Σ b_i u_i (weight v below i + half of that beside i)."""
        c, a = self._curve, self._gain
        n, strata = len(self._stratum), int(self._stratum.max()) + 1
        h_row = self._stratum_of_row

        def by_psu(values: Floats) -> Floats:
            return summed(self._psu, values, n)

        def by_stratum(values: Floats) -> Floats:
            return summed(h_row, values, strata)[self._stratum]

        poorer = [_middle(block, c.step, c.weight, c.steps) for block in (None, h_row, self._psu)]
        richer_all = c.benefit.sum() - _middle(None, c.step, c.benefit, c.steps)
        richer_near = summed(h_row, c.benefit)[h_row] - _middle(h_row, c.step, c.benefit, c.steps)
        b, w = c.benefit, c.weight
        form = (
            b @ poorer[0]
            + a * (by_stratum(b * poorer[0]) + by_stratum(w * richer_all))
            + a**2 * by_stratum(b * poorer[1])
            - (1 + a) * (by_psu(b * poorer[0]) + by_psu(w * richer_all))
            - a * (1 + a) * (by_psu(b * poorer[1]) + by_psu(w * richer_near))
            + (1 + a) ** 2 * by_psu(b * poorer[2])
        )
        all_weight = w.sum() + a * by_stratum(w) - (1 + a) * by_psu(w)
        all_benefit = b.sum() + a * by_stratum(b) - (1 + a) * by_psu(b)
        return np.asarray(2 * form / (all_weight * all_benefit) - 1)


class _Block:
    """Prefix sums over the steps, apart for each block of rows (a PSU, a stratum)."""

    def __init__(self, block: Codes, step: Codes, values: Floats, steps: int) -> None:
        keys = block * (steps + 1) + step
        order = np.argsort(keys, kind="stable")
        self._keys, self._steps = keys[order], steps
        self._sums = np.append(0.0, np.cumsum(values[order]))

    def below(self, block: Codes, step: Codes) -> Floats:
        """Sum of a block's values on the steps below ``step``."""
        start = block * (self._steps + 1)
        return np.asarray(
            self._sums[np.searchsorted(self._keys, start + step)] - self._sums[np.searchsorted(self._keys, start)]
        )


def _middle(block: Codes | None, step: Codes, values: Floats, steps: int) -> Floats:
    """For each row: the values on lower steps of its block plus half of those on its own step."""
    if block is None:
        on_step = summed(step, values, steps)
        return np.asarray((np.cumsum(on_step) - on_step / 2)[step])
    keys, place = np.unique(block * steps + step, return_inverse=True)
    on_key = summed(place, values)
    upto = np.cumsum(on_key)
    blocks = keys // steps
    first = np.searchsorted(blocks, blocks)
    return np.asarray((upto - on_key / 2 - np.append(0.0, upto)[first])[place])
