"""How the weight of a pair came about: what spoke for it, what against, and where that ended."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.look.charts import NAMES, Said, Show
from pipeline.look.drawing import Bar, Drawing, Label, Shape, Stroke


def waterfall(steps: Sequence[tuple[str, str, float]], said: Said, show: Show, *, total: str) -> Drawing:
    """One bar a step from where the last one ended: ``(name, what was found, weight)``; the last row is the sum."""
    ends, reached = [0.0], 0.0
    for _, _, weight in steps:
        reached += weight
        ends.append(reached)
    low, high = min(ends), max(ends)
    width = (high - low) or 1.0
    begin, end = NAMES + 0.06, 0.91

    def x(value: float) -> float:
        return begin + (end - begin) * (value - low) / width

    height = 40.0
    shapes: list[Shape] = [Stroke(((x(0), 4), (x(0), (len(steps) + 1) * height)), "line")]
    for i, (name, found, weight) in enumerate(steps):
        y, here, there = i * height + 8, ends[i], ends[i + 1]
        shapes += [
            Label(NAMES, y + 10, name, "end", bold=True),
            Label(NAMES, y + 25, found, "end", "soft"),
            Bar(x(min(here, there)), y + 4, max(abs(weight) / width * (end - begin), 0.003), 16,
                "b" if weight >= 0 else "a"),
            Stroke(((x(there), y + 4), (x(there), y + height + 4)), "soft"),
            Label(x(max(here, there)), y + 17, show(weight), "start", dx=5),
        ]  # fmt: skip
    y = len(steps) * height + 8
    shapes += [
        Label(NAMES, y + 16, total, "end", bold=True),
        Bar(x(min(0.0, reached)), y + 4, max(abs(reached) / width * (end - begin), 0.003), 16, "soft"),
        Label(x(max(0.0, reached)), y + 17, show(reached), "start", dx=5, bold=True),
    ]
    return Drawing(y + 32, said.title, said.description, shapes)
