"""What each kind of check means, for both engines, in one table: :data:`CHECKS`.

Belongs here: the closed set of checks and their meaning as a polars expression and as a Great Expectations
expectation. Not here: how a check is written in YAML (:mod:`.written`, :mod:`.cards`), running them (:mod:`.tally`,
:mod:`.gate`).

``where`` chooses rows before either engine looks (:func:`chosen`), so that both see the same; null never meets a
condition, save ``known: false``. Of the chosen rows one is *looked at* when none of the check's columns is null
(``required`` looks at all), and only a row that is looked at can break a check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import polars as pl

from pipeline.validate.written import Condition, WrittenCheck

Expectation = Any
"""A Great Expectations expectation (the package is not imported for a type)."""


@dataclass(frozen=True)
class Translation:
    """One kind of check: ``keeps`` is true for rows that keep it, among the rows that are looked at.

    ``whole`` checks compare rows with each other, so they need all rows of a kind at once. ``expectation`` is None
    where Great Expectations has no counterpart. ``needs`` and ``may`` name the parameters in YAML.
    """

    keeps: Callable[[WrittenCheck], pl.Expr]
    expectation: Callable[[WrittenCheck, ModuleType], Expectation] | None = None
    columns: tuple[int, int] = (1, 1)
    """fewest and most columns"""
    whole: bool = False
    needs: frozenset[str] = field(default=frozenset())
    may: frozenset[str] = field(default=frozenset())


# ------------------------------------------------------------ in polars


def _column(check: WrittenCheck) -> pl.Expr:
    return pl.col(check.columns[0])


def _alone(check: WrittenCheck) -> pl.Expr:
    return pl.len().over(check.columns) == 1


def _matches(check: WrittenCheck) -> pl.Expr:
    found = _column(check).str.contains(check.pattern or "")
    return found if check.matches else ~found


def _within(value: pl.Expr, check: WrittenCheck) -> pl.Expr:
    """True where ``min`` ≤ value ≤ ``max``; an absent bound bounds nothing."""
    inside = pl.lit(True)
    if check.min is not None:
        inside = inside & (value >= check.min)
    if check.max is not None:
        inside = inside & (value <= check.max)
    return inside


def _matching_rows_per_group(check: WrittenCheck) -> pl.Expr:
    wanted = _column(check).is_in(list(check.values))
    return _within(wanted.sum().over(check.by), check)


def _different_per_group(check: WrittenCheck) -> pl.Expr:
    return _within(_column(check).n_unique().over(check.by), check)


def _share_per_group(check: WrittenCheck) -> pl.Expr:
    """Rows that match break the check where too large a share of their group matches.

    The smallest group that is judged (``min``) is a number of rows: below it a share means nothing.
    """
    found = _column(check).cast(pl.String).str.contains(check.pattern or "")
    crowded = (found.mean().over(check.by) > check.share) & (pl.len().over(check.by) >= (check.min or 1))
    return ~(found & crowded)


def _near_median(check: WrittenCheck) -> pl.Expr:
    """Within ``factor`` times the median of the group, up or down."""
    median = _column(check).median().over(check.by)
    factor = check.factor or 1.0
    return (_column(check) <= median * factor) & (_column(check) * factor >= median)


def _luhn(check: WrittenCheck) -> pl.Expr:
    """The Luhn check digit of a card number holds (ISO/IEC 7812-1, annex B); 12 to 19 digits."""
    digits = _column(check).str.reverse()
    total = pl.lit(0)
    for place in range(19):
        digit = digits.str.slice(place, 1).cast(pl.Int32, strict=False).fill_null(0)
        doubled = digit * 2
        total = total + (digit if place % 2 == 0 else doubled - 9 * (doubled > 9).cast(pl.Int32))
    return _column(check).str.contains(r"^[0-9]{12,19}$") & (total % 10 == 0)


# ------------------------------------------------ in Great Expectations


def _pattern(check: WrittenCheck) -> str:
    """Python lets ``$`` match before a last line break, polars does not: say ``end of text`` plainly."""
    pattern = check.pattern or ""
    return pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern


def _expect_unique_together(check: WrittenCheck, gxe: ModuleType) -> Expectation:
    # without ignore_row_if, rows with an empty column count as duplicates of each other
    return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(check.columns), ignore_row_if="any_value_is_missing")


def _expect_regex(check: WrittenCheck, gxe: ModuleType) -> Expectation:
    make = gxe.ExpectColumnValuesToMatchRegex if check.matches else gxe.ExpectColumnValuesToNotMatchRegex
    return make(column=check.columns[0], regex=_pattern(check))


def _expect_order(check: WrittenCheck, gxe: ModuleType) -> Expectation:
    first, second = check.columns
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=second, column_B=first, or_equal=True,
        ignore_row_if="either_value_is_missing",
    )  # fmt: skip


def _expect_bounds(name: str) -> Callable[[WrittenCheck, ModuleType], Expectation]:
    def make(check: WrittenCheck, gxe: ModuleType) -> Expectation:
        return getattr(gxe, name)(column=check.columns[0], min_value=check.min, max_value=check.max)

    return make


CHECKS: dict[str, Translation] = {
    "required": Translation(
        keeps=lambda check: _column(check).is_not_null(),
        expectation=lambda check, gxe: gxe.ExpectColumnValuesToNotBeNull(column=check.columns[0]),
    ),
    "unique": Translation(
        keeps=_alone,
        expectation=lambda check, gxe: gxe.ExpectColumnValuesToBeUnique(column=check.columns[0]),
        whole=True,
    ),
    "unique_together": Translation(keeps=_alone, expectation=_expect_unique_together, columns=(2, 6), whole=True),
    "in_set": Translation(
        keeps=lambda check: _column(check).is_in(list(check.values)),
        expectation=lambda check, gxe: gxe.ExpectColumnValuesToBeInSet(
            column=check.columns[0], value_set=list(check.values)
        ),
        needs=frozenset({"values"}),
    ),
    "regex": Translation(
        keeps=_matches,
        expectation=_expect_regex,
        needs=frozenset({"pattern"}),
        may=frozenset({"matches"}),
    ),
    "length": Translation(
        keeps=lambda check: _within(_column(check).str.len_chars(), check),
        expectation=_expect_bounds("ExpectColumnValueLengthsToBeBetween"),
        may=frozenset({"min", "max"}),
    ),
    "between": Translation(
        keeps=lambda check: _within(_column(check), check),
        expectation=_expect_bounds("ExpectColumnValuesToBeBetween"),
        may=frozenset({"min", "max"}),
    ),
    "a_not_after_b": Translation(
        keeps=lambda check: _column(check) <= pl.col(check.columns[1]),
        expectation=_expect_order,
        columns=(2, 2),
    ),
    # ------------------------------------------- without a counterpart in Great Expectations: `engine: polars`
    "luhn": Translation(keeps=_luhn),
    "rows_per_group": Translation(
        keeps=_matching_rows_per_group,
        whole=True,
        needs=frozenset({"values", "by"}),
        may=frozenset({"min", "max"}),
    ),
    "different_per_group": Translation(
        keeps=_different_per_group, whole=True, needs=frozenset({"by", "max"}), may=frozenset({"min"})
    ),
    "share_per_group": Translation(
        keeps=_share_per_group,
        whole=True,
        needs=frozenset({"by", "pattern", "share"}),
        may=frozenset({"min"}),
    ),
    "near_median": Translation(keeps=_near_median, whole=True, needs=frozenset({"by", "factor"})),
}
"""The closed set of checks, by the name used in YAML."""


def chosen(check: WrittenCheck) -> pl.Expr:
    """True for the rows that meet ``where``; never null."""
    return pl.all_horizontal(pl.lit(True), *(_met(column, c) for column, c in check.where.items()))


def filled(check: WrittenCheck) -> pl.Expr:
    """True for the rows in which no column of the check is empty (``required`` looks at these too); never null."""
    columns = () if check.check == "required" else (*check.columns, *check.by)
    return pl.all_horizontal(pl.lit(True), *(pl.col(c).is_not_null() for c in columns))


def _met(column: str, condition: Condition) -> pl.Expr:
    value = pl.col(column)
    parts = [value.is_null() if condition.known is False else value.is_not_null()]
    if condition.equals is not None:
        parts.append(value == condition.equals)
    if condition.within is not None:
        parts.append(value.is_in(list(condition.within)))
    if condition.not_within is not None:
        parts.append(~value.is_in(list(condition.not_within)))
    if condition.at_least is not None:
        parts.append(value >= condition.at_least)
    if condition.at_most is not None:
        parts.append(value <= condition.at_most)
    return pl.all_horizontal(parts).fill_null(False)
