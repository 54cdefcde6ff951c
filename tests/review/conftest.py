"""A published month to review, copied for each test that writes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def out(published_district: Path, tmp_path: Path) -> Path:
    """The district's newest month in a folder of its own."""
    folder = tmp_path / "out"
    folder.mkdir()
    shutil.copy(published_district / "tepat.duckdb", folder / "tepat.duckdb")
    return folder
