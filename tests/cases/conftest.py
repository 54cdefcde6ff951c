"""An office with one month of cases, made once and copied for each test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.cases.returning import Outcomes, take_outcomes
from tests.cases.office import RULES, Found, Office, deceased

VISIT = datetime(2026, 11, 16, 8, 0)
Take = Callable[..., Outcomes]


@pytest.fixture(scope="session")
def month_once(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """October: H1 eligible and unserved and with a wrong NIK, H2 with a dead recipient, H3 served twice."""
    office = Office(tmp_path_factory.mktemp("month") / "out")
    office.publish(
        "2026-10",
        [
            Found(),
            Found("identity_problem", "invalid_nik", "sembako", "P1", "person", 200_000),
            deceased("H2"),
            Found("duplicate_benefit", "same_person_twice", "pkh", "P3", "person", evidence=("mP3", "mP3b")),
            Found("unclaimed_benefit", "no_transaction", "pkh", "H3"),
        ],
    )
    office.keep("2026-10")
    return office


@pytest.fixture
def month(month_once: Office, tmp_path: Path) -> Office:
    """A copy of it, to be changed at will."""
    return month_once.copied(tmp_path / "out")


@pytest.fixture
def take(month: Office) -> Take:
    """Gives files to `tepat outcomes`."""

    def run(*paths: Path, now: datetime = VISIT, **options: str) -> Outcomes:
        return take_outcomes(paths, month.out, RULES, now=now, say=lambda _: None, **options)

    return run
