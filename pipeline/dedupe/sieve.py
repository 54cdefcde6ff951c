"""Which candidate pairs are worth keeping: the cheap columns first, the dear ones only where hope is left.

Belongs here: from bounds of columns to what a pair can still reach. Not here: the bounds (:mod:`.bounds`), weights
(:mod:`.model`). Bounds are added up in pieces that fit into the cache of a core; levels are found for what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.dedupe.bounds import OfTexts, bound_of
from pipeline.dedupe.card import EQUAL
from pipeline.dedupe.levels import Compared, Comparer, in_pieces
from pipeline.dedupe.model import ListModel, kind_of_pair
from pipeline.dedupe.values import Flags, Floats, Rows

_HOPELESS: Final = -14.0
_OF_ONE_PERSON: Final = 0.0
_SLIPS: Final = 2
_CACHED: Final = 1 << 15
"""Pairs whose bounds are added up at a time."""


@dataclass
class _Reach:
    """What pairs can reach, by the columns looked at.

    Attributes:
        place: bits of the address, which count against a pair once.
        kin: bits that members of one family do not share.
        other: all other bits; those of kin are here as well.
        worst: the least of any column, at most 0.
    """

    other: Floats
    place: Floats
    kin: Floats
    worst: Floats

    def take(self, at: Rows) -> _Reach:
        return _Reach(self.other[at], self.place[at], self.kin[at], self.worst[at])


class Sieve:
    """Keeps the pairs that even a lenient model could join.

    A pair stays if it is not far below even, or would not be but for its worst column: those teach the model how often
    the columns of one person disagree.
    """

    def __init__(self, comparer: Comparer, model: ListModel) -> None:
        self.comparer, self.model = comparer, model
        columns = comparer.records.columns
        self.places = frozenset(model.places()) if len(model.places()) > 1 else frozenset()
        self.own = frozenset(k for k, v in enumerate(columns) if v.column.share == "own")
        bounds = {k: bound_of(comparer, k, table) for k, table in enumerate(model.tables())}
        self.cheap = [(k, bounds[k]) for k in model.order if not isinstance(bounds[k], OfTexts)]
        self.dear = [(k, b) for k, b in bounds.items() if isinstance(b, OfTexts)]
        self.ties = {k: self._ties(k) for k, _ in self.cheap}
        self.tying = {j for ties in self.ties.values() for j, _ in ties}
        self.floor = np.float32(np.log2(model.moved))

    def sift(self, a: Rows, b: Rows) -> Compared:
        """Compare pairs, and keep those worth it."""
        return Compared.concat(list(in_pieces(self._sift, a, b)))

    def _ties(self, k: int) -> list[tuple[int, np.float32]]:
        """Columns that go with one, and the most it can weigh if they agree."""
        tied, m = self.model.tied[k], self.model.m[k][EQUAL]
        before = self.model.order[: self.model.order.index(k)]
        cheap = {c for c, _ in self.cheap}
        return [(j, np.float32(np.log2(m / tied[j]))) for j in before if tied[j] > 0 and j in cheap]

    def _sift(self, a: Rows, b: Rows) -> Compared:
        cuts = [slice(i, i + _CACHED) for i in range(0, max(len(a), 1), _CACHED)]
        at = np.concatenate([self._within_reach(a[cut], b[cut]) + cut.start for cut in cuts])
        kept = self.comparer.compare(a[at], b[at])
        scores = self.model.score(kept)
        return kept.take(_hopeful(scores.total, np.minimum(scores.weights[:, :-1].min(axis=1), 0)))

    def _within_reach(self, a: Rows, b: Rows) -> Rows:
        """Positions of the pairs that bounds leave hope for."""
        reach = self._start(a, b)
        equal: dict[int, Flags] = {}
        for k, bound in self.cheap:
            bits, same = bound.bits(a, b)
            if k in self.tying:
                equal[k] = same
            for j, most in self.ties[k]:
                np.minimum(bits, most, out=bits, where=same & equal[j])
            self._add(reach, k, bits)
            np.minimum(reach.worst, bits, out=reach.worst)
        at = np.arange(len(a))
        open_ = {k: np.minimum(bound.most.take(a), bound.most.take(b)) for k, bound in self.dear}
        exchanged = self._maybe_exchanged(a, b)
        at, reach, open_ = self._hopeful(at, reach, open_)
        for k, bound in self.dear:
            bits = open_.pop(k)
            some = np.flatnonzero(~exchanged[at])
            bits[some], _ = bound.bits(a[at[some]], b[at[some]])
            self._add(reach, k, bits)
            reach.worst[some] = np.minimum(reach.worst[some], bits[some])
            at, reach, open_ = self._hopeful(at, reach, open_)
        return at

    def _hopeful(self, at: Rows, reach: _Reach, open_: dict[int, Floats]) -> tuple[Rows, _Reach, dict[int, Floats]]:
        """What is left of pairs, with columns not yet looked at."""
        left = np.flatnonzero(_hopeful(self._total(reach, open_), reach.worst))
        return at[left], reach.take(left), {k: bits[left] for k, bits in open_.items()}

    def _start(self, a: Rows, b: Rows) -> _Reach:
        kind = kind_of_pair(self.comparer.records.file, a, b)
        kin = np.full(len(a), np.inf, dtype=np.float32)
        if 0 < len(self.own) < len(self.comparer.records.columns):
            kin = np.log2(self.model.matches / self.model.relatives).astype(np.float32)[kind]
        nothing = np.zeros(len(a), dtype=np.float32)
        return _Reach(self.model.prior()[kind], nothing, kin, nothing.copy())

    def _add(self, reach: _Reach, k: int, bits: Floats) -> None:
        if k in self.places:
            reach.place += bits
        else:
            reach.other += bits
        if k in self.own:
            reach.kin += bits

    def _total(self, reach: _Reach, open_: dict[int, Floats]) -> Floats:
        """The most pairs can reach, with columns not yet looked at."""
        if open_:
            reach = _Reach(reach.other.copy(), reach.place.copy(), reach.kin.copy(), reach.worst)
            for k, bits in open_.items():
                self._add(reach, k, bits)
        stranger = reach.other + np.maximum(reach.place, self.floor) if self.places else reach.other
        return np.minimum(stranger, reach.kin)

    def _maybe_exchanged(self, a: Rows, b: Rows) -> Flags:
        """Pairs whose given names and surnames have the letters of each other."""
        if self.comparer.swaps is None:
            return np.zeros(len(a), dtype=np.bool_)
        given, family = (self.comparer.records.columns[k] for k in self.comparer.swaps)
        crosses = []
        for one, two in ((a, b), (b, a)):
            x, y = given.code[one], family.code[two]
            missing = (x < 0) | (y < 0)
            crosses.append((missing, ~missing & (np.bitwise_count(given.letters[x] ^ family.letters[y]) <= _SLIPS)))
        (open_one, one_), (open_two, two_) = crosses
        got: Flags = (one_ | open_one) & (two_ | open_two) & (one_ | two_)
        return got


def _hopeful(total: npt.NDArray[np.floating], worst: npt.NDArray[np.floating]) -> Flags:
    got: Flags = (total > _HOPELESS) | (total - worst > _OF_ONE_PERSON)
    return got
