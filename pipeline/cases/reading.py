"""Answers as they come back: a filled workbook, the file saved by the phone page, a typed list.

Belongs here: reading them with the readers of ingest, so that moved columns, other headings, title rows and any format
are no matter, and telling a row that was left blank from one that cannot be used. Not here: what an answer does
(:mod:`.answers`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.cases.refusing import Reasons, Refusal
from pipeline.errors import InputError, Problem
from pipeline.ingest.books import SheetRecord
from pipeline.ingest.cards import Cards
from pipeline.ingest.clean import Cleaner
from pipeline.ingest.contents import examine, opened
from pipeline.ingest.folder import InputFile, SourceEntry, named_file
from pipeline.ingest.intake import Intake
from pipeline.ingest.readers import sheets_of
from pipeline.ingest.sheets import RawSheet
from pipeline.period import Period
from pipeline.tables import OUTCOMES, QUARANTINE

KIND: Final = "outcomes"
_FILLED: Final = ("outcome", "visited_at", "note")
_TYPED: Final = (
    "a form filled with a pen",
    "a form on paper is typed in: open the workbook (XLSX) of the same worklist, look for each ID KASUS, fill HASIL, "
    "TANGGAL KUNJUNGAN and CATATAN there, and give that file",
)
_OTHER_FORMS: Final = {
    b"%PDF": _TYPED,
    b"\x89PNG": _TYPED,
    b"\xff\xd8\xff": _TYPED,
    b"<!doctype html": (
        "the page itself, which holds the questions and no answers",
        "ask the sender to press `Simpan hasil` in it and to send the file hasil_….csv that it saves",
    ),
}
"""What comes back instead of answers, by how it begins, and what to do about it."""


@dataclass(frozen=True)
class Returned:
    """What came back in files: rows of ``tables.OUTCOMES`` with ``day_written``, rows refused, and rows left blank."""

    rows: pl.DataFrame
    refused: list[Refusal]
    blank: int


def read_returned(paths: Sequence[Path], rules: Path, today: date, reasons: Reasons) -> Returned:
    """Read files that came back from the field; the same file given twice is read once.

    Raises:
        InputError: a file that is not there, cannot be read, or holds no answers: all such files at once.
    """
    cards, cleaner = Cards.load(rules), Cleaner.load(rules, Period(today.year, today.month))
    problems: list[Problem] = []
    taken: list[pl.DataFrame] = []
    refused: list[Refusal] = []
    blank, seen = 0, set[str]()
    for path in paths:
        if not path.is_file():
            problems.append(Problem(str(path), "there is no such file", "a file that came back: XLSX, CSV, ODS …"))
            continue
        if (form := _other_form(path)) is not None:
            problems.append(Problem(path.name, f"this is {form[0]}", "answers as XLSX, CSV, ODS …", form[1]))
            continue
        try:
            contents = examine(path)
            if contents.sha256 in seen:
                continue
            seen.add(contents.sha256)
            rows, bad = _read_one(path, cards, cleaner)
        except InputError as error:
            problems += error.problems
            continue
        taken.append(rows)
        for row in bad.iter_rows(named=True):
            why = _why_unusable(json.loads(row["raw"]), cards, reasons)
            if why:
                refused.append(reasons.refusal(row, why))
            else:
                blank += 1
    if problems:
        raise InputError(*problems)
    empty = OUTCOMES.empty().with_columns(day_written=pl.lit(None, pl.String))
    return Returned(pl.concat([empty, *taken]), refused, blank)


def _other_form(path: Path) -> tuple[str, str] | None:
    """What a file is where it cannot hold answers, and how they come back then."""
    with opened(path) as file:
        head = file.read(64).lower()
    return next((said for mark, said in _OTHER_FORMS.items() if head.startswith(mark.lower())), None)


def _read_one(path: Path, cards: Cards, cleaner: Cleaner) -> tuple[pl.DataFrame, pl.DataFrame]:
    kept: dict[str, list[pl.DataFrame]] = {}
    taken: dict[str, list[pl.DataFrame]] = {OUTCOMES.name: [], QUARANTINE.name: []}
    intake = Intake(cards, cleaner, lambda table, rows: taken[table].append(rows))
    contents = examine(path)
    intake.take(_as_outcomes(named_file(path)), contents, [_keeping(s, kept) for s in sheets_of(contents)])
    if intake.problems:
        raise InputError(*intake.problems)
    intake.finish()
    rows = OUTCOMES.conform(pl.concat([OUTCOMES.empty(), *taken[OUTCOMES.name]]))
    days = pl.concat([_days(r, kept[r.sheet]) for r in intake.records if r.kind == KIND])
    rows = rows.join(days, on=["sheet", "row_number"], how="left", maintain_order="left")
    return rows, QUARANTINE.conform(pl.concat([QUARANTINE.empty(), *taken[QUARANTINE.name]]))


def _as_outcomes(file: InputFile) -> InputFile:
    """The file with its kind said; what ``sources.yaml`` says of columns stays."""
    said = SourceEntry(file=file.path.name, kind=KIND)
    kept = tuple(e.model_copy(update={"kind": None}) for e in file.entries)
    return InputFile(file.path, file.path.name, (*kept, said))


def _keeping(sheet: RawSheet, kept: dict[str, list[pl.DataFrame]]) -> RawSheet:
    """The sheet, whose batches are also kept as they pass."""
    kept[sheet.name] = []

    def batches() -> Iterator[pl.DataFrame]:
        kept[sheet.name] = []
        for batch in sheet.batches():
            kept[sheet.name].append(batch)
            yield batch

    return RawSheet(sheet.name, batches, sheet.merges, sheet.hidden, sheet.header_in_file)


def _days(record: SheetRecord, batches: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The day of the visit as written: a day that cannot be read is not the same as none."""
    column = record.reading.columns.get("visited_at") if record.reading else None
    raw = pl.concat(batches, how="diagonal")
    written = pl.col(f"c{column}") if column is not None and f"c{column}" in raw.columns else pl.lit(None, pl.String)
    return raw.select(sheet=pl.lit(record.sheet), row_number="row_number", day_written=written.str.strip_chars())


def _why_unusable(raw: dict[str, str], cards: Cards, reasons: Reasons) -> str:
    """Why a row without a case or an answer cannot be used; empty where it was left blank."""
    names = {_folded(h): column for column, headings in _headings(cards).items() for h in headings}
    filled = {names.get(_folded(heading), heading) for heading, text in raw.items() if text.strip()}
    if "case_id" not in filled:
        return reasons.why("no_case") if filled & {*_FILLED} else ""
    given = [column for column in ("visited_at", "note") if column in filled]
    return reasons.why("no_outcome", filled=reasons.named(given)) if given else ""


def _headings(cards: Cards) -> dict[str, list[str]]:
    card = cards.kinds[KIND]
    return {column: [column, *headings] for column, headings in card.headings.items()}


def _folded(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum())
