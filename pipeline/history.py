"""Reading published runs: what an earlier month said.

Belongs here: access to what is published for stages that inherit ids or compare months, and for notebooks. Not here:
writing (:mod:`pipeline.publish`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from pipeline.database import DATABASE, READ_ONLY_COPY, opened
from pipeline.errors import InputError, Problem
from pipeline.period import Period
from pipeline.tables import LASTING, MATCH_JUDGEMENTS, RUNS, TABLES, TOMBSTONES
from pipeline.verdicts import verdicts


@contextmanager
def _reading(path: Path, connection: duckdb.DuckDBPyConnection | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The connection, where the database is open already; else one for as long as the block takes."""
    if connection is not None:
        yield connection
        return
    with opened(path, read_only=True) as fresh:
        yield fresh


@dataclass(frozen=True)
class PublishedRun:
    """One published run; its tables are read on demand, as polars frames."""

    database: Path
    run_id: str
    period: Period
    connection: duckdb.DuckDBPyConnection | None = field(default=None, repr=False, compare=False)
    """The database, where it is open already; else each query opens it for itself."""

    @contextmanager
    def open(self) -> Iterator[PublishedRun]:
        """This run with its database open: several queries in a row, of which each would open it."""
        with _reading(self.database, self.connection) as connection:
            yield replace(self, connection=connection)

    def ended(self, *tables: str) -> pl.DataFrame:
        """Which of these tables (none named: of all) `tepat purge` has ended: ``table_name``, and on which ``day``."""
        with _reading(self.database, self.connection) as connection:
            if not has_table(connection, TOMBSTONES.name):
                return pl.DataFrame(schema={"table_name": pl.String, "day": pl.String})
            return frame_of(
                connection,
                f'select table_name, cast(max("at") as date)::varchar as day from audit.{TOMBSTONES.name} '
                "where run_id = $run_id and ($tables = [] or list_contains($tables, table_name)) group by 1 order by 1",
                {"run_id": self.run_id, "tables": list(tables)},
            )

    def require(self, *tables: str) -> None:
        """Refuse where one of these tables has :meth:`ended`: figures were wrong.

        Raises:
            InputError: names the tables, the day, and what can still be asked.
        """
        ended = self.ended(*tables)
        if ended.height:
            raise InputError(
                Problem(
                    str(self.period),
                    f"{', '.join(ended['table_name'])} were ended by `tepat purge` on {max(ended['day'].to_list())}",
                    "a month whose rows are still kept",
                    "measures and findings are kept longer: `tepat measures`, `tepat audit pack`",
                )
            )

    def table(self, name: str, columns: list[str] | None = None) -> pl.DataFrame:
        """Rows of a published table of this run, in the columns of :mod:`pipeline.tables` (without ``run_id``)."""
        declared = {**TABLES, **LASTING, RUNS.name: RUNS}.get(name)
        if declared is None or not declared.published:
            known = ", ".join(sorted(t.name for t in TABLES.values() if t.published))
            raise InputError(Problem(name, "there is no such published table", known))
        chosen = "* exclude (run_id)" if columns is None else ", ".join(f'"{c}"' for c in columns)
        return self.sql(f"select {chosen} from audit.{name} where run_id = $run_id", run_id=self.run_id)

    def sql(self, query: str, **parameters: object) -> pl.DataFrame:
        """A query on the database; parameters are named ``$name``."""
        with _reading(self.database, self.connection) as connection:
            return frame_of(connection, query, parameters)

    def findings(
        self, finding_type: str | None = None, *, program: str | None = None, kecamatan_code: str | None = None
    ) -> pl.DataFrame:
        """What somebody must look at, most urgent first: columns of ``tables.FINDINGS``, ``amount`` in rupiah a month.

        Args:
            finding_type: one of ``rules/findings.yaml``, ``exclusion_error`` for instance; all where left out.
            program: code of a program.
            kecamatan_code: Kemendagri code, 6 digits.
        """
        chosen = {"finding_type": finding_type, "program": program, "kecamatan_code": kecamatan_code}
        findings = self.table("findings").filter(*_equal(chosen))
        return findings.sort("priority", "finding_id", descending=[True, False], nulls_last=True)

    def persons(self) -> pl.DataFrame:
        """The golden record of each person."""
        return self.table("persons").sort("person_id")

    def households(self) -> pl.DataFrame:
        """The households."""
        return self.table("households").sort("household_id")

    def mentions(self) -> pl.DataFrame:
        """The accepted rows, each with its person and household."""
        return self.table("mentions").sort("mention_id")

    def eligibility(self, program: str | None = None) -> pl.DataFrame:
        """What each program's own conditions say of each unit: columns of ``tables.ELIGIBILITY``."""
        rows = self.table("eligibility").filter(*_equal({"program": program}))
        return rows.sort("program", "subject_kind", "subject_id")

    def measures(
        self, *, program: str | None = None, level: str | None = None, breakdown: str | None = None
    ) -> pl.DataFrame:
        """Targeting measures: columns of ``tables.MEASURES``, shares or rupiah a month, each with its ``definition``.

        Args:
            program: code of a program; all where left out.
            level: province, kabupaten, kecamatan or desa.
            breakdown: all, desil, sex or age_group.
        """
        chosen = {"program": program, "area_level": level, "breakdown": breakdown}
        rows = self.table("measures").filter(*_equal(chosen))
        return rows.sort("measure", "program", "area_level", "area_code", "breakdown", "breakdown_value")


def _equal(chosen: dict[str, str | None]) -> list[pl.Expr]:
    return [pl.col(name) == value for name, value in chosen.items() if value is not None]


