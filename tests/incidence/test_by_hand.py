"""Every measure on ten units, worked by hand."""

import polars as pl
import pytest

from pipeline.errors import InputError
from pipeline.incidence import Request, measure

# Units 1-4 are poor (line 50). Served: 1, 2, 3 and 6.
TEN = pl.DataFrame(
    {
        "y": [10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
        "b": [10, 10, 10, 0, 0, 10, 0, 0, 0, 0],
        "area": ["kota", "desa"] * 5,
    }
)


@pytest.fixture(scope="module")
def ten():
    return measure(TEN, Request("y", "b", line="50", quantiles=5, by=("area",)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("coverage", 4 / 10),
        ("exclusion_error", 1 / 4),
        ("inclusion_error_served", 1 / 4),
        ("inclusion_error_nonpoor", 1 / 6),
        ("total_error", 2 / 10),
        ("targeting_differential", 3 / 4 - 1 / 6),
        ("cgh_20", 0.5 / 0.2),
        ("cgh_40", 0.75 / 0.4),
        # mean rank of the served: (0.05 + 0.15 + 0.25 + 0.55) / 4 = 0.25, twice that less 1
        ("concentration_index", 2 * 0.25 - 1),
        ("fgt0_before", 4 / 10),
        ("fgt1_before", (50 + 40 + 30 + 10) / 50 / 10),
        ("fgt2_before", (50**2 + 40**2 + 30**2 + 10**2) / 50**2 / 10),
        ("fgt0_after", 4 / 10),
        ("fgt1_after", (40 + 30 + 20 + 10) / 50 / 10),
        ("fgt2_after", (40**2 + 30**2 + 20**2 + 10**2) / 50**2 / 10),
        # all that the poor got closed their gap; unit 6 would stand at the line without it
        ("benefit_cost_ratio", 30 / 40),
        ("distributional_characteristic", (50 / 10 + 50 / 20 + 50 / 30 + 50 / 60) / 4),
    ],
)
def test_measure(ten, name, value):
    assert ten.value(name) == pytest.approx(value, abs=1e-14)


def test_quantiles(ten):
    assert [ten.value("quantile_coverage", f"q{i}") for i in range(1, 6)] == [1, 0.5, 0.5, 0, 0]
    assert [ten.value("beneficiary_incidence", f"q{i}") for i in range(1, 6)] == [0.5, 0.25, 0.25, 0, 0]
    assert [ten.value("concentration_curve", f"q{i}") for i in range(1, 6)] == [0.5, 0.75, 1, 1, 1]


def test_groups_of_a_column(ten):
    # kota: welfare 10, 30, 50, 70, 90; served 10 and 30
    assert ten.value("coverage", "area=kota") == 2 / 5
    assert ten.value("exclusion_error", "area=kota") == 0
    assert ten.value("exclusion_error", "area=desa") == 1 / 2
    assert ten.value("benefit_incidence", "area=kota") == 2 / 4
    assert ten.value("quantile_coverage", "area=desa/q2") == 0  # unit 4; the quantiles are those of all
    assert ten.value("benefit_incidence", "area=kota/q1") == 1 / 4
    assert ten.value("cgh_20", "area=kota") == pytest.approx(0.5 / 0.2)  # ranked among themselves


def test_a_list_in_full_has_no_sampling_error(ten):
    assert {(r.se, r.ci_low, r.ci_high) for r in ten.records} == {(None, None, None)}


def test_numerator_over_denominator_is_the_value(ten):
    for record in ten.records:
        if record.denominator:
            assert record.value == pytest.approx(record.numerator / record.denominator), record.measure


def test_no_figure_without_its_definition(ten):
    definitions = {r.measure: r.definition for r in ten.records}
    assert definitions["inclusion_error_served"].startswith("served non-poor / served;")
    assert definitions["inclusion_error_nonpoor"].startswith("served non-poor / non-poor;")
    assert all("welfare y after the transfer; weight 1" in d for d in definitions.values())


def one(y, b, **options):
    columns = {k: options.pop(k) for k in list(options) if isinstance(options[k], list)}
    return measure(pl.DataFrame({"y": y, "b": b, **columns}), Request("y", "b", **{"quantiles": 5, **options}))


def test_poor_is_strictly_below_the_line():
    assert one([1, 2, 3], [1, 1, 1], line="2").value("inclusion_error_served") == 2 / 3


def test_a_line_can_differ_from_unit_to_unit():
    result = one([10, 10], [1, 0], gk=[5, 20], line="gk")
    assert result.value("exclusion_error") == 1  # the second, below its own line
    assert result.value("fgt1_after") == 0.5 / 2


def test_a_line_with_a_dot_between_thousands_is_refused_where_nobody_would_be_below_it():
    rupiah = pl.DataFrame({"y": [400_000, 500_000, 600_000], "b": [1, 0, 0]})
    with pytest.raises(InputError, match="without marks between thousands"):
        measure(rupiah, Request("y", "b", line="535.547"))
    dollars = pl.DataFrame({"y": [1.5, 1.9, 3.2], "b": [1, 0, 0]})
    assert measure(dollars, Request("y", "b", line="1.900")).value("fgt0_after") == 1 / 3
    assert measure(dollars, Request("y", "b", line="0.125")).value("fgt0_after") == 0


def test_the_tie_at_the_quota_is_wholly_in():
    result = one([1, 2, 2, 2, 5], [0, 0, 0, 0, 1], quota=0.4)
    assert result.value("fgt0_after") is None  # there is no line
    assert next(r.denominator for r in result.records if r.measure == "exclusion_error") == 4


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.7, 0.9])
def test_a_quota_that_ends_between_two_units_takes_none_too_many(share):
    result = one([float(i) for i in range(10)], [1] * 10, quota=share)
    assert next(r.denominator for r in result.records if r.measure == "exclusion_error") == round(share * 10)


