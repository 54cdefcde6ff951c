"""How many visits each stratum gets.

Belongs here: Neyman's allocation within bounds. Not here: what the strata are (:mod:`.drawing`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SMALLEST: Final = 2
"""Visits of the smallest stratum: with one there would be no spread within it."""


@dataclass(frozen=True)
class Stratum:
    """A stratum as far as its visits depend on it: households, share expected to be wrong, whether it is flagged."""

    name: str
    size: int
    expected: float
    flagged: bool

    @property
    def floor(self) -> int:
        """Visits that it gets at least."""
        return min(self.size, SMALLEST)

    @property
    def weight(self) -> float:
        """What Neyman's allocation is proportional to: ``size * sqrt(p (1 - p))`` (Neyman 1934)."""
        return self.size * math.sqrt(self.expected * (1 - self.expected))


def allocate(strata: Sequence[Stratum], n: int, unflagged_share: float) -> dict[str, int]:
    """Visits of each stratum, ``n`` in all: in proportion to its weight, at least :data:`SMALLEST`, never more than it
    has households, and at least ``unflagged_share`` of all to the strata about which nothing is flagged.

    ``n`` must lie between the sum of the floors and the number of households.
    """
    free = [s for s in strata if not s.flagged]
    flagged = [s for s in strata if s.flagged]
    wanted = max(sum(_shared(strata, n)[s.name] for s in free), math.ceil(n * unflagged_share))
    least = max(sum(s.floor for s in free), n - sum(s.size for s in flagged))
    most = min(sum(s.size for s in free), n - sum(s.floor for s in flagged))
    of_free = min(max(wanted, least), most)
    return _shared(free, of_free) | _shared(flagged, n - of_free)


def _shared(strata: Sequence[Stratum], n: int) -> dict[str, int]:
    """``n`` shared out by weight within floors and sizes; what is left after rounding down goes to the largest rests,
    by name where they are equal."""
    low, high = 0.0, 1.0
    while sum(_at(s, high) for s in strata) < n:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(_at(s, middle) for s in strata) < n else (low, middle)
    shares = {s.name: math.floor(_at(s, low) + 1e-9) for s in strata}
    order = sorted(strata, key=lambda s: (shares[s.name] - _at(s, high), s.name))
    while (missing := n - sum(shares.values())) > 0:
        for stratum in [s for s in order if shares[s.name] < s.size][:missing]:
            shares[stratum.name] += 1
    return shares


def _at(stratum: Stratum, factor: float) -> float:
    return min(max(factor * stratum.weight, stratum.floor), stratum.size)
