"""The rules of the programs, as written in ``rules/programs/*.yaml`` and ``rules/bars.yaml``.

Belongs here: the models of these files, reading them, and choosing what is in force on a day (:func:`rules_on`). Not
here: their evaluation (:mod:`pipeline.target.eligibility`), what can be wrong with a set of rules beyond single files
(:mod:`pipeline.target.checking`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, model_validator

from pipeline.errors import Problem, RulesError
from pipeline.parameters import DatedValue, Scalar, in_force, values_on
from pipeline.rulebook import Card, line_in, read_yaml
from pipeline.target.language import Condition, ConditionError, Fact, Holds, Kind, Value, parse
from pipeline.target.vocabulary import HOUSEHOLD_FACTS, PERSON_FACTS

Place: TypeAlias = tuple[Path, *tuple[int | str, ...]]
"""A file and the keys and positions that lead to a value in it."""
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Values = Annotated[tuple[DatedValue, ...], Field(min_length=1)]
PRESENT: Final = "present"
"""A rule that every program has: somebody of the unit is alive and has not moved out."""
RECIPIENT: Final = "recipient"
"""A rule that every program has: the recipients that the list names for a served unit are alive and not moved out."""


class Text(Card):
    """One sentence in both languages."""

    id: str
    en: str


class CountCard(Card):
    """A fact of a household: how many present members a condition about one person holds for."""

    member: str
    text: Text


class ConditionCard(Card):
    """One condition of a program; ``reason`` is the reason of an inclusion error where it is false."""

    id: Name
    condition: str
    reason: Name | None = None
    text: Text
    law: str


class ComponentCard(Card):
    """Part of the amount: so much a year for each counted member, ``at_most`` so many (names of parameters)."""

    count: Name
    yearly: Name
    at_most: Name | None = None


class AmountCard(Card):
    """What a unit gets: ``monthly`` rupiah, or components of which the dearest ``max_members`` count."""

    monthly: Name | None = None
    components: tuple[ComponentCard, ...] = ()
    max_members: Name | None = None

    @model_validator(mode="after")
    def _one_way(self) -> AmountCard:
        if (self.monthly is None) == (not self.components):
            raise ValueError("either `monthly` or `components`")
        return self


class VersionCard(Card):
    """The rules of a program between two dates."""

    valid_from: date
    valid_to: date | None = None
    legal_basis: str
    conditions: Annotated[tuple[ConditionCard, ...], Field(min_length=1)]
    bars: tuple[Name, ...] = ()
    excluded_by: tuple[Name, ...] = ()
    report_unserved_if: str | None = None
    amount: AmountCard

    @model_validator(mode="after")
    def _in_order(self) -> VersionCard:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to {self.valid_to} lies before valid_from {self.valid_from}")
        return self


class ExampleCard(Card):
    """A household that somebody worked out by hand, and what the rules must say of it (``tepat rules test``).

    ``members`` are facts of persons; what is left out is unknown, but every member is present and on no employment or
    companions list unless it says otherwise. In a program that pays persons the first member is meant.
    """

    text: str
    day: date | None = None
    """Day whose rules apply; where it is left out, the newest rules of the program."""
    desil: Annotated[int, Field(ge=1, le=10)] | None = None
    in_registry: bool = True
    members: Annotated[tuple[dict[Name, Scalar | None], ...], Field(min_length=1)]
    receives: tuple[Name, ...] = ()
    """Programs on whose lists the household (its first member) stands."""
    expect: Literal["eligible", "ineligible", "unknown"]
    against: tuple[Name, ...] | None = None
    """Conditions and bars that are not met or unknown; not compared where it is left out."""
    excluded_by: tuple[Name, ...] = ()
    amount: int | None = None
    """Rupiah a month by the rules; not compared where it is left out."""


class ProgramCard(Card):
    """One file of ``rules/programs``."""

    code: Name
    name: Text
    aliases: tuple[str, ...] = ()
    unit: Literal["household", "person"]
    parameters: dict[Name, Values] = Field(default={})
    counts: dict[Name, CountCard] = Field(default={})
    versions: Annotated[tuple[VersionCard, ...], Field(min_length=1)]
    examples: tuple[ExampleCard, ...] = ()


class BarCard(Card):
    """What bars a household: a present member of whom ``member`` is true."""

    member: str
    text: Text
    law: str


class BarsCard(Card):
    """``rules/bars.yaml``."""

    parameters: dict[Name, Values] = Field(default={})
    bars: dict[Name, BarCard] = Field(default={})


# ------------------------------------------------------------------ what is in force


@dataclass(frozen=True)
class Rule:
    """A condition in force: of a unit, or (counts and bars) of one member."""

    id: str
    condition: Condition
    written: str
    text: Text
    law: str
    reason: str | None


@dataclass(frozen=True)
class Component:
    """So many rupiah a year for each counted member, at most so many members."""

    count: str
    yearly: float
    at_most: int | None

    def members(self, program: str) -> str:
        """Column of units: members of whom this is the dearest component of the program that surely holds."""
        return f"{program}__{self.count}"


@dataclass(frozen=True)
class Program:
    """One program as in force on a day."""

    code: str
    name: Text
    unit: Literal["household", "person"]
    legal_basis: str
    conditions: tuple[Rule, ...]
    bars: tuple[Rule, ...]
    excluded_by: tuple[str, ...]
    report_unserved_if: Condition | None
    monthly: float | None
    components: tuple[Component, ...]
    """The dearest first: a member who meets several counts in that one only."""
    max_members: int | None


@dataclass(frozen=True)
class Rules:
    """All programs in force on a day, in order of code, with the counts and bars they use."""

    on: date
    programs: tuple[Program, ...]
    counts: dict[str, Rule]
    bars: dict[str, Rule]
    settings: dict[str, Scalar]
    """Parameters of ``rules/bars.yaml``: also the ages between which an unreported pregnancy is unknown."""


@dataclass(frozen=True)
class Written:
    """The files as they are written."""

    folder: Path
    programs: dict[str, tuple[Path, ProgramCard]]
    bars: BarsCard

    @property
    def bars_path(self) -> Path:
        """The file of the bars."""
        return self.folder / "bars.yaml"


def read_rules(rules: Path) -> Written:
    """All program cards and bars.

    Raises:
        RulesError: every problem of every file at once.
    """
    problems: list[Problem] = []
    programs: dict[str, tuple[Path, ProgramCard]] = {}
    for path in sorted((rules / "programs").glob("*.yaml")):
        try:
            card = read_yaml(path, ProgramCard)
        except RulesError as error:
            problems.extend(error.problems)
            continue
        if card.code in programs:
            twice = f"program `{card.code}` is also written in {programs[card.code][0].name}"
            problems.append(Problem(f"{path}:{line_in(path, 'code')}", twice, todo="give it another code"))
        programs[card.code] = (path, card)
    bars = BarsCard()
    try:
        bars = read_yaml(rules / "bars.yaml", BarsCard)
    except RulesError as error:
        problems.extend(error.problems)
    if problems:
        raise RulesError(*problems)
    return Written(rules, programs, bars)


def rules_on(written: Written, on: date, changes: Mapping[str, Scalar] | None = None) -> Rules:
    """What is in force on a day.

    Args:
        written: the files.
        on: the day, normally the last of the month.
        changes: parameters to replace, ``program.parameter`` → value (for what-if questions).

    Raises:
        RulesError: a condition that cannot be read, a parameter without value, an unknown bar, count or program;
            all of them at once.
    """
    reader = _Reader(written, on, dict(changes or {}))
    rules = reader.read()
    if reader.problems:
        raise RulesError(*dict.fromkeys(reader.problems))
    return rules


class _Reader:
    """Reads what is in force and collects what is wrong with it."""

    def __init__(self, written: Written, on: date, changes: dict[str, Scalar]) -> None:
        self.written = written
        self.on = on
        self.changes = changes
        self.problems: list[Problem] = []

    def read(self) -> Rules:
        settings = values_on(self.written.bars.parameters, self.on)
        settings.update({k[5:]: v for k, v in self.changes.items() if k.startswith("bars.")})
        versions = {
            code: (path, card, version)
            for code, (path, card) in sorted(self.written.programs.items())
            if (version := in_force(card.versions, self.on)) is not None
        }
        bars = self.bars(settings, {b for _, _, version in versions.values() for b in version.bars})
        counts: dict[str, Rule] = {}
        parameters: dict[str, dict[str, Scalar]] = {}
        for code, (path, card, _) in versions.items():
            parameters[code] = self.values(code, card)
            self.counts(path, card, parameters[code], counts)
        programs = [
            self.program(path, card, card.versions.index(version), parameters[code], counts, bars)
            for code, (path, card, version) in versions.items()
        ]
        return Rules(self.on, tuple(programs), counts, bars, settings)

    def values(self, code: str, card: ProgramCard) -> dict[str, Scalar]:
        changed = {k.partition(".")[2]: v for k, v in self.changes.items() if k.partition(".")[0] == code}
        for name in changed:
            if name not in card.parameters:
                self.problem("--set", f"{code} has no parameter `{name}`", ", ".join(sorted(card.parameters)))
        return values_on(card.parameters, self.on) | changed

    def bars(self, settings: Mapping[str, Scalar], used: set[str]) -> dict[str, Rule]:
        rules = {}
        for name, bar in self.written.bars.bars.items():
            if name not in used:
                continue
            place = (self.written.bars_path, "bars", name, "member")
            condition = self.condition(place, bar.member, PERSON_FACTS, settings)
            if condition is not None:
                rules[name] = Rule(name, condition, bar.member, bar.text, bar.law, name)
        return rules

    def counts(self, path: Path, card: ProgramCard, values: Mapping[str, Scalar], known: dict[str, Rule]) -> None:
        for name, count in card.counts.items():
            condition = self.condition((path, "counts", name, "member"), count.member, PERSON_FACTS, values)
            if condition is None:  # said once; what asks for the count is not wrong besides
                known.setdefault(name, Rule(name, Holds(Value(True)), count.member, count.text, "", None))
                continue
            if name in HOUSEHOLD_FACTS or (name in known and known[name].condition != condition):
                self.problem(
                    (path, "counts", name), f"`{name}` already means something else", todo="give it another name"
                )
            known[name] = Rule(name, condition, count.member, count.text, "", None)

    def program(
        self,
        path: Path,
        card: ProgramCard,
        at: int,
        values: Mapping[str, Scalar],
        counts: Mapping[str, Rule],
        bars: Mapping[str, Rule],
    ) -> Program:
        version = card.versions[at]
        facts = facts_for(card.unit, counts)
        conditions = []
        names = {PRESENT, RECIPIENT, *(f"not_{b}" for b in version.bars)}
        for i, c in enumerate(version.conditions):
            if c.id in names:
                self.problem(
                    (path, "versions", at, "conditions", i, "id"), f"another rule of this version is `{c.id}` already",
                    todo="give it another id",
                )  # fmt: skip
            names.add(c.id)
            place: Place = (path, "versions", at, "conditions", i, "condition")
            tree = self.condition(place, c.condition, facts, values)
            if tree is not None:
                conditions.append(Rule(c.id, tree, c.condition, c.text, c.law, c.reason))
        place = (path, "versions", at, "report_unserved_if")
        report = version.report_unserved_if and self.condition(place, version.report_unserved_if, facts, values)
        for name in version.bars:
            if name not in self.written.bars.bars:
                self.problem(
                    (path, "versions", at, "bars"), f"there is no bar `{name}`", ", ".join(self.written.bars.bars)
                )
        for other in version.excluded_by:
            if other not in self.written.programs or other == card.code:
                known = ", ".join(self.written.programs)
                self.problem((path, "versions", at, "excluded_by"), f"there is no other program `{other}`", known)
        where: Place = (path, "versions", at, "amount")
        amount = version.amount
        return Program(
            code=card.code,
            name=card.name,
            unit=card.unit,
            legal_basis=version.legal_basis,
            conditions=tuple(conditions),
            bars=tuple(bars[b] for b in version.bars if b in bars),
            excluded_by=tuple(sorted(version.excluded_by)),
            report_unserved_if=report or None,
            monthly=self.number(where, amount.monthly, values),
            components=tuple(
                sorted(
                    (self.component(where, c, values, counts) for c in amount.components),
                    key=lambda part: (-part.yearly, part.count),
                )
            ),
            max_members=self.whole(where, amount.max_members, values),
        )

    def component(
        self, where: Place, card: ComponentCard, values: Mapping[str, Scalar], counts: Mapping[str, Rule]
    ) -> Component:
        if card.count not in counts:
            self.problem(where, f"there is no count `{card.count}`", ", ".join(counts))
        yearly = self.number(where, card.yearly, values) or 0.0
        return Component(card.count, yearly, self.whole(where, card.at_most, values))

    def number(self, where: Place, name: str | None, values: Mapping[str, Scalar]) -> float | None:
        if name is None:
            return None
        value = values.get(name)
        if value is None:
            self.problem(where, f"`{name}` has no value on {self.on}", "a number", "add it under `parameters`")
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            self.problem(where, f"`{name}` is {value!r} on {self.on}", "a number of 0 or more")
            return None
        return float(value)

    def whole(self, where: Place, name: str | None, values: Mapping[str, Scalar]) -> int | None:
        value = self.number(where, name, values)
        return None if value is None else int(value)

    def condition(
        self,
        place: Place,
        text: str,
        facts: Mapping[str, Fact],
        values: Mapping[str, Scalar],
    ) -> Condition | None:
        try:
            return parse(text, facts, values)
        except ConditionError as error:
            self.problem(place, f"{text.strip()!r}: {error}", todo=error.todo, below=error.line)
            return None

    def problem(self, where: Place | str, found: str, expected: str = "", todo: str = "", *, below: int = 0) -> None:
        """Remember a problem; its line is looked up only now, because it means reading the file again."""
        if not isinstance(where, str):
            path, *location = where
            where = f"{path}:{line_in(path, *location) + below}"
        self.problems.append(Problem(where, found, expected, todo))


def facts_for(unit: str, counts: Mapping[str, Rule]) -> dict[str, Fact]:
    """Facts that conditions of a household or person program may ask for."""
    facts = dict(HOUSEHOLD_FACTS) | {n: Fact(n, Kind.NUMBER, counted=True) for n in counts}
    return facts if unit == "household" else facts | dict(PERSON_FACTS)


def load_rules(rules: Path, on: date, changes: Mapping[str, Scalar] | None = None) -> Rules:
    """Read the rules folder and choose what is in force on a day; see :func:`rules_on`.

    Raises:
        RulesError: also where no program is in force.
    """
    in_force_then = rules_on(read_rules(rules), on, changes)
    if not in_force_then.programs:
        todo = "add a version that is valid then, with the rules of that time"
        raise RulesError(Problem(str(rules / "programs"), f"no program is in force on {on}", todo=todo))
    return in_force_then
