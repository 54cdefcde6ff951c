"""What an answer from the field does: events, findings answered, judgements on who is who.

Belongs here: holding each answer against its case, refusing with a reason what does not fit, and applying the rest at
once. An answer counts once, whatever the form and however often it comes. Not here: reading files (:mod:`.reading`),
deciding (:mod:`.deciding`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import polars as pl

from pipeline.cases.book import ANSWERED, NOBODY, OPEN, CaseBook, findings_of
from pipeline.cases.field_rules import SAMPLE_VISIT, FieldRules
from pipeline.cases.following import standing
from pipeline.cases.holding import Holding, choices_of, read_answers
from pipeline.cases.making import Making
from pipeline.cases.printed import Printed
from pipeline.cases.refusing import Reasons, Refusal
from pipeline.cases.telling import Telling
from pipeline.cases.weighing import Weighed, standing_answers, weigh
from pipeline.cases.wording import CaseNumbers
from pipeline.tables import MATCH_JUDGEMENTS, OUTCOMES

_ROW: Final = ("source_file", "sheet", "row_number")


@dataclass(frozen=True)
class Applied:
    """What became of answers.

    Attributes:
        answers: that fit their case, applied now or before: ``case_id``, ``code``, ``visited_at``, ``told`` (note and
            own words), ``officer``, ``answer_id``, ``outcome_id``.
        applied: how many were applied now.
        already: how many had been applied before, or came twice.
        refused: rows that were not used, each with its reason.
        judged: pairs of rows judged to be the same person or different ones.
        waiting: cases that now wait for a decision.
        remarks: rows that were used, of which somebody should know more.
    """

    answers: pl.DataFrame
    applied: int
    already: int
    refusals: list[Refusal]
    judged: int = 0
    waiting: int = 0
    remarks: list[Refusal] = field(default_factory=list)

    @property
    def refused(self) -> list[str]:
        """Refusals as lines."""
        return [str(r) for r in self.refusals]

    def counts(self) -> dict[str, int]:
        """The counts."""
        return {
            "applied": self.applied, "already_applied": self.already, "refused": len(self.refusals),
            "judged": self.judged, "waiting_for_decision": self.waiting,
        }  # fmt: skip


def apply_published(book: CaseBook, rules: FieldRules, now: datetime) -> Applied:
    """Apply the answers that came in monthly folders, of the newest run of each month, in one transaction."""
    rows = book.ask("select * exclude (run_id, period), visited_at::varchar as day_written from latest.outcomes")
    known = book.ask("select outcome_id from audit.case_events where outcome_id is not null")
    return apply(book, rows.join(known, on="outcome_id", how="anti"), rules, now, Reasons("en"), keep_rows=False)


def apply_stored(book: CaseBook, outcome_ids: Sequence[str], rules: FieldRules, now: datetime) -> Applied:
    """Apply answers that are kept already, anew: their case has been found to be another since."""
    with book.frame("asked", pl.DataFrame({"outcome_id": outcome_ids}, schema={"outcome_id": pl.String})):
        rows = book.ask(
            """select distinct on (outcome_id) * exclude (run_id), visited_at::varchar as day_written
               from audit.outcomes semi join asked using (outcome_id) order by outcome_id"""
        )
    return apply(book, rows, rules, now, Reasons("en"), keep_rows=False)


def apply(
    book: CaseBook,
    rows: pl.DataFrame,
    rules: FieldRules,
    now: datetime,
    reasons: Reasons,
    *,
    keep_rows: bool,
    actor: str = "tepat",
) -> Applied:
    """Apply answers, all of them or none.

    Args:
        book: the case tables, held for writing.
        rows: ``tables.OUTCOMES`` with ``day_written`` (the day as it stands in the cell).
        rules: what answers mean.
        now: UTC.
        reasons: words for what is refused.
        keep_rows: append the rows to ``outcomes`` (those of a monthly folder are there already).
        actor: who brought them.
    """
    events = book.events()
    cases = book.ask("select * from audit.cases")
    read = read_answers(rows, rules)
    numbers = CaseNumbers(cases["case_id"].to_list())
    choices = _choices(book, events, read, numbers, rules, reasons)
    holding = Holding(rules, reasons, now.date(), Printed(book, events, rules), choices)
    checked, refusals = holding.held(read, cases, events, numbers)
    seen = set(events["answer_id"].drop_nulls())
    fresh = checked.filter(~pl.col("answer_id").is_in(seen)).unique("answer_id", keep="first", maintain_order=True)
    already = checked.height - fresh.height
    stood = standing(events)
    period = None if stood is None else stood.period
    late = {row["answer_id"]: why for row in fresh.to_dicts() if (why := holding.why_not_now(row, period or ""))}
    fresh, refused = _without(fresh, late, reasons)
    refusals += refused
    fresh = fresh.sort("visited_at", *_ROW, nulls_last=False, maintain_order=True)
    findings = waiting_findings(book, events, fresh["case_id"].unique().to_list())
    answered, delivery = (_findings_of(answers, findings, rules) for answers in (fresh, checked))
    weighed = weigh(answered, delivery, standing_answers(book, events, findings))
    telling = Telling(rules, reasons, fresh, findings)
    fresh, refused = _without(fresh, telling.refused(weighed), reasons)
    refusals += refused
    if fresh.is_empty():
        return Applied(checked, 0, already, refusals)
    making = Making(rules, {"actor": actor, "period": period})
    waiting = _make_events(fresh, findings, weighed, rules, making, telling)
    pairs = _judgements(book, fresh, findings, weighed, rules, now)
    with book.transaction():
        if keep_rows:
            taken = fresh.drop("case_id").rename({"written_case": "case_id"})
            known = book.ask("select outcome_id from audit.outcomes")
            fresh_rows = taken.join(known, on="outcome_id", how="anti").unique("outcome_id", maintain_order=True)
            book.keep_outcomes(fresh_rows.select(OUTCOMES.names))
        book.write(making.rows(), now)
        if pairs.height:
            book.judge(pairs)
            book.log("judge", f"{pairs.height} pairs", "answers from the field")
        book.log("run", f"{fresh.height} answers", ", ".join(sorted(fresh["source_file"].unique())))
    remarks = telling.remarks(fresh, answered, weighed)
    return Applied(checked, fresh.height, already, refusals, pairs.height, waiting, remarks)


def _choices(
    book: CaseBook, events: pl.DataFrame, read: pl.DataFrame, numbers: CaseNumbers, rules: FieldRules, reasons: Reasons
) -> dict[str, str]:
    """What the cases offer whose answer is not understood."""
    unclear = read.filter(pl.col("problem").is_not_null())["case_id"].unique(maintain_order=True)
    found = [case_id for written in unclear if (case_id := numbers.find(written)[0]) is not None]
    return choices_of(waiting_findings(book, events, found), rules, reasons.lang) if found else {}


def _without(fresh: pl.DataFrame, whys: Mapping[str, str], reasons: Reasons) -> tuple[pl.DataFrame, list[Refusal]]:
    """Answers but for those that are refused (``answer_id`` → why), and the refusals."""
    refused = fresh.filter(pl.col("answer_id").is_in(list(whys)))
    told = [reasons.refusal(row, whys[row["answer_id"]]) for row in refused.iter_rows(named=True)]
    return fresh.join(refused, on="answer_id", how="anti", maintain_order="left"), told


# ------------------------------------------------------------------------ effects


def _findings_of(answers: pl.DataFrame, findings: pl.DataFrame, rules: FieldRules) -> pl.DataFrame:
    """Answers and the findings that each settles, with its ``verdict``: one row an answer and a finding, in order."""
    told = answers.join(findings.drop("outcome", "verdict"), on="case_id", maintain_order="left")
    return told.join(_effects(rules), on=["code", "finding_type"], maintain_order="left")


def _make_events(
    fresh: pl.DataFrame, findings: pl.DataFrame, weighed: Weighed, rules: FieldRules, making: Making, telling: Telling
) -> int:
    """Events of the answers; how many cases then wait for a decision."""
    who = {"officer": pl.col("officer").fill_null(NOBODY), "outcome_id": pl.col("outcome_id")}
    said: dict[str, pl.Expr | str | None] = {"outcome": pl.col("code"), "answer_id": pl.col("answer_id"), **who}
    making.add("answered", fresh, **said)
    making.add("finding_answered", weighed.told, verdict=pl.col("verdict"), **said)
    disputed = findings.filter(pl.col("finding_key").is_in(list(weighed.disputed)))
    words = pl.col("finding_key").replace_strict(
        {key: telling.disputed(said) for key, said in weighed.disputed.items()}, default=None, return_dtype=pl.String
    )
    making.add("finding_returned", disputed, words=words)
    routes = {code: o.queue for code, o in rules.outcomes.items() if o.queue is not None}
    routed = fresh.with_columns(to=pl.col("code").replace_strict(routes, default=None, return_dtype=pl.String))
    routed = routed.filter(pl.col("to").is_not_null()).unique("case_id", keep="last", maintain_order=True)
    making.add("routed", routed, queue=pl.col("to"), assigned_to=NOBODY, words="menurut jawaban dari lapangan")
    settled = weighed.told.select("finding_key").unique().join(disputed, on="finding_key", how="anti")
    left = pl.concat([findings.filter(pl.col("status") == OPEN), disputed])
    left = left.join(settled, on="finding_key", how="anti")
    holds = [code for code, o in rules.outcomes.items() if o.hold]
    per_case = fresh.group_by("case_id", maintain_order=True).agg(
        pl.col("state").first(), hold=pl.col("code").last().is_in(holds)
    )
    open_ones = pl.col("case_id").is_in(left["case_id"].implode())
    to = (
        pl.when(~open_ones).then(pl.lit("for_approval"))
        .when("hold").then(pl.lit("on_hold"))
        .otherwise(pl.lit("in_progress"))
    )  # fmt: skip
    per_case = per_case.with_columns(to=to).filter(pl.col("to") != pl.col("state"))
    making.add("moved_on", per_case, from_state=pl.col("state"), to_state=pl.col("to"))
    return per_case.filter(pl.col("to") == "for_approval").height


def waiting_findings(book: CaseBook, events: pl.DataFrame, case_ids: Sequence[str]) -> pl.DataFrame:
    """Findings of cases that wait for an answer or a decision: ``case_id``, ``finding_key``, ``status``, ``outcome``,
    ``verdict``, and what the newest run that had it says: ``finding_type``, ``reason``, ``program`` …"""
    state = findings_of(events).filter(
        pl.col("case_id").is_in(list(case_ids)), pl.col("status").is_in([OPEN, ANSWERED])
    )
    with book.frame("state", state.select("finding_key").unique()):
        known = book.ask(
            f"""select f.finding_key, f.finding_id, f.run_id, f.finding_type, f.reason, f.program, f.subject_kind,
                      f.subject_id, f.summary
               from audit.findings f join audit.runs r on f.run_id = r.run_id
               where f.finding_key in (select finding_key from state) and r.status = 'published'
               qualify row_number() over (partition by f.finding_key order by r.period desc, r.finished_at desc) = 1
               union all by name
               select finding_key, finding_key as finding_id, run_id, '{SAMPLE_VISIT}' as finding_type,
                      'sampled' as reason, '' as program, subject_kind, subject_id
               from audit.samples where finding_key in (select finding_key from state)"""
        )
    return state.drop("officer").join(known, on="finding_key", how="left", maintain_order="left")


def _effects(rules: FieldRules) -> pl.DataFrame:
    """``code``, ``finding_type``, ``verdict``: which answer settles which type of finding, and what it says of it."""
    rows = [
        (code, kind, outcome.verdict(kind))
        for code, outcome in rules.outcomes.items()
        for topic, card in rules.topics.items()
        for kind in card.types
        if outcome.answers_type(kind, topic)
    ]
    return pl.DataFrame(rows, schema=["code", "finding_type", "verdict"], orient="row")


_JUDGED: Final = ("same_person_twice", "nik_shared", "name_mismatch")
"""Reasons that ask whether two rows are one person."""


def _judgements(
    book: CaseBook,
    fresh: pl.DataFrame,
    findings: pl.DataFrame,
    weighed: Weighed,
    rules: FieldRules,
    now: datetime,
) -> pl.DataFrame:
    """Judgements on the two rows that a finding of identity rests on; three rows leave open which are meant. Of people
    who differ each has a voice, so that nothing follows from either."""
    says = {code: o.identity for code, o in rules.outcomes.items() if o.identity}
    told = fresh.with_columns(judgement=pl.col("code").replace_strict(says, default=None, return_dtype=pl.String))
    told = told.filter(pl.col("judgement").is_not_null())
    if told.is_empty():
        return MATCH_JUDGEMENTS.empty()
    asked = findings.filter(pl.col("reason").is_in(list(_JUDGED))).select("run_id", "finding_id", "case_id")
    with book.frame("asked", asked):
        pairs = book.ask(
            """select case_id, min(fingerprint) as fingerprint_a, max(fingerprint) as fingerprint_b
               from (select distinct a.case_id, a.finding_id, m.fingerprint from asked a
                     join audit.finding_evidence e on e.run_id = a.run_id and e.finding_id = a.finding_id
                     join audit.mentions m on m.run_id = a.run_id and m.mention_id = e.mention_id)
               group by case_id, finding_id having count(*) = 2"""
        )
    differ = weighed.told.filter(pl.col("finding_key").is_in(list(weighed.disputed)))["answer_id"].implode()
    told = told.with_columns(voice=pl.when(pl.col("answer_id").is_in(differ)).then("officer"))
    judged = told.join(pairs, on="case_id", maintain_order="left").unique(
        ["fingerprint_a", "fingerprint_b", "voice"], keep="last", maintain_order=True
    )
    return MATCH_JUDGEMENTS.conform(
        judged.select(
            "fingerprint_a", "fingerprint_b", "judgement", at=pl.lit(now), by=pl.col("officer").fill_null("tepat"),
            reason=pl.concat_str(pl.lit("case "), "case_id"),
        )
    ).sort("fingerprint_a", "fingerprint_b")  # fmt: skip
