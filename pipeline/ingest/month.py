"""The ingest stage: the files of a month to mentions, transactions, outcomes, quarantine and notices."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.history import PublishedRun
from pipeline.ingest.cards import Cards
from pipeline.ingest.clean import Cleaner
from pipeline.ingest.compare import Tally, previous_tally, refuse_too_little, report_vanished
from pipeline.ingest.contents import Contents, examine
from pipeline.ingest.folder import SOURCES, InputFile, entries_beside, input_files
from pipeline.ingest.heeded import refuse_unknown_columns, report_unheeded
from pipeline.ingest.intake import Intake
from pipeline.ingest.readers import sheets_of
from pipeline.ingest.repeats import Repeats
from pipeline.ingest.sheets import RawSheet
from pipeline.period import Period
from pipeline.store import Store
from pipeline.tables import MENTIONS, NOTICES, OUTCOMES, QUARANTINE, SOURCE_FILES, TRANSACTIONS

Say = Callable[[str], None]
_STREAMED: Final = (MENTIONS, TRANSACTIONS, OUTCOMES, QUARANTINE)
_SAY_EVERY: Final = 1.0  # seconds: six hundred workbooks are not six hundred lines of progress
_AHEAD: Final = 2  # workbooks opened while another is cleaned: calamine works without Python's lock


def ingest(
    raw: Path,
    store: Store,
    period: Period,
    rules: Path,
    *,
    previous: PublishedRun | None,
    accept_smaller: bool = False,
    say: Say,
) -> None:
    """Read all files of a month into the store.

    Args:
        raw: folder with the month's files.
        store: gets ``source_files``, ``mentions``, ``transactions``, ``outcomes``, ``quarantine``, ``notices``.
        period: the month.
        rules: folder of rules.
        previous: the run to compare with: far fewer rows stop the run.
        accept_smaller: go on although there are far fewer rows.
        say: takes progress messages.

    Raises:
        InputError: files that cannot be read or recognised, recipients of an unnamed program, one list twice, too
            little: all that is wrong.
        ConservationError: rows were lost or counted twice.
    """
    cards = Cards.load(rules)
    cleaner = Cleaner.load(rules, period)
    present, entries = input_files(raw), entries_beside(raw)
    refuse_unknown_columns(raw / SOURCES, entries, cards)
    files = [f for f in present if not f.ignored]
    if not files:
        raise InputError(Problem(str(raw), "sources.yaml leaves out every file", todo="take out a `kind: ignore`"))
    contents, problems = _examined(files)
    tally, repeats = Tally(), Repeats()
    with ExitStack() as stack:
        writers = {t.name: stack.enter_context(store.writer(t)) for t in _STREAMED}

        def sink(table: str, rows: pl.DataFrame) -> None:
            writers[table].append(rows)
            tally.count(table, rows)
            repeats.see(table, rows)

        intake = Intake(cards, cleaner, sink)
        intake.problems += problems
        said_at = -math.inf
        for n, (file, content, sheets) in enumerate(_opened(contents), 1):
            if time.monotonic() - said_at > _SAY_EVERY or n == len(contents):
                said_at = time.monotonic()
                say(f"[{n}/{len(contents)}] {file.name}")
            if isinstance(sheets, InputError):
                intake.problems += sheets.problems
            else:
                intake.take(file, content, sheets)
        if problems := [*intake.problems, *intake.without_program()]:
            raise InputError(*problems)
        intake.finish()
        if problems := repeats.problems():
            raise InputError(*problems)
        report_unheeded(entries, present, intake.records, intake.notices)
        if previous is not None:
            before = previous_tally(previous)
            if not accept_smaller:
                refuse_too_little(tally.frame(), before, str(previous.period))
            report_vanished(tally.frame(), before, intake.notices)
    records = pl.DataFrame([r.line() for r in intake.records], schema=SOURCE_FILES.schema)
    store.write(SOURCE_FILES, records)
    store.write(NOTICES, intake.notices.frame())


def _examined(files: list[InputFile]) -> tuple[list[tuple[InputFile, Contents]], list[Problem]]:
    """Hash and format of each file; what is wrong with some, the same content twice included."""
    contents: list[tuple[InputFile, Contents]] = []
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for file in files:
        try:
            content = examine(file.path)
        except InputError as error:
            problems += error.problems
            continue
        if (twin := seen.setdefault(content.sha256, file.name)) != file.name:
            problems.append(
                Problem(
                    file.name,
                    f"has the same content as {twin}",
                    "each list once",
                    "take one of the two out of the folder",
                )
            )
            continue
        contents.append((file, content))
    return contents, problems


def _opened(
    contents: list[tuple[InputFile, Contents]],
) -> Iterator[tuple[InputFile, Contents, list[RawSheet] | InputError]]:
    """Files in order with their sheets, a few opened ahead in other threads."""
    with ThreadPoolExecutor(_AHEAD) as pool:
        waiting: list[Future[list[RawSheet]]] = []
        rest = iter(contents)
        for file, content in contents:
            while len(waiting) < _AHEAD and (following := next(rest, None)) is not None:
                waiting.append(pool.submit(sheets_of, following[1]))
            try:
                yield file, content, waiting.pop(0).result()
            except InputError as error:
                yield file, content, error
