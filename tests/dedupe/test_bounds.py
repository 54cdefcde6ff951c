"""What a pair can weigh at most is never less than what it weighs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipeline.dedupe.bounds import bound_of
from pipeline.dedupe.card import EQUAL, read_card
from pipeline.dedupe.columns import declare
from pipeline.dedupe.headings import Headings
from pipeline.dedupe.levels import Comparer
from pipeline.dedupe.model import ListModel
from pipeline.dedupe.reading import read_lists
from pipeline.dedupe.values import build_records
from pipeline.rulebook import default_rules
from tests.benchmarks.crowd import crowd
from tests.dedupe.lists import Noise, people

DIRTY = Noise(slip=0.3, scan=0.1, sound=0.1, missing=0.15, swapped_names=0.1, day_month=0.1, moved=0.1)


@pytest.mark.parametrize(
    "rows",
    [
        crowd(1500),
        *(pl.DataFrame(people(500, rows=(2,), noise=DIRTY, language=x)) for x in ("en", "vi", "zh")),
        # dates of which the day or the month is not known, numbers with blanks and letters
        crowd(1500).with_columns(
            tgl_lahir=pl.col("tgl_lahir").str.slice(0, 7), nik=pl.col("nik").str.replace(r"^(.{4})(.)", "${1}A ${2}")
        ),
        # names in full with initials and short forms, years in place of dates
        pl.DataFrame(people(500, rows=(2,), noise=DIRTY)).select(
            name=pl.when(pl.int_range(pl.len()) % 3 == 0)
            .then(pl.col("given_name").str.head(1))
            .otherwise(pl.col("given_name").replace("William", "Bill"))
            + pl.lit(" ")
            + pl.col("surname"),
            birth_year=pl.col("date_of_birth").str.head(4),
            suburb=pl.col("suburb"),
            who=pl.col("who"),
        ),
    ],
    ids=["crowd", "en", "vi", "zh", "odd", "initials"],
)
def test_no_bound_is_below_what_it_bounds(tmp_path: Path, rows: pl.DataFrame) -> None:
    rows.write_parquet(tmp_path / "list.parquet")
    card = read_card(default_rules())
    lists = read_lists([tmp_path / "list.parquet"], Headings(card).known)
    records = build_records(declare(lists, card, {}, ["who"]), lists.rows["file_index"])
    comparer, model = Comparer(records, records.rows), ListModel.start(records, card)
    model.by_frequency = True
    near = np.arange(len(records) - 1)
    far = np.random.default_rng(4).integers(0, len(records), (2, 20_000))
    a, b = np.concatenate([near, far.min(axis=0)]), np.concatenate([near + 1, far.max(axis=0)])
    compared = comparer.compare(a, b)
    for k, (values, table) in enumerate(zip(records.columns, model.tables(), strict=True)):
        bound = bound_of(comparer, k, table)
        bits, same = bound.bits(a, b)
        level = compared.levels[:, k]
        said = values.column.name
        if values.column.meaning not in ("given_name", "surname"):  # exchanged with each other: not of one column
            assert (bits >= table[level, compared.rare[:, k]] - 1e-4).all(), said
            assert not (same & (level != EQUAL)).any(), said
