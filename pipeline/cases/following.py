"""Cases whose household or person has another id now: merged into another, or called otherwise, by identity resolution.

Belongs here: following ids from month to month, so that a case stays with its people and a decision with its finding.
Not here: two that were taken for one and are two again (:mod:`.parting`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.cases.book import ANSWERED, NOBODY, SETTLED, CaseBook, findings_of
from pipeline.cases.making import SYSTEM, Making
from pipeline.history import PublishedRun
from pipeline.target.keys import digest, finding_key_text

MERGED: Final = "merged"
"""Decision of a case whose people are those of another."""
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
_SAME_ROWS = """
with said as (
    select run_id, mention_id, 'person' as level, person_id as id from audit.mentions where run_id in ($run, $last_run)
    union all
    select run_id, mention_id, 'household', household_id from audit.mentions where run_id in ($run, $last_run)),
now as (select * from said where run_id = $run and id is not null),
about as (select subject_id from audit.cases union select subject_id from audit.findings),
gone as (
    select * from said where run_id = $last_run and id in (select subject_id from about)
      and id not in (select id from now))
select $period as period, $run as run_id, g.id as old_id, n.id as new_id
from gone g join now n on n.mention_id = g.mention_id and n.level = g.level group by g.id, n.id
qualify row_number() over (partition by g.id order by count(*) desc, n.id) = 1 order by old_id
"""
"""The same month published again, its rows nearly the same: who has most rows of an id that is no more. So it is where
a month is published after a later one, which then takes its ids over."""


@dataclass(frozen=True)
class Standing:
    """What the cases were last brought in line with: a month, and its run."""

    period: str
    run_id: str


def standing(events: pl.DataFrame) -> Standing | None:
    """The month and run at which cases stand; None where there are none."""
    of_runs = events.filter(pl.col("period").is_not_null(), pl.col("run_id").is_not_null())
    if of_runs.is_empty():
        return None
    period, run_id = of_runs.select("period", "run_id").row(-1)
    return Standing(period, run_id)


def follow(book: CaseBook, run: PublishedRun, stood: Standing | None, making: Making) -> None:
    """Events for cases whose subject has a new id, and for their findings, whose keys change with it.

    Args:
        book: the case tables.
        run: the run to follow to.
        stood: where the cases stand; None where there are none.
        making: gets the events.
    """
    if stood is None or stood.run_id == run.run_id:
        return
    now_called = _now_called(book, run, stood)
    if now_called.is_empty():
        return
    cases = book.ask("select * from audit.cases where coalesce(decision, '') <> 'merged' order by opened_at, case_id")
    moved = cases.join(now_called, on="subject_id", maintain_order="left")
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
    living = pl.col("state") != "closed"
    making.add(
        "merged", joins, decision=MERGED, decided_by=SYSTEM, other_case=pl.col("survivor"),
        from_state=pl.when(living).then("state"), to_state=pl.when(living).then(pl.lit("closed")),
        words=pl.format("menurut data bulan ini sama dengan kasus {}", "survivor"),
    )  # fmt: skip


def _now_called(book: CaseBook, run: PublishedRun, stood: Standing) -> pl.DataFrame:
    """``subject_id`` and ``now``: ids that have become others since, followed through the months between."""
    steps = [book.ask(_MOVED, period=str(run.period), last=stood.period)]
    (newest,) = book.ask("select run_id from latest.runs where period = $period", period=stood.period)["run_id"]
    if newest != stood.run_id:
        steps.insert(0, book.ask(_SAME_ROWS, period=stood.period, run=newest, last_run=stood.run_id))
    now: dict[str, str] = {}
    for _, of_month in pl.concat(steps, how="vertical_relaxed").group_by("period", maintain_order=True):
        step = dict(of_month.select("old_id", "new_id").iter_rows())
        now = {old: step.get(new, new) for old, new in now.items()} | {o: n for o, n in step.items() if o not in now}
    return pl.DataFrame(
        {"subject_id": list(now), "now": list(now.values())}, schema={"subject_id": pl.String, "now": pl.String}
    )


def _findings_follow(book: CaseBook, now_called: pl.DataFrame, joins: pl.DataFrame, making: Making) -> None:
    """Findings under their new keys, in the case that lives on; answers and decisions go with them."""
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
    moved = moved.with_columns(home="case_id", lives_in=pl.coalesce("survivor", "case_id"))
    making.add(
        "finding_replaced", moved, other_case=pl.col("survivor"),
        words=pl.when(pl.col("survivor").is_null())
        .then(pl.lit("mengikuti id baru"))
        .otherwise(pl.format("ikut ke kasus {}", "survivor")),
    )  # fmt: skip
    moved = moved.with_columns(finding_key=pl.coalesce("key_now", "finding_key"), case_id="lives_in")
    have = state.select("case_id", "finding_key")
    moved = moved.join(have, on=["case_id", "finding_key"], how="anti", maintain_order="left")
    moved = moved.unique(["case_id", "finding_key"], keep="last", maintain_order=True)
    came = moved.with_columns(other=pl.when(pl.col("home") != pl.col("case_id")).then("home"))
    bring(came, making, words="mengikuti id baru", settled_words="keputusan sebelumnya tetap berlaku")


def bring(rows: pl.DataFrame, making: Making, *, words: str | pl.Expr, settled_words: str) -> None:
    """Events of findings that come into a case as they are: waiting, answered, or decided.

    Args:
        rows: of :func:`pipeline.cases.book.findings_of`, with the case they come to, and ``other``: that which they
            come from, null where it is the same.
        making: gets the events.
        words: why they come.
        settled_words: why a decision goes on.
    """
    making.add("finding_added", rows, other_case=pl.col("other"), words=words)
    making.add(
        "finding_carried", rows.filter(pl.col("status") == ANSWERED), other_case=pl.col("other"),
        outcome=pl.col("outcome"), verdict=pl.col("verdict"), officer=pl.col("officer").fill_null(NOBODY),
        words="jawaban dari lapangan ikut bersama temuannya",
    )  # fmt: skip
    making.add(
        "finding_settled", rows.filter(pl.col("status") == SETTLED), valid_until=pl.col("valid_until"),
        words=settled_words,
    )  # fmt: skip
