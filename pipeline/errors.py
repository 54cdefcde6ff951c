"""The ways a command can end other than well, each with its exit code.

Belongs here: the exception classes that the command line turns into a message and an exit code. Messages never
hold a whole NIK, card or account number (:func:`pipeline.privacy.scrub` is applied once more when printed).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what the user gave: where, what was found, what was expected, what to do."""

    where: str
    found: str
    expected: str = ""
    todo: str = ""

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.found}"]
        if self.expected:
            parts.append(f"  expected: {self.expected}")
        if self.todo:
            parts.append(f"  to do: {self.todo}")
        return "\n".join(parts)


class TepatError(Exception):
    """Base of all errors that end a command with a message instead of a traceback."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *problems: Problem | str) -> None:
        self.problems: tuple[Problem, ...] = tuple(
            p if isinstance(p, Problem) else Problem(where="tepat", found=p) for p in problems
        )
        super().__init__("\n".join(str(p) for p in self.problems))

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> TepatError:
        """All problems of one folder at once, so that the user mends them in one go."""
        return cls(*problems)


class InputError(TepatError):
    """Wrong usage or unreadable input: nothing is published and no file in ``--out`` has changed."""

    exit_code = 2


class RulesError(InputError):
    """A file under ``rules/`` cannot be used; ``where`` is ``file:line``."""


class Refused(TepatError):
    """Done, and the answer is no: what was asked for must not be, as the message says."""

    exit_code = 3


class ConservationError(TepatError):
    """A sum that must agree does not: rows lost or counted twice. Nothing is published."""


class StorageError(TepatError):
    """The database or a stage file cannot be opened, is held by somebody else, or is damaged."""
