"""Charts as inline SVG: bars to both sides of a line, and lines over a parameter's values.

Belongs here: geometry. Not here: which figures are shown (:mod:`pipeline.simulate.page`). Colours are CSS variables
of the page (``--a``, ``--b``, ``--ink``, ``--soft``, ``--line``), so that it follows light and dark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Final

WIDTH: Final = 640
LABELS: Final = 150
ROW: Final = 24
COLOURS: Final = ("var(--a)", "var(--b)")


def both_sides(rows: Sequence[tuple[str, int, int]], left: str, right: str) -> str:
    """Bars to the left and right of a line, one row a label: ``(label, left, right)``."""
    most = max((max(a, b) for _, a, b in rows), default=0) or 1
    half = (WIDTH - LABELS) / 2 - 44
    middle = LABELS + (WIDTH - LABELS) / 2
    parts = [_text(middle - 8, 14, left, "end", "soft"), _text(middle + 8, 14, right, "start", "soft")]
    for i, (label, a, b) in enumerate(rows):
        y = 24 + i * ROW
        wide_a, wide_b = half * a / most, half * b / most
        parts += [
            _text(LABELS - 8, y + 14, label, "end"),
            _bar(middle - wide_a, y + 3, wide_a, COLOURS[0]),
            _bar(middle, y + 3, wide_b, COLOURS[1]),
            _text(middle - wide_a - 5, y + 14, f"{a:,}", "end", "soft") if a else "",
            _text(middle + wide_b + 5, y + 14, f"{b:,}", "start", "soft") if b else "",
        ]
    height = 30 + len(rows) * ROW
    parts.append(f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="20" y2="{height - 4}" stroke="var(--line)"/>')
    return _svg(height, f"{left}, {right}", parts)


def over_values(
    values: Sequence[float],
    series: Mapping[str, Sequence[float | None]],
    now: float | None,
    show: Callable[[float], str],
) -> str:
    """Lines over the values of a parameter, from 0 up; ``now`` is marked, a missing figure leaves a gap."""
    top, bottom, begin, end = 30.0, 210.0, 80.0, WIDTH - 20.0
    most = max((v for line in series.values() for v in line if v is not None), default=0.0) or 1.0
    width = (values[-1] - values[0]) or 1.0

    def x(value: float) -> float:
        return begin + (end - begin) * (value - values[0]) / width

    def y(value: float) -> float:
        return bottom - (bottom - top) * value / most

    parts = [
        f'<line x1="{begin}" x2="{end}" y1="{y(v):.1f}" y2="{y(v):.1f}" stroke="var(--line)"/>'
        + _text(begin - 8, y(v) + 4, show(v), "end", "soft")
        for v in (0.0, most / 2, most)
    ]
    ticks = values[:: max(1, len(values) // 10)]
    parts += [_text(x(v), bottom + 18, f"{v:,g}", "middle", "soft") for v in ticks]
    if now is not None and values[0] <= now <= values[-1]:
        parts.append(
            f'<line x1="{x(now):.1f}" x2="{x(now):.1f}" y1="{top}" y2="{bottom}" stroke="var(--soft)" '
            'stroke-dasharray="3 4"/>' + _text(x(now), top - 6, "now", "middle", "soft")
        )
    for i, (name, line) in enumerate(series.items()):
        points = [(x(v), y(f)) for v, f in zip(values, line, strict=True) if f is not None]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[i]}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{COLOURS[i]}"/>' for a, b in points]
        parts.append(f'<circle cx="{begin + i * 260:.1f}" cy="{bottom + 38}" r="5" fill="{COLOURS[i]}"/>')
        parts.append(_text(begin + i * 260 + 12, bottom + 42, name, "start"))
    return _svg(int(bottom) + 54, ", ".join(series), parts)


def _svg(height: int, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _bar(x: float, y: float, width: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{ROW - 8}" rx="2" fill="{colour}"/>'


def _text(x: float, y: float, words: str, anchor: str, colour: str = "ink") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="var(--{colour})">{escape(words)}</text>'
