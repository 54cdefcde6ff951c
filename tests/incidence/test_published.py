"""Worked examples of the literature, small enough to stand here with the numbers that were printed."""

import polars as pl
import pytest

from pipeline.incidence import Request, measure


@pytest.mark.parametrize(
    ("expenditure", "measured", "printed"),
    [
        # Haughton and Khandker, Handbook on Poverty and Inequality (World Bank 2009), chapter 4: line 125
        ([100, 100, 150, 150], "fgt0_after", 0.5),  # headcount, country A
        ([124, 124, 150, 150], "fgt0_after", 0.5),  # and country B: the headcount does not see how poor
        ([100, 110, 150, 160], "fgt1_after", 0.08),  # poverty gap, country C: (0.20 + 0.12) / 4
        ([100, 110, 150, 160], "fgt2_after", 0.0136),  # squared gap: (0.04 + 0.0144) / 4
    ],
)
def test_poverty_as_in_the_handbook_of_the_world_bank(expenditure, measured, printed):
    frame = pl.DataFrame({"y": expenditure, "b": [0, 0, 0, 1]})
    assert measure(frame, Request("y", "b", line="125")).value(measured) == pytest.approx(printed, abs=1e-12)


def test_a_concentration_index_of_grouped_data_as_in_the_world_bank_s_technical_note():
    """Under-five deaths in India 1982-92: births and deaths per 1,000 births by wealth group, poorest first.

    Quantitative Techniques for Health Equity Analysis, Technical Note 7, table 1; O'Donnell, van Doorslaer, Wagstaff
    and Lindelow, Analyzing Health Equity Using Household Survey Data (World Bank 2008), chapter 8.
    """
    births, per_thousand = [29_939, 28_776, 26_528, 24_689, 19_739], [154.7, 152.9, 119.5, 86.9, 54.3]
    frame = pl.DataFrame({"group": range(5), "deaths": per_thousand, "births": births})
    result = measure(frame, Request("group", "deaths", weight="births"))
    assert round(result.value("concentration_index"), 4) == -0.1694
    p = [sum(births[:k]) / sum(births) for k in range(6)]
    deaths = [n * rate for n, rate in zip(births, per_thousand, strict=True)]
    upto = [sum(deaths[:k]) / sum(deaths) for k in range(6)]
    by_group = [p[k] * upto[k + 1] - p[k + 1] * upto[k] for k in range(1, 5)]
    assert [round(x, 4) for x in by_group] == [-0.0008, -0.0267, -0.0592, -0.0827]  # the last column of the table
    assert result.value("concentration_index") == pytest.approx(sum(by_group), abs=1e-12)


def test_sixty_percent_to_the_poorest_forty_is_an_index_of_one_and_a_half():
    """Coady, Grosh and Hoddinott, Targeting of Transfers in Developing Countries (World Bank 2004), chapter 2."""
    frame = pl.DataFrame({"y": range(1, 11), "b": [15, 15, 15, 15, 10, 10, 5, 5, 5, 5]})
    assert measure(frame, Request("y", "b")).value("cgh_40") == pytest.approx(1.5, abs=1e-12)


def test_one_table_has_two_inclusion_errors_and_neither_is_printed_without_its_definition():
    """In the experiment of Alatas et al., Targeting the Poor (AER 2012), 0.18 of the non-poor are served, as printed
    there, which is 0.40 of the served, as others count. The cells are made so that they give both."""
    cells = {(1, 1): 189, (1, 0): 111, (0, 1): 126, (0, 0): 574}  # (poor, served)
    frame = pl.DataFrame(
        [(poor, served, n) for (poor, served), n in cells.items()], schema=["poor", "b", "n"], orient="row"
    ).with_columns(y=2 - pl.col("poor"))
    result = measure(frame, Request("y", "b", eligible="poor", weight="n"))
    assert result.value("inclusion_error_nonpoor") == pytest.approx(126 / 700, abs=1e-12)  # 0.18
    assert result.value("inclusion_error_served") == pytest.approx(126 / 315, abs=1e-12)  # 0.40
    definitions = {r.measure: r.definition for r in result.records}
    assert definitions["inclusion_error_nonpoor"].startswith("served non-poor / non-poor")
    assert definitions["inclusion_error_served"].startswith("served non-poor / served")


def test_targeting_differential_and_errors_are_one_identity():
    """Brown, Ravallion and van de Walle, A Poor Means Test? (2018): TD = (1 - share served - EE) / (1 - H)."""
    frame = pl.DataFrame({"y": range(1, 21), "b": [1, 0, 1, 1, 0, 1] + [0, 1] * 3 + [0] * 8, "w": [1.0, 2.5] * 10})
    result = measure(frame, Request("y", "b", line="8", weight="w"))
    served, missed = result.value("coverage"), result.value("exclusion_error")
    head = result.value("fgt0_after")
    identity = (1 - served - missed) / (1 - head)
    assert result.value("targeting_differential") == pytest.approx(identity, abs=1e-12)
