"""Concentration curve L(p), CGH = L(q)/q and concentration index, with their sampling error.

L(p) is the share of all benefits that the poorest share p of units gets. It is drawn straight between the steps of
the welfare ladder, so a step that lies across p gives benefits in proportion, whoever of a tie comes first in the
file; equal benefits for all give L(p) = p and CGH = 1 exactly. The index is C = 2 cov_w(b, R) / mean b with R the
tie-averaged weighted fractional rank (Kakwani, Wagstaff and van Doorslaer 1997); negative is pro-poor.

Sampling error by delete-one-PSU jackknife: every replicate finds its cut points and ranks again. Deleting a PSU adds
to the weights ``a`` times those of its stratum and takes ``1 + a`` times its own, a = 1/(n_h - 1), so the replicates
are exact and need no new sort: cumulative weights are differences of prefix sums, the index is a quadratic form. Where
that would take too long (:data:`MOST_REPLICATES`) the linearised form is used and said in a notice. For the index the
two then no longer differ; for CGH the linearised is the smoother, since it knows the benefit at the cut as a mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.incidence.design import Codes, Design, Floats, compact, summed
from pipeline.incidence.ranking import Ladder
from pipeline.incidence.tally import Columns, Tally

MOST_REPLICATES = {1_000_000: 100_000, 1 << 62: 5_000}
"""Up to so many units: so many PSUs are deleted one by one; with more the linearised form is used."""
_ROUNDING = 1e-12
_WINDOW = 0.01  # share of units either side of a cut over which the benefit at the cut is averaged


def deletes(units: int, design: Design) -> bool:
    """Whether every PSU is deleted in turn, or the linearised form used."""
    return design.n_psus <= next(most for upto, most in MOST_REPLICATES.items() if units <= upto)


@dataclass(frozen=True)
class Curve:
    """Units on a ladder with their benefits, poorest first.

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
        total = self.upto_benefit[-1]
        at = np.interp(points * self.upto_weight[-1], self.upto_weight, self.upto_benefit)
        return np.asarray(at / (total if total else np.nan))

    def index(self) -> float:
        """Concentration index; NaN where there are no benefits."""
        product = self.upto_weight[-1] * self.upto_benefit[-1]
        middle = (self.upto_weight[1:] + self.upto_weight[:-1]) / 2
        return float(2 * (np.diff(self.upto_benefit) @ middle) / product - 1) if product else float("nan")

    @cached_property
    def upto_weight(self) -> Floats:
        """Weight below each step, and last of all."""
        return np.append(0.0, np.cumsum(summed(self.step, self.weight, self.steps)))

    @cached_property
    def upto_benefit(self) -> Floats:
        """Benefits below each step, and last of all."""
        return np.append(0.0, np.cumsum(summed(self.step, self.benefit, self.steps)))

    # -------------------------------------------------------------- sampling error

    def variances(self, points: Floats, psu: Codes, design: Design, *, deleting: bool) -> Floats:
        """Variances of L at every point and, last, of the index."""
        if deleting:
            return self._jackknifed(points, psu, design)
        tally = Tally(design, len(psu), None, 1, psu)
        each = [(i, i) for i in range(len(points) + 1)]
        sums = tally.sums(self._influences(points), each)
        return np.array([sums.variance(unit[:, None])[0] for unit in np.eye(len(each))])

    def _influences(self, points: Floats) -> Columns:
        """Influence of units on L at every point and on the index; the benefit at a cut is a mean around it."""
        all_weight, all_benefit = self.upto_weight[-1], self.upto_benefit[-1]
        near = [np.clip(points + d, 0, 1) for d in (-_WINDOW, _WINDOW)]
        slopes = (self.shares(near[1]) - self.shares(near[0])) / (near[1] - near[0])
        shares, index = self.shares(points), self.index()

        def influences(units: slice) -> Floats:
            step, weight, benefit = self.step[units], self.weight[units] / all_weight, self.benefit[units] / all_benefit
            start, end = (self.upto_weight[step + i] / all_weight for i in (0, 1))
            on_step = np.where(end > start, end - start, 1.0)
            rows = []
            for p, slope, share in zip(points, slopes, shares, strict=True):
                below = np.clip((p - start) / on_step, 0.0, 1.0)
                rows.append(below * (benefit - slope * weight) + p * slope * weight - share * benefit)
            richer = 1 - (self.upto_benefit[step + 1] + self.upto_benefit[step]) / (2 * all_benefit)
            rows.append(benefit * (start + end) + 2 * weight * richer - (index + 1) * (weight + benefit))
            return np.array(rows)

        return influences

    def middles(self) -> tuple[Floats, Floats]:
        """For each unit: weight of the poorer and benefits of the richer, half of its own step with both."""
        poorer = (self.upto_weight[1:] + self.upto_weight[:-1]) / 2
        richer = self.upto_benefit[-1] - (self.upto_benefit[1:] + self.upto_benefit[:-1]) / 2
        return poorer[self.step], richer[self.step]

    def _jackknifed(self, points: Floats, psu: Codes, design: Design) -> Floats:
        place, present = compact(psu)
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
        self._curve, self._psu, self._gain, self._stratum = curve, psu, gain, stratum
        self._h = stratum[psu]
        self._of_psu = _Blocks(psu, curve)
        self._of_stratum = _Blocks(self._h, curve) if stratum.any() else None  # one stratum is everybody

    def _below(self, step: Codes, what: str) -> Floats:
        """Replicate sums of weights or benefits on the steps below ``step`` (replicates × points)."""
        everything = self._curve.upto_weight if what == "weight" else self._curve.upto_benefit
        block, a = np.arange(len(self._stratum))[:, None], self._gain[:, None]
        near = self._of_stratum
        stratum = everything[step] if near is None else near.below(self._stratum[:, None], step, what)
        return np.asarray(everything[step] + a * stratum - (1 + a) * self._of_psu.below(block, step, what))

    def shares(self, points: Floats) -> Floats:
        """L at every point, replicates × points."""
        last = np.full((len(self._stratum), 1), self._curve.steps)
        target = self._below(last, "weight") * points
        low = np.zeros(target.shape, dtype=np.int64)
        high = np.full(target.shape, self._curve.steps)
        while (high - low > 1).any():  # the step on which the target lies, by halving
            middle = (low + high) // 2
            under = self._below(middle, "weight") <= target
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        start, end = self._below(low, "weight"), self._below(low + 1, "weight")
        inside = np.clip((target - start) / np.where(end > start, end - start, 1.0), 0.0, 1.0)
        before, upto = self._below(low, "benefit"), self._below(low + 1, "benefit")
        return np.asarray((before + inside * (upto - before)) / self._something(self._below(last, "benefit")))

    def index(self) -> Floats:
        """The index: 2 Q(w', w') / (W' B') - 1, with Q(u, v) = Σ b_i u_i (weight v below i + half of that beside i)."""
        b, w, a = self._curve.benefit, self._curve.weight, self._gain
        n, strata = len(self._stratum), int(self._stratum.max()) + 1

        def by_psu(values: Floats) -> Floats:
            return summed(self._psu, values, n)

        def by_stratum(values: Floats) -> Floats:
            return summed(self._h, values, strata)[self._stratum]

        poorer, richer = self._curve.middles()
        poorer_near, richer_near = self._of_stratum.middles() if self._of_stratum else (poorer, richer)
        both = b * poorer + w * richer
        near = b * poorer_near + w * richer_near
        form = (
            b @ poorer
            + a * by_stratum(both)
            + a**2 * by_stratum(b * poorer_near)
            - (1 + a) * by_psu(both)
            - a * (1 + a) * by_psu(near)
            + (1 + a) ** 2 * by_psu(b * self._of_psu.middles()[0])
        )
        all_weight = w.sum() + a * by_stratum(w) - (1 + a) * by_psu(w)
        all_benefit = b.sum() + a * by_stratum(b) - (1 + a) * by_psu(b)
        return np.asarray(2 * form / (all_weight * self._something(all_benefit)) - 1)

    def _something(self, benefits: Floats) -> Floats:
        """NaN where the deleted PSU had all benefits, whatever rounding leaves."""
        return np.where(np.abs(benefits) > _ROUNDING * abs(self._curve.upto_benefit[-1]), benefits, np.nan)


