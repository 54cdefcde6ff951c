"""Who may be served: a family each, in three values.

Families of one question live in one month: none of them knows of the others.
"""

from __future__ import annotations

from typing import Any

import pytest

from pipeline import tables
from tests.target.conftest import Month


def test_a_poor_family_with_a_child_that_gets_nothing_is_missed_by_pkh_and_sembako(month):
    month.household("H", month.person("father"), month.person("child", age=4), desil=2)
    month.run()
    assert month.found("exclusion_error") == {
        ("pkh", "eligible_unserved", "H"),
        ("sembako", "eligible_unserved", "H"),
        ("pbi_jkn", "eligible_unserved", "father"),
        ("pbi_jkn", "eligible_unserved", "child"),
    }


def test_what_is_at_stake_is_what_the_rules_would_give(month):
    pupil = month.person("pupil", age=13, school_level="smp")
    month.household("H", month.person("mother", sex="P", pregnant=True), month.person("child", age=2), pupil)
    month.run()
    findings = month.table(tables.FINDINGS)
    amounts = dict(findings.filter(findings["finding_type"] == "exclusion_error")["program", "amount"].rows())
    # pregnant 3,000,000 + young child 3,000,000 + SMP 1,500,000 a year
    assert amounts["pkh"] == 7_500_000 // 12
    assert amounts["sembako"] == 200_000


def test_at_most_four_members_and_two_young_children_count_for_the_amount(month):
    members = [month.person(f"child{i}", age=3) for i in range(3)]
    members += [month.person(f"elder{i}", age=70) for i in range(3)]
    month.household("H", *members)
    month.run()
    findings = month.table(tables.FINDINGS)
    pkh = findings.filter(findings["program"] == "pkh")["amount"].item()
    assert pkh == (2 * 3_000_000 + 2 * 2_400_000) // 12


MEMBERS: list[tuple[dict[str, Any], str]] = [
    ({"age": 6}, "eligible"),
    ({"age": 7}, "ineligible"),
    ({"age": 10, "school_level": "sd"}, "eligible"),
    ({"age": 22, "school_level": "sma"}, "ineligible"),
    ({"age": 20, "school_level": "higher"}, "ineligible"),
    ({"age": 30, "disability": "severe"}, "eligible"),
    ({"age": 30, "disability": "mild"}, "ineligible"),
    ({"age": 60}, "eligible"),
    ({"age": 59}, "ineligible"),
    ({"age": 30, "sex": "P", "pregnant": True}, "eligible"),
    # not known is not no
    ({"age": None}, "unknown"),
    ({"age": 30, "sex": "P", "pregnant": None}, "unknown"),
    ({"age": 30, "sex": "L", "pregnant": None}, "ineligible"),
    ({"age": 56, "sex": "P", "pregnant": None}, "ineligible"),
    ({"age": 10, "school_level": None}, "unknown"),
    ({"age": 30, "disability": None}, "unknown"),
    # a member who does not count
    ({"age": 4, "alive": False}, "ineligible"),
    ({"age": 4, "moved_out": True}, "ineligible"),
]


@pytest.fixture(scope="module")
def with_a_member(tmp_path_factory: pytest.TempPathFactory) -> Month:
    """A household of father and member for each of ``MEMBERS``."""
    month = Month(tmp_path_factory.mktemp("member"))
    for n, (member, _) in enumerate(MEMBERS):
        month.household(f"H{n}", month.person(f"father{n}"), month.person(f"member{n}", **member), desil=3)
    return month.run()


@pytest.mark.parametrize("n", range(len(MEMBERS)), ids=[str(m) for m, _ in MEMBERS])
def test_one_more_member_decides_over_pkh(with_a_member, n):
    assert with_a_member.status("pkh", f"H{n}") == MEMBERS[n][1]


def test_one_known_child_suffices_however_many_ages_are_unknown(month):
    month.household("H", month.person("a", age=None), month.person("b", age=None), month.person("c", age=2))
    month.run()
    assert month.status("pkh", "H") == "eligible"


def test_desil_decides_over_sembako_and_an_empty_one_is_unknown(month):
    expected = {4: "eligible", 5: "ineligible", None: "unknown"}
    for desil in expected:
        month.household(f"H{desil}", month.person(f"father{desil}"), desil=desil)
    month.run()
    assert {desil: month.status("sembako", f"H{desil}") for desil in expected} == expected


