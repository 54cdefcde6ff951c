"""What is wrong with a set of rules, and the set as a table that a jurist can read.

Belongs here: checks over all versions and days, for ``tepat rules check``. Not here: reading the files
(:mod:`pipeline.target.programs`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from itertools import product
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.errors import Problem, RulesError
from pipeline.ingest.cards import words_of
from pipeline.misuse.thresholds import read_thresholds
from pipeline.parameters import Dated, Parameters, date_problems, in_force
from pipeline.rulebook import line_in
from pipeline.target.language import (
    Both,
    Coalesce,
    Compare,
    Condition,
    Either,
    Fact,
    Holds,
    IsNull,
    Kind,
    Not,
    Scalar,
    Term,
    Value,
)
from pipeline.target.programs import Place, Program, Rule, Rules, Written, read_rules, rules_on
from pipeline.target.taxonomy import Taxonomy, read_taxonomy
from pipeline.target.writers import to_polars

DTYPES: Final[Mapping[Kind, pl.DataType]] = {
    Kind.NUMBER: pl.Float64(), Kind.TEXT: pl.String(), Kind.FLAG: pl.Boolean(), Kind.DATE: pl.Date(),
}  # fmt: skip
"""Of the column of a fact."""
MAX_CASES: Final = 200_000
"""Combinations of fact values tried before a condition is given the benefit of the doubt."""


@dataclass(frozen=True)
class RuleRow:
    """One rule in words, as in force on a day."""

    program: str
    rule: str
    condition: str
    text: str
    law: str
    valid_from: date
    valid_to: date | None


def check_rules(rules: Path) -> list[Problem]:
    """Everything wrong with the rules that a run would trip over, or would apply without anybody meaning it.

    Looked for: files that cannot be read, unknown facts, parameters, bars and programs, comparisons of what cannot be
    compared, gaps and overlaps of dates, one name for two programs, reasons without words in ``findings.yaml``,
    conditions that can never be true, programs that rule each other out.
    """
    problems: list[Problem] = []
    taxonomy: Taxonomy | None = None
    try:
        taxonomy = read_taxonomy(rules)
    except RulesError as error:
        problems.extend(error.problems)
    try:
        written = read_rules(rules)
    except RulesError as error:
        return [*problems, *error.problems]
    problems.extend(_dates(written))
    problems.extend(_names(written))
    for day in turning_days(written):
        try:
            then = rules_on(written, day)
        except RulesError as error:
            problems.extend(error.problems)
            continue
        problems.extend(_contradictions(written, then))
        if taxonomy is not None:
            problems.extend(_wordless(written, then, taxonomy))
    try:
        read_thresholds(rules, max(turning_days(written)))
    except RulesError as error:
        problems.extend(error.problems)
    return list(dict.fromkeys(problems))


def rule_rows(rules: Path, on: date, language: str = "id") -> list[RuleRow]:
    """The rules in force on a day: each condition and bar of each program, with the law beside it."""
    written = read_rules(rules)
    rows = []
    for program in rules_on(written, on).programs:
        card = written.programs[program.code][1]
        version = in_force(card.versions, on)
        assert version is not None  # noqa: S101 - the program is in force
        for rule in program.conditions + program.bars:
            text = str(getattr(rule.text, language))
            row = RuleRow(program.code, rule.id, rule.written, text, rule.law, version.valid_from, version.valid_to)
            rows.append(row)
    return rows


def turning_days(written: Written) -> list[date]:
    """The first day of everything that begins, and the first after everything that ends, while some program is in
    force: between two such days nothing changes."""
    versions = [v for _, card in written.programs.values() for v in card.versions]
    values = [d for _, card in written.programs.values() for p in card.parameters.values() for d in p]
    values += [d for p in written.bars.parameters.values() for d in p]
    begin = min((v.valid_from for v in versions), default=date.today())
    dated: list[Dated] = [*versions, *values]
    days = {d.valid_from for d in dated}
    days |= {d.valid_to + timedelta(days=1) for d in dated if d.valid_to is not None}
    return sorted(d for d in days | {begin} if d >= begin)


def _dates(written: Written) -> Iterator[Problem]:
    places: list[tuple[Path, Parameters]] = [(path, card.parameters) for path, card in written.programs.values()]
    places.append((written.bars_path, written.bars.parameters))
    for path, parameters in places:
        for name, values in parameters.items():
            yield from date_problems(f"{path}:{line_in(path, 'parameters', name)}", name, values)
    for path, card in written.programs.values():
        yield from date_problems(f"{path}:{line_in(path, 'versions')}", f"versions of {card.code}", card.versions)


def _names(written: Written) -> Iterator[Problem]:
    """Names that a list may use for one of two programs: its rows would be of either."""
    known: dict[str, str] = {}
    for code, (path, card) in written.programs.items():
        for i, alias in enumerate(card.aliases):
            other = known.setdefault(words_of(alias), code)
            if other != code:
                found = f"{alias!r} is a name of `{other}` as well"
                yield Problem(f"{path}:{line_in(path, 'aliases', i)}", found, todo="leave it to one of them")


def _contradictions(written: Written, rules: Rules) -> Iterator[Problem]:
    for circle in _circles({p.code: p.excluded_by for p in rules.programs}):
        path = written.programs[circle[0]][0]
        names = ", ".join(f"`{code}`" for code in circle)
        found = f"{names} rule each other out in a circle: whoever receives all of them loses all of them"
        yield Problem(
            f"{path}:{line_in(path, 'versions')}", found, todo="take one `excluded_by` out: one must go first"
        )
    for program in rules.programs:
        path, card = written.programs[program.code]
        at = next(i for i, v in enumerate(card.versions) if v is in_force(card.versions, rules.on))
        yield from _never_true((path, "versions", at), program)
        for name in card.counts:
            yield from _never((path, "counts", name, "member"), f"count `{name}`", rules.counts[name])
    for name, bar in rules.bars.items():
        yield from _never((written.bars_path, "bars", name, "member"), f"bar `{name}`", bar)


def _circles(excluded_by: Mapping[str, tuple[str, ...]]) -> Iterator[list[str]]:
    """Programs each of which is ruled out by the next and the last by the first; each circle once."""
    for start in sorted(excluded_by):
        paths = [[start]]
        while paths:
            path = paths.pop()
            for other in excluded_by.get(path[-1], ()):
                if other == start:
                    yield path
                elif other > start and other not in path:
                    paths.append([*path, other])


def _never(place: Place, what: str, rule: Rule) -> Iterator[Problem]:
    if not can_be_true(rule.condition):
        path, *location = place
        yield Problem(f"{path}:{line_in(path, *location)}", f"{what} can never be true: {rule.written.strip()}")


def _never_true(version: Place, program: Program) -> Iterator[Problem]:
    """Conditions, and all conditions together, that hold for no household whatever its facts."""
    for i, rule in enumerate(program.conditions):
        problems = list(_never((*version, "conditions", i, "condition"), f"condition `{rule.id}`", rule))
        if problems:
            yield from problems
            return
    together = reduce(Both, (r.condition for r in program.conditions))
    path, *location = version
    where = f"{path}:{line_in(path, *location)}"
    if not can_be_true(together):
        yield Problem(where, "the conditions of this program can never be true together")
    elif program.report_unserved_if and not can_be_true(Both(together, program.report_unserved_if)):
        yield Problem(where, "`report_unserved_if` can never be true where the conditions are")


def _wordless(written: Written, rules: Rules, taxonomy: Taxonomy) -> Iterator[Problem]:
    known = taxonomy.types["inclusion_error"].reasons if "inclusion_error" in taxonomy.types else {}
    for program in rules.programs:
        path = written.programs[program.code][0]
        for rule in program.conditions + program.bars:
            if rule.reason is not None and rule.reason not in known:
                found = f"reason `{rule.reason}` has no words under inclusion_error in findings.yaml"
                yield Problem(f"{path}:{line_in(path, 'versions')}", found, ", ".join(known), "add it there")


# ------------------------------------------------------------------ can it be true at all?


def can_be_true(condition: Condition) -> bool:
    """Whether some values of the facts make a condition true.

    Every fact is tried at each value that it is compared with and beside it, and as unknown; two facts that are
    compared with each other get each other's values. With more than ``MAX_CASES`` combinations the answer is yes.
    """
    facts: dict[Fact, None] = {}
    literals: set[Scalar] = set()
    _collect(condition, facts, literals)
    choices = [sorted(_around(fact, literals), key=repr) for fact in facts]
    if not choices:
        return bool(pl.select(to_polars(condition).fill_null(False)).item())
    size = 1
    for choice in choices:
        size *= len(choice)
    if size > MAX_CASES:
        return True
    cases = list(product(*choices))
    columns: dict[str, pl.Series] = {}
    for i, fact in enumerate(facts):
        series = pl.Series([case[i] for case in cases], dtype=DTYPES[fact.kind])
        names = [f"{fact.name}__low", f"{fact.name}__high"] if fact.counted else [fact.name]
        columns |= dict.fromkeys(names, series)
    return bool(pl.DataFrame(columns).select(to_polars(condition).fill_null(False).any()).item())


def _around(fact: Fact, literals: set[Scalar]) -> set[Scalar | None]:
    if fact.kind is Kind.FLAG:
        return {True, False, None}
    if fact.kind is Kind.TEXT:
        return {None, *fact.values} if fact.values else {"", None, *(v for v in literals if isinstance(v, str))}
    if fact.kind is Kind.DATE:
        days = [v for v in literals if isinstance(v, date)] or [date(2026, 1, 1)]
        return {None, *(d + timedelta(days=n) for d in days for n in (-1, 0, 1))}
    numbers = [float(v) for v in literals if isinstance(v, int | float) and not isinstance(v, bool)] or [0.0]
    near = {n + step for n in numbers for step in (-1.0, -0.5, 0.0, 0.5, 1.0)}
    if fact.counted:
        return {n for n in near if n >= 0 and n == int(n)} or {0.0}
    if fact.span is not None:
        low, high = fact.span
        return {None, low, high, *(n for n in near if low <= n <= high and n == int(n))}
    return near | {None}


def _collect(node: Condition | Term, facts: dict[Fact, None], literals: set[Scalar]) -> None:
    match node:
        case Fact():
            facts.setdefault(node)
        case Value(value):
            literals.add(value)
        case Coalesce(fact, otherwise):
            _collect(fact, facts, literals)
            literals.add(otherwise.value)
        case IsNull(fact):
            _collect(fact, facts, literals)
        case Holds(term):
            _collect(term, facts, literals)
        case Not(inner):
            _collect(inner, facts, literals)
        case Compare(_, left, right) | Both(left, right) | Either(left, right):
            _collect(left, facts, literals)
            _collect(right, facts, literals)
