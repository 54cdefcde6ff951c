"""What each column of two mentions says: levels of agreement, as small integers.

Belongs here: from features and pairs to levels. Not here: what a level weighs (:mod:`.model`).

Level 0 always means that the column says nothing, because it is empty on a side or because another column has said it
already. The other levels are in the order of ``rules/identity.yaml``, counted from 1. Names are compared on distinct
values (:mod:`.names`), numbers as packed digits (:mod:`.digits`).
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from pipeline.resolve import digits
from pipeline.resolve.digits import Rows
from pipeline.resolve.features import Features, Numbers
from pipeline.resolve.names import NameLevel, compare_names
from pipeline.resolve.settings import NameWeights

Levels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

COLUMNS: Final = (
    "name", "number", "birth_date", "sex", "family_number", "place", "account", "member_number", "phone",
    "birth_place", "source",
)  # fmt: skip
"""Compared columns; the first is weighed by :mod:`.names`."""

NUMBER: Final = (
    "", "exact", "lossy", "slip_region", "slip_date", "slip_serial", "other_sex", "length",
    "last_digit", "serial", "two_slips", "differs", "partial", "borrowed",
)  # fmt: skip
BIRTH_DATE: Final = ("", "exact", "swapped", "one_part", "by_number", "year_only", "differs")
SLIP: Final = ("", "same", "slip", "differs")
SAME: Final = ("", "same", "differs")
PLACE: Final = ("", "house", "desa", "kecamatan", "differs")
SOURCE: Final = ("", "one_list", "two_lists")

(
    EXACT,
    LOSSY,
    IN_REGION,
    IN_DATE,
    IN_SERIAL,
    OTHER_SEX,
    LENGTH,
    LAST_DIGIT,
    SERIAL,
    TWO_SLIPS,
    NUMBER_DIFFERS,
    PARTIAL,
    BORROWED,
) = range(1, 14)
_ENOUGH_DIGITS: Final = 12
_SOME_DIGITS: Final = 8
_NEIGHBOURS_BORN_TOGETHER: Final = 0.5
_HEAPED: Final = ((1, 1), (1, 7), (31, 12))
PIECE: Final = 400_000
"""Pairs that are compared at a time: what bounds the memory."""


@dataclass
class Compared:
    """Levels of pairs.

    Attributes:
        a, b: rows of the pair.
        levels: one array a column of COLUMNS.
        share: share of mentions with the value agreed on, for columns whose weight depends on it (0: not so).
        name_stranger, name_relative: bits of the name comparison.
    """

    a: Rows
    b: Rows
    levels: dict[str, Levels]
    share: dict[str, Floats]
    name_stranger: Floats
    name_relative: Floats

    def __len__(self) -> int:
        return len(self.a)

    def pieces(self) -> Iterator[Compared]:
        """The pairs in pieces that fit into little memory; at least one piece."""
        for start in range(0, max(len(self), 1), PIECE):
            yield self.take(slice(start, start + PIECE))

    def take(self, at: npt.NDArray[np.generic] | slice) -> Compared:
        """Some of the pairs, by mask, position or slice."""
        return Compared(
            self.a[at],
            self.b[at],
            {k: v[at] for k, v in self.levels.items()},
            {k: v[at] for k, v in self.share.items()},
            self.name_stranger[at],
            self.name_relative[at],
        )

    @staticmethod
    def concat(pieces: list[Compared]) -> Compared:
        """Pieces one after the other (at least one)."""
        first = pieces[0]
        if len(pieces) == 1:
            return first
        return Compared(
            np.concatenate([p.a for p in pieces]),
            np.concatenate([p.b for p in pieces]),
            {k: np.concatenate([p.levels[k] for p in pieces]) for k in first.levels},
            {k: np.concatenate([p.share[k] for p in pieces]) for k in first.share},
            np.concatenate([p.name_stranger for p in pieces]),
            np.concatenate([p.name_relative for p in pieces]),
        )


def _share_of(codes: npt.NDArray[np.generic]) -> Floats:
    """Share of rows that have the same code; 0 where the code is 0."""
    _, back, counts = np.unique(codes, return_inverse=True, return_counts=True)
    share = (counts / max(len(codes), 1)).astype(np.float32)[back]
    got: Floats = np.where(codes == 0, np.float32(0), share)
    return got


class Comparer:
    """Compares pairs of one run's rows; frequencies are counted once."""

    def __init__(self, features: Features, weights: NameWeights) -> None:
        self.f = f = features
        self.weights = weights
        desa = f.codes["desa"].astype(np.int64)
        lane = np.where((f.rt >= 0) & (desa > 0), (desa * 1000 + f.rt) * 1000 + f.rw + 1, 0)
        house = np.where((f.codes["address"] > 0) & (desa > 0), desa << 32 | f.codes["address"], 0)
        self.lane, self.house = lane, house
        date = best_date(f)
        self.shares = {
            "lane": _share_of(lane), "house": _share_of(house), "desa": _share_of(f.codes["desa"]),
            "kecamatan": _share_of(f.codes["kecamatan"]), "date": _share_of(date),
            "card": _share_of(f.codes["card"]), "account": _share_of(f.codes["account"]),
            "member": _share_of(f.codes["member"]), "phone": _share_of(f.codes["phone"]),
            "birth_place": _share_of(f.codes["birth_place"]),
            "nik": _names_of_number(f),
        }  # fmt: skip
        self.borrowed = borrowed(f, weights)

    def with_families(self, numbers: Numbers) -> Comparer:
        """The same rows with other family numbers, of which nothing that has been counted depends."""
        other = copy(self)
        other.f = replace(self.f, kk=numbers)
        return other

    def compare(self, a: Rows, b: Rows) -> Compared:
        """Levels of all columns for pairs of rows."""
        pieces = [self._compare(a[i : i + PIECE], b[i : i + PIECE]) for i in range(0, max(len(a), 1), PIECE)]
        return Compared.concat(pieces)

    def _compare(self, a: Rows, b: Rows) -> Compared:
        f = self.f
        name = compare_names(f.names, f.name[a], f.name[b], self.weights)
        number = number_level(f.nik, a, b)
        place, place_share = self._place(a, b)
        account, account_share = self._account(a, b)
        birth_date, sex = date_level(f, a, b, number), sex_level(f, a, b, number)
        number[(number == NUMBER_DIFFERS) & (self.borrowed[a] | self.borrowed[b])] = BORROWED
        levels = {
            "name": name.level,
            "number": number,
            "birth_date": birth_date,
            "sex": sex,
            "family_number": _slip(f.kk, a, b),
            "place": place,
            "account": account,
            "member_number": _same(f.codes["member"], a, b),
            "phone": _same(f.codes["phone"], a, b),
            "birth_place": _same(f.codes["birth_place"], a, b),
            "source": np.where(f.codes["source"][a] == f.codes["source"][b], 1, 2).astype(np.uint8),
        }
        share = {
            "number": self.shares["nik"][a],
            "birth_date": np.maximum(self.shares["date"][a], self.shares["date"][b]),
            "place": place_share,
            "account": account_share,
            "member_number": self.shares["member"][a],
            "phone": self.shares["phone"][a],
            # neighbours were mostly born in one place
            "birth_place": np.where(
                (place > 0) & (place < PLACE.index("differs")),
                np.maximum(self.shares["birth_place"][a], _NEIGHBOURS_BORN_TOGETHER),
                self.shares["birth_place"][a],
            ).astype(np.float32),
        }
        return Compared(a, b, levels, share, name.stranger, name.relative)

    def _place(self, a: Rows, b: Rows) -> tuple[Levels, Floats]:
        (lane_a, lane_b), (house_a, house_b), (desa_a, desa_b), (kecamatan_a, kecamatan_b) = (
            (of[a], of[b]) for of in (self.lane, self.house, self.f.codes["desa"], self.f.codes["kecamatan"])
        )
        level = np.zeros(len(a), dtype=np.uint8)
        share = np.zeros(len(a), dtype=np.float32)
        both_lanes = (lane_a > 0) & (lane_b > 0)
        same_lane = both_lanes & (lane_a == lane_b)
        # DUSUN 1 is an address too: where RT and RW are known, they decide
        same_house = (house_a > 0) & (house_a == house_b) & (same_lane | ~both_lanes)
        level[(kecamatan_a > 0) & (kecamatan_b > 0)] = 4
        steps = (
            (3, (kecamatan_a > 0) & (kecamatan_a == kecamatan_b), "kecamatan"),
            (2, (desa_a > 0) & (desa_a == desa_b), "desa"),
            (1, same_lane, "lane"),
            (1, same_house, "house"),
        )
        for value, hit, of in steps:
            level[hit] = value
            # rt/rw and address may both agree: the rarer of the two counts
            rarity = self.shares[of][a]
            better = hit & ((share == 0) | (rarity < share) | (value > 1))
            share[better] = rarity[better]
        return level, share

    def _account(self, a: Rows, b: Rows) -> tuple[Levels, Floats]:
        f = self.f
        card, account = f.codes["card"], f.codes["account"]
        level = np.zeros(len(a), dtype=np.uint8)
        share = np.zeros(len(a), dtype=np.float32)
        for codes, of in ((card, self.shares["card"]), (account, self.shares["account"])):
            left, right = codes[a], codes[b]
            known = (left > 0) & (right > 0)
            level[known & (level == 0)] = 3
            same = known & (left == right)
            level[same] = 1
            share[same] = np.maximum(share, of[a])[same]
        slip = _slip(f.card, a, b)
        level[(level == 3) & (slip == 2)] = 2
        return level, share


