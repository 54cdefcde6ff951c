"""Who the payees of a list are: persons of the published run.

Belongs here: taking over what the run itself decided about this very list, and asking
:mod:`pipeline.resolve.attach` for the rest.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.database import opened
from pipeline.gate.paylist import PayList
from pipeline.history import PublishedRun, frame_of
from pipeline.resolve.attach import ATTACHED, attach


def payees_of(pay: PayList, run: PublishedRun, rules: Path, judgements: pl.DataFrame | None) -> pl.DataFrame:
    """The person of each line: ``mention_id``, ``person_id`` (null: none of the run's) and ``fellow``.

    A line's ``mention_id`` is the hash of file, sheet and row: where the run has read this very file, its persons are
    taken over if the row says the same of who it is.
    """
    settled = _settled(pay, run)
    rest = pay.lines.join(settled, on="mention_id", how="anti")
    if rest.is_empty():
        return settled
    return pl.concat([settled, attach(run, rest, rules, judgements)]).sort("mention_id")


def _settled(pay: PayList, run: PublishedRun) -> pl.DataFrame:
    query = """
        select m.mention_id, m.person_id, cast(null as varchar) as fellow
        from audit.mentions m join pay p on m.mention_id = p.mention_id and m.fingerprint = p.fingerprint
        where m.run_id = $run and m.person_id is not null order by m.mention_id"""
    with opened(run.database, read_only=True) as connection:
        connection.register("pay", pay.lines.select("mention_id", "fingerprint").to_arrow())
        return frame_of(connection, query, {"run": run.run_id}).cast(dict(ATTACHED))  # type: ignore[arg-type]
