"""Cases whose household or person has another id now: merged, split or put right by identity resolution.

Belongs here: following ids from month to month, so that a case stays with its people and a decision with its finding.
"""

from __future__ import annotations

import polars as pl

from pipeline.cases.book import SETTLED, CaseBook, findings_of
from pipeline.cases.making import Making
from pipeline.history import PublishedRun
from pipeline.target.keys import digest, finding_key_text

_MOVED = """
with newest as (
    select run_id, period from audit.runs where status = 'published' and period <= $period and period > $last
    qualify row_number() over (partition by period order by finished_at desc) = 1)
select n.period, n.run_id, e.old_id, min(e.new_id) as new_id
from audit.identity_events e join newest n on e.run_id = n.run_id
where e.event in ('merged', 'split', 'undone') and e.old_id <> '' and e.old_id <> e.new_id
  and e.old_id not in (select person_id from audit.persons where run_id = n.run_id)
  and e.old_id not in (select household_id from audit.households where run_id = n.run_id)
group by all order by n.period, e.old_id
"""


def follow(book: CaseBook, run: PublishedRun, last: str | None, making: Making) -> None:
    """Events for cases whose subject has a new id, and for their findings, whose keys change with it.

    Args:
        book: the case tables.
        run: the run to follow to.
        last: month the cases stand at; None where there are none.
        making: gets the events.
    """
    if last is None:
        return
    now_called = _now_called(book, run, last)
    if now_called.is_empty():
        return
    cases = book.ask("select * from audit.cases where coalesce(decision, '') <> 'merged' order by opened_at, case_id")
    moved = cases.join(now_called, on="subject_id", maintain_order="left")
    if moved.is_empty():
        return
    taken = cases.select("subject_kind", now="subject_id", survivor="case_id")
    moved = moved.join(taken, on=["subject_kind", "now"], how="left", maintain_order="left")
    first = moved.filter(pl.col("survivor").is_null()).unique(["subject_kind", "now"], keep="first")
    second = moved.filter(pl.col("survivor").is_null()).join(
        first.select("subject_kind", "now", second_to="case_id"), on=["subject_kind", "now"], maintain_order="left"
    )
    joins = pl.concat(
        [
            moved.filter(pl.col("survivor").is_not_null()),
            second.filter(pl.col("case_id") != pl.col("second_to"))
            .with_columns(survivor="second_to")
            .drop("second_to"),
        ]
    )
    making.add("followed", first, subject_id=pl.col("now"), words="id baru bulan ini")
    _findings_follow(book, now_called, joins.select("case_id", "survivor"), making)
    living = joins.filter(pl.col("state") != "closed")
    gone: dict[str, pl.Expr | str | None] = {"decision": "merged", "decided_by": "tepat", "words": pl.col("survivor")}
    making.add("merged", living, from_state=pl.col("state"), to_state="closed", **gone)
    making.add("merged", joins.filter(pl.col("state") == "closed"), **gone)


def _now_called(book: CaseBook, run: PublishedRun, last: str) -> pl.DataFrame:
    """``subject_id`` and ``now``: ids that have become others since a month, followed through the months between."""
    steps = book.ask(_MOVED, period=str(run.period), last=last)
    now: dict[str, str] = {}
    for _, of_month in steps.group_by("period", maintain_order=True):
        step = dict(of_month.select("old_id", "new_id").iter_rows())
        now = {old: step.get(new, new) for old, new in now.items()} | {o: n for o, n in step.items() if o not in now}
    return pl.DataFrame(
        {"subject_id": list(now), "now": list(now.values())}, schema={"subject_id": pl.String, "now": pl.String}
    )


def _findings_follow(book: CaseBook, now_called: pl.DataFrame, joins: pl.DataFrame, making: Making) -> None:
    """Findings under their new keys, in the case that lives on; decisions that still rest go with them."""
    state = findings_of(book.events())
    if state.is_empty():
        return
    with book.frame("state", state):
        known = book.ask(
            """select distinct on (finding_key) finding_key, finding_type, reason, coalesce(program, '') as program,
                      subject_kind, subject_id
               from audit.findings where finding_key in (select finding_key from state) order by finding_key"""
        )
    known = known.join(now_called, on="subject_id", maintain_order="left")
    known = digest(known.with_columns(subject_id="now"), finding_key_text(), "key_now")
    moved = state.join(
        known.select("finding_key", "key_now", "reason"), on="finding_key", how="left", maintain_order="left"
    )
    moved = moved.join(joins, on="case_id", how="left", maintain_order="left")
    moved = moved.filter(pl.col("key_now").is_not_null() | pl.col("survivor").is_not_null())
    making.add("finding_replaced", moved, words=pl.coalesce("key_now", "survivor"))
    moved = moved.with_columns(
        finding_key=pl.coalesce("key_now", "finding_key"), case_id=pl.coalesce("survivor", "case_id")
    )
    have = state.select("case_id", "finding_key")
    moved = moved.join(have, on=["case_id", "finding_key"], how="anti", maintain_order="left")
    moved = moved.unique(["case_id", "finding_key"], keep="last", maintain_order=True)
    making.add("finding_added", moved, words="mengikuti id baru")
    settled = moved.filter(pl.col("status") == SETTLED)
    making.add(
        "finding_settled", settled, valid_until=pl.col("valid_until"), words="keputusan sebelumnya tetap berlaku"
    )
