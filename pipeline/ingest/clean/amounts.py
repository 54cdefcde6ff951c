"""Amounts of money: whole rupiah from everything that people and Excel write.

Belongs here: ``Rp 600.000,00``, ``600,000``, ``600rb``, ``(600.000)``, a number cell. A text that cannot be read as
one amount stays empty; the reader of the row decides what that means.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from pipeline.ingest.clean.cells import NUMBER, RawRows, Recipe, nulls, per_value

_LIMIT = 10**15


def rupiah(rows: RawRows, name: str) -> pl.Series:
    """An amount column as Int64 rupiah (negative where it says so); null where it is empty or cannot be read."""
    if not rows.says(name):
        return nulls(name, pl.Int64(), rows.height)
    return per_value(rows.cells(name), amount_recipe()).to_series().alias(name)


@cache
def amount_recipe() -> Recipe:
    """Column ``amount`` from the columns ``text`` and ``kind``."""
    tight = pl.col("text").str.to_uppercase().str.replace_all(r"\s|^'", "")
    negative = pl.col("tight").str.contains(r"^\(.*\)$|^(?:RP\.?|IDR)?-|[^,.]-$")
    bare = (
        pl.col("tight").str.replace_all(r"[()\-+]", "").str.replace(r"^(?:RP|IDR)[.:]?", "")
        .str.replace(r"(?:RUPIAH|RP|IDR)$", "").str.strip_chars("=.,:")
    )  # fmt: skip
    unit = pl.col("bare").str.extract(r"(RIBU|RB|JUTA|JT|K)$")
    factor = (
        pl.when(pl.col("unit").is_in(["RIBU", "RB", "K"])).then(1_000.0)
        .when(pl.col("unit").is_in(["JUTA", "JT"])).then(1_000_000.0)
        .otherwise(1.0)
    )  # fmt: skip
    number = pl.col("bare").str.replace(r"(?:RIBU|RB|JUTA|JT|K)$", "")
    digits = pl.col("number").str
    plain = digits.extract(r"^([0-9]+)$")
    indonesian = (
        digits.extract(r"^([0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]{1,2})?)$")
        .str.replace_all(r"\.", "")
        .str.replace(",", ".")
    )
    english = digits.extract(r"^([0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?)$").str.replace_all(",", "")
    decimals = digits.extract(r"^([0-9]+[.,][0-9]{1,2})$").str.replace(",", ".")
    # rounded by a spreadsheet only where it shows as many digits as it can
    scientific = digits.extract(r"^([0-9](?:[.,][0-9]{1,4})?E\+?[0-9]{1,2})$").str.replace(",", ".")
    spread = pl.coalesce(plain, indonesian, english, decimals, scientific).cast(pl.Float64, strict=False) * factor
    typed = pl.col("text").cast(pl.Float64, strict=False)
    value = pl.when(pl.col("kind") == NUMBER).then(typed).otherwise(pl.when("negative").then(-spread).otherwise(spread))
    sane = pl.col("value").is_finite() & (pl.col("value").abs() < _LIMIT)
    steps = (
        (tight.alias("tight"),),
        (bare.alias("bare"), negative.alias("negative")),
        (unit.alias("unit"), number.alias("number")),
        (value.alias("value"),),
    )
    return Recipe(steps, (pl.when(sane).then("value").round().cast(pl.Int64, strict=False).alias("amount"),))