def frame_of(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, object] | None = None
) -> pl.DataFrame:
    """Result of a query on an open database; parameters are named ``$name``."""
    # not sql(): with parameters it holds the whole result once more, at three times the cost
    arrow = connection.execute(query, parameters or None).to_arrow_table()
    frame = pl.from_arrow(arrow)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - from_arrow of a table is a frame
    return frame


def has_table(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether ``audit.<table>`` is there."""
    return bool(
        connection.execute(
            "select 1 from duckdb_tables() "  # information_schema.tables looks through all views too
            "where database_name = current_database() and schema_name = 'audit' and table_name = ?",
            [table],
        ).fetchall()
    )


def _runs(path: Path, connection: duckdb.DuckDBPyConnection | None = None) -> list[PublishedRun]:
    if not path.exists():
        return []
    with _reading(path, connection) as there:
        if not has_table(there, RUNS.name):
            return []
        rows = there.execute(
            "select run_id, period from audit.runs where status = 'published' order by finished_at, run_id"
        ).fetchall()
    return [PublishedRun(path, run_id, Period.parse(period), connection) for run_id, period in rows]


def published_runs(out: Path, connection: duckdb.DuckDBPyConnection | None = None) -> list[PublishedRun]:
    """All published runs of a database, oldest first; none where there is no database.

    Args:
        out: folder of the database.
        connection: the database, where the caller has it open; the runs are then read through it.
    """
    return _runs(out / DATABASE, connection)


def newest_run(out: Path, period: Period, connection: duckdb.DuckDBPyConnection | None = None) -> PublishedRun | None:
    """The newest published run of a period; ``connection`` as for :func:`published_runs`."""
    return next((r for r in reversed(published_runs(out, connection)) if r.period == period), None)


def published_run(out: Path, period: Period, connection: duckdb.DuckDBPyConnection | None = None) -> PublishedRun:
    """The newest published run of a period; :class:`InputError` names the periods that are published.

    ``connection`` as for :func:`published_runs`.
    """
    return _wanted(published_runs(out, connection), period, out)


def _wanted(runs: list[PublishedRun], period: Period | None, folder: Path) -> PublishedRun:
    found = next((r for r in reversed(runs) if r.period == period), None)
    if found is None:
        known = ", ".join(sorted({str(r.period) for r in runs})) or "none yet"
        month = str(period) if period is not None else "YYYY-MM"
        what = f"{period} is not published" if period is not None else "nothing is published"
        raise InputError(Problem(str(folder), what, known, f"run `tepat run --period {month}` first"))
    return found


def previous_run(out: Path, period: Period, connection: duckdb.DuckDBPyConnection | None = None) -> PublishedRun | None:
    """The run from which ids are inherited: the newest published one of the latest earlier period.

    ``connection`` as for :func:`published_runs`.
    """
    earlier = [r for r in published_runs(out, connection) if r.period < period]
    return max(reversed(earlier), key=lambda r: r.period, default=None) if earlier else None


def open_run(period: str | None = None, out: str | Path | None = None) -> PublishedRun:
    """The newest published run of a period, for notebooks.

    Reads ``tepat-readonly.duckdb`` where it is there, so that an open notebook never keeps a run from publishing.
    Cases, answers, decisions and screenings made since are not in it until the next publish: :func:`published_run`
    reads the database itself, and holds it for as long as a query takes.

    Args:
        period: ``YYYY-MM``; the newest month published where left out.
        out: folder that holds the database. Where left out: what ``TEPAT_OUT`` says, else the first of ``data/clean``
            and ``data/demo`` that holds one, in the working directory or the one above (notebooks run in theirs).

    Raises:
        InputError: the period is not published; names those that are.
        StorageError: the file cannot be opened.
    """
    folder = _default_out() if out is None else Path(out)
    runs = _runs(folder / READ_ONLY_COPY) or published_runs(folder)
    wanted = Period.parse(period) if period is not None else max((r.period for r in runs), default=None)
    return _wanted(runs, wanted, folder)


def _default_out() -> Path:
    said = os.environ.get("TEPAT_OUT")
    if said:
        return Path(said)
    folders = [above / "data" / name for name in ("clean", "demo") for above in (Path(), Path(".."))]
    return next((f for f in folders if (f / DATABASE).exists()), folders[0])


def judgements(out: Path, period: Period, until: datetime | None = None) -> pl.DataFrame:
    """Verdicts on pairs of mentions in force in a period (:func:`pipeline.verdicts.verdicts`).

    Columns of ``match_judgements``, sorted by pair; empty where nobody has judged. A judgement on a fingerprint that
    no row has any more simply finds nothing to apply to.

    Args:
        out: folder of the database.
        period: the month.
        until: UTC; only what had been said by then.
    """
    path = out / DATABASE
    if not path.exists():
        return MATCH_JUDGEMENTS.empty()
    with opened(path, read_only=True) as connection:
        if not has_table(connection, MATCH_JUDGEMENTS.name):
            return MATCH_JUDGEMENTS.empty()
        frame = frame_of(connection, f"select * from audit.{MATCH_JUDGEMENTS.name}")
    said = frame if until is None else frame.filter(pl.col("at") <= until)
    return verdicts(said, period.last_day)


def judgements_hash(said: pl.DataFrame) -> str:
    """Hash of what :func:`judgements` decide; who said it, when, and who is unsure does not change a result."""
    decided = said.filter(pl.col("judgement") != "unsure")
    words = decided.select("fingerprint_a", "fingerprint_b", "level", "judgement")
    return hashlib.sha256(words.write_csv().encode()).hexdigest()
