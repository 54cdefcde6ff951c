"""What a simulation leaves on disk: one page with charts, and its tables as CSV.

Belongs here: the page in words and pictures. Not here: how it looks (``page.html.j2`` and :mod:`pipeline.look`), which
figures it has (:mod:`.figures`). The page is one file without scripts or anything from outside; units are named by id
in ``moves.csv`` only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.look.charts import Said, Show, both_sides, over_values
from pipeline.look.drawing import Drawing
from pipeline.look.numbers import Language, Numbers
from pipeline.look.page import render as render_page
from pipeline.look.words import texts
from pipeline.simulate.figures import Figure, figures_of
from pipeline.simulate.simulation import WORDS, Simulation
from pipeline.store import secret
from pipeline.whole import write_whole

PAGE: Final = "simulation.html"
MOST_AREAS: Final = 80


def write(simulation: Simulation, folder: Path, lang: Language = "id") -> list[Path]:
    """Write the page and the tables into a folder; the folder is made if need be, files of these names replaced.

    With a key set ``moves.csv`` is left out: it names units in the clear.
    """
    tables = {"totals": simulation.totals, "measures": simulation.measures}
    if secret() is None:
        tables["moves"] = simulation.moves
    if simulation.range is not None:
        tables["range"] = simulation.range
    page = write_whole(folder / PAGE, render(simulation, lang))
    return [page, *(write_whole(folder / f"{name}.csv", frame.write_csv()) for name, frame in tables.items())]


def render(simulation: Simulation, lang: Language = "id") -> str:
    """The page as HTML."""
    question, told = simulation.question, _Telling(simulation, texts(WORDS, lang), Numbers(lang))
    context = {
        "words": told.words["page"],
        "title": told.words["page"]["title"].format(month=told.numbers.month(simulation.period)),
        "run_id": simulation.run_id,
        "changes": [(name, question.before[name], value) for name, value in question.changes.items()],
        "notices": [told.words["notices"][notice] for notice in simulation.notices],
        "programs": [told.program(code) for code in simulation.totals["program"].unique().sort()],
        "spread": None if question.range is None else question.range.name,
    }
    return render_page(Path(__file__).parent, "page.html.j2", lang, context)


@dataclass(frozen=True)
class _Telling:
    """Puts a simulation into the words and numbers of one language."""

    simulation: Simulation
    words: dict[str, Any]
    numbers: Numbers

    def program(self, code: str) -> dict[str, Any]:
        """What the page shows of a program."""
        here = self.simulation.totals.filter(pl.col("program") == code, pl.col("area_level") == "kecamatan")
        busiest = here.sort(pl.col("enters") + pl.col("leaves"), "area_code", descending=[True, False])
        areas = busiest.head(MOST_AREAS).select("area_name", "leaves", "enters").rows()
        return {
            "code": code,
            "rows": [self._row(f) for f in figures_of(self.simulation) if f.program == code],
            "areas": self._areas(areas) if any(a or b for _, a, b in areas) else None,
            "more_areas": max(0, here.height - MOST_AREAS),
            "spread": list(self._spread(code)),
        }

    def _row(self, figure: Figure) -> dict[str, str]:
        show = {"count": self.numbers.count, "rupiah": self.numbers.rupiah, "share": self._share}[figure.kind]
        short = self.numbers.short_rupiah if figure.kind == "rupiah" else show
        spans = {"before_open": figure.open_before, "after_open": figure.open_after}
        told = self.words["page"]["range"]
        return {
            **self.words["figures"][figure.name],
            "before": "" if figure.before is None and figure.kind == "count" else show(figure.before),
            "after": show(figure.after),
            **{name: told.format(low=short(s[0]), high=short(s[1])) if s else "" for name, s in spans.items()},
        }

    def _share(self, value: float | None) -> str:
        return self.numbers.decimal(value, 3)

    def _areas(self, areas: list[tuple[str, int, int]]) -> Drawing:
        words, count = self.words["charts"], self.numbers.count
        told = "; ".join(words["area"].format(area=a, leaves=count(out), enters=count(new)) for a, out, new in areas)
        said = Said(self.words["page"]["areas"], told)
        return both_sides(areas, words["leave"], words["enter"], said, count)

    def _spread(self, code: str) -> Iterator[Drawing]:
        """Errors and money over the values of a range."""
        question, table = self.simulation.question, self.simulation.range
        if table is None or question.range is None:
            return
        mine = table.filter(pl.col("program") == code).sort("value", "area_code").unique("value", keep="first")
        mine = mine.sort("value")
        if mine.is_empty():
            return
        words, values = self.words["charts"], [float(v) for v in mine["value"]]
        before = question.before[question.range.name]
        marked = (float(before), words["now"]) if isinstance(before, int | float) else None
        errors = {
            words["exclusion"]: mine["exclusion_error_rate"].to_list(),
            words["inclusion"]: mine["inclusion_error_rate"].to_list(),
        }
        money: dict[str, list[float | None]] = {words["budget"]: [float(v) for v in mine["budget"]]}
        for lines, show in ((errors, self.numbers.decimal), (money, self.numbers.short_rupiah)):
            said = self._said(question.range.name, values, lines, show)
            yield over_values(values, list(lines.items()), said, show, now=marked)

    def _said(self, name: str, values: list[float], lines: dict[str, list[float | None]], show: Show) -> Said:
        """What lines over the values of a parameter show, in words."""
        at = self.words["charts"]["at"]
        told = [
            f"{what}: "
            + ", ".join(
                at.format(figure=show(f), value=f"{v:g}") for v, f in zip(values, line, strict=True) if f is not None
            )
            for what, line in lines.items()
        ]
        return Said(f"{', '.join(lines)}. {self.words['page']['over'].format(name=name)}", ". ".join(told) + ".")
