"""One tree, two engines: conditions written for polars and for DuckDB.

Belongs here: what each node of :mod:`pipeline.target.language` means, once, and the vocabulary of each engine. Both
give true, false or null alike (a property test compares them).
"""

from __future__ import annotations

from datetime import date
from typing import Final, Generic, Protocol, TypeVar

import polars as pl

from pipeline.target.language import (
    Both,
    Compare,
    Condition,
    Either,
    Fact,
    Holds,
    IsNull,
    Not,
    Scalar,
    Term,
    Value,
)

E = TypeVar("E")


class Backend(Protocol[E]):
    """What a tree is written with."""

    unknown: E

    def column(self, name: str) -> E:
        """A column."""

    def literal(self, value: Scalar) -> E:
        """A typed literal."""

    def equal(self, a: E, b: E) -> E:
        """``a = b``, null where either is."""

    def less(self, a: E, b: E) -> E:
        """``a < b``, null where either is."""

    def both(self, a: E, b: E) -> E:
        """Kleene's and."""

    def either(self, a: E, b: E) -> E:
        """Kleene's or."""

    def negation(self, a: E) -> E:
        """Kleene's not."""

    def missing(self, a: E) -> E:
        """True where null, else false."""

    def fallback(self, a: E, b: E) -> E:
        """``a``, or ``b`` where it is null."""


class _Writer(Generic[E]):
    """Writes a tree; comparisons of counted facts are made of comparisons of their bounds."""

    def __init__(self, backend: Backend[E]) -> None:
        self.to = backend

    def condition(self, node: Condition) -> E:
        to = self.to
        match node:
            case Both(left, right):
                return to.both(self.condition(left), self.condition(right))
            case Either(left, right):
                return to.either(self.condition(left), self.condition(right))
            case Not(inner):
                return to.negation(self.condition(inner))
            case IsNull(fact):
                return self.unknown(fact)
            case Holds(term):
                return self.bounds(term)[0]
            case Compare():
                return self.compare(node)

    def unknown(self, fact: Fact) -> E:
        low, high = self.bounds(fact)
        return self.to.missing(self.to.equal(low, high)) if not fact.counted else self.inexact(low, high)

    def inexact(self, low: E, high: E) -> E:
        """Bounds that differ, or no upper bound at all."""
        to = self.to
        return to.fallback(to.negation(to.equal(low, high)), to.literal(True))

    def bounds(self, term: Term) -> tuple[E, E]:
        """Lowest and highest value a term may have; the same for all but counted facts."""
        to = self.to
        if isinstance(term, Value):
            both = to.literal(term.value)
        elif isinstance(term, Fact):
            if term.counted:
                return to.column(f"{term.name}__low"), to.column(f"{term.name}__high")
            both = to.column(term.name)
        else:
            both = to.fallback(to.column(term.fact.name), to.literal(term.otherwise.value))
        return both, both

    def compare(self, node: Compare) -> E:
        to = self.to
        (low_a, high_a), (low_b, high_b) = self.bounds(node.left), self.bounds(node.right)
        if not any(isinstance(t, Fact) and t.counted for t in (node.left, node.right)):
            return to.less(low_a, low_b) if node.op == "<" else to.equal(low_a, low_b)
        if node.op == "<":
            surely, perhaps = to.less(high_a, low_b), to.less(low_a, high_b)
        else:
            surely = to.both(to.both(to.equal(low_a, high_a), to.equal(low_b, high_b)), to.equal(low_a, low_b))
            perhaps = to.both(
                to.negation(self.surely_less(high_b, low_a)), to.negation(self.surely_less(high_a, low_b))
            )
        surely = to.fallback(surely, to.literal(False))
        perhaps = to.fallback(perhaps, to.literal(True))
        return to.either(surely, to.both(perhaps, to.unknown))

    def surely_less(self, a: E, b: E) -> E:
        return self.to.fallback(self.to.less(a, b), self.to.literal(False))


class _Polars:
    unknown = pl.lit(None, pl.Boolean())

    def column(self, name: str) -> pl.Expr:
        return pl.col(name)

    def literal(self, value: Scalar) -> pl.Expr:
        return pl.lit(value)

    def equal(self, a: pl.Expr, b: pl.Expr) -> pl.Expr:
        return a == b

    def less(self, a: pl.Expr, b: pl.Expr) -> pl.Expr:
        return a < b

    def both(self, a: pl.Expr, b: pl.Expr) -> pl.Expr:
        return a & b

    def either(self, a: pl.Expr, b: pl.Expr) -> pl.Expr:
        return a | b

    def negation(self, a: pl.Expr) -> pl.Expr:
        return ~a

    def missing(self, a: pl.Expr) -> pl.Expr:
        return a.is_null()

    def fallback(self, a: pl.Expr, b: pl.Expr) -> pl.Expr:
        return pl.coalesce(a, b)


class _DuckDB:
    unknown = "cast(null as boolean)"

    def column(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def literal(self, value: Scalar) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return f"cast({value} as bigint)"
        if isinstance(value, float):
            return f"cast({value!r} as double)"
        if isinstance(value, date):
            return f"date '{value.isoformat()}'"
        return "'" + value.replace("'", "''") + "'"

    def equal(self, a: str, b: str) -> str:
        return f"({a} = {b})"

    def less(self, a: str, b: str) -> str:
        return f"({a} < {b})"

    def both(self, a: str, b: str) -> str:
        return f"({a} and {b})"

    def either(self, a: str, b: str) -> str:
        return f"({a} or {b})"

    def negation(self, a: str) -> str:
        return f"(not {a})"

    def missing(self, a: str) -> str:
        return f"({a} is null)"

    def fallback(self, a: str, b: str) -> str:
        return f"coalesce({a}, {b})"


_POLARS: Final[_Writer[pl.Expr]] = _Writer(_Polars())
_DUCKDB: Final[_Writer[str]] = _Writer(_DuckDB())


def to_polars(condition: Condition) -> pl.Expr:
    """The condition as a polars expression (Boolean, null = unknown)."""
    return _POLARS.condition(condition)


def to_sql(condition: Condition) -> str:
    """The condition as SQL for DuckDB (BOOLEAN, null = unknown)."""
    return _DUCKDB.condition(condition)
