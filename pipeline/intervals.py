"""Intervals of shares and totals from strata, that behave with few events or none.

Belongs here: the score interval of a weighted sum of shares, and of a ratio of two such sums. It is that of Miettinen
and Nurminen (1985) for several strata, Wilson's (1927) for one: a value belongs to the interval where the estimate is
no further from it than so many standard errors *as they would be if it were true*, the shares of the strata being then
the most likely ones (maximum likelihood under that value). It never leaves 0 to 1, has a width where nothing was found,
and needs no correction of zero counts.

How many standard errors: 1.96 for a normal estimate. Few events make a skewed one, which falls beyond 1.96 more often
on one side and hardly ever on the other, together less than 5 times in 100. The two-sided Edgeworth expansion (Hall
1992, The Bootstrap and Edgeworth Expansion, 2.3; for score tests Cordeiro and Ferrari 1991, Biometrika 78:573) says how
much less: :func:`_reach`. For one stratum this takes off what Wilson's interval holds too often (Brown, Cai and
DasGupta 2002, Annals of Statistics 30:160).

Which one to use was decided by simulation at many truths (`tests/learn/coverage.py` makes the table, told in
`docs/explanation/measures.md`). Tried, and worse with 120 to 400 visits: 1.96 standard errors (95.4 to 95.9 of 100 on
average), the spread of each stratum by itself (92 to 96), likelihood ratios (89 to 98), 2.5 in each tail by saddlepoint
(96 to 97.5: near 0 one tail cannot be missed), a bootstrap of the studentised estimate (87 to 97). Exact tails of the
estimate give what the expansion gives, for a hundred times the work.

All functions take arrays whose last axis is the strata, and work on many draws at once along the first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Z95: Final = 1.959963984540054
_INNER: Final = 30
_OUTER: Final = 22
"""Halvings: shares and ends of intervals to six digits."""
_WIDE: Final = 60.0
_NOTHING: Final = 1e-12
_WHOLE: Final = 1e9
"""Visits that a stratum counts as where all its households answered: nothing is left to chance there."""
_SKEWED: Final = 1.0
"""Squared skewness and kurtosis at most: the expansion is for small ones."""


def effective(answered: Floats, size: Floats) -> Floats:
    """Answers that a stratum counts as: drawn without replacement, ``n (N - 1) / (N - n)`` with replacement have the
    same variance (Cochran 1977, 2.4)."""
    left = size - answered
    return np.where(left > 0, answered * (size - 1) / np.where(left > 0, left, 1.0), _WHOLE * (answered > 0))


def _likeliest(share: Floats, n: Floats, pull: Floats) -> Floats:
    """Shares that are most likely where a weighted sum of them is given; ``pull`` is the multiplier times the weight:
    the root in 0 to 1 of ``pull p² - (n + pull) p + n share = 0``."""
    middle = n + pull
    root = np.sqrt(np.maximum(middle * middle - 4 * pull * n * share, 0.0))
    up = np.where(middle >= 0, middle + root, 1.0)
    down = np.where(middle < 0, 2 * pull, 1.0)
    found = np.where(middle >= 0, 2 * n * share / np.where(up > 0, up, 1.0), (middle - root) / down)
    return np.clip(found, 0.0, 1.0)


def _pooled(share: Floats, n: Floats, alike: Codes) -> Floats:
    """The share of all strata alike together, at each: a few answers, all of them right, do not tell how much the
    households of a stratum differ."""
    taught = np.where(n < _WHOLE, n, 0.0)
    pooled = share.copy()
    for code in np.unique(alike):
        mine = alike == code
        total = taught[..., mine].sum(axis=-1, keepdims=True)
        mean = (taught[..., mine] * share[..., mine]).sum(axis=-1, keepdims=True) / np.where(total > 0, total, 1.0)
        pooled[..., mine] = np.where(total > 0, mean, share[..., mine])
    return pooled


def _reach(skewness2: Floats, kurtosis: Floats) -> Floats:
    """Standard errors within which 95 of 100 estimates lie, by squared skewness and (excess) kurtosis.

    ``z (1 + kurtosis (z² - 3) / 24 + skewness² (z⁴ - 10 z² + 15) / 72)``: the term of second order of the Edgeworth
    expansion, turned round; that of first order adds on one side what it takes off on the other.
    """
    skewness2, kurtosis = np.minimum(skewness2, _SKEWED), np.clip(kurtosis, -2.0, _SKEWED)
    found: Floats = Z95 * (1 + kurtosis * (Z95**2 - 3) / 24 + skewness2 * (Z95**4 - 10 * Z95**2 + 15) / 72)
    return found


def _distance(weight: Floats, share: Floats, n: Floats, alike: Codes, target: Floats) -> Floats:
    """How far the weighted sum of shares is from ``target``, with a sign: 95 of 100 would be no further than 1 if that
    were true."""
    scale = np.max(np.abs(weight), axis=-1, keepdims=True)
    unit = weight / np.where(scale > 0, scale, 1.0)
    aim = target / np.where(scale[..., 0] > 0, scale[..., 0], 1.0)
    low, high = np.full(aim.shape, -_WIDE), np.full(aim.shape, _WIDE)
    for _ in range(_INNER):
        middle = (low + high) / 2
        at = (unit * _likeliest(share, n, np.sinh(middle)[..., None] * unit)).sum(axis=-1)
        low, high = np.where(at > aim, middle, low), np.where(at > aim, high, middle)
    likely = _pooled(_likeliest(share, n, np.sinh((low + high) / 2)[..., None] * unit), n, alike)
    # cumulants of a sum of independent binomials, each of n answers that count for unit / n
    each = unit / np.where(n > 0, n, 1.0)
    spread = each * unit * likely * (1 - likely)
    variance = spread.sum(axis=-1)
    known = np.where(variance > _NOTHING**2, variance, 1.0)
    skewness = (spread * each * (1 - 2 * likely)).sum(axis=-1) / known**1.5
    kurtosis = (spread * each**2 * (1 - 6 * likely * (1 - likely))).sum(axis=-1) / known**2
    gap = (unit * share).sum(axis=-1) - aim
    far = np.where(np.abs(gap) < _NOTHING, 0.0, np.copysign(np.inf, gap))
    return np.where(variance > _NOTHING**2, gap / (np.sqrt(known) * _reach(skewness**2, kurtosis)), far)


def _ends(distance: Callable[[Floats], Floats], value: Floats) -> tuple[Floats, Floats]:
    """The lowest and highest value between 0 and 1 that are no further than 1 from the estimate."""
    edges = np.stack([np.zeros_like(value), np.ones_like(value)])
    sign = np.array([1.0, -1.0]).reshape(2, *([1] * value.ndim))
    inside, outside = np.stack([value, value]), edges
    reached = (sign * distance(edges) <= 1) | (value == edges)
    for _ in range(_OUTER):
        middle = (inside + outside) / 2
        near = sign * distance(middle) <= 1
        inside, outside = np.where(near, middle, inside), np.where(near, outside, middle)
    low, high = np.where(reached, edges, (inside + outside) / 2)
    return low, high


def share_interval(weight: Floats, share: Floats, n: Floats, alike: Codes) -> tuple[Floats, Floats, Floats]:
    """A weighted mean of shares, and its 95 % interval.

    Args:
        weight: weight of each stratum, none negative; they need not add up to 1.
        share: share found in each.
        n: answers that each counts as (:func:`effective`); 0 only where the weight is.
        alike: a code for each stratum; those with the same are taken to vary alike within.

    Returns:
        The mean, and the lower and upper end; NaN where all weights are 0.
    """
    total = weight.sum(axis=-1, keepdims=True)
    unit = weight / np.where(total > 0, total, np.nan)
    value = (unit * share).sum(axis=-1)
    low, high = _ends(lambda at: _distance(unit, share, n, alike, at), value)
    return value, low, high


def ratio_interval(part: Floats, rest: Floats, share: Floats, n: Floats, alike: Codes) -> tuple[Floats, Floats, Floats]:
    """``A / (A + B)``, where A and B are the sums of shares by two sets of weights, and its 95 % interval.

    A ratio belongs to the interval where ``(1 - ratio) A - ratio B`` is no further than 1 from 0 (Fieller 1954).

    Returns:
        The ratio, and the lower and upper end; NaN where neither A nor B has an event.
    """
    a, b = (part * share).sum(axis=-1), (rest * share).sum(axis=-1)
    value = a / np.where(a + b > 0, a + b, np.nan)

    def distance(at: Floats) -> Floats:
        return _distance(part * (1 - at[..., None]) - rest * at[..., None], share, n, alike, np.zeros_like(at))

    low, high = _ends(distance, value)
    return value, np.where(np.isnan(value), np.nan, low), np.where(np.isnan(value), np.nan, high)