class _Blocks:
    """Prefix sums up the ladder, apart for each block of units (a PSU, a stratum)."""

    def __init__(self, block: Codes, curve: Curve) -> None:
        self._stride = curve.steps + 1
        small = np.uint16 if int(block.max()) < 1 << 16 else np.int64  # 16 bits are sorted by radix
        self._order = np.argsort(block.astype(small), kind="stable")
        self._keys = block[self._order] * self._stride + curve.step[self._order]
        self._sums = {
            "weight": np.append(0.0, np.cumsum(curve.weight[self._order])),
            "benefit": np.append(0.0, np.cumsum(curve.benefit[self._order])),
        }

    def below(self, block: Codes, step: Codes, what: str) -> Floats:
        """Sum over a block's units on the steps below ``step``."""
        start = block * self._stride
        sums = self._sums[what]
        return np.asarray(sums[np.searchsorted(self._keys, start + step)] - sums[np.searchsorted(self._keys, start)])

    def middles(self) -> tuple[Floats, Floats]:
        """As :meth:`Curve.middles`, among the units of the same block."""
        n = len(self._keys)
        new = np.append(True, self._keys[1:] != self._keys[:-1])
        starts = np.flatnonzero(new)
        tie = np.cumsum(new) - 1
        blocks = self._keys[starts] // self._stride
        first = starts[np.searchsorted(blocks, blocks)]
        last = np.append(starts, n)[np.searchsorted(blocks, blocks, side="right")]
        answer = []
        for what, richer in (("weight", False), ("benefit", True)):
            sums = self._sums[what]
            middle = (sums[starts] + sums[np.append(starts[1:], n)]) / 2
            value = sums[last] - middle if richer else middle - sums[first]
            of_unit = np.empty(n)
            of_unit[self._order] = value[tie]
            answer.append(of_unit)
        return answer[0], answer[1]
