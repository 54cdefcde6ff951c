"""What the run and the cases know of the visits of a month.

Belongs here: asking for the people of the cases chosen, and putting visits, questions and words in order. Not here:
choosing (:mod:`pipeline.cases.priority`), lists for an office (:mod:`.offices`), how a form looks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from pipeline.cases.book import OPEN, CaseBook, findings_of
from pipeline.cases.corrections import FOLDER, UNDECIDED
from pipeline.cases.field_rules import SAMPLE_VISIT, FieldRules
from pipeline.cases.opening import Roster, findings_with_cases
from pipeline.cases.priority import OWNER, chosen, harm
from pipeline.history import PublishedRun
from pipeline.look.numbers import Numbers
from pipeline.measures import named
from pipeline.privacy import mask_number
from pipeline.target.programs import Rules
from pipeline.target.taxonomy import Taxonomy
from pipeline.worklist.document import FIELD, NOT_KNOWN, Answer, Asked, Sheet, Visit

_FACTS = """
select subject_kind, subject_id, facts from audit.facts
where run_id = $run and subject_kind = 'household' and subject_id in (select subject_id from wanted)
"""
_PEOPLE = """
with members as (
    select w.case_id, p.person_id from wanted w join audit.persons p on p.household_id = w.subject_id
    where p.run_id = $run and w.subject_kind = 'household'
    union all
    select w.case_id, p.person_id from wanted w join audit.persons p on p.person_id = w.subject_id
    where p.run_id = $run and w.subject_kind in ('person', 'companion')),
homes as (
    select m.case_id, p.person_id, p.name, p.nik, p.birth_date,
           p.person_id = coalesce(h.head_person_id, '') as head, h.no_kk, h.dusun, h.n_present,
           coalesce(h.desa_code, p.desa_code) as desa_code
    from members m join audit.persons p on p.run_id = $run and p.person_id = m.person_id
    left join audit.households h on h.run_id = $run and h.household_id = p.household_id),
first_of as (
    select * from homes
    qualify row_number() over (partition by case_id order by head desc, birth_date nulls last, person_id) = 1),
places as (  -- never the street of another desa, where a member is registered
    select h.case_id, first(m.address order by m.address is null, m.kind = 'registry' desc, m.mention_id) as address,
           first(m.dusun order by m.dusun is null, m.kind = 'registry' desc, m.mention_id) as dusun,
           first(m.rt order by m.rt is null, m.kind = 'registry' desc, m.mention_id) as rt,
           first(m.rw order by m.rw is null, m.kind = 'registry' desc, m.mention_id) as rw
    from homes h join audit.mentions m on m.run_id = $run and m.person_id = h.person_id
    where coalesce(m.desa_code = h.desa_code, true) group by h.case_id)
