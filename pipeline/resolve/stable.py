"""Ids that stay the same from month to month.

Belongs here: what speaks for a person or household of this run being one of an earlier run, and new ids. Not here: who
is who within a run, which id somebody gets in the end (:mod:`.inheritance`).

An id is inherited by evidence: rows that say the same (fingerprint), or carry the same number, name or family. Each
person of the previous run passes its id to one person of this run, the strongest evidence first. New ids are hashes of
the content they stand for, never counters.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import polars as pl

from pipeline.resolve.columns import Columns

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
_LAST_KEY: Final = ("birth_date", "no_kk")
_BLOCK: Final = 50


def minted(groups: pl.Series, content: pl.Series, prefix: str) -> pl.DataFrame:
    """A new id for each group: the hash of its smallest content.

    Returns:
        Columns ``group``, ``new_id``, ``content``, sorted by group.
    """
    first = (
        pl.DataFrame({"group": groups, "content": content}).group_by("group").agg(pl.col("content").min()).sort("group")
    )
    return first.with_columns(new_id=hashed(first["content"], prefix)).select("group", "new_id", "content")


def hashed(content: pl.Series, prefix: str, again: int = 0) -> pl.Series:
    """Ids of contents; ``again``: how often the id was somebody else's already."""
    more = f"|{again}" if again else ""
    texts = [f"{prefix}|{c}{more}" for c in content.to_list()]
    return pl.Series([prefix + sha256(t.encode()).hexdigest()[:16] for t in texts], dtype=pl.String)


def person_votes(rows: Columns, previous: Columns) -> pl.DataFrame:
    """Evidence that a group of this run is a person of the previous one: ``group``, ``old_id``, ``votes``.

    Args:
        rows: mentions of this run with ``group``.
        previous: PREVIOUS_COLUMNS of the previous run.
    """
    found = pl.concat(_votes(rows, previous, keys, weight) for keys, weight in _PERSON_KEYS)
    # name and number put right at once leave the birth date and the family: enough where nothing else speaks for either
    last = _votes(rows, previous, _LAST_KEY, 1)
    last = last.join(found, on="group", how="anti").join(found, on="old_id", how="anti")
    return pl.concat([found, last]).group_by("group", "old_id").agg(pl.col("votes").sum()).sort("group", "old_id")


def _votes(rows: Columns, previous: Columns, keys: Sequence[str], weight: int) -> pl.DataFrame:
    """Votes of one key."""
    now, then = _keyed(rows, keys, "group"), _keyed(previous, keys, "person_id")
    return now.join(then, on=list(keys), how="inner", nulls_equal=True).select(
        "group", pl.col("person_id").alias("old_id"), (pl.col("n") * weight).alias("votes")
    )


def _keyed(rows: Columns, keys: Sequence[str], owner: str) -> pl.DataFrame:
    """Distinct keys with their owner; keys of very many owners say nothing."""
    needed = [k for k in keys if k != "program"]
    return (
        rows.select(*keys, owner)
        .filter(pl.all_horizontal(pl.col(k).is_not_null() for k in needed) & pl.col(owner).is_not_null())
        .group_by(*keys, owner)
        .agg(pl.len().clip(1, 3).alias("n"))
        .filter(pl.len().over(keys) <= _BLOCK)
    )


def household_votes(rows: Columns, previous: Columns) -> pl.DataFrame:
    """Evidence for households: persons they share (by inherited id) and family numbers.

    Args:
        rows: mentions of this run with ``group`` (household) and ``person_id``.
        previous: PREVIOUS_COLUMNS of the previous run.
    """
    votes = []
    for key, weight in (("person_id", 4), ("no_kk", 3)):
        now = rows.select(key, "group").drop_nulls().unique()
        then = previous.select(key, "household_id").drop_nulls().unique().rename({"household_id": "old_id"})
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
