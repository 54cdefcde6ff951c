"""`tepat worklist`: cases brought in line with the month, visits chosen, forms written.

Belongs here: the steps in order, and what may leave the machine. Not here: any step itself.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.cases.answers import apply_published
from pipeline.cases.book import CaseBook, case_book
from pipeline.cases.corrections import write_undecided
from pipeline.cases.field_rules import FieldRules, read_field_rules
from pipeline.cases.keeping import Kept, keep
from pipeline.cases.making import SYSTEM, Making
from pipeline.history import PublishedRun, published_run
from pipeline.look.numbers import language
from pipeline.look.words import texts
from pipeline.outgoing import lock_of, locked_pdf, locked_workbook
from pipeline.period import Period
from pipeline.regions import kecamatan_among
from pipeline.target.programs import load_rules
from pipeline.target.taxonomy import read_taxonomy
from pipeline.whole import replace_files, staged_folder
from pipeline.worklist.document import FIELD, Sheet
from pipeline.worklist.form import FormMaker
from pipeline.worklist.gathering import Gathering
from pipeline.worklist.offices import check_queue, office_sheets
from pipeline.worklist.page import html
from pipeline.worklist.workbook import workbook

Say = Callable[[str], None]
FOLDER: Final = "worklist"
WORDS: Final = Path(__file__).with_name("words.yaml")
_LOCKED: Final = "the files are locked with the passphrase: tell it by another way than you send them"


@dataclass(frozen=True)
class Worklists:
    """What came of it: the forms written, a line a TKSK, and what the month did to the cases."""

    period: str
    run_id: str
    folder: Path
    kept: Kept
    answers: dict[str, int]
    lists: list[dict[str, Any]]
    notices: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "period": self.period, "run_id": self.run_id, "folder": str(self.folder), "cases": self.kept.as_dict(),
            "answers": self.answers, "lists": self.lists, "notices": self.notices,
        }  # fmt: skip


def make_worklists(
    out: Path,
    period: Period,
    rules: Path,
    *,
    queue: str = FIELD,
    kecamatan: str | None = None,
    lang: str = "id",
    now: datetime | None = None,
    say: Say,
) -> Worklists:
    """Write the worklists of a month under ``<out>/<period>/worklist/``, those of an office in a folder in there.

    Answers that came in monthly folders are applied first, then the cases are brought in line with the newest
    published run of the month. What is on a list, and that it left the machine, is recorded before it is there to take.
    Cases that were answered and wait for a decision stand in ``<out>/outcomes/menunggu_keputusan``.

    Args:
        out: folder of the database.
        period: the month.
        rules: rules folder.
        queue: whose: the TKSK, or one of the offices that act without a visit.
        kecamatan: name or code of one kecamatan; all by default.
        lang: id or en.
        now: UTC; the clock by default.
        say: progress.

    Raises:
        InputError: the month is not published, a later one has been worked on, or no such kecamatan or queue.
        StorageError: the database is held by somebody else, or a key is set and no passphrase to lock the forms with.
    """
    check_queue(queue)
    words = texts(WORDS, language(lang))
    lock = lock_of("worklists")
    moment = (now or datetime.now(UTC)).replace(tzinfo=None)
    field, taxonomy = read_field_rules(rules), read_taxonomy(rules)
    programs = load_rules(rules, period.last_day)
    with case_book(out) as book:
        run = published_run(out, period, book.connection)
        code = None if kecamatan is None else _kecamatan(book, run, kecamatan)
        say("answers that came with the monthly files")
        answered = apply_published(book, field, moment)
        say("cases")
        kept = keep(book, run, field, taxonomy, moment)
        say("visits" if queue == FIELD else f"cases of {queue}")
        gathering = Gathering(book, run, field, taxonomy, programs, lang, moment.date())
        found = gathering.visits(code) if queue == FIELD else office_sheets(gathering, queue, words, code)
        folder = out / str(period) / FOLDER
        with staged_folder(folder) as staging:
            say(f"{len(found.sheets)} lists")
            lists = _write(found.sheets, words, lang, lock, staging)
            if queue != FIELD:
                folder /= queue
            _record(book, run, field, found.picked, lists, moment)
            replace_files(staging, folder, old=_forms_in(folder) if code is None else ())
        write_undecided(book, field, out, lock)
    notices = [*found.notices, *(() if lock is None else (_LOCKED,)), *answered.refused, *map(str, answered.remarks)]
    return Worklists(str(period), run.run_id, folder, kept, answered.counts(), lists, notices)


def _kecamatan(book: CaseBook, run: PublishedRun, said: str) -> str:
    """The code of a kecamatan that the month has findings in, or that has cases, by code or name."""
    codes = book.ask(
        """select kecamatan_code from audit.findings where run_id = $run and kecamatan_code is not null
           union select kecamatan_code from audit.cases where kecamatan_code is not null order by 1""",
        run=run.run_id,
    )
    return kecamatan_among(said, codes["kecamatan_code"].to_list())


def _write(
    sheets: list[Sheet], words: dict[str, Any], lang: str, lock: str | None, folder: Path
) -> list[dict[str, Any]]:
    """The forms of each TKSK or office, locked with the passphrase where there is one; an office gets workbooks."""
    forms = FormMaker()
    lists = []
    for sheet, name in zip(sheets, _names(sheets), strict=True):
        book = workbook(sheet, words)
        files = {f"{name}.xlsx": book if lock is None else locked_workbook(book, lock)}
        if sheet.queue == FIELD:
            paper = forms.pdf(sheet, words, lang)
            files[f"{name}.html"] = html(sheet, words, lang, name, lock).encode()
            files[f"{name}.pdf"] = paper if lock is None else locked_pdf(paper, lock)
        hashes = {}
        for file, content in files.items():
            (folder / file).write_bytes(content)
            hashes[file] = hashlib.sha256(content).hexdigest()
        lists.append(
            {
                "kecamatan_code": sheet.kecamatan_code, "kecamatan": sheet.kecamatan, "officer": sheet.officer,
                "kabupaten": sheet.kabupaten, "queue": sheet.queue, "visits": len(sheet.visits),
                "waiting": sheet.waiting, "files": hashes,
            }
        )  # fmt: skip
    return lists


def _names(sheets: list[Sheet]) -> list[str]:
    """Names of files: the place, and where several TKSK share it whose list it is."""
    shared = Counter(sheet.kecamatan_code for sheet in sheets)
    names: list[str] = []
    for sheet in sheets:
        place = sheet.kecamatan if sheet.queue == FIELD else f"{sheet.queue} {sheet.kabupaten}"
        whose = _plain(sheet.officer)[:40] if shared[sheet.kecamatan_code] > 1 else ""
        name = "_".join(filter(None, [sheet.kecamatan_code, _plain(place), whose]))
        again = sum(n == name or n.startswith(f"{name}-") for n in names)
        names.append(f"{name}-{again + 1}" if again else name)
    return names


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")


def _record(
    book: CaseBook,
    run: PublishedRun,
    rules: FieldRules,
    picked: pl.DataFrame,
    lists: list[dict[str, Any]],
    now: datetime,
) -> None:
    """Which cases were listed for the month, once, and that the lists left the machine."""
    making = Making(rules, {"period": str(run.period), "run_id": run.run_id, "actor": SYSTEM})
    fresh = picked.filter(pl.col("listed_period").ne_missing(str(run.period))).sort("case_id")
    making.add("listed", fresh, listed_period=str(run.period), explanation=pl.col("explanation"))
    with book.transaction():
        if fresh.height:
            book.write(making.rows(), now)
        for each in lists:
            told = ", ".join(f"{file} {digest[:16]}" for file, digest in each["files"].items())
            book.log("export", told, f"worklist {run.period} {each['queue']}, {each['visits']} cases")


def _forms_in(folder: Path) -> list[Path]:
    """Forms made before; what somebody else laid there stays."""
    return [path for path in folder.glob("*") if path.suffix in {".xlsx", ".html", ".pdf"}]
