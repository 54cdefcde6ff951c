"""The sampling design: variance of linear statistics and of delete-one-PSU replicates.

Primary sampling units (PSUs) are taken as drawn with replacement within strata, as in the `ultimate cluster` method
of every survey package (Wolter 2007, ch. 2 and 4). A stratum with one PSU gives no variance, and none is made up for
it: the whole standard error is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

_DENSE, _SMALL = 4, 1_000_000  # tables of codes of up to 4 entries a row, or a million, are kept whole


def summed(code: Codes, values: Floats, n: int = 0) -> Floats:
    """Sum of values by code 0…n-1, in the order of the rows, so the same on every machine."""
    return np.bincount(code, values, n).astype(np.float64, copy=False)


def compact(codes: Codes) -> tuple[Codes, Codes]:
    """Codes ≥ 0 as 0…k-1 in their order, and the k codes that occur; without a sort where the range is small."""
    if not len(codes) or int(codes.max()) > _DENSE * len(codes) + _SMALL:
        keys, place = np.unique(codes, return_inverse=True)
        return place, keys
    occurs = np.bincount(codes) > 0
    return (np.cumsum(occurs) - 1)[codes], np.flatnonzero(occurs)


@dataclass(frozen=True)
class Design:
    """PSUs and strata of the rows.

    Attributes:
        psu: PSU of each row, 0…J-1; None where every row is a PSU of its own.
        stratum: stratum of each PSU, 0…H-1.
    """

    psu: Codes | None
    stratum: Codes

    @cached_property
    def sizes(self) -> Codes:
        """Number of PSUs in each stratum."""
        return np.bincount(self.stratum)

    @cached_property
    def lonely(self) -> int:
        """Strata with one PSU only."""
        return int((self.sizes == 1).sum())

    @cached_property
    def _factors(self) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray(np.where(self.sizes > 1, self.sizes / (self.sizes - 1.0), np.nan))

    @property
    def n_psus(self) -> int:
        """Number of PSUs."""
        return len(self.stratum)

    def psus(self, rows: Codes | None = None) -> Codes:
        """PSU of the given rows (all rows where None)."""
        if self.psu is None:
            return np.arange(self.n_psus) if rows is None else rows
        return self.psu if rows is None else self.psu[rows]

    def cells(self, group: Codes) -> Cells:
        """Cut the rows into cells of one group and one PSU; rows of group -1 are in none."""
        rows: Codes | slice = np.flatnonzero(group >= 0) if group.min(initial=0) < 0 else slice(None)
        if self.psu is None:
            return Cells(self, rows, None, group[rows], np.arange(len(group))[rows])
        place, keys = compact(group[rows] * self.n_psus + self.psu[rows])
        return Cells(self, rows, place, keys // self.n_psus, keys % self.n_psus)

    def cells_of(self, psu: Codes) -> Cells:
        """Cells of some rows, of which only the PSU matters."""
        rows = slice(None)
        if self.psu is None:
            return Cells(self, rows, None, np.zeros_like(psu), psu)
        place, present = compact(psu)
        return Cells(self, rows, place, np.zeros_like(present), present)

    def variance(self, group: Codes, psu: Codes, z: Floats, n_groups: int) -> Floats:
        """Variance of Σz by group: Σ_h n_h/(n_h-1) Σ_j (z_hj - z̄_h)², PSUs outside a group counting as 0."""
        strata = len(self.sizes)
        key = group * strata + self.stratum[psu]
        square = summed(key, z * z, n_groups * strata).reshape(n_groups, strata)
        total = summed(key, z, n_groups * strata).reshape(n_groups, strata)
        return self.combine(square, total)

    def combine(self, square: Floats, total: Floats) -> Floats:
        """The same from Σz² and Σz by group and stratum."""
        spread = np.maximum(square - total**2 / self.sizes, 0.0)
        return np.asarray((self._factors * spread).sum(axis=1))

    def jackknife(self, psu_stratum: Codes, copies: Floats, deviations: Floats) -> Floats:
        """Variance from delete-one-PSU estimates minus the full estimate: Σ_h (n_h-1)/n_h Σ_j copies·deviation².

        Args:
            psu_stratum: stratum of each replicate.
            copies: how many PSUs of the stratum give this same replicate.
            deviations: replicates × statistics.
        """
        scale = np.where(self.sizes > 1, (self.sizes - 1.0) / self.sizes, np.nan)[psu_stratum] * copies
        return np.asarray((scale[:, None] * deviations**2).sum(axis=0))


@dataclass(frozen=True)
class Cells:
    """Rows summed up to one number for each group and PSU.

    Attributes:
        rows: rows that are in a group.
        place: cell of each of these rows; None where every row is its own cell.
        group, psu: of each cell.
    """

    design: Design
    rows: Codes | slice
    place: Codes | None
    group: Codes
    psu: Codes

    def sum(self, values: Floats) -> Floats:
        """Sum of a column over the rows of each cell."""
        inside = values[self.rows]
        return inside if self.place is None else summed(self.place, inside, len(self.group))

    def variance(self, z: Floats, n_groups: int) -> Floats:
        """Variance by group of Σz."""
        return self.design.variance(self.group, self.psu, z, n_groups)
