"""A month is the same whatever the threads: every row of every stage, in the same order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.scenarios import District

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.nightly
def test_one_thread_or_many_give_the_same_month(district: District, tmp_path: Path) -> None:
    period = district.periods[0]
    made = []
    for threads in ("1", "2", "8"):  # of polars, which reads it once
        out = tmp_path / threads
        subprocess.run(
            [sys.executable, "-m", "cli", "run", "--period", str(period), "--raw", district.raw(period), "--out", out],
            cwd=ROOT, env=os.environ | {"POLARS_MAX_THREADS": threads}, check=True, capture_output=True,
        )  # fmt: skip
        made.append({p.name: pl.read_parquet(p) for p in (out / str(period)).glob("*.parquet")})
    first, *others = made
    assert len(first) > 20
    for other in others:
        assert [name for name in first if not first[name].equals(other[name])] == []
