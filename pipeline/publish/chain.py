"""Hash chains: each row of ``runs``, ``access_log`` and ``case_events`` seals the row before it."""

from __future__ import annotations

import getpass
import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from pipeline.database import DATABASE, opened, writing_alone
from pipeline.publish.schema import prepare
from pipeline.tables import ACCESS_LOG, CASE_EVENTS, RUNS, Table

_SEALS = {RUNS.name: "run_hash", ACCESS_LOG.name: "hash", CASE_EVENTS.name: "hash"}
_CLOCKS = {RUNS.name: "finished_at", ACCESS_LOG.name: "at", CASE_EVENTS.name: "at"}
_UNSEALED = {"timings"}
"""Columns that may differ between two undisturbed runs and say nothing of the result."""


def seal(table: Table, row: Mapping[str, object]) -> str:
    """Hash of a row with its ``previous_hash``, without the hash itself and timings."""
    kept = {k: v for k, v in row.items() if k != _SEALS[table.name] and k not in _UNSEALED}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()).hexdigest()


def utc(moment: datetime) -> datetime:
    """The moment as stored: UTC, without zone; a time without zone is taken as UTC already."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def append(connection: duckdb.DuckDBPyConnection, table: Table, row: Mapping[str, object]) -> None:
    """Append a row to a chain, with its time, ``previous_hash`` and hash.

    The clock of the chain never goes back, also when that of the machine does: "newest" must not become another run.
    """
    (full,) = sealed(connection, table, [row])
    columns, marks = ", ".join(f'"{c}"' for c in full), ", ".join("?" for _ in full)
    connection.execute(f"insert into audit.{table.name} ({columns}) values ({marks})", list(full.values()))


def sealed(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    rows: Iterable[Mapping[str, object]],
    now: datetime | None = None,
) -> list[dict[str, object]]:
    """Rows as the next of a chain, each a microsecond later than the one before; to be appended by the caller."""
    clock, hash_column = _CLOCKS[table.name], _SEALS[table.name]
    last = connection.execute(
        f'select "{clock}", "{hash_column}" from audit.{table.name} order by "{clock}" desc limit 1'
    ).fetchall()
    moment = utc(now or datetime.now(UTC))
    previous = ""
    if last:
        moment, previous = max(moment, last[0][0] + timedelta(microseconds=1)), last[0][1]
    chained: list[dict[str, object]] = []
    for n, row in enumerate(rows):
        full = {c: row.get(c) for c in table.names}
        full |= {clock: moment + timedelta(microseconds=n), "previous_hash": previous}
        full[hash_column] = previous = seal(table, full)
        chained.append(full)
    return chained


def actor() -> str:
    """Name of the user of this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "unknown"


def log_access(connection: duckdb.DuckDBPyConnection, action: str, subject: str, purpose: str | None) -> None:
    """Append to the access log, within the caller's transaction."""
    append(
        connection,
        ACCESS_LOG,
        {"actor": actor(), "action": action, "object": subject, "purpose": purpose},
    )


def record_access(out: Path, action: str, subject: str, purpose: str | None) -> None:
    """Append to the access log of the database in ``out``.

    Raises:
        StorageError: the database cannot be written; then what was to be logged must not be done.
    """
    with writing_alone(out), opened(out / DATABASE, read_only=False) as connection:
        prepare(connection)
        log_access(connection, action, subject, purpose)
        connection.execute("checkpoint")
