"""Worklists of the office of tests/cases, and a real browser where there is one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.period import Period
from pipeline.worklist import Worklists, make_worklists
from tests.browser import browser, find_browser
from tests.cases.office import NOVEMBER, RULES, Found, Office, deceased
from tests.worklist.phone import Phone

OCTOBER = Period(2026, 10)
PASSPHRASE = "kopi jembatan layang biru"  # noqa: S105 - made up


def lists_of(office: Office, **options: str) -> Worklists:
    """Worklists of October."""
    return make_worklists(office.out, OCTOBER, RULES, now=NOVEMBER, say=lambda _: None, **options)


def form(office: Office, suffix: str) -> Path:
    """The form of the only TKSK."""
    (found,) = (office.out / "2026-10" / "worklist").glob(f"*{suffix}")
    return found


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """October: six families in two desa; H1 has two questions, H4 a name that a spreadsheet or page must not run."""
    office = Office(tmp_path_factory.mktemp("office") / "out", roster=(("SITI HASAN", "750119", 5),))
    wrong_number = Found("identity_problem", "invalid_nik", "sembako", "P1", "person", 200_000)
    office.publish("2026-10", [wrong_number, deceased("H2"), *(Found(subject=f"H{n}") for n in (1, 3, 4, 5, 6))])
    return office.out


@pytest.fixture
def office(published: Path, tmp_path: Path) -> Office:
    """A copy of it, to be changed at will."""
    shutil.copytree(published, tmp_path / "out")
    return Office(tmp_path / "out")


@pytest.fixture(scope="session")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """A phone; skipped, with the reason counted, where no Chromium is installed."""
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium here: the page for the phone was not tried in a browser")
    with browser(program) as tab:
        yield Phone(tab, tmp_path_factory.mktemp("saved"))
