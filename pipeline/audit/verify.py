"""`tepat audit verify`: all checks in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from pipeline.audit.chains import check_chain, check_head, check_seals
from pipeline.audit.inputs import check_inputs
from pipeline.audit.report import Means, Verified
from pipeline.audit.rerun import make_again
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
from pipeline.audit.witnesses import check_copy, check_folders
from pipeline.database import DATABASE, opened
from pipeline.errors import InputError, Problem, StorageError
from pipeline.history import has_table
from pipeline.period import Period
from pipeline.publish.chain import CHAINS
from pipeline.publish.schema import is_prepared
from pipeline.tables import CASES, RUNS, SEALS, TOMBSTONES

Say = Callable[[str], None]
SHORTEST_HEAD: Final = 8


def verify(
    out: Path,
    *,
    period: Period | None = None,
    raw: Path | None = None,
    head: str | None = None,
    rerun: Path | None = None,
    say: Say,
) -> Verified:
    """Whether what is in the database of ``out`` is what was written into it.

    Recomputes the hash chains, the seals of tables that live across runs, the manifest of every run and the sums of
    its sheets; looks for rows without a run, views that show something else, and raw files that have changed; asks
    what lies beside the database (the copy for notebooks, auditors' folders) whether it has seen more.

    Args:
        out: folder of the database.
        period: only the runs of one month (chains and seals are always followed in full).
        raw: folder that holds the months' raw files, each in a folder ``YYYY-MM``.
        head: newest hash of an earlier verification: still there.
        rerun: rules folder: the newest run of each month is made again with it from its files, and compared.
        say: progress.

    Raises:
        InputError: nothing is published, or not in this month; there is no folder ``raw``; or nothing differs, but no
            run could be made again.
        StorageError: the database is held by somebody else, or cannot be opened at all.
    """
    path = out / DATABASE
    if not path.exists():
        raise InputError(Problem(str(out), "nothing is published here", todo="give the folder with --out"))
    if head is not None and len(head) < SHORTEST_HEAD:
        raise InputError(Problem("--head", f"{head!r} could be any", f"at least its first {SHORTEST_HEAD} characters"))
    if raw is not None and not raw.is_dir():
        raise InputError(Problem(str(raw), "there is no such folder", todo="give that of the raw files with --raw"))
    report = Verified()
    try:
        with opened(path, read_only=True) as connection:
            if not is_prepared(connection):
                raise InputError(Problem(str(path), "nothing is published here", todo="give the folder with --out"))
            _check_all(connection, period, head, report, say)
            with report.reading(SEALS.name):
                check_folders(connection, out, report)
                check_copy(connection, out, period, report)
            with report.reading(RUNS.name):
                check_inputs(connection, raw, period, report)
    except duckdb.Error as error:  # what says which tables there are cannot be read either
        found = f"the database is damaged or unreadable: {(str(error) or 'no reason given').splitlines()[0]}"
        raise StorageError(Problem(str(path), found, todo="keep a copy, then restore the last backup")) from error
    if rerun is not None and all(d.means in (Means.INPUT, Means.VIEW) for d in report.differences):
        make_again(out, period=period, raw=raw, rules=rerun, report=report, say=say)
        if report.same and not report.made_again:
            raise InputError(
                *(Problem("--rerun", why) for why in report.not_checked if "made again" in why),
                Problem("--rerun", "no run could be made again; all else is as it was published"),
            )
    elif rerun is not None:
        report.not_checked.append("nothing was made again: what it would be compared with is not what was published")
    return report


def _check_all(
    connection: duckdb.DuckDBPyConnection, period: Period | None, head: str | None, report: Verified, say: Say
) -> None:
    if lacking := [t.name for t in (SEALS, TOMBSTONES) if not has_table(connection, t.name)]:
        raise StorageError(
            Problem(
                DATABASE, f"the tables {', '.join(lacking)} are not there: there is nothing to verify by",
                todo="taken away, or made by an earlier version: run the months again into a new --out",
            )
        )  # fmt: skip
    say("hash chains and seals")
    for table in CHAINS:
        if not has_table(connection, table.name):
            continue  # its seals tell whether it was ever written
        with report.reading(table.name):
            check_chain(connection, table, report)
    with report.reading(SEALS.name):
        check_seals(connection, report)
        if head is not None:
            check_head(connection, head, "earlier", report)
    runs: list[Run] = []
    with report.reading(RUNS.name):
        runs = runs_of(connection)
    chosen = {r.run_id for r in runs if period is None or r.period == str(period)}
    if period is not None and not chosen:
        known = ", ".join(sorted({r.period for r in runs})) or "none"
        raise InputError(Problem(str(period), "this month is not published", known))
    report.checked["runs"] += len(chosen)
    tombs = tombstones_of(connection)
    say(f"rows of {len(chosen)} runs")
    for name in published_names(connection, runs):
        with report.reading(name):
            check_table(connection, name, runs, chosen, tombs, report)
    say("sums, links, cases, views")
    for run in runs:
        if run.run_id in chosen:
            with report.reading("source_files"):
                check_sums(connection, run, tombs, report)
    with report.reading(RUNS.name):
        check_links(connection, tombs, report)
    with report.reading(CASES.name):
        check_cases(connection, report)
    with report.reading("latest"):
        check_views(connection, report)
