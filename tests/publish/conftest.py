"""One published month, made once; tests that change something get a copy of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.publish import publish
from tests.publish.builders import STARTED, identity, month, silent
from tests.scenarios import MadeOnce


@pytest.fixture(scope="session")
def one(made_once: MadeOnce) -> Path:
    """A folder with one published month of the identity ``inputs-1``; not to be changed."""
    return made_once(
        "one", lambda out: publish(month(out), out, identity(), started_at=STARTED, timings={}, say=silent)
    )


@pytest.fixture
def published(one: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be changed at will."""
    out = tmp_path / "published"
    shutil.copytree(one, out)
    return out
