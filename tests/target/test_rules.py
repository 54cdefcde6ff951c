"""Rules as files: what was in force, what is wrong with them, and programs made of one file."""

from __future__ import annotations

import shutil
from datetime import date

import pytest

from pipeline.errors import RulesError
from pipeline.period import Period
from pipeline.rulebook import default_rules
from pipeline.run import Job, run
from pipeline.target import check_rules, rule_rows
from pipeline.target.programs import load_rules

YOUNG = """\
code: young
name: {id: Bantuan Anak, en: Child Aid}
unit: household
parameters:
  age_below:
    - {value: 5, valid_from: 2025-01-01, certainty: C, source: test}
  monthly:
    - {value: 100000, valid_from: 2025-01-01, certainty: C, source: test}
counts:
  n_little: {member: "age < :age_below", text: {id: anak kecil, en: little children}}
versions:
  - valid_from: 2025-01-01
    legal_basis: test
    conditions:
      - id: little
        condition: n_little > 0
        reason: no_component
        law: test
        text: {id: Ada anak kecil., en: A little child.}
    amount: {monthly: monthly}
"""


@pytest.fixture
def rules(tmp_path):
    """A copy of the shipped rules."""
    return shutil.copytree(default_rules(), tmp_path / "rules")


def edited(rules, name, old, new):
    path = rules / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def messages(rules):
    return "\n".join(str(p) for p in check_rules(rules))


def test_the_shipped_rules_have_nothing_wrong_with_them():
    assert check_rules(default_rules()) == []


def test_a_run_uses_what_was_in_force_then():
    assert load_rules(default_rules(), date(2025, 3, 31)).settings["minimum_wage"] == 3_221_731
    assert load_rules(default_rules(), date(2026, 9, 30)).settings["minimum_wage"] == 3_405_144


def test_a_month_before_all_rules_stops():
    with pytest.raises(RulesError, match="no program is in force on 2020-01-31"):
        load_rules(default_rules(), date(2020, 1, 31))


def test_a_new_program_is_one_new_file(new_month, rules):
    (rules / "programs" / "young.yaml").write_text(YOUNG, encoding="utf-8")
    month = new_month(rules=rules)
    month.household("A", month.person("a"), month.person("baby", age=1), desil=9)
    month.household("B", month.person("b"), month.person("school", age=8), desil=1)
    month.receives("young", "b")
    month.run()
    assert ("young", "eligible_unserved", "A") in month.found("exclusion_error")
    assert ("young", "no_component", "B") in month.found("inclusion_error")


