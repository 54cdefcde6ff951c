"""Which id each person and household gets: those of the month before, and what happened to them.

Belongs here: passing ids on, the events that follow, undoing. Not here: the evidence (:mod:`.stable`), what earlier
runs say (:mod:`.ancestry`).

Nobody ever gets an id that somebody else has had. Where two that were merged by mistake are two again, each gets back
its own; where one that was split by mistake is one again, it gets back the id that was split.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from pipeline.resolve.ancestry import Ancestry
from pipeline.resolve.stable import PREVIOUS_COLUMNS, hashed, matched

_SURER: Final = 1_000_000
"""What rows of before a merge say outweighs what the mixed rows say."""

Vote = Callable[[pl.Series, pl.DataFrame], pl.DataFrame]
"""Evidence that some groups are persons (or households) of earlier rows: ``group``, ``old_id``, ``votes``."""


def inherit(
    fresh: pl.DataFrame,
    votes: pl.DataFrame | None,
    level: str,
    past: Ancestry,
    vote: Vote,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Final ids and what happened to the old ones.

    A merge that is undone gives back the ids of before: whoever was split off an id that had taken up another gets that
    one, and who has which is told by their rows in the month before the merge, not by those that were mixed. A split
    that is undone gives back the id that was split.

    Args:
        fresh: ``group``, ``new_id``, ``content`` from :func:`minted`.
        votes: evidence from the previous run; None where there is none.
        level: person or household, for the events.
        past: the runs before.
        vote: evidence that some groups are persons (or households) of earlier rows: ``group``, ``old_id``, ``votes``.

    Returns:
        ``group``, ``id``; and rows of ``identity_events``.
    """
    if votes is None:
        return fresh.select("group", pl.col("new_id").alias("id")), _no_events()
    same = matched(votes)
    history = past.events(level)
    split = _split(same, votes, fresh)
    before, undone = _before_merges(same, votes, split, history, level, past, vote)
    # each group was one of them: whom it is like most
    told = (
        before.filter(pl.col("group").is_in(undone.implode()))
        .sort("group", "votes", "old_id", descending=[False, True, False])
        .unique("group", keep="first", maintain_order=True)
    )
    if told.height:
        votes = pl.concat([votes, told.with_columns(pl.col("votes") * _SURER)])
        votes = votes.group_by("group", "old_id").agg(pl.col("votes").sum()).sort("group", "old_id")
        same = matched(votes)
        split = _split(same, votes, fresh)
    same = _as_before_splits(same, votes, history)
    back = told.select("old_id").unique().filter(~pl.col("old_id").is_in(split["old_id"].implode()))
    return _settled(fresh, votes, same, level, past, history, back, before)


