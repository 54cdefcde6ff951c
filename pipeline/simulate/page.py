"""What a simulation leaves on disk: one page with charts, and its tables as CSV.

Belongs here: which figures are shown in which order. Not here: how the page looks (``page.html.j2`` and
:mod:`pipeline.look`). The page is one file without scripts or anything from outside; units are
named by id in ``moves.csv`` only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.look.charts import Said, Show, both_sides, over_values
from pipeline.look.drawing import Drawing
from pipeline.look.numbers import Numbers
from pipeline.look.page import render as render_page
from pipeline.measures import RUPIAH_MEASURES
from pipeline.simulate.simulation import COUNTED, Simulation
from pipeline.store import secret
from pipeline.terminal import decimal, rupiah

PAGE: Final = "simulation.html"
RUPIAH: Final = frozenset({"budget_before", "budget_after", "list_cost_before", "list_cost_after"})
MOST_AREAS: Final = 80


def write(simulation: Simulation, folder: Path) -> list[Path]:
    """Write the page and the tables into a folder; the folder is made if need be, files of these names replaced.

    With a key set ``moves.csv`` is left out: it names units in the clear.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / PAGE
    page.write_text(render(simulation), encoding="utf-8")
    written = [page]
    tables = {"totals": simulation.totals, "measures": simulation.measures}
    if secret() is None:
        tables["moves"] = simulation.moves
    if simulation.range is not None:
        tables["range"] = simulation.range
    for name, frame in tables.items():
        path = folder / f"{name}.csv"
        frame.write_csv(path)
        written.append(path)
    return written


def render(simulation: Simulation) -> str:
    """The page as HTML."""
    question = simulation.question
    context = {
        "period": simulation.period,
        "run_id": simulation.run_id,
        "changes": [(name, question.before[name], value) for name, value in question.changes.items()],
        "notices": simulation.notices,
        "programs": [_program(simulation, code) for code in simulation.totals["program"].unique().sort()],
        "spread": None if question.range is None else question.range.name,
    }
    return render_page(Path(__file__).parent, "page.html.j2", "en", context)


def summary_rows(simulation: Simulation) -> list[dict[str, str]]:
    """Before and after for the whole province, one row a figure: for the terminal and the page.

    Keys: program, area, figure, before, after, before_open and after_open (bounds that the unknowns leave; empty where
    they leave none), definition.
    """
    whole = simulation.totals.filter(pl.col("area_level") == "province")
    rows = []
    for unit in whole.to_dicts():
        place = {"program": unit["program"], "area": unit["area_name"]}
        rows += [place | row for row in _counted(unit)]
        mine = (pl.col("program") == unit["program"]) & (pl.col("area_code") == unit["area_code"])
        rows += [place | row for row in _measured(simulation.measures.filter(mine))]
    return rows


def _counted(unit: dict[str, Any]) -> list[dict[str, str]]:
    rows = []
    for name, meaning in COUNTED.items():
        show = rupiah if name in RUPIAH else "{:,}".format
        stem, _, when = name.rpartition("_")
        if when == "after":
            continue
        if when == "before":
            before, after = unit[name], unit[f"{stem}_after"]
            rows.append({"figure": stem, "before": show(before), "after": show(after), "definition": meaning})
        else:
            rows.append({"figure": name, "before": "", "after": show(unit[name]), "definition": meaning})
    return [row | {"before_open": "", "after_open": ""} for row in rows]


def _measured(measures: pl.DataFrame) -> list[dict[str, str]]:
    return [
        {
            "figure": m["measure"],
            **{when: _shown(m["measure"], m[when]) for when in _WHEN},
            **{f"{when}_open": _bounds(m["measure"], m[f"low_{when}"], m[f"high_{when}"]) for when in _WHEN},
            "definition": m["definition"],
        }
        for m in measures.to_dicts()
    ]


_WHEN: Final = ("before", "after")


def _shown(measure: str, value: float | None) -> str:
    return rupiah(value) if measure in RUPIAH_MEASURES else decimal(value)


def _bounds(measure: str, low: float | None, high: float | None) -> str:
    """What the unknowns leave, in short: millions of rupiah, or a share."""
    if low == high or low is None or high is None:
        return ""
    return f"{low / 1e6:.1f}-{high / 1e6:.1f} jt" if measure in RUPIAH_MEASURES else f"{low:.3f}-{high:.3f}"


def _program(simulation: Simulation, code: str) -> dict[str, Any]:
    here = simulation.totals.filter(pl.col("program") == code, pl.col("area_level") == "kecamatan")
    busiest = here.sort(pl.col("enters") + pl.col("leaves"), "area_code", descending=[True, False]).head(MOST_AREAS)
    areas = busiest.select("area_name", "leaves", "enters").rows()
    return {
        "code": code,
        "figures": [r for r in summary_rows(simulation) if r["program"] == code],
        "areas": _areas(areas) if any(a or b for _, a, b in areas) else None,
        "more_areas": max(0, here.height - MOST_AREAS),
        "spread": _spread(simulation, code),
    }


def _areas(areas: list[tuple[str, int, int]]) -> Drawing:
    told = "; ".join(f"{name}: {leaves:,} leave, {enters:,} enter" for name, leaves, enters in areas)
    return both_sides(areas, "leave", "enter", Said("Units that leave and enter, by kecamatan", told), "{:,.0f}".format)


def _spread(simulation: Simulation, code: str) -> list[Drawing]:
    """Errors and money over the values of a range."""
    question = simulation.question
    if simulation.range is None or question.range is None:
        return []
    mine = simulation.range.filter(pl.col("program") == code).sort("value", "area_code").unique("value", keep="first")
    mine = mine.sort("value")
    if mine.is_empty():
        return []
    values = [float(v) for v in mine["value"]]
    before = question.before[question.range.name]
    now = float(before) if isinstance(before, int | float) else None
    errors: dict[str, list[float | None]] = {
        "unserved / eligible": mine["exclusion_error_rate"].to_list(),
        "served and ineligible / served": mine["inclusion_error_rate"].to_list(),
    }
    money: dict[str, list[float | None]] = {"budget: all eligible are paid": [float(v) for v in mine["budget"]]}
    marked = None if now is None else (now, "now")
    return [
        over_values(values, list(lines.items()), _told(question.range.name, values, lines, show), show, now=marked)
        for lines, show in ((errors, Numbers("en").decimal), (money, lambda v: f"{v / 1e6:,.1f} jt"))
    ]


def _told(name: str, values: list[float], lines: dict[str, list[float | None]], show: Show) -> Said:
    """What lines over the values of a parameter show, in words."""
    told = [
        f"{what}: " + ", ".join(f"{show(f)} at {v:g}" for v, f in zip(values, line, strict=True) if f is not None)
        for what, line in lines.items()
    ]
    return Said(f"{', '.join(lines)} over the values of {name}", ". ".join(told) + ".")
