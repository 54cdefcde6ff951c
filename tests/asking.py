"""What tests ask a published database: through one engine, as starting one costs twice what opening the file does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb
import polars as pl

from pipeline.database import attach, engine
from pipeline.history import frame_of


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    return engine()


@contextmanager
def looked_into(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database to read, as its current catalog; the file is let go at the end. One at a time."""
    connection = _engine()
    attach(connection, path, read_only=True)
    try:
        connection.execute("use tepat")
        yield connection
    finally:
        connection.execute("use memory")
        connection.execute("detach tepat")


def ask(path: Path, query: str) -> pl.DataFrame:
    """The answer to a query."""
    with looked_into(path) as connection:
        return frame_of(connection, query)
