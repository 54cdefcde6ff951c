"""How sure it must be that two groups are one person: chosen on the run's own scores, for a budget of false links.

Belongs here: the choice. Not here: the scores (:mod:`.model`), the joining (:mod:`.cluster`).

A fixed probability joins the more strangers by mistake, the more rows there are to be mistaken for. What a reader
relies on is the share of links that are false, and that can be foreseen: a join at log2 odds ``v`` is wrong with
probability 1 / (1 + 2 ** v).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Wide = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Joins:
    """What clustering has joined: log2 odds of each join, and the pairs of rows that it makes one person."""

    value: Wide
    links: Wide

    @staticmethod
    def concat(pieces: list[Joins]) -> Joins:
        """All of them; none where there are none."""
        return Joins(
            np.concatenate([np.zeros(0), *(p.value for p in pieces)]),
            np.concatenate([np.zeros(0), *(p.links for p in pieces)]),
        )

    def false(self, above: float = -np.inf) -> tuple[float, float]:
        """How many links joins above some odds are expected to make wrongly, and how many they make."""
        taken = self.value > above
        wrong = 1 / (1 + np.exp2(np.clip(self.value[taken], -60, 60)))
        return float((wrong * self.links[taken]).sum()), float(self.links[taken].sum())


def choose(joins: Joins, least: float, most: float, false_links: float) -> float:
    """The lowest log2 odds above which the expected share of false links is within the budget.

    Args:
        joins: made at ``least`` or below.
        least: log2 odds below which nothing is joined, whatever the budget allows.
        most: log2 odds from which everything is joined, whatever the budget says.
        false_links: share of links that may be false.
    """
    order = np.argsort(-joins.value, kind="stable")
    value, links = joins.value[order], joins.links[order]
    wrong = np.cumsum(links / (1 + np.exp2(np.clip(value, -60, 60))))
    beyond = np.flatnonzero((wrong > false_links * np.cumsum(links)) & (value > least))
    if not len(beyond):
        return least
    # the share rises with every join that is less sure than those before, so that what comes after the first is out
    return min(max(float(value[beyond[0]]), least), most)
