"""A pair is told: in the terminal as a table, on a page as a picture, with why it was kept apart."""

from __future__ import annotations

import pytest

from pipeline.commands.stories import print_pairs
from pipeline.explain.page import render_page
from pipeline.explain.story import Story
from pipeline.look.pairs import PairWords

COMPARISON = {
    "against": "relative", "kept_apart": "group", "name": {"level": "exact", "weight": 8.3},
    "number": {"level": "last_digit", "weight": -9.0}, "members": {"level": "2_of_4", "weight": 0.0},
    "group": {"bits": -12.04, "most_against": "number"}, "prior": -1.5,
}  # fmt: skip
PAIR = {
    "level": "person", "decision": "vetoed", "probability": 0.93, "mention_id_a": "a", "mention_id_b": "b",
    "where_a": "satu.csv · row 2", "where_b": "dua.csv · row 3", "comparison": COMPARISON,
}  # fmt: skip


def test_what_was_known_before_looking_comes_first_and_then_what_spoke_most_for_one() -> None:
    steps = PairWords("en").steps(COMPARISON)
    assert [s.column for s in steps] == ["prior", "name", "members", "number"]
    assert steps[2].found == "2 of 4"
    assert steps[3].found == "only the last digit differs"


def test_a_group_that_was_split_says_what_the_other_rows_say() -> None:
    assert "-12.0" in PairWords("en").kept_apart(COMPARISON).replace("−", "-")
    assert "NIK" in PairWords("id").kept_apart(COMPARISON)
    assert PairWords("id").kept_apart({"prior": 1.0}) == ""


def test_the_terminal_shows_the_weight_of_each_column(capsys: pytest.CaptureFixture[str]) -> None:
    print_pairs("pair a b", [PAIR], "en")
    told = capsys.readouterr().out.replace("−", "-")
    for words in ("satu.csv · row 2", "kept apart", "only the last digit differs", "8.3", "-9.0", "-2.2"):
        assert words in told


def test_no_pair_written_down_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_pairs("pair a b", [], "en")
    assert "no pair of their rows was written down" in capsys.readouterr().out


def test_the_page_draws_the_pair_and_says_why_it_was_kept_apart() -> None:
    page = render_page(Story("a b", "pair", "2026-10", "run", True, {"matches": [PAIR]}), "en")
    assert page.count('<svg class="chart"') == 1
    assert "the other rows of both persons speak against it" in page
