"""The screening in order: transactions and lines in, signals out.

Belongs here: the four signals by plain thresholds. Not here: the thresholds (``rules/misuse.yaml``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl

from pipeline import tables
from pipeline.misuse.companions import companions_of
from pipeline.misuse.thresholds import Thresholds, read_thresholds
from pipeline.period import Period
from pipeline.store import Store

_ROW: Final = ("source_file", "sheet", "row_number")
_LINE: Final = (
    *_ROW, "mention_id", "program", "kecamatan_code", "kecamatan", "card_number", "account_number", "phone", "amount",
    "companion", "active",
)  # fmt: skip
MAX_EVIDENCE: Final = 500
"""Rows shown for one signal."""


def screen(store: Store, period: Period, rules: Path, *, say: Callable[[str], None]) -> None:
    """Write ``tables.MISUSE_SIGNALS`` of the period.

    Raises:
        RulesError: ``rules/misuse.yaml`` cannot be used.
        InputError: a stage before has not run.
    """
    thresholds = read_thresholds(rules, period.last_day)
    ids = store.scan(tables.MENTION_IDS).select("mention_id", "person_id")
    mentions = store.scan(tables.MENTIONS).join(ids, on="mention_id", how="left")
    lines = (
        mentions.filter(pl.col("kind") == "recipients", pl.col("active").fill_null(True))
        .select(*_LINE, "person_id")
        .sort(_ROW)
        .collect()
    )
    roster = (
        mentions.filter(pl.col("kind") == "companions").select("person_id", "name", "area", "kecamatan_code").collect()
    )
    drawn = withdrawals(store.scan(tables.TRANSACTIONS), thresholds)
    signals = [
        bulk_withdrawals(drawn, lines, thresholds),
        companions_holding_cards(drawn, lines, roster, thresholds),
        shared_numbers(lines, "account_number", "shared_account", "account", thresholds),
        shared_numbers(lines, "phone", "shared_phone", "phone", thresholds),
    ]
    table = pl.concat([tables.MISUSE_SIGNALS.conform(s) for s in signals])
    store.write(tables.MISUSE_SIGNALS, table)
    say(f"{table.height} signs of card misuse in {drawn.height} withdrawals")


def withdrawals(transactions: pl.LazyFrame, thresholds: Thresholds) -> pl.DataFrame:
    """Money drawn anywhere but at a counter, in order of place and time; ``place`` is the terminal or the agent."""
    return (
        transactions.filter(
            pl.col("transaction_type").is_in(list(thresholds.withdrawals)),
            pl.col("amount") > 0,
            pl.col("card_number").is_not_null(),
        )
        .select(
            *_ROW, "card_number", "transacted_at", "amount", "agent_id",
            place=pl.coalesce("terminal_id", "agent_id"),
            at_agent=pl.col("channel").is_null() | pl.col("channel").is_in(list(thresholds.agent_channels)),
            at_counter=(pl.col("channel") == "teller").fill_null(False),
        )
        .sort("place", "transacted_at", *_ROW)
        .collect()
    )  # fmt: skip


def bulk_withdrawals(drawn: pl.DataFrame, lines: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """So many different cards at one agent's terminal within minutes; one signal an agent, of its fullest window."""
    n, window = thresholds.bulk_min_cards, thresholds.bulk_window
    here = drawn.filter("at_agent", pl.col("place").is_not_null(), pl.col("transacted_at").is_not_null())
    # Fewer than n uses within the window cannot be n cards: only the rest is counted card by card.
    close = (pl.col("place").shift(1 - n) == pl.col("place")) & (
        pl.col("transacted_at").shift(1 - n) - pl.col("transacted_at") <= window
    )
    starts = (
        here.filter(close.fill_null(False))
        .select("place", from_=pl.col("transacted_at"), to=pl.col("transacted_at") + window)
        .unique(maintain_order=True)
    )
    inside = (
        starts.lazy()
        .join(here.lazy(), on="place")
        .filter(pl.col("transacted_at").is_between(pl.col("from_"), pl.col("to")))
        .with_columns(subject_id=pl.coalesce("agent_id", "place"))
    )
    windows = (
        inside.group_by("subject_id", "place", "from_")
        .agg(n_cards=pl.col("card_number").n_unique())
        .filter(pl.col("n_cards") >= n)
    )
    uses = (
        inside.join(windows.drop("n_cards"), on=["subject_id", "place", "from_"])
        .unique(["subject_id", *_ROW])
        .sort("subject_id", "transacted_at", *_ROW)
        .collect()
    )
    fullest = (
        windows.group_by("subject_id").agg(pl.col("n_cards").max().alias("most"), pl.len().alias("windows")).collect()
    )
    return _signals(uses, "bulk_withdrawal", "agent", lines).join(fullest, on="subject_id").with_columns(
        n_cards=pl.col("most").cast(pl.Int64),
        fact=pl.struct(cards_in_window="most", window_minutes=pl.lit(window.total_seconds() / 60)).struct.json_encode(),
    ).drop("most", "windows")  # fmt: skip


