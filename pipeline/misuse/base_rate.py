"""How unusual something is: the chance of as much or more by the rate that holds elsewhere.

Belongs here: formulas, each with its source; all take and give arrays. Not here: what is compared with what.

A chance is one subject's. Among many subjects some are extreme by chance alone: so many times the chance as were
compared are to be expected, and a strength is read from that (:mod:`.words`).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, gammaln, ndtr, pdtrc  # not scipy.stats, which takes half a second to load

Floats = npt.NDArray[np.float64]
Numbers = npt.ArrayLike
_SPREAD: Final = 1.4826
"""Median absolute deviation → standard deviation of a normal distribution."""
_MOST_DISPERSED: Final = 0.5
_WORTH_A_LOOK: Final = 0.05
_TOP: Final = 2000
"""Sizes and values above this are as good as equal when ranks are counted."""


def scan_tail(k: Numbers, mean: Numbers, windows: Numbers) -> Floats:
    """Chance that some window of a queue holds ``k`` or more, where uses come by chance at an even rate.

    The distribution of the scan statistic of a Poisson process: with μ uses expected in one window, P and p its
    cumulative and point probabilities, and T/w windows in the day,
    ``1 − P(k − 1; μ) · exp(−(1 − μ/k) · (T/w − 1) · μ · p(k − 1; μ))``.

    Args:
        k: uses in the fullest window.
        mean: μ, uses of that terminal on that day times the share of the day that a window is.
        windows: T/w, length of the day in windows.

    Source: Alm, S. E. (1983), On the distribution of the scan statistic of a Poisson process; Naus, J. I. (1982),
    JASA 77, 177-183. Valid for k > μ; below that the chance is taken to be 1.
    """
    k, mean, windows = (np.asarray(a, dtype=np.float64) for a in (k, mean, windows))
    point = np.exp((k - 1) * np.log(mean) - mean - gammaln(k))
    rate = (1 - mean / k) * np.maximum(windows - 1, 0) * mean * point
    chance = -np.expm1(np.log1p(-np.minimum(_poisson_tail(k, mean), 1 - 1e-16)) - rate)
    got: Floats = np.where(k > mean, np.clip(chance, 0.0, 1.0), 1.0)
    return got


def _poisson_tail(k: Numbers, mean: Numbers) -> Floats:
    """Chance of ``k`` or more."""
    k = np.asarray(k, dtype=np.float64)
    got: Floats = np.where(k > 0, pdtrc(np.maximum(k - 1, 0), mean), 1.0)
    return got


def share_tail(k: Numbers, n: Numbers) -> tuple[Floats, Floats]:
    """Expected number, and chance of ``k`` or more of ``n``, by the shares of all others and how much those differ.

    Shares differ from agent to agent for good reasons (a market town serves people from afar), so a binomial
    distribution would call half of them unusual. The beta-binomial allows for it: each subject's share is one draw of
    a beta distribution with the mean and the dispersion ρ of all others, found by moments.

    Source: Kleinman, J. C. (1973), Proportions with extraneous variance, JASA 68, 46-54 (moment estimate, weights n).
    """
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if not len(k) or n.sum() <= 0:
        return np.zeros(len(k)), np.ones(len(k))
    mean = (k.sum() - k + 0.5) / (n.sum() - n + 1)  # of the others; half a case, so that it is never 0
    chance = np.ones(len(k))
    above = k > n * mean
    chance[above] = betainc(k[above], n[above] - k[above] + 1, mean[above])  # of the binomial distribution
    rho = _dispersion(k, n)
    # the binomial tail is the smaller of the two: what is not unusual by it is not unusual
    for i in np.flatnonzero(above & (rho > 0) & (chance < _WORTH_A_LOOK)):
        spread = 1 / rho[i] - 1
        chance[i] = _beta_binomial_tail(int(k[i]), int(n[i]), mean[i] * spread, (1 - mean[i]) * spread)
    return n * mean, chance


def _dispersion(k: Floats, n: Floats) -> Floats:
    """Moment estimate of the correlation within subjects, each from all others; 0 where shares differ by chance."""
    squares = np.divide(k**2, n, out=np.zeros(len(k)), where=n > 0)
    others, total, cases = (n > 0).sum() - 1, n.sum() - n, k.sum() - k
    with np.errstate(divide="ignore", invalid="ignore"):
        p = cases / total
        spread = squares.sum() - squares - cases**2 / total
        chance = p * (1 - p) * (others - 1)
        room = p * (1 - p) * (total - ((n**2).sum() - n**2) / total - (others - 1))
        rho = np.where(room > 0, (spread - chance) / room, 0.0)
    got: Floats = np.clip(np.nan_to_num(rho), 0.0, _MOST_DISPERSED)
    return got


def _beta_binomial_tail(k: int, n: int, a: float, b: float) -> float:
    j = np.arange(k, n + 1)
    ways = gammaln(n + 1) - gammaln(j + 1) - gammaln(n - j + 1)
    return float(min(np.exp(ways + betaln(j + a, n - j + b) - betaln(a, b)).sum(), 1.0))


def size_tail(sizes: Numbers) -> tuple[float, Floats]:
    """Median size, and chance of a size as large or larger: the upper tail of a log-normal, fitted to the middle.

    Median and median absolute deviation of the logarithms, so that a few giants do not make each other usual; no less
    than what counts of that size vary by chance, 1/√median.

    Source: Iglewicz, B. and Hoaglin, D. (1993), How to detect and handle outliers (modified z-score).
    """
    logs = np.log(np.asarray(sizes, dtype=np.float64))
    if not len(logs):
        return 0.0, np.ones(0)
    middle = float(np.median(logs))
    spread = max(_SPREAD * float(np.median(np.abs(logs - middle))), float(np.exp(-middle / 2)))
    chance: Floats = ndtr((middle - logs) / spread)
    return float(np.exp(middle)), chance


def extra_tail(persons: Numbers) -> tuple[float, Floats]:
    """Expected persons on a number that somebody has, and chance of so many or more: extra ones come by slips and by
    couples, at the rate of the numbers that have just one extra.

    For a Poisson distribution p(1)/p(0) is its mean: the numbers of two persons over the numbers of one. Those of many,
    which are in question, have no part in it. Half a case is added, so that the rate is never 0.
    """
    persons = np.asarray(persons, dtype=np.int64)
    rate = ((persons == 2).sum() + 0.5) / ((persons == 1).sum() + 1)
    chance: Floats = _poisson_tail(persons - 1, rate)
    return 1 + float(rate), chance


def rank_tail(values: Numbers, sizes: Numbers) -> tuple[npt.NDArray[np.int64], Floats]:
    """Of each, how many others are at least as large (its peers), and the share of them with at least its value.

    The share counts the one itself, as in a permutation test: ``(as high + 1) / (peers + 1)``.

    Source: Davison, A. C. and Hinkley, D. V. (1997), Bootstrap methods and their application, ch. 4.
    """
    high = np.minimum(np.asarray(values, dtype=np.int64), _TOP)
    large = np.minimum(np.asarray(sizes, dtype=np.int64), _TOP)
    if not len(high):
        return large, np.ones(0)
    count = np.zeros((high.max() + 1, large.max() + 1), dtype=np.int64)
    np.add.at(count, (high, large), 1)
    at_least = count[::-1, ::-1].cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]  # with at least that value and that size
    peers = at_least[0, large] - 1
    share: Floats = at_least[high, large] / (peers + 1)
    return peers, share
