"""Kecamatan compared: against what chance alone would give, never as a ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from pipeline.look.charts import Said, dots
from pipeline.look.limits import funnel_plot, placed
from pipeline.look.page import Column, Figure
from pipeline.report.cells import NOWHERE, WHOLE
from pipeline.report.month import Month, number

FEWEST: Final = 3
"""Kecamatan that must be shown at least, for a picture to compare anything."""
_ERRORS = {"exclusion": ("eligible_unserved", "eligible"), "inclusion": ("ineligible_served", "served")}


@dataclass(frozen=True)
class Compared:
    """One error of one program over the kecamatan: the funnel, the list with intervals, who is outside."""

    funnel: Figure
    listed: Figure
    outside: str


def areas(month: Month) -> dict[str, list[Compared]]:
    """Both errors of every program by kecamatan, by program; nothing within one kecamatan or where there are few."""
    names = month.area_names()
    codes = [c for c in names if c != NOWHERE]
    if month.area != WHOLE or len(codes) < FEWEST:
        return {}
    found = {}
    for program in month.programs:
        both = [_compared(month, program, error, {c: names[c] for c in codes}) for error in _ERRORS]
        found[program] = [c for c in both if c is not None]
    return {p: c for p, c in found.items() if c}


def too_small(month: Month, found: dict[str, list[Compared]]) -> str:
    """Names the errors of programs that are not compared."""
    drawn = {c.funnel.name for both in found.values() for c in both}
    words = month.words["areas"]
    missing = [
        words[error].format(program=month.program(p))
        for p in month.programs
        for error in _ERRORS
        if f"areas_{error}_{p}" not in drawn
    ]
    return str(words["too_small"].format(programs="; ".join(missing))) if missing else ""


def _compared(month: Month, program: str, error: str, names: dict[str, str]) -> Compared | None:
    words, (part, whole) = month.words["areas"], _ERRORS[error]
    hits, size = (month.cell("units", program, n) for n in (part, whole))
    if hits is None or not size:
        return None
    rows = []
    for code, name in sorted(names.items(), key=lambda n: n[1]):
        n = [month.cells["units", code, program, k] for k in (part, whole)]
        rows.append({"code": code, "label": name, "hits": number(n[0]), "size": number(n[1])})
    frame = pl.DataFrame(rows, schema_overrides={"hits": pl.Float64, "size": pl.Float64})
    if frame["hits"].drop_nulls().len() < FEWEST:
        return None
    rate, widest = hits / size, max(month.settings.limits)
    small = pl.col("size") < month.settings.small_area
    side = (
        pl.when(pl.col("side").is_null()).then(pl.lit("hidden"))
        .when((pl.col("side") == "within") & small).then(pl.lit("small")).otherwise("side")
    )  # fmt: skip
    frame = placed(frame, rate, widest).sort("label").with_columns(small=small, judged=side)
    frame = frame.with_columns(inside=pl.col("judged").replace_strict(words["sides"], return_dtype=pl.String))
    outside = frame.filter(pl.col("side").is_in(["high", "low"]))
    told = ", ".join(f"{r['label']} ({words['sides'][r['side']]})" for r in outside.to_dicts())
    said = words["outside"].format(names=told) if told else words["none_outside"]
    title, definition = words[error].format(program=month.program(program)), words[f"{error}_definition"]
    shares = sorted(month.settings.limits)
    narrow, wide = month.numbers.percent(shares[0]), month.numbers.percent(shares[-1])
    drawing = funnel_plot(
        frame, rate, shares,
        Said(title, f"{definition}. {words['whole']}: {month.numbers.percent(rate)}. {said}"),
        show=month.numbers.percent, count=month.numbers.count, whole=words["whole"],
        across=words["eligible" if error == "exclusion" else "served"],
        limits_named=words["limits"].format(narrow=narrow, wide=wide),
        hidden=words["hidden"].format(smallest=month.settings.smallest_cell),
    )  # fmt: skip
    columns = _columns(words, error)
    funnel = month.figure(
        f"areas_{error}_{program}", words, frame, columns, drawing=drawing, title=title, definition=definition
    )
    listed = dots(
        frame, Said(f"{title}: {words['ranked']}", said), month.numbers.percent, middle=(rate, words["whole"]),
        hidden="∗",
    )  # fmt: skip
    ranked = month.figure(
        f"areas_listed_{error}_{program}", words, frame, columns, drawing=listed, title=title,
        definition=words["ranked_definition"].format(small=month.settings.small_area),
    )  # fmt: skip
    return Compared(funnel, ranked, said)


def _columns(words: dict[str, Any], error: str) -> list[Column]:
    return [
        Column("label", words["kecamatan"]), Column("hits", words["hits"], "count"),
        Column("size", words["eligible" if error == "exclusion" else "served"], "count"),
        Column("value", words["value"], "percent"), Column("low", words["low"], "percent"),
        Column("high", words["high"], "percent"), Column("inside", words["side"]),
    ]  # fmt: skip
