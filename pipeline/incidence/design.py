"""The sampling design: who was drawn together, and variances that follow from it.

Primary sampling units (PSUs) are taken as drawn with replacement within strata, the `ultimate cluster` method of
every survey package (Wolter 2007, ch. 2 and 4). A stratum with one PSU gives no variance, and none is made up for it:
the whole standard error is NaN.
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
        return np.asarray(np.where(self.sizes > 1, self.sizes / np.maximum(self.sizes - 1.0, 1.0), np.nan))

    @property
    def n_psus(self) -> int:
        """Number of PSUs."""
        return len(self.stratum)

    def psus(self, rows: Codes) -> Codes:
        """PSU of the given rows."""
        return rows if self.psu is None else self.psu[rows]

    def psu_of_each(self, n: int) -> Codes:
        """PSU of all ``n`` rows."""
        return np.arange(n) if self.psu is None else self.psu

    def variance(self, square: Floats, total: Floats) -> Floats:
        """Σ_h n_h/(n_h-1) Σ_j (z_hj - z̄_h)² from Σz² and Σz by stratum, the last axis."""
        return np.asarray((self._factors * np.maximum(square - total**2 / self.sizes, 0.0)).sum(axis=-1))

    def jackknife(self, psu_stratum: Codes, copies: Floats, deviations: Floats) -> Floats:
        """Variance from delete-one-PSU estimates minus the full estimate: Σ_h (n_h-1)/n_h Σ_j copies·deviation².

        Args:
            psu_stratum: stratum of each replicate.
            copies: how many PSUs of the stratum give this same replicate.
            deviations: replicates × statistics.
        """
        scale = np.where(self.sizes > 1, (self.sizes - 1.0) / self.sizes, np.nan)[psu_stratum] * copies
        return np.asarray((scale[:, None] * deviations**2).sum(axis=0))
