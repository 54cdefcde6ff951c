"""With a key set, from the list to the decision: nothing personal lies in the clear under --out, or nothing is done."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from pathlib import Path

import pytest

from pipeline.cases.deciding import case_numbers_in, decide
from pipeline.cases.returning import take_outcomes
from pipeline.errors import StorageError
from pipeline.outgoing import PASSPHRASE_VARIABLE, is_locked_workbook
from pipeline.store import KEY_VARIABLE
from tests.cases.conftest import VISIT
from tests.cases.office import RULES, Found, Office, deceased, typed
from tests.worklist.conftest import PASSPHRASE, lists_of

NEEDED = ("cryptography", "duckdb_extension_httpfs", "msoffcrypto", "pypdf")
pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, NEEDED)), reason="the extra [encrypt] is not installed"
)
PERSONAL = (b"KARIM", b"RAHMA", b"SITI HASAN", b"750119120380", b"750119******", b"JL. MAWAR", b"sakit jantung")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A month published with a key."""
    monkeypatch.setenv(KEY_VARIABLE, "kunci-1")
    office = Office(tmp_path / "out")
    wrong = Found("identity_problem", "invalid_nik", "sembako", "P2", "person", evidence=("mP2",))
    office.publish("2026-10", [Found(), deceased("H3"), wrong])
    return office


def in_the_clear(folder: Path) -> list[str]:
    """Files that show something personal, workbooks and other archives unpacked."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = b"".join(archive.read(name) for name in archive.namelist())
        if any(secret in content for secret in PERSONAL):
            found.append(path.name)
    return found


def test_from_the_list_to_the_decision_nothing_lies_in_the_clear(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    lists_of(office)
    lists_of(office, queue="dukcapil")
    case_id = office.case("H3")["case_id"]
    answer = {"ID KASUS": case_id, "HASIL": "Meninggal", "CATATAN": "sakit jantung", "PETUGAS": "SITI HASAN"}
    taken = take_outcomes(
        [typed(tmp_path / "hasil.csv", [answer])], office.out, RULES, now=VISIT, say=lambda _: None,
        reveal="diketik di SIKS-NG",
    )  # fmt: skip
    assert taken.applied.applied == 1
    assert {p.suffix for p in taken.files} == {".xlsx"}
    assert all(is_locked_workbook(p.read_bytes()) for p in taken.files)
    assert case_numbers_in(taken.files[0]) == [case_id]  # what is locked with our passphrase can be decided from
    decide(office.out, RULES, case_numbers_in(taken.files[0]), "accept", person="Kepala Bidang", now=VISIT)
    assert office.case("H3")["state"] == "closed"
    assert in_the_clear(office.out) == []


def test_without_a_passphrase_nothing_is_written(office: Office, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nothing was written"):
        lists_of(office)
    assert not (office.out / "2026-10").exists()
    answer = typed(tmp_path / "hasil.csv", [{"ID KASUS": "K-000-000-000-000", "HASIL": "Layak"}])
    with pytest.raises(StorageError, match="nothing was written"):
        take_outcomes([answer], office.out, RULES, now=VISIT, say=lambda _: None)
    assert not (office.out / "outcomes").exists()


def test_the_test_would_see_what_lies_in_the_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Office(tmp_path / "plain")
    plain.publish("2026-10", [Found()])
    lists_of(plain)
    assert {Path(name).suffix for name in in_the_clear(plain.out)} >= {".duckdb", ".html", ".xlsx"}
