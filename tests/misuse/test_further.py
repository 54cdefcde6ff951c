"""Further signs: each found where it is planted, none where the month is an ordinary one."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from pipeline.misuse.agents import agent_habits
from pipeline.misuse.holders import cards_of_companions, unused_cards
from pipeline.misuse.numbers import insiders
from pipeline.misuse.thresholds import FURTHER
from pipeline.misuse.uses import CARD
from pipeline.misuse.words import told
from tests.misuse.month import ROSTER, THRESHOLDS, lines, rows, uses

AGENTS = 60
DAY = datetime(2026, 9, 8)


def ordinary(*, at_night: int = 0, far: int = 0, drained: int = 0, crowd: int = 0) -> dict[str, pl.DataFrame]:
    """Sixty agents with thirty customers each, now and then one at night, from afar or in a hurry; agent AG0 has so
    many more of them. Returns the signals by reason."""
    rng = np.random.default_rng(3)
    parts, homes = [], []
    for agent in range(AGENTS):
        own = agent == 0
        n = 30 + (crowd if own else 0)
        cards = [f"a{agent}c{i}" for i in range(n)]
        odd = rng.random(n) < 0.02
        strange, quick = rng.random(n) < 0.1, rng.random(n) < 0.05
        if own:
            odd[:at_night], strange[:far], quick[:drained] = True, True, True
        for i, card in enumerate(cards):
            when = DAY + timedelta(days=int(rng.integers(0, 12)), hours=23 if odd[i] else int(rng.integers(8, 18)))
            before = timedelta(minutes=10) if quick[i] else timedelta(hours=30)
            kecamatan = 750101 + agent % 10
            place = {"agent_id": f"AG{agent}", "terminal_id": f"T{agent}"}
            parts += [
                rows(1, 0, cards=[card], start=when, **place),
                rows(
                    1, 0, cards=[card], start=when - before, transaction_type="credit", agent_id=None, terminal_id=None
                ),
            ]
            homes.append((card, str(kecamatan + 1 if strange[i] else kecamatan)))
    at_home = pl.DataFrame(homes, schema=["card", "home"], orient="row").with_columns(pl.col("card").cast(CARD))
    signals = agent_habits(uses(*parts, homes=at_home), THRESHOLDS)
    names = ("odd_hours", "far_from_home", "drained_after_credit", "busy_agent")
    return dict(zip(names, signals, strict=True))


def test_an_ordinary_month_has_none() -> None:
    assert {name: s.height for name, s in ordinary().items()} == dict.fromkeys(ordinary(), 0)


@pytest.mark.parametrize(
    ("planted", "reason", "n"),
    [
        ({"at_night": 15}, "odd_hours", 15),
        ({"far": 14}, "far_from_home", 14),  # with more of them the agent's place would be theirs
        ({"drained": 20}, "drained_after_credit", 20),
        ({"crowd": 300}, "busy_agent", 330),
    ],
)
def test_an_agent_far_from_all_others_is_named(planted: dict[str, int], reason: str, n: int) -> None:
    [row] = ordinary(**planted)[reason].iter_rows(named=True)
    assert row["subject_id"] == "AG0"
    assert n <= row["n_cards"] <= n + 5
    assert row["chance"] * row["compared"] < THRESHOLDS.clear
    assert len(row["rows"]) >= min(n, 500)


def test_without_credits_nothing_is_said_of_emptied_cards() -> None:
    signals = agent_habits(uses(rows(30, 3)), THRESHOLDS)
    assert all(s.is_empty() for s in signals)


def _unused(idle: dict[str, int]) -> pl.DataFrame:
    """Forty pendamping with twenty cards each, one in twenty unused; some with so many more."""
    parts, used = [], []
    for c in range(40):
        name = f"{chr(65 + c % 26) * 5}{chr(65 + c // 26) * 5}"
        for i in range(20):
            parts.append((f"c{c}n{i}", name))
            if i >= idle.get(name, 1):
                used.append(f"c{c}n{i}")
    frame = lines(len(parts), card_number=[card for card, _ in parts], companion=[name for _, name in parts])
    cards = cards_of_companions(frame, ROSTER.clear(), THRESHOLDS)
    return unused_cards(cards, frame, pl.Series(used).cast(CARD), "cards_never_used", THRESHOLDS, {})


def test_a_pendamping_with_far_more_unused_cards_is_named() -> None:
    assert _unused({}).is_empty()
    [row] = _unused({"AAAAAAAAAA": 12}).iter_rows(named=True)
    assert (row["subject_id"], row["n_cards"], row["n_of"]) == ("name:AAAAAAAAAA", 12, 20)
    assert len(row["evidence"]) == 12


def test_where_the_bank_sent_nothing_no_card_is_called_unused() -> None:
    frame = lines(20, kecamatan_code=["750509"] * 10 + ["750510"] * 10)
    cards = cards_of_companions(frame, ROSTER, THRESHOLDS)
    used = pl.Series([f"card{i:02d}" for i in range(8)]).cast(CARD)
    assert unused_cards(cards, frame, used, "cards_never_used", THRESHOLDS, {}).is_empty()


def officers(**columns: object) -> pl.DataFrame:
    """One officer who is a pendamping."""
    row = {"kind": "companions", "person_id": "P1", "household_id": "homeX", "role": "PENDAMPING PKH", "phone": None,
           "account_number": None, **columns}  # fmt: skip
    return pl.DataFrame([row], schema_overrides=dict.fromkeys(("phone", "account_number"), pl.String))


def test_an_officer_or_the_household_on_the_list() -> None:
    own, lent = insiders(lines(3), officers(household_id="home2"), households=10)
    [row] = own.iter_rows(named=True)
    assert (row["subject_id"], row["n_cards"], row["expected"]) == ("P1", 1, 0.3)
    assert lent.is_empty()
    assert insiders(lines(3), officers(), households=10)[0].is_empty()


def test_an_officers_number_on_the_lines_of_others_but_not_of_the_own_family() -> None:
    phones = ["0812", "0812", "0812", "0899"]
    own, lent = insiders(lines(4, phone=phones), officers(household_id="home0", phone="0812"), households=10)
    assert own["n_cards"].to_list() == [1]
    assert lent["n_cards"].to_list() == [2]


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("reason", FURTHER)
def test_every_sign_can_be_told_in_both_languages(reason: str, language: str) -> None:
    fact = '{"from_hour":22,"to_hour":5,"minutes":30.0,"most":250,"months":2,"role":"PENDAMPING PKH"}'
    row = {"reason": reason, "n_cards": 12, "n_of": 30, "expected": 1.25, "chance": 1e-6, "compared": 1200,
           "strength": "strong", "fact": fact}  # fmt: skip
    summary, innocent = told(row, THRESHOLDS, language)
    assert "…" not in summary
    assert ("1.200" if language == "id" else "1,200") in summary
    assert innocent.endswith(".")
