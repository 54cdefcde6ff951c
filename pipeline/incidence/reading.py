"""The columns of one file by their headings, in any format the project reads.

Plain UTF-8 CSV with its header in the first row, and Parquet, are read by polars whole columns at a time; everything
else goes through the readers of :mod:`pipeline.ingest`, which also find a header below a title.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.incidence.numbers import ENOUGH, type_of
from pipeline.ingest.contents import Contents, Format, examine, glance
from pipeline.ingest.readers import sheets_of
from pipeline.ingest.sheets import Cell, RawSheet, width
from pipeline.ingest.text import separator_of

_HEADER_WITHIN = 50  # rows
_REPEATED = "_duplicated_0"  # what polars adds to the heading of a second column
ROW = "row_number"


def read_columns(
    path: Path, headings: Sequence[str], amounts: Collection[str] = (), groups: Collection[str] = ()
) -> pl.DataFrame:
    """The columns of these headings, named as asked for, and ``row_number`` as a person sees it.

    Number cells arrive as numbers, everything else as text. Of a text file, in less time and memory, ``amounts``
    arrive as numbers where it leaves no doubt, and ``groups``, whose values come again and again, as categories.

    Raises:
        InputError: the file cannot be read, is empty, or has no such column (the nearest heading is named).
    """
    frame = _whole_columns(glance(path), headings, amounts, groups)
    if frame is None:
        frame = _by_sheets(examine(path), headings)
    # a line of separators, as spreadsheets leave them below a list, is no unit
    frame = frame.filter(~pl.all_horizontal(pl.col(*dict.fromkeys(headings)).is_null()))
    if not frame.height:
        raise InputError(Problem(path.name, "a header without rows below it", "one row for each unit"))
    return frame


def _fold(heading: object) -> str:
    return " ".join(str(heading).split()).casefold()


def _matching(found: Sequence[str | None], heading: str) -> list[int]:
    """Where a heading stands; an exact match goes before one in other letters."""
    exact = [i for i, h in enumerate(found) if h == heading]
    return exact or [i for i, h in enumerate(found) if h is not None and _fold(h) == _fold(heading)]


def _places(found: Sequence[str | None], wanted: Sequence[str]) -> dict[str, int]:
    """Where each wanted heading stands first."""
    return {heading: places[0] for heading in wanted if (places := _matching(found, heading))}


def _refuse_several(where: str, found: Sequence[str | None], wanted: Sequence[str]) -> None:
    """Refuse a heading that stands over several columns: which of them is meant nobody can tell."""
    problems = []
    for heading in dict.fromkeys(wanted):
        places = _matching(found, heading)
        if len(places) > 1:
            columns = ", ".join(f"{found[i]!r} in column {i + 1}" for i in places)
            said = f"{heading!r} may be any of {len(places)} columns: {columns}"
            problems.append(Problem(where, said, "one column", "rename those that are not meant"))
    if problems:
        raise InputError(*problems)


def _whole_columns(
    contents: Contents, headings: Sequence[str], amounts: Collection[str], groups: Collection[str]
) -> pl.DataFrame | None:
    """The fast way, for files that allow it; None for all others: the project's readers are more patient."""
    is_text = contents.format is Format.TEXT and contents.encoding in ("utf-8", "utf-8-sig")
    if not is_text and contents.format is not Format.PARQUET:
        return None
    try:
        lazy = _text(contents) if is_text else pl.scan_parquet(contents.path)
        names = lazy.collect_schema().names()
        places = _places(names, headings)
        if len(places) < len(set(headings)):
            return None
        if is_text and any(f"{names[place]}{_REPEATED}" in names for place in places.values()):
            return None
        _refuse_several(contents.path.name, names, headings)
        columns = [pl.col(names[place]).alias(heading) for heading, place in places.items()]
        frame = None
        if is_text and (types := _types(lazy.select(columns), amounts, groups)):
            with contextlib.suppress(pl.exceptions.PolarsError):  # a cell further down is not as the first ones are
                typed = {names[places[heading]]: dtype for heading, dtype in types.items()}
                frame = _text(contents, typed).select(columns).collect()
        if frame is None:
            frame = lazy.select(columns).collect()
    except (pl.exceptions.PolarsError, OSError):
        return None
    return frame.with_row_index(ROW, offset=2)


