"""What somebody must look at: the cases of the field, one each."""

from __future__ import annotations

import json
from datetime import datetime

import polars as pl
import pytest

from pipeline import tables
from tests.target.conftest import Month


def family(month, name="H", desil=2):
    """A father and a young child."""
    return month.household(name, month.person(f"{name}-father"), month.person(f"{name}-child", age=4), desil=desil)


def test_all_reasons_against_one_benefit_make_one_finding(month):
    month.household("H", month.person("father", alive=False), month.person("son", age=25), desil=9)
    month.row("employment", "son", employment_type="soldier_police")
    month.row("deaths", "father")
    month.receives("pkh", "father", amount=250_000)
    month.run()
    reasons = "above_welfare_threshold,deceased,no_component,soldier_police"
    assert month.found("inclusion_error") == {("pkh", reasons, "H")}


def test_a_dead_recipient_is_an_error_although_the_household_is_poor(month):
    month.household("H", month.person("mother", age=70, sex="P", alive=False), month.person("child", age=3))
    month.receives("sembako", "mother")
    month.run()
    assert month.found("inclusion_error") == {("sembako", "deceased", "H")}
    assert month.status("sembako", "H") == "ineligible"
    assert not any(p == "sembako" for p, _, _ in month.found("exclusion_error"))


def test_a_line_that_is_not_active_serves_nobody(month):
    family(month)
    month.receives("sembako", "H-father", active=False)
    month.run()
    assert ("sembako", "eligible_unserved", "H") in month.found("exclusion_error")


def test_a_pay_list_serves_nobody(month):
    family(month)
    month.row("payments", "H-father", program="sembako", amount=200_000)
    month.run()
    assert ("sembako", "eligible_unserved", "H") in month.found("exclusion_error")


def test_cannot_tell_is_another_list_than_not_eligible(month):
    family(month, "A", desil=None)
    month.household("B", month.person("B-father"), registered=False)
    for name in ("A", "B"):
        month.receives("sembako", f"{name}-father")
    month.run()
    assert month.found("unverifiable") == {
        ("sembako", "unknown_eligibility", "A"),
        ("sembako", "not_in_registry", "B"),
    }
    assert month.found("inclusion_error") == set()


def test_of_a_household_outside_the_registry_no_component_is_ever_denied(month):
    month.household("H", month.person("father"), registered=False)
    month.receives("pkh", "father")
    month.run()
    assert month.found("inclusion_error") == set()
    assert month.rules_of("pkh", "H")["component"] is None


def test_two_lines_of_one_person_and_two_persons_of_one_household(month):
    family(month, "A")
    family(month, "B")
    month.receives("sembako", "A-father", amount=200_000)
    month.receives("sembako", "A-father", amount=200_000, list_period="2026-09")
    month.receives(
        "sembako", "B-father", amount=200_000, list_period="2026-08"
    )  # of last month, not twice for this one
    month.receives("sembako", "B-father", amount=200_000)
    month.receives("pkh", "B-father", amount=300_000)
    month.receives("pkh", "B-child", amount=100_000)
    month.run()
    assert month.found("duplicate_benefit") == {
        ("sembako", "same_person_twice", "A-father"),
        ("pkh", "same_household_twice", "B"),
    }
    findings = month.table(tables.FINDINGS).filter(pl.col("finding_type") == "duplicate_benefit")
    assert dict(findings["program", "amount"].rows()) == {"sembako": 200_000, "pkh": 100_000}


def test_health_insurance_for_every_member_is_no_duplicate(month):
    family(month)
    for member in ("father", "child"):
        month.receives("pbi_jkn", f"H-{member}")
    month.run()
    assert month.found("duplicate_benefit") == set()


def test_an_overlap_is_an_overlap_and_nothing_else(month):
    family(month, desil=1)
    for program in ("blt_dd", "pkh", "sembako"):
        month.receives(program, "H-father")
    month.run()
    assert month.found("program_overlap") == {
        ("blt_dd", "blt_dd+pkh", "H"),
        ("blt_dd", "blt_dd+sembako", "H"),
    }
    assert month.found("inclusion_error") == set()


