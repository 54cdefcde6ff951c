"""Who gets a list: several TKSK in a kecamatan, one on leave, one who has left the roster."""

from __future__ import annotations

from pathlib import Path

from pipeline.worklist import make_worklists
from tests.cases.office import KECAMATAN, MOTINELO, NOVEMBER, RULES, TERATAI, Found, Office
from tests.learn.office import answer
from tests.worklist.conftest import OCTOBER, lists_of


def test_who_has_no_visits_gets_no_cases_while_another_has_and_files_say_whose_they_are(tmp_path: Path) -> None:
    roster = [("SITI HASAN", KECAMATAN, 0), ("ALI/RAHIM; =1+1", KECAMATAN, 1), ("RINI é", KECAMATAN, 4)]
    office = Office(tmp_path / "out", roster=roster)
    office.publish("2026-10", [Found(subject=f"H{n}", desa=TERATAI if n % 2 else MOTINELO) for n in range(1, 7)])
    made = lists_of(office)
    names = [next(iter(row["files"])) for row in made.lists]
    assert names == ["750119_Tabongo_ALI_RAHIM_1_1.xlsx", "750119_Tabongo_RINI.xlsx"]
    assert {row["officer"] for row in made.lists} == {"ALI/RAHIM; =1+1", "RINI é"}
    assert made.notices == []


def test_the_office_hears_of_cases_that_nobody_visits(tmp_path: Path) -> None:
    office = Office(tmp_path / "out", roster=[("SITI", KECAMATAN, 0)])
    office.publish("2026-10", [Found(subject="H1"), Found(subject="H2")])
    made = lists_of(office)
    assert (made.lists, made.notices) == ([], ["Tabongo: SITI has no visits this month, 2 cases wait"])
    office.roster = []
    office.publish("2026-10", [Found(subject="H1"), Found(subject="H2")])
    assert lists_of(office).notices == ["Tabongo: SITI is not on the roster of the month, and nobody else is"]
    answer(office, tmp_path, {"H1": "Layak"})
    late = make_worklists(office.out, OCTOBER, RULES, now=NOVEMBER.replace(year=2027), say=str).notices[-1]
    assert late.startswith("1 cases were answered and wait for a decision past their day (K-")
