"""Who is one person: what an expert would say of a handful of rows in a village."""

from __future__ import annotations

from datetime import date

import pytest

from tests.resolve.village import frame, groups, nik, row

KK = "7505101804150003"
BORN = date(1985, 3, 7)
NIK = nik(BORN, "P", 4)
FATMAH = {"name": "FATMAH R PAKAYA", "birth_date": BORN, "sex": "P"}
HOME = {"no_kk": KK, "rt": 2, "rw": 1, "address": "JL TIRTONADI NO 4"}


def same(one: dict, other: dict, *more: dict) -> bool:  # type: ignore[type-arg]
    """Whether the first two rows end up as one person."""
    found = groups(frame([row("registry.csv", 1, **one), row("pkh.csv", 2, **other), *more]))
    return found["registry.csv", 1] == found["pkh.csv", 2]


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("nothing differs", {}),
        ("one digit of the NIK", {"nik": NIK[:13] + "1" + NIK[14:]}),
        ("two digits exchanged", {"nik": NIK[:3] + NIK[4] + NIK[3] + NIK[5:]}),
        ("a digit lost", {"nik": NIK[:5] + NIK[6:]}),
        ("last digit lost to a spreadsheet", {"nik": NIK[:15] + "?"}),
        ("NIK masked", {"nik": NIK[:6] + "??????" + NIK[12:]}),
        ("NIK missing", {"nik": None}),
        ("day and month exchanged", {"birth_date": date(1985, 7, 3)}),
        ("a year off, NIK missing", {"birth_date": date(1984, 3, 7), "nik": None}),
        ("only the name and the number", {"birth_date": None, "sex": None, "no_kk": None}),
        ("old spelling", {"name": "FATMA R PAKAJA", "nik": NIK[:15] + "?"}),
        ("initial dropped, KK of before", {"name": "FATMAH PAKAYA", "no_kk": "7505101211080002"}),
        ("a typing error, NIK missing", {"name": "FATMAH R PAKAIA", "nik": None}),
        ("family number in the NIK column", {"nik": KK}),
        ("NIK and family number exchanged", {"nik": KK, "no_kk": NIK}),
        ("somebody else's NIK, own name and family", {"nik": nik(date(1961, 1, 2), "L", 2)}),
        ("another name, all else equal", {"name": "WARTIN BOTUTIHE"}),
    ],
)
def test_one_person(what: str, other: dict) -> None:  # type: ignore[type-arg]
    assert same({"nik": NIK, **FATMAH, **HOME}, {"nik": NIK, **FATMAH, **HOME, **other}), what


@pytest.mark.parametrize(
    ("what", "other"),
    [
        (
            "twin: last digit of the NIK and the first name differ",
            {"nik": NIK[:15] + "5", "name": "FATIMAH S PAKAYA"},
        ),
        (
            "namesake of the same day in the next village",
            {
                "nik": NIK[:15] + "8", "no_kk": "7505101502190001", "rt": 7, "rw": 3,
                "address": "JL MANGGA NO 9", "desa_code": "7505102002",
            },
        ),
        (
            "stranger of that name, other day, other number",
            {"nik": nik(date(1991, 12, 24), "P", 1, "750301"), "birth_date": date(1991, 12, 24), "no_kk": None},
        ),
        (
            "sister with a name that sounds alike",
            {"nik": nik(date(1988, 5, 30), "P", 1), "name": "FATIAH R PAKAYA", "birth_date": date(1988, 5, 30)},
        ),
    ],
)  # fmt: skip
def test_two_persons(what: str, other: dict) -> None:  # type: ignore[type-arg]
    two = {"nik": NIK, **FATMAH, **HOME, **other}
    # each is also in the registry, as people on lists mostly are
    assert not same({"nik": NIK, **FATMAH, **HOME}, two, row("registry.csv", 3, **two)), what


def test_father_and_son_of_one_name_are_two() -> None:
    father = {"name": "YUSUF HASAN", "birth_date": date(1960, 8, 17), "sex": "L", "nik": nik(date(1960, 8, 17), "L", 1)}
    son = {"name": "YUSUF HASAN", "birth_date": date(1990, 2, 11), "sex": "L", "nik": nik(date(1990, 2, 11), "L", 3)}
    found = groups(
        frame(
            [
                row("registry.csv", 1, relationship="head", **father, **HOME),
                row("registry.csv", 2, relationship="child", **son, **HOME),
                row("pkh.csv", 3, name="YUSUF HASAN", nik=son["nik"], **HOME),
                row("bansos.csv", 4, name="YUSUF HASAN", nik=father["nik"], no_kk=KK),
            ]
        )
    )
    assert found["registry.csv", 1] == found["bansos.csv", 4]
    assert found["registry.csv", 2] == found["pkh.csv", 3]
    assert found["registry.csv", 1] != found["registry.csv", 2]


def test_twins_of_alike_names_stay_two_though_one_number_lost_its_last_digit() -> None:
    born = date(2015, 6, 20)
    one = {"name": "RAFLI USMAN", "birth_date": born, "sex": "L"}
    two = {"name": "RIFLI USMAN", "birth_date": born, "sex": "L"}
    found = groups(
        frame(
            [
                row("registry.csv", 1, nik=nik(born, "L", 1), relationship="child", **one, **HOME),
                row("registry.csv", 2, nik=nik(born, "L", 2), relationship="child", **two, **HOME),
                row("pkh.csv", 3, nik=nik(born, "L", 2)[:15] + "?", **two, **HOME),
            ]
        )
    )
    assert found["registry.csv", 1] != found["registry.csv", 2]
    assert found["pkh.csv", 3] == found["registry.csv", 2]


def test_a_number_borrowed_from_the_wife_does_not_make_husband_and_wife_one() -> None:
    husband = {"name": "ARIFIN MOPANGGA", "birth_date": date(1978, 1, 4), "sex": "L"}
    wife = {"name": "SALMA TANTU", "birth_date": date(1981, 9, 2), "sex": "P", "nik": nik(date(1981, 9, 2), "P", 2)}
    found = groups(
        frame(
            [
                row("registry.csv", 1, nik=nik(date(1978, 1, 4), "L", 2), relationship="head", **husband, **HOME),
                row("registry.csv", 2, relationship="spouse", **wife, **HOME),
                row("pkh.csv", 3, nik=wife["nik"], **husband, **HOME),
            ]
        )
    )
    assert found["pkh.csv", 3] == found["registry.csv", 1]
    assert found["registry.csv", 1] != found["registry.csv", 2]


def test_a_boy_may_have_the_number_that_is_another_familys() -> None:
    born = date(2015, 4, 18)
    number = nik(born, "L", 3, "750510")  # equal to KK: serials of NIK and KK are counted apart
    assert number == KK
    boy = {"name": "IMRAN NAUE", "birth_date": born, "sex": "L", "nik": number, "no_kk": "7505100909100001"}
    found = groups(
        frame(
            [row("registry.csv", 1, **boy), row("pbi.csv", 2, **boy), row("registry.csv", 3, nik=NIK, **FATMAH, **HOME)]
        )
    )
    assert found["registry.csv", 1] == found["pbi.csv", 2] != found["registry.csv", 3]
