"""Regions, addresses, dusun, RT and RW."""

from __future__ import annotations

import pytest

from pipeline.regions import Written
from tests.ingest.clean.raw_cells import Raw, cleaned, cleaner, day


@pytest.mark.parametrize(
    ("kabupaten", "kecamatan", "desa", "code"),
    [
        ("KABUPATEN GORONTALO", "PULUBALA", "PONGONGAILA", "7501162001"),
        ("Kab. Gorontalo", "Kec. Pulubala", "Desa Pongongaila", "7501162001"),
        ("KAB GORONTALO", "TABONGO", "LIMEHE TIMOER", "7501192004"),  # old spelling
        ("KAB GORONTALO", "TABONGO", "TABONGO BRT", "7501192002"),
        ("KAB GORONTALO", "TABONGO", "MOTNELO", "7501192006"),  # a letter is missing
        ("GORONTALO", "KOTA TENGAH", "KEL. DULALOWO", "7571061002"),  # the city, as only it has that kecamatan
        ("KOTA GORONTALO", "KOTA TENGAH", "DULALOWO", "7571061002"),
        ("", "MONANO", "TUDI", "7505092002"),  # the province is that of the families
        ("KABUPATEN GORONTALO", "", "PONGONGAILA", "7501162001"),  # the only one of that name there
        ("JAKARTA SELATAN", "TEBET", "MANGGARAI", "3174011007"),  # any province
        ("KAB GORONTALO", "TABONGO", "SUKAMAJU", None),
        ("KAB GORONTALO", "", "DUNGGALA", None),  # two kecamatan have one
    ],
)
def test_desa(kabupaten: str, kecamatan: str, desa: str, code: str | None) -> None:
    assert cleaner().gazetteer.locate(Written(kabupaten, kecamatan, desa, "", "75")).desa_code == code


def test_a_desa_name_that_repeats_needs_its_kecamatan() -> None:
    gazetteer = cleaner().gazetteer
    everywhere = [k for kab in gazetteer.children("75") for k in gazetteer.children(kab.code)]
    padengo = [k for k in everywhere if any(d.folded == "PADENGO" for d in gazetteer.children(k.code))]
    assert len(padengo) == 5
    found = {
        gazetteer.locate(Written(gazetteer.name_of(k.code[:4]) or "", k.name, "PADENGO")).desa_code for k in padengo
    }
    assert len(found) == 5
    assert gazetteer.locate(Written("", "", "PADENGO", "", "75")).desa_code is None


def test_officers_registered_elsewhere_do_not_move_the_kecamatan_they_work_in() -> None:
    assert cleaner().gazetteer.locate(Written("", "Mananggu", hint="7303")).kecamatan_code == "750205"
    assert cleaner().gazetteer.locate(Written("", "Mananggu", hint="7503")).kecamatan_code == "750205"


def test_numbers_in_names_are_not_slips_of_the_pen() -> None:
    """Wonosari has a Bongo II and a Bongo III: a Bongo IV is neither, though one letter apart."""
    gazetteer = cleaner().gazetteer
    assert gazetteer.locate(Written("BOALEMO", "WONOSARI", "BONGO II")).desa_code is not None
    assert gazetteer.locate(Written("BOALEMO", "WONOSARI", "BONGO IV")).desa_code is None


def test_the_same_digits_mean_another_kabupaten_to_bps() -> None:
    """BPS 7501 is Boalemo, Kemendagri 7501 is Gorontalo: the name decides, and the code is reported."""
    located = cleaner().gazetteer.locate(Written("BOALEMO", "TILAMUTA", "LAMU", "7501"))
    assert located.desa_code == "7502042011"
    assert [r.code for r in located.remarks] == ["region_code"]
    assert "BPS" in located.remarks[0].message


def test_a_code_without_names_counts_where_the_list_has_it() -> None:
    gazetteer = cleaner().gazetteer
    assert gazetteer.locate(Written(code="75.01.16.2003")).desa_code == "7501162003"
    assert gazetteer.locate(Written(code="7501010001")).kabupaten_code is None  # a desa code of BPS


def test_every_region_of_the_province_is_found_by_its_own_names() -> None:
    gazetteer = cleaner().gazetteer
    wrong = [
        desa.code
        for kab in gazetteer.children("75")
        for kec in gazetteer.children(kab.code)
        for desa in gazetteer.children(kec.code)
        if gazetteer.locate(Written(kab.name.upper(), f"KEC. {kec.name}", f"DESA {desa.name.upper()}")).desa_code
        != desa.code
    ]
    assert wrong == []


def test_a_title_fills_in_what_the_row_does_not_say() -> None:
    result = cleaned(
        "recipients", kecamatan=["BIAU", None], title_desa=["OMUTO", "OMUTO"], title_kecamatan=["BIAU", "BIAU"],
        title_kabupaten=["GORONTALO UTARA", "GORONTALO UTARA"],
    )  # fmt: skip
    assert result.accepted.select("kecamatan_code", "desa_code").rows() == [("750510", "7505102002")] * 2


def test_a_region_read_otherwise_than_written_is_told() -> None:
    result = cleaned(kabupaten=["KAB GORONTALO"] * 2, kecamatan=["TABONGO"] * 2, desa=["MOTNELO", "ENTAH"])
    told = [("region_spelling", "MOTNELO", 1), ("region_unknown", "ENTAH", 1)]
    assert result.notices.select("code", "subject", "n_rows").rows() == told


@pytest.mark.parametrize(
    ("written", "rt", "rw"),
    [("006/003", 6, 3), ("RT 001/RW 002", 1, 2), ("RT.01/RW.02", 1, 2), ("RT01 RW02", 1, 2), ("1/2", 1, 2),
     (day("2026-03-06"), 6, 3), ("06-Mar", 6, 3), ("000/000", None, None), ("-", None, None)],
)  # fmt: skip
def test_rt_rw(written: Raw, rt: int | None, rw: int | None) -> None:
    row = cleaned(rt_rw=[written]).accepted.row(0, named=True)
    assert (row["rt"], row["rw"]) == (rt, rw)


@pytest.mark.parametrize(
    ("written", "dusun"),
    [("DUSUN III", "DUSUN 3"), ("DSN. 3", "DUSUN 3"), ("Dsn.IV", "DUSUN 4"), ("3", "DUSUN 3"),
     ("LINGK. II", "LINGKUNGAN 2"), ("Mekar", "DUSUN MEKAR"), ("-", None)],
)  # fmt: skip
def test_dusun(written: str, dusun: str | None) -> None:
    assert cleaned(dusun=[written]).accepted["dusun"][0] == dusun


def test_an_address_is_folded_and_fills_dusun_and_rt() -> None:
    rows = cleaned(address=["JALAN NANI WARTABONE NO.12", "Dsn. IV RT 001/RW 002"]).accepted
    assert rows["address"].to_list() == ["JL NANI WARTABONE NO 12", "DUSUN 4 RT 001/RW 002"]
    assert rows.select("dusun", "rt", "rw").rows() == [(None, None, None), ("DUSUN 4", 1, 2)]
