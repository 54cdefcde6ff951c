"""Raw files that still lie where they were: are they those that the newest run of their month was made from?"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from pipeline.audit.report import Means, Verified
from pipeline.errors import InputError
from pipeline.ingest.folder import file_hash, files_in, inputs_hash
from pipeline.period import Period

RAW: Final = Path("data/raw")


def folder_of(raw: Path | None, month: str, *, only: bool) -> Path:
    """Where the files of a month lie: ``<raw>/<month>``, or ``raw`` itself where ``only`` that month is asked for."""
    within = (raw or RAW) / month
    return raw if raw is not None and only and not within.is_dir() else within


def has_files(folder: Path) -> bool:
    """Whether there is anything to compare with."""
    return folder.is_dir() and bool(files_in(folder))


def check_inputs(
    connection: duckdb.DuckDBPyConnection, raw: Path | None, period: Period | None, report: Verified
) -> None:
    """Compare the files of each month's folder with the hashes kept; files that are gone are only noted."""
    newest = connection.execute("select run_id, period, inputs_hash from latest.runs order by period").fetchall()
    for run_id, month, wanted in newest:
        if period is not None and month != str(period):
            continue
        folder = folder_of(raw, month, only=period is not None)
        if not has_files(folder):
            report.not_checked.append(f"raw files of {month}: none are kept in {folder} (say where with --raw)")
        elif inputs_hash(folder) == wanted:
            report.checked["months whose raw files are the same"] += 1
        else:
            _compare(connection, folder, run_id, report)


def _compare(connection: duckdb.DuckDBPyConnection, folder: Path, run_id: str, report: Verified) -> None:
    kept: dict[str, str] = dict(
        connection.execute("select source_file, sha256 from audit.source_files where run_id = ?", [run_id]).fetchall()
    )
    there = {f.name: f.path for f in files_in(folder) if f.name in kept or not f.ignored}
    changed = [n for n, path in there.items() if n in kept and _hash(path) != kept[n]]
    new = [n for n in there if n not in kept]
    gone = [n for n in kept if n not in there]
    for names, what in ((changed, "is not the file that was read"), (new, "was not among the files read")):
        for name in names:
            report.differs(Means.INPUT, "source_files", run_id, f"{folder.name}/{name} {what}")
    report.not_checked += [f"raw file {folder.name}/{n}: it is not kept" for n in gone]
    if not changed and not new and not gone:
        report.differs(Means.INPUT, "source_files", run_id, f"sources.yaml of {folder.name} is not what it was")


def _hash(path: Path) -> str:
    try:
        return file_hash(path)
    except InputError:
        return ""
