"""Moving the write-ahead log into the database file, without a moment in which a killed process ruins the file.

DuckDB writes a checkpoint into free blocks and ends it with a new header; what the old header points to stays as it
was, but for one case: blocks of metadata hold many pieces under one checksum, and new pieces are written into old
blocks in place. Torn half-way, such a block cannot be read any more, and with it the file. So these blocks are kept in
a file of their own first, and put back where the header did not move on.

The layout relied on is that of DuckDB's storage: three headers of 4 KiB, then blocks of one size (duckdb.org,
"Storage versions and format"; ``pragma_metadata_info``, ``pragma_database_size``).
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import duckdb

from pipeline.errors import Problem, StorageError

_HEADERS = 3 * 4096
_PLACE = struct.Struct("<QQ")
"""Where a kept block begins in the database, and how long it is."""


def only_when_told(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep DuckDB from making checkpoints of its own, at a size of the log or on closing."""
    connection.execute("SET checkpoint_threshold = '1000TB'")
    connection.execute(f"SET auto_checkpoint_skip_wal_threshold = {2**63}")
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")


def kept_blocks(database: Path) -> Path:
    """The file that is there while a checkpoint is under way, and where one was killed."""
    return database.with_name(f".{database.name}.kept")


def checkpoint(connection: duckdb.DuckDBPyConnection, database: Path) -> None:
    """Move the log of ``database``, the current catalog, into the file; does nothing where there is none.

    Raises:
        StorageError: there is no room; nothing is lost, what is in the log is taken up by whoever opens the file next.
    """
    log = database.with_name(f"{database.name}.wal")
    if not log.exists():
        return
    kept = kept_blocks(database)
    try:
        _keep(connection, database, kept)
    except OSError as cause:
        todo = f"make room; nothing is lost, what is still missing from the file is in {log.name}"
        raise StorageError(Problem(str(kept), f"cannot be written: {cause.strerror}", todo=todo)) from cause
    connection.execute("checkpoint")
    kept.unlink()


def _keep(connection: duckdb.DuckDBPyConnection, database: Path, kept: Path) -> None:
    """Write the headers and all blocks of metadata into ``kept``, whole or not at all, also if the power fails."""
    (size,) = connection.execute(
        "select block_size from pragma_database_size() where database_name = current_database()"
    ).fetchall()[0]
    blocks = connection.execute("select distinct block_id from pragma_metadata_info() order by 1").fetchall()
    part = kept.with_name(f"{kept.name}.part")
    with database.open("rb") as file, part.open("wb") as copy:
        copy.write(file.read(_HEADERS))
        for (number,) in blocks:
            place = _HEADERS + number * size
            file.seek(place)
            block = file.read(size)
            copy.write(_PLACE.pack(place, len(block)) + block)
        copy.flush()
        os.fsync(copy.fileno())
    part.replace(kept)
    _synchronise_folder(kept.parent)


def _synchronise_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


def mend(database: Path) -> None:
    """Put back what a killed checkpoint may have torn; to be called while no one else has the file open.

    Raises:
        StorageError: the files cannot be read or written.
    """
    kept = kept_blocks(database)
    try:
        with kept.open("rb") as copy, database.open("r+b") as file:
            if file.read(_HEADERS) == copy.read(_HEADERS):  # else it was finished: the new header is written last
                while place := copy.read(_PLACE.size):
                    start, length = _PLACE.unpack(place)
                    file.seek(start)
                    file.write(copy.read(length))
                file.flush()
                os.fsync(file.fileno())
        kept.unlink()
    except FileNotFoundError:
        return
    except OSError as cause:
        found = f"a killed command left the database half written, and it cannot be mended here: {cause.strerror}"
        raise StorageError(
            Problem(str(database), found, todo="run any command where the folder may be written")
        ) from cause
