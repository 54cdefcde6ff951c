"""The workbook in a real LibreOffice: opened, filled by its lists of choices, saved, and read back without loss."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from pipeline.cases.returning import take_outcomes
from pipeline.errors import InputError
from pipeline.outgoing import PASSPHRASE_VARIABLE, is_locked_workbook
from tests.cases.conftest import VISIT
from tests.cases.office import OFFICER, RULES, Office
from tests.worklist.conftest import PASSPHRASE, form, lists_of
from tests.worklist.office_program import Filled, OfficeProgram, find_office_program

HEAD = 4


@pytest.fixture(scope="session")
def libreoffice(tmp_path_factory: pytest.TempPathFactory) -> OfficeProgram:
    """LibreOffice; skipped, with the reason counted, where it is not installed."""
    program = find_office_program()
    if program is None:
        pytest.skip("no LibreOffice here: the workbook was not tried in it")
    return OfficeProgram(program, tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="session")
def sent(published: Path, libreoffice: OfficeProgram, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Filled]:
    """The office after its worklists went out, and the workbook that was filled and saved. Read them only."""
    folder = tmp_path_factory.mktemp("sent")
    shutil.copytree(published, folder / "out")
    office = Office(folder / "out")
    lists_of(office)
    return office.out, libreoffice.fill(form(office, ".xlsx"), folder / "back")


@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
def test_what_libreoffice_saved_reads_back_without_loss(sent: tuple[Path, Filled], tmp_path: Path, suffix: str) -> None:
    out, filled = sent
    shutil.copytree(out, tmp_path / "out")
    office = Office(tmp_path / "out")
    path = filled.folder / form(office, ".xlsx").with_suffix(suffix).name
    taken = take_outcomes([path], office.out, RULES, now=VISIT, say=lambda _: None)
    assert (taken.applied.applied, taken.refusals, taken.blank) == (6, [], 0)
    kept = office.ask("select case_id, outcome, note, officer, visited_at from audit.outcomes").rows()
    answers = zip(filled.cases, filled.chosen, filled.notes, strict=True)
    assert sorted(kept) == sorted((*answer, OFFICER, date(2026, 11, 12)) for answer in answers)


def test_the_header_stays_in_sight_and_who_is_visited_is_locked(sent: tuple[Path, Filled]) -> None:
    _, filled = sent
    assert len(filled.sheets) == 2
    assert all(told.endswith("protected True frozen 3,4") for told in filled.sheets)
    assert set(filled.locks) == {"name locked True outcome locked False"}


def test_lists_of_choices_locks_and_paper_survive_a_save(sent: tuple[Path, Filled]) -> None:
    path = form(Office(sent[0]), ".xlsx")
    before, after = (openpyxl.load_workbook(p) for p in (path, sent[1].folder / path.name))
    assert after.sheetnames == before.sheetnames
    assert after["_pilihan"].sheet_state == "hidden"
    for name in [n for n in before.sheetnames if n not in ("Petunjuk", "_pilihan")]:
        was, now = before[name], after[name]
        assert choices(now) == choices(was) != {}
        assert now.protection.sheet
        assert [c.protection.locked for c in now[HEAD + 1]] == [c.protection.locked for c in was[HEAD + 1]]
        assert (now.print_title_rows, now.page_setup.orientation) == (was.print_title_rows, was.page_setup.orientation)
        for row in range(HEAD + 1, was.max_row + 1):  # grey columns as they were
            assert [c.value for c in now[row]][:7] == [c.value for c in was[row]][:7]


def choices(sheet: openpyxl.worksheet.worksheet.Worksheet) -> dict[str, str]:
    """Cells with a list of choices, and where the list stands."""
    lists = [v for v in sheet.data_validations.dataValidation if v.type == "list"]
    return {str(cells): v.formula1.replace("'", "") for v in lists for cells in v.sqref.ranges}


def test_locked_it_opens_with_the_passphrase_and_comes_back_locked(
    office: Office, libreoffice: OfficeProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("msoffcrypto")
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    lists_of(office)
    filled = libreoffice.fill(form(office, ".xlsx"), tmp_path / "back", PASSPHRASE)
    back = filled.folder / form(office, ".xlsx").name
    assert is_locked_workbook(back.read_bytes())
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE + " lain")
    with pytest.raises(InputError, match="does not open it"):
        take_outcomes([back], office.out, RULES, now=VISIT, say=lambda _: None)
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    taken = take_outcomes([back], office.out, RULES, now=VISIT, say=lambda _: None)
    assert (taken.applied.applied, taken.refusals) == (6, [])
