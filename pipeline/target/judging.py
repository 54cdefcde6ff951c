"""What the rules say of everybody: facts, benefits and eligibility, for the month and for what-if questions.

Belongs here: the order of these three steps. Not here: writing stage files (:mod:`pipeline.target.stage`), other
rules than those in force (:mod:`pipeline.simulate`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import polars as pl

from pipeline.target.benefits import benefit_lines, served_units
from pipeline.target.eligibility import Assessment, assess
from pipeline.target.facts import person_facts, unit_facts
from pipeline.target.measures import measures_table
from pipeline.target.programs import Rules
from pipeline.target.records import Records


@dataclass(frozen=True)
class Facts:
    """Facts of persons and units under some rules, see :mod:`pipeline.target.facts`."""

    people: pl.DataFrame
    units: pl.DataFrame


@dataclass(frozen=True)
class Judged:
    """The programs evaluated; ``lines`` are the benefit lines, each with an amount where list or rules give one."""

    rules: Rules
    facts: Facts
    lines: pl.DataFrame
    assessments: list[Assessment]
    heads: pl.DataFrame

    def measures(self) -> pl.DataFrame:
        """Rows of ``tables.MEASURES``."""
        return measures_table(self.assessments, self.facts.people, self.heads)


def facts_of(records: Records, rules: Rules) -> Facts:
    """The facts that the rules ask for."""
    people = person_facts(records.persons, records.rows, rules)
    return Facts(people, unit_facts(records.households, people, rules))


def judge(records: Records, rules: Rules, facts: Facts, only: Collection[str] | None = None) -> Judged:
    """Benefits of the month and eligibility under the rules, in all programs or in ``only`` some."""
    lines = benefit_lines(records.rows, facts.people, rules)
    chosen = replace(rules, programs=tuple(p for p in rules.programs if only is None or p.code in only))
    assessments = assess(chosen, facts.units, facts.people, served_units(lines))
    heads = records.households.select("household_id", "head_person_id")
    return Judged(rules, facts, _with_amounts(lines, assessments), assessments, heads)


def _with_amounts(lines: pl.DataFrame, assessments: list[Assessment]) -> pl.DataFrame:
    """Lines that state no amount get what the rules give the unit a month."""
    mine = {a.program.code: pl.col("program") == a.program.code for a in assessments}
    filled = [
        lines.lazy()
        .filter(mine[a.program.code])
        .join(a.units.lazy().filter("served").select("subject_id", "entitlement"), on="subject_id", how="left")
        .with_columns(amount=pl.coalesce("amount", "entitlement"))
        .drop("entitlement")
        for a in assessments
    ]
    rest = lines.lazy().filter(~pl.any_horizontal(*mine.values()))
    return pl.concat([*filled, rest]).sort("mention_id").collect()
