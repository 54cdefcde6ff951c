"""Small cells, and the cells that would give them away.

A count of persons or households from 1 to ``smallest - 1`` is not shown (primary suppression). Where counts add up to
totals that are shown, further cells must go with it (complementary suppression), so that nobody can work it out. The
promise for every small cell: *there is another table, equal to this one in everything that is shown, in which this
cell is at least* ``smallest``. So whoever reads all that is shown cannot tell that a count is small, let alone which
it is.

All cells of a report stand in one system, whatever table they are in: a count that occurs in two tables is one cell.
Totals across areas are equations like any other, so that all reports of a month side by side give nothing away.

The other tables are found by linear programming (HiGHS): of all tables in which the small cells of a group are large
enough, the one that moves the fewest and cheapest of the cells that would be shown; those that it moves are hidden. It
is the proof and the pattern at once. The best pattern is hard to find; this heuristic is that of Kelly, Golden and
Assad (1992, Networks 22:397).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import numpy as np

Key = TypeVar("Key", bound=Hashable)
STILL: Final = 1e-6
"""A cell that another table moves by less is not moved."""
FULL: Final = 0.8
"""A group asks no sum for more than this share of its total, if it can be helped."""
GROUPS: Final = 20
"""At most so many other tables: small cells of one sum are spread over them, as they cannot all be large at once."""


@dataclass(frozen=True)
class Sum(Generic[Key]):
    """``total`` is the sum of ``parts``; all of them are cells."""

    total: Key
    parts: tuple[Key, ...]


def suppressed(
    cells: Mapping[Key, int],
    sums: Iterable[Sum[Key]],
    smallest: int,
    *,
    dear: Mapping[Key, float] | None = None,
    nought_is_small: Set[Key] = frozenset(),
    cluster: Callable[[Key], Hashable] | None = None,
) -> frozenset[Key]:
    """Keys of the cells that must not be shown.

    Args:
        cells: counts, none below 0.
        sums: how they add up; a sum must be true of the cells.
        smallest: the smallest count that may be shown, but for 0.
        dear: how much each cell is missed where it is hidden; 1 where left out, 0 where it is never shown.
        nought_is_small: cells of which 0 is not shown either. Without it many counts of 1 that add up to a total that
            is shown could only be saved by hiding the total.
        cluster: cells of one cluster, an area say, are protected by one other table; each by its own where left out.

    Raises:
        ValueError: a sum that is not true.
    """
    system = _System(cells, list(sums), smallest, nought_is_small)
    hidden = set(system.small) | {k for k in nought_is_small if cells[k] == 0}
    if system.small:
        cost = {k: (dear or {}).get(k, 1.0) * (1 + float(np.log(max(v, 1)))) for k, v in cells.items()}
        for group in system.groups(cluster or (lambda key: key)):
            hidden |= system.moved(group, {k: 0.0 if k in hidden else c for k, c in cost.items()})
    return frozenset(hidden)


class _System(Generic[Key]):
    """Cells, their sums, and the linear programme they make."""

    def __init__(self, cells: Mapping[Key, int], sums: list[Sum[Key]], smallest: int, nought: Set[Key]) -> None:
        for s in sums:
            if cells[s.total] != sum(cells[p] for p in s.parts):
                raise ValueError(f"{s.total} is not the sum of its parts")
        self.cells, self.sums, self.smallest, self.nought = cells, sums, smallest, nought
        self.small = sorted((k for k, v in cells.items() if 0 < v < smallest), key=str)
        self.keys = sorted((k for k, v in cells.items() if v or k in nought), key=str)
        self.order = {k: i for i, k in enumerate(self.keys)}
        self.value = np.array([cells[k] for k in self.keys], float)
        self.least = np.array([0.0 if k in nought else 1.0 for k in self.keys])
        self.matrix = self._matrix()

    def _matrix(self) -> Any:
        from scipy.sparse import csr_matrix

        entries = [
            (row, self.order[k], sign)
            for row, s in enumerate(self.sums)
            for k, sign in [(s.total, -1.0), *((p, 1.0) for p in s.parts)]
            if k in self.order  # what is not, is a nought that everybody sees
        ]
        rows, columns, signs = zip(*entries, strict=True) if entries else ((), (), ())
        return csr_matrix((signs, (rows, columns)), shape=(len(self.sums), len(self.keys)))

    def groups(self, cluster: Callable[[Key], Hashable]) -> list[list[Key]]:
        """The small cells, clusters as a whole, spread so that no group asks a sum for more than its total holds."""
        clusters: dict[Hashable, list[Key]] = {}
        for key in self.small:
            clusters.setdefault(cluster(key), []).append(key)
        beside: dict[Key, list[int]] = {}
        for i, s in enumerate(self.sums):
            for k in (s.total, *s.parts):
                beside.setdefault(k, []).append(i)
        share = np.array([self.smallest / max(self.cells[s.total], 1) for s in self.sums])
        asked = np.zeros((len(self.sums), GROUPS))
        groups: list[list[Key]] = [[] for _ in range(GROUPS)]
        for keys in sorted(clusters.values(), key=lambda k: (-len(k), str(k[0]))):
            mine = sorted({i for k in keys for i in beside.get(k, [])})
            wanted = asked[mine] + share[mine, None]
            group = int(
                np.argmin(np.maximum(wanted - FULL, 0).sum(axis=0))
            )  # the first that is not full, else the least
            asked[mine, group] += share[mine]
            groups[group] += keys
        return [g for g in groups if g]

    def moved(self, group: list[Key], cost: Mapping[Key, float]) -> set[Key]:
        """Cells that differ in the other table in which each of ``group`` is large enough.

        No cell there is below what everybody knows of it: 1, or 0 where nought is not shown either.
        """
        from scipy.optimize import linprog  # here: a second that other commands need not wait
        from scipy.sparse import hstack

        up = np.zeros(len(self.keys))
        up[[self.order[k] for k in group]] = [self.smallest - self.cells[k] for k in group]
        down = np.where(up > 0, 0, self.value - self.least)
        price = np.array([cost[k] for k in self.keys])
        bounds = [(low, None) for low in up] + [(0, high) for high in down]
        found = linprog(
            np.r_[price, price], A_eq=hstack([self.matrix, -self.matrix]), b_eq=np.zeros(len(self.sums)), bounds=bounds,
            method="highs",
        )  # fmt: skip
        if found.x is None:  # cannot be: all cells times `smallest` is such a table
            raise ValueError(f"no other table: {found.message}")
        by = found.x[: len(self.keys)] - found.x[len(self.keys) :]
        return {k for k, y in zip(self.keys, by, strict=True) if abs(y) > STILL}
