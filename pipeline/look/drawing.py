"""Pictures as shapes, and the two ways they are written: into a page that may be narrow, and onto paper.

Across, shapes are placed in shares of the width (0 to 1), downwards in pixels: so a picture in a page is as wide as
the screen allows, and its letters keep their size on a phone. Colours are names of the palette; in a page they are
CSS variables, so that pictures follow light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final, Literal, TypeAlias

Anchor = Literal["start", "middle", "end"]
Point: TypeAlias = tuple[float, float]

PAPER: Final = {
    "ink": "#1b2430", "soft": "#56616f", "line": "#cfd6de", "card": "#ffffff", "faint": "#e9edf2",
    "a": "#b4461f", "b": "#1f6aa8", "c": "#2b7f57", "d": "#7a4fa3", "e": "#8a6100", "quiet": "#a9b4c0",
}  # fmt: skip
"""Colours on paper; ``style.css`` has the same names for light and dark screens."""
SERIES: Final = ("b", "a", "c", "d", "e")
"""Colours of several things in one picture, in order."""
PAPER_WIDTH: Final = 640.0
"""Pixels across in a picture as wide as the paper; half of it stands beside another."""


@dataclass(frozen=True)
class Bar:
    """A rectangle; ``tip`` is shown where a pointer rests on it."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    tip: str = ""


@dataclass(frozen=True)
class Dot:
    """A circle, hollow where the value is not known or not shown; ``dx`` pixels away from its place."""

    x: float
    y: float
    colour: str
    radius: float = 4
    hollow: bool = False
    tip: str = ""
    dx: float = 0


@dataclass(frozen=True)
class Stroke:
    """A line through points."""

    points: Sequence[Point]
    colour: str
    width: float = 1
    dashed: bool = False


@dataclass(frozen=True)
class Label:
    """A text; ``dx`` pixels away from its place."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    colour: str = "ink"
    dx: float = 0
    bold: bool = False


Shape: TypeAlias = Bar | Dot | Stroke | Label


@dataclass(frozen=True)
class Drawing:
    """A picture: its shapes, its height in pixels, and what it shows in words for whoever does not see it."""

    height: float
    title: str
    description: str
    shapes: Sequence[Shape] = field(default_factory=tuple)

    def html(self, name: str) -> str:
        """The picture as SVG in a page; ``name`` is its id there."""
        body = "".join(_Screen(self.height).write(s) for s in self.shapes)
        return (
            f'<svg class="chart" width="100%" height="{_n(self.height)}" role="img" '
            f'aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{escape(self.title)}</title>'
            f'<desc id="{name}-d">{escape(self.description)}</desc>{body}</svg>'
        )

    def paper(self, width: float = PAPER_WIDTH) -> str:
        """The picture as an SVG file by itself, ``width`` pixels across, with fixed colours."""
        writer = _Paper(self.height, width)
        body = "".join(writer.write(s) for s in self.shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}" height="{_n(self.height)}" '
            f'viewBox="0 0 {_n(width)} {_n(self.height)}" font-family="Libertinus Serif" font-size="14">{body}</svg>'
        )


def _n(value: float) -> str:
    """A number as short as it can be."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


class _Screen:
    """Shapes as SVG whose places across are percentages."""

    def __init__(self, height: float) -> None:
        self.height = height

    def x(self, share: float) -> str:
        return f"{_n(share * 100)}%"

    def colour(self, name: str) -> str:
        return f"var(--{name})"

    def write(self, shape: Shape) -> str:
        if isinstance(shape, Bar):
            return self.bar(shape)
        if isinstance(shape, Dot):
            return self.dot(shape)
        if isinstance(shape, Stroke):
            return self.stroke(shape)
        return self.label(shape)

    def bar(self, s: Bar) -> str:
        place = f'x="{self.x(s.x)}" y="{_n(s.y)}" width="{self.x(max(s.width, 0))}" height="{_n(s.height)}"'
        return f'<rect {place} fill="{self.colour(s.colour)}"{_tipped(s.tip, "rect")}'

    def dot(self, s: Dot) -> str:
        place = f'cx="{self.x(s.x)}" cy="{_n(s.y)}" r="{_n(s.radius)}"'
        inside = self.colour("card") if s.hollow else self.colour(s.colour)
        moved = f' transform="translate({_n(s.dx)},0)"' if s.dx else ""
        return f'<circle {place} fill="{inside}" stroke="{self.colour(s.colour)}"{moved}{_tipped(s.tip, "circle")}'

    def _style(self, s: Stroke) -> str:
        dash = ' stroke-dasharray="4 4"' if s.dashed else ""
        return f'stroke="{self.colour(s.colour)}" stroke-width="{_n(s.width)}"{dash}'

    def stroke(self, s: Stroke) -> str:
        if len(s.points) == 2:
            (x1, y1), (x2, y2) = s.points
            ends = f'x1="{self.x(x1)}" y1="{_n(y1)}" x2="{self.x(x2)}" y2="{_n(y2)}"'
            return f"<line {ends} {self._style(s)}/>"
        # points cannot be percentages: a picture in the picture is stretched, and the line's width is not
        points = " ".join(f"{_n(x * 1000)},{_n(y)}" for x, y in s.points)
        return (
            f'<svg width="100%" height="{_n(self.height)}" viewBox="0 0 1000 {_n(self.height)}" '
            f'preserveAspectRatio="none"><polyline points="{points}" fill="none" '
            f'vector-effect="non-scaling-stroke" {self._style(s)}/></svg>'
        )

    def label(self, s: Label) -> str:
        dx = f' dx="{_n(s.dx)}"' if s.dx else ""
        bold = ' font-weight="600"' if s.bold else ""
        where = f'x="{self.x(s.x)}" y="{_n(s.y)}"{dx} text-anchor="{s.anchor}"'
        return f'<text {where} fill="{self.colour(s.colour)}"{bold}>{escape(s.text)}</text>'


class _Paper(_Screen):
    """The same in pixels and fixed colours."""

    def __init__(self, height: float, width: float) -> None:
        super().__init__(height)
        self.width = width

    def x(self, share: float) -> str:
        return _n(share * self.width)

    def colour(self, name: str) -> str:
        return PAPER[name]

    def stroke(self, s: Stroke) -> str:
        points = " ".join(f"{self.x(x)},{_n(y)}" for x, y in s.points)
        return f'<polyline points="{points}" fill="none" {self._style(s)}/>'


def _tipped(tip: str, tag: str) -> str:
    return f"><title>{escape(tip)}</title></{tag}>" if tip else "/>"
