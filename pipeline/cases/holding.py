"""Answers held against their cases: what was meant, of which case, and why one cannot be used.

Belongs here: everything that can be said of an answer by itself. Not here: several answers to one finding
(:mod:`.weighing`), what an answer does (:mod:`.answers`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from pipeline.cases.field_rules import SAMPLE_VISIT, FieldRules
from pipeline.cases.parting import survivors
from pipeline.cases.printed import Printed
from pipeline.cases.refusing import Reasons, Refusal
from pipeline.cases.wording import CaseNumbers, Wording, plain
from pipeline.period import Period

_MONTHS: Final = 12
_ANSWERABLE: Final = ("new", "assigned", "in_progress", "on_hold", "for_approval", "reopened")


def read_answers(rows: pl.DataFrame, rules: FieldRules) -> pl.DataFrame:
    """Adds ``code``, ``problem`` (null where the answer is clear), ``meanings`` (codes, where it says several things),
    ``told``: the note, and what was said besides, and ``general``: it answers every question."""
    wording = Wording(rules)
    said = {text: wording.read(text) for text in rows["outcome"].unique().drop_nulls()}
    labels = {plain(w) for c, o in rules.outcomes.items() for w in (c, o.text.id, o.text.en, *o.phrases)}

    def told(of: Mapping[str, Any], dtype: pl.DataType) -> pl.Expr:
        return pl.col("outcome").replace_strict(of, default=None, return_dtype=dtype)

    free = told({text: text for text in said if plain(text) not in labels}, pl.String())
    general = [code for code, outcome in rules.outcomes.items() if outcome.general]
    return rows.with_columns(
        code=told({text: u.code for text, u in said.items()}, pl.String()),
        problem=told({text: u.problem for text, u in said.items()}, pl.String()),
        meanings=told({text: ", ".join(u.meanings) for text, u in said.items()}, pl.String()),
        told=pl.concat_str([free, pl.col("note")], separator="; ", ignore_nulls=True).replace("", None),
    ).with_columns(general=pl.col("code").is_in(general).fill_null(False))


def choices_of(findings: pl.DataFrame, rules: FieldRules, lang: str) -> dict[str, str]:
    """The labels that may be chosen for what each case asks, as its form shows them.

    Args:
        findings: ``case_id``, ``finding_type`` and ``reason`` of findings that wait.
        rules: what answers mean.
        lang: id or en.
    """
    chosen: dict[str, str] = {}
    for (case_id,), rows in findings.drop_nulls("finding_type").group_by("case_id", maintain_order=True):
        found = rows.select("finding_type", "reason").unique(maintain_order=True).rows()
        blind = [pair for pair in found if pair[0] == SAMPLE_VISIT]  # asks the same at every door, whatever is flagged
        codes = [code for pair in blind or found for code in rules.choices(rules.topic_of(pair[0]), [pair])]
        chosen[str(case_id)] = labelled(dict.fromkeys(codes), rules, lang)
    return chosen


def labelled(codes: Iterable[str], rules: FieldRules, lang: str) -> str:
    """The labels of outcomes, as a list."""
    return ", ".join(str(getattr(rules.outcomes[code].text, lang)) for code in codes)


@dataclass(frozen=True)
class Holding:
    """Holds answers against their cases.

    Attributes:
        rules: what answers mean.
        reasons: words for what is refused.
        today: no visit is later.
        printed: which people a list was about.
        choices: labels that a case offers, where they are known.
    """

    rules: FieldRules
    reasons: Reasons
    today: date
    printed: Printed
    choices: Mapping[str, str]

    def held(
        self, read: pl.DataFrame, cases: pl.DataFrame, events: pl.DataFrame, numbers: CaseNumbers
    ) -> tuple[pl.DataFrame, list[Refusal]]:
        """Answers that fit their case, with ``case_id`` put right, ``state`` and ``answer_id``; and the others."""
        now_in = survivors(events)
        known = {row["case_id"]: row for row in cases.select("case_id", "state").to_dicts()}
        begins = {
            case_id: Period.parse(period).before().first_day
            for case_id, period in events.filter(pl.col("event") == "opened").select("case_id", "period").iter_rows()
        }
        good: list[dict[str, object]] = []
        refusals: list[Refusal] = []
        named = {written: numbers.find(written) for written in read["case_id"].unique().to_list()}
        first_days = [begins.get(named[written][0] or "") for written in read["case_id"]]
        sheets = list(zip(read["source_file"], read["sheet"], strict=True))
        days = list(zip(sheets, read["visited_at"], first_days, strict=True))
        turned = {sheet for sheet, day, first in days if self._turned(day, first)}
        for row, first, sheet in zip(read.iter_rows(named=True), first_days, sheets, strict=True):
            found, near = named[row["case_id"]]
            why = self._why_not(row, found, near, first) or self._why_doubtful(row, first, sheet in turned)
            if why or found is None:
                refusals.append(self.reasons.refusal(row, why))
                continue
            case = known[now_in.get(found, found)]
            text = "|".join([case["case_id"], row["code"], str(row["visited_at"] or ""), plain(row["told"] or "")])
            answer_id = hashlib.sha256(text.encode()).hexdigest()[:16]
            good.append({**row, "written_case": row["case_id"], **case, "answer_id": answer_id})
        added = {"written_case": pl.String, "state": pl.String, "answer_id": pl.String}
        return pl.DataFrame(good, schema={**read.schema, **added}), refusals

    def _why_not(self, row: dict[str, Any], found: str | None, near: str, begins: date | None) -> str:
        """Why an answer cannot be used; empty where it can."""
        why, day = self.reasons.why, row["visited_at"]
        if found is None:
            return why("unknown_case_near" if near else "unknown_case", found=row["case_id"], near=near)
        if row["problem"] is not None:
            meant = labelled(row["meanings"].split(", "), self.rules, self.reasons.lang) if row["meanings"] else ""
            every = labelled(self.rules.outcomes, self.rules, self.reasons.lang)
            labels = self.choices.get(found, every)
            return why(row["problem"], found=repr(row["outcome"]), meant=meant, labels=labels)
        if day is None:
            return why("unreadable_day", found=repr(row["day_written"])) if row["day_written"] else ""
        if day > self.today:
            return why("future_day", found=written_day(day))
        return why("early_day", found=written_day(day)) if begins is not None and day < begins else ""

    def _may_be(self, day: date | None, first: date | None) -> bool:
        return day is not None and (first is None or day >= first) and day <= self.today

    def _turned(self, day: date | None, first: date | None) -> bool:
        """Whether a day cannot be, and can with day and month exchanged."""
        return day is not None and not self._may_be(day, first) and self._may_be(exchanged(day), first)

    def _why_doubtful(self, row: dict[str, Any], first: date | None, beside_turned: bool) -> str:
        """Why a day that can be either way is not used: others of its sheet have day and month exchanged."""
        day = row["visited_at"]
        if not beside_turned or day is None or not self._may_be(other := exchanged(day), first):
            return ""
        return self.reasons.why("doubtful_day", found=written_day(day), other=written_day(other or day))

    def why_not_now(self, row: dict[str, Any], period: str) -> str:
        """Why an answer that fits its case comes too late: it is closed, or holds other people than then."""
        case_id = row["case_id"]
        others = self.printed.others(case_id, row["code"], row["visited_at"], row["worklist"])
        if others is not None:
            named = ", ".join(filter(None, others))
            why = "parted" if named else "parted_unnamed"
            return self.reasons.why(why, found=case_id, others=named, period=period)
        return "" if row["state"] in _ANSWERABLE else self.reasons.why("closed", found=case_id)


def exchanged(day: date) -> date | None:
    """The other day that it may mean where day and month are exchanged; None where there is none."""
    return day.replace(month=day.day, day=day.month) if day.day <= _MONTHS and day.day != day.month else None


def written_day(day: date) -> str:
    """A day as people write it."""
    return f"{day:%d/%m/%Y}"
