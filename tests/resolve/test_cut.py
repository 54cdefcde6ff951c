"""The cut of a month: chosen for a budget of false links."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.resolve.cut import Joins, choose

LEAST, MOST = 0.0, 4.25
bits = st.floats(-3, 20, allow_nan=False)
made = st.lists(st.tuples(bits, st.integers(1, 50)), max_size=60)


def joins(rows: list[tuple[float, int]]) -> Joins:
    return Joins(np.array([v for v, _ in rows], dtype=np.float64), np.array([n for _, n in rows], dtype=np.float64))


@given(made, st.floats(0.0001, 0.2))
def test_the_budget_is_kept_or_only_what_is_nearly_sure_is_joined(rows: list[tuple[float, int]], budget: float) -> None:
    cut = choose(joins(rows), LEAST, MOST, budget)
    assert LEAST <= cut <= MOST
    wrong, links = joins(rows).false(cut)
    assert wrong <= budget * links + 1e-9 or cut in (LEAST, MOST)


@given(made, st.floats(0.0001, 0.1))
def test_a_larger_budget_never_joins_less(rows: list[tuple[float, int]], budget: float) -> None:
    assert choose(joins(rows), LEAST, MOST, 2 * budget) <= choose(joins(rows), LEAST, MOST, budget)


def test_among_a_million_sure_links_a_few_doubtful_ones_are_joined_and_among_ten_they_are_not() -> None:
    doubtful = [(1.0, 1)] * 3
    assert choose(joins([(15.0, 1_000_000), *doubtful]), LEAST, MOST, 0.001) == LEAST
    assert choose(joins([(15.0, 10), *doubtful]), LEAST, MOST, 0.001) == 1.0


def test_nobody_twice_on_a_list() -> None:
    assert choose(Joins.concat([]), LEAST, MOST, 0.001) == LEAST
