"""`tepat purge`: what is past its retention is ended, all of it or nothing, and can be taken up where it was killed.

One transaction deletes the rows, puts their tombstones, seals them and writes the access log. Then the file is
written anew without them, the copy for notebooks is replaced, and files with the same rows go. Killed before the
transaction nothing has happened; killed after it the next `tepat purge` does what is left: the copy for notebooks,
which is replaced last of the two, shows that it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipeline.audit.verify import verify
from pipeline.database import DATABASE, check_key, opened, writing_alone
from pipeline.errors import InputError, Problem, Refused, StorageError
from pipeline.publish.book import Book
from pipeline.publish.chain import utc
from pipeline.publish.copy import is_current, refresh_copy
from pipeline.publish.schema import prepare
from pipeline.purge.plan import Ended, files_of, plan, raw_files
from pipeline.purge.retention import Retention, read_retention
from pipeline.purge.space import compact
from pipeline.store import sweep
from pipeline.tables import CASES, TOMBSTONES

Say = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What a purge was asked for."""

    person: str
    reason: str
    superseded: bool = False
    raw: Path | None = None
    """Folder whose raw files of months past their retention are deleted too."""


@dataclass
class Purged:
    """What was ended, or with ``dry_run`` would be."""

    dry_run: bool
    ended: list[Ended] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    raw_files: dict[Path, str] = field(default_factory=dict)
    bytes_before: int = 0
    bytes_after: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "dry_run": self.dry_run,
            "rows": sum(e.rows for e in self.ended),
            "ended": [
                {"table": e.table, "run_id": e.run_id, "rows": e.rows, "reason": e.reason, "basis": e.basis}
                for e in self.ended
            ],
            "files": [str(p) for p in self.files],
            "raw_files": {str(p): digest for p, digest in self.raw_files.items()},
            "database_bytes_before": self.bytes_before,
            "database_bytes_after": self.bytes_after,
        }  # fmt: skip


def purge(
    out: Path, rules: Path, asked: Asked, *, dry_run: bool = False, today: date | None = None, say: Say
) -> Purged:
    """End what is past its retention; leave a tombstone of each table's rows.

    Args:
        out: folder of the database.
        rules: rules folder, for ``retention.yaml``.
        asked: who asks, why, and for what beyond retention.
        dry_run: only say what would go.
        today: the day retention is counted from; the clock's by default.
        say: progress.

    Raises:
        InputError: no database, no name or no reason.
        Refused: something differs from what was written: ending it would hide that.
        StorageError: the database is held by somebody else, or cannot be encrypted here.
    """
    retention, day = read_retention(rules), today or datetime.now(UTC).date()
    _check(out, asked, dry_run=dry_run)
    if asked.raw is not None and not asked.raw.is_dir():
        raise InputError(
            Problem(str(asked.raw), "there is no such folder", todo="give that of the raw files with --raw")
        )
    purged = Purged(dry_run, bytes_before=(out / DATABASE).stat().st_size)
    if dry_run:
        with opened(out / DATABASE, read_only=True) as connection:
            _plan(connection, purged, out, retention, day, asked)
        purged.bytes_after = purged.bytes_before
        return purged
    check_key()
    sweep(out)
    say("verifying")
    verified = verify(out, say=lambda _: None)
    if not verified.same:
        raise Refused(
            *(Problem(f"{d.table} {d.run_id}".strip(), d.what) for d in verified.differences),
            Problem(str(out), "nothing was ended: what differs would be hidden", todo="see `tepat audit verify`"),
        )
    with writing_alone(out):
        with opened(out / DATABASE, read_only=False) as connection:
            prepare(connection)
            _plan(connection, purged, out, retention, day, asked)
            if purged.ended or purged.files or purged.raw_files:
                _end(Book(connection), purged, asked)
            finished = not purged.ended and is_current(connection, out)
        if not finished:
            say("writing the database anew, without what was ended")
            compact(out)
            refresh_copy(out)
        for path in (*purged.files, *purged.raw_files):
            path.unlink(missing_ok=True)
            _remove_empty(path.parent, {out, asked.raw})
    purged.bytes_after = (out / DATABASE).stat().st_size
    return purged


def _check(out: Path, asked: Asked, *, dry_run: bool) -> None:
    if not (out / DATABASE).exists():
        raise InputError(Problem(str(out), "nothing is published here", todo="give the folder with --out"))
    if not dry_run and not asked.person.strip():
        raise InputError(Problem("--as", "no name", "the name of the person who decides on it"))
    if not dry_run and not asked.reason.strip():
        raise InputError(Problem("--reason", "no reason", "why, in a few words: it stays in the access log"))


def _plan(
    connection: duckdb.DuckDBPyConnection, purged: Purged, out: Path, retention: Retention, day: date, asked: Asked
) -> None:
    purged.ended = plan(connection, retention, day, superseded=asked.superseded)
    purged.files = files_of(connection, out, retention, day, purged.ended)
    purged.raw_files = raw_files(asked.raw, retention, day) if asked.raw is not None else {}


def _end(book: Book, purged: Purged, asked: Asked) -> None:
    """The transaction."""
    moment = utc(datetime.now(UTC))
    with book.transaction():
        for each in purged.ended:
            rows = book.connection.execute(f"delete from audit.{each.table} where {each.where}").fetchall()[0][0]
            if rows != each.rows:
                raise StorageError(Problem(f"audit.{each.table}", f"{rows} rows instead of {each.rows} would go"))
            if each.table == CASES.name:
                continue  # they are the last word of their events, which have a tombstone
            tombstone = {
                "at": moment, "table_name": each.table, "run_id": each.run_id, "n_rows": each.rows,
                "digest": each.digest, "reason": each.reason, "basis": each.basis, "gaps": each.gaps,
            }  # fmt: skip
            book.add(TOMBSTONES, tombstone)
        for line in _log_lines(purged):
            book.log("purge", line, f"{asked.person.strip()}: {asked.reason.strip()}")


def _log_lines(purged: Purged) -> list[str]:
    rows: Counter[str] = Counter()
    for each in purged.ended:
        rows[each.run_id or "tables that live across runs"] += each.rows
    lines = [f"{what}: {n} rows" for what, n in rows.items()]
    if purged.files:
        lines.append(f"{len(purged.files)} files with the same rows")
    return lines + [f"raw file {p.parent.name}/{p.name} {digest}" for p, digest in purged.raw_files.items()]


def _remove_empty(folder: Path, kept: set[Path | None]) -> None:
    """Remove a folder in which nothing is left, and those above it that hold nothing else."""
    while folder not in kept and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
