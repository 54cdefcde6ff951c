"""People who were taken for one and are two: each finding in the case of its own family, each answer where it belongs.

September: H1 and H2, each eligible and unserved. October: their rows are taken for one household, H2. November: two.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.cases.book import CASES, cases_of
from pipeline.cases.deciding import decide
from pipeline.cases.returning import Outcomes, take_outcomes
from pipeline.errors import Refused
from pipeline.tables import CASE_EVENTS
from tests.cases.office import OFFICER, RULES, Found, Office, typed

ONE, TWO = Found(subject="H1"), Found(subject="H2")
NUMBER = Found("identity_problem", "invalid_nik", "sembako", "P1", "person", 200_000)
"""Of the head of H1, who in October counts to H2."""
SEPTEMBER, OCTOBER, NOVEMBER = (datetime(2026, month, 3, 8, 0) for month in (10, 11, 12))


@pytest.fixture(scope="module")
def merged_once(tmp_path_factory: pytest.TempPathFactory) -> Office:
    office = Office(tmp_path_factory.mktemp("merged") / "out")
    office.publish("2026-09", [ONE, TWO, NUMBER])
    office.keep("2026-09", SEPTEMBER)
    office.publish("2026-10", [TWO, NUMBER], merged=[("H1", "H2")], households=["H2", "H3"], lives={"P1": "H2"})
    office.keep("2026-10", OCTOBER)
    return office


@pytest.fixture(scope="module")
def undone_once(merged_once: Office, tmp_path_factory: pytest.TempPathFactory) -> Office:
    office = merged_once.copied(tmp_path_factory.mktemp("undone") / "out")
    part(office)
    return office


@pytest.fixture
def merged(merged_once: Office, tmp_path: Path) -> Office:
    """September apart, October one: a copy, to be changed at will."""
    return merged_once.copied(tmp_path / "out")


@pytest.fixture
def undone(undone_once: Office, tmp_path: Path) -> Office:
    """November: two again; a copy, to be changed at will."""
    return undone_once.copied(tmp_path / "out")


def part(office: Office) -> None:
    office.publish("2026-11", [ONE, TWO, NUMBER], households=["H1", "H2"])
    office.keep("2026-11", NOVEMBER)


def of(office: Office, case_id: str) -> dict[str, Any]:
    return office.ask(f"select * from audit.cases where case_id = '{case_id}'").row(0, named=True)


def mark(office: Office, period: str) -> str:
    runs = office.ask(f"select run_id from audit.runs where period = '{period}' order by finished_at")
    return str(runs["run_id"][-1])[:14]


def take(office: Office, folder: Path, case_id: str, said: str, day: str, **more: str) -> Outcomes:
    answer = {"ID KASUS": case_id, "HASIL": said, "TANGGAL KUNJUNGAN": day, "CATATAN": "", "PETUGAS": OFFICER, **more}
    path = typed(folder / "hasil.csv", [answer])
    return take_outcomes([path], office.out, RULES, now=NOVEMBER + timedelta(days=9), say=lambda _: None)


def assert_record_holds(office: Office) -> None:
    events = CASE_EVENTS.conform(office.ask('select * from audit.case_events order by "at"'))
    assert cases_of(events).equals(CASES.conform(office.ask("select * from audit.cases order by case_id")))
    assert events["previous_hash"].to_list() == ["", *events["hash"].to_list()[:-1]]


def test_a_merge_undone_gives_each_family_its_case_and_its_findings(undone: Office) -> None:
    first, second = undone.case("H1"), undone.case("H2")
    assert (first["state"], first["decision"], first["times_reopened"]) == ("reopened", None, 1)
    assert json.loads(first["finding_keys"]) == sorted([ONE.key, NUMBER.key])
    assert json.loads(second["finding_keys"]) == [TWO.key]
    events = undone.ask("select event, words, other_case from audit.case_events where event in ('unmerged', 'parted')")
    assert events["event"].to_list() == ["unmerged", "parted"]
    assert events["other_case"].to_list() == [second["case_id"], first["case_id"]]
    assert all("penggabungan" in words for words in events["words"])
    assert_record_holds(undone)


def test_the_same_month_again_changes_nothing(undone: Office) -> None:
    assert set(undone.keep("2026-11", NOVEMBER + timedelta(days=3)).as_dict().values()) == {0}


def test_merged_and_parted_again_and_again(undone: Office) -> None:
    numbers = undone.case("H1")["case_id"], undone.case("H2")["case_id"]
    undone.publish("2026-12", [TWO, NUMBER], merged=[("H1", "H2")], households=["H2"], lives={"P1": "H2"})
    undone.keep("2026-12", NOVEMBER)
    assert of(undone, numbers[0])["decision"] == "merged"
    undone.publish("2027-01", [ONE, TWO, NUMBER], households=["H1", "H2"])
    undone.keep("2027-01", NOVEMBER)
    assert (undone.case("H1")["case_id"], undone.case("H2")["case_id"]) == numbers
    assert json.loads(undone.case("H1")["finding_keys"]) == sorted([ONE.key, NUMBER.key])
    assert_record_holds(undone)


def test_the_month_published_again_after_a_person_said_they_are_two(merged: Office) -> None:
    merged.publish("2026-10", [ONE, TWO, NUMBER], households=["H1", "H2", "H3"])
    merged.keep("2026-10", OCTOBER)
    assert merged.case("H1")["state"] == "reopened"
    assert json.loads(merged.case("H2")["finding_keys"]) == [TWO.key]


def test_the_month_published_again_after_a_person_said_they_are_one(tmp_path: Path) -> None:
    office = Office(tmp_path / "out")
    office.publish("2026-10", [ONE, TWO])
    office.keep("2026-10", OCTOBER)
    number = office.case("H1")["case_id"]
    office.publish("2026-10", [TWO], households=["H2", "H3"], lives={"P1": "H2", "P1b": "H2"})
    office.keep("2026-10", OCTOBER)
    assert (of(office, number)["state"], of(office, number)["decision"]) == ("closed", "merged")


def test_a_decision_of_before_rules_again_and_one_of_while_merged_stays_with_the_other(
    merged: Office, tmp_path: Path
) -> None:
    decide(merged.out, RULES, [merged.case("H2")["case_id"]], "keep", person="Kabid", reason="rapat", now=OCTOBER)
    part(merged)
    assert merged.case("H1")["state"] == "reopened"
    assert ONE.key in merged.case("H1")["finding_keys"]
    assert (merged.case("H2")["state"], merged.case("H2")["decision"]) == ("closed", "keep")


def test_decided_before_it_was_merged_it_rests_as_long_as_was_said(tmp_path: Path) -> None:
    office = Office(tmp_path / "out")
    office.publish("2026-09", [ONE, TWO])
    office.keep("2026-09", SEPTEMBER)
    decide(office.out, RULES, [office.case("H1")["case_id"]], "keep", person="Kabid", reason="rapat", now=SEPTEMBER)
    office.publish("2026-10", [TWO], merged=[("H1", "H2")], households=["H2"])
    office.keep("2026-10", OCTOBER)
    office.publish("2026-11", [ONE, TWO], households=["H1", "H2"])
    office.keep("2026-11", NOVEMBER)
    case = office.case("H1")
    assert (case["state"], case["decision"], case["decided_by"]) == ("closed", "keep", "Kabid")
    assert json.loads(case["settled_keys"]) == [ONE.key]
    assert case["suppressed_until"] == (SEPTEMBER + timedelta(days=365)).date()


ONCE_ONE = "daftar atau kunjungan ini dari waktu kasus"


@pytest.mark.parametrize(
    ("printed", "day", "lands"),
    [
        ("2026-09", "05/10/2026", True),  # before the merge: H2 was H2
        ("2026-10", "05/12/2026", False),  # printed when it held both, whatever the day
        ("2026-11", "05/11/2026", True),  # the new list, with the day of the visit
        ("", "05/10/2026", True),  # typed without the mark: the day tells it
        ("", "20/11/2026", False),
        ("", "", False),
        ("", "08/12/2026", True),
    ],
)
def test_an_answer_lands_at_the_family_visited_or_is_refused(
    undone: Office, tmp_path: Path, printed: str, day: str, lands: bool
) -> None:
    first, second = undone.case("H1")["case_id"], undone.case("H2")["case_id"]
    more = {"KODE DAFTAR": mark(undone, printed)} if printed else {}
    taken = take(undone, tmp_path, second, "Layak", day, **more)
    assert taken.applied.applied == int(lands)
    assert of(undone, first)["state"] == "reopened"
    if not lands:
        (refused,) = taken.refusals
        assert ONCE_ONE in refused.why
        assert first in refused.why
    assert take(undone, tmp_path, first, "Layak", "05/10/2026").applied.applied == 1  # its number means one family only
    assert of(undone, first)["state"] == "in_progress"


def test_an_answer_that_settles_nothing_is_never_in_doubt(undone: Office, tmp_path: Path) -> None:
    taken = take(undone, tmp_path, undone.case("H2")["case_id"], "Belum bertemu", "20/11/2026")
    assert (taken.applied.applied, taken.refusals) == (1, [])


def test_applied_before_it_is_not_refused_when_it_comes_again(merged: Office, tmp_path: Path) -> None:
    second = merged.case("H2")["case_id"]
    more = {"KODE DAFTAR": mark(merged, "2026-10")}
    take(merged, tmp_path, second, "Layak", "20/11/2026", **more)
    part(merged)
    again = take(merged, tmp_path, second, "Layak", "20/11/2026", **more)
    assert (again.applied.already, again.refusals) == (1, [])


def test_an_answer_to_the_first_family_taken_while_merged_goes_home_with_it(merged: Office, tmp_path: Path) -> None:
    first = str(merged.ask("select case_id from audit.cases where decision = 'merged'")["case_id"][0])
    take(merged, tmp_path, first, "Layak", "05/10/2026")
    second = merged.case("H2")["case_id"]
    assert of(merged, second)["outcome"] == "found_eligible"
    part(merged)
    assert (of(merged, first)["state"], of(merged, first)["outcome"]) == ("in_progress", "found_eligible")
    assert json.loads(merged.case("H2")["finding_keys"]) == [TWO.key]
    assert merged.case("H2")["state"] in ("assigned", "in_progress")
    waiting = merged.ask(
        f"select event from audit.case_events where case_id = '{second}' and finding_key = '{TWO.key}' order by \"at\""
    )
    assert waiting["event"].to_list()[-1] == "finding_returned"
    with pytest.raises(Refused):  # nobody has answered about the second family
        decide(merged.out, RULES, [second], "accept", person="Kabid", now=NOVEMBER)
    again = take(merged, tmp_path, first, "Layak", "05/10/2026")
    assert (again.applied.applied, again.applied.already) == (0, 1)
    assert_record_holds(merged)


def test_an_answer_that_waits_for_a_decision_goes_along_and_so_does_who_gave_it(tmp_path: Path) -> None:
    office = Office(tmp_path / "out")
    office.publish("2026-09", [ONE, TWO])
    office.keep("2026-09", SEPTEMBER)
    take(office, tmp_path, office.case("H1")["case_id"], "Layak", "05/10/2026", PETUGAS="RINI")
    merged_into_none = [("H1", "H3")]
    office.publish("2026-10", [Found(subject="H3"), TWO], merged=merged_into_none, households=["H2", "H3"])
    office.keep("2026-10", OCTOBER)
    case = office.case("H3")
    assert case["state"] == "for_approval"
    with pytest.raises(Refused, match="another person"):
        decide(office.out, RULES, [case["case_id"]], "accept", person="Rini", now=NOVEMBER)


def test_a_case_that_followed_its_family_into_one_without_a_case_goes_back(tmp_path: Path) -> None:
    office = Office(tmp_path / "out")
    office.publish("2026-09", [ONE])
    office.keep("2026-09", SEPTEMBER)
    number = office.case("H1")["case_id"]
    office.publish("2026-10", [Found(subject="H3")], merged=[("H1", "H3")], households=["H2", "H3"])
    office.keep("2026-10", OCTOBER)
    assert office.case("H3")["case_id"] == number
    office.publish("2026-11", [ONE, Found(subject="H3")], households=["H1", "H2", "H3"])
    office.keep("2026-11", NOVEMBER)
    assert office.case("H1")["case_id"] == number
    assert json.loads(office.case("H1")["finding_keys"]) == [ONE.key]
    assert json.loads(office.case("H3")["finding_keys"]) == [Found(subject="H3").key]
    taken = take(office, tmp_path, number, "Layak", "20/11/2026", **{"KODE DAFTAR": mark(office, "2026-10")})
    assert [office.case("H3")["case_id"] in r.why for r in taken.refusals] == [True]
    assert set(office.keep("2026-11", NOVEMBER).as_dict().values()) == {0}


def test_a_household_that_splits_takes_the_findings_of_its_people_along(tmp_path: Path) -> None:
    office = Office(tmp_path / "out")
    member = Found("identity_problem", "invalid_nik", "sembako", "P1b", "person")
    office.publish("2026-09", [ONE, member])
    office.keep("2026-09", SEPTEMBER)
    old = office.case("H1")["case_id"]
    office.publish("2026-10", [ONE, member, Found(subject="H6")], lives={"P1b": "H6"})
    office.keep("2026-10", OCTOBER)
    new = office.case("H6")
    assert json.loads(new["finding_keys"]) == sorted([member.key, Found(subject="H6").key])
    assert json.loads(office.case("H1")["finding_keys"]) == [ONE.key]
    told = office.ask(
        f"select case_id, event, other_case, words from audit.case_events where finding_key = '{member.key}'"
    )
    assert told["event"].to_list() == ["finding_added", "finding_moved", "finding_added"]
    assert told["case_id"].to_list() == [old, old, new["case_id"]]
    assert told["other_case"].to_list() == [None, new["case_id"], old]
    # an answer that cannot be about the one who left lands, another is refused
    listed = {"KODE DAFTAR": mark(office, "2026-09")}
    assert take(office, tmp_path, old, "Data harus diperbaiki", "05/10/2026", **listed).refusals != []
    assert take(office, tmp_path, old, "Layak", "05/10/2026", **listed).applied.applied == 1
    assert_record_holds(office)


def test_a_case_all_of_whose_findings_went_says_where_they_are(tmp_path: Path) -> None:
    office = Office(tmp_path / "out")
    member = Found("identity_problem", "invalid_nik", "sembako", "P1b", "person")
    office.publish("2026-09", [member])
    office.keep("2026-09", SEPTEMBER)
    old = office.case("H1")["case_id"]
    office.publish("2026-10", [member], lives={"P1b": "H6"})
    assert office.keep("2026-10", OCTOBER).findings_moved == 1
    assert (of(office, old)["state"], of(office, old)["decision"]) == ("closed", "handed_on")
    closed = office.ask(f"select words from audit.case_events where case_id = '{old}' and event = 'closed'")
    assert office.case("H6")["case_id"] in closed["words"][0]
    taken = take(office, tmp_path, old, "Data harus diperbaiki", "05/10/2026")
    assert office.case("H6")["case_id"] in taken.refusals[0].why


def test_what_was_answered_about_a_person_goes_with_the_person(tmp_path: Path) -> None:
    office = Office(tmp_path / "out")
    member = Found("identity_problem", "invalid_nik", "sembako", "P1b", "person")
    office.publish("2026-09", [ONE, member])
    office.keep("2026-09", SEPTEMBER)
    take(office, tmp_path, office.case("H1")["case_id"], "Data harus diperbaiki", "05/10/2026", PETUGAS="RINI")
    office.publish("2026-10", [ONE, member], lives={"P1b": "H6"})
    office.keep("2026-10", OCTOBER)
    case = office.case("H6")
    assert (case["state"], case["outcome"], case["officer"]) == ("for_approval", "data_corrected", "RINI")
    assert office.case("H1")["state"] == "in_progress"
    with pytest.raises(Refused, match="another person"):
        decide(office.out, RULES, [case["case_id"]], "accept", person="rini", now=NOVEMBER)


@pytest.mark.parametrize("later", ["2026-10", "2026-11"])
def test_an_earlier_month_published_late_gives_people_its_ids_and_takes_no_answer_or_decision(
    tmp_path: Path, later: str
) -> None:
    """October again, after September: its rows are the same, its people have the ids of September."""
    office = Office(tmp_path / "out")
    answered, decided = (Found("identity_problem", "invalid_nik", "sembako", p, "person") for p in ("P1b", "P2b"))
    office.publish("2026-10", [answered, decided])
    office.keep("2026-10", OCTOBER)
    for home in ("H1", "H2"):
        take(office, tmp_path, office.case(home)["case_id"], "Data harus diperbaiki", "05/10/2026")
    decide(office.out, RULES, [office.case("H2")["case_id"]], "accept", person="Kepala", now=OCTOBER)
    now = [replace(answered, subject="Q1"), replace(decided, subject="Q2")]
    office.publish("2026-10", now, called={"P1b": "Q1", "P2b": "Q2"})
    if later != "2026-10":  # the cases have not seen October again in between
        office.publish(later, now, called={"P1b": "Q1", "P2b": "Q2"})
    kept = office.keep(later, OCTOBER)
    assert (kept.opened, kept.reopened, kept.findings_gone) == (0, 0, 0)
    assert [office.case(home)["state"] for home in ("H1", "H2")] == ["for_approval", "closed"]


def test_when_what_was_left_open_is_gone_the_answer_waits_for_a_decision(tmp_path: Path) -> None:
    office = Office(tmp_path / "out")
    member = Found("identity_problem", "invalid_nik", "sembako", "P1b", "person")
    office.publish("2026-09", [ONE, member])
    office.keep("2026-09", SEPTEMBER)
    take(office, tmp_path, office.case("H1")["case_id"], "Data harus diperbaiki", "05/10/2026")
    office.publish("2026-10", [member], gone=[(ONE, "resolved", "kini ada di daftar penerima")])
    office.keep("2026-10", OCTOBER)
    assert office.case("H1")["state"] == "for_approval"