def test_ties_stay_in_one_quantile():
    result = one([1, 1, 1, 1, 2, 3, 4, 5, 6, 7], [1] * 10)
    sizes = {r.group: r.denominator for r in result.records if r.measure == "quantile_coverage"}
    assert sizes == {"q1": 4, "q2": 0, "q3": 2, "q4": 2, "q5": 2}


def test_a_tie_across_the_cut_gives_benefits_in_proportion():
    # four units tied at the bottom of ten, one of them served: half of the tie is in the poorest 20 %
    result = one([1, 1, 1, 1, 2, 3, 4, 5, 6, 7], [0, 8, 0, 0, 0, 0, 2, 0, 0, 0])
    assert result.value("cgh_20") == pytest.approx(0.8 * 0.5 / 0.2)


def test_eligible_says_who_is_poor_whatever_the_line():
    result = one([1, 9], [0, 1], desil=["tidak", "ya"], eligible="desil", line="5")
    assert result.value("exclusion_error") == 0
    assert result.value("fgt0_after") == 0.5


def test_served_may_be_told_apart_from_the_amount():
    assert one([1, 9], [0, 0], dapat=[1, 0], served="dapat").value("coverage") == 0.5


def test_size_counts_persons_and_shares_the_benefit_among_them():
    # 4 persons with 10 each after a benefit of 20 together; 1 person with 30
    result = one([10, 30], [20, 5], n=[4, 1], size="n", line="12", rank_before_transfer=True)
    assert result.value("fgt0_before") == 4 / 5
    assert result.value("fgt1_before") == pytest.approx((12 - 5) / 12 * 4 / 5)
    assert result.value("benefit_cost_ratio") == pytest.approx(4 * 5 / 25)
    assert result.value("benefit_incidence", "q1") == 20 / 25


def test_ranking_before_the_transfer_puts_the_served_lower():
    after = one([10, 12], [0, 5], quota=0.5)
    before = one([10, 12], [0, 5], quota=0.5, rank_before_transfer=True)
    assert (after.value("exclusion_error"), before.value("exclusion_error")) == (1, 0)


