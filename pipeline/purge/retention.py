"""``rules/retention.yaml``: how long rows are kept, on what ground."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, model_validator

from pipeline.period import Period
from pipeline.publish.schema import PUBLISHED
from pipeline.rulebook import Card, read_yaml
from pipeline.tables import LASTING, RUNS

TOGETHER: Final = (
    ("cases", "case_events", "outcomes"),
    ("gate_batches", "gate_results", "gate_overrides", "gate_approvals", "gate_events"),
)
"""Tables whose rows mean nothing without each other: they stand in one class."""


class RetentionClass(Card):
    """Tables that are kept equally long."""

    name: str
    months: Annotated[int, Field(ge=1)]
    law: str
    tables: tuple[str, ...]

    def before(self, today: date) -> date:
        """First day that is kept: what is of an earlier day is past its retention."""
        month = Period(today.year, today.month)
        for _ in range(self.months):
            month = month.before()
        return month.first_day


class Retention(Card):
    """``rules/retention.yaml``."""

    classes: tuple[RetentionClass, ...]
    nobody: tuple[str, ...]
    superseded: tuple[str, ...]
    files: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    raw: str

    @model_validator(mode="after")
    def _every_table_once(self) -> Retention:
        known = {RUNS.name, *PUBLISHED, *LASTING}
        named = Counter([*self.nobody, *(t for c in self.classes for t in c.tables)])
        if lacking := sorted(known - set(named)):
            raise ValueError(f"no retention is given for {', '.join(lacking)}")
        if unknown := sorted((set(named) | set(self.superseded)) - known):
            raise ValueError(f"there is no table {', '.join(unknown)}")
        if twice := sorted(name for name, n in named.items() if n > 1):
            raise ValueError(f"{', '.join(twice)} stand twice")
        if whole := sorted(set(self.superseded) - set(PUBLISHED)):
            raise ValueError(f"{', '.join(whole)} belong to no run, and cannot be superseded")
        if protected := sorted({"runs", "seals", "tombstones"} - set(self.nobody)):
            raise ValueError(f"{', '.join(protected)} prove what was there, and stand under `nobody`")
        names = [c.name for c in self.classes]
        if strange := sorted({*self.files, self.raw} - set(names)):
            raise ValueError(f"there is no class {', '.join(strange)}, but {', '.join(names)}")
        for group in TOGETHER:
            if len({self.of(t).name for t in group}) > 1:
                raise ValueError(f"{', '.join(group)} must stand in one class")
        return self

    def of(self, table: str) -> RetentionClass:
        """The class of a table."""
        return next(c for c in self.classes if table in c.tables)

    def named(self, name: str) -> RetentionClass:
        """A class by its name."""
        return next(c for c in self.classes if c.name == name)


def read_retention(rules: Path) -> Retention:
    """Read ``rules/retention.yaml``.

    Raises:
        RulesError: what is wrong, with its line; also a table without a class.
    """
    return read_yaml(rules / "retention.yaml", Retention)
