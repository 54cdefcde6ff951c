"""What a verification looked at, what it could not look at, what differs, and what that means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import duckdb
from polars.exceptions import PolarsError

from pipeline.errors import StorageError
from pipeline.privacy import scrub

_UNREADABLE = (
    duckdb.Error, PolarsError, StorageError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError,
)  # fmt: skip


_BACKUP = "put the last backup that verifies in its place, or run the months again, oldest first, into a new --out"


class Means(Enum):
    """What a difference means for who reads the figures, and what is to be done."""

    RECORD = (
        "the record of who did what and when is not the one that was kept",
        "ask who could write to the file, and compare with a backup",
    )
    ROWS = (
        "what rests on this table is not what was published: no figure, worklist or decision of it can be relied on",
        _BACKUP,
    )
    SUMS = ("rows of a list were lost or counted twice: the counts of this sheet cannot be relied on", _BACKUP)
    LOOSE = (
        "rows that no view, report or worklist shows, or that say something of nothing: figures are not touched",
        "what belongs to no run goes with the next `tepat run`; of anything else ask who could write to the file",
    )
    VIEW = (
        "who asks `latest`, as notebooks do, may be shown other rows than those published",
        "drop the view, which the next command that writes makes anew; or delete the copy for notebooks and run again",
    )
    INPUT = (
        "the month was made from another file than the one that lies here now",
        "ask which of the two is right: put back the one that was read, or run the month again",
    )
    AGAIN = (
        "the files kept do not give again what was published",
        "make it again with the program and libraries of then; if it still differs, ask who could write to the files",
    )
    DAMAGE = (
        "the file is damaged: what stands there is unknown, also where it was not changed on purpose",
        f"keep a copy of it and check the disk; {_BACKUP}",
    )

    def __init__(self, text: str, todo: str) -> None:
        self.text = text
        self.todo = todo


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was published: table, run (empty where it is none of one run), what was found."""

    table: str
    run_id: str
    what: str
    means: Means


@dataclass
class Verified:
    """The result, filled by the checks one after the other."""

    head: str = ""
    """Newest hash of ``seals``: noted elsewhere, it tells whether all that was there then is still there."""
    checked: Counter[str] = field(default_factory=Counter)
    not_checked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What one must know to judge a difference."""
    made_again: list[str] = field(default_factory=list)
    """Runs that were made again from their files."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def differs(self, means: Means, table: str, run_id: str, what: str) -> None:
        """Note a difference, with long numbers masked."""
        self.differences.append(Difference(table, run_id, scrub(what), means))

    @contextmanager
    def reading(self, table: str) -> Iterator[None]:
        """What cannot be read, or made sense of, is a difference: who changed a row may have put anything there.

        Only where the whole connection is lost is it the end.
        """
        try:
            yield
        except (duckdb.FatalException, duckdb.InternalException):
            raise
        except _UNREADABLE as error:
            self.differs(
                Means.DAMAGE, table, "", f"cannot be read: {(str(error) or 'no reason given').splitlines()[0]}"
            )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "result": "same" if self.same else "differs",
            "head": self.head,
            "checked": dict(sorted(self.checked.items())),
            "not_checked": self.not_checked,
            "notes": self.notes,
            "made_again": self.made_again,
            "differences": [
                {
                    "table": d.table, "run_id": d.run_id, "what": d.what, "means": d.means.text, "todo": d.means.todo,
                }
                for d in self.differences
            ],
        }  # fmt: skip
