"""Parquet and JSON lines: formats whose column names are no row of the file.

Belongs here: their records as raw rows, the first of them row 2, as if a header stood above it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InputError, Problem
from pipeline.ingest.contents import Contents
from pipeline.ingest.sheets import BATCH_ROWS, Cell, RawSheet, raw_batch, written

_EXACT = 2**63


def parquet_sheets(contents: Contents) -> list[RawSheet]:
    """The one sheet of a Parquet file; :class:`InputError` where it is damaged."""
    try:
        file = pq.ParquetFile(contents.path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(_damaged(contents, error)) from error
    return [RawSheet("", lambda: _parquet_batches(contents, file), header_in_file=False)]


def _parquet_batches(contents: Contents, file: Any) -> Iterator[pl.DataFrame]:
    first, above = 2, raw_batch(1, [list(file.schema_arrow.names)])
    try:
        for record_batch in file.iter_batches(BATCH_ROWS):
            frame = pl.from_arrow(pa.Table.from_batches([record_batch]))
            assert isinstance(frame, pl.DataFrame)  # noqa: S101 - from_arrow of a table is a frame
            yield pl.concat([above, _typed_frame(first, frame)], how="diagonal")
            first, above = first + frame.height, above.clear()
    except (pa.ArrowException, OSError) as error:
        raise InputError(_damaged(contents, error)) from error
    if above.height:
        yield above


def _typed_frame(first: int, frame: pl.DataFrame) -> pl.DataFrame:
    columns = [pl.int_range(first, first + frame.height, dtype=pl.Int64, eager=True).alias("row_number")]
    for j, series in enumerate(frame):
        text, cell = _series_as_text(series)
        types = pl.Series([cell], dtype=pl.UInt8).new_from_index(0, frame.height)
        columns += [text.alias(f"c{j}"), types.alias(f"t{j}")]
    return written(pl.DataFrame(columns))


def _series_as_text(series: pl.Series) -> tuple[pl.Series, Cell]:
    kind = series.dtype
    if kind.is_float():
        wide = series.cast(pl.Float64)
        whole = (wide == wide.floor()) & (wide.abs() < _EXACT)
        digits = wide.set(~whole.fill_null(False), None).cast(pl.Int64).cast(pl.String)
        return digits.zip_with(whole.fill_null(True), wide.fill_nan(None).cast(pl.String)), Cell.NUMBER
    if kind.is_integer() or kind.is_decimal():
        text = series.cast(pl.String)
        return (text.str.replace(r"\.0+$", "") if kind.is_decimal() else text), Cell.NUMBER
    if kind == pl.Boolean:
        return series.cast(pl.String).str.to_uppercase(), Cell.FLAG
    if kind == pl.Date:
        return series.cast(pl.String), Cell.TIME
    if isinstance(kind, pl.Datetime):
        return series.dt.replace_time_zone(None).dt.strftime("%Y-%m-%d %H:%M:%S"), Cell.TIME
    if kind == pl.Time:
        return series.dt.strftime("%H:%M:%S"), Cell.TIME
    if kind in (pl.String, pl.Categorical, pl.Enum):
        return series.cast(pl.String), Cell.TEXT
    if kind == pl.Null:
        return series.cast(pl.String), Cell.TEXT
    return pl.Series([None if v is None else str(v) for v in series.to_list()], dtype=pl.String), Cell.TEXT


def json_sheets(contents: Contents) -> list[RawSheet]:
    """The one sheet of a JSON lines file."""
    return [RawSheet("", lambda: _json_batches(contents), header_in_file=False)]


def _json_batches(contents: Contents) -> Iterator[pl.DataFrame]:
    """Columns in the order in which their names first occur: a first pass over the file collects them."""
    names: dict[str, None] = {}
    for records in _json_blocks(contents):
        names |= dict.fromkeys(name for record in records for name in record)
    first, above = 1, [list(names)]
    for records in _json_blocks(contents):
        rows = [*above, *([_plain(record.get(name)) for name in names] for record in records)]
        yield raw_batch(first, rows)
        first, above = first + len(rows), []


def _json_blocks(contents: Contents) -> Iterator[list[dict[str, Any]]]:
    with contents.path.open(encoding=contents.encoding, errors="replace") as file:
        lines = ((n, line) for n, line in enumerate(file, 1) if line.strip())
        while block := list(islice(lines, BATCH_ROWS)):
            yield [_record(contents, n, line) for n, line in block]


def _record(contents: Contents, line_number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):  # no JSON, or brackets within brackets without end
        record = None
    if not isinstance(record, dict):
        raise InputError(
            Problem(
                f"{contents.path.name}, line {line_number}",
                "is not one JSON object",
                'one record a line: {"nik": "...", "nama": "..."}',
                "ask for the file again, whole",
            )
        )
    return record


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, dict | list) else value


def _damaged(contents: Contents, error: Exception) -> Problem:
    return Problem(
        contents.path.name,
        f"the Parquet file cannot be read, it is cut off or damaged ({str(error)[:120]})",
        todo="ask for the file again",
    )
