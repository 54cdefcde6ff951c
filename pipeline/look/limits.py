"""Funnel plots: rates of areas of unequal size against what chance alone would give.

Control limits are those of Spiegelhalter (2005, Statistics in Medicine 24:1185): exact binomial quantiles around the
rate of the whole, interpolated between whole counts. Intervals are Wilson's (1927). A list in full has no sampling
error; the question answered here is whether areas differ more than areas with one common rate would by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.look.charts import Said, Show, nice_top
from pipeline.look.drawing import Dot, Drawing, Label, Point, Shape, Stroke

Floats = NDArray[np.float64]
POINTS: Final = 60
"""Sizes at which the curve of a limit is worked out."""


def limit(sizes: Floats, rate: float, quantile: float) -> Floats:
    """Control limit of a rate for groups of ``sizes`` units."""
    from scipy.stats import binom  # here: a third of a second that other commands need not wait

    if not 0 < rate < 1:
        return np.full(len(sizes), rate)
    reached: Floats = binom.ppf(quantile, sizes, rate)
    here, below = binom.cdf(reached, sizes, rate), binom.cdf(reached - 1, sizes, rate)
    between = np.where(here > below, (here - quantile) / np.where(here > below, here - below, 1.0), 0.0)
    found: Floats = np.clip((reached - between) / sizes, 0.0, 1.0)
    return found


def wilson(hits: Floats, sizes: Floats, z: float = 1.959964) -> tuple[Floats, Floats]:
    """95 % interval of each rate."""
    share = hits / sizes
    middle = (share + z * z / (2 * sizes)) / (1 + z * z / sizes)
    half = z / (1 + z * z / sizes) * np.sqrt(share * (1 - share) / sizes + z * z / (4 * sizes * sizes))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def placed(frame: pl.DataFrame, rate: float, wide: float) -> pl.DataFrame:
    """Add ``value``, ``low``, ``high`` (Wilson) and ``side`` of the limits (high, low, within; null: not shown).

    Args:
        frame: ``hits`` and ``size`` of each area, null where not shown.
        rate: rate of the whole.
        wide: share of areas that chance leaves within the limits, ``0.998``.
    """
    known = frame.filter(pl.col("hits").is_not_null(), pl.col("size") > 0)
    hits, sizes = known["hits"].to_numpy().astype(float), known["size"].to_numpy().astype(float)
    low, high = wilson(hits, sizes) if len(sizes) else (hits, hits)
    share = hits / sizes if len(sizes) else hits
    below, above = limit(sizes, rate, (1 - wide) / 2), limit(sizes, rate, (1 + wide) / 2)
    side = np.where(share > above, "high", np.where(share < below, "low", "within"))
    found = known.with_columns(value=pl.Series(share), low=pl.Series(low), high=pl.Series(high), side=pl.Series(side))
    return pl.concat([found, frame.join(known, on=frame.columns, how="anti", nulls_equal=True)], how="diagonal")


def funnel_plot(
    frame: pl.DataFrame,
    rate: float,
    limits: Sequence[float],
    said: Said,
    *,
    show: Show,
    count: Show,
    whole: str,
    across: str,
    limits_named: str,
    hidden: str,
) -> Drawing:
    """Rates against sizes with control limits.

    Args:
        frame: :func:`placed`, with ``label``.
        rate: of the whole, named ``whole``.
        limits: shares of areas within; the first is drawn dashed.
        said: words.
        show: writes a rate.
        count: writes a size.
        whole: name of the line of the whole.
        across: name of the axis of sizes.
        limits_named: says which line is which limit.
        hidden: name of areas whose count is too small to be shown; they stand at the foot, hollow.
    """
    top, bottom, left, right = 48.0, 224.0, 0.14, 0.96
    largest = nice_top(float(frame["size"].max() or 1))  # type: ignore[arg-type]
    sizes = np.unique(np.maximum(1.0, np.geomspace(1, largest, POINTS).round()))
    wide = max(limits)
    values = [
        *frame["value"].drop_nulls(),
        float(limit(np.array([np.ceil(largest / 6)]), rate, (1 + wide) / 2)[0]),
        rate,
    ]
    most = min(1.0, nice_top(max(values) * 1.02))

    def at(size: float, value: float) -> Point:
        return left + (right - left) * size / largest, bottom - (bottom - top) * min(value, most) / most

    shapes: list[Shape] = []
    for tick in (0.0, most / 2, most):
        shapes.append(Stroke((at(0, tick), at(largest, tick)), "line"))
        shapes.append(Label(left, at(0, tick)[1] + 4, show(tick), "end", "soft", dx=-5))
    for tick in (0.0, largest / 2, largest):
        shapes.append(Label(at(tick, 0)[0], bottom + 17, count(tick), "end" if tick else "middle", "soft"))
    shapes.append(Label(right, bottom + 34, across, "end", "soft"))
    shapes += [
        Stroke(line, "soft", 1, dashed=i == 0)
        for i, share in enumerate(limits)
        for quantile in ((1 - share) / 2, (1 + share) / 2)
        for line in [[at(n, v) for n, v in zip(sizes, limit(sizes, rate, quantile), strict=True) if v <= most]]
        if len(line) > 1
    ]
    shapes.append(Stroke((at(0, rate), at(largest, rate)), "ink", 1.2))
    shapes.append(Label(left, at(0, rate)[1] - 5, f"{whole} {show(rate)}", "start", "ink", dx=4))
    shapes.append(Label(0, 12, limits_named, "start", "soft"))
    if frame["value"].null_count():
        shapes += [Dot(0, 26, "soft", 4, hollow=True, dx=5), Label(0, 30, hidden, "start", "soft", dx=14)]
    shapes += [p for row in frame.to_dicts() for p in _point(row, at, show, count, hidden)]
    return Drawing(bottom + 42, said.title, said.description, shapes)


def _point(
    row: dict[str, Any], at: Callable[[float, float], Point], show: Show, count: Show, hidden: str
) -> list[Shape]:
    """The dot of an area, named where it is outside the limits; at the foot, hollow, where its count is hidden."""
    if row["size"] is None:
        return []
    if row["value"] is None:
        return [Dot(*at(row["size"], 0), "soft", 4, hollow=True, tip=f"{row['label']}: {hidden}")]
    x, y = at(row["size"], row["value"])
    tip = f"{row['label']}: {show(row['value'])} / {count(row['size'])}"
    if row["side"] == "within":
        return [Dot(x, y, "b", 4, tip=tip)]
    name = Label(x, y - 7, row["label"], "end" if x > 0.6 else "start", dx=-2 if x > 0.6 else 2)
    return [Dot(x, y, "a", 5.5, tip=tip), name]