def companions_holding_cards(
    drawn: pl.DataFrame, lines: pl.DataFrame, roster: pl.DataFrame, thresholds: Thresholds
) -> pl.DataFrame:
    """All used cards of one pendamping's families were used at one terminal in one sitting."""
    meant = companions_of(
        lines,
        roster,
        similarity=thresholds.companion_name_similarity,
        area_bonus=thresholds.companion_area_bonus,
    )
    cards = (
        lines.filter(pl.col("companion").is_not_null(), pl.col("card_number").is_not_null())
        .join(meant, on=["companion", "kecamatan_code"], nulls_equal=True)
        .select("card_number", subject_id="companion_id")
        .unique(maintain_order=True)
    )
    of_card = drawn.group_by("card_number").agg(
        low=pl.col("place").min(),
        high=pl.col("place").max(),
        first=pl.col("transacted_at").min(),
        last=pl.col("transacted_at").max(),
        elsewhere=pl.col("at_counter").any() | pl.col("place").is_null().any(),
    )
    known = cards.group_by("subject_id").agg(n_known=pl.len())
    held = (
        cards.join(of_card, on="card_number")
        .group_by("subject_id")
        .agg(
            n_used=pl.len(),
            terminal=pl.col("low").min(),
            one_place=pl.col("low").min() == pl.col("high").max(),
            minutes=pl.col("last").max() - pl.col("first").min(),
            elsewhere=pl.col("elsewhere").any(),
        )
        .filter(
            pl.col("n_used") >= thresholds.companion_min_cards,
            "one_place",
            ~pl.col("elsewhere"),
            pl.col("minutes") <= thresholds.companion_sitting,
        )
        .join(known, on="subject_id")
    )
    theirs = cards.join(held.select("subject_id"), on="subject_id")
    uses = drawn.join(theirs, on="card_number").sort("subject_id", "transacted_at", *_ROW)
    signals = _signals(uses, "companion_holds_cards", "companion", lines)
    fact = pl.struct(cards_of_families="n_known", cards_used="n_used", terminal="terminal").struct.json_encode()
    return signals.join(held.select("subject_id", fact.alias("fact")), on="subject_id")


def shared_numbers(
    lines: pl.DataFrame, column: str, reason: str, subject_kind: str, thresholds: Thresholds
) -> pl.DataFrame:
    """One account or phone on the lines of several different persons; a person with two lines counts once."""
    several = (
        lines.filter(pl.col(column).is_not_null(), pl.col("person_id").is_not_null())
        .filter(pl.col("person_id").n_unique().over(column) >= thresholds.shared_min_persons)
        .with_columns(pl.col(column).alias("subject_id"), pl.lit(None, pl.Datetime("us")).alias("transacted_at"))
    )
    persons = several.group_by("subject_id").agg(n_cards=pl.col("person_id").n_unique().cast(pl.Int64))
    fact = pl.struct(persons="n_cards").struct.json_encode()
    signals = _signals(several, reason, subject_kind, lines).drop("n_cards")
    return signals.join(persons.with_columns(fact=fact), on="subject_id")


def _signals(uses: pl.DataFrame, reason: str, subject_kind: str, lines: pl.DataFrame) -> pl.DataFrame:
    """One row a subject from the rows behind it (``subject_id``, ``card_number``, ``amount``, ``transacted_at``)."""
    homes = (
        lines.filter(pl.col("card_number").is_not_null(), pl.col("kecamatan_code").is_not_null())
        .unique("card_number", keep="first", maintain_order=True)
        .select("card_number", home="kecamatan_code")
    )
    place = pl.struct(*_ROW)
    grouped = uses.join(homes, on="card_number", how="left", maintain_order="left").group_by(
        "subject_id", maintain_order=True
    )
    return grouped.agg(
        reason=pl.lit(reason),
        subject_kind=pl.lit(subject_kind),
        kecamatan_code=pl.col("home").drop_nulls().mode().min(),
        n_cards=pl.col("card_number").n_unique().cast(pl.Int64),
        amount=pl.col("amount").sum(),
        started_at=pl.col("transacted_at").min(),
        ended_at=pl.col("transacted_at").max(),
        evidence=place.struct.json_encode().head(MAX_EVIDENCE),
    ).with_columns(evidence=pl.concat_str(pl.lit("["), pl.col("evidence").list.join(","), pl.lit("]")))
