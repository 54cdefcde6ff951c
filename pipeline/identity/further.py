"""Which pairs to judge next: those that would narrow the intervals most.

Belongs here: how many of each stratum, and which. Not here: asking people (``tepat review``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from pipeline.identity.estimates import Shares
from pipeline.identity.population import Counts, Population

_PRIOR: Final = 2.0
_FLOOR: Final = 2
"""Pairs of a stratum of which none is judged."""


def how_many(population: Population, shares: Shares, wanted: int) -> Counts:
    """Further pairs of each stratum: some where there are none, then one by one where it lessens the variance most.

    The variance of a stratum's number of errors is ``N² p (1 - p) / n`` (Neyman 1934; one at a time is exact for whole
    numbers, Wright 2012). Its share is what was judged, the model's expectation counting as two pairs.
    """
    size = population.strata["pairs"].to_numpy().astype(np.float64)
    share = (shares.same + _PRIOR * population.expected) / (shares.judged + _PRIOR)
    variance = size**2 * share * (1 - share)
    judged = np.minimum(shares.judged, size).astype(np.float64)
    given = np.zeros(len(size), dtype=np.int64)
    for stratum in np.argsort(-size, kind="stable"):  # what nobody has looked at could be anything
        if not judged[stratum]:
            given[stratum] = min(_FLOOR, size[stratum], wanted - given.sum())
    for _ in range(wanted - int(given.sum())):
        n = judged + given
        gain = np.where(n < size, variance / np.maximum(n, 0.5) - variance / (n + 1), -1.0)
        best = int(np.argmax(gain))
        if gain[best] < 0:
            break
        given[best] += 1
    return given


def next_pairs(population: Population, shares: Shares, judged: pl.DataFrame, wanted: int, seed: int) -> pl.DataFrame:
    """Pairs to judge: mention_id_a, mention_id_b, probability (null beyond doubt), band, joined.

    Drawn at random within each stratum, by seed, so that what is judged stands for the rest. Two rows that say the same
    of who they are leave nothing to judge, and are not drawn.
    """
    given = how_many(population, shares, wanted)
    chance = np.random.default_rng(seed)
    known = judged.select("a", "b")
    drawn = [population.pairs.clear()]
    prints = population.rows["fingerprint"]
    alike = prints.gather(population.pairs["a"]).eq_missing(prints.gather(population.pairs["b"]))
    open_ = population.pairs.filter(~alike).join(known, on=["a", "b"], how="anti", maintain_order="left")
    for stratum in np.flatnonzero(given[:-1]):
        rows = open_.filter(pl.col("stratum") == stratum)
        drawn.append(rows[np.sort(chance.choice(rows.height, min(int(given[stratum]), rows.height), replace=False))])
    if given[-1]:
        drawn.append(_beyond_doubt(population, known, int(given[-1]), chance).select(drawn[0].columns))
    ids = population.rows["mention_id"]
    picked = pl.concat(drawn).join(population.strata.select("stratum", "band"), on="stratum", how="left")
    return picked.select(
        ids.gather(picked["a"]).alias("mention_id_a"),
        ids.gather(picked["b"]).alias("mention_id_b"),
        pl.col("probability").round(6),
        "band",
        "joined",
    )


def _beyond_doubt(
    population: Population, known: pl.DataFrame, wanted: int, chance: np.random.Generator
) -> pl.DataFrame:
    """Pairs of one person that are not written down: a row drawn by how many it has, and another of its person.

    Rows that say the same of who they are need no judging: what is said of one holds for the other.
    """
    rows = population.rows.select("person_id", "fingerprint", "size", pl.int_range(pl.len()).cast(pl.Int64).alias("at"))
    several = rows.filter(pl.col("size") > 1)
    weight = (several["size"] - 1).to_numpy().astype(np.float64)
    take = min(4 * wanted + 20, several.height)
    first = several[chance.choice(several.height, take, replace=False, p=weight / weight.sum())]
    others = several.select("person_id", pl.col("at").alias("mate"), pl.col("fingerprint").alias("print"))
    mates = first.join(others, on="person_id", maintain_order="left")
    mates = mates.filter((pl.col("at") != pl.col("mate")) & pl.col("fingerprint").ne_missing(pl.col("print")))
    mates = mates[chance.permutation(mates.height)].unique("at", keep="first", maintain_order=True)
    pairs = mates.select(pl.min_horizontal("at", "mate").alias("a"), pl.max_horizontal("at", "mate").alias("b")).unique(
        maintain_order=True
    )
    written = population.pairs.select("a", "b")
    pairs = pairs.join(written, on=["a", "b"], how="anti", maintain_order="left")
    pairs = pairs.join(known, on=["a", "b"], how="anti", maintain_order="left").head(wanted).sort("a", "b")
    last = population.strata.height - 1
    return pairs.with_columns(
        pl.lit(None, pl.Float64).alias("probability"), joined=pl.lit(True), stratum=pl.lit(last, pl.Int64)
    )
