"""What if: laws that hold for any district, and what the command leaves behind."""

from __future__ import annotations

import hashlib
import json
from html.parser import HTMLParser

import polars as pl
import pytest
from typer.testing import CliRunner

from cli import app
from pipeline.history import open_run
from pipeline.simulate import simulate
from pipeline.simulate.page import render, write
from pipeline.simulate.simulation import records_of
from pipeline.target.judging import facts_of, judge
from pipeline.target.programs import load_rules

AREA = ["program", "area_level", "area_code"]


@pytest.fixture(scope="module")
def run(published_district):
    return open_run("2026-10", published_district)


@pytest.fixture(scope="module")
def stricter(run, rules):
    return simulate(run, ["pkh.desil_max=3", "sembako.monthly=250000"], "pkh.desil_max=2..5", rules=rules)


def province(simulation, program):
    (row,) = simulation.totals.filter(pl.col("program") == program, pl.col("area_level") == "province").to_dicts()
    return row


def test_without_a_change_the_published_measures_come_out_to_the_digit(run, rules):
    records, in_force = records_of(run), load_rules(rules, run.period.last_day)
    keys = ["measure", "program", "area_level", "area_code", "breakdown", "breakdown_value"]
    again = judge(records, in_force, facts_of(records, in_force)).measures().sort(keys)
    published = run.measures().sort(keys)
    columns = [*keys, "value", "numerator", "denominator", "bound_low", "bound_high"]
    assert again.select(columns).equals(published.select(columns))


def test_setting_what_is_in_force_moves_nobody(run, rules):
    same = simulate(run, ["pkh.desil_max=4"], rules=rules)
    assert same.moves.is_empty()
    assert same.totals["enters"].sum() + same.totals["leaves"].sum() == 0
    assert same.measures["before"].equals(same.measures["after"].alias("before"))


def test_a_lower_limit_only_lets_units_leave_and_exactly_those_of_the_desil_between(run, stricter):
    total = province(stricter, "pkh")
    assert total["enters"] == 0
    assert total["leaves"] > 0
    left = stricter.moves.filter(pl.col("program") == "pkh", pl.col("move") == "leaves")
    desil = run.households().select("household_id", "desil")
    assert set(left.join(desil, left_on="subject_id", right_on="household_id")["desil"]) == {4}


def test_who_is_eligible_after_is_who_was_and_entered_and_did_not_leave(stricter):
    t = stricter.totals
    assert (t["eligible_after"] == t["eligible_before"] + t["enters"] - t["leaves"]).all()
    assert (t["leaves_served"] <= t["leaves"]).all()
    assert (t["enters_unserved"] <= t["enters"]).all()


def test_areas_add_up_to_the_province(stricter):
    levels = stricter.totals.group_by("program", "area_level").agg(pl.col("leaves", "budget_after").sum())
    whole = levels.filter(pl.col("area_level") == "province")
    for level in ("kabupaten", "kecamatan"):
        parts = levels.filter(pl.col("area_level") == level)
        assert parts.sort("program")["leaves"].to_list() == whole.sort("program")["leaves"].to_list()


def test_another_amount_changes_the_budget_and_nobody_s_eligibility(stricter):
    total = province(stricter, "sembako")
    assert total["leaves"] == total["enters"] == 0
    assert total["budget_before"] == 200_000 * total["eligible_before"]
    assert total["budget_after"] == 250_000 * total["eligible_after"]


def test_programs_that_the_question_does_not_name_are_left_out(stricter):
    assert set(stricter.totals["program"]) == {"pkh", "sembako"}


def test_a_higher_limit_never_makes_fewer_eligible(stricter):
    steps = stricter.range.filter(pl.col("program") == "pkh").sort("value")
    assert steps["value"].to_list() == [2, 3, 4, 5]
    assert steps["eligible"].is_sorted()
    assert steps["budget"].is_sorted()
    assert set(stricter.range["program"]) == {"pkh"}
    set_to_3 = stricter.measures.filter(
        pl.col("program") == "pkh", pl.col("area_level") == "province", pl.col("measure") == "inclusion_error_rate"
    )["after"].item()
    assert steps.filter(pl.col("value") == 3)["inclusion_error_rate"].item() == set_to_3


def test_a_parameter_of_a_count_moves_units_too(run, rules):
    younger = simulate(run, ["pkh.elderly_age=70"], rules=rules)
    total = province(younger, "pkh")
    assert total["leaves"] > 0
    assert total["enters"] == 0


class _Tags(HTMLParser):
    void = frozenset({"meta", "line", "rect", "circle", "polyline", "br"})

    def __init__(self):
        super().__init__()
        self.open, self.links = [], []

    def handle_starttag(self, tag, attrs):
        self.links += [v for k, v in attrs if k in {"src", "href"}]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.void:
            assert self.open.pop() == tag


def test_the_page_is_whole_needs_nothing_from_outside_and_names_nobody(run, stricter):
    page = render(stricter)
    assert "Yang keluar dan masuk, per kecamatan" in page
    assert "Units that leave and enter, by kecamatan" in render(stricter, "en")
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.links == []
    assert "<script" not in page
    assert page.count('<svg class="chart"') == 3  # areas of PKH; errors and budget over the range
    for person in run.persons()["name"].drop_nulls().head(50):
        assert person not in page


def test_what_is_saved_has_no_names_and_no_numbers_of_persons(run, stricter, tmp_path):
    files = write(stricter, tmp_path / "saved")
    assert {f.name for f in files} == {"simulation.html", "totals.csv", "measures.csv", "moves.csv", "range.csv"}
    moves = (tmp_path / "saved" / "moves.csv").read_text(encoding="utf-8")
    assert not any(nik in moves for nik in run.persons()["nik"].drop_nulls())
    assert "definition" in (tmp_path / "saved" / "measures.csv").read_text(encoding="utf-8").splitlines()[0]


def test_with_a_key_no_list_of_units_is_saved(stricter, tmp_path, monkeypatch):
    monkeypatch.setenv("TEPAT_KEY", "a long passphrase")
    assert "moves.csv" not in {f.name for f in write(stricter, tmp_path)}
    assert not (tmp_path / "moves.csv").exists()


def test_the_command_publishes_nothing_and_prints_one_document(published_district, rules):
    database = published_district / "tepat.duckdb"
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    asked = ["simulate", "-p", "2026-10", "--set", "pkh.desil_max=3", "--out", str(published_district), "--json"]
    answer = CliRunner().invoke(app, [*asked, "--rules", str(rules)])
    assert answer.exit_code == 0
    document = json.loads(answer.stdout)
    assert document["changes"] == [{"parameter": "pkh.desil_max", "before": 4, "after": 3}]
    assert all(m["definition"] for m in document["measures"])
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
    assert not list(published_district.glob("*.html"))
