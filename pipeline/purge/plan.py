"""What is to be ended today: rows of runs, rows that live across runs, files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from pipeline.audit.rows import runs_of, tombstones_of
from pipeline.database import quoted
from pipeline.gate.outputs import FOLDER as GATE_FOLDER
from pipeline.history import has_table
from pipeline.ingest.folder import file_hash
from pipeline.period import Period
from pipeline.publish.chain import CLOCKS, HASHES
from pipeline.publish.content import content_of, named_text
from pipeline.purge.retention import Retention
from pipeline.tables import (
    ACCESS_LOG,
    CASE_EVENTS,
    CASES,
    GATE_APPROVALS,
    GATE_BATCHES,
    GATE_EVENTS,
    GATE_OVERRIDES,
    GATE_RESULTS,
    MATCH_JUDGEMENTS,
    OUTCOMES,
    SAMPLES,
    Table,
)

RETENTION, SUPERSEDED = "retention", "superseded"
_GATE = "gate_id in (select gate_id from audit.gate_batches where screened_at < $before)"
_CASE = (
    "case_id in (select case_id from audit.cases where state = 'closed' and updated_at < $before and case_id not in "
    '(select case_id from audit.case_events order by "at" desc limit 1))'
)
AGES: Final[Mapping[Table, str]] = {
    MATCH_JUDGEMENTS: '"at" < $before',
    ACCESS_LOG: '"at" < $before and "at" < (select max("at") from audit.access_log)',
    SAMPLES: "drawn_at < $before",
    GATE_RESULTS: _GATE,
    GATE_OVERRIDES: _GATE,
    GATE_APPROVALS: _GATE,
    GATE_EVENTS: _GATE,
    GATE_BATCHES: "screened_at < $before",
    OUTCOMES: "run_id is null and outcome_id in "  # by what was applied: numbers in files are as people wrote them
    f"(select outcome_id from audit.case_events where outcome_id is not null and {_CASE})",
    CASE_EVENTS: _CASE,
    CASES: _CASE,
}
"""Rows of each table that lives across runs which are past their retention, children first. The newest row of a hash
chain stays: the next one hangs on it."""


@dataclass(frozen=True)
class Ended:
    """Rows of one table that are to go; ``where`` selects them."""

    table: str
    run_id: str
    rows: int
    digest: str
    reason: str
    basis: str
    where: str
    gaps: str | None = None


def plan(connection: duckdb.DuckDBPyConnection, retention: Retention, today: date, *, superseded: bool) -> list[Ended]:
    """All that is past its retention, and with ``superseded`` the bulk of runs that were replaced; children first."""
    return [*_of_runs(connection, retention, today, superseded=superseded), *_lasting(connection, retention, today)]


def _of_runs(
    connection: duckdb.DuckDBPyConnection, retention: Retention, today: date, *, superseded: bool
) -> list[Ended]:
    runs, gone = runs_of(connection), tombstones_of(connection)
    newest = {r.period: r.run_id for r in runs}  # oldest first: the last of each month stays
    ended = []
    for run in runs:
        for table, content in sorted(run.manifest.items()):
            if not content.rows or (run.run_id, table) in gone or table in retention.nobody:
                continue
            kind = next((c for c in retention.classes if table in c.tables), None)
            if kind is not None and Period.parse(run.period).last_day < kind.before(today):
                why = (RETENTION, kind.law)
            elif superseded and table in retention.superseded and newest[run.period] != run.run_id:
                why = (SUPERSEDED, f"replaced by {newest[run.period]}")
            else:
                continue
            where = f"run_id = {quoted(run.run_id)}"
            ended.append(Ended(table, run.run_id, content.rows, content.digest, *why, where))
    return ended


def _lasting(connection: duckdb.DuckDBPyConnection, retention: Retention, today: date) -> list[Ended]:
    ended = []
    for table, condition in AGES.items():
        kind = retention.of(table.name)
        where = condition.replace("$before", f"timestamp {quoted(kind.before(today).isoformat())}")
        if not has_table(connection, table.name):
            continue
        found = content_of(connection, f"audit.{table.name}", table.names, where, named_text)
        if found.rows:
            gaps = _gaps(connection, table, where) if table.name in HASHES else None
            ended.append(Ended(table.name, "", found.rows, found.digest, RETENTION, kind.law, where, gaps))
    return ended


def _gaps(connection: duckdb.DuckDBPyConnection, table: Table, where: str) -> str:
    """Each stretch of a chain that goes: the hash before it and its last hash."""
    gaps: list[list[str]] = []
    rows = connection.execute(
        f'select previous_hash, "{HASHES[table.name]}", {where} from audit.{table.name} order by "{CLOCKS[table.name]}"'
    )
    follows = False
    while batch := rows.fetchmany(10_000):
        for before, own, goes in batch:
            if goes and follows and gaps[-1][1] == before:
                gaps[-1][1] = own
            elif goes:
                gaps.append([before, own])
            follows = bool(goes)
    return json.dumps(gaps)


def files_of(
    connection: duckdb.DuckDBPyConnection, out: Path, retention: Retention, today: date, ended: list[Ended]
) -> list[Path]:
    """Files under ``out`` with rows that are past their retention, whether the rows go now or went before."""
    found: list[Path] = []
    for name, patterns in retention.files.items():
        before = retention.named(name).before(today)
        for pattern in patterns:
            if "{period}" in pattern:
                past = [m.name for m in _months(out) if _is_past(m.name, retention, name, today)]
                found += [p for month in past for p in sorted(out.glob(pattern.format(period=month)))]
            else:
                found += [p for p in sorted(out.glob(pattern)) if date.fromtimestamp(p.stat().st_mtime) < before]
    going = [e.where for e in ended if e.table == GATE_BATCHES.name]
    kept = {
        row[0]
        for row in connection.execute(
            f"select gate_id from audit.{GATE_BATCHES.name} where not ({' or '.join(going) or 'false'})"
        ).fetchall()
    }
    folders = [p for p in sorted((out / GATE_FOLDER).glob("G*")) if p.is_dir() and p.name not in kept]
    return [p for p in found if p.is_file()] + [f for p in folders for f in sorted(p.iterdir())]


def raw_files(raw: Path, retention: Retention, today: date) -> dict[Path, str]:
    """Files of months past the retention of raw files, in folders ``YYYY-MM`` of ``raw``, with their SHA-256."""
    folders = [p for p in _months(raw) if _is_past(p.name, retention, retention.raw, today)]
    return {f: file_hash(f) for p in folders for f in sorted(p.rglob("*")) if f.is_file()}


def _months(folder: Path) -> list[Path]:
    """Folders ``YYYY-MM``, sorted."""
    return sorted(p for p in folder.glob("[0-9]" * 4 + "-[01][0-9]") if p.is_dir() and 1 <= int(p.name[5:]) <= 12)


def _is_past(month: str, retention: Retention, name: str, today: date) -> bool:
    return Period.parse(month).last_day < retention.named(name).before(today)
