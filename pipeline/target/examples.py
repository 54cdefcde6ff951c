"""Worked examples beside the rules: ``examples:`` in ``rules/programs/*.yaml``, for ``tepat rules test``.

Belongs here: turning an example into the frames that a month has, and comparing what the rules say of it with what
its writer worked out. Not here: the evaluation, which is that of the month (:mod:`pipeline.target.eligibility`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.errors import Problem, RulesError
from pipeline.parameters import in_force
from pipeline.rulebook import line_in
from pipeline.target.checking import DTYPES, turning_days
from pipeline.target.eligibility import Assessment, assess
from pipeline.target.facts import concluded, unit_facts
from pipeline.target.language import kind_of
from pipeline.target.programs import ExampleCard, Rules, Written, read_rules, rules_on
from pipeline.target.vocabulary import EMPLOYMENT_TYPES, PERSON_FACTS

UNLISTED: Final = {"present": True, "is_companion": False, **{f"is_{t}": False for t in EMPLOYMENT_TYPES}}
"""What holds for a member of whom an example does not say otherwise: nobody is on a list for nothing."""
SERVED: Final = pl.Schema(
    {
        "program": pl.String(), "subject_id": pl.String(), "amount": pl.Int64(), "n_lines": pl.UInt32(),
        "deceased": pl.Boolean(), "moved_out": pl.Boolean(), "line_kecamatan": pl.String(), "line_desa": pl.String(),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What became of one example; ``against`` names the rules that are false or unknown."""

    program: str
    example: str
    where: str
    expected: str
    found: str
    against: str
    passed: bool

    def __str__(self) -> str:
        held = f" ({self.against} not met or unknown)" if self.against else ""
        return f"{self.where}: {self.example}\n  expected: {self.expected}\n  found: {self.found}{held}"


@dataclass(frozen=True)
class _Example:
    """An example and the id that its household goes by; its first member is ``<id>-0``."""

    id: str
    program: str
    where: str
    card: ExampleCard

    @property
    def person(self) -> str:
        return f"{self.id}-0"


def run_examples(rules: Path) -> list[Outcome]:
    """Evaluate every example of every program under the rules of its day, in order of file.

    Raises:
        RulesError: rules that cannot be read, or an example that speaks of facts or programs that do not exist.
    """
    written = read_rules(rules)
    examples = list(_examples(written))
    problems = [problem for example in examples for problem in _problems(example, written)]
    if problems:
        raise RulesError(*problems)
    outcomes: dict[str, Outcome] = {}
    newest = _newest_days(written)
    day_of = {e.id: e.card.day or newest[e.program] for e in examples}
    for day in sorted(set(day_of.values())):
        of_day = [e for e in examples if day_of[e.id] == day]
        assessments = {a.program.code: a for a in _assessed(of_day, rules_on(written, day))}
        outcomes |= {e.id: _outcome(e, assessments.get(e.program), day) for e in of_day}
    return [outcomes[e.id] for e in examples]


def _newest_days(written: Written) -> dict[str, date]:
    """For each program the day since which nothing changes any more while it is in force."""
    days = turning_days(written)
    return {
        code: max((d for d in days if in_force(card.versions, d)), default=days[-1])
        for code, (_, card) in written.programs.items()
    }


def _examples(written: Written) -> Iterator[_Example]:
    for code, (path, card) in written.programs.items():
        for i, example in enumerate(card.examples):
            yield _Example(f"{code}-{i:04d}", code, f"{path}:{line_in(path, 'examples', i)}", example)


def _problems(example: _Example, written: Written) -> Iterator[Problem]:
    for member in example.card.members:
        for name, value in member.items():
            if name not in PERSON_FACTS:
                near = difflib.get_close_matches(name, PERSON_FACTS, n=1)
                known = ", ".join(PERSON_FACTS)
                todo = f"did you mean `{near[0]}`?" if near else ""
                yield Problem(example.where, f"there is no fact `{name}` of a person", known, todo)
            elif value is not None and kind_of(value) is not PERSON_FACTS[name].kind:
                yield Problem(example.where, f"`{name}` is {value!r}", f"a {PERSON_FACTS[name].kind.value}")
            elif (
                (span := PERSON_FACTS[name].span) and isinstance(value, int | float) and not span[0] <= value <= span[1]
            ):
                yield Problem(example.where, f"`{name}` is {value!r}", f"{span[0]} to {span[1]}")
    for code in (*example.card.receives, *example.card.excluded_by):
        if code not in written.programs:
            yield Problem(example.where, f"there is no program `{code}`", ", ".join(written.programs))


