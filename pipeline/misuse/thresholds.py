"""``rules/misuse.yaml``: thresholds, and each sign in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from pipeline.errors import Problem, RulesError
from pipeline.parameters import DatedValue, values_on
from pipeline.rulebook import Card, line_in, read_yaml

FINDINGS: Final = ("bulk_withdrawal", "companion_holds_cards", "shared_account", "shared_phone")
"""Signs that are findings; the others stand in ``misuse_signals`` only, beside them."""
FURTHER: Final = (
    "odd_hours", "far_from_home", "drained_after_credit", "busy_agent", "cards_never_used", "cards_idle",
    "insider_recipient", "insider_number",
)  # fmt: skip
Strength = Literal["strong", "clear", "weak"]


class Words(Card):
    """A text in both languages."""

    id: str
    en: str


class SignalCard(Card):
    """One sign: what it says, what else may explain it, who looks at it."""

    queue: Literal["tksk", "kabupaten", "inspectorate", "dukcapil", "bank"]
    text: Words
    innocent: Words


class StrengthCard(Card):
    """From how many subjects as extreme, expected by chance, a sign is strong or clear; and what share is common."""

    strong: Annotated[float, Field(gt=0)]
    clear: Annotated[float, Field(gt=0)]
    common: Annotated[float, Field(gt=0)]


class StrengthWords(Card):
    """Each strength as a sentence."""

    strong: Words
    clear: Words
    weak: Words

    def of(self, strength: Strength) -> Words:
        """The sentence of one."""
        return {"strong": self.strong, "clear": self.clear, "weak": self.weak}[strength]


class _MisuseCard(Card):
    parameters: dict[str, Annotated[tuple[DatedValue, ...], Field(min_length=1)]]
    withdrawals: tuple[str, ...]
    credits: tuple[str, ...]
    agent_channels: tuple[str, ...]
    strength: StrengthCard
    signals: dict[str, SignalCard]
    strength_text: StrengthWords


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
    odd_from_hour: int
    odd_to_hour: int
    odd_min_cards: int
    far_min_cards: int
    drained_min_cards: int
    drained_within: timedelta
    drained_share: float
    agent_most_cards: int
    unused_min_cards: int
    unused_months: int
    withdrawals: tuple[str, ...]
    credits: tuple[str, ...]
    agent_channels: tuple[str, ...]
    strong: float
    clear: float
    common: float
    cards: dict[str, SignalCard]
    strength_text: StrengthWords


def read_thresholds(rules: Path, on: date) -> Thresholds:
    """Read ``rules/misuse.yaml``.

    Raises:
        RulesError: the file cannot be read, a parameter has no number on that day, or a sign has no words; all of
            them at once.
    """
    path = rules / "misuse.yaml"
    card = read_yaml(path, _MisuseCard)
    values = values_on(card.parameters, on)
    problems = [
        Problem(f"{path}:{line_in(path, 'signals')}", f"the sign `{name}` has no words", "text and innocent")
        for name in (*FINDINGS, *FURTHER)
        if name not in card.signals
    ]

    def number(name: str, *, least: float = 0.0) -> float:
        value = values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= least:
            where = f"{path}:{line_in(path, 'parameters', name)}"
            problems.append(Problem(where, f"`{name}` has no value on {on}", f"a number above {least:g}"))
            return 1.0
        return float(value)

    def minutes(name: str) -> timedelta:
        return timedelta(minutes=number(name))

    thresholds = Thresholds(
        bulk_min_cards=int(number("bulk_min_cards")),
        bulk_window=minutes("bulk_window_minutes"),
        companion_min_cards=int(number("companion_min_cards")),
        companion_sitting=minutes("companion_sitting_minutes"),
        companion_name_similarity=number("companion_name_similarity"),
        companion_area_bonus=number("companion_area_bonus"),
        shared_min_persons=int(number("shared_min_persons")),
        odd_from_hour=int(number("odd_from_hour", least=-1)),
        odd_to_hour=int(number("odd_to_hour", least=-1)),
        odd_min_cards=int(number("odd_min_cards")),
        far_min_cards=int(number("far_min_cards")),
        drained_min_cards=int(number("drained_min_cards")),
        drained_within=minutes("drained_within_minutes"),
        drained_share=number("drained_share"),
        agent_most_cards=int(number("agent_most_cards")),
        unused_min_cards=int(number("unused_min_cards")),
        unused_months=int(number("unused_months", least=1)),
        withdrawals=card.withdrawals,
        credits=card.credits,
        agent_channels=card.agent_channels,
        strong=card.strength.strong,
        clear=card.strength.clear,
        common=card.strength.common,
        cards=card.signals,
        strength_text=card.strength_text,
    )
    if problems:
        raise RulesError(*problems)
    return thresholds
