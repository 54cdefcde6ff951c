"""Files that are damaged, disguised or empty: a clear message and nothing written, or read all the same."""

from __future__ import annotations

import os
import time
import zipfile
from pathlib import Path

import pytest

from pipeline.ingest import inputs_hash
from tests.ingest.written_lists import (
    HEADER,
    blank,
    ingested,
    nik,
    person_row,
    refused,
    write_csv,
    write_json_lines,
    write_ods,
    write_parquet,
    write_xls,
    write_xlsx,
)

ROWS = [HEADER, *(person_row(i) for i in range(5))]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


def test_an_empty_folder_and_a_missing_one(raw: Path, rules: Path) -> None:
    (raw / "~$PKH.xlsx").write_bytes(b"lock")
    (raw / ".DS_Store").write_bytes(b"x")
    assert "the folder is empty" in refused(raw, rules)
    assert "no such folder" in refused(raw.parent / "nowhere", rules)


def test_a_truncated_workbook(raw: Path, rules: Path) -> None:
    path = write_xlsx(raw / "PKH.xlsx", {"Data": ROWS})
    data = path.read_bytes()
    for share in (0.2, 0.5, 0.9, 0.99):
        path.write_bytes(data[: int(len(data) * share)])
        assert "PKH.xlsx: the workbook cannot be read" in refused(raw, rules)


def test_an_archive_that_is_no_workbook(raw: Path, rules: Path) -> None:
    for inside, said in {"word/document.xml": "a Word document", "PKH.csv": "a ZIP archive"}.items():
        with zipfile.ZipFile(raw / "PKH.xlsx", "w") as archive:
            archive.writestr(inside, "<nothing/>")
        assert f"PKH.xlsx: the content is {said}" in refused(raw, rules)


