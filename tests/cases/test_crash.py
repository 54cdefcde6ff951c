"""`tepat outcomes` killed at any moment: no answer lost, none applied by halves or twice."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.cases.book import cases_of
from pipeline.cases.returning import take_outcomes
from pipeline.tables import CASE_EVENTS, CASES
from tests.cases.conftest import VISIT
from tests.cases.office import RULES, Found, Office

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import sys
from pathlib import Path
from pipeline.cases.returning import take_outcomes
from tests.cases.conftest import VISIT
from tests.cases.office import RULES
print("ready", flush=True)
take_outcomes([Path(sys.argv[1])], Path(sys.argv[2]), RULES, now=VISIT, say=lambda _: None)
print("done", flush=True)
"""
FAMILIES = 30


def answers(folder: Path, office: Office, attempt: int) -> Path:
    """A file with an answer to every case that leaves it open."""
    path = folder / f"hasil-{attempt}.csv"
    cases = office.ask("select case_id from audit.cases order by 1")["case_id"]
    lines = [f"{c};Belum bertemu;15/11/2026;kunjungan ke-{attempt}" for c in cases]
    path.write_text("\n".join(["ID KASUS;HASIL;TANGGAL KUNJUNGAN;CATATAN", *lines]) + "\n", encoding="utf-8")
    return path


def start(path: Path, out: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), str(out)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def assert_whole(office: Office, attempts: int) -> None:
    """Each file is in the database in full or not at all, and the cases are what their events say."""
    for table, column in (("outcomes", "source_file"), ("case_events where event = 'answered'", "period")):
        counts = office.ask(f"select count(*) as n from audit.{table} group by {column}")["n"].to_list()
        assert all(n % FAMILIES == 0 for n in counts), (table, counts)
    answered = office.ask("select count(*) as n from audit.case_events where event = 'answered'")["n"][0]
    assert answered == office.ask("select count(*) as n from audit.outcomes")["n"][0] <= FAMILIES * attempts
    events = CASE_EVENTS.conform(office.ask('select * from audit.case_events order by "at"'))
    assert cases_of(events).equals(CASES.conform(office.ask("select * from audit.cases order by case_id")))
    assert events["previous_hash"].to_list() == ["", *events["hash"].to_list()[:-1]]


def kill_at_random_moments(folder: Path, kills: int, seconds: float, seed: int) -> int:
    """Kill -9 again and again; how often the child was still at work."""
    chance = random.Random(seed)  # noqa: S311 - the same moments each time, as far as a machine allows
    office = Office(folder / "out", families=FAMILIES, roster=())
    office.publish("2026-10", [Found(subject=f"H{n}") for n in range(1, FAMILIES + 1)])
    office.keep("2026-10")
    began = time.monotonic()
    with start(answers(folder, office, 0), office.out) as child:
        began = time.monotonic()
        child.wait()
    usual = time.monotonic() - began
    killed, attempt, stop_at = 0, 1, time.monotonic() + seconds
    while killed < kills and time.monotonic() < stop_at:
        path = answers(folder, office, attempt)
        with start(path, office.out) as child:
            time.sleep(chance.uniform(0, usual))
            unfinished = child.poll() is None
            child.kill()
        killed += unfinished
        assert_whole(office, attempt + 1)
        take_outcomes([path], office.out, RULES, now=VISIT, say=lambda _: None)
        counted = office.ask("select count(*) as n from audit.outcomes")["n"][0]
        assert counted == FAMILIES * (attempt + 1)  # whatever the killed one had done, each answer is there once
        attempt += 1
    assert_whole(office, attempt)
    return killed


def test_killed_at_any_moment_no_answer_is_lost_or_counts_twice(tmp_path: Path) -> None:
    assert kill_at_random_moments(tmp_path, kills=5, seconds=8, seed=3) > 0


@pytest.mark.nightly
def test_killed_a_thousand_times(tmp_path: Path) -> None:
    assert kill_at_random_moments(tmp_path, kills=1000, seconds=3600, seed=4) > 0
