"""Figures by desil, of all areas together: coverage, incidence, concentration."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipeline.look.charts import Said, columns, curves
from pipeline.look.page import Column, Figure
from pipeline.measures import curve_of
from pipeline.report.cells import DESILS, NOWHERE, WHOLE
from pipeline.report.month import Month, number, share


def welfare(month: Month) -> list[Figure]:
    """Coverage by desil, who is served by desil, concentration curves; nothing within one kecamatan."""
    if month.area != WHOLE:
        return []
    return [_coverage(month), *_incidence(month), *_curve(month)]


def _coverage(month: Month) -> Figure:
    words = month.words["desil"]
    values = {
        p: [share(month.cell("desil", p, d, "served"), month.cell("desil", p, d, "units")) for d in DESILS]
        for p in month.programs
    }
    names = [words["unknown"] if d == NOWHERE else d for d in DESILS]
    frame = pl.DataFrame({"desil": names, **values}, schema_overrides=dict.fromkeys(values, pl.Float64))
    shown = [Column("desil", words["desil"]), *(Column(p, month.program(p), "percent", heat=True) for p in values)]
    return month.figure("coverage_by_desil", words, frame, shown, look="heat")


def _incidence(month: Month) -> list[Figure]:
    words = month.words["desil"]
    figures = []
    for p in month.programs:
        served = [month.cell("desil", p, d, "served") for d in DESILS]
        whole = month.cell("units", p, "served")
        frame = pl.DataFrame(
            {
                "label": DESILS,
                "served": [number(n) for n in served],
                "share": [share(n, whole) for n in served],
            },
            schema_overrides={"served": pl.Float64, "share": pl.Float64},
        )
        title = words["incidence"].format(program=month.program(p))
        shares = frame.with_columns(share=pl.col("share").fill_nan(None))
        parts = [f"{r['label']}: {month.numbers.percent(r['share'])}" for r in shares.to_dicts() if r["share"]]
        drawing = columns(
            shares, ["share"], Said(title, f"{words['incidence_definition']}. {'; '.join(parts)}."),
            month.numbers.percent, level=(0.1, words["untargeted"]), hidden="∗",
        )  # fmt: skip
        shown = [
            Column("label", words["desil"]), Column("served", words["served"], "count"),
            Column("share", words["share"], "percent"),
        ]  # fmt: skip
        figures.append(
            month.figure(
                f"served_by_desil_{p}", words, frame, shown, drawing=drawing, title=title,
                definition=words["incidence_definition"],
            )
        )  # fmt: skip
    return figures


def kept_points(hidden: Sequence[bool]) -> list[bool]:
    """Which points of a curve over desil 0, 1, … may be shown: those before the first hidden group or after the last.

    ``hidden`` says of desil 1, 2, … whether its group is hidden. A point within would tell the sum of some of the
    hidden groups.
    """
    gone = [i for i, h in enumerate(hidden) if h]
    first, last = (gone[0], gone[-1]) if gone else (len(hidden), -1)
    return [i <= first or i > last for i in range(len(hidden) + 1)]


def _curve(month: Month) -> list[Figure]:
    words = month.words["desil"]
    curve = curve_of(month.counted["units"]).drop_nulls("share_of_amount")
    kept, series = [], []
    for p in month.programs:
        mine = curve.filter(pl.col("program") == p)
        if mine.is_empty():
            continue
        desils = mine["desil"].to_list()
        known = [month.cells.shown(*(("desil", WHOLE, p, str(d), n) for n in ("served", "units"))) for d in desils if d]
        mine = mine.filter(pl.Series(kept_points([not k for k in known])))
        name = month.program(p)
        index = month.measure("concentration_index", p)
        kept.append(mine.select(pl.lit(name).alias("program"), "desil", "share_of_units", "share_of_amount"))
        label = name if index is None else f"{name} ({month.numbers.decimal(index)})"
        series.append((label, [(x, y) for x, y in mine.select("share_of_units", "share_of_amount").rows()]))
    if not kept:
        return []
    frame = pl.concat([f.cast({"desil": pl.String}) for f in kept])
    parts = ", ".join(name for name, _ in series)
    drawing = curves(
        series, Said(words["curve"], f"{words['curve_definition']}. {words['index']}: {parts}."),
        across=words["across"], upwards=words["upwards"], diagonal=words["equal"], show=month.numbers.percent,
    )  # fmt: skip
    shown = [
        Column("program", month.words["page"]["program"]), Column("desil", words["desil"]),
        Column("share_of_units", words["across"], "percent"), Column("share_of_amount", words["upwards"], "percent"),
    ]  # fmt: skip
    definition = f"{words['curve_definition']}; {words['index']}: {parts}"
    return [
        month.figure("concentration", words, frame, shown, drawing=drawing, title=words["curve"], definition=definition)
    ]
