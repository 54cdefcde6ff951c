"""The two-phase estimate: by hand, at its edges, and what must hold of any visits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from pipeline.intervals import effective, ratio_interval, share_interval
from pipeline.learn.estimate import ERRORS, Counts, estimate
from pipeline.look.limits import wilson
from tests.cases.office import Office
from tests.learn.office import answer, drawn, results, sampled


def counts(*strata: tuple[str, int, int, int, int, int]) -> Counts:
    """Strata as band, households, drawn, answered, left out, wrongly paid."""
    band, *numbers = zip(*strata, strict=True)
    size, visits, answered, lacks, leaks = (np.array(n, dtype=float) for n in numbers)
    flagged = np.array([not b.startswith("unflagged") for b in band])
    return Counts(size, visits, np.array(band), flagged, answered, {"exclusion": lacks, "inclusion": leaks})


def test_by_hand() -> None:
    """100 flagged, 20 visited, 15 right: 75 errors. 900 others, 90 visited, 9 wrong: 90 errors."""
    found = estimate(counts(("exclusion", 100, 20, 20, 15, 0), ("unflagged_poor", 900, 90, 90, 9, 0)), "exclusion")
    assert found["error_rate"].value == pytest.approx(165 / 1000)
    assert found["precision"].value == pytest.approx(0.75)
    assert found["sensitivity"].value == pytest.approx(75 / 165)
    assert found["missed_rate"].value == pytest.approx(0.1)
    assert found["precision"].bound_low == found["precision"].bound_high == pytest.approx(0.75)


def test_the_silent_are_taken_to_be_like_the_others_and_bounds_say_what_if_not() -> None:
    found = estimate(counts(("exclusion", 100, 20, 16, 12, 0), ("unflagged_poor", 900, 90, 90, 0, 0)), "exclusion")
    assert found["precision"].value == pytest.approx(12 / 16)
    assert (found["precision"].bound_low, found["precision"].bound_high) == pytest.approx((12 / 20, 16 / 20))


def test_where_a_stratum_is_silent_its_band_speaks_for_it() -> None:
    found = estimate(
        counts(("exclusion", 100, 10, 10, 5, 0), ("exclusion", 300, 5, 0, 0, 0), ("unflagged_poor", 900, 90, 90, 0, 0)),
        "exclusion",
    )
    assert found["precision"].value == pytest.approx(0.5)
    assert found["error_rate"].value == pytest.approx(0.5 * 400 / 1300)


def test_a_stratum_visited_in_full_is_not_certain_where_it_speaks_for_others() -> None:
    full, silent = ("exclusion", 10, 10, 10, 7, 0), ("exclusion", 300, 5, 0, 0, 0)
    found = estimate(counts(full, silent, ("unflagged_poor", 900, 90, 90, 0, 0)), "exclusion")
    assert found["precision"].value == pytest.approx(0.7)
    assert found["precision"].high - found["precision"].low > 0.4


def test_the_unflagged_do_not_speak_for_the_flagged() -> None:
    """Nobody flagged as left out could be met: how many of them are so, and how many there are in all, stays open."""
    silent, other = ("exclusion", 100, 10, 0, 0, 0), ("inclusion", 100, 10, 10, 0, 9)
    unseen = ("unflagged_poor", 900, 90, 90, 9, 0)
    found = estimate(counts(silent, other, unseen), "exclusion")
    assert found["missed_rate"].value == pytest.approx(90 / 1000)
    for measure in ("precision", "sensitivity", "error_rate"):
        assert np.isnan(found[measure].value)
        assert np.isnan(found[measure].low)
    assert (found["error_rate"].bound_low, found["error_rate"].bound_high) == pytest.approx((90 / 1100, 190 / 1100))
    turned = estimate(counts(silent, other, unseen), "inclusion")
    assert turned["precision"].value == pytest.approx(0.9)
    assert np.isnan(turned["missed_rate"].value)


def test_without_an_answer_nothing_is_said() -> None:
    found = estimate(counts(("exclusion", 100, 10, 0, 0, 0), ("unflagged_poor", 900, 9, 0, 0, 0)), "exclusion")
    assert all(np.isnan(part) for interval in found.values() for part in interval)


def test_without_an_error_there_is_a_width_and_no_sensitivity() -> None:
    found = estimate(counts(("exclusion", 100, 10, 10, 0, 0), ("unflagged_poor", 900, 90, 90, 0, 0)), "exclusion")
    rate = found["error_rate"]
    assert rate.value == rate.low == 0
    assert 0.01 < rate.high < 0.1
    assert np.isnan(found["sensitivity"].value)


def test_a_stratum_visited_in_full_leaves_nothing_to_chance() -> None:
    found = estimate(counts(("exclusion", 10, 10, 10, 7, 0), ("unflagged_poor", 900, 90, 90, 0, 0)), "exclusion")
    assert found["precision"][:3] == pytest.approx((0.7, 0.7, 0.7), abs=1e-4)


def one_stratum(hits: np.ndarray, n: float) -> tuple[np.ndarray, np.ndarray]:
    """Interval of each number of hits among ``n`` of one stratum."""
    _, low, high = share_interval(np.ones((len(hits), 1)), hits[:, None] / n, np.full((len(hits), 1), n), np.array([0]))
    return low, high


def test_of_one_stratum_95_of_100_are_held_on_average_over_all_rates() -> None:
    """Wilson's interval, which holds 95.3 of 100 of 20 answers, without its excess."""
    hits, rates = np.arange(21.0), np.linspace(0.001, 0.999, 999)
    chance = binom.pmf(hits[:, None], 20, rates)

    def held(low: np.ndarray, high: np.ndarray) -> float:
        return float((chance * ((low[:, None] <= rates) & (rates <= high[:, None]))).sum(axis=0).mean())

    assert held(*wilson(hits, np.full(21, 20.0))) == pytest.approx(0.953, abs=0.001)
    assert held(*one_stratum(hits, 20.0)) == pytest.approx(0.95, abs=0.001)


