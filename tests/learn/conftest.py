"""An office with a month published, made once and copied for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases.office import Office
from tests.learn.office import october


@pytest.fixture(scope="session")
def october_once(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return october(tmp_path_factory.mktemp("october") / "out")


@pytest.fixture
def office(october_once: Office, tmp_path: Path) -> Office:
    return october_once.copied(tmp_path / "out")
