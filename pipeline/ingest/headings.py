"""A heading read by its words, where nobody has written it down as it stands.

Belongs here: abbreviations and other words for the same thing, misspellings, and the known heading that shares the
words that matter. Not here: which headings are known (:mod:`.cards`), what stands below them (:mod:`.recognise`).

Three looks, each only where the one before found nothing or found two columns:

1. the same words, in any order: ``Tgl. Lhr`` and ``LAHIR, TANGGAL`` are TANGGAL LAHIR;
2. the same letters but one or two: ``KECAMTAN``, ``NOMNIAL``;
3. the known heading that shares most of the words, a word weighing the more the fewer columns use it: ``Nilai
   Bantuan yg Diterima`` is NILAI BANTUAN. A heading that speaks of somebody else (``NIK PETUGAS``) is left alone.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import islice, product
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

Known = tuple[str, int]
"""A column and its rank in the list of a kind's headings."""
Words = frozenset[str]

_MOST_READINGS: Final = 24
_ONE_SLIP: Final = 4  # letters from which one slip is forgiven,
_TWO_SLIPS: Final = 10  # and from which two
_LIKENESS: Final = 0.6  # share of the weight of all words that both headings must have in common,
_AHEAD: Final = 0.1  # and by so much more than with any other column
_LONGEST: Final = 60


class HeadingWords:
    """How words of headings are written, and what only fills them; from ``_columns.yaml``."""

    def __init__(
        self,
        same: Mapping[str, Sequence[str]],
        fillers: Iterable[str],
        qualifiers: Iterable[str],
        others: Iterable[str],
    ) -> None:
        self._readings: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for meant, written in same.items():
            for word in written:
                self._readings[word].append(tuple(meant.split()))
        self._fillers = frozenset(fillers)
        self._read: dict[str, list[Words]] = {}
        self.qualifiers = frozenset(w for q in qualifiers for w in self._one(q))
        self._others = [frozenset(self._one(o)) for o in others]

    def _one(self, text: str) -> Words:
        return next(iter(self.readings(text)), frozenset())

    def readings(self, text: str) -> list[Words]:
        """The words of a heading, abbreviations written out; several where one can mean several (KEL)."""
        if text not in self._read:
            self._read[text] = self._read_words(text)
        return self._read[text]

    def _read_words(self, text: str) -> list[Words]:
        tokens = [t for t in re.sub(r"[^A-Z0-9]+", " ", text.upper()).split() if t not in self._fillers]
        ways = [self._readings.get(t) or [(t,)] for t in tokens]
        return list(
            dict.fromkeys(frozenset(w for part in way for w in part) for way in islice(product(*ways), _MOST_READINGS))
        )

    def of_somebody_else(self, written: Words, known: Words) -> bool:
        """Whether a heading speaks of the officer, the mother, the one who reports …, and the known one does not."""
        return any(other <= written and not other <= known for other in self._others)


