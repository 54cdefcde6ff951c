"""Mentions of which a few columns are held at a time.

Belongs here: reading them, of this month and of the one before. Not here: what they say.

A mention has some sixty columns of text; all that resolution asks for at once would need more memory than everything
else that it does.
"""

from __future__ import annotations

from typing import Protocol

import polars as pl

from pipeline.history import PublishedRun
from pipeline.store import Store
from pipeline.tables import MENTIONS


class Columns(Protocol):
    """Rows of which some columns at a time are asked for: a frame, or what reads them when asked."""

    def select(self, *columns: str) -> pl.DataFrame:
        """The columns, their rows belonging together."""


class Mentions:
    """The mentions of a month in the order of their ids, always; with columns of this run (``further``)."""

    def __init__(self, store: Store, **further: pl.Series) -> None:
        self._store, self._further = store, further
        self._order = store.read(MENTIONS, ["mention_id"]).to_series().arg_sort()

    def __setitem__(self, column: str, values: pl.Series) -> None:
        self._further[column] = values

    def select(self, *columns: str) -> pl.DataFrame:
        """Some columns, read one by one."""
        return pl.DataFrame({c: self._column(c) for c in columns})

    def _column(self, name: str) -> pl.Series:
        if name in self._further:
            return self._further[name]
        return self._store.read(MENTIONS, [name]).to_series().gather(self._order)


class Earlier:
    """The mentions of a published run, in no order that lasts from one call to the next."""

    def __init__(self, run: PublishedRun) -> None:
        self._run = run

    def select(self, *columns: str) -> pl.DataFrame:
        """Some columns."""
        return self._run.table("mentions", list(dict.fromkeys(columns)))
