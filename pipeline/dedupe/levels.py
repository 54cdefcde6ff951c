"""What each column of two records says: levels of agreement, as small integers.

Belongs here: from values and pairs to levels, distinct pairs of values once. Not here: what a level weighs
(:mod:`.model`). Level 0 says nothing; the others are in the order of :data:`pipeline.dedupe.card.LEVELS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from pipeline.dedupe.card import LEVELS
from pipeline.dedupe.values import Codes, Floats, Records, Rows, Values

Levels = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

EQUAL: Final = 1
(ORDER, SLIP, PART, NEAR, SWAPPED, SOUND, TOKEN, DIFFERS) = range(2, 10)
D_SWAPPED, D_SLIP, D_PARTS, D_SLIPS, D_YEAR, D_DIFFERS = range(2, 8)
C_SLIP, C_SLIPS, C_PART, C_DIFFERS = range(2, 6)
_NEAR: Final = 0.87
_SHORT: Final = 4
_LONG: Final = 8
PIECE: Final = 500_000


@dataclass
class Compared:
    """Levels of pairs.

    Attributes:
        a, b: records.
        levels: shape (pairs, columns).
        share: shape (pairs, columns): how common is what both have (0: not counted).
    """

    a: Rows
    b: Rows
    levels: Levels
    share: Floats

    def __len__(self) -> int:
        return len(self.a)

    def take(self, at: npt.NDArray[np.generic] | slice) -> Compared:
        """Some of the pairs."""
        return Compared(self.a[at], self.b[at], self.levels[at], self.share[at])

    @staticmethod
    def concat(pieces: list[Compared]) -> Compared:
        """Pieces one after the other (at least one)."""
        return Compared(*(np.concatenate([getattr(p, n) for p in pieces]) for n in ("a", "b", "levels", "share")))


class Comparer:
    """Compares pairs of records of one list; ``weight`` counts each record among the shares."""

    def __init__(self, records: Records, weight: npt.NDArray[np.float64]) -> None:
        self.records = records
        self.swaps = self._swaps()
        self.count(weight)

    def count(self, weight: npt.NDArray[np.float64], *, others: bool = False) -> None:
        """Count shares anew; ``others``: the weights count persons, see :meth:`Values.shares`."""
        self.shares = [v.shares(weight, others=others) for v in self.records.columns]
        text = [v.column.compare == "text" for v in self.records.columns]
        self.word_shares = [
            v.word_shares(s) if is_text else None
            for v, s, is_text in zip(self.records.columns, self.shares, text, strict=True)
        ]
        self.bag_shares = [
            np.bincount(v.bag, weights=s).astype(np.float32)[v.bag] if is_text else None
            for v, s, is_text in zip(self.records.columns, self.shares, text, strict=True)
        ]

    def _swaps(self) -> tuple[int, int] | None:
        given, family = self.records.find("given_name"), self.records.find("surname")
        return (given[0], family[0]) if given and family else None

    def compare(self, a: Rows, b: Rows) -> Compared:
        """Levels of all columns for pairs of records."""
        pieces = [self._compare(a[i : i + PIECE], b[i : i + PIECE]) for i in range(0, max(len(a), 1), PIECE)]
        return Compared.concat(pieces)

    def _compare(self, a: Rows, b: Rows) -> Compared:
        columns = self.records.columns
        levels = np.zeros((len(a), len(columns)), dtype=np.uint8)
        share = np.zeros((len(a), len(columns)), dtype=np.float32)
        for k, values in enumerate(columns):
            levels[:, k], share[:, k] = self._column(k, values.code[a], values.code[b])
        if self.swaps is not None:
            self._exchanged(a, b, levels, share)
        return Compared(a, b, levels, share)

    def _column(self, k: int, left: Codes, right: Codes) -> tuple[Levels, Floats]:
        values = self.records.columns[k]
        level = np.zeros(len(left), dtype=np.uint8)
        share = np.zeros(len(left), dtype=np.float32)
        known = (left >= 0) & (right >= 0)
        same = known & (left == right)
        level[same] = EQUAL
        share[same] = self.shares[k][left[same]]
        rest = np.flatnonzero(known & ~same)
        if not len(rest):
            return level, share
        low, high = np.minimum(left[rest], right[rest]), np.maximum(left[rest], right[rest])
        pairs, back = np.unique(low.astype(np.int64) << 32 | high, return_inverse=True)
        x, y = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
        got = _COMPARE[values.column.compare](values, x, y)
        common = np.maximum(self.shares[k][x], self.shares[k][y])
        if values.column.compare == "text":
            self._of_words(k, x, y, got, common)
        level[rest], share[rest] = got[back], common[back]
        return level, share

    def _of_words(self, k: int, x: Codes, y: Codes, level: Levels, common: Floats) -> None:
        """How common the words are that two texts share."""
        values, words, bags = self.records.columns[k], self.word_shares[k], self.bag_shares[k]
        assert words is not None  # noqa: S101 - texts have words
        assert bags is not None  # noqa: S101
        order = level == ORDER
        common[order] = np.maximum(bags[x], bags[y])[order]
        at = np.flatnonzero((level == PART) | (level == TOKEN))
        if not len(at):
            return
        left, right = values.words[x[at]], values.words[y[at]]
        product = np.ones(len(at), dtype=np.float32)
        for p in range(left.shape[1]):
            hit = (left[:, p] >= 0) & (left[:, [p]] == right).any(axis=1)
            product[hit] *= words[left[hit, p]]
        # an initial says as much as its letter is rare: a twentieth or so
        common[at] = np.where(product == 1.0, np.float32(0.06), np.maximum(product, common[at] * 0))

    def _exchanged(self, a: Rows, b: Rows, levels: Levels, share: Floats) -> None:
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
        cross = [_same_text(given, family, ga, sb), _same_text(given, family, gb, sa)]
        hit = (cross[0] | open_[0]) & (cross[1] | open_[1]) & (cross[0] | cross[1])
        common = np.ones(len(worse), dtype=np.float32)
        for crossed, x, y in ((cross[0], ga, sb), (cross[1], gb, sa)):
            either = np.maximum(self.shares[g][x], self.shares[s][y])
            common = np.where(crossed, common * either, common)
        at = worse[hit]
        share[at, g] = common[hit]
        levels[at, g], levels[at, s] = SWAPPED, 0


def _same_text(given: Values, family: Values, one: Codes, two: Codes) -> Flags:
    """Whether a given name and a surname are one word, but for a slip."""
    pairs, back = np.unique(one.astype(np.int64) << 32 | two, return_inverse=True)
    x, y = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
    apart = np.abs(given.size[x] - family.size[y])
    worth = np.flatnonzero(
        (np.bitwise_count(given.letters[x] ^ family.letters[y]) <= 4) & (apart <= 1) & (given.size[x] > 0)
    )
    same = np.zeros(len(x), dtype=np.bool_)
    if len(worth):
        distance = cpdist(
            given.text[x[worth]].tolist(),
            family.text[y[worth]].tolist(),
            scorer=OSA.distance,
            score_cutoff=1,
            dtype=np.int32,
        )
        same[worth] = (distance == 0) | (distance == 1) & (given.size[x[worth]] >= _SHORT)
    return same[back]


def _text(values: Values, x: Codes, y: Codes) -> Levels:
    level = np.full(len(x), DIFFERS, dtype=np.uint8)
    words_x, words_y = values.words[x], values.words[y]
    matched = np.zeros(len(x), dtype=np.int32)
    for p in range(words_x.shape[1]):
        matched += (words_x[:, p] >= 0) & (words_x[:, [p]] == words_y).any(axis=1)
    level[matched > 0] = TOKEN
    level[values.sounds[x] == values.sounds[y]] = SOUND
    _fuzzy(values, x, y, level)
    fewer = np.minimum(values.count[x], values.count[y])
    part = (matched >= fewer) & (values.count[x] != values.count[y])
    part |= _begins(values, x, y)
    level[part & (level > SLIP)] = PART
    level[(values.bag[x] == values.bag[y]) | (values.joined[x] == values.joined[y])] = ORDER
    return level


def _fuzzy(values: Values, x: Codes, y: Codes, level: Levels) -> None:
    """Slips and likeness, where the letters two values have allow it."""
    small, large = np.minimum(values.size[x], values.size[y]), np.maximum(values.size[x], values.size[y])
    both = np.bitwise_count(values.letters[x] & values.letters[y])
    either = np.bitwise_count(values.letters[x] | values.letters[y])
    worth = np.flatnonzero((small >= 2) & (2 * small >= large) & (both * 2 >= either - 1))
    if not len(worth):
        return
    texts = values.text[x[worth]].tolist(), values.text[y[worth]].tolist()
    distance = cpdist(*texts, scorer=OSA.distance, score_cutoff=3, dtype=np.int32)
    alike = cpdist(*texts, scorer=JaroWinkler.similarity, score_cutoff=_NEAR, dtype=np.float32)
    several = np.flatnonzero((values.count[x[worth]] > 1) & (values.count[y[worth]] > 1) & (distance > 1))
    if len(several):
        at = worth[several]
        ordered = values.sorted_text[x[at]].tolist(), values.sorted_text[y[at]].tolist()
        alike[several] = np.maximum(
            alike[several], cpdist(*ordered, scorer=JaroWinkler.similarity, score_cutoff=_NEAR, dtype=np.float32)
        )
    near = (alike >= _NEAR) | (distance <= 2) & (small[worth] >= 6) | (distance <= 3) & (small[worth] >= 12)
    slip = (distance == 1) & (small[worth] >= _SHORT - 1) | (distance == 2) & (small[worth] >= _LONG + 1)
    level[worth[near]] = NEAR
    level[worth[slip]] = SLIP


def _begins(values: Values, x: Codes, y: Codes) -> Flags:
    """One is the initial or the beginning of the other."""
    small = np.minimum(values.size[x], values.size[y])
    first = values.first
    got: Flags = (first[x] == first[y]) & (small == 1)
    worth = np.flatnonzero((first[x] == first[y]) & (small >= 3) & (values.size[x] != values.size[y]))
    if len(worth):
        longer = values.size[x[worth]] > values.size[y[worth]]
        long_ = values.text[np.where(longer, x[worth], y[worth])].tolist()
        short = values.text[np.where(longer, y[worth], x[worth])].tolist()
        got[worth] = [one.startswith(two) for one, two in zip(long_, short, strict=True)]
    return got


def _date(values: Values, x: Codes, y: Codes) -> Levels:
    digits = values.digits
    left, right = digits[x], digits[y]
    known = (left >= 0) & (right >= 0)
    apart = ((left != right) & known).sum(axis=1)
    full = known.all(axis=1)
    parts = [(known[:, s].any(axis=1), ((left == right) | ~known)[:, s].all(axis=1)) for s in _PARTS]
    agreed = sum((k & e).astype(np.int8) for k, e in parts)
    level = np.full(len(x), D_DIFFERS, dtype=np.uint8)
    level[parts[0][0] & parts[0][1]] = D_YEAR
    neighbours = np.zeros(len(x), dtype=np.bool_)
    for p in range(7):
        others = np.delete(left != right, [p, p + 1], axis=1).any(axis=1)
        neighbours |= ~others & (left[:, p] == right[:, p + 1]) & (left[:, p + 1] == right[:, p])
    level[(apart == 2) & (known.sum(axis=1) >= 6)] = D_SLIPS
    level[agreed == 2] = D_PARTS
    level[full & ((apart == 1) | neighbours)] = D_SLIP
    turned = (left[:, 4:6] == right[:, 6:8]).all(axis=1) & (left[:, 6:8] == right[:, 4:6]).all(axis=1)
    level[full & parts[0][1] & turned] = D_SWAPPED
    nothing = ~known.any(axis=1)
    level[~full & (apart == 0)] = D_YEAR
    level[~full & (apart == 0) & (agreed >= 2)] = D_PARTS
    level[nothing] = 0
    return level


_PARTS: Final = (slice(0, 4), slice(4, 6), slice(6, 8))


def _code(values: Values, x: Codes, y: Codes) -> Levels:
    level = np.full(len(x), C_DIFFERS, dtype=np.uint8)
    small, large = np.minimum(values.size[x], values.size[y]), np.maximum(values.size[x], values.size[y])
    worth = np.flatnonzero((large - small <= 2) & (np.bitwise_count(values.letters[x] ^ values.letters[y]) <= 4))
    if len(worth):
        texts = values.text[x[worth]].tolist(), values.text[y[worth]].tolist()
        distance = cpdist(*texts, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
        level[worth[(distance == 2) & (small[worth] >= _SHORT)]] = C_SLIPS
        level[worth[(distance == 1) & (large[worth] >= 2)]] = C_SLIP
    level[(values.joined[x] == values.joined[y])] = C_SLIP
    level[_begins(values, x, y) & (level > C_SLIPS) & (small >= 3)] = C_PART
    return level


def _key(values: Values, x: Codes, y: Codes) -> Levels:  # noqa: ARG001 - of the shape of the others
    return np.full(len(x), 2, dtype=np.uint8)


_COMPARE: Final[dict[str, Callable[[Values, Codes, Codes], Levels]]] = {
    "text": _text, "date": _date, "code": _code, "number": _code, "key": _key,
}  # fmt: skip
assert set(_COMPARE) == set(LEVELS)  # noqa: S101
