"""Workbook and form: what can be changed, what is on them, that they come back; what leaves the machine locked."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from pipeline.cases.returning import take_outcomes
from pipeline.errors import InputError, StorageError
from pipeline.outgoing import PASSPHRASE_VARIABLE
from pipeline.store import KEY_VARIABLE
from tests.cases.conftest import VISIT
from tests.cases.office import OFFICER, RULES, Office
from tests.worklist.conftest import PASSPHRASE, form, lists_of

HEAD = 4
"""Row of the headings in a sheet of a desa."""


@pytest.fixture(scope="module")
def listed_once(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The office with its lists. Read it, do not write to it."""
    office = Office(published).copied(tmp_path_factory.mktemp("listed") / "out")
    lists_of(office)
    return office


@pytest.fixture
def listed(listed_once: Office, tmp_path: Path) -> Office:
    """A copy of it, to be changed at will."""
    return listed_once.copied(tmp_path / "listed")


@pytest.fixture
def book(listed_once: Office) -> openpyxl.Workbook:
    return openpyxl.load_workbook(form(listed_once, ".xlsx"))


def desa(book: openpyxl.Workbook) -> list[str]:
    return [name for name in book.sheetnames if name not in ("Petunjuk", "_pilihan")]


def column(sheet: openpyxl.worksheet.worksheet.Worksheet, heading: str) -> int:
    return next(c.column for c in sheet[HEAD] if c.value == heading)


def test_one_sheet_a_desa_ready_for_a4(book: openpyxl.Workbook) -> None:
    assert len(desa(book)) == 2
    for name in desa(book):
        sheet = book[name]
        assert sheet.freeze_panes == "D5"
        assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
        assert sheet.print_title_rows == f"${HEAD}:${HEAD}"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert book["_pilihan"].sheet_state == "hidden"


def test_answers_can_be_changed_and_who_is_visited_cannot(book: openpyxl.Workbook) -> None:
    for name in desa(book):
        sheet = book[name]
        assert sheet.protection.sheet
        free = {sheet.cell(HEAD, c.column).value for c in sheet[HEAD + 1] if not c.protection.locked}
        assert free == {"HASIL", "TANGGAL KUNJUNGAN", "CATATAN"}
        kinds = {v.type for v in sheet.data_validations.dataValidation}
        assert kinds == {"list", "date"}


def test_numbers_are_text_and_masked(book: openpyxl.Workbook) -> None:
    for name in desa(book):
        sheet = book[name]
        for cell in [row[column(sheet, "NIK") - 1] for row in sheet.iter_rows(min_row=HEAD + 1)]:
            assert (cell.data_type, cell.value[6:12]) == ("s", "******")


def test_filled_with_columns_moved_and_rows_deleted_it_reads_back(listed: Office, book: openpyxl.Workbook) -> None:
    office = listed
    filled = {}
    for name in desa(book):
        sheet = book[name]
        outcome, day, number = (column(sheet, h) for h in ("HASIL", "TANGGAL KUNJUNGAN", "ID KASUS"))
        lists = [v for v in sheet.data_validations.dataValidation if v.type == "list"]
        choices = {row: v.formula1 for v in lists for cells in v.sqref.ranges for row, _ in cells.cells}
        for row in range(HEAD + 1, sheet.max_row + 1):
            place = choices[row].split("!")[1].replace("$", "").split(":")[0]
            sheet.cell(row, outcome, book["_pilihan"][place].value)  # the first of the choices
            sheet.cell(row, day, date(2026, 11, 12))
            filled[name, row] = sheet.cell(row, number).value
    first, second = desa(book)
    book[first].delete_rows(HEAD + 1)
    del filled[first, HEAD + 1]
    book[second].move_range(f"H{HEAD}:H{book[second].max_row}", cols=5)  # HASIL far to the right
    path = office.out.parent / "kembali.xlsx"
    book.save(path)
    taken = take_outcomes([path], office.out, RULES, now=VISIT, say=lambda _: None)
    assert (taken.applied.applied, taken.refusals) == (len(filled), [])
    assert set(office.ask("select case_id from audit.outcomes")["case_id"]) == set(filled.values())
    assert office.ask("select distinct officer, visited_at from audit.outcomes").rows() == [
        (OFFICER, date(2026, 11, 12))
    ]


def test_a_workbook_nobody_filled_is_no_error(listed: Office) -> None:
    taken = take_outcomes([form(listed, ".xlsx")], listed.out, RULES, now=VISIT, say=lambda _: None)
    assert (taken.applied.applied, taken.refusals, taken.blank) == (0, [], 6)


