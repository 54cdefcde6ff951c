"""What the visits of verification samples found, household by household.

Belongs here: joining a sample with the events of its cases. Not here: estimating anything.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.cases.field_rules import Sampling
from pipeline.history import PublishedRun

ANSWERED: Final = "answered"
"""The visit found whether aid is due and received. Other states: an outcome that leaves it open, or waiting."""
WAITING: Final = "waiting"

_VISITS: Final = """
with chosen as (select * from audit.samples where period = $period),
told as (
    select finding_key, case_id, event, outcome, "at" from audit.case_events
    where finding_key in (select finding_key from chosen)),
newest as (  -- an answer that was sent back to the field is none
    select finding_key, event, outcome from told where event in ('finding_answered', 'finding_returned')
    qualify row_number() over (partition by finding_key order by "at" desc) = 1),
held as (  -- the case that holds the visit, and since when
    select finding_key, last(case_id order by "at") as case_id, min("at") as since from told
    where event = 'finding_added' group by finding_key),
tried as (
    select h.finding_key, last(e.outcome order by e."at") as outcome
    from held h join audit.case_events e on e.case_id = h.case_id
    where e.event = 'answered' and e."at" > h.since group by h.finding_key)
select s.*, n.outcome as found, coalesce(n.outcome, t.outcome) as outcome
from chosen s
left join (select * from newest where event = 'finding_answered') n using (finding_key)
left join tried t using (finding_key)
order by s.drawn_at, s.sample_id, s.stratum, s.finding_key
"""


def has_tables(run: PublishedRun, *names: str) -> bool:
    """Whether the database has these tables; one made by an older version may not."""
    rows = run.sql(
        "select table_name from information_schema.tables "
        "where table_catalog = current_database() and table_schema = 'audit'"
    )
    return set(names) <= set(rows["table_name"])


def visits(run: PublishedRun, rules: Sampling) -> pl.DataFrame:
    """The households of all samples of a month, the sample drawn last at the end: columns of ``tables.SAMPLES``, and

    - ``outcome``: the newest answer, a code of ``rules/field.yaml``; null where there is none yet;
    - ``state``: ``answered``, ``waiting``, or the outcome that leaves it open: ``not_found``, ``moved``, ``refused`` …;
    - ``exclusion``, ``inclusion``: whether the visit found that error; null unless answered.
    """
    rows = run.sql(_VISITS, period=str(run.period))
    truth = pl.col("found").replace_strict(rules.truth, default=None, return_dtype=pl.String)
    rows = rows.with_columns(truth=truth)
    gone = pl.col("truth") == "gone"
    return rows.with_columns(
        state=pl.when(pl.col("truth").is_not_null())
        .then(pl.lit(ANSWERED))
        .otherwise(pl.col("outcome").fill_null(WAITING)),
        exclusion=pl.col("truth") == "exclusion",
        inclusion=(pl.col("truth") == "inclusion") | (gone & pl.col("served")),
    ).drop("found", "truth")
