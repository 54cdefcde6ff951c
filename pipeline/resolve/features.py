"""What is compared of each mention, as arrays of integers.

Belongs here: reading the few columns of ``mentions`` that say who somebody is, coding them, and putting back numbers
that stand in the wrong column. Not here: comparing (:mod:`.compare`).

Rows are in the order of ``mention_id``; everything later refers to a row by its position. In every code 0 or -1
means unknown, as said with the attribute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.resolve import digits
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
    kk_from_nik: npt.NDArray[np.bool_]
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


def _numbers(frame: pl.DataFrame, column: str) -> Numbers:
    text = frame[column]
    packed, known = digits.pack(text)
    odd = pl.select(pl.when(pl.Series(known == 0)).then(text).otherwise(None)).to_series()
    return Numbers(packed, known, odd)


def build_features(mentions: pl.DataFrame, spelling: Spelling) -> Features:
    """Code the identity columns of ``mentions`` (needs IDENTITY_COLUMNS)."""
    frame = mentions.sort("mention_id")
    nik, kk = _numbers(frame, "nik_digits"), _numbers(frame, "no_kk_digits")
    day, month, year = _written_date(frame)
    moved = _put_back(nik, kk, day, month, year)
    names, name = distinct_names(frame["name"], spelling)
    n_day, n_month, n_year2, n_sex = number_date(nik)
    sex = frame["sex"].replace_strict({"L": 1, "P": 2}, default=0, return_dtype=pl.Int16).to_numpy()
    columns = {
        "desa": "desa_code", "kecamatan": "kecamatan_code", "address": "address", "dusun": "dusun",
        "birth_place": "birth_place", "phone": "phone", "card": "card_number", "account": "account_number",
        "member": "bpjs_number", "source": "source_file",
    }  # fmt: skip
    relationship = frame["relationship"].replace_strict(
        {r: i + 1 for i, r in enumerate(RELATIONSHIPS)}, default=0, return_dtype=pl.Int16
    )
    valid = frame["nik_status"].is_in(["valid", "repaired"]).fill_null(False).to_numpy() & nik.full()
    return Features(
        mention_id=frame["mention_id"],
        names=names,
        name=name,
        nik=nik,
        kk=kk,
        card=_numbers(frame, "card_number"),
        nik_valid=valid & (n_day >= 0),
        kk_from_nik=moved,
        day=day,
        month=month,
        year=year,
        n_day=n_day,
        n_month=n_month,
        n_year2=n_year2,
        sex=sex,
        n_sex=n_sex,
        codes={code: _codes(frame[column]) for code, column in columns.items()},
        rt=frame["rt"].fill_null(-1).clip(-1, 999).cast(pl.Int16).to_numpy(),
        rw=frame["rw"].fill_null(-1).clip(-1, 999).cast(pl.Int16).to_numpy(),
        registry=(frame["kind"] == "registry").fill_null(False).to_numpy(),
        relationship=relationship.to_numpy(),
    )


def _written_date(frame: pl.DataFrame) -> tuple[Small, Small, Small]:
    date = frame["birth_date"]
    year_only = (frame["birth_date_note"] == "year_only").fill_null(False)
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


def _put_back(nik: Numbers, kk: Numbers, day: Small, month: Small, year: Small) -> npt.NDArray[np.bool_]:
    """Family numbers that stand in the NIK column go to their own; returns the rows that were changed.

    A number is what most rows use it as; the row's own date of birth breaks a tie, because a NIK holds it.
    """
    n_day, n_month, n_year2, _ = number_date(nik)
    fits = (n_day == day) & (n_month == month) & (n_year2 == year % 100) & (day > 0)
    k_day, k_month, k_year2, _ = number_date(kk)
    kk_fits = (k_day == day) & (k_month == month) & (k_year2 == year % 100) & (day > 0)
    known = day > 0
    as_nik = np.select([fits | (digits.number(nik.packed, 6, 7) > 40), known], [3.0, 0.5], 0.9)
    as_kk = np.where(kk_fits | (digits.number(kk.packed, 6, 7) > 40), 2.0, -1.0)
    rows = np.arange(len(day))
    uses = pl.concat(
        [
            pl.DataFrame({"n": nik.value, "row": rows, "vote": as_nik}),
            pl.DataFrame({"n": kk.value, "row": rows, "vote": as_kk}),
        ]
    ).filter(pl.col("n") > 0)
    votes = uses.group_by("n").agg(pl.col("vote").sum(), (pl.col("vote") < 0).any().alias("family"))
    family = votes.filter((pl.col("vote") < 0) & pl.col("family"))["n"]
    personal = votes.filter(pl.col("vote") > 0)["n"]
    sure = votes.filter(pl.col("vote") > 1.5)["n"]
    in_nik = np.isin(nik.value, family.to_numpy()) & (nik.value > 0)
    own_in_kk = np.isin(kk.value, personal.to_numpy()) & (kk.value > 0)
    own_in_nik = np.isin(nik.value, sure.to_numpy()) & (nik.value > 0)
    swap = ~own_in_nik & own_in_kk & (nik.value > 0) & (nik.value != kk.value)
    only_family = in_nik & ~swap
    to_kk = only_family & (kk.known == 0)
    for source, target, rows in ((nik, kk, to_kk), (kk, nik, own_in_kk & ~in_nik & (nik.known == 0))):
        target.packed[rows], target.known[rows] = source.packed[rows], source.known[rows]
    nik.packed[swap], kk.packed[swap] = kk.packed[swap].copy(), nik.packed[swap].copy()
    _clear(nik, only_family)
    _clear(kk, own_in_kk & ~swap)
    return in_nik | own_in_kk


def _clear(numbers: Numbers, rows: npt.NDArray[np.bool_]) -> None:
    numbers.packed[rows] = 0
    numbers.known[rows] = 0
