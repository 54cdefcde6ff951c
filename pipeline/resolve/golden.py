"""One record of each person and household, and where each value came from.

Belongs here: choosing among what the rows of one person say. Not here: which rows are one person's
(:mod:`.cluster`), or who of them lives together (:mod:`.households`).

The value that most rows give is taken; among equals the registry's, then that of the first row. A number that
several persons carry belongs to the one most of whose rows have it.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from pipeline.resolve.columns import Columns

COLUMNS: Final = (
    "mention_id", "kind", "nik", "nik_status", "no_kk", "name", "birth_date", "birth_date_note", "sex", "birth_place",
    "relationship", "desa_code", "kecamatan_code", "dusun", "population_status", "desil",
)  # fmt: skip
"""Columns of ``mentions`` needed here."""

_ORIGINS: Final = (
    "nik", "name", "birth_date", "sex", "birth_place", "relationship", "desa_code", "kecamatan_code",
)  # fmt: skip
_ROWS: Final = 2**32


def persons(rows: Columns, confidence: pl.DataFrame, latest: date) -> pl.DataFrame:
    """The persons table.

    Args:
        rows: COLUMNS of all mentions with ``person_id``, ``household_id``, ``own_nik`` (the number after
            misplaced ones were put back).
        confidence: person_id, confidence.
        latest: last day of the month; nobody is born later.
    """
    # persons and mentions as numbers in the order of their ids, so that no text is held but that of one column
    mentions = rows.select("mention_id")["mention_id"]
    at = mentions.rank("ordinal").cast(pl.UInt64) - 1
    mentions = mentions.sort()
    kept = rows.select("person_id", "household_id", "kind", "population_status")
    ids = kept["person_id"].unique().sort()
    kept = kept.with_columns(person=pl.col("person_id").rank("dense").cast(pl.UInt32) - 1).drop("person_id")
    out = kept.group_by("person").agg(
        pl.col("household_id").first(),
        pl.len().alias("n_mentions"),
        (pl.col("kind") == "registry").any().alias("in_registry"),
        *_alive(),
    )
    order = kept.select(_rank().cast(pl.UInt64) * _ROWS + at).to_series()
    owner = kept["person"]
    del kept, at
    for column in _ORIGINS:
        out = out.join(_chosen(rows, column, owner, order), on="person", how="left")
    del owner, order
    out = _dates_from_numbers(out.sort("person"), latest)
    origin = pl.DataFrame({c: mentions.gather(out[f"{c}_from"]) for c in _ORIGINS})
    return (
        out.with_columns(
            ids.gather(out["person"]).alias("person_id"),
            _as_json(origin).alias("origin"),
            pl.when(pl.col("birth_date_from").is_not_null())
            .then(pl.lit("written"))
            .otherwise("date_from")
            .alias("birth_date_from"),
        )
        .drop("person", "date_from", *(f"{c}_from" for c in _ORIGINS if c != "birth_date"))
        .join(confidence, on="person_id", how="left", maintain_order="left")
    )


def _rank() -> pl.Expr:
    """Registry rows before lists, lists before rosters; then by mention."""
    order = {"registry": 0, "recipients": 1, "payments": 2, "proposals": 2, "deaths": 2, "ppks": 2}
    return pl.col("kind").replace_strict(order, default=3, return_dtype=pl.Int8)


def _alive() -> list[pl.Expr]:
    status = pl.col("population_status")
    here, moved = (status == "active").any(), (status == "moved").any()
    dead = (pl.col("kind") == "deaths").any() | (status == "deceased").any()
    known = (pl.col("kind") == "deaths").any() | status.is_not_null().any()
    return [
        pl.when(dead).then(False).when(known).then(True).alias("alive"),
        # a registry that still has somebody as living elsewhere in the province overrules the one left behind
        pl.when(moved & ~here).then(True).when(here).then(False).alias("moved_out"),
    ]


def _chosen(rows: Columns, column: str, owner: pl.Series, order: pl.Series) -> pl.DataFrame:
    """The value most rows give, with the first mention that gives it.

    Args:
        rows: as for :func:`persons`.
        column: one of its columns.
        owner: person of each row.
        order: of each row: its rank, then its place among the mentions.
    """
    value = "own_nik" if column == "nik" else column
    further = {"birth_date": ("birth_date_note",), "relationship": ("kind",)}.get(column, ())
    given = rows.select(value, *further).with_columns(owner.alias("person"), order.alias("order"))
    given = given.filter(pl.col(value).is_not_null())
    if column == "birth_date":
        given = given.filter(pl.col("birth_date_note").is_null() | (pl.col("birth_date_note") != "year_only"))
    if column == "relationship":
        given = given.filter(pl.col("kind") == "registry")
    counted = given.drop(further).group_by("person", value).agg(pl.len().alias("n"), pl.col("order").min())
    del given
    if column == "nik":
        # the owner of a shared number is the person with most rows of it
        counted = counted.sort("n", "order", descending=[True, False])
        counted = counted.unique("own_nik", keep="first", maintain_order=True)
    return (
        counted.sort("person", "n", "order", descending=[False, True, False])
        .unique("person", keep="first", maintain_order=True)
        .select("person", pl.col(value).alias(column), (pl.col("order") % _ROWS).alias(f"{column}_from"))
    )


def _dates_from_numbers(out: pl.DataFrame, latest: date) -> pl.DataFrame:
    """Where no date of birth is written, the one in the person's number; sex too."""
    nik = pl.col("nik")
    day, month, year = (nik.str.slice(at, 2).cast(pl.Int32, strict=False) for at in (6, 8, 10))
    # a hundred years up to the month of the run stand for the two digits; older people are rarer than children
    century = pl.when(year > latest.year % 100).then(latest.year // 100 - 1).otherwise(latest.year // 100)
    full = century * 100 + year
    of_month = pl.when(day > 40).then(day - 40).otherwise(day)
    # by way of text: a number with a day that its month has not is no error here, it says no date
    birth = pl.format("{}-{}-{}", full, month, of_month).str.to_date("%Y-%m-%d", strict=False)
    made = out.with_columns(
        birth.alias("n_date"), pl.when(day > 40).then(pl.lit("P")).when(day > 0).then(pl.lit("L")).alias("n_sex")
    )
    return made.with_columns(
        pl.coalesce("birth_date", "n_date").alias("birth_date"),
        pl.coalesce("sex", "n_sex").alias("sex"),
        pl.when(pl.col("birth_date").is_null() & pl.col("n_date").is_not_null()).then(pl.lit("nik")).alias("date_from"),
    ).drop("n_date", "n_sex")


def _as_json(values: pl.DataFrame) -> pl.Series:
    """Each row as JSON with sorted keys, empty fields left out."""
    names = sorted(values.columns)
    parts = [pl.when(pl.col(n).is_not_null()).then(pl.format('"{}": "{}"', pl.lit(n), pl.col(n))) for n in names]
    return values.select("{" + pl.concat_str(parts, separator=", ", ignore_nulls=True) + "}").to_series()


def households(rows: Columns, people: pl.DataFrame) -> pl.DataFrame:
    """The households table; ``rows`` as for :func:`persons`, with ``own_kk``."""
    settled = pl.col("household_id").is_not_null()
    registry = pl.col("kind") == "registry"
    out = (
        rows.select("household_id", "kind", "desil")
        .filter(settled)
        .group_by("household_id")
        .agg(pl.col("desil").filter(registry).max().alias("desil"), registry.any().alias("in_registry"))
    )
    for column in ("desa_code", "kecamatan_code", "dusun"):
        out = out.join(_most(rows, column), on="household_id", how="left")
    numbers = (
        rows.select("household_id", "kind", "own_kk")
        .filter(settled & pl.col("own_kk").is_not_null())
        .group_by("household_id", "own_kk")
        .agg(registry.any().alias("listed"), pl.len().alias("n"))
        .with_columns(
            (
                pl.col("own_kk").str.slice(10, 2) + pl.col("own_kk").str.slice(8, 2) + pl.col("own_kk").str.slice(6, 2)
            ).alias("issued")
        )
        .sort("household_id", "listed", "issued", "n", "own_kk", descending=[False, True, True, True, False])
    )
    out = out.join(
        numbers.group_by("household_id", maintain_order=True).agg(
            pl.col("own_kk").first().alias("no_kk"), pl.col("own_kk").sort().alias("all")
        ),
        on="household_id",
        how="left",
    ).with_columns(('["' + pl.col("all").list.join('", "') + '"]').fill_null("[]").alias("all_no_kk"))
    members = people.filter(pl.col("household_id").is_not_null())
    absent = pl.col("alive").eq_missing(False) | pl.col("moved_out").eq_missing(True)
    counts = members.group_by("household_id").agg(pl.len().alias("n_members"), (~absent).sum().alias("n_present"))
    heads = (
        members.with_columns(
            (pl.col("relationship") == "head").fill_null(False).alias("head"),
            (pl.col("relationship") == "spouse").fill_null(False).alias("spouse"),
            (~absent).alias("present"),
        )
        .sort(
            "household_id", "head", "present", "spouse", "birth_date", "person_id",
            descending=[False, True, True, True, False, False], nulls_last=True,
        )
        .unique("household_id", keep="first", maintain_order=True)
        .select("household_id", pl.col("person_id").alias("head_person_id"))
    )  # fmt: skip
    return (
        out.drop("all")
        .join(counts, on="household_id", how="left")
        .join(heads, on="household_id", how="left")
        .sort("household_id")
    )


def _most(rows: Columns, column: str) -> pl.DataFrame:
    return (
        rows.select("household_id", "kind", column)
        .filter(pl.col("household_id").is_not_null() & pl.col(column).is_not_null())
        .group_by("household_id", column)
        .agg(_rank().min().alias("rank"), pl.len().alias("n"))
        .sort("household_id", "rank", "n", column, descending=[False, False, True, False])
        .unique("household_id", keep="first", maintain_order=True)
        .select("household_id", column)
    )
