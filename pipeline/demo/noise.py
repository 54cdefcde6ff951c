"""How identity gets lost on the way into a list.

Belongs here: the rates at which errors befall a list, and their drawing. What each error does to a row is in
:mod:`pipeline.demo.mistakes`. Errors are drawn by person and list, so the same line stays wrong from month to month
until somebody puts it right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import polars as pl

from pipeline.demo.dice import Dice, Flags, Ints, Keys, Reals, keys, mix
from pipeline.demo.mistakes import OPERATORS, Victims


def _rates(**shares: float) -> Mapping[str, float]:
    return shares


@dataclass(frozen=True)
class Profile:
    """How dirty a district's lists are: share of rows befallen by each kind of error, in a list of usual quality.

    ``lists`` says how much better (< 1) or worse (> 1) a kind of list is; ``put_right`` is the share of errors that
    are mended in a month; ``junk`` the share of rows that nobody can use.
    """

    nik: Mapping[str, float] = field(
        default_factory=lambda: _rates(
            wrong_digit=0.012, swapped_digits=0.005, missing_digit=0.004, extra_digit=0.001, number_cell=0.009,
            apostrophe=0.01, spaces=0.006, dots=0.003, decimal=0.004, letter=0.002, masked=0.004,
            family_number=0.004, missing=0.014, filler=0.002, borrowed=0.004,
        )
    )  # fmt: skip
    no_kk: Mapping[str, float] = field(
        default_factory=lambda: _rates(
            wrong_digit=0.008, swapped_digits=0.003, missing_digit=0.003, number_cell=0.006, apostrophe=0.006,
            spaces=0.003, decimal=0.002, missing=0.012,
        )
    )  # fmt: skip
    name: Mapping[str, float] = field(
        default_factory=lambda: _rates(
            typo=0.022, abbreviation=0.025, title=0.012, old_spelling=0.022, swapped_parts=0.005, missing_part=0.01,
            initial=0.007, alias=0.003, joined=0.004, untidy=0.008, other_person=0.002,
        )
    )  # fmt: skip
    birth_date: Mapping[str, float] = field(
        default_factory=lambda: _rates(
            day_month=0.012, year_off=0.006, heaped=0.006, day_off=0.004, missing=0.012
        )
    )  # fmt: skip
    sex: Mapping[str, float] = field(default_factory=lambda: _rates(flipped=0.004))
    desa: Mapping[str, float] = field(default_factory=lambda: _rates(typo=0.004))
    lists: Mapping[str, float] = field(
        default_factory=lambda: _rates(registry=0.6, payments=1.0, deaths=1.2, ppks=1.8, proposals=1.3, tksk=0.3,
                                       companions=0.5, blt_dd=1.8)
    )  # fmt: skip
    number_columns: float = 0.02
    """Share of files (a list of a kabupaten) whose NIK column was turned into numbers as a whole."""
    careless: float = 0.06
    """Share of rows on which every error is :data:`CARELESS` times as likely: errors come together."""
    put_right: float = 0.1
    junk: float = 0.002

    def scaled(self, factor: float) -> Profile:
        """The same kinds of errors, ``factor`` times as often."""
        columns = ("nik", "no_kk", "name", "birth_date", "sex", "desa")
        scaled = {c: {k: v * factor for k, v in getattr(self, c).items()} for c in columns}
        return replace(self, **scaled, junk=self.junk * factor, number_columns=self.number_columns * factor)  # type: ignore[arg-type]


CARELESS: Final = 5.0
FIELD: Final = Profile()
"""As lists come from the field: about one row in seven has something wrong with who it says."""
CLEAN: Final = FIELD.scaled(0.0)
"""Nothing wrong with who anybody is."""
BAD: Final = FIELD.scaled(2.5)
"""A district where every clerk types."""

NO_NIK_ON_PPKS: Final = 0.45
"""Share of PPKS rows without NIK: most people with a mental disorder in the street have none."""


# ---------------------------------------------------------------------------------- a list


def befall(
    rows: pl.DataFrame, code: str, profile: Profile, *, quality: float | Reals, month: int, dice: Dice
) -> pl.DataFrame:
    """Miswrite the identity columns of a list. Adds ``<column>_damage``: name of the error, null where right.

    Args:
        rows: with ``pid``, ``line`` and identity columns, all right.
        code: name of the list; another list has other errors.
        quality: factor on all rates, one for the list or one a row.
        month: errors drawn in month 0 are mended little by little.
    """
    key = mix(keys(rows["pid"].to_numpy()), keys(rows["line"].to_numpy()))
    careless = dice.happens(key, f"careless clerk on {code}", profile.careless)
    lost = _lost_columns(rows, code, profile, dice)
    for column in ("nik", "no_kk", "name", "birth_date", "sex", "desa"):
        shares = getattr(profile, column)
        kinds = list(shares)
        befallen = np.minimum(0.9, sum(shares.values()) * quality * np.where(careless, CARELESS, 1.0))
        bad = dice.happens(key, f"{column} is wrong on {code}", befallen)
        mended = dice.uniform(key, f"{column} is mended on {code}") < 1 - (1 - profile.put_right) ** month
        bad &= ~mended & rows[column].is_not_null().to_numpy()
        which = dice.pick(key, f"what is wrong with {column} on {code}", [max(shares[k], 1e-12) for k in kinds])
        which = np.where(bad, which, -1)
        if column == "nik" and lost.any():
            which = np.where(lost & rows["nik"].is_not_null().to_numpy(), kinds.index("number_cell"), which)
        rows = _damage(rows, column, kinds, which, key, dice)
    return rows


def _lost_columns(rows: pl.DataFrame, code: str, profile: Profile, dice: Dice) -> Flags:
    """Rows of the kabupaten whose file of this list was saved with the NIK as a number."""
    if not code.startswith("recipients"):
        return np.zeros(rows.height, dtype=bool)
    region = keys(rows["kabupaten_code"].cast(pl.Int64).to_numpy())
    return dice.happens(region, f"numbers lost on {code}", profile.number_columns)


def _damage(rows: pl.DataFrame, column: str, kinds: list[str], which: Ints, key: Keys, dice: Dice) -> pl.DataFrame:
    written = rows[column]
    for number, kind in enumerate(kinds):
        at = np.flatnonzero(which == number)
        operator = OPERATORS[column].get(kind)
        if len(at) == 0 or operator is None:
            continue
        wrong = operator(Victims(rows[at], column, key[at], dice)).cast(written.dtype)
        written = written.scatter(at, wrong)
    label = pl.Series(which).replace_strict(dict(enumerate(kinds)), default=None, return_dtype=pl.String)
    return rows.with_columns(written.alias(column), label.alias(f"{column}_damage"))


def exchange_numbers(rows: pl.DataFrame) -> pl.DataFrame:
    """Finish ``family_number``: NIK and family number stand in each other's column."""
    swap = (pl.col("nik_damage") == "family_number").fill_null(False) & pl.col("no_kk").is_not_null()
    return rows.with_columns(
        nik=pl.when(swap).then("no_kk").otherwise("nik"),
        no_kk=pl.when(swap).then("nik").otherwise("no_kk"),
        nik_damage=pl.when((pl.col("nik_damage") == "family_number") & ~swap).then(None).otherwise("nik_damage"),
    )
