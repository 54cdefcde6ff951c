"""Cases as the months come and go: opened, joined by new findings, resolved by data, opened again.

Belongs here: the difference between the cases there are and those that the findings of a month call for, as events; who
gets them is said in :mod:`.routing`.
The same month again makes none. A finding is gone only where its absence means something: ``finding_changes`` of a
month that had the lists it rests on says so, or the lists are there and it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from pipeline.cases.answers import apply_stored
from pipeline.cases.book import ANSWERED, OPEN, SETTLED, CaseBook, cases_of, findings_of
from pipeline.cases.field_rules import SAMPLE_VISIT, FieldRules
from pipeline.cases.following import MERGED, follow, standing
from pipeline.cases.making import SYSTEM, Making
from pipeline.cases.opening import SUBJECT, Roster, case_numbers, cases_wanted, findings_with_cases
from pipeline.cases.parting import HANDED_ON, hand_over, take_back
from pipeline.cases.routing import LIVING, route, wanted
from pipeline.errors import InputError, Problem
from pipeline.history import PublishedRun
from pipeline.target.changes import not_assessable
from pipeline.target.taxonomy import Taxonomy

CLOSED: Final = "closed"
BY_DATA: Final = "resolved_by_data"


@dataclass(frozen=True)
class Kept:
    """What a month did to the cases: how many were opened, opened again, resolved by data, merged, parted again;
    findings added, gone, gone to another case; findings missing of which this month's lists tell nothing."""

    opened: int
    reopened: int
    resolved: int
    findings_added: int
    findings_gone: int
    not_assessable: int
    merged: int
    parted: int
    findings_moved: int

    def as_dict(self) -> dict[str, int]:
        """The counts."""
        return dict(vars(self))


def keep(book: CaseBook, run: PublishedRun, rules: FieldRules, taxonomy: Taxonomy, now: datetime) -> Kept:
    """Bring the cases in line with a published run, in one transaction; nothing is written where nothing changes.

    Args:
        book: the case tables, held for writing.
        run: newest published run of its month.
        rules: who acts, which states follow which.
        taxonomy: days to act and queues of findings.
        now: UTC.

    Raises:
        InputError: the cases have been brought in line with a later month already.
    """
    events = book.events()
    stood = standing(events)
    if stood is not None and stood.period > str(run.period):
        raise InputError(
            Problem(str(run.period), f"the cases stand at {stood.period} already", "that month or a later one",
                    f"tepat worklist --period {stood.period}")
        )  # fmt: skip
    making = Making(rules, {"period": str(run.period), "run_id": run.run_id, "actor": SYSTEM})
    month = _Month(book, run, rules, taxonomy, now, making, events)
    follow(book, run, stood, making)
    month.stand()
    astray = take_back(book, run, month.cases, month.events, now.date(), making)
    month.stand()
    month.allocate()
    month.resolve()
    month.rehome()
    month.open_and_join()
    month.stand()
    month.put_right()
    month.route()
    month.close()
    rows = making.rows()
    if rows.height:
        with book.transaction():
            book.write(rows, now)
            book.log("run", f"cases of {run.run_id}", f"{rows.height} events")
    if astray:
        apply_stored(book, astray, rules, now)
    return month.kept(rows)