def test_a_number_that_cannot_be_a_nik_is_reported_and_an_unreadable_one_is_not(month):
    for name in "ABC":
        family(month, name)
    month.receives("sembako", "A-father", nik_status="invalid")
    month.receives("sembako", "B-father", nik_status="lossy")
    month.receives("sembako", "C-father", nik_status="masked")
    month.run()
    assert month.found("identity_problem") == {("sembako", "invalid_nik", "A-father")}


def test_who_carries_the_number_of_somebody_else_is_reported_and_its_owner_is_not(month):
    owner, other = month.person("owner", age=40), month.person("other", age=33)
    month.household("H", owner, other)
    number = "7501160503860001"  # 5 March 1986: the owner's date of birth
    month.row("registry", owner, nik=number)
    month.receives("sembako", owner, nik=number)
    month.receives("pbi_jkn", other, nik=number)
    month.run()
    assert month.found("identity_problem") == {("pbi_jkn", "nik_shared", "other")}


def test_a_number_without_its_last_digit_is_still_somebody_elses_and_a_strange_name_still_strange(month):
    owner, other = month.person("owner", age=40), month.person("other", age=33)
    month.household("H", owner, other)
    number, others = "7501160503860001", "7501160503930002"  # 5 March 1986 and 1993: their dates of birth
    month.row("registry", owner, nik=number)
    month.row("registry", other, nik=others)
    month.receives("sembako", owner, nik_digits=number[:15] + "?", nik_status="lossy")
    month.receives("pbi_jkn", other, nik_digits=number[:15] + "?", nik_status="lossy")
    month.receives("pkh", other, nik_digits=others[:15] + "?", nik_status="lossy")
    month._mentions[-1]["name"] = "KETUT SUDARMA"
    month.run()
    assert month.found("identity_problem") == {("pbi_jkn", "nik_shared", "other"), ("pkh", "name_mismatch", "other")}


NAMES = [
    ("KETUT SUDARMA", True),
    ("RAHMAT LIHAWA", False),
    ("LIHAWA RAHMAT", False),
    ("RAHMT LIHAWWA", False),
    ("R LIHAWA", False),
    ("RACHMAT BIN SALEH", False),
    ("RACHMAD", False),
    ("R", False),
    ("R L", False),
    ("RAHMATLIH", False),
    ("S LIHAYYA BUDI", True),
    ("RAHAM I LATI", True),
    ("RAHMAD SALEH", True),
]
"""How RAHMAT LIHAWA is written on a list, and whether that is somebody else's name."""


@pytest.fixture(scope="module")
def mismatches(tmp_path_factory):
    """A father for each of ``NAMES``; those whose name is said to be another's."""
    month = Month(tmp_path_factory.mktemp("names"))
    for n, (written, _) in enumerate(NAMES):
        father, number = month.person(f"father{n}"), f"75011605038600{n:02d}"
        month.household(f"H{n}", father)
        month._mentions[-1]["name"] = "RAHMAT LIHAWA"
        month.row("registry", father, nik=number, name="RAHMAT LIHAWA")
        month.receives("sembako", father, nik=number, name=written)
        month.row("payments", father, nik=number, name=written, program="sembako")
    found = month.run().found("identity_problem")
    assert {reason for _, reason, _ in found} == {"name_mismatch"}
    return {subject for _, _, subject in found}


@pytest.mark.parametrize("n", range(len(NAMES)), ids=[written for written, _ in NAMES])
def test_only_a_wholly_different_name_is_a_mismatch(mismatches, n):
    assert (f"father{n}" in mismatches) is NAMES[n][1]


def test_a_card_without_withdrawal_is_a_benefit_not_claimed(month):
    for name in "AB":
        family(month, name)
        month.receives("sembako", f"{name}-father", card_number=f"603298000000000{name}")
    month.uses("603298000000000A", datetime(2026, 9, 10, 9, 0))
    month.uses("603298000000000B", datetime(2026, 9, 10, 9, 5), amount=0, transaction_type="balance_inquiry")
    month.run()
    assert month.found("unclaimed_benefit") == {("sembako", "no_transaction", "B")}


