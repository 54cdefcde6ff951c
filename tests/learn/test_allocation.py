"""How many visits each stratum gets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.learn.allocation import SMALLEST, Stratum, allocate

STRATUM = st.tuples(st.integers(1, 5000), st.floats(0.01, 0.99), st.booleans())


@given(st.lists(STRATUM, min_size=1, max_size=12), st.data())
def test_all_visits_are_given_within_floors_and_sizes(
    parts: list[tuple[int, float, bool]], data: st.DataObject
) -> None:
    strata = [Stratum(f"{n}", size, p, flagged) for n, (size, p, flagged) in enumerate(parts)]
    n = data.draw(st.integers(sum(s.floor for s in strata), sum(s.size for s in strata)))
    visits = allocate(strata, n, 0.5)
    assert sum(visits.values()) == n
    assert all(min(s.size, SMALLEST) <= visits[s.name] <= s.size for s in strata)


@given(st.integers(20, 400), st.floats(0.1, 0.9))
def test_the_unflagged_get_their_share_however_unlikely_errors_are_among_them(n: int, share: float) -> None:
    strata = [Stratum("flagged", 5000, 0.5, True), Stratum("rest", 5000, 0.01, False)]
    assert allocate(strata, n, share)["rest"] >= min(n * share, n - SMALLEST)


def test_visits_go_where_most_is_to_be_learnt() -> None:
    """Neyman: in proportion to N sqrt(p(1-p)): 1000 x 0.5 and 1000 x 0.3, so 5 to 3."""
    strata = [Stratum("even", 1000, 0.5, True), Stratum("rare", 1000, 0.1, True)]
    assert allocate(strata, 160, 0.0) == {"even": 100, "rare": 60}
