"""Who is who in one set of rows: the steps in order.

Belongs here: features -> candidates -> comparison -> model -> persons -> households -> persons again. Not here: ids
that last (:mod:`.stable`), golden records (:mod:`.golden`), files (:mod:`.stage`).
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from math import log2
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.memory import give_back
from pipeline.resolve.blocking import Candidates, candidate_pairs, distinct, household_pairs, unpack
from pipeline.resolve.cluster import NEVER, Evidence, Labels, cluster, evidence, obey, regroup
from pipeline.resolve.compare import PIECE, Compared, Comparer
from pipeline.resolve.cut import Joins, choose
from pipeline.resolve.digits import ALL_KNOWN, Rows
from pipeline.resolve.features import Features, Numbers
from pipeline.resolve.households import Codes, households
from pipeline.resolve.judgements import Judged, bound
from pipeline.resolve.model import Model
from pipeline.resolve.samples import family_pairs
from pipeline.resolve.settings import IdentitySettings

_HOPELESS: Final = -12.0
_WORKERS: Final = min(os.cpu_count() or 1, 4)
"""Threads that compare pairs, each with a piece of its own in memory."""


def odds(probability: float) -> float:
    """log2 odds of a probability."""
    return log2(probability / (1 - probability))


@dataclass
class Resolved:
    """What resolution says of each row.

    Attributes:
        persons: smallest row of each row's person.
        households: number of each row's household, -1 unknown.
        ties: pairs of families that were compared, see :data:`~pipeline.resolve.families.TIES`.
        pairs: evidence inside components, for the record.
        model: the model used.
        counts: candidate pairs each pass found.
        cut: log2 odds from which groups were joined, chosen for the budget of false links.
        false_links: pairs of rows expected to be joined wrongly, and all that were joined.
    """

    persons: Labels
    households: Codes
    ties: pl.DataFrame
    pairs: Evidence
    model: Model
    counts: dict[str, int]
    comparer: Comparer
    cut: float
    false_links: tuple[float, float]


def resolve_rows(
    features: Features,
    where: pl.DataFrame,
    settings: IdentitySettings,
    judged: Judged | None = None,
    families_judged: Judged | None = None,
) -> Resolved:
    """Persons and households of all rows.

    Args:
        features: what is compared.
        where: source_file, sheet, row_number of each row.
        settings: the model.
        judged: pairs of rows that people have decided to be one person or two.
        families_judged: pairs of rows that people have decided to be of one household or two.
    """
    judged, family = judged or Judged.none(), families_judged or Judged.none()
    apart = judged.only_different()
    comparer, model, compared, counts = taught(features, settings)
    link, least = odds(settings.cut.possible), odds(settings.cut.least)

    def weighed(those: Compared) -> Evidence:
        return obey(evidence(those, model.score(those)), apart)

    def weigh(a: Rows, b: Rows) -> Evidence:
        return weighed(comparer.compare(a, b))

    # far fewer pairs tie rows together than are compared; what is missing inside a group is compared again
    kept = [e.take((e.total > link) | (e.total <= NEVER / 2)) for e in map(weighed, compared.pieces())]
    del compared
    give_back()
    decided = weigh(*unpack(_judged_pairs(judged)))
    pairs = Evidence.concat([*kept, decided]).distinct()
    del kept
    joins: list[Joins] = []
    persons, inside = cluster(pairs, len(features), link=link, cut=least, compare=weigh, joins=joins)
    made = Joins.concat(joins)
    cut = choose(made, least, odds(settings.cut.most), settings.cut.false_links)
    if cut > least:
        persons, inside = cluster(pairs, len(features), link=link, cut=cut, compare=weigh)
    del pairs
    persons = bound(persons, judged)
    give_back()
    homes = households(features, persons, where, settings.household.shared_members, family).of_row
    # a second look inside each household: whoever lives there has fewer to be mistaken for
    give_back()
    housed = comparer.with_families(at_home(homes))
    close = unpack(household_pairs(features, homes, settings.blocking))
    near = Evidence.concat([weighed(housed.compare(*close)), decided]).distinct()
    persons = bound(regroup(near, persons, odds(settings.cut.within_household)), judged)
    give_back()
    found = households(features, persons, where, settings.household.shared_members, family)
    every = Evidence.concat([inside, near]).distinct()
    del near
    give_back()
    return Resolved(persons, found.of_row, found.ties, every, model, counts, comparer, cut, made.false(cut))


def taught(features: Features, settings: IdentitySettings) -> tuple[Comparer, Model, Compared, dict[str, int]]:
    """The model as the rows teach it; what compares rows; the pairs worth a look; candidates that each pass found."""
    comparer = Comparer(features, settings.name)
    model = Model.start(settings, len(features))
    with closing(candidate_pairs(features, settings.blocking)) as candidates:
        compared = _hopeful(comparer, model, candidates)
    give_back()
    a, b, in_families = family_pairs(features)
    families = comparer.compare(a, b)
    for _ in range(settings.learning.rounds):
        model.learn(compared, families, settings.learning.prior_pairs, in_families)
    return comparer, model, compared, candidates.counts


def _hopeful(comparer: Comparer, model: Model, candidates: Candidates) -> Compared:
    """The pairs, compared in pieces, without those that even the most lenient model could not join.

    A pair stays if it is not far below even, or would not be but for its worst column: those teach the model how often
    the columns of one person disagree.
    """

    def sift(stripes: tuple[int, int]) -> Compared:
        piece = comparer.compare(*unpack(candidates.take(stripes)))
        scores = model.score(piece)
        but_for_worst = scores.total - np.minimum(scores.weights.min(axis=1), 0)
        return piece.take((scores.total > _HOPELESS) | (but_for_worst > 0))

    # in order, however many work on them
    with ThreadPoolExecutor(_WORKERS) as workers:
        return Compared.concat(list(workers.map(sift, candidates.pieces(PIECE))))


def at_home(homes: Codes) -> Numbers:
    """The household of each row in place of the family number written on it."""
    home = np.where(homes >= 0, homes + 1, 0).astype(np.uint64)
    known = np.where(homes >= 0, ALL_KNOWN, np.uint64(0))
    return Numbers(home, known, pl.repeat(None, len(home), dtype=pl.String, eager=True))


def _judged_pairs(judged: Judged) -> npt.NDArray[np.uint64]:
    a = np.concatenate([judged.same_a, judged.different_a]).astype(np.uint64)
    b = np.concatenate([judged.same_b, judged.different_b]).astype(np.uint64)
    return distinct(a << np.uint64(32) | b)
