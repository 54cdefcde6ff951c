"""Columns with a fixed set of answers, small whole numbers, and free text.

Belongs here: reading a cell through a vocabulary of ``rules/reference/`` and reporting what no vocabulary knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

import polars as pl

from pipeline.ingest.clean.cells import RawRows, Recipe, fold_expr, nulls, per_value
from pipeline.ingest.clean.notices import Notices
from pipeline.ingest.clean.reference import Titles, Vocabulary

_WITH_DIGITS: Final = re.compile(r"(?:[^0-9]*[A-Za-z]\W*|[^0-9\-]*)([0-9]{1,6})(?:[.,]0+)?[^0-9]*")
"""``DESIL-3``; a minus without a word before it is one."""
_DASH: Final = r"^[-–—]+$"
_CROSS: Final = r"^[X✗✘☒×]$"
_FEWEST_DASHES: Final = 5
_MOST_CROSSES: Final = 0.5  # of a list's rows, where a cross marks the few of whom something is so
_NO: Final = "false"
_ROMANS: Final = {r: n for n, r in enumerate(["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"], 1)}
_ROMAN: Final = re.compile(rf"(?:[A-Z]{{3,}}\W+)?({'|'.join(_ROMANS)})")


def coded(rows: RawRows, name: str, vocabulary: Vocabulary, titles: Titles, notices: Notices | None) -> pl.Series:
    """A column read through its vocabulary: the code, null where the cell is empty or says nothing known.

    Unknown words are reported to ``notices``, if any.
    """
    if not rows.says(name):
        return nulls(name, pl.String(), rows.height)
    texts = rows.text(name)
    codes: dict[str, str] = {}
    unknown: set[str] = set()
    for text in sorted(texts.drop_nulls().unique().to_list()):
        code, known = vocabulary.read(text)
        if code is not None:
            codes[text] = code
        elif not known and not titles.says_nothing(text):
            unknown.add(text)
    if notices is not None:
        notices.unknown_words(name, texts, rows.origin, unknown)
    read = texts.replace_strict(codes, default=None, return_dtype=pl.String())
    return read if vocabulary.no is None else _by_habit(texts, read, rows.origin, vocabulary.no)


def _by_habit(texts: pl.Series, codes: pl.Series, origin: pl.Series, no: str) -> pl.Series:
    """Dashes and crosses, which mean what the rest of their list leaves open; an empty cell says nothing in any list.

    A dash is "no" in a list where others answer and nobody writes "no" in words. A cross is "no" beside ticks or other
    ways to say yes, and "yes" where it is the only mark for it; where both are written it says nothing.
    """
    text, code = pl.col("text").str.to_uppercase(), pl.col("code")
    dash, cross = (text.str.contains(pattern).fill_null(False) for pattern in (_DASH, _CROSS))
    some_yes, some_no = (code != no).any().over("origin"), (code == no).any().over("origin")
    read = [pl.when(dash & some_yes & ~some_no & (dash.sum().over("origin") >= _FEWEST_DASHES)).then(pl.lit(no))]
    if no == _NO:
        few = cross.mean().over("origin") < _MOST_CROSSES
        read.append(pl.when(cross & some_yes & ~some_no).then(pl.lit(no)))
        read.append(pl.when(cross & ~some_yes & few).then(pl.lit("true")))
    frame = pl.DataFrame({"text": texts, "code": codes, "origin": origin})
    return frame.select(pl.coalesce(*read, "code").alias(codes.name)).to_series()


def flag(rows: RawRows, name: str, vocabulary: Vocabulary, titles: Titles, notices: Notices) -> pl.Series:
    """As :func:`coded` for a yes-or-no column whose codes are ``true`` and ``false``."""
    codes = coded(rows, name, vocabulary, titles, notices)
    return codes.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean())


def small_number(rows: RawRows, name: str, low: int, high: int, notices: Notices) -> pl.Series:
    """A whole number within limits (``DESIL 3``, ``DESIL-III`` → 3); what lies outside is reported and stays empty."""
    if not rows.says(name):
        return nulls(name, pl.Int64(), rows.height)
    texts = rows.text(name)
    numbers: dict[str, int] = {}
    outside: set[str] = set()
    for text in texts.drop_nulls().unique().to_list():
        found = _WITH_DIGITS.fullmatch(text)
        roman = _ROMAN.fullmatch(text.upper())
        if found and low <= int(found[1]) <= high:
            numbers[text] = int(found[1])
        elif roman and low <= _ROMANS[roman[1]] <= high:
            numbers[text] = _ROMANS[roman[1]]
        elif re.search("[0-9]", text):
            outside.add(text)
    notices.unknown_words(name, texts, rows.origin, outside)
    return texts.replace_strict(numbers, default=None, return_dtype=pl.Int64())


def upper(rows: RawRows, names: Iterable[str], titles: Titles) -> list[pl.Series]:
    """Free text in upper case; a cell that only says "none" is empty."""
    return [text.str.to_uppercase() for text in as_written(rows, names, titles)]


def as_written(rows: RawRows, names: Iterable[str], titles: Titles) -> list[pl.Series]:
    """Free text as written; a cell that only says "none" is empty."""
    return [_said(rows, name, titles) for name in names]


def _said(rows: RawRows, name: str, titles: Titles) -> pl.Series:
    if not rows.says(name):
        return nulls(name, pl.String(), rows.height)
    return per_value(pl.DataFrame({"text": rows.text(name)}), _said_recipe(titles)).to_series().alias(name)


@cache
def _said_recipe(titles: Titles) -> Recipe:
    text = pl.col("text")
    nothing = ~text.str.contains("[0-9]") & fold_expr(text).str.contains(titles.placeholder_pattern)
    return Recipe((), (pl.when(~nothing).then(text).alias("said"),))