def test_missing_is_never_zero():
    result = one([1, 2, 3, None], [5, None, 0, 5], line="10")
    assert result.value("coverage") == 2 / 3
    assert result.value("exclusion_error") == 1 / 2
    assert "1 of 4 rows: no benefit: in no measure of amounts" in result.notices


def test_a_row_without_weight_counts_nowhere():
    result = one([1, 2], [5, 0], w=[None, 1], weight="w", line="10")
    assert result.value("coverage") == 0
    assert any("no weight" in n for n in result.notices)


def test_nobody_served_is_null_and_not_zero():
    result = one([1, 2, 3], [0, 0, 0], line="2")
    assert result.value("coverage") == 0
    assert result.value("exclusion_error") == 1
    for name in ("inclusion_error_served", "cgh_20", "cgh_40", "concentration_index", "benefit_cost_ratio"):
        assert result.value(name) is None
    assert result.value("beneficiary_incidence", "q1") is None
    assert result.value("concentration_curve", "q5") is None


def test_nobody_poor():
    result = one([5, 6], [1, 0], line="2")
    assert result.value("exclusion_error") is None
    assert result.value("targeting_differential") is None
    assert result.value("inclusion_error_nonpoor") == 0.5
    assert result.value("fgt0_after") == 0


def test_without_a_welfare_above_zero_there_is_no_marginal_value():
    assert one([0, 4], [1, 1], line="8").value("distributional_characteristic") == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"line": "5", "quota": 0.3}, "both are given"),
        ({"quota": 30.0}, "a share above 0"),
        ({"quota": 0.0}, "a share above 0"),
        ({"quota": -0.1}, "a share above 0"),
        ({"quota": float("nan")}, "a share above 0"),
        ({"line": "inf"}, "above 0"),
        ({"line": "nan"}, "above 0"),
        ({"w": [1.0, float("inf")], "weight": "w"}, "row 2, column 'w': inf"),
        ({"line": "1.535.547"}, "without marks between thousands"),
        ({"line": "-1"}, "above 0"),
        ({"quantiles": 7}, "5 or 10"),
        ({"w": [1, -1], "weight": "w"}, "row 2, column 'w': -1"),
        ({"w": [0, 0], "weight": "w"}, "add up to 0"),
        ({"n": [0, 2], "size": "n"}, "a number above 0"),
        ({"b2": ["1", "2"], "served": "b2"}, "row 2, column 'b2': '2'"),
        ({"p": ["a", None], "psu": "p"}, "a value in every row"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, says):
    with pytest.raises(InputError, match=says):
        one([1, 2], [1, 0], **options)


def test_a_quota_of_all_makes_everybody_poor():
    result = one([1, 2, 3, 4], [1, 0, 0, 0], quota=1.0)
    assert result.value("exclusion_error") == 3 / 4
    assert result.value("inclusion_error_served") == 0
    assert result.value("inclusion_error_nonpoor") is None


def test_where_all_have_the_same_nobody_is_poorer_than_another():
    result = one([7, 7, 7, 7, 7], [3, 0, 0, 0, 0], quota=0.2)
    assert result.value("cgh_20") == pytest.approx(1, abs=1e-12)
    assert result.value("concentration_index") == pytest.approx(0, abs=1e-12)
    assert result.value("exclusion_error") == 4 / 5  # the tie at the cut is everybody
    assert result.value("beneficiary_incidence", "q1") == 1


def test_a_missing_number_in_a_column_of_numbers_is_missing_whatever_it_is():
    result = one([1.0, float("nan"), 3.0], [1, 1, None], w=[1.0, 1.0, float("nan")], weight="w", line="2")
    assert result.value("coverage") == 1
    assert result.value("fgt0_after") == 1
    assert result.notices == [
        "1 of 3 rows: no weight or size: in no measure",
        "1 of 2 rows: no welfare (or no benefit to take off): in no measure of rank or poverty",
    ]
