"""What somebody knows who has worked with Indonesian lists, and general tools do not: an example of each.

Each example stands among the families of an invented village. "One" means that two rows end up as one person, "two"
that they do not.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.resolve.village import frame, groups, nik, row

KK, OTHER_KK = "7505101804150003", "7505100304210002"
BORN = date(1985, 3, 7)
NIK = nik(BORN, "P", 4)
SHE = {"nik": NIK, "name": "FATMAH R PAKAYA", "birth_date": BORN, "sex": "P"}
HE = {
    "nik": nik(date(1979, 11, 23), "L", 2),
    "name": "MUHAMAD RIDWAN KATILI",
    "birth_date": date(1979, 11, 23),
    "sex": "L",
}
HOME = {"no_kk": KK, "rt": 2, "rw": 1, "address": "JL TIRTONADI NO 4"}
AWAY = {"no_kk": OTHER_KK, "rt": 7, "rw": 3, "address": "JL MANGGA NO 9", "desa_code": "7505102009"}
Row = dict[str, Any]


def one(first: Row, second: Row, *more: Row) -> bool:
    """Whether a row of the registry and one of another list are one person."""
    found = groups(frame([row("registry.csv", 1, **first), row("pkh.csv", 2, **second), *more]))
    return found["registry.csv", 1] == found["pkh.csv", 2]


@pytest.mark.parametrize(
    "name",
    [
        "MOH RIDWAN KATILI", "MUH RIDWAN KATILI", "M RIDWAN KATILI", "MOHAMMAD RIDWAN KATILI",
        "MUHAMAD RIDUAN KATILI", "RIDWAN KATILI", "MUHAMAD RIDWAN BIN KATILI", "MUHAMMAD R KATILI", "RIDWAN",
    ],
)  # fmt: skip
def test_one_man_with_many_ways_to_write_his_name(name: str) -> None:
    unnumbered = {**HE, "nik": None, "name": name, "birth_date": HE["birth_date"]}
    assert one({**HE, **HOME}, {**unnumbered, **HOME})


@pytest.mark.parametrize(
    ("old", "new"),
    [("SOELEMAN DJAFAR", "SULEMAN JAFAR"), ("TJOKRO JUSUF", "COKRO YUSUF"), ("ACHMAD HOESAIN", "AHMAD HUSEN")],
)
def test_old_spelling_is_the_same_name(old: str, new: str) -> None:
    assert one({**HE, **HOME, "name": old}, {**HE, **HOME, "nik": None, "name": new})


def test_a_womans_own_family_name_and_that_of_her_husband() -> None:
    assert one({**SHE, **HOME}, {**SHE, **HOME, "name": "FATMAH KATILI"})
    assert one({**SHE, **HOME}, {**SHE, **HOME, "name": "FATMAH KATILI", "nik": NIK[:15] + "?"})


def test_names_in_another_order_are_two_strangers_and_one_person_by_number() -> None:
    hasan = {"name": "YUSUF HASAN", "birth_date": date(1960, 8, 17), "sex": "L", "nik": nik(date(1960, 8, 17), "L", 1)}
    yusuf = {"name": "HASAN YUSUF", "birth_date": date(1964, 2, 11), "sex": "L", "nik": nik(date(1964, 2, 11), "L", 3)}
    assert not one({**hasan, **HOME}, {**yusuf, **AWAY})
    assert not one({**hasan, **HOME}, {"name": "HASAN YUSUF", "sex": "L", **AWAY})
    assert one({**hasan, **HOME}, {**hasan, **HOME, "name": "HASAN YUSUF"})


def test_day_and_month_exchanged_by_a_spreadsheet() -> None:
    assert one({**SHE, **HOME}, {**SHE, **HOME, "nik": None, "birth_date": date(1985, 7, 3)})


@pytest.mark.parametrize("heap", [date(1985, 1, 1), date(1985, 7, 1), date(1985, 12, 31)])
def test_the_first_of_january_means_that_only_the_year_is_known(heap: date) -> None:
    assert one({**SHE, **HOME}, {**SHE, **HOME, "nik": None, "birth_date": heap})


def test_two_of_one_common_name_born_on_the_first_of_january_are_no_proof() -> None:
    heap = date(1970, 1, 1)
    crowd = [
        row("registry.csv", 100 + i, name=f"{n} {f}", birth_date=heap, sex="P", nik=nik(heap, "P", i + 10),
            no_kk=f"75051001012{i:05d}", desa_code=f"75051020{i % 12 + 1:02d}")
        for i, (n, f) in enumerate((n, f) for n in ("SITI", "NUR", "ASNA") for f in ("ADAM", "GANI", "TULI", "UNO"))
    ]  # fmt: skip
    siti = {"name": "SITI ADAM", "birth_date": heap, "sex": "P"}
    assert not one(
        {**siti, **HOME, "nik": nik(heap, "P", 1)}, {**siti, **AWAY, "nik": nik(heap, "P", 7, "750301")}, *crowd
    )


def test_a_family_moves_and_gets_another_number_and_address_at_once() -> None:
    assert one({**SHE, **HOME}, {**SHE, **AWAY})
    assert one({**SHE, **HOME}, {**SHE, **AWAY, "nik": NIK[:15] + "?"})


def test_a_renewed_family_number_in_the_same_house_says_little() -> None:
    assert one({**SHE, **HOME}, {**SHE, **HOME, "nik": None, "no_kk": OTHER_KK})


def test_family_and_house_are_one_evidence_not_two() -> None:
    """Neighbours and relatives share everything but themselves."""
    sister = {"name": "FATRIA PAKAYA", "birth_date": date(1988, 5, 30), "sex": "P"}
    assert not one({**SHE, **HOME}, {**sister, **HOME})
    assert not one({**SHE, **HOME}, {"name": "FATRIA PAKAYA", "sex": "P", **HOME})


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("date and serial", nik(date(1991, 12, 24), "P", 7)),
        ("sex, as the number tells it", nik(date(1985, 4, 9), "L", 1)),
    ],
)
def test_two_valid_numbers_that_differ_in_date_or_sex_speak_against(what: str, other: str) -> None:
    """Father and son of one name: all else agrees, and each number stands with its own name only."""
    same_name = {"name": "FATMAH R PAKAYA", "nik": other, **HOME}
    more = [row("registry.csv", 3, **same_name, relationship="child"), row("pbi.csv", 4, **SHE, no_kk=KK)]
    assert not one({**SHE, **HOME}, same_name, *more), what


def test_a_number_that_another_name_also_bears_speaks_little_against() -> None:
    """The husband's card was shown: her name, her family, his number."""
    husband = row("registry.csv", 3, **{**HE, **HOME})
    assert one({**SHE, **HOME}, {**SHE, **HOME, "nik": HE["nik"]}, husband)


