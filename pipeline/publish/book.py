"""Tables that live across runs, in an open database: append, log, ask.

Belongs here: what every such table needs, each write one transaction with its line in the access log. Not here: what
the tables mean (:mod:`pipeline.gate`, :mod:`pipeline.cases`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipeline.database import DATABASE, opened, transaction, writing_alone
from pipeline.errors import InputError, Problem
from pipeline.history import frame_of
from pipeline.publish.chain import log_access, seal_rows
from pipeline.publish.schema import prepare
from pipeline.tables import CASES, Table


@dataclass(frozen=True)
class Book:
    """Lasting tables in an open database."""

    connection: duckdb.DuckDBPyConnection

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing."""
        return transaction(self.connection)

    def add(self, table: Table, rows: pl.DataFrame | Mapping[str, object]) -> None:
        """Append rows and seal them, within a transaction."""
        frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame([dict(rows)], infer_schema_length=None)
        with self.frame("book_rows", table.conform(frame)):
            columns = ", ".join(f'"{c}"' for c in table.names)
            self.connection.execute(f"insert into audit.{table.name} ({columns}) select {columns} from book_rows")
            if table is not CASES:  # what stands there follows from the events
                seal_rows(self.connection, table.name, "book_rows", table.names)

    def log(self, action: str, subject: str, purpose: str) -> None:
        """A line in the access log, within a transaction."""
        log_access(self.connection, action, subject, purpose)

    def ask(self, query: str, **parameters: object) -> pl.DataFrame:
        """A query; parameters are named ``$name``."""
        return frame_of(self.connection, query, parameters)

    @contextmanager
    def frame(self, name: str, frame: pl.DataFrame) -> Iterator[None]:
        """A frame that queries may ask by a name."""
        self.connection.register(name, frame.to_arrow())
        try:
            yield
        finally:
            self.connection.unregister(name)


@contextmanager
def held_alone(out: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database of ``out`` with its schema in place, held alone for writing; it is made by publishing only.

    Raises:
        InputError: there is none; a folder given by mistake stays as it was.
        StorageError: somebody else holds the database.
    """
    if not (out / DATABASE).exists():
        raise InputError(Problem(str(out), "nothing is published here", todo="run `tepat run` first, or give --out"))
    with writing_alone(out), opened(out / DATABASE, read_only=False) as connection:
        prepare(connection)
        yield connection
