"""Pairs that wait to be compared: none is lost, none comes twice, and nothing depends on who takes them out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.period import Period
from pipeline.resolve import blocking, engine
from pipeline.resolve.blocking import Candidates, distinct
from pipeline.resolve.columns import Mentions
from pipeline.resolve.features import build_features
from pipeline.resolve.names import read_spelling
from pipeline.resolve.settings import read_settings
from pipeline.store import Store
from pipeline.tables import MENTIONS
from tests.resolve.village import RULES, frame

ROWS = 5_000


@given(st.lists(st.sets(st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1))), min_size=1, max_size=4))
def test_each_pair_comes_out_once_whatever_passes_have_found_it(found: list[set[tuple[int, int]]]) -> None:
    passes = [np.array(sorted(low << 32 | high for low, high in one), dtype=np.uint64) for one in found]
    with closing(Candidates(ROWS)) as waiting:
        for k, one in enumerate(passes):
            waiting.add(str(k), one)
        taken = [waiting.take(piece) for piece in waiting.pieces(3)]
        assert waiting.counts == {str(k): len(one) for k, one in enumerate(passes)}
    assert np.concatenate(taken).tolist() == distinct(np.concatenate(passes)).tolist()


@pytest.mark.parametrize("workers", [1, 3])
def test_what_is_learned_does_not_depend_on_pieces_or_threads(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    features = build_features(frame([]), read_spelling(RULES))
    settings = read_settings(RULES, Period(2026, 9).last_day)
    _, model, compared, counts = engine.taught(features, settings)
    monkeypatch.setattr(engine, "_WORKERS", workers)
    monkeypatch.setattr(engine, "PIECE", 50)
    monkeypatch.setattr(blocking, "_STRIPE", 7)
    _, again, piecewise, counted = engine.taught(features, settings)
    assert len(compared) > 100
    assert counted == counts
    assert (piecewise.a.tolist(), piecewise.b.tolist()) == (compared.a.tolist(), compared.b.tolist())
    assert (again.matches, again.relatives, again.kin_name) == (model.matches, model.relatives, model.kin_name)
    assert all((again.tables[c] == table).all() for c, table in model.tables.items())


def test_columns_may_be_read_one_by_one_or_be_there(tmp_path: Path) -> None:

    store = Store(tmp_path)
    rows = frame([]).sample(fraction=1.0, shuffle=True, seed=1)
    store.write(MENTIONS, rows)
    mentions = Mentions(store)
    mentions["group"] = pl.Series(range(rows.height))
    ordered = rows.sort("mention_id")
    assert mentions.select("name", "nik_digits").equals(ordered.select("name", "nik_digits"))
    assert mentions.select("group", "mention_id")["group"].to_list() == list(range(rows.height))
    one, other = (build_features(of, read_spelling(RULES)) for of in (rows, mentions))
    assert one.mention_id.equals(other.mention_id)
    assert one.nik.packed.tolist() == other.nik.packed.tolist()
