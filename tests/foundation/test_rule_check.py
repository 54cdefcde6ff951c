import shutil
from pathlib import Path

from pipeline.rule_check import check_all


def test_the_shipped_rules_are_right(rules: Path) -> None:
    assert check_all(rules) == []


def test_what_is_wrong_in_several_files_is_said_at_once(rules: Path, tmp_path: Path) -> None:
    copy = tmp_path / "rules"
    shutil.copytree(rules, copy)
    for path, old, new in [
        ("programs/sembako.yaml", "desil <= :desil_max", "desill <= :desil_max"),
        ("sources/deaths.yaml", "kind: deaths", "kind: deads"),
        ("gate.yaml", "decision:", "desision:"),
    ]:
        text = (copy / path).read_text(encoding="utf-8")
        assert old in text
        (copy / path).write_text(text.replace(old, new, 1), encoding="utf-8")
    places = " ".join(p.where for p in check_all(copy))
    assert "sembako.yaml:" in places
    assert "deaths.yaml" in places
    assert "gate.yaml:" in places
