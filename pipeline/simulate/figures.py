"""Before and after for the whole province, one row a figure: for the terminal and the page.

Belongs here: which figures in which order. Not here: how they are written (:mod:`.page`, ``pipeline.commands``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from pipeline.measures import RUPIAH_MEASURES
from pipeline.simulate.simulation import COUNTED, Simulation

RUPIAH: Final = frozenset({"budget", "list_cost"})
Kind = Literal["count", "rupiah", "share"]


@dataclass(frozen=True)
class Figure:
    """One figure of a program and area.

    Attributes:
        name: ``enters``, ``budget``, ``coverage_rate`` …
        kind: how its values are to be written: units, rupiah a month, or a share.
        definition: in English, as :data:`COUNTED` and the measures have it.
        before, after: None where there is none: those who enter do so by the change.
        open_before, open_after: bounds that the unknowns leave; None where they leave none.
    """

    program: str
    area: str
    name: str
    kind: Kind
    definition: str
    before: float | None
    after: float | None
    open_before: tuple[float, float] | None = None
    open_after: tuple[float, float] | None = None


def figures_of(simulation: Simulation) -> list[Figure]:
    """All figures of the whole province, program by program."""
    whole = simulation.totals.filter(pl.col("area_level") == "province")
    found: list[Figure] = []
    for unit in whole.to_dicts():
        place = (unit["program"], unit["area_name"])
        mine = (pl.col("program") == unit["program"]) & (pl.col("area_code") == unit["area_code"])
        found += [*_counted(*place, unit), *_measured(*place, simulation.measures.filter(mine))]
    return found


def _counted(program: str, area: str, unit: dict[str, Any]) -> Iterator[Figure]:
    for column, meaning in COUNTED.items():
        name, _, when = column.rpartition("_")
        if when == "before":
            kind: Kind = "rupiah" if name in RUPIAH else "count"
            yield Figure(program, area, name, kind, meaning, unit[column], unit[f"{name}_after"])
        elif when != "after":
            yield Figure(program, area, column, "count", meaning, None, unit[column])


def _measured(program: str, area: str, measures: pl.DataFrame) -> Iterator[Figure]:
    for m in measures.to_dicts():
        kind: Kind = "rupiah" if m["measure"] in RUPIAH_MEASURES else "share"
        spans = [_span(m[f"low_{when}"], m[f"high_{when}"]) for when in ("before", "after")]
        yield Figure(program, area, m["measure"], kind, m["definition"], m["before"], m["after"], *spans)


def _span(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None or low == high else (low, high)