class HeadingIndex:
    """All headings that one kind of source knows, to be found by their words.

    Args:
        words: the reading of words.
        known: heading as written → column and rank.
    """

    def __init__(self, words: HeadingWords, known: Mapping[str, Known]) -> None:
        self._words = words
        self._known = known

    @cached_property
    def _sets(self) -> dict[Words, dict[str, int]]:
        """Words → the columns they stand for, each with its best rank."""
        sets: dict[Words, dict[str, int]] = {}
        for heading, (column, rank) in self._known.items():
            for reading in self._words.readings(heading):
                if reading:
                    columns = sets.setdefault(reading, {})
                    columns[column] = min(rank, columns.get(column, rank))
        return sets

    @cached_property
    def _weights(self) -> dict[str, float]:
        """Word → what it says: the log of how few columns use it."""
        columns: dict[str, set[str]] = defaultdict(set)
        for reading, found in self._sets.items():
            for word in reading:
                columns[word] |= found.keys()
        n = len({c for found in self._sets.values() for c in found})
        return {word: math.log((n + 1) / len(used)) for word, used in columns.items()}

    @cached_property
    def _strange(self) -> float:
        """Weight of a word that no heading uses."""
        return max(self._weights.values(), default=1.0) / 2

    @cached_property
    def _by_word(self) -> dict[str, list[Words]]:
        found: dict[str, list[Words]] = defaultdict(list)
        for reading in self._sets:
            for word in reading:
                found[word].append(reading)
        return found

    @cached_property
    def _spelled(self) -> dict[str, set[str]]:
        """Letters of a heading → its columns, for misspellings."""
        spelled: dict[str, set[str]] = defaultdict(set)
        for heading, (column, _) in self._known.items():
            spelled[re.sub(r"[^A-Z0-9]", "", heading.upper())].add(column)
        return spelled

    def same_words(self, heading: str) -> Known | None:
        """The one column whose heading has the same words, in any order."""
        return self._only(r for r in self._words.readings(heading) if r in self._sets)

    def main_words(self, heading: str) -> Known | None:
        """As :meth:`same_words`, without the words that only qualify."""
        bare = (r - self._words.qualifiers for r in self._words.readings(heading))
        return self._only(r for r in bare if r in self._sets)

    def _only(self, readings: Iterable[Words]) -> Known | None:
        columns: dict[str, int] = {}
        for reading in readings:
            for column, rank in self._sets[reading].items():
                columns[column] = min(rank, columns.get(column, rank))
        return next(iter(columns.items())) if len(columns) == 1 else None

    def misspelt(self, heading: str) -> Known | None:
        """The one column a heading stands for but for a slip or two, as a whole or in one of its words."""
        if len(heading) > _LONGEST:
            return None
        if len(columns := self.near(heading)) == 1:
            return next(iter(columns)), 0
        tokens = re.sub(r"[^A-Z0-9]+", " ", heading.upper()).split()
        ways = [[t] if t in self._vocabulary else [*_slips(t, self._vocabulary), t][:4] for t in tokens]
        mended = {
            found
            for way in islice(product(*ways), _MOST_READINGS)
            if (found := self.same_words(" ".join(way)) or self.main_words(" ".join(way))) is not None
        }
        return next(iter(mended)) if len({column for column, _ in mended}) == 1 else None

    def near(self, heading: str) -> set[str]:
        """All columns whose headings are a slip or two away: ``NO KS`` may be NO KK or NO KKS."""
        key = re.sub(r"[^A-Z0-9]", "", heading.upper())
        return {c for k in _slips(key, self._spelled) for c in self._spelled[k]} if len(key) <= _LONGEST else set()

    def knows(self, heading: str) -> bool:
        """Whether a heading is known by its words, or but for a slip."""
        return any(look(heading) is not None for look in (self.same_words, self.main_words, self.misspelt))

    @cached_property
    def _vocabulary(self) -> dict[str, None]:
        known = (t for heading in self._known for t in re.sub(r"[^A-Z0-9]+", " ", heading.upper()).split())
        return dict.fromkeys(t for t in [*known, *self._words._readings] if len(t) > 3)

    def nearest(self, heading: str) -> Known | None:
        """The column whose heading shares the words that matter; None where another comes close."""
        if len(heading) > _LONGEST:
            return None
        best: dict[str, tuple[float, int]] = {}
        for reading in self._words.readings(heading):
            bare = (reading - self._words.qualifiers) or reading
            for known in {k for w in reading for k in self._by_word.get(w, ())}:
                if self._words.of_somebody_else(reading, known):
                    continue
                score = max(self._likeness(reading, known), self._likeness(bare, known))
                for column, rank in self._sets[known].items():
                    if score > best.get(column, (0.0, 0))[0]:
                        best[column] = (score, rank)
        ranked = sorted(((score, column, rank) for column, (score, rank) in best.items()), reverse=True)
        if not ranked or ranked[0][0] < _LIKENESS or (len(ranked) > 1 and ranked[1][0] > ranked[0][0] - _AHEAD):
            return None
        return ranked[0][1], ranked[0][2]

    def _likeness(self, a: Words, b: Words) -> float:
        def weight(words: Words) -> float:
            return sum(self._weights.get(w, self._strange) for w in words)

        return weight(a & b) / weight(a | b)


def _slips(text: str, among: Iterable[str]) -> list[str]:
    """The texts that are one slip (in a long text two) from a text, the nearest only."""
    if len(text) < _ONE_SLIP or text.isdigit():
        return []
    allowed = 2 if len(text) >= _TWO_SLIPS else 1
    near = process.extract(text, list(among), scorer=OSA.distance, score_cutoff=allowed, limit=None)
    least = min((d for _, d, _ in near), default=0)
    return [t for t, d, _ in near if d == least]
