"""Numbers as people, statistics packages and spreadsheets write them, decided by the whole column.

``1.250`` is 1.25 in one file and 1250 in another: no single cell can tell. What is never guessed silently is said in
a notice. Missing (blank, ``-``, ``.``, ``NA``) is null, never zero.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import polars as pl

MISSING: Final = ("", "-", ".", "na", "n/a", "nan", "null", "none", "#n/a", "tidakada")
"""As :func:`_bare` leaves them: small letters, no blanks."""
YES: Final = ("1", "true", "ya", "y", "yes", "t", "benar")
NO: Final = ("0", "false", "tidak", "n", "no", "f", "salah", "bukan")
_INTERNATIONAL: Final = r"^[+-]?(?:[0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?$"
_INDONESIAN: Final = r"^[+-]?(?:[0-9]*|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,[0-9]*)?(?:e[+-]?[0-9]+)?$"
ENOUGH: Final = 10_000
"""Cells of a column that are looked at before the rest is trusted to be written alike."""


@dataclass(frozen=True)
class Parsed:
    """A column of numbers; ``bad`` are the rows (from 0) whose text is none; ``notice`` is empty or a sentence."""

    values: pl.Series
    bad: list[int]
    notice: str = ""


def numbers(column: pl.Series) -> Parsed:
    """A column as Float64."""
    if column.dtype == pl.Boolean or column.dtype.is_numeric():
        values = column.cast(pl.Float64).fill_nan(None)
        return _checked(values, values.is_infinite().fill_null(False))
    text = column.cast(pl.String)
    values = text.cast(pl.Float64, strict=False)
    if _is_plain(text, values):
        return Parsed(values, [])
    clean = _bare(text)
    decimal_comma, notice = _decimal_comma(clean.drop_nulls().unique(), column.name)
    groups, point = (".", ",") if decimal_comma else (",", ".")
    fits = clean.str.contains(_INDONESIAN if decimal_comma else _INTERNATIONAL)
    plain = clean.str.replace_all(groups, "", literal=True).str.replace(point, ".", literal=True)
    values = plain.set(~fits.fill_null(True), None).cast(pl.Float64, strict=False)
    return _checked(values, clean.is_not_null() & (values.is_null() | values.is_infinite()), notice)


def flags(column: pl.Series) -> Parsed:
    """A yes/no column as 1.0, 0.0 or null: 1/0, ya/tidak, true/false. Codes such as 1/2 are refused, not guessed."""
    if column.dtype == pl.Boolean or column.dtype.is_numeric():
        values = column.cast(pl.Float64).fill_nan(None)
        return _checked(values, ~values.is_in([0.0, 1.0]).fill_null(True))
    clean = _bare(column.cast(pl.String)).str.replace(r"\.0+$", "")
    known = {**dict.fromkeys(YES, 1.0), **dict.fromkeys(NO, 0.0)}
    values = clean.replace_strict(known, default=None, return_dtype=pl.Float64)
    return _checked(values, clean.is_not_null() & values.is_null())


def _checked(values: pl.Series, bad: pl.Series, notice: str = "") -> Parsed:
    return Parsed(values, bad.arg_true().to_list() if bad.any() else [], notice)


def _is_plain(text: pl.Series, values: pl.Series) -> bool:
    """Every cell reads as an ordinary number, and a look at many shows that dots are decimal points."""
    if values.null_count() > text.null_count() or not values.is_finite().all():
        return False
    return _has_decimals(text.drop_nulls().head(ENOUGH)) or not text.str.contains(".", literal=True).any()


def _has_decimals(text: pl.Series) -> bool:
    return bool(text.str.contains(r"^[^.]*\.(?:[0-9]{1,2}|[0-9]{4,})\D*$|(?i)[0-9.]e[+-]?[0-9]").any())


def type_of(first: pl.Series) -> pl.DataType:
    """The type that a column may be read with at once, as :func:`numbers` would read it, by its first ``ENOUGH``
    cells: text where they leave a doubt."""
    text = first.drop_nulls()
    if text.is_empty() or text.cast(pl.Float64, strict=False).is_finite().fill_null(False).not_().any():
        return pl.String()
    # without a dot among them only whole numbers may follow: a reader refuses 1.250
    return pl.Float64() if _has_decimals(text) else pl.Int64()


def _bare(text: pl.Series) -> pl.Series:
    bare = text.str.to_lowercase().str.replace_all(r"[\s\u{a0}]", "").str.replace(r"^(?:rp|idr)\.?|^'", "")
    bare = bare.str.replace(r",-$", "")
    return bare.set(bare.is_in(MISSING).fill_null(False), None)


def _decimal_comma(values: pl.Series, name: str) -> tuple[bool, str]:
    """Whether the comma is the decimal mark in the values of a column."""
    marked = values.filter(values.str.contains(r"[.,]"))
    here, abroad = marked.str.contains(_INDONESIAN), marked.str.contains(_INTERNATIONAL)
    only_here, only_abroad = int((here & ~abroad).sum()), int((abroad & ~here).sum())
    if only_here != only_abroad or not len(marked):
        return only_here > only_abroad, ""
    # Only numbers like 1.250 or 1,250. Amounts in thousands have no small numbers beside them; fractions do.
    small = bool(values.str.contains(r"^[+-]?0*[1-9][0-9]{0,2}$").any())
    dots = bool(marked.str.contains(".", literal=True).any())
    example = str(marked.min())
    reading = example.replace(",", ".") if small else re.sub("[.,]", "", example)
    notice = f"column {name!r}: {example} is read as {reading}; write decimals, or no marks, to leave no doubt"
    return dots != small, notice
