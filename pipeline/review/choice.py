"""Which pairs are asked for: those that a month left open, those of an id, or those that a file names.

Belongs here: the question, and reading such a file. Not here: finding the pairs (:mod:`.pairs`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.ingest.contents import examine
from pipeline.ingest.readers import sheets_of
from pipeline.ingest.sheets import RawSheet

LEVELS: Final = ("person", "household")
_SIDES: Final = ("mention_id_a", "mention_id_b")


@dataclass(frozen=True)
class Choice:
    """Which pairs are asked for.

    Attributes:
        level: person or household.
        limit: so many pairs at most.
        about: only pairs of the rows of this person, household or mention.
        file: only the pairs that this file names, in its order: CSV or workbook with the columns ``mention_id_a`` and
            ``mention_id_b``, as ``tepat identity evaluate`` writes ``judge_next.csv``.
    """

    level: str = "person"
    limit: int | None = None
    about: str | None = None
    file: Path | None = None

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise InputError(Problem("--level", f"there is no level {self.level!r}", " or ".join(LEVELS)))
        if self.about is not None and self.file is not None:
            raise InputError(Problem("--pairs", "--about is given too", "one of the two"))


def pairs_in(file: Path) -> pl.DataFrame:
    """The pairs that a file names: mention_id_a < mention_id_b, each once, with ``place`` in the file.

    Raises:
        InputError: the file cannot be read, or no sheet of it has both columns.
    """
    if not file.is_file():
        raise InputError(Problem(str(file), "there is no such file", "judge_next.csv of `tepat identity evaluate`"))
    named = [pair for sheet in sheets_of(examine(file)) for pair in _pairs(sheet)]
    if not named:
        raise InputError(
            Problem(file.name, "names no pair of rows", f"a CSV with the columns {' and '.join(_SIDES)}",
                    "`tepat identity evaluate` writes one: judge_next.csv")
        )  # fmt: skip
    frame = pl.DataFrame([sorted(pair) for pair in named], schema=dict.fromkeys(_SIDES, pl.String), orient="row")
    return frame.unique(_SIDES, keep="first", maintain_order=True).with_row_index("place")


def _pairs(sheet: RawSheet) -> Iterator[tuple[str, str]]:
    """What stands under the two headings; nothing where a sheet has not both."""
    at: list[int] = []
    for _, cells in sheet.rows():
        if set(_SIDES) <= set(cells):
            at = [cells.index(side) for side in _SIDES]
        elif at and max(at) < len(cells) and all(cells[j] for j in at):
            yield cells[at[0]], cells[at[1]]
