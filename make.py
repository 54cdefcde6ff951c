"""Sets the project up and runs one task, with nothing but Python 3.11 or newer: `python make.py demo`.

The same as `make demo` where there is no make (Windows: `py make.py demo`). The environment is made once in
`.venv` from `requirements.lock` (exact versions, checked by hash) and made anew when the lock changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "lock.sha256"
LOCK = ROOT / "requirements.lock"

# for two processors: now and then one of three waits. The tests of one file share what they set up; in the order of
# tests/conftest.py
THREE_AT_ONCE = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]

TASKS: dict[str, list[list[str]]] = {
    "demo": [["-m", "cli", "demo"]],
    "test": [["-m", "pytest", *THREE_AT_ONCE]],
    "test-all": [["-m", "pytest", "-m", "", *THREE_AT_ONCE]],
    "lint": [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy"],
    ],
    "bench": [["-m", "tests.benchmarks.linkage"]],
    "docs": [["docs/make_reference.py"], ["-m", "zensical", "build", "--strict", "--clean"]],
    "pictures": [["docs/make_pictures.py"]],
    "format": [["-m", "ruff", "check", "--fix", "."], ["-m", "ruff", "format", "."]],
    "lock": [
        ["-m", "pip", "install", "--quiet", "uv"],
        [
            "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11",
            "--generate-hashes", "--no-header", "--no-annotate", "--no-strip-extras", "--extra", "dev",
            "--extra", "encrypt", "--output-file", "requirements.lock", "pyproject.toml",
        ],
    ],
}  # fmt: skip


def set_up() -> None:
    """Make `.venv` from the lock, unless it is there and the lock has not changed."""
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return
    print("Setting up .venv (once, a minute or two) ...", file=sys.stderr)
    venv.create(VENV, with_pip=True, clear=True)
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    _run([*pip, "--require-hashes", "--requirement", str(LOCK)])
    _run([*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    STAMP.write_text(wanted)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603 - our own commands
    if done.returncode:
        sys.exit(done.returncode)


def main() -> None:
    """Run the task named on the command line; further arguments go to its last command."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file may be started by an older Python
        sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0])
    task = sys.argv[1] if len(sys.argv) > 1 else ""
    if task == "clean":
        shutil.rmtree(VENV, ignore_errors=True)
        return
    if task not in TASKS:
        sys.exit(f"usage: python make.py {'|'.join([*TASKS, 'clean'])} [arguments]")
    set_up()
    *first, last = TASKS[task]
    for command in first:
        _run([str(PYTHON), *command])
    _run([str(PYTHON), *last, *sys.argv[2:]])


if __name__ == "__main__":
    main()
