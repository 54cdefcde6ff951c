"""Ids that stay the same from month to month.

Belongs here: which person and household of this run is which of the previous run, and the events that follow. Not
here: who is who within a run.

An id is inherited by evidence: rows that say the same (fingerprint), or carry the same number, name or family. Each
person of the previous run passes its id to one person of this run, the strongest evidence first. New ids are hashes of
the content they stand for, never counters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

PREVIOUS_COLUMNS: Final = (
    "fingerprint", "kind", "program", "nik", "no_kk", "name", "birth_date", "desa_code", "person_id", "household_id",
)  # fmt: skip

_PERSON_KEYS: Final[tuple[tuple[tuple[str, ...], int], ...]] = (
    (("fingerprint", "kind", "program"), 8),
    (("nik", "name"), 6),
    (("nik",), 3),
    (("name", "birth_date", "no_kk"), 4),
    (("name", "birth_date", "desa_code"), 3),
    (("no_kk", "name"), 3),
)
_BLOCK: Final = 50


def minted(groups: pl.Series, content: pl.Series, prefix: str) -> pl.DataFrame:
    """A new id for each group: the hash of its smallest content.

    Returns:
        Columns ``group``, ``new_id``, sorted by group.
    """
    from hashlib import sha256

    first = (
        pl.DataFrame({"group": groups, "content": content}).group_by("group").agg(pl.col("content").min()).sort("group")
    )
    ids = [prefix + sha256(f"{prefix}|{c}".encode()).hexdigest()[:16] for c in first["content"].to_list()]
    return first.select("group").with_columns(pl.Series("new_id", ids, dtype=pl.String))


def person_votes(rows: pl.DataFrame, previous: pl.DataFrame) -> pl.DataFrame:
    """Evidence that a group of this run is a person of the previous one: ``group``, ``old_id``, ``votes``.

    Args:
        rows: mentions of this run with ``group``.
        previous: PREVIOUS_COLUMNS of the previous run.
    """
    votes = []
    for keys, weight in _PERSON_KEYS:
        now = _keyed(rows, keys, "group")
        then = _keyed(previous, keys, "person_id")
        votes.append(
            now.join(then, on=list(keys), how="inner", nulls_equal=True)
            .select("group", pl.col("person_id").alias("old_id"), pl.lit(weight).alias("votes"), "n")
            .with_columns((pl.col("votes") * pl.col("n")).alias("votes"))
            .select("group", "old_id", "votes")
        )
    return pl.concat(votes).group_by("group", "old_id").agg(pl.col("votes").sum()).sort("group", "old_id")


def _keyed(rows: pl.DataFrame, keys: Sequence[str], owner: str) -> pl.DataFrame:
    """Distinct keys with their owner; keys of very many owners say nothing."""
    needed = [k for k in keys if k != "program"]
    return (
        rows.filter(pl.all_horizontal(pl.col(k).is_not_null() for k in needed) & pl.col(owner).is_not_null())
        .group_by(*keys, owner)
        .agg(pl.len().clip(1, 3).alias("n"))
        .filter(pl.len().over(keys) <= _BLOCK)
    )


def household_votes(rows: pl.DataFrame, previous: pl.DataFrame) -> pl.DataFrame:
    """Evidence for households: persons they share (by inherited id) and family numbers.

    Args:
        rows: mentions of this run with ``group`` (household) and ``person_id``.
        previous: PREVIOUS_COLUMNS of the previous run.
    """
    votes = []
    for key, weight in (("person_id", 4), ("no_kk", 3)):
        now = rows.filter(pl.col(key).is_not_null() & pl.col("group").is_not_null()).select(key, "group").unique()
        then = previous.filter(pl.col(key).is_not_null() & pl.col("household_id").is_not_null())
        then = then.select(key, pl.col("household_id").alias("old_id")).unique()
        votes.append(now.join(then, on=key).select("group", "old_id", pl.lit(weight).alias("votes")))
    return pl.concat(votes).group_by("group", "old_id").agg(pl.col("votes").sum()).sort("group", "old_id")


def matched(votes: pl.DataFrame) -> pl.DataFrame:
    """One-to-one assignment, strongest votes first: ``group``, ``old_id``."""
    taken = []
    left = votes
    while left.height:
        by_group = left.sort("group", "votes", "old_id", descending=[False, True, False]).unique(
            "group", keep="first", maintain_order=True
        )
        by_old = left.sort("old_id", "votes", "group", descending=[False, True, False]).unique(
            "old_id", keep="first", maintain_order=True
        )
        both = by_group.join(by_old, on=["group", "old_id"], how="semi").select("group", "old_id")
        if not both.height:  # a cycle of equal votes
            both = (
                left.sort("votes", "group", "old_id", descending=[True, False, False]).head(1).select("group", "old_id")
            )
        taken.append(both)
        left = left.join(both, on="group", how="anti").join(both, on="old_id", how="anti")
    if not taken:
        return votes.select("group", "old_id").clear()
    return pl.concat(taken).sort("group")


def inherit(fresh: pl.DataFrame, votes: pl.DataFrame | None, level: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Final ids and what happened to the old ones.

    Args:
        fresh: ``group``, ``new_id`` from :func:`minted`.
        votes: evidence from the previous run; None where there is none.
        level: person or household, for the events.

    Returns:
        ``group``, ``id``; and rows of ``identity_events``.
    """
    if votes is None:
        return fresh.select("group", pl.col("new_id").alias("id")), _no_events()
    same = matched(votes)
    ids = fresh.join(same, on="group", how="left").select(
        "group", pl.coalesce("old_id", "new_id").alias("id"), pl.col("old_id").is_null().alias("is_new")
    )
    best = votes.join(ids, on="group")
    strongest = best.sort("old_id", "votes", "id", descending=[False, True, False]).unique(
        "old_id", keep="first", maintain_order=True
    )
    merged = strongest.filter(
        (pl.col("id") != pl.col("old_id")) & ~pl.col("old_id").is_in(same["old_id"].implode())
    ).select(
        pl.lit("merged").alias("event"),
        "old_id",
        pl.col("id").alias("new_id"),
        pl.lit("all its rows now belong to the new id").alias("why"),
    )
    new = ids.filter("is_new")
    origin = (
        best.filter("is_new")
        .sort("group", "votes", "old_id", descending=[False, True, False])
        .unique("group", keep="first", maintain_order=True)
    )
    split = origin.filter(pl.col("old_id").is_in(same["old_id"].implode())).select(
        pl.lit("split").alias("event"),
        "old_id",
        pl.col("id").alias("new_id"),
        pl.lit("part of its rows now stand by themselves").alias("why"),
    )
    mint = new.filter(~pl.col("id").is_in(split["new_id"].implode())).select(
        pl.lit("minted").alias("event"),
        pl.lit("").alias("old_id"),
        pl.col("id").alias("new_id"),
        pl.lit("first seen in this run").alias("why"),
    )
    events = pl.concat([merged, split, mint]).with_columns(pl.lit(level).alias("level"))
    return ids.select("group", "id"), events.select(_no_events().columns)


def _no_events() -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(("event", "level", "old_id", "new_id", "why"), pl.String()))
