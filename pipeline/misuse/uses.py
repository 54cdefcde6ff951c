"""Uses of cards in a shape that holds ten million of them: codes instead of texts.

Belongs here: reading transactions, and finding the rows of the files again. Not here: what is looked for in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.misuse.thresholds import Thresholds
from pipeline.store import Store
from pipeline.tables import TRANSACTIONS

ROW: Final = ("source_file", "sheet", "row_number")
CARD = pl.Categorical(pl.Categories("tepat.cards"))
PLACE = pl.Categorical(pl.Categories("tepat.places"))
MAX_EVIDENCE: Final = 500
"""Rows shown for one signal."""


@dataclass(frozen=True)
class Uses:
    """What was done with cards in a month.

    Attributes:
        drawn: money taken out: ``at`` (position in the table), ``transacted_at``, ``amount``, ``card``, ``home``
            (kecamatan of the card's holder, null where no list says it), ``place`` (the terminal, else the agent; null
            where neither is said), ``agent`` (the agent, else the terminal), ``at_agent``, ``at_counter``.
        credited: money that came onto cards: ``card``, ``credited_at``, ``credit``.
        cards: cards that were used at all, be it to ask for the balance.
    """

    drawn: pl.DataFrame
    credited: pl.DataFrame
    cards: pl.Series


def read_uses(transactions: pl.LazyFrame, homes: pl.DataFrame, thresholds: Thresholds) -> Uses:
    """Read transactions once.

    Args:
        transactions: rows of ``tables.TRANSACTIONS``.
        homes: ``card`` (of type ``CARD``), ``home``.
        thresholds: which uses take money out, which bring it, which channels are agents.
    """
    money = pl.col("amount") > 0
    channel, kind = pl.col("channel"), pl.col("transaction_type")
    uses = (
        transactions.with_row_index("at")
        .filter(pl.col("card_number").is_not_null(), pl.col("transacted_at").is_not_null())
        .select(
            "at",
            "transacted_at",
            "amount",
            card=pl.col("card_number").cast(CARD),
            place=pl.coalesce("terminal_id", "agent_id").cast(PLACE),
            agent=pl.coalesce("agent_id", "terminal_id").cast(PLACE),
            at_agent=channel.is_null() | channel.is_in(list(thresholds.agent_channels)),
            at_counter=(channel == "teller").fill_null(False),
            takes=(kind.is_in(list(thresholds.withdrawals)) & money).fill_null(False),
            brings=(kind.is_in(list(thresholds.credits)) & money).fill_null(False),
        )
        .collect(engine="streaming")
    )
    drawn = uses.filter("takes").drop("takes", "brings")
    return Uses(
        drawn.with_columns(home=_looked_up(drawn["card"], homes)),
        uses.filter("brings").select("card", credited_at="transacted_at", credit="amount"),
        uses["card"].unique(),
    )


def codes(column: pl.Series) -> npt.NDArray[np.int64]:
    """The codes of a column of cards or places; there must be no null."""
    return column.to_physical().to_numpy().astype(np.int64)


def _looked_up(cards: pl.Series, homes: pl.DataFrame) -> pl.Series:
    """The home of each card: a table by code, which is many times faster than a join."""
    names = homes["home"].unique().drop_nulls().sort()
    kind = pl.Enum(names)
    if cards.is_empty() or homes.is_empty():
        return pl.repeat(None, len(cards), dtype=kind, eager=True)
    known, wanted = codes(homes["card"]), codes(cards)
    table = np.full(int(max(known.max(), wanted.max())) + 1, -1, dtype=np.int64)
    table[known] = homes["home"].cast(kind).to_physical().to_numpy()
    found = pl.Series("home", table[wanted])
    return names.cast(kind).gather(pl.select(pl.when(found >= 0).then(found)).to_series())


def with_rows(signals: pl.DataFrame, store: Store) -> pl.DataFrame:
    """Signals with ``evidence``, where ``rows`` are positions in the table of transactions."""
    wanted = signals.select(pl.col("rows").list.explode().alias("at")).drop_nulls().unique().to_series()
    found = (
        store.scan(TRANSACTIONS)
        .with_row_index("at")
        .select("at", *ROW)
        .filter(pl.col("at").is_in(wanted.implode()))
        .collect(engine="streaming")
        .select("at", place=pl.struct(*ROW).struct.json_encode())
    )
    told = (
        signals.select("reason", "subject_id", at="rows")
        .explode("at")
        .drop_nulls("at")
        .join(found, on="at", how="left", maintain_order="left")
        .group_by("reason", "subject_id", maintain_order=True)
        .agg(evidence=pl.lit("[") + pl.col("place").str.join(",") + pl.lit("]"))
    )
    return signals.drop("rows", "evidence", strict=False).join(told, on=["reason", "subject_id"], how="left")