def test_a_parameter_can_be_changed_for_a_question(rules):
    changed = load_rules(rules, date(2026, 9, 30), {"pkh.desil_max": 3})
    pkh = next(p for p in changed.programs if p.code == "pkh")
    assert "value=3" in repr(pkh.conditions[0].condition)
    with pytest.raises(RulesError, match="no parameter `desil`"):
        load_rules(rules, date(2026, 9, 30), {"pkh.desil": 3})


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("programs/pkh.yaml", "desil <= :desil_max", "desill <= :desil_max", "did you mean `desil`?"),
        ("programs/pkh.yaml", "desil <= :desil_max", "desil <= :desil_maks", "did you mean `desil_max`?"),
        ("programs/pkh.yaml", "disability = 'severe'", "disability = 2", "text is compared with a number"),
        ("programs/pkh.yaml", "legal_basis:", "legal_bases:", "did you mean `legal_basis`?"),
        ("programs/pkh.yaml", "bars: [civil_servant", "bars: [civil_servants", "no bar `civil_servants`"),
        ("programs/pkh.yaml", "yearly: yearly_sd}", "yearly: yearly_tk}", "`yearly_tk` has no value"),
        ("programs/blt_dd.yaml", "excluded_by: [pkh, sembako]", "excluded_by: [pkhh]", "no other program `pkhh`"),
        ("programs/sembako.yaml", "desil <= :desil_max", "desil <= :desil_max and desil > 4", "can never be true"),
        ("programs/sembako.yaml", "reason: above_welfare_threshold", "reason: too_rich", "`too_rich` has no words"),
        ("bars.yaml", "member: is_pensioner", "member: is_pensionr", "did you mean `is_pensioner`?"),
        ("misuse.yaml", "value: 10,", "value: 0,", "a number above 0"),
        ("findings.yaml", "severity: critical", "severity: urgent", "critical"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(rules, name, old, new, said):
    path = edited(rules, name, old, new)
    line = path.read_text(encoding="utf-8").split(new)[0].count("\n") + 1
    problems = [p for p in check_rules(rules) if said in str(p)]
    assert problems
    where = problems[0].where
    assert where.startswith(str(path))
    if "never" not in said and "above 0" not in said and "words" not in said and "has no value" not in said:
        assert where == f"{path}:{line}"


def test_gaps_and_overlaps_of_dates_are_found(rules):
    edited(rules, "bars.yaml", "valid_to: 2025-12-31", "valid_to: 2025-11-30")
    edited(rules, "programs/blt_dd.yaml", "valid_to: 2025-12-31, certainty", "valid_to: 2026-02-28, certainty")
    said = messages(rules)
    assert "nothing is in force after 2025-11-30 and before 2026-01-01" in said
    assert "2025-01-01 and on 2026-01-01 is in force at once" in said
    assert "no parameter `:minimum_wage` in force" in said


def test_a_value_that_ends_leaves_later_months_without_and_is_found(rules):
    edited(
        rules,
        "programs/sembako.yaml",
        "valid_from: 2025-01-01, certainty: B",
        "valid_from: 2025-01-01, valid_to: 2026-12-31, certainty: B",
    )
    assert "`monthly` has no value on 2027-01-01" in messages(rules)


def test_programs_that_rule_each_other_out_are_found(rules):
    edited(rules, "programs/pkh.yaml", "    amount:\n", "    excluded_by: [blt_dd]\n    amount:\n")
    assert "rule each other out" in messages(rules)


def test_a_stage_without_a_value_for_the_month_stops_and_names_it(new_month, rules):
    edited(rules, "bars.yaml", 'source: "UMP Gorontalo 2025"', "source: test")
    edited(
        rules,
        "bars.yaml",
        "valid_from: 2025-01-01, valid_to: 2025-12-31",
        "valid_from: 2025-01-01, valid_to: 2025-02-28",
    )
    month = new_month(rules=rules, period=Period(2025, 3))
    month.household("H", month.person("a"))
    with pytest.raises(RulesError, match="minimum_wage"):
        month.run()


def test_the_rule_set_reads_as_a_table_with_the_law_beside_each_rule():
    rows = rule_rows(default_rules(), date(2026, 9, 30))
    assert {r.program for r in rows} == {"blt_dd", "pbi_jkn", "pkh", "sembako"}
    assert all(r.text and r.law and r.condition for r in rows)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("programs/pkh.yaml", "school_level = 'sma'", "school_level = 'smaa'", "did you mean `sma`?"),
        ("programs/pkh.yaml", "disability = 'severe'", "disability = 'berat'", "one of none, mild, severe"),
        (
            "programs/pkh.yaml",
            "age between :school_age_min and :school_age_max and school_level = 'sd'",
            "age between :school_age_max and :school_age_min and school_level = 'sd'",
            "count `n_pupils_sd` can never be true",
        ),
        ("bars.yaml", "member: is_pensioner", "member: is_pensioner and not is_pensioner", "bar `pensioner` can never"),
        ("programs/blt_dd.yaml", "report_unserved_if: ", "report_unserved_if: desil > 9 and ", "`report_unserved_if`"),
        ("programs/sembako.yaml", "value: 200000", "value: -200000", "`monthly` is -200000"),
        ("programs/pkh.yaml", "  max_pregnant:", "  desil_max:", "`desil_max` stands twice"),
        ("findings.yaml", "severity: high", "severity: hihg", "did you mean `high`?"),
    ],
)  # fmt: skip
def test_what_can_never_be_so_is_found(rules, name, old, new, said):
    edited(rules, name, old, new)
    assert said in messages(rules)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("unit: household", "unit: houshold", 3, "did you mean `household`?"),
        ("unit: household", "unit: household\naliases: [Bansos PKH]", 4, "'Bansos PKH' is a name of `pkh` as well"),
        ("code: young", "code: pkh", 1, "program `pkh` is also written in pkh.yaml"),
        ("valid_from: 2025-01-01\n", "valid_from: 2025-13-01\n", 12, "2025-13-01: month must be in 1..12"),
        ("    legal_basis", "    valid_to: 2024-12-31\n    legal_basis", 12, "lies before valid_from 2025-01-01"),
        ("n_little > 0", "n_litle > 0", 16, "did you mean `n_little`?"),
        ("n_little > 0", "desil = 11", 16, "condition `little` can never be true"),
        ("n_little > 0", "desil > 4 and desil < 5", 16, "condition `little` can never be true"),
        ("n_little > 0", "n_little > (select 1)", 16, "not in the language of conditions"),
        ("age < :age_below", "age < 0", 10, "count `n_little` can never be true"),
        ("value: 5", "value: -5", 10, "count `n_little` can never be true"),
        ("value: 5", "value: lima", 10, "a number is compared with a text"),
        ("id: little\n", "id: present\n", 15, "another rule of this version is `present` already"),
        ("    amount:", "    excluded_by: [young]\n    amount:", 20, "there is no other program `young`"),
        ("{monthly: monthly}", "{monthly: montly}", 20, "`montly` has no value on 2025-01-01"),
        ("    amount: {monthly: monthly}", "    amount: {}", 20, "either `monthly` or `components`"),
        ("    amount: {monthly: monthly}", "\tamount: 1", 20, "not YAML"),
    ],
)
def test_a_new_program_with_a_mistake_is_told_its_line(rules, old, new, line, said):
    path = rules / "programs" / "young.yaml"
    assert old in YOUNG
    path.write_text(YOUNG.replace(old, new, 1), encoding="utf-8")
    problems = [str(p) for p in check_rules(rules) if str(p).startswith(f"{path}:{line}:")]
    assert any(said in p for p in problems), check_rules(rules)
    assert len({str(p) for p in check_rules(rules)}) <= 2  # one mistake is not told as many


def test_a_circle_of_programs_that_rule_each_other_out_is_found(rules):
    edited(rules, "programs/pkh.yaml", "    amount:\n", "    excluded_by: [sembako]\n    amount:\n")
    assert messages(rules) == ""
    edited(rules, "programs/sembako.yaml", "    amount:", "    excluded_by: [blt_dd]\n    amount:")
    assert "`blt_dd`, `pkh`, `sembako` rule each other out in a circle" in messages(rules)


def test_a_run_stops_at_once_for_a_file_that_a_later_stage_reads(rules, district, tmp_path):
    edited(rules, "findings.yaml", "severity: high", "severity: hihg")
    period = district.periods[-1]
    said = []
    with pytest.raises(RulesError, match="did you mean `high`"):
        run(Job(period, district.raw(period), tmp_path / "out", rules), said.append)
    assert said == []
    assert not (tmp_path / "out" / str(period)).exists()
