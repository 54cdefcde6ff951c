"""Measures: worked by hand, and the laws they obey."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import tables
from pipeline.incidence import Request, measure

SHARES = (
    "coverage_rate",
    "exclusion_error_rate",
    "inclusion_error_rate",
    "inclusion_of_ineligible_rate",
    "leakage_amount_share",
    "beneficiary_incidence",
    "benefit_incidence",
)


def families(month, desils, served):
    """One-person households, each with a desil, some of them on the sembako list."""
    for i, (desil, is_served) in enumerate(zip(desils, served, strict=True)):
        month.household(f"H{i}", month.person(f"p{i}"), desil=desil)
        if is_served:
            month.receives("sembako", f"p{i}", amount=200_000)
    return month.run()


def test_the_rates_of_ten_households_by_hand(month):
    # 5 eligible (3 served), 3 ineligible (2 served), 2 unknown (1 served)
    desils = [1, 2, 3, 4, 4, 5, 9, 10, None, None]
    served = [True, True, True, False, False, True, True, False, True, False]
    families(month, desils, served)
    assert month.measure("coverage_rate", "sembako") == 3 / 5
    assert month.measure("exclusion_error_rate", "sembako") == 2 / 5
    assert month.measure("inclusion_error_rate", "sembako") == 2 / 6
    assert month.measure("inclusion_of_ineligible_rate", "sembako") == 2 / 3
    assert month.measure("leakage_amount_share", "sembako") == 400_000 / 1_200_000
    assert month.measure("targeting_differential", "sembako") == pytest.approx(3 / 5 - 2 / 3)
    assert month.measure("amount_leaked", "sembako") == 400_000
    assert month.measure("amount_to_close_gap", "sembako") == 400_000


def test_the_bounds_take_all_unknowns_one_way_or_the_other(month):
    families(month, [1, 2, 9, None, None], [True, False, True, True, False])
    bounds = {
        name: (month.measure(name, "sembako", "bound_low"), month.measure(name, "sembako", "bound_high"))
        for name in SHARES[:4]
    }
    assert bounds["coverage_rate"] == (1 / 3, 2 / 3)
    assert bounds["exclusion_error_rate"] == (1 / 3, 2 / 3)
    assert bounds["inclusion_error_rate"] == (1 / 3, 2 / 3)
    assert bounds["inclusion_of_ineligible_rate"] == (1 / 2, 1.0)
    assert month.measure("amount_to_close_gap", "sembako", "bound_high") == 400_000


def test_nobody_served_gives_null_and_not_zero(month):
    families(month, [1, 9], [False, False])
    assert month.measure("inclusion_error_rate", "sembako") is None
    assert month.measure("leakage_amount_share", "sembako") is None
    assert month.measure("cgh_20", "sembako") is None
    assert month.measure("coverage_rate", "sembako") == 0.0


def test_nobody_eligible_gives_null(month):
    families(month, [8, 9], [True, False])
    assert month.measure("coverage_rate", "sembako") is None
    assert month.measure("inclusion_error_rate", "sembako") == 1.0


def test_everybody_served_alike_is_no_targeting(month):
    families(month, list(range(1, 11)), [True] * 10)
    assert month.measure("cgh_20", "sembako") == pytest.approx(1.0)
    assert month.measure("cgh_40", "sembako") == pytest.approx(1.0)
    assert month.measure("concentration_index", "sembako") == pytest.approx(0.0)
    assert month.measure("targeting_differential", "sembako") == pytest.approx(0.0)
    assert month.measure("leakage_amount_share", "sembako") == pytest.approx(1 - 4 / 10)


def test_all_to_the_poor_and_only_to_them_is_perfect(month):
    families(month, list(range(1, 11)), [d <= 4 for d in range(1, 11)])
    assert month.measure("exclusion_error_rate", "sembako") == 0.0
    assert month.measure("inclusion_error_rate", "sembako") == 0.0
    assert month.measure("targeting_differential", "sembako") == 1.0
    assert month.measure("cgh_20", "sembako") == pytest.approx(2.5)
    assert month.measure("concentration_index", "sembako") == pytest.approx(-0.6)


def test_a_unit_is_counted_where_the_registry_has_it_else_where_the_list_does(month):
    month.household("A", month.person("a"), desil=2)
    month.household("B", month.person("b"), registered=False)
    month.receives("sembako", "a", kecamatan_code="750119", desa_code="7501192001")
    month.receives("sembako", "b", kecamatan_code="750119", desa_code="7501192001")
    month.run()
    eligibility = month.table(tables.ELIGIBILITY).filter(pl.col("program") == "sembako")
    assert dict(eligibility["subject_id", "kecamatan_code"].rows()) == {"A": "750116", "B": "750119"}


def test_incidence_over_the_groups_of_a_breakdown_sums_to_one(month):
    families(month, [1, 2, 2, 7, None], [True] * 5)
    rows = month.table(tables.MEASURES).filter(
        pl.col("measure").is_in(["beneficiary_incidence", "benefit_incidence"]),
        pl.col("program") == "sembako",
        pl.col("area_level") == "province",
    )
    sums = rows.group_by("measure", "breakdown").agg(pl.col("value").sum())["value"]
    assert sums.to_list() == pytest.approx([1.0] * len(sums))
    assert set(rows["breakdown"]) == {"desil", "sex", "age_group"}


SAME = {
    "exclusion_error_rate": "exclusion_error",
    "inclusion_error_rate": "inclusion_error_served",
    "inclusion_of_ineligible_rate": "inclusion_error_nonpoor",
    "targeting_differential": "targeting_differential",
    "cgh_20": "cgh_20",
    "cgh_40": "cgh_40",
    "concentration_index": "concentration_index",
}


@given(st.lists(st.tuples(st.integers(1, 10), st.sampled_from([0, 100_000, 200_000])), min_size=1, max_size=12))
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_list_of_the_same_units_has_the_same_measures(new_month, town):
    month = new_month()
    for i, (desil, amount) in enumerate(town):
        month.household(f"H{i}", month.person(f"p{i}"), desil=desil)
        if amount:
            month.receives("sembako", f"p{i}", amount=amount)
    month.run()
    units = pl.DataFrame(town, schema=["desil", "amount"], orient="row").with_columns(poor=pl.col("desil") <= 4)
    survey = measure(units, Request("desil", "amount", eligible="poor"))
    for ours, theirs in SAME.items():
        assert month.measure(ours, "sembako") == pytest.approx(survey.value(theirs), abs=1e-12), ours


def test_no_measure_stands_without_its_definition(month):
    families(month, [1, 9], [True, True])
    assert month.table(tables.MEASURES)["definition"].null_count() == 0


towns = st.lists(st.tuples(st.one_of(st.none(), st.integers(1, 10)), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(towns)
def test_shares_lie_between_their_bounds_and_the_bounds_between_0_and_1(new_month, town):
    rows = families(new_month(), *zip(*town, strict=True)).table(tables.MEASURES)
    shares = rows.filter(pl.col("measure").is_in(SHARES))
    for column in ("value", "bound_low", "bound_high"):
        assert shares[column].drop_nulls().is_between(0, 1).all()
    known = rows.drop_nulls(["value", "bound_low", "bound_high"])
    assert (known["bound_low"] <= known["value"] + 1e-9).all()
    assert (known["value"] <= known["bound_high"] + 1e-9).all()
    index = rows.filter(pl.col("measure") == "concentration_index")["value"].drop_nulls()
    assert index.is_between(-1, 1).all()


def test_the_bounds_hold_whatever_the_unknown_desils_turn_out_to_be(new_month):
    desils, served = [1, 3, 8, None, None], [True, False, True, True, False]
    unknown = families(new_month(), desils, served)
    names = (
        "coverage_rate",
        "exclusion_error_rate",
        "inclusion_error_rate",
        "targeting_differential",
        "cgh_20",
        "cgh_40",
        "concentration_index",
    )
    bounds = {n: [unknown.measure(n, "sembako", b) for b in ("bound_low", "bound_high")] for n in names}
    for a, b in ((1, 10), (10, 1), (4, 5), (5, 5)):
        known = families(new_month(), [*desils[:3], a, b], served)
        for name, (low, high) in bounds.items():
            value = known.measure(name, "sembako")
            assert low - 1e-9 <= value <= high + 1e-9, (name, a, b)
