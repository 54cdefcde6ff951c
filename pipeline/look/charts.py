"""Pictures made from frames: bars, columns, dots with intervals, curves, timelines.

Belongs here: geometry. Not here: which figures are shown. Every function takes the words that say what the picture
shows, because a picture without them is not accessible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap
from typing import Final

import polars as pl

from pipeline.look.drawing import SERIES, Anchor, Bar, Dot, Drawing, Label, Point, Shape, Stroke

Show = Callable[[float], str]

LETTER: Final = 13.0
"""Height of a letter in pixels, as in ``style.css``."""
ROOM: Final = 36
"""Letters of a name that stand in a line above a bar beside its number, on a phone."""
NAMES: Final = 0.37
"""Share of the width in which names stand beside dots and bars to both sides."""


@dataclass(frozen=True)
class Said:
    """What a picture shows, in words."""

    title: str
    description: str


def nice_top(most: float) -> float:
    """The smallest round number not below ``most``: the end of an axis."""
    if most <= 0:
        return 1.0
    power = 10.0 ** len(str(int(most))) if most >= 1 else 1.0
    while power > most:
        power /= 10
    steps = (power * step for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10))
    return float(next(s for s in steps if s >= most * (1 - 1e-9)))


def legend(names: Sequence[str], colours: Sequence[str], y: float, *, across: int = 2) -> list[Shape]:
    """Coloured dots with names, ``across`` in a row."""
    shapes: list[Shape] = []
    for i, (name, colour) in enumerate(zip(names, colours, strict=False)):
        x, line = (i % across) / across, y + (i // across) * 20
        shapes += [Dot(x, line - 4, colour, 5, dx=6), Label(x, line, name, dx=16)]
    return shapes


def legend_height(n: int, across: int = 2) -> float:
    """Pixels that a legend of ``n`` names takes."""
    return 20.0 * ((n + across - 1) // across)


def bars(
    frame: pl.DataFrame,
    parts: Sequence[str],
    said: Said,
    show: Show,
    *,
    names: Sequence[str] = (),
    colours: Sequence[str] = SERIES,
    hidden: str = "",
) -> Drawing:
    """One bar a row of ``frame``, its ``label`` above it, made of the columns ``parts`` laid end to end.

    Args:
        frame: ``label``, the columns of ``parts``, and ``total`` to write at the end (null: ``hidden`` is written).
        parts: columns, in order.
        said: words.
        show: writes a number.
        names: of the parts, for the legend; none where there is one part.
        colours: of the parts.
        hidden: stands where the total is not shown.
    """
    rows = frame.to_dicts()
    most = max((max(sum(r[p] or 0 for p in parts), r["total"] or 0) for r in rows), default=0) or 1
    top = legend_height(len(names)) + 8 if names else 0.0
    shapes = legend(names, colours, 14) if names else []
    y = top - 42
    for row in rows:
        y, x = y + 42, 0.0
        for n, line in enumerate(wrap(row["label"], ROOM)):
            y += 16 * (n > 0)
            shapes.append(Label(0, y + 13, line))
        shapes.append(Label(1, y + 13, hidden if row["total"] is None else show(row["total"]), "end", bold=True))
        shapes.append(Bar(0, y + 19, 1, 12, "faint"))
        if row["total"] and any(row[p] is None for p in parts):  # the whole may be shown, its parts may not
            shapes.append(Bar(0, y + 19, row["total"] / most, 12, "quiet", show(row["total"])))
            continue
        for part, colour in zip(parts, colours, strict=False):
            share = (row[part] or 0) / most
            if share:
                shapes.append(Bar(x, y + 19, share, 12, colour, show(row[part])))
            x += share
    return Drawing(y + 42, said.title, said.description, shapes)


def columns(
    frame: pl.DataFrame,
    parts: Sequence[str],
    said: Said,
    show: Show,
    *,
    names: Sequence[str] = (),
    colours: Sequence[str] = SERIES,
    level: tuple[float, str] | None = None,
    hidden: str = "",
) -> Drawing:
    """Upright bars, one a row of ``frame`` (``label``, the columns of ``parts``; all null where it is not shown).

    ``level`` is a value to compare with, and its name.
    """
    rows = frame.to_dicts()
    top = (legend_height(len(names)) + 14 if names else 0.0) + 16
    bottom, left, right = top + 130, 0.0, 1.0
    most = nice_top(max([sum(r[p] or 0 for p in parts) for r in rows] + [level[0] if level else 0], default=0))
    step = (right - left) / max(len(rows), 1)
    shapes = legend(names, colours, 14) if names else []
    for i, row in enumerate(rows):
        x, y = left + (i + 0.12) * step, bottom
        for part, colour in zip(parts, colours, strict=False):
            height = (bottom - top) * (row[part] or 0) / most
            if height:
                shapes.append(Bar(x, y - height, step * 0.76, height, colour, f"{row['label']}: {show(row[part])}"))
            y -= height
        shown = any(row[p] is not None for p in parts)
        shapes.append(Label(x + step * 0.38, bottom + 16, row["label"], "middle", "soft"))
        if not shown:
            shapes.append(Label(x + step * 0.38, bottom - 4, hidden, "middle", "soft"))
    highest = max(rows, key=lambda r: sum(r[p] or 0 for p in parts), default=None)
    if highest is not None:
        value = sum(highest[p] or 0 for p in parts)
        at = (rows.index(highest) + 0.5) * step
        anchor = "start" if at < 0.1 else "end" if at > 0.9 else "middle"
        edge = 0.0 if anchor == "start" else 1.0 if anchor == "end" else at
        shapes.append(Label(edge, bottom - (bottom - top) * value / most - 4, show(value), anchor, bold=True))  # type: ignore[arg-type]
    shapes.append(Stroke(((left, bottom), (right, bottom)), "soft"))
    if level is not None:
        y = bottom - (bottom - top) * level[0] / most
        shapes += [Stroke(((left, y), (right, y)), "ink", 1, dashed=True), Label(1, y - 4, level[1], "end", "soft")]
    return Drawing(bottom + 24, said.title, said.description, shapes)


def dots(
    frame: pl.DataFrame, said: Said, show: Show, *, middle: tuple[float, str] | None = None, hidden: str = ""
) -> Drawing:
    """Dots with intervals, a row each: ``label``, ``value``, ``low``, ``high``, ``small`` (drawn hollow).

    ``middle`` is a value to compare with, and its name. A row whose value is null says ``hidden``.
    """
    rows = frame.to_dicts()
    values: list[float] = [v for r in rows for v in (r["value"], r["high"]) if v is not None]
    most = min(nice_top(max([*values, middle[0] if middle else 0.0], default=0.0)), max(1.0, *values, 0.0))
    top, height = 24.0, 24.0
    begin, end = NAMES + 0.02, 0.97
    bottom = top + len(rows) * height

    def x(value: float) -> float:
        return begin + (end - begin) * min(value / most, 1.0)

    shapes: list[Shape] = []
    for tick, anchor in ((0.0, "start"), (most / 2, "middle"), (most, "end")):
        shapes.append(Stroke(((x(tick), top), (x(tick), bottom)), "line"))
        shapes.append(Label(x(tick), top - 8, show(tick), anchor, "soft"))  # type: ignore[arg-type]
    if middle is not None:
        shapes.append(Stroke(((x(middle[0]), top), (x(middle[0]), bottom + 4)), "ink", 1, dashed=True))
        shapes.append(Label(x(middle[0]), bottom + 18, f"{middle[1]} {show(middle[0])}", _side(x(middle[0])), "soft"))
    for i, row in enumerate(rows):
        y = top + i * height + height / 2
        shapes.append(Label(NAMES, y + 4, row["label"], "end"))
        if row["value"] is None:
            shapes.append(Label(begin, y + 4, hidden, "start", "soft", dx=4))
            continue
        if row["low"] is not None and row["high"] is not None:
            shapes.append(Stroke(((x(row["low"]), y), (x(row["high"]), y)), "b", 2))
        tip = f"{row['label']}: {show(row['value'])}"
        shapes.append(Dot(x(row["value"]), y, "b", 4.5, hollow=bool(row["small"]), tip=tip))
    return Drawing(bottom + (26 if middle else 6), said.title, said.description, shapes)


def _side(x: float) -> Anchor:  # which side of its place a label stands, so that it stays within the picture
    return "start" if x < 0.55 else "end"


def curves(
    series: Sequence[tuple[str, Sequence[Point]]],
    said: Said,
    *,
    across: str,
    upwards: str,
    diagonal: str = "",
    show: Show,
) -> Drawing:
    """Lines in a square of shares (0 to 1 both ways); ``diagonal`` names the line of equal shares."""
    head = legend_height(len(series)) + 24
    top, bottom, left, right = head, head + 300.0, 0.13, 0.98

    def at(p: Point) -> Point:
        return left + (right - left) * p[0], bottom - (bottom - top) * p[1]

    shapes = legend([s[0] for s in series], SERIES, 14)
    shapes.append(Label(0, head - 8, upwards, colour="soft"))
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        shapes.append(Stroke((at((0, tick)), at((1, tick))), "line"))
        shapes.append(Label(left, at((0, tick))[1] + 4, show(tick), "end", "soft", dx=-6))
        shapes.append(Label(at((tick, 0))[0], bottom + 17, show(tick), "end" if tick == 1 else "middle", "soft"))
    shapes.append(Label(right, bottom + 34, across, "end", "soft"))
    if diagonal:
        shapes.append(Stroke((at((0, 0)), at((1, 1))), "soft", 1, dashed=True))
        shapes.append(Label(at((0.62, 0.5))[0], at((0.62, 0.5))[1] + 10, diagonal, "start", "soft"))
    for (_, points), colour in zip(series, SERIES, strict=False):
        shapes.append(Stroke([at(p) for p in points], colour, 2.5))
        shapes += [Dot(*at(p), colour, 3) for p in points]
    return Drawing(bottom + 42, said.title, said.description, shapes)


def over_values(
    values: Sequence[float],
    series: Sequence[tuple[str, Sequence[float | None]]],
    said: Said,
    show: Show,
    *,
    now: tuple[float, str] | None = None,
) -> Drawing:
    """Lines over the values of a parameter, from 0 up; ``now`` is marked, a missing figure leaves a gap."""
    top, bottom, left, right = 30.0, 210.0, 0.19, 0.97
    most = max((v for _, line in series for v in line if v is not None), default=0.0) or 1.0
    width = (values[-1] - values[0]) or 1.0

    def x(value: float) -> float:
        return left + (right - left) * (value - values[0]) / width

    def y(value: float) -> float:
        return bottom - (bottom - top) * value / most

    shapes: list[Shape] = []
    for tick in (0.0, most / 2, most):
        shapes.append(Stroke(((left, y(tick)), (right, y(tick))), "line"))
        shapes.append(Label(left, y(tick) + 4, show(tick), "end", "soft", dx=-6))
    shapes += [Label(x(v), bottom + 18, f"{v:,g}", "middle", "soft") for v in values[:: max(1, len(values) // 8)]]
    if now is not None and values[0] <= now[0] <= values[-1]:
        shapes.append(Stroke(((x(now[0]), top), (x(now[0]), bottom)), "soft", 1, dashed=True))
        shapes.append(Label(x(now[0]), top - 8, now[1], "middle", "soft"))
    for (_, line), colour in zip(series, SERIES, strict=False):
        points = [(x(v), y(f)) for v, f in zip(values, line, strict=True) if f is not None]
        if len(points) > 1:
            shapes.append(Stroke(points, colour, 2))
        shapes += [Dot(a, b, colour, 3) for a, b in points]
    shapes += legend([name for name, _ in series], SERIES, bottom + 44, across=1)
    return Drawing(bottom + 54 + legend_height(len(series), 1), said.title, said.description, shapes)


def both_sides(rows: Sequence[tuple[str, int, int]], left: str, right: str, said: Said, show: Show) -> Drawing:
    """Bars to the left and right of a line, a row each: label and the two counts."""
    most = max((max(a, b) for _, a, b in rows), default=0) or 1
    middle = (NAMES + 1) / 2
    half = (1 - NAMES) / 2 - 0.09
    shapes: list[Shape] = [
        Label(middle, 14, left, "end", "soft", dx=-6),
        Label(middle, 14, right, "start", "soft", dx=6),
    ]
    for i, (label, a, b) in enumerate(rows):
        y = 24.0 + i * 24
        shapes.append(Label(NAMES - 0.02, y + 13, label, "end"))
        if a:
            shapes.append(Bar(middle - half * a / most, y + 2, half * a / most, 14, "a"))
            shapes.append(Label(middle - half * a / most, y + 13, show(a), "end", "soft", dx=-4))
        if b:
            shapes.append(Bar(middle, y + 2, half * b / most, 14, "b"))
            shapes.append(Label(middle + half * b / most, y + 13, show(b), "start", "soft", dx=4))
    height = 30.0 + len(rows) * 24
    shapes.append(Stroke(((middle, 20), (middle, height - 4)), "line"))
    return Drawing(height, said.title, said.description, shapes)


def timeline(
    moments: Sequence[datetime],
    begin: datetime,
    end: datetime,
    ticks: Sequence[tuple[datetime, str]],
    said: Said,
) -> Drawing:
    """One mark a moment on a line of time; up to three that fall together are piled up."""
    base, step, most = 46.0, 12.0, 3
    width = (end - begin).total_seconds() or 1.0

    def x(moment: datetime) -> float:
        return 0.03 + 0.94 * (moment - begin).total_seconds() / width

    shapes: list[Shape] = [Stroke(((0.0, base), (1.0, base)), "soft")]
    for moment, name in ticks:
        shapes.append(Stroke(((x(moment), base), (x(moment), base + 5)), "soft"))
        shapes.append(Label(x(moment), base + 20, name, "middle", "soft"))
    piled: dict[int, int] = {}
    for moment in moments:
        place = round(x(moment) * 120)
        height = piled.get(place, 0)
        piled[place] = height + 1
        if height < most:
            shapes.append(Bar(place / 120 - 0.003, base - (height + 1) * step, 0.006, step - 2, "a"))
    return Drawing(base + 26, said.title, said.description, shapes)
