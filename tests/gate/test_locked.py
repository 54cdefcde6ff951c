"""With a key the gate hands out lists that ask for a passphrase, or none."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from pipeline.errors import InputError, StorageError
from pipeline.gate import approve, override, screen
from pipeline.gate.lists import write_lists
from pipeline.gate.paylist import read_pay_list
from pipeline.outgoing import lock_of
from pipeline.publish import publish
from tests.gate.village import NOW, OCTOBER
from tests.publish.builders import NIK, STARTED, identity, month, silent

PASSPHRASE = "empat kata yang asing"  # noqa: S105 - of a test
INSTALLED = all(importlib.util.find_spec(n) for n in ("cryptography", "duckdb_extension_httpfs", "msoffcrypto"))
needs_support = pytest.mark.skipif(not INSTALLED, reason="the extra [encrypt] is not installed")


def opened(path: Path) -> openpyxl.Workbook:
    """The workbook, after its passphrase."""
    import msoffcrypto

    plain = io.BytesIO()
    with path.open("rb") as file:
        locked = msoffcrypto.OfficeFile(file)
        assert locked.is_encrypted()
        locked.load_key(password=PASSPHRASE, verify_password=True)
        locked.decrypt(plain, verify_integrity=True)
    return openpyxl.load_workbook(plain)


@needs_support
def test_with_a_key_lists_are_locked_and_nothing_else_holds_a_number(
    tmp_path: Path, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEPAT_KEY", "kunci")
    out = tmp_path / "out"
    publish(month(out), out, identity(), started_at=STARTED, timings={}, say=silent)
    paylist = tmp_path / "Daftar_Bayar_PKH.csv"
    paylist.write_text(f"NO;NAMA PENERIMA;NIK;NOMINAL\n1;SITI 0;{NIK};600000\n2;HASAN;7501010503800002;600000\n")

    before = sorted(out.rglob("*"))
    with pytest.raises(StorageError, match="TEPAT_PASSPHRASE"):
        screen(paylist, OCTOBER, out, rules, now=NOW, say=silent)
    monkeypatch.setenv("TEPAT_PASSPHRASE", "pendek")
    with pytest.raises(InputError, match="too few"):
        screen(paylist, OCTOBER, out, rules, now=NOW, say=silent)
    assert sorted(out.rglob("*")) == before

    monkeypatch.setenv("TEPAT_PASSPHRASE", PASSPHRASE)
    screened = screen(paylist, OCTOBER, out, rules, person="Operator", now=NOW, say=silent)
    lines = [
        row
        for file in sorted(screened.folder.glob("*.xlsx"))
        for row in list(opened(file).active.iter_rows(values_only=True))[1:]
    ]
    assert {row[2] for row in lines} == {NIK, "7501010503800002"}
    for path in out.rglob("*"):
        assert not path.is_file() or (NIK.encode() not in path.read_bytes()), path.name

    override(out, rules, screened.gate_id, 3, "pay", person="Citra", reason="dikunjungi", until="2026-11-30", now=NOW)
    [_, paid] = opened(screened.folder / f"{paylist.stem}_pay.xlsx").active.iter_rows(values_only=True)
    assert "Citra" in paid[-1]
    monkeypatch.delenv("TEPAT_PASSPHRASE")  # nothing with a number is written by a signature
    assert approve(out, screened.gate_id, "checker", "Ani", now=NOW)["approvals"][0]["person"] == "Ani"


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_whatever_came_in_a_locked_list_is_a_workbook_with_its_columns(
    suffix: str, rules: Path, tmp_path: Path
) -> None:
    pytest.importorskip("msoffcrypto")
    path = tmp_path / f"Daftar_Bayar_PKH{suffix}"
    frame = pl.DataFrame(
        {"NAMA PENERIMA": ["SITI"], "NIK": [NIK], "NO REKENING": ["0033401550001"], "NOMINAL": [600_000]}
    )
    write = frame.write_csv if suffix == ".csv" else frame.write_parquet
    write(path)
    pay = read_pay_list(path, OCTOBER, rules, "pkh")
    decided = pay.lines.select("sheet", "row_number", decision=pl.lit("pay"), words=pl.lit(""))
    files = write_lists(pay, decided, tmp_path, PASSPHRASE)
    header, line = opened(files["pay"]).active.iter_rows(values_only=True)
    assert header == (*frame.columns, "decision", "reason")
    assert line[:3] == ("SITI", NIK, "0033401550001")
    assert str(line[3]) == "600000"
    assert len(list(opened(files["hold"]).active.iter_rows())) == 1


def test_without_a_key_or_passphrase_lists_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEPAT_KEY", raising=False)
    monkeypatch.delenv("TEPAT_PASSPHRASE", raising=False)
    assert lock_of("the lists") is None
