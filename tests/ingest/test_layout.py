"""Which rows of a sheet are people, and which are only its layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingest.written_lists import (
    HEADER,
    Ingested,
    Row,
    blank,
    ingested,
    name,
    nik,
    no_kk,
    person_row,
    write_csv,
    write_xlsx,
)

TITLES: list[Row] = [
    ["PEMERINTAH KABUPATEN GORONTALO"],
    ["DAFTAR PENERIMA MANFAAT PROGRAM KELUARGA HARAPAN (PKH)"],
    ["KECAMATAN PULUBALA KABUPATEN GORONTALO"],
    ["PERIODE SEPTEMBER 2026"],
    blank(),
]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


@pytest.fixture(params=["xlsx", "csv"])
def read(request: pytest.FixtureRequest, raw: Path, rules: Path):  # type: ignore[no-untyped-def]
    """Ingest one list, written in either format."""

    def _read(rows: list[Row], file: str = "PKH_KPM") -> Ingested:
        if request.param == "xlsx":
            write_xlsx(raw / f"{file}.xlsx", {"Data": rows})
        else:
            width = max(map(len, rows))
            write_csv(raw / f"{file}.csv", [[*r, *blank(width - len(r))] for r in rows], separator=";")
        found = ingested(raw, rules)
        books = found.files.row(0, named=True)
        assert books["rows_total"] == sum(any(v != "" for v in row) for row in rows)
        assert books["rows_total"] == books["rows_accepted"] + books["rows_quarantined"] + books["rows_layout"]
        return found

    return _read


def test_letterhead_titles_and_header_are_layout_and_people_keep_their_row_numbers(read) -> None:  # type: ignore[no-untyped-def]
    found = read([*TITLES, HEADER, *(person_row(i) for i in range(3))])
    assert found.rows() == [7, 8, 9]
    assert found.files["header_row"].item() == 6
    assert found.mentions["program"].unique().to_list() == ["pkh"]
    assert found.column("name")[7] == name(0)
    assert found.column("nik")[8] == nik(1)


def test_blank_rows_count_in_row_numbers_and_nowhere_else(read) -> None:  # type: ignore[no-untyped-def]
    found = read([HEADER, person_row(0), blank(), blank(), person_row(1)])
    assert found.rows() == [2, 5]


@pytest.mark.parametrize(
    "numbers",
    [
        list(range(1, 9)),
        [f"({n})" for n in range(1, 9)],
        [str(n) for n in range(1, 9)],
        [1, 2, 3, 4, 5, 6, 7, "8 = 6 x 7"],
        list("ABCDEFGH"),
        [8, 1, 2, 3, 4, 5, 6, 7],  # columns put in another order, their numbers with them
    ],
)
def test_column_numbers_below_the_header_are_layout(read, numbers: Row) -> None:  # type: ignore[no-untyped-def]
    found = read([HEADER, numbers, person_row(0), person_row(1)])
    assert found.rows() == [3, 4]
    assert found.quarantine.is_empty()


def test_header_and_column_numbers_repeated_on_each_page(read) -> None:  # type: ignore[no-untyped-def]
    numbers = list(range(1, 9))
    page = [["DAFTAR PENERIMA PKH"], HEADER, numbers]
    found = read([*page, *(person_row(i) for i in range(3)), *page, *(person_row(i) for i in range(3, 6))])
    assert found.rows() == [4, 5, 6, 10, 11, 12]
    assert found.quarantine.is_empty()


def test_header_words_cut_over_two_lines(read) -> None:  # type: ignore[no-untyped-def]
    top = ["NO", "NAMA", "NIK", "NO", "TANGGAL", "JENIS", "DESA /", "JUMLAH"]
    below = ["", "PENERIMA", "", "KK", "LAHIR", "KELAMIN", "KELURAHAN", "BANTUAN"]
    rows = [[i + 1, name(i), nik(i), no_kk(i), "17-08-1980", "P", "Pulubala", 200000] for i in range(3)]
    found = read([["DAFTAR PENERIMA PKH"], top, below, *rows])
    assert found.rows() == [4, 5, 6]
    assert found.column("no_kk")[4] == no_kk(0)
    assert found.column("sex")[4] == "P"
    assert str(found.column("birth_date")[4]) == "1980-08-17"
    assert found.column("amount")[4] == 200000


def test_group_headings_over_sub_headings(raw: Path, rules: Path) -> None:
    top = ["NO", "IDENTITAS PENERIMA", "", "", "KELAHIRAN", "", "ALAMAT", "", "", "JENIS KELAMIN", "", "NOMINAL"]
    below = ["", "NAMA", "NIK", "NO KK", "TEMPAT", "TANGGAL", "DUSUN", "RT", "DESA", "L", "P", ""]
    people = [
        [1, name(0), nik(0), no_kk(0), "GORONTALO", "01-02-1980", "Dusun I", "003", "Pulubala", "", "V", 200000],
        [2, name(1), nik(1), no_kk(1), "LIMBOTO", "03-04-1981", "Dusun II", "001", "Pulubala", "V", "", 200000],
    ]
    merges = [
        *((1, c, 2, c) for c in (0, 11)),
        (1, 1, 1, 3),
        (1, 4, 1, 5),
        (1, 6, 1, 8),
        (1, 9, 1, 10),
    ]
    rows = [["DAFTAR KPM SEMBAKO KECAMATAN PULUBALA"], top, below, *people]
    write_xlsx(raw / "a.xlsx", {"Data": rows}, merges={"Data": merges})
    found = ingested(raw, rules)
    assert found.rows() == [4, 5]
    first = found.mentions.row(0, named=True)
    assert (first["name"], first["birth_place"], str(first["birth_date"])) == (name(0), "GORONTALO", "1980-02-01")
    assert (first["desa"], first["rt"], first["sex"], first["amount"]) == ("PULUBALA", 3, "P", 200000)
    assert found.column("sex")[5] == "L"
    write_csv(raw / "a.csv", rows)
    (raw / "a.xlsx").unlink()
    again = ingested(raw, rules)
    assert again.mentions.drop("mention_id", "source_file", "sheet").equals(
        found.mentions.drop("mention_id", "source_file", "sheet")
    )


def test_group_rows_say_where_the_rows_below_them_live(read) -> None:  # type: ignore[no-untyped-def]
    header = ["NO", "NAMA KPM", "NIK", "NO KK", "NOMINAL"]
    row = lambda i: [i + 1, name(i), nik(i), no_kk(i), 300000]  # noqa: E731
    found = read(
        [
            ["PENERIMA BLT DANA DESA KABUPATEN GORONTALO"],
            header,
            ["KECAMATAN PULUBALA"],
            ["DESA BAKTI"],
            row(0),
            row(1),
            ["", "DESA : PONGONGAILA"],
            row(0),
            ["II", "KECAMATAN TABONGO"],
            ["A. Desa Teratai"],
            row(0),
        ],
        "BLT",
    )
    assert found.rows() == [5, 6, 8, 11]
    assert [found.column("desa")[r] for r in (5, 6, 8, 11)] == ["BAKTI", "BAKTI", "PONGONGAILA", "TERATAI"]
    assert [found.column("kecamatan")[r] for r in (5, 8, 11)] == ["PULUBALA", "PULUBALA", "TABONGO"]
    assert found.column("desa_code")[11].startswith("750119")


def test_a_sum_that_slipped_under_a_number_column_is_no_person(read) -> None:  # type: ignore[no-untyped-def]
    slipped: Row = ["", "JUMLAH", "", 23845000, "", "", "", ""]
    of_that_name: Row = [4, "TOTAL SUPARMAN", nik(4), no_kk(4), "Dusun 1", "Pongongaila", "Pulubala", 300000]
    found = read([HEADER, *(person_row(i) for i in range(3)), of_that_name, slipped])
    assert found.rows() == [2, 3, 4, 5]


def test_sub_totals_and_totals_are_layout(read) -> None:  # type: ignore[no-untyped-def]
    found = read(
        [
            HEADER,
            person_row(0),
            person_row(1),
            ["", "JUMLAH DESA PONGONGAILA", "", "", "", "", "", 600000],
            person_row(2),
            ["SUB TOTAL", "", "", "", "", "", "", 300000],
            ["Jumlah Keseluruhan", "", "", "3 KPM", "", "", "", 900000],
            ["", "", "", "", "", "", "", 900000],
        ]
    )
    assert found.rows() == [2, 3, 5]
    assert found.quarantine.is_empty()


SIGNATURES: list[list[Row]] = [
    [
        blank(),
        ["", "", "", "", "", "Pulubala, 30 September 2026"],
        ["", "", "", "", "", "Mengetahui,"],
        ["", "", "", "", "", "Kepala Desa Pongongaila"],
        blank(),
        ["", "", "", "", "", "( Iskandar Hulopi )"],
    ],
    [
        ["", "Mengetahui,", "", "", "", "Gorontalo, 2 Oktober 2026"],
        ["", "Kepala Dinas Sosial", "", "", "", "Bendahara Pengeluaran"],
        blank(),
        ["", "Drs. ARIFIN MONOARFA, M.Si", "", "", "", "SRI HARTATI PODUNGGE"],
        ["", "NIP. 19700101 199003 1 001", "", "", "", "NIP. 198002022005012002"],
    ],
    [
        blank(),
        ["", "PENJABAT KEPALA DESA"],
        blank(),
        ["", "HAMZAH DJAFAR"],
    ],
    [
        ["Sumber: Dinas Sosial Kab. Gorontalo"],
        ["Jumlah anggota: 3"],
        ["Catatan : data per 30 September 2026"],
    ],
    [
        ["TOTAL", "", "", "", "", "", "", 900000],
        ["", "Camat Pulubala,", "", "", "", "", ""],
        ["", "RAMLI ABDULLAH, S.Sos"],
        ["", "Pembina Tk. I, IV/b"],
        ["", "197503052000031004"],
    ],
]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_signatures_look_like_people_and_are_not(read, signature: list[Row]) -> None:  # type: ignore[no-untyped-def]
    found = read([*TITLES, HEADER, *(person_row(i) for i in range(3)), *signature])
    assert found.rows() == [7, 8, 9]
    assert found.quarantine.is_empty()


def test_signatures_between_the_tables_of_two_desa(read) -> None:  # type: ignore[no-untyped-def]
    table = [HEADER, *(person_row(i) for i in range(2))]
    found = read([["DESA BAKTI"], *table, *SIGNATURES[2], ["DESA TOYIDITO"], *table, *SIGNATURES[0]])
    assert found.rows() == [3, 4, 11, 12]
    assert found.quarantine.is_empty()


def test_nothing_below_an_end_mark_belongs_to_the_list(read) -> None:  # type: ignore[no-untyped-def]
    found = read([HEADER, person_row(0), ["###"], ["Contoh pengisian:"], person_row(1)])
    assert found.rows() == [2]
    assert found.quarantine.is_empty()


def test_broken_rows_of_people_go_to_quarantine_and_not_to_layout(read) -> None:  # type: ignore[no-untyped-def]
    found = read(
        [
            HEADER,
            person_row(0),
            [2, "", "", "", "Dusun 1", "Bakti", "Pulubala", 300000],
            [3, "", "", "", "", "Bakti", "", ""],
            [4, "", "", "", "Dusun II", "", "", ""],
            person_row(4),
            [6, "-", "-", "", "", "Bakti", "Pulubala", ""],
            ["", "", "", "", "Dusun 1", "Bakti", "Pulubala", 300000],
            [8, "", "", "", "Dusun 1", "Bakti", "Pulubala", 300000],
        ]
    )
    assert found.rows() == [2, 6]
    assert sorted(found.quarantined()) == [3, 4, 5, 7, 8, 9]


def test_a_list_without_running_numbers_keeps_its_last_rows(read) -> None:  # type: ignore[no-untyped-def]
    header = ["NAMA TKSK", "NIK", "KECAMATAN"]
    found = read(
        [header, [name(0), nik(0), "Pulubala"], [name(1), "", "Tabongo"], [name(2), "", "Biau"]], "Daftar TKSK"
    )
    assert found.rows() == [2, 3, 4]


def test_a_person_is_a_person_whatever_the_words_beside_the_name(read) -> None:  # type: ignore[no-untyped-def]
    row = person_row(0)
    odd = [*row[:4], "KEPALA DESA LAMA, JUMLAH RUMAH 3", *row[5:]]
    total = person_row(1)
    total[1] = "TOTAL SUHARTO"
    found = read([HEADER, odd, total])
    assert found.rows() == [2, 3]


def test_summary_sheets_and_notes_are_left_out_and_reported(raw: Path, rules: Path) -> None:
    recap = [["REKAPITULASI PENERIMA PKH"], ["NO", "KECAMATAN", "JUMLAH KPM", "NOMINAL"], [1, "PULUBALA", 3, 900000]]
    people = [*TITLES, HEADER, *(person_row(i) for i in range(3))]
    write_xlsx(raw / "PKH.xlsx", {"REKAP": recap, "Pulubala": people, "Kosong": []})
    found = ingested(raw, rules)
    kinds = dict(found.files.select("sheet", "kind").iter_rows())
    assert kinds == {"REKAP": "none", "Pulubala": "recipients", "Kosong": "none"}
    assert found.files.filter(found.files["sheet"] == "REKAP")["rows_layout"].item() == 3
    assert {"unknown_sheet", "empty_sheet"} <= found.codes()


def test_a_sheet_named_like_its_desa_says_where_people_live(raw: Path, rules: Path) -> None:
    header = ["NO", "NAMA KPM", "NIK", "NO KK", "NOMINAL"]
    sheet = [["PENERIMA BLT DESA TAHUN 2026"], header, *([i + 1, name(i), nik(i), no_kk(i), 300000] for i in range(2))]
    write_xlsx(raw / "BLT_DD_Kec_Pulubala_750116.xlsx", {"Bakti": sheet, "Toyidito": sheet})
    found = ingested(raw, rules)
    assert found.mentions["desa_code"].str.starts_with("750116").all()
    assert found.mentions["desa_code"].n_unique() == 2


def test_a_list_that_does_not_begin_in_the_first_cell(raw: Path, rules: Path) -> None:
    write_xlsx(raw / "PKH.xlsx", {"Data": [HEADER, person_row(0), person_row(1)]}, at=(6, 3))
    assert ingested(raw, rules).rows() == [8, 9]


def test_a_family_number_merged_over_its_members(raw: Path, rules: Path) -> None:
    header = ["NO", "NO KK", "NAMA", "NIK", "SHDK", "DESIL"]
    rows: list[Row] = [
        header,
        [1, no_kk(0), name(0), nik(0), "KEPALA KELUARGA", 2],
        [2, "", name(1), nik(1), "ISTRI", 2],
        [3, "", name(2), nik(2), "ANAK", 2],
        [4, no_kk(5), name(3), nik(3), "KEPALA KELUARGA", 3],
        [5, "", name(4), nik(4), "ISTRI", 3],
    ]
    write_xlsx(raw / "DTSEN.xlsx", {"Data": rows}, merges={"Data": [(1, 1, 3, 1), (4, 1, 5, 1)]})
    found = ingested(raw, rules)
    assert found.column("no_kk") == {2: no_kk(0), 3: no_kk(0), 4: no_kk(0), 5: no_kk(5), 6: no_kk(5)}


def test_a_second_table_with_its_columns_in_another_order(read) -> None:  # type: ignore[no-untyped-def]
    other = ["NO", "NO KK", "NIK", "NAMA PENERIMA", "NOMINAL"]
    below = [[i + 1, no_kk(i), nik(i), name(i), 150000] for i in range(5, 8)]
    above = [["DESA BAKTI"], HEADER, *(person_row(i, "") for i in range(3))]
    found = read([*above, blank(), ["DESA TOYIDITO"], other, *below])
    assert found.rows() == [3, 4, 5, 9, 10, 11]
    assert found.quarantine.is_empty()
    assert found.column("name")[9] == name(5)
    assert found.column("amount")[10] == 150000
    assert [found.column("desa")[r] for r in (3, 9)] == ["BAKTI", "TOYIDITO"]


def test_a_sheet_that_continues_another_without_a_header(raw: Path, rules: Path) -> None:
    pages = {"Data 1": [HEADER, *(person_row(i) for i in range(3))], "Data 2": [person_row(i) for i in range(3, 6)]}
    write_xlsx(raw / "PKH.xlsx", {**pages, "Catatan": [["hubungi", "operator"], ["0812", "3456"]]})
    found = ingested(raw, rules)
    assert found.rows("Data 2") == [1, 2, 3]
    assert sorted(found.mentions["nik"].to_list()) == sorted(nik(i) for i in range(6))
    assert dict(found.files.select("sheet", "kind").iter_rows())["Catatan"] == "none"


def test_a_desa_without_recipients_says_nihil(read) -> None:  # type: ignore[no-untyped-def]
    footer = [blank(), ["", "Bakti, September 2026"], ["", "HAMZAH DAUD"]]
    found = read([["PENERIMA BLT DD DESA BAKTI"], HEADER, ["", "NIHIL"], *footer], "BLT")
    assert found.rows() == []
    assert found.quarantine.is_empty()
    assert "no_rows" in found.codes()


def test_a_birth_or_a_job_is_no_signature(read) -> None:  # type: ignore[no-untyped-def]
    header = [
        "NAMA",
        "NIK",
        "NO KK",
        "TTL",
        "ALAMAT",
        "RT",
        "RW",
        "DESA",
        "KECAMATAN",
        "PEKERJAAN",
        "NO KKS",
        "NOMINAL",
    ]
    full = [
        name(0),
        nik(0),
        no_kk(0),
        "Gorontalo, 31-12-1989",
        "Dusun I",
        "1",
        "2",
        "Bakti",
        "Pulubala",
        "Petani",
        "",
        5,
    ]
    scant = [name(1), "", "", "Limboto, 30 September 1970", *blank(5), "Kepala Desa", "", ""]
    found = read([["KPM PKH"], header, full, scant, full])
    assert found.rows() == [3, 5]
    assert found.quarantined() == {4: "no_number"}