def _assessed(examples: list[_Example], rules: Rules) -> list[Assessment]:
    """All programs, evaluated over the households of the examples as over those of a month."""
    people = concluded(_members(examples).lazy(), rules).collect()
    households = pl.DataFrame(
        [
            {"household_id": e.id, "desil": e.card.desil, "in_registry": e.card.in_registry, "kecamatan_code": None,
             "desa_code": None}
            for e in examples
        ],
        schema={"household_id": pl.String, "desil": pl.Int64, "in_registry": pl.Boolean, "kecamatan_code": pl.String,
                "desa_code": pl.String},
    )  # fmt: skip
    units = unit_facts(households, people, rules)
    pays = {p.code: p.unit for p in rules.programs}
    lines = [
        {"program": code, "subject_id": e.person if pays.get(code) == "person" else e.id, "n_lines": 1,
         "deceased": False, "moved_out": False}
        for e in examples
        for code in e.card.receives
    ]  # fmt: skip
    served = pl.DataFrame(lines, schema_overrides=SERVED) if lines else SERVED.to_frame(eager=True)
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in SERVED.items() if name not in served.columns]
    return assess(rules, units, people, served.with_columns(missing).select(SERVED.names()))


def _members(examples: list[_Example]) -> pl.DataFrame:
    """One row a member, in the columns of :func:`pipeline.target.facts.person_facts`."""
    rows: list[dict[str, Any]] = [
        {"person_id": f"{e.id}-{i}", "household_id": e.id, "unit_id": e.id, "person_in_registry": e.card.in_registry,
         "identity": 1.0, **UNLISTED, **member}
        for e in examples
        for i, member in enumerate(e.card.members)
    ]  # fmt: skip
    schema: dict[str, pl.DataType] = {name: DTYPES[fact.kind] for name, fact in PERSON_FACTS.items()}
    schema |= dict.fromkeys(("person_id", "household_id", "unit_id", "kecamatan_code", "desa_code"), pl.String())
    schema |= {"person_in_registry": pl.Boolean(), "identity": pl.Float64(), "person_desil": pl.Int64()}
    return pl.DataFrame(rows, schema=schema)


def _outcome(example: _Example, assessment: Assessment | None, day: date) -> Outcome:
    card = example.card
    expected = _said(card.expect, ",".join(sorted(card.excluded_by)), card.amount)
    if card.against is not None:
        expected += f", against: {','.join(sorted(card.against)) or 'nothing'}"
    if assessment is None:
        found, against = f"the program is not in force on {day}", ""
    else:
        found, against = _found(example, assessment)
    passed = found == expected
    return Outcome(example.program, card.text, example.where, expected, found, against, passed)


def _found(example: _Example, assessment: Assessment) -> tuple[str, str]:
    subject = example.person if assessment.program.unit == "person" else example.id
    rows = assessment.units.filter(pl.col("subject_id") == subject).to_dicts()
    if not rows:
        return "in no registry and on no list: nobody asks", ""
    unit, card = rows[0], example.card
    against = ",".join(sorted(r.removeprefix("not_") for r in assessment.rules if unit[f"rule_{r}"] is not True))
    found = _said(unit["status"], unit["excluded_by"], None if card.amount is None else unit["entitlement"])
    if card.against is not None:
        found += f", against: {against or 'nothing'}"
    return found, against


def _said(status: str, excluded_by: str, amount: int | None) -> str:
    words = [status]
    words += [f"excluded by {excluded_by}"] if excluded_by else []
    words += [f"{amount} rupiah a month"] if amount is not None else []
    return ", ".join(words)
