"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def rules() -> Path:
    """The rules shipped with the program."""
    return ROOT / "rules"


@pytest.fixture(scope="session")
def sample() -> Path:
    """The two synthetic months, where they lie beside the checkout or where TEPAT_SAMPLE says."""
    folder = Path(os.environ.get("TEPAT_SAMPLE", ROOT.parent / "shared" / "sample"))
    if not (folder / "raw").is_dir():
        pytest.skip("the sample months are not here")
    return folder