def _text(contents: Contents, types: Mapping[str, pl.DataType] | None = None) -> pl.LazyFrame:
    return pl.scan_csv(
        contents.path, separator=separator_of(contents), infer_schema=False, schema_overrides=dict(types or {})
    )


def _types(lazy: pl.LazyFrame, amounts: Collection[str], groups: Collection[str]) -> dict[str, pl.DataType]:
    """Types by heading, of those that are not to be read as text."""
    first = lazy.head(ENOUGH).collect()
    found = {column.name: type_of(column) for column in first if column.name in amounts}
    found |= {column.name: pl.Categorical() for column in first if column.name in groups}
    return {heading: dtype for heading, dtype in found.items() if dtype != pl.String()}


def _by_sheets(contents: Contents, headings: Sequence[str]) -> pl.DataFrame:
    seen: list[str] = []
    for sheet in sheets_of(contents):
        frame = _from_sheet(contents.path.name, sheet, headings, seen)
        if frame is not None:
            return frame
    raise InputError(*_unknown(contents.path.name, headings, seen))


def _from_sheet(file: str, sheet: RawSheet, headings: Sequence[str], seen: list[str]) -> pl.DataFrame | None:
    """The rows below the header that has all headings; None, and the most likely header in ``seen``, without one."""
    parts: list[pl.DataFrame] = []
    places: dict[str, int] | None = None
    for batch in sheet.batches():
        rows = batch
        if places is None:
            for i, row in enumerate(batch.head(_HEADER_WITHIN).iter_rows(named=True)):
                cells = [row[f"c{j}"] for j in range(width(batch))]
                found = _places(cells, headings)
                if len(found) == len(set(headings)):
                    where = ", ".join(filter(None, (file, sheet.name, f"row {row[ROW]}")))
                    _refuse_several(where, cells, headings)
                    places, rows = found, batch.slice(i + 1)
                    break
                _remember(cells, found, headings, seen)
            else:
                return None
        parts.append(_wanted(rows, places))
    return pl.concat(parts) if parts else None


def _remember(cells: list[str | None], found: dict[str, int], headings: Sequence[str], seen: list[str]) -> None:
    better = len(found) > len(_places(seen, headings)) or len([c for c in cells if c]) > len(seen)
    if better:
        seen[:] = [c for c in cells if c]


def _wanted(rows: pl.DataFrame, places: dict[str, int]) -> pl.DataFrame:
    columns = []
    for heading, j in places.items():
        if j >= width(rows):
            columns.append(pl.lit(None, pl.String).alias(heading))
            continue
        # a spreadsheet's #N/A is a missing value; its text would be a wrong one
        written = pl.when(pl.col(f"t{j}") != Cell.ERROR).then(f"c{j}")
        columns.append(written.alias(heading))
    return rows.select(pl.col(ROW).cast(pl.UInt32), *columns)


def _unknown(file: str, headings: Sequence[str], seen: list[str]) -> list[Problem]:
    there = _places(seen, headings)
    problems = []
    for heading in dict.fromkeys(headings):
        if heading in there:
            continue
        close = difflib.get_close_matches(_fold(heading), [_fold(h) for h in seen], n=1, cutoff=0.5)
        nearest = next((h for h in seen if close and _fold(h) == close[0]), None)
        todo = f"did you mean {nearest!r}?" if nearest else f"its columns are: {', '.join(map(repr, seen[:30]))}"
        problems.append(Problem(file, f"no column {heading!r}", "a heading of the file", todo))
    return problems
