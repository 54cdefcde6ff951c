"""Cases through the months: whose they are, who acts, what becomes of them when the data change."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.cases.book import CASES, cases_of
from pipeline.cases.opening import Roster, case_numbers
from pipeline.errors import InputError
from pipeline.tables import CASE_EVENTS
from tests.cases.office import KECAMATAN, NOVEMBER, OFFICER, Found, Office, deceased


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_one_case_a_household_with_all_that_is_found_about_it(office: Office) -> None:
    of_member = Found(program="pbi_jkn", subject="P1b", kind="person", amount=42_000)
    office.publish("2026-10", [Found(), of_member, deceased("H2")])
    kept = office.keep("2026-10")
    assert (kept.opened, kept.findings_added) == (2, 3)
    case = office.case("H1")
    assert case["finding_keys"] == "[" + ", ".join(f'"{k}"' for k in sorted([Found().key, of_member.key])) + "]"
    assert (case["queue"], case["assigned_to"], case["state"]) == ("tksk", OFFICER, "assigned")


def test_due_in_the_fewest_days_among_the_findings(office: Office) -> None:
    office.publish("2026-10", [Found(), deceased("H1")])
    office.keep("2026-10")
    assert office.case("H1")["due_at"] == NOVEMBER.date() + timedelta(days=7)  # of a death, in rules/findings.yaml


QUEUES = [
    (Found(), "tksk"),
    (Found("duplicate_benefit", "same_household_twice", subject="H2"), "kabupaten"),
    (Found("identity_problem", "invalid_nik", subject="P3", kind="person"), "dukcapil"),
    (Found("inclusion_error", "village_official", subject="H5"), "kabupaten"),
    (Found("inclusion_error", "above_welfare_threshold,village_official", subject="H6"), "kabupaten"),
    (Found("inclusion_error", "companion", subject="H7"), "inspectorate"),
    (Found("card_misuse", "bulk_withdrawal", "", "AG1", "agent"), "inspectorate"),
    (Found("card_misuse", "companion_holds_cards", "", "P4", "companion"), "inspectorate"),
    (Found("card_misuse", "shared_account", "", "123", "account"), "bank"),
    (Found(kecamatan=None, desa=None, subject="H99"), "kabupaten"),
]


@pytest.fixture(scope="module")
def all_queues(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """A case of each of ``QUEUES``."""
    office = Office(tmp_path_factory.mktemp("queues"), families=8)
    office.publish("2026-10", [found for found, _ in QUEUES])
    office.keep("2026-10")
    return office.ask("select finding_keys, queue, assigned_to from audit.cases")


@pytest.mark.parametrize(("found", "queue"), QUEUES)
def test_who_acts(all_queues: pl.DataFrame, found: Found, queue: str) -> None:
    (case,) = all_queues.filter(pl.col("finding_keys").str.contains(found.key, literal=True)).to_dicts()
    assert case["queue"] == queue
    assert (case["assigned_to"] == OFFICER) == (queue == "tksk")


def test_what_concerns_a_companion_goes_to_the_inspectorate_only_with_the_whole_household(tmp_path: Path) -> None:
    office = Office(tmp_path, companions=["P3b"])
    office.publish("2026-10", [Found(subject="H3"), Found(program="pbi_jkn", subject="P3", kind="person")])
    office.keep("2026-10")
    assert (office.case("H3")["queue"], office.case("H3")["assigned_to"]) == ("inspectorate", None)


def test_a_case_that_turns_out_to_concern_a_companion_leaves_the_tksk(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.publish("2026-09", [Found()])
    office.keep("2026-09")
    office.companions = ["P1"]
    office.publish("2026-10", [Found()])
    office.keep("2026-10")
    case = office.case("H1")
    assert (case["queue"], case["assigned_to"]) == ("inspectorate", None)
    office.companions = []
    office.publish("2026-11", [Found()])
    office.keep("2026-11")
    assert office.case("H1")["queue"] == "inspectorate"


def test_the_same_month_again_changes_nothing(office: Office) -> None:
    office.publish("2026-10", [Found(), deceased()])
    office.keep("2026-10")
    before = office.ask("select * from audit.case_events")
    kept = office.keep("2026-10", NOVEMBER + timedelta(days=9))
    assert set(kept.as_dict().values()) == {0}
    assert office.ask("select * from audit.case_events").equals(before)


def test_two_offices_number_the_same_cases_alike(tmp_path: Path) -> None:
    numbers = []
    for name in ("one", "other"):
        office = Office(tmp_path / name)
        office.publish("2026-10", [Found(), deceased()])
        office.keep("2026-10")
        numbers.append(office.ask("select case_id from audit.cases order by 1")["case_id"].to_list())
    assert numbers[0] == numbers[1]


def test_gone_from_a_complete_month_is_resolved_by_data_and_the_case_closed(office: Office) -> None:
    office.publish("2026-09", [Found(), deceased("H1")])
    office.keep("2026-09")
    office.publish("2026-10", [Found()], gone=[(deceased("H1"), "resolved", "tidak lagi ada di daftar penerima")])
    assert office.keep("2026-10").findings_gone == 1
    assert office.case("H1")["state"] == "assigned"
    office.publish("2026-11", [], gone=[(Found(), "resolved", "kini ada di daftar penerima")])
    assert office.keep("2026-11").resolved == 1
    case = office.case("H1")
    assert (case["state"], case["decision"], case["finding_keys"]) == ("closed", "resolved_by_data", "[]")


def test_a_missing_list_resolves_nothing(office: Office) -> None:
    office.publish("2026-09", [Found()])
    office.keep("2026-09")
    office.publish("2026-10", [], gone=[(Found(), "not_assessable", "bulan ini tidak ada data: registry")])
    assert office.keep("2026-10").not_assessable == 1
    assert office.case("H1")["state"] == "assigned"


@pytest.mark.parametrize(("kinds", "state"), [(("registry", "recipients"), "closed"), (("recipients",), "assigned")])
def test_a_month_published_again_without_a_finding(office: Office, kinds: tuple[str, ...], state: str) -> None:
    office.publish("2026-10", [Found()])
    office.keep("2026-10")
    office.publish("2026-10", [], kinds=kinds)  # finding_changes says nothing of a finding that was never there before
    office.keep("2026-10")
    assert office.case("H1")["state"] == state


def test_a_new_finding_opens_a_closed_case_again_under_its_number(office: Office) -> None:
    office.publish("2026-09", [Found()])
    office.keep("2026-09")
    number = office.case("H1")["case_id"]
    office.publish("2026-10", [], gone=[(Found(), "resolved", "")])
    office.keep("2026-10")
    office.publish("2026-11", [deceased("H1")])
    assert office.keep("2026-11").reopened == 1
    case = office.case("H1")
    assert (case["case_id"], case["state"], case["times_reopened"]) == (number, "reopened", 1)


def test_a_case_follows_its_household_through_a_merger(office: Office) -> None:
    office.publish("2026-09", [Found(subject="H1")])
    office.keep("2026-09")
    number = office.case("H1")["case_id"]
    office.publish("2026-10", [Found(subject="H7")], merged=[("H1", "H7")], households=["H2", "H7"])
    office.keep("2026-10")
    case = office.case("H7")
    assert (case["case_id"], case["finding_keys"]) == (number, f'["{Found(subject="H7").key}"]')


def test_two_cases_of_one_household_become_one(office: Office) -> None:
    office.publish("2026-09", [Found(subject="H1"), deceased("H2")])
    office.keep("2026-09")
    survivor, other = office.case("H2")["case_id"], office.case("H1")["case_id"]
    office.publish("2026-10", [Found(subject="H2"), deceased("H2")], merged=[("H1", "H2")], households=["H2"])
    office.keep("2026-10")
    state = dict(office.ask("select case_id, state from audit.cases").iter_rows())
    assert state == {survivor: "assigned", other: "closed"}
    assert len(office.ask(f"select * from audit.cases where case_id = '{survivor}'")["finding_keys"][0].split(",")) == 2
    assert set(office.keep("2026-10").as_dict().values()) == {0}


def test_an_earlier_month_than_the_cases_stand_at_is_refused(office: Office) -> None:
    office.publish("2026-09", [Found()])
    office.publish("2026-10", [Found()])
    office.keep("2026-10")
    with pytest.raises(InputError, match="2026-10"):
        office.keep("2026-09")


def test_several_tksk_of_a_kecamatan_share_its_desa(tmp_path: Path) -> None:
    office = Office(tmp_path, roster=[("ANI", KECAMATAN, 10), ("BUDI", KECAMATAN, 10)])
    office.publish("2026-10", [Found(subject=f"H{n}") for n in range(1, 7)])
    office.keep("2026-10")
    shared = office.ask("select desa_code, assigned_to from audit.cases group by all order by all").rows()
    assert sorted(name for _, name in shared) == ["ANI", "BUDI"]


def test_who_has_more_visits_gets_more_desa_one_here_one_there() -> None:
    roster = Roster(pl.DataFrame({"kecamatan_code": [KECAMATAN] * 2, "name": ["ANI", "BUDI"], "visits": [30, 10]}))
    desa = [f"{KECAMATAN}20{n:02}" for n in range(1, 9)]
    cases = pl.DataFrame({"kecamatan_code": [KECAMATAN] * 8, "desa_code": desa, "queue": ["tksk"] * 8})
    whose = roster.assigned(cases)["assigned_to"].to_list()
    assert whose == ["ANI", "BUDI", "ANI", "ANI"] * 2


def test_another_tksk_on_the_roster_takes_over(office: Office) -> None:
    office.publish("2026-09", [Found()])
    office.keep("2026-09")
    office.roster = [("RINI", KECAMATAN, 4)]
    office.publish("2026-10", [Found()])
    office.keep("2026-10")
    assert office.case("H1")["assigned_to"] == "RINI"
    office.roster = []  # no roster this month: nothing is known to have changed
    office.publish("2026-11", [Found()])
    office.keep("2026-11")
    assert office.case("H1")["assigned_to"] == "RINI"


def test_a_case_is_the_last_word_of_its_events_and_the_chain_is_whole(office: Office) -> None:
    office.publish("2026-09", [Found(), deceased()])
    office.keep("2026-09")
    office.publish("2026-10", [Found(subject="H3")], gone=[(Found(), "resolved", ""), (deceased(), "resolved", "")])
    office.keep("2026-10")
    events = CASE_EVENTS.conform(office.ask('select * from audit.case_events order by "at"'))
    assert cases_of(events).equals(CASES.conform(office.ask("select * from audit.cases order by case_id")))
    assert events["previous_hash"].to_list() == ["", *events["hash"].to_list()[:-1]]
    assert events["at"].is_sorted()
    assert events["at"].n_unique() == events.height


def test_case_numbers_are_safe_to_write_by_hand() -> None:
    subjects = pl.DataFrame({"case_kind": ["household"] * 500, "case_subject": [f"H{n}" for n in range(500)]})
    numbers = case_numbers(subjects)["case_id"]
    assert numbers.n_unique() == 500
    assert numbers.str.contains(r"^K(-[0-9A-HJKMNP-TV-Z]{3}){4}$").all()


def test_opened_on_a_day(office: Office) -> None:
    office.publish("2026-10", [Found()])
    office.keep("2026-10")
    assert office.case("H1")["opened_at"].date() == date(2026, 11, 2)
