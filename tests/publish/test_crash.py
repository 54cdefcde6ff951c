"""Killed at any moment, held by somebody else, damaged on the disk: nothing half is ever shown."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline import database
from pipeline.database import opened, writing_alone
from pipeline.errors import StorageError
from pipeline.history import published_runs
from pipeline.publish import already_published, database_path, publish, read_only_path
from pipeline.publish.commit import verify
from pipeline.publish.content import Content
from tests.publish.builders import STARTED, identity, month, silent

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import sys, time
from pathlib import Path
import polars, pyarrow.dataset
from pipeline.publish import publish
from pipeline.store import Store
from tests.publish.builders import PERIOD, STARTED, identity, silent
out = Path(sys.argv[1])
print("ready", flush=True)
publish(Store(out / str(PERIOD)), out, identity(sys.argv[2]), started_at=STARTED, timings={}, say=silent)
print("done", flush=True)
"""


def start(out: Path, inputs: str) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(out), inputs], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def assert_only_whole_runs(out: Path) -> list[str]:
    """Every run that is shown has exactly the rows of its manifest; ids of the runs."""
    runs = published_runs(out)
    if not runs:
        return []
    with opened(database_path(out), read_only=True) as c:
        for run_id, text in c.execute("select run_id, manifest from audit.runs").fetchall():
            manifest = {
                name: Content(entry["rows"], entry["digest"], tuple(entry["columns"]))
                for name, entry in json.loads(text).items()
            }
            verify(c, run_id, manifest)
        assert c.execute("select count(*) from latest.mentions").fetchall() == [(10,)]
    return [r.run_id for r in runs]


def publish_here(out: Path, inputs: str) -> str:
    return publish(month(out), out, identity(inputs), started_at=STARTED, timings={}, say=silent)


def kill_at_random_moments(out: Path, kills: int, seconds: float, seed: int) -> int:
    """Kill -9 publishing again and again; returns how often the child was still at work."""
    chance = random.Random(seed)  # noqa: S311 - the same moments each time, as far as a machine allows
    month(out)
    began = time.monotonic()
    with start(out, "run-0") as child:
        child.wait()
    usual = time.monotonic() - began
    known = assert_only_whole_runs(out)
    killed, attempt, stop_at = 0, 1, time.monotonic() + seconds
    while killed < kills and time.monotonic() < stop_at:
        inputs = f"run-{attempt}"
        with start(out, inputs) as child:
            time.sleep(chance.uniform(0, 0.8 * usual))
            unfinished = child.poll() is None
            child.kill()
        killed += unfinished
        shown = assert_only_whole_runs(out)
        assert shown[: len(known)] == known
        assert set(shown[len(known) :]) <= {identity(inputs).run_id}
        known = shown
        attempt += not unfinished
    last = f"run-{attempt}"
    assert publish_here(out, last) == identity(last).run_id
    assert already_published(out, identity(last))
    assert assert_only_whole_runs(out)[-1] == identity(last).run_id
    assert {p.name for p in out.iterdir()} == {
        "2026-10",
        database.LOCK_FILE,
        database_path(out).name,
        read_only_path(out).name,
    }
    return killed


def test_killed_at_any_moment_the_last_whole_run_is_shown_and_the_next_one_succeeds(tmp_path: Path) -> None:
    assert kill_at_random_moments(tmp_path, kills=15, seconds=10, seed=1) > 0


@pytest.mark.nightly
def test_killed_a_thousand_times(tmp_path: Path) -> None:
    assert kill_at_random_moments(tmp_path, kills=1000, seconds=3600, seed=2) > 0


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    month(tmp_path)
    first = start(tmp_path, "one")
    second = start(tmp_path, "two")
    for child in (first, second):
        output, _ = child.communicate()
        assert output == "done\n" or child.returncode != 0
    runs = assert_only_whole_runs(tmp_path)
    assert runs
    assert set(runs) <= {identity("one").run_id, identity("two").run_id}


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


def test_a_flipped_byte_is_reported(published: Path) -> None:
    path = database_path(published)
    content = bytearray(path.read_bytes())
    content[content.index(b"SITI")] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(StorageError, match="damaged"):
        assert_only_whole_runs(published)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
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
