"""The most that a column can weigh for a pair of records, found in a few steps over whole arrays.

Belongs here: what each kind of column keeps of every record, and the bounds that follow from two of them. Not here:
what a bound decides (:mod:`.sieve`), exact levels (:mod:`.levels`). A bound is exact for columns of few values and for
most dates and numbers; of texts the words are counted, and the letters only as far as they allow slips and likeness.
What is kept lies in the order of the records, not of the values: candidates are sorted by their first record, whose
part of it is then at hand.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

import numpy as np

from pipeline.dedupe.card import (
    C_DIFFERS,
    C_SLIP,
    C_SLIPS,
    D_DIFFERS,
    D_PARTS,
    D_SLIP,
    D_SLIPS,
    D_SWAPPED,
    D_YEAR,
    DIFFERS,
    EQUAL,
    MOST,
    NEAR,
    ORDER,
    PART,
    SLIP,
    SOUND,
    TOKEN,
)  # fmt: skip
from pipeline.dedupe.levels import INITIAL, RARITY, Comparer, rarity
from pipeline.dedupe.numbers import DATE_PARTS, WHOLE_DATE, turned
from pipeline.dedupe.texts import maybe_alike, text_by_words
from pipeline.dedupe.values import PACKED, Codes, Flags, Floats, Levels, Packed, Rows, Values
from pipeline.resolve import digits

_NOT_SHORT: Final = PACKED + 1
_SLIPPED: Final = 4
"""Kinds of letters that at most one of two texts has, if they are two slips apart at most."""
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)


class Bound(ABC):
    """Of one column; ``table`` has its bits by level and rarity."""

    def __init__(self, comparer: Comparer, k: int, table: Floats) -> None:
        self.comparer, self.k, self.table = comparer, k, table
        self.values: Values = comparer.records.columns[k]
        self.code = self.values.code

    @abstractmethod
    def bits(self, a: Rows, b: Rows) -> tuple[Floats, Flags]:
        """The most each pair can weigh, and for which the values are equal."""

    def potential(self) -> Floats:
        """The most each record can weigh in any pair."""
        return np.where(self.code >= 0, self._of_values()[self.code], np.float32(0))

    def _of_values(self) -> Floats:
        """The most each value can weigh."""
        got: Floats = np.maximum(self._if_equal(), self.table[EQUAL + 1 :, 0].max())
        return got

    def exact(self, a: Rows, b: Rows) -> Floats:
        """What each pair weighs."""
        left, right = self.code[a], self.code[b]
        return self.weight(left, right, self.comparer.level(self.k, left, right))

    def weight(self, left: Codes, right: Codes, level: Levels) -> Floats:
        """What levels of pairs of values weigh."""
        got: Floats = self.table[level, self.comparer.rare(self.k, left, right, level)]
        return got

    def _if_equal(self) -> Floats:
        got: Floats = self.table[EQUAL][self.comparer.rarities[self.k]]
        return got


class OfFew(Bound):
    """A column of few values: what any two of them weigh is looked up."""

    def __init__(self, comparer: Comparer, k: int, table: Floats) -> None:
        super().__init__(comparer, k, table)
        levels = comparer.tables[k]
        assert levels is not None  # noqa: S101 - the choice of bound_of
        n = len(levels)
        left, right = (c.ravel() - 1 for c in np.indices((n, n), dtype=np.int32))
        self.known = table[levels.ravel(), comparer.rare(k, left, right, levels.ravel())]
        self.width = n

    def bits(self, a: Rows, b: Rows) -> tuple[Floats, Flags]:
        """See :meth:`Bound.bits`."""
        left, right = self.code.take(a), self.code.take(b)
        return self.known.take((left + 1) * np.int32(self.width) + right + 1), (left == right) & (left >= 0)


class OfNumbers(Bound):
    """Codes and numbers: keying errors between those of one length; others are compared as they are."""

    def __init__(self, comparer: Comparer, k: int, table: Floats) -> None:
        super().__init__(comparer, k, table)
        values = self.values
        packed, plain, _ = values.packed
        size = np.where(plain, values.size, _NOT_SHORT).astype(np.int8)
        self.size = np.where(self.code >= 0, size[self.code], np.int8(0))
        self.packed = packed[self.code]
        levels = [C_SLIP, C_SLIPS, C_DIFFERS]
        blanks = not np.array_equal(values.joined, np.arange(len(values.joined)))
        bits = np.array([0.0, *([table[levels, 0].max()] * 3 if blanks else table[levels, 0])], dtype=np.float32)
        self.by_slips: Floats = np.maximum.accumulate(bits[::-1])[::-1] if not values.packed[2] else bits
        self.most = self.potential()

    def bits(self, a: Rows, b: Rows) -> tuple[Floats, Flags]:
        """See :meth:`Bound.bits`."""
        slips = digits.slips(self.packed.take(a), self.packed.take(b))
        got = self.by_slips.take(slips)
        left, right = self.size.take(a), self.size.take(b)
        odd = np.flatnonzero((left != right) | (left == _NOT_SHORT) | (left == 0))
        missing = (left[odd] == 0) | (right[odd] == 0)
        got[odd[missing]] = 0
        odd = odd[~missing]
        got[odd] = self.exact(a[odd], b[odd])
        same = slips == 0
        same[odd] = self.code[a[odd]] == self.code[b[odd]]
        at = np.flatnonzero(same)
        x, y = a[at], b[at]
        equal = (self.code[x] == self.code[y]) & (self.code[x] >= 0)
        got[at] = np.where(equal, np.minimum(self.most[x], self.most[y]), got[at])
        same[at] = equal
        return got, same


class OfDates(Bound):
    """Whole dates by their digits; others are compared as they are."""

    def __init__(self, comparer: Comparer, k: int, table: Floats) -> None:
        super().__init__(comparer, k, table)
        packed, known = self.values.dates
        self.packed = packed[self.code]
        self.whole = (known[self.code] == WHOLE_DATE) & (self.code >= 0)
        self.most = self.potential()
        self.known = np.array(
            [table[_level_of(apart, same), 0] for apart in range(16) for same in range(8)], dtype=np.float32
        )

    def bits(self, a: Rows, b: Rows) -> tuple[Floats, Flags]:
        """See :meth:`Bound.bits`."""
        left, right = self.packed.take(a), self.packed.take(b)
        other = left ^ right
        apart = digits.differing(left, right, WHOLE_DATE)
        kind = apart << np.uint8(3)
        for place, part in enumerate(DATE_PARTS):
            kind |= (other & part == 0).view(np.uint8) << np.uint8(place)
        got = self.known.take(kind)
        at = np.flatnonzero(apart == 2)
        at = at[digits.swapped(left[at], right[at])]
        got[at] = self.table[D_SLIP, 0]
        at = np.flatnonzero((kind & 7 == 1) & (apart > 1))
        at = at[turned(left[at], right[at])]
        got[at] = self.table[D_SWAPPED, 0]
        same = apart == 0
        at = np.flatnonzero(same)
        got[at] = np.minimum(self.most[a[at]], self.most[b[at]])
        odd = np.flatnonzero(~(self.whole.take(a) & self.whole.take(b)))
        got[odd] = self.exact(a[odd], b[odd])
        same[odd] = (self.code[a[odd]] == self.code[b[odd]]) & (self.code[a[odd]] >= 0)
        return got, same


def _level_of(apart: int, same: int) -> int:
    """Level of two whole dates, unless digits or day and month are exchanged; ``same``: year 1, month 2, day 4."""
    if apart == 1:
        return D_SLIP
    if same.bit_count() == 2:
        return D_PARTS
    return D_SLIPS if apart == 2 else D_YEAR if same & 1 else D_DIFFERS


class OfTexts(Bound):
    """Texts of many values: whether two may have a word in common, or most of their letters."""

    def __init__(self, comparer: Comparer, k: int, table: Floats) -> None:
        super().__init__(comparer, k, table)
        values = self.values
        self.alike = max(
            np.float32(table[[NEAR, SOUND]].max()), np.float32(table[PART, rarity(np.array([INITIAL]))[0]])
        )
        self.slipped = max(self.alike, np.float32(table[SLIP].max()))
        self.most = self.potential()
        marks = _mark(values.sounds)
        for place in range(values.words.shape[1]):
            marks |= np.where(values.words[:, place] >= 0, _mark(values.words[:, place]), 0)
        if values.folded is not None:
            marks |= _mark(values.folded)
        self.marks = marks[self.code]
        self.letters = values.letters[self.code]
        self.kinds = np.bitwise_count(self.letters)
        self.missing = self.code < 0

    def bits(self, a: Rows, b: Rows) -> tuple[Floats, Flags]:
        """See :meth:`Bound.bits`."""
        got = np.full(len(a), self.table[DIFFERS, 0], dtype=np.float32)
        common = np.bitwise_count(self.letters.take(a) & self.letters.take(b))
        left, right = self.kinds.take(a), self.kinds.take(b)
        near = np.flatnonzero(
            (common * np.uint8(3) + np.uint8(1) >= left + right) | (common == np.minimum(left, right))
        )
        x, y = self.code[a[near]], self.code[b[near]]
        got[near[maybe_alike(self.values, x, y) | (self.values.first[x] == self.values.first[y])]] = self.alike
        got[near[(left + right - np.uint8(2) * common)[near] <= _SLIPPED]] = self.slipped
        shared = self.marks.take(a) & self.marks.take(b) != 0
        shared[near[self.values.joined[x] == self.values.joined[y]]] = True
        at = np.flatnonzero(shared)
        got[at] = np.maximum(got[at], self._by_words(self.code[a[at]], self.code[b[at]]))
        got[self.missing.take(a) | self.missing.take(b)] = 0
        return got, np.zeros(len(a), dtype=np.bool_)

    def _by_words(self, x: Codes, y: Codes) -> Floats:
        """What texts weigh by their words alone."""
        level = text_by_words(self.values, np.minimum(x, y), np.maximum(x, y))
        level[x == y] = EQUAL
        return self.weight(x, y, level)

    def _of_values(self) -> Floats:
        bits = np.append(self.comparer.word_bits[self.k][:-1], np.float32(0))
        words = bits[self.values.words].sum(axis=1)
        rare = np.maximum(words, self.comparer.bag_rarities[self.k] / RARITY)
        at = np.clip(np.ceil(rare * RARITY), 0, 255).astype(np.int64)
        got: Floats = np.maximum(self.table[[ORDER, PART, MOST, TOKEN]][:, at].max(axis=0), self._if_equal())
        return np.maximum(got, self.slipped)


def _mark(codes: Codes) -> Packed:
    """One of 64 bits for each code."""
    with np.errstate(over="ignore"):
        got: Packed = np.uint64(1) << (codes.astype(np.uint64) * _SPREAD >> np.uint64(58))
    return got


class OfKeys(Bound):
    """Running numbers and the like: equal or not."""

    def bits(self, a: Rows, b: Rows) -> tuple[Floats, Flags]:
        """See :meth:`Bound.bits`."""
        left, right = self.code.take(a), self.code.take(b)
        return self.exact(a, b), (left == right) & (left >= 0)


_KINDS: Final[dict[str, type[Bound]]] = {
    "text": OfTexts, "date": OfDates, "code": OfNumbers, "number": OfNumbers, "key": OfKeys,
}  # fmt: skip


def bound_of(comparer: Comparer, k: int, table: Floats) -> Bound:
    """The bound of a column."""
    if comparer.tables[k] is not None:
        return OfFew(comparer, k, table)
    return _KINDS[comparer.records.columns[k].column.compare](comparer, k, table)
