"""What single files are and how they would be read, for a person who wonders: ``tepat inspect``.

Belongs here: the answer in words and counts. The reading itself is that of the monthly run (:mod:`.intake`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.ingest.books import SheetRecord
from pipeline.ingest.cards import Cards
from pipeline.ingest.clean import Cleaner
from pipeline.ingest.contents import examine
from pipeline.ingest.folder import InputFile, files_in, named_file
from pipeline.ingest.intake import Intake
from pipeline.ingest.readers import sheets_of
from pipeline.ingest.titles import month_in
from pipeline.period import Period

_EXAMPLES: Final = 10


@dataclass(frozen=True)
class SheetLook:
    """One sheet as a person asks about it; ``problems`` say why its file cannot be used, empty if it can."""

    source_file: str
    sheet: str
    kind: str = ""
    program: str | None = None
    header_row: int | None = None
    columns: dict[str, str] = field(default_factory=dict)
    """Column → heading as written."""
    unknown_columns: tuple[str, ...] = ()
    rows_total: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_layout: int = 0
    quarantine_reasons: dict[str, int] = field(default_factory=dict)
    quarantine_examples: tuple[str, ...] = ()
    """First rows in quarantine: row number, reason, what is needed; no personal data."""
    notices: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return asdict(self)


def inspect(paths: Sequence[Path], rules: Path) -> list[SheetLook]:
    """Look at files, or at all files of folders, as the monthly run would; a ``sources.yaml`` beside them counts.

    Raises:
        InputError: a path does not exist.
    """
    missing = [p for p in paths if not p.exists()]
    if missing:
        raise InputError(*(Problem(str(p), "there is no such file") for p in missing))
    cards = Cards.load(rules)
    cleaners: dict[Period, Cleaner] = {}
    looks: list[SheetLook] = []
    for path in paths:
        for file in files_in(path) if path.is_dir() else [named_file(path)]:
            period = _period(file)
            cleaner = cleaners.setdefault(period, Cleaner.load(rules, period))
            looks += _look(file, cards, cleaner)
    return looks


def _period(file: InputFile) -> Period:
    """The month the file's name speaks of, else this month: dates after it are doubted."""
    text = month_in([file.path.stem.replace("_", " "), file.path.parent.name])
    today = date.today()
    return Period.parse(text) if text else Period(today.year, today.month)


def _look(file: InputFile, cards: Cards, cleaner: Cleaner) -> list[SheetLook]:
    if file.ignored:
        return [SheetLook(file.name, "", kind="ignore")]
    quarantine: list[pl.DataFrame] = []

    def sink(table: str, rows: pl.DataFrame) -> None:
        if table == "quarantine":
            quarantine.append(rows)

    intake = Intake(cards, cleaner, sink)
    try:
        contents = examine(file.path)
        intake.take(file, contents, sheets_of(contents))
        intake.finish()
    except InputError as error:
        intake.problems += error.problems
    problems = tuple(str(p) for p in (*intake.problems, *intake.without_program()))
    if not intake.records:
        return [SheetLook(file.name, "", problems=problems)]
    return [_sheet(record, intake, quarantine, problems if n == 0 else ()) for n, record in enumerate(intake.records)]


def _sheet(
    record: SheetRecord, intake: Intake, quarantine: Sequence[pl.DataFrame], problems: tuple[str, ...]
) -> SheetLook:
    reading = record.reading
    line = record.line()
    bad = pl.concat(quarantine).filter(pl.col("sheet") == record.sheet) if quarantine else None
    told = intake.notices.frame().filter(pl.col("sheet") == record.sheet)
    return SheetLook(
        record.source_file,
        record.sheet,
        record.kind,
        line["program"],
        line["header_row"],
        reading.written_headings if reading else {},
        reading.unknown if reading else (),
        record.total,
        record.accepted,
        record.quarantined,
        record.layout,
        dict(bad["reason"].value_counts().sort("reason").iter_rows()) if bad is not None else {},
        tuple(f"row {n}: {reason}: {detail}" for n, reason, detail in _first(bad)),
        tuple(f"{code}: {message}" for code, message in told.select("code", "message").iter_rows()),
        problems,
    )


def _first(bad: pl.DataFrame | None) -> list[tuple[Any, ...]]:
    return [] if bad is None else bad.select("row_number", "reason", "detail").head(_EXAMPLES).rows()
