"""What is unusual about an agent against all other agents of the month.

Belongs here: odd hours, cards from far away, cards emptied minutes after the credit, and far more cards than the norm;
each a share or size of one agent, held against those of the others. None is a finding by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from pipeline.misuse.base_rate import share_tail, size_tail
from pipeline.misuse.thresholds import Thresholds
from pipeline.misuse.uses import MAX_EVIDENCE, Uses, codes


def agent_habits(uses: Uses, thresholds: Thresholds) -> list[pl.DataFrame]:
    """The signals about agents; where nothing came onto cards, nothing is said of cards emptied after it."""
    here = uses.drawn.filter("at_agent", pl.col("agent").is_not_null())
    agents = _agents(here, uses)
    centre = agents.select("agent", "centre")
    hour = pl.col("transacted_at").dt.hour()
    late, early = hour >= thresholds.odd_from_hour, hour < thresholds.odd_to_hour
    odd = here.filter(late | early if thresholds.odd_from_hour > thresholds.odd_to_hour else late & early)
    far = here.join(centre, on="agent").filter(pl.col("home") != pl.col("centre"))
    hours = {"from_hour": thresholds.odd_from_hour, "to_hour": thresholds.odd_to_hour}
    minutes = {"minutes": thresholds.drained_within.total_seconds() / 60}
    drained = _drained(here, uses.credited, thresholds)
    return [
        _unusual_share(agents, odd, "odd_hours", "cards", thresholds.odd_min_cards, thresholds, hours),
        _unusual_share(agents, far, "far_from_home", "homed", thresholds.far_min_cards, thresholds, {}),
        _unusual_share(
            agents, drained, "drained_after_credit", "credited", thresholds.drained_min_cards, thresholds, minutes
        ),
        _busy(agents, here, thresholds),
    ]


def _agents(here: pl.DataFrame, uses: Uses) -> pl.DataFrame:
    """One row an agent: different ``cards``, those with a known home and with a credit, and the kecamatan of most."""
    if here.is_empty():
        counts = dict.fromkeys(("cards", "homed", "credited"), pl.Int64)
        return pl.DataFrame(schema={"agent": here.schema["agent"], "centre": here.schema["home"], **counts})
    # an agent and a card in one number: different ones are found several times as fast as those of two columns
    pair = (codes(here["agent"]) << np.int64(32)) | codes(here["card"])
    once = pl.DataFrame({"pair": pair, "home": here["home"], "agent": here["agent"]}).unique("pair", keep="any")
    credited = np.isin(once["pair"].to_numpy() & np.int64(0xFFFFFFFF), codes(uses.credited["card"].unique()))
    once = once.with_columns(credited=pl.Series(credited, dtype=pl.Boolean))
    agents = once.group_by("agent").agg(
        cards=pl.len().cast(pl.Int64),
        homed=pl.col("home").count().cast(pl.Int64),
        credited=pl.col("credited").sum().cast(pl.Int64),
    )
    counted = once.drop_nulls("home").group_by("agent", "home").agg(n=pl.len())
    centre = counted.sort("n", "home", descending=[True, False]).unique("agent", keep="first", maintain_order=True)
    return agents.join(centre.select("agent", centre="home"), on="agent", how="left")


def _drained(here: pl.DataFrame, credited: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """Uses that took nearly all of what had come onto the card minutes before."""
    after = pl.col("transacted_at") - pl.col("credited_at")
    soon = (after >= pl.duration(seconds=0)) & (after <= thresholds.drained_within)
    whole = pl.col("amount") >= thresholds.drained_share * pl.col("credit")
    return (
        here.lazy()
        .join(credited.lazy(), on="card")
        .filter(soon & whole)
        .drop("credited_at", "credit")
        .unique("at")
        .collect(engine="streaming")
    )


def _unusual_share(
    agents: pl.DataFrame, such: pl.DataFrame, reason: str, of: str, least: int, thresholds: Thresholds,
    told: Mapping[str, float],
) -> pl.DataFrame:  # fmt: skip
    """Agents with so many cards of a kind (``such``: the uses), and more than the others' share allows for."""
    n = such.group_by("agent").agg(n_cards=pl.col("card").n_unique().cast(pl.Int64))
    judged = (
        agents.filter(pl.col(of) > 0)
        .join(n, on="agent", how="left")
        .with_columns(pl.col("n_cards").fill_null(0), n_of=of)
        .sort(pl.col("agent").cast(pl.String))
    )
    expected, chance = share_tail(judged["n_cards"].to_numpy(), judged["n_of"].to_numpy())
    judged = judged.with_columns(
        expected=pl.Series(expected), chance=pl.Series(chance), compared=pl.lit(judged.height, pl.Int64)
    )
    unusual = pl.col("chance") * judged.height < thresholds.clear
    return _shown(judged.filter(pl.col("n_cards") >= least, unusual), such, reason, told)


def _busy(agents: pl.DataFrame, here: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """Agents above the guideline who are far above the others as well."""
    middle, chance = size_tail(agents["cards"].to_numpy())
    judged = agents.with_columns(
        n_cards="cards",
        n_of="cards",
        expected=pl.lit(middle),
        chance=pl.Series(chance),
        compared=pl.lit(agents.height, pl.Int64),
    )
    found = judged.filter(
        pl.col("cards") > thresholds.agent_most_cards, pl.col("chance") * agents.height < thresholds.clear
    )
    return _shown(found, here, "busy_agent", {"most": thresholds.agent_most_cards})


def _shown(found: pl.DataFrame, uses: pl.DataFrame, reason: str, told: Mapping[str, float]) -> pl.DataFrame:
    """The agents found as signals, with the uses behind them."""
    behind = (
        uses.join(found.select("agent"), on="agent", how="semi")
        .group_by("agent")
        .agg(
            amount=pl.col("amount").sum(),
            started_at=pl.col("transacted_at").min(),
            ended_at=pl.col("transacted_at").max(),
            rows=pl.col("at").sort_by("transacted_at", "at").head(MAX_EVIDENCE),
        )
    )
    figures = [pl.lit(value).alias(name) for name, value in told.items()]
    return (
        found.select("agent", "n_cards", "n_of", "expected", "chance", "compared", kecamatan_code="centre")
        .join(behind, on="agent")
        .with_columns(
            pl.col("kecamatan_code").cast(pl.String),
            reason=pl.lit(reason),
            subject_kind=pl.lit("agent"),
            subject_id=pl.col("agent").cast(pl.String),
            fact=pl.struct(pl.col("n_cards").alias("cards"), pl.col("n_of").alias("of"), *figures).struct.json_encode(),
        )
        .drop("agent")
    )
