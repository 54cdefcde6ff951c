"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.scenarios import District, small_district

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


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> District:
    """A small synthetic district of two months, made once. Read it, do not write to it."""
    return small_district(tmp_path_factory.mktemp("district"))
