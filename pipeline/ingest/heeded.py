"""Whether what ``sources.yaml`` says can be heeded: entries for no file, sheets and headings nobody wrote.

Belongs here: comparing the entries with the files that are there. Not here: reading them (:mod:`.folder`).
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import InputError, Problem
from pipeline.ingest.books import Notices, SheetRecord
from pipeline.ingest.cards import Cards, heading_key
from pipeline.ingest.folder import IGNORE, InputFile, SourceEntry
from pipeline.rulebook import line_in

CODE = "sources_yaml"


def refuse_unknown_columns(path: Path, entries: Sequence[SourceEntry], cards: Cards) -> None:
    """A column under a name that no table has would be left out unseen.

    Raises:
        InputError: all such names, each with its line and the nearest one known.
    """
    known = sorted(cards.column_names | {"ignore"})
    problems = []
    for n, entry in enumerate(entries):
        for heading, column in entry.columns.items():
            if column not in known:
                near = difflib.get_close_matches(column, known, n=1)
                problems.append(
                    Problem(
                        f"{path}:{line_in(path, n, 'columns', heading)}",
                        f"heading {heading!r} is said to be {column!r}, which is no column",
                        "a column of docs/tables.md, or ignore",
                        f"did you mean {near[0]!r}?" if near else "",
                    )
                )
    if problems:
        raise InputError(*problems)


def report_unheeded(
    entries: Sequence[SourceEntry], files: Sequence[InputFile], records: Sequence[SheetRecord], notices: Notices
) -> None:
    """What is said of files, sheets and headings that are not there: mostly a slip of the pen."""
    for entry in entries:
        meant = {f.name for f in files if entry in f.entries}
        sheets = [r for r in records if r.source_file in meant and entry.speaks_of(r.sheet)]
        if not meant:
            notices.add(CODE, entry.file, f"sources.yaml speaks of {entry.file!r}, but no file has such a name")
        elif entry.sheet is not None and not sheets:
            message = f"sources.yaml speaks of sheet {entry.sheet!r} in {entry.file!r}, but there is none of that name"
            notices.add(CODE, entry.sheet, message)
        elif entry.kind != IGNORE:
            written = {heading_key(h) for r in sheets if r.reading for h in r.reading.headings.values()}
            for heading in entry.columns:
                if heading_key(heading) not in written:
                    message = f"sources.yaml speaks of heading {heading!r} in {entry.file!r}, but no list there has it"
                    notices.add(CODE, heading, message)
