"""A checkpoint killed at any moment leaves a database that opens and has all that was committed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import checkpoint
from pipeline.checkpoint import kept_blocks
from pipeline.database import DATABASE, opened
from pipeline.errors import StorageError

PAGE = 4096
HEADERS = 3 * PAGE


def count(path: Path) -> int:
    with opened(path, read_only=True) as c:
        found = c.execute(" union all ".join(f"select count(*) from t{n} where i >= 0" for n in range(30))).fetchall()
    return sum(row[0] for row in found)


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files before the checkpoint, with its kept blocks, and the database after it."""
    folder = tmp_path_factory.mktemp("checkpoint")
    path = folder / DATABASE
    log = path.with_name(f"{DATABASE}.wal")
    with opened(path, read_only=False) as c:
        for n in range(30):
            c.execute(f"create table t{n} as select i, 'v' || i as s from range(100) r(i)")
    with opened(path, read_only=False) as c:
        c.execute("insert into t3 select i, 'w' || i from range(50) r(i)")
        seen = {"before": path.read_bytes(), "log": log.read_bytes()}
        checkpoint._keep(c, path, kept_blocks(path))
        seen["kept"] = kept_blocks(path).read_bytes()
        kept_blocks(path).unlink()
    assert not log.exists()
    return seen | {"after": path.read_bytes()}


def torn(moments: dict[str, bytes], pages: int, *, header: bool = False) -> bytes:
    """The database where only the first ``pages`` of the pages that differ were written, headers last."""
    content = bytearray(moments["after"][:HEADERS] if header else moments["before"][:HEADERS])
    content += moments["before"][HEADERS:].ljust(len(moments["after"]) - HEADERS, b"\0")
    for start in range(HEADERS, len(content), PAGE):
        if pages and content[start : start + PAGE] != moments["after"][start : start + PAGE]:
            content[start : start + PAGE] = moments["after"][start : start + PAGE]
            pages -= 1
    return bytes(content)


def put(folder: Path, moments: dict[str, bytes], content: bytes) -> Path:
    path = folder / DATABASE
    path.write_bytes(content)
    path.with_name(f"{DATABASE}.wal").write_bytes(moments["log"])
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages=st.integers(0, 70))
def test_torn_anywhere_it_opens_with_all_that_was_committed(
    moments: dict[str, bytes], tmp_path: Path, pages: int
) -> None:
    path = put(tmp_path, moments, torn(moments, pages))
    kept_blocks(path).write_bytes(moments["kept"])
    assert count(path) == 3050
    assert not kept_blocks(path).exists()


def test_killed_between_the_new_header_and_the_end_nothing_is_put_back(
    moments: dict[str, bytes], tmp_path: Path
) -> None:
    path = put(tmp_path, moments, moments["after"])
    path.with_name(f"{DATABASE}.wal").unlink()
    kept_blocks(path).write_bytes(moments["kept"])
    assert count(path) == 3050
    assert path.read_bytes() == moments["after"]


def test_what_is_kept_is_what_would_be_lost(moments: dict[str, bytes], tmp_path: Path) -> None:
    """Without the kept blocks some torn states are lost: the day this fails, DuckDB needs no help any more."""
    lost = 0
    for pages in range(1, 70, 4):
        path = put(tmp_path, moments, torn(moments, pages))
        try:
            count(path)
        except StorageError:
            lost += 1
    assert lost


def fail_half_way(path: Path) -> None:
    with opened(path, read_only=False) as c:
        c.execute("insert into t values (1, 2)")
        raise RuntimeError


def test_no_checkpoint_but_where_a_block_ends_well(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    with opened(path, read_only=False) as c:
        c.execute("create table t as select i, random() as r from range(1_500_000) x(i)")  # over DuckDB's own limits
        headers = path.read_bytes()[:HEADERS]
    assert path.read_bytes()[:HEADERS] != headers
    headers = path.read_bytes()[:HEADERS]
    with pytest.raises(RuntimeError):
        fail_half_way(path)
    assert path.read_bytes()[:HEADERS] == headers
    with opened(path, read_only=True) as c:
        assert c.execute("select count(*) from t").fetchall() == [(1_500_001,)]
