"""Single words that may be one word: short forms and slips of the keyboard.

Belongs here: the comparison of pairs of words given by code. Not here: names of several parts (:mod:`.names`).
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, Prefix
from rapidfuzz.process import cpdist

Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

LONG: Final = 7
"""Letters from which two slips still leave a word recognisable."""
_SHORT: Final = 3
_NO_VOWELS: Final = str.maketrans("", "", "AEIOU")


def letter_bits(texts: list[str]) -> npt.NDArray[np.uint64]:
    """A bit for each letter that a text has: a keystroke puts in, leaves out or exchanges one, so texts that are n
    keystrokes apart differ in 2 n bits at most."""
    bits = (reduce(or_, (1 << (ord(c) & 63) for c in text), 0) for text in texts)
    return np.fromiter(bits, np.uint64, len(texts))


class Words:
    """A vocabulary with what is needed of each word to compare it; a word is its position."""

    def __init__(self, vocabulary: list[str]) -> None:
        self._text = np.array([*vocabulary, ""], dtype=object)
        self._size = np.fromiter(map(len, self._text), np.int32, len(self._text))
        self._first = np.fromiter((ord(w[0]) if w else 0 for w in self._text), np.int32, len(self._text))
        code = {word: i for i, word in enumerate(vocabulary)}
        bare = (code.get(w[:1] + w[1:].translate(_NO_VOWELS), -1) for w in self._text)
        self._bare = np.fromiter(bare, np.int32, len(self._text))
        self._letters = letter_bits(self._text.tolist())

    def alike(self, a: Ints, b: Ints) -> npt.NDArray[np.int8]:
        """0 unlike, 1 a short form of the other, 2 one or two keystrokes apart; distinct pairs once."""
        kind = np.zeros(len(a), dtype=np.int8)
        worth = np.flatnonzero(self._may_be(a, b))
        pairs, back = np.unique(a[worth].astype(np.int64) << 32 | b[worth], return_inverse=True)
        left, right = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
        found = np.zeros(len(pairs), dtype=np.int8)
        found[self._slip(left, right)] = 2
        found[self._short_form(left, right)] = 1
        kind[worth] = found[back]
        return kind

    def _may_be(self, a: Ints, b: Ints) -> Flags:
        """Whether sizes and letters leave open that two words are alike: few do, and these are looked at closely."""
        size_a, size_b = self._size[a], self._size[b]
        small, apart = np.minimum(size_a, size_b), np.abs(size_a - size_b)
        letters_a, letters_b = self._letters[a], self._letters[b]
        other = np.bitwise_count(letters_a ^ letters_b)
        slip = (apart <= 1) & (other <= np.where(small >= LONG, 4, 2))
        all_in = np.where(size_a <= size_b, letters_a & ~letters_b, letters_b & ~letters_a) == 0
        begins = all_in & (self._first[a] == self._first[b])
        found: Flags = slip | begins | (self._bare[a] == b) | (self._bare[b] == a)
        return found

    def _slip(self, a: Ints, b: Ints) -> Flags:
        small, apart = np.minimum(self._size[a], self._size[b]), np.abs(self._size[a] - self._size[b])
        slip = np.zeros(len(a), dtype=np.bool_)
        worth = np.flatnonzero((small >= _SHORT) & (apart <= 1))
        distance = cpdist(*self._texts(a[worth], b[worth]), scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
        slip[worth] = (distance <= 1) | (distance <= 2) & (small[worth] >= LONG)
        return slip

    def _short_form(self, a: Ints, b: Ints) -> Flags:
        """One is the beginning of the other (R., MUH) or what is left of it without vowels (NR, MHMD)."""
        small = np.minimum(self._size[a], self._size[b])
        short: Flags = (small >= 2) & ((self._bare[a] == b) | (self._bare[b] == a))
        begins = self._first[a] == self._first[b]
        short |= begins & (small == 1)
        worth = np.flatnonzero(begins & (small >= _SHORT))
        common = cpdist(*self._texts(a[worth], b[worth]), scorer=Prefix.similarity, dtype=np.int32)
        short[worth] |= common == small[worth]
        return short

    def _texts(self, a: Ints, b: Ints) -> tuple[list[str], list[str]]:
        return self._text[a].tolist(), self._text[b].tolist()
