"""Are new weights better on pairs that they were not learned from?

Belongs here: the comparison of two sets of weights. Not here: learning (:mod:`.weights`).

Without judged pairs, the model is learned from one half of the lessons and asked about the other: how many bits its
shares need to say which levels pairs of each class show, and how well names alone tell the classes apart. With judged
pairs, it is learned without a fifth of them and asked about that fifth, five times (cross-validation): the log loss of
its probabilities, each pair counting for as many as its stratum has for each judged one.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from pipeline.identity.estimates import shares_of
from pipeline.identity.lessons import Lessons, with_judged
from pipeline.identity.population import Population
from pipeline.identity.weights import learn, name_loss
from pipeline.resolve.compare import COLUMNS, Compared, Floats
from pipeline.resolve.model import SAME_DAY, Model
from pipeline.resolve.settings import IdentitySettings

FOLDS: Final = 5
ENOUGH_JUDGED: Final = 30
"""Judged pairs, some of them the same and some not, from which on weights are held against them."""


@dataclass(frozen=True)
class HeldOut:
    """Old and new weights on pairs held out: what was measured (less is better), of how many pairs."""

    measure: str
    pairs: int
    old: float
    new: float

    @property
    def worse(self) -> bool:
        """Whether the new weights are worse."""
        return self.new > self.old


def on_lessons(lessons: Lessons, settings: IdentitySettings) -> list[HeldOut]:
    """Bits a pair that levels need, and log loss (bits) of names, on the half that was not learned from."""
    new = learn(lessons, settings, half=0)
    held = replace(
        lessons,
        same=lessons.same.part(1),
        kin=lessons.kin.part(1),
        strangers=lessons.strangers.part(1),
        one_day=lessons.one_day.part(1),
    )
    pairs = float(held.same.weight.max(axis=1, initial=0).sum() + held.kin.weight.max(axis=1, initial=0).sum())
    levels = [_bits(held, s) for s in (settings, new)]
    names = [name_loss(held, s.name) for s in (settings, new)]
    return [
        HeldOut("bits a pair to say the levels", int(pairs), *levels),
        HeldOut("log loss of names alone, bits a pair", int(pairs), *names),
    ]


def _bits(held: Lessons, settings: IdentitySettings) -> float:
    """Mean over columns and classes of the bits that say the level of a pair of the class."""
    model = Model.start(settings, held.model.rows)
    total = seen = 0.0
    for sample, of in ((held.same, 0), (held.kin, 1)):
        counts = sample.count(model)
        if of == 0:
            counts["number"] += counts[SAME_DAY]
        for column in COLUMNS[1:]:
            free = model.learnable(column)
            share = model.tables[column][free, of]
            total -= float(counts[column][free] @ np.log2(share / share.sum()))
            seen += float(counts[column][free].sum())
    return round(total / max(seen, 1.0), 6)


def on_judged(
    lessons: Lessons, population: Population, judged: pl.DataFrame, settings: IdentitySettings, most: float, seed: int
) -> HeldOut | None:
    """Log loss on judged pairs, each fifth by weights learned without it; None where too few are judged."""
    inside = judged.filter(pl.col("stratum") >= 0)
    if inside.height < ENOUGH_JUDGED or inside["same"].n_unique() < 2:
        return None
    fold = np.random.default_rng(seed).permutation(inside.height) % FOLDS
    n = shares_of(population, inside).judged
    each = (population.strata["pairs"].to_numpy() / np.maximum(n, 1))[inside["stratum"].to_numpy()]
    each = np.minimum(each, most)
    old, new = np.zeros(inside.height), np.zeros(inside.height)
    for k in range(FOLDS):
        rest, held = inside.filter(pl.Series(fold != k)), inside.filter(pl.Series(fold == k))
        taught = learn(with_judged(lessons, population, rest, most), settings)
        old[fold == k] = _loss(lessons, held, settings)
        new[fold == k] = _loss(lessons, held, taught)
    return HeldOut(
        "log loss of judged pairs, bits a pair", inside.height,
        round(float(old @ each / each.sum()), 6), round(float(new @ each / each.sum()), 6),
    )  # fmt: skip


def _loss(lessons: Lessons, judged: pl.DataFrame, settings: IdentitySettings) -> Floats:
    """Bits that each pair's probability lacks to certainty of what was said."""
    comparer = copy(lessons.comparer)
    comparer.weights = settings.name
    pairs: Compared = comparer.compare(judged["a"].to_numpy(), judged["b"].to_numpy())
    model = Model.start(settings, lessons.model.rows)
    model.matches, model.relatives = lessons.model.matches, lessons.model.relatives
    total = model.score(pairs).total.astype(np.float64)
    got: Floats = np.logaddexp2(0, np.where(judged["same"].to_numpy(), -total, total))
    return got
