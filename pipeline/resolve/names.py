"""Names: folding of spellings, and what two names say about being one person's.

Belongs here: the table of distinct names of a run, and the comparison of pairs of distinct names part by part. Not
here: which pairs are compared (:mod:`.blocking`), how a name weighs beside other columns (:mod:`.model`).

Everything is done on distinct values: a province has two million rows, a few hundred thousand names and some ten
thousand parts of names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from pipeline.resolve.settings import NameWeights
from pipeline.resolve.words import LONG, Words, letter_bits
from pipeline.rulebook import Card, read_yaml

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

PARTS: Final = 6
"""Parts of a name that are compared; longer names are cut."""

_CHUNK: Final = 400_000
_NEAREST: Final = [(p, q) for p in range(PARTS) for q in sorted(range(PARTS), key=lambda q: (abs(q - p), q))]
"""Places of parts in the order in which they are matched."""


class NameLevel(IntEnum):
    """How far two names agree, from no statement to none in common."""

    UNKNOWN = 0
    EXACT = 1
    SPELLING = 2
    PARTS_MISSING = 3
    TYPO = 4
    REORDERED = 5
    FIRST_ONLY = 6
    SOME_PART = 7
    DIFFERENT = 8


class Spelling(Card):
    """``rules/reference/spelling.yaml``."""

    since: date
    note: str
    rules: tuple[dict[str, str], ...]
    fold_double_letters: bool
    parts: dict[str, tuple[str, ...]]
    dropped: tuple[str, ...]


def read_spelling(rules: Path) -> Spelling:
    """The folding rules; :class:`~pipeline.errors.RulesError` names the line of a mistake."""
    return read_yaml(rules / "reference" / "spelling.yaml", Spelling)


def fold(parts: pl.Series, spelling: Spelling) -> pl.Series:
    """Parts of names brought to one spelling; parts that say nothing become empty."""
    short = {form: full for full, forms in spelling.parts.items() for form in forms}
    folded = parts.str.to_uppercase()
    folded = folded.replace(dict.fromkeys(spelling.dropped, "")).replace(short)
    # a single letter is an initial, not a spelling: M. may be MUHAMAD or MARNI
    initial = folded.str.len_chars() == 1
    whole = folded
    for rule in spelling.rules:
        whole = whole.str.replace_all(rule["from"], rule["to"].replace("$1", "${1}"))
    if spelling.fold_double_letters:
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            whole = whole.str.replace_all(f"{letter}{letter}+", letter)
    return folded.zip_with(initial, whole)


@dataclass(frozen=True)
class Names:
    """The distinct names of a run.

    Attributes:
        text: names, sorted; a mention refers to a name by its position.
        parts: codes of folded parts in the order written, -1 where there is none; shape (names, PARTS).
        written: the same of the parts as written.
        vocabulary, written_vocabulary: the parts by code.
        part_share: share of mentions with each folded part.
        name_share: share of mentions with each name (all spellings that fold alike counted together).
        joined: code of the folded name without blanks: NUR AIN and NURAIN are equal here.
        bag: code of the folded parts in sorted order: equal for names that differ in order only.
        joined_text: folded names without blanks, by the code in ``joined``.
    """

    text: pl.Series
    parts: Ints
    written: Ints
    vocabulary: list[str]
    written_vocabulary: list[str]
    part_share: Floats
    name_share: Floats
    joined: Ints
    bag: Ints
    joined_text: list[str]

    @cached_property
    def words(self) -> Words:
        """The folded parts, ready for comparison."""
        return Words(self.vocabulary)

    @cached_property
    def letters(self) -> Ints:
        """How many letters each folded part has."""
        return np.fromiter(map(len, self.vocabulary), np.int32, len(self.vocabulary))

    @cached_property
    def written_words(self) -> Words:
        """The parts as written, ready for comparison."""
        return Words(self.written_vocabulary)

    @cached_property
    def count(self) -> Ints:
        """Number of parts of each name."""
        got: Ints = (self.parts >= 0).sum(axis=1).astype(np.int32)
        return got

    @cached_property
    def joined_words(self) -> tuple[npt.NDArray[np.object_], Ints, npt.NDArray[np.uint64]]:
        """Folded names without blanks: text, size, letters."""
        size = np.fromiter(map(len, self.joined_text), np.int32, len(self.joined_text))
        return np.array(self.joined_text, dtype=object), size, letter_bits(self.joined_text)


def distinct_names(column: pl.Series, spelling: Spelling) -> tuple[Names, Ints]:
    """The table of distinct names, and for each row of ``column`` its position there (-1: no name)."""
    counted = column.drop_nulls().value_counts(name="n").sort(column.name)
    text = counted[column.name]
    share = (counted["n"] / max(int(counted["n"].sum()), 1)).to_numpy().astype(np.float32)
    position = (
        pl.DataFrame({"name": column})
        .join(
            pl.DataFrame({"name": text, "i": np.arange(len(text), dtype=np.int32)}),
            on="name",
            how="left",
            maintain_order="left",
        )["i"]
        .fill_null(-1)
        .to_numpy()
        .astype(np.int32)
    )
    long = (
        pl.DataFrame({"i": np.arange(len(text), dtype=np.int32), "part": text.str.split(" ")})
        .explode("part", empty_as_null=True)
        .filter(pl.col("part").is_not_null() & (pl.col("part") != ""))
    )
    known = long["part"].unique().sort()
    folded = pl.DataFrame({"part": known, "folded": fold(known, spelling)})
    long = long.join(folded, on="part", how="left", maintain_order="left").filter(pl.col("folded") != "")
    vocabulary = long["folded"].unique().sort()
    codes = pl.DataFrame({"folded": vocabulary, "code": np.arange(len(vocabulary), dtype=np.int32)})
    long = long.join(codes, on="folded", how="left", maintain_order="left").with_columns(
        pl.int_range(pl.len()).over("i").alias("at")
    )
    long = long.filter(pl.col("at") < PARTS)
    raw = pl.DataFrame({"part": known, "raw": np.arange(len(known), dtype=np.int32)})
    long = long.join(raw, on="part", how="left", maintain_order="left")
    parts = np.full((len(text), PARTS), -1, dtype=np.int32)
    written = parts.copy()
    written[long["i"].to_numpy(), long["at"].to_numpy()] = long["raw"].to_numpy()
    parts[long["i"].to_numpy(), long["at"].to_numpy()] = long["code"].to_numpy()
    part_share = np.zeros(len(vocabulary), dtype=np.float64)
    once = long.unique(["i", "code"])
    np.add.at(part_share, once["code"].to_numpy(), share[once["i"].to_numpy()].astype(np.float64))
    joined, joined_text = _joined(parts, vocabulary)
    bag = _codes_of_rows(np.sort(parts, axis=1))
    bag_share = np.bincount(bag, weights=share) if len(bag) else np.zeros(0)
    return (
        Names(
            text,
            parts,
            written,
            vocabulary.to_list(),
            known.to_list(),
            part_share.astype(np.float32),
            bag_share[bag].astype(np.float32),
            joined,
            bag,
            joined_text,
        ),
        position,
    )


def _codes_of_rows(rows: Ints) -> Ints:
    if not len(rows):
        return np.zeros(0, dtype=np.int32)
    return np.unique(rows, axis=0, return_inverse=True)[1].astype(np.int32).reshape(-1)


def _joined(parts: Ints, vocabulary: pl.Series) -> tuple[Ints, list[str]]:
    words = pl.concat([vocabulary, pl.Series([""], dtype=pl.String)])
    if not len(parts):
        return np.zeros(0, dtype=np.int32), []
    columns = {f"p{k}": words.gather(np.where(parts[:, k] < 0, len(vocabulary), parts[:, k])) for k in range(PARTS)}
    text = pl.DataFrame(columns).select(pl.concat_str(pl.all()).alias("joined"))["joined"]
    distinct = text.unique().sort()
    at = pl.DataFrame({"joined": text}).join(
        pl.DataFrame({"joined": distinct, "i": np.arange(len(distinct), dtype=np.int32)}),
        on="joined",
        how="left",
        maintain_order="left",
    )["i"]
    return at.to_numpy().astype(np.int32), distinct.to_list()


@dataclass(frozen=True)
class NameComparison:
    """What pairs of distinct names say; one entry a pair.

    Attributes:
        level: :class:`NameLevel`.
        stranger: log2 of the Bayes factor against two people who have nothing to do with each other.
        relative: the same against two members of one family, who often share the family name.
    """

    level: npt.NDArray[np.uint8]
    stranger: Floats
    relative: Floats


def compare_names(names: Names, left: Ints, right: Ints, weights: NameWeights) -> NameComparison:
    """Compare pairs of names given by their positions; -1 (no name) says nothing."""
    n = len(left)
    level = np.zeros(n, dtype=np.uint8)
    stranger = np.zeros(n, dtype=np.float32)
    relative = np.zeros(n, dtype=np.float32)
    known = (left >= 0) & (right >= 0)
    low, high = np.minimum(left, right)[known], np.maximum(left, right)[known]
    pairs, back = np.unique(low.astype(np.int64) << 32 | high, return_inverse=True)
    a, b = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
    got = [_compare(names, a[i : i + _CHUNK], b[i : i + _CHUNK], weights) for i in range(0, len(a), _CHUNK)]
    if got:
        level[known] = np.concatenate([g.level for g in got])[back]
        stranger[known] = np.concatenate([g.stranger for g in got])[back]
        relative[known] = np.concatenate([g.relative for g in got])[back]
    return NameComparison(level, stranger, relative)


def _compare(names: Names, a: Ints, b: Ints, weights: NameWeights) -> NameComparison:
    same_text = a == b
    same_joined = names.joined[a] == names.joined[b]
    kin = _Alignment(names, a, b, weights)
    kin.match_equal()
    kin.match_alike()
    # blanks left out or put in; of two slips in a short name that has as many parts, the parts know better
    near = kin.joined_near(names.joined[a], names.joined[b])
    some_a, some_b = kin.left_a.any(axis=0), kin.left_b.any(axis=0)
    both_left, one_left = some_a & some_b, some_a ^ some_b
    some = kin.matched > 0

    level = np.full(len(a), NameLevel.DIFFERENT, dtype=np.uint8)
    level[some] = NameLevel.SOME_PART
    level[some & kin.first] = NameLevel.FIRST_ONLY
    level[some & ~both_left & one_left] = NameLevel.PARTS_MISSING
    level[some & ~both_left & ~one_left] = NameLevel.TYPO
    level[near] = NameLevel.TYPO
    level[(names.bag[a] == names.bag[b])] = NameLevel.REORDERED
    level[same_joined] = NameLevel.SPELLING
    level[same_text] = NameLevel.EXACT

    whole = -np.log2(np.maximum(np.maximum(names.name_share[a], names.name_share[b]), 1e-9))
    whole_equal = same_joined | (names.bag[a] == names.bag[b])
    equal_bits = np.minimum(kin.all_bits(), whole)
    stranger = kin.stranger.copy()
    stranger[whole_equal] = equal_bits[whole_equal]
    nearly = near & ~whole_equal
    stranger[nearly] = np.maximum(stranger, np.minimum(kin.all_bits(), whole) + weights.typo)[nearly]
    relative = kin.relative.copy()
    relative[whole_equal] = weights.relative_exact
    relative[nearly] = np.maximum(relative, weights.relative_typo)[nearly]
    for at, extra in (
        (NameLevel.EXACT, weights.exact),
        (NameLevel.SPELLING, weights.spelling),
        (NameLevel.REORDERED, weights.reordered),
    ):
        here = level == at
        stranger[here] += extra
        relative[here] += extra
    floor = weights.different
    return NameComparison(level, np.maximum(stranger, floor), np.maximum(relative, floor))


@dataclass(frozen=True)
class PartEvents:
    """What became of the parts of two names, counted; one entry a pair.

    Attributes:
        places: parts of the shorter name: so many could agree.
        short: one a short form or initial of the other; slips: a typing slip apart; clash: unlike.
        lost: parts that the longer name has beyond the shorter.
        first_clash: whether the first parts are unlike.
    """

    places: Ints
    short: Ints
    slips: Ints
    clash: Ints
    lost: Ints
    first_clash: Flags


def part_events(names: Names, left: Ints, right: Ints, weights: NameWeights) -> PartEvents:
    """Count what :func:`compare_names` weighs, to learn the weights from; both names must be known."""
    made = []
    for i in range(0, max(len(left), 1), _CHUNK):
        one = _Alignment(names, left[i : i + _CHUNK], right[i : i + _CHUNK], weights)
        one.match_equal()
        one.match_alike()
        made.append((np.minimum(one.na, one.nb), one.short, one.slips, one.clash, one.lost, one.first_clash))
    return PartEvents(*(np.concatenate([m[k] for m in made]) for k in range(6)))


class _Alignment:
    """Which parts of two names belong together; state is arrays over the pairs of a chunk, of parts one row each."""

    def __init__(self, names: Names, a: Ints, b: Ints, weights: NameWeights) -> None:
        self.names, self.w = names, weights
        self.pa, self.pb, self.wa, self.wb = (
            np.ascontiguousarray(parts[side].T) for parts in (names.parts, names.written) for side in (a, b)
        )
        self.na, self.nb = names.count[a], names.count[b]
        self.left_a, self.left_b = self.pa >= 0, self.pb >= 0
        n = len(a)
        self.stranger = np.zeros(n, dtype=np.float32)
        self.relative = np.zeros(n, dtype=np.float32)
        self.matched = np.zeros(n, dtype=np.int32)
        self.first = np.zeros(n, dtype=np.bool_)
        self.short, self.slips, self.clash, self.lost = (np.zeros(n, dtype=np.int32) for _ in range(4))
        self.first_clash = np.zeros(n, dtype=np.bool_)
        self.bits = np.concatenate(
            [np.clip(-np.log2(np.maximum(names.part_share, 1e-9)), 0, weights.part_cap), [0.0]]
        ).astype(np.float32)
        self.share = np.concatenate([names.part_share, [0.0]]).astype(np.float32)

    def all_bits(self) -> Floats:
        """Surprise of all parts of the shorter name together."""
        bits_a, bits_b = self.bits[self.pa].sum(axis=0), self.bits[self.pb].sum(axis=0)
        got: Floats = np.maximum(np.minimum(bits_a, bits_b), 1.0).astype(np.float32)
        return got

    def _take(self, at: Places, p: int, q: int, stranger: Floats, relative: Floats) -> None:
        """Part ``p`` of one and ``q`` of the other name belong together in the pairs ``at``."""
        self.left_a[p, at] = False
        self.left_b[q, at] = False
        self.matched[at] += 1
        if p == 0 and q == 0:
            self.first[at] = True
        na, nb = self.na[at], self.nb[at]
        family = (na > 1) & (nb > 1) & (p == na - 1) & (q == nb - 1)
        self.stranger[at] += stranger
        self.relative[at] += np.where(family, np.float32(0), relative)

    def match_equal(self) -> None:
        """Equal parts, in order of position."""
        for p, q in _NEAREST:
            at = np.flatnonzero(self.left_a[p] & self.left_b[q] & (self.pa[p] == self.pb[q]))
            if len(at):
                bits = self.bits[self.pa[p, at]]
                # brothers are called after one father, and rarely alike
                cap = self.w.relative_later_cap if p and q else self.w.relative_part_cap
                self._take(at, p, q, bits, np.minimum(bits, cap).astype(np.float32))

    def match_alike(self) -> None:
        """Left-over parts that are alike: initials, short forms, typing errors; then the cost of what is left."""
        for p, q in _NEAREST:
            free = np.flatnonzero(self.left_a[p] & self.left_b[q])
            if len(free):
                self._match_alike(free, p, q)
        rest_a, rest_b = self.left_a.sum(axis=0), self.left_b.sum(axis=0)
        clash = np.minimum(rest_a, rest_b)
        lost = np.maximum(rest_a, rest_b) - clash
        first = (clash > 0) & self.left_a[0] & self.left_b[0]
        self.clash, self.lost, self.first_clash = clash.astype(np.int32), lost.astype(np.int32), first
        cost = clash * self.w.part_differs + lost * self.w.part_missing + first * self.w.first_differs
        self.stranger += cost.astype(np.float32)
        self.relative += cost.astype(np.float32)

    def _match_alike(self, free: Places, p: int, q: int) -> None:
        a, b = self.pa[p, free], self.pb[q, free]
        as_written = self.names.written_words.alike(self.wa[p, free], self.wb[q, free])
        kind = np.maximum(self.names.words.alike(a, b), as_written)
        if (p == 0) != (q == 0):  # NURHAYATI L. RAHMAN is LUKMAN's daughter: the letter is her father's
            kind[(kind == 1) & (np.minimum(self.names.letters[a], self.names.letters[b]) == 1)] = 0
        on = np.flatnonzero(kind)
        a, b, kind, at = a[on], b[on], kind[on], free[on]
        typo = np.log2(self.w.typo_m / (self.share[a] + self.share[b] + self.w.typo_u))
        gain = np.where(kind == 1, self.w.initial, typo)
        self.short[at] += kind == 1
        self.slips[at] += kind == 2
        cap = min(self.w.relative_later_cap, self.w.relative_alike_cap) if p and q else self.w.relative_alike_cap
        self._take(at, p, q, gain.astype(np.float32), np.minimum(gain, cap).astype(np.float32))

    def joined_near(self, a: Ints, b: Ints) -> Flags:
        """Names that are alike as a whole though their parts are not, and not as many: NURAIN ADAM, NUR AIM ADAM."""
        text, size, signs = self.names.joined_words
        near = np.zeros(len(a), dtype=np.bool_)
        open_ = np.flatnonzero((self.left_a.any(axis=0) | self.left_b.any(axis=0)) & (a != b) & (self.na != self.nb))
        a, b = a[open_], b[open_]
        small, apart = np.minimum(size[a], size[b]), np.abs(size[a] - size[b])
        worth = np.flatnonzero((small >= LONG) & (apart <= 2) & (np.bitwise_count(signs[a] ^ signs[b]) <= 4))
        a, b, small = a[worth], b[worth], small[worth]
        distance = cpdist(text[a].tolist(), text[b].tolist(), scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
        near[open_[worth]] = (distance <= 1) | (distance <= 2) & (small >= 2 * LONG - 2)
        return near
