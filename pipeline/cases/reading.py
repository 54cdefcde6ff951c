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

from pipeline.cases.breaking import broken_off
from pipeline.cases.field_rules import FieldRules
from pipeline.cases.refusing import Reasons, Refusal
from pipeline.cases.wording import Wording
from pipeline.errors import InputError, Problem
from pipeline.ingest.books import SheetRecord
from pipeline.ingest.cards import Cards
from pipeline.ingest.clean import Cleaner
from pipeline.ingest.contents import Contents, examine, opened
from pipeline.ingest.folder import InputFile, SourceEntry, named_file
from pipeline.ingest.intake import Intake
from pipeline.ingest.readers import sheets_of
from pipeline.ingest.sheets import RawSheet
from pipeline.period import Period
from pipeline.tables import OUTCOMES, QUARANTINE

KIND: Final = "outcomes"
ANSWER: Final = "outcome"
_FILLED: Final = (ANSWER, "visited_at", "note")
_TYPED: Final = (
    "a form filled with a pen",
    "a form on paper is typed in: open the workbook (XLSX) of the same worklist, look for each ID KASUS, fill HASIL, "
    "TANGGAL KUNJUNGAN and CATATAN there, and give that file",
)
_GUARD: Final = r"^'\s*"
"""The apostrophe before a text: put there by the phone page where a spreadsheet would run it, or by a spreadsheet."""
_OTHER_FORMS: Final = {
    b"%PDF": _TYPED,
    b"\x89PNG": _TYPED,
    b"\xff\xd8\xff": _TYPED,
    b"<!doctype html": (
        "a page of the browser, which is not read back",
        "of the page for the phone: ask the sender to press `Simpan hasil` in it and to send the file hasil_….csv that "
        "it saves; of a list that was saved as a page: save it as XLSX",
    ),
}
"""What comes back instead of answers, by how it begins, and what to do about it."""


@dataclass(frozen=True)
class Returned:
    """What came back in files: rows of ``tables.OUTCOMES`` with ``day_written``, rows refused, and rows left blank."""

    rows: pl.DataFrame
    refused: list[Refusal]
    blank: int


def read_returned(
    paths: Sequence[Path], rules: Path, field: FieldRules, today: date, reasons: Reasons
) -> Returned:  # fmt: skip
    """Read files that came back from the field; the same file given twice is read once.

    Args:
        paths: the files.
        rules: rules folder.
        field: what answers mean.
        today: no visit is later.
        reasons: words for what is refused.

    Raises:
        InputError: a file that is not there, cannot be read, or holds no answers: all such files at once.
    """
    cards, cleaner = Cards.load(rules), Cleaner.load(rules, Period(today.year, today.month))
    reader = _Reader(cards, cleaner, Wording(field), reasons)
    problems: list[Problem] = []
    taken: list[Returned] = []
    seen: set[str] = set()
    for path in paths:
        if not path.is_file():
            problems.append(Problem(str(path), "there is no such file", "a file that came back: XLSX, CSV, ODS …"))
            continue
        if (form := _other_form(path)) is not None:
            problems.append(Problem(path.name, f"this is {form[0]}", "answers as XLSX, CSV, ODS …", form[1]))
            continue
        try:
            contents = examine(path)
            if contents.sha256 not in seen:
                taken.append(reader.read(contents))
            seen.add(contents.sha256)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    empty = OUTCOMES.empty().with_columns(day_written=pl.lit(None, pl.String))
    return Returned(
        pl.concat([empty, *(each.rows for each in taken)]),
        [refusal for each in taken for refusal in each.refused],
        sum(each.blank for each in taken),
    )


def _other_form(path: Path) -> tuple[str, str] | None:
    """What a file is where it cannot hold answers, and how they come back then."""
    with opened(path) as file:
        head = file.read(64).lower()
    return next((said for mark, said in _OTHER_FORMS.items() if head.startswith(mark.lower())), None)


