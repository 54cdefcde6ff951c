"""A filled database, made once; each test gets a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.audit.filled import fill
from tests.scenarios import MadeOnce


@pytest.fixture(scope="session")
def filled(made_once: MadeOnce) -> Path:
    """A folder whose database has rows in every table. Read it, do not write to it."""
    return made_once("filled", fill)


@pytest.fixture
def out(filled: Path, tmp_path: Path) -> Path:
    """A copy of its databases, to be changed at will."""
    folder = tmp_path / "out"
    folder.mkdir()
    for path in filled.glob("*.duckdb"):
        shutil.copyfile(path, folder / path.name)
    return folder
