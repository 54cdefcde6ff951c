"""What a list is, told by its headings and titles."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import RulesError
from pipeline.ingest.cards import Cards
from pipeline.ingest.recognise import Reading, Said, recognise
from pipeline.ingest.sheets import RawSheet, raw_batch
from pipeline.ingest.titles import Place, bare_name, month_in, place_in, program_in
from tests.ingest.written_lists import nik, no_kk


@pytest.fixture(scope="module")
def cards(request: pytest.FixtureRequest) -> Cards:
    return Cards.load(Path(__file__).parents[2] / "rules")


def read(
    cards: Cards, *rows: list[str], file: str = "daftar.csv", sheet: str = "", said: Said | None = None
) -> Reading | None:
    batch = raw_batch(1, [list(r) for r in rows])
    return recognise(batch, RawSheet(sheet, lambda: iter([batch])), file, cards, said or Said())


LISTS = """
registry | data.csv | NIK,NO KK,NAMA LENGKAP,TGL LAHIR,SHDK,DESIL NASIONAL
registry | DTSEN.csv | nomor_kartu_keluarga,nomor_induk_kependudukan,nama,jenis_kelamin,tanggal_lahir,\
status_hubungan_keluarga,desil_nasional
registry | x.csv | idsemesta,nama,nik,no_kk,hub_kepala_keluarga,pekerjaan_utama
registry | x.csv | nik,no_kk,name,birth_date,sex,relationship,desil
recipients | a.csv | NO,NAMA PENERIMA,NIK KTP,TAHAP,BANSOS,IDSEMESTA,NM PROV,NM KAB,NM KEC,NM KEL,ALAMAT
recipients | PBI.csv | NO,NOKAPST,NIK,NAMA,TGL LAHIR,STATUS
recipients | BLT_DD.csv | NO,NIK,NAMA KEPALA KELUARGA,JENIS KELAMIN,TANGGAL LAHIR,JUMLAH ANGGOTA KELUARGA,ALAMAT,\
RT,RW,JENIS PEKERJAAN,KRITERIA BLT
recipients | daftar.csv | NO,NAMA KPM,NIK,NO KKS,NOMINAL
payments | daftar_bayar.csv | NO,NAMA,NIK,NO REKENING,BANK,NOMINAL
payments | pkh.csv | NO,NAMA,NO REKENING,NAMA BANK,JUMLAH DIBAYAR,CABANG
transactions | x.csv | NO_KARTU,WAKTU_TRANSAKSI,NOMINAL,ID_AGEN
transactions | x.csv | card_number,transacted_at,amount,terminal_id
deaths | x.csv | NO,NIK,NAMA LENGKAP,TGL LAHIR,TGL MENINGGAL
deaths | Data_Kematian.csv | NO,NAMA,NIK,ALAMAT
employment | x.csv | NO,NIP,NIK,NAMA,STATUS KEPEGAWAIAN,INSTANSI
employment | Pegawai.csv | NO,NIK,NAMA,JABATAN,UNIT KERJA
companions | x.csv | NO,NAMA,NIK,JABATAN,WILAYAH TUGAS,NO HP
companions | Pendamping_PKH.csv | NO,NAMA PENDAMPING,NO HP,KECAMATAN
tksk | x.csv | NO,NAMA TKSK,NIK,KECAMATAN,NO HP
tksk | x.csv | no_induk_tksk_a,no_induk_tksk_b,kecamatan,nama,nomor_nik,no_hp
ppks | x.csv | NO,NAMA,NIK,KATEGORI PPKS,DESA
ppks | x.csv | id_dtks,kabupatenkota,kecamatan,desakeluarahan,nomor_nik,nama,tanggal_lahir,jenis_pmks
ppks | Data ODGJ 2026.csv | no,nik,kk,nama,kecamatan,desa,usia,keterangan,pengobatan
proposals | Usulan.csv | NO,NAMA,NIK,NO KK,PROGRAM USULAN,ALASAN
proposals | x.csv | NO,NAMA,NIK,NO KK,ALAMAT,TGL USULAN
outcomes | x.csv | case_id,outcome,visited_at,note
outcomes | x.csv | ID KASUS,HASIL KUNJUNGAN,TANGGAL,CATATAN,PETUGAS
"""


@pytest.mark.parametrize(("kind", "file", "header"), [line.split(" | ") for line in LISTS.strip().splitlines()])
def test_kinds_by_their_headings(cards: Cards, kind: str, file: str, header: str) -> None:
    headings = header.split(",")
    found = read(cards, headings, ["1"] * len(headings), file=file)
    assert found is not None
    assert found.kind == kind


MEANT = """
birth_date | Tgl. Lhr, Tanggal Lahir (dd-mm-yyyy), LAHIR / TANGGAL, Date of Birth, TGL LAHR
relationship | Hub. dg Kep. Keluarga, Relationship to Head of Household, Hubungan dlm KK
name | Nama Lengkap Ybs, Nama Anggota Kel., Full name, NAMA LENGKP
income | Penghasilan/bln (Rp), Rata-rata Penghasilan Sebulan, Monthly Income
population_status | Status Pddk, Ket. Kependudukan, Residency Status
school_level | Jenjang Pend. Saat Ini, Pendidikan yg sedang ditempuh
kecamatan | Kecamatan Domisili, KECAMTAN, Sub-district
dusun | Nama Dusun / Lingkungan, DUSN
phone | Kontak HP, Mobile Number, No. HP/WA
amount | Nilai Bantuan yg Diterima, NOMNIAL, Nominal (Rp.)
no_kk | Nomor KK (sesuai Kartu Keluarga), Family Card Number
- | NIK PETUGAS, NAMA PETUGAS ENTRI, NO KK LAMA, DESA ASAL, TGL PENCAIRAN, NAMA AHLI WARIS, NO SURAT, JUMLAH PINJAMAN
"""


@pytest.mark.parametrize(
    ("column", "heading"),
    [(line.split(" | ")[0], h) for line in MEANT.strip().splitlines() for h in line.split(" | ")[1].split(", ")],
)
def test_headings_nobody_wrote_down_are_read_by_their_words(cards: Cards, column: str, heading: str) -> None:
    found = cards.match(cards.kinds["registry"], (heading,))
    assert (found[0] if found else "-") == column


def test_a_heading_read_by_its_words_is_believed_only_if_its_cells_agree(cards: Cards) -> None:
    header = ["NAMA", "NIK", "Nilai Bantuan yg Diterima"]
    found = read(cards, header, ["SITI AMINAH", nik(1), "beras"], ["SUPARMAN", nik(2), "telur"], file="penerima.csv")
    assert found is not None
    assert "amount" not in found.columns
    assert "Nilai Bantuan yg Diterima" in found.unknown


def test_a_slip_that_leaves_two_columns_is_settled_by_what_is_missing_and_what_the_cells_look_like(
    cards: Cards,
) -> None:
    row = ["SITI AMINAH", nik(1), no_kk(1), "6032986360895002", "200000"]
    for header in (["NAMA KPM", "NIK", "NO KK", "NO KS", "NOMINAL"], ["NAMA", "NIK", "NOMOR KK", "NO KAS", "NOMINAL"]):
        found = read(cards, header, row, file="PKH.csv")
        assert found is not None
        assert found.columns["card_number"] == 3


def test_month_before_day_is_a_habit_of_a_whole_column(cards: Cards) -> None:
    def dates(*written: str) -> tuple[str, ...]:
        found = read(
            cards, ["NAMA", "NIK", "TGL LAHIR"], *(["SITI", nik(n), d] for n, d in enumerate(written)), file="DTSEN.csv"
        )
        assert found is not None
        return found.month_first

    english = [f"02/{n}/1980" for n in range(1, 29)]
    assert dates(*english) == ("birth_date",)
    assert dates(*(f"{n}/02/1980" for n in range(1, 29)), "02/28/1980", "03/28/1980") == ()  # single slips


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("NO_KARTU,TANGGAL,JAM,NOMINAL", {"transacted_at": 1, "time_of_day": 2}),
        ("NO_KARTU,TANGGAL,WAKTU,NOMINAL", {"transacted_at": 1, "time_of_day": 2}),
        ("NO_KARTU,WAKTU TRANSAKSI,ID_AGEN,NOMINAL", {"transacted_at": 1}),
    ],
)
def test_day_and_time_of_a_transaction_apart(cards: Cards, header: str, columns: dict[str, int]) -> None:
    second = "09:03:07" if "time_of_day" in columns else "AG1"
    found = read(cards, header.split(","), ["6032980000000001", "2026-09-07", second, "200000"], file="Transaksi.csv")
    assert found is not None
    assert {c: j for c, j in found.columns.items() if c in ("transacted_at", "time_of_day")} == columns


@pytest.mark.parametrize(
    "header",
    [
        "KODE,NAMA BARANG,STOK",
        "NO,KECAMATAN,JUMLAH KPM,NOMINAL",
        "TANGGAL,URAIAN,DEBET,KREDIT",
        "NO,NAMA DESA,NAMA KECAMATAN",
    ],
)
def test_other_tables_are_no_list(cards: Cards, header: str) -> None:
    headings = header.split(",")
    assert read(cards, headings, ["1"] * len(headings)) is None


def test_an_export_with_scores_of_columns_that_no_card_knows(cards: Cards) -> None:
    known = ["NO", "NAMA LENGKAP", "NIK", "NO KK", "TANGGAL LAHIR", "DESIL", "DESA", "KECAMATAN"]
    headings = [*known, *(f"JENIS BAHAN {i}" for i in range(80))]
    found = read(cards, headings, ["1"] * len(headings))
    assert found is not None
    assert found.kind == "registry"
    assert len(found.unknown) == 80


HEADINGS = {
    "nik": "N I K|NIK*|No. KTP|NIK (16 digit)|Nomor Induk Kependudukan (NIK)",
    "no_kk": "NoKK|NO.KK|Nomor KK Penerima|no_kartu_keluarga",
    "birth_date": "TANGAL LAHIR|Tgl. Lahir (dd/mm/yyyy)|TGL_LHR",
    "ttl": "Tempat, Tanggal Lahir|TTL",
    "kecamatan": "KECAMTAN|Kec.|NM KEC",
    "desa": "DESAKELUARAHAN|Desa / Kelurahan|kelurahan_desa",
    "rt_rw": "RT / RW|rt_rw",
    "relationship": "Hub. Keluarga|STAT_HBKEL",
    "account_number": "NO. REK|Nomor Rekening Bansos",
    "amount": "Jumlah (Rp)|NOMINAL BANTUAN",
    "card_number": "NOMOR KARTU KELUARGA SEJAHTERA|NO. KKS",
    "phone": "No. WA|no_hp",
    "name": "Nama Lengkap Penerima BLT DD|NAMA_LGKP|Nama KPM",
}


@pytest.mark.parametrize(("column", "heading"), [(c, h) for c, row in HEADINGS.items() for h in row.split("|")])
def test_headings_as_they_are_written(cards: Cards, column: str, heading: str) -> None:
    matched = cards.match(cards.kinds["recipients"], (heading,))
    assert matched is not None
    assert matched[0] == column


def test_the_better_of_two_names_is_read(cards: Cards) -> None:
    found = read(cards, ["NIK", "NAMA KEPALA KELUARGA", "NAMA", "DESIL"], ["1", "A", "B", "2"])
    assert found is not None
    assert found.columns["name"] == 2


@pytest.mark.parametrize(
    ("cells", "column"), [(["0001234567890"] * 3, "bpjs_number"), (["6032981234567890"] * 3, "card_number")]
)
def test_a_card_number_is_told_from_an_insurance_number_by_its_digits(
    cards: Cards, cells: list[str], column: str
) -> None:
    found = read(
        cards,
        ["NAMA", "NIK", "NO KARTU", "STATUS"],
        *(["A", nik(i), c, "AKTIF"] for i, c in enumerate(cells)),
        file="x.csv",
    )
    assert found is not None
    assert column in found.columns


def test_family_number_or_desa_code_under_one_heading(cards: Cards) -> None:
    for cell, column in ((no_kk(1), "no_kk"), ("7501162001", "desa_code")):
        found = read(cards, ["NAMA PENERIMA", "NIK", "NO KEL", "BANSOS", "NOMINAL"], ["A", nik(1), cell, "PKH", "5"])
        assert found is not None
        assert column in found.columns


def test_unknown_columns_are_named(cards: Cards) -> None:
    found = read(cards, ["NAMA", "NIK", "NOMINAL", "WARNA RUMAH", "PKH", "TTD"], ["A", nik(1), "5", "biru", "", ""])
    assert found is not None
    assert found.unknown == ("WARNA RUMAH",)


def test_the_unquoted_no_of_yaml_is_a_heading(cards: Cards) -> None:
    assert "NO" in cards.columns.number_columns


def test_a_heading_with_two_meanings_is_refused(tmp_path: Path, rules: Path) -> None:
    import shutil

    shutil.copytree(rules, tmp_path / "rules")
    card = tmp_path / "rules" / "sources" / "deaths.yaml"
    card.write_text(card.read_text().replace("headings:", "headings:\n  birth_date: [TGL]"))
    with pytest.raises(RulesError, match="TGL stands under birth_date, death_date"):
        Cards.load(tmp_path / "rules")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("DESA BONTULA KECAMATAN ASPARAGA KABUPATEN GORONTALO", Place("BONTULA", "ASPARAGA", "KABUPATEN GORONTALO")),
        ("Desa/Kelurahan : Hepuhulawa   Kecamatan : Limboto", Place("HEPUHULAWA", "LIMBOTO", None)),
        ("KEC. KOTA TIMUR, KOTA GORONTALO", Place(None, "KOTA TIMUR", "KOTA GORONTALO")),
        ("PEMERINTAH KABUPATEN GORONTALO UTARA DINAS SOSIAL", Place(None, None, "KABUPATEN GORONTALO UTARA")),
        ("BLT_DD_Desa_Cempaka_Putih_7505052011_2026-09", Place("CEMPAKA PUTIH", None, None)),
        ("BANTUAN LANGSUNG TUNAI DANA DESA TAHUN 2026", Place()),
        ("HASIL MUSYAWARAH DESA SEPTEMBER 2026", Place()),
        ("KEPALA DESA HUIDU", Place("HUIDU", None, None)),
    ],
)
def test_places_in_titles(text: str, place: Place) -> None:
    assert place_in(text) == place


def test_months_in_titles() -> None:
    assert month_in(["KEADAAN 30 SEPTEMBER 2026"]) == "2026-09"
    assert month_in(["PKH_2026-10"]) == "2026-10"
    assert month_in(["PKH Okt 2026.xlsx"]) == "2026-10"
    assert month_in(["TAHUN 2026"]) is None
    assert month_in(["SEPTEMBER 2026 DAN OKTOBER 2026"]) is None


def test_programs_in_titles(cards: Cards) -> None:
    assert program_in(["BANTUAN LANGSUNG TUNAI DANA DESA (BLT-DD)"], cards) == "blt_dd"
    assert program_in(["KPM PKH DAN SEMBAKO", "Sembako"], cards) == "sembako"
    assert program_in(["DAFTAR HADIR"], cards) is None
    assert program_in(["PENERIMA BLT KESRA TAHUN 2026"], cards) == "blt_kesra"
    assert program_in(["BPNT DAN BANTUAN BERAS"], cards) == "sembako"


def test_sheet_names_that_could_be_places() -> None:
    assert [bare_name(s) for s in ("Sheet1", "Data", "01. Bakti", "Bukit Aren", "3")] == [
        None,
        None,
        "BAKTI",
        "BUKIT AREN",
        None,
    ]


def test_kinds_hold_in_a_batch_of_one_column(cards: Cards) -> None:
    assert (
        recognise(
            pl.DataFrame({"row_number": [1], "c0": ["NIK"], "t0": [0]}),
            RawSheet("", lambda: iter([])),
            "x",
            cards,
            Said(),
        )
        is None
    )
