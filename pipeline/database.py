"""The one module that opens DuckDB: key, lock, limits.

Belongs here: connections. Not here: what is written (:mod:`pipeline.publish`) or read (:mod:`pipeline.history`).

The file is always attached under the name ``tepat`` to a connection in memory: only ``ATTACH`` takes a key, and a
catalog named after the file would hide a schema of the same name.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipeline.errors import Problem, StorageError
from pipeline.store import secret

DATABASE = "tepat.duckdb"
READ_ONLY_COPY = "tepat-readonly.duckdb"
LOCK_SECONDS = 5.0


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def engine(spill: Path | None = None, *, memory: str = "2GB") -> duckdb.DuckDBPyConnection:
    """A connection in memory for relational work; what does not fit spills into ``spill``.

    Nothing is ever installed or downloaded, and results keep the order of their ``ORDER BY`` only.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"SET memory_limit = {_quoted(memory)}")
    if spill is not None:
        connection.execute(f"SET temp_directory = {_quoted(str(spill))}")
    return connection


def _load_encryption(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        from duckdb_extensions import import_extension  # type: ignore[import-not-found, unused-ignore]

        import_extension("httpfs", con=connection)
    except Exception as cause:
        raise StorageError(
            Problem(
                "TEPAT_KEY",
                "a key is set, but this installation cannot encrypt",
                todo="install the extra: pip install 'tepat-sasaran[encrypt]'; nothing was written",
            )
        ) from cause


def attach(connection: duckdb.DuckDBPyConnection, path: Path, *, name: str = "tepat", read_only: bool) -> None:
    """Attach a database file, waiting a short while for somebody else's lock.

    Raises:
        StorageError: the file is locked, damaged, encrypted without a key, or cannot be encrypted here.
    """
    options = ["READ_ONLY"] if read_only else []
    if (key := secret()) is not None:
        _load_encryption(connection)
        options.append(f"ENCRYPTION_KEY {_quoted(key)}")
    clause = f" ({', '.join(options)})" if options else ""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute(f"ATTACH {_quoted(str(path))} AS {name}{clause}")
            return
        except duckdb.Error as error:
            text = str(error)
            locked = "lock" in text.lower() or "being used by another process" in text
            if locked and time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            raise StorageError(_explain(path, text, locked=locked)) from error


def _explain(path: Path, text: str, *, locked: bool) -> Problem:
    if locked:
        return Problem(
            str(path),
            "somebody else has the database open for writing",
            todo="wait until the other run has ended, or close the notebook that holds it "
            f"(notebooks should open {READ_ONLY_COPY})",
        )
    if "encrypt" in text.lower() or "key" in text.lower():
        return Problem(str(path), "the database cannot be opened with this key", "the TEPAT_KEY it was made with")
    return Problem(str(path), f"the database cannot be opened: {text.splitlines()[0]}")


@contextmanager
def opened(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database at ``path`` as the current catalog of a fresh connection; closed at the end."""
    connection = engine(path.parent / f".spill.{os.getpid()}")
    try:
        attach(connection, path, read_only=read_only)
        connection.execute("USE tepat")
        yield connection
    finally:
        connection.close()
