"""The workbook goes out and comes back: whatever was moved, deleted or typed in between."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from pipeline.database import DATABASE, opened
from pipeline.errors import InputError, StorageError
from pipeline.review import Choice, export_pairs, import_pairs
from pipeline.review.form import code_of, key_of
from tests.asking import ask
from tests.scenarios import OCTOBER

Change = Callable[[Any], None]


def exported(out: Path, folder: Path, **options: Any) -> Path:
    path = folder / "pasangan.xlsx"
    export_pairs(out, OCTOBER, path, Choice(**options), person="Rina")
    return path


@pytest.fixture(scope="module")
def sent_once(published_district: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sent")
    shutil.copy(published_district / DATABASE, folder)
    return exported(folder, folder)


@pytest.fixture
def sent(sent_once: Path, tmp_path: Path) -> Path:
    """The workbook as it goes out, of the month that ``out`` holds; to be changed at will."""
    return Path(shutil.copy(sent_once, tmp_path))


def column(page: Any, heading: str) -> int:
    return next(c.column for c in page[3] if c.value == heading)


def filled(path: Path, words: list[str | None], change: Change | None = None) -> Path:
    """Somebody opens the workbook, chooses these judgements, does something more, and saves it."""
    book = openpyxl.load_workbook(path)
    page = book["Pasangan"]
    at = column(page, "Penilaian")
    for k, word in enumerate(words):
        page.cell(4 + k, at, word)
    if change:
        change(page)
    path = path.with_name("kembali.xlsx")
    book.save(path)
    return path


def taken(out: Path, path: Path, person: str = "Rina") -> dict[str, Any]:
    return import_pairs(out, OCTOBER, path, person=person, lang="en")


def said(out: Path) -> pl.DataFrame:
    return ask(out / DATABASE, 'select * from audit.match_judgements order by "at"')


def test_what_was_chosen_is_taken_once(out: Path, sent: Path) -> None:
    path = filled(sent, ["sama", "berbeda", None, "ragu"])
    first = taken(out, path)
    assert (first["applied"], first["already"], first["missing"], first["refused"]) == (3, 0, 0, 0)
    assert said(out)["judgement"].to_list() == ["same", "different", "unsure"]
    again = taken(out, path)
    assert (again["applied"], again["already"]) == (0, 3)
    assert said(out).height == 3


def test_moved_columns_and_sorted_rows_are_no_matter(out: Path, sent: Path) -> None:
    def swapped(page: Any) -> None:
        one, last = column(page, "Penilaian"), column(page, "Kode pasangan")
        for row in range(3, page.max_row + 1):
            a, b = page.cell(row, one).value, page.cell(row, last).value
            page.cell(row, one).value = b
            page.cell(row, last).value = a
        page.insert_rows(1)  # a title above

    got = taken(out, filled(sent, ["sama", "berbeda"], swapped))
    assert (got["applied"], got["missing"], got["refused"]) == (2, 0, 0)
    assert said(out)["judgement"].to_list() == ["same", "different"]


def test_deleted_rows_are_counted_and_stay_open(out: Path, sent: Path) -> None:
    got = taken(out, filled(sent, ["sama"], lambda page: page.delete_rows(5, 2)))
    assert (got["applied"], got["missing"]) == (1, 2)


@pytest.mark.parametrize(
    ("written", "means"),
    [("Sama", "same"), (" BERBEDA. ", "different"), ("tidak tahu", "unsure"), ("not sure", "unsure")],
)
def test_what_people_write_instead_of_choosing(out: Path, tmp_path: Path, written: str, means: str) -> None:
    assert taken(out, filled(exported(out, tmp_path, limit=1), [written]))["applied"] == 1
    assert said(out)["judgement"].to_list() == [means]


def test_free_text_is_refused_with_its_row_and_the_rest_is_taken(out: Path, sent: Path) -> None:
    got = taken(out, filled(sent, ["mungkin anaknya", "sama"]))
    assert (got["applied"], got["refused"]) == (1, 1)
    (refusal,) = got["refusals"]
    assert refusal["row_number"] == 4
    assert "mungkin anaknya" in refusal["why"]


def test_a_pair_twice_with_two_judgements_is_refused(out: Path, sent: Path) -> None:
    def doubled(page: Any) -> None:
        code = column(page, "Kode pasangan")
        page.cell(5, code, page.cell(4, code).value)

    got = taken(out, filled(sent, ["sama", "berbeda"], doubled))
    assert (got["applied"], got["refused"]) == (0, 2)


def test_a_code_that_was_changed_is_refused(out: Path, sent: Path) -> None:
    def spoiled(page: Any) -> None:
        page.cell(4, column(page, "Kode pasangan"), "P 1234")

    got = taken(out, filled(sent, ["sama"], spoiled))
    assert (got["applied"], got["refused"]) == (0, 1)
    assert "pair code" in got["refusals"][0]["why"]


def test_a_row_that_has_changed_since_is_refused(out: Path, sent: Path) -> None:
    path = filled(sent, ["sama", "berbeda"])
    with opened(out / DATABASE, read_only=False) as connection:
        book = openpyxl.load_workbook(path)
        key = key_of(book["Pasangan"].cell(4, column(book["Pasangan"], "Kode pasangan")).value)
        assert key is not None
        connection.execute("update audit.mentions set fingerprint = 'x' || mention_id where fingerprint = ?", [key[0]])
    got = taken(out, path)
    assert got["applied"] + got["refused"] == 2
    assert got["refused"] >= 1
    assert "judged again" in got["refusals"][0]["why"]


def test_the_file_of_another_month_is_refused_whole(out: Path, sent: Path) -> None:
    path = filled(sent, ["sama"])
    with pytest.raises(InputError, match="give --period"):
        import_pairs(out, OCTOBER.before(), path, person="Rina")
    assert said(out).is_empty()


def test_files_that_are_no_form_are_refused(out: Path, tmp_path: Path, sent: Path) -> None:
    other = tmp_path / "lain.xlsx"
    openpyxl.Workbook().save(other)
    for path in (other, tmp_path / "nothing.xlsx"):
        with pytest.raises(InputError):
            taken(out, path)
    headless = filled(sent, ["sama"], lambda page: page.delete_rows(1, 3))
    with pytest.raises(InputError, match="not there any more"):
        taken(out, headless)
    with pytest.raises(InputError, match=r"\.xlsx"):
        export_pairs(out, OCTOBER, tmp_path / "pasangan.csv", Choice(), person="Rina")


def test_only_the_answers_can_be_changed_and_numbers_are_masked(out: Path, tmp_path: Path) -> None:
    path = exported(out, tmp_path)
    page = openpyxl.load_workbook(path)["Pasangan"]
    assert page.protection.sheet
    free = {c.column for c in page[4] if not c.protection.locked}
    assert free == {column(page, "Penilaian"), column(page, "Alasan")}
    assert page.data_validations.dataValidation[0].type == "list"
    with zipfile.ZipFile(path) as package:
        text = "".join(package.read(n).decode() for n in package.namelist() if n.endswith(".xml"))
    assert not re.search(r"\d{16}", text)


def test_with_a_passphrase_it_is_locked_and_reads_back(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("msoffcrypto")
    monkeypatch.setenv("TEPAT_PASSPHRASE", "empat kata tidak bersama")
    path = exported(out, tmp_path)
    assert not zipfile.is_zipfile(path)
    assert taken(out, path)["applied"] == 0


def test_with_a_key_and_no_passphrase_nothing_is_written(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    period = OCTOBER
    monkeypatch.setenv("TEPAT_KEY", "kunci")
    with pytest.raises(StorageError):
        export_pairs(out, period, tmp_path / "pasangan.xlsx", Choice(), person="Rina")
    assert not (tmp_path / "pasangan.xlsx").exists()


def test_codes_read_back(out: Path) -> None:
    key = ("0123456789abcdef", "fedcba9876543210", "household")
    assert key_of(code_of(key)) == key
    assert not re.search(r"\d{16}", code_of(key))
    assert key_of("") is None
    assert key_of("X 0123") is None
