"""Hash chains: each row of ``runs``, ``access_log``, ``case_events`` and ``seals`` seals the row before it.

``seals`` holds a digest of everything appended to a table that lives across runs: a chain alone does not tell that
its last rows are gone, and most of those tables are none. Its newest hash, noted on paper, stands for the whole file.
"""

from __future__ import annotations

import getpass
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb

from pipeline.database import DATABASE, opened, writing_alone
from pipeline.publish.content import content_of, named_text
from pipeline.publish.schema import prepare
from pipeline.tables import ACCESS_LOG, CASE_EVENTS, RUNS, SEALS, Table

CHAINS: Final = (RUNS, ACCESS_LOG, CASE_EVENTS, SEALS)
HASHES: Final = {t.name: "run_hash" if t is RUNS else "hash" for t in CHAINS}
CLOCKS: Final = {t.name: "finished_at" if t is RUNS else "at" for t in CHAINS}
_UNSEALED = {"timings"}
"""Columns that may differ between two undisturbed runs and say nothing of the result."""


def seal(table: Table, row: Mapping[str, object]) -> str:
    """Hash of a row with its ``previous_hash``, without the hash itself, timings, and what is empty.

    A column that a later version adds is empty in older rows, and their hashes stay what they were.
    """
    left_out = {HASHES[table.name], *_UNSEALED}
    kept = {k: v for k, v in row.items() if k not in left_out and v is not None}
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
    if table is not SEALS:
        hash_column = HASHES[table.name]
        mine = f"{hash_column} = '{full[hash_column]}'"
        seal_rows(connection, table.name, f"audit.{table.name}", table.names, mine)


def seal_rows(
    connection: duckdb.DuckDBPyConnection, table: str, source: str, columns: Sequence[str], where: str = "true"
) -> None:
    """Seal the rows of ``source``, which are being appended to ``table``; within the caller's transaction."""
    content = content_of(connection, source, columns, where, named_text)
    if content.rows:
        append(connection, SEALS, {"table_name": table, "n_rows": content.rows, "digest": content.digest})


def sealed(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    rows: Iterable[Mapping[str, object]],
    now: datetime | None = None,
) -> list[dict[str, object]]:
    """Rows as the next of a chain, each a microsecond later than the one before; to be appended by the caller."""
    clock, hash_column = CLOCKS[table.name], HASHES[table.name]
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
