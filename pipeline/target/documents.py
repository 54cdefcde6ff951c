"""JSON documents of several columns, made once for each combination of values that occurs."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def with_document(
    frame: pl.LazyFrame, name: str, columns: Sequence[str], *, without_nulls: bool = False
) -> pl.LazyFrame:
    """Replace columns by one document of them; its keys stand in the order of the columns.

    Args:
        frame: many rows with few distinct combinations.
        name: of the new column.
        columns: what goes into the document; all of them are dropped.
        without_nulls: leave out keys whose value is null.
    """
    text = pl.struct(columns).struct.json_encode()
    if without_nulls:
        for pattern, rest in ((r'"[a-z_]+":null,?', ""), (r",\}$", "}")):
            text = text.str.replace_all(pattern, rest)
    distinct = frame.select(columns).unique().with_columns(text.alias(name))
    return frame.join(distinct, on=columns, how="left", nulls_equal=True, maintain_order="left").drop(columns)
