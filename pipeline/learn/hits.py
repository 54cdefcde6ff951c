"""How often findings that were visited are right: hit rates by rule, confidence and kecamatan.

Belongs here: counting answers, their intervals (Wilson 1927, as Brown, Cai and DasGupta 2001 recommend), and naming
rules of which too few are confirmed. These visits were chosen because they mattered, not by chance: the rates speak of
what was visited. What is true of all findings is in the two-phase estimate (:mod:`.estimate`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import polars as pl

from pipeline.cases.field_rules import HitRates
from pipeline.history import PublishedRun
from pipeline.learn.visited import has_tables
from pipeline.look.limits import wilson
from pipeline.measures import named

HITS: Final = pl.Schema(
    {
        "by": pl.String(),  # rule, confidence, kecamatan
        "finding_type": pl.String(),  # empty by kecamatan
        "reason": pl.String(),  # one reason; a finding of several counts at each; empty but by rule
        "group": pl.String(),  # band of confidence ("0.80-0.95"), or code of the kecamatan; empty by rule
        "group_name": pl.String(),  # the same, but the name of the kecamatan
        "visited": pl.Int64(),  # findings with an answer
        "confirmed": pl.Int64(),
        "not_confirmed": pl.Int64(),
        "not_found": pl.Int64(),  # nobody there whom the finding is about
        "undecided": pl.Int64(),  # answered, but neither confirmed nor not
        "rate": pl.Float64(),  # confirmed / (confirmed + not confirmed); null where that is 0
        "ci_low": pl.Float64(),  # Wilson, 95 %
        "ci_high": pl.Float64(),
        "few": pl.Boolean(),  # so few visits that the rate says little
        "under_floor": pl.String(),  # surely (the whole interval), perhaps (the rate), no; null where there is no rate
    }
)

_ANSWERS: Final = """
with told as (  -- an answer that was sent back to the field, or is in dispute, is none
    select finding_key, verdict, outcome, "at", event,
           coalesce(lead(event) over (partition by finding_key order by "at"), '') as after
    from audit.case_events
    where event in ('finding_answered', 'finding_settled', 'finding_resolved', 'finding_returned')),
said as (
    select finding_key, verdict, outcome from told
    where event = 'finding_answered' and after not in ('finding_returned', 'finding_answered')
    qualify row_number() over (partition by finding_key order by "at" desc) = 1),
newest as (
    select run_id, period, finished_at from audit.runs where status = 'published' and period <= $period
    qualify row_number() over (partition by period order by finished_at desc) = 1),
known as (
    select f.finding_key, f.finding_type, f.reason, f.confidence, f.kecamatan_code
    from audit.findings f join newest n using (run_id) where f.finding_key in (select finding_key from said)
    qualify row_number() over (partition by f.finding_key order by n.period desc) = 1)
select finding_type, reason, confidence, coalesce(kecamatan_code, '') as kecamatan_code,
       case when verdict = 'right' then 'confirmed' when verdict = 'wrong' then 'not_confirmed'
            when outcome = 'not_found' then 'not_found' else 'undecided' end as said
from said join known using (finding_key)
"""
_SAID: Final = ("confirmed", "not_confirmed", "not_found", "undecided")


def hit_rates(run: PublishedRun, rules: HitRates) -> pl.DataFrame:
    """Hit rates of all findings answered that a run up to this month has: columns of :data:`HITS`, sorted.

    The newest answer to a finding counts. ``not_found`` and ``undecided`` stand outside the rate.

    Args:
        run: the month.
        rules: floor, small numbers and bands of confidence (``hit_rates`` of ``rules/field.yaml``).
    """
    if not has_tables(run, "case_events"):
        return HITS.to_frame(eager=True)
    answers = run.sql(_ANSWERS, period=str(run.period))
    limits = [0.0, *rules.bands, 1.0]
    names = [f"{low:.2f}-{high:.2f}" for low, high in pairwise(limits)]
    answers = answers.with_columns(
        band=pl.sum_horizontal(pl.lit(0), *(pl.col("confidence") >= limit for limit in rules.bands)).replace_strict(
            dict(enumerate(names)), return_dtype=pl.String
        )
    )
    nothing = pl.lit("")
    groups = [
        answers.with_columns(pl.col("reason").str.split(",")).explode("reason").select(
            pl.lit("rule").alias("by"), "finding_type", "reason", nothing.alias("group"), "said"
        ),
        answers.select(
            pl.lit("confidence").alias("by"), "finding_type", nothing.alias("reason"), pl.col("band").alias("group"),
            "said",
        ),
        answers.select(
            pl.lit("kecamatan").alias("by"), nothing.alias("finding_type"), nothing.alias("reason"),
            pl.col("kecamatan_code").alias("group"), "said",
        ),
    ]  # fmt: skip
    keys = ["by", "finding_type", "reason", "group"]
    counted = pl.concat(groups).group_by(keys).agg(
        visited=pl.len(), **{word: (pl.col("said") == word).sum() for word in _SAID}
    )  # fmt: skip
    rated = _rated(counted.sort(keys), rules).with_columns(group_name="group")
    areas = pl.col("by") == "kecamatan"
    named_too = pl.when(areas).then(named(rated["group"])).otherwise("group")
    return rated.with_columns(group_name=named_too).select(pl.col(c).cast(t) for c, t in HITS.items())


def _rated(counted: pl.DataFrame, rules: HitRates) -> pl.DataFrame:
    judged = (pl.col("confirmed") + pl.col("not_confirmed")).cast(pl.Float64)
    sizes = counted.select(judged.clip(lower_bound=1.0).alias("n"))["n"].to_numpy()
    low, high = wilson(counted["confirmed"].cast(pl.Float64).to_numpy(), sizes)
    some = judged > 0
    rated = counted.with_columns(pl.Series("low", low), pl.Series("high", high)).with_columns(
        rate=pl.when(some).then(pl.col("confirmed") / judged),
        ci_low=pl.when(some).then("low"),
        ci_high=pl.when(some).then("high"),
        few=judged < rules.few,
    )
    under = (
        pl.when(pl.col("ci_high") < rules.floor).then(pl.lit("surely"))
        .when(pl.col("rate") < rules.floor).then(pl.lit("perhaps"))
        .when(some).then(pl.lit("no"))
    )  # fmt: skip
    return rated.with_columns(under_floor=under)
