"""What is true of each person and household with regard to the programs' conditions.

Belongs here: the rules as the field knows them, worked out from the true world. This is the yardstick for
:mod:`pipeline.target`, so nothing here may call it or read its rules: the two must agree by being right.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from pipeline.demo.dice import Dice, keys
from pipeline.demo.world import World, pregnant

DESIL_MAX: Final = {"pkh": 4, "sembako": 4, "pbi_jkn": 5, "blt_dd": 4}
MONTHLY: Final = {"pkh": 225_000, "sembako": 200_000, "pbi_jkn": 42_000, "blt_dd": 300_000}
"""Rupiah a month where the list has no amount."""

COMPONENTS: Final = {
    "IBU HAMIL": 250_000,
    "BALITA": 250_000,
    "ANAK SD": 75_000,
    "ANAK SMP": 125_000,
    "ANAK SMA": 166_000,
    "DISABILITAS BERAT": 200_000,
    "LANSIA": 200_000,
}
"""Component of PKH as lists write it → rupiah a month (a twelfth of the year's amount)."""

BARS: Final = (
    "civil_servant", "soldier_police", "state_enterprise", "pensioner", "village_official", "companion",
    "income_above_minimum_wage",
)  # fmt: skip

_SCHOOL: Final = ((7, 12, "sd"), (13, 15, "smp"), (16, 18, "sma"))
_LEAVES_SCHOOL: Final = {"sd": 0.02, "smp": 0.07, "sma": 0.2}


def person_facts(world: World, dice: Dice) -> pl.DataFrame:
    """All persons of households with ``age``, ``present`` (alive and not moved), ``pregnant``, ``school`` and
    ``component_<i>`` flags in the order of :data:`COMPONENTS`; ``pregnancy_unknown`` where nobody wrote it down.
    """
    persons = world.persons.filter(pl.col("hid").is_not_null())
    key = keys(persons["pid"].to_numpy())
    today = pl.lit(world.today).cast(pl.Int32).cast(pl.Date)
    birth = pl.from_epoch(pl.col("birth_day"), time_unit="d")
    in_year = [d.dt.month().cast(pl.Int32) * 100 + d.dt.day().cast(pl.Int32) for d in (birth, today)]
    had_birthday = in_year[0] <= in_year[1]
    age = today.dt.year().cast(pl.Int64) - birth.dt.year() - pl.when(had_birthday).then(0).otherwise(1)
    expecting = pl.Series(pregnant(persons, world.month, world.today, dice))
    silent = pl.Series(dice.happens(key, "pregnancy not written", 0.006))
    facts = persons.with_columns(age=age, birth=birth, pregnant=expecting)
    facts = facts.with_columns(
        pregnancy_unknown=silent & pl.col("woman") & pl.col("age").is_between(10, 55) & ~pl.col("pregnant"),
        school=_school(facts, dice),
        present=pl.col("death_day").is_null() & pl.col("moved_day").is_null(),
    )
    return facts.with_columns(
        component_0=pl.col("pregnant"),
        component_1=pl.col("age") < 7,
        **{
            f"component_{2 + at}": (pl.col("school") == level) & pl.col("age").is_between(6, 21)
            for at, level in enumerate(("sd", "smp", "sma"))
        },
        component_5=pl.col("disability") == "severe",
        component_6=pl.col("age") >= 60,
    )


def _school(facts: pl.DataFrame, dice: Dice) -> pl.Series:
    """Level of school; some leave early, some pupils are older than their class, none below six."""
    key = keys(facts["pid"].to_numpy())
    age = facts["age"].to_numpy()
    luck = dice.uniform(key, "leaves school")
    out = np.full(len(key), "none", dtype=object)
    for low, high, level in _SCHOOL:
        out[(age >= low) & (age <= high) & (luck > _LEAVES_SCHOOL[level])] = level
    out[(age == 6) & (luck > 0.5)] = "sd"
    late = dice.uniform(key, "still at school")
    out[(age >= 19) & (age <= 23) & (late < 0.25)] = "higher"
    out[(age >= 19) & (age <= 24) & (late < 0.06)] = "sma"
    return pl.Series(out.tolist(), dtype=pl.String)


def household_facts(world: World, facts: pl.DataFrame, work: pl.DataFrame) -> pl.DataFrame:
    """Households with ``n_present``, ``has_component`` (null: unknown), ``components``, ``pkh_amount``, ``bars``.

    Args:
        facts: :func:`person_facts`.
        work: who bars a household: ``pid`` and ``bar``, one of :data:`BARS`.
    """
    present = facts.filter("present")
    flags = [f"component_{at}" for at in range(len(COMPONENTS))]
    counted = present.group_by("hid").agg(
        pl.len().alias("n_present"),
        pl.col("pregnancy_unknown").any().alias("any_unknown"),
        *[pl.col(flag).sum() for flag in flags],
    )
    label = pl.concat_str(
        [pl.when(pl.col(f) > 0).then(pl.lit(name)) for f, name in zip(flags, COMPONENTS, strict=True)],
        separator=", ",
        ignore_nulls=True,
    )
    amount = pl.sum_horizontal([pl.col(f) * rupiah for f, rupiah in zip(flags, COMPONENTS.values(), strict=True)]).clip(
        upper_bound=900_000
    )
    bars = (
        present.select("pid", "hid")
        .join(work, on="pid", how="inner")
        .group_by("hid")
        .agg(pl.col("bar").unique().sort().alias("bars"))
    )
    out = world.households.join(counted, on="hid", how="left", maintain_order="left").join(
        bars, on="hid", how="left", maintain_order="left"
    )
    known = pl.any_horizontal([pl.col(f) > 0 for f in flags])
    return out.with_columns(
        n_present=pl.col("n_present").fill_null(0),
        components=label,
        pkh_amount=pl.when(amount > 0).then(amount).otherwise(MONTHLY["pkh"]),
        has_component=pl.when(known).then(True).when(pl.col("any_unknown")).then(None).otherwise(False),
    ).drop(flags, "any_unknown")


def reasons(units: pl.DataFrame, program: str) -> pl.DataFrame:
    """Judge units of one program by their own conditions.

    Args:
        units: any columns, with ``desil``, ``bars``, and for pkh ``has_component``.

    Returns:
        ``units`` with ``against`` (list of reasons known to speak against it) and ``status``.
    """
    none = pl.lit([], dtype=pl.List(pl.String))
    above = pl.when(pl.col("desil") > DESIL_MAX[program]).then(pl.lit(["above_welfare_threshold"])).otherwise(none)
    parts = [above, pl.col("bars").fill_null([])]
    unknown = pl.col("desil").is_null()
    if program == "pkh":
        parts.append(pl.when(pl.col("has_component").not_()).then(pl.lit(["no_component"])).otherwise(none))
        unknown = unknown | pl.col("has_component").is_null()
    return units.with_columns(against=pl.concat_list(parts)).with_columns(
        status=pl.when(pl.col("against").list.len() > 0)
        .then(pl.lit("ineligible"))
        .when(unknown)
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("eligible"))
    )
