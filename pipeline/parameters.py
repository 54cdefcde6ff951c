"""Parameters of rules: a value, where it comes from, and the dates between which it is in force.

Belongs here: choosing the value of a day, and what can be wrong with a list of dated values. Not here: the rules that
use them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal, Protocol, TypeVar

from pydantic import model_validator

from pipeline.errors import Problem
from pipeline.rulebook import Card

Scalar = int | float | str | bool | date


class Dated(Protocol):
    """Something in force from one day to another (``valid_to`` None: until further notice)."""

    @property
    def valid_from(self) -> date:
        """First day."""

    @property
    def valid_to(self) -> date | None:
        """Last day."""


class DatedValue(Card):
    """One value of a parameter. Certainty: A official text, B press or secondary source, C to be confirmed."""

    value: Scalar
    valid_from: date
    valid_to: date | None = None
    certainty: Literal["A", "B", "C"]
    source: str

    @model_validator(mode="after")
    def _in_order(self) -> DatedValue:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to {self.valid_to} lies before valid_from {self.valid_from}")
        return self


Parameters = Mapping[str, tuple[DatedValue, ...]]
D = TypeVar("D", bound=Dated)


def in_force(versions: Sequence[D], on: date) -> D | None:
    """The version in force on a day: of several the one that began last; None where there is none."""
    valid = [v for v in versions if v.valid_from <= on and (v.valid_to is None or on <= v.valid_to)]
    return max(valid, key=lambda v: v.valid_from, default=None)


def values_on(parameters: Parameters, on: date) -> dict[str, Scalar]:
    """Name → value of all parameters that have one on that day."""
    found = {name: in_force(values, on) for name, values in parameters.items()}
    return {name: dated.value for name, dated in found.items() if dated is not None}


def date_problems(where: str, name: str, versions: Sequence[Dated]) -> Iterator[Problem]:
    """Overlaps and gaps between the dates of one parameter or one program's versions."""
    ordered = sorted(versions, key=lambda v: v.valid_from)
    for first, second in pairwise(ordered):
        if first.valid_to is None or first.valid_to >= second.valid_from:
            yield Problem(
                where,
                f"{name}: what begins on {first.valid_from} and on {second.valid_from} is in force at once",
                todo=f"end the first on {second.valid_from - timedelta(days=1)}",
            )
        elif first.valid_to + timedelta(days=1) < second.valid_from:
            yield Problem(
                where,
                f"{name}: nothing is in force after {first.valid_to} and before {second.valid_from}",
                todo="add what was in force then, or move a date",
            )
