"""XLSX, XLS and ODS, cell by cell with python-calamine: other readers hide a cell's type or shift row numbers.

Belongs here: opening workbooks whatever their name says, and what can be wrong with them.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import polars as pl
import python_calamine as calamine

from pipeline.errors import InputError, Problem
from pipeline.ingest.contents import Contents
from pipeline.ingest.sheets import Merge, RawSheet, raw_batch
from pipeline.outgoing import behind_a_password, unlocked_workbook

_BATCH_ROWS: Final = 50_000  # Python objects until they are columns, hence fewer than in text files
_LARGEST_AREA: Final = 100_000_000  # cells; calamine lays out the whole used area in memory, about 32 bytes a cell
_WRITTEN_CELL: Final = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*[^/]>')


def workbook_sheets(contents: Contents) -> list[RawSheet]:
    """All worksheets of a workbook; chart sheets hold no cells and are left out.

    Raises:
        InputError: truncated or otherwise unreadable, or locked and not by the passphrase for outgoing files.
    """
    path = contents.path
    data = unlocked_workbook(path.read_bytes(), path.name)
    _refuse_vast_area(path, data)
    book = _guarded(path, lambda: calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)))
    kinds = [m for m in book.sheets_metadata if m.typ == calamine.SheetTypeEnum.WorkSheet]
    return [_sheet(path, _guarded(path, lambda name=m.name: book.get_sheet_by_name(name)), m) for m in kinds]


def _sheet(path: Path, sheet: Any, metadata: Any) -> RawSheet:
    merges = tuple(
        Merge(top + 1, left, bottom + 1, right) for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
    )
    hidden = metadata.visible != calamine.SheetVisibleEnum.Visible
    return RawSheet(sheet.name, lambda: _batches(path, sheet), merges, hidden)


def _batches(path: Path, sheet: Any) -> Iterator[pl.DataFrame]:
    if sheet.start is None:
        return
    first, rows = 1, sheet.iter_rows()
    while block := _guarded(path, lambda: list(islice(rows, _BATCH_ROWS))):
        yield raw_batch(first, block)
        first += len(block)


def _guarded(path: Path, read: Any) -> Any:
    """Turn whatever calamine raises, panics of its Rust code included, into a message."""
    try:
        return read()
    except calamine.PasswordError as error:
        raise InputError(behind_a_password(path.name)) from error
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise InputError(
            Problem(
                path.name,
                f"the workbook cannot be read, it is cut off or damaged ({str(error)[:120]})",
                "a whole XLSX, XLS or ODS file",
                "open it in a spreadsheet and save it again, or ask for it again",
            )
        ) from error


def _refuse_vast_area(path: Path, data: bytes) -> None:
    """A stray cell far below or right of the list would make calamine lay out billions of empty cells."""
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for part in archive.namelist():
                if part.startswith("xl/worksheets/") and part.endswith(".xml"):
                    with archive.open(part) as stream:
                        _refuse_vast_sheet(path, part, stream)
    except (zipfile.BadZipFile, OSError, EOFError, zipfile.zlib.error, NotImplementedError):  # type: ignore[attr-defined]
        return  # calamine says what is wrong with it


def _refuse_vast_sheet(path: Path, part: str, stream: Any) -> None:
    """Believe a sheet that declares a small area; look at the cells of one that declares a large one or none."""
    head = stream.read(4000)
    declared = re.search(rb'<dimension ref="[A-Z]+\d+:([A-Z]+)(\d+)"', head)
    if declared is not None and _column(declared[1]) * int(declared[2]) <= _LARGEST_AREA:
        return
    columns, last_row, window = 0, 0, head
    while window:
        for letters, row in _WRITTEN_CELL.findall(window):
            columns, last_row = max(columns, _column(letters)), max(last_row, int(row))
        chunk = stream.read(1 << 20)
        window = window[-200:] + chunk if chunk else b""
    if columns * last_row > _LARGEST_AREA:
        raise InputError(
            Problem(
                f"{path.name}, {Path(part).stem}",
                f"the used area has {last_row:,} rows and {columns:,} columns",
                "a list without stray cells far from it",
                "delete the empty rows and columns beyond the list and save",
            )
        )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
