"""What must hold for long lists: bounded work, the same answer whatever the pieces, twins and namesakes apart."""

from __future__ import annotations

import random
import time
from pathlib import Path

import polars as pl
import pytest

from pipeline.dedupe import Deduped, Request, dedupe, passes, reading, threads
from pipeline.resolve import blocking
from pipeline.rulebook import default_rules
from tests.benchmarks.crowd import crowd
from tests.dedupe.lists import Noise, mention, people, person


def found(path: Path, rows: pl.DataFrame) -> Deduped:
    rows.write_parquet(path / "list.parquet")
    return dedupe([path / "list.parquet"], default_rules(), Request({}, (), "who"), lambda _: None)


def test_numbers_that_hold_a_date_are_no_second_proof(tmp_path: Path) -> None:
    """Families, twins with the next number, namesakes: the list on which strangers of one day were once joined."""
    result = found(tmp_path, crowd(4000))
    assert result.score is not None
    assert result.score.precision >= 0.95
    assert result.score.recall >= 0.97


def test_pieces_and_threads_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = crowd(3000)
    whole = found(tmp_path, rows)
    monkeypatch.setattr(threads, "PIECE", 7001)
    monkeypatch.setattr(threads, "THREADS", 1)
    monkeypatch.setattr(passes, "_AT_ONCE", 997)
    monkeypatch.setattr(blocking, "_STRIPE", 100)
    monkeypatch.setattr(reading, "_LONG", 10)
    pieces = found(tmp_path, rows)
    assert pieces.clusters.equals(whole.clusters)
    assert pieces.pairs.equals(whole.pairs)


def test_one_person_of_hundreds_of_noisy_rows(tmp_path: Path) -> None:
    r = random.Random(3)  # noqa: S311
    one = person(r, "en")
    noisy = [mention(r, one, Noise(slip=0.25, missing=0.1), "en") | {"who": "-1"} for _ in range(200)]
    began = time.process_time()
    result = found(tmp_path, pl.DataFrame([*noisy, *people(300)]))
    assert result.score is not None
    assert result.score.f1 >= 0.99
    assert time.process_time() - began < 30
