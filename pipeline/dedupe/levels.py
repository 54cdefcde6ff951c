"""What each column of two records says: levels of agreement, as small integers.

Belongs here: from values and pairs to levels, and how rare is what both have. Not here: what a level weighs
(:mod:`.model`), which pairs are worth it (:mod:`.sieve`). Level 0 says nothing; the others are in the order of
:data:`pipeline.dedupe.card.LEVELS`.

What costs is the making of Python strings. Columns of few values are compared once, value by value; dates and numbers
as packed digits; of texts first the words, as codes, and only then what is left, as strings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from pipeline.dedupe.card import LEVELS
from pipeline.dedupe.values import WORDS, Codes, Floats, Packed, Records, Rows, Values
from pipeline.resolve import digits

Levels = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

EQUAL: Final = 1
(ORDER, SLIP, PART, MOST, NEAR, SWAPPED, SOUND, TOKEN, DIFFERS) = range(2, 11)
D_SWAPPED, D_SLIP, D_PARTS, D_SLIPS, D_YEAR, D_DIFFERS = range(2, 8)
C_SLIP, C_SLIPS, C_PART, C_DIFFERS = range(2, 6)
RARITY: Final = 8
"""Steps of rarity a bit: a value that a share of 2 ** -r of all have is of rarity RARITY * r."""
_NEAR: Final = 0.87
_MATCHED: Final = 3 * (_NEAR - 0.4) / 0.6 - 1 - 1e-6
"""Of two texts nearly alike, the least sum of the shares of letters that match, beginning with the same four."""
_FARTHEST: Final = 3
_MOSTLY: Final = 0.6
"""Of two texts, the share of what the lesser says that both have in common."""
_SHORT: Final = 4
_LONG: Final = 8
_MOST_APART: Final = 4
INITIAL: Final = 0.06  # an initial says as much as its letter is rare: a twentieth or so
_FEW_VALUES: Final = 1000
_SOME_VALUES: Final = 30_000
THREADS: Final = 2
PIECE: Final = 250_000


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


def in_pieces(work: Callable[[Rows, Rows], Compared], a: Rows, b: Rows) -> Iterator[Compared]:
    """Work on pairs in pieces of bounded memory, several at a time, the results in order; at least one piece."""
    cuts = [slice(i, i + PIECE) for i in range(0, max(len(a), 1), PIECE)]
    if len(cuts) == 1:
        yield work(a, b)
        return
    with ThreadPoolExecutor(THREADS) as pool:
        for i in range(0, len(cuts), THREADS):
            yield from pool.map(lambda cut: work(a[cut], b[cut]), cuts[i : i + THREADS])


class Comparer:
    """Compares pairs of records of one list; ``weight`` counts each record among the shares."""

    def __init__(self, records: Records, weight: npt.NDArray[np.float64]) -> None:
        self.records = records
        self.swaps = self._swaps()
        self.tables = [_table(v, len(records)) for v in records.columns]
        self.count(weight)

    def is_dear(self, k: int) -> bool:
        """Whether comparing a column needs words or strings."""
        values = self.records.columns[k]
        return self.tables[k] is None and values.column.compare == "text"

    def count(self, weight: npt.NDArray[np.float64], *, others: bool = False) -> None:
        """Count shares anew; ``others``: the weights count persons, see :meth:`Values.shares`."""
        self.shares = [v.shares(weight, others=others) for v in self.records.columns]
        self.rarities = [rarity(s) for s in self.shares]
        self.word_bits: dict[int, Floats] = {}
        self.after_bits: dict[int, Floats] = {}
        self.bag_rarities: dict[int, Levels] = {}
        for k, v in enumerate(self.records.columns):
            if v.column.compare == "text":
                share = self.shares[k]
                self.word_bits[k] = -np.log2(np.maximum(v.word_shares(share), 2.0**-31)).astype(np.float32)
                self.after_bits[k] = v.after_bits(share, self.word_bits[k], len(self.records))
                self.bag_rarities[k] = rarity(np.bincount(v.bag, weights=share)[v.bag])

    def _swaps(self) -> tuple[int, int] | None:
        given, family = self.records.find("given_name"), self.records.find("surname")
        return (given[0], family[0]) if given and family else None

    def compare(self, a: Rows, b: Rows) -> Compared:
        """Levels of all columns for pairs of records."""
        return Compared.concat(list(in_pieces(self._compare, a, b)))

    def _compare(self, a: Rows, b: Rows) -> Compared:
        levels = np.zeros((len(a), len(self.records.columns)), dtype=np.uint8)
        for k, values in enumerate(self.records.columns):
            levels[:, k] = self.level(k, values.code[a], values.code[b])
        return self.finished(a, b, levels)

    def finished(self, a: Rows, b: Rows, levels: Levels) -> Compared:
        """Compared pairs from the levels of the single columns."""
        rare = np.zeros(levels.shape, dtype=np.uint8)
        for k, values in enumerate(self.records.columns):
            rare[:, k] = self.rare(k, values.code[a], values.code[b], levels[:, k])
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
        for place, (word, hit) in enumerate(_shared_words(values, x, y)):
            said = np.where(before, after[x, place], bits[word]) if place else bits[word]
            total += np.where(hit, said, 0)
            shared += hit
            before = hit
        # strangers have so many chances to share just so many words
        total -= _WAYS[np.maximum(values.count[x], values.count[y]), shared]
        total[shared == 0] = -np.log2(INITIAL)
        got: Levels = np.clip(np.round(total * RARITY), 0, 255).astype(np.uint8)
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
        cross = [_same_text(given, family, ga, sb), _same_text(given, family, gb, sa)]
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
    if n > _FEW_VALUES or n * n > 8 * records or values.column.compare == "key":
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


def _same_text(given: Values, family: Values, one: Codes, two: Codes) -> Flags:
    """Whether a given name and a surname are one word, but for a slip."""
    pairs, back = np.unique(one.astype(np.int64) << 32 | two.astype(np.int64) & 0xFFFFFFFF, return_inverse=True)
    x, y = (pairs >> 32).astype(np.int32), pairs.astype(np.int32)
    apart = np.abs(given.size[x] - family.size[y])
    worth = np.flatnonzero(
        (np.bitwise_count(given.letters[x] ^ family.letters[y]) <= 4) & (apart <= 1) & (given.size[x] > 0)
    )
    same = np.zeros(len(x), dtype=np.bool_)
    if len(worth):
        texts = given.texts(x[worth]), family.texts(y[worth])
        distance = cpdist(*texts, scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
        same[worth] = (distance == 0) | (distance == 1) & (given.size[x[worth]] >= _SHORT)
    got: Flags = same[back.reshape(-1)]
    return got


def _text(values: Values, x: Codes, y: Codes) -> Levels:
    level = text_by_words(values, x, y)
    text_by_letters(values, x, y, level)
    return level


def _shared_words(values: Values, x: Codes, y: Codes) -> Iterator[tuple[Codes, Flags]]:
    """Each word of the left texts, place by place, and whether the right text has it; -1 is no word and never shared.

    Column against column: a comparison of whole columns is several times faster than one along short rows.
    """
    left, right = (np.ascontiguousarray(values.words[r].T) for r in (x, y))
    for word in left:
        hit = word == right[0]
        for other in right[1:]:
            hit |= word == other
        hit &= word >= 0
        yield word, hit


def text_by_words(values: Values, x: Codes, y: Codes) -> Levels:
    """Levels of different texts as far as their words say."""
    level = np.full(len(x), DIFFERS, dtype=np.uint8)
    matched, said = np.zeros(len(x), dtype=np.int32), np.zeros(len(x), dtype=np.float32)
    for word, hit in _shared_words(values, x, y):
        matched += hit
        said += np.where(hit, values.told[word], 0)
    level[matched > 0] = TOKEN
    level[values.sounds[x] == values.sounds[y]] = SOUND
    most = (matched > 0) & (said >= _MOSTLY * np.minimum(values.tells[x], values.tells[y]))
    level[most] = MOST
    fewer = np.minimum(values.count[x], values.count[y])
    part = (matched >= fewer) & (values.count[x] != values.count[y])
    part |= (values.first[x] == values.first[y]) & (np.minimum(values.size[x], values.size[y]) == 1)
    level[part] = PART
    level[(values.bag[x] == values.bag[y]) | (values.joined[x] == values.joined[y])] = ORDER
    return level


def maybe_alike(values: Values, x: Codes, y: Codes) -> Flags:
    """Whether the letters two values have allow that they are nearly one."""
    left_size, right_size = values.size[x], values.size[y]
    small, large = np.minimum(left_size, right_size), np.maximum(left_size, right_size)
    left, right = values.letters[x], values.letters[y]
    common = left & right
    both, either = np.bitwise_count(common), np.bitwise_count(left | right)
    got: Flags = (small >= 2) & (2 * small >= large) & (both * 2 >= either.astype(np.int16) - 1)
    # letters that only one has can be neither matched nor left as they are: bounds on distance and likeness
    lonely_left, lonely_right = (np.bitwise_count(m ^ common).astype(np.int32) for m in (left, right))
    few = (np.maximum(lonely_left, lonely_right) <= _FARTHEST) & (large - small <= _FARTHEST)
    most = np.minimum(left_size - lonely_left, right_size - lonely_right)
    got &= few | (most * (left_size + right_size) >= _MATCHED * (left_size * right_size))
    return got


def text_by_letters(values: Values, x: Codes, y: Codes, level: Levels) -> None:
    """Slips, likeness and beginnings, which need strings: levels better than those of the words."""
    worth = np.flatnonzero(level > SLIP)
    worth = worth[maybe_alike(values, x[worth], y[worth])]
    if len(worth):
        small = np.minimum(values.size[x[worth]], values.size[y[worth]])
        texts = values.texts(x[worth]), values.texts(y[worth])
        distance = cpdist(*texts, scorer=OSA.distance, score_cutoff=_FARTHEST, dtype=np.uint8)
        slip = (distance == 1) & (small >= _SHORT - 1) | (distance == 2) & (small >= _LONG + 1)
        near = (distance <= 2) & (small >= 6) | (distance <= 3) & (small >= 12)
        del texts
        # the dearer likeness only where nothing better is known
        open_ = np.flatnonzero(~near & ~slip & (level[worth] > NEAR))
        at = worth[open_]
        near[open_] = _like(values.texts(x[at]), values.texts(y[at]))
        open_ = open_[~near[open_]]
        at = worth[open_]
        several = (values.count[x[at]] > 1) & (values.count[y[at]] > 1)
        open_, at = open_[several], at[several]
        near[open_] = _like(values.in_order[x[at]].tolist(), values.in_order[y[at]].tolist())
        at = worth[near]
        level[at] = np.minimum(level[at], NEAR)
        at = worth[slip]
        level[at] = np.minimum(level[at], SLIP)
    rest = np.flatnonzero(level > PART)
    level[rest[_begins(values, x[rest], y[rest])]] = PART


def _like(left: list[str], right: list[str]) -> Flags:
    """Texts that are alike from the beginning on."""
    got: Flags = (
        cpdist(left, right, scorer=JaroWinkler.similarity, score_cutoff=_NEAR, dtype=np.float32) >= _NEAR
        if left
        else np.zeros(0, np.bool_)
    )
    return got


def _begins(values: Values, x: Codes, y: Codes) -> Flags:
    """One is the initial or the beginning of the other."""
    small = np.minimum(values.size[x], values.size[y])
    first = values.first
    same = first[x] == first[y]
    got: Flags = same & (small == 1)
    fewer = (values.letters[x] & ~values.letters[y] == 0) | (values.letters[y] & ~values.letters[x] == 0)
    worth = np.flatnonzero(same & fewer & (small >= 3) & (values.size[x] != values.size[y]))
    if len(worth):
        longer = values.size[x[worth]] > values.size[y[worth]]
        long_ = values.texts(np.where(longer, x[worth], y[worth]))
        short = values.texts(np.where(longer, y[worth], x[worth]))
        got[worth] = [one.startswith(two) for one, two in zip(long_, short, strict=True)]
    return got


_PARTS: Final = (np.uint64(0xFFFF0000), np.uint64(0xFF00), np.uint64(0xFF))
_WHOLE: Final = np.uint64(0xFFFFFFFF)


def _date(values: Values, x: Codes, y: Codes) -> Levels:
    packed, mask = values.dates
    left, right, known = packed[x], packed[y], mask[x] & mask[y]
    seen = np.bitwise_count(known) // 4
    other = (left ^ right) & known
    apart = digits.differing(left, right, known)
    full = known == _WHOLE
    parts = [(known & part != 0) & (other & part == 0) for part in _PARTS]
    agreed = sum(p.astype(np.int8) for p in parts)
    level = np.full(len(x), D_DIFFERS, dtype=np.uint8)
    level[parts[0]] = D_YEAR
    level[(apart == 2) & (seen >= 6)] = D_SLIPS
    level[agreed == 2] = D_PARTS
    level[full & ((apart == 1) | digits.swapped(left, right))] = D_SLIP
    eight = np.uint64(8)
    turned = left & np.uint64(0xFFFF) == (right & np.uint64(0xFF)) << eight | (right & np.uint64(0xFF00)) >> eight
    level[full & parts[0] & turned] = D_SWAPPED
    level[~full & (apart == 0)] = D_YEAR
    level[~full & (apart == 0) & (agreed >= 2)] = D_PARTS
    level[seen == 0] = 0
    return level


_HIGH: Final = np.uint64(0x8080808080808080)
_LOW: Final = np.uint64(0x7F7F7F7F7F7F7F7F)


def bytes_apart(one: Packed) -> npt.NDArray[np.uint8]:
    """Number of bytes that are not zero."""
    got: npt.NDArray[np.uint8] = np.bitwise_count(((one & _LOW) + _LOW | one) & _HIGH)
    return got


def _code(values: Values, x: Codes, y: Codes) -> Levels:
    level = np.full(len(x), C_DIFFERS, dtype=np.uint8)
    high, low, plain = values.packed
    # in numbers of one length: a digit or two, else neighbours exchanged, which leaves the letters as they are
    apart = bytes_apart(high[x] ^ high[y]) + bytes_apart(low[x] ^ low[y])
    even = (values.size[x] == values.size[y]) & plain[x] & plain[y]
    rest = np.flatnonzero(~even | (apart <= _MOST_APART))
    level[rest] = _code_near(values, x[rest], y[rest], apart[rest], even[rest])
    return level


def _code_near(values: Values, x: Codes, y: Codes, apart: npt.NDArray[np.uint8], even: Flags) -> Levels:
    level = np.full(len(x), C_DIFFERS, dtype=np.uint8)
    small, large = np.minimum(values.size[x], values.size[y]), np.maximum(values.size[x], values.size[y])
    level[even & (apart == 2) & (small >= _SHORT)] = C_SLIPS
    level[even & (apart == 1) & (large >= 2)] = C_SLIP
    letters = np.bitwise_count(values.letters[x] ^ values.letters[y])
    open_ = (large - small <= 2) & (letters <= 4)
    worth = np.flatnonzero(open_ & (~even | (apart == 2) & (letters == 0) | (apart > 2)))
    if len(worth):
        texts = values.texts(x[worth]), values.texts(y[worth])
        distance = cpdist(*texts, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
        level[worth[(distance == 2) & (small[worth] >= _SHORT)]] = C_SLIPS
        level[worth[(distance == 1) & (large[worth] >= 2)]] = C_SLIP
    level[(values.joined[x] == values.joined[y])] = C_SLIP
    rest = np.flatnonzero((level > C_SLIPS) & (small >= 3) & (small != large))
    level[rest[_begins(values, x[rest], y[rest])]] = C_PART
    return level


def _key(values: Values, x: Codes, y: Codes) -> Levels:  # noqa: ARG001 - of the shape of the others
    return np.full(len(x), 2, dtype=np.uint8)


_COMPARE: Final[dict[str, Callable[[Values, Codes, Codes], Levels]]] = {
    "text": _text, "date": _date, "code": _code, "number": _code, "key": _key,
}  # fmt: skip
assert set(_COMPARE) == set(LEVELS)  # noqa: S101
