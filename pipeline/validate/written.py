"""What stands in a check of ``rules/quality/*.yaml``, before anybody asks what it means.

Belongs here: the fields of a check. Not here: which checks there are (:mod:`.checks`) and whether one is complete
(:mod:`.cards`).
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from pipeline.rulebook import Card

Scalar = bool | int | date | str
Severity = Literal["info", "warning", "critical"]


class Words(Card):
    """One text in Bahasa Indonesia and in English."""

    id: str
    en: str


class Condition(Card):
    """What a column must hold for a row to be looked at; null meets nothing but ``known: false``."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    equals: Scalar | None = Field(None, alias="is")
    within: tuple[Scalar, ...] | None = Field(None, alias="in")
    not_within: tuple[Scalar, ...] | None = Field(None, alias="not_in")
    known: bool | None = None
    at_least: int | date | None = None
    at_most: int | date | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        if not self.model_fields_set:
            raise ValueError("says nothing: give `is`, `in`, `not_in`, `known`, `at_least` or `at_most`")
        return self


class WrittenCheck(Card):
    """One check as written; ``ask`` is what to ask the sender to mend."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    check: str
    columns: tuple[str, ...]
    where: dict[str, Condition] = Field(default_factory=dict)
    severity: Severity
    reason: Words
    ask: Words
    engine: Literal["gx", "polars"] = "gx"
    values: tuple[Scalar, ...] = ()
    pattern: str | None = None
    matches: bool = True
    """false: the pattern must not be found"""
    min: int | date | None = None
    max: int | date | None = None
    by: tuple[str, ...] = ()
    share: float | None = Field(None, gt=0, lt=1)
    factor: float | None = Field(None, gt=1)

    @property
    def needed(self) -> list[str]:
        """Columns that the check reads, sorted."""
        return sorted({*self.columns, *self.where, *self.by})
