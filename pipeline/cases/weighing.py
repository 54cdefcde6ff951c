"""Which of several answers to one finding counts.

The visit made last counts, whichever file comes first. Of one visit, an answer to the question itself goes before one
that says the same to every question (dead, moved). Two people who answer differently on one day leave it open: somebody
has to go once more. One person who does so in one delivery is asked which is meant; in a later delivery it is a slip
put right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any, Final

import polars as pl

from pipeline.cases.book import ANSWERED, CaseBook
from pipeline.signers import same_person

_DAYS: Final = """
select outcome_id, min(visited_at) as day from audit.outcomes semi join given using (outcome_id) group by outcome_id
"""


@dataclass(frozen=True)
class Said:
    """An answer to a finding: day of the visit, code, who gave it (empty where nobody is named)."""

    day: date | None
    code: str
    officer: str

    def against(self, other: Said) -> bool:
        """Whether another person says something else."""
        named = bool(self.officer and other.officer)
        return named and self.code != other.code and not same_person(self.officer, other.officer)

    def corrects(self, other: Said) -> bool:
        """Whether it is of the same person, as far as is known."""
        return not (self.officer and other.officer) or same_person(self.officer, other.officer)


@dataclass
class Weighed:
    """What became of answers that settle something.

    Attributes:
        told: those that count: one row an answer and a finding, in order.
        refused: ``answer_id`` of those that do not → why (a name of ``refusals.yaml``), and what they stand against.
        disputed: ``finding_key`` → what two people said of it on one day.
    """

    told: pl.DataFrame
    refused: dict[str, tuple[str, Said]] = field(default_factory=dict)
    disputed: dict[str, list[Said]] = field(default_factory=dict)


def standing_answers(book: CaseBook, events: pl.DataFrame, findings: pl.DataFrame) -> dict[str, Said]:
    """The answers that stand for findings, by ``finding_key``.

    Args:
        book: the case tables.
        events: all events.
        findings: ``case_id``, ``finding_key``, ``status``.
    """
    answered = findings.filter(pl.col("status") == ANSWERED).select("case_id", "finding_key")
    given = events.filter(pl.col("event").is_in(["finding_answered", "finding_carried"]))
    newest = given.join(answered, on=["case_id", "finding_key"], how="semi").unique("finding_key", keep="last")
    with book.frame("given", newest.select("outcome_id").drop_nulls().unique()):
        told = newest.join(book.ask(_DAYS), on="outcome_id", how="left")
    return {
        key: Said(day, code or "", officer or "")
        for key, day, code, officer in told.select("finding_key", "day", "outcome", "officer").iter_rows()
    }


def weigh(told: pl.DataFrame, delivery: pl.DataFrame, stands: Mapping[str, Said]) -> Weighed:
    """Weigh answers against each other, and against those that stand.

    Args:
        told: new answers and the findings they settle, sorted by day: ``answer_id``, ``finding_key``, ``code``,
            ``visited_at``, ``officer``, ``general`` (it answers every question).
        delivery: the same of all answers that came with them, also those applied before.
        stands: see :func:`standing_answers`.
    """
    visit = ["finding_key", "visited_at", "officer"]
    to_the_question = delivery.filter(~pl.col("general"))
    besides = told.filter("general").join(to_the_question, on=visit, how="semi", nulls_equal=True)
    told = told.join(besides, on=["answer_id", "finding_key"], how="anti", maintain_order="left")
    weighed = Weighed(told)
    late: dict[tuple[str, str], Said] = {}
    for (key,), rows in told.group_by("finding_key", maintain_order=True):
        _weigh_one(str(key), rows.to_dicts(), stands.get(str(key)), weighed, late)
    for (answer_id,), rows in told.group_by("answer_id", maintain_order=True):
        newer = [late.get((str(answer_id), key)) for key in rows["finding_key"]]
        if newer[0] is not None and all(newer):
            weighed.refused.setdefault(str(answer_id), ("outdated", newer[0]))
    counts = [
        answer_id not in weighed.refused and (answer_id, key) not in late
        for answer_id, key in told.select("answer_id", "finding_key").iter_rows()
    ]
    weighed.told = told.filter(pl.Series(counts, dtype=pl.Boolean))
    return weighed


def _weigh_one(
    key: str, rows: Sequence[dict[str, Any]], now: Said | None, weighed: Weighed, late: dict[tuple[str, str], Said]
) -> None:
    """The answers to one finding, day by day; ``now`` is the one that stands."""
    for day, group in groupby(rows, key=lambda row: row["visited_at"]):
        of_day = [(str(row["answer_id"]), Said(day, row["code"], row["officer"] or "")) for row in group]
        if now is not None and now.day is not None and day is not None and day < now.day:
            late |= {(answer_id, key): now for answer_id, _ in of_day}
            continue
        for answer_id, said in of_day:
            slip = next((o for _, o in of_day if o.code != said.code and said.corrects(o)), None)
            if slip is not None:
                weighed.refused.setdefault(answer_id, ("twice", slip))
        clear = [said for answer_id, said in of_day if answer_id not in weighed.refused]
        if not clear:
            continue
        weighed.disputed.pop(key, None)
        if now is not None and now.day == day and not any(said.corrects(now) for said in clear):
            clear.insert(0, now)
        if any(one.against(other) for one in clear for other in clear):
            weighed.disputed[key] = clear
        now = clear[-1]
