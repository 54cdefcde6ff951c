"""The small language of conditions in ``rules/programs/*.yaml``.

Belongs here: reading a condition (``desil <= :desil_max and not is_companion``) and refusing everything that is not
in the language. Not here: writing the tree for polars and DuckDB (:mod:`pipeline.target.writers`), which facts exist
(:mod:`pipeline.target.vocabulary`), which conditions a program has (:mod:`pipeline.target.programs`).

The language: names of facts, ``:parameter``, numbers, strings, ``date '2026-01-31'``, ``true false``,
``and or not = <> < <= > >= in between``, ``is null``, ``is not null``, ``coalesce(fact, value)`` and brackets.

Every condition is true, false or null (unknown) by Kleene's strong logic. A *counted* fact (how many members …) is
known as two bounds: members for whom the answer is unknown may or may not count. A comparison is true or false only
when it is so for every number between the bounds.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TypeAlias

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

Scalar: TypeAlias = int | float | str | bool | date


class Kind(Enum):
    """What a fact or value is."""

    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"
    DATE = "date"


def kind_of(value: Scalar) -> Kind:
    """Kind of a parameter's or literal's value."""
    if isinstance(value, bool):
        return Kind.FLAG
    if isinstance(value, int | float):
        return Kind.NUMBER
    return Kind.DATE if isinstance(value, date) else Kind.TEXT


class ConditionError(ValueError):
    """A condition is not in the language, names something unknown, or compares what cannot be compared.

    ``line`` is the line inside the condition, from 0.
    """

    def __init__(self, message: str, todo: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.todo = todo
        self.line = line


# ------------------------------------------------------------------ the tree


@dataclass(frozen=True)
class Fact:
    """A fact of the unit, by column name; a counted one has the columns ``<name>__low`` and ``<name>__high``.

    ``values`` are all that a text can be; empty where it can be anything. ``span`` is the least and the greatest that a
    number can be, whole numbers only; None where it can be any number.
    """

    name: str
    kind: Kind
    counted: bool = False
    values: tuple[str, ...] = ()
    span: tuple[int, int] | None = None


@dataclass(frozen=True)
class Value:
    """A literal, or the value of a parameter."""

    value: Scalar

    @property
    def kind(self) -> Kind:
        """Kind of the value."""
        return kind_of(self.value)


@dataclass(frozen=True)
class Coalesce:
    """The fact, or the value where the fact is unknown."""

    fact: Fact
    otherwise: Value

    @property
    def kind(self) -> Kind:
        """Kind of the fact."""
        return self.fact.kind


Term: TypeAlias = Fact | Value | Coalesce


@dataclass(frozen=True)
class Compare:
    """``left op right`` with op one of ``= <``; the other comparisons are made of these and ``not``."""

    op: str
    left: Term
    right: Term


@dataclass(frozen=True)
class IsNull:
    """Nobody reported the fact (a counted one: not exactly)."""

    fact: Fact


@dataclass(frozen=True)
class Holds:
    """A flag as a condition."""

    term: Term


@dataclass(frozen=True)
class Not:
    """Kleene's not: unknown stays unknown."""

    inner: Condition


@dataclass(frozen=True)
class Both:
    """Kleene's and."""

    left: Condition
    right: Condition


@dataclass(frozen=True)
class Either:
    """Kleene's or."""

    left: Condition
    right: Condition


Condition: TypeAlias = Compare | IsNull | Holds | Not | Both | Either


def facts_of(node: Condition | Term) -> set[str]:
    """Names of the facts that a condition rests on."""
    if isinstance(node, Fact):
        return {node.name}
    if isinstance(node, Value):
        return set()
    parts = [getattr(node, f) for f in ("fact", "term", "inner", "left", "right") if hasattr(node, f)]
    return set().union(*(facts_of(p) for p in parts))


# ------------------------------------------------------------------ reading


def parse(text: str, facts: Mapping[str, Fact], parameters: Mapping[str, Scalar]) -> Condition:
    """Read a condition over the given facts, with parameters replaced by their values.

    Raises:
        ConditionError: what is wrong, with the nearest known name for a typo.
    """
    try:
        tree = sqlglot.parse_one(text, read="duckdb")
    except SqlglotError as error:
        details = getattr(error, "errors", None) or [{}]
        message = details[0].get("description") or str(error).splitlines()[0]
        raise ConditionError(f"not a condition: {message}", line=max((details[0].get("line") or 1) - 1, 0)) from error
    return _Reader(facts, parameters).condition(tree)


