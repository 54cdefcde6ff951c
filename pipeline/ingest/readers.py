"""Any file as sheets of raw rows, chosen by its content and not by its name."""

from __future__ import annotations

from pipeline.ingest.columnar import json_sheets, parquet_sheets
from pipeline.ingest.contents import Contents, Format
from pipeline.ingest.sheets import RawSheet
from pipeline.ingest.text import text_sheets
from pipeline.ingest.workbook import workbook_sheets

_READERS = {
    Format.TEXT: text_sheets,
    Format.JSON_LINES: json_sheets,
    Format.PARQUET: parquet_sheets,
    Format.WORKBOOK: workbook_sheets,
}


def sheets_of(contents: Contents) -> list[RawSheet]:
    """Open a file; :class:`~pipeline.errors.InputError` says what is wrong with it."""
    return _READERS[contents.format](contents)
