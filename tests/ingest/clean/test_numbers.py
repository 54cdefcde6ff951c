"""Numbers of persons: what can be used, what is lost, and what never was a number."""

from __future__ import annotations

import pytest

from tests.ingest.clean.raw_cells import Raw, cleaned, error, number, read

GOOD = "7501014107850001"


NIKS: list[tuple[Raw, str, str]] = [
    (GOOD, "valid", GOOD),
    (f"'{GOOD}", "repaired", GOOD),
    ("7501 0141 0785 0001", "repaired", GOOD),
    ("7501\u00a00141\u00a007850001", "repaired", GOOD),
    ("750101.410785.0001", "repaired", GOOD),
    ("750101-410785-0001", "repaired", GOOD),
    (f"{GOOD}.0", "repaired", GOOD),
    (f"{GOOD},00", "repaired", GOOD),
    (f"NIK: {GOOD}", "repaired", GOOD),
    (f"{GOOD} (ISTRI)", "repaired", GOOD),
    (f"{GOOD}, 7501014107850002", "repaired", GOOD),
    ("75O1O141O785OOO1", "repaired", GOOD),  # the letter O
    ("75010l4107850001", "repaired", GOOD),  # the letter l
    (number(GOOD), "repaired", GOOD),  # exact below 2^53: not typed in Excel
    (number("7501014107850000"), "lossy", "750101410785000?"),  # Excel keeps 15 digits
    (number("7501014107850000.0"), "lossy", "750101410785000?"),
    (number("7.50101410785e15"), "lossy", "750101410785000?"),
    (number("9171016504930002"), "lossy", "917101650493000?"),  # Papua: beyond 2^53
    ("7,50101E+15", "lossy", "75010???????????"),  # the sixth digit is rounded
    ("7.5012E+15", "lossy", "7501????????????"),
    ("7.501014107850001E+15", "repaired", GOOD),
    ("750101******0001", "masked", "750101??????0001"),
    ("7501XXXX", "masked", "7501????????????"),
    ("7501...0001", "masked", "7501????????0001"),
    ("################", "masked", "????????????????"),
    ("750101410785001", "invalid", "750101410785001"),
    ("75010141078500011", "invalid", "75010141078500011"),
    ("750101410785001.0", "invalid", "750101410785001"),
    ("7501014107850000", "invalid", "7501014107850000"),  # serial 0000
    ("7501013002850001", "invalid", "7501013002850001"),  # 30 February
    ("7501012902850001", "invalid", "7501012902850001"),  # 1985 was no leap year
    ("7501012902840001", "valid", "7501012902840001"),
    ("7501017107850001", "valid", "7501017107850001"),  # the 31st, a woman
    ("7501017207850001", "invalid", "7501017207850001"),
    ("7501014113850001", "invalid", "7501014113850001"),  # month 13
    ("9901014107850001", "invalid", "9901014107850001"),  # no such province
    ("7501994107850001", "valid", "7501994107850001"),  # kecamatan unknown today: no error
]


def test_nik() -> None:
    rows = cleaned(nik=[written for written, _, _ in NIKS]).accepted
    read_as = list(zip((n[0] for n in NIKS), rows["nik_status"], rows["nik_digits"], strict=True))
    assert read_as == NIKS
    usable = rows["nik_status"].is_in(["valid", "repaired"])
    assert rows.filter(usable)["nik"].equals(rows.filter(usable)["nik_digits"])
    assert rows.filter(~usable)["nik"].is_null().all()


@pytest.mark.parametrize(
    "written",
    ["-", "TIDAK ADA", "BELUM ADA", "XXX", "0", "0" * 16, "1" * 16, "9" * 16, "1234567890123456", "7501010000000000",
     "#N/A", error("#N/A"), None, "", "  "],
)  # fmt: skip
def test_what_stands_for_no_number_is_missing(written: Raw) -> None:
    row = cleaned(nik=[written], birth_date=["01/01/1980"]).accepted.row(0, named=True)
    assert (row["nik"], row["nik_status"], row["nik_digits"]) == (None, "missing", None)


def test_the_date_in_a_family_number_is_a_day_of_issue() -> None:
    assert read("no_kk", "7501013112200001", "no_kk_status") == "valid"
    assert read("no_kk", GOOD, "no_kk_status") == "invalid"  # day 41: somebody's NIK


def test_numbers_in_each_others_column_stay_where_they_are() -> None:
    row = cleaned(nik=["7501013112200001"], no_kk=[GOOD]).accepted.row(0, named=True)
    assert (row["nik_digits"], row["no_kk_digits"]) == ("7501013112200001", GOOD)


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("6032987517456358", "6032987517456358"),
        ("6032 9875 1745 6358", "6032987517456358"),
        ("'6032987517456358", "6032987517456358"),
        ("6032987517456358.0", "6032987517456358"),
        (number("603298751745635"), "603298751745635"),
        (number("6032987517456350"), None),
        ("6,03299E+15", None),
        ("603298******6358", None),
        ("-", None),
        ("0", None),
    ],
)
def test_card(written: Raw, digits: str | None) -> None:
    assert read("card_number", written) == digits


def test_leading_zeros_of_an_account_stay() -> None:
    assert read("account_number", "03480183220509504") == "03480183220509504"


def test_lost_card_digits_are_told() -> None:
    notices = cleaned(card_number=["6,03299E+15", "6032987517456358"]).notices
    assert notices.select("code", "subject", "n_rows").rows() == [("lost_digits", "CARD_NUMBER", 1)]


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("081234567890", "081234567890"),
        ("+62 812-3456-7890", "081234567890"),
        ("6281234567890", "081234567890"),
        (number("81234567890"), "081234567890"),
        ("0812345678/0813456789", "0812345678"),
        ("8,12E+10", None),
        ("0000000000", None),
        ("-", None),
    ],
)
def test_phone(written: Raw, digits: str | None) -> None:
    assert read("phone", written) == digits
