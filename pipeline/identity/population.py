"""The pairs of a published month, sorted into strata: how sure the model is, and whether the run joined them.

Belongs here: reading the pairs and counting them. Not here: what people or labels say of them (:mod:`.known`), the
estimates (:mod:`.estimates`).

Only pairs that somebody could doubt are written down (``match_pairs``); the pairs of one person that are not are the
stratum ``beyond doubt``. Pairs of two persons that the model put below ``cut.possible``, and those that no pass of
blocking has found, are in no stratum.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.history import PublishedRun

Counts = npt.NDArray[np.int64]
Wide = npt.NDArray[np.float64]

EDGES: Final = (0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999)
"""Probabilities between the bands."""
EVEN: Final = 0.5
BEYOND: Final = "beyond doubt"
EXPECTED_BEYOND: Final = 1 - 2.0**-13
"""Probability of a pair that was not written down because nobody could doubt it: more than 12 bits."""


def band_names() -> list[str]:
    """Names of the bands, by their probabilities."""
    ends = ["0", *(f"{e:g}" for e in EDGES), "1"]
    return [f"{low}-{high}" for low, high in pairwise(ends)]


@dataclass(frozen=True)
class Population:
    """What there is to estimate.

    Attributes:
        run: the published run.
        rows: mention_id, fingerprint, person_id, kecamatan_code and ``size`` (rows of the person), by mention_id.
        pairs: written pairs: positions ``a`` < ``b`` in ``rows``, probability, joined, stratum; by a, b.
        strata: a row each: stratum (0, 1, …), band, joined, pairs, expected (mean probability).
        patterns: groups of rows alike in kecamatan, size of person and pairs of each stratum; ``rows`` are so many.
        counts: pairs of each stratum that a row of each pattern has, shape (patterns, strata).
    """

    run: PublishedRun
    rows: pl.DataFrame
    pairs: pl.DataFrame
    strata: pl.DataFrame
    patterns: pl.DataFrame
    counts: Counts

    @property
    def joined(self) -> npt.NDArray[np.bool_]:
        """Of each stratum, whether its pairs are one person."""
        return self.strata["joined"].to_numpy()

    @property
    def expected(self) -> Wide:
        """Of each stratum, the share of its pairs that the model takes for one person."""
        return self.strata["expected"].to_numpy()

    def stratum_of(self, a: Counts, b: Counts, *, by_score: bool = False) -> Counts:
        """Stratum of pairs of rows (a < b); -1 where the run has neither joined nor written them.

        ``by_score``: as if a pair were joined where it is likelier than not, whatever the run has done with it.
        """
        asked = pl.DataFrame({"a": a, "b": b}, schema={"a": pl.Int64, "b": pl.Int64})
        stratum = pl.col("stratum") // 2 * 2 + (pl.col("probability") >= EVEN) if by_score else pl.col("stratum")
        found = asked.join(
            self.pairs.select("a", "b", stratum.cast(pl.Int64)), on=["a", "b"], how="left", maintain_order="left"
        )
        person = self.rows["person_id"].to_numpy()
        rest = np.where(person[a] == person[b], self.strata.height - 1, -1)
        got: Counts = np.where(found["stratum"].is_null(), rest, found["stratum"].fill_null(-1)).astype(np.int64)
        return got


def population(run: PublishedRun) -> Population:
    """Read and count the pairs of a published run."""
    rows = run.table("mentions", ["mention_id", "fingerprint", "person_id", "kecamatan_code"]).sort("mention_id")
    rows = rows.with_columns(pl.len().over("person_id").cast(pl.Int64).alias("size"))
    pairs = _written(run, rows)
    bands = len(EDGES) + 1
    band = np.searchsorted(np.array(EDGES), pairs["probability"].to_numpy(), side="right")
    pairs = pairs.with_columns(pl.Series("stratum", 2 * band + pairs["joined"].to_numpy(), dtype=pl.Int64))
    patterns, counts = _patterns(rows, pairs, 2 * bands + 1)
    of_each = (patterns["rows"].to_numpy()[:, None] * counts).sum(axis=0) // 2
    mean = pairs.group_by("stratum").agg(pl.col("probability").mean().alias("expected"))
    names = band_names()
    strata = pl.DataFrame(
        {
            "stratum": np.arange(2 * bands + 1),
            "band": [names[i // 2] for i in range(2 * bands)] + [BEYOND],
            "joined": [i % 2 == 1 for i in range(2 * bands)] + [True],
            "pairs": of_each,
        }
    ).join(mean, on="stratum", how="left", maintain_order="left")
    filler = pl.when(pl.col("band") == BEYOND).then(EXPECTED_BEYOND).otherwise(0.0)
    return Population(run, rows, pairs, strata.with_columns(pl.col("expected").fill_null(filler)), patterns, counts)


def _written(run: PublishedRun, rows: pl.DataFrame) -> pl.DataFrame:
    wanted = ["mention_id_a", "mention_id_b", "level", "probability"]
    at = rows.select("mention_id", pl.int_range(pl.len()).alias("at"), "person_id")
    written = run.table("match_pairs", wanted).filter(pl.col("level") == "person")
    for side in ("a", "b"):
        written = written.join(
            at.rename({"mention_id": f"mention_id_{side}", "at": side, "person_id": f"person_{side}"}),
            on=f"mention_id_{side}",
        )
    joined = (pl.col("person_a") == pl.col("person_b")).alias("joined")
    return written.select(pl.col("a", "b").cast(pl.Int64), "probability", joined).sort("a", "b")


def _patterns(rows: pl.DataFrame, pairs: pl.DataFrame, strata: int) -> tuple[pl.DataFrame, Counts]:
    """Rows that are alike in all that is counted: a few thousand, where there are millions of rows."""
    sides = pl.concat([pairs.select(pl.col(side).alias("at"), "stratum") for side in ("a", "b")])
    own = sides.group_by("at", "stratum").len()
    counts = np.zeros((rows.height, strata), dtype=np.int32)
    counts[own["at"].to_numpy(), own["stratum"].to_numpy()] = own["len"].to_numpy()
    counts[:, -1] = rows["size"].to_numpy() - 1 - counts[:, 1:-1:2].sum(axis=1)
    names = [f"s{i}" for i in range(strata)]
    frame = pl.DataFrame(counts, schema=names).with_columns(rows["kecamatan_code"], rows["size"])
    key = ["kecamatan_code", "size", *names]
    grouped = frame.group_by(key).agg(pl.len().alias("rows")).sort(key)
    return grouped.select("kecamatan_code", "size", "rows"), grouped.select(names).to_numpy().astype(np.int64)
