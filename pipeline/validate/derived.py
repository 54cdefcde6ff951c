"""Columns that checks need and no table has, computed once in polars before either engine looks.

Belongs here: what a row says when two of its columns are read together, or when it is read with the period in mind.
Not here: comparing rows with each other (``whole`` checks of :mod:`.checks`).

NIK: ``PPKKCC DDMMYY SSSS``, 40 added to the day for women (PP 40/2019, Permendagri 109/2019). The number has two
digits of the year only, so years are compared by these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, time
from functools import cache

import polars as pl

from pipeline.period import Period
from pipeline.tables import TRANSACTIONS, Table

Derived = Callable[[Period], pl.Expr]


def _nik_number(start: int, length: int) -> pl.Expr:
    return pl.col("nik").str.slice(start, length).cast(pl.Int32, strict=False)


def _nik_day() -> pl.Expr:
    day = _nik_number(6, 2)
    return pl.when(day > 40).then(day - 40).otherwise(day)


def _nik_birth_date(_: Period) -> pl.Expr:
    """How the date in the number compares with the date of birth as written.

    ``same``; ``swapped`` (day and month exchanged); ``rounded`` (the year agrees and the written date is one that
    stands for "some day of that year": 1 January, 1 July, 31 December); ``one_part`` (day, month or year alone
    differs); ``different``. Null where either is unknown.
    """
    born = pl.col("birth_date")
    day, month, year = born.dt.day(), born.dt.month(), born.dt.year() % 100
    same_day, same_month = _nik_day() == day, _nik_number(8, 2) == month
    same_year = _nik_number(10, 2) == year
    rounded = ((day == 1) & month.is_in([1, 7])) | ((day == 31) & (month == 12))
    agree = same_day.cast(pl.Int8) + same_month.cast(pl.Int8) + same_year.cast(pl.Int8)
    return (
        pl.when(agree.is_null())
        .then(None)
        .when(agree == 3)
        .then(pl.lit("same"))
        .when(same_year & (_nik_day() == month) & (_nik_number(8, 2) == day))
        .then(pl.lit("swapped"))
        .when(same_year & rounded)
        .then(pl.lit("rounded"))
        .when(agree == 2)
        .then(pl.lit("one_part"))
        .otherwise(pl.lit("different"))
    )


def _agreement(agrees: pl.Expr) -> pl.Expr:
    return pl.when(agrees).then(pl.lit("same")).when(~agrees).then(pl.lit("different"))


def _nik_sex(_: Period) -> pl.Expr:
    """``same`` or ``different``: the sex that the number says and the column."""
    says = pl.when(_nik_number(6, 2) > 40).then(pl.lit("P")).otherwise(pl.lit("L"))
    return _agreement(pl.when(pl.col("nik").is_not_null()).then(says) == pl.col("sex"))


@cache
def _regencies() -> list[str]:
    """Codes of all kabupaten and kota, four digits."""
    from pipeline.regions import Gazetteer, PlaceRules

    return [region.code for region in Gazetteer(PlaceRules()).kabupaten]


def _nik_regency(_: Period) -> pl.Expr:
    """``known`` or ``unknown``: the kabupaten in the number, against Kemendagri's list of today."""
    known = pl.col("nik").str.head(4).is_in(_regencies())
    return pl.when(known).then(pl.lit("known")).when(~known).then(pl.lit("unknown"))


def _number_twice(_: Period) -> pl.Expr:
    """``same`` where one number stands for the person and for the family."""
    return _agreement(pl.col("nik_digits") == pl.col("no_kk_digits"))


def _age(period: Period) -> pl.Expr:
    """Whole years on the last day of the period; negative for a date after it."""
    born, last = pl.col("birth_date"), period.last_day
    birthday_to_come = born.dt.month().cast(pl.Int32) * 100 + born.dt.day() > last.month * 100 + last.day
    return (last.year - born.dt.year() - birthday_to_come.cast(pl.Int32)).cast(pl.Int64)


def _list_period(period: Period) -> pl.Expr:
    """``same``, ``earlier`` or ``later``: the month on the list and the month of the run."""
    says = pl.col("list_period")
    return (
        pl.when(says == str(period))
        .then(pl.lit("same"))
        .when(says < str(period))
        .then(pl.lit("earlier"))
        .when(says > str(period))
        .then(pl.lit("later"))
    )


def _birth_date_reading(_: Period) -> pl.Expr:
    """``plain``, or what the note says of a date that was written; null where none was."""
    note = pl.col("birth_date_note")
    return pl.when(pl.col("birth_date").is_not_null() | note.is_not_null()).then(note.fill_null("plain"))


def _names_in_cell(_: Period) -> pl.Expr:
    """``one`` or ``several``."""
    return pl.when(pl.col("other_names").is_null()).then(pl.lit("one")).otherwise(pl.lit("several"))


def _who(_: Period) -> pl.Expr:
    """Who a row is about, near enough to count different people in a list: NIK, else name."""
    return pl.coalesce("nik", "name")


MENTION_COLUMNS: dict[str, Derived] = {
    "nik_birth_date": _nik_birth_date,
    "nik_sex": _nik_sex,
    "nik_regency": _nik_regency,
    "nik_and_no_kk": _number_twice,
    "age": _age,
    "list_month": _list_period,
    "birth_date_reading": _birth_date_reading,
    "names_in_cell": _names_in_cell,
    "line_active": lambda _: pl.col("active").fill_null(True),
    "who": _who,
    "period_end": lambda period: pl.lit(period.last_day),
}
"""Derived columns of mentions: name → expression for a period."""

TRANSACTION_COLUMNS: dict[str, Derived] = {
    "period_start": lambda period: pl.lit(datetime.combine(period.first_day, time.min)),
    "period_end": lambda period: pl.lit(datetime.combine(period.last_day, time.max)),
}
"""Derived columns of transactions: name → expression for a period."""


def derived_columns(table: Table) -> dict[str, Derived]:
    """The derived columns of a table's rows."""
    return TRANSACTION_COLUMNS if table is TRANSACTIONS else MENTION_COLUMNS


def with_derived(rows: pl.LazyFrame, needed: Iterable[str], table: Table, period: Period) -> pl.LazyFrame:
    """Add those of the derived columns that are needed."""
    known = derived_columns(table)
    return rows.with_columns(known[c](period).alias(c) for c in needed if c in known)
