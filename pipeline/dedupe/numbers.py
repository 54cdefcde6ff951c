"""How alike two dates or two numbers are, by their characters as bits: strings are needed for few.

Belongs here: levels of pairs of distinct dates, codes and numbers. Not here: texts (:mod:`.texts`), whole records
(:mod:`.levels`).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from pipeline.dedupe.card import (
    C_DIFFERS,
    C_PART,
    C_SLIP,
    C_SLIPS,
    D_DIFFERS,
    D_PARTS,
    D_SLIP,
    D_SLIPS,
    D_SWAPPED,
    D_YEAR,
    EQUAL,
)
from pipeline.dedupe.texts import begins
from pipeline.dedupe.values import Codes, Flags, Levels, Packed, Values
from pipeline.resolve import digits

_SHORT: Final = 4
_A_FEW: Final = 3
COUNTED: Final = frozenset({"age", "birth_year"})
"""Meanings of which a number near another says more than its digits."""
_MOST_LETTERS: Final = 4
"""Kinds of characters by which values two slips apart can differ."""
DATE_PARTS: Final = (np.uint64(0xFFFF0000), np.uint64(0xFF00), np.uint64(0xFF))
"""Year, month and day of a packed date."""
_DAY_AND_YEAR: Final = 6
"""Digits of a date without its century."""
WHOLE_DATE: Final = np.uint64(0xFFFFFFFF)
"""All eight digits known."""


def date_levels(values: Values, x: Codes, y: Codes) -> Levels:
    """Levels of different dates."""
    packed, mask = values.dates
    left, right, known = packed[x], packed[y], mask[x] & mask[y]
    seen = np.bitwise_count(known) // 4
    other = (left ^ right) & known
    apart = digits.differing(left, right, known)
    full = known == WHOLE_DATE
    parts = [(known & part != 0) & (other & part == 0) for part in DATE_PARTS]
    agreed = sum(p.astype(np.int8) for p in parts)
    level = np.full(len(x), D_DIFFERS, dtype=np.uint8)
    level[parts[0]] = D_YEAR
    level[(apart == 2) & (seen >= 6)] = D_SLIPS
    level[agreed == 2] = D_PARTS
    level[full & ((apart == 1) | digits.swapped(left, right))] = D_SLIP
    level[full & parts[0] & turned(left, right)] = D_SWAPPED
    level[~full & (apart == 0)] = D_YEAR
    level[~full & (apart == 0) & (agreed >= 2)] = D_PARTS
    level[~full & (apart == 0) & (agreed == 3) & (seen >= _DAY_AND_YEAR)] = EQUAL
    level[seen == 0] = 0
    return level


def turned(left: Packed, right: Packed) -> Flags:
    """Whether the day of one date is the month of the other, and the reverse."""
    eight = np.uint64(8)
    month_day = (right & np.uint64(0xFF)) << eight | (right & np.uint64(0xFF00)) >> eight
    got: Flags = left & np.uint64(0xFFFF) == month_day
    return got


def characters_apart(one: Packed, two: Packed) -> npt.NDArray[np.uint8]:
    """Number of places at which packed values differ, at least (see :attr:`Values.packed`)."""
    return digits.differing(one, two, digits.ALL_KNOWN)


def code_levels(values: Values, x: Codes, y: Codes) -> Levels:
    """Levels of different codes and numbers."""
    level = np.full(len(x), C_DIFFERS, dtype=np.uint8)
    packed, plain, exact = values.packed
    small, large = np.minimum(values.size[x], values.size[y]), np.maximum(values.size[x], values.size[y])
    even = (small == large) & plain[x] & plain[y]
    slips = np.where(even, digits.slips(packed[x], packed[y]), 3)
    unsure = np.flatnonzero((large - small <= 2) & (~even if exact else ~even | (slips < 3)))
    unsure = unsure[np.bitwise_count(values.letters[x[unsure]] ^ values.letters[y[unsure]]) <= _MOST_LETTERS]
    if not exact:
        slips[even] = 3
    if len(unsure):
        texts = values.texts(x[unsure]), values.texts(y[unsure])
        slips[unsure] = cpdist(*texts, scorer=OSA.distance, score_cutoff=2, dtype=np.uint8)
    level[(slips == 2) & (small >= _SHORT)] = C_SLIPS
    level[(slips == 1) & (large >= 2)] = C_SLIP
    level[values.joined[x] == values.joined[y]] = C_SLIP
    rest = np.flatnonzero((level > C_SLIPS) & (small >= 3) & (small != large))
    level[rest[begins(values, x[rest], y[rest])]] = C_PART
    rest = rest[(level[rest] > C_PART) & (small[rest] >= _SHORT)]
    level[rest[_ends(values, x[rest], y[rest])]] = C_PART
    if values.column.meaning in COUNTED:
        _counted(values, x, y, level)
    if values.column.meaning == "email":  # namesakes choose one address but for its number
        level[(level < C_DIFFERS) & (values.numerals[x] != values.numerals[y])] = C_DIFFERS
    return level


def _ends(values: Values, x: Codes, y: Codes) -> Flags:
    """One is the end of the other: a number with and without what stands before it."""
    fewer = (values.letters[x] & ~values.letters[y] == 0) | (values.letters[y] & ~values.letters[x] == 0)
    got = np.zeros(len(x), dtype=np.bool_)
    worth = np.flatnonzero(fewer)
    pairs = zip(values.texts(x[worth]), values.texts(y[worth]), strict=True)
    got[worth] = [one.endswith(two) or two.endswith(one) for one, two in pairs]
    return got


def _counted(values: Values, x: Codes, y: Codes, level: Levels) -> None:
    """Ages and years are numbers: whoever is a year or a few off said it inexactly."""
    apart = np.abs(values.numbers[x] - values.numbers[y])
    level[apart <= 1] = C_SLIP
    some = (apart > 1) & (apart <= _A_FEW)
    level[some] = np.minimum(level[some], C_SLIPS)
