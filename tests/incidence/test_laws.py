"""Laws that hold for any population."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.incidence import Request, measure

amounts = st.integers(0, 50)


@st.composite
def populations(draw, least=3):
    n = draw(st.integers(least, 24))

    def column(values):
        return draw(st.lists(values, min_size=n, max_size=n))

    return pl.DataFrame(
        {
            "y": column(st.integers(1, 12)),  # many ties
            "b": column(st.sampled_from([0, 0, 1, 2, 5])),
            "w": column(st.integers(1, 9)),
            "psu": column(st.integers(1, 6)),
            "area": column(st.sampled_from("ab")),
        },
        schema_overrides={"y": pl.Float64, "b": pl.Float64, "w": pl.Float64},
    )


REQUEST = Request("y", "b", weight="w", line="6", by=("area",), quantiles=5)
laws = settings(max_examples=max(settings().max_examples // 2, 1))


def values(frame, request=REQUEST, field="value"):
    return {(r.measure, r.group): getattr(r, field) for r in measure(frame, request).records}


def same(left, right, abs_=1e-9):
    assert left.keys() == right.keys()
    for key, value in left.items():
        assert right[key] == (value if value is None else pytest.approx(value, rel=1e-9, abs=abs_)), key


@laws
@given(populations(), st.integers(1, 9))
def test_a_universal_program_targets_nobody(frame, amount):
    found = values(frame.with_columns(b=pl.lit(float(amount))))
    poor = frame.filter(pl.col("y") < 6)["w"].sum() / frame["w"].sum()
    assert found["coverage", "all"] == 1
    for name in ("cgh_20", "cgh_40"):
        assert found[name, "all"] == pytest.approx(1)
    assert found["concentration_index", "all"] == pytest.approx(0, abs=1e-12)
    assert found["inclusion_error_served", "all"] == pytest.approx(1 - poor)
    if 0 < poor < 1:
        assert found["targeting_differential", "all"] == 0


@laws
@given(populations())
def test_perfect_targeting_has_no_errors(frame):
    found = values(frame.with_columns(b=(pl.col("y") < 6).cast(pl.Float64)))
    poor = (frame["y"] < 6).sum()
    assert found["total_error", "all"] == 0
    if 0 < poor < frame.height:
        assert found["exclusion_error", "all"] == found["inclusion_error_served", "all"] == 0
        assert found["targeting_differential", "all"] == 1
        assert found["concentration_index", "all"] < 0


@laws
@given(populations(), st.data())
def test_with_as_many_places_as_poor_each_exclusion_is_a_leak(frame, data):
    poor = (frame["y"] < 6).to_numpy()
    served = np.array(data.draw(st.permutations(poor.astype(float).tolist())))
    rows = measure(frame.with_columns(b=pl.Series(served)), Request("y", "b", line="6")).records
    found = {r.measure: r for r in rows if r.group == "all"}
    assert found["exclusion_error"].numerator == found["inclusion_error_served"].numerator
    assert found["exclusion_error"].value == found["inclusion_error_served"].value


@laws
@given(populations())
def test_differential_from_errors_and_headcounts(frame):
    """TD = (1 - share served - exclusion error) / (1 - H), Brown, Ravallion and van de Walle."""
    found = values(frame)
    poor = frame.filter(pl.col("y") < 6)["w"].sum() / frame["w"].sum()
    if 0 < poor < 1:
        identity = (1 - found["coverage", "all"] - found["exclusion_error", "all"]) / (1 - poor)
        assert found["targeting_differential", "all"] == pytest.approx(identity, abs=1e-12)


@laws
@given(populations())
def test_shares_add_up_and_the_curve_is_made_of_them(frame):
    found = values(frame)
    if frame["b"].sum() > 0:
        for name in ("beneficiary_incidence", "benefit_incidence"):
            assert sum(found[name, f"q{i}"] for i in range(1, 6)) == pytest.approx(1)
            crossed = [v for (m, g), v in found.items() if m == name and "/" in g]
            assert sum(crossed) == pytest.approx(1)
        curve = [found["concentration_curve", f"q{i}"] for i in range(1, 6)]
        assert curve == sorted(curve)
        assert curve[-1] == pytest.approx(1)
        assert found["cgh_20", "all"] == pytest.approx(curve[0] / 0.2)


@laws
@given(populations(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(frame, random):
    order = list(range(frame.height))
    random.shuffle(order)
    for request in (REQUEST, Request("y", "b", weight="w", psu="psu", quota=0.3, quantiles=5)):
        same(values(frame, request), values(frame[order], request))
        same(values(frame, request, "se"), values(frame[order], request, "se"), abs_=1e-7)


@laws
@given(populations(), st.sampled_from([0.5, 3.0, 1000.0]))
def test_the_scale_of_weights_does_not_matter(frame, scale):
    scaled = frame.with_columns(pl.col("w") * scale)
    same(values(frame), values(scaled))
    same(values(frame, field="se"), values(scaled, field="se"), abs_=1e-7)


@laws
@given(populations(), st.sampled_from([0.25, 1000.0]))
def test_the_unit_of_money_does_not_matter(frame, unit):
    request = Request("y", "b", weight="w", line=str(6 * unit), by=("area",), quantiles=5)
    same(values(frame), values(frame.with_columns(pl.col("y", "b") * unit), request))


@laws
@given(populations())
def test_a_weight_may_be_split_into_copies(frame):
    copies = frame.select(pl.all().repeat_by(pl.col("w").cast(pl.UInt32))).explode(pl.all())
    same(values(frame), values(copies.with_columns(w=pl.lit(1.0))))


@laws
@given(populations(), st.sampled_from([0.1, 0.35, 0.5]))
def test_the_quota_holds_at_least_its_share_and_no_step_more(frame, quota):
    rows = measure(frame, Request("y", "b", weight="w", quota=quota)).records
    taken = next(r.denominator for r in rows if r.measure == "exclusion_error")
    sizes = frame.group_by("y").agg(pl.col("w").sum()).sort("y")["w"]
    steps = [0, *sizes.cum_sum()]
    assert taken == next(s for s in steps if s >= quota * frame["w"].sum() - 1e-6)


@laws
@given(populations())
def test_zero_weight_is_as_good_as_absent(frame):
    extra = frame.with_columns(w=pl.lit(0.0), y=pl.col("y") + 0.5)
    request = Request("y", "b", weight="w", line="6", by=("area",), quantiles=5)
    same(values(frame, request), values(pl.concat([frame, extra]), request))
