"""What each column of two records says: levels of agreement, as small integers.

Belongs here: from values and pairs to levels, and how rare is what both have. Not here: what a level weighs
(:mod:`.model`), which pairs are worth it (:mod:`.sieve`). Level 0 says nothing; the others are in the order of
:data:`pipeline.dedupe.card.LEVELS`.

Columns of few values are compared once, value by value; what else two values say to each other is in :mod:`.texts` and
:mod:`.numbers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.dedupe.card import EQUAL, LEVELS, MOST, ORDER, PART, SWAPPED, TOKEN
from pipeline.dedupe.numbers import COUNTED, code_levels, date_levels
from pipeline.dedupe.texts import by_initials, same_text, shared_words, text_levels
from pipeline.dedupe.threads import pieces_of, several
from pipeline.dedupe.values import WORDS, Codes, Floats, Levels, Records, Rows, Values

RARITY: Final = 8
"""Steps of rarity a bit: a value that a share of 2 ** -r of all have is of rarity RARITY * r."""
INITIAL: Final = 0.06  # an initial says as much as its letter is rare: a twentieth or so
_FEW_VALUES: Final = 1000
_SOME_VALUES: Final = 30_000


_WAYS: Final = np.array(
    [[np.log2(max(comb(n, k), 1)) for k in range(WORDS + 1)] for n in range(WORDS + 1)], dtype=np.float32
)
"""Bits of the number of ways to choose some of a text's words."""


def rarity(share: npt.NDArray[np.generic]) -> Levels:
    """How rare a share is, in steps of an eighth of a bit."""
    got: Levels = np.clip(np.round(-RARITY * np.log2(np.maximum(share.astype(np.float64), 2.0**-31))), 0, 255).astype(
        np.uint8
    )
    return got


@dataclass
class Compared:
    """Levels of pairs.

    Attributes:
        a, b: records.
        levels: shape (pairs, columns).
        rare: shape (pairs, columns): how rare is what both have (see :data:`RARITY`).
    """

    a: Rows
    b: Rows
    levels: Levels
    rare: Levels

    def __len__(self) -> int:
        return len(self.a)

    def take(self, at: npt.NDArray[np.generic] | slice) -> Compared:
        """Some of the pairs."""
        return Compared(self.a[at], self.b[at], self.levels[at], self.rare[at])

    @staticmethod
    def concat(pieces: list[Compared]) -> Compared:
        """Pieces one after the other (at least one)."""
        return Compared(*(np.concatenate([getattr(p, n) for p in pieces]) for n in ("a", "b", "levels", "rare")))


