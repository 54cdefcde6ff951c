"""Amounts, and columns with a fixed set of answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.clean.raw_cells import Raw, cleaned, error, number, read

AMOUNTS: list[tuple[Raw, int | None]] = [
    ("Rp 600.000,00", 600_000),
    ("600.000", 600_000),
    ("600,000", 600_000),
    ("600000.0", 600_000),
    ("600000", 600_000),
    ("Rp. 600.000,-", 600_000),
    ("Rp 600 000", 600_000),
    ("Rp600rb", 600_000),
    ("1,5 jt", 1_500_000),
    ("6E+05", 600_000),
    ("(600.000)", -600_000),
    ("-600.000", -600_000),
    (number("600000"), 600_000),
    (number("600000.4"), 600_000),
    ("600.0000", None),
    ("enam ratus ribu", None),
    ("#VALUE!", None),
    ("1,23457E+06", None),  # rounded
    (None, None),
]


def test_amount() -> None:
    rows = cleaned(income=[written for written, _ in AMOUNTS]).accepted
    assert list(zip((a[0] for a in AMOUNTS), rows["income"], strict=True)) == AMOUNTS


@pytest.mark.parametrize(
    ("column", "written", "out", "expected"),
    [
        ("sex", "LAKI-LAKI", "sex", "L"),
        ("sex", "Perempuan", "sex", "P"),
        ("sex", "2", "sex", "P"),
        ("sex", number("1"), "sex", "L"),
        ("sex", "wanita", "sex", "P"),
        ("relationship", "Kepala Keluarga", "relationship", "head"),
        ("relationship", "SUAMI", "relationship", "spouse"),
        ("relationship", "3", "relationship", None),  # Dukcapil and BPS number differently
        ("school_level", "Kelas 3 SD", "school_level", "sd"),
        ("school_level", "MTs", "school_level", "smp"),
        ("school_level", "TIDAK/BELUM SEKOLAH", "school_level", "none"),
        ("school_level", "TAMAT SD/SEDERAJAT", "school_level", None),  # no pupil
        ("disability", "RUNGU (BERAT)", "disability", "severe"),
        ("disability", "MENTAL (RINGAN)", "disability", "mild"),
        ("disability", "TIDAK", "disability", "none"),
        ("disability", "TUNA NETRA", "disability", None),  # how severe is not said
        ("odgj", "YA", "odgj", True),
        ("pregnant", "TIDAK HAMIL", "pregnant", False),
        ("pregnant", "NIFAS", "pregnant", True),
        ("pregnant", "-", "pregnant", None),
        ("population_status", "PINDAH KELUAR", "population_status", "moved"),
        ("population_status", "Wafat", "population_status", "deceased"),
        ("population_status", "PINDAH DATANG", "population_status", "active"),
        ("population_status", "MENIGAL", "population_status", None),  # two slips are no longer that word
        ("population_status", "MENINGAL", "population_status", "deceased"),
        ("pregnant", "√", "pregnant", True),
        ("sex", "Laki2", "sex", "L"),
        ("sex", "Prp.", "sex", "P"),
        ("school_level", "SDN 2 Tabongo", "school_level", "sd"),
        ("school_level", "Lulus SMA", "school_level", None),  # no pupil any more, and perhaps a student
        ("school_level", "Tdk Sekolah", "school_level", "none"),
        ("school_level", "Blm sekolah", "school_level", "none"),
        ("status", "NON-AKTIF", "active", False),
        ("status", "Aktif", "active", True),
        ("status", "EXCLUDE", "active", False),
        ("status", "MENINGGAL", "population_status", "deceased"),
        ("desil", "DESIL 3", "desil", 3),
        ("desil", "DESIL-3", "desil", 3),
        ("desil", "Desil IV", "desil", 4),
        ("desil", "-3", "desil", None),
        ("desil", "11", "desil", None),
        ("rt_rw", "006/003", "rt", 6),
        ("employment_type", "Pensiunan PNS", "employment_type", "pensioner"),
        ("employment_type", "TNI AD", "employment_type", "soldier_police"),
        ("employment_type", "PPPK", "employment_type", "civil_servant"),
        ("employment_type", "Kepala Dusun", "employment_type", "village_official"),
        ("employment_type", "Guru Honorer", "employment_type", "other"),
        ("ppks_category", "Lanjut Usia Terlantar", "ppks_category", "neglected_elderly"),
    ],
)
def test_answer(column: str, written: Raw, out: str, expected: Any) -> None:
    assert read(column, written, out) == expected


@pytest.mark.parametrize(
    ("column", "written", "expected"),
    [
        ("pregnant", ["YA", *"-----", None], [True, *[False] * 5, None]),
        ("pregnant", ["YA", "TIDAK", *"-----"], [True, False, *[None] * 5]),
        ("pregnant", ["YA", *"--"], [True, None, None]),
        ("school_level", ["SD", *"-----", "x"], ["sd", *["none"] * 5, None]),
        ("odgj", ["√", "x", "x", None], [True, False, False, None]),
        ("odgj", ["x", "TIDAK", None, None], [True, False, None, None]),
        ("odgj", ["YA", "TIDAK", "x"], [True, False, None]),
    ],
)
def test_a_dash_or_a_cross_means_what_the_rest_of_its_list_leaves_open(
    column: str, written: list[Raw], expected: list[Any]
) -> None:
    assert cleaned("registry", **{column: written}).accepted[column].to_list() == expected


def test_unknown_words_are_told_by_the_heading_and_never_guessed() -> None:
    result = cleaned("employment", employment_type=["PNS", "Astronot", "Astronot"], sex=["L", "ENTAH", "-"])
    assert result.accepted["employment_type"].to_list() == ["civil_servant", None, None]
    told = [("unknown_employment_type", "Astronot", 2), ("unknown_word", "SEX: ENTAH", 1)]
    assert result.notices.select("code", "subject", "n_rows").rows() == told


def test_a_sheet_named_after_the_employment_says_it_where_no_column_does() -> None:
    assert (
        cleaned("employment", sheet="TNI POLRI", nik=["7501014107850001"]).accepted["employment_type"][0]
        == "soldier_police"
    )


@pytest.mark.parametrize(
    ("written", "reason"),
    [("", "no_amount"), (None, "no_amount"), (error("#VALUE!"), "bad_amount"), ("enam", "bad_amount"),
     ("0", "bad_amount"), ("-5.000", "bad_amount")],
)  # fmt: skip
def test_pay_line_without_a_usable_amount(written: Raw, reason: str) -> None:
    assert cleaned("payments", amount=[written]).quarantine["reason"].to_list() == [reason]