select f.case_id, f.name, f.nik, f.no_kk, f.n_present, coalesce(f.dusun, p.dusun) as dusun, p.address, p.rt, p.rw
from first_of f left join places p using (case_id) order by f.case_id
"""


@dataclass(frozen=True)
class Gathered:
    """Lists, the cases on them (``case_id``, ``explanation``, ``harm`` …) for the record, and what the office should
    know."""

    sheets: list[Sheet]
    picked: pl.DataFrame
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gathering:
    """What worklists are made from."""

    book: CaseBook
    run: PublishedRun
    rules: FieldRules
    taxonomy: Taxonomy
    programs: Rules
    language: str
    today: date

    def visits(self, kecamatan: str | None = None) -> Gathered:
        """A sheet a TKSK."""
        period = str(self.run.period)
        queue = self.cases(FIELD, kecamatan)
        waiting = self.waiting(queue)
        harms = self.harms(queue, waiting)
        roster = Roster.of(self.book.connection, self.run.run_id, self.rules).rows.rename({"name": "assigned_to"})
        people = self.people(queue)
        queue = self._due_alike(queue, waiting)
        with_dusun = queue.join(people.select("case_id", "dusun"), on="case_id", how="left", maintain_order="left")
        picked = chosen(with_dusun, harms, roster, self.rules, period, self.language)
        picked = self.placed(picked).join(people.drop("dusun"), on="case_id", how="left", maintain_order="left")
        questions = self.questions(waiting.join(picked.select("case_id"), on="case_id", how="semi"))
        left = harms.join(queue.select("case_id", *OWNER), on="case_id").join(picked, on="case_id", how="anti")
        unlisted = {(k, o): n for k, o, n in left.group_by(OWNER).len().iter_rows()}
        sheets = [
            self.sheet(group, questions, unlisted.get((owner[0], owner[1]), 0))
            for owner, group in picked.group_by(OWNER, maintain_order=True)
        ]
        owners = pl.concat([picked.select(OWNER), left.select(OWNER)]).unique().sort(OWNER)
        notices = [*self._notices(owners, roster, unlisted, {*picked.select(OWNER).rows()}), *self._undecided(queue)]
        return Gathered(sheets, picked, tuple(notices))

    def _notices(
        self, owners: pl.DataFrame, roster: pl.DataFrame, unlisted: Mapping[tuple[str, str], int],
        listed: Collection[tuple[str, str]],
    ) -> Iterator[str]:  # fmt: skip
        """Kecamatan whose cases wait for somebody who is not on the roster, or has no visits."""
        known = set(roster.select(OWNER).rows())
        names = named(owners["kecamatan_code"])
        for name, (code, officer) in zip(names, owners.rows(), strict=True):
            place = name or code
            if officer is None:
                yield f"no TKSK on the roster of the month: {place}"
            elif (code, officer) not in known:
                yield f"{place}: {officer} is not on the roster of the month, and nobody else is"
            if (code, officer) not in listed:
                waiting = unlisted[code, officer]
                yield f"{place}: {officer or 'nobody'} has no visits this month, {waiting} cases wait"

    def _undecided(self, queue: pl.DataFrame) -> Iterator[str]:
        """Cases that were answered and that nobody decides: they stand on no worklist any more."""
        late = queue.filter(pl.col("state").is_in(["on_hold", "for_approval"]), pl.col("due_at") < self.today)
        if late.height:
            some = ", ".join(late.sort("due_at", "case_id")["case_id"].head(3))
            yield (
                f"{late.height} cases were answered and wait for a decision past their day ({some} …): "
                f"tepat decide {FOLDER}/{UNDECIDED}.xlsx"
            )

    def cases(self, queue: str, kecamatan: str | None) -> pl.DataFrame:
        """Rows of ``tables.CASES`` of a queue, of one kecamatan or all."""
        cases = self.book.ask("select * from audit.cases where queue = $queue order by case_id", queue=queue)
        return cases if kecamatan is None else cases.filter(pl.col("kecamatan_code") == kecamatan)

    def harms(self, cases: pl.DataFrame, waiting: pl.DataFrame) -> pl.DataFrame:
        """The harm expected of cases that wait, see :func:`pipeline.cases.priority.harm`."""
        return harm(waiting, self._facts(cases), self.rules, self.today, self.language)

    def placed(self, cases: pl.DataFrame) -> pl.DataFrame:
        """Adds the names of ``desa``, ``kecamatan`` and ``kabupaten``."""
        return cases.with_columns(
            desa=named(cases["desa_code"]).fill_null(NOT_KNOWN[self.language]),
            kecamatan=named(cases["kecamatan_code"]), kabupaten=named(cases["kecamatan_code"].str.slice(0, 4)),
        )  # fmt: skip

    def waiting(self, queue: pl.DataFrame) -> pl.DataFrame:
        """Findings that wait for an answer, with what is known of them."""
        state = findings_of(self.book.events()).join(queue, on="case_id", how="semi")
        state = state.filter(pl.col("status") == OPEN).select("case_id", "finding_key")
        found = findings_with_cases(
            self.book, self.run.run_id, str(self.run.period), state["finding_key"].to_list(),
            self.rules, self.taxonomy,
        )  # fmt: skip
        both = state.join(found, on="finding_key").join(queue.select("case_id", "due_at"), on="case_id")
        return both.sort("case_id", "finding_key")

    def _due_alike(self, queue: pl.DataFrame, waiting: pl.DataFrame) -> pl.DataFrame:
        """Cases with the day on the form: that of the sample where it asks, which says nothing of what is flagged."""
        visits = waiting.filter(pl.col("finding_type") == SAMPLE_VISIT).select("case_id", "finding_key")
        samples = self.book.ask("select finding_key, due_at as due from audit.samples")
        due = visits.join(samples, on="finding_key").group_by("case_id").agg(pl.col("due").max())
        told = queue.join(due, on="case_id", how="left", maintain_order="left")
        return told.with_columns(due_at=pl.coalesce("due", "due_at")).drop("due")

    def _facts(self, queue: pl.DataFrame) -> pl.DataFrame:
        names = list(self.rules.priority.vulnerable)
        wanted = queue.select("case_id", "subject_kind", "subject_id")
        with self.book.frame("wanted", wanted):
            facts = self.book.ask(_FACTS, run=self.run.run_id)
        shape = pl.Struct(dict.fromkeys(names, pl.Int64()))
        told = facts.with_columns(pl.col("facts").str.json_decode(shape)).unnest("facts")
        return wanted.join(told, on=["subject_kind", "subject_id"]).select("case_id", *names)

    def people(self, queue: pl.DataFrame) -> pl.DataFrame:
        """Whom to visit in each case: the head, or the person it is about, and where they live."""
        with self.book.frame("wanted", queue.select("case_id", "subject_kind", "subject_id")):
            return self.book.ask(_PEOPLE, run=self.run.run_id)

    # ------------------------------------------------------------- into words

    def _in(self, text: Any) -> str:
        return str(getattr(text, self.language))

    def questions(self, findings: pl.DataFrame) -> dict[str, tuple[Asked, ...]]:
        """Of each case its questions: one a topic, the findings of that topic together; of a household of a
        verification sample one question, whatever is flagged."""
        names = self._names(findings)
        sampled = pl.col("finding_type") == SAMPLE_VISIT
        blind = sampled.any().over("case_id")
        findings = findings.filter(sampled | ~blind)
        asked: dict[str, dict[str, list[tuple[str, str, str]]]] = {}
        says = self.summaries(findings)
        columns = ("case_id", "finding_key", "finding_type", "reason", "subject_kind", "subject_id", "harmful")
        order = findings.with_columns(harmful=-pl.col("amount").fill_null(0)).sort("case_id", "harmful", "finding_key")
        for case_id, key, kind, reason, subject_kind, subject, _ in order.select(columns).iter_rows():
            if kind == SAMPLE_VISIT:
                asked[case_id] = {self.rules.topic_of(kind): [(self._in(self.rules.sample.purpose), kind, reason)]}
                continue
            who = names.get(subject) if subject_kind == "person" else None
            topic = self.rules.topic_of(kind)
            asked.setdefault(case_id, {}).setdefault(topic, []).append(
                (f"{who}: {says[key]}" if who else says[key], kind, reason)
            )
        return {
            case_id: tuple(self._asked(topic, told) for topic, told in topics.items())
            for case_id, topics in asked.items()
        }

    def summaries(self, findings: pl.DataFrame) -> dict[str, str]:
        """What each finding says, in a sentence, by its key; visits of a sample say nothing."""
        kinds = findings.filter(pl.col("finding_type") != SAMPLE_VISIT)
        kinds = kinds.select("finding_key", "finding_type", "reason", "program").unique()
        return {
            key: self.taxonomy.summary(kind, reason, program or "", self.programs, self.language)
            for key, kind, reason, program in kinds.iter_rows()
        }

    def _answers(self) -> list[Answer]:
        return [Answer(c, self._in(card.text), self._in(card.meaning)) for c, card in self.rules.outcomes.items()]

    def _asked(self, topic: str, told: list[tuple[str, str, str]]) -> Asked:
        cards = [c for _, kind, reason in told if (c := self.rules.question(kind, reason)) is not None]
        return Asked(
            topic,
            self._in(self.rules.topics[topic].text),
            tuple(dict.fromkeys(summary for summary, _, _ in told)),
            " ".join(dict.fromkeys(self._in(c.check) for c in cards)),
            " ".join(dict.fromkeys(self._in(c.ask) for c in cards)),
            tuple(self.rules.choices(topic, [(kind, reason) for _, kind, reason in told])),
        )

    def _names(self, findings: pl.DataFrame) -> dict[str, str]:
        """Names of the persons that findings are about."""
        with self.book.frame("wanted", findings.select("subject_id").unique()):
            rows = self.book.ask(
                """select person_id, name from audit.persons
                   where run_id = $run and person_id in (select subject_id from wanted)""",
                run=self.run.run_id,
            )
        return dict(rows.iter_rows())

    def sheet(self, group: pl.DataFrame, questions: dict[str, tuple[Asked, ...]], waiting: int) -> Sheet:
        """The list of the rows of ``group``, in their order."""
        rows = group.to_dicts()
        first = rows[0]
        asked = {c for row in rows for q in questions.get(row["case_id"], ()) for c in q.choices}
        return Sheet(
            str(self.run.period), Numbers("en" if self.language == "en" else "id").month(str(self.run.period)),
            self.run.run_id, first["kecamatan_code"] or "", first["kecamatan"] or "", first["kabupaten"] or "",
            first["assigned_to"] or "", waiting, tuple(a for a in self._answers() if a.code in asked),
            tuple(self._visit(row, questions.get(row["case_id"], ())) for row in rows),
        )  # fmt: skip

    def _visit(self, row: dict[str, Any], questions: tuple[Asked, ...]) -> Visit:
        rt_rw = " ".join(f"{what} {row[column]}" for what, column in (("RT", "rt"), ("RW", "rw")) if row[column])
        street = row["address"] if row["address"] != row["dusun"] else None
        address = ", ".join(filter(None, [street, rt_rw]))
        return Visit(
            row["n"], row["day"], row["case_id"], row["name"] or "-", mask_number(row["nik"]) if row["nik"] else "",
            mask_number(row["no_kk"]) if row["no_kk"] else "", row["desa"], row["dusun"] or "", address,
            row["n_present"], row["due_at"].strftime("%d/%m/%Y"), row["explanation"], questions,
        )  # fmt: skip
