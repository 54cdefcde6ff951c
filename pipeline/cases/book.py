"""The tables ``cases`` and ``case_events``: every read and write of them.

Belongs here: events in their chain, and a case as the last word of each of its columns. Not here: which events there
should be (:mod:`.opening`, :mod:`.keeping`, :mod:`.answers`, :mod:`.deciding`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.publish.book import Book, held_alone
from pipeline.publish.chain import seal_rows, sealed
from pipeline.tables import CASE_EVENTS, CASES, MATCH_JUDGEMENTS, OUTCOMES

OPEN, ANSWERED, SETTLED, GONE = "open", "answered", "settled", "gone"
STATUS: Final = {
    "finding_added": OPEN,
    "finding_returned": OPEN,
    "finding_answered": ANSWERED,
    "finding_carried": ANSWERED,
    "finding_settled": SETTLED,
    "finding_resolved": SETTLED,
    "finding_replaced": GONE,
    "finding_moved": GONE,
}
"""Event about a finding → what it is from then on."""
_FACTS: Final = (
    "subject_kind", "subject_id", "kecamatan_code", "desa_code", "queue", "assigned_to", "due_at", "outcome",
    "officer", "decision", "decided_by", "listed_period", "explanation",
)  # fmt: skip
NOBODY: Final = ""
"""What an event says where a column is to be empty again."""


@dataclass(frozen=True)
class CaseBook(Book):
    """The case tables in an open database."""

    def events(self) -> pl.DataFrame:
        """All events, oldest first."""
        return CASE_EVENTS.conform(self.ask(f'select * from audit.{CASE_EVENTS.name} order by "at"'))

    def write(self, rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
        """Append events to the chain, in order, and bring the cases they touch up to date; within a transaction.

        Returns all events.
        """
        chained = sealed(self.connection, CASE_EVENTS, rows.to_dicts(), now)
        self.add(CASE_EVENTS, pl.DataFrame(chained, schema=CASE_EVENTS.schema))
        events = self.events()
        touched = rows.select("case_id").unique()
        with self.frame("touched", touched):
            self.connection.execute(f"delete from audit.{CASES.name} where case_id in (select case_id from touched)")
        self.add(CASES, cases_of(events.join(touched, on="case_id", how="semi", maintain_order="left")))
        return events

    def keep_outcomes(self, rows: pl.DataFrame) -> None:
        """Append rows to ``outcomes`` that came in no monthly folder, within a transaction."""
        with self.frame("answers", OUTCOMES.conform(rows.select(OUTCOMES.names))):
            columns = ", ".join(f'"{c}"' for c in OUTCOMES.names)
            self.connection.execute(
                f"insert into audit.{OUTCOMES.name} (run_id, {columns}) select null, {columns} from answers"
            )
            seal_rows(self.connection, OUTCOMES.name, "answers", OUTCOMES.names)

    def judge(self, rows: pl.DataFrame) -> None:
        """Append judgements on pairs, within a transaction."""
        self.add(MATCH_JUDGEMENTS, rows)


@contextmanager
def case_book(out: Path) -> Iterator[CaseBook]:
    """The case tables, held alone for writing.

    Raises:
        StorageError: somebody else holds the database.
    """
    with held_alone(out) as connection:
        yield CaseBook(connection)


def findings_of(events: pl.DataFrame) -> pl.DataFrame:
    """What became of each finding of each case: ``case_id``, ``finding_key``, ``status``, ``valid_until``, ``outcome``,
    ``verdict``, ``officer`` who gave it, ``period`` of the last word."""
    about = events.filter(pl.col("finding_key").is_not_null(), pl.col("event").is_in(list(STATUS)))
    return (
        about.group_by("case_id", "finding_key", maintain_order=True)
        .agg(
            status=pl.col("event").last().replace_strict(STATUS, return_dtype=pl.String),
            valid_until=pl.col("valid_until").last(),
            outcome=pl.col("outcome").drop_nulls().last(),
            verdict=pl.col("verdict").drop_nulls().last(),
            officer=pl.col("officer").drop_nulls().last(),
            period=pl.col("period").drop_nulls().last(),
        )
        .filter(pl.col("status") != GONE)
    )


def cases_of(events: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``tables.CASES``: of each column the last word, by case number."""
    last = [pl.col(c).drop_nulls().last() for c in _FACTS]
    cases = events.group_by("case_id", maintain_order=True).agg(
        *last,
        state=pl.col("to_state").drop_nulls().last(),
        times_reopened=(pl.col("to_state") == "reopened").sum(),
        opened_at=pl.col("at").first(),
        updated_at=pl.col("at").last(),
    )
    emptied = pl.col("assigned_to", "outcome", "officer", "decision", "decided_by")
    cases = cases.with_columns(emptied.replace(NOBODY, None))
    findings = findings_of(events)
    waiting = pl.col("status").is_in([OPEN, ANSWERED])
    keys = findings.group_by("case_id").agg(
        finding_keys=_listed(pl.col("finding_key").filter(waiting)),
        settled_keys=_listed(pl.col("finding_key").filter(~waiting)),
        suppressed_until=pl.col("valid_until").filter(~waiting).max(),
    )
    return CASES.conform(cases.join(keys, on="case_id", how="left")).sort("case_id")


def _listed(keys: pl.Expr) -> pl.Expr:
    quoted = keys.sort().map_elements(lambda k: f'"{k}"', return_dtype=pl.String)
    return pl.concat_str(pl.lit("["), quoted.str.join(", "), pl.lit("]")).first()
