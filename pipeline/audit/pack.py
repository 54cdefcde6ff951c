"""`tepat audit pack`: what an auditor takes along, in one folder, each file with its hash.

Belongs here: writing the folder, whole or not at all, and its line in the access log. Not here: what stands in the
tables (:mod:`pipeline.audit.evidence`), which tests there are (``rules/audit.yaml``).
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl
import xlsxwriter

from pipeline.audit.evidence import WITH_PERSONS, Chosen, tables_of
from pipeline.audit.named_tests import read_audit_rules
from pipeline.audit.report import Verified
from pipeline.audit.verify import verify
from pipeline.audit.witnesses import FOLDER, MANIFEST
from pipeline.cases.corrections import harmless
from pipeline.database import DATABASE, opened
from pipeline.errors import InputError, Problem
from pipeline.history import published_run
from pipeline.look.numbers import Language, Numbers
from pipeline.look.words import texts
from pipeline.outgoing import lock_of, locked_workbook
from pipeline.period import Period
from pipeline.publish.chain import actor, record_access
from pipeline.whole import replace_folder, staged_folder

Say = Callable[[str], None]
VERIFICATION: Final = "verification.json"
README: Final = {"id": "BACA_DULU.txt", "en": "README.txt"}
WORDS: Final = Path(__file__).with_name("words.yaml")
_DIGITS: Final = 9


@dataclass(frozen=True)
class Pack:
    """The folder that was written."""

    period: str
    run_id: str
    folder: Path
    files: dict[str, str]
    verified: Verified
    locked: bool

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "period": self.period, "run_id": self.run_id, "folder": str(self.folder), "files": self.files,
            "locked": self.locked, "verification": self.verified.as_dict(),
        }  # fmt: skip


def make_pack(
    out: Path,
    period: Period,
    rules: Path,
    *,
    to: Path | None = None,
    seed: int = 1,
    raw: Path | None = None,
    lang: Language = "id",
    say: Say,
) -> Pack:
    """Write the auditor's folder of the newest run of a month.

    Args:
        out: folder of the database.
        period: the month.
        rules: rules folder, for ``audit.yaml``.
        to: where to; ``<out>/<period>/audit`` where left out. A folder made before is replaced.
        seed: which samples are drawn; the same gives the same.
        raw: folder of the months' raw files, to be compared with what was read.
        lang: language of what is read.
        say: progress.

    Raises:
        InputError: the month is not published, or ``to`` holds something else.
        StorageError: the database is held by somebody else; or a key is set and no passphrase: nothing is written.
    """
    lock = lock_of("the tables of an audit folder")
    run, card = published_run(out, period), read_audit_rules(rules)
    folder = to or out / str(period) / FOLDER
    _refuse_other(folder)
    say("verifying")
    verified = verify(out, period=period, raw=raw, say=lambda _: None)
    say("tables")
    with opened(out / DATABASE, read_only=True) as connection:
        tables = tables_of(connection, Chosen(run.run_id, str(period), seed, lang), card)
    words = texts(WORDS, lang)
    with staged_folder(folder) as staging:
        files = _files(tables, words, period, lock)
        row = tables["runs"].filter(pl.col("run_id") == run.run_id).row(0, named=True)
        facts = {**row, "head": verified.head, "seed": seed, "sample": card.sample, "actor": actor()}
        files[README[lang]] = _readme(words, lang, facts, verified, tables, lock).encode()
        files[VERIFICATION] = _json(verified.as_dict())
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
        files[MANIFEST] = _json(
            {
                "period": str(period), "run_id": run.run_id, "run_hash": row["run_hash"], "head": verified.head,
                "made_at": datetime.now(UTC).isoformat(timespec="seconds"), "seed": seed, "sha256": hashes,
            }
        )  # fmt: skip
        for name, content in files.items():
            path = staging / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        digest = hashlib.sha256(files[MANIFEST]).hexdigest()
        record_access(out, "export", f"audit folder of {run.run_id}: {MANIFEST} {digest[:16]}", f"audit of {period}")
        replace_folder(staging, folder)
    return Pack(str(period), run.run_id, folder, hashes, verified, lock is not None)


def _refuse_other(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(Problem(str(folder), "is a file, not a folder", todo="give another one with --to"))
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        raise InputError(
            Problem(str(folder), "holds other files", "an empty folder, or an audit folder made before",
                    "give another one with --to")
        )  # fmt: skip


def _files(
    tables: Mapping[str, pl.DataFrame], words: dict[str, Any], period: Period, lock: str | None
) -> dict[str, bytes]:
    """Every table as CSV, but locked ones; and all of them in one workbook."""
    shown = {
        words["files"][name]: _shown(frame).rename(words["headings"], strict=False) for name, frame in tables.items()
    }
    locked = {words["files"][name] for name in WITH_PERSONS} if lock is not None else set()
    files = {
        f"csv/{name}.csv": ("\ufeff" + frame.write_csv(separator=";")).encode()
        for name, frame in shown.items()
        if name not in locked
    }
    book = _workbook(shown, period)
    files[_workbook_name(period)] = book if lock is None else locked_workbook(book, lock)
    return files


def _workbook_name(period: Period) -> str:
    return f"audit_{period}.xlsx"


def _shown(frame: pl.DataFrame) -> pl.DataFrame:
    """As spreadsheets take it: no formulas, moments as text, shares rounded so that none looks like a number."""
    return harmless(
        frame.with_columns(
            pl.col(pl.Datetime).dt.strftime("%Y-%m-%d %H:%M:%S%.6f"),
            pl.col(pl.Date).dt.strftime("%Y-%m-%d"),
            pl.col(pl.Float64).round(_DIGITS),
        )
    )


def _workbook(tables: Mapping[str, pl.DataFrame], period: Period) -> bytes:
    buffer = io.BytesIO()
    book: Any = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"created": datetime(period.year, period.month, 1, tzinfo=UTC)})
    for name, frame in tables.items():
        frame.write_excel(book, worksheet=name[:31], freeze_panes=(1, 0), autofit=True, table_style=None)
    book.close()
    return buffer.getvalue()


def _readme(
    words: dict[str, Any], lang: Language, facts: Mapping[str, Any], verified: Verified,
    tables: Mapping[str, pl.DataFrame], lock: str | None,
) -> str:  # fmt: skip
    numbers, period = Numbers(lang), Period.parse(facts["period"])
    result = words["same"] if verified.same else words["differs"].format(n=len(verified.differences))
    lines = []
    for name, frame in tables.items():
        persons = f" ({words['with_persons']})" if name in WITH_PERSONS else ""
        lines.append(f"- {words['files'][name]} [{numbers.count(frame.height)}]: {words['about'][name]}{persons}")
    return str(words["readme"]).format(
        **facts, title=words["title"], month=numbers.month(str(period)), finished=facts["finished_at"],
        head_short=facts["head"][:16], verified="; ".join([result, *verified.not_checked]),
        workbook=_workbook_name(period), contents="\n".join(lines), sources=words["files"]["sources"],
        locked=words["locked"] if lock is not None else "",
    )  # fmt: skip


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True).encode()
