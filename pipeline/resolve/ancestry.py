"""What earlier runs say of ids: which were merged or split, who had them before, which were ever given.

Belongs here: reading the runs that a run descends from, each through the one that it inherited ids from. Not here:
which id somebody gets (:mod:`.inheritance`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.history import PublishedRun

EVENTS: Final = pl.Schema({"event": pl.String(), "old_id": pl.String(), "new_id": pl.String(), "back": pl.Int64()})
"""Events of earlier runs, newest first; ``back``: how many runs ago, 0 for the previous one."""
LINE: Final = """
with recursive line as (
    select run_id, previous_run_id, period, 0 as back from audit.runs where run_id = $run
    union all
    select r.run_id, r.previous_run_id, r.period, l.back + 1
    from audit.runs r join line l on r.run_id = l.previous_run_id)
"""
"""``line``: a run (``$run``) and those it descends from. Not the newest of each month: a month made again after its
followers gave them nothing, and must not change what they say when they are made again."""


@dataclass(frozen=True)
class Ancestry:
    """The runs that a run descends from, the newest first; ``newest`` is None for the first run of all."""

    newest: PublishedRun | None = None

    def events(self, level: str) -> pl.DataFrame:
        """Rows of ``EVENTS``: merges and splits of a level."""
        if self.newest is None:
            return EVENTS.to_frame(eager=True)
        found = self.newest.sql(
            f"""{LINE} select e.event, e.old_id, e.new_id, l.back
                from audit.identity_events e join line l using (run_id)
                where e.level = $level and e.event in ('merged', 'split') order by l.back, e.old_id, e.new_id""",
            run=self.newest.run_id, level=level,
        )  # fmt: skip
        return found.select(pl.col(name).cast(of) for name, of in EVENTS.items())

    def rows(self, wanted: pl.DataFrame, level: str, columns: tuple[str, ...]) -> pl.DataFrame:
        """Rows of persons or households, as the newest run has them that knew them before an event.

        Args:
            wanted: ``id``, and ``back`` of the event: only runs before it are asked.
            level: person or household.
            columns: of ``mentions``.
        """
        assert self.newest is not None  # noqa: S101 - ids come from its events
        table, column = f"{level}s", f"{level}_id"
        return self.newest.sql(
            f"""{LINE}, wanted as (select unnest($ids) as id, unnest($backs) as back),
                lived as (
                    select w.id, min(l.back) as back from wanted w join audit.{table} p on p.{column} = w.id
                    join line l on l.run_id = p.run_id and l.back > w.back group by w.id)
                select {", ".join(f"m.{c}" for c in columns)} from audit.mentions m join line l using (run_id)
                join lived o on o.id = m.{column} and o.back = l.back order by m.mention_id""",
            run=self.newest.run_id, ids=wanted["id"].to_list(), backs=wanted["back"].to_list(),
        )  # fmt: skip

    def given(self, wanted: pl.DataFrame, level: str) -> set[str]:
        """Those of the ids to be minted that somebody else has had.

        Args:
            wanted: ``new_id``, ``content``: the mention that the id is made from. Where the newest run that knows the
                id has it at this very mention, whoever had it is back, and may have it again.
            level: person or household.
        """
        if self.newest is None or wanted.is_empty():
            return set()
        table, column = f"{level}s", f"{level}_id"
        had = self.newest.sql(
            f"""{LINE} select distinct p.{column} as id from audit.{table} p join line l using (run_id)
                where list_contains($ids, p.{column})""",
            run=self.newest.run_id, ids=wanted["new_id"].to_list(),
        )  # fmt: skip
        if had.is_empty():
            return set()
        rows = self.rows(had.with_columns(back=pl.lit(-1)), level, ("mention_id", column))
        back = wanted.join(rows, left_on=["new_id", "content"], right_on=[column, "mention_id"], how="semi")
        return set(had["id"]) - set(back["new_id"])