def _settled(
    fresh: pl.DataFrame,
    votes: pl.DataFrame,
    same: pl.DataFrame,
    level: str,
    past: Ancestry,
    history: pl.DataFrame,
    returned: pl.DataFrame,
    before: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ids from the old ones that groups have, new ones for the rest, and the events that follow."""
    ids = fresh.join(same, on="group", how="left").with_columns(is_new=pl.col("old_id").is_null())
    ids = ids.with_columns(_free(ids, level, past)).select(
        "group", pl.coalesce("old_id", "new_id").alias("id"), "is_new"
    )
    best = votes.join(ids, on="group")
    kept = same["old_id"].implode()
    sure = before.join(votes, on="old_id", how="semi").with_columns(pl.col("votes") * _SURER)
    merged = (
        pl.concat([votes, sure])
        .join(ids, on="group")
        .sort("old_id", "votes", "id", descending=[False, True, False])
        .unique("old_id", keep="first", maintain_order=True)
        .filter((pl.col("id") != pl.col("old_id")) & ~pl.col("old_id").is_in(kept))
        .select("old_id", new_id="id")
    )
    # an id that came back, where the previous run had it not: it was split off the one that had taken it up
    taken_up = history.filter(pl.col("event") == "merged").select(id="old_id", old_id="new_id")
    came_back = ids.join(returned.select(id="old_id"), on="id", how="semi").join(taken_up, on="id", how="inner")
    came_back = came_back.filter(pl.col("old_id").is_in(votes["old_id"].implode())).unique(
        "id", keep="first", maintain_order=True
    )
    # an id that had been taken up too, and whose rows now go with one that came back: it can come back from there
    goes_with = (
        before.join(votes, on="old_id", how="anti")
        .filter(~pl.col("old_id").is_in(kept))
        .sort("old_id", "votes", "group", descending=[False, True, False])
        .unique("old_id", keep="first", maintain_order=True)
        .join(ids, on="group")
        .select("old_id", new_id="id")
        .join(taken_up.select(old_id="id", new_id="old_id"), on=["old_id", "new_id"], how="anti")
    )
    parts = history.filter(pl.col("event") == "split").select(old_id="new_id", new_id="old_id").unique()
    whole_again = merged.join(parts, on=["old_id", "new_id"], how="semi")
    origin = (
        best.filter("is_new")
        .sort("group", "votes", "old_id", descending=[False, True, False])
        .unique("group", keep="first", maintain_order=True)
    )
    split = origin.filter(pl.col("old_id").is_in(kept)).select("old_id", new_id="id")
    new = ids.filter(pl.col("is_new") & ~pl.col("id").is_in(split["new_id"].implode()))
    told = {
        ("merged", "all its rows now belong to the new id"): merged.join(whole_again, on="old_id", how="anti"),
        ("merged", "its rows left the id that had taken it up with those of the new id"): goes_with,
        ("undone", "a split was undone: both are one again"): whole_again,
        ("undone", "a merge was undone: this id was taken up and is back"): came_back.select("old_id", new_id="id"),
        ("split", "part of its rows now stand by themselves"): split,
        ("minted", "first seen in this run"): new.select(old_id=pl.lit(""), new_id="id"),
    }
    events = [
        rows.sort("old_id", "new_id").with_columns(event=pl.lit(event), level=pl.lit(level), why=pl.lit(why))
        for (event, why), rows in told.items()
    ]
    return ids.select("group", "id"), pl.concat(e.select(_no_events().columns) for e in events)


def _split(same: pl.DataFrame, votes: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """``group``, ``old_id``: groups that came off an id which another group has."""
    new = fresh.join(same, on="group", how="anti").select("group")
    origin = (
        votes.join(new, on="group", how="semi")
        .sort("group", "votes", "old_id", descending=[False, True, False])
        .unique("group", keep="first", maintain_order=True)
    )
    return origin.filter(pl.col("old_id").is_in(same["old_id"].implode())).select("group", "old_id")


def _before_merges(
    same: pl.DataFrame,
    votes: pl.DataFrame,
    split: pl.DataFrame,
    history: pl.DataFrame,
    level: str,
    past: Ancestry,
    vote: Vote,
) -> tuple[pl.DataFrame, pl.Series]:
    """What rows of before a merge say of the groups that an id falls into now: ``group``, ``old_id``, ``votes``.

    And for which of these groups it decides: those that came off the id, and the one that has it where it was split or
    where who had it first is now with somebody else. Others some of its rows went to keep an id of their own.
    """
    known = votes["old_id"].implode()
    apart = votes.filter(pl.len().over("old_id") > 1)
    fell_apart = pl.concat([split["old_id"], apart["old_id"]]).unique().implode()
    taken_up = history.filter(
        (pl.col("event") == "merged") & pl.col("new_id").is_in(fell_apart) & ~pl.col("old_id").is_in(known)
    ).unique("old_id", keep="first", maintain_order=True)
    if taken_up.is_empty():
        return votes.clear(), votes["group"].clear()
    first = taken_up.group_by("new_id", maintain_order=True).last()  # newest first: the last is the earliest
    owners = pl.concat([taken_up.select("back", id="old_id"), first.select("back", id="new_id")])
    rows = past.rows(owners.unique("id", keep="last", maintain_order=True), level, PREVIOUS_COLUMNS)
    ids = taken_up["new_id"].unique().implode()
    holders = same.filter(pl.col("old_id").is_in(ids))
    came_off = split.filter(pl.col("old_id").is_in(ids))
    found = vote(pl.concat([f["group"] for f in (holders, came_off, apart.filter(pl.col("old_id").is_in(ids)))]), rows)
    first_own = found.sort("old_id", "votes", "group", descending=[False, True, False]).unique(
        "old_id", keep="first", maintain_order=True
    )
    gone = holders.join(first_own, on="old_id", suffix="_first").filter(pl.col("group") != pl.col("group_first"))
    parted = holders.join(came_off, on="old_id", how="semi")
    return found, pl.concat([f["group"] for f in (came_off, parted, gone)]).unique()


def _as_before_splits(same: pl.DataFrame, votes: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Groups that have the id of a part which was split off, and hold the whole again, get the id of the whole."""
    parts = history.filter(pl.col("event") == "split").select(old_id="new_id", whole="old_id")
    holds = votes.select("group", whole="old_id")
    free = pl.col("whole").is_in(same["old_id"].implode())
    again = (
        same.join(parts.unique("old_id", keep="first", maintain_order=True), on="old_id")
        .join(holds, on=["group", "whole"], how="semi")
        .filter(~free)
        .unique("whole", keep="first", maintain_order=True)
    )
    return same.join(again.select("group", "whole"), on="group", how="left", maintain_order="left").select(
        "group", pl.coalesce("whole", "old_id").alias("old_id")
    )


def _free(ids: pl.DataFrame, level: str, past: Ancestry) -> pl.Series:
    """``new_id``, made anew where somebody else has it now or has ever had it."""
    inherited = set(ids["old_id"].drop_nulls())
    fresh = ids.filter("is_new")
    again = 0
    while True:
        taken = past.given(fresh, level) | (set(fresh["new_id"]) & inherited)
        if not taken:
            break
        again += 1
        other = hashed(fresh["content"], level[0].upper(), again)
        fresh = fresh.with_columns(new_id=pl.when(pl.col("new_id").is_in(list(taken))).then(other).otherwise("new_id"))
    return (
        ids.select("group", "new_id")
        .join(fresh.select("group", made="new_id"), on="group", how="left", maintain_order="left")
        .select(pl.coalesce("made", "new_id").alias("new_id"))
        .to_series()
    )


def _no_events() -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(("event", "level", "old_id", "new_id", "why"), pl.String()))