def test_an_unknown_desil_does_not_save_whom_another_rule_refuses(month):
    month.household("H", month.person("father"), desil=None)
    month.row("employment", "father", employment_type="civil_servant")
    month.run()
    assert month.status("sembako", "H") == "ineligible"
    assert month.rules_of("sembako", "H")["welfare"] is None
    assert month.rules_of("sembako", "H")["not_civil_servant"] is False


JOBS: list[tuple[dict[str, Any], str]] = [
    ({"employment_type": "civil_servant"}, "ineligible"),
    ({"employment_type": "village_official"}, "ineligible"),
    ({"employment_type": "private_employee", "income": 3_405_144}, "eligible"),
    ({"employment_type": "private_employee", "income": 3_405_145}, "ineligible"),
    ({"employment_type": "private_employee", "income": None}, "unknown"),
    ({"employment_type": "other", "income": 9_000_000}, "eligible"),
]


@pytest.fixture(scope="module")
def with_a_job(tmp_path_factory: pytest.TempPathFactory) -> Month:
    """A household of father and son for each of ``JOBS``, which is the son's."""
    month = Month(tmp_path_factory.mktemp("job"))
    for n, (job, _) in enumerate(JOBS):
        month.household(f"H{n}", month.person(f"father{n}"), month.person(f"son{n}", age=25))
        month.row("employment", f"son{n}", **job)
    return month.run()


@pytest.mark.parametrize("n", range(len(JOBS)), ids=[str(j) for j, _ in JOBS])
def test_a_job_in_the_family_bars_by_its_kind_and_income(with_a_job, n):
    assert with_a_job.status("sembako", f"H{n}") == JOBS[n][1]
    assert with_a_job.status("pbi_jkn", f"father{n}") == JOBS[n][1]


def test_a_dead_or_absent_civil_servant_bars_nobody(month):
    gone, away = month.person("gone", alive=False), month.person("away", moved_out=True)
    month.household("H", month.person("mother", sex="P"), gone, away)
    for person in (gone, away):
        month.row("employment", person, employment_type="civil_servant")
    month.run()
    assert month.status("sembako", "H") == "eligible"


def test_a_tksk_is_not_barred_and_a_companion_is(month):
    month.household("A", month.person("tksk"))
    month.household("B", month.person("pendamping"))
    month.row("tksk", "tksk")
    month.row("companions", "pendamping")
    month.run()
    assert (month.status("sembako", "A"), month.status("sembako", "B")) == ("eligible", "ineligible")


def test_income_in_the_registry_bars_nobody(month):
    month.household("H", month.person("father", income=20_000_000, occupation="PNS"))
    month.run()
    assert month.status("sembako", "H") == "eligible"


def test_a_receipt_rules_out_blt_but_does_not_change_its_status(month):
    month.household("H", month.person("father"), desil=1)
    month.receives("sembako", "father")
    month.run()
    row = month.table(tables.ELIGIBILITY).filter(month.table(tables.ELIGIBILITY)["program"] == "blt_dd")
    assert row["status"].item() == "eligible"
    assert row["excluded_by"].item() == "sembako"
    assert not any(program == "blt_dd" for program, _, _ in month.found("exclusion_error"))


@pytest.mark.parametrize(("desil", "reported"), [(1, True), (2, False), (4, False)])
def test_blt_is_missed_only_by_the_poorest_but_measured_for_all(month, desil, reported):
    month.household("H", month.person("father"), desil=desil)
    month.run()
    assert (("blt_dd", "eligible_unserved", "H") in month.found("exclusion_error")) is reported
    assert month.measure("exclusion_error_rate", "blt_dd") == 1.0


def test_a_household_with_nobody_left_is_neither_eligible_nor_reported(month):
    month.household("H", month.person("last", alive=False))
    month.run()
    assert month.status("sembako", "H") == "ineligible"
    assert month.found("exclusion_error") == set()


def test_a_recipient_without_household_stands_for_itself(month):
    month.person("alone")
    month.receives("sembako", "alone")
    month.run()
    assert month.found("unverifiable") == {("sembako", "not_in_registry", "alone")}
