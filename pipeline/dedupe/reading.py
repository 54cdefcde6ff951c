"""One or two files as one table of text.

Belongs here: sheets, header rows, headings, and where each row stands. Not here: what a column means (:mod:`.columns`).
The readers are those of the monthly run; a row is never dropped for what is in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.ingest.contents import Contents, Format, examine
from pipeline.ingest.readers import sheets_of
from pipeline.ingest.sheets import RawSheet

PLACE: Final = ("file_index", "source_file", "sheet", "row_number")
_HEADER_WITHIN: Final = 30
_LONG: Final = 50_000
_FEW_OF_ALL: Final = 0.5
_OF_A_HEADER: Final = 0.5
_KINDS_OF_FILE: Final = {
    Format.TEXT: ("a text file", (".csv", ".tsv", ".txt")),
    Format.JSON_LINES: ("a file of JSON lines", (".jsonl", ".ndjson", ".json")),
    Format.PARQUET: ("a Parquet file", (".parquet", ".pq")),
    Format.WORKBOOK: ("a workbook", (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")),
}
"""What a file is called, and how the names of such files end."""
_PLAIN_LETTERS: Final = str.maketrans({"Đ": "D", "Ł": "L", "Ø": "O", "ı": "I", "ـ": None})


def plain(heading: str) -> str:
    """A heading without what does not matter: case, accents, blanks and signs; ``dateOfBirth`` is ``DATE OF BIRTH``."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[a-z]{2})(?=[A-Z]{2})", " ", heading)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).upper()
    text = re.sub(r"(?<=[^\W\d_])['’`ʼ](?=[^\W\d_])", "", text).translate(_PLAIN_LETTERS)
    text = re.sub(r"(?<=[^\W\d_])(?=\d)", " ", text)
    return re.sub(r"[\W_]+", " ", text).strip()


@dataclass(frozen=True)
class Lists:
    """Rows of all files, in order.

    Attributes:
        rows: columns of PLACE (``file_index`` 1 or 2), then ``c0``, ``c1``, … as text, or as categories where the texts
            of a long list come again and again.
        headings: heading of each of those columns as first written.
        sha256: hash of each file.
        sheets: whether a file has several sheets with rows.
        notices: what to tell about the files.
    """

    rows: pl.DataFrame
    headings: tuple[str, ...]
    sha256: tuple[str, ...]
    sheets: bool
    notices: tuple[str, ...] = ()

    @property
    def files(self) -> int:
        """Number of files."""
        return len(self.sha256)

    def without_values(self, but: str | None) -> Lists:
        """Where the rows stand, and of what is written there one column at most."""
        kept = [] if but is None else [c for c in (self.column(but),) if c is not None]
        return replace(self, rows=self.rows.select(*PLACE, *kept))

    def column(self, heading: str) -> str | None:
        """The column that somebody means by ``heading``, null if there is none."""
        exact = [f"c{i}" for i, h in enumerate(self.headings) if h == heading]
        alike = [f"c{i}" for i, h in enumerate(self.headings) if plain(h) == plain(heading)]
        return next(iter(exact + alike), None)


def read_lists(paths: Sequence[Path], known: Callable[[str], bool]) -> Lists:
    """Read one or two lists.

    Args:
        paths: files.
        known: whether a heading has a meaning; the header row is the one with most of those.

    Raises:
        InputError: a file does not exist, cannot be read or holds no list.
    """
    missing = [p for p in paths if not p.is_file()]
    if missing:
        raise InputError(*(Problem(str(p), "there is no such file", "a CSV, XLSX or Parquet file") for p in missing))
    headings: dict[str, str] = {}
    frames, hashes, sheets = [], [], 0
    notices: list[str] = []
    for n, path in enumerate(paths, 1):
        contents = examine(path)
        hashes.append(contents.sha256)
        here = [_sheet(sheet, n, path, headings, known) for sheet in sheets_of(contents)]
        full = [frame for frame in here if frame is not None and frame.height]
        if (other := _other_than_its_name(contents)) is not None:
            notices.append(f"{path.name} is {other}, whatever its name says")
        if not full:
            found = "holds no list" if other is None else f"is {other}, whatever its name says, and holds no list"
            expected = "a row of headings and rows of persons below it"
            raise InputError(Problem(path.name, found, expected, "see what is in it, and ask for the list itself"))
        sheets = max(sheets, len(full))
        frames += full
    columns = list(headings)
    rows = pl.concat(frames, how="diagonal_relaxed").select(
        *PLACE, *(pl.col(f"h:{key}").alias(f"c{i}") for i, key in enumerate(columns))
    )
    return Lists(rows, tuple(headings.values()), tuple(hashes), sheets > 1, tuple(notices))


