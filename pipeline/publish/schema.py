"""Schemas ``audit`` and ``latest``, made from the declarations in :mod:`pipeline.tables`.

Made in a step of its own, never in a transaction with data: replaying a write-ahead log that holds both is where
DuckDB has had its bugs. A database made by an earlier version gets the columns it lacks; columns and tables that are
no longer declared stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb

from pipeline.errors import Problem, StorageError
from pipeline.tables import LASTING, MENTION_IDS, MENTIONS, RUNS, TABLES, Column, Table, Type

RUN_ID: Final = Column("run_id", Type.TEXT, "the run; only with a row in `runs` does it exist")
PUBLISHED: Final[dict[str, Table]] = {name: t for name, t in TABLES.items() if t.published}


def published_columns(table: Table) -> list[Column]:
    """Columns of ``audit.<table>``: ``run_id`` first, and for mentions the ids that resolve gave them."""
    if table is RUNS or table.name in LASTING:
        return list(table.columns)
    ids = [c for c in MENTION_IDS.columns if not c.key] if table is MENTIONS else []
    return [RUN_ID, *table.columns, *ids]


def content_columns(table: Table) -> list[str]:
    """Names of the columns that a run's content consists of: all but ``run_id``."""
    return [c.name for c in published_columns(table) if c is not RUN_ID]


def _present(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, str]]:
    """(schema, table or view) → column → SQL type, of the current catalog."""
    rows = connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = current_database() order by schema_name, table_name, column_index"
    ).fetchall()
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, sql_type in rows:
        found.setdefault((schema, table), {})[column] = sql_type
    return found


def _table_statements(table: Table, present: dict[str, str] | None) -> list[str]:
    columns = published_columns(table)
    if present is None:
        body = ", ".join(f'"{c.name}" {c.type.sql}{" not null" if c.key else ""}' for c in columns)
        return [f"create table audit.{table.name} ({body})"]
    other = [c.name for c in columns if present.get(c.name, c.type.sql) != c.type.sql]
    if other:
        raise StorageError(
            Problem(
                f"audit.{table.name}",
                f"columns {other} have another type in this database than in this version of the program",
                todo="open the database with the version that made it, or run the months again into a new --out",
            )
        )
    return [
        f'alter table audit.{table.name} add column "{c.name}" {c.type.sql}' for c in columns if c.name not in present
    ]


# The views name no catalog, so that the file can be attached under any name.
_NEWEST = "(select period, max(finished_at) as finished_at from audit.runs where status = 'published' group by period)"


def view_statement(table: Table, names: Sequence[str]) -> str:
    """The view of a table in ``latest``, with these columns; of all but `runs` the first is ``period``."""
    if table is RUNS:
        chosen, source = ", ".join(f'r."{n}"' for n in names), "audit.runs r"
    else:
        chosen = "r.period, " + ", ".join(f't."{n}"' for n in names[1:])
        source = f"audit.{table.name} t join audit.runs r on t.run_id = r.run_id"
    return (
        f"create or replace view latest.{table.name} as select {chosen} from {source} "
        f"join {_NEWEST} n on r.period = n.period and r.finished_at = n.finished_at"
    )


def _view_statements(table: Table, present: dict[str, str] | None) -> list[str]:
    names = [c.name for c in published_columns(table)]
    if table is not RUNS:
        names.insert(0, "period")
    return [] if present is not None and list(present) == names else [view_statement(table, names)]


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring the current catalog to the declared schema; does nothing where it is there already.

    Raises:
        StorageError: a column has another type than declared.
    """
    present = _present(connection)
    statements = []
    for table in (RUNS, *PUBLISHED.values(), *LASTING.values()):
        statements += _table_statements(table, present.get(("audit", table.name)))
    for table in (RUNS, *PUBLISHED.values()):
        statements += _view_statements(table, present.get(("latest", table.name)))
    if statements:
        for statement in (
            "create schema if not exists audit",
            "create schema if not exists latest",
            *statements,
        ):
            connection.execute(statement)


def is_prepared(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the current catalog has a table of runs at all."""
    return ("audit", "runs") in _present(connection)
