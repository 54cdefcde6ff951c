"""Who is served: the active lines on the recipients lists of the period.

Belongs here: the lines and what they add up to for each unit. Not here: whether somebody should be served.
"""

from __future__ import annotations

from typing import Final

import polars as pl
import polars.selectors as cs

from pipeline.target.programs import Rules

_OF_LINE: Final = (
    "mention_id",
    "program",
    "person_id",
    "amount",
    "nik",
    "nik_head",
    "nik_status",
    "name",
    "card_number",
    "list_period",
)


def benefit_lines(rows: pl.LazyFrame, people: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row an active line (``NON AKTIF`` is none) of a program in force.

    Returns:
        The columns of a line that the rows have, ``line_kecamatan`` and ``line_desa``, the household and unit of its
        person, and whether the person is alive and has moved out. ``subject_id`` is the person or household that the
        program pays; a recipient whose household no list tells stands for itself.
    """
    units = {p.code: p.unit for p in rules.programs}
    by_person = pl.col("program").is_in([code for code, unit in units.items() if unit == "person"])
    in_force = pl.col("program").is_in(list(units))
    lone = pl.col("household_id").is_null()
    return (
        rows.filter(pl.col("kind") == "recipients", in_force, pl.col("active").fill_null(True))
        .select(cs.by_name(*_OF_LINE, require_all=False), line_kecamatan="kecamatan_code", line_desa="desa_code")
        .join(
            people.lazy().select("person_id", "household_id", "unit_id", "alive", "moved_out", "identity"),
            on="person_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(
            subject_kind=pl.when(by_person | lone).then(pl.lit("person")).otherwise(pl.lit("household")),
            subject_id=pl.when(by_person).then("person_id").otherwise("unit_id"),
        )
        .collect()
    )


def served_units(lines: pl.DataFrame) -> pl.DataFrame:
    """One row a program and unit: rupiah listed (null where no line states any), lines, place on the list,
    and whether a named recipient is dead or has moved out."""
    aggregated = (
        lines.lazy()
        .with_columns(dead=~pl.col("alive"))
        .group_by("program", "subject_id")
        .agg(
            pl.col("amount").sum(),
            stated=pl.col("amount").count(),
            n_lines=pl.len(),
            deceased=pl.col("dead").any(),
            moved_out=pl.col("moved_out").any(),
            line_kecamatan=pl.col("line_kecamatan").first(ignore_nulls=True),
            line_desa=pl.col("line_desa").first(ignore_nulls=True),
        )
    )
    return aggregated.with_columns(amount=pl.when(pl.col("stated") > 0).then("amount")).drop("stated").collect()
