"""Where persons and households of earlier months are now: ids followed through every merge and split since.

Belongs here: the moves of ids from month to month as published. Not here: deciding them
(:mod:`pipeline.resolve`), what is concluded from them (:mod:`pipeline.target.changes`).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.history import PublishedRun
from pipeline.period import Period
from pipeline.resolve.ancestry import LINE

MOVES: Final = pl.Schema({"period": pl.String(), "old_id": pl.String(), "new_id": pl.String()})
"""An id of the month before ``period``, and one that stands for the same since then."""
_EVENTS: Final = ("merged", "split", "undone")


def moves_until(period: Period, events: pl.DataFrame, previous: PublishedRun | None) -> pl.DataFrame:
    """``MOVES`` of all months up to this one, whose ``tables.IDENTITY_EVENTS`` are given."""
    if previous is None:
        return MOVES.to_frame(eager=True)
    kinds = ", ".join(f"'{e}'" for e in _EVENTS)
    earlier = previous.sql(
        f"""{LINE}
            select distinct period, old_id, new_id from audit.identity_events join line using (run_id)
            where event in ({kinds}) and old_id <> '' order by all""",
        run=previous.run_id,
    )
    now = events.filter(pl.col("event").is_in(_EVENTS), pl.col("old_id") != "")
    now = now.select(pl.lit(str(period)).alias("period"), "old_id", "new_id")
    return pl.concat([earlier.cast(MOVES), now.cast(MOVES).unique(maintain_order=True)])


def followed(subjects: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Subjects as they were in ``period``, with ``subject_now``: a row for each id that stands for one now.

    The newest id comes first; the old one stays, because one half of a split keeps it.
    """
    now = subjects.with_columns(subject_now="subject_id")
    for (month,), steps in moves.group_by("period", maintain_order=True):
        new = steps.select(subject_now="old_id", then="new_id")
        moved = now.filter(pl.col("period") < month).join(new, on="subject_now", maintain_order="left")
        moved = moved.with_columns(subject_now="then").drop("then")
        now = pl.concat([moved, now]).unique(maintain_order=True)
    return now
