"""Months of a village one after the other, as a database holds them: for tests of ids that last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipeline.history import frame_of
from pipeline.period import Period
from pipeline.resolve import resolve
from pipeline.store import Store
from pipeline.tables import HOUSEHOLDS, IDENTITY_EVENTS, MENTION_IDS, MENTIONS, PERSONS
from tests.resolve.village import RULES

Said = Sequence[tuple[str, str, str]]
"""Fingerprint, fingerprint, judgement."""


@dataclass(frozen=True)
class Month:
    """One published run; stands for :class:`pipeline.history.PublishedRun`."""

    connection: duckdb.DuckDBPyConnection
    run_id: str
    period: Period
    ids: pl.DataFrame
    events: pl.DataFrame

    def table(self, name: str, columns: list[str]) -> pl.DataFrame:
        chosen = ", ".join(f'"{c}"' for c in columns)
        return self.sql(f"select {chosen} from audit.{name} where run_id = $run", run=self.run_id)

    def sql(self, query: str, **parameters: object) -> pl.DataFrame:
        return frame_of(self.connection, query, parameters)

    def person(self, line: int) -> str:
        """Id of the person of a row written by hand."""
        return str(self.ids.filter(pl.col("row_number") == line)["person_id"][0])

    def household(self, line: int) -> str | None:
        """Id of the household of a row written by hand."""
        found = self.ids.filter(pl.col("row_number") == line)["household_id"][0]
        return None if found is None else str(found)

    def happened(self, level: str = "person") -> set[tuple[str, str, str]]:
        """Event, old id, new id."""
        kept = self.events.filter((pl.col("level") == level) & (pl.col("event") != "minted"))
        return set(kept.select("event", "old_id", "new_id").iter_rows())


@dataclass
class Ledger:
    """Months in order."""

    folder: Path
    months: list[Month] = field(default_factory=list)
    connection: duckdb.DuckDBPyConnection = field(default_factory=lambda: duckdb.connect(":memory:"))

    def __post_init__(self) -> None:
        self.connection.execute("create schema audit")

    def month(self, mentions: pl.DataFrame, said: Said = (), level: str = "person") -> Month:
        """Resolve and keep the next month."""
        before = self.months[-1] if self.months else None
        period = Period(2026, 1 + len(self.months))
        store = Store(self.folder / str(period))
        store.write(MENTIONS, mentions)
        pairs = [(*sorted((a, b)), level, word, None) for a, b, word in said]
        schema: dict[str, Any] = dict.fromkeys(("fingerprint_a", "fingerprint_b", "level", "judgement"), pl.String)
        judged = pl.DataFrame(pairs, schema=schema | {"valid_until": pl.Date}, orient="row")
        resolve(store, period, RULES, previous=before, judgements=judged, say=lambda _: None)  # type: ignore[arg-type]
        return self._kept(store, period, before)

    def _kept(self, store: Store, period: Period, before: Month | None) -> Month:
        run_id, ids = str(period), store.read(MENTION_IDS)
        mentions = store.read(MENTIONS).join(ids, on="mention_id")
        events = store.read(IDENTITY_EVENTS)
        run = pl.DataFrame(
            {"previous_run_id": [None if before is None else before.run_id], "period": [str(period)]},
            schema={"previous_run_id": pl.String, "period": pl.String},
        )
        tables = {
            "mentions": mentions, "persons": store.read(PERSONS), "households": store.read(HOUSEHOLDS),
            "identity_events": events, "runs": run,
        }  # fmt: skip
        for name, rows in tables.items():
            self.connection.register("rows", rows.with_columns(run_id=pl.lit(run_id)).to_arrow())
            verb = f"insert into audit.{name} by name" if before else f"create table audit.{name} as"
            self.connection.execute(f"{verb} select * from rows")
            self.connection.unregister("rows")
        month = Month(self.connection, run_id, period, mentions.select("row_number", *ids.columns), events)
        self.months.append(month)
        return month
