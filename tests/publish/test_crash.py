"""Killed at any moment, held by somebody else, damaged on the disk: nothing half is ever shown."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import cast

import duckdb
import pytest

from pipeline import database
from pipeline.database import attach, opened, writing_alone
from pipeline.errors import StorageError
from pipeline.history import published_runs
from pipeline.publish import already_published, database_path, publish, read_only_path
from pipeline.publish.commit import verify
from pipeline.publish.content import Content
from pipeline.run import Job, run
from pipeline.store import Store
from tests.publish.builders import PERIOD, STARTED, identity, month, silent
from tests.scenarios import SEPTEMBER, small_district
from tests.warm import Warm, moments, warm

ROOT = Path(__file__).resolve().parents[2]
PERSONS = 600
"""Of some 200 families."""


@pytest.fixture(scope="module")
def at_work() -> Iterator[Warm]:
    with warm(__name__) as process:
        yield process


def publish_month(out: str, inputs: str) -> None:
    """What is killed."""
    publish(Store(Path(out) / str(PERIOD)), Path(out), identity(inputs), started_at=STARTED, timings={}, say=silent)


def run_month(raw: str, out: str, rules: str) -> None:
    """What is killed where whole runs are."""
    run(Job(SEPTEMBER, Path(raw), Path(out), Path(rules)), silent)


def assert_only_whole_runs(out: Path, persons: int | None = None, *, sure: Collection[str] = ()) -> list[str]:
    """Every run that is shown has exactly the rows of its manifest; ids of the runs.

    ``persons`` is how many the month has, where it is one of ``builders``; runs in ``sure`` were counted before.
    """
    runs = published_runs(out)
    if not runs:
        return []
    with opened(database_path(out), read_only=True) as c:
        for run_id, text in c.execute("select run_id, manifest from audit.runs").fetchall():
            if run_id in sure:
                continue
            manifest = {
                name: Content(entry["rows"], entry["digest"], tuple(entry["columns"]))
                for name, entry in json.loads(text).items()
            }
            verify(c, run_id, manifest)
        if persons is not None:
            assert c.execute("select count(*) from latest.mentions").fetchall() == [(persons + 1,)]
    return [r.run_id for r in runs]


def publish_here(out: Path, inputs: str, **content: int) -> str:
    return publish(month(out, **content), out, identity(inputs), started_at=STARTED, timings={}, say=silent)


def kill(out: Path, at_work: Warm, kills: int, seed: int) -> int:
    """Kill -9 publishing again and again; how often it was still at work."""
    month(out, persons=PERSONS)
    usual = at_work.do(__name__, "publish_month", str(out), "run-0")
    known, killed, n = assert_only_whole_runs(out, PERSONS), 0, 1
    for _, moment in zip(range(kills), moments(seed, usual), strict=False):
        unfinished = at_work.kill(moment, __name__, "publish_month", str(out), f"run-{n}")
        killed += unfinished
        shown = assert_only_whole_runs(out, PERSONS, sure=known[:-1])
        assert shown[: len(known)] == known
        assert set(shown[len(known) :]) <= {identity(f"run-{n}").run_id}
        known = shown
        n += not unfinished
    assert publish_here(out, f"run-{n}", persons=PERSONS) == identity(f"run-{n}").run_id
    assert already_published(out, identity(f"run-{n}"))
    assert assert_only_whole_runs(out, PERSONS)[-1] == identity(f"run-{n}").run_id
    assert {p.name for p in out.iterdir()} == {
        "2026-10",
        database.LOCK_FILE,
        database_path(out).name,
        read_only_path(out).name,
    }
    return killed


def test_killed_at_any_moment_the_last_whole_run_is_shown_and_the_next_one_succeeds(
    tmp_path: Path, at_work: Warm
) -> None:
    assert kill(tmp_path, at_work, 20, seed=1) >= 5


@pytest.mark.nightly
def test_killed_a_thousand_times_in_whole_runs(tmp_path: Path, rules: Path) -> None:
    month = small_district(tmp_path, families=20, periods=(SEPTEMBER,)).raw(SEPTEMBER)
    entries = month / "sources.yaml"  # part of what a run depends on
    said = entries.read_text(encoding="utf-8") if entries.exists() else "[]\n"
    killed = 0
    with warm(__name__, "great_expectations.expectations") as at_work:  # while it is imported nothing is written
        for turn in range(20):  # anew from time to time: runs only grow
            out = tmp_path / f"out-{turn}"
            work = (__name__, "run_month", str(month), str(out), str(rules))
            known, n, usual = assert_only_whole_runs(out), 0, at_work.do(*work)
            for _, moment in zip(range(50), moments(turn, usual), strict=False):
                entries.write_text(f"{said}# {turn} {n}\n", encoding="utf-8")
                unfinished = at_work.kill(moment, *work)
                shown = assert_only_whole_runs(out, sure=known[:-1])
                assert shown[: len(known)] == known
                known, killed, n = shown, killed + unfinished, n + (not unfinished)
            at_work.do(*work)
            assert len(assert_only_whole_runs(out)) >= len(known)
            shutil.rmtree(out)
    assert killed >= 500


def test_a_second_writer_waits_for_the_first_or_is_refused(tmp_path: Path, at_work: Warm) -> None:
    month(tmp_path, persons=PERSONS)
    writers = [(name, at_work.start(__name__, "publish_month", str(tmp_path), name)) for name in ("one", "two")]
    done = [name for name, writer in writers if at_work.ended(writer) == 0]
    assert done
    assert set(assert_only_whole_runs(tmp_path, PERSONS)) == {identity(name).run_id for name in done}


def test_a_writer_that_does_not_end_is_told_of_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.3)
    code = (
        "import sys; from pathlib import Path; from pipeline.database import writing_alone\n"
        "with writing_alone(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    began = time.monotonic()
    with pytest.raises(StorageError, match="somebody else has the database open"), writing_alone(tmp_path):
        pass
    assert time.monotonic() - began >= 0.3
    holder.communicate("")
    with writing_alone(tmp_path):
        pass


@pytest.mark.parametrize("keep", [0.02, 0.5, 0.95])
def test_a_truncated_database_is_reported_with_what_to_do(published: Path, keep: float) -> None:
    path = database_path(published)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(StorageError, match="restore the last backup"):
        assert_only_whole_runs(published)


def test_a_file_that_may_not_be_opened_is_not_told_as_damaged() -> None:
    class Refused:
        def execute(self, statement: str) -> None:
            if statement.startswith("ATTACH"):
                raise duckdb.IOException('IO Error: Cannot open file "tepat.duckdb": Permission denied')

    with pytest.raises(StorageError, match="you have no right to open this file"):
        attach(cast(duckdb.DuckDBPyConnection, Refused()), Path("tepat.duckdb"), read_only=False)


def test_a_flipped_byte_is_reported(published: Path) -> None:
    path = database_path(published)
    content = bytearray(path.read_bytes())
    content[content.index(b"SITI")] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(StorageError, match="damaged"):
        assert_only_whole_runs(published)


@pytest.mark.parametrize("keep", [0.3, *(pytest.param(k, marks=pytest.mark.nightly) for k in (0.0, 0.9))])
def test_a_write_ahead_log_that_was_cut_off_loses_at_most_what_was_not_confirmed(published: Path, keep: float) -> None:
    (first,) = assert_only_whole_runs(published)
    code = (
        "import os, sys; from pathlib import Path; from pipeline.database import opened\n"
        "with opened(Path(sys.argv[1]), read_only=False) as c:\n"
        '    c.execute("insert into audit.persons (run_id, person_id) '
        "select 'lost', i::varchar from range(1000) t(i)\")\n"
        "    os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(database_path(published))], cwd=ROOT, check=False)
    log = Path(f"{database_path(published)}.wal")
    content = log.read_bytes()
    log.write_bytes(content[: int(len(content) * keep)])
    assert assert_only_whole_runs(published) == [first]
    second = publish_here(published, "two")
    assert assert_only_whole_runs(published) == [first, second]
    with opened(database_path(published), read_only=True) as c:
        assert c.execute("select count(*) from audit.persons where run_id = 'lost'").fetchall() == [(0,)]
