"""Small months of card use: uses and lines as frames, written the way a reader would say them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from pipeline import tables
from pipeline.misuse.thresholds import read_thresholds
from pipeline.misuse.uses import CARD, Uses, read_uses
from pipeline.period import Period
from pipeline.rulebook import default_rules

PERIOD = Period(2026, 9)
THRESHOLDS = read_thresholds(default_rules(), PERIOD.last_day)
START = datetime(2026, 9, 10, 9, 0)
ROSTER = pl.DataFrame(
    {
        "person_id": ["P1", "P2", "P3"],
        "name": ["HADIJAH WARTABONE", "HERMAN ABDJUL", "ZAHRA ABDJUL"],
        "area": ["KEC. MONANO", "KEC. ASPARAGA", "KEC. BIAU"],
        "kecamatan_code": ["750509", "750121", "750510"],
    }
)


def rows(
    n: int, minutes: float, *, cards: Sequence[str] | None = None, start: datetime = START, **columns: Any
) -> pl.DataFrame:
    """Transactions: ``n`` withdrawals so many minutes apart, each with a card of its own unless said."""
    cards = cards or [f"card{i:02d}" for i in range(n)]
    told = [
        {
            "source_file": "t.csv", "sheet": "", "row_number": i + 2, "card_number": card,
            "transacted_at": start + timedelta(minutes=minutes * i), "amount": 200_000, "agent_id": "AG1",
            "agent_name": None, "terminal_id": "T1", "channel": "agent", "transaction_type": "withdrawal",
            "balance": None, **columns,
        }
        for i, card in enumerate(cards)
    ]  # fmt: skip
    return pl.DataFrame(told, schema=tables.TRANSACTIONS.schema)


def uses(*parts: pl.DataFrame, homes: pl.DataFrame | None = None) -> Uses:
    """Transactions as the screening reads them."""
    frame = pl.concat([tables.TRANSACTIONS.empty(), *parts])
    return read_uses(frame.lazy(), homes_of(frame) if homes is None else homes, THRESHOLDS)


def homes_of(transactions: pl.DataFrame, kecamatan: str = "750509") -> pl.DataFrame:
    """All cards are at home in one kecamatan."""
    cards = transactions["card_number"].drop_nulls().unique().sort()
    return pl.DataFrame({"card": cards.cast(CARD), "home": pl.Series([kecamatan] * len(cards), dtype=pl.String)})


def lines(n: int = 0, **columns: Any) -> pl.DataFrame:
    """Recipients lines with the cards of ``rows``; a column may be a list, one value a line."""
    told = {
        "source_file": "r.csv", "sheet": "", "row_number": list(range(2, n + 2)), "program": "pkh",
        "kecamatan_code": "750509", "kecamatan": "MONANO", "card_number": [f"card{i:02d}" for i in range(n)],
        "account_number": None, "phone": None, "amount": 200_000, "companion": "HADIJAH WARTABONE",
        "person_id": [f"person{i}" for i in range(n)], "household_id": [f"home{i}" for i in range(n)], **columns,
    }  # fmt: skip
    texts = {c: pl.String for c in told if c not in ("row_number", "amount")}
    whole = {c: v if isinstance(v, list) else [v] * n for c, v in told.items()}
    frame = pl.DataFrame(whole, schema_overrides=texts)
    return frame.with_columns(card=pl.col("card_number").cast(CARD)).drop("card_number")
