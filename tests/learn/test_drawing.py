"""Verification samples: drawn again alike, with unflagged households, visited blind, answered like any case."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from pipeline.errors import InputError
from pipeline.period import Period
from pipeline.worklist.document import Sheet
from tests.cases.office import NOVEMBER, Found, Office
from tests.learn.office import OCTOBER, answer, drawn, listed, october, results, sampled

RECEIVES_RIGHTLY = "Menerima dan layak"
LEFT_OUT = "Belum menerima padahal layak"
WRONGLY_PAID = "Menerima tetapi tidak layak"


@pytest.fixture(scope="module")
def visiting_once(october_once: Office, tmp_path_factory: pytest.TempPathFactory) -> Office:
    office = october_once.copied(tmp_path_factory.mktemp("visiting") / "out")
    drawn(office)
    office.keep("2026-10")
    return office


@pytest.fixture
def visiting(visiting_once: Office, tmp_path: Path) -> Office:
    """A sample is drawn, and its visits are cases; a copy, to be changed at will."""
    return visiting_once.copied(tmp_path / "out")


@pytest.fixture(scope="module")
def on_lists_once(october_once: Office, tmp_path_factory: pytest.TempPathFactory) -> Office:
    office = october_once.copied(tmp_path_factory.mktemp("lists") / "out")
    drawn(office)
    listed(office)
    return office


@pytest.fixture
def on_lists(on_lists_once: Office, tmp_path: Path) -> Office:
    """A sample is drawn, and its visits stand on worklists; a copy, to be changed at will."""
    return on_lists_once.copied(tmp_path / "out")


def test_the_same_call_finds_the_same_sample_and_another_seed_another(office: Office) -> None:
    first, again, other = drawn(office), drawn(office), drawn(office, seed=2)
    assert (first.again, again.again, again.sample_id) == (False, True, first.sample_id)
    assert other.sample_id != first.sample_id
    assert office.ask("select count(*) as n from audit.samples")["n"][0] == 40
    homes = office.ask("select sample_id, list(subject_id order by subject_id) as homes from audit.samples group by 1")
    assert homes["homes"][0].to_list() != homes["homes"][1].to_list()


def test_the_draw_does_not_depend_on_the_order_of_rows(office: Office, tmp_path: Path) -> None:
    other = october(tmp_path / "other", upside_down=True)
    drawn(office), drawn(other)
    assert sampled(office)["subject_id"].to_list() == sampled(other)["subject_id"].to_list()


def test_every_stratum_is_visited_and_those_without_a_flag_get_half(office: Office) -> None:
    strata = drawn(office).strata
    sizes = dict(strata.select("band", "households").iter_rows())
    assert sizes == {"exclusion": 5, "inclusion": 3, "other": 2, "unflagged_poor": 50}
    assert strata["visits"].min() == 2
    unflagged = strata.filter(pl.col("band") == "unflagged_poor")["visits"][0]
    assert unflagged >= 10
    rows = office.ask("select * from audit.samples")
    assert (rows["inclusion_probability"] == rows["stratum_drawn"] / rows["stratum_size"]).all()
    assert rows.filter(pl.col("band") == "exclusion")["flags"].unique().to_list() == ["exclusion_error"]


def test_what_cannot_be_drawn_is_refused_with_what_can(office: Office) -> None:
    for n in (7, 61):
        with pytest.raises(InputError, match="8 to 60"):
            drawn(office, n=n)
    with pytest.raises(InputError, match="no such kecamatan here"):
        drawn(office, kecamatan="Biau")
    with pytest.raises(InputError, match="1 or more"):
        drawn(office, n=0)
    assert office.ask("select count(*) as n from audit.samples")["n"][0] == 0


def test_a_sample_of_one_kecamatan_by_its_name(office: Office) -> None:
    assert drawn(office, kecamatan="tabongo").sample_id != drawn(office).sample_id


def test_all_of_a_sample_are_listed_before_everything_else(tmp_path: Path) -> None:
    office = october(tmp_path / "out", visits=20)
    drawn(office)
    listed(office)
    assert sampled(office)["listed_period"].unique().to_list() == ["2026-10"]
    assert office.ask("select count(*) as n from audit.cases where listed_period is not null")["n"][0] == 20


def test_nothing_on_the_form_tells_whether_a_household_is_flagged(on_lists: Office) -> None:
    flagged = dict(sampled(on_lists).select("case_id", pl.col("band") == "unflagged_poor").iter_rows())
    (form,) = (on_lists.out / "2026-10" / "worklist").glob("*.xlsx")
    told: dict[bool, set[tuple[object, ...]]] = {True: set(), False: set()}
    book = openpyxl.load_workbook(form)
    for name in [n for n in book.sheetnames if n not in ("Petunjuk", "_pilihan")]:
        rows = list(book[name].iter_rows(min_row=4, values_only=True))
        problem, check = (rows[0].index(h) for h in ("YANG TERCATAT", "YANG DIPERIKSA"))
        for row in rows[1:]:
            if row[1] in flagged:
                told[flagged[row[1]]].add((row[problem], row[check]))
    assert told[True] == told[False]
    assert len(told[True]) == 1


def test_the_day_by_which_to_go_is_one_for_all(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    sheets: list[Sheet] = []
    monkeypatch.setattr("pipeline.worklist.stage.workbook", lambda sheet, _: sheets.append(sheet) or b"")
    drawn(office)
    listed(office)
    cases = set(sampled(office)["case_id"])
    visits = [v for v in sheets[0].visits if v.case_id in cases]
    assert len(visits) == 20
    assert {(v.due, v.why) for v in visits} == {
        ((NOVEMBER + timedelta(days=30)).strftime("%d/%m/%Y"), "kunjungan verifikasi")
    }


def test_an_answer_settles_the_visit_and_what_was_found_about_the_household(visiting: Office, tmp_path: Path) -> None:
    home = sampled(visiting).filter(pl.col("band") == "exclusion")["subject_id"][0]
    answer(visiting, tmp_path, {home: LEFT_OUT})
    assert visiting.case(home)["state"] == "for_approval"
    verdicts = visiting.ask(
        f"""select finding_key = '{Found(subject=home).key}' as of_finding, verdict from audit.case_events
            where event = 'finding_answered' order by 1"""
    )
    assert verdicts.rows() == [(False, "open"), (True, "right")]


def test_one_change_is_proposed_for_a_household_flagged_or_not(visiting: Office, tmp_path: Path) -> None:
    homes = sampled(visiting)
    flagged = homes.filter(pl.col("band") == "exclusion")["subject_id"][0]
    unflagged = homes.filter(pl.col("band") == "unflagged_poor")["subject_id"][0]
    taken = answer(visiting, tmp_path, {flagged: LEFT_OUT, unflagged: LEFT_OUT})
    assert taken.changes == 2
    (path,) = [f for f in taken.files if f.name == "usulan_perubahan.csv"]
    assert pl.read_csv(path, separator=";")["JENIS USULAN"].to_list() == ["USULAN BARU", "USULAN BARU"]


def test_cases_of_unflagged_households_stay_until_the_sample_is_over(visiting: Office) -> None:
    before = visiting.ask("select count(*) as n from audit.case_events")["n"][0]
    visiting.keep("2026-10", NOVEMBER + timedelta(days=1))
    assert visiting.ask("select count(*) as n from audit.case_events")["n"][0] == before
    home = sampled(visiting).filter(pl.col("band") == "unflagged_poor")["subject_id"][0]
    for month, state in (("2026-11", "assigned"), ("2026-12", "assigned"), ("2027-01", "closed")):
        visiting.publish(month, [])
        visiting.keep(month)
        assert visiting.case(home)["state"] == state, month


def test_a_visit_that_was_answered_is_not_asked_again(on_lists: Office, tmp_path: Path) -> None:
    home = sampled(on_lists).filter(pl.col("band") == "unflagged_poor")["subject_id"][0]
    answer(on_lists, tmp_path, {home: RECEIVES_RIGHTLY})
    on_lists.publish("2026-11", [])
    listed(on_lists, Period(2026, 11), NOVEMBER + timedelta(days=30))
    assert on_lists.case(home)["listed_period"] == "2026-10"


def test_a_sample_drawn_after_the_worklists_says_that_visitors_may_remember(office: Office) -> None:
    listed(office)
    assert any("stood on a worklist before" in notice for notice in drawn(office).notices)


def test_more_visits_than_can_be_made_are_said_by_name(tmp_path: Path) -> None:
    office = october(tmp_path / "out", visits=4)
    (notice,) = drawn(office).notices
    assert "more visits than the TKSK make in a month in Tabongo" in notice


def test_households_of_companions_are_visited_by_the_inspectorate(tmp_path: Path) -> None:
    office = Office(tmp_path / "out", 4, companions=("P1",))
    office.publish("2026-10", [])
    drawn(office, n=4)
    office.keep("2026-10")
    assert (office.case("H1")["queue"], office.case("H2")["queue"]) == ("inspectorate", "tksk")


def test_who_could_not_be_met_is_kept_as_such(visiting: Office, tmp_path: Path) -> None:
    homes = sampled(visiting)["subject_id"].to_list()
    said = dict(
        zip(homes, ["Tidak ditemukan", "Menolak", "Pindah", "Belum bertemu", WRONGLY_PAID, LEFT_OUT], strict=False)
    )
    answer(visiting, tmp_path, said)
    found = results(visiting)
    states = dict(found.response.group_by("state").agg(pl.col("visits").sum()).iter_rows())
    assert states == {"not_found": 1, "refused": 1, "moved": 1, "not_home": 1, "answered": 2, "waiting": 14}
    assert found.estimates["answered"].unique().to_list() == [2]


def test_a_month_without_a_sample_has_no_estimates(office: Office) -> None:
    assert (results(office).estimates.height, results(office).hits.height) == (0, 0)
    assert results(office).period == str(OCTOBER)