class Comparer:
    """Compares pairs of records of one list; ``weight`` counts each record among the shares."""

    def __init__(self, records: Records, weight: npt.NDArray[np.float64]) -> None:
        self.records = records
        self.swaps = self._swaps()
        self.tables = [_table(v, len(records)) for v in records.columns]
        self.count(weight)

    def count(self, weight: npt.NDArray[np.float64], *, others: bool = False) -> None:
        """Count shares anew; ``others``: the weights count persons, see :meth:`Values.shares`."""
        self.shares = [v.shares(weight, others=others) for v in self.records.columns]
        of_words = list(self.shares)
        if others:
            for k in self.records.find("full_name"):
                self.shares[k] = self.records.columns[k].of_rare_names(self.shares[k])
        self.rarities = [rarity(s) for s in self.shares]
        self.word_bits: dict[int, Floats] = {}
        self.after_bits: dict[int, Floats] = {}
        self.bag_rarities: dict[int, Levels] = {}
        self.letter_bits: dict[int, Floats] = {}
        for k, v in enumerate(self.records.columns):
            if v.column.compare == "text":
                share = self.shares[k]
                self.word_bits[k] = -np.log2(np.maximum(v.word_shares(of_words[k]), 2.0**-31)).astype(np.float32)
                self.after_bits[k] = v.after_bits(of_words[k], self.word_bits[k], len(self.records))
                if v.initials is not None:
                    first = v.initials[0]
                    word_share = np.exp2(-self.word_bits[k][:-1].astype(np.float64))
                    of_letter = np.bincount(first[:-1], weights=word_share)
                    bits = -np.log2(np.clip(of_letter, 2.0**-31, 1.0))
                    self.letter_bits[k] = np.append(bits, 0).astype(np.float32)
                same = [np.bincount(codes, weights=share)[codes] for codes in (v.bag, v.joined)]
                self.bag_rarities[k] = rarity(np.maximum(*same))

    def _swaps(self) -> tuple[int, int] | None:
        given, family = self.records.find("given_name"), self.records.find("surname")
        return (given[0], family[0]) if given and family else None

    def compare(self, a: Rows, b: Rows) -> Compared:
        """Levels of all columns for pairs of records."""
        return Compared.concat(several(lambda at: self.compare_rest(a[at], b[at], {}), pieces_of(len(a))))

    def compare_rest(self, a: Rows, b: Rows, known: Mapping[int, Levels]) -> Compared:
        """The same for a piece of pairs, with what is known of some columns."""
        levels, rare = (np.zeros((len(a), len(self.records.columns)), dtype=np.uint8) for _ in range(2))
        for k, values in enumerate(self.records.columns):
            left, right = values.code[a], values.code[b]
            levels[:, k] = known[k] if k in known else self.level(k, left, right)
            rare[:, k] = self.rare(k, left, right, levels[:, k])
        if self.swaps is not None:
            self._exchanged(a, b, levels, rare)
        return Compared(a, b, levels, rare)

    def anew(self, compared: Compared) -> Compared:
        """The same pairs after shares were counted anew."""
        rare = compared.rare.copy()
        for k, values in enumerate(self.records.columns):
            level = compared.levels[:, k]
            fresh = self.rare(k, values.code[compared.a], values.code[compared.b], level)
            swapped = (level == SWAPPED) & (values.column.compare == "text")
            rare[:, k] = np.where(swapped, rare[:, k], fresh)
        return Compared(compared.a, compared.b, compared.levels, rare)

    def level(self, k: int, left: Codes, right: Codes) -> Levels:
        """Levels of one column for pairs of codes."""
        table = self.tables[k]
        if table is not None:
            got: Levels = table.ravel()[(left + 1) * np.int64(len(table)) + (right + 1)]
            return got
        level = np.zeros(len(left), dtype=np.uint8)
        known = (left >= 0) & (right >= 0)
        same = known & (left == right)
        level[same] = EQUAL
        rest = np.flatnonzero(known & ~same)
        values = self.records.columns[k]
        if len(rest):
            level[rest] = _distinct_pairs(values, left[rest], right[rest])
        return level

    def rare(self, k: int, left: Codes, right: Codes, level: Levels) -> Levels:
        """How rare is what both have."""
        of, values = self.rarities[k], self.records.columns[k]
        got: Levels = np.minimum(of[left], of[right])
        if values.column.compare == "text":
            bag = self.bag_rarities[k]
            order = np.flatnonzero(level == ORDER)
            got[order] = np.minimum(bag[left[order]], bag[right[order]])
            at = np.flatnonzero((level == PART) | (level == MOST) | (level == TOKEN))
            if len(at):
                got[at] = self._of_words(k, left[at], right[at])
        got[level == 0] = 0
        return got

    def _of_words(self, k: int, x: Codes, y: Codes) -> Levels:
        """How rare the words are that two texts share."""
        values, bits, after = self.records.columns[k], self.word_bits[k], self.after_bits[k]
        total, shared = np.zeros(len(x), dtype=np.float32), np.zeros(len(x), dtype=np.int8)
        before = np.zeros(len(x), dtype=np.bool_)
        for place, (word, hit) in enumerate(shared_words(values, x, y)):
            said = np.where(before, after[x, place], bits[word]) if place else bits[word]
            total += np.where(hit, said, 0)
            shared += hit
            before = hit
        # strangers have so many chances to share just so many words
        total -= _WAYS[np.maximum(values.count[x], values.count[y]), shared]
        total[shared == 0] = -np.log2(INITIAL)
        if k in self.letter_bits:
            total += self._of_initials(k, x, y)
        got: Levels = np.clip(np.round(total * RARITY), 0, 255).astype(np.uint8)
        return got

    def _of_initials(self, k: int, x: Codes, y: Codes) -> Floats:
        """Bits of the letters in which initials agree with names."""
        values = self.records.columns[k]
        assert values.initials is not None  # noqa: S101 - letter_bits has it
        got = np.zeros(len(x), dtype=np.float32)
        has = values.initials[2]
        at = np.flatnonzero(has[x] | has[y])
        if len(at):
            matched, whole, _ = by_initials(values, x[at], y[at])
            got[at] = np.where(whole, self.letter_bits[k][values.initials[0][matched]].sum(axis=1), 0)
        return got

    def _exchanged(self, a: Rows, b: Rows, levels: Levels, rare: Levels) -> None:
        """Given name and surname exchanged, or one in the place of the other: said once, by the given name."""
        assert self.swaps is not None  # noqa: S101
        g, s = self.swaps
        given, family = self.records.columns[g], self.records.columns[s]
        bad = [(levels[:, k] == 0) | (levels[:, k] > PART) for k in (g, s)]
        worse = np.flatnonzero(bad[0] & bad[1])
        if not len(worse):
            return
        ga, gb, sa, sb = (v.code[r[worse]] for v in (given, family) for r in (a, b))
        open_ = [(ga < 0) | (sb < 0), (gb < 0) | (sa < 0)]
        cross = [same_text(given, family, ga, sb), same_text(given, family, gb, sa)]
        hit = (cross[0] | open_[0]) & (cross[1] | open_[1]) & (cross[0] | cross[1])
        common = np.zeros(len(worse), dtype=np.int64)
        for crossed, x, y in ((cross[0], ga, sb), (cross[1], gb, sa)):
            either = np.minimum(self.rarities[g][x], self.rarities[s][y])
            common += np.where(crossed, either, 0)
        at = worse[hit]
        rare[at, g] = np.minimum(common[hit], 255)
        levels[at, g], levels[at, s] = SWAPPED, 0


