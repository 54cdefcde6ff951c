"""The screening in order: transactions and lines in, signals out.

Belongs here: what is asked after what. Not here: the signs themselves, the thresholds (``rules/misuse.yaml``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl

from pipeline import tables
from pipeline.history import PublishedRun
from pipeline.misuse.agents import agent_habits
from pipeline.misuse.holders import cards_of_companions, companions_holding_cards, unused_cards
from pipeline.misuse.numbers import insiders, shared_numbers
from pipeline.misuse.terminals import bulk_withdrawals
from pipeline.misuse.thresholds import Thresholds, read_thresholds
from pipeline.misuse.uses import CARD, ROW, Uses, read_uses, with_rows
from pipeline.misuse.words import with_words
from pipeline.period import Period
from pipeline.store import Store

_LINE: Final = (
    *ROW, "program", "kecamatan_code", "kecamatan", "account_number", "phone", "amount", "companion",
)  # fmt: skip
OFFICERS: Final = ("companions", "tksk")


def screen(
    store: Store,
    period: Period,
    rules: Path,
    *,
    previous: PublishedRun | None = None,
    say: Callable[[str], None],
) -> None:
    """Write ``tables.MISUSE_SIGNALS`` of the period.

    Args:
        store: stage files of the period.
        period: the month.
        rules: the rules folder.
        previous: the newest published run of an earlier month, for cards that are unused month after month.
        say: told what is being done.

    Raises:
        RulesError: ``rules/misuse.yaml`` cannot be used.
        InputError: a stage before has not run.
    """
    thresholds = read_thresholds(rules, period.last_day)
    lines, officers = _lines(store), _officers(store)
    uses = read_uses(store.scan(tables.TRANSACTIONS), _homes(lines), thresholds)
    cards = cards_of_companions(lines, officers.filter(pl.col("kind") == "companions"), thresholds)
    signals = [
        bulk_withdrawals(uses.drawn, thresholds),
        companions_holding_cards(uses.drawn, cards, thresholds),
        shared_numbers(lines, "account_number", "shared_account", "account", thresholds),
        shared_numbers(lines, "phone", "shared_phone", "phone", thresholds),
        *agent_habits(uses, thresholds),
        *_unused(cards, lines, uses, previous, period, thresholds),
        *insiders(lines, officers, _households(store)),
    ]
    table = with_words(_one_table(signals, store), thresholds).drop("share")
    store.write(tables.MISUSE_SIGNALS, table)
    findings = int(table["finding"].sum())
    further = table.height - findings
    say(f"{findings} signs of card misuse and {further} further signs in {uses.drawn.height} withdrawals")


def _lines(store: Store) -> pl.DataFrame:
    """Active lines of the recipients lists, with ids and the card as a code."""
    ids = store.scan(tables.MENTION_IDS).select("mention_id", "person_id", "household_id")
    return (
        store.scan(tables.MENTIONS)
        .filter(pl.col("kind") == "recipients", pl.col("active").fill_null(True))
        .select("mention_id", *_LINE, card=pl.col("card_number").cast(CARD))
        .join(ids, on="mention_id", how="left")
        .drop("mention_id")
        .sort(ROW)
        .collect()
    )


def _officers(store: Store) -> pl.DataFrame:
    """Rosters of companions, agents and TKSK."""
    ids = store.scan(tables.MENTION_IDS).select("mention_id", "person_id", "household_id")
    kind = pl.col("kind").str.replace("companions", "pendamping").str.to_uppercase()
    return (
        store.scan(tables.MENTIONS)
        .filter(pl.col("kind").is_in(OFFICERS))
        .select("mention_id", "kind", "name", "area", "kecamatan_code", "phone", "account_number", "role")
        .join(ids, on="mention_id", how="left")
        .with_columns(role=pl.coalesce("role", kind))
        .sort("mention_id")
        .drop("mention_id")
        .collect()
    )  # fmt: skip


def _households(store: Store) -> int:
    """How many households the month knows."""
    return int(store.scan(tables.MENTION_IDS).select(pl.col("household_id").drop_nulls().n_unique()).collect().item())


def _homes(lines: pl.DataFrame) -> pl.DataFrame:
    """``card``, ``home``: the kecamatan that the first line with the card says."""
    return (
        lines.filter(pl.col("card").is_not_null(), pl.col("kecamatan_code").is_not_null())
        .select("card", home="kecamatan_code")
        .unique("card", keep="first", maintain_order=True)
    )


def _unused(
    cards: pl.DataFrame, lines: pl.DataFrame, uses: Uses, previous: PublishedRun | None, period: Period,
    thresholds: Thresholds,
) -> list[pl.DataFrame]:  # fmt: skip
    """Cards nobody used this month, and cards from which nothing was drawn for months; nothing without transactions."""
    if not len(uses.cards):
        return []
    signals = [unused_cards(cards, lines, uses.cards, "cards_never_used", thresholds, {})]
    before = _drawn_before(previous, period, thresholds)
    if before is not None:
        used = pl.concat([uses.drawn["card"], before]).unique()
        told = {"months": thresholds.unused_months}
        signals.append(unused_cards(cards, lines, used, "cards_idle", thresholds, told))
    return signals


def _drawn_before(previous: PublishedRun | None, period: Period, thresholds: Thresholds) -> pl.Series | None:
    """Cards drawn from in the months before; None where one of those months is not published."""
    months = [period]
    while len(months) < thresholds.unused_months:
        months.append(months[-1].before())
    if previous is None:
        return None
    found = previous.sql(
        """with newest as (
               select run_id, period from audit.runs where status = 'published' and list_contains($months, period)
               qualify row_number() over (partition by period order by finished_at desc) = 1)
           select n.period, t.card_number as card
           from audit.transactions t join newest n on t.run_id = n.run_id
           where list_contains($types, t.transaction_type) and t.amount > 0 group by all""",
        months=[str(m) for m in months[1:]],
        types=list(thresholds.withdrawals),
    )
    if found["period"].n_unique() < len(months) - 1:
        return None
    return found["card"].drop_nulls().cast(CARD)


def _one_table(signals: list[pl.DataFrame], store: Store) -> pl.DataFrame:
    """All signals in one shape, with their evidence."""
    wanted = [*tables.MISUSE_SIGNALS.schema.items(), ("share", pl.Float64())]
    of_uses = [s for s in signals if "rows" in s.columns]
    of_lines = [s.with_columns(evidence=_as_json("evidence")) for s in signals if "rows" not in s.columns]
    used = with_rows(pl.concat(of_uses, how="diagonal_relaxed"), store)
    table = pl.concat([used, *of_lines], how="diagonal_relaxed")
    shaped = [
        (pl.col(name) if name in table.columns else pl.lit(None).alias(name)).cast(dtype) for name, dtype in wanted
    ]
    return table.select(shaped).with_columns(pl.col("evidence").fill_null("[]")).sort("reason", "subject_id")


def _as_json(column: str) -> pl.Expr:
    each = pl.col(column).list.eval(pl.element().struct.json_encode())
    return pl.lit("[") + each.list.join(",") + pl.lit("]")
