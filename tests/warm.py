"""A process with everything loaded that does each piece of work in a fork of itself, there to be killed.

Starting Python and importing takes seconds and is of no interest to whoever kills a command at a random moment. The
process itself never does any work: threads of polars or DuckDB would not survive a fork.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300
_SERVER = """
import importlib, json, os, sys, traceback
modules = {name: importlib.import_module(name) for name in sys.argv[1:]}
print("ready", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if isinstance(asked, int):
        print(os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1]), flush=True)
        continue
    module, function, arguments = asked
    child = os.fork()
    if child == 0:
        try:
            getattr(modules[module], function)(*arguments)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    print(child, flush=True)
"""


class Warm:
    """Does work in forks."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to, self._from = process.stdin, process.stdout

    def do(self, module: str, function: str, *arguments: str) -> float:
        """Do a piece of work to its end; seconds it took."""
        began = time.monotonic()
        assert self.ended(self.start(module, function, *arguments)) == 0, f"{function} failed"
        return time.monotonic() - began

    def kill(self, after: float, module: str, function: str, *arguments: str) -> bool:
        """Start a piece of work and kill -9 it after some seconds; whether it was still at it."""
        child = self.start(module, function, *arguments)
        time.sleep(after)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        ended = self.ended(child)
        assert ended in (0, -signal.SIGKILL), f"{function} failed"
        return ended != 0

    def start(self, module: str, function: str, *arguments: str) -> int:
        """Start a piece of work; number of its process."""
        return self._asked([module, function, arguments])

    def ended(self, child: int) -> int:
        """Wait for a piece of work; exit code, or the signal that ended it as a negative number."""
        return self._asked(child)

    def _asked(self, what: object) -> int:
        self._to.write(json.dumps(what) + "\n")
        self._to.flush()
        return int(self._from.readline())


@contextmanager
def warm(*modules: str) -> Iterator[Warm]:
    """A process that has imported some modules; skipped where a process cannot be forked (Windows)."""
    if not hasattr(os, "fork"):
        pytest.skip("no fork here: nothing was killed")
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, *modules], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Warm(process)
    finally:
        process.stdin.close()  # type: ignore[union-attr]
        process.wait(PATIENCE)


def moments(seed: int, usual: float) -> Iterator[float]:
    """Seconds after which to kill: any moment of work that usually takes so long, and a little beyond."""
    chance = random.Random(seed)  # noqa: S311 - the same moments each time, as far as a machine allows
    while True:
        yield chance.uniform(0, 1.1 * usual)
