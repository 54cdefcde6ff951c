"""The thresholds in ``rules/misuse.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.errors import Problem, RulesError
from pipeline.parameters import DatedValue, values_on
from pipeline.rulebook import Card, line_in, read_yaml


class _MisuseCard(Card):
    parameters: dict[str, Annotated[tuple[DatedValue, ...], Field(min_length=1)]]
    withdrawals: tuple[str, ...]
    agent_channels: tuple[str, ...]


@dataclass(frozen=True)
class Thresholds:
    """What is in force on a day; see the comments in the file."""

    bulk_min_cards: int
    bulk_window: timedelta
    companion_min_cards: int
    companion_sitting: timedelta
    companion_name_similarity: float
    companion_area_bonus: float
    shared_min_persons: int
    withdrawals: tuple[str, ...]
    agent_channels: tuple[str, ...]


def read_thresholds(rules: Path, on: date) -> Thresholds:
    """Read ``rules/misuse.yaml``.

    Raises:
        RulesError: the file cannot be read, or a parameter has no number on that day; all of them at once.
    """
    path = rules / "misuse.yaml"
    card = read_yaml(path, _MisuseCard)
    values = values_on(card.parameters, on)
    problems: list[Problem] = []

    def number(name: str) -> float:
        value = values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            where = f"{path}:{line_in(path, 'parameters', name)}"
            problems.append(Problem(where, f"`{name}` has no value on {on}", "a number above 0"))
            return 1.0
        return float(value)

    thresholds = Thresholds(
        bulk_min_cards=int(number("bulk_min_cards")),
        bulk_window=timedelta(minutes=number("bulk_window_minutes")),
        companion_min_cards=int(number("companion_min_cards")),
        companion_sitting=timedelta(minutes=number("companion_sitting_minutes")),
        companion_name_similarity=number("companion_name_similarity"),
        companion_area_bonus=number("companion_area_bonus"),
        shared_min_persons=int(number("shared_min_persons")),
        withdrawals=card.withdrawals,
        agent_channels=card.agent_channels,
    )
    if problems:
        raise RulesError(*problems)
    return thresholds
