"""Records as no office should have them, and months in which nothing is to be told."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline import tables

RATES = ("coverage_rate", "exclusion_error_rate", "inclusion_error_rate", "cgh_20", "concentration_index")


def test_who_is_born_after_the_month_has_no_age_rather_than_a_negative_one(month):
    month.household("H", month.person("a", sex="P"), month.person("unborn", age=-1), desil=2)
    month.run()
    assert month.status("pkh", "H") == "unknown"  # may be a young child, and may be a slip of the pen
    assert month.status("sembako", "H") == "eligible"
    assert month.found("exclusion_error") == {
        ("sembako", "eligible_unserved", "H"),
        ("pbi_jkn", "eligible_unserved", "a"),
        ("pbi_jkn", "eligible_unserved", "unborn"),
    }


def test_a_household_without_a_head_is_judged_and_measured_in_the_group_unknown(month):
    month.household("H", month.person("a", age=70), desil=2, head_person_id=None)
    month.receives("sembako", "a", amount=200_000)
    month.run()
    assert month.status("sembako", "H") == "eligible"
    served = month.table(tables.MEASURES).filter(
        pl.col("program") == "sembako", pl.col("measure") == "coverage_rate", pl.col("area_level") == "province"
    )
    values = dict(served.select(pl.concat_str("breakdown", "breakdown_value", separator=" "), "value").iter_rows())
    assert values == {"all ": 1.0, "desil 2": 1.0, "sex unknown": 1.0, "age_group unknown": 1.0}


def test_a_household_of_nobody_is_on_no_list_and_in_no_figure(month):
    month.household("H", month.person("a"), desil=2)
    month.household("empty", desil=1)
    month.run()
    assert month.table(tables.ELIGIBILITY).filter(pl.col("subject_id") == "empty").is_empty()
    assert month.measure("exclusion_error_rate", "sembako", "denominator") == 1


def test_a_month_with_nobody_in_it_says_nothing_and_does_not_fail(month):
    month.run()
    for table in (tables.ELIGIBILITY, tables.FINDINGS, tables.FINDING_EVIDENCE, tables.MEASURES):
        assert month.table(table).is_empty()


@pytest.mark.parametrize("desil", [10, None])
def test_a_month_in_which_nobody_is_eligible_has_no_rate_of_the_eligible(month, desil):
    month.household("H", month.person("a"), desil=desil)
    month.receives("sembako", "a", amount=200_000)
    month.run()
    assert month.measure("coverage_rate", "sembako") is None
    assert month.measure("exclusion_error_rate", "sembako") is None
    assert month.measure("inclusion_error_rate", "sembako") == (1.0 if desil == 10 else 0.0)
    assert month.measure("inclusion_error_rate", "sembako", "bound_high") == 1.0
    assert month.measure("amount_to_close_gap", "sembako") == 0


def test_a_month_in_which_nobody_is_served_has_no_rate_of_the_served(month):
    month.household("H", month.person("a"), desil=2)
    month.run()
    values = {name: month.measure(name, "sembako") for name in RATES}
    assert values == {
        "coverage_rate": 0.0, "exclusion_error_rate": 1.0, "inclusion_error_rate": None, "cgh_20": None,
        "concentration_index": None,
    }  # fmt: skip


def test_where_no_desil_is_known_the_bounds_leave_everything_open(month):
    for name in ("a", "b"):
        month.household(name.upper(), month.person(name), desil=None)
    month.receives("sembako", "a", amount=200_000)
    month.run()
    bounds = {
        name: (month.measure(name, "sembako", "bound_low"), month.measure(name, "sembako", "bound_high"))
        for name in ("coverage_rate", "exclusion_error_rate", "inclusion_error_rate")
    }
    assert bounds == {
        "coverage_rate": (0.0, 1.0), "exclusion_error_rate": (0.0, 1.0), "inclusion_error_rate": (0.0, 1.0),
    }  # fmt: skip
