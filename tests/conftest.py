"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil
import pytest
from hypothesis import settings

from tests.scenarios import District, small_district

ROOT = Path(__file__).resolve().parent.parent

# No deadlines: a busy machine is no fault of the code. `HYPOTHESIS_PROFILE=long` looks harder.
settings.register_profile("short", deadline=None, max_examples=30)
settings.register_profile("long", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))

# Databases are written and synchronised hundreds of times: in memory where there is plenty, unless told otherwise.
SHARED_MEMORY, PLENTY = Path("/dev/shm"), 4 << 30  # noqa: S108 - pytest makes a folder of its own there
if (
    SHARED_MEMORY.is_dir()
    and min(shutil.disk_usage(SHARED_MEMORY).free, psutil.virtual_memory().available // 2) > PLENTY
):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(SHARED_MEMORY))

FIRST = (  # of few tests that take long: started at the end, the other worker would wait for them
    "report/test_no_numbers.py", "cases/test_crash.py", "publish/test_crash.py", "notebooks/test_notebooks.py",
    "audit/test_pack.py", "target/test_new_program.py", "demo/test_district.py", "look/test_in_browser.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first."""
    order = {ROOT / "tests" / name: n for n, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


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


@pytest.fixture(scope="session")
def published_district(district: District, rules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The district's newest month, published once: the folder that holds the database. Read it, do not write to it."""
    from pipeline.run import Job, run

    out = tmp_path_factory.mktemp("published")
    period = district.periods[-1]
    run(Job(period, district.raw(period), out, rules), lambda _: None)
    return out
