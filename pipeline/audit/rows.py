"""Published rows against the manifests of their runs, the sums of every sheet, and rows that belong nowhere."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from pipeline.audit.report import Means, Verified
from pipeline.cases.book import cases_of
from pipeline.database import engine, quoted
from pipeline.errors import ConservationError
from pipeline.history import frame_of
from pipeline.publish.content import SUMS, Content, check_conservation, digest_of_sums, row_text
from pipeline.publish.schema import PUBLISHED, view_statement
from pipeline.tables import CASE_EVENTS, CASES, OUTCOMES, RUNS, TOMBSTONES

CONSERVED: Final = ("mentions", "transactions", "outcomes", "quarantine", "source_files")
_LINKS: Final = (
    ("gate_batches", ("run_id",), "runs"),
    ("gate_results", ("gate_id",), "gate_batches"),
    ("gate_overrides", ("gate_id",), "gate_batches"),
    ("gate_approvals", ("gate_id",), "gate_batches"),
    ("gate_events", ("gate_id",), "gate_batches"),
    ("case_events", ("case_id",), "cases"),
    ("mentions", ("run_id", "person_id"), "persons"),
    ("benefits", ("run_id", "mention_id"), "mentions"),
    ("finding_evidence", ("run_id", "finding_id"), "findings"),
)
"""Table, columns, and the table that must hold them."""
_STRANGE: Final = """
select 'latest.' || table_name as name, 'table' as kind, 'view' as other from duckdb_tables()
where schema_name = 'latest' and database_name = current_database()
union all
select 'audit.' || view_name, 'view', 'table' from duckdb_views()
where schema_name = 'audit' and database_name = current_database() order by 1
"""


@dataclass(frozen=True)
class Run:
    """A run as it was confirmed."""

    run_id: str
    period: str
    manifest: dict[str, Content]


def runs_of(connection: duckdb.DuckDBPyConnection) -> list[Run]:
    """All confirmed runs, oldest first; a manifest that cannot be read counts as empty (its seal tells)."""
    rows = connection.execute("select run_id, period, manifest from audit.runs order by finished_at").fetchall()
    return [Run(run_id, period, _manifest(text)) for run_id, period, text in rows]


def _manifest(text: str | None) -> dict[str, Content]:
    try:
        said: dict[str, Any] = json.loads(text or "{}")
        return {name: Content(e["rows"], e["digest"], tuple(e["columns"])) for name, e in said.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def tombstones_of(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[int, str]]:
    """(run_id, table) → rows and digest of what was purged of runs."""
    rows = connection.execute(
        f"select run_id, table_name, n_rows, digest from audit.{TOMBSTONES.name} where run_id <> ''"
    ).fetchall()
    return {(run_id, table): (n, digest) for run_id, table, n, digest in rows}


def check_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    runs: list[Run],
    chosen: set[str],
    tombs: dict[tuple[str, str], tuple[int, str]],
    report: Verified,
) -> None:
    """Rows of one published table: each of a run, and of each run in ``chosen`` exactly those of its manifest."""
    present = [row[0] for row in connection.execute(f"describe audit.{name}").fetchall()]
    counts: dict[str | None, int] = dict(
        connection.execute(f"select run_id, count(*) from audit.{name} group by run_id").fetchall()
    )
    known = {r.run_id for r in runs}
    for run_id, rows in counts.items():
        if run_id not in known and not (run_id is None and name == OUTCOMES.name):
            what = (
                f"{rows} rows belong to no run: a process was killed while it published (the next run removes them), "
                "or the run's row was taken away"
            )
            report.differs(Means.LOOSE, name, run_id or "", what)
    by_columns: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        if run.run_id not in chosen:
            continue
        wanted, rows = run.manifest.get(name), counts.get(run.run_id, 0)
        buried = tombs.get((run.run_id, name))
        if wanted is None or buried is not None:
            _check_empty(name, run.run_id, rows, wanted, buried, report)
        elif missing := [c for c in wanted.columns if c not in present]:
            report.differs(Means.ROWS, name, run.run_id, f"the columns {', '.join(missing)} are gone")
        else:
            by_columns.setdefault(wanted.columns, []).append(run)
    for columns, same_shape in by_columns.items():
        _check_digests(connection, name, columns, same_shape, present, report)


def _check_empty(
    name: str, run_id: str, rows: int, wanted: Content | None, buried: tuple[int, str] | None, report: Verified
) -> None:
    if rows:
        why = "were purged" if buried is not None else "the run never had"
        report.differs(Means.ROWS, name, run_id, f"{rows} rows are there that {why}")
    if buried is not None:
        report.checked["tombstones"] += 1
        if wanted is None or buried != (wanted.rows, wanted.digest):
            report.differs(Means.ROWS, name, run_id, "the tombstone is not that of the rows in the manifest")


def _check_digests(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: tuple[str, ...],
    runs: list[Run],
    present: list[str],
    report: Verified,
) -> None:
    """One pass for all runs whose digests were taken over the same columns; later columns must be empty."""
    later = [c for c in present if c not in columns and c != "run_id"]
    extra = " + ".join(f'count("{c}")' for c in later) or "0"
    ids = ", ".join(quoted(r.run_id) for r in runs)
    taken = "".join(f', "{c}"' for c in later)
    found = connection.execute(
        f"select run_id, {SUMS}, {extra} from (select run_id, {row_text(columns)} as line{taken} from audit.{name} "
        f"where run_id in ({ids})) group by run_id"
    ).fetchall()
    there = {run_id: (rows, digest_of_sums(lower, upper), more) for run_id, rows, lower, upper, more in found}
    for run in runs:
        wanted = run.manifest[name]
        rows, digest, more = there.get(run.run_id, (0, digest_of_sums(0, 0), 0))
        report.checked["published rows"] += rows
        if rows != wanted.rows:
            report.differs(Means.ROWS, name, run.run_id, f"{rows} rows are there where {wanted.rows} were published")
        elif digest != wanted.digest:
            report.differs(Means.ROWS, name, run.run_id, f"of its {rows} rows at least one is not what was published")
        if more:
            report.differs(Means.ROWS, name, run.run_id, f"{more} values stand in columns that the run did not have")


def check_sums(
    connection: duckdb.DuckDBPyConnection, run: Run, tombs: dict[tuple[str, str], tuple[int, str]], report: Verified
) -> None:
    """Every row of every sheet ended in exactly one place."""
    if any((run.run_id, name) in tombs for name in CONSERVED):
        return
    mine = {n: f"(select * from audit.{n} where run_id = {quoted(run.run_id)})" for n in CONSERVED}
    try:
        check_conservation(connection, mine)
    except ConservationError as error:
        for problem in error.problems:
            report.differs(Means.SUMS, "source_files", run.run_id, f"{problem.where}: {problem.found}")
    report.checked["runs whose sheets were added up"] += 1


def check_links(connection: duckdb.DuckDBPyConnection, tombs: Collection[tuple[str, str]], report: Verified) -> None:
    """Rows whose batch, case, person or finding is not there, where it was not purged."""
    for child, columns, parent in _LINKS:
        join = " and ".join(f'p."{c}" = c."{c}"' for c in columns)
        within = len(columns) > 1  # of one run, where neither side was purged
        purged = ", ".join(quoted(run) for run, table in tombs if within and table in (child, parent))
        lost = connection.execute(
            f"select {'c.run_id' if within else quoted('')}, count(*) from audit.{child} c "
            f'anti join audit.{parent} p on {join} where c."{columns[-1]}" is not null '
            f"{f'and c.run_id not in ({purged})' if purged else ''} group by 1"
        ).fetchall()
        for run_id, rows in lost:
            report.differs(Means.LOOSE, child, run_id, f"{rows} rows point to something that is not in {parent}")


def check_cases(connection: duckdb.DuckDBPyConnection, report: Verified) -> None:
    """``cases`` is the last word of ``case_events``, and nothing else."""
    events = CASE_EVENTS.conform(frame_of(connection, f'select * from audit.{CASE_EVENTS.name} order by "at"'))
    wanted = cases_of(events)
    found = CASES.conform(frame_of(connection, f"select * from audit.{CASES.name} order by case_id"))
    if not found.equals(wanted):
        other = found.join(wanted, on=CASES.names, how="anti", nulls_equal=True)
        missing = wanted.join(found, on="case_id", how="anti")
        report.differs(
            Means.RECORD,
            CASES.name,
            "",
            f"{other.height} cases are not what their events say, {missing.height} are gone",
        )
    report.checked["cases"] += found.height


def check_views(connection: duckdb.DuckDBPyConnection, report: Verified) -> None:
    """Views in ``latest`` show what the program says they show; one made by an earlier version has fewer columns."""
    for name, kind, other in connection.execute(_STRANGE).fetchall():
        report.differs(Means.VIEW, name, "", f"a {kind} stands where the program makes a {other}")
    there = _views(connection)
    tables = [RUNS, *(PUBLISHED[name] for name in published_names(connection, []))]
    with closing(engine()) as made:
        made.execute("create schema audit; create schema latest")
        for table in tables:
            described = connection.execute(f"describe audit.{table.name}").fetchall()
            body = ", ".join(f'"{column}" {sql_type}' for column, sql_type, *_ in described)
            made.execute(f"create table audit.{table.name} ({body})")
        for table in tables:
            if table.name in there:
                with suppress(duckdb.Error):  # columns that the table does not have
                    made.execute(view_statement(table, there[table.name][0]))
        wanted = _views(made)
    for table in tables:
        if table.name not in there:
            report.not_checked.append(f"view latest.{table.name}: it is not there; the next run makes it")
        elif there[table.name] != wanted.get(table.name):
            report.differs(Means.VIEW, f"latest.{table.name}", "", "the view does not show what it should")
        else:
            report.checked["views"] += 1


def _views(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[list[str], str]]:
    """View in ``latest`` → its columns and its text."""
    rows = connection.execute(
        "select view_name, sql from duckdb_views() where schema_name = 'latest' "
        "and database_name = current_database() order by 1"
    ).fetchall()
    return {n: ([r[0] for r in connection.execute(f"describe latest.{n}").fetchall()], sql) for n, sql in rows}


def published_names(connection: duckdb.DuckDBPyConnection, runs: list[Run]) -> list[str]:
    """Tables to be looked at: those declared, and those that an earlier version published."""
    there = {
        row[0]
        for row in connection.execute(
            "select table_name from information_schema.tables "
            "where table_catalog = current_database() and table_schema = 'audit'"
        ).fetchall()
    }
    named = dict.fromkeys([*PUBLISHED, *(n for r in runs for n in r.manifest)])
    return [n for n in named if n in there]
