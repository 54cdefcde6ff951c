"""What each column is worth to identity: a synthetic district resolved without it.

    python -m tests.benchmarks.identity_ablation [--families 2000] [--seed 5]

Prints a table: column left out, F1 of pairs of rows, false and missed pairs. The learning of weights and the choice of
the cut run as ever; blocking still uses the column. Nobody in the district is real.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import ingest
from pipeline.demo import make_district
from pipeline.period import Period
from pipeline.resolve import engine
from pipeline.resolve.compare import COLUMNS, Compared, Comparer
from pipeline.resolve.digits import Rows
from pipeline.resolve.features import IDENTITY_COLUMNS, Features, build_features
from pipeline.resolve.names import read_spelling
from pipeline.resolve.settings import read_settings
from pipeline.rulebook import default_rules
from pipeline.store import Store
from pipeline.tables import MENTIONS

PERIOD = Period(2026, 10)
ROW = ["source_file", "sheet", "row_number"]


def without(column: str) -> type[Comparer]:
    """A comparer to which a column says nothing."""

    class Blind(Comparer):
        def _compare(self, a: Rows, b: Rows) -> Compared:
            compared = super()._compare(a, b)
            compared.levels[column][:] = 0
            if column == "name":
                compared.name_stranger[:] = 0
                compared.name_relative[:] = 0
            return compared

    return Blind


def district(folder: Path, families: int, seed: int) -> tuple[Features, pl.DataFrame, pl.Series]:
    """Features of a month's rows, where each stands, and who it is."""
    make_district(folder, families=families, seed=seed, periods=[PERIOD])
    store = Store(folder / "out")
    store.folder.mkdir()
    rules = default_rules()
    ingest.ingest(
        folder / "raw" / str(PERIOD), store, PERIOD, rules, previous=None, accept_smaller=False, say=lambda _: None
    )
    rows = store.read(MENTIONS, ["mention_id", *ROW]).sort("mention_id")
    told = pl.read_csv(folder / "truth" / str(PERIOD) / "mentions.csv", infer_schema_length=0).with_columns(
        pl.col("row_number").cast(pl.Int64), pl.col("sheet").fill_null("")
    )
    truth = rows.with_columns(pl.col("sheet").fill_null("")).join(told, on=ROW, how="left", maintain_order="left")
    features = build_features(store.read(MENTIONS, list(IDENTITY_COLUMNS)), read_spelling(rules))
    return features, rows.select(ROW), truth["true_person_id"]


def measure(features: Features, where: pl.DataFrame, truth: pl.Series, comparer: type[Comparer]) -> dict[str, Any]:
    """F1, false and missed pairs of rows."""
    before, engine.Comparer = engine.Comparer, comparer  # type: ignore[misc]
    try:
        found = engine.resolve_rows(features, where, read_settings(default_rules()))
    finally:
        engine.Comparer = before  # type: ignore[misc]
    rows = pl.DataFrame({"found": found.persons, "true": truth})

    def pairs(*by: str) -> int:
        n = rows.drop_nulls(by).group_by(by).len()["len"].cast(pl.Int64)
        return int((n * (n - 1) // 2).sum())

    both, linked, true = pairs("found", "true"), pairs("found"), pairs("true")
    return {"f1": 2 * both / (linked + true), "false": linked - both, "missed": true - both}


def table(families: int, seed: int) -> pl.DataFrame:
    """A row for everything, and one for each column left out, worst first."""
    with tempfile.TemporaryDirectory() as folder:
        month = district(Path(folder), families, seed)
        rows = [{"without": "nothing", **measure(*month, Comparer)}]
        rows += [{"without": column, **measure(*month, without(column))} for column in COLUMNS]
    return pl.DataFrame(rows).sort("f1")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=5)
    given = parser.parse_args()
    with pl.Config(tbl_rows=-1, float_precision=5):
        sys.stdout.write(f"{table(given.families, given.seed)}\n")


if __name__ == "__main__":
    main()
