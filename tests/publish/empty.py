"""A database without a run, made once and copied: for tests that write a few rows of a month themselves."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.database import DATABASE, opened
from pipeline.publish.schema import prepare
from pipeline.store import secret


def database_in(out: Path) -> Path:
    """The database of a folder, made where there is none."""
    path = out / DATABASE
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_empty(secret()))
    return path


@cache
def _empty(_: str | None) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / DATABASE
        with opened(path, read_only=False) as connection:
            prepare(connection)
        return path.read_bytes()
