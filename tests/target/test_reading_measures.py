"""``tepat measures``: what is printed, and what the gaps do."""

from __future__ import annotations

import json
from itertools import pairwise

import polars as pl
import pytest
from typer.testing import CliRunner

from cli import app
from pipeline.errors import InputError
from pipeline.history import open_run
from pipeline.measures import chosen_measures, concentration_curve, gaps


@pytest.fixture(scope="module")
def run(published_district):
    return open_run("2026-10", published_district)


def ask(published_district, *options):
    return CliRunner().invoke(app, ["measures", "-p", "2026-10", "--out", str(published_district), *options])


def test_no_figure_is_printed_without_its_definition_and_bounds(published_district):
    printed = ask(published_district, "--program", "pkh").stdout
    for measure, definition in (
        ("inclusion_error_rate", "served and ineligible / all served"),
        ("inclusion_of_ineligible_rate", "served and ineligible / ineligible"),
    ):
        assert f"{measure}: {definition}" in " ".join(printed.split())
    assert printed.count("at least") > printed.count("coverage_rate")


def test_the_export_has_a_definition_and_a_name_of_the_area_in_every_row(published_district, tmp_path):
    path = tmp_path / "measures.csv"
    assert ask(published_district, "--level", "kecamatan", "--breakdown", "sex", "--csv", str(path)).exit_code == 0
    rows = pl.read_csv(path, infer_schema_length=None)
    assert rows["definition"].null_count() == rows["area_name"].null_count() == 0
    assert set(rows["area_level"]) == {"kecamatan"}
    assert set(rows["breakdown_value"]) <= {"L", "P", "unknown"}


def test_a_definition_says_whose_sex_and_age_a_breakdown_goes_by(run):
    rows = chosen_measures(run, breakdown="age_group").filter(pl.col("measure") == "coverage_rate")
    said = dict(rows.select("program", "definition").unique().rows())
    assert said["pkh"].endswith("by age of the head of household")
    assert said["pbi_jkn"].endswith("by age of the person")


def test_json_is_one_document_with_the_gaps(published_district):
    document = json.loads(ask(published_district, "--json").stdout)
    assert document["period"] == "2026-10"
    assert all(m["definition"] for m in document["measures"])
    assert {"programs", "ranks", "effect"} == set(document["gaps"])


@pytest.mark.parametrize("wrong", [{"program": "pk"}, {"level": "rt"}, {"breakdown": "gender"}])
def test_what_does_not_exist_is_refused_with_what_does(run, wrong):
    with pytest.raises(InputError, match=r"pkh|kecamatan|age_group"):
        chosen_measures(run, **wrong)


def test_gaps_are_counted_as_the_published_tables_have_them(run):
    programs = {r["program"]: r for r in gaps(run).programs.to_dicts()}
    eligibility = run.eligibility("sembako")
    homes = run.households().select(subject_id="household_id", desil="desil", in_registry="in_registry")
    units = eligibility.join(homes, on="subject_id")
    assert programs["sembako"]["units"] == eligibility.height
    assert programs["sembako"]["served"] == eligibility["served"].sum()
    assert programs["sembako"]["units_unknown"] == (eligibility["status"] == "unknown").sum()
    assert programs["sembako"]["served_not_in_registry"] == units.filter("served", ~pl.col("in_registry")).height
    assert programs["sembako"]["units_without_desil"] >= units["desil"].null_count() > 0


def test_the_effect_of_the_gaps_is_the_distance_of_the_bounds(run):
    effect = gaps(run).effect
    known = effect.drop_nulls("width")
    assert (known["width"] == known["bound_high"] - known["bound_low"]).all()
    assert known["width"].max() > 0


def test_the_age_of_the_desil_is_told_from_the_month_of_the_list(run):
    ranks = gaps(run).ranks
    assert ranks["rows"].sum() == run.mentions().filter(pl.col("kind") == "registry")["desil"].drop_nulls().len()
    assert ranks["share"].sum() == pytest.approx(1.0)


def test_the_curve_and_the_published_index_say_the_same(run):
    curve = concentration_curve(run)
    published = chosen_measures(run).filter(pl.col("measure") == "concentration_index")
    for program, index in published.select("program", "value").rows():
        points = curve.filter(pl.col("program") == program).select("share_of_units", "share_of_amount").rows()
        area = sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(points))
        assert 1 - 2 * area == pytest.approx(index)
        assert points[0] == (0, 0)
        assert points[-1] == (1, 1)


def test_open_run_finds_the_newest_month_where_tepat_out_says(published_district, monkeypatch):
    monkeypatch.setenv("TEPAT_OUT", str(published_district))
    run = open_run()
    assert str(run.period) == "2026-10"
    assert set(run.findings("exclusion_error", program="pkh")["program"]) == {"pkh"}
    assert set(run.measures(level="kecamatan", breakdown="desil")["area_level"]) == {"kecamatan"}


def test_open_run_says_what_to_do_where_nothing_is_published(tmp_path, monkeypatch):
    monkeypatch.delenv("TEPAT_OUT", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="nothing is published"):
        open_run()
