"""Ids that come from content: the same finding has the same key in every month and on every machine."""

from __future__ import annotations

from hashlib import sha256

import polars as pl

SEPARATOR = "\x1f"


def digest(frame: pl.DataFrame, text: pl.Expr, name: str, prefix: str = "") -> pl.DataFrame:
    """Add a column: the first 16 hex digits of the sha256 of a text, once a row, after a prefix."""
    texts = frame.select(text).to_series()  # hashlib row by row: half the time of a query, and no engine to start
    hashed = [None if t is None else prefix + sha256(t.encode()).hexdigest()[:16] for t in texts]
    return frame.with_columns(pl.Series(name, hashed, dtype=pl.String))


def finding_key_text(subject: str = "subject_id") -> pl.Expr:
    """What a finding is the same by: type, program, subject, and the reason except of inclusion errors."""
    reason = pl.when(pl.col("finding_type") == "inclusion_error").then(pl.lit("")).otherwise("reason")
    parts = ["finding_type", "program", "subject_kind", pl.col(subject), reason]
    return pl.concat_str(parts, separator=SEPARATOR)
