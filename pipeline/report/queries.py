"""Every figure of the report as a named query on what is published.

Belongs here: SQL, and the one function that runs it all on one connection. Queries count; none reads a name or a
number of a person. All counts are by kecamatan, so that the report of one is cut out of that of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import duckdb
import polars as pl

from pipeline.database import opened, quoted
from pipeline.history import PublishedRun, frame_of
from pipeline.measures import units_of

_SAID: Final = """
            select finding_key, verdict from audit.case_events
            where event = 'finding_answered' and finding_key is not null and verdict is not null
            qualify row_number() over (partition by finding_key order by "at" desc) = 1
"""
"""The newest answer from the field to each finding."""
QUERIES: Final[dict[str, str]] = {
    # rows of source files, by kind: every row is accepted, in quarantine or layout
    "rows": """
        select kind, sum(rows_total)::bigint as total, sum(rows_accepted)::bigint as accepted,
               sum(rows_quarantined)::bigint as quarantined, sum(rows_layout)::bigint as layout,
               count(distinct source_file) as files
        from audit.source_files where run_id = $run_id group by kind order by kind
    """,
    # what became of accepted rows that are no mentions
    "other_rows": """
        select (select count(*) from audit.transactions where run_id = $run_id) as transactions,
               (select count(*) from audit.outcomes where run_id = $run_id) as outcomes
    """,
    "mentions": """
        select kecamatan_code, kind, program, count(*) as mentions, coalesce(sum(amount), 0)::bigint as amount,
               count(*) filter (where coalesce(active, true)) as active
        from audit.mentions where run_id = $run_id group by all order by all
    """,
    "persons": """
        select kecamatan_code, household_id is not null as housed, count(*) as persons,
               sum(n_mentions)::bigint as mentions
        from audit.persons where run_id = $run_id group by all order by all
    """,
    "households": """
        select kecamatan_code, count(*) as households, sum(n_members)::bigint as members
        from audit.households where run_id = $run_id group by all order by all
    """,
    # lines of recipients lists that pay somebody
    "benefits": """
        select coalesce(kecamatan_code, left(desa_code, 6)) as kecamatan_code, program, count(*) as lines,
               count(distinct subject_id) as units, coalesce(sum(amount), 0)::bigint as amount
        from audit.benefits where run_id = $run_id group by all order by all
    """,
    "findings": """
        select kecamatan_code, finding_type, reason, program, baseline_state, severity, count(*) as findings,
               coalesce(sum(amount), 0)::bigint as amount, coalesce(sum(confidence), 0) as confidence
        from audit.findings where run_id = $run_id group by all order by all
    """,
    # findings of the month before that are gone, where they were
    "gone": """
        select f.kecamatan_code, f.finding_type, c.change, c.why, count(*) as findings
        from audit.finding_changes c
        join audit.findings f on f.run_id = c.previous_run_id and f.finding_key = c.finding_key
        where c.run_id = $run_id and c.change in ('resolved', 'not_assessable') group by all order by all
    """,
    "money": """
        select area_level, area_code, program, measure, value, bound_low, bound_high
        from audit.measures where run_id = $run_id and breakdown = 'all' and area_level in ('province', 'kecamatan')
          and measure in ('amount_leaked', 'amount_to_close_gap', 'concentration_index', 'cgh_40')
        order by all
    """,
    "sheets": """
        select source_file, kind, program, sum(rows_total)::bigint as total, sum(rows_accepted)::bigint as accepted,
               sum(rows_quarantined)::bigint as quarantined
        from audit.source_files where run_id = $run_id group by all order by all
    """,
    "broken": """
        select source_file, suite, check_id, sum(n_checked)::bigint as n_checked,
               sum(n_unexpected)::bigint as n_unexpected
        from audit.quality_sheets where run_id = $run_id group by all order by all
    """,
    # pairs of rows that were compared, by probability in steps of 5 %
    "pairs": """
        select level, decision, least(floor(probability * 20), 19)::bigint as step, count(*) as pairs,
               sum(probability) as probability
        from audit.match_pairs where run_id = $run_id group by all order by all
    """,
    # uses of cards behind signs of misuse, as times only
    "sittings": """
        select f.finding_id, f.reason, f.kecamatan_code, f.amount, t.transacted_at,
               count(distinct t.card_number) over (partition by f.finding_id) as cards
        from audit.findings f
        join audit.finding_evidence e on e.run_id = f.run_id and e.finding_id = f.finding_id
        join audit.transactions t on t.run_id = f.run_id and t.source_file = e.source_file and t.sheet = e.sheet
             and t.row_number = e.row_number
        where f.run_id = $run_id and f.finding_type = 'card_misuse' and t.transacted_at is not null
        order by f.reason, f.amount desc, f.finding_id, t.transacted_at
    """,
    # the newest screening of each pay list of the month
    "gate": """
        select program, rows_counted, amount_counted, rows_pay, amount_pay, rows_hold, amount_hold, rows_reject,
               amount_reject
        from audit.gate_batches where period = $period
        qualify row_number() over (partition by list_sha256, program order by screened_at desc) = 1 order by all
    """,
    # what findings of this and earlier months were answered
    "answers": f"""
        with said as ({_SAID}), known as (
            select finding_key, min(finding_type) as finding_type, min(kecamatan_code) as kecamatan_code
            from audit.findings join audit.runs using (run_id) where period <= $period group by finding_key
        )
        select kecamatan_code, finding_type, verdict, count(*) as findings
        from said join known using (finding_key) group by all order by all
    """,
    # units served of which a finding was answered for certain, in this or an earlier month
    "checked": f"""
        with said as ({_SAID}), visited as (
            select distinct program, subject_id
            from audit.findings join audit.runs using (run_id) join said using (finding_key)
            where period <= $period and verdict <> 'open'
        ), paid as (
            select program, subject_id, sum(amount) as amount from audit.benefits where run_id = $run_id group by all
        )
        select coalesce(e.kecamatan_code, left(e.desa_code, 6)) as kecamatan_code, program, count(*) as units,
               coalesce(sum(p.amount), 0)::bigint as amount
        from (select * from audit.eligibility where run_id = $run_id and served) e
        join visited v using (program, subject_id) left join paid p using (program, subject_id)
        group by all order by all
    """,
    # open cases by the days since they were opened, and whether their day has passed
    "cases": """
        select kecamatan_code, queue, greatest(date_diff('day', opened_at::date, $today::date), 0) as days,
               coalesce(due_at < $today::date, false) as late, count(*) as cases
        from audit.cases where state <> 'closed' group by all order by all
    """,
    "judged": """
        select count(*) as judged from audit.match_judgements where judgement <> 'unsure'
    """,
}
NEEDED: Final = {
    "gate": "gate_batches", "answers": "case_events", "checked": "case_events", "cases": "cases",
    "judged": "match_judgements",
}  # fmt: skip
"""Queries on tables that an older database may lack."""

_FAMILIES: Final = """
with units as (
    select coalesce(p.household_id, e.subject_id) as family, e.program, e.served, e.status,
           coalesce(e.kecamatan_code, left(e.desa_code, 6)) as kecamatan_code,
           e.status = 'eligible' and e.excluded_by = '' and not e.served as lacks
    from (select *, case when subject_kind = 'person' then subject_id end as person_id
          from audit.eligibility where run_id = $run_id) e
    left join (select person_id, household_id from audit.persons where run_id = $run_id) p
           on p.person_id = e.person_id  -- one equality: a further condition makes the join quadratic
), families as (
    select family, min(kecamatan_code) as kecamatan_code, bool_or(lacks) as lacks,
           bool_or(served and status = 'ineligible') as leaks, bool_or(served and status = 'unknown') as unsure,
           {programs} as programs
    from units group by family
)
select coalesce(h.kecamatan_code, f.kecamatan_code) as kecamatan_code, lacks, leaks, unsure, programs,
       count(*) as families
