"""Which candidate pairs are worth keeping: the cheap columns first, the dear ones only where hope is left.

Belongs here: bounds on what a pair can still reach. Not here: levels (:mod:`.levels`), weights (:mod:`.model`). Each
pass is sifted as soon as it is made, so that only what is kept needs memory.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.dedupe.card import EQUAL, MOST, NEAR, ORDER, PART, SLIP, SOUND, TOKEN
from pipeline.dedupe.levels import INITIAL, RARITY, Compared, Comparer, in_pieces, rarity
from pipeline.dedupe.model import ListModel, kind_of_pair
from pipeline.dedupe.texts import maybe_alike, text_by_letters, text_by_words
from pipeline.dedupe.values import Flags, Floats, Levels, Rows

_HOPELESS: Final = -14.0
_OF_ONE_PERSON: Final = 0.0
_SLIPS: Final = 2


class Sieve:
    """Keeps the pairs that even a lenient model could join.

    A pair stays if it is not far below even, or would not be but for its worst column: those teach the model how often
    the columns of one person disagree.
    """

    def __init__(self, comparer: Comparer, model: ListModel) -> None:
        self.comparer, self.model = comparer, model
        self.tables = [t.astype(np.float32) for t in model.tables()]
        self.places = frozenset(model.places()) if len(model.places()) > 1 else frozenset()
        columns = range(len(comparer.records.columns))
        self.dear = [k for k in columns if comparer.is_dear(k)]
        self.cheap = [k for k in columns if k not in self.dear]
        self.most = {k: self._most(k) for k in self.dear}

    def sift(self, a: Rows, b: Rows) -> Compared:
        """Compare pairs, and keep those worth it."""
        return Compared.concat(list(in_pieces(self._sift, a, b)))

    def _most(self, k: int) -> Floats:
        """The most that a value of a text can weigh, if another has its words."""
        values, table = self.comparer.records.columns[k], self.tables[k]
        bits = np.append(self.comparer.word_bits[k][:-1], np.float32(0))
        words = bits[values.words].sum(axis=1)
        rare = np.maximum(words, self.comparer.bag_rarities[k] / RARITY)
        at = np.clip(np.ceil(rare * RARITY), 0, 255).astype(np.int64)
        got: Floats = np.maximum(table[[EQUAL, ORDER, PART, MOST, TOKEN]][:, at].max(axis=0), self._alike(k))
        return got

    def _alike(self, k: int) -> np.float32:
        """The most that two texts nearly alike can weigh."""
        table = self.tables[k]
        return max(
            np.float32(table[[SLIP, NEAR, SOUND]].max()), np.float32(table[PART, rarity(np.array([INITIAL]))[0]])
        )

    def _sift(self, a: Rows, b: Rows) -> Compared:
        records = self.comparer.records
        levels = np.zeros((len(a), len(records.columns)), dtype=np.uint8)
        own = self.model.prior()[kind_of_pair(records.file, a, b)]
        place, worst = np.zeros(len(a), np.float32), np.zeros(len(a), np.float32)
        for k in self.cheap:
            left, right = records.columns[k].code[a], records.columns[k].code[b]
            levels[:, k] = self.comparer.level(k, left, right)
            bits = self.tables[k][levels[:, k], self.comparer.rare(k, left, right, levels[:, k])]
            if k in self.places:
                place += bits
            else:
                own += bits
            np.minimum(worst, bits, out=worst)
        floor = np.float32(np.log2(self.model.moved))
        for k in self.dear:
            left, right = records.columns[k].code[a], records.columns[k].code[b]
            most = np.minimum(self.most[k][left], self.most[k][right])
            most[(left < 0) | (right < 0)] = 0
            if k in self.places:
                place += most
            else:
                own += most
        total = own + np.maximum(place, floor) if self.places else own
        at = np.flatnonzero(_hopeful(total, worst))
        total, worst = total[at], worst[at]
        total[self._maybe_exchanged(a[at], b[at])] = np.inf
        for k in self.dear:
            at, total, worst = self._by_words(k, a, b, at, levels, total, worst)
        kept = self.comparer.finished(a[at], b[at], levels[at])
        scores = self.model.score(kept)
        return kept.take(_hopeful(scores.total, np.minimum(scores.weights[:, :-1].min(axis=1), 0)))

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

    def _by_words(
        self, k: int, a: Rows, b: Rows, at: Rows, levels: Levels, total: Floats, worst: Floats
    ) -> tuple[Rows, Floats, Floats]:
        """Look at a text: its words, and at its letters where these could still help."""
        values = self.comparer.records.columns[k]
        left, right = values.code[a[at]], values.code[b[at]]
        level = np.zeros(len(at), dtype=np.uint8)
        level[(left == right) & (left >= 0)] = EQUAL
        other = np.flatnonzero((left >= 0) & (right >= 0) & (left != right))
        level[other] = text_by_words(values, left[other], right[other])
        bits = self.tables[k][level, self.comparer.rare(k, left, right, level)]
        most = bits.copy()
        alike = maybe_alike(values, left[other], right[other])
        alike |= values.first[left[other]] == values.first[right[other]]
        most[other] = np.where(alike, np.maximum(bits[other], self._alike(k)), bits[other])
        before = np.minimum(self.most[k][left], self.most[k][right])
        before[(left < 0) | (right < 0)] = 0
        reach = total - before + most
        hope = _hopeful(reach, np.minimum(worst, most))
        left, right, level, place = left[hope], right[hope], level[hope], at[hope]
        open_ = np.flatnonzero((left >= 0) & (right >= 0) & (left != right))
        seen = level[open_]
        text_by_letters(values, left[open_], right[open_], seen)
        level[open_] = seen
        levels[place, k] = level
        return place, reach[hope], np.minimum(worst, most)[hope]


def _hopeful(total: npt.NDArray[np.floating], worst: npt.NDArray[np.floating]) -> Flags:
    got: Flags = (total > _HOPELESS) | (total - worst > _OF_ONE_PERSON)
    return got
