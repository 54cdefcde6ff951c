"""Order of work: harm per visit, shares that are kept, the way from house to house."""

from __future__ import annotations

from datetime import date
from math import ceil
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.cases.book import case_book
from pipeline.cases.field_rules import read_field_rules
from pipeline.cases.priority import chosen, harm
from pipeline.history import newest_run
from pipeline.period import Period
from pipeline.target.programs import load_rules
from pipeline.target.taxonomy import read_taxonomy
from pipeline.worklist.document import Sheet
from pipeline.worklist.gathering import Gathering
from tests.cases.office import KECAMATAN, OFFICER, RULES, Found, Office, deceased

FIELD = read_field_rules(RULES)
TODAY = date(2026, 11, 10)


def harms(*findings: dict[str, object], facts: dict[str, int] | None = None, today: date = TODAY) -> pl.DataFrame:
    usual = {
        "case_id": "K", "finding_type": "inclusion_error", "amount": 200_000, "confidence": 0.5, "months": 1,
        "due_at": date(2026, 12, 1),
    }  # fmt: skip
    rows = [{**usual, "finding_key": str(n), **f} for n, f in enumerate(findings)]
    names = dict.fromkeys(FIELD.priority.vulnerable, 0) | (facts or {})
    return harm(pl.DataFrame(rows), pl.DataFrame([{"case_id": "K", **names}]), FIELD, today, "id")


def test_harm_is_amount_by_how_sure_by_months() -> None:
    ahead = FIELD.priority.months_ahead
    assert harms({})["harm"].item() == 200_000 * 0.5 * (1 + ahead)
    assert harms({"months": 3})["harm"].item() == 200_000 * 0.5 * (3 + ahead)
    assert harms({}, {})["harm"].item() == 2 * harms({})["harm"].item()


def test_what_makes_harm_weigh_more_stands_in_the_explanation() -> None:
    plain, elderly = harms({}), harms({}, facts={"n_elderly": 1})
    assert elderly["harm"].item() == plain["harm"].item() * 1.2
    late = harms({}, today=date(2026, 12, 2))
    assert late["harm"].item() == plain["harm"].item() * FIELD.priority.overdue
    assert plain["explanation"].item() == "bantuan Rp200.000 sebulan, keyakinan 50 %"
    assert elderly["explanation"].item() == "bantuan Rp200.000 sebulan, keyakinan 50 %, ada lansia"
    assert late["explanation"].item() == "bantuan Rp200.000 sebulan, keyakinan 50 %, lewat batas waktu"
    assert "tercatat 3 bulan" in harms({"months": 3, "amount": 1_234_567})["explanation"].item()
    assert "Rp1.234.567" in harms({"amount": 1_234_567})["explanation"].item()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10_000), st.integers(0, 3)), max_size=40), st.integers(1, 20))