def _same(codes: npt.NDArray[np.generic], a: Rows, b: Rows) -> Levels:
    left, right = codes[a], codes[b]
    got: Levels = np.where((left == 0) | (right == 0), 0, np.where(left == right, 1, 2)).astype(np.uint8)
    return got


def _slip(numbers: Numbers, a: Rows, b: Rows) -> Levels:
    """1 same, 2 one keystroke apart or what is left of it agrees, 3 differs."""
    x, y, known = numbers.packed[a], numbers.packed[b], numbers.known[a] & numbers.known[b]
    seen = np.bitwise_count(known) // 4
    apart = digits.differing(x, y, known)
    full = known == digits.ALL_KNOWN
    close = full & ((apart == 1) | digits.swapped(x, y)) | ~full & (apart == 0) & (seen >= _ENOUGH_DIGITS)
    level = np.where(full & (apart == 0), 1, np.where(close, 2, np.where((apart > 1) & (seen >= 8), 3, 0)))
    got: Levels = level.astype(np.uint8)
    _odd_lengths(numbers, a, b, got, {1: 2})
    return got


def number_level(nik: Numbers, a: Rows, b: Rows) -> Levels:
    """Level of the NIK comparison, see NUMBER."""
    x, y, known = nik.packed[a], nik.packed[b], nik.known[a] & nik.known[b]
    seen = np.bitwise_count(known) // 4
    apart = digits.differing(x, y, known)
    full = known == digits.ALL_KNOWN
    slip = full & ((apart == 1) | digits.swapped(x, y)) | ~full & (apart == 1) & (seen >= 14)
    last = digits.only_within(x & known, y & known, 15, 15)
    region = digits.only_within(x & known, y & known, 0, 5)
    date = digits.only_within(x & known, y & known, 4, 12)
    serial = digits.only_within(x, y, 12, 15)
    level = np.select(
        [
            full & (apart == 0),
            ~full & (apart == 0) & (seen >= _ENOUGH_DIGITS),
            full & last,
            full & _other_sex(x, y),
            slip & region,
            slip & date & ~serial,
            slip,
            full & serial,
            full & (apart == 2),
            full,
            (apart >= 3) & (seen >= _SOME_DIGITS),
            (apart == 0) & (seen >= _SOME_DIGITS),
        ],
        [
            EXACT,
            LOSSY,
            LAST_DIGIT,
            OTHER_SEX,
            IN_REGION,
            IN_DATE,
            IN_SERIAL,
            SERIAL,
            TWO_SLIPS,
            NUMBER_DIFFERS,
            NUMBER_DIFFERS,
            PARTIAL,
        ],
        0,
    ).astype(np.uint8)
    _odd_lengths(nik, a, b, level, {0: EXACT, 1: LENGTH, 2: TWO_SLIPS, 3: NUMBER_DIFFERS})
    return level