def test_the_same_worklist_gives_the_same_bytes_and_the_list_of_the_month_stays(office: Office) -> None:
    first = lists_of(office)
    again = lists_of(office)
    assert again.lists == first.lists
    assert again.kept.opened == 0
    assert office.ask("select count(*) as n from audit.case_events where event = 'listed'")["n"][0] == 5


def test_every_list_that_leaves_is_in_the_access_log(office: Office) -> None:
    made = lists_of(office)
    (told,) = office.ask("select object from audit.access_log where action = 'export'")["object"]
    for file, digest in made.lists[0]["files"].items():
        content = (office.out / "2026-10" / "worklist" / file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
        assert f"{file} {digest[:16]}" in told


def test_answered_cases_leave_the_list_and_nobody_gets_more_visits(listed: Office) -> None:
    office = listed
    case_id = office.case("H2")["case_id"]
    path = office.out.parent / "hasil.csv"
    path.write_text(f"ID KASUS;HASIL;NAMA\n{case_id};Meninggal;x\n", encoding="utf-8")
    take_outcomes([path], office.out, RULES, now=VISIT, say=lambda _: None)
    (sheet,) = lists_of(office).lists
    assert sheet["visits"] == 4


def test_in_english(office: Office) -> None:
    lists_of(office, lang="en")
    book = openpyxl.load_workbook(form(office, ".xlsx"))
    sheet = book[next(n for n in book.sheetnames if n not in ("Guide", "_pilihan"))]
    assert [c.value for c in sheet[HEAD]][7] == "OUTCOME"
    sheet.cell(HEAD + 1, 8, book["_pilihan"]["A1"].value)
    path = office.out.parent / "back.xlsx"
    book.save(path)
    assert take_outcomes([path], office.out, RULES, now=VISIT, lang="en", say=lambda _: None).applied.applied == 1


def test_the_form_has_every_visit_and_no_number_in_full(listed_once: Office) -> None:
    office = listed_once
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext here: the form on paper was not read")
    text = subprocess.run(["pdftotext", "-layout", form(office, ".pdf"), "-"], capture_output=True, check=True).stdout
    said = text.decode()
    for case_id in office.ask("select case_id from audit.cases where listed_period is not null")["case_id"]:
        assert case_id in said
    assert "750119******0020" in said
    assert "7501191203800020" not in said


def test_with_a_key_everything_is_locked_or_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    msoffcrypto, pypdf = pytest.importorskip("msoffcrypto"), pytest.importorskip("pypdf")
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    made = lists_of(office)
    assert {Path(f).suffix for f in made.lists[0]["files"]} == {".html", ".xlsx", ".pdf"}
    paper = pypdf.PdfReader(form(office, ".pdf"))
    assert paper.is_encrypted
    assert b"KARIM" not in form(office, ".pdf").read_bytes()
    assert not paper.decrypt("kopi")
    assert paper.decrypt(PASSPHRASE)
    assert "KARIM 2" in "".join(page.extract_text() for page in paper.pages)
    locked = msoffcrypto.OfficeFile(io.BytesIO(form(office, ".xlsx").read_bytes()))
    locked.load_key(password=PASSPHRASE)
    plain = io.BytesIO()
    locked.decrypt(plain)
    assert len(desa(openpyxl.load_workbook(plain))) == 2
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "kopi")
    with pytest.raises(InputError, match="too few"):
        lists_of(office)
    monkeypatch.delenv(PASSPHRASE_VARIABLE)
    monkeypatch.setenv(KEY_VARIABLE, "kunci")
    with pytest.raises(StorageError, match="nothing was written"):
        lists_of(office)


@pytest.mark.parametrize(
    ("kecamatan", "good"), [("Tabongo", True), ("kec. TABONGO", True), ("750119", True), ("Biau", False)]
)
def test_one_kecamatan(office: Office, kecamatan: str, good: bool) -> None:
    if good:
        assert len(lists_of(office, kecamatan=kecamatan).lists) == 1
    else:
        with pytest.raises(InputError, match="Tabongo"):
            lists_of(office, kecamatan=kecamatan)
        assert office.ask("select 1 from audit.cases").is_empty()  # nothing changed


def test_a_month_that_is_not_published(office: Office) -> None:
    from pipeline.period import Period
    from pipeline.worklist import make_worklists

    with pytest.raises(InputError, match="not published"):
        make_worklists(office.out, Period(2026, 12), RULES, say=lambda _: None)
    assert not (office.out / "2026-12").exists()
