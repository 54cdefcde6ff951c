"""The three lists: nothing lost, nothing bent, in the layout the list came in."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import typst
import xlsxwriter

from pipeline.gate.gate_rules import read_gate_rules
from pipeline.gate.lists import write_lists
from pipeline.gate.page import TEMPLATE
from pipeline.gate.paylist import PayList, read_pay_list
from pipeline.gate.xlsx import letters
from pipeline.rulebook import default_rules
from tests.gate.conftest import Seen
from tests.gate.village import FAMILIES, OCTOBER

HEADER = ["NO", "NAMA PENERIMA", "NIK", "NO REKENING", "NOMINAL", "KETERANGAN"]
PEOPLE = [
    ["1", "KARIM; HULOPI", "7501191203750001", "0033401550001", "600000", ""],
    ["2", 'RAHMA "ALM" DJAFAR', "7501194407790002", "003340155000123456789", "Rp 600.000,00", "A & B <C>"],
    ["3", "SALMA KADIR", "7,50119E+15", "3,3402E+12", "450000", "é"],
]


def _split(path: Path, rules: Path, tmp_path: Path) -> tuple[PayList, dict[str, Path]]:
    """A list whose first line is paid, the second held, the third rejected."""
    pay = read_pay_list(path, OCTOBER, rules, "pkh")
    told = pl.concat([f.select("sheet", "row_number", "at") for f in (pay.lines, pay.unusable)]).sort("at")
    decisions = ["pay", "hold", "reject"]
    decided = told.with_columns(decision=pl.Series(decisions), words=pl.Series(["", "karena; ini", "sebab"]))
    folder = tmp_path / "lists"
    folder.mkdir()
    return pay, write_lists(pay, decided, folder)


@pytest.mark.parametrize(
    ("separator", "encoding"), [(";", "utf-8-sig"), (",", "utf-8"), ("\t", "utf-16"), ("|", "cp1252")]
)
def test_text_keeps_separator_encoding_and_every_cell(
    separator: str, encoding: str, rules: Path, tmp_path: Path
) -> None:
    path = tmp_path / "Daftar_Bayar.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(["DAFTAR BAYAR PKH"])
        writer.writerows([HEADER, *PEOPLE])
    _, files = _split(path, rules, tmp_path)
    lines = []
    for decision, file in files.items():
        assert file.name == f"Daftar_Bayar_{decision}.csv"
        with file.open(encoding=encoding, newline="") as stream:
            title, header, *rows = csv.reader(stream, delimiter=separator)
        assert title[0] == "DAFTAR BAYAR PKH"
        assert header == [*HEADER, "decision", "reason"]
        lines += rows
    assert lines == [[*PEOPLE[0], "pay", ""], [*PEOPLE[1], "hold", "karena; ini"], [*PEOPLE[2], "reject", "sebab"]]
    assert files["pay"].read_bytes().count(b"\r") == 3


def test_workbook_keeps_sheets_titles_and_text(rules: Path, tmp_path: Path) -> None:
    path = tmp_path / "Daftar_Bayar.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, people in (("Kec. Tabongo", PEOPLE[:2]), ("Kec. Biau & Co", PEOPLE[2:])):
            sheet = book.add_worksheet(name)
            sheet.write(0, 0, "DAFTAR BAYAR PKH")
            sheet.write_row(2, 0, HEADER)
            for n, person in enumerate(people, 3):
                sheet.write_row(n, 0, person)
                sheet.write_number(n, 4, 600_000)
            sheet.write_row(n + 2, 0, ["", "JUMLAH", "", "", 1_200_000])
    _, files = _split(path, rules, tmp_path)
    paid = openpyxl.load_workbook(files["pay"])
    assert paid.sheetnames == ["Kec. Tabongo", "Kec. Biau & Co"]
    first, second = (list(s.iter_rows(values_only=True)) for s in paid.worksheets)
    assert first[0][0] == "DAFTAR BAYAR PKH"
    assert list(first[2]) == [*HEADER, "decision", "reason"]
    assert first[3][2:5] == ("7501191203750001", "0033401550001", 600_000)
    assert first[3][6] == "pay"
    assert len(first) == 4
    assert len(second) == 3
    held = openpyxl.load_workbook(files["hold"]).worksheets[0]
    assert held.cell(4, 6).value == "A & B <C>"


def test_records_of_other_formats_keep_their_columns(rules: Path, tmp_path: Path) -> None:
    records = [dict(zip(HEADER, [int(p[0]), *p[1:4], 600_000, p[5]], strict=True)) for p in PEOPLE]
    parquet, lines = tmp_path / "Daftar_Bayar.parquet", tmp_path / "Daftar_Bayar.jsonl"
    pl.DataFrame(records).write_parquet(parquet)
    lines.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    for path, read in ((parquet, pl.read_parquet), (lines, pl.read_ndjson)):
        (tmp_path / path.suffix).mkdir()
        _, files = _split(path, rules, tmp_path / path.suffix)
        held = read(files["hold"])
        assert held.columns == [*HEADER, "decision", "reason"]
        assert held.row(0, named=True) == records[1] | {"decision": "hold", "reason": "karena; ini"}


def test_lists_add_up_to_the_list_when_they_are_read_again(seen: Seen, rules: Path) -> None:
    files = sorted(seen.screened.folder.glob("Daftar_Bayar*.csv"))
    again = [read_pay_list(f, OCTOBER, rules, "pkh") for f in files if "_" in f.name]
    assert sum(p.rows for p in again) == seen.screened.document["totals"]["counted"]["rows"]
    assert sum(p.lines["amount"].sum() for p in again) == seen.screened.document["totals"]["counted"]["amount"]


def test_the_fullest_page_is_one_page(seen: Seen) -> None:
    document = json.loads((seen.screened.folder / "summary.json").read_text(encoding="utf-8"))
    gate = read_gate_rules(default_rules())
    reasons = [
        {"reason": r, "decision": str(c.decision), "text": c.text.id, "rows": 150_000, "amount": 1}
        for r, c in gate.card.items()
    ]
    long = "dinyatakan 150.000, dihitung 149.999; " * 5
    checks = [c | {"outcome": "not_run" if n % 2 else "fail", "found": long} for n, c in enumerate(document["checks"])]
    signed = [
        {"role": r, "person": "Dr. Nama Panjang Sekali, M.Si", "at": "2026-10-20 08:00:00"}
        for r in ("checker", "approver")
    ]
    full = document | {"reasons": reasons, "checks": checks, "approvals": signed, "overrides": 12, "result": "fail"}
    pages = typst.compile(TEMPLATE, sys_inputs={"data": json.dumps(full)}, format="png", ppi=20.0)
    assert isinstance(pages, bytes), "more than one page"


def test_no_number_or_name_of_a_person_stands_in_the_summary(seen: Seen) -> None:
    summary = (seen.screened.folder / "summary.json").read_text(encoding="utf-8")
    people = [p for f in FAMILIES.values() for p in f.members]
    assert not [p.name for p in people if p.name in summary or p.nik in summary or p.kk in summary]
    assert not [f.number for f in FAMILIES.values() if f.account in summary or f.card in summary]


@pytest.mark.parametrize(("j", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_names_of_columns(j: int, name: str) -> None:
    assert letters(j) == name
