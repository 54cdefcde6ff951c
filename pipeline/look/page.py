"""Pages from templates, and the figures on them.

Belongs here: the template environment, figures with their table and CSV. Not here: what a page says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import jinja2
import polars as pl

from pipeline.look.drawing import Drawing
from pipeline.look.numbers import HIDDEN, NOTHING, Numbers

HERE: Final = Path(__file__).parent
Kind = Literal["text", "count", "rupiah", "percent", "decimal", "change", "points"]


@dataclass(frozen=True)
class Column:
    """A column of a figure's table: its name in the frame, its heading, and how its values are written.

    ``heat`` shades the cell by its share, ``bar`` draws one beneath it.
    """

    name: str
    heading: str
    kind: Kind = "text"
    heat: bool = False
    bar: bool = False

    @property
    def right(self) -> bool:
        """Whether it is set flush right."""
        return self.kind != "text"


@dataclass(frozen=True)
class Cell:
    """A value as written; ``shade`` 0-1 and ``share`` 0-100 where the column asks for them."""

    text: str
    right: bool
    shade: float | None = None
    share: float | None = None


@dataclass(frozen=True)
class Row:
    """Cells, and ``kind`` (total, part or nothing): how the row is set."""

    cells: Sequence[Cell]
    kind: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture or table with its definition and the numbers behind it.

    In numeric columns null is a suppressed cell and NaN one that does not exist (a share of nothing). A column
    ``kind`` of the frame, where there is one, says how a row is set.
    """

    name: str
    title: str
    definition: str
    frame: pl.DataFrame
    columns: Sequence[Column]
    numbers: Numbers
    drawing: Drawing | None = None
    look: str = ""

    def rows(self) -> list[Row]:
        """The table as written."""
        most = {c.name: self._most(c.name) for c in self.columns if c.heat or c.bar}
        return [
            Row([self._cell(row[c.name], c, most.get(c.name)) for c in self.columns], row.get("kind") or "")
            for row in self.frame.to_dicts()
        ]

    def _most(self, name: str) -> float:
        return max((v for v in self.frame[name] if v is not None and not math.isnan(v)), default=0.0) or 1.0

    def _cell(self, value: Any, column: Column, most: float | None) -> Cell:
        missing = value is None or (isinstance(value, float) and math.isnan(value))
        text = self.written(value, column.kind)
        if missing or most is None:
            return Cell(text, column.right)
        if column.heat:
            return Cell(text, column.right, shade=round(0.45 * min(1.0, value), 2))
        return Cell(text, column.right, share=round(100 * value / most, 1))

    def written(self, value: Any, kind: Kind) -> str:
        """A value as it stands on the page."""
        if kind == "text":
            return "" if value is None else str(value)
        if value is None:
            return HIDDEN
        if isinstance(value, float) and math.isnan(value):
            return NOTHING
        writer = {
            "count": self.numbers.count, "rupiah": self.numbers.rupiah, "percent": self.numbers.percent,
            "decimal": self.numbers.decimal, "change": self.numbers.change, "points": self.numbers.points,
        }[kind]  # fmt: skip
        return writer(value)

    def csv(self) -> str:
        """The frame as CSV; suppressed cells are empty and named in ``suppressed``."""
        numeric = [c.name for c in self.columns if c.kind != "text"]
        whole = [c.name for c in self.columns if c.kind in ("count", "rupiah", "change")]
        kept = [c for c in self.frame.columns if c in {k.name for k in self.columns} | {"code"}]
        hidden = [pl.when(pl.col(c).is_null()).then(pl.lit(c)) for c in numeric]
        frame = self.frame.select(
            *kept, *([pl.concat_str(hidden, separator=" ", ignore_nulls=True).alias("suppressed")] if hidden else [])
        )
        floats = [c for c in frame.columns if frame.schema[c] == pl.Float64]
        frame = frame.with_columns(pl.col(floats).fill_nan(None).round(6))
        frame = frame.with_columns(pl.col(c).round().cast(pl.Int64) for c in whole)
        if hidden:
            frame = frame.with_columns(suppressed=pl.col("suppressed").replace("", None))
        return frame.write_csv()


@lru_cache(maxsize=16)
def _environment(folder: Path, lang: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, HERE]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    numbers = Numbers("en" if lang == "en" else "id")
    environment.filters.update(
        number=numbers.count, percent=numbers.percent, rupiah=numbers.rupiah, short_rupiah=numbers.short_rupiah,
        decimal=numbers.decimal, month=numbers.month,
    )  # fmt: skip
    environment.globals.update(style=(HERE / "style.css").read_text(encoding="utf-8"), lang=lang)
    return environment


def render(folder: Path, template: str, lang: str, context: Mapping[str, Any]) -> str:
    """A page from a template in ``folder`` that extends ``base.html.j2``."""
    return _environment(folder, lang).get_template(template).render(**context)
