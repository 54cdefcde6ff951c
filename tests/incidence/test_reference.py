"""Every measure again, written out unit by unit in exact fractions, on data full of ties, weights and gaps."""

from fractions import Fraction
from itertools import groupby

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.incidence import Request, measure

UNITS = st.lists(
    st.fixed_dictionaries(
        {
            "y": st.integers(1, 12) | st.none(),
            "b": st.integers(0, 4),
            "w": st.integers(1, 6),
            "n": st.integers(1, 4),
        }
    ),
    min_size=1,
    max_size=25,
).filter(lambda units: any(u["y"] is not None for u in units))
LINE = 6


def over(numerator, denominator):
    return Fraction(numerator) / Fraction(denominator) if denominator else None


def mass(units, worth=lambda _: 1):
    return sum((u["w"] * Fraction(worth(u)) for u in units), Fraction(0))


def steps(units):
    """Ties together, poorest first."""
    ordered = sorted(units, key=lambda u: u["rank"])
    return [list(tie) for _, tie in groupby(ordered, key=lambda u: u["rank"])]


def share_of_the_poorest(units, p):
    left, got = p * mass(units), Fraction(0)
    for tie in steps(units):
        taken = min(left, mass(tie))
        got += mass(tie, lambda u: u["b"]) * taken / mass(tie)
        left -= taken
    return over(got, mass(units, lambda u: u["b"]))


def index(units):
    below, everything = Fraction(0), mass(units)
    for tie in steps(units):
        for u in tie:
            u["r"] = (below + mass(tie) / 2) / everything
        below += mass(tie)
    mean_b, mean_r = (mass(units, lambda u, k=k: u[k]) / everything for k in ("b", "r"))
    covariance = mass(units, lambda u: (u["b"] - mean_b) * (u["r"] - mean_r)) / everything
    return over(2 * covariance, mean_b)


def expected(units, *, before, size, quota):
    """All figures of the group ``all``, and those by quintile."""
    made = []
    for u in units:
        share = Fraction(u["b"], u["n"]) if size else Fraction(u["b"])
        after = None if u["y"] is None else Fraction(u["y"])
        made.append(
            {
                "w": Fraction(u["w"] * (u["n"] if size else 1)), "b": share, "s": share > 0, "after": after,
                "before": None if after is None else after - share,
            }
        )  # fmt: skip
    for u in made:
        u["rank"] = u["before" if before else "after"]
    known = [u for u in made if u["rank"] is not None]
    below = Fraction(0)
    for tie in steps(known):
        for u in tie:
            u["poor"] = below < quota * mass(known) if quota else u["rank"] < LINE
            u["q"] = min(int(5 * below / mass(known)), 4)
        below += mass(tie)

    def ratio(of, among):
        return over(mass(u for u in known if of(u) and among(u)), mass(filter(among, known)))

    def fgt(when, alpha):
        return over(mass(known, lambda u: max(LINE - u[when], 0) ** alpha if u[when] < LINE else 0), mass(known)) / (
            LINE**alpha
        )

    gaps = [mass(known, lambda u, when=when: max(LINE - u[when], 0)) for when in ("before", "after")]
    rich = [u for u in known if u["rank"] > 0]
    found = {
        "coverage": over(mass(u for u in made if u["s"]), mass(made)),
        "exclusion_error": ratio(lambda u: not u["s"], lambda u: u["poor"]),
        "inclusion_error_served": ratio(lambda u: not u["poor"], lambda u: u["s"]),
        "inclusion_error_nonpoor": ratio(lambda u: u["s"], lambda u: not u["poor"]),
        "total_error": ratio(lambda u: u["s"] != u["poor"], lambda _: True),
        "cgh_20": share_of_the_poorest(known, Fraction(1, 5)),
        "cgh_40": share_of_the_poorest(known, Fraction(2, 5)),
        "concentration_index": index(known),
        "benefit_cost_ratio": over(gaps[0] - gaps[1], mass(known, lambda u: u["b"])),
        "distributional_characteristic": over(
            mass(rich, lambda u: u["b"] * LINE / u["rank"]), mass(rich, lambda u: u["b"])
        ),
    }
    for q in (20, 40):
        share = found[f"cgh_{q}"]
        found[f"cgh_{q}"] = None if share is None else share * 100 / q
    poor, others = (
        ratio(lambda u: u["s"], lambda u, poor=poor: u["poor"] == poor)
        if any(u["poor"] == poor for u in known)
        else None
        for poor in (True, False)
    )
    found["targeting_differential"] = None if poor is None or others is None else poor - others
    for when in ("before", "after"):
        found |= {f"fgt{a}_{when}": fgt(when, a) for a in (0, 1, 2)}
    quintiles = {}
    for q in range(5):
        here = [u for u in known if u["q"] == q]
        served = mass(u for u in here if u["s"])
        quintiles["quantile_coverage", f"q{q + 1}"] = over(served, mass(here))
        quintiles["beneficiary_incidence", f"q{q + 1}"] = over(served, mass(u for u in known if u["s"]))
        quintiles["benefit_incidence", f"q{q + 1}"] = over(mass(here, lambda u: u["b"]), mass(known, lambda u: u["b"]))
        quintiles["concentration_curve", f"q{q + 1}"] = share_of_the_poorest(known, Fraction(q + 1, 5))
    return {(name, "all"): value for name, value in found.items()} | quintiles


@given(
    UNITS,
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, Fraction(1, 10), Fraction(3, 10), Fraction(1, 2), Fraction(1)]),
)
def test_every_measure_is_what_its_definition_says(units, before, size, quota):
    request = Request(
        "y", "b", weight="w", size="n" if size else None, rank_before_transfer=before, quantiles=5,
        line=None if quota else str(LINE), quota=None if quota is None else float(quota),
    )  # fmt: skip
    frame = pl.DataFrame(units, schema={"y": pl.Float64, "b": pl.Float64, "w": pl.Float64, "n": pl.Float64})
    result = measure(frame, request)
    for (name, group), value in expected(units, before=before, size=size, quota=quota).items():
        if quota and (name.startswith("fgt") or name in ("benefit_cost_ratio", "distributional_characteristic")):
            continue  # these need a line
        ours = result.value(name, group)
        if value is None:
            assert ours is None, (name, group)
        else:
            assert ours == pytest.approx(float(value), abs=1e-12), (name, group)
