"""`tepat outcomes`: files that came back, applied, and what follows from them written down.

Belongs here: the steps in order. Not here: any step itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.cases.answers import Applied, apply
from pipeline.cases.book import case_book
from pipeline.cases.corrections import FOLDER, proposals, write_list, write_undecided, written
from pipeline.cases.field_rules import read_field_rules
from pipeline.cases.reading import read_returned
from pipeline.cases.refusing import Reasons, Refusal
from pipeline.database import DATABASE
from pipeline.errors import InputError, Problem
from pipeline.outgoing import lock_of
from pipeline.publish.chain import actor

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcomes:
    """What became of files from the field: counts, refused rows, changes proposed, files written."""

    applied: Applied
    refusals: list[Refusal]
    blank: int
    changes: int
    files: list[Path]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        refused = [vars(r) for r in self.refusals]
        return {
            **self.applied.counts(), "refused": len(refused), "blank": self.blank, "changes_proposed": self.changes,
            "refusals": refused, "remarks": [vars(r) for r in self.applied.remarks],
            "files": [str(f) for f in self.files],
        }  # fmt: skip


def take_outcomes(
    paths: Sequence[Path],
    out: Path,
    rules: Path,
    *,
    reveal: str | None = None,
    lang: str = "id",
    now: datetime | None = None,
    say: Say,
) -> Outcomes:
    """Apply the answers in files, all of them or none, and write down what they propose.

    Writes ``<out>/outcomes/<id>/``: the changes proposed (XLSX and CSV) and the rows refused, each with its reason; and
    ``<out>/outcomes/menunggu_keputusan``: all cases that now wait for a decision, of this delivery or of others.

    Args:
        paths: filled workbooks, files saved by the phone page, typed lists.
        out: folder of the database.
        rules: rules folder.
        reveal: purpose for which the changes show numbers in full; it is logged.
        lang: language of the reasons, id or en.
        now: UTC; the clock by default.
        say: progress.

    Raises:
        InputError: a file cannot be read, or there are no cases yet.
        StorageError: the database is held by somebody else, or a key is set and no passphrase to lock the lists with.
    """
    if reveal is not None and not reveal.strip():
        raise InputError(Problem("--reveal", "no purpose is given", "why the numbers are needed, in a few words"))
    moment = (now or datetime.now(UTC)).replace(tzinfo=None)
    field, reasons = read_field_rules(rules), Reasons(lang)
    if not (out / DATABASE).exists():
        raise InputError(Problem(str(out), "there are no cases here", todo="run `tepat worklist` first, or give --out"))
    lock = lock_of("lists of changes")
    say(f"reading {len(paths)} files")
    returned = read_returned(paths, rules, field, moment.date(), reasons)
    with case_book(out) as book:
        if book.ask("select count(*) as n from audit.cases")["n"][0] == 0:
            raise InputError(Problem(str(out), "there are no cases yet", todo="run `tepat worklist --period …` first"))
        say(f"{returned.rows.height} answers")
        applied = apply(book, returned.rows, field, moment, reasons, keep_rows=True, actor=actor())
        refusals = [*returned.refused, *applied.refusals]
        told = applied.answers["case_id"].unique().to_list()
        lines = proposals(book, told, field, reveal=reveal is not None)
        folder = out / FOLDER / _name(applied.answers, refusals)
        if lines.height:
            with book.transaction():
                purpose = reveal.strip() if reveal is not None else f"{lines.height} changes proposed"
                book.log("reveal" if reveal is not None else "export", f"{FOLDER}/{folder.name}", purpose)
        files = write_list(written(lines), folder / "usulan_perubahan", lock)
        files += write_list(reasons.table(refusals), folder / "ditolak", lock)
        files += write_undecided(book, field, out, lock)
    return Outcomes(applied, refusals, returned.blank, lines.height, files)


def _name(answers: pl.DataFrame, refusals: list[Refusal]) -> str:
    """A folder's name from what was applied and refused: the same files give the same."""
    text = "\n".join([*answers["answer_id"].sort(), *(str(r) for r in refusals)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
