"""Weights learned again from a month, and the versions that are written."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from pipeline.errors import InputError, Refused, RulesError
from pipeline.identity import Question, Training, evaluate, train
from pipeline.identity.holding_out import HeldOut
from pipeline.period import Period
from pipeline.resolve.settings import read_settings
from pipeline.rule_check import check_all
from tests.identity.judges import judge, persons
from tests.scenarios import District


@pytest.fixture(scope="module")
def period(district: District) -> Period:
    return district.periods[-1]


@pytest.fixture(scope="module")
def trained(published_district: Path, period: Period, rules: Path) -> Training:
    return train(published_district, period, rules)


def test_the_lists_correct_what_the_rules_guess(trained: Training) -> None:
    moves = {(m["column"], m["level"], m["of"]): m for m in trained.moves()}
    # most lists of the district give no address finer than the desa, so that one desa is what one person's rows share
    assert moves["place", "desa", "m"]["new"] > moves["place", "desa", "m"]["old"]
    assert moves["name", "part_differs", "bits"]["new"] < 0
    assert not trained.worse


@pytest.mark.nightly
def test_learning_is_repeatable(trained: Training, published_district: Path, period: Period, rules: Path) -> None:
    assert train(published_district, period, rules).as_dict() == trained.as_dict()


def test_a_version_counts_from_the_month_after(tmp_path: Path, trained: Training, rules: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(rules, folder)
    trained.write(folder / "identity-new.yaml", force=False)
    assert check_all(folder) == []
    old, new = read_settings(folder, date(2026, 10, 31)), read_settings(folder, date(2026, 11, 30))
    assert (old.trained_on, new.trained_on) == ("", trained.new.trained_on)
    assert new.number.exact.m == trained.new.number.exact.m
    assert read_settings(folder).since == date(2026, 11, 1)
    assert read_settings(folder, date(2020, 1, 31)).since == old.since, "the oldest counts for all months before it"


def test_two_versions_of_one_day_are_an_error(tmp_path: Path, rules: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(rules, folder)
    shutil.copy(folder / "identity.yaml", folder / "identity-again.yaml")
    with pytest.raises(RulesError, match=r"identity-again\.yaml:\d+: since"):
        read_settings(folder)


def test_nothing_is_written_over_another_file(tmp_path: Path, trained: Training) -> None:
    path = tmp_path / "identity-new.yaml"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="never overwritten"):
        trained.write(path, force=True)
    assert path.read_text(encoding="utf-8") == "mine"


def test_worse_weights_are_written_only_by_force(tmp_path: Path, trained: Training) -> None:
    worse = Training(**{**vars(trained), "held_out": [HeldOut("log loss of judged pairs", 100, 0.1, 0.2)]})
    with pytest.raises(Refused, match="worse on 100 pairs held out"):
        worse.write(tmp_path / "identity-new.yaml", force=False)
    assert not list(tmp_path.iterdir())
    assert worse.write(tmp_path / "identity-new.yaml", force=True).exists()


@pytest.mark.nightly
def test_judged_pairs_are_held_out_in_turn(
    tmp_path: Path, published_district: Path, period: Period, district: District, rules: Path
) -> None:
    asked = evaluate(published_district, period, Question(further=120)).further
    judge(asked, persons(published_district, period, district.truth_folder(period))).write_csv(tmp_path / "judged.csv")
    found = train(published_district, period, rules, tmp_path / "judged.csv")
    last = found.held_out[-1]
    assert (last.measure.split(",")[0], last.pairs) == ("log loss of judged pairs", 120)
    assert f"{found.judged} judged pairs" in found.new.trained_on
