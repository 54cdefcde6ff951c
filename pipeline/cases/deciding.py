"""Decisions on cases: by another person than the one who answered, with a reason, and with an end.

Belongs here: who may decide, and what a decision does. A decision changes no list: it is a proposal to whoever keeps
the registry, and lets the finding rest for a time, so that it does not come back before they have acted on it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.cases.answers import waiting_findings
from pipeline.cases.book import ANSWERED, NOBODY, CaseBook, case_book
from pipeline.cases.field_rules import FieldRules, read_field_rules
from pipeline.cases.following import standing
from pipeline.cases.making import Making
from pipeline.cases.wording import CaseNumbers
from pipeline.errors import InputError, Problem, Refused
from pipeline.ingest.contents import examine
from pipeline.ingest.readers import sheets_of
from pipeline.signers import same_person
from pipeline.tables import MATCH_JUDGEMENTS

ACCEPT, RETURN = "accept", "return"
CLOSED: Final = "closed"
_NUMBER: Final = r"K(?:-[0-9A-HJKMNP-TV-Z]{3}){4}"


@dataclass(frozen=True)
class Decided:
    """What was decided: of each case its decision and until when its findings rest; and the cases that were not."""

    cases: list[dict[str, Any]]
    refused: list[Problem]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        refused = [
            {"case_id": p.where, "why": p.found, "expected": p.expected, "todo": p.todo} for p in self.refused
        ]  # fmt: skip
        return {"decided": self.cases, "refused": refused}


def decide(
    out: Path,
    rules: Path,
    case_ids: Sequence[str],
    decision: str,
    *,
    person: str,
    reason: str = "",
    now: datetime | None = None,
) -> Decided:
    """Decide cases; those that cannot be decided so are told and stay as they are.

    Args:
        out: folder of the database.
        rules: rules folder.
        case_ids: case numbers, as written by hand if need be.
        decision: ``accept`` what the answers propose, ``return`` the case to the field, or a decision of
            ``rules/field.yaml``, for which a reason must be given.
        person: who decides; nobody who answered the case or to whom it is assigned.
        reason: why.
        now: UTC; the clock by default.

    Raises:
        InputError: no such case, no name, no such decision, no reason where one is due.
        Refused: of none of the cases: this person may not, or it does not wait for a decision.
    """
    field = read_field_rules(rules)
    decider = " ".join(person.split())
    moment = (now or datetime.now(UTC)).replace(tzinfo=None)
    _check(decider, decision, reason, field)
    with case_book(out) as book:
        events = book.events()
        named = _cases(book, case_ids)
        refused = _refusals(named, events, decider, decision)
        cases = named.filter(~pl.col("case_id").is_in([problem.where for problem in refused]))
        if cases.is_empty():
            raise Refused(*refused)
        waiting = waiting_findings(book, events, cases["case_id"].to_list())
        stood = standing(events)
        making = Making(field, {"actor": decider, "period": None if stood is None else stood.period})
        if decision == RETURN:
            answered = waiting.filter(pl.col("status") == ANSWERED)
            making.add("finding_returned", answered, words=reason or "dikembalikan ke lapangan")
            told = cases.with_columns(decision=pl.lit(RETURN), rests_until=pl.lit(None, pl.Date))
            making.add("returned", cases, from_state=pl.col("state"), to_state="in_progress", words=reason or None)
        else:
            told = _settle(cases, waiting, decision, decider, reason, field, moment, making)
        void = _voided(book, cases["case_id"].to_list(), decider, moment) if decision == RETURN else None
        with book.transaction():
            book.write(making.rows(), moment)
            if void is not None and void.height:
                book.judge(void)
                book.log("judge", f"{void.height} pairs", f"{decider}: answers from the field taken back")
            some = f"{cases.height} cases: {', '.join(cases['case_id'].head(3))}"
            book.log("decide", some, f"{decider}: {decision} {reason}".strip())
    columns = ("case_id", "decision", "rests_until")
    rows = [row | {"rests_until": str(row["rests_until"] or "")} for row in told.select(columns).to_dicts()]
    return Decided(rows, refused)


def _check(decider: str, decision: str, reason: str, rules: FieldRules) -> None:
    if not decider:
        raise InputError(Problem("--as", "no name", "the name of the person who decides"))
    if decision in (ACCEPT, RETURN):
        return
    if decision not in rules.decisions:
        known = ", ".join([ACCEPT, RETURN, *rules.decisions])
        raise InputError(Problem("--decision", f"{decision!r} is no decision", known))
    if not reason.strip():
        raise InputError(Problem("--reason", "no reason", "why it is decided so, without an answer from the field"))


def case_numbers_in(path: Path) -> list[str]:
    """Case numbers that stand anywhere in a list: the changes proposed, with the lines taken out that are not to be.

    Raises:
        InputError: the file cannot be read, or there is none in it.
    """
    found: list[str] = []
    for sheet in sheets_of(examine(path)):
        for _, cells in sheet.rows():
            found += [match[0] for cell in cells if (match := re.search(_NUMBER, cell)) is not None]
    if not found:
        raise InputError(Problem(path.name, "there is no case number in it", "numbers like K-4T7-QM2-X9P-A3F"))
    return list(dict.fromkeys(found))


def _cases(book: CaseBook, written: Sequence[str]) -> pl.DataFrame:
    cases = book.ask("select * from audit.cases order by case_id")
    numbers = CaseNumbers(cases["case_id"].to_list())
    found, problems = [], []
    for each in written:
        case_id, near = numbers.find(each)
        if case_id is None:
            problems.append(Problem(each, "there is no such case", f"perhaps {near}" if near else ""))
        else:
            found.append(case_id)
    if problems or not found:
        raise InputError(*problems or [Problem("cases", "none is named", "one or more case numbers")])
    return cases.filter(pl.col("case_id").is_in(found))


def _refusals(cases: pl.DataFrame, events: pl.DataFrame, decider: str, decision: str) -> list[Problem]:
    """Cases that this person may not decide, or nobody now, or not so, each with the reason."""
    by = _who_answered(events)
    problems = []
    for case in cases.to_dicts():
        involved = {*by.get(case["case_id"], ()), case["assigned_to"] or NOBODY} - {NOBODY}
        if any(same_person(decider, who) for who in involved):
            problems.append(
                Problem(case["case_id"], f"{decider} has answered it or is to visit it, and cannot decide on it",
                        "another person")
            )  # fmt: skip
        elif case["state"] == CLOSED:
            closed = f"is closed already: {case['decision']} by {case['decided_by']}"
            problems.append(Problem(case["case_id"], closed, todo="nothing is left to decide on it"))
        elif decision in (ACCEPT, RETURN) and case["state"] not in ("for_approval", "on_hold"):
            problems.append(
                Problem(case["case_id"], f"does not wait for a decision (it is {case['state']})",
                        "answers to all its findings", "give a decision and its --reason to decide without a visit")
            )  # fmt: skip
        elif decision == ACCEPT and case["state"] == "on_hold":
            problems.append(Problem(case["case_id"], "its answer proposes nothing", "a decision and its --reason"))
        elif decision == ACCEPT and not involved:
            problems.append(
                Problem(case["case_id"], "nobody knows who answered it, so that nobody else can be told to decide",
                        "a name in the column PETUGAS beside the answer",
                        "return it and take the answer again with a name, or give a decision and its --reason")
            )  # fmt: skip
    return problems


def _who_answered(events: pl.DataFrame) -> dict[str, list[str]]:
    """Of each case who answered it, also before a finding came into it; where an answer came without a name, everybody
    to whom it, or the case that the finding came from, was ever assigned."""
    answered = events.filter(pl.col("event").is_in(["answered", "finding_carried"]))
    nameless = answered.filter(pl.col("officer").fill_null(NOBODY) == NOBODY)
    assigned = events.select(held="case_id", who="assigned_to").drop_nulls()
    perhaps = pl.concat([nameless.select("case_id", held=c) for c in ("case_id", "other_case")]).drop_nulls()
    perhaps = perhaps.join(assigned, on="held", maintain_order="left").select("case_id", "who")
    both = pl.concat([answered.select("case_id", who="officer"), perhaps]).drop_nulls().unique(maintain_order=True)
    return dict(both.group_by("case_id", maintain_order=True).agg("who").iter_rows())


def _settle(
    cases: pl.DataFrame,
    waiting: pl.DataFrame,
    decision: str,
    decider: str,
    reason: str,
    rules: FieldRules,
    now: datetime,
    making: Making,
) -> pl.DataFrame:
    """Close the cases; each finding rests for as long as its decision says."""
    if decision == ACCEPT:
        proposed = [
            rules.outcomes[code].proposal(kind) or "no_action" if code in rules.outcomes else "no_action"
            for code, kind in waiting.select("outcome", "finding_type").iter_rows()
        ]
    else:
        proposed = [decision] * waiting.height
    days = {code: card.days for code, card in rules.decisions.items()}
    settled = waiting.with_columns(pl.Series("decision", proposed, dtype=pl.String)).with_columns(
        until=pl.lit(now.date())
        + pl.duration(days=pl.col("decision").replace_strict(days, default=0, return_dtype=pl.Int64))
    )
    making.add(
        "finding_settled", settled, decision=pl.col("decision"), decided_by=decider, valid_until=pl.col("until"),
        verdict=pl.col("verdict"), words=reason or _answer_in_words(rules),
    )  # fmt: skip
    per_case = settled.group_by("case_id").agg(
        decision=pl.col("decision").unique().sort().str.join(","), rests_until=pl.col("until").max()
    )
    told = cases.drop("decision").join(per_case, on="case_id", how="left", maintain_order="left")
    making.add(
        "decided", told, from_state=pl.col("state"), to_state=CLOSED, decision=pl.col("decision"), decided_by=decider,
        words=reason or None,
    )  # fmt: skip
    return told


def _answer_in_words(rules: FieldRules) -> pl.Expr:
    """The reason of a decision that accepts what was answered: the answer."""
    labels = {code: card.text.id for code, card in rules.outcomes.items()}
    said = pl.col("outcome").replace_strict(labels, default=None, return_dtype=pl.String)
    return pl.lit("menurut jawaban dari lapangan: ") + said


def _voided(book: CaseBook, case_ids: list[str], decider: str, now: datetime) -> pl.DataFrame:
    """Judgements that answers of these cases brought, taken back: the pair is open again."""
    reasons = [f"case {c}" for c in case_ids]
    rows = book.ask(
        """select fingerprint_a, fingerprint_b, reason from audit.match_judgements
           qualify row_number() over (partition by fingerprint_a, fingerprint_b order by "at" desc) = 1"""
    )
    mine = rows.filter(pl.col("reason").is_in(reasons))
    return MATCH_JUDGEMENTS.conform(mine.with_columns(judgement=pl.lit("unsure"), at=pl.lit(now), by=pl.lit(decider)))
