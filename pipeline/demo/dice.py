"""Seeded chance that does not depend on order.

Belongs here: random numbers drawn by *key* (a person, a household, a line of a list) and by *question* instead of
from one running stream. So the same person has the same misspelt name next month, a district that grows leaves
the others as they were, and no thread or chunk size changes what comes out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Keys: TypeAlias = npt.NDArray[np.uint64]
Ints: TypeAlias = npt.NDArray[np.int64]
Reals: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def keys(values: npt.ArrayLike) -> Keys:
    """Whole numbers as keys."""
    return np.asarray(values, dtype=np.int64).view(np.uint64)


def mix(first: Keys, *others: Keys | int) -> Keys:
    """One key made of several."""
    out = first
    for other in others:
        salt = np.asarray(other).astype(np.uint64)
        out = _scramble(out * _MIX_1 + salt)
    return out


def _scramble(x: Keys) -> Keys:
    """The finisher of SplitMix64 (Steele, Lea and Flood 2014): every bit of the key moves every bit of the result."""
    z = x + _GAMMA
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    out: Keys = z ^ (z >> np.uint64(31))
    return out


class Dice:
    """Draws by key. ``question`` names what is decided: another question, another independent draw."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def _bits(self, key: Keys, question: str) -> Keys:
        digest = hashlib.sha256(f"{self._seed}/{question}".encode()).digest()
        return _scramble(_scramble(key) ^ np.uint64(int.from_bytes(digest[:8], "big")))

    def uniform(self, key: Keys, question: str) -> Reals:
        """Numbers in [0, 1)."""
        return (self._bits(key, question) >> np.uint64(11)).astype(np.float64) / float(2**53)

    def below(self, key: Keys, question: str, limit: npt.ArrayLike) -> Ints:
        """Whole numbers from 0 to below ``limit`` (one number, or one a key)."""
        out: Ints = np.floor(self.uniform(key, question) * np.asarray(limit)).astype(np.int64)
        return out

    def between(self, key: Keys, question: str, low: npt.ArrayLike, high: npt.ArrayLike) -> Ints:
        """Whole numbers from ``low`` to ``high``, both included."""
        bottom = np.asarray(low, dtype=np.int64)
        out: Ints = bottom + self.below(key, question, np.asarray(high, dtype=np.int64) - bottom + 1)
        return out

    def happens(self, key: Keys, question: str, probability: npt.ArrayLike) -> Flags:
        """True with the given probability (one number, or one a key)."""
        out: Flags = self.uniform(key, question) < np.asarray(probability)
        return out

    def some(self, key: Keys, question: str, probability: npt.ArrayLike, *, least: int, among: Flags) -> Flags:
        """As :meth:`happens` for those ``among``, and for at least so many of them, however small the district is."""
        luck = np.where(among, self.uniform(key, question), 2.0)
        out = luck < np.asarray(probability)
        if int(out.sum()) < least:
            lowest = np.argsort(luck, kind="stable")[: min(least, int(among.sum()))]
            out[lowest] = True
        return out

    def pick(self, key: Keys, question: str, weights: Sequence[float] | Reals) -> Ints:
        """Index of one of the weights, as often as its weight says."""
        edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        return np.minimum(
            np.searchsorted(edges / edges[-1], self.uniform(key, question), side="right"), len(edges) - 1
        ).astype(np.int64)

    def order(self, key: Keys, question: str) -> Ints:
        """Positions that put the keys in a random order."""
        return np.argsort(self._bits(key, question), kind="stable").astype(np.int64)

    def one(self, question: str, choices: Sequence[Any], weights: Sequence[float] | None = None) -> Any:
        """One of the choices, for a question without key."""
        at = self.pick(keys([0]), question, weights or [1.0] * len(choices))
        return choices[int(at[0])]
