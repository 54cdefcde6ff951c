"""How right the links of a month are, from pairs that people have judged.

Belongs here: the estimators. Not here: the pairs (:mod:`.population`), the words about them (:mod:`.known`).

Judged pairs are no random sample: doubtful ones are shown first. Within a stratum (band of probability, joined or not)
they stand for its other pairs, so that each counts for as many pairs as its stratum has for each judged one (Cochran
1977, 5.3). Intervals are score intervals over strata (:mod:`pipeline.intervals`);
for B-cubed recall, which is no ratio of sums, with its denominators as estimated, and for B-cubed F1 from both ends.

A stratum in which nothing has been judged stands at what the model expects, which counts as one judged pair: the
interval is as wide as that deserves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.identity.population import Counts, Population
from pipeline.intervals import effective, ratio_interval, share_interval

Wide = npt.NDArray[np.float64]

_CERTAIN: Final = 1e9
"""Judged pairs that what needs no judging counts as."""
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


def estimate(population: Population, shares: Shares, kecamatan: str | None = None) -> dict[str, Any]:
    """Precision, recall, F1 of pairs and B-cubed, with 95 % intervals where anything has been judged.

    Args:
        population: the pairs.
        shares: what is known of the strata; those of all kecamatan together also hold for one.
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
    middle = _measure(rows, size, counts, population.joined, shares.share)
    found |= {name: _number(value) for name, value in middle.items()}
    if shares.seen.any():
        found |= _intervals(rows, size, counts, population, shares, middle)
    return found


def _measure(rows: Wide, size: Wide, counts: Wide, joined: npt.NDArray[np.bool_], share: Wide) -> dict[str, float]:
    """The measures that follow from the shares of the strata."""
    pairs = rows @ counts / 2
    right, missed, linked = pairs[joined] @ share[joined], pairs[~joined] @ share[~joined], pairs[joined].sum()
    # of each row: rows of its person that are so rightly, itself among them, and rows that are missing
    own, away = 1 + counts[:, joined] @ share[joined], counts[:, ~joined] @ share[~joined]
    total = max(rows.sum(), 1.0)
    precision, recall = float(rows @ (own / size)) / total, float(rows @ (own / (own + away))) / total
    values = (
        right / linked if linked else 1.0,
        right / (right + missed) if right + missed else 1.0,
        2 * right / (linked + right + missed) if linked + right + missed else 1.0,
        precision,
        recall,
        2 * precision * recall / (precision + recall) if precision + recall else 0.0,
    )
    return dict(zip(_MEASURES, map(float, values), strict=True))


def _intervals(
    rows: Wide, size: Wide, counts: Wide, population: Population, shares: Shares, middle: dict[str, float]
) -> dict[str, float | None]:
    """Both ends of each measure; each is written as a weighted sum of the strata's shares, or a ratio of two.

    What is certain (a row belongs with itself, what is joined is joined) stands beside them as one more stratum.
    """
    joined, seen = population.joined, shares.seen
    pairs = rows @ counts / 2
    whole = population.strata["pairs"].to_numpy().astype(np.float64)
    judged = np.where(seen, effective(shares.judged.astype(np.float64), np.maximum(whole, shares.judged)), 1.0)
    share, n = np.append(shares.share, 1.0)[None], np.append(judged, _CERTAIN)[None]
    alike = np.arange(n.shape[1])

    def weights(strata: Wide, certain: float) -> Wide:
        return np.append(strata, certain)[None]

    right, missed = weights(np.where(joined, pairs, 0), 0), np.where(joined, 0, pairs)
    _, low, high = share_interval(right, share, n, alike)
    ends = {"precision": (low[0], high[0])}
    _, low, high = ratio_interval(right, weights(missed, 0), share, n, alike)
    ends["recall"] = (low[0], high[0])
    _, low, high = ratio_interval(right, weights(missed, pairs[joined].sum()), share, n, alike)
    ends["f1"] = (2 * low[0], 2 * high[0])
    alone = float((rows / size).sum())
    _, low, high = share_interval(weights(np.where(joined, (rows / size) @ counts, 0), alone), share, n, alike)
    ends["b3_precision"] = (low[0], high[0])
    belongs = 1 + counts @ shares.share  # rows of its person, found or missing
    lost = np.where(joined, 0, (rows / belongs) @ counts)
    _, low, high = share_interval(weights(lost, 0), share, n, alike)
    ends["b3_recall"] = (1 - high[0] * lost.sum() / rows.sum(), 1 - low[0] * lost.sum() / rows.sum())
    both = [2 * p * r / (p + r) if p + r else 0.0 for p, r in zip(ends["b3_precision"], ends["b3_recall"], strict=True)]
    ends["b3_f1"] = (both[0], both[1])
    given = {
        k: (middle[k] if np.isnan(low) else low, middle[k] if np.isnan(high) else high)
        for k, (low, high) in ends.items()
    }
    return {
        f"{k}_{end}": _number(value)
        for k, both in given.items()
        for end, value in zip(("low", "high"), both, strict=True)
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
