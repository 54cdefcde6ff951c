"""Lists for those who act without a visit: whose cases, what they rest on, and that they come back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pytest

from pipeline.cases.returning import take_outcomes
from pipeline.errors import InputError
from pipeline.outgoing import PASSPHRASE_VARIABLE, is_locked_workbook
from tests.cases.conftest import VISIT
from tests.cases.office import KECAMATAN, OFFICER, RULES, Found, Office
from tests.worklist.conftest import PASSPHRASE, lists_of

HEAD = 4
ACCOUNT = "1234567890123"
QUEUES = ("kabupaten", "dukcapil", "inspectorate", "bank")


@pytest.fixture(scope="module")
def office_once(tmp_path_factory: pytest.TempPathFactory) -> Office:
    office = Office(tmp_path_factory.mktemp("offices") / "out", roster=((OFFICER, KECAMATAN, 5),), companions=["P3b"])
    office.publish(
        "2026-10",
        [
            Found("duplicate_benefit", "same_household_twice", evidence=("mP1", "mP1b")),
            Found("identity_problem", "invalid_nik", "sembako", "P2", "person", 200_000, evidence=("mP2",)),
            Found("card_misuse", "shared_account", "", ACCOUNT, "account", kecamatan=None, desa=None),
            Found(subject="H3"),
            Found(subject="H4"),
        ],
    )
    return office


@pytest.fixture(scope="module")
def listed_once(office_once: Office, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Each office has its list. Read it, do not write to it."""
    office = office_once.copied(tmp_path_factory.mktemp("listed") / "out")
    for queue in QUEUES:
        (made,) = lists_of(office, queue=queue).lists
        assert len(made["files"]) == 1
    return office


@pytest.fixture
def office(office_once: Office, tmp_path: Path) -> Office:
    """H1 served twice, a wrong NIK of P2, a bank account of several, and H3 of a companion; H4 is for the TKSK."""
    return office_once.copied(tmp_path / "out")


def book_of(office: Office, queue: str) -> tuple[Path, openpyxl.Workbook]:
    (path,) = (office.out / "2026-10" / "worklist" / queue).iterdir()
    return path, openpyxl.load_workbook(path)


def rows(sheet: openpyxl.worksheet.worksheet.Worksheet) -> list[dict[str, object]]:
    heads = [c.value for c in sheet[HEAD]]
    return [dict(zip(heads, values, strict=True)) for values in sheet.iter_rows(min_row=HEAD + 1, values_only=True)]


@pytest.mark.parametrize(
    ("queue", "name", "subject"),
    [
        ("kabupaten", "KARIM 1", "H1"),
        ("dukcapil", "KARIM 2", "H2"),
        ("inspectorate", "KARIM 3", "H3"),
        ("bank", "Rekening 123456***0123", ACCOUNT),
    ],
)
def test_each_office_gets_its_own_cases_and_nobody_elses(
    listed_once: Office, queue: str, name: str, subject: str
) -> None:
    path, book = book_of(listed_once, queue)
    (row,) = rows(book["Kasus"])
    assert (row["NAMA"], row["ID KASUS"]) == (name, listed_once.case(subject)["case_id"])
    assert [p.suffix for p in path.parent.iterdir()] == [".xlsx"]


def test_the_rows_behind_it_are_named_and_masked(listed_once: Office) -> None:
    _, book = book_of(listed_once, "kabupaten")
    one, other = rows(book["Bukti"])
    assert (one["BERKAS"], one["BARIS"], one["NAMA TERTULIS"]) == ("a.csv", 2, "KARIM 1")
    assert other["NAMA TERTULIS"] == "RAHMA 1"
    text = " ".join(str(c.value) for sheet in book for line in sheet.iter_rows() for c in line)
    assert "750119120380" not in text


@pytest.mark.parametrize("queue", QUEUES)
def test_filled_by_the_office_it_comes_back(listed_once: Office, tmp_path: Path, queue: str) -> None:
    office = listed_once.copied(tmp_path / "out")
    path, book = book_of(office, queue)
    sheet = book["Kasus"]
    place = {c.value: c.column for c in sheet[HEAD]}
    (cells,) = [v for v in sheet.data_validations.dataValidation if v.type == "list"]
    first = cells.formula1.split("!")[1].replace("$", "").split(":")[0]
    free = {c.value for c, cell in zip(sheet[HEAD], sheet[HEAD + 1], strict=True) if not cell.protection.locked}
    assert free == {"HASIL", "TANGGAL KUNJUNGAN", "CATATAN", "PETUGAS"}
    sheet.cell(HEAD + 1, place["HASIL"], book["_pilihan"][first].value)
    sheet.cell(HEAD + 1, place["TANGGAL KUNJUNGAN"], date(2026, 11, 12))
    sheet.cell(HEAD + 1, place["PETUGAS"], "RINI DJ")
    back = office.out.parent / path.name
    book.save(back)
    taken = take_outcomes([back], office.out, RULES, now=VISIT, say=lambda _: None)
    assert (taken.applied.applied, taken.refusals, taken.blank) == (1, [], 0)
    assert office.ask("select officer from audit.outcomes")["officer"].to_list() == ["RINI DJ"]
    assert lists_of(office, queue=queue).lists == []  # answered, it is on no list any more


def test_each_queue_has_a_folder_of_its_own(office: Office) -> None:
    for queue in (None, "bank", "kabupaten", None):
        lists_of(office, **{} if queue is None else {"queue": queue})
    assert sorted(p.name for p in (office.out / "2026-10" / "worklist").iterdir()) == [
        "750119_Tabongo.html", "750119_Tabongo.pdf", "750119_Tabongo.xlsx", "bank", "kabupaten",
    ]  # fmt: skip


def test_locked_with_the_passphrase(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("msoffcrypto")
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    (made,) = lists_of(office, queue="bank").lists
    path = office.out / "2026-10" / "worklist" / "bank" / next(iter(made["files"]))
    assert is_locked_workbook(path.read_bytes())


def test_a_queue_that_is_none(office: Office) -> None:
    with pytest.raises(InputError, match="inspectorate"):
        lists_of(office, queue="polisi")