def test_nobody_is_asked_for_more_visits_than_they_can_make_and_shares_are_kept(
    cases: list[tuple[bool, int, int]], visits: int
) -> None:
    columns = (
        "case_id",
        "kecamatan_code",
        "assigned_to",
        "desa_code",
        "dusun",
        "state",
        "listed_period",
        "explanation",
    )
    rows = [
        (f"K{n:02d}", KECAMATAN, OFFICER, f"D{d}", None, "assigned", None, None) for n, (_, _, d) in enumerate(cases)
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    told = pl.DataFrame(
        {"case_id": frame["case_id"], "harm": [float(h) for _, h, _ in cases], "protected": [p for p, _, _ in cases],
         "sampled": [False for _ in cases],
         "explanation": ""},
        schema={"case_id": pl.String, "harm": pl.Float64, "protected": pl.Boolean, "explanation": pl.String,
                "sampled": pl.Boolean},
    )  # fmt: skip
    roster = pl.DataFrame({"kecamatan_code": [KECAMATAN], "assigned_to": [OFFICER], "visits": [visits]})
    picked = chosen(frame, told, roster, FIELD, "2026-10", "id")
    assert picked.height == min(len(cases), visits)
    for protected, share in ((True, FIELD.capacity.exclusion_share), (False, FIELD.capacity.other_share)):
        there = sum(p is protected for p, _, _ in cases)
        mine = picked.filter(pl.col("protected") == protected).height
        assert mine >= min(there, int(visits * share))
        left = [
            h
            for (p, h, _), k in zip(cases, frame["case_id"], strict=True)
            if p is protected and k not in picked["case_id"]
        ]
        taken = picked.filter(pl.col("protected") == protected)["harm"].to_list()
        assert not left or not taken or max(left) <= min(taken)  # among like cases the greatest harm first
    if picked.height:
        assert picked["n"].to_list() == list(range(1, picked.height + 1))
        runs = picked["desa_code"].rle_id().n_unique()
        assert runs == picked["desa_code"].n_unique()  # one desa lies together


WAITS = {"sampled": pl.Boolean, "harm": pl.Float64, "protected": pl.Boolean, "explanation": pl.String}
CASE = ("case_id", "kecamatan_code", "assigned_to", "desa_code", "dusun", "state", "listed_period", "explanation")


@example([("ANI", True, 0), ("ANI", False, 1_000)], 1, 1, 0)
@given(
    st.lists(st.tuples(st.sampled_from(["ANI", "BUDI"]), st.booleans(), st.integers(0, 1_000)), max_size=60),
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(0, 10**9),
)
def test_money_never_crowds_out_people_who_are_not_helped(
    cases: list[tuple[str, bool, int]], of_ani: int, of_budi: int, more: int
) -> None:
    """Whatever the other findings are worth, each TKSK visits as many unserved families as the share says, rounded
    up, or all there are; and without other findings as many more as there is time for."""
    rows = [(f"K{n:02d}", KECAMATAN, who, "D", None, "assigned", None, None) for n, (who, _, _) in enumerate(cases)]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(CASE, pl.String), orient="row")
    visits = {"ANI": of_ani, "BUDI": of_budi}
    roster = pl.DataFrame({"kecamatan_code": KECAMATAN, "assigned_to": list(visits), "visits": list(visits.values())})
    for dearer in (0, more):
        harms = pl.DataFrame(
            [(n, False, float(h if unserved else h + dearer), unserved, "") for n, (_, unserved, h) in
             zip(frame["case_id"], cases, strict=True)],
            schema={"case_id": pl.String, **WAITS}, orient="row",
        )  # fmt: skip
        picked = chosen(frame, harms, roster, FIELD, "2026-10", "id")
        for who, able in visits.items():
            unserved = sum(w == who and u for w, u, _ in cases)
            others = sum(w == who and not u for w, u, _ in cases)
            seen = picked.filter(pl.col("assigned_to") == who, "protected").height
            assert seen >= min(unserved, ceil(able * FIELD.capacity.exclusion_share), able)
            assert seen >= min(unserved, able - others)


def sheets(office: Office, period: str = "2026-10", kecamatan: str | None = None) -> list[Sheet]:
    run = newest_run(office.out, Period.parse(period))
    assert run is not None
    with case_book(office.out) as book:
        programs = load_rules(RULES, run.period.last_day)
        found = Gathering(book, run, FIELD, read_taxonomy(RULES), programs, "id", TODAY).visits(kecamatan)
        return found.sheets


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path, families=9)
    office.publish("2026-10", [Found(subject=f"H{n}", amount=n * 100_000) for n in range(1, 7)] + [deceased("H7")])
    office.keep("2026-10")
    return office


def test_the_street_is_that_of_the_house_not_of_where_a_member_is_registered(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.publish("2026-10", [Found(subject="H2")], lives={"P1": "H2"})  # P1 is written down in another desa
    office.keep("2026-10")
    (visit,) = sheets(office)[0].visits
    assert visit.address == "JL. MELATI, RT 1"


def test_a_visit_says_who_where_why_and_what_to_ask(office: Office) -> None:
    (sheet,) = sheets(office)
    assert (sheet.officer, sheet.kecamatan, sheet.waiting) == (OFFICER, "Tabongo", 3)
    visit = next(v for v in sheet.visits if v.name == "KARIM 7")
    assert visit.nik == "750119******0070"
    assert visit.no_kk == "750119******0007"
    assert visit.address == "JL. MAWAR, RT 1"
    (asked,) = visit.questions
    assert "meninggal" in asked.check
    assert asked.choices[0] == "found_eligible"
    assert "same_person" not in asked.choices
    assert {a.code for a in sheet.answers} == {c for v in sheet.visits for q in v.questions for c in q.choices}


def test_the_dead_recipient_has_a_place_beside_larger_sums_of_the_unserved(office: Office) -> None:
    (sheet,) = sheets(office)
    assert len(sheet.visits) == 4
    assert "KARIM 7" in {v.name for v in sheet.visits}


def test_only_people_of_the_kecamatan_and_only_cases_of_its_tksk(tmp_path: Path) -> None:
    office = Office(tmp_path, roster=[(OFFICER, KECAMATAN, 9), ("ALI", "750116", 9)], companions=["P3"])
    elsewhere = Found("card_misuse", "bulk_withdrawal", "", "AG1", "agent")
    office.publish("2026-10", [Found(), Found(subject="H3"), elsewhere])
    office.keep("2026-10")
    (sheet,) = sheets(office)
    assert [v.name for v in sheet.visits] == ["KARIM 1"]
    assert sheets(office, kecamatan="750116") == []
