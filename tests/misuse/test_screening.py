"""Signs of card misuse, and what looks like one and is none."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from pipeline import tables
from pipeline.misuse import screen
from pipeline.misuse.companions import companions_of
from pipeline.misuse.screening import bulk_withdrawals, companions_holding_cards, shared_numbers, withdrawals
from pipeline.misuse.thresholds import read_thresholds
from pipeline.period import Period
from pipeline.rulebook import default_rules
from pipeline.store import Store

THRESHOLDS = read_thresholds(default_rules(), Period(2026, 9).last_day)
START = datetime(2026, 9, 10, 9, 0)
ROSTER = pl.DataFrame(
    {
        "person_id": ["P1", "P2", "P3"],
        "name": ["HADIJAH WARTABONE", "HERMAN ABDJUL", "ZAHRA ABDJUL"],
        "area": ["KEC. MONANO", "KEC. ASPARAGA", "KEC. BIAU"],
        "kecamatan_code": ["750509", "750121", "750510"],
    }
)


def uses(n, minutes, *, cards=None, **columns):
    """``n`` withdrawals so many minutes apart, each with a card of its own unless said."""
    cards = cards or [f"card{i:02d}" for i in range(n)]
    rows = [
        {
            "source_file": "t.csv", "sheet": "", "row_number": i + 2, "card_number": card,
            "transacted_at": START + timedelta(minutes=minutes * i), "amount": 200_000, "agent_id": "AG1",
            "agent_name": None, "terminal_id": "T1", "channel": "agent", "transaction_type": "withdrawal",
            "balance": None, **columns,
        }
        for i, card in enumerate(cards)
    ]  # fmt: skip
    return withdrawals(pl.DataFrame(rows, schema=tables.TRANSACTIONS.schema).lazy(), THRESHOLDS)


def lines(n=0, **columns):
    """Recipients lines with the cards of ``uses``."""
    rows = [
        {
            "source_file": "r.csv", "sheet": "", "row_number": i + 2, "mention_id": f"m{i}", "program": "pkh",
            "kecamatan_code": "750509", "kecamatan": "MONANO", "card_number": f"card{i:02d}", "account_number": None,
            "phone": None, "amount": 200_000, "companion": "HADIJAH WARTABONE", "person_id": f"person{i}", **columns,
        }
        for i in range(n)
    ]  # fmt: skip
    return pl.DataFrame(
        rows, schema_overrides={"account_number": pl.String, "phone": pl.String}, infer_schema_length=None
    )


@pytest.mark.parametrize(
    ("drawn", "flagged"),
    [
        (uses(10, 1), True),
        (uses(12, 1), True),
        (uses(9, 1), False),
        (uses(10, 1.6), True),
        (uses(30, 2), False),  # a queue on distribution day
        (uses(20, 0.5, channel="teller"), False),  # a bank office
        (uses(20, 0.5, channel="atm"), False),
        (uses(20, 0.5, transaction_type="balance_inquiry", amount=0), False),
        (uses(20, 0.5, cards=["one", "two"] * 10), False),  # few cards, many uses
        (uses(10, 1, terminal_id=None), True),
    ],
)
def test_many_cards_at_one_agent_within_minutes(drawn, flagged):
    signals = bulk_withdrawals(drawn, lines(12), THRESHOLDS)
    assert signals["subject_id"].to_list() == (["AG1"] if flagged else [])


def test_ten_cards_at_ten_agents_are_ten_families():
    drawn = pl.concat([uses(1, 1, cards=[f"c{i}"], agent_id=f"AG{i}", terminal_id=f"T{i}") for i in range(10)])
    assert bulk_withdrawals(drawn.sort("place"), lines(0 + 1), THRESHOLDS).is_empty()


def test_a_signal_says_how_much_and_when_and_shows_its_rows():
    signal = bulk_withdrawals(uses(12, 1), lines(12), THRESHOLDS).row(0, named=True)
    assert (signal["n_cards"], signal["amount"], signal["kecamatan_code"]) == (12, 12 * 200_000, "750509")
    assert (signal["started_at"], signal["ended_at"]) == (START, START + timedelta(minutes=11))
    assert signal["evidence"].count('"row_number"') == 12


@pytest.mark.parametrize(
    ("drawn", "flagged"),
    [
        (uses(8, 15), True),
        (uses(8, 22), False),  # longer than a sitting
        (uses(7, 1), False),  # a small group came together
        (uses(8, 1, channel="teller"), False),
        (pl.concat([uses(7, 1), uses(8, 1, terminal_id="T2")[7:]]), False),  # one card elsewhere
        (pl.concat([uses(8, 1), uses(8, 60 * 24)[7:]]), False),  # one card again days later
    ],
)
def test_all_used_cards_of_one_companion_in_one_sitting(drawn, flagged):
    signals = companions_holding_cards(drawn, lines(10), ROSTER, THRESHOLDS)
    assert signals["subject_id"].to_list() == (["P1"] if flagged else [])


@pytest.mark.parametrize(
    ("written", "kecamatan", "meant"),
    [
        ("HADIJAH WARTABONE", "750509", "P1"),
        ("HADIDJAH WARTABONE", "750509", "P1"),
        ("WARTABONE HADIJAH", "750116", "P1"),
        ("ZAHRA ABDJUL", "750121", "P3"),  # works outside her own kecamatan, where her cousin works
        ("NOBODY HERE", "750509", "name:NOBODY HERE"),
    ],
)
def test_a_companion_is_known_by_name_and_area(written, kecamatan, meant):
    line = lines(1, companion=written, kecamatan_code=kecamatan, kecamatan="X")
    named = companions_of(line, ROSTER, similarity=80, area_bonus=10)
    assert named["companion_id"].to_list() == [meant]


@pytest.mark.parametrize(
    ("persons", "flagged"), [(["a", "b", "c"], True), (["a", "b"], False), (["a", "b", "a"], False)]
)
def test_three_different_persons_on_one_account(persons, flagged):
    shared = lines(len(persons)).with_columns(account_number=pl.lit("0123456789"), person_id=pl.Series(list(persons)))
    signals = shared_numbers(shared, "account_number", "shared_account", "account", THRESHOLDS)
    assert signals["subject_id"].to_list() == (["0123456789"] if flagged else [])


def test_a_month_without_transactions_or_companions_has_no_signals(tmp_path):
    store = Store(tmp_path)
    for table in (tables.MENTIONS, tables.MENTION_IDS, tables.TRANSACTIONS):
        store.write(table, table.empty())
    screen(store, Period(2026, 9), default_rules(), say=lambda _: None)
    assert store.read(tables.MISUSE_SIGNALS).is_empty()
