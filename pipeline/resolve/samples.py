"""Pairs of rows from which shares are learned, whatever the rows say of who they are.

Belongs here: drawing pairs by one key only. Not here: pairs that may be one person (:mod:`.blocking`), what is learned
of them (:mod:`.model`).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.resolve.blocking import mix
from pipeline.resolve.digits import Rows
from pipeline.resolve.features import Features

_MOST: Final = 100_000
_NEIGHBOURS: Final = 6
_LARGE: Final = 60
"""Rows of one family number beyond which it is nobody's."""


def family_pairs(features: Features, most: int = _MOST) -> tuple[Rows, Rows, float]:
    """Pairs of rows with one family number, and how many such pairs there are.

    At most ``most`` are given, spread evenly over the families; which of a family's, is settled by the rows' ids.
    """
    number = features.kk.value
    rows = np.flatnonzero(number > 0)
    _, at, size = np.unique(number[rows], return_inverse=True, return_counts=True)
    small = size[at] <= _LARGE
    total = float((size[size <= _LARGE] * (size[size <= _LARGE] - 1) / 2).sum())
    rows, at = rows[small], at[small]
    order = np.lexsort((mix(rows), at))
    rows, at = rows[order], at[order]
    left, right = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for distance in range(1, _NEIGHBOURS + 1):
        one = np.flatnonzero(at[distance:] == at[:-distance])
        left.append(rows[one])
        right.append(rows[one + distance])
    a, b = np.concatenate(left), np.concatenate(right)
    step = max(1, -(-len(a) // most))
    a, b = a[::step], b[::step]
    return np.minimum(a, b), np.maximum(a, b), total
