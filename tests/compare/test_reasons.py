"""Who came in, who left, and why: one case each that somebody in an office would recognise."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import ConservationError, InputError
from pipeline.period import Period
from tests.compare.months import (
    BIAU,
    LISTS,
    TABONGO,
    between,
    finding,
    home,
    key,
    line,
    listed,
    moved,
    person,
    publish,
    reasons,
    unit,
)


def test_persons_die_move_and_are_born(tmp_path: Path) -> None:
    publish(tmp_path, "2026-09", persons=[person(p) for p in ("dies", "moves", "vanishes", "stays")]
            + [person("back", moved_out=True)])  # fmt: skip
    publish(tmp_path, "2026-10", persons=[
        person("dies", alive=False), person("moves", moved_out=True), person("stays"), person("back"), person("new"),
    ])  # fmt: skip
    found = between(tmp_path)
    assert reasons(found, "persons", "left") == {"died": 1, "moved_out": 1, "off_lists": 1}
    assert reasons(found, "persons", "came") == {"first_seen": 1, "present_again": 1}
    stock = found.stocks.row(0, named=True)
    assert (stock["before"], stock["left"], stock["stayed"], stock["came"], stock["after"]) == (4, 3, 1, 2, 3)


def test_a_household_merged_and_one_split(tmp_path: Path) -> None:
    publish(tmp_path, "2026-09", households=[home("A"), home("B"), home("C")])
    publish(tmp_path, "2026-10", households=[home("A"), home("C"), home("C2")],
            identity_events=[moved("merged", "B", "A"), moved("split", "C", "C2")])  # fmt: skip
    found = between(tmp_path)
    assert reasons(found, "households", "left") == reasons(found, "households", "came") == {"identity": 1}


def test_who_moves_to_another_kecamatan_leaves_one_and_comes_into_the_other(tmp_path: Path) -> None:
    publish(tmp_path, "2026-09", persons=[person("P")])
    publish(tmp_path, "2026-10", persons=[person("P", kecamatan_code=BIAU)])
    found = between(tmp_path, by="kecamatan")
    assert reasons(found, "persons", "left") == reasons(found, "persons", "came") == {"other_area": 1}
    assert dict(found.stocks.select("area_name", "after").iter_rows()) == {"Tabongo": 0, "Biau": 1}
    assert between(tmp_path).flows.height == 0


def test_a_list_that_is_missing_is_not_people_who_are_gone(tmp_path: Path) -> None:
    publish(tmp_path, "2026-09", persons=[person("P")], eligibility=[unit("A")], benefits=[line("A", "P")])
    publish(tmp_path, "2026-10", mentions=[listed(kecamatan=BIAU), listed("recipients", "sembako")])
    found = between(tmp_path)
    assert reasons(found, "persons", "left") == {"list_missing": 1}
    assert reasons(found, "benefits", "left") == {"list_missing": 1}


LEAVES = {
    "died": ({}, {"persons": [person("P", "A", alive=False)]}),
    "moved_out": ({}, {"persons": [person("P", "A", moved_out=True)]}),
    "off_lists": ({}, {}),
    "desil_changed": ({}, {"homes": [home("A", desil=7)],
                           "eligibility": [unit("A", served=False, status="ineligible")]}),
    "became_ineligible": ({}, {"homes": [home("A")], "eligibility": [unit("A", served=False, status="ineligible")]}),
    "ineligible_already": ({"status": "ineligible"},
                           {"homes": [home("A")], "eligibility": [unit("A", served=False, status="ineligible")]}),
    "though_eligible": ({}, {"homes": [home("A")], "eligibility": [unit("A", served=False)]}),
    "cannot_tell": ({}, {"homes": [home("A")], "eligibility": [unit("A", served=False, status="unknown")]}),
    "identity": ({}, {"eligibility": [unit("B")], "benefits": [line("B", "P")]}),
}  # fmt: skip


@pytest.mark.parametrize("why", LEAVES)
def test_why_a_benefit_ends(tmp_path: Path, why: str) -> None:
    before, after = LEAVES[why]
    publish(tmp_path, "2026-09", persons=[person("P", "A")], households=[home("A")],
            eligibility=[unit("A", **before)], benefits=[line("A", "P")])  # fmt: skip
    publish(tmp_path, "2026-10", persons=after.get("persons", [person("P", "A")]), households=after.get("homes", []),
            eligibility=after.get("eligibility", []), benefits=after.get("benefits", []))  # fmt: skip
    found = between(tmp_path)
    assert reasons(found, "benefits", "left") == {why: 1}
    row = found.flows.filter(pl.col("subject") == "benefits", pl.col("direction") == "left").row(0, named=True)
    assert row["amount"] == 300_000


COMES = {
    "waited": ([unit("A", served=False)], 2, "eligible"),
    "desil_changed": ([unit("A", served=False, status="ineligible")], 7, "eligible"),
    "became_eligible": ([unit("A", served=False, status="unknown")], 2, "eligible"),
    "though_ineligible": ([unit("A", served=False, status="ineligible")], 2, "ineligible"),
    "cannot_tell": ([unit("A", served=False, status="ineligible")], 2, "unknown"),
    "first_seen": ([], 2, "eligible"),
}


@pytest.mark.parametrize("why", COMES)
def test_why_a_benefit_begins(tmp_path: Path, why: str) -> None:
    units, desil, status = COMES[why]
    publish(tmp_path, "2026-09", households=[home("A", desil=desil)], eligibility=units)
    publish(tmp_path, "2026-10", households=[home("A")], eligibility=[unit("A", status=status)],
            benefits=[line("A", "P")], persons=[person("P", "A")])  # fmt: skip
    assert reasons(between(tmp_path), "benefits", "came") == {why: 1}


def test_rupiah_add_up_too(tmp_path: Path) -> None:
    for month, amount in (("2026-09", 300_000), ("2026-10", 250_000)):
        publish(tmp_path, month, eligibility=[unit("A")], benefits=[line("A", "P", amount)])
    stock = between(tmp_path).stocks.row(0, named=True)
    assert (stock["amount_before"], stock["amount_changed"], stock["amount_after"]) == (300_000, -50_000, 250_000)


def test_findings_new_resolved_back_and_not_assessable(tmp_path: Path) -> None:
    ended = [("A", "resolved", "kini ada di daftar penerima"),
             ("B", "not_assessable", "bulan ini tidak ada data: registry")]  # fmt: skip
    publish(tmp_path, "2026-08", findings=[finding("D")])
    publish(tmp_path, "2026-09", findings=[finding(h) for h in ("A", "B", "C")])
    publish(tmp_path, "2026-10", findings=[finding(h) for h in ("C", "D", "E")],
            finding_changes=[{"finding_key": key(h), "change": c, "why": w} for h, c, w in ended])  # fmt: skip
    found = between(tmp_path)
    assert reasons(found, "findings", "left") == {"resolved": 1, "not_assessable": 1}
    assert reasons(found, "findings", "came") == {"new": 1, "reopened": 1}
    assert found.stocks["stayed"].to_list() == [1]
    words = found.flows.filter(pl.col("direction") == "left")["words"].to_list()
    assert words == [
        "tidak dapat dinilai karena data tidak ada: tidak ada data: registry", "selesai: kini ada di daftar penerima",
    ]  # fmt: skip


def test_a_finding_follows_its_household_through_months_between(tmp_path: Path) -> None:
    """Merged in October, merged again in November: September and December compared."""
    publish(tmp_path, "2026-09", findings=[finding("A")], households=[home("A")])
    publish(tmp_path, "2026-10", findings=[finding("B")], households=[home("B")],
            identity_events=[moved("merged", "A", "B")])  # fmt: skip
    publish(tmp_path, "2026-11", findings=[finding("C")], households=[home("C")],
            identity_events=[moved("merged", "B", "C")])  # fmt: skip
    publish(tmp_path, "2026-12", findings=[finding("C")], households=[home("C")])
    found = between(tmp_path, "2026-09", "2026-12")
    for subject in ("findings", "households"):
        assert reasons(found, subject, "left") == reasons(found, subject, "came") == {"identity": 1}


def test_the_newest_run_of_a_month_counts(tmp_path: Path) -> None:
    publish(tmp_path, "2026-09", persons=[person("P")])
    publish(tmp_path, "2026-10", persons=[])
    (tmp_path / "again").touch()  # gives the next run another id
    publish(tmp_path, "2026-10", persons=[person("P")])
    assert between(tmp_path).flows.height == 0


def test_what_cannot_be_compared_is_refused_and_nothing_written(tmp_path: Path) -> None:
    publish(tmp_path, "2026-09", mentions=LISTS)
    publish(tmp_path, "2026-10", mentions=LISTS)
    for first, second, by, said in (
        ("2026-10", "2026-09", None, "earlier month first"), ("2026-09", "2026-09", None, "earlier month first"),
        ("2026-08", "2026-10", None, "2026-08 is not published"), ("2026-09", "2026-10", "desa", "--by"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=said):
            between(tmp_path, first, second, by)
    assert not (tmp_path / "compare").exists()


def test_sums_that_do_not_agree_are_an_error_of_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, "2026-09", persons=[person("P")])
    publish(tmp_path, "2026-10", persons=[person("P")])
    monkeypatch.setattr(
        "pipeline.compare.stage.STOCKS", "select 'persons' as subject, '' as part, '' as area, 2 as n where $run <> ''"
    )
    with pytest.raises(ConservationError, match="persons"):
        between(tmp_path)


def test_the_files_hold_counts_and_words_only(tmp_path: Path) -> None:
    publish(tmp_path, "2026-09", persons=[person("P7501010101010001", name="KARIM")])
    publish(tmp_path, "2026-10", mentions=LISTS)
    found = between(tmp_path, by="kecamatan")
    written = "".join(p.read_text(encoding="utf-8") for p in found.write(tmp_path))
    assert "KARIM" not in written
    assert "7501010101010001" not in written
    assert f'persons,"",{TABONGO},Tabongo,left,off_lists' in written
    assert Period.parse(found.first) < Period.parse(found.second)
