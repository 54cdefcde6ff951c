"""The taxonomy of findings, as written in ``rules/findings.yaml``: words, urgency, who acts.

Belongs here: the model of that file and what it says of a finding. Not here: how findings are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from pipeline.rulebook import Card, read_yaml
from pipeline.target.programs import Rules, Text

Severity = Literal["low", "medium", "high", "critical"]
Queue = Literal["tksk", "kabupaten", "inspectorate", "dukcapil", "bank"]
Share = Annotated[float, Field(ge=0, le=1)]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


class ReasonCard(Card):
    """One reason of a finding type; what it does not say, its type says."""

    text: Text
    certainty: Share
    severity: Severity | None = None
    days: int | None = None
    queue: Queue | None = None


class TypeCard(Card):
    """One finding type."""

    text: Text
    severity: Severity
    days: int
    queue: Queue
    summary: Text
    certainty: Share = 0.9
    reasons: dict[str, ReasonCard] = Field(default={})


class PriorityCard(Card):
    """How severity and amount make the order of work."""

    severity: dict[Severity, Share]
    severity_share: Share
    amount_share: Share
    full_amount: Annotated[int, Field(gt=0)]


class StepsCard(Card):
    """What must be arranged before a person in need can get any program, in this order."""

    lead: Text
    dukcapil: Text
    registry: Text
    pbi: Text


class Taxonomy(Card):
    """``rules/findings.yaml``."""

    types: dict[str, TypeCard]
    service_gap_categories: tuple[str, ...]
    service_gap_steps: StepsCard
    idle_months: Annotated[int, Field(ge=2)]
    claims: tuple[str, ...]
    priority: PriorityCard
    name_mismatch_below: Annotated[float, Field(ge=0, le=100)]

    def severity(self, finding_type: str, reason: str) -> Severity:
        """The highest severity among the reasons."""
        kind = self.types[finding_type]
        return max(
            ((card.severity or kind.severity) if card else kind.severity for card in self._cards(kind, reason)),
            key=SEVERITIES.index,
        )

    def days(self, finding_type: str, reason: str) -> int:
        """Days to act: the fewest among the reasons."""
        kind = self.types[finding_type]
        return min((card.days if card else None) or kind.days for card in self._cards(kind, reason))

    def queues(self, finding_type: str, reason: str) -> list[tuple[Queue, bool]]:
        """Who acts, reason by reason, and whether the reason itself names them (its type does otherwise)."""
        kind = self.types[finding_type]
        named = [card.queue if card else None for card in self._cards(kind, reason)]
        return [(queue or kind.queue, queue is not None) for queue in named]

    def certainty(self, finding_type: str, reason: str) -> float:
        """The highest certainty among the reasons: one true reason suffices."""
        kind = self.types[finding_type]
        return max(card.certainty if card else kind.certainty for card in self._cards(kind, reason))

    def summary(self, finding_type: str, reason: str, program: str, rules: Rules, language: str = "id") -> str:
        """One plain sentence about a finding, without anything that names a person."""
        kind = self.types[finding_type]
        names = {p.code: str(getattr(p.name, language)) for p in rules.programs}
        words = [
            str(getattr(card.text, language)) if card else _codes(part, names, language)
            for part, card in zip(reason.split(","), self._cards(kind, reason), strict=True)
        ]
        sentence = str(getattr(kind.summary, language))
        return sentence.format(program=names.get(program, program), reasons=_listed(words, language))

    def first_steps(self, needs: Sequence[str], language: str = "id") -> str:
        """What must be arranged before a person in need can get any program, in order, as one sentence."""
        lead, *steps = (str(getattr(getattr(self.service_gap_steps, part), language)) for part in ("lead", *needs))
        told = ", ".join(f"({n}) {step}" for n, step in enumerate(steps, 1))
        return f"{lead} {told}."

    def _cards(self, kind: TypeCard, reason: str) -> list[ReasonCard | None]:
        return [kind.reasons.get(part) for part in reason.split(",")]


def _codes(reason: str, names: dict[str, str], language: str) -> str:
    """A reason that is made of codes of programs, ``blt_dd+pkh``, in words."""
    return _listed([names.get(code, code) for code in reason.split("+")], language)


def _listed(words: list[str], language: str) -> str:
    last = " dan " if language == "id" else " and "
    return last.join(filter(None, [", ".join(words[:-1]), words[-1]]))


def read_taxonomy(rules: Path) -> Taxonomy:
    """Read ``rules/findings.yaml``."""
    return read_yaml(rules / "findings.yaml", Taxonomy)
