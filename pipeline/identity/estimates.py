"""How right the links of a month are, from pairs that people have judged.

Belongs here: the estimators. Not here: the pairs (:mod:`.population`), the words about them (:mod:`.known`).

Judged pairs are no random sample: doubtful ones are shown first. Within a stratum (band of probability, joined or not)
they stand for its other pairs, so that each counts for as many pairs as its stratum has for each judged one (Cochran
1977, 5.3). Intervals of precision and recall are score intervals over strata (:mod:`pipeline.learn.intervals`); those
of F1 and B-cubed come from draws of the strata's shares (Beta with half a pair on either side, Jeffreys), by seed.

A stratum in which nothing has been judged stands at what the model expects, and no interval covers that: it is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.identity.population import Counts, Population
from pipeline.learn.intervals import effective, ratio_interval, share_interval

Wide = npt.NDArray[np.float64]

DRAWS: Final = 2000
_AT_ONCE: Final = 100
_AS_GIVEN: Final = 1e9
"""Judged pairs that a stratum counts as where none is judged: it is taken as it stands."""
_MEASURES: Final = ("precision", "recall", "f1", "b3_precision", "b3_recall", "b3_f1")


@dataclass(frozen=True)
class Shares:
    """What is known of each stratum: pairs judged, how many of them are one person, and the share that follows."""

    judged: Counts
    same: Counts
    share: Wide

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """Strata in which at least one pair has been judged."""
        return self.judged > 0


def shares_of(population: Population, pairs: pl.DataFrame) -> Shares:
    """Count judged pairs by stratum; without any, a stratum stands at the model's own expectation."""
    n = population.strata.height
    inside = pairs.filter(pl.col("stratum") >= 0)
    stratum, one = inside["stratum"].to_numpy(), inside["same"].to_numpy()
    judged, same = np.bincount(stratum, minlength=n), np.bincount(stratum[one], minlength=n)
    share = np.where(judged > 0, same / np.maximum(judged, 1), population.expected)
    return Shares(judged.astype(np.int64), same.astype(np.int64), share)


def estimate(population: Population, shares: Shares, seed: int, kecamatan: str | None = None) -> dict[str, Any]:
    """Precision, recall, F1 of pairs and B-cubed, with 95 % intervals where anything has been judged.

    Args:
        population: the pairs.
        shares: what is known of the strata; those of all kecamatan together also hold for one.
        seed: of the draws.
        kecamatan: only pairs of its rows (half a pair where one row lies elsewhere).
    """
    chosen = np.ones(population.patterns.height, dtype=np.bool_)
    if kecamatan is not None:
        chosen = (population.patterns["kecamatan_code"] == kecamatan).fill_null(False).to_numpy()
    rows = population.patterns["rows"].to_numpy()[chosen].astype(np.float64)
    size = population.patterns["size"].to_numpy()[chosen].astype(np.float64)
    counts = population.counts[chosen].astype(np.float64)
    found: dict[str, Any] = {
        "rows": int(rows.sum()),
        "pairs_joined": float((rows @ counts)[population.joined].sum() / 2),
    }
    middle = _measure(rows, size, counts, population.joined, shares.share[None, :])
    found |= {name: _number(middle[name][0]) for name in _MEASURES}
    if shares.seen.any():
        found |= _intervals(rows, size, counts, population, shares, seed)
    return found


def _measure(rows: Wide, size: Wide, counts: Wide, joined: npt.NDArray[np.bool_], share: Wide) -> dict[str, Wide]:
    """The measures for draws of the strata's shares, shape (draws, strata)."""
    pairs = rows @ counts / 2
    right = share[:, joined] @ pairs[joined]
    missed = share[:, ~joined] @ pairs[~joined]
    linked = pairs[joined].sum()
    # of each row: rows of its person that are so rightly, itself among them, and rows that are missing
    own = 1 + share[:, joined] @ counts[:, joined].T
    away = share[:, ~joined] @ counts[:, ~joined].T
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(linked > 0, right / linked, 1.0)
        recall = np.where(right + missed > 0, right / (right + missed), 1.0)
        f1 = 2 * right / (linked + right + missed)
        b3_precision = (own / size) @ rows / rows.sum()
        b3_recall = (own / (own + away)) @ rows / rows.sum()
        b3_f1 = 2 * b3_precision * b3_recall / (b3_precision + b3_recall)
    return dict(zip(_MEASURES, (precision, recall, f1, b3_precision, b3_recall, b3_f1), strict=True))


def _intervals(
    rows: Wide, size: Wide, counts: Wide, population: Population, shares: Shares, seed: int
) -> dict[str, Any]:
    joined, seen = population.joined, shares.seen
    pairs = rows @ counts / 2
    whole = population.strata["pairs"].to_numpy().astype(np.float64)
    # what stands at the model's expectation is taken as it is: the interval does not cover it
    n = np.where(seen, effective(shares.judged.astype(np.float64), np.maximum(whole, shares.judged)), _AS_GIVEN)
    alike, share = np.arange(len(n)), shares.share
    _, low, high = share_interval(np.where(joined, pairs, 0)[None], share[None], n[None], alike)
    ends = {"precision": (low[0], high[0])}
    _, low, high = ratio_interval(
        np.where(joined, pairs, 0)[None], np.where(joined, 0, pairs)[None], share[None], n[None], alike
    )
    ends["recall"] = (low[0], high[0])
    chance = np.random.default_rng(seed)
    drawn = chance.beta(shares.same + 0.5, shares.judged - shares.same + 0.5, size=(DRAWS, len(n)))
    drawn = np.where(seen & (shares.judged < whole), drawn, shares.share)
    pieces = [_measure(rows, size, counts, joined, drawn[i : i + _AT_ONCE]) for i in range(0, DRAWS, _AT_ONCE)]
    for name in ("f1", "b3_precision", "b3_recall", "b3_f1"):
        low, high = np.quantile(np.concatenate([p[name] for p in pieces]), [0.025, 0.975])
        ends[name] = (float(low), float(high))
    return {f"{k}_low": _number(low) for k, (low, _) in ends.items()} | {
        f"{k}_high": _number(high) for k, (_, high) in ends.items()
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def counted(population: Population, labels: pl.Series, kecamatan: str | None = None) -> dict[str, Any]:
    """The same measures where labels say who every row is: counted, not estimated, misses of blocking included.

    Rows without a label are left out. Of one kecamatan: over its rows, pairs with rows elsewhere counting half.
    """
    rows = population.rows.with_columns(labels.alias("label")).filter(pl.col("label").is_not_null())
    rows = rows.with_columns(
        pl.len().over("person_id", "label").cast(pl.Float64).alias("both"),
        pl.len().over("person_id").cast(pl.Float64).alias("found"),
        pl.len().over("label").cast(pl.Float64).alias("true"),
    )
    if kecamatan is not None:
        rows = rows.filter(pl.col("kecamatan_code") == kecamatan)
    right, linked, true = (float((rows[c] - 1).sum()) / 2 for c in ("both", "found", "true"))
    n = max(rows.height, 1)
    precision, recall = (float((rows["both"] / rows[c]).sum()) / n for c in ("found", "true"))
    measures = (
        right / linked if linked else 1.0, right / true if true else 1.0,
        2 * right / (linked + true) if linked + true else 1.0,
        precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
    )  # fmt: skip
    found = {"rows": rows.height, "pairs_joined": linked, "pairs_true": true}
    return found | dict(zip(_MEASURES, map(_number, measures), strict=True))
