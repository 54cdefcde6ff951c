"""Fixtures shared by all tests."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest
from filelock import FileLock
from hypothesis import settings

gc.disable()  # until all tests are collected: nothing that is imported becomes garbage
WORKER = os.environ.get("PYTEST_XDIST_WORKER")
# Where the tests share the processors, polars has one thread each (read once, as it is imported): to wake others costs
# more than most of what they do. `POLARS_MAX_THREADS=4 make test` has more; publish/test_threads.py compares a month.
if WORKER:
    os.environ.setdefault("POLARS_MAX_THREADS", "1")

from tests.scenarios import OCTOBER, SEPTEMBER, District, MadeOnce, small_district  # noqa: E402

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


def pytest_collection_finish() -> None:
    """From here on garbage is collected, among what the tests themselves make."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _a_thread_for_each_worker() -> Iterator[None]:
    """DuckDB with one thread where the tests share the processors: waking others costs more than a small query."""
    connect = duckdb.connect

    def connected(*args: Any, **options: Any) -> duckdb.DuckDBPyConnection:
        return connect(*args, **{**options, "config": {"threads": 1, **options.get("config", {})}})

    with pytest.MonkeyPatch.context() as patch:
        if WORKER:
            patch.setattr(duckdb, "connect", connected)
        yield


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """Makes a folder of a name once for all workers, and gives each a copy of its own: no one waits for a lock."""
    ours = tmp_path_factory.getbasetemp()
    shared = ours.parent if WORKER else ours

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, done = shared / f"once-{name}", shared / f"once-{name}.done"
        with FileLock(shared / f"once-{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed half-way
                folder.mkdir()
                make(folder)
                done.touch()
        if WORKER and not (ours / name).exists():
            shutil.copytree(folder, ours / name)
        return ours / name if WORKER else folder

    return made


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
def district(made_once: MadeOnce) -> District:
    """A small synthetic district of two months, made once. Read it, do not write to it."""
    return District(made_once("district", small_district), (SEPTEMBER, OCTOBER))


@pytest.fixture(scope="session")
def published_district(district: District, rules: Path, made_once: MadeOnce) -> Path:
    """The district's newest month, published once: the folder that holds the database. Read it, do not write to it."""
    period = district.periods[-1]

    def publish(out: Path) -> None:
        from pipeline.run import Job, run

        run(Job(period, district.raw(period), out, rules), lambda _: None)

    return made_once("published", publish)
