"""``tepat-readonly.duckdb``: the rows of ``latest`` as plain tables, for notebooks.

DuckDB lets one process write or many read. Notebooks that stay open would keep the next run from publishing, so they
get a file of their own, replaced in one step.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb

from pipeline.database import DATABASE, LOCK_SECONDS, READ_ONLY_COPY, attach, opened
from pipeline.errors import Problem, StorageError
from pipeline.publish.schema import PUBLISHED, is_prepared
from pipeline.tables import RUNS

_NEWEST_RUNS = "select run_id from latest.runs order by run_id"


def is_current(connection: duckdb.DuckDBPyConnection, out: Path) -> bool:
    """Whether the copy shows the same runs as the database that is open in ``connection``."""
    path = out / READ_ONLY_COPY
    if not path.exists():
        return False
    wanted = connection.execute(_NEWEST_RUNS).fetchall()
    try:
        with opened(path, read_only=True) as copy:
            found: object = copy.execute(_NEWEST_RUNS).fetchall()
    except (StorageError, duckdb.Error):  # of another key, cut off, of another version: made anew
        return False
    return found == wanted


def refresh_copy(out: Path) -> None:
    """Make the copy anew beside the old one and put it in its place, unless it is current.

    Raises:
        StorageError: the old copy cannot be replaced (on Windows: a notebook holds it open).
    """
    target, made = out / READ_ONLY_COPY, out / f".copy.{os.getpid()}"
    with opened(out / DATABASE, read_only=True) as connection:
        if not is_prepared(connection) or is_current(connection, out):
            return
        made.unlink(missing_ok=True)
        try:
            attach(connection, made, name="copy", read_only=False)
            connection.execute("create schema copy.latest")
            for name in (RUNS.name, *PUBLISHED):
                connection.execute(f"create table copy.latest.{name} as select * from tepat.latest.{name}")
            connection.execute("detach copy")
            _replace(made, target)
        finally:
            made.unlink(missing_ok=True)


def _replace(made: Path, target: Path) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            made.replace(target)
            return
        except PermissionError as cause:
            if time.monotonic() > deadline:
                raise StorageError(
                    Problem(
                        str(target),
                        "the run is published, but the copy for notebooks could not be replaced",
                        todo="close the notebook that holds it and run the same command again",
                    )
                ) from cause
            time.sleep(0.1)
