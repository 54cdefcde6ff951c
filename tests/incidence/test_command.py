"""The command: one JSON document, messages apart from it, codes of exit, a file where one is asked for."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from cli import app
from pipeline.errors import InputError

KEYS = {"measure", "group", "value", "se", "ci_low", "ci_high", "numerator", "denominator", "definition"}
MEASURES = {
    "coverage", "exclusion_error", "inclusion_error_served", "inclusion_error_nonpoor", "total_error",
    "targeting_differential", "cgh_20", "cgh_40", "concentration_index", "concentration_curve", "beneficiary_incidence",
    "benefit_incidence", "quantile_coverage", "fgt0_before", "fgt1_before", "fgt2_before", "fgt0_after", "fgt1_after",
    "fgt2_after", "benefit_cost_ratio", "distributional_characteristic",
}  # fmt: skip


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    path = tmp_path_factory.mktemp("survey") / "survei.csv"
    rows = {
        "y": range(10, 110, 10),
        "b": [5, 5, 0, 5, 0, 0, 5, 0, 0, 0],
        "w": [1.5] * 10,
        "daerah": ["kota", "desa"] * 5,
    }
    pl.DataFrame({k: list(v) for k, v in rows.items()}).write_csv(path)
    return path


def asked(*options):
    return CliRunner().invoke(app, ["incidence", *map(str, options)])


@pytest.fixture(scope="module")
def records(survey):
    answer = asked(
        survey, "--welfare", "y", "--benefit", "b", "--weight", "w", "--line", "45", "--by", "daerah",
        "--quantiles", "5", "--json",
    )  # fmt: skip
    assert answer.exit_code == 0
    return json.loads(answer.stdout)


def test_the_document_is_a_list_of_records_of_one_shape(records):
    assert all(set(r) == KEYS for r in records)
    assert {r["measure"] for r in records} == MEASURES
    assert all(isinstance(r["definition"], str) and r["definition"] for r in records)
    assert len({(r["measure"], r["group"]) for r in records}) == len(records)


def test_groups_are_everybody_quantiles_values_and_both_joined(records):
    quantiles = [f"q{i}" for i in range(1, 6)]
    areas = ["daerah=desa", "daerah=kota"]
    groups = {m: {r["group"] for r in records if r["measure"] == m} for m in MEASURES}
    joined = {f"{a}/{q}" for a in areas for q in quantiles}
    assert groups["coverage"] == {"all", *areas}
    assert groups["quantile_coverage"] == {*quantiles, *joined}
    assert groups["beneficiary_incidence"] == {*quantiles, *areas, *joined}
    assert groups["concentration_curve"] == {*quantiles, *joined}


def test_intervals_hold_their_value_and_are_null_only_together(records):
    """Nobody among five served: that is no certainty, and five who are all alike tell no interval."""
    for r in records:
        no_spread = r["se"] == 0 and r["value"] in (0, 1)
        assert (r["se"] is None or no_spread) == (r["ci_low"] is None) == (r["ci_high"] is None)
        if r["ci_low"] is not None:
            assert r["ci_low"] <= r["value"] <= r["ci_high"]
    assert any(r["measure"] == "quantile_coverage" and r["se"] == 0 and r["ci_low"] is None for r in records)
    coverage = next(r for r in records if (r["measure"], r["group"]) == ("coverage", "all"))
    assert (coverage["numerator"], coverage["denominator"]) == (6, 15)
    assert coverage["value"] == pytest.approx(0.4, abs=1e-12)


def test_messages_go_elsewhere(survey):
    answer = asked(survey, "--welfare", "y", "--benefit", "b", "--json")
    assert answer.exit_code == 0
    assert all(r["value"] is None for r in json.loads(answer.stdout) if r["measure"] == "exclusion_error")


def test_a_person_gets_tables_with_definitions_and_a_file_where_asked(survey, tmp_path):
    answer = asked(survey, "--welfare", "y", "--benefit", "b", "--quota", "0.3", "--out", tmp_path / "new")
    assert answer.exit_code == 0
    assert "Definitions" in answer.stdout
    table = pl.read_csv(tmp_path / "new" / "incidence.csv")
    assert set(table.columns) == KEYS
    assert "tie at the cut in" in table.filter(pl.col("measure") == "exclusion_error")["definition"][0]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--welfare", "x", "--benefit", "b"], "no column 'x'"),
        (["--welfare", "y", "--benefit", "b", "--quota", "30"], "a share above 0"),
        (["--welfare", "y", "--benefit", "b", "--quota", "0.3", "--line", "45"], "both are given"),
        (["--welfare", "y", "--benefit", "b", "--quantiles", "4"], "5 or 10"),
        (["--welfare", "y", "--benefit", "b", "--line", "garis"], "no column 'garis'"),
    ],
)
def test_wrong_usage_is_refused_with_what_was_expected_and_nothing_written(survey, options, says, tmp_path):
    answer = asked(survey, *options, "--out", tmp_path / "no", "--json")
    assert answer.stdout == ""
    assert isinstance(answer.exception, InputError)
    assert answer.exception.exit_code == 2
    assert says in str(answer.exception)
    assert not (tmp_path / "no").exists()
