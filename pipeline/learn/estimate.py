"""The two-phase estimate: errors there are, and how many of them are flagged.

Phase 1 is the full list with its flags, phase 2 the households of it that were visited (Neyman 1938; Cochran 1977,
chapter 12). Every household on the list stands in one stratum, so flags are known of all and truth of those visited;
a stratum's visits stand for all its households. Belongs here: the formulas, on counts of strata. Not here: where the
counts come from (:mod:`.visited`).

Who could not be met: the households of a stratum that answered stand for those that did not (weighting classes that are
the strata); where none answered, the others of its band do, and where the whole band is silent, those of its side
(flagged with the error, otherwise, or not at all). Where a whole side is silent nothing is said of any measure that it
is part of: those of another side are known to be unlike. That rests on the silent being like the others of their side.
``bound_low`` and ``bound_high`` do not: they take all of them to be right, or all to be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.intervals import Floats, effective, ratio_interval, share_interval

Mask = NDArray[np.bool_]
ERRORS: Final = ("exclusion", "inclusion")
FLAGS: Final = {"exclusion": ("exclusion", "both"), "inclusion": ("inclusion", "both")}
"""Error → bands of the households that are flagged with it."""
MEASURES: Final = ("error_rate", "precision", "sensitivity", "missed_rate")


class Interval(NamedTuple):
    """An estimate: value, 95 % interval, and what the silent leave open; NaN where nothing can be said."""

    value: Floats
    low: Floats
    high: Floats
    bound_low: Floats
    bound_high: Floats


@dataclass(frozen=True)
class Counts:
    """Visits by stratum: arrays whose last axis is the strata; ``answered`` and ``wrong`` may have draws before it.

    Attributes:
        size: households on the list.
        drawn: households drawn.
        band: band of the stratum.
        flagged: whether the band is of households about which something is flagged.
        answered: households of which the visit found the truth.
        wrong: error → those of them that have it.
    """

    size: Floats
    drawn: Floats
    band: NDArray[np.str_]
    flagged: Mask
    answered: Floats
    wrong: dict[str, Floats]

    def share(self, error: str) -> Floats:
        """Share found to be wrong among those that answered; 0 where none did."""
        return self.wrong[error] / np.where(self.answered > 0, self.answered, 1.0)

    def has_flag(self, error: str) -> Mask:
        """Strata of households flagged with an error."""
        mask: Mask = np.isin(self.band, FLAGS[error])
        return mask

    def weights(self, domain: Mask) -> Floats:
        """Households of a domain (of whole bands) that each stratum stands for, those of silent strata handed on."""
        heard = self.answered > 0
        base = np.where(heard & domain, self.size, 0.0)
        weight = base.copy()
        silent = np.where(~heard & domain, self.size, 0.0)
        bands = [self.band == band for band in np.unique(self.band[domain])]
        for near in (*bands, self.flagged, ~self.flagged):
            have = base[..., near].sum(axis=-1, keepdims=True)
            missing = np.where(have > 0, silent[..., near].sum(axis=-1, keepdims=True), 0.0)
            weight[..., near] += base[..., near] * missing / np.where(have > 0, have, 1.0)
            silent[..., near] = np.where(have > 0, 0.0, silent[..., near])
        return weight

    def heard_of(self, domain: Mask) -> Mask:
        """Whether households of each side of a domain have answered, flagged and not, as far as there are any."""
        sides = [domain & self.flagged, domain & ~self.flagged]
        heard: Mask = np.all([(self.answered[..., s] > 0).any(axis=-1) | ~s.any() for s in sides], axis=0)
        return heard

    def worst(self, error: str, domain: Mask) -> tuple[Floats, Floats]:
        """Wrong households of a domain if all who are silent were right, and if all were wrong."""
        size = np.where(domain, self.size, 0.0) / np.where(self.drawn > 0, self.drawn, 1.0)
        least = (size * self.wrong[error]).sum(axis=-1)
        return least, least + (size * (self.drawn - self.answered)).sum(axis=-1)


def estimate(counts: Counts, error: str) -> dict[str, Interval]:
    """The four measures of an error, by name (:data:`MEASURES`).

    ``error_rate``: wrong / all households. ``precision``: wrong and flagged / flagged. ``sensitivity``: wrong and
    flagged / wrong. ``missed_rate``: wrong and not flagged / not flagged.
    """
    flagged = counts.has_flag(error)
    of_flagged, of_rest = counts.weights(flagged), counts.weights(~flagged)
    share, n = counts.share(error), effective(counts.answered, of_flagged + of_rest)
    n = np.where(n > 0, n, 1.0)  # its weight is 0
    alike = np.unique(counts.band, return_inverse=True)[1]
    shares = zip(*share_interval(np.stack([of_flagged + of_rest, of_flagged, of_rest]), share, n, alike), strict=True)
    found = dict(zip(("error_rate", "precision", "missed_rate"), shares, strict=True))
    found["sensitivity"] = ratio_interval(of_flagged, of_rest, share, n, alike)
    bounds = _bounds(counts, error, flagged)
    told = {"precision": counts.heard_of(flagged), "missed_rate": counts.heard_of(~flagged)}
    told["error_rate"] = told["sensitivity"] = told["precision"] & told["missed_rate"]
    known = (counts.answered > 0).any(axis=-1)
    return {
        name: Interval(
            *(np.where(told[name] & known, part, np.nan) for part in found[name]),
            *(np.where(known, part, np.nan) for part in bounds[name]),
        )
        for name in MEASURES
    }


def _bounds(counts: Counts, error: str, flagged: Mask) -> dict[str, tuple[Floats, Floats]]:
    a, most_a = counts.worst(error, flagged)
    b, most_b = counts.worst(error, ~flagged)
    hits, rest = counts.size[flagged].sum(), counts.size[~flagged].sum()
    return {
        "error_rate": ((a + b) / (hits + rest), (most_a + most_b) / (hits + rest)),
        "precision": (_over(a, hits), _over(most_a, hits)),
        "missed_rate": (_over(b, rest), _over(most_b, rest)),
        "sensitivity": (_over(a, a + most_b), _over(most_a, most_a + b)),
    }


def _over(part: Floats, whole: Floats) -> Floats:
    whole = np.broadcast_to(np.asarray(whole, dtype=np.float64), part.shape)
    return part / np.where(whole > 0, whole, np.nan)
