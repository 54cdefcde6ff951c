"""Decisions: never by who answered, and with an end."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.cases.deciding import case_numbers_in, decide
from pipeline.cases.returning import take_outcomes
from pipeline.errors import InputError, Refused
from tests.cases.conftest import VISIT, Take
from tests.cases.office import OFFICER, RULES, Found, Office, deceased, typed
from tests.cases.test_answers import row


@pytest.fixture(scope="module")
def waiting_once(month_once: Office, tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("waiting")
    office = month_once.copied(folder / "out")
    path = typed(folder / "hasil.csv", [row(office, "H2", "Meninggal", PETUGAS="RINI DJ")])
    take_outcomes([path], office.out, RULES, now=VISIT, say=lambda _: None)
    return office


@pytest.fixture
def waiting(waiting_once: Office, tmp_path: Path) -> Office:
    """H2 answered by the officer; a copy, to be changed at will."""
    return waiting_once.copied(tmp_path / "out")


def by(office: Office, person: str, decision: str = "accept", reason: str = "", subject: str = "H2") -> None:
    decide(office.out, RULES, [office.case(subject)["case_id"]], decision, person=person, reason=reason, now=VISIT)


@pytest.mark.parametrize("person", [OFFICER, "  siti   HASAN", "Rini Dj"])
def test_not_by_who_answered_or_is_to_visit(waiting: Office, person: str) -> None:
    with pytest.raises(Refused, match="another person"):
        by(waiting, person)
    assert waiting.case("H2")["state"] == "for_approval"


def test_accepted_the_case_is_closed_and_rests(waiting: Office) -> None:
    by(waiting, "Kepala Bidang")
    case = waiting.case("H2")
    assert (case["state"], case["decision"], case["decided_by"]) == ("closed", "report_death", "Kepala Bidang")
    assert case["suppressed_until"] == (VISIT + timedelta(days=60)).date()
    waiting.publish("2026-11", [deceased("H2")])
    waiting.keep("2026-11", VISIT + timedelta(days=14))
    assert waiting.case("H2")["state"] == "closed"
    waiting.publish("2026-12", [deceased("H2")])
    waiting.keep("2026-12", VISIT + timedelta(days=61))
    assert waiting.case("H2")["state"] == "reopened"


@pytest.mark.parametrize(
    ("decision", "reason", "days", "words"),
    [
        ("accept", "", 60, "menurut jawaban dari lapangan: Meninggal"),
        ("keep", "akta kematian orang lain", 365, "akta kematian orang lain"),
    ],
)
def test_what_rests_says_why_by_whom_and_until_when(
    waiting: Office, decision: str, reason: str, days: int, words: str
) -> None:
    by(waiting, "Kepala Bidang", decision, reason)
    told = waiting.ask("select words, decided_by, valid_until from audit.case_events where event = 'finding_settled'")
    assert told.rows() == [(words, "Kepala Bidang", (VISIT + timedelta(days=days)).date())]


def test_an_answer_without_a_name_is_taken_for_that_of_who_had_the_case(
    month: Office, take: Take, tmp_path: Path
) -> None:
    take(typed(tmp_path / "a.csv", [row(month, "H2", "Kartu dipegang orang lain"), row(month, "H2", "Meninggal")]))
    month.roster = [("RINI", "750119", 4)]
    month.publish("2026-11", [deceased("H2")])
    month.keep("2026-11", VISIT)
    with pytest.raises(Refused, match="another person"):
        by(month, OFFICER)
    by(month, "Kepala Bidang")


def test_where_nobody_knows_who_answered_nobody_can_simply_accept(month: Office, take: Take, tmp_path: Path) -> None:
    month.publish("2026-11", [Found("duplicate_benefit", "same_household_twice", subject="H4")])  # for the kabupaten
    month.keep("2026-11", VISIT)
    take(typed(tmp_path / "a.csv", [row(month, "H4", "Orang yang sama")]))
    with pytest.raises(Refused, match="PETUGAS"):
        by(month, "Kepala Bidang", subject="H4")
    by(month, "Kepala Bidang", "remove_double", "dibahas bersama Dukcapil", "H4")


def test_returned_it_goes_back_to_the_field_and_judgements_are_taken_back(
    month: Office, take: Take, tmp_path: Path
) -> None:
    take(typed(tmp_path / "a.csv", [row(month, "H3", "Orang yang sama"), row(month, "H3", "Sudah menerima penuh")]))
    by(month, "Kepala Bidang", "return", "foto KTP kurang jelas", "H3")
    assert month.case("H3")["state"] == "in_progress"
    judged = month.ask('select judgement from audit.match_judgements order by "at"')["judgement"].to_list()
    assert judged == ["same", "unsure"]


def test_without_an_answer_a_decision_needs_a_reason(month: Office) -> None:
    with pytest.raises(Refused, match="does not wait"):
        by(month, "Kepala Bidang")
    with pytest.raises(InputError, match="reason"):
        by(month, "Kepala Bidang", "keep")
    by(month, "Kepala Bidang", "keep", "sudah diperiksa bersama Dukcapil")
    assert month.case("H2")["decision"] == "keep"


def test_of_a_list_what_can_be_decided_is_and_the_rest_is_told(waiting: Office) -> None:
    both = [waiting.case(s)["case_id"] for s in ("H2", "H1")]
    decided = decide(waiting.out, RULES, both, "accept", person="Kepala Bidang", now=VISIT)
    assert [case["case_id"] for case in decided.cases] == [both[0]]
    assert [(p.where, "does not wait" in p.found) for p in decided.refused] == [(both[1], True)]
    assert (waiting.case("H2")["state"], waiting.case("H1")["state"]) == ("closed", "assigned")
    with pytest.raises(Refused, match="closed already: report_death by Kepala Bidang"):
        decide(waiting.out, RULES, both, "accept", person="Kepala Bidang", now=VISIT)


@pytest.mark.parametrize(
    ("cases", "person", "decision"),
    [([], "A", "accept"), (["K-1"], "A", "accept"), (["H2"], " ", "accept"), (["H2"], "A", "nonsense")],
)
def test_wrong_usage(waiting: Office, cases: list[str], person: str, decision: str) -> None:
    named = [waiting.case(c)["case_id"] if c.startswith("H") else c for c in cases]
    with pytest.raises(InputError):
        decide(waiting.out, RULES, named, decision, person=person, now=VISIT)


def test_numbers_are_taken_from_the_list_of_changes(month: Office, take: Take, tmp_path: Path) -> None:
    taken = take(typed(tmp_path / "hasil.csv", [row(month, "H2", "Meninggal")]))
    for path in taken.files:
        assert case_numbers_in(path) == [month.case("H2")["case_id"]]


def test_all_that_waits_for_a_decision_stands_on_one_list(month: Office, take: Take, tmp_path: Path) -> None:
    """What proposes a change, what proposes none, and what leaves it open; of earlier deliveries too."""
    take(typed(tmp_path / "a.csv", [row(month, "H2", "Meninggal", PETUGAS="RINI")]))
    said = [row(month, "H1", "Tidak layak"), row(month, "H1", "Data sudah benar"), row(month, "H3", "Lainnya")]
    taken = take(typed(tmp_path / "b.csv", said))
    path = month.out / "outcomes" / "menunggu_keputusan.csv"
    assert path in taken.files
    with path.open(encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file, delimiter=";"))
    assert {(r["ID KASUS"], r["JENIS USULAN"], r["STATUS"]) for r in lines} == {
        (month.case("H1")["case_id"], "TIDAK ADA PERUBAHAN", "MENUNGGU KEPUTUSAN"),
        (month.case("H1")["case_id"], "TETAP", "MENUNGGU KEPUTUSAN"),
        (month.case("H2")["case_id"], "MENINGGAL", "MENUNGGU KEPUTUSAN"),
        (month.case("H3")["case_id"], "", "PERLU KEPUTUSAN DENGAN ALASAN"),
    }
    assert {r["PETUGAS"] for r in lines if r["ID KASUS"] == month.case("H2")["case_id"]} == {"RINI"}
    decided = decide(month.out, RULES, case_numbers_in(path), "accept", person="Kepala", now=VISIT)
    assert (len(decided.cases), len(decided.refused)) == (2, 1)


def test_a_folder_given_by_mistake_stays_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is published here"):
        decide(tmp_path / "none", RULES, ["K-1"], "accept", person="Ani")
    assert not (tmp_path / "none").exists()