def test_of_one_stratum_with_many_answers_it_is_wilsons() -> None:
    low, high = one_stratum(np.array([300.0]), 2000.0)
    wanted = wilson(np.array([300.0]), np.array([2000.0]))
    assert (low[0], high[0]) == pytest.approx((wanted[0][0], wanted[1][0]), abs=2e-5)


def test_the_upper_end_of_nothing_found_by_hand() -> None:
    """0 of 60. At 0.0575: variance 0.0575 x 0.9425 / 60 = 0.000903, squared skewness 0.885² / (60 x 0.0542) = 0.241,
    kurtosis (1 - 6 x 0.0542) / (60 x 0.0542) = 0.208; reach 1.96 (1 + 0.208 x 0.0351 - 0.241 x 0.1204) = 1.917."""
    _, (high,) = one_stratum(np.array([0.0]), 60.0)
    assert high == pytest.approx(1.917 * np.sqrt(high * (1 - high) / 60), rel=1e-3)
    assert high == pytest.approx(0.0577, abs=1e-4)


def test_the_finite_list_narrows_as_cochran_says() -> None:
    assert effective(np.array([50.0]), np.array([101.0]))[0] == pytest.approx(50 * 100 / 51)


def test_a_ratio_of_independent_parts_is_wilsons_where_weights_are_equal() -> None:
    """Of 40 errors found in as many visits each, 30 flagged: the ratio is 0.75 and lies inside."""
    n = np.array([[1000.0, 1000.0]])
    part, rest = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    value, low, high = ratio_interval(part, rest, np.array([[0.03, 0.01]]), n, np.array([0, 1]))
    wanted = wilson(np.array([30.0]), np.array([40.0]))
    assert value[0] == pytest.approx(0.75)
    assert (low[0], high[0]) == pytest.approx((wanted[0][0], wanted[1][0]), abs=0.02)


BANDS = ("exclusion", "inclusion", "both", "other", "unflagged_served", "unflagged_poor")


@st.composite
def visited(draw: st.DrawFn) -> tuple[str, int, int, int, int, int]:
    size = draw(st.integers(1, 400))
    visits = draw(st.integers(1, size))
    answered = draw(st.integers(0, visits))
    lacks = draw(st.integers(0, answered))
    return draw(st.sampled_from(BANDS)), size, visits, answered, lacks, draw(st.integers(0, answered - lacks))


@settings(max_examples=20)
@given(st.lists(visited(), min_size=1, max_size=8))
def test_of_any_visits_the_interval_holds_the_estimate_and_stays_a_share(strata: list) -> None:
    made = counts(*strata)
    for error in ERRORS:
        for interval in estimate(made, error).values():
            if np.isnan(interval.value):
                continue
            assert -1e-9 <= interval.low <= interval.value + 1e-6
            assert interval.value - 1e-6 <= interval.high <= 1 + 1e-9
            assert interval.bound_low <= interval.bound_high + 1e-9 or np.isnan(interval.bound_low)


def test_from_answers_to_the_table(office: Office, tmp_path: Path) -> None:
    """All eight with an error flagged are so; one of the unflagged visited is left out and stands for several."""
    drawn(office, n=20)
    office.keep("2026-10")
    homes = sampled(office)
    said = {"exclusion": "Belum menerima padahal layak", "inclusion": "Menerima tetapi tidak layak"}
    words = {h: said.get(b, "Menerima dan layak") for h, b in homes.select("subject_id", "band").iter_rows()}
    unflagged = homes.filter(pl.col("band") == "unflagged_poor")["subject_id"].to_list()
    words[unflagged[0]] = "Belum menerima padahal layak"
    answer(office, tmp_path, words)
    found = results(office, "en")
    row = {
        (r["error"], r["measure"]): r for r in found.estimates.to_dicts()
    }  # fmt: skip
    assert row["exclusion", "precision"]["value"] == row["inclusion", "precision"]["value"] == 1
    missed = 50 / len(unflagged)
    assert row["exclusion", "error_rate"]["households"] == pytest.approx(5 + missed)
    assert row["exclusion", "sensitivity"]["value"] == pytest.approx(5 / (5 + missed))
    assert row["exclusion", "error_rate"]["denominator"] == 60
    assert row["inclusion", "sensitivity"]["value"] == 1
    assert row["inclusion", "sensitivity"]["definition"] == (
        "households helped and not eligible that are flagged / all households helped and not eligible"
    )
    assert [p.name for p in found.write(office.out)] == ["estimates.csv", "response.csv", "hit_rates.csv"]
    assert pl.read_csv(office.out / "2026-10" / "sample" / "estimates.csv").height == 8
