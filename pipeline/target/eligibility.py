"""Who may be served: the rules of each program, evaluated over all units in one pass.

Belongs here: status, exclusion, and what a unit would get. Not here: the rules themselves, and what is made of them
(:mod:`pipeline.target.findings`).

``status`` says what a unit's own conditions say and never depends on other benefits; ``excluded_by`` names the
programs whose receipt rules this one out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import reduce
from typing import Final

import polars as pl

from pipeline.target.programs import PRESENT, RECIPIENT, Program, Rules
from pipeline.target.vocabulary import PERSON_FACTS
from pipeline.target.writers import to_polars

KEPT: Final = (
    "subject_kind", "subject_id", "unit_id", "kecamatan_code", "desa_code", "desil", "in_registry", "identity",
    "status", "excluded_by", "served", "n_lines", "amount", "entitlement", "deceased", "moved_out", "reportable",
)  # fmt: skip


@dataclass(frozen=True)
class Assessment:
    """One program, evaluated.

    ``units`` has a row a unit: what is ``KEPT`` of the facts, ``status``, ``excluded_by``, ``served``, ``amount``
    (listed, rupiah a month; what the rules give where the list states none), ``entitlement`` (what the rules give,
    rupiah a month), ``deceased`` and ``moved_out`` (of a named recipient), ``rule_<id>`` per rule (true, false,
    null), ``reportable``.
    """

    program: Program
    units: pl.DataFrame
    rules: tuple[str, ...]


def assess(rules: Rules, units: pl.DataFrame, people: pl.DataFrame, served: pl.DataFrame) -> list[Assessment]:
    """Evaluate every program in force.

    Args:
        rules: what is in force.
        units: facts of units, see :func:`pipeline.target.facts.unit_facts`.
        people: facts of persons.
        served: see :func:`pipeline.target.benefits.served_units`.
    """
    own = people.lazy().select("person_id", "unit_id", "identity", *PERSON_FACTS)
    of_unit = units.lazy().drop("subject_kind", "identity", "n_present")
    by_person = own.join(of_unit, on="unit_id", how="left").with_columns(
        subject_kind=pl.lit("person"), subject_id=pl.col("person_id")
    )
    by_unit = units.lazy().with_columns(subject_id=pl.col("unit_id"), present=pl.col("n_present").fill_null(0) > 0)
    receives = _receives(served, people)
    return [_assess(p, by_person if p.unit == "person" else by_unit, served, receives) for p in rules.programs]


def _receives(served: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Program and ``unit_id`` of everything received, also where a person is paid."""
    unit_of = people.lazy().select("person_id", "unit_id")
    return (
        served.lazy()
        .select("program", "subject_id")
        .join(unit_of, left_on="subject_id", right_on="person_id", how="left")
        .select("program", unit_id=pl.coalesce("unit_id", "subject_id"))
        .unique()
        .collect()
    )


def _assess(program: Program, facts: pl.LazyFrame, served: pl.DataFrame, receives: pl.DataFrame) -> Assessment:
    lines = served.lazy().filter(pl.col("program") == program.code).drop("program")
    rules = {PRESENT: pl.col("present"), RECIPIENT: ~(pl.col("deceased") | pl.col("moved_out"))}
    rules |= {c.id: to_polars(c.condition) for c in program.conditions}
    rules |= {f"not_{b.id}": ~pl.col(f"bar_{b.id}") for b in program.bars}
    holds = reduce(pl.Expr.__and__, (pl.col(f"rule_{r}") for r in rules))
    frame = (
        facts.join(lines, on="subject_id", how="left")
        .with_columns(pl.col("deceased", "moved_out").fill_null(False), served=pl.col("n_lines").is_not_null())
        .filter(pl.col("in_registry") | pl.col("served"))
        .join(_excluding(program, receives), on="unit_id", how="left")
        .with_columns(
            pl.col("excluded_by").fill_null(""),
            *(rule.alias(f"rule_{name}") for name, rule in rules.items()),
            kecamatan_code=_place("kecamatan"),
            desa_code=_place("desa"),
            entitlement=_entitlement(program),
            reportable=_reportable(program),
        )
        .with_columns(
            status=pl.when(holds)
            .then(pl.lit("eligible"))
            .when(holds.is_null())
            .then(pl.lit("unknown"))
            .otherwise(pl.lit("ineligible")),
            amount=pl.when("served").then(pl.coalesce("amount", pl.col("entitlement") * pl.col("n_lines"))),
        )
        .select(*KEPT, *(c for c in ("sex", "age") if program.unit == "person"), *(f"rule_{r}" for r in rules))
        .sort("subject_id")
        .collect()
    )
    return Assessment(program, frame, tuple(rules))


