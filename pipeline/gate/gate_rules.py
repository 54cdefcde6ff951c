"""``rules/gate.yaml``: what holds and what rejects a payment.

Belongs here: the model of that file. Not here: how a line is found to have a reason (:mod:`.facts`).
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from pipeline.rulebook import Card, read_yaml
from pipeline.target.programs import Text
from pipeline.target.taxonomy import Queue

Share = Annotated[float, Field(ge=0, le=1)]


class Decision(StrEnum):
    """What becomes of a line."""

    PAY = "pay"
    HOLD = "hold"
    REJECT = "reject"


DUPLICATE: Final = "duplicate_line"
SECOND_PERSON: Final = "second_person_of_household"
KNOWN: Final = frozenset(
    {
        "deceased", "moved_out", "ineligible", DUPLICATE, "not_in_registry", "unknown_eligibility", "nik_shared",
        "name_mismatch", "account_of_other", "card_of_other", "invalid_nik", SECOND_PERSON, "unusable_line",
        "unknown_program", "lossy_nik", "masked_nik", "missing_nik", "account_lost", "shared_account",
        "not_on_recipients_list", "program_overlap",
    }
)  # fmt: skip
"""Every reason that :mod:`.facts` can find."""


CHECKS: Final = (
    "period", "declared_rows", "declared_amount", "written_total", "unusable_lines", "duplicate_amounts",
    "accounts_readable", "other_lists", "month_on_month", "holds_overdue", "registry", "recipients", "deaths",
    "employment", "companions",
)  # fmt: skip
"""Every check of a whole list that is made."""


class ReasonCard(Card):
    """One reason: what it does to a line, and who decides within how many days where it holds."""

    reason: str
    decision: Decision
    text: Text
    days: Annotated[int, Field(ge=1, le=90)] = 14
    queue: Queue = "kabupaten"

    @model_validator(mode="after")
    def _known(self) -> ReasonCard:
        if self.reason not in KNOWN:
            raise ValueError(f"reason {self.reason!r} is none of {', '.join(sorted(KNOWN))}")
        return self


class JumpCard(Card):
    """When the change of a desa from last month is unusual: by this share and by this many lines at least."""

    share: Annotated[float, Field(gt=0)]
    lines: Annotated[int, Field(ge=1)]
    text: Text


class CheckCard(Card):
    """A check of the whole list: its words, and what it means for the list when it does not pass."""

    text: Text
    outcome: Literal["fail", "warn"]


class GateRules(Card):
    """``rules/gate.yaml``."""

    reasons: Annotated[tuple[ReasonCard, ...], Field(min_length=1)]
    checks: dict[str, CheckCard]
    jump: JumpCard
    queue_of_insiders: Queue
    insider_kinds: tuple[str, ...]

    @model_validator(mode="after")
    def _once(self) -> GateRules:
        names = [r.reason for r in self.reasons]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"reasons written twice: {', '.join(twice)}")
        missing = sorted(KNOWN - set(names))
        if missing:
            raise ValueError(f"reasons without a decision: {', '.join(missing)}")
        if set(self.checks) != set(CHECKS):
            differing = ", ".join(sorted(set(self.checks) ^ set(CHECKS)))
            raise ValueError(f"checks that are missing, or that nobody makes: {differing}")
        return self

    @cached_property
    def card(self) -> dict[str, ReasonCard]:
        """Cards by reason, the strongest first."""
        return {r.reason: r for r in self.reasons}


def read_gate_rules(rules: Path) -> GateRules:
    """Read ``rules/gate.yaml``.

    Raises:
        RulesError: a mistake, with its line.
    """
    return read_yaml(rules / "gate.yaml", GateRules)
