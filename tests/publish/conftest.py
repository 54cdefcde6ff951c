"""One published month, made once; tests that change something get a copy of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.publish.builders import publish_one
from tests.scenarios import MadeOnce


@pytest.fixture(scope="session")
def one(made_once: MadeOnce) -> Path:
    """A folder with one published month of the identity ``inputs-1``; not to be changed."""
    return made_once("one", publish_one)


@pytest.fixture
def published(one: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be changed at will."""
    out = tmp_path / "published"
    shutil.copytree(one, out)
    return out
