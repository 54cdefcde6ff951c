"""What else has seen the record: the copy for notebooks, and auditors' folders. A database put back tells by them.

Belongs here: holding the database to what lies beside it, and the copy for notebooks to the database. Not here: the
chains within the database (:mod:`pipeline.audit.chains`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import duckdb

from pipeline.audit.chains import check_head
from pipeline.audit.report import Means, Verified
from pipeline.audit.rows import check_table, check_views, published_names, runs_of, tombstones_of
from pipeline.database import READ_ONLY_COPY, opened
from pipeline.errors import StorageError
from pipeline.period import Period
from pipeline.publish.chain import HASHES
from pipeline.tables import RUNS, SEALS, TOMBSTONES

FOLDER: Final = "audit"
MANIFEST: Final = "manifest.json"
"""Where an auditor's folder lies under its month, and what in it names the head of the chain."""


def check_folders(connection: duckdb.DuckDBPyConnection, out: Path, report: Verified) -> None:
    """The heads in auditors' folders under ``out`` are still part of the chain."""
    for path in sorted(out.glob(f"*/{FOLDER}/{MANIFEST}")):
        where = path.relative_to(out).as_posix()
        try:
            head = str(json.loads(path.read_text(encoding="utf-8"))["head"])
        except (OSError, ValueError, LookupError, TypeError):
            report.not_checked.append(f"{where} cannot be read: `tepat audit pack` makes it anew")
        else:
            check_head(connection, head, f"in {where}", report)


def check_copy(connection: duckdb.DuckDBPyConnection, out: Path, period: Period | None, report: Verified) -> None:
    """What the copy for notebooks has seen is still there; what it shows, of a month or all, is what was published."""
    copy = out / READ_ONLY_COPY
    if not copy.exists():
        report.not_checked.append(f"{READ_ONLY_COPY} is not there: the next run makes it")
        return
    hashes = {t: f"select {HASHES[t.name]} from audit.{t.name}" for t in (RUNS, SEALS)}
    shown = Verified()
    try:
        with opened(copy, read_only=True) as witness:
            seen = {t: set(witness.execute(query).fetchall()) for t, query in hashes.items()}
            _check_shown(connection, witness, period, shown)
            behind = _ended(witness) < _ended(connection)
    except (StorageError, duckdb.Error):
        report.not_checked.append(f"{READ_ONLY_COPY} cannot be read: the next run makes it anew")
        return
    for table, query in hashes.items():
        if lost := len(seen[table] - set(connection.execute(query).fetchall())):
            what = f"{lost} rows that {READ_ONLY_COPY} still has are not there"
            report.differs(Means.RECORD, table.name, "", what)
    if behind:
        report.notes.append(f"{READ_ONLY_COPY} has rows that were purged since: a purge was killed, run it again")
    for d in shown.differences:
        report.differs(Means.VIEW, f"{READ_ONLY_COPY} {d.table}", d.run_id, d.what)


def _ended(connection: duckdb.DuckDBPyConnection) -> int:
    ((count,),) = connection.execute(f"select count(*) from audit.{TOMBSTONES.name}").fetchall()
    return int(count)


def _check_shown(
    connection: duckdb.DuckDBPyConnection, witness: duckdb.DuckDBPyConnection, period: Period | None, shown: Verified
) -> None:
    """Rows of the newest run of each month in the copy, but those purged since, against the manifests of the runs."""
    runs, there, ended = runs_of(connection), runs_of(witness), tombstones_of(connection)
    newest = {r.period: r.run_id for r in there if period is None or r.period == str(period)}  # oldest first
    known = {r.run_id for r in runs}
    for name in published_names(witness, runs):
        chosen = {r for r in newest.values() if r in known and (r, name) not in ended}
        with shown.reading(name):
            check_table(witness, name, [*runs, *(r for r in there if r.run_id not in known)], chosen, {}, shown)
    with shown.reading("latest"):
        check_views(witness, shown)
