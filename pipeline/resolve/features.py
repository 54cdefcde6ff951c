"""What is compared of each mention, as arrays of integers.

Belongs here: reading the few columns of ``mentions`` that say who somebody is, coding them, and putting back numbers
that stand in the wrong column. Not here: comparing (:mod:`.compare`).

Rows are in the order of ``mention_id``; everything later refers to a row by its position. In every code 0 or -1
means unknown, as said with the attribute.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.resolve import digits
from pipeline.resolve.columns import Columns
from pipeline.resolve.digits import Packed
from pipeline.resolve.names import Names, Spelling, distinct_names

Ints = npt.NDArray[np.int32]
Small = npt.NDArray[np.int16]

IDENTITY_COLUMNS: Final = (
    "mention_id", "source_file", "sheet", "row_number", "kind", "program",
    "nik_digits", "nik_status", "no_kk_digits", "no_kk_status", "name", "birth_date", "birth_date_note",
    "birth_place", "sex", "relationship", "address", "dusun", "rt", "rw", "desa_code", "kecamatan_code",
    "phone", "card_number", "account_number", "bpjs_number",
)  # fmt: skip

RELATIONSHIPS: Final = (
    "head", "spouse", "child", "parent", "grandchild", "child_in_law", "other_relative", "other",
)  # fmt: skip


@dataclass
class Numbers:
    """A column of identity numbers: packed digits, which are known, and the text of those of another length."""

    packed: Packed
    known: Packed
    odd: pl.Series

    @cached_property
    def has_odd(self) -> npt.NDArray[np.bool_]:
        """Rows with a number of another length."""
        return self.odd.is_not_null().to_numpy()

    def full(self) -> npt.NDArray[np.bool_]:
        """Rows with all sixteen digits."""
        got: npt.NDArray[np.bool_] = self.known == digits.ALL_KNOWN
        return got

    @property
    def value(self) -> Packed:
        """The number where all digits are known, else 0."""
        return np.where(self.full(), self.packed, np.uint64(0))


@dataclass
class Features:
    """Arrays of one entry a mention.

    Attributes:
        mention_id: sorted.
        names, name: distinct names and position of each row's name there (-1 unknown).
        nik, kk: identity number and family number.
        day, month, year: of the written date of birth; 0 unknown.
        n_day, n_month, n_year2: the date inside the NIK, with two digits of the year (-1 where there is none).
        sex, n_sex: 1 man, 2 woman, 0 unknown; as written, and inside the NIK.
        desa, kecamatan, address, dusun, birth_place, phone, card, account, member: codes, 0 unknown.
        rt, rw: numbers, -1 unknown.
        source: code of the source file; registry: row of a registry.
        relationship: position in RELATIONSHIPS plus 1, 0 unknown.
    """

    mention_id: pl.Series
    names: Names
    name: Ints
    nik: Numbers
    kk: Numbers
    card: Numbers
    nik_valid: npt.NDArray[np.bool_]
    day: Small
    month: Small
    year: Small
    n_day: Small
    n_month: Small
    n_year2: Small
    sex: Small
    n_sex: Small
    codes: dict[str, Ints]
    rt: Small
    rw: Small
    registry: npt.NDArray[np.bool_]
    relationship: Small

    def __len__(self) -> int:
        return len(self.name)


def _codes(column: pl.Series) -> Ints:
    """Codes from 1 in the order of the values; 0 for null."""
    return column.rank("dense").fill_null(0).cast(pl.Int32).to_numpy()


def _numbers(text: pl.Series, *, serial: bool = True) -> Numbers:
    packed, known = digits.pack(text)
    # serials start at 0001: a number that ends in 0000 has lost its last digit to a spreadsheet
    lost = serial & (known == digits.ALL_KNOWN) & (digits.number(packed, 12, 15) == 0)
    known[lost] ^= np.uint64(15)
    odd = pl.select(pl.when(pl.Series(known == 0)).then(text).otherwise(None)).to_series()
    return Numbers(packed, known, odd)


def build_features(mentions: Columns, spelling: Spelling) -> Features:
    """Code the identity columns of ``mentions`` (needs IDENTITY_COLUMNS): a frame in any order, or read one by one."""
    rows = mentions.sort("mention_id") if isinstance(mentions, pl.DataFrame) else mentions

    def of(column: str) -> pl.Series:
        return rows.select(column).to_series()

    nik, kk = _numbers(of("nik_digits")), _numbers(of("no_kk_digits"))
    day, month, year = _written_date(of("birth_date"), of("birth_date_note"))
    _put_back(nik, kk, day, month, year)
    names, name = distinct_names(of("name"), spelling)
    n_day, n_month, n_year2, n_sex = number_date(nik)
    columns = {
        "desa": "desa_code", "kecamatan": "kecamatan_code", "address": "address", "dusun": "dusun",
        "birth_place": "birth_place", "phone": "phone", "card": "card_number", "account": "account_number",
        "member": "bpjs_number", "source": "source_file",
    }  # fmt: skip
    relationship = of("relationship").replace_strict(
        {r: i + 1 for i, r in enumerate(RELATIONSHIPS)}, default=0, return_dtype=pl.Int16
    )
    valid = of("nik_status").is_in(["valid", "repaired"]).fill_null(False).to_numpy() & nik.full()
    return Features(
        mention_id=of("mention_id"),
        names=names,
        name=name,
        nik=nik,
        kk=kk,
        card=_numbers(of("card_number"), serial=False),
        nik_valid=valid & (n_day >= 0),
        day=day,
        month=month,
        year=year,
        n_day=n_day,
        n_month=n_month,
        n_year2=n_year2,
        sex=of("sex").replace_strict({"L": 1, "P": 2}, default=0, return_dtype=pl.Int16).to_numpy(),
        n_sex=n_sex,
        codes={code: _codes(of(column)) for code, column in columns.items()},
        rt=of("rt").fill_null(-1).clip(-1, 999).cast(pl.Int16).to_numpy(),
        rw=of("rw").fill_null(-1).clip(-1, 999).cast(pl.Int16).to_numpy(),
        registry=(of("kind") == "registry").fill_null(False).to_numpy(),
        relationship=relationship.to_numpy(),
    )


def _written_date(date: pl.Series, note: pl.Series) -> tuple[Small, Small, Small]:
    year_only = (note == "year_only").fill_null(False)
    day, month, year = (
        part.fill_null(0).cast(pl.Int16).to_numpy().copy() for part in (date.dt.day(), date.dt.month(), date.dt.year())
    )
    day[year_only.to_numpy()] = 0
    month[year_only.to_numpy()] = 0
    return day, month, year


def number_date(nik: Numbers) -> tuple[Small, Small, Small, Small]:
    """Day, month, two-digit year (-1 where digits 7 to 12 are not all known or no date) and sex (0 unknown)."""
    middle = digits.part(nik.known, 6, 11) == digits.part(np.full(1, digits.ALL_KNOWN, np.uint64), 6, 11)[0]
    day, month, year = (digits.number(nik.packed, k, k + 1) for k in (6, 8, 10))
    woman = day > 40
    day = np.where(woman, day - 40, day)
    good = middle & (day >= 1) & (day <= 31) & (month >= 1) & (month <= 12)
    sex = np.where(good, np.where(woman, 2, 1), 0)
    return (
        np.where(good, day, -1).astype(np.int16),
        np.where(good, month, -1).astype(np.int16),
        np.where(good, year, -1).astype(np.int16),
        sex.astype(np.int16),
    )


def _put_back(nik: Numbers, kk: Numbers, day: Small, month: Small, year: Small) -> None:
    """Family numbers that stand in the NIK column, and NIK that stand in the family column, go where they belong.

    Both have one shape and their serials are counted apart, so that one number can rightly be a boy's NIK and a
    family's KK. A number is moved only where its own row speaks for it: the date of birth does not fit, or the day
    is over 40, which no family number has.
    """
    fits = _holds_date(nik, day, month, year, parts=3)
    kk_fits = _holds_date(kk, day, month, year, parts=2)
    as_nik, as_kk = nik.value, kk.value
    uses = pl.concat(
        [
            pl.DataFrame({"n": as_nik, "fits": fits.astype(np.int64), "family": np.zeros(len(day), np.int64)}),
            pl.DataFrame({"n": as_kk, "fits": np.zeros(len(day), np.int64), "family": np.ones(len(day), np.int64)}),
        ]
    ).filter(pl.col("n") > 0)
    uses = uses.group_by("n").agg(pl.col("fits").sum(), pl.col("family").sum())
    personal = np.isin(as_nik, uses.filter(pl.col("fits") > 0)["n"].to_numpy())
    family = np.isin(as_nik, uses.filter((pl.col("family") > 0) & (pl.col("fits") == 0))["n"].to_numpy())
    lone = np.isin(as_kk, uses.filter((pl.col("fits") > 0) & (pl.col("family") <= 2))["n"].to_numpy())
    woman = digits.number(kk.packed, 6, 7) > 40
    own_in_kk = (as_kk > 0) & (woman | ~fits & (kk_fits | lone & ~personal))
    in_nik = (as_nik > 0) & family & ~fits & (digits.number(nik.packed, 6, 7) <= 31)
    swap = own_in_kk & ~personal & (as_nik > 0) & (as_nik != as_kk)
    only_family = in_nik & ~swap
    to_kk, to_nik = only_family & (kk.known == 0), own_in_kk & ~swap & (nik.known == 0)
    for source, target, rows in ((nik, kk, to_kk), (kk, nik, to_nik)):
        target.packed[rows], target.known[rows] = source.packed[rows], source.known[rows]
    nik.packed[swap], kk.packed[swap] = kk.packed[swap].copy(), nik.packed[swap].copy()
    _clear(nik, only_family)
    _clear(kk, own_in_kk & ~swap)


def _holds_date(numbers: Numbers, day: Small, month: Small, year: Small, *, parts: int) -> npt.NDArray[np.bool_]:
    """Rows whose number holds so many of the three parts of their written date of birth."""
    n_day, n_month, n_year2, _ = number_date(numbers)
    held = (n_day == day).astype(np.int8) + (n_month == month) + (n_year2 == year % 100)
    got: npt.NDArray[np.bool_] = (held >= parts) & (day > 0) & (n_day > 0)
    return got


def _clear(numbers: Numbers, rows: npt.NDArray[np.bool_]) -> None:
    numbers.packed[rows] = 0
    numbers.known[rows] = 0
