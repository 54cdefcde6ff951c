"""What the lists say of each person and each household: the facts that rules may ask for.

Belongs here: deriving the facts declared in :mod:`pipeline.target.vocabulary` and the counts declared beside the
programs, once a run, from the golden records and the mentions. Not here: what follows from them
(:mod:`pipeline.target.eligibility`).

A *unit* is what a household program pays: a household, or a person of whom no list tells the household. What nobody
reported is null. Of a unit that is in no registry only the named recipient is known, so its counts have no upper
bound.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipeline.target.documents import with_document
from pipeline.target.programs import Rules
from pipeline.target.vocabulary import (
    DISABILITIES,
    EMPLOYMENT_TYPES,
    HOUSEHOLD_FACTS,
    PERSON_FACTS,
    SCHOOL_LEVELS,
)
from pipeline.target.writers import to_polars


def age_on(day: date, born: pl.Expr) -> pl.Expr:
    """Completed years on a day; null where the date of birth is empty or lies after that day."""
    month, of_month = born.dt.month().cast(pl.Int64), born.dt.day().cast(pl.Int64)
    had_birthday = month * 100 + of_month <= day.month * 100 + day.day
    years = day.year - born.dt.year().cast(pl.Int64) - pl.when(had_birthday).then(0).otherwise(1)
    return pl.when(born <= day).then(years)


def person_facts(persons: pl.DataFrame, rows: pl.LazyFrame, rules: Rules) -> pl.DataFrame:
    """One row a person: the facts of ``PERSON_FACTS``, its unit, where it lives, and ``bar_<name>`` flags.

    Args:
        persons: the golden records.
        rows: mentions with ``person_id``.
        rules: what is in force (reference day, fertile ages, bars).
    """
    facts = (
        persons.lazy()
        .select(
            "person_id", "household_id", "sex", "kecamatan_code", "desa_code",
            identity=pl.col("confidence").fill_null(1.0),
            person_in_registry=pl.col("in_registry").fill_null(False),
            alive=pl.col("alive").fill_null(True),
            moved_out=pl.col("moved_out").fill_null(False),
            is_head=pl.col("relationship") == "head",
            age=age_on(rules.on, pl.col("birth_date")),
        )
        .with_columns(
            unit_id=pl.coalesce("household_id", "person_id"), present=pl.col("alive") & ~pl.col("moved_out")
        )
        .join(_reported(rows), on="person_id", how="left", maintain_order="left")
        .join(_employment(rows), on="person_id", how="left", maintain_order="left")
        .join(_companions(rows), on="person_id", how="left", maintain_order="left")
        .with_columns(pl.col("is_companion", *(f"is_{t}" for t in EMPLOYMENT_TYPES)).fill_null(False))
    )  # fmt: skip
    return concluded(facts, rules).collect()


def concluded(facts: pl.LazyFrame, rules: Rules) -> pl.LazyFrame:
    """Facts of persons with what follows from others: a pregnancy that cannot be, and ``bar_<name>`` flags."""
    facts = facts.with_columns(pregnant=pl.coalesce("pregnant", _surely_not_pregnant(rules)))
    bars = {f"bar_{b.id}": pl.col("present") & to_polars(b.condition) for b in rules.bars.values()}
    return facts.with_columns(**bars)


def _surely_not_pregnant(rules: Rules) -> pl.Expr:
    """False for men and outside the fertile ages, else unknown (DESIGN, "Who counts")."""
    low, high = rules.settings.get("fertile_age_min", 0), rules.settings.get("fertile_age_max", 200)
    outside = (pl.col("age") < pl.lit(low)) | (pl.col("age") > pl.lit(high))
    return pl.when((pl.col("sex") == "L") | outside).then(False)


def _reported(rows: pl.LazyFrame) -> pl.LazyFrame:
    """What the registry says of a person; of several rows the one that says most."""

    def highest(column: str, levels: tuple[str, ...]) -> pl.Expr:
        return pl.col(column).cast(pl.Enum(levels), strict=False)

    return (
        rows.filter(pl.col("kind") == "registry")
        .select(
            "person_id",
            "pregnant",
            "odgj",
            highest("school_level", SCHOOL_LEVELS),
            highest("disability", DISABILITIES),
            person_desil="desil",
        )
        .group_by("person_id")
        .max()
        .with_columns(pl.col("school_level", "disability").cast(pl.Categorical))
    )


def _employment(rows: pl.LazyFrame) -> pl.LazyFrame:
    private = pl.col("employment_type") == "private_employee"
    return (
        rows.filter(pl.col("kind") == "employment")
        .group_by("person_id")
        .agg(
            *((pl.col("employment_type") == t).any().alias(f"is_{t}") for t in EMPLOYMENT_TYPES),
            employment_income=pl.col("income").filter(private).max(),
        )
    )


def _companions(rows: pl.LazyFrame) -> pl.LazyFrame:
    listed = rows.filter(pl.col("kind") == "companions")
    return listed.select("person_id", is_companion=pl.lit(True)).unique()


def unit_facts(households: pl.DataFrame, people: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row a unit: the facts of ``HOUSEHOLD_FACTS``, counts as ``<count>__low`` and ``<count>__high``, bars.

    Args:
        households: the golden records.
        people: the facts of persons, see :func:`person_facts`.
        rules: what is in force.

    Returns:
        ``unit_id``, ``subject_kind`` (household, or person for a lone one), place, facts, counts, members by component
        (:meth:`pipeline.target.programs.Component.members`), ``bar_<name>``
        (true: a present member is so; null: perhaps), ``identity`` (lowest confidence among the members).
    """
    aggregates: dict[str, pl.Expr] = {
        "n_present": pl.col("present").sum().cast(pl.Int64),
        "identity": pl.col("identity").min(),
        "lone_desil": pl.col("person_desil").max(),
        "lone_in_registry": pl.col("person_in_registry").any(),
        "lone_kecamatan": pl.col("kecamatan_code").first(),
        "lone_desa": pl.col("desa_code").first(),
    }
    for count in rules.counts.values():
        holds = pl.col("present") & to_polars(count.condition)
        aggregates[f"{count.id}__low"] = holds.fill_null(False).sum().cast(pl.Int64)
        aggregates[f"{count.id}__high"] = holds.fill_null(True).sum().cast(pl.Int64)
    for program in rules.programs:
        dearer = pl.lit(False)
        for part in program.components:
            holds = (pl.col("present") & to_polars(rules.counts[part.count].condition)).fill_null(False)
            aggregates[part.members(program.code)] = (holds & ~dearer).sum().cast(pl.Int64)
            dearer |= holds
    for bar in rules.bars:
        aggregates[f"bar_{bar}"] = pl.col(f"bar_{bar}").any(ignore_nulls=False)
    units = people.lazy().group_by("unit_id").agg(**aggregates)
    known = households.lazy().select(
        pl.col("household_id").alias("unit_id"), "desil", "in_registry", "kecamatan_code", "desa_code"
    )
    seen = pl.col("in_registry")
    highs = [f"{c}__high" for c in rules.counts]
    return (
        units.join(known, on="unit_id", how="left")
        .join(_lone(people), on="unit_id", how="left")
        .with_columns(
            subject_kind=pl.when("lone").then(pl.lit("person")).otherwise(pl.lit("household")),
            desil=pl.when("lone").then("lone_desil").otherwise("desil"),
            in_registry=pl.when("lone").then("lone_in_registry").otherwise(seen.fill_null(False)),
            kecamatan_code=pl.when("lone").then("lone_kecamatan").otherwise("kecamatan_code"),
            desa_code=pl.when("lone").then("lone_desa").otherwise("desa_code"),
        )
        .with_columns(pl.when(seen).then(pl.col(*highs)).name.keep())
        .select(pl.all().exclude("^lone.*$"))
        .sort("unit_id")
        .collect()
    )


def _lone(people: pl.DataFrame) -> pl.LazyFrame:
    """Units that are a person without household."""
    lone = people.lazy().filter(pl.col("household_id").is_null())
    return lone.select("unit_id", lone=pl.lit(True)).unique()


def facts_table(units: pl.DataFrame, people: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The facts as documents, for ``explain``: each stands once, a person's own facts at the person.

    Rows of ``tables.FACTS`` in order of subject, with the subject's code.
    """
    exact = [pl.when(pl.col(f"{c}__low") == pl.col(f"{c}__high")).then(f"{c}__low").alias(c) for c in rules.counts]
    households = units.lazy().filter(pl.col("subject_kind") == "household").with_columns(exact)
    parts = (
        ("household", households, "unit_id", sorted({*HOUSEHOLD_FACTS, *rules.counts})),
        ("person", people.lazy(), "person_id", sorted(PERSON_FACTS)),
    )
    return pl.concat(
        with_document(frame.select(subject_id, *facts), "facts", facts).select(
            pl.lit(kind).alias("subject_kind"), pl.col(subject_id).alias("subject_id"), "facts"
        )
        for kind, frame, subject_id, facts in parts
    ).collect()
