"""From what several people have said of a pair of rows to one verdict.

Belongs here: how words are counted. Not here: where they are kept (:mod:`pipeline.publish.book`), what is done with the
verdict (:mod:`pipeline.resolve.judgements`).

The newest word of each person counts, and what most of them say is the verdict. As many on both sides decide nothing:
two people who see a pair differently need a third. An "unsure" is a word like the others, so that whoever takes back
an answer can do it without deleting it.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipeline.tables import MATCH_JUDGEMENTS

PAIR = ["fingerprint_a", "fingerprint_b", "level"]


def newest_words(words: pl.DataFrame, day: date) -> pl.DataFrame:
    """The newest word of each person on each pair, where it still counts on ``day``: rows of ``match_judgements``."""
    who = pl.col("by").fill_null("").str.strip_chars().str.to_lowercase()
    rows = MATCH_JUDGEMENTS.conform(words).with_columns(pl.col("level").fill_null("person"), who=who)
    rows = rows.sort(*PAIR, "at", "by", "judgement").unique([*PAIR, "who"], keep="last", maintain_order=True)
    return rows.filter(pl.col("valid_until").is_null() | (pl.col("valid_until") >= day)).drop("who")


def verdicts(words: pl.DataFrame, day: date) -> pl.DataFrame:
    """One row of ``match_judgements`` a pair that anybody has judged, with the verdict; sorted by pair.

    Args:
        words: rows of ``match_judgements``.
        day: on which they must still count.
    """
    rows = newest_words(words, day)
    votes = rows.group_by(*PAIR, "judgement").agg(n=pl.len())
    most = votes.filter(pl.col("n") == pl.col("n").max().over(PAIR))
    decided = most.group_by(PAIR).agg(
        judgement=pl.when(pl.len() == 1).then(pl.col("judgement").first()).otherwise(pl.lit("unsure"))
    )
    told = rows.group_by(PAIR).agg(
        pl.col("at").max(),
        pl.col("by").unique(maintain_order=True).str.join(", "),
        pl.col("reason").drop_nulls().unique(maintain_order=True).str.join("; "),
        pl.col("valid_until").min(),
    )
    return MATCH_JUDGEMENTS.conform(told.join(decided, on=PAIR).sort(PAIR))
