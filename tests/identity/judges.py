"""People who judge pairs of the synthetic district and are always right."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.history import published_run
from pipeline.period import Period

ROW = ["source_file", "sheet", "row_number"]


def persons(out: Path, period: Period, truth: Path) -> dict[str, str]:
    """True person of each row, by mention_id; rows about whom the truth says nothing are each their own."""
    rows = (
        published_run(out, period).table("mentions", ["mention_id", *ROW]).with_columns(pl.col("sheet").fill_null(""))
    )
    told = pl.read_csv(truth / "mentions.csv", infer_schema_length=0).with_columns(
        pl.col("row_number").cast(pl.Int64), pl.col("sheet").fill_null("")
    )
    both = rows.join(told, on=ROW, how="left").with_columns(pl.col("true_person_id").fill_null(pl.col("mention_id")))
    return dict(both.select("mention_id", "true_person_id").iter_rows())


def judge(pairs: pl.DataFrame, of: dict[str, str]) -> pl.DataFrame:
    """What they say of pairs (mention_id_a, mention_id_b)."""
    said = [
        "same" if of[a] == of[b] else "different" for a, b in pairs.select("mention_id_a", "mention_id_b").iter_rows()
    ]
    return pairs.select("mention_id_a", "mention_id_b").with_columns(pl.Series("judgement", said, dtype=pl.String))
