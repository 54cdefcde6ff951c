"""Sums over many rows by group, and the variance of what is made of them.

Columns are worked out and added up in blocks that fit a processor's cache: arrays as long as the file would cost many
times as much. A statistic linear in k sums has z = Σ c_i x_i for every PSU, and its variance is a quadratic form in the
sums of products of the x, so these are all that is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.incidence.design import Codes, Design, Floats, compact, summed

Columns = Callable[[slice], Floats]
"""The columns of some rows: k × rows, without NaN."""
_BLOCK = 1 << 15
_ROUNDING = 1e-13
"""A variance below this part of its terms is rounding, and none."""


@dataclass(frozen=True)
class Sums:
    """Sums by group, and of PSU totals by group and stratum.

    Attributes:
        total: k × groups.
        linear: k × groups × strata; None without a design.
        product: k × k × groups × strata; None without a design.
        cells: the sums before they were put together, k × cells.
    """

    design: Design | None
    total: Floats
    linear: Floats | None
    product: Floats | None
    cells: Floats

    def variance(self, c: Floats) -> Floats:
        """Variance by group of the statistic with coefficients ``c`` (k × groups); NaN without a design."""
        if self.design is None or self.linear is None or self.product is None:
            return np.full(self.total.shape[1], np.nan)
        square = np.einsum("ig,ijgh,jg->gh", c, self.product, c)
        size = np.einsum("ig,ijgh,jg->gh", np.abs(c), np.abs(self.product), np.abs(c)).sum(axis=1)
        found = self.design.variance(square, np.einsum("ig,igh->gh", c, self.linear))
        return np.asarray(np.where(found < _ROUNDING * size, 0.0, found))


class Tally:
    """One way of grouping the rows.

    Args:
        design: the design, or None for a full list.
        n: number of rows.
        codes: group of each row, 0…n_groups-1, or n_groups for a row in no group; None where all are in group 0.
        psu: PSU of each row; only read where there is a design.
    """

    def __init__(self, design: Design | None, n: int, codes: Codes | None, n_groups: int, psu: Codes | None) -> None:
        self._design, self._groups, self._n = design, n_groups, n
        self._psu_of_cell: Codes | None = None
        self._place: Codes | None = codes
        strata = 1 if design is None else len(design.sizes)
        table = 1 if codes is None else n_groups + 1
        if design is None or psu is None or (design.psu is None and strata == 1):
            self._group, self._stratum = np.arange(table), np.zeros(table, np.int64)
        elif design.psu is None:
            self._place = design.stratum[psu] if codes is None else codes * strata + design.stratum[psu]
            every = np.arange(table * strata)
            self._group, self._stratum = every // strata, every % strata
        else:
            self._place, keys = compact(psu if codes is None else codes * design.n_psus + psu)
            self._group, self._psu_of_cell = keys // design.n_psus, keys % design.n_psus
            self._stratum = design.stratum[self._psu_of_cell]

    def sums(self, columns: Columns, pairs: Sequence[tuple[int, int]] | None = None) -> Sums:
        """Add up columns.

        Args:
            columns: the columns, block by block.
            pairs: products that will be needed; all where None.
        """
        k = len(columns(slice(0, 0)))
        wanted = [(i, j) for i in range(k) for j in range(i, k)] if pairs is None else list(pairs)
        of_rows = wanted if self._design is not None and self._psu_of_cell is None else []
        cells, product = self._added(columns, k, of_rows)
        total = np.array([summed(self._group, x, self._groups + 1)[: self._groups] for x in cells])
        if self._design is None:
            return Sums(None, total, None, None, cells)
        if self._psu_of_cell is not None:
            product = np.array([cells[i] * cells[j] for i, j in wanted])
        square = np.zeros((k, k, self._groups, len(self._design.sizes)))
        for (i, j), cell in zip(wanted, product, strict=True):
            square[i, j] = square[j, i] = self._by_stratum(cell)
        return Sums(self._design, total, np.array([self._by_stratum(x) for x in cells]), square, cells)

    def share_variance(self, sums: Sums) -> Floats:
        """Variance by group of its share in the sum of one column over all groups: u = x (in the group - share)/total.

        PSUs outside a group count as well.
        """
        if sums.design is None or sums.linear is None or sums.product is None:
            return np.full(self._groups, np.nan)
        total = sums.total[0].sum()
        share = (sums.total[0] / total if total else np.full(self._groups, np.nan))[:, None]
        mine, linear = sums.product[0, 0], sums.linear[0]
        cross, whole = mine, mine.sum(axis=0)
        if self._psu_of_cell is not None:
            cells = sums.cells[0] * (self._group < self._groups)
            of_psu = summed(self._psu_of_cell, cells, sums.design.n_psus)
            cross = self._by_stratum(cells * of_psu[self._psu_of_cell])
            whole = summed(sums.design.stratum, of_psu**2)
        square = mine - 2 * share * cross + share**2 * whole
        found = sums.design.variance(square, linear - share * linear.sum(axis=0))
        return np.asarray(np.where(found < _ROUNDING * whole.sum(), 0.0, found) / total**2)

    def _by_stratum(self, cells: Floats) -> Floats:
        assert self._design is not None  # noqa: S101 - only asked for with a design
        strata = len(self._design.sizes)
        table: Floats = summed(self._group * strata + self._stratum, cells, (self._groups + 1) * strata)
        return np.asarray(table.reshape(-1, strata)[: self._groups])

    def _added(self, columns: Columns, k: int, pairs: list[tuple[int, int]]) -> tuple[Floats, Floats]:
        """Sums and sums of row products by cell."""
        n_cells = len(self._group)
        added, product = np.zeros((k, n_cells)), np.zeros((len(pairs), n_cells))
        step = max(_BLOCK, n_cells // 4)  # else adding the tables would cost more than the rows
        for start in range(0, self._n, step):
            block = slice(start, start + step)
            x = columns(block)
            if self._place is None:
                added[:, 0] += x.sum(axis=1)
                # not x[i] @ x[j]: its threads cost more than they save on a block, and round as many as they are
                product[:, 0] += [np.einsum("r,r->", x[i], x[j]) for i, j in pairs]
                continue
            place = self._place[block]
            for i in range(k):
                added[i] += np.bincount(place, x[i], n_cells)
            for row, (i, j) in enumerate(pairs):
                product[row] += np.bincount(place, x[i] * x[j], n_cells)
        return added, product
