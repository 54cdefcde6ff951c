"""Who lives as one household."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.resolve.village import frame, groups, nik, row

KK, OTHER = "7505101804150003", "7505102207230006"
HOME = {"rt": 2, "rw": 1, "address": "JL TIRTONADI NO 4"}


def person(name: str, year: int, sex: str) -> dict[str, Any]:
    born = date(year, 5, 14)
    return {"name": name, "birth_date": born, "sex": sex, "nik": nik(born, sex, 3)}


FATHER, MOTHER = person("ANWAR NENTO", 1960, "L"), person("ROSTIN DUDA", 1963, "P")
SON, WIFE = person("IDRIS NENTO", 1990, "L"), person("YULIN GOBEL", 1992, "P")


def homes(*rows: dict[str, Any]) -> dict[tuple[str, int], int]:
    return groups(frame(list(rows)), "household")


def test_a_family_number_issued_twice_is_one_household() -> None:
    found = homes(
        row("registry.csv", 1, relationship="head", no_kk=KK, **FATHER, **HOME),
        row("registry.csv", 2, relationship="spouse", no_kk=KK, **MOTHER, **HOME),
        row("registry2.csv", 3, relationship="head", no_kk=OTHER, **FATHER, **HOME),
        row("registry2.csv", 4, relationship="spouse", no_kk=OTHER, **MOTHER, **HOME),
    )
    assert len(set(found.values())) == 1


def test_a_grown_child_still_on_the_parents_number_belongs_to_its_own() -> None:
    found = homes(
        row("registry.csv", 1, relationship="head", no_kk=KK, **FATHER, **HOME),
        row("registry.csv", 2, relationship="spouse", no_kk=KK, **MOTHER, **HOME),
        row("registry.csv", 3, relationship="child", no_kk=KK, **SON, **HOME),
        row("registry.csv", 4, relationship="head", no_kk=OTHER, **SON, rt=9, rw=1, address="JL MANGGA NO 7"),
        row("registry.csv", 5, relationship="spouse", no_kk=OTHER, **WIFE, rt=9, rw=1, address="JL MANGGA NO 7"),
    )
    assert found["registry.csv", 3] == found["registry.csv", 4] == found["registry.csv", 5]
    assert found["registry.csv", 1] == found["registry.csv", 2] != found["registry.csv", 3]


def test_numbers_that_a_spreadsheet_has_cut_hold_a_family_together_however_its_address_is_written() -> None:
    cut, lane = KK[:15] + "?", {"rt": 2, "rw": 1}
    found = homes(
        row("registry.csv", 1, relationship="head", no_kk=cut, **FATHER, **HOME),
        row("registry.csv", 2, relationship="head", no_kk=cut, **FATHER, **HOME),
        row("registry.csv", 3, relationship="spouse", no_kk=cut, **MOTHER, **lane, address="JL TIRTONADI"),
        row("registry.csv", 4, relationship="head", no_kk=cut, **SON, **HOME),
        row("registry.csv", 5, relationship="spouse", no_kk=cut, **WIFE, **HOME),
    )
    assert found["registry.csv", 1] == found["registry.csv", 2] == found["registry.csv", 3]
    assert found["registry.csv", 3] != found["registry.csv", 4] == found["registry.csv", 5]


def test_two_families_in_one_house_are_two() -> None:
    found = homes(
        row("registry.csv", 1, relationship="head", no_kk=KK, **FATHER, **HOME),
        row("registry.csv", 2, relationship="spouse", no_kk=KK, **MOTHER, **HOME),
        row("registry.csv", 3, relationship="head", no_kk=KK[:15] + "4", **SON, **HOME),
        row("registry.csv", 4, relationship="spouse", no_kk=KK[:15] + "4", **WIFE, **HOME),
    )
    assert found["registry.csv", 1] == found["registry.csv", 2] != found["registry.csv", 3]
    assert found["registry.csv", 3] == found["registry.csv", 4]


def test_a_slip_in_the_number_of_one_member_is_put_right() -> None:
    found = homes(
        row("registry.csv", 1, relationship="head", no_kk=KK, **FATHER, **HOME),
        row("registry.csv", 2, relationship="spouse", no_kk=KK[:4] + "9" + KK[5:], **MOTHER, **HOME),
        row("registry.csv", 3, relationship="child", no_kk=KK, **SON, **HOME),
    )
    assert len(set(found.values())) == 1


def test_rows_of_a_registry_without_number_belong_to_those_beside_them() -> None:
    found = homes(
        row("registry.csv", 1, relationship="head", no_kk=KK, **FATHER, **HOME),
        row("registry.csv", 2, relationship="spouse", no_kk=None, **MOTHER, **HOME),
        row("registry.csv", 3, relationship="head", no_kk=OTHER, **SON, **HOME),
    )
    assert found["registry.csv", 1] == found["registry.csv", 2] != found["registry.csv", 3]


def test_a_list_with_only_the_nik_leads_to_the_household_of_the_person() -> None:
    found = homes(
        row("registry.csv", 1, relationship="head", no_kk=KK, **FATHER, **HOME),
        row("asn.csv", 2, kind="employment", no_kk=None, name=FATHER["name"], nik=FATHER["nik"]),
    )
    assert found["registry.csv", 1] == found["asn.csv", 2]


def test_unknown_where_no_list_tells_the_family() -> None:
    found = homes(row("asn.csv", 1, kind="employment", no_kk=None, **person("MARTEN HUTIA", 1975, "L")))
    assert found["asn.csv", 1] == -1
