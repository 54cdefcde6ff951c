"""Who is served: the active lines on the recipients lists of the period.

Belongs here: the lines and what they add up to for each unit. Not here: whether somebody should be served.
"""

from __future__ import annotations

import polars as pl

from pipeline.target.programs import Rules


def benefit_lines(rows: pl.LazyFrame, people: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row an active line (``NON AKTIF`` is none) of a program in force.

    Returns:
        Columns of ``tables.BENEFITS`` and of where the line stands, its numbers, and whether its person is alive and
        has moved out. ``subject_id`` is the person or household that the program pays; a recipient whose household
        no list tells stands for itself.
    """
    units = {p.code: p.unit for p in rules.programs}
    by_person = pl.col("program").replace_strict(units, default=None, return_dtype=pl.String) == "person"
    in_force = pl.col("program").is_in(list(units))
    lone = pl.col("household_id").is_null()
    return (
        rows.filter(pl.col("kind") == "recipients", in_force, pl.col("active").fill_null(True))
        .select(
            "mention_id", "source_file", "sheet", "row_number", "program", "person_id", "amount", "nik",
            "nik_status", "name", "card_number",
            line_kecamatan=pl.col("kecamatan_code"), line_desa=pl.col("desa_code"),
        )
        .join(
            people.lazy().select("person_id", "household_id", "unit_id", "alive", "moved_out", "identity"),
            on="person_id", how="left", maintain_order="left",
        )
        .with_columns(
            subject_kind=pl.when(by_person | lone).then(pl.lit("person")).otherwise(pl.lit("household")),
            subject_id=pl.when(by_person).then("person_id").otherwise("unit_id"),
        )
        .collect()
    )  # fmt: skip


def served_units(lines: pl.DataFrame) -> pl.DataFrame:
    """One row a program and unit: rupiah listed (null where no line states any), lines, place on the list,
    and whether a named recipient is dead or has moved out."""
    return lines.group_by("program", "subject_id", maintain_order=True).agg(
        amount=pl.when(pl.col("amount").is_not_null().any()).then(pl.col("amount").sum()),
        n_lines=pl.len(),
        deceased=(~pl.col("alive")).any(),
        moved_out=pl.col("moved_out").any(),
        line_kecamatan=pl.col("line_kecamatan").drop_nulls().first(),
        line_desa=pl.col("line_desa").drop_nulls().first(),
    )
