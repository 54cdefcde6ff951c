"""A filled database, made once; each test gets a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.audit.filled import fill


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose database has rows in every table. Read it, do not write to it."""
    out = tmp_path_factory.mktemp("filled")
    fill(out)
    return out


@pytest.fixture
def out(filled: Path, tmp_path: Path) -> Path:
    """A copy of its databases, to be changed at will."""
    folder = tmp_path / "out"
    folder.mkdir()
    for path in filled.glob("*.duckdb"):
        shutil.copyfile(path, folder / path.name)
    return folder