def _other_sex(x: digits.Packed, y: digits.Packed) -> Flags:
    """A man's and a woman's number of one day: only the 40 added to her day differs."""
    got: Flags = digits.only_within(x, y, 6, 6) & (np.abs(digits.digit(x, 6) - digits.digit(y, 6)) == 4)
    return got


def _odd_lengths(numbers: Numbers, a: Rows, b: Rows, level: Levels, meaning: dict[int, int]) -> None:
    """Numbers with a digit lost or doubled: few, so compared as text."""
    has_odd = numbers.has_odd
    either = np.flatnonzero(
        (has_odd[a] & (has_odd[b] | (numbers.known[b] == digits.ALL_KNOWN)))
        | (has_odd[b] & (numbers.known[a] == digits.ALL_KNOWN))
    )
    if not len(either):
        return
    texts = [_texts(numbers, rows[either]) for rows in (a, b)]
    distance = cpdist(*texts, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
    long_enough = np.array([min(len(s), len(t)) >= _ENOUGH_DIGITS for s, t in zip(*texts, strict=True)])
    for far, means in meaning.items():
        level[either[(distance == far) & long_enough]] = means


def _texts(numbers: Numbers, rows: Rows) -> list[str]:
    odd = numbers.odd.gather(rows).to_list()
    return [o if o is not None else f"{p:016x}" for o, p in zip(odd, numbers.packed[rows].tolist(), strict=True)]


def best_date(f: Features) -> npt.NDArray[np.int64]:
    """Written date, else the one in the number, two digits of the year; 0 unknown."""
    written = f.day > 0
    day = np.where(written, f.day, np.maximum(f.n_day, 0)).astype(np.int64)
    month = np.where(written, f.month, np.maximum(f.n_month, 0))
    year = np.where(written, f.year % 100, np.maximum(f.n_year2, 0))
    return np.where(day > 0, (year * 100 + month) * 100 + day, 0)


def _names_of_number(f: Features) -> Floats:
    """How many different names stand beside each row's NIK."""
    pairs = pl.DataFrame({"nik": f.nik.value, "name": f.name})
    got: Floats = pairs.select(pl.col("name").n_unique().over("nik").cast(pl.Float32)).to_series().to_numpy()
    return got


def borrowed(f: Features, weights: NameWeights) -> Flags:
    """Rows whose NIK also stands beside a name that is not alike: whose number it is, it does not say."""
    known = (f.nik.value > 0) & (f.name >= 0)
    uses = pl.DataFrame({"number": f.nik.value[known], "name": f.name[known]}).unique().sort("number", "name")
    uses = uses.with_columns(pl.col("name").shift(1).over("number").alias("other")).filter(
        pl.col("other").is_not_null()
    )
    names = compare_names(f.names, uses["name"].to_numpy(), uses["other"].to_numpy(), weights)
    got: Flags = known & np.isin(f.nik.value, uses["number"].to_numpy()[names.level >= NameLevel.FIRST_ONLY])
    return got


def date_level(f: Features, a: Rows, b: Rows, number: Levels) -> Levels:
    """Level of the birth dates, see BIRTH_DATE; the date in the NIK stands in where none is written."""
    left, right = (_Dates(f.day[rows], f.month[rows], f.year[rows]) for rows in (a, b))
    in_left, in_right = (_Dates(f.n_day[rows], f.n_month[rows], f.n_year2[rows]) for rows in (a, b))
    written_a, written_b = left.year > 0, right.year > 0
    from_number_a, from_number_b = in_left.day > 0, in_right.day > 0
    both = written_a & written_b
    level = _dates(left, right)
    short_left, short_right = left.without_century(), right.without_century()
    one, two, none = _dates(short_left, in_right), _dates(in_left, short_right), _dates(in_left, in_right)
    one = np.where(from_number_b & written_a, one, 0)
    two = np.where(from_number_a & written_b, two, 0)
    none = np.where(from_number_a & from_number_b, none, 0)
    # What two numbers say of the date is said by their comparison, and a number that is not the person's own says
    # nothing of the date: then the date inside stands in only where the other row has no number at all.
    silent = (number == 0) | (number == PARTIAL)
    one_sided = np.where(silent, np.where(written_a, one, two), 0)
    none = np.where(silent, none, 0)
    level = np.where(both, level, np.where(written_a | written_b, one_sided, none))
    # equal digits of the date in both numbers are no second witness
    independent = silent | (number == IN_DATE) | (number == LENGTH) | (number == TWO_SLIPS)
    independent |= number == NUMBER_DIFFERS
    witness = both & independent & (level > 1) & ((one == 1) | (two == 1))
    level = np.where(witness & (level > 3), 4, level)
    got: Levels = level.astype(np.uint8)
    return got


def sex_level(f: Features, a: Rows, b: Rows, number: Levels) -> Levels:
    """Sex as written; that inside the NIK stands in only where the numbers have not been compared."""
    written = _same(f.sex, a, b)
    left, right = (np.where(f.sex[rows] > 0, f.sex[rows], f.n_sex[rows]) for rows in (a, b))
    inside = np.where((left == 0) | (right == 0), 0, np.where(left == right, 1, 2))
    got: Levels = np.where(written > 0, written, np.where(number == 0, inside, 0)).astype(np.uint8)
    return got


@dataclass(frozen=True)
class _Dates:
    """Dates by part; a day of 0 or less is unknown."""

    day: npt.NDArray[np.int16]
    month: npt.NDArray[np.int16]
    year: npt.NDArray[np.int16]

    def without_century(self) -> _Dates:
        """As a NIK has them."""
        return _Dates(self.day, self.month, self.year % 100)

    def heaped(self) -> Flags:
        """Days that stand for any day of the year."""
        found: Flags = np.any([(self.day == d) & (self.month == m) for d, m in _HEAPED], axis=0)
        return found


def _dates(one: _Dates, other: _Dates) -> npt.NDArray[np.int64]:
    day, month, year = one.day == other.day, one.month == other.month, one.year == other.year
    full = (one.day > 0) & (other.day > 0)
    heaped = one.heaped() | other.heaped()
    return np.select(
        [
            full & day & month & year,
            full & year & (one.day == other.month) & (one.month == other.day),
            full & ((month & year) | (day & year) | (day & month)),
            (~full | heaped) & year,
        ],
        [1, 2, 3, 5],
        6,
    )