def _table(values: Values, records: int) -> Levels | None:
    """Levels of all pairs of values of a column of few, by their codes plus 1; None where there are too many."""
    n = values.distinct
    counted = values.column.meaning in COUNTED
    if n > _FEW_VALUES or values.column.compare == "key" or (n * n > 8 * records and not counted):
        return None
    x, y = np.triu_indices(n, 1)
    got = np.zeros((n + 1, n + 1), dtype=np.uint8)
    got[np.arange(1, n + 1), np.arange(1, n + 1)] = EQUAL
    if len(x):
        level = _COMPARE[values.column.compare](values, x.astype(np.int32), y.astype(np.int32))
        got[x + 1, y + 1] = got[y + 1, x + 1] = level
    return got


def _distinct_pairs(values: Values, left: Codes, right: Codes) -> Levels:
    """Levels of pairs of different values; where values repeat, each pair once."""
    low, high = np.minimum(left, right), np.maximum(left, right)
    compare = _COMPARE[values.column.compare]
    if values.distinct > _SOME_VALUES or values.column.compare != "text":
        return compare(values, low, high)
    pairs, back = np.unique(low.astype(np.int64) << 32 | high, return_inverse=True)
    got: Levels = compare(values, (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32))[
        back.reshape(-1)
    ]
    return got


def _key(values: Values, x: Codes, y: Codes) -> Levels:  # noqa: ARG001 - of the shape of the others
    return np.full(len(x), 2, dtype=np.uint8)


_COMPARE: Final[dict[str, Callable[[Values, Codes, Codes], Levels]]] = {
    "text": text_levels, "date": date_levels, "code": code_levels, "number": code_levels, "key": _key,
}  # fmt: skip
assert set(_COMPARE) == set(LEVELS)  # noqa: S101
