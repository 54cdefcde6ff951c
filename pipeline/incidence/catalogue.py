"""Measures that are ratios of weighted sums, each with the definition it must be read with.

Formulas as collected from the World Bank's ASPIRE and ADePT, Coady, Grosh and Hoddinott (2004), Alatas et al. (2012),
Brown, Ravallion and van de Walle (2018), Foster, Greer and Thorbecke (1984), Coady and Skoufias (2004).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from pipeline.incidence.design import Floats
from pipeline.incidence.survey import Survey

Part = Callable[[Survey], tuple[Floats, Floats]]
"""Numerator and denominator of each unit before weighting; NaN in either leaves the unit out of both."""


@dataclass(frozen=True)
class Ratio:
    """A ratio, or with ``minus`` the difference of two."""

    name: str
    formula: str
    part: Part
    minus: Part | None = None
    about_poor: bool = False
    needs_line: bool = False


def _ones(like: Floats) -> Floats:
    return np.ones_like(like)


def coverage(s: Survey) -> tuple[Floats, Floats]:
    """Served among all."""
    return s.served, _ones(s.served)


def _poor_covered(s: Survey) -> tuple[Floats, Floats]:
    return s.served * s.poor, s.poor


def _unserved_poor(s: Survey) -> tuple[Floats, Floats]:
    return (1 - s.served) * s.poor, s.poor


def _served_nonpoor(s: Survey) -> tuple[Floats, Floats]:
    return s.served * (1 - s.poor), s.served


def _nonpoor_covered(s: Survey) -> tuple[Floats, Floats]:
    return s.served * (1 - s.poor), 1 - s.poor


def _misplaced(s: Survey) -> tuple[Floats, Floats]:
    return (s.served != s.poor) + 0.0 * (s.served + s.poor), _ones(s.poor)


def _fgt(s: Survey, alpha: int, before: bool) -> tuple[Floats, Floats]:
    welfare = s.before if before else s.after
    gap = (s.line - welfare) / s.line
    return np.where(gap > 0, gap**alpha, 0.0 * gap), _ones(gap)


def _gap_closed(s: Survey) -> tuple[Floats, Floats]:
    return np.maximum(s.line - s.before, 0) - np.maximum(s.line - s.after, 0), s.benefit


def _marginal_value(s: Survey) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        beta = np.where(s.welfare > 0, s.line / s.welfare, np.nan)
    return beta * s.benefit, s.benefit


def _fgts() -> Iterator[Ratio]:
    names = {0: "share of units below the line", 1: "mean of (line - welfare)/line", 2: "mean of its square"}
    for before, when in ((True, "before"), (False, "after")):
        for alpha, meaning in names.items():
            tail = "" if alpha == 0 else ", 0 for units not below the line"
            yield Ratio(
                f"fgt{alpha}_{when}",
                f"{meaning}{tail}; welfare {when} the transfer",
                partial(_fgt, alpha=alpha, before=before),
                needs_line=True,
            )


RATIOS: Final = (
    Ratio("coverage", "served / all", coverage),
    Ratio("exclusion_error", "unserved poor / poor", _unserved_poor, about_poor=True),
    Ratio("inclusion_error_served", "served non-poor / served", _served_nonpoor, about_poor=True),
    Ratio("inclusion_error_nonpoor", "served non-poor / non-poor", _nonpoor_covered, about_poor=True),
    Ratio("total_error", "(unserved poor + served non-poor) / all", _misplaced, about_poor=True),
    Ratio(
        "targeting_differential", "served poor / poor - served non-poor / non-poor",
        _poor_covered, _nonpoor_covered, about_poor=True,
    ),
    *_fgts(),
    Ratio(
        "benefit_cost_ratio", "(poverty gap before - poverty gap after) / benefits, in money", _gap_closed,
        needs_line=True,
    ),
    Ratio(
        "distributional_characteristic",
        "sum of (line / welfare) x benefit / benefits (epsilon 1, reference: the line); units with welfare of 0 or"
        " less left out", _marginal_value, needs_line=True,
    ),
)  # fmt: skip
"""Ratios in the order in which they are reported."""
