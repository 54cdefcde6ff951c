"""What the cards of one pendamping's families were used for, against those of all others.

Belongs here: all cards used in one sitting, cards not used at all, cards not used for months. Not here: whom a name on
a list means (:mod:`.companions`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from pipeline.misuse.base_rate import share_tail
from pipeline.misuse.companions import companions_of
from pipeline.misuse.terminals import reach
from pipeline.misuse.thresholds import Thresholds
from pipeline.misuse.uses import MAX_EVIDENCE, ROW


def cards_of_companions(lines: pl.DataFrame, roster: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """Which cards are in whose care: ``card``, ``subject_id`` (the pendamping), one row each pair.

    Args:
        lines: ``companion``, ``kecamatan_code``, ``kecamatan``, ``card`` of recipients lines.
        roster: the companions list, see :func:`companions_of`.
        thresholds: how alike names must be.
    """
    meant = companions_of(
        lines,
        roster,
        similarity=thresholds.companion_name_similarity,
        area_bonus=thresholds.companion_area_bonus,
    )
    return (
        lines.filter(pl.col("companion").is_not_null(), pl.col("card").is_not_null())
        .join(meant, on=["companion", "kecamatan_code"], nulls_equal=True)
        .select("card", subject_id="companion_id")
        .unique(maintain_order=True)
    )


def companions_holding_cards(drawn: pl.DataFrame, cards: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """All used cards of one pendamping's families were used at one terminal in one sitting.

    How unusual: by the share of used cards that the families of all other pendamping have in their fullest sitting at
    one terminal (see :func:`~pipeline.misuse.base_rate.share_tail`); families of one desa rightly go together.

    Args:
        drawn: withdrawals.
        cards: cards in the care of each pendamping, see :func:`cards_of_companions`.
        thresholds: how many cards, how long a sitting.
    """
    place = pl.col("place").to_physical()
    of_card = (
        drawn.lazy()
        .group_by("card")
        .agg(
            low=place.min(),
            high=place.max(),
            first=pl.col("transacted_at").min(),
            last=pl.col("transacted_at").max(),
            elsewhere=pl.col("at_counter").any() | pl.col("place").is_null().any(),
        )
        .collect()
    )
    used = cards.join(of_card, on="card")
    together = _together(used.filter(pl.col("low") == pl.col("high"), ~pl.col("elsewhere")), thresholds)
    companions = (
        used.group_by("subject_id")
        .agg(
            n_cards=pl.len().cast(pl.Int64),
            one_place=pl.col("low").min() == pl.col("high").max(),
            minutes=(pl.col("last").max() - pl.col("first").min()).dt.total_minutes(fractional=True),
            elsewhere=pl.col("elsewhere").any(),
        )
        .join(together, on="subject_id", how="left")
        .join(cards.group_by("subject_id").agg(n_of=pl.len().cast(pl.Int64)), on="subject_id")
        .sort("subject_id")
    )
    most = companions["most"].fill_null(0).to_numpy()
    expected, chance = share_tail(most, companions["n_cards"].to_numpy())
    held = companions.with_columns(
        expected=pl.Series(expected), chance=pl.Series(chance), compared=pl.lit(companions.height, pl.Int64)
    ).filter(
        pl.col("n_cards") >= thresholds.companion_min_cards,
        "one_place",
        ~pl.col("elsewhere"),
        pl.col("minutes") <= thresholds.companion_sitting.total_seconds() / 60,
    )
    theirs = cards.join(held.select("subject_id"), on="subject_id", how="semi")
    uses = drawn.join(theirs, on="card")
    behind = uses.group_by("subject_id").agg(
        kecamatan_code=pl.col("home").cast(pl.String).drop_nulls().mode().min(),
        terminal=pl.col("place").first().cast(pl.String),
        amount=pl.col("amount").sum(),
        started_at=pl.col("transacted_at").min(),
        ended_at=pl.col("transacted_at").max(),
        rows=pl.col("at").sort_by("transacted_at", "at").head(MAX_EVIDENCE),
    )
    return held.join(behind, on="subject_id").with_columns(
        reason=pl.lit("companion_holds_cards"),
        subject_kind=pl.lit("companion"),
        fact=pl.struct(
            cards_of_families="n_of",
            cards_used="n_cards",
            terminal="terminal",
            minutes=pl.col("minutes").round(1),
        ).struct.json_encode(),
    ).drop("one_place", "minutes", "elsewhere", "most", "terminal")  # fmt: skip


def _together(used: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """The most cards of each pendamping's families in one sitting at one terminal: ``subject_id``, ``most``.

    Args:
        used: cards used at one terminal only: ``subject_id``, ``low`` (the terminal), ``first`` (when).
        thresholds: how long a sitting is.
    """
    if used.is_empty():
        return pl.DataFrame(schema={"subject_id": pl.String, "most": pl.Int64})
    group = used.select(pl.struct("subject_id", "low").rank("dense")).to_series().to_numpy().astype(np.int64)
    width = int(thresholds.companion_sitting.total_seconds() * 1000)
    order, last = reach(group, used["first"].dt.timestamp("ms").to_numpy(), width)
    n = pl.Series("n", last - np.arange(len(last)) + 1, dtype=pl.Int64)
    return used[order].select("subject_id").with_columns(n).group_by("subject_id").agg(most=pl.col("n").max())


def unused_cards(
    cards: pl.DataFrame, lines: pl.DataFrame, used: pl.Series, reason: str, thresholds: Thresholds,
    told: Mapping[str, float],
) -> pl.DataFrame:  # fmt: skip
    """Pendamping of whose families' cards far more are unused than of others'.

    Only kecamatan from which some card was used: of the others the bank may have sent nothing.

    Args:
        cards: cards in the care of each pendamping.
        lines: recipients lines, the evidence.
        used: the cards that were used.
        reason: name of the signal.
        thresholds: how many cards at least.
        told: figures for the words.
    """
    known = lines.filter(pl.col("card").is_not_null()).with_columns(
        used=pl.col("card").to_physical().is_in(used.to_physical().implode())
    )
    known = known.filter(pl.col("used").any().over("kecamatan_code"))
    state = known.group_by("card").agg(pl.col("used").any(), home=pl.col("kecamatan_code").first())
    theirs = cards.join(state, on="card")
    companions = (
        theirs.group_by("subject_id")
        .agg(
            n_of=pl.len().cast(pl.Int64),
            n_cards=(~pl.col("used")).sum().cast(pl.Int64),
            kecamatan_code=pl.col("home").drop_nulls().mode().min(),
        )
        .sort("subject_id")
    )
    expected, chance = share_tail(companions["n_cards"].to_numpy(), companions["n_of"].to_numpy())
    found = companions.with_columns(
        expected=pl.Series(expected), chance=pl.Series(chance), compared=pl.lit(companions.height, pl.Int64)
    ).filter(
        pl.col("n_cards") >= thresholds.unused_min_cards,
        pl.Series(np.asarray(chance) * companions.height < thresholds.clear),
    )
    behind = (
        theirs.filter(~pl.col("used"))
        .join(found.select("subject_id"), on="subject_id", how="semi")
        .join(known.select("card", "amount", *ROW), on="card")
        .sort(ROW)
        .group_by("subject_id")
        .agg(amount=pl.col("amount").sum(), evidence=pl.struct(*ROW).head(MAX_EVIDENCE))
    )
    figures = [pl.lit(value).alias(name) for name, value in told.items()]
    return found.join(behind, on="subject_id").with_columns(
        reason=pl.lit(reason),
        subject_kind=pl.lit("companion"),
        fact=pl.struct(pl.col("n_cards").alias("cards"), pl.col("n_of").alias("of"), *figures).struct.json_encode(),
    )
