"""The database file without what was deleted from it.

DuckDB marks blocks as free and writes over them some day; until then what was deleted can be read off the disk, and
the file does not shrink. So what is left is copied into a new file, held to the old one, and put in its place.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from pipeline.database import DATABASE, attach, opened
from pipeline.errors import Problem, StorageError
from pipeline.publish.content import Content, content_of


def compact(out: Path) -> None:
    """Write the database of ``out`` anew, without its free space. To be called while no one else writes.

    Raises:
        StorageError: the copy is not the same; the database is as it was.
    """
    made = out / f".copy.{os.getpid()}"
    made.unlink(missing_ok=True)
    try:
        with opened(out / DATABASE, read_only=False) as connection:
            attach(connection, made, name="fresh", read_only=False)
            connection.execute("copy from database tepat to fresh")
            connection.execute("checkpoint fresh")
            connection.execute("detach fresh")
            wanted = _everything(connection)
        with opened(made, read_only=True) as connection:
            found = _everything(connection)
        if found != wanted:
            raise StorageError(
                Problem(str(out / DATABASE), "a copy of the database differs from it; the database stays as it is",
                        todo="check the disk, then run the same command again")
            )  # fmt: skip
        made.replace(out / DATABASE)
    finally:
        made.unlink(missing_ok=True)


def _everything(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, Content], list[tuple[str, ...]]]:
    """Content of every table, and the text of every view."""
    tables = connection.execute(
        "select table_name, list(column_name order by ordinal_position) from information_schema.columns "
        "where table_catalog = current_database() and table_schema = 'audit' group by 1 order by 1"
    ).fetchall()
    views = connection.execute(
        "select schema_name, view_name, sql from duckdb_views() "
        "where database_name = current_database() and not internal order by all"
    ).fetchall()
    return {name: content_of(connection, f"audit.{name}", columns) for name, columns in tables}, views
