"""The one module that opens DuckDB: key, lock, limits.

Belongs here: connections, and what can be wrong with the file they are made to. Not here: what is written
(:mod:`pipeline.publish`) or read (:mod:`pipeline.history`).

The file is always attached under the name ``tepat`` to a connection in memory: only ``ATTACH`` takes a key, and a
catalog named after the file would hide a schema of the same name.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from pipeline.checkpoint import checkpoint, kept_blocks, mend, only_when_told
from pipeline.errors import Problem, StorageError
from pipeline.store import KEY_VARIABLE, Store, cannot_encrypt, check_cipher, secret
from pipeline.tables import Table

DATABASE = "tepat.duckdb"
READ_ONLY_COPY = "tepat-readonly.duckdb"
LOCK_FILE = ".tepat.lock"
LOCK_SECONDS = 5.0

_serial = itertools.count()
_LOCKED = ("set lock on file", "being used by another process", "already attached by database")
_DAMAGED = (
    duckdb.IOException,
    duckdb.SerializationException,
    duckdb.InternalException,
    duckdb.FatalException,
)


def quoted(text: str) -> str:
    """A text as SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def engine(spill: Path | None = None, *, memory: str = "2GB") -> duckdb.DuckDBPyConnection:
    """A connection in memory for relational work; what does not fit spills into ``spill``.

    Nothing is ever installed or downloaded, and results keep the order of their ``ORDER BY`` only. With a key set,
    what is spilled is encrypted too.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute("PRAGMA disable_progress_bar")  # SET fails in Jupyter where ipywidgets is missing
    connection.execute(f"SET memory_limit = {quoted(memory)}")
    connection.execute(f"SET temp_directory = {quoted(str(spill) if spill else '')}")
    if secret() is not None and spill is not None:
        _load_encryption(connection)
        connection.execute("SET temp_file_encryption = true")
    return connection


def _extension_file() -> Path | None:
    """The httpfs extension in its wheel: it brings OpenSSL, without which DuckDB only reads what is encrypted."""
    found = importlib.util.find_spec("duckdb_extension_httpfs")
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
        if path.exists():
            return path
    return None


def _load_encryption(connection: duckdb.DuckDBPyConnection) -> None:
    path = _extension_file()
    try:
        if path is None:
            raise FileNotFoundError(f"no httpfs extension for DuckDB {duckdb.__version__}")
        connection.execute(f"LOAD {quoted(str(path))}")  # from where it lies: nothing is copied to the home folder
    except (duckdb.Error, OSError) as cause:
        raise cannot_encrypt() from cause


def check_key() -> None:
    """Refuse before anything is written where a key is set and this installation cannot encrypt.

    Raises:
        StorageError: what is missing and how to install it.
    """
    if secret() is None:
        return
    check_cipher()
    connection = duckdb.connect(":memory:")
    try:
        _load_encryption(connection)
    finally:
        connection.close()


def attach(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    *,
    name: str = "tepat",
    read_only: bool,
) -> None:
    """Attach a database file, waiting a short while for somebody else's lock.

    Raises:
        StorageError: the file is locked, damaged, encrypted with another key, or cannot be encrypted here.
    """
    options = ["READ_ONLY"] if read_only else []
    if not read_only:
        only_when_told(connection)
    if (key := secret()) is not None:
        _load_encryption(connection)
        options.append(f"ENCRYPTION_KEY {quoted(key)}")
    clause = f" ({', '.join(options)})" if options else ""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute(f"ATTACH {quoted(str(path))} AS {name}{clause}")
            return
        except duckdb.Error as error:
            text = str(error)
            locked = any(sign in text for sign in _LOCKED)
            if locked and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            # not `from error`: its text repeats the statement, and with it the key
            raise StorageError(_explain(path, text, locked=locked)) from None


def _explain(path: Path, text: str, *, locked: bool = False) -> Problem:
    where = str(path)
    if locked:
        return Problem(
            where,
            "somebody else has the database open",
            todo="wait until the other run has ended, or close the notebook that holds it "
            f"(notebooks should open {READ_ONLY_COPY})",
        )
    if "Wrong encryption key" in text:
        todo = "set the key it was made with: without it nobody can read this database"
        return Problem(where, f"{KEY_VARIABLE} is not the key this database was made with", todo=todo)
    if "Permission denied" in text or "Read-only file system" in text:
        return Problem(
            where, "you have no right to open this file", todo="ask whoever owns it for the right to read and write it"
        )
    if "without a key" in text:
        return Problem(where, "this database is encrypted", f"{KEY_VARIABLE} set to the key it was made with")
    if "is not encrypted" in text:
        return Problem(
            where,
            f"{KEY_VARIABLE} is set, but this database was made without a key",
            todo="unset it, or give another --out folder and run the months again into it",
        )
    return Problem(
        where,
        f"the database is damaged or unreadable: {text.splitlines()[0] if text else 'no reason given'}",
        todo=f"keep a copy, then restore the last backup of {DATABASE} and of {DATABASE}.wal if there is one; without "
        "a backup move both away and run the months again, oldest first, from the files in data/raw "
        f"({READ_ONLY_COPY} still holds what was published last)",
    )


@contextmanager
def workbench(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An :func:`engine` that spills into a hidden place in ``folder``, which is gone at the end."""
    spill = folder / f".spill.{os.getpid()}.{next(_serial)}"
    connection = engine(spill)
    try:
        yield connection
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def opened(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database at ``path`` as the current catalog of a fresh connection; closed at the end.

    What was committed is in the file itself when the block ends well, and in the log beside it before.

    Raises:
        StorageError: as :func:`attach`, and where the file turns out to be damaged while it is used.
    """
    if kept_blocks(path).exists():  # another process makes a checkpoint now, or was killed in it
        with writing_alone(path.parent):
            pass
    with workbench(path.parent) as connection:
        attach(connection, path, read_only=read_only)
        connection.execute("USE tepat")
        try:
            yield connection
            if not read_only:
                checkpoint(connection, path)
        except _DAMAGED as error:
            raise StorageError(_explain(path, str(error))) from error


@contextmanager
def writing_alone(out: Path) -> Iterator[None]:
    """Hold the right to publish into ``out`` while the database is closed and opened again in between.

    The lock ends with the process. Not to be nested. A checkpoint that somebody was killed in is mended first.

    Raises:
        StorageError: somebody else still holds it after :data:`LOCK_SECONDS`, or the file cannot be mended.
    """
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / LOCK_FILE, timeout=LOCK_SECONDS, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise StorageError(_explain(out / DATABASE, "", locked=True)) from None
    try:
        mend(out / DATABASE)
        yield
    finally:
        lock.release()


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing."""
    connection.execute("begin")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        with suppress(duckdb.Error):  # a full disk has ended it already, and is what is to be told
            connection.execute("rollback")
        raise


def relation(connection: duckdb.DuckDBPyConnection, store: Store, table: Table) -> str:
    """SQL that names a stage table in a ``FROM`` clause; an encrypted file is read through Arrow, in batches."""
    if secret() is None:
        return f"read_parquet({quoted(str(store.path(table)))})"
    name = f"stage_{table.name}"
    connection.register(name, store.dataset(table))
    return name