def test_a_workbook_with_a_damaged_sheet(raw: Path, rules: Path) -> None:
    path = write_xlsx(raw / "a.xlsx", {"Data": ROWS})
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(raw / "PKH.xlsx", "w") as broken:
        for part in whole.namelist():
            data = whole.read(part)
            broken.writestr(part, data[: len(data) // 2] if "sheet1" in part else data)
    path.unlink()
    assert "PKH.xlsx: the workbook cannot be read" in refused(raw, rules)


def test_a_workbook_behind_a_password(raw: Path, rules: Path) -> None:
    stream_name = "EncryptedPackage".encode("utf-16-le")
    (raw / "PKH.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + stream_name + bytes(4000))
    assert "protected by a password" in refused(raw, rules)


def test_an_old_xls_that_is_called_xlsx(raw: Path, rules: Path) -> None:
    write_xls(raw / "PKH.xlsx", {"Data": ROWS})
    assert ingested(raw, rules).rows() == [2, 3, 4, 5, 6]


def test_workbooks_and_tables_under_wrong_names(raw: Path, rules: Path) -> None:
    write_xlsx(raw / "x.xlsx", {"Data": ROWS}).rename(raw / "PKH 1.csv")
    write_csv(raw / "PKH 2.xls", [HEADER, *(person_row(i) for i in range(5, 9))], separator="\t")
    write_ods(raw / "PKH 3.xlsx", {"Data": [HEADER, *(person_row(i) for i in range(9, 12))]})
    assert len(ingested(raw, rules).rows()) == 12


def test_nul_bytes_name_their_line(raw: Path, rules: Path) -> None:
    path = write_csv(raw / "PKH.csv", ROWS)
    path.write_bytes(path.read_bytes().replace(b"YUSUF", b"YUS\0F"))
    assert "PKH.csv, line 4: a NUL byte" in refused(raw, rules)


def test_all_problems_of_a_folder_are_told_at_once(raw: Path, rules: Path) -> None:
    write_csv(raw / "PKH.csv", ROWS)
    write_csv(raw / "PKH (1).csv", ROWS)
    write_csv(raw / "stok.csv", [["KODE", "BARANG", "STOK"], ["A1", "BERAS", "3"]])
    (raw / "surat.pdf").write_bytes(b"%PDF-1.7 surat")
    (raw / "halaman.xls").write_text("<html><table><tr><td>NIK</td></tr></table></html>")
    (raw / "kosong.csv").write_bytes(b"\r\n\r\n")
    (raw / "rusak.parquet").write_bytes(b"PAR1 and nothing more")
    (raw / "rusak.jsonl").write_text('{"nik": "1"}\n{"nik": \n')
    (raw / "rusak.xlsx").write_bytes(b"PK\x03\x04 cut")
    message = refused(raw, rules)
    for file in (
        "stok.csv",
        "surat.pdf",
        "halaman.xls",
        "kosong.csv",
        "rusak.parquet",
        "rusak.jsonl, line 2",
        "rusak.xlsx",
    ):
        assert f"{file}: " in message
    assert "has the same content as" in message
    assert "KODE, BARANG, STOK" in message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
def test_what_is_no_readable_file_is_named_with_the_rest(raw: Path, rules: Path) -> None:
    (raw / "PKH.csv").symlink_to(raw / "nowhere.csv")
    os.mkfifo(raw / "pipa.csv")
    (raw / "stok.csv").write_text("KODE,BARANG\n1,BERAS\n")
    assert inputs_hash(raw) == inputs_hash(raw)
    message = refused(raw, rules)
    assert "PKH.csv: is a link that leads nowhere" in message
    assert "pipa.csv: is no file" in message
    assert "stok.csv: no sheet is a list of a known kind" in message


def test_a_file_name_that_is_no_text(raw: Path, rules: Path) -> None:
    try:
        write_csv(raw / "PKH.csv", ROWS).rename(os.fsdecode(os.fsencode(raw) + b"/PKH \xe9.csv"))
    except OSError:
        pytest.skip("this file system takes no such names")
    assert "rename the file" in refused(raw, rules)


@pytest.mark.parametrize("text", ['[{"nama": "A"}]', '{\n "data": [{"nama": "A"}]\n}'])
def test_a_json_document_is_told_from_json_lines(raw: Path, rules: Path, text: str) -> None:
    (raw / "PKH.json").write_text(text)
    assert "not one record a line" in refused(raw, rules)


def test_json_of_brackets_without_end(raw: Path, rules: Path) -> None:
    (raw / "PKH.jsonl").write_text('{"nama": ' + "[" * 100_000 + "]" * 100_000 + "}\n")
    assert "PKH.jsonl, line 1: is not one JSON object" in refused(raw, rules)


def test_sources_yaml_leaves_files_out_and_names_kinds(raw: Path, rules: Path) -> None:
    write_csv(raw / "stok.csv", [["KODE", "BARANG"], ["A1", "BERAS"]])
    write_csv(raw / "daftar.csv", [["ORANG", "NOMOR INDUK", "UANG"], ["SITI", nik(1), 5000], ["BUDI", nik(2), 6000]])
    before = inputs_hash(raw)
    (raw / "sources.yaml").write_text(
        "- file: 'st*.csv'\n  kind: ignore\n"
        "- file: daftar.csv\n  kind: recipients\n  program: BPNT\n"
        "  columns: {ORANG: name, NOMOR INDUK: nik, UANG: amount}\n"
    )
    found = ingested(raw, rules)
    assert found.rows() == [2, 3]
    assert found.mentions["program"].unique().to_list() == ["sembako"]
    assert found.column("amount") == {2: 5000, 3: 6000}
    assert inputs_hash(raw) != before


def test_a_mistake_in_sources_yaml_names_its_line(raw: Path, rules: Path) -> None:
    write_csv(raw / "PKH.csv", ROWS)
    (raw / "sources.yaml").write_text("- file: PKH.csv\n  kinds: recipients\n")
    assert "sources.yaml:2" in refused(raw, rules)
    (raw / "sources.yaml").write_text("- file: PKH.csv\n  kind: penerima\n")
    assert "penerima" in refused(raw, rules)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("K-AAA-AAA-AAA-AAB;Layak;1x/11/2026;ada\n", {"day_unreadable"}),
        ("K-AAA-AAA-AAA-AAB;Layak;15/11/2026;ada", set()),
        ("K-AAA-AAA-AAA-AAB;Layak", {"broken_off"}),
    ],
)
def test_answers_that_broke_off_and_days_that_cannot_be_read_are_told(
    raw: Path, rules: Path, end: str, told: set[str]
) -> None:
    write_csv(raw / "PKH.csv", ROWS)
    lines = "ID KASUS;HASIL;TANGGAL KUNJUNGAN;CATATAN\nK-AAA-AAA-AAA-AAA;Layak;14/11/2026;ada\n"
    (raw / "hasil.csv").write_text(lines + end, encoding="utf-8")
    assert ingested(raw, rules).codes() & {"broken_off", "day_unreadable"} == told


def test_a_header_without_rows_and_an_empty_sheet_stop_nothing(raw: Path, rules: Path) -> None:
    write_csv(raw / "PKH.csv", ROWS)
    write_csv(raw / "SEMBAKO.csv", [HEADER])
    write_xlsx(raw / "kosong.xlsx", {"Sheet1": []})
    found = ingested(raw, rules)
    assert len(found.rows()) == 5
    assert {"no_rows", "empty_sheet"} <= found.codes()
    assert dict(found.files.select("source_file", "rows_layout").iter_rows()) == {
        "PKH.csv": 1,
        "SEMBAKO.csv": 1,
        "kosong.xlsx": 0,
    }


def test_a_cell_of_ten_megabytes(raw: Path, rules: Path) -> None:
    rows = [HEADER, *(person_row(i) for i in range(3))]
    rows[2][4] = "JALAN " * 1_700_000
    write_csv(raw / "PKH.csv", rows)
    start = time.monotonic()
    assert ingested(raw, rules).rows() == [2, 3, 4]
    assert time.monotonic() - start < 30


def test_a_million_empty_rows(raw: Path, rules: Path) -> None:
    write_xlsx(raw / "PKH 1.xlsx", {"Data": [*ROWS, *([blank()] * 10)]})
    lines = "\r\n".join(",".join(map(str, row)) for row in [HEADER, *(person_row(i) for i in range(7, 9))])
    (raw / "PKH 2.csv").write_text(lines + "\r\n" + ",,,,,,,\r\n" * 1_000_000 + ",".join(map(str, person_row(9))))
    start = time.monotonic()
    found = ingested(raw, rules)
    assert len(found.rows()) == 8
    assert max(found.rows()) == 1_000_004
    assert time.monotonic() - start < 60


def test_a_stray_cell_at_the_far_corner_of_a_sheet(raw: Path, rules: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(raw / "PKH.xlsx"))
    sheet = book.add_worksheet()
    for r, row in enumerate(ROWS):
        sheet.write_row(r, 0, row)
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    assert "delete the empty rows and columns" in refused(raw, rules)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators(raw: Path, rules: Path, encoding: str, separator: str) -> None:
    rows = [HEADER, *(person_row(i) for i in range(4))]
    rows[1][4] = "Jl. José Rizal, No. 5"
    write_csv(raw / "PKH.csv", rows, encoding=encoding, separator=separator)
    found = ingested(raw, rules)
    assert found.rows() == [2, 3, 4, 5]
    assert "JOSÉ" in found.column("address")[2]


def test_a_line_break_inside_quotes_is_no_new_row(raw: Path, rules: Path) -> None:
    rows = [HEADER, *(person_row(i) for i in range(3))]
    rows[1][4] = 'Jl. "Merdeka"\nNo. 5'
    write_csv(raw / "PKH.csv", rows)
    assert ingested(raw, rules).rows() == [2, 3, 4]


def test_a_quotation_mark_that_is_never_closed_names_its_row(raw: Path, rules: Path) -> None:
    lines = [",".join(map(str, row)) for row in ROWS]
    lines[2] = lines[2].replace("Dusun", '"Dusun')
    (raw / "PKH.csv").write_text("\r\n".join(lines) + "\r\n")
    message = refused(raw, rules)
    assert "PKH.csv, row 3" in message
    assert "quotation mark" in message


def test_formats_whose_column_names_are_no_row(raw: Path, rules: Path) -> None:
    write_parquet(raw / "PKH 1.parquet", HEADER, [person_row(i) for i in range(3)])
    write_json_lines(raw / "PKH 2.jsonl", HEADER, [person_row(i) for i in range(3, 5)])
    found = ingested(raw, rules)
    assert found.rows() == [2, 2, 3, 3, 4]
    books = found.files.sort("source_file")
    assert books["rows_layout"].to_list() == [0, 0]
    assert books["rows_total"].to_list() == [3, 2]


def test_records_saved_from_a_sheet_with_column_numbers(raw: Path, rules: Path) -> None:
    numbers = [str(n) for n in range(1, len(HEADER) + 1)]
    write_parquet(raw / "PKH 1.parquet", HEADER, [numbers, *(person_row(i) for i in range(3))])
    write_json_lines(raw / "PKH 2.jsonl", HEADER, [numbers, *(person_row(i) for i in range(3, 5))])
    found = ingested(raw, rules)
    assert found.rows() == [3, 3, 4, 4, 5]
    assert found.files.sort("source_file")["rows_layout"].to_list() == [1, 1]


def test_files_of_one_name_in_two_folders_stay_apart(raw: Path, rules: Path) -> None:
    for folder, i in (("gorontalo", 0), ("boalemo", 3)):
        (raw / folder).mkdir()
        write_csv(raw / folder / "PKH.csv", [HEADER, person_row(i)])
    assert sorted(ingested(raw, rules).mentions["source_file"].to_list()) == ["boalemo/PKH.csv", "gorontalo/PKH.csv"]


def test_one_list_in_two_files_stops_and_some_persons_on_two_lists_do_not(raw: Path, rules: Path) -> None:
    people = [person_row(i) for i in range(24)]
    write_csv(raw / "PKH_semua.csv", [HEADER, *people])
    write_xlsx(raw / "PKH_Pulubala.xlsx", {"Lembar1": [["DAFTAR KPM PKH"], HEADER, *people[12:]]})
    write_csv(raw / "PKH_lain.csv", [HEADER, *people[:8], *(person_row(i) for i in range(30, 40))], separator=";")
    message = refused(raw, rules)
    assert "PKH_Pulubala.xlsx, sheet Lembar1: 12 of its 12 recipients" in message
    assert "PKH_semua.csv" in message
    assert "PKH_lain" not in message
    (raw / "sources.yaml").write_text("- {file: PKH_Pulubala.xlsx, kind: ignore}\n", encoding="utf-8")
    assert ingested(raw, rules).mentions.height == 42


def test_the_same_files_give_the_same_rows(raw: Path, rules: Path) -> None:
    write_xlsx(raw / "PKH.xlsx", {"A": ROWS, "B": [HEADER, *(person_row(i) for i in range(5, 9))]})
    write_csv(raw / "SEMBAKO.csv", [HEADER, *(person_row(i) for i in range(9, 12))])
    one, two = ingested(raw, rules), ingested(raw, rules)
    assert one.mentions.equals(two.mentions)
    assert one.files.equals(two.files)
    assert one.notices.equals(two.notices)
