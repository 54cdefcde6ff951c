"""Pairs that teach the weights: of one person, of relatives, of strangers, and of strangers born on one day.

Belongs here: drawing them, and how much each counts. Not here: what is learned (:mod:`.weights`).

Nobody tells the model who is who. A pair teaches a column only where it is sure without that column; pairs that people
have judged are sure in all columns, and each counts for as many as its stratum has for each judged one. In a stratum
with enough of them, they teach instead of what the model is sure of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.identity.estimates import shares_of
from pipeline.identity.population import Population
from pipeline.resolve.blocking import mix
from pipeline.resolve.compare import COLUMNS, Compared, Comparer, best_date
from pipeline.resolve.digits import Rows
from pipeline.resolve.engine import taught
from pipeline.resolve.features import Features
from pipeline.resolve.model import SURE, SURELY_TWO, Counts, Model
from pipeline.resolve.samples import family_pairs
from pipeline.resolve.settings import IdentitySettings

Weights = npt.NDArray[np.float32]

STRANGERS: Final = 200_000
ENOUGH: Final = 10
"""Judged pairs of a stratum from which on they speak for it."""


@dataclass(frozen=True)
class Sample:
    """Pairs, and for how many each counts in each column: shape (pairs, columns of COLUMNS)."""

    pairs: Compared
    weight: Weights

    def part(self, half: int | None) -> Sample:
        """One half (0 or 1) by the ids of the rows, or all."""
        if half is None:
            return self
        chosen = (mix(self.pairs.a, self.pairs.b) & np.uint64(1)) == np.uint64(half)
        return Sample(self.pairs.take(chosen), self.weight[chosen])

    def count(self, model: Model) -> Counts:
        """Pairs that show each level."""
        counts = model.counts()
        model.count(counts, self.pairs, self.weight)
        return counts

    def of_level(self, *levels: int) -> float:
        """Pairs whose names agree so far."""
        return float(self.weight[np.isin(self.pairs.levels["name"], levels), 0].sum())

    def __add__(self, other: Sample) -> Sample:
        return Sample(Compared.concat([self.pairs, other.pairs]), np.concatenate([self.weight, other.weight]))


@dataclass(frozen=True)
class Lessons:
    """What a month teaches: samples of pairs by class, and the model that the rows alone have taught."""

    comparer: Comparer
    model: Model
    same: Sample
    kin: Sample
    strangers: Sample
    one_day: Sample


def draw(features: Features, settings: IdentitySettings, seed: int) -> Lessons:
    """Pairs that are sure by themselves."""
    comparer, model, compared, _ = taught(features, settings)
    a, b, _ = family_pairs(features)
    chance = np.random.default_rng(seed)
    return Lessons(
        comparer,
        model,
        _sure(model, compared, same=True),
        _sure(model, comparer.compare(a, b), same=False),
        _strangers(model, comparer.compare(*_random(len(features), chance))),
        _strangers(model, comparer.compare(*_born_together(features, chance))),
    )


def _sure(model: Model, pairs: Compared, *, same: bool) -> Sample:
    weight = np.zeros((len(pairs), len(COLUMNS)), dtype=np.float32)
    at = 0
    for part in pairs.pieces():
        without = model.score(part).without
        weight[at : at + len(part)] = without > SURE if same else without < SURELY_TWO
        at += len(part)
    return Sample(pairs, weight)


def _strangers(model: Model, pairs: Compared) -> Sample:
    """Pairs that are surely two persons, of two families as far as it is known."""
    sample = _sure(model, pairs, same=False)
    return Sample(pairs, sample.weight * (pairs.levels["family_number"] != 1)[:, None])


def _random(rows: int, chance: np.random.Generator) -> tuple[Rows, Rows]:
    a, b = chance.integers(0, max(rows, 1), STRANGERS), chance.integers(0, max(rows, 1), STRANGERS)
    low, high = np.minimum(a, b), np.maximum(a, b)
    pairs = np.unique((low << 32 | high)[low < high])
    return pairs >> 32, pairs & 0xFFFFFFFF


def _born_together(features: Features, chance: np.random.Generator) -> tuple[Rows, Rows]:
    """Pairs of rows with one date of birth."""
    date = best_date(features)
    rows = np.flatnonzero(date > 0)
    rows = chance.permutation(rows)
    rows = rows[np.argsort(date[rows], kind="stable")]
    one, other = rows[:-1], rows[1:]
    same = date[one] == date[other]
    a, b = np.minimum(one[same], other[same])[:STRANGERS], np.maximum(one[same], other[same])[:STRANGERS]
    order = np.lexsort((b, a))
    return a[order], b[order]


def with_judged(lessons: Lessons, population: Population, judged: pl.DataFrame, most: float) -> Lessons:
    """The lessons with pairs that people have judged in place of what the model is sure of in their strata.

    Args:
        lessons: what the model is sure of.
        population: the published month.
        judged: columns a, b, same, stratum.
        most: for how many pairs one judged pair may count.
    """
    inside = judged.filter(pl.col("stratum") >= 0)
    n = shares_of(population, inside).judged
    size = population.strata["pairs"].to_numpy()
    spoken = n >= ENOUGH
    same = lessons.same
    replaced = spoken[population.stratum_of(same.pairs.a, same.pairs.b)]
    a, b, one = inside["a"].to_numpy(), inside["b"].to_numpy(), inside["same"].to_numpy()
    said = lessons.comparer.compare(a, b)
    each = np.minimum(size / np.maximum(n, 1), most)[inside["stratum"].to_numpy()]
    at_home = said.levels["family_number"] == 1

    def sample(chosen: npt.NDArray[np.bool_]) -> Sample:
        return Sample(said.take(chosen), np.repeat(each[chosen][:, None], len(COLUMNS), axis=1).astype(np.float32))

    sure = Sample(same.pairs, same.weight * ~replaced[:, None])
    return Lessons(
        lessons.comparer,
        lessons.model,
        sure + sample(one),
        lessons.kin + sample(~one & at_home),
        lessons.strangers + sample(~one & ~at_home),
        lessons.one_day,
    )
