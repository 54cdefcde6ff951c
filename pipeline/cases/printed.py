"""Which people an answer is about where its case has been parted since its list was printed.

Belongs here: telling answers that may be meant for people who have another case now. Such an answer is refused with
the reason: a visit must never be recorded under the wrong household. Not here: parting (:mod:`.parting`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from pipeline.cases.book import CaseBook
from pipeline.cases.field_rules import SAMPLE_VISIT, FieldRules
from pipeline.cases.following import MERGED

MARK: Final = 14
"""Characters of a run id that lists carry: month and six digits of the hash, ``2026-10-3f9a0c``."""
MARK_FORM: Final = r"\d{4}-\d{2}-[0-9a-f]{6}"
_TYPES: Final = f"""
select distinct finding_key, finding_type from audit.findings where finding_key in (select finding_key from asked)
union select distinct finding_key, '{SAMPLE_VISIT}' from audit.samples
where finding_key in (select finding_key from asked)
"""
_RUNS: Final = "select run_id from audit.runs where status = 'published' order by period, finished_at"


@dataclass(frozen=True)
class Mixed:
    """A time in which a case held people who have another one now.

    Attributes:
        first: place among the runs of the one with which it began; -1: from the beginning.
        last: of the one with which it ended.
        since: day on which it began; None: from the beginning.
        until: day on which it ended.
        other: case of those people; empty where it has no number.
        about: type of the finding that left; None: everything.
    """

    first: int
    last: int
    since: date | None
    until: date
    other: str
    about: str | None


class Printed:
    """When each case held people who have another one now, and which run made a list."""

    def __init__(self, book: CaseBook, events: pl.DataFrame, rules: FieldRules) -> None:
        self._rules = rules
        runs = book.ask(_RUNS)["run_id"].to_list()
        self._place = {run_id: n for n, run_id in enumerate(runs)}
        self._marked = {run_id[:MARK]: n for n, run_id in enumerate(runs)}
        self._mixed: dict[str, list[Mixed]] = {}
        parted = events.filter(pl.col("event").is_in(["parted", "finding_moved"]))
        if parted.is_empty():
            return
        with book.frame("asked", parted.select("finding_key").drop_nulls().unique()):
            types = dict(book.ask(_TYPES).iter_rows())
        joins = events.filter(pl.col("event").is_in([MERGED, "followed"]))
        began = {case_id: rows.to_dicts() for (case_id,), rows in joins.group_by(["case_id"], maintain_order=True)}
        for event in parted.to_dicts():
            mixed = self._of(event, began, types)
            self._mixed.setdefault(event["case_id"], []).append(mixed)

    def _of(self, event: dict[str, Any], began: dict[str, list[dict[str, Any]]], types: dict[str, str]) -> Mixed:
        joined: list[dict[str, Any]] = []
        if event["event"] == "parted":
            joined = [e for e in began.get(event["other_case"] or event["case_id"], []) if e["at"] < event["at"]]
        start: tuple[int, date | None] = (-1, None)
        if joined:
            start = (self._place.get(joined[-1]["run_id"], -1), _day(joined[-1]["at"]))
        return Mixed(
            start[0], self._place.get(event["run_id"], len(self._place)), start[1], _day(event["at"]),
            event["other_case"] or "", types.get(event["finding_key"] or ""),
        )  # fmt: skip

    def others(self, case_id: str, code: str, visited_at: date | None, worklist: str | None) -> list[str] | None:
        """Cases for whose people the answer may be meant, or None where there is no doubt.

        An answer that settles nothing can stay where it is, and so can one that settles nothing of what left.

        Args:
            case_id: the case it would go to.
            code: the answer.
            visited_at: day of the visit; where the list is not known, it must lie outside.
            worklist: mark of the list it was filled in, where it says so.
        """
        place = self._marked.get(_mark(worklist), None)
        doubtful = [
            mixed.other
            for mixed in self._mixed.get(case_id, ())
            if self._settles(code, mixed.about) and _within(mixed, place, visited_at)
        ]
        return sorted(set(doubtful)) if doubtful else None

    def _settles(self, code: str, about: str | None) -> bool:
        outcome = self._rules.outcomes[code]
        return outcome.settles if about is None else outcome.answers_type(about, self._rules.topic_of(about))


def _within(mixed: Mixed, place: int | None, visited_at: date | None) -> bool:
    if place is not None:
        return mixed.first <= place < mixed.last
    return visited_at is None or ((mixed.since is None or mixed.since <= visited_at) and visited_at <= mixed.until)


def _mark(worklist: str | None) -> str:
    found = re.search(MARK_FORM, (worklist or "").lower())
    return found[0] if found else ""


def _day(moment: datetime) -> date:
    return moment.date()
