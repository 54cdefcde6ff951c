from pathlib import Path

import polars as pl
import pytest

from pipeline.database import writing_alone
from pipeline.errors import InputError, StorageError
from pipeline.period import Period
from pipeline.store import Store, staged
from pipeline.tables import QUALITY_ROWS, TABLES

OCTOBER = Period.parse("2026-10")


def rows(*ids: str) -> pl.DataFrame:
    return pl.DataFrame({"mention_id": ids, "check_id": ["nik"] * len(ids)})


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def fail_after_writing(out: Path) -> None:
    with staged(out, OCTOBER, writing_alone) as store:
        store.write(QUALITY_ROWS, rows("new"))
        assert store.read(QUALITY_ROWS)["mention_id"].to_list() == ["new"]
        raise RuntimeError


def test_a_table_comes_back_sorted_by_its_key(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(QUALITY_ROWS, rows("b", "a"))
    assert store.read(QUALITY_ROWS)["mention_id"].to_list() == ["a", "b"]


def test_undeclared_columns_and_empty_keys_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(StorageError, match="not declared"):
        store.write(QUALITY_ROWS, rows("a").with_columns(extra=1))
    with pytest.raises(StorageError, match="empty values in key"):
        store.write(QUALITY_ROWS, rows("a").with_columns(check_id=pl.lit(None, pl.String)))
    assert not any(tmp_path.iterdir())


def test_a_missing_table_names_the_stage_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tepat validate"):
        Store(tmp_path).scan(QUALITY_ROWS)


def test_files_of_a_failed_command_vanish_and_the_old_ones_stay(tmp_path: Path) -> None:
    with staged(tmp_path, OCTOBER, writing_alone) as store:
        store.write(QUALITY_ROWS, rows("old"))
    before = snapshot(tmp_path)
    with pytest.raises(RuntimeError):
        fail_after_writing(tmp_path)
    assert snapshot(tmp_path) == before


def test_a_failed_command_leaves_no_folder_it_made(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    with pytest.raises(RuntimeError), staged(out, OCTOBER, writing_alone):
        raise RuntimeError
    assert not (tmp_path / "new").exists()


def test_with_a_key_nothing_readable_lies_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cryptography")
    monkeypatch.setenv("TEPAT_KEY", "a long passphrase")
    store = Store(tmp_path)
    store.write(QUALITY_ROWS, rows("mention-in-plain-sight"))
    assert b"plain-sight" not in store.path(QUALITY_ROWS).read_bytes()
    assert store.read(QUALITY_ROWS)["mention_id"].to_list() == ["mention-in-plain-sight"]
    monkeypatch.delenv("TEPAT_KEY")
    with pytest.raises(Exception, match=r"(?i)encrypt|magic|parquet"):
        store.read(QUALITY_ROWS)


def test_every_declared_name_is_used_once() -> None:
    for table in TABLES.values():
        assert len(set(table.names)) == len(table.names), table.name
        assert table.keys, table.name
        assert table.empty().columns == table.names


def test_results_cannot_go_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    for out in (tmp_path / "out", tmp_path / "out" / "deeper"):
        with pytest.raises(InputError, match="is a file, not a folder"), staged(out, OCTOBER, writing_alone):
            raise AssertionError
    assert (tmp_path / "out").read_text() == "a file"
