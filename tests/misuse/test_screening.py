"""Signs of card misuse, and what looks like one and is none."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import tables
from pipeline.misuse import screen
from pipeline.misuse.companions import companions_of
from pipeline.misuse.holders import cards_of_companions, companions_holding_cards
from pipeline.misuse.numbers import shared_numbers
from pipeline.misuse.terminals import bulk_withdrawals, windows_of
from pipeline.rulebook import default_rules
from pipeline.store import Store
from tests.misuse.month import PERIOD, ROSTER, START, THRESHOLDS, lines, rows, uses


@pytest.mark.parametrize(
    ("drawn", "flagged"),
    [
        (rows(10, 1), True),
        (rows(12, 1), True),
        (rows(9, 1), False),
        (rows(10, 1.6), True),
        (rows(30, 2), False),  # a queue on distribution day
        (rows(20, 0.5, channel="teller"), False),  # a bank office
        (rows(20, 0.5, channel="atm"), False),
        (rows(20, 0.5, transaction_type="balance_inquiry", amount=0), False),
        (rows(20, 0.5, cards=["one", "two"] * 10), False),  # few cards, many uses
        (rows(20, 0.5, cards=[f"c{i // 2}" for i in range(20)]), True),  # ten cards, each twice
        (rows(10, 1, terminal_id=None), True),
    ],
)
def test_many_cards_at_one_agent_within_minutes(drawn: pl.DataFrame, flagged: bool) -> None:
    signals = bulk_withdrawals(uses(drawn).drawn, THRESHOLDS)
    assert signals["subject_id"].to_list() == (["AG1"] if flagged else [])


def test_ten_cards_at_ten_agents_are_ten_families() -> None:
    drawn = [rows(1, 1, cards=[f"c{i}"], agent_id=f"AG{i}", terminal_id=f"T{i}") for i in range(10)]
    assert bulk_withdrawals(uses(*drawn).drawn, THRESHOLDS).is_empty()


def test_a_signal_says_how_much_and_when_and_shows_its_rows() -> None:
    signal = bulk_withdrawals(uses(rows(12, 1)).drawn, THRESHOLDS).row(0, named=True)
    assert (signal["n_cards"], signal["amount"], signal["kecamatan_code"]) == (12, 12 * 200_000, "750509")
    assert (signal["started_at"], signal["ended_at"]) == (START, START + timedelta(minutes=11))
    assert len(signal["rows"]) == 12


@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.integers(0, 40), st.sampled_from([f"c{i}" for i in range(12)])),
        min_size=1, max_size=60,
    )
)  # fmt: skip
def test_windows_are_those_of_counting_one_by_one(drawn: list[tuple[str, int, str]]) -> None:
    parts = [rows(1, 1, cards=[c], start=START + timedelta(minutes=m), terminal_id=t) for t, m, c in drawn]
    here = uses(*parts).drawn
    windows = windows_of(here, THRESHOLDS)
    ordered = here[windows.order]
    told = list(
        zip(ordered["place"].cast(pl.String), ordered["transacted_at"], ordered["card"].cast(pl.String), strict=True)
    )
    crowded = set()
    for place, _, _ in told:
        times = [t for p, t, _ in told if p == place]
        most = max(sum(t <= u <= t + THRESHOLDS.bulk_window for u in times) for t in times)
        if most >= THRESHOLDS.bulk_min_cards:
            crowded.add(place)
    for i, (place, time, _) in enumerate(told):
        inside = [c for p, t, c in told[i:] if p == place and t <= time + THRESHOLDS.bulk_window]
        assert windows.n[i] == (len(set(inside)) if place in crowded else len(inside))
        assert windows.last[i] == i + len(inside) - 1


@pytest.mark.parametrize(
    ("drawn", "flagged"),
    [
        ([rows(8, 15)], True),
        ([rows(8, 22)], False),  # longer than a sitting
        ([rows(7, 1)], False),  # a small group came together
        ([rows(8, 1, channel="teller")], False),
        ([rows(7, 1), rows(8, 1, terminal_id="T2")[7:]], False),  # one card elsewhere
        ([rows(8, 1), rows(8, 60 * 24)[7:]], False),  # one card again days later
    ],
)
def test_all_used_cards_of_one_companion_in_one_sitting(drawn: list[pl.DataFrame], flagged: bool) -> None:
    cards = cards_of_companions(lines(10), ROSTER, THRESHOLDS)
    signals = companions_holding_cards(uses(*drawn).drawn, cards, THRESHOLDS)
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
def test_a_companion_is_known_by_name_and_area(written: str, kecamatan: str, meant: str) -> None:
    line = lines(1, companion=written, kecamatan_code=kecamatan, kecamatan="X")
    named = companions_of(line, ROSTER, similarity=80, area_bonus=10)
    assert named["companion_id"].to_list() == [meant]


@pytest.mark.parametrize(
    ("persons", "flagged"), [(["a", "b", "c"], True), (["a", "b"], False), (["a", "b", "a"], False)]
)
def test_three_different_persons_on_one_account(persons: list[str], flagged: bool) -> None:
    shared = lines(len(persons), account_number="0123456789", person_id=persons)
    signals = shared_numbers(shared, "account_number", "shared_account", "account", THRESHOLDS)
    assert signals["subject_id"].to_list() == (["0123456789"] if flagged else [])


def test_a_month_without_transactions_or_companions_has_no_signals(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = Store(tmp_path_factory.mktemp("empty"))
    for table in (tables.MENTIONS, tables.MENTION_IDS, tables.TRANSACTIONS):
        store.write(table, table.empty())
    screen(store, PERIOD, default_rules(), say=lambda _: None)
    assert store.read(tables.MISUSE_SIGNALS).is_empty()


def test_a_month_in_words_and_with_the_rows_behind(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = Store(tmp_path_factory.mktemp("month"))
    store.write(tables.TRANSACTIONS, rows(12, 1))
    written = lines(12, account_number=["same"] * 3 + [f"other{i}" for i in range(9)])
    mentions = written.drop("person_id", "household_id").with_columns(
        mention_id=pl.concat_str(pl.lit("m"), "row_number"), kind=pl.lit("recipients"),
        card_number=pl.col("card").cast(pl.String),
    ).drop("card")  # fmt: skip
    store.write(tables.MENTIONS, tables.MENTIONS.conform(mentions))
    ids = written.select(pl.concat_str(pl.lit("m"), "row_number").alias("mention_id"), "person_id", "household_id")
    store.write(tables.MENTION_IDS, tables.MENTION_IDS.conform(ids))
    screen(store, PERIOD, default_rules(), say=lambda _: None)
    signals = {r["reason"]: r for r in store.read(tables.MISUSE_SIGNALS).iter_rows(named=True)}
    assert set(signals) == {"bulk_withdrawal", "companion_holds_cards", "shared_account"}
    bulk = signals["bulk_withdrawal"]
    assert bulk["summary"].startswith("12 kartu berbeda dipakai di satu mesin agen dalam 15 menit")
    assert bulk["innocent"]
    assert (bulk["finding"], bulk["queue"]) == (True, "inspectorate")
    assert [e["row_number"] for e in json.loads(bulk["evidence"])] == list(range(2, 14))
    assert {e["source_file"] for e in json.loads(signals["shared_account"]["evidence"])} == {"r.csv"}
    told = " ".join(s["summary"] + s["innocent"] for s in signals.values())
    assert not any(word in told.lower() for word in ("curang", "mencuri", "penipuan", "pelaku", "korupsi"))
    assert np.isfinite([s["chance"] for s in signals.values()]).all()
