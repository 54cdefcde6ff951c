"""Files and folders that are there whole or not at all, even where a command is killed half-way.

What is written lies beside its place under a hidden name first and is moved there in one step. Stage files have a
store of their own (:mod:`pipeline.store`).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from pipeline.errors import Problem, StorageError

_STAGING = re.compile(r"\..+\.tepat\.(\d+)")
"""Hidden folder of a process: the name of what it is to become, our mark, the number of the process."""


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    part.replace(path)
    return path


@contextmanager
def staged_folder(folder: Path) -> Iterator[Path]:
    """An empty folder beside ``folder`` to write into, gone at the end; what killed commands left there goes too.

    Raises:
        StorageError: nothing may be written there.
    """
    beside = folder.absolute().parent
    staging = beside / f".{folder.name}.tepat.{os.getpid()}"
    try:
        beside.mkdir(parents=True, exist_ok=True)
        for left in beside.glob(".*"):
            owner = _STAGING.fullmatch(left.name)
            if owner is not None and (left == staging or not psutil.pid_exists(int(owner[1]))):
                shutil.rmtree(left, ignore_errors=True)
        staging.mkdir()
    except OSError as cause:
        found = f"cannot be written to: {cause.strerror}"
        raise StorageError(Problem(str(folder), found, todo="give another folder")) from cause
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def replace_folder(staging: Path, folder: Path) -> None:
    """Put a staged folder in its place; what stood there goes."""
    shutil.rmtree(folder, ignore_errors=True)
    staging.replace(folder)


def replace_files(staging: Path, folder: Path, *, old: Iterable[Path] = (), last: str = "") -> None:
    """Put staged files into a folder, each in one step; of ``old`` ones those go that were not made again.

    Args:
        staging: see :func:`staged_folder`.
        folder: where to.
        old: files of before.
        last: how the name of a file begins that comes after all others, because it stands for them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = set(old)
    made = sorted(staging.iterdir(), key=lambda path: (bool(last) and path.name.startswith(last), path.name))
    for path in made:
        path.replace(folder / path.name)
    for path in before - {folder / path.name for path in made}:
        path.unlink()