from families f left join (select household_id, kecamatan_code from audit.households where run_id = $run_id) h
     on h.household_id = f.family
group by all order by all
"""
"""Households by what they lack and get; a person whose household nobody knows counts as one."""


@dataclass(frozen=True)
class Counted:
    """All frames of a run; ``units`` is :func:`pipeline.measures.units_of`, ``families`` has ``programs`` as text."""

    run: PublishedRun
    frames: dict[str, pl.DataFrame]
    today: date
    """The day on which cases are as old as counted here."""

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self.frames[name]

    def __contains__(self, name: str) -> bool:
        return name in self.frames


def count(run: PublishedRun, today: date | None = None) -> Counted:
    """Run every query on a published run; those on tables that the database does not have are left out.

    Args:
        run: the month.
        today: what the age of cases is counted to; the clock's day by default.

    Raises:
        StorageError: the database cannot be read.
    """
    frames, day = {"units": units_of(run)}, today or datetime.now(UTC).date()
    with opened(run.database, read_only=True) as connection:
        tables = _tables(connection)
        known: dict[str, object] = {"run_id": run.run_id, "period": str(run.period), "today": day}
        for name, query in {**QUERIES, "families": families_query(frames["units"])}.items():
            if name in NEEDED and NEEDED[name] not in tables:
                continue
            frames[name] = frame_of(connection, query, {k: v for k, v in known.items() if f"${k}" in query})
    return Counted(run, frames, day)


def families_query(units: pl.DataFrame) -> str:
    """The query of households; the programs that each receives as text, ``blt_dd+pkh``."""
    programs = units["program"].unique().sort().to_list()
    got = [f"max(case when served and program = {quoted(p)} then {quoted(p)} end)" for p in programs]
    return _FAMILIES.format(programs=f"concat_ws('+', {', '.join(got)})" if got else "''")


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "select table_name from information_schema.tables "
        "where table_catalog = current_database() and table_schema = 'audit'"
    ).fetchall()
    return {name for (name,) in rows}