def test_children_of_one_family_have_first_names_of_their_own() -> None:
    first = {"name": "RIFALDI KATILI", "birth_date": date(2012, 4, 5), "sex": "L", "nik": nik(date(2012, 4, 5), "L", 1)}
    second = {"name": "REFINA KATILI", "sex": "P"}
    assert not one({**first, **HOME}, {**second, **HOME})
    assert not one({**first, **HOME}, {"name": "RIFANDA KATILI", "birth_date": date(2014, 9, 9), "sex": "L", **HOME})


def test_a_daughter_who_bears_the_letter_of_her_father_is_not_her_father() -> None:
    daughter = {
        "name": "NURHAYATI L RAHMAN",
        "birth_date": date(2001, 6, 6),
        "sex": "P",
        "nik": nik(date(2001, 6, 6), "P", 1),
    }
    father = {"name": "LUKMAN RAHMAN", **HOME}
    assert not one({**daughter, **HOME}, father)


@pytest.mark.parametrize("known", ["date", "number"])
def test_twins_are_two_whether_the_day_stands_in_the_date_or_in_the_number(known: str) -> None:
    born = date(2015, 6, 20)
    a, b = ({"name": n, "birth_date": born if known == "date" else None, "nik": nik(born, "L", s), **HOME}
            for n, s in (("RAFLI USMAN", 1), ("RIFLI USMAN", 2)))  # fmt: skip
    assert not one(a, b)


def test_husband_and_wife_of_names_that_look_alike_as_a_whole_are_two() -> None:
    wife = {"name": "HAMIDA POMANTO", "birth_date": date(1983, 2, 2), "sex": "P", "nik": nik(date(1983, 2, 2), "P", 1)}
    assert not one({**wife, **HOME}, {"name": "HAMID POMANTO", **HOME, "sex": "L"})


@pytest.mark.parametrize(
    ("what", "number"),
    [
        ("digits exchanged", NIK[:3] + NIK[4] + NIK[3] + NIK[5:]),
        ("one digit off in the region", NIK[:2] + "9" + NIK[3:]),
        ("tail lost to a spreadsheet", NIK[:15] + "?"),
        ("tail lost to scientific notation", NIK[:12] + "????"),
        ("masked", NIK[:6] + "??????" + NIK[12:]),
    ],
)
def test_a_number_written_badly_is_still_her_number(what: str, number: str) -> None:
    """Without a date of birth beside it: the one inside the number is the witness."""
    assert one({**SHE, **HOME}, {**SHE, **HOME, "nik": number, "birth_date": None, "no_kk": None}), what
