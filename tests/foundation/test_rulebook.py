import shutil
from pathlib import Path

import pytest

from pipeline.errors import RulesError
from pipeline.history import published_run
from pipeline.rulebook import LATER, Card, read_yaml, rules_hash
from pipeline.run import Job, Past, run_stages
from pipeline.store import Store
from pipeline.tables import FINDINGS, MATCH_JUDGEMENTS
from tests.scenarios import District


class Threshold(Card):
    value: int
    source: str


class Thresholds(Card):
    thresholds: dict[str, Threshold]


def written(folder: Path, text: str) -> Path:
    path = folder / "thresholds.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_card_is_read(tmp_path: Path) -> None:
    card = read_yaml(written(tmp_path, "thresholds:\n  cards: {value: 10, source: practice}\n"), Thresholds)
    assert card.thresholds["cards"].value == 10


def test_a_typo_names_its_line_and_the_word_meant(tmp_path: Path) -> None:
    path = written(tmp_path, "thresholds:\n  cards:\n    valeu: 10\n    source: practice\n")
    with pytest.raises(RulesError) as caught:
        read_yaml(path, Thresholds)
    typo = next(p for p in caught.value.problems if "valeu" in p.found)
    assert typo.where.endswith("thresholds.yaml:3")
    assert "`value`" in typo.todo


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "thresholds:\n  a: {value: ten, source: x}\n  b: {value: 3}\n")
    with pytest.raises(RulesError) as caught:
        read_yaml(path, Thresholds)
    assert len(caught.value.problems) == 2


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"thresholds\.yaml:2"):
        read_yaml(written(tmp_path, "thresholds: {a: 1,\n  b: ]\n"), Thresholds)


def test_the_hash_follows_every_file_but_no_folder_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written(tmp_path / name, "thresholds: {}\n")
    assert rules_hash(tmp_path / "one") == rules_hash(tmp_path / "two")
    written(tmp_path / "two", "thresholds: {} # changed\n")
    assert rules_hash(tmp_path / "one") != rules_hash(tmp_path / "two")


def test_how_long_rows_are_kept_does_not_make_a_run_another_one(rules: Path, tmp_path: Path) -> None:
    rules = Path(shutil.copytree(rules, tmp_path / "rules"))
    before, gate = rules_hash(rules), rules_hash(rules, also="gate.yaml")
    for name in LATER:
        (rules / name).write_text("changed", encoding="utf-8")
    assert rules_hash(rules) == before
    assert rules_hash(rules, also="gate.yaml") != gate
    (rules / "findings.yaml").write_text("changed", encoding="utf-8")
    assert rules_hash(rules) != before


def test_no_stage_of_a_run_reads_what_does_not_count(
    district: District, published_district: Path, rules: Path, tmp_path: Path
) -> None:
    """The stages of a month with each of those files unreadable, held to the month as published."""
    broken = Path(shutil.copytree(rules, tmp_path / "rules"))
    for name in LATER:
        (broken / name).write_text("[", encoding="utf-8")
    period, store = district.periods[-1], Store(tmp_path / "out")
    past = Past(None, MATCH_JUDGEMENTS.empty())
    run_stages(Job(period, district.raw(period), tmp_path / "out", broken), past, store, lambda _: None)
    published = published_run(published_district, period).findings()
    assert store.read(FINDINGS).sort("finding_key").equals(published.sort("finding_key"))
