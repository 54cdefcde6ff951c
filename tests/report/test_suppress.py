"""Small cells are not shown, and cannot be worked out: for any table, there is another one that nobody can rule out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from pipeline.report.suppress import Sum, suppressed

SMALLEST = 5


def test_a_small_cell_takes_its_smallest_neighbour_with_it() -> None:
    cells = {"total": 100, "a": 2, "b": 30, "c": 68}
    assert suppressed(cells, [Sum("total", ("a", "b", "c"))], SMALLEST) == {"a", "b"}


def test_two_small_cells_whose_sum_gives_them_away_take_a_third_with_them() -> None:
    # 1 + 1 = 2 leaves nothing else for two counts that are not nought
    cells = {"total": 100, "a": 1, "b": 1, "c": 40, "d": 58}
    hidden = suppressed(cells, [Sum("total", ("a", "b", "c", "d"))], SMALLEST)
    assert {"a", "b"} < hidden
    assert "total" not in hidden


def test_nought_is_shown_and_so_is_a_table_without_small_cells() -> None:
    sums = [Sum("total", ("a", "b"))]
    assert not suppressed({"total": 9, "a": 0, "b": 9}, sums, SMALLEST)
    assert not suppressed({"total": 13, "a": 5, "b": 8}, sums, SMALLEST)


def test_what_is_never_shown_goes_first() -> None:
    cells = {"total": 100, "a": 2, "b": 30, "c": 68}
    assert suppressed(cells, [Sum("total", ("a", "b", "c"))], SMALLEST, dear={"c": 0.0}) == {"a", "c"}


def test_where_nought_is_small_many_ones_are_hidden_without_their_total() -> None:
    parts = tuple(f"p{i}" for i in range(8))
    cells = dict.fromkeys(parts, 1) | {"p7": 0, "total": 7}
    sums = [Sum("total", parts)]
    assert suppressed(cells, sums, SMALLEST, nought_is_small=set(parts)) == set(parts)
    assert "total" in suppressed(cells, sums, SMALLEST)  # seven ones of eight that are not nought make seven


def test_a_sum_that_is_not_true_is_refused() -> None:
    with pytest.raises(ValueError, match="total is not the sum"):
        suppressed({"total": 3, "a": 1, "b": 1}, [Sum("total", ("a", "b"))], SMALLEST)


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, int], list[Sum[str]], bool]:
    """Two tables of areas by kinds with all totals, one of whose rows is also a row of the other."""
    n_areas, n_kinds = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    count = st.one_of(st.integers(0, 6), st.integers(0, 60))
    cells: dict[str, int] = {}
    sums: list[Sum[str]] = []
    areas, kinds = [f"a{i}" for i in range(n_areas)], [f"k{i}" for i in range(n_kinds)]
    for a in areas:
        for k in kinds:
            cells[a + k] = draw(count)
        cells[a] = sum(cells[a + k] for k in kinds)
        sums.append(Sum(a, tuple(a + k for k in kinds)))
        # the second table splits the first kind once more
        cells[a + "x"] = draw(st.integers(0, cells[a + "k0"]))
        cells[a + "y"] = cells[a + "k0"] - cells[a + "x"]
        sums.append(Sum(a + "k0", (a + "x", a + "y")))
    for k in [*kinds, "x", "y", ""]:
        cells["all" + k] = sum(cells[a + k] for a in areas)
        sums.append(Sum("all" + k, tuple(a + k for a in areas)))
    sums += [Sum("all", tuple("all" + k for k in kinds)), Sum("allk0", ("allx", "ally"))]
    return cells, sums, draw(st.booleans())


def largest(key: str, cells: dict[str, int], sums: list[Sum[str]], hidden: frozenset[str], least: set[str]) -> int:
    """The largest whole count that a hidden cell may have, as far as anybody can tell who sees all that is shown."""
    keys = sorted(hidden)
    place = {k: i for i, k in enumerate(keys)}
    rows = []
    for s in sums:
        row, known = np.zeros(len(keys)), 0.0
        for k, sign in [(s.total, -1), *((p, 1) for p in s.parts)]:
            if k in place:
                row[place[k]] += sign
            else:
                known += sign * cells[k]
        rows.append((row, -known))
    matrix, right = np.array([r for r, _ in rows]), np.array([v for _, v in rows])
    low = np.array([0.0 if k in least else 1.0 for k in keys])
    aim = np.zeros(len(keys))
    aim[place[key]] = -1
    high = np.full(len(keys), 10.0 * (sum(cells.values()) + SMALLEST))
    found = milp(
        aim,
        constraints=LinearConstraint(matrix, right, right),
        bounds=Bounds(low, high),
        integrality=np.ones(len(keys)),
    )
    assert found.x is not None
    return round(-found.fun)


@given(tables())
def test_nobody_can_tell_that_a_hidden_count_is_small(made: tuple[dict[str, int], list[Sum[str]], bool]) -> None:
    cells, sums, coarse = made
    nought = {k for k in cells if coarse and not k.startswith("all")}
    hidden = suppressed(cells, sums, SMALLEST, nought_is_small=nought)
    shown = {k: v for k, v in cells.items() if k not in hidden}
    assert not [k for k, v in shown.items() if 0 < v < SMALLEST]
    for key in hidden:
        if 0 < cells[key] < SMALLEST:
            assert largest(key, cells, sums, hidden, nought) >= SMALLEST, key


@given(tables())
def test_the_same_table_is_hidden_in_the_same_way(made: tuple[dict[str, int], list[Sum[str]], bool]) -> None:
    cells, sums, _ = made
    shuffled = dict(reversed(cells.items()))
    assert suppressed(cells, sums, SMALLEST) == suppressed(shuffled, sums, SMALLEST)