def _other_than_its_name(contents: Contents) -> str | None:
    """What a file is, if its name ends as that of another kind of file does."""
    is_a, ends = _KINDS_OF_FILE[contents.format]
    others = {end for _, of in _KINDS_OF_FILE.values() for end in of} - set(ends)
    return is_a if contents.path.suffix.lower() in others else None


def _sheet(
    sheet: RawSheet, number: int, path: Path, headings: dict[str, str], known: Callable[[str], bool]
) -> pl.DataFrame | None:
    """Rows below the header of a sheet, one column ``h:<heading>`` each; None where nothing is written."""
    header: dict[str, str] | None = None
    made: list[pl.DataFrame] = []
    repeated: list[str] = []
    for batch in sheet.batches():
        rows = batch
        if header is None:
            at = _header_row(batch, known)
            if at is None:
                continue
            header = _names(batch, at, headings)
            rows = batch.slice(at + 1)
        for extra in (c for c in rows.columns if c.startswith("c") and c not in header):
            header[extra] = _key(f"column {int(extra[1:]) + 1}", set(header.values()), headings)
        texts = rows.select(
            pl.lit(number, pl.Int32).alias("file_index"),
            pl.lit(path.name).cast(pl.Categorical).alias("source_file"),
            pl.lit(sheet.name).cast(pl.Categorical).alias("sheet"),
            "row_number",
            *(pl.col(c).alias(f"h:{key}") for c, key in header.items() if c in rows.columns),
        )
        repeated = repeated if made else _repeated(texts)
        made.append(texts.with_columns(pl.col(c).cast(pl.Categorical) for c in repeated if c in texts.columns))
    return pl.concat(made, how="diagonal") if made else None


def _repeated(rows: pl.DataFrame) -> list[str]:
    """Columns of a long list of which each text is kept once: those in which most of them come again."""
    if rows.height < _LONG:
        return []
    return [c for c in rows.columns if c.startswith("h:") and rows[c].n_unique() <= _FEW_OF_ALL * rows.height]


def _header_row(batch: pl.DataFrame, known: Callable[[str], bool]) -> int | None:
    """Position of the header: the row with most known headings, else the first as wide as the list."""
    head = batch.select(pl.col("^c\\d+$")).head(_HEADER_WITHIN)
    if not head.height:
        return None
    rows = [[v for v in row if v is not None] for row in head.iter_rows()]
    scores = [sum(known(v) for v in row if not re.search(r"\d{2}", v)) for row in rows]
    widest = max(len(row) for row in rows)
    best = max(scores)
    at = scores.index(best)
    # a person may be called Ward and live in a street: of a header more than that is known
    if (best >= 2 and best >= _OF_A_HEADER * len(rows[at])) or (best == 1 and widest == 1):
        return at
    return next(i for i, row in enumerate(rows) if len(row) >= max(1, 0.8 * widest))


def _names(batch: pl.DataFrame, at: int, headings: dict[str, str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for column in (c for c in batch.columns if re.fullmatch(r"c\d+", c)):
        written = batch[column][at]
        text = f"column {int(column[1:]) + 1}" if written is None else str(written).strip()
        names[column] = _key(text, set(names.values()), headings)
    return names


def _key(text: str, taken: set[str], headings: dict[str, str]) -> str:
    """The key of a heading: the same for the same heading in every sheet and file; numbered where one sheet has two."""
    key = base = plain(text) or text
    n = 1
    while key in taken:
        n += 1
        key = f"{base} {n}"
    headings.setdefault(key, text if n == 1 else f"{text} {n}")
    return key