def test_without_transactions_nothing_is_said_about_claims(month):
    family(month)
    month.receives("sembako", "H-father", card_number="6032980000000001")
    month.run()
    assert month.found("unclaimed_benefit") == set()


@pytest.mark.parametrize("category", ["odgj", "disability", "neglected_elderly"])
def test_who_needs_a_service_and_gets_nothing_is_a_gap(month, category):
    family(month, "A", desil=8)
    family(month, "B", desil=2)
    month.row("ppks", "A-father", ppks_category=category)
    month.row("ppks", "B-father", ppks_category=category)
    month.receives("sembako", "B-child")
    month.run()
    assert month.found("service_gap") == {("", "ppks_unserved", "A-father")}


def test_a_needy_person_unknown_elsewhere_is_a_gap_too(month):
    month.person("unknown", age=None, sex=None)
    month.row("ppks", "unknown", ppks_category="odgj", kecamatan_code="750119")
    month.run()
    findings = month.table(tables.FINDINGS)
    assert findings.filter(pl.col("finding_type") == "service_gap")["kecamatan_code"].to_list() == ["750119"]


@pytest.mark.parametrize(
    ("registered", "nik", "needs"),
    [
        (False, None, "dukcapil,registry,pbi"),
        (False, "7501160503860001", "registry,pbi"),
        (True, "7501160503860001", "pbi"),
    ],
)
def test_a_gap_says_what_must_be_arranged_first(month, registered, nik, needs):
    if registered:
        family(month, "A", desil=8)
    person = "A-father" if registered else month.person("unknown", age=None, sex=None)
    month.row("ppks", person, ppks_category="odgj", kecamatan_code="750119", nik=nik)
    month.run()
    gap = month.table(tables.FINDINGS).filter(pl.col("finding_type") == "service_gap").row(0, named=True)
    steps = ["Dukcapil" in gap["summary"], "DTSEN" in gap["summary"], "PBI-JKN" in gap["summary"]]
    assert steps == [step in needs for step in ("dukcapil", "registry", "pbi")]
    facts = month.table(tables.FINDING_EVIDENCE).filter(pl.col("finding_id") == gap["finding_id"])["fact"]
    assert [json.loads(fact)["needs"] for fact in facts] == [needs]


def test_every_finding_rests_on_rows_and_says_one_sentence_without_numbers_of_persons(month):
    month.household("H", month.person("father", alive=False), month.person("son", age=25), desil=9)
    employed = month.row("employment", "son", employment_type="pensioner")
    died = month.row("deaths", "father")
    line = month.receives("sembako", "father", nik="7501160503860001")
    month.run()
    findings, evidence = month.table(tables.FINDINGS), month.table(tables.FINDING_EVIDENCE)
    assert set(findings["finding_id"]) <= set(evidence["finding_id"])
    inclusion = findings.filter(pl.col("finding_type") == "inclusion_error")["finding_id"].item()
    rows = set(evidence.filter(pl.col("finding_id") == inclusion)["mention_id"])
    assert {employed, died, line} <= rows
    assert findings["summary"].str.contains(r"\d{6,}").sum() == 0
    assert findings["summary"].str.ends_with(".").all()
    assert findings["priority"].is_between(0, 100).all()
    assert findings["confidence"].is_between(0, 1).all()


def test_a_number_shared_by_several_persons_rests_on_their_mentions(month):
    lines = {month.receives("sembako", month.person(name), phone="081234567890") for name in ("a", "b", "c", "d")}
    month.run()
    shared = month.table(tables.FINDINGS).filter(pl.col("finding_type") == "card_misuse")["finding_id"].item()
    evidence = month.table(tables.FINDING_EVIDENCE).filter(pl.col("finding_id") == shared)
    assert set(evidence["mention_id"]) == lines


def test_an_unsure_identity_lowers_confidence_and_priority(new_month):
    def priority(confidence):
        month = new_month()
        month.household("H", month.person("father", confidence=confidence))
        month.run()
        return month.table(tables.FINDINGS).filter(pl.col("program") == "sembako")["priority"].item()

    assert priority(0.5) < priority(1.0)
