"""Columns with a fixed set of answers, and small whole numbers.

Belongs here: reading a cell through a vocabulary of ``rules/reference/`` and reporting what no vocabulary knows.
"""

from __future__ import annotations

import polars as pl

from pipeline.ingest.clean.cells import RawRows, fold_expr, per_value
from pipeline.ingest.clean.notices import Notices
from pipeline.ingest.clean.reference import Titles, Vocabulary


def coded(rows: RawRows, name: str, vocabulary: Vocabulary, titles: Titles, notices: Notices) -> pl.Series:
    """A column read through its vocabulary: the code, null where the cell is empty or says nothing known."""
    texts = rows.frame.select(text=rows.text(name))
    empty = set(
        texts.unique().filter(fold_expr(pl.col("text")).str.contains(titles.placeholder_pattern))["text"].to_list()
    )
    read: dict[str, tuple[str | None, bool]] = {}

    def work(cells: pl.DataFrame) -> pl.DataFrame:
        for text in cells["text"].drop_nulls().to_list():
            code, known = vocabulary.read(text)
            read[text] = (code, known or text in empty)
        codes = [read[t][0] if t is not None else None for t in cells["text"].to_list()]
        return pl.DataFrame({name: codes}, schema={name: pl.String})

    values = per_value(texts, work).to_series()
    strange = texts.filter(pl.col("text").is_in([t for t, (_, known) in read.items() if not known]))
    for text, count in strange.group_by("text").len().sort("text").iter_rows():
        notices.unknown_word(name, text, count)
    return values


def flag(rows: RawRows, name: str, vocabulary: Vocabulary, titles: Titles, notices: Notices) -> pl.Series:
    """As :func:`coded` for a yes-or-no column whose codes are ``true`` and ``false``."""
    codes = coded(rows, name, vocabulary, titles, notices)
    return codes.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)


def small_number(rows: RawRows, name: str, low: int, high: int, notices: Notices) -> pl.Series:
    """A whole number within limits (``DESIL 3`` → 3); what lies outside is reported and stays empty."""
    texts = pl.DataFrame({"text": rows.text(name)})

    def work(cells: pl.DataFrame) -> pl.DataFrame:
        number = (
            pl.col("text")
            .str.replace(r"[.,]0+$", "")
            .str.extract(r"^\D*?([0-9]{1,6})\D*$")
            .cast(pl.Int64, strict=False)
        )
        return cells.select(number.alias("number"))

    numbers = per_value(texts, work).to_series()
    inside = numbers.is_between(low, high)
    outside = texts.with_columns(number=numbers).filter(
        pl.col("text").str.contains("[0-9]") & ~pl.Series(inside).fill_null(False)
    )
    for text, count in outside.group_by("text").len().sort("text").iter_rows():
        notices.unknown_word(name, text, count)
    return pl.DataFrame({name: numbers}).select(pl.when(inside).then(name).alias(name)).to_series()


def upper(rows: RawRows, name: str, titles: Titles) -> pl.Series:
    """Free text in upper case; a cell that only says "none" is empty."""
    return _said(rows.text(name), titles).str.to_uppercase().alias(name)


def as_written(rows: RawRows, name: str, titles: Titles) -> pl.Series:
    """Free text as written; a cell that only says "none" is empty."""
    return _said(rows.text(name), titles).alias(name)


def _said(text: pl.Series, titles: Titles) -> pl.Series:
    cells = pl.DataFrame({"text": text})
    nothing = fold_expr(pl.col("text")).str.contains(titles.placeholder_pattern) & ~pl.col("text").str.contains("[0-9]")
    return per_value(cells, lambda c: c.select(said=pl.when(~nothing).then("text"))).to_series()
