"""Worked examples beside the rules, and what is said when one comes out otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from pipeline.errors import RulesError
from pipeline.target import run_examples


@pytest.fixture
def copied(rules: Path, tmp_path: Path) -> Path:
    """The shipped rules, to be changed."""
    return Path(shutil.copytree(rules, tmp_path / "rules"))


def rewritten(rules: Path, program: str, old: str, new: str) -> Path:
    path = rules / "programs" / f"{program}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return rules


def test_every_shipped_program_has_examples_of_all_three_answers_that_hold(rules):
    outcomes = run_examples(rules)
    assert [str(o) for o in outcomes if not o.passed] == []
    assert {o.program for o in outcomes} == {"pkh", "sembako", "pbi_jkn", "blt_dd"}
    assert {o.expected.split(",")[0] for o in outcomes} == {"eligible", "ineligible", "unknown"}


def test_a_changed_rule_makes_its_examples_fail_with_line_and_reason(copied):
    rewritten(copied, "sembako", "{value: 4, valid_from", "{value: 3, valid_from")
    failed = [o for o in run_examples(copied) if not o.passed]
    assert [o.example for o in failed] == ["Desil 4, tepat pada batas"]
    assert failed[0].found.startswith("ineligible")
    assert failed[0].against == "welfare"
    line = int(failed[0].where.rpartition(":")[2])
    written = (copied / "programs" / "sembako.yaml").read_text(encoding="utf-8").splitlines()
    assert "tepat pada batas" in written[line - 1]


def test_a_wrong_amount_is_a_failure(copied):
    rewritten(copied, "pkh", "amount: 166667", "amount: 166666")
    assert [o.example for o in run_examples(copied) if not o.passed] == [
        "Tepat pada batas, desil 4 dengan satu murid SMA"
    ]


def test_the_rules_of_the_day_of_the_example_apply(copied):
    rewritten(copied, "sembako", "day: 2026-10-31", "day: 2025-06-30")  # the minimum wage was lower then
    failed = [o for o in run_examples(copied) if not o.passed]
    assert [o.against for o in failed] == ["income_above_minimum_wage"]


def test_an_example_of_a_program_that_ends_is_held_to_its_last_rules(copied):
    path = copied / "programs" / "sembako.yaml"
    card = path.read_text(encoding="utf-8")
    path.write_text(card.replace("    legal_basis:", "    valid_to: 2026-11-30\n    legal_basis:", 1), encoding="utf-8")
    assert [str(o) for o in run_examples(copied) if not o.passed] == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("desil: 5", "desil: 11", "less than or equal to 10"),
        ("desil: 5", "desil: 0", "greater than or equal to 1"),
        ("{age: 50, sex: L}", "{age: -1, sex: L}", "`age` is -1"),
        ("{age: 50, sex: L}", "{age: 500, sex: L}", "`age` is 500"),
    ],
)
def test_a_rank_or_age_that_nobody_has_is_refused_in_an_example(copied, old, new, said):
    with pytest.raises(RulesError, match=said):
        run_examples(rewritten(copied, "blt_dd", old, new))


def test_a_misspelt_fact_is_named_with_the_nearest_one(copied):
    rewritten(copied, "pkh", "pregnant: true", "pregnent: true")
    with pytest.raises(RulesError, match="did you mean `pregnant`"):
        run_examples(copied)


def test_the_command_ends_with_3_when_an_example_comes_out_otherwise(copied):
    assert CliRunner().invoke(app, ["rules", "test", "--rules", str(copied)]).exit_code == 0
    rewritten(copied, "pbi_jkn", "expect: unknown", "expect: eligible")
    assert CliRunner().invoke(app, ["rules", "test", "--rules", str(copied), "--json"]).exit_code == 3
