"""The two commits that publish a run.

1. All rows of the run; close, which is a checkpoint; reopen; count and digest every table again.
2. The single row in ``audit.runs`` (with its line in the access log).

A write-ahead log that was cut off loses committed rows without a word, therefore the recount, and nothing of a run
is seen before its row in ``runs``. Killed anywhere, the next run finds rows without a run and removes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from pipeline.database import DATABASE, check_key, opened, quoted, transaction, workbench, writing_alone
from pipeline.errors import Problem, StorageError
from pipeline.meter import Meter
from pipeline.publish.chain import append, log_access, utc
from pipeline.publish.content import (
    Content,
    as_json,
    check_conservation,
    check_keys,
    content_of,
    manifest_of,
    stage_relations,
)
from pipeline.publish.copy import is_current, refresh_copy
from pipeline.publish.identity import RunIdentity
from pipeline.publish.schema import PUBLISHED, content_columns, is_prepared, prepare
from pipeline.store import Store, sweep
from pipeline.tables import MENTION_IDS, RUNS

Say = Callable[[str], None]


def already_published(out: Path, identity: RunIdentity) -> bool:
    """Whether the newest published run of the period is this one, and the copy for notebooks shows it."""
    path = out / DATABASE
    if not path.exists():
        return False
    with opened(path, read_only=True) as connection:
        return is_prepared(connection) and identity.is_newest(connection) and is_current(connection, out)


def publish(
    store: Store,
    out: Path,
    identity: RunIdentity,
    *,
    started_at: datetime,
    timings: Mapping[str, object],
    say: Say,
    check: Callable[[], None] = lambda: None,
) -> str:
    """Publish the stage files of ``store`` as one run into ``out/tepat.duckdb``, whole or not at all.

    Returns the run id; where this very run is the newest of its period already, nothing is written but a copy that
    was missing.

    Args:
        store: where all published stage tables and ``mention_ids`` lie.
        out: the folder of the database; made where it does not exist.
        identity: what the run depends on; gives its id.
        started_at: when the command started.
        timings: stage → seconds and memory, kept in ``audit.runs``; that of publish is added.
        say: receives progress.
        check: called once nobody else can write; raises where the stage files are no longer this run's.

    Raises:
        InputError: a stage file is missing.
        ConservationError: the rows of a sheet do not add up.
        StorageError: no support for the key, the database is locked or damaged, a key occurs twice, or what was
            read back is not what was written.
    """
    check_key()
    if already_published(out, identity):
        return _newest_run_id(out, identity)
    for table in (*PUBLISHED.values(), MENTION_IDS):
        store.path(table)  # what is missing is said before anything is touched
    meter = Meter()
    with writing_alone(out):
        check()
        sweep(out)
        with meter.measure("publish"):
            manifest, run_id = _write_and_verify(store, out, identity, say)
        if run_id is not None:
            facts = {
                "run_id": run_id,
                "status": "published",
                "started_at": utc(started_at),
                "manifest": as_json(manifest),
                "timings": json.dumps({**timings, **meter.timings}, sort_keys=True),
            }
            with opened(out / DATABASE, read_only=False) as connection:
                confirm(connection, identity.as_dict() | facts)
        say("publish: copy for notebooks")
        refresh_copy(out)
    return _newest_run_id(out, identity)


def _write_and_verify(
    store: Store, out: Path, identity: RunIdentity, say: Say
) -> tuple[dict[str, Content], str | None]:
    """All but the second commit; no run id where the run is published and only its copy is wanting."""
    say("publish: counting")
    manifest = examine(store, out)
    with opened(out / DATABASE, read_only=False) as connection:
        prepare(connection)
        remove_orphans(connection)
        if identity.is_newest(connection):
            return manifest, None
        run_id = identity.free_run_id(connection)
        say(f"publish: writing {sum(c.rows for c in manifest.values()):,} rows")
        write_rows(connection, store, run_id)
    with opened(out / DATABASE, read_only=False) as connection:
        say("publish: reading back")
        verify(connection, run_id, manifest)
    return manifest, run_id


def examine(store: Store, out: Path) -> dict[str, Content]:
    """Check the stage files as they are to be published, and count them; nothing is written."""
    with workbench(out) as bench:
        relations = stage_relations(bench, store)
        check_conservation(bench, relations)
        check_keys(bench, relations)
        return manifest_of(bench, relations)


def remove_orphans(connection: duckdb.DuckDBPyConnection) -> None:
    """Remove rows of runs that were never confirmed."""
    lost = "run_id is not null and run_id not in (select run_id from audit.runs)"
    found = connection.execute(
        " union all ".join(f"select '{name}', count(*) from audit.{name} where {lost}" for name in PUBLISHED)
    ).fetchall()
    for name, rows in found:
        if rows:
            connection.execute(f"delete from audit.{name} where {lost}")


def write_rows(connection: duckdb.DuckDBPyConnection, store: Store, run_id: str) -> None:
    """First commit: all rows of the run in one transaction."""
    relations = stage_relations(connection, store)
    with transaction(connection):
        for name, source in relations.items():
            columns = ", ".join(f'"{c}"' for c in content_columns(PUBLISHED[name]))
            connection.execute(
                f"insert into audit.{name} (run_id, {columns}) select {quoted(run_id)}, {columns} from {source}"
            )


def verify(connection: duckdb.DuckDBPyConnection, run_id: str, manifest: Mapping[str, Content]) -> None:
    """Compare the rows of a run in the database with its manifest.

    Raises:
        StorageError: naming each table that differs.
    """
    different = []
    for name, wanted in manifest.items():
        found = content_of(connection, f"audit.{name}", wanted.columns, f"run_id = {quoted(run_id)}")
        if found != wanted:
            different.append(
                Problem(
                    f"audit.{name}",
                    f"{found.rows} rows were read back where {wanted.rows} were written"
                    if found.rows != wanted.rows
                    else f"the {found.rows} rows read back are not those written",
                    todo="the disk or file system may be failing: check it, then run the same command again; "
                    "this run was not published",
                )
            )
    if different:
        raise StorageError(*different)


def confirm(connection: duckdb.DuckDBPyConnection, row: Mapping[str, object]) -> None:
    """Second commit: the row that makes the run exist, with its line in the access log."""
    with transaction(connection):
        append(connection, RUNS, row)
        log_access(connection, "run", str(row["run_id"]), "monthly run")


def _newest_run_id(out: Path, identity: RunIdentity) -> str:
    with opened(out / DATABASE, read_only=True) as connection:
        run_id: str = connection.execute(
            "select run_id from latest.runs where period = ?", [identity.period]
        ).fetchall()[0][0]
    return run_id
