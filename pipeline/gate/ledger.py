"""The tables ``gate_*``: what was screened, overridden and signed.

Belongs here: every read and write of them, append-only, each write one transaction with its line in the access log.
Not here: who may do what (:mod:`.signing`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.gate.totals import Before
from pipeline.history import PublishedRun
from pipeline.period import Period
from pipeline.publish.book import Book, held_alone
from pipeline.tables import (
    GATE_APPROVALS,
    GATE_BATCHES,
    GATE_EVENTS,
    GATE_OVERRIDES,
    GATE_RESULTS,
)

LIST_CHANGED, ESCALATED = "list_changed", "escalated"


@dataclass(frozen=True)
class Ledger(Book):
    """The gate's tables in an open database."""

    def screened_before(self, content: str) -> int:
        """How often a list has been screened with the same run, rules and options; ``content`` begins its gate ids."""
        query = f"select count(*) as n from audit.{GATE_BATCHES.name} where starts_with(gate_id, $content)"
        return int(self.ask(query, content=content + "-")["n"][0])

    def batch(self, gate_id: str) -> dict[str, Any]:
        """The screening; :class:`InputError` where there is none of that id."""
        found = self.ask(f"select * from audit.{GATE_BATCHES.name} where gate_id = $id", id=gate_id)
        if found.is_empty():
            known = self.ask(f"select gate_id from audit.{GATE_BATCHES.name} order by screened_at desc limit 3")
            raise InputError(
                Problem(
                    gate_id, "there is no such screening", ", ".join(known["gate_id"]) or "none yet", "run `tepat gate`"
                )
            )
        return found.row(0, named=True)

    def newer(self, batch: Mapping[str, Any]) -> str | None:
        """A later screening of the same list or of one of its name for the same month."""
        found = self.ask(
            f"""select gate_id from audit.{GATE_BATCHES.name}
                where period = $period and (source_file = $file or list_sha256 = $sha) and screened_at > $moment
                order by screened_at desc limit 1""",
            period=batch["period"], file=batch["source_file"], sha=batch["list_sha256"], moment=batch["screened_at"],
        )  # fmt: skip
        return None if found.is_empty() else str(found["gate_id"][0])

    def overrides(self, gate_id: str) -> pl.DataFrame:
        """The newest override of each line, also one that has expired."""
        return self.ask(
            f"""select * from audit.{GATE_OVERRIDES.name} where gate_id = $id
                qualify row_number() over (partition by sheet, row_number order by "at" desc) = 1
                order by sheet, row_number""",
            id=gate_id,
        )

    def approvals(self, gate_id: str) -> pl.DataFrame:
        """Signatures that count: none before the last override or the last change of the list, oldest first."""
        return self.ask(
            f"""with void as (
                    select "at" from audit.{GATE_OVERRIDES.name} where gate_id = $id
                    union all
                    select "at" from audit.{GATE_EVENTS.name} where gate_id = $id and event = '{LIST_CHANGED}')
                select * from audit.{GATE_APPROVALS.name}
                where gate_id = $id and "at" > coalesce((select max("at") from void), timestamp '1970-01-01')
                order by "at" asc""",
            id=gate_id,
        )

    def results(self, gate_id: str) -> pl.DataFrame:
        """Decisions as screened, in file order of each sheet."""
        return self.ask(
            f"select * from audit.{GATE_RESULTS.name} where gate_id = $id order by sheet, row_number", id=gate_id
        )

    def overdue(self, today: date) -> pl.DataFrame:
        """Holds that ran out undecided: of the newest screening of each list; said before or not.

        An override decides a line for good once the list has been approved after it; before, until it expires.
        """
        return self.ask(
            f"""with newest as (
                    select gate_id, period, source_file from audit.{GATE_BATCHES.name}
                    qualify row_number() over (partition by period, source_file order by screened_at desc) = 1),
                decided as (
                    select o.gate_id, o.sheet, o.row_number from
                        (select * from audit.{GATE_OVERRIDES.name}
                         qualify row_number() over (partition by gate_id, sheet, row_number order by "at" desc) = 1) o
                    where o.valid_until >= $today or exists (
                        select 1 from audit.{GATE_APPROVALS.name} a
                        where a.gate_id = o.gate_id and a.role = 'approver' and a."at" > o."at"))
                select r.gate_id, n.period, r.source_file, r.sheet, r.row_number, r.amount,
                       r.reasons, r.queue, r.hold_until,
                       e.gate_id is not null as escalated_before
                from audit.{GATE_RESULTS.name} r join newest n on r.gate_id = n.gate_id
                left join decided o
                  on o.gate_id = r.gate_id and o.sheet = r.sheet and o.row_number = r.row_number
                left join (select distinct gate_id, sheet, row_number
                           from audit.{GATE_EVENTS.name} where event = '{ESCALATED}') e
                  on e.gate_id = r.gate_id and e.sheet = r.sheet and e.row_number = r.row_number
                where r.decision = 'hold' and r.hold_until < $today and o.gate_id is null
                order by r.hold_until, r.gate_id, r.sheet, r.row_number""",
            today=today,
        )

    def escalate(self, overdue: pl.DataFrame, moment: datetime) -> None:
        """Mark each hold that has run out (see :meth:`overdue`), once; within a transaction."""
        fresh = overdue.filter(~pl.col("escalated_before"))
        if fresh.height:
            detail = pl.lit("hold ran out on ") + pl.col("hold_until").cast(pl.String)
            self.add(
                GATE_EVENTS,
                fresh.select(
                    "gate_id", "sheet", "row_number", event=pl.lit(ESCALATED), at=pl.lit(moment), detail=detail
                ),
            )

    def on_other_lists(self, lines: pl.DataFrame, period: Period, source_file: str, sha256: str) -> pl.DataFrame:
        """Lines to be paid whose payee is paid by another list of the month too: ``source_file``, ``rows``.

        Of each other list the newest screening counts; the same bytes under another name are no other list.
        """
        mine = lines.filter(pl.col("decision") == "pay", pl.col("person_id").is_not_null())
        with self.frame("mine", mine.select("program", "person_id").unique()):
            return self.ask(
                f"""with newest as (
                        select gate_id, list_sha256, result from audit.{GATE_BATCHES.name}
                        where period = $period and source_file <> $file
                        qualify row_number() over (partition by source_file order by screened_at desc) = 1)
                    select r.source_file, count(*) as rows from audit.{GATE_RESULTS.name} r
                    join newest n on n.gate_id = r.gate_id
                    join mine m on m.program = r.program and m.person_id = r.person_id
                    where r.decision = 'pay' and n.list_sha256 <> $sha and n.result <> 'fail'
                    group by all order by all""",
                period=str(period), file=source_file, sha=sha256,
            )  # fmt: skip

    def month_before(self, period: Period, programs: list[str], run: PublishedRun | None) -> Before:
        """Last month by desa: from the newest screening of each of its lists, else from its recipients lists."""
        sums = (
            "program, coalesce(desa_code, '') as desa_code, count(*) as rows, "
            "cast(coalesce(sum(amount), 0) as bigint) as amount"
        )
        self.connection.register(
            "programs", pl.DataFrame({"program": programs}, schema={"program": pl.String}).to_arrow()
        )
        mine = "program in (select program from programs)"
        lists = self.ask(
            f"""with newest as (
                    select gate_id from audit.{GATE_BATCHES.name} where period = $period
                    qualify row_number() over (partition by source_file order by screened_at desc) = 1)
                select {sums} from audit.{GATE_RESULTS.name}
                where gate_id in (select gate_id from newest) and {mine} group by all order by all""",
            period=str(period.before()),
        )
        basis = "daftar bayar bulan lalu"
        if lists.is_empty() and run is not None:
            basis = "daftar penerima bulan lalu"
            lists = self.ask(
                f"select {sums} from audit.benefits where run_id = $run and {mine} group by all order by all",
                run=run.run_id,
            )
        return Before("" if lists.is_empty() else basis, lists)


