"""``tepat-readonly.duckdb``: the database as it was when the last run was published, for notebooks.

DuckDB lets one process write or many read. Notebooks that stay open would keep the next run from publishing, so they
get a file of their own, replaced in one step. It is a copy byte by byte, with the same views in ``latest``: copying
the rows of a province would take as long as publishing them did, for every month of the history.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import duckdb

from pipeline.database import DATABASE, LOCK_SECONDS, READ_ONLY_COPY, opened
from pipeline.errors import Problem, StorageError

_NEWEST_RUNS = "select run_id, run_hash, (select count(*) from audit.tombstones) from latest.runs order by run_id"


def is_current(connection: duckdb.DuckDBPyConnection, out: Path) -> bool:
    """Whether the copy shows the same runs as the database that is open in ``connection``, and nothing since purged."""
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

    To be called while no one else writes (:func:`pipeline.database.writing_alone`).

    Raises:
        StorageError: the old copy cannot be replaced (on Windows: a notebook holds it open).
    """
    with opened(out / DATABASE, read_only=False) as connection:  # to write: a log is not copied, but ends with this
        if is_current(connection, out):
            return
    made = out / f".copy.{os.getpid()}"
    try:
        shutil.copyfile(out / DATABASE, made)
        _replace(made, out / READ_ONLY_COPY)
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