def _excluding(program: Program, receives: pl.DataFrame) -> pl.LazyFrame:
    """``unit_id`` and ``excluded_by``: codes of programs in their order, joined by ``,``."""
    got = {code: (pl.col("program") == code).any() for code in program.excluded_by}
    others = receives.lazy().filter(pl.col("program").is_in(list(got))).group_by("unit_id").agg(**got)
    codes: list[pl.Expr] = [pl.when(code).then(pl.lit(code)) for code in sorted(got)]
    codes = codes or [pl.lit("")]
    return others.select("unit_id", excluded_by=pl.concat_str(codes, separator=",", ignore_nulls=True))


def _place(level: str) -> pl.Expr:
    """Where a unit is counted: where the registry has it, else the recipients list, else any other list."""
    known, listed = pl.col(f"{level}_code"), pl.col(f"line_{level}")
    return pl.when("in_registry").then(pl.coalesce(known, listed)).otherwise(pl.coalesce(listed, known))


def _reportable(program: Program) -> pl.Expr:
    """Whether an eligible and unserved unit is a finding (a program may name its first target group)."""
    if program.report_unserved_if is None:
        return pl.lit(True)
    return to_polars(program.report_unserved_if).fill_null(False)


def _entitlement(program: Program) -> pl.Expr:
    """Rupiah a month by the rules: flat, or the dearest components up to the number of members that count."""
    if program.monthly is not None:
        return pl.lit(round(program.monthly), pl.Int64)
    left = pl.lit(program.max_members if program.max_members is not None else 1_000_000, pl.Int64)
    yearly = pl.lit(0.0)
    for part in program.components:
        members = pl.col(part.members(program.code))
        if part.at_most is not None:
            members = members.clip(upper_bound=part.at_most)
        counted = pl.min_horizontal(members, left)
        left = left - counted
        yearly = yearly + counted * part.yearly
    return (yearly / 12).round().cast(pl.Int64)


def eligibility_rows(assessment: Assessment) -> pl.DataFrame:
    """The rows of ``tables.ELIGIBILITY`` of one program, in order of subject; subjects are codes."""
    rules = assessment.rules
    # few patterns of false, true and unknown occur, however many units there are: one document for each
    patterns = assessment.units.select(_pattern(rules)).to_series()
    documents = pl.Series([_document(rules, p) for p in patterns.unique().sort()], dtype=pl.String)
    return assessment.units.select(
        pl.lit(assessment.program.code).alias("program"),
        "subject_kind", "subject_id", "status", "excluded_by", "served", "kecamatan_code", "desa_code",
        rule_results=documents.gather(patterns.rank("dense") - 1),
    )  # fmt: skip


def _pattern(rules: tuple[str, ...]) -> pl.Expr:
    """Which rules are false, true or unknown, as one number."""
    states = (pl.col(f"rule_{r}").cast(pl.Int64).fill_null(2) * 3**i for i, r in enumerate(rules))
    return pl.sum_horizontal(states).alias("pattern")


def _document(rules: tuple[str, ...], pattern: int) -> str:
    states = (False, True, None)
    return json.dumps({r: states[pattern // 3**i % 3] for i, r in enumerate(rules)}, sort_keys=True)