@contextmanager
def ledger(out: Path) -> Iterator[Ledger]:
    """The gate's tables, held alone for writing.

    Raises:
        StorageError: somebody else holds the database.
    """
    with held_alone(out) as connection:
        yield Ledger(connection)


def effective(results: pl.DataFrame, overrides: pl.DataFrame, today: date) -> pl.DataFrame:
    """Results with the decision that counts today: that of an override in force, else as screened.

    Adds ``screened`` (the decision before), ``override_by``, ``override_reason``.
    """
    in_force = overrides.filter(pl.col("valid_until") >= today).select(
        "sheet", "row_number", "to_decision", override_by="person", override_reason="reason"
    )
    return results.join(in_force, on=["sheet", "row_number"], how="left", maintain_order="left").with_columns(
        screened="decision", decision=pl.coalesce("to_decision", "decision")
    )


def stamp(ledger: Ledger, now: datetime, gate_id: str) -> datetime:
    """A time for the next row about a screening, later than any before, also when the machine's clock goes back."""
    clocks = ((GATE_BATCHES, "screened_at"), (GATE_OVERRIDES, "at"), (GATE_APPROVALS, "at"), (GATE_EVENTS, "at"))
    moments = " union all ".join(
        f'select max("{clock}") as moment from audit.{table.name} where gate_id = $id' for table, clock in clocks
    )
    last: datetime | None = ledger.ask(f"select max(moment) as moment from ({moments})", id=gate_id)["moment"][0]
    return now if last is None or last < now else last + timedelta(microseconds=1)
