"""`tepat audit verify`: all checks in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipeline.audit.chains import check_chain, check_head, check_seals
from pipeline.audit.inputs import check_inputs
from pipeline.audit.report import Verified
from pipeline.audit.rows import (
    Run,
    check_cases,
    check_links,
    check_sums,
    check_table,
    check_views,
    published_names,
    runs_of,
    tombstones_of,
)
from pipeline.database import DATABASE, READ_ONLY_COPY, opened
from pipeline.errors import InputError, Problem, StorageError
from pipeline.period import Period
from pipeline.publish.chain import CHAINS
from pipeline.publish.schema import is_prepared
from pipeline.tables import CASES, LASTING, RUNS, SEALS

Say = Callable[[str], None]


def verify(
    out: Path, *, period: Period | None = None, raw: Path | None = None, head: str | None = None, say: Say
) -> Verified:
    """Whether what is in the database of ``out`` is what was written into it.

    Recomputes the hash chains, the seals of tables that live across runs, the manifest of every run and the sums of
    its sheets; looks for rows without a run, views that show something else, and raw files that have changed.

    Args:
        out: folder of the database.
        period: only the runs of one month (chains and seals are always followed in full).
        raw: folder that holds the months' raw files, each in a folder ``YYYY-MM``.
        head: newest hash of an earlier verification: still there.
        say: progress.

    Raises:
        InputError: nothing is published, or not in this month.
        StorageError: the database is held by somebody else, or cannot be opened at all.
    """
    path = out / DATABASE
    if not path.exists():
        raise InputError(Problem(str(out), "nothing is published here", todo="give the folder with --out"))
    report = Verified()
    with opened(path, read_only=True) as connection:
        if not is_prepared(connection):
            raise InputError(Problem(str(path), "nothing is published here", todo="give the folder with --out"))
        _check_all(connection, period, head, report, say)
        for name in (RUNS.name, SEALS.name):
            with _reading(name, report):
                _check_copy(connection, out, name, report)
        with _reading(RUNS.name, report):
            check_inputs(connection, raw, period, report)
    return report


@contextmanager
def _reading(table: str, report: Verified) -> Iterator[None]:
    """What cannot be read is a difference, not the end."""
    try:
        yield
    except duckdb.Error as error:
        report.differs(table, "", f"cannot be read: {str(error).splitlines()[0]}")


def _check_all(
    connection: duckdb.DuckDBPyConnection, period: Period | None, head: str | None, report: Verified, say: Say
) -> None:
    lacking = [n for n in LASTING if not _exists(connection, n)]
    if lacking:
        raise StorageError(
            Problem(
                "audit", f"the tables {', '.join(lacking)} are not there",
                todo="taken away, or made by an earlier version: run a month again, then verify",
            )
        )  # fmt: skip
    say("hash chains and seals")
    for table in CHAINS:
        with _reading(table.name, report):
            check_chain(connection, table, report)
    with _reading(SEALS.name, report):
        check_seals(connection, report)
        if head is not None:
            check_head(connection, head, report)
    runs: list[Run] = []
    with _reading(RUNS.name, report):
        runs = runs_of(connection)
    chosen = {r.run_id for r in runs if period is None or r.period == str(period)}
    if period is not None and not chosen:
        known = ", ".join(sorted({r.period for r in runs})) or "none"
        raise InputError(Problem(str(period), "this month is not published", known))
    report.checked["runs"] += len(chosen)
    tombs = tombstones_of(connection)
    for name in published_names(connection, runs):
        say(f"rows of {name}")
        with _reading(name, report):
            check_table(connection, name, runs, chosen, tombs, report)
    say("sums, links, cases, views")
    for run in runs:
        if run.run_id in chosen:
            with _reading("source_files", report):
                check_sums(connection, run, tombs, report)
    with _reading(RUNS.name, report):
        check_links(connection, tombs, report)
    with _reading(CASES.name, report):
        check_cases(connection, report)
    with _reading("latest", report):
        check_views(connection, report)


def _exists(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(
        connection.execute(
            "select 1 from information_schema.tables "
            "where table_catalog = current_database() and table_schema = 'audit' and table_name = ?",
            [table],
        ).fetchall()
    )


def _check_copy(connection: duckdb.DuckDBPyConnection, out: Path, table: str, report: Verified) -> None:
    """The copy for notebooks is a witness: what it has seen is still there."""
    copy = out / READ_ONLY_COPY
    if not copy.exists():
        return
    column = "run_hash" if table == RUNS.name else "hash"
    try:
        with opened(copy, read_only=True) as witness:
            seen = {row[0] for row in witness.execute(f"select {column} from audit.{table}").fetchall()}
    except (StorageError, duckdb.Error):
        report.not_checked.append(f"{READ_ONLY_COPY} cannot be read: the next run makes it anew")
        return
    there = {row[0] for row in connection.execute(f"select {column} from audit.{table}").fetchall()}
    if lost := len(seen - there):
        report.differs(table, "", f"{lost} rows that {READ_ONLY_COPY} still has are not there")