class _Month:
    """One month on its way through the cases; each step adds events and brings the frames up to date."""

    def __init__(
        self,
        book: CaseBook,
        run: PublishedRun,
        rules: FieldRules,
        taxonomy: Taxonomy,
        now: datetime,
        making: Making,
        events: pl.DataFrame,
    ) -> None:
        self.book, self.run, self.rules, self.taxonomy = book, run, rules, taxonomy
        self.now, self.making, self.before = now, making, events
        self.events, self.state = events, findings_of(events)
        self.cases = book.ask("select * from audit.cases order by case_id")
        self.known = self.cases.select("case_id")
        self.unknown = 0

    def stand(self) -> None:
        """Bring cases and findings up to date with the events made so far."""
        rows = self.making.rows()
        if rows.is_empty():
            return
        self.events = pl.concat([self.before, rows], how="diagonal")
        touched = rows.select("case_id").unique()
        fresh = cases_of(self.events.join(touched, on="case_id", how="semi", maintain_order="left"))
        rest = self.cases.join(touched, on="case_id", how="anti")
        self.cases = pl.concat([rest, fresh], how="vertical_relaxed").sort("case_id")
        self.state = findings_of(self.events)

    # ------------------------------------------------------------- the steps

    def allocate(self) -> None:
        """Every finding of this month, and those that wait, with its case: that which has it, else its subject's; and
        with that of the household which it is about now (``home_case``)."""
        keys = self.state["finding_key"].unique().to_list()
        found = findings_with_cases(self.book, self.run.run_id, str(self.run.period), keys, self.rules, self.taxonomy)
        owners = self.state.select(
            "finding_key", "case_id", "status", "valid_until", "outcome", "verdict", "officer", said="period"
        ).unique("finding_key", keep="last")
        found = found.join(owners, on="finding_key", how="left", maintain_order="left")
        living = self.cases.filter(pl.col("decision").ne_missing(MERGED))
        of_subject = living.select(case_kind="subject_kind", case_subject="subject_id", home_case="case_id")
        found = found.join(of_subject.unique(SUBJECT, keep="first"), on=SUBJECT, how="left", maintain_order="left")
        about = self.cases.select("case_id", about_kind="subject_kind", about="subject_id")
        found = found.join(about, on="case_id", how="left", maintain_order="left")
        at_home = (pl.col("case_kind") == pl.col("about_kind")) & (pl.col("case_subject") == pl.col("about"))
        stays = pl.col("case_id").is_not_null() & (at_home | ~pl.col("placed").fill_null(False))
        found = found.with_columns(home_case=pl.when(stays).then("case_id").otherwise("home_case"))
        without = found.filter(pl.col("home_case").is_null()).select(SUBJECT).unique().sort(SUBJECT)
        numbered = self._free_numbers(without).rename({"case_id": "new_id"})
        found = found.join(numbered, on=SUBJECT, how="left", maintain_order="left")
        found = found.with_columns(home_case=pl.coalesce("home_case", "new_id")).drop("new_id", "about", "about_kind")
        self.found = found.with_columns(case_id=pl.coalesce("case_id", "home_case"))

    def _free_numbers(self, subjects: pl.DataFrame) -> pl.DataFrame:
        """Numbers of new cases; where one is taken (its first subject lives on elsewhere), that of the next attempt."""
        taken = set(self.cases["case_id"])
        numbered = case_numbers(subjects)
        attempt = 1
        while numbered["case_id"].is_in(taken).any():
            attempt += 1
            again = case_numbers(subjects.with_columns(pl.col("case_subject") + f"#{attempt}"))["case_id"]
            numbered = numbered.with_columns(
                case_id=pl.when(pl.col("case_id").is_in(taken)).then(again).otherwise("case_id")
            )
        return numbered

    def resolve(self) -> None:
        """Findings that wait and are gone from a month that could have shown them."""
        waiting = self.found.filter(~pl.col("current"), pl.col("status").is_in([OPEN, ANSWERED]))
        changes = self.book.ask(
            """select finding_key, change, why, period as changed from latest.finding_changes where period <= $period
               qualify row_number() over (partition by finding_key order by period desc) = 1""",
            period=str(self.run.period),
        )
        changes = changes.filter(pl.col("change").is_in(["resolved", "not_assessable"]))
        told = waiting.join(changes, on="finding_key", how="left", maintain_order="left")
        stale = pl.col("changed") < pl.col("said")  # of a month before the finding was last seen
        told = told.with_columns(pl.when(~stale.fill_null(False)).then(c).alias(c) for c in ("change", "why"))
        silent = told.filter(pl.col("change").is_null())
        missing = not_assessable(silent, self._sources()) if silent.height else silent.select("finding_key")
        cannot = pl.col("finding_key").is_in(missing["finding_key"].implode())
        gone = told.filter((pl.col("change") == "resolved") | (pl.col("change").is_null() & ~cannot)).with_columns(
            why=pl.when(pl.col("finding_type") == SAMPLE_VISIT)
            .then(pl.lit("waktu kunjungan sampel sudah lewat"))
            .otherwise(pl.col("why").fill_null("tidak ada lagi di data bulan ini"))
        )
        self.unknown = told.height - gone.height
        self.making.add("finding_resolved", gone, words=pl.col("why"))
        self._mark(gone, SETTLED)

    def _sources(self) -> pl.DataFrame:
        """What this month's files hold, as :func:`pipeline.target.changes.held` says it."""
        return self.book.ask(
            """select distinct kind, program, substr(kecamatan_code, 1, 4) as kabupaten_code
               from audit.mentions where run_id = $run
               union select distinct 'transactions', null, null from audit.transactions where run_id = $run""",
            run=self.run.run_id,
        )

    def _mark(self, rows: pl.DataFrame, status: str) -> None:
        hit = pl.col("finding_key").is_in(rows["finding_key"].implode())
        self.found = self.found.with_columns(status=pl.when(hit).then(pl.lit(status)).otherwise("status"))

    def _comes_back(self) -> pl.Expr:
        """Findings that were answered or gone, are there again, and rest no longer."""
        resting = pl.col("valid_until").is_not_null() & (pl.col("valid_until") >= self.now.date())
        return pl.col("current") & (pl.col("status") == SETTLED) & ~resting & (pl.col("finding_type") != SAMPLE_VISIT)

    def rehome(self) -> None:
        """Findings that wait go to the case of the household that they are about now."""
        leaves = pl.col("home_case").ne_missing(pl.col("case_id")) & (
            pl.col("status").is_in([OPEN, ANSWERED]) | self._comes_back()
        )
        leaves = leaves.fill_null(False)
        self.found = self.found.with_columns(
            from_case=pl.when(leaves).then("case_id"),
            case_id=pl.when(leaves).then("home_case").otherwise("case_id"),
            status=pl.when(leaves & (pl.col("status") == SETTLED)).then(pl.lit(OPEN)).otherwise("status"),
        )
        self.moved = self.found.filter(pl.col("from_case").is_not_null()).sort("case_id", "finding_key")

    def open_and_join(self) -> None:
        """Cases that findings of this month call for, and findings that join or come back to a case."""
        added = self.found.filter(pl.col("current"), pl.col("status").is_null())
        returned = self.found.filter(self._comes_back())
        self._mark(pl.concat([added, returned]), OPEN)
        known = self.cases.select("case_id", before="state", due="due_at")
        affected = pl.concat([added, returned, self.moved]).join(known, on="case_id", how="left", maintain_order="left")
        days = cases_wanted(affected.with_columns(case_subject="case_id"), self.rules)  # by case, not by subject
        days = days.select("days", case_id="case_subject")
        due = pl.lit(self.now.date()) + pl.duration(days=pl.col("days"))
        affected = affected.drop("days").join(days, on="case_id").with_columns(new_due=due)
        per_case = affected.unique("case_id", keep="first", maintain_order=True).sort("case_id")
        new = per_case.filter(pl.col("before").is_null())
        place = self._wanted(new["case_id"])
        new = new.drop("queue", "kecamatan_code", "desa_code").join(place, on="case_id", maintain_order="left")
        self._open(new)
        again = self._closed_with_open_findings()
        self.making.add(
            "reopened", again, from_state=CLOSED, to_state="reopened", due_at=pl.col("new_due"),
            words="temuan baru atau temuan yang ada lagi",
        )  # fmt: skip
        sooner = per_case.filter(pl.col("before").is_not_null(), pl.col("before") != CLOSED)
        sooner = sooner.filter(pl.col("new_due") < pl.col("due"))
        self.making.add("due_sooner", sooner, due_at=pl.col("new_due"), words="temuan baru lebih mendesak")
        self.making.add("finding_added", added.sort("case_id", "finding_key"), words=pl.col("summary"))
        self.making.add("finding_returned", returned.sort("case_id", "finding_key"), words=pl.col("summary"))
        hand_over(self.moved, self.making)

    def _open(self, new: pl.DataFrame) -> None:
        subject = {"subject_kind": pl.col("case_kind"), "subject_id": pl.col("case_subject")}
        place = {"kecamatan_code": pl.col("kecamatan_code"), "desa_code": pl.col("desa_code")}
        self.making.add(
            "opened", new, to_state="new", queue=pl.col("queue"), due_at=pl.col("new_due"), **subject, **place
        )
        named = new.filter(pl.col("assigned_to").is_not_null())
        self.making.add("assigned", named, from_state="new", to_state="assigned", assigned_to=pl.col("assigned_to"))

    def _closed_with_open_findings(self) -> pl.DataFrame:
        """Closed cases to which findings came, with the day until which those are to be answered."""
        closed = self.cases.filter(pl.col("state") == CLOSED, pl.col("decision").ne_missing(MERGED)).select("case_id")
        waiting = self.found.filter(pl.col("status").is_in([OPEN, ANSWERED]))
        days = waiting.group_by("case_id").agg(pl.col("days").min())
        new_due = pl.lit(self.now.date()) + pl.duration(days=pl.col("days"))
        return closed.join(days, on="case_id", maintain_order="left").with_columns(new_due=new_due)

    def put_right(self) -> None:
        """Cases that wait for a decision though something is to be answered, or for an answer though nothing is."""
        asks = self.found.filter(pl.col("status") == OPEN)["case_id"].implode()
        told = self.found.filter(pl.col("status") == ANSWERED)
        holds = [code for code, card in self.rules.outcomes.items() if card.hold]
        held = told.group_by("case_id").agg(pl.col("outcome").is_in(holds).all())
        held = held.with_columns(to=pl.when("outcome").then(pl.lit("on_hold")).otherwise(pl.lit("for_approval")))
        early = self.cases.filter(pl.col("state") == "for_approval", pl.col("case_id").is_in(asks))
        self.making.add(
            "reconsidered", early, from_state=pl.col("state"), to_state="in_progress", words="ada yang belum dijawab"
        )
        ready = self.cases.filter(
            pl.col("state").is_in(LIVING), ~pl.col("state").is_in(["for_approval", "on_hold"]),
            ~pl.col("case_id").is_in(asks),
        ).drop("outcome").join(held, on="case_id", maintain_order="left")  # fmt: skip
        self.making.add(
            "moved_on", ready, from_state=pl.col("state"), to_state=pl.col("to"), words="semua temuannya sudah dijawab"
        )
        self.stand()

    def route(self) -> None:
        """Cases that go to somebody else, those opened again among them; those just opened are where they belong."""
        going = self.cases.filter(pl.col("state").is_in(LIVING)).join(self.known, on="case_id", how="semi")
        route(going, self._wanted(going["case_id"]), self.rules, self.making)

    def _wanted(self, case_ids: pl.Series) -> pl.DataFrame:
        roster = Roster.of(self.book.connection, self.run.run_id, self.rules)
        return wanted(self.found, case_ids, roster, self.rules)

    def close(self) -> None:
        """Cases of which nothing waits any more."""
        waiting = self.found.filter(pl.col("status").is_in([OPEN, ANSWERED]))["case_id"].unique()
        done = self.cases.filter(pl.col("state").is_in(LIVING), ~pl.col("case_id").is_in(waiting.implode()))
        went = self.moved.group_by(case_id="from_case").agg(other=pl.col("case_id").unique().sort().str.join(", "))
        done = done.join(went, on="case_id", how="left", maintain_order="left")
        handed = pl.col("other").is_not_null()
        self.making.add(
            "closed", done, from_state=pl.col("state"), to_state=CLOSED, decided_by=SYSTEM,
            decision=pl.when(handed).then(pl.lit(HANDED_ON)).otherwise(pl.lit(BY_DATA)),
            words=pl.when(handed).then(pl.format("temuannya kini di kasus {}", "other"))
            .otherwise(pl.lit("semua temuannya tidak ada lagi di data yang lengkap")),
        )  # fmt: skip

    def kept(self, rows: pl.DataFrame) -> Kept:
        """The counts of what was done."""
        n = dict(rows["event"].value_counts().iter_rows())
        added = n.get("finding_added", 0) + n.get("finding_returned", 0)
        return Kept(
            n.get("opened", 0),
            rows.filter(pl.col("to_state") == "reopened").height,
            n.get("closed", 0),
            added,
            n.get("finding_resolved", 0),
            self.unknown,
            n.get("merged", 0),
            n.get("parted", 0),
            n.get("finding_moved", 0),
        )
