"""``rules/field.yaml``: who acts, in which order, what is asked, what answers mean.

Belongs here: the model of that file, checked as a whole. Not here: reading an answer as written (:mod:`.wording`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, model_validator

from pipeline.rulebook import Card, read_yaml
from pipeline.target.programs import Text
from pipeline.target.taxonomy import Queue

State = Literal["new", "assigned", "in_progress", "on_hold", "for_approval", "closed", "reopened"]
Share = Annotated[float, Field(ge=0, le=1)]
Band = Literal[
    "exclusion", "inclusion", "both", "other",
    "unflagged_served", "unflagged_poor", "unflagged_better_off", "unflagged_unranked",
]  # fmt: skip
"""What is flagged about a household; where nothing is: paid, or by desil."""
Truth = Literal["exclusion", "inclusion", "neither", "gone"]
ALL = "all"
SAMPLE_VISIT: Final = "sample_visit"
"""Type of what a verification visit stands under in its case: it is no finding, and looks like none to the visitor."""


class Capacity(Card):
    """How many visits there are in a month, and whom they are kept for."""

    visits_per_month: Annotated[int, Field(gt=0)]
    visits_per_day: Annotated[int, Field(gt=0)]
    exclusion_share: Share
    other_share: Share


class Vulnerable(Card):
    """A fact of a household that makes harm weigh more."""

    adds: Annotated[float, Field(ge=0)]
    text: Text


class Priority(Card):
    """How the harm expected of a case is worked out."""

    months_ahead: Annotated[int, Field(ge=1)]
    months_at_most: Annotated[int, Field(ge=1)]
    floor: dict[str, int]
    weight: dict[str, float]
    overdue: Annotated[float, Field(ge=1)]
    vulnerable: dict[str, Vulnerable]


class Topic(Card):
    """What a visit is to find out: types of finding that one answer settles."""

    text: Text
    types: tuple[str, ...]


class Outcome(Card):
    """An answer from the field; see the comments in the file."""

    text: Text
    meaning: Text
    topics: tuple[str, ...] | Literal["all"]
    reasons: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    settles: bool = True
    hold: bool = False
    proposes: dict[str, str] = Field(default_factory=dict)
    identity: Literal["same", "different"] | None = None
    queue: Queue | None = None
    phrases: tuple[str, ...]

    @property
    def general(self) -> bool:
        """Whether it is an answer to every question."""
        return self.topics == ALL

    def answers(self, topic: str) -> bool:
        """Whether it is an answer to a topic."""
        return self.general or topic in self.topics

    def answers_type(self, finding_type: str, topic: str) -> bool:
        """Whether it settles a type of finding: one that it names, under whatever topic it is offered; of others
        those of its topic, where it answers no other."""
        if not self.settles:
            return False
        spoken = {*self.right, *self.wrong, *self.proposes}
        if finding_type in spoken:
            return True
        return self.general or (topic in self.topics and ALL in spoken and len(self.topics) == 1)

    def offered(self, finding_type: str, reasons: set[str], topic: str) -> bool:
        """Whether it may be chosen for a finding: it settles it, or nothing, and says something of its reasons."""
        fits = not self.settles or self.answers_type(finding_type, topic)
        return fits and (not self.reasons or bool(reasons & {*self.reasons}))

    def verdict(self, finding_type: str) -> str:
        """What it says of a finding: right, wrong, or open."""
        return "right" if finding_type in self.right else "wrong" if finding_type in self.wrong else "open"

    def proposal(self, finding_type: str) -> str | None:
        """The decision it proposes, or None."""
        return self.proposes.get(finding_type, self.proposes.get(ALL))


class DecisionCard(Card):
    """What may be decided, and how long the finding then rests."""

    days: Annotated[int, Field(ge=0)]
    text: Text


class Sampling(Card):
    """``sample``: verification samples, and what an answer says of a household drawn."""

    poor_desil: Annotated[int, Field(ge=1, le=10)]
    unflagged_share: Share
    expected_wrong: dict[Band, Annotated[float, Field(gt=0, lt=1)]]
    days: Annotated[int, Field(gt=0)]
    months_open: Annotated[int, Field(ge=1)]
    purpose: Text
    truth: dict[str, Truth]

    @model_validator(mode="after")
    def _every_band(self) -> Self:
        if missing := set(get_args(Band)) - set(self.expected_wrong):
            raise ValueError(f"expected_wrong: nothing is said of {', '.join(sorted(missing))}")
        return self


class HitRates(Card):
    """``hit_rates``: how findings that were visited are counted."""

    floor: Share
    few: Annotated[int, Field(ge=1)]
    bands: tuple[Annotated[float, Field(gt=0, lt=1)], ...]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if list(self.bands) != sorted(set(self.bands)):
            raise ValueError("bands: limits of confidence rise from one to the next")
        return self


class Question(Card):
    """What to check and what to ask."""

    check: Text
    ask: Text
    reasons: dict[str, Question] = Field(default_factory=dict)


class FieldRules(Card):
    """``rules/field.yaml``."""

    queue_order: tuple[Queue, ...]
    insider_kinds: tuple[str, ...]
    insider_queue: Queue
    queue_without_kecamatan: Queue
    states: dict[State, tuple[State, ...]]
    capacity: Capacity
    exclusion_types: tuple[str, ...]
    priority: Priority
    topics: dict[str, Topic]
    outcomes: dict[str, Outcome]
    negations: tuple[str, ...]
    decisions: dict[str, DecisionCard]
    questions: dict[str, Question]
    sample: Sampling
    hit_rates: HitRates

    @model_validator(mode="after")
    def _names_that_exist(self) -> Self:
        topics, decisions = {*self.topics, ALL}, set(self.decisions)
        for code, outcome in self.outcomes.items():
            asked = {ALL} if outcome.topics == ALL else set(outcome.topics)
            if strange := asked - topics:
                raise ValueError(f"outcome {code}: no topic is called {', '.join(sorted(strange))}")
            if strange := set(outcome.proposes.values()) - decisions:
                raise ValueError(f"outcome {code}: no decision is called {', '.join(sorted(strange))}")
        if strange := set(self.sample.truth) - set(self.outcomes):
            raise ValueError(f"sample, truth: no outcome is called {', '.join(sorted(strange))}")
        types = [t for topic in self.topics.values() for t in topic.types]
        if len(types) != len(set(types)):
            raise ValueError("topics: a type of finding belongs to one topic")
        return self

    def topic_of(self, finding_type: str) -> str:
        """The topic of a type of finding; the first where none names it."""
        return next((t for t, card in self.topics.items() if finding_type in card.types), next(iter(self.topics)))

    def question(self, finding_type: str, reason: str) -> Question | None:
        """What to check and ask: of the first reason that has its own words, else of the type."""
        card = self.questions.get(finding_type)
        return next((card.reasons[r] for r in reason.split(",") if r in card.reasons), card) if card else None

    def choices(self, topic: str, found: Iterable[tuple[str, str]]) -> list[str]:
        """Codes of the answers there are to findings (type, and reasons joined by ``,``), those of the topic's own
        before those of all."""
        pairs = [(kind, {*reason.split(",")}) for kind, reason in found]
        fit = [
            code
            for code, outcome in self.outcomes.items()
            if outcome.answers(topic) and any(outcome.offered(kind, reasons, topic) for kind, reasons in pairs)
        ]
        return sorted(fit, key=lambda code: self.outcomes[code].general)

    def may_become(self, before: str, after: str) -> bool:
        """Whether a case may go from one state to another."""
        return any(s == before and after in next_ones for s, next_ones in self.states.items())


def read_field_rules(rules: Path) -> FieldRules:
    """Read ``rules/field.yaml``."""
    return read_yaml(rules / "field.yaml", FieldRules)
