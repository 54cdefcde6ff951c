"""Ids that stand for others now: persons, households and findings followed through every merge and split in between.

Belongs here: from what was published of each month to pairs of an id then and an id now. Not here: deciding who is
who (:mod:`pipeline.resolve`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import duckdb
import polars as pl

from pipeline.history import PublishedRun, frame_of
from pipeline.target.keys import digest, finding_key_text
from pipeline.target.lineage import MOVES, followed

SUCCESSION: Final = pl.Schema({"was": pl.String(), "now": pl.String()})

_MOVES: Final = """
with between as (
    select run_id, period from audit.runs where status = 'published' and period > $first and period <= $last
    qualify row_number() over (partition by period order by finished_at desc, run_id desc) = 1)
select distinct b.period, e.old_id, e.new_id from audit.identity_events e join between b using (run_id)
where e.event in ('merged', 'split', 'undone') and e.old_id <> '' and e.old_id <> e.new_id order by all
"""
_FINDINGS: Final = """
select finding_key as was, finding_type, reason, coalesce(program, '') as program, subject_kind, subject_id
from audit.findings where run_id = $run and subject_id in (select was from moved) order by all
"""


class Succession(NamedTuple):
    """``was`` in the first month and ``now`` in the second, only where they differ."""

    ids: pl.DataFrame
    """Of persons and households."""
    keys: pl.DataFrame
    """Of findings, whose keys change with the id of their subject."""


def succession(connection: duckdb.DuckDBPyConnection, first: PublishedRun, second: PublishedRun) -> Succession:
    """Pairs of ids of two months, by the events of the newest run of each month after the first."""
    moves = frame_of(connection, _MOVES, {"first": str(first.period), "last": str(second.period)}).cast(MOVES)
    subjects = moves.select(subject_id="old_id").unique(maintain_order=True)
    now = followed(subjects.with_columns(period=pl.lit(str(first.period))), moves)
    ids = now.filter(pl.col("subject_id") != pl.col("subject_now")).select(was="subject_id", now="subject_now")
    connection.register("moved", ids.cast(SUCCESSION).to_arrow())
    findings = frame_of(connection, _FINDINGS, {"run": first.run_id})
    connection.unregister("moved")
    moved = findings.join(ids, left_on="subject_id", right_on="was", maintain_order="left")
    keys = digest(moved, finding_key_text("now"), "key").select("was", now="key")
    return Succession(
        ids.cast(SUCCESSION).unique(maintain_order=True), keys.cast(SUCCESSION).unique(maintain_order=True)
    )
