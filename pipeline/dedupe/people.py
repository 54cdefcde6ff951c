"""Who is who on a list: the steps in order.

Belongs here: records -> candidates -> comparison -> model -> clusters -> the same again with what was found -> cut.
Not here: files (:mod:`.stage`). Blocking and clustering are those of the monthly run (:mod:`pipeline.resolve`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log2
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.dedupe import threads
from pipeline.dedupe.card import NAMES, Cut, DedupeCard
from pipeline.dedupe.kept import Kept, candidates, drawn, sifted
from pipeline.dedupe.levels import Compared, Comparer
from pipeline.dedupe.model import ListModel, Wide, kind_of_pair, nearly
from pipeline.dedupe.numbers import characters_apart
from pipeline.dedupe.sieve import Sieve
from pipeline.dedupe.values import Floats, Records, Rows, Values
from pipeline.resolve.cluster import NEVER, Evidence, Labels, cluster

_SAMPLE: Final = 300_000
_TIE_SAMPLE: Final = 20_000
_LESSON: Final = 250_000
_TEACHING: Final = 64
"""Pieces of candidates that are sifted for the lesson at most."""
_HARDLY: Final = -10.0
_AGAIN: Final = 0.125
_NEARLY: Final = 100_000_000
_CACHED: Final = 16_384
_LEAST_NEARLY: Final = 24
_MOST_NEARLY: Final = 256
_MOSTLY: Final = 0.9
_CLEAN: Final = 0.005
_GIVEN_UP: Final = 0.9


def odds(probability: float) -> float:
    """log2 odds of a probability."""
    return log2(probability / (1 - probability))


@dataclass
class People:
    """What is said of each record.

    Attributes:
        labels: smallest record of each record's person.
        apart: records whose rows are equal, and yet not sure to be one person.
        pairs: evidence of the pairs that matter.
        cut: probability from which a pair is a match.
        model: the model used.
        one_to_one: whether each of two lists was found to hold everybody once.
        comparer: compares further pairs.
    """

    labels: Labels
    apart: npt.NDArray[np.bool_]
    pairs: Evidence
    cut: float
    model: ListModel
    one_to_one: bool
    comparer: Comparer


def find_people(records: Records, card: DedupeCard, seed: int = 1) -> People:
    """Group the records of a list into persons."""
    chance = np.random.default_rng(seed)
    comparer = Comparer(records, records.rows)
    model = ListModel.start(records, card)
    sample = model.strangers(comparer.compare(*_random_pairs(len(records), chance)))
    ties = [_agreeing(comparer, records, k, chance) for k in range(len(records.columns))]
    for _ in range(2):
        model.learn_strangers(sample)
    model.by_frequency = True
    model.learn_ties(ties)
    lookalikes = {
        k: _nearly(comparer, records, k, chance) for k in range(len(records.columns)) if _has_digits(records.columns[k])
    }

    def learn() -> None:
        for _ in range(card.rounds):
            model.learn_same(taught, weight)
            model.learn_strangers(sample)
            model.learn_lookalikes(lookalikes)
            model.learn_ties(ties)
            model.learn_matches(taught, weight)

    with candidates(records, card) as waiting:
        pieces = waiting.pieces(threads.PIECE)
        some = pieces[:: -(-len(pieces) // _TEACHING)]
        kept = sifted(Sieve(comparer, model, teach=True), waiting, some)
        taught, weight = _lesson(comparer, model, kept, len(some) / len(pieces))
        learn()
        if len(some) < len(pieces):  # a model that has learned leaves far fewer to be compared in full
            kept = sifted(Sieve(comparer, model, teach=False), waiting, pieces)
    labels, one_to_one, cut, evidence = np.arange(len(records)), False, card.cut.least, None
    for again in range(2):
        if again:
            comparer.count(_one_a_person(records, labels), others=True)
            taught, sample = comparer.anew(taught), replace(sample, open=comparer.anew(sample.open))
            ties = [None if t is None else comparer.anew(t) for t in ties]
            lookalikes = {k: (comparer.anew(t), w) for k, (t, w) in lookalikes.items()}
            model.count_persons()
            learn()
        one_to_one = _clean_lists(records, model)
        cut = _cut(model, taught, weight, card.cut)
        labels, evidence = _cluster(records, comparer, model, kept, card.cut.possible, cut, one_to_one=one_to_one)
    assert evidence is not None  # noqa: S101 - two rounds at least
    itself = np.flatnonzero(records.rows > 1)
    apart = np.zeros(len(records), dtype=np.bool_)
    if len(itself):
        own = model.score(comparer.compare(itself, itself))
        apart[itself] = (own.total < odds(cut)) | one_to_one
    return People(labels, apart, evidence, cut, model, one_to_one, comparer)


def _random_pairs(n: int, chance: np.random.Generator) -> tuple[Rows, Rows]:
    """Pairs of different records, all of them where there are few."""
    if n * (n - 1) // 2 <= _SAMPLE:
        a, b = np.triu_indices(n, 1)
        return a.astype(np.int64), b.astype(np.int64)
    a, b = chance.integers(0, n, _SAMPLE), chance.integers(0, n, _SAMPLE)
    return np.minimum(a, b)[a != b], np.maximum(a, b)[a != b]


def _agreeing(comparer: Comparer, records: Records, k: int, chance: np.random.Generator) -> Compared | None:
    """Random pairs of records with one value in a column."""
    code = records.columns[k].code
    rows = np.flatnonzero(code >= 0)
    if not len(rows):
        return None
    mixed = chance.permutation(rows)
    # sorted as single numbers: by code, then at random
    key = code[mixed].astype(np.uint64) << np.uint64(32) | np.arange(len(mixed), dtype=np.uint64)
    key = pl.Series(key).sort().to_numpy()
    same = np.flatnonzero(key[1:] >> np.uint64(32) == key[:-1] >> np.uint64(32))
    if not len(same):
        return None
    if len(same) > _TIE_SAMPLE:
        same = np.sort(chance.choice(same, _TIE_SAMPLE, replace=False))
    a, b = (mixed[(key[at] & np.uint64(0xFFFFFFFF)).astype(np.int64)] for at in (same, same + 1))
    return comparer.compare(np.minimum(a, b), np.maximum(a, b))


def _lesson(comparer: Comparer, model: ListModel, kept: Kept, part: float) -> tuple[Compared, Wide]:
    """The pairs that teach the model, a sample of very many, and how many pairs of rows each stands for.

    Rows that are equal in everything are a pair of a record with itself. Of a sample, pairs that are two persons by a
    thousand to one add to no share more than a thousandth of a pair: few are drawn again and stand for all of them.

    Args:
        part: share of all candidates of which ``kept`` is what was worth keeping.
    """
    rows = comparer.records.rows
    itself = np.flatnonzero(rows > 1)
    share = min(1.0, _LESSON / max(len(kept) + len(itself), 1))
    itself = itself[drawn(itself, itself, share)]
    taught = Compared.concat([comparer.compare(itself, itself), kept.compared(comparer, kept.drawn(share))])
    taught = taught.take(np.lexsort((taught.b, taught.a)))
    of = np.where(taught.a == taught.b, share, share * part)
    if share < 1:
        hardly = model.score(taught).total < _HARDLY
        of[hardly] *= _AGAIN
        again = drawn(taught.a, taught.b, share * _AGAIN) | ~hardly
        taught, of = taught.take(again), of[again]
    n, m = rows[taught.a], rows[taught.b]
    return taught, np.where(taught.a == taught.b, n * (n - 1) / 2, n * m) / of


def _has_digits(values: Values) -> bool:
    return values.column.compare == "number" and float(values.packed[1].mean()) > _MOSTLY


def _nearly(comparer: Comparer, records: Records, k: int, chance: np.random.Generator) -> tuple[Compared, float]:
    """Pairs of some records with all whose number is a digit or two apart, and how many pairs each stands for."""
    values = records.columns[k]
    rows = np.flatnonzero(values.code >= 0)
    n = int(np.clip(_NEARLY / max(len(rows), 1), _LEAST_NEARLY, _MOST_NEARLY))
    some = np.sort(chance.choice(rows, min(n, len(rows)), replace=False))
    codes = values.code[rows]
    packed = values.packed[0]
    found = []
    for start in range(0, len(rows), _CACHED):  # a block of rows against each of the some, while it is at hand
        block = codes[start : start + _CACHED]
        others, size = packed[block], values.size[block]
        for row, code in zip(some, values.code[some], strict=True):
            at = np.flatnonzero((characters_apart(others, packed[code]) <= 2) & (size == values.size[code]))
            found.append(np.column_stack([np.full(len(at), row), rows[start + at]]))
    pairs = np.concatenate(found)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    compared = comparer.compare(pairs.min(axis=1), pairs.max(axis=1))
    return compared.take(nearly(compared, k)), len(rows) / (2 * len(some))


def _one_a_person(records: Records, labels: Labels) -> Wide:
    """Weight of each record, so that every person counts once."""
    got: Wide = 1 / np.bincount(labels, minlength=len(records)).astype(np.float64)[labels]
    return got


def _clean_lists(records: Records, model: ListModel) -> bool:
    """Whether there are two lists and each has everybody once."""
    if records.file.max(initial=1) < 2:
        return False
    rows = [float(records.rows[records.file == f].sum()) for f in (1, 2)]
    return all(model.matches[t] <= max(_CLEAN * rows[t], 1.0) for t in (0, 1))


def _cut(model: ListModel, compared: Compared, weight: Wide, cut: Cut) -> float:
    """The lowest probability at which no more than a share of the links is expected to be false."""
    p = model.score(compared).probability.astype(np.float64)
    good = p >= cut.least
    p, weight = p[good], weight[good]
    if not len(p):
        return cut.least
    order = np.argsort(-p, kind="stable")
    p = p[order]
    false = np.cumsum((1 - p) * weight[order]) / np.cumsum(weight[order])
    beyond = np.flatnonzero(false > cut.false_links)
    if not len(beyond):
        return cut.least
    # however doubtful, a tenth of the true links at most is given up for it
    true = np.cumsum(p * weight[order])
    first = max(int(beyond[0]), int(np.searchsorted(true, _GIVEN_UP * true[-1])))
    return float(min((p[first] + p[max(first - 1, 0)]) / 2, 0.99))


def _varies(values: Values) -> bool:
    """Whether a person has several at a time: short names and married names, addresses. The best agreement of two
    groups counts then, diluted by the number of pairs; of what stays as it is (dates, numbers) the mean counts."""
    return values.column.share == "place" or values.column.meaning in (*NAMES, "full_name")


def _cluster(
    records: Records,
    comparer: Comparer,
    model: ListModel,
    kept: Kept,
    possible: float,
    cut: float,
    *,
    one_to_one: bool,
) -> tuple[Labels, Evidence]:
    varying = [k for k, v in enumerate(records.columns) if _varies(v)]
    steady = [k for k in range(len(records.columns)) if k not in varying]
    order = [*steady, len(records.columns), *varying]
    shared = [k for k, v in enumerate(records.columns) if v.column.share != "own"]

    def weigh(those: Compared, *, least: float = -np.inf) -> Evidence:
        """Evidence of pairs whose log2 odds are above ``least``, or that can never be."""
        scores = model.score(those)
        total = scores.total
        if one_to_one:
            total = np.where(kind_of_pair(records.file, those.a, those.b) < 2, np.float32(NEVER), total)
        at = np.flatnonzero((total > least) | (total <= NEVER / 2))
        nothing, always = np.zeros((len(at), 1), np.float32), np.ones((len(at), 1), np.bool_)
        weights = scores.weights[at]
        kin = scores.relative[at] < scores.stranger[at]
        for k in shared:  # against relatives it says nothing: left in, the best of many pairs would outweigh them
            weights[kin, -1] += weights[kin, k]
            weights[kin, k] = 0
        parts = np.hstack([weights[:, order], nothing])
        known = np.hstack([np.hstack([those.levels[at] > 0, always])[:, order], always])
        return Evidence(those.a[at], those.b[at], total[at], parts, known, steady=len(order) - len(varying))

    pairs = Evidence.concat(kept.each(comparer, lambda those: weigh(those, least=odds(possible))))
    labels, inside = cluster(
        pairs,
        len(records),
        link=odds(possible),
        cut=odds(cut),
        compare=lambda a, b: weigh(comparer.compare(a, b)),
    )
    return labels, Evidence.concat([pairs, inside]).distinct()


def probability(total: Floats) -> Floats:
    """Probability of log2 odds."""
    got: Floats = (1 / (1 + np.exp2(-np.clip(total, -60, 60)))).astype(np.float32)
    return got