@dataclass(frozen=True)
class _Reader:
    """Reads one file after another."""

    cards: Cards
    cleaner: Cleaner
    wording: Wording
    reasons: Reasons

    def read(self, contents: Contents) -> Returned:
        """What came back in a file.

        Raises:
            InputError: it cannot be read, or there is no row in it.
        """
        kept: dict[str, list[pl.DataFrame]] = {}
        taken: dict[str, list[pl.DataFrame]] = {OUTCOMES.name: [], QUARANTINE.name: []}
        intake = Intake(self.cards, self.cleaner, lambda table, rows: taken[table].append(rows))
        file = _as_outcomes(named_file(contents.path))
        intake.take(file, contents, [_keeping(s, kept) for s in sheets_of(contents)])
        lists = [r for r in intake.records if r.kind == KIND and r.reading is not None]
        if any(r.total for r in intake.records) and not lists:
            raise InputError(_no_headings(file.name))
        if intake.problems:
            raise InputError(*intake.problems)
        intake.finish()
        if not any(r.accepted + r.quarantined for r in lists):
            raise InputError(_no_row(file.name))
        rows = OUTCOMES.conform(pl.concat([OUTCOMES.empty(), *taken[OUTCOMES.name]]))
        written = pl.concat([_written(r, kept[r.sheet]) for r in lists])
        rows = rows.join(written, on=["sheet", "row_number"], how="left", maintain_order="left")
        rows = rows.with_columns(pl.coalesce("all_outcomes", "outcome").alias("outcome")).drop("all_outcomes")
        rows = rows.with_columns(pl.col("outcome", "note", "officer").str.replace(_GUARD, ""))
        bad = QUARANTINE.conform(pl.concat([QUARANTINE.empty(), *taken[QUARANTINE.name]]))
        return self._told(rows, bad, file.name, self._broken_off(contents, lists))

    def _broken_off(self, contents: Contents, lists: Sequence[SheetRecord]) -> int | None:
        """Row number of a last line that is not whole; text files, which can have one, are one sheet."""
        reading = lists[-1].reading
        return None if reading is None else broken_off(contents, reading, self.wording)

    def _told(self, rows: pl.DataFrame, bad: pl.DataFrame, name: str, broken: int | None) -> Returned:
        """The rows that can be used, and the others as refused or left blank."""
        refused: list[Refusal] = []
        blank = 0
        if broken is not None:
            whole = pl.col("row_number") != broken
            rows, bad = rows.filter(whole), bad.filter(whole)
            where = {"source_file": name, "sheet": "", "row_number": broken}
            refused.append(self.reasons.refusal(where, self.reasons.why("broken_off")))
        for row in bad.iter_rows(named=True):
            why = _why_unusable(json.loads(row["raw"]), self.cards, self.reasons)
            if why:
                refused.append(self.reasons.refusal(row, why))
            else:
                blank += 1
        return Returned(rows, refused, blank)


def _no_headings(name: str) -> Problem:
    return Problem(
        name, "no row of it holds the headings of a list that came back", "ID KASUS and HASIL above the answers",
        "put the row of headings back as it stands on the worklist, or ask for the list once more",
    )  # fmt: skip


def _no_row(name: str) -> Problem:
    return Problem(
        name, "there is no row of answers in it: it is empty, or broke off on its way", "a row for each case",
        "ask the sender to save the list and to send it once more",
    )  # fmt: skip


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


def _written(record: SheetRecord, batches: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """What cleaning leaves out, by ``sheet`` and ``row_number``: ``day_written``, because a day that cannot be read is
    not the same as none, and ``all_outcomes``: the answers of a row with several columns for them, if they differ."""
    reading = record.reading
    assert reading is not None  # noqa: S101 - of lists only
    raw = pl.concat(batches, how="diagonal")
    names = {_folded(h) for h in (ANSWER, *reading.card.headings[ANSWER])}
    cells = [pl.col(f"c{j}").str.strip_chars() for j, h in reading.headings.items() if _folded(h) in names]
    said = pl.concat_list(cells).list.drop_nulls().list.unique(maintain_order=True) if cells[1:] else pl.lit([""])
    day = f"c{reading.columns.get('visited_at')}"
    return raw.select(
        "row_number",
        sheet=pl.lit(record.sheet),
        day_written=pl.col(day).str.strip_chars() if day in raw.columns else pl.lit(None, pl.String),
        all_outcomes=pl.when(said.list.len() > 1).then(said.list.join(" / ")),
    )


def _why_unusable(raw: dict[str, str], cards: Cards, reasons: Reasons) -> str:
    """Why a row without a case or an answer cannot be used; empty where it was left blank."""
    names = {_folded(h): column for column, headings in _headings(cards).items() for h in headings}
    filled = {names.get(_folded(heading), heading) for heading, text in raw.items() if text.strip()}
    if "case_id" not in filled:
        return reasons.why("no_case") if filled & {*_FILLED} else ""
    if ANSWER in filled:  # a sign or a word that says neither yes nor no
        return reasons.why("no_word")
    given = [column for column in ("visited_at", "note") if column in filled]
    return reasons.why("no_outcome", filled=reasons.named(given)) if given else ""


def _headings(cards: Cards) -> dict[str, list[str]]:
    card = cards.kinds[KIND]
    return {column: [column, *headings] for column, headings in card.headings.items()}


def _folded(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum())
