"""Raw files that still lie where they were: are they those that the newest run of their month was made from?"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from pipeline.audit.report import Verified
from pipeline.errors import InputError
from pipeline.ingest.folder import file_hash, files_in, inputs_hash
from pipeline.period import Period

RAW: Final = Path("data/raw")


def check_inputs(
    connection: duckdb.DuckDBPyConnection, raw: Path | None, period: Period | None, report: Verified
) -> None:
    """Compare the files of each month's folder with the hashes kept; files that are gone are only noted."""
    newest = connection.execute("select run_id, period, inputs_hash from latest.runs order by period").fetchall()
    for run_id, month, wanted in newest:
        if period is not None and month != str(period):
            continue
        folder = (raw or RAW) / month
        if not folder.is_dir() or not files_in(folder):
            report.not_checked.append(f"raw files of {month}: there are none in {folder} (say where with --raw)")
            continue
        if inputs_hash(folder) == wanted:
            report.checked["months whose raw files are the same"] += 1
            continue
        _compare(connection, folder, run_id, report)


def _compare(connection: duckdb.DuckDBPyConnection, folder: Path, run_id: str, report: Verified) -> None:
    kept: dict[str, str] = dict(
        connection.execute("select source_file, sha256 from audit.source_files where run_id = ?", [run_id]).fetchall()
    )
    there = {f.name: f.path for f in files_in(folder)}
    changed = [n for n, path in there.items() if n in kept and _hash(path) != kept[n]]
    new = [n for n in there if n not in kept]
    gone = [n for n in kept if n not in there]
    for names, what in ((changed, "is not the file that was read"), (new, "was not among the files read")):
        for name in names:
            report.differs("source_files", run_id, f"{folder.name}/{name} {what}")
    report.not_checked += [f"raw file {folder.name}/{n}: it is not there any more" for n in gone]
    if not changed and not new and not gone:
        report.differs("source_files", run_id, f"sources.yaml of {folder.name} is not what it was")


def _hash(path: Path) -> str:
    try:
        return file_hash(path)
    except InputError:
        return ""
