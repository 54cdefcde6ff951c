"""How checks are written in ``rules/quality/*.yaml``.

Belongs here: whether a check and a file of checks can be used, and reading all of them. Not here: the fields of a check
(:mod:`.written`), what a check means (:mod:`.checks`).
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import polars as pl
from pydantic import Field, field_validator, model_validator

from pipeline.errors import InputError, Problem, RulesError
from pipeline.rulebook import Card, read_yaml
from pipeline.tables import MENTIONS, TRANSACTIONS, Table
from pipeline.validate.checks import CHECKS
from pipeline.validate.derived import derived_columns
from pipeline.validate.written import Severity, Words, WrittenCheck

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")

KINDS = (
    "registry", "recipients", "payments", "deaths", "employment", "companions", "tksk", "ppks", "proposals",
    "transactions",
)  # fmt: skip
"""Kinds of source that can be checked."""

_PARAMETERS = ("values", "pattern", "matches", "min", "max", "by", "share", "factor")


class Check(WrittenCheck):
    """One check that can be made: of a known kind, with all that it needs and nothing else."""

    @property
    def whole(self) -> bool:
        """Whether rows are compared with each other, so that all rows of the kind are needed at once."""
        return CHECKS[self.check].whole

    @field_validator("check")
    @classmethod
    def _known_check(cls, name: str) -> str:
        if name not in CHECKS:
            raise ValueError(f"there is no check `{name}`{_nearest(name, CHECKS)}; known: {', '.join(CHECKS)}")
        return name

    @field_validator("pattern")
    @classmethod
    def _readable_pattern(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                groups = re.compile(pattern).groups
                pl.Series([""]).str.contains(pattern)
            except (re.error, pl.exceptions.ComputeError) as error:
                raise ValueError(f"not a pattern that both engines read: {error}") from error
            if groups:
                raise ValueError("nothing is taken out of the text: write groups as `(?:…)`")
        return pattern

    @model_validator(mode="after")
    def _complete(self) -> Check:
        translation = CHECKS[self.check]
        fewest, most = translation.columns
        if not fewest <= len(self.columns) <= most:
            expected = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            raise ValueError(f"`{self.check}` takes {expected} column(s), not {len(self.columns)}")
        given = {p for p in _PARAMETERS if p in self.model_fields_set}
        if missing := translation.needs - given:
            raise ValueError(f"`{self.check}` needs {', '.join(sorted(missing))}")
        if extra := given - translation.needs - translation.may:
            raise ValueError(f"`{self.check}` does not take {', '.join(sorted(extra))}")
        if translation.may >= {"min", "max"} and self.min is None and self.max is None:
            raise ValueError(f"`{self.check}` needs min or max")
        if translation.expectation is None and self.engine != "polars":
            raise ValueError(f"Great Expectations has no `{self.check}`: write `engine: polars`")
        return self


class CheckFile(Card):
    """One file of ``rules/quality``: checks of the rows of the named kinds of source, all kinds in one frame."""

    title: Words
    kinds: tuple[str, ...] = Field(min_length=1)
    checks: tuple[Check, ...]

    @property
    def table(self) -> Table:
        """Where its rows are."""
        return TRANSACTIONS if self.kinds == ("transactions",) else MENTIONS

    @field_validator("kinds")
    @classmethod
    def _known_kinds(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        for kind in kinds:
            if kind not in KINDS:
                raise ValueError(f"there is no kind of source `{kind}`{_nearest(kind, KINDS)}")
        if "transactions" in kinds and len(kinds) > 1:
            raise ValueError("transactions are a table of their own: give them a file of their own")
        return kinds

    @model_validator(mode="after")
    def _known_columns(self) -> CheckFile:
        known = {*self.table.names, *derived_columns(self.table)}
        for check in self.checks:
            for column in check.needed:
                if column not in known:
                    raise ValueError(f"{check.id}: there is no column `{column}`{_nearest(column, known)}")
        twice = [name for name, n in Counter(check.id for check in self.checks).items() if n > 1]
        if twice:
            raise ValueError(f"two checks have the id {', '.join(twice)}")
        return self


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean `{near[0]}`?)" if near else ""


def read_checks(rules: Path) -> dict[str, CheckFile]:
    """All files of ``rules/quality`` by name without ``.yaml``, in order of name.

    Raises:
        RulesError: a file cannot be used; names file and line, all files at once.
        InputError: the folder holds no file.
    """
    paths = sorted((rules / "quality").glob("*.yaml"))
    if not paths:
        raise InputError(Problem(str(rules / "quality"), "no quality checks", "at least one YAML file", "give --rules"))
    problems: list[Problem] = []
    files: dict[str, CheckFile] = {}
    for path in paths:
        try:
            files[path.stem] = read_yaml(path, CheckFile)
        except RulesError as error:
            problems.extend(error.problems)
    if problems:
        raise RulesError(*problems)
    return files
