"""Reading published runs: what an earlier month said.

Belongs here: access to ``audit.*`` for stages that inherit ids or compare months, and for notebooks. Not here:
writing (:mod:`pipeline.publish`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.database import DATABASE, opened
from pipeline.period import Period


@dataclass(frozen=True)
class PublishedRun:
    """One published run; its tables are read on demand."""

    database: Path
    run_id: str
    period: Period

    def table(self, name: str, columns: list[str] | None = None) -> pl.DataFrame:
        """Rows of ``audit.<name>`` of this run, without ``run_id``."""
        chosen = "* exclude (run_id)" if columns is None else ", ".join(f'"{c}"' for c in columns)
        return self.sql(f"select {chosen} from audit.{name} where run_id = $run_id", run_id=self.run_id)

    def sql(self, query: str, **parameters: object) -> pl.DataFrame:
        """A query on the database; parameters are named ``$name``."""
        with opened(self.database, read_only=True) as connection:
            arrow = connection.execute(query, parameters or None).to_arrow_table()
        frame = pl.from_arrow(arrow)
        assert isinstance(frame, pl.DataFrame)  # noqa: S101 - from_arrow of a table is a frame
        return frame


def published_runs(out: Path) -> list[PublishedRun]:
    """All published runs of a database, oldest first; none where there is no database."""
    path = out / DATABASE
    if not path.exists():
        return []
    with opened(path, read_only=True) as connection:
        known = connection.execute(
            "select 1 from information_schema.tables where table_schema = 'audit' and table_name = 'runs'"
        ).fetchall()
        if not known:
            return []
        rows = connection.execute(
            "select run_id, period from audit.runs where status = 'published' order by finished_at, run_id"
        ).fetchall()
    return [PublishedRun(path, run_id, Period.parse(period)) for run_id, period in rows]


def newest_run(out: Path, period: Period) -> PublishedRun | None:
    """The newest published run of a period."""
    return next((r for r in reversed(published_runs(out)) if r.period == period), None)


def previous_run(out: Path, period: Period) -> PublishedRun | None:
    """The run from which ids are inherited: the newest published one of the latest earlier period."""
    earlier = [r for r in published_runs(out) if r.period < period]
    return max(reversed(earlier), key=lambda r: r.period, default=None) if earlier else None
