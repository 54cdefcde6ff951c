"""What a verification looked at, what it could not look at, and what differs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline.privacy import scrub


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was published: table, run (empty where it is none of one run), what was found."""

    table: str
    run_id: str
    what: str


@dataclass
class Verified:
    """The result, filled by the checks one after the other."""

    head: str = ""
    """Newest hash of ``seals``: noted elsewhere, it tells whether all that was there then is still there."""
    checked: Counter[str] = field(default_factory=Counter)
    not_checked: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def differs(self, table: str, run_id: str, what: str) -> None:
        """Note a difference, with long numbers masked."""
        self.differences.append(Difference(table, run_id, scrub(what)))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "result": "same" if self.same else "differs",
            "head": self.head,
            "checked": dict(sorted(self.checked.items())),
            "not_checked": self.not_checked,
            "differences": [asdict(d) for d in self.differences],
        }
