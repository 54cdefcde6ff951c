"""`tepat outcomes` killed at any moment: no answer lost, none applied by halves or twice."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.cases.book import cases_of
from pipeline.cases.returning import take_outcomes
from pipeline.database import DATABASE, opened
from pipeline.history import frame_of
from pipeline.tables import CASE_EVENTS, CASES
from tests.cases.conftest import VISIT
from tests.cases.office import RULES, Found, Office
from tests.warm import Warm, moments, warm

FAMILIES = 200


def take(path: str, out: str) -> None:
    """What is killed."""
    take_outcomes([Path(path)], Path(out), RULES, now=VISIT, say=lambda _: None)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A month of 200 families, each with a case."""
    office = Office(tmp_path / "out", families=FAMILIES, roster=())
    office.publish("2026-10", [Found(subject=f"H{n}") for n in range(1, FAMILIES + 1)])
    office.keep("2026-10")
    return office


def answers(folder: Path, cases: Sequence[str], attempt: int) -> Path:
    """A file with an answer to every case that leaves it open."""
    path = folder / f"hasil-{attempt}.csv"
    lines = [f"{c};Belum bertemu;15/11/2026;kunjungan ke-{attempt}" for c in cases]
    path.write_text("\n".join(["ID KASUS;HASIL;TANGGAL KUNJUNGAN;CATATAN", *lines]) + "\n", encoding="utf-8")
    return path


def assert_whole(office: Office) -> int:
    """Each file is in the database in full or not at all, and the cases are what their events say; files applied."""
    with opened(office.out / DATABASE, read_only=True) as c:
        files = frame_of(c, "select source_file, count(*) as n from audit.outcomes group by source_file")
        events = CASE_EVENTS.conform(frame_of(c, 'select * from audit.case_events order by "at"'))
        cases = CASES.conform(frame_of(c, "select * from audit.cases order by case_id"))
    assert set(files["n"]) <= {FAMILIES}
    assert (events["event"] == "answered").sum() == files.height * FAMILIES
    assert cases_of(events).equals(cases)
    assert events["previous_hash"].to_list() == ["", *events["hash"].to_list()[:-1]]
    return files.height


def kill(office: Office, folder: Path, at_work: Warm, kills: int, seed: int) -> int:
    """Kill -9 again and again, and give the same file again after each; how often it was still at work."""
    cases = office.ask("select case_id from audit.cases order by 1")["case_id"].to_list()
    usual = at_work.do(__name__, "take", str(answers(folder, cases, 0)), str(office.out))
    killed = 0
    for attempt, moment in zip(range(1, kills + 1), moments(seed, usual), strict=False):
        path = answers(folder, cases, attempt)
        killed += at_work.kill(moment, __name__, "take", str(path), str(office.out))
        assert assert_whole(office) in (attempt, attempt + 1)
        take(str(path), str(office.out))
        counted = office.ask("select count(*) as n, count(distinct outcome_id) as d from audit.outcomes").row(0)
        assert counted == (FAMILIES * (attempt + 1),) * 2  # whatever the killed one had done, each answer is there once
    return killed


def test_killed_at_any_moment_no_answer_is_lost_or_counts_twice(office: Office, tmp_path: Path) -> None:
    with warm(__name__) as at_work:
        assert kill(office, tmp_path, at_work, 20, seed=3) >= 5


@pytest.mark.nightly
def test_killed_a_thousand_times(office: Office, tmp_path: Path) -> None:
    killed = 0
    with warm(__name__) as at_work:
        for turn in range(50):  # anew from time to time: events only grow
            folder = tmp_path / str(turn)
            shutil.copytree(office.out, folder / "out")
            killed += kill(Office(folder / "out", families=FAMILIES), folder, at_work, 20, seed=turn)
            shutil.rmtree(folder)
    assert killed >= 500
