from pathlib import Path

import pytest

from pipeline.errors import RulesError
from pipeline.rulebook import Card, read_yaml, rules_hash


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
