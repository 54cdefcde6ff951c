"""Formulas against other ways to the same number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipeline.misuse.base_rate import _beta_binomial_tail, extra_tail, rank_tail, scan_tail, share_tail, size_tail


@pytest.mark.parametrize(("k", "uses"), [(3, 10), (5, 20), (10, 100), (14, 100)])
def test_the_fullest_window_of_a_queue_as_in_a_simulation(k: int, uses: int) -> None:
    day, window, rng = 8 * 60, 15, np.random.default_rng(k)
    hits = 0
    for _ in range(3000):
        times = np.sort(rng.uniform(0, day, rng.poisson(uses)))
        inside = np.searchsorted(times, times + window, side="right") - np.arange(len(times))
        hits += bool(len(times)) and inside.max() >= k
    [chance] = scan_tail([k], [uses * window / day], [day / window])
    assert chance == pytest.approx(hits / 3000, abs=0.04)


@given(st.integers(1, 60), st.floats(0.01, 30), st.floats(2, 60))
def test_a_fuller_window_is_never_more_likely(k: int, mean: float, windows: float) -> None:
    k += int(mean + 2 * np.sqrt(mean))  # the formula is for the tail
    one, more = scan_tail([k, k + 1], [mean, mean], [windows, windows])
    assert 0 <= more <= one <= 1


@given(st.integers(0, 30), st.integers(0, 20), st.floats(0.1, 5), st.floats(0.1, 5))
def test_the_tail_of_the_beta_binomial(k: int, more: int, a: float, b: float) -> None:
    n = k + more
    assert _beta_binomial_tail(k, n, a, b) == pytest.approx(stats.betabinom.sf(k - 1, n, a, b), rel=1e-6, abs=1e-12)


def test_what_all_do_alike_is_unusual_in_nobody_and_an_outlier_is_found() -> None:
    rng = np.random.default_rng(1)
    n = rng.integers(20, 60, 200)
    k = rng.binomial(n, rng.beta(2, 8, 200))  # agents differ: some at a market, some not
    _, chance = share_tail(k, n)
    assert (chance * 200 < 0.01).sum() == 0
    k[7] = n[7] = 50
    expected, chance = share_tail(k, n)
    assert chance[7] * 200 < 0.01
    assert expected[7] == pytest.approx(10, abs=2)


def test_nothing_can_be_said_of_one_alone_or_of_nothing() -> None:
    assert share_tail([5], [5])[1][0] > 0.01
    assert len(share_tail([], [])[1]) == 0
    assert share_tail([0, 0], [0, 0])[1].tolist() == [1.0, 1.0]
    assert len(size_tail([])[1]) == 0


def test_couples_make_two_on_a_number_usual_and_many_unusual() -> None:
    expected, chance = extra_tail([1] * 900 + [2] * 99 + [6])
    assert expected == pytest.approx(1.11, abs=0.01)
    assert chance[900] > 0.05
    assert chance[-1] * 1000 < 0.01


def test_a_giant_among_agents_stands_out_and_the_rest_does_not() -> None:
    sizes = np.concatenate([np.random.default_rng(2).lognormal(4, 0.5, 300), [3000]])
    middle, chance = size_tail(sizes)
    assert middle == pytest.approx(np.exp(4), rel=0.1)
    assert chance[-1] * 301 < 0.01
    assert (chance[:-1] * 301 < 0.01).sum() == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_ranks_as_counted_one_by_one(pairs: list[tuple[int, int]]) -> None:
    values, sizes = [v for v, _ in pairs], [s for _, s in pairs]
    peers, share = rank_tail(values, sizes)
    for i, (value, size) in enumerate(pairs):
        larger = [v for v, s in pairs if s >= size]
        assert peers[i] == len(larger) - 1
        assert share[i] == pytest.approx(sum(v >= value for v in larger) / len(larger))
