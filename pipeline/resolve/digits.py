"""Identity numbers as packed digits.

A number of sixteen digits is one unsigned 64-bit integer, four bits a digit, the first digit highest; a second
integer has ``F`` where the digit is known (``?`` in the text is a digit lost or masked). Two million pairs a second
and core are compared that way without a single Python string. Never Damerau-Levenshtein: a keying error needs
substitutions and swaps of neighbours only.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Packed = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

DIGITS: Final = 16
_ONES: Final = np.uint64(0x1111111111111111)
ALL_KNOWN: Final = np.uint64(0xFFFFFFFFFFFFFFFF)


def pack(column: pl.Series) -> tuple[Packed, Packed]:
    """Packed digits and known-mask of a text column; both zero where the text has not sixteen characters."""
    packed = np.zeros(len(column), dtype=np.uint64)
    known = np.zeros(len(column), dtype=np.uint64)
    whole = (column.str.len_bytes() == DIGITS).fill_null(False).to_numpy()
    if not whole.any():
        return packed, known
    raw = "".join(column.filter(pl.Series(whole)).to_list()).encode("ascii", "replace")
    digits = np.frombuffer(raw, dtype=np.uint8).reshape(-1, DIGITS)
    values = np.zeros(len(digits), dtype=np.uint64)
    mask = np.zeros(len(digits), dtype=np.uint64)
    for k in range(DIGITS):
        digit = digits[:, k] - np.uint8(48)
        good = digit <= 9
        values = values << np.uint64(4) | np.where(good, digit, 0).astype(np.uint64)
        mask = mask << np.uint64(4) | np.where(good, 15, 0).astype(np.uint64)
    packed[whole], known[whole] = values, mask
    return packed, known


def digit(packed: Packed, position: int) -> npt.NDArray[np.int64]:
    """The digit at a position, counted from 0 at the left."""
    got: npt.NDArray[np.int64] = ((packed >> np.uint64(4 * (DIGITS - 1 - position))) & np.uint64(15)).astype(np.int64)
    return got


def number(packed: Packed, first: int, last: int) -> npt.NDArray[np.int64]:
    """Digits ``first`` to ``last`` (inclusive, from the left) read as one number."""
    value = np.zeros(len(packed), dtype=np.int64)
    for k in range(first, last + 1):
        value = value * 10 + digit(packed, k)
    return value


def part(packed: Packed, first: int, last: int) -> Packed:
    """Digits ``first`` to ``last`` still packed, all others zero."""
    mask = np.uint64(0)
    for k in range(first, last + 1):
        mask |= np.uint64(15) << np.uint64(4 * (DIGITS - 1 - k))
    got: Packed = packed & mask
    return got


def _marks(difference: Packed) -> Packed:
    """One bit for every digit that differs."""
    folded = difference | difference >> np.uint64(1) | difference >> np.uint64(2) | difference >> np.uint64(3)
    got: Packed = folded & _ONES
    return got


def differing(a: Packed, b: Packed, known: Packed | np.uint64) -> Bytes:
    """Number of digits, known on both sides, that differ."""
    return np.bitwise_count(_marks((a ^ b) & known))


def swapped(a: Packed, b: Packed) -> Flags:
    """Whether two neighbouring digits are exchanged and all else is equal."""
    marks = _marks(a ^ b)
    got: Flags = (np.bitwise_count(marks) == 2) & (_exchanged(a, b, marks) != 0)
    return got


def _exchanged(a: Packed, b: Packed, marks: Packed) -> Packed:
    """Where a differing digit and the one left of it are exchanged; one bit each, as in ``marks``."""
    four = np.uint64(4)
    got: Packed = marks & marks >> four & ~_marks((a ^ b >> four) | (a >> four ^ b))
    return got


def slips(a: Packed, b: Packed) -> Bytes:
    """Keying errors between numbers of one length: 0, 1 or 2, and 3 for more.

    A digit put for another, two neighbours exchanged, one left out (with another put in elsewhere): exactly the
    distance of optimal string alignment where no more than four digits differ in place; 3 beyond that.
    """
    marks = _marks(a ^ b)
    apart = np.bitwise_count(marks)
    got: Bytes = np.minimum(apart, 3)
    some = np.flatnonzero((apart >= 2) & (apart <= 4))
    marks, apart, a, b = marks[some], apart[some], a[some], b[some]
    exchanged = _exchanged(a, b, marks)
    one = (apart == 2) & (exchanged != 0)
    two = (apart == 2) | (apart == 3) & (exchanged != 0)
    two |= (exchanged | exchanged << np.uint64(4)) == marks
    two[~two] = _moved(a[~two], b[~two], marks[~two])
    got[some] = np.where(one, 1, np.where(two, 2, 3))
    return got


def _moved(a: Packed, b: Packed, marks: Packed) -> Flags:
    """Whether all between the first and the last differing digit stands one place aside."""
    four = np.uint64(4)
    upto = marks
    for shift in (4, 8, 16, 32):
        upto = upto | upto >> np.uint64(shift)
    lowest = marks & (~marks + np.uint64(1))
    highest = upto & ~(upto >> four)
    inside = (upto & ~(lowest - np.uint64(1))) * np.uint64(15)
    got: Flags = ((a << four ^ b) & inside & ~(lowest * np.uint64(15)) == 0) | (
        (a >> four ^ b) & inside & ~(highest * np.uint64(15)) == 0
    )
    return got


def only_within(a: Packed, b: Packed, first: int, last: int) -> Flags:
    """Whether all differing digits lie between two positions."""
    outside = ~part(np.full(1, ALL_KNOWN, dtype=np.uint64), first, last)[0]
    got: Flags = ((a ^ b) & outside) == 0
    return got
