"""Which candidate pairs are worth keeping: the cheap columns first, the dear ones only where hope is left.

Belongs here: from bounds of columns to what a pair can still reach. Not here: the bounds (:mod:`.bounds`), weights
(:mod:`.model`). Bounds are added up for a piece of pairs that fits into the cache of a core; levels are found for what
is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from pipeline.dedupe.bounds import OfTexts, bound_of
from pipeline.dedupe.card import EQUAL
from pipeline.dedupe.levels import Compared, Comparer
from pipeline.dedupe.model import ListModel, kind_of_pair
from pipeline.dedupe.threads import pieces_of, several
from pipeline.dedupe.values import Flags, Floats, Levels, Rows

_HOPELESS: Final = -14.0
_OF_ONE_PERSON: Final = 0.0
_SLIPS: Final = 2


@dataclass
class _Reach:
    """What pairs can reach, by the columns looked at.

    Attributes:
        at: positions of the pairs.
        place: bits of the address, which count against a pair once.
        kin: bits that members of one family do not share.
        other: all other bits; those of kin are here as well.
        worst: the least of any column, at most 0.
        open: the most that columns not yet added weigh.
        known: levels of columns that have been compared in full.
    """

    at: Rows
    other: Floats
    place: Floats
    kin: Floats
    worst: Floats
    open: dict[int, Floats]
    known: dict[int, Levels]

    def take(self, left: Rows) -> _Reach:
        return _Reach(
            self.at[left],
            self.other[left],
            self.place[left],
            self.kin[left],
            self.worst[left],
            {k: bits[left] for k, bits in self.open.items()},
            {k: levels[left] for k, levels in self.known.items()},
        )


class Sieve:
    """Keeps the pairs that are not far below even.

    To ``teach`` a model that has seen no pairs yet, those also that would be above even but for their worst column: how
    often the columns of one person disagree.
    """

    def __init__(self, comparer: Comparer, model: ListModel, *, teach: bool) -> None:
        self.comparer, self.model, self.teach = comparer, model, teach
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
        return Compared.concat(several(lambda at: self._sift(a[at], b[at]), pieces_of(len(a))))

    def _ties(self, k: int) -> list[tuple[int, np.float32]]:
        """Columns that go with one, and the most it can weigh if they agree."""
        tied, m = self.model.tied[k], self.model.m[k][EQUAL]
        before = self.model.order[: self.model.order.index(k)]
        cheap = {c for c, _ in self.cheap}
        return [(j, np.float32(np.log2(m / tied[j]))) for j in before if tied[j] > 0 and j in cheap]

    def _sift(self, a: Rows, b: Rows) -> Compared:
        reach = self._within_reach(a, b)
        kept = self.comparer.compare_rest(a[reach.at], b[reach.at], reach.known)
        scores = self.model.score(kept)
        return kept.take(self._worth(scores.total, np.minimum(scores.weights[:, :-1].min(axis=1), 0)))

    def _within_reach(self, a: Rows, b: Rows) -> _Reach:
        """The pairs that bounds leave hope for."""
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
        reach.open = {k: np.minimum(bound.most.take(a), bound.most.take(b)) for k, bound in self.dear}
        exchanged = self._maybe_exchanged(a, b)
        reach = self._hopeful(reach)
        for k, bound in self.dear:
            some = np.flatnonzero(~exchanged[reach.at])
            at = reach.at[some]
            reach.open[k][some], _ = bound.bits(a[at], b[at])
            reach = self._hopeful(reach)
        for k, bound in self.dear:
            x, y = bound.code[a[reach.at]], bound.code[b[reach.at]]
            reach.known[k] = self.comparer.level(k, x, y)
            bits = np.where(exchanged[reach.at], reach.open.pop(k), bound.weight(x, y, reach.known[k]))
            np.minimum(reach.worst, bits, out=reach.worst, where=~exchanged[reach.at])
            self._add(reach, k, bits)
            reach = self._hopeful(reach)
        return reach

    def _hopeful(self, reach: _Reach) -> _Reach:
        """What is left of pairs."""
        return reach.take(np.flatnonzero(self._worth(self._total(reach), reach.worst)))

    def _start(self, a: Rows, b: Rows) -> _Reach:
        kind = kind_of_pair(self.comparer.records.file, a, b)
        kin = np.full(len(a), np.inf, dtype=np.float32)
        if 0 < len(self.own) < len(self.comparer.records.columns):
            kin = np.log2(self.model.matches / self.model.relatives).astype(np.float32)[kind]
        nothing = np.zeros(len(a), dtype=np.float32)
        return _Reach(np.arange(len(a)), self.model.prior()[kind], nothing, kin, nothing.copy(), {}, {})

    def _add(self, reach: _Reach, k: int, bits: Floats) -> None:
        if k in self.places:
            reach.place += bits
        else:
            reach.other += bits
        if k in self.own:
            reach.kin += bits

    def _total(self, reach: _Reach) -> Floats:
        """The most pairs can reach, with columns not yet added."""
        if reach.open:
            most = replace(reach, other=reach.other.copy(), place=reach.place.copy(), kin=reach.kin.copy())
            for k, bits in reach.open.items():
                self._add(most, k, bits)
            reach = most
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

    def _worth(self, total: Floats, worst: Floats) -> Flags:
        got: Flags = total > _HOPELESS
        return got | (total - worst > _OF_ONE_PERSON) if self.teach else got
