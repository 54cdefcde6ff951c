"""With TEPAT_KEY set nothing is written in plain text, or nothing is written."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from pipeline import database
from pipeline.errors import InputError, StorageError
from pipeline.history import open_run, published_runs
from pipeline.publish import publish
from pipeline.run import Job, run
from pipeline.store import Store
from pipeline.tables import MENTIONS, PERSONS
from tests.publish.builders import NIK, PERIOD, STARTED, identity, month, silent

NAME = "RAHASIA"
CAN_ENCRYPT = all(importlib.util.find_spec(n) for n in ("cryptography", "duckdb_extension_httpfs"))
needs_support = pytest.mark.skipif(not CAN_ENCRYPT, reason="the extra [encrypt] is not installed")


def publish_month(out: Path) -> str:
    store = month(out, name=NAME)
    return publish(store, out, identity(), started_at=STARTED, timings={}, say=silent)


@needs_support
def test_with_a_key_no_file_holds_a_name_or_number_in_plain_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = tmp_path / "plain"
    publish_month(plain)
    assert any(NIK.encode() in p.read_bytes() for p in plain.rglob("*") if p.is_file())

    monkeypatch.setenv("TEPAT_KEY", "kunci-1")
    out = tmp_path / "sealed"
    publish_month(out)
    for path in out.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert NAME.encode() not in content, path.name
            assert NIK.encode() not in content, path.name
    assert open_run("2026-10", out).persons()["name"][0] == f"{NAME} 0"
    assert Store(out / "2026-10").read(PERSONS).height == 9
    assert Store(out / "2026-10").scan(MENTIONS).collect().height == 10


@needs_support
def test_the_wrong_key_or_none_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEPAT_KEY", "kunci-1")
    publish_month(tmp_path)
    monkeypatch.setenv("TEPAT_KEY", "kunci-2")
    with pytest.raises(StorageError, match="TEPAT_KEY is not the key") as refused:
        published_runs(tmp_path)
    assert "kunci" not in str(refused.value)
    with pytest.raises(StorageError, match="cannot be read with this TEPAT_KEY"):
        Store(tmp_path / "2026-10").read(PERSONS)
    monkeypatch.delenv("TEPAT_KEY")
    with pytest.raises(StorageError, match="this database is encrypted"):
        published_runs(tmp_path)


@needs_support
def test_a_database_made_without_a_key_is_not_mixed_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_month(tmp_path)
    monkeypatch.setenv("TEPAT_KEY", "kunci-1")
    with pytest.raises(StorageError, match="was made without a key"):
        published_runs(tmp_path)


@pytest.mark.parametrize("missing", ["extension", "cipher"])
def test_without_support_a_key_means_that_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    store, out = month(tmp_path / "stages"), tmp_path / "out"
    monkeypatch.setenv("TEPAT_KEY", "kunci-1")
    if missing == "extension":
        monkeypatch.setattr(database, "_extension_file", lambda: None)
    else:
        monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(StorageError, match=r"cannot encrypt; nothing was written[\s\S]*\[encrypt\]"):
        publish(store, out, identity(), started_at=STARTED, timings={}, say=silent)
    assert not out.exists()


@needs_support
def test_no_database_is_made_under_a_key_that_can_be_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "raw").mkdir()
    monkeypatch.setenv("TEPAT_KEY", "kunci-1")
    with pytest.raises(InputError, match="7 characters can be found by trying"):
        run(Job(PERIOD, tmp_path / "raw", tmp_path / "out", tmp_path), print)
    assert not (tmp_path / "out").exists()
