"""Measures that are ratios of weighted sums, each with the definition it must be read with.

Formulas as collected from the World Bank's ASPIRE and ADePT, Coady, Grosh and Hoddinott (2004), Alatas et al. (2012),
Brown, Ravallion and van de Walle (2018), Foster, Greer and Thorbecke (1984), Coady and Skoufias (2004).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from pipeline.incidence.design import Floats
from pipeline.incidence.survey import Survey

Columns = Callable[[Survey], tuple[Floats, ...]]
"""Quantities of each unit before weighting; NaN in any leaves the unit out of all."""
Part = tuple[tuple[int, ...], tuple[int, ...]]
"""Numerator and denominator: each the sum of the columns at these places."""


@dataclass(frozen=True)
class Ratio:
    """A ratio of sums of columns, or with ``minus`` the difference of two."""

    name: str
    formula: str
    part: Part
    minus: Part | None = None
    about_poor: bool = False
    needs_line: bool = False


@dataclass(frozen=True)
class Family:
    """Ratios of the same columns: these are worked out and added up once for all of them."""

    columns: Columns
    ratios: tuple[Ratio, ...]


def coverage(s: Survey) -> tuple[Floats, ...]:
    """Served, and all."""
    return s.served, np.ones_like(s.served)


_SP, _UP, _SN, _UN = range(4)


def _table(s: Survey) -> tuple[Floats, ...]:
    """The table of served or unserved, poor or not: cell by cell, so that nothing is ever a difference of sums."""
    missed, rich = 1 - s.served, 1 - s.poor
    return s.served * s.poor, missed * s.poor, s.served * rich, missed * rich


def _gaps(s: Survey, before: bool) -> tuple[Floats, ...]:
    """Gap to the line to the powers 0, 1 and 2, nothing for units not below it; and all."""
    gap = (s.line - (s.before if before else s.after)) / s.line
    short = np.maximum(gap, 0.0)  # NaN stays
    return np.where(gap > 0, 1.0, 0.0 * gap), short, short * short, np.ones_like(gap)


def _gap_closed(s: Survey) -> tuple[Floats, ...]:
    return np.maximum(s.line - s.before, 0) - np.maximum(s.line - s.after, 0), s.benefit


def _marginal_value(s: Survey) -> tuple[Floats, ...]:
    with np.errstate(divide="ignore", invalid="ignore"):
        beta = np.where(s.welfare > 0, s.line / s.welfare, np.nan)
    return beta * s.benefit, s.benefit


def _fgts(before: bool) -> Family:
    meanings = ("share of units below the line", "mean of (line - welfare)/line", "mean of its square")
    when = "before" if before else "after"
    ratios = []
    for alpha, meaning in enumerate(meanings):
        tail = "" if alpha == 0 else ", 0 for units not below the line"
        formula = f"{meaning}{tail}; welfare {when} the transfer"
        ratios.append(Ratio(f"fgt{alpha}_{when}", formula, ((alpha,), (3,)), needs_line=True))
    return Family(partial(_gaps, before=before), tuple(ratios))


FAMILIES: Final = (
    Family(coverage, (Ratio("coverage", "served / all", ((0,), (1,))),)),
    Family(
        _table,
        (
            Ratio("exclusion_error", "unserved poor / poor", ((_UP,), (_SP, _UP)), about_poor=True),
            Ratio("inclusion_error_served", "served non-poor / served", ((_SN,), (_SP, _SN)), about_poor=True),
            Ratio("inclusion_error_nonpoor", "served non-poor / non-poor", ((_SN,), (_SN, _UN)), about_poor=True),
            Ratio(
                "total_error", "(unserved poor + served non-poor) / all", ((_UP, _SN), (_SP, _UP, _SN, _UN)),
                about_poor=True,
            ),
            Ratio(
                "targeting_differential", "served poor / poor - served non-poor / non-poor",
                ((_SP,), (_SP, _UP)), ((_SN,), (_SN, _UN)), about_poor=True,
            ),
        ),
    ),
    _fgts(before=True),
    _fgts(before=False),
    Family(
        _gap_closed,
        (
            Ratio(
                "benefit_cost_ratio", "(poverty gap before - poverty gap after) / benefits, in money", ((0,), (1,)),
                needs_line=True,
            ),
        ),
    ),
    Family(
        _marginal_value,
        (
            Ratio(
                "distributional_characteristic",
                "sum of (line / welfare) x benefit / benefits (epsilon 1, reference: the line); units with welfare of"
                " 0 or less left out", ((0,), (1,)), needs_line=True,
            ),
        ),
    ),
)  # fmt: skip
"""Ratios in the order in which they are reported."""