class _Reader:
    """Turns sqlglot's tree into ours; whatever is not listed here is refused."""

    def __init__(self, facts: Mapping[str, Fact], parameters: Mapping[str, Scalar]) -> None:
        self.facts = facts
        self.parameters = parameters

    def condition(self, node: exp.Expr) -> Condition:
        match node:
            case exp.Paren():
                return self.condition(node.this)
            case exp.And():
                return Both(self.condition(node.this), self.condition(node.expression))
            case exp.Or():
                return Either(self.condition(node.this), self.condition(node.expression))
            case exp.Not():
                return Not(self.condition(node.this))
            case exp.Is() if isinstance(node.expression, exp.Null):
                term = self.term(node.this)
                if not isinstance(term, Fact):
                    raise _refused(node, "`is null` asks about a fact")
                return IsNull(term)
            case exp.In() if node.expressions and not set(_given(node)) - {"this", "expressions"}:
                return self.one_of(node)
            case exp.Between() if not set(_given(node)) - {"this", "low", "high"}:
                return self.between(node)
            case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
                return self.comparison(node)
        return self.flag(node)

    def flag(self, node: exp.Expr) -> Holds:
        term = self.term(node)
        if term.kind is not Kind.FLAG:
            raise _refused(node, f"a {term.kind.value} is not a condition", "compare it with something")
        return Holds(term)

    def between(self, node: exp.Between) -> Condition:
        term, low, high = (self.term(node.args[name]) for name in ("this", "low", "high"))
        return Both(Not(self.compare(node, "<", term, low)), Not(self.compare(node, "<", high, term)))

    def one_of(self, node: exp.In) -> Condition:
        term = self.term(node.this)
        choices: list[Condition] = [self.compare(node, "=", term, self.term(e)) for e in node.expressions]
        tree = choices[0]
        for choice in choices[1:]:
            tree = Either(tree, choice)
        return tree

    def comparison(self, node: exp.Binary) -> Condition:
        left, right = self.term(node.this), self.term(node.expression)
        match node:
            case exp.EQ():
                return self.compare(node, "=", left, right)
            case exp.NEQ():
                return Not(self.compare(node, "=", left, right))
            case exp.LT():
                return self.compare(node, "<", left, right)
            case exp.GT():
                return self.compare(node, "<", right, left)
            case exp.LTE():
                return Not(self.compare(node, "<", right, left))
        return Not(self.compare(node, "<", left, right))

    def compare(self, node: exp.Expr, op: str, left: Term, right: Term) -> Compare:
        if left.kind is not right.kind:
            raise _refused(node, f"a {left.kind.value} is compared with a {right.kind.value}")
        if op == "<" and left.kind is Kind.FLAG:
            raise _refused(node, "true and false have no order")
        for fact, value in ((left, right), (right, left)):
            if isinstance(fact, Fact) and fact.values and isinstance(value, Value) and value.value not in fact.values:
                near = _nearest(str(value.value), dict.fromkeys(fact.values))
                raise _refused(
                    node, f"`{fact.name}` is never {value.value!r}", near or f"one of {', '.join(fact.values)}"
                )
        return Compare(op, left, right)

    def term(self, node: exp.Expr) -> Term:
        match node:
            case exp.Paren():
                return self.term(node.this)
            case exp.Column() if isinstance(node.this, exp.Identifier) and len(_given(node)) == 1:
                return self.fact(node, node.name)
            case exp.Placeholder() if isinstance(node.this, str):
                return self.parameter(node, node.this)
            case exp.Boolean():
                return Value(bool(node.this))
            case exp.Coalesce() if len(node.expressions) == 1:
                return self.coalesce(node)
        return Value(_literal(node))

    def coalesce(self, node: exp.Coalesce) -> Coalesce:
        fact, otherwise = self.term(node.this), self.term(node.expressions[0])
        if not isinstance(fact, Fact) or not isinstance(otherwise, Value):
            raise _refused(node, "coalesce takes a fact and a value")
        if fact.counted:
            raise _refused(node, f"`{fact.name}` is a count with bounds, which cannot be filled in")
        if fact.kind is not otherwise.kind:
            raise _refused(node, f"coalesce of a {fact.kind.value} with a {otherwise.kind.value}")
        return Coalesce(fact, otherwise)

    def fact(self, node: exp.Expr, name: str) -> Fact:
        if name not in self.facts:
            raise _refused(node, f"there is no fact `{name}`", _nearest(name, self.facts))
        return self.facts[name]

    def parameter(self, node: exp.Expr, name: str) -> Value:
        if name not in self.parameters:
            raise _refused(node, f"there is no parameter `:{name}` in force", _nearest(name, self.parameters))
        return Value(self.parameters[name])


def _literal(node: exp.Expr) -> Scalar:
    match node:
        case exp.Literal(is_string=True):
            return str(node.this)
        case exp.Literal():
            return _number(node, str(node.this))
        case exp.Neg() if isinstance(node.this, exp.Literal) and not node.this.is_string:
            return -_number(node, str(node.this.this))
        case exp.Cast() if node.to.is_type("date") and isinstance(node.this, exp.Literal):
            try:
                return date.fromisoformat(str(node.this.this))
            except ValueError as error:
                raise _refused(node, f"{node.this.this!r} is not a date", "write date '2026-01-31'") from error
    raise _refused(node, f"`{node.sql('duckdb')}` is not in the language of conditions")


def _number(node: exp.Expr, text: str) -> int | float:
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError as error:
        raise _refused(node, f"{text!r} is not a number") from error


def _given(node: exp.Expr) -> list[str]:
    return [k for k, v in node.args.items() if v]


def _refused(node: exp.Expr, message: str, todo: str = "") -> ConditionError:
    lines = [n.meta["line"] for n in node.walk() if "line" in n.meta]
    return ConditionError(message, todo, max(min(lines, default=1) - 1, 0))


def _nearest(name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean `{near[0]}`?" if near else ""
