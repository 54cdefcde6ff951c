"""Figures of the field: cases that wait, how often findings visited were right, what samples say of all households."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from pipeline.learn import results_of
from pipeline.look.charts import Said, bars
from pipeline.look.limits import wilson
from pipeline.look.page import Column, Figure
from pipeline.report.cells import AGES, WHOLE
from pipeline.report.month import Month, number, share


def cases(month: Month) -> list[Figure]:
    """Open cases by queue and age, and those whose day has passed; nothing where none is open."""
    words = month.words["cases"]
    queues = sorted({k[2] for k in month.cells.names("case", WHOLE)} - {""})
    names = [*AGES, "all", "late"]
    rows = [
        {"label": words["queues"].get(q, q), **{n: number(month.cell("case", q, n)) for n in names}, "kind": ""}
        for q in queues
    ]
    if len(rows) > 1:
        every = {n: number(month.cell("case", "", n)) for n in names}
        rows.append({"label": month.words["page"]["total"], **every, "kind": "total"})
    if not rows:
        return []
    frame = pl.DataFrame(rows, schema_overrides=dict.fromkeys(names, pl.Float64))
    parts = "; ".join(
        f"{r['label']}: {month.written(r['all'])}, {words['late']}: {month.written(r['late'])}"
        for r in frame.to_dicts()
    )
    drawing = bars(
        frame.filter(pl.col("kind") == "").with_columns(total="all"), list(AGES), Said(words["title"], parts + "."),
        month.numbers.count, names=[words[a] for a in AGES], colours=("c", "b", "e", "a"), hidden="∗",
    )  # fmt: skip
    columns = [Column("label", words["queue"]), *(Column(n, words[n], "count") for n in names)]
    definition = words["definition"].format(day=month.numbers.day(month.counted.today))
    return [month.figure("cases", words, frame, columns, drawing=drawing, definition=definition)]


def field(month: Month) -> list[Figure]:
    """What the field answered, by type of finding, with the share that was right; nothing where it has not answered."""
    words = month.words["field"]
    kinds = {k[2] for k in month.cells.names("said", WHOLE)}
    rows = []
    for kind in (t for t in month.taxonomy.types if t in kinds):
        said = {v: month.cell("said", kind, v) for v in ("right", "wrong", "open", "all")}
        settled = None if said["right"] is None or said["wrong"] is None else said["right"] + said["wrong"]
        low, high = _interval(said["right"], settled)
        rows.append(
            {"label": month.kind(kind), **{v: number(n) for v, n in said.items()},
             "rate": share(said["right"], settled), "low": low, "high": high}
        )  # fmt: skip
    if not rows:
        return []
    numeric = [c for c in rows[0] if c != "label"]
    frame = pl.DataFrame(rows, schema_overrides=dict.fromkeys(numeric, pl.Float64))
    parts = "; ".join(f"{r['label']}: {month.numbers.percent(r['rate'])}" for r in frame.fill_nan(None).to_dicts())
    head = Column("label", month.words["findings"]["type"])
    answered = bars(
        frame.with_columns(total="all"), ["right", "wrong", "open"], Said(words["title"], parts + "."),
        month.numbers.count, names=[words[n] for n in ("right", "wrong", "open")], colours=("c", "a", "quiet"),
        hidden="∗",
    )  # fmt: skip
    counts = [head, *(Column(n, words[n], "count") for n in ("right", "wrong", "open", "all"))]
    rates = [head, *(Column(n, words[n], "percent", bar=n == "rate") for n in ("rate", "low", "high"))]
    return [
        month.figure("field", words, frame, counts, drawing=answered),
        month.figure("hit_rates", words, frame, rates, title=words["rates"],
                     definition=words["rates_definition"]),
    ]  # fmt: skip


def _interval(right: int | None, settled: int | None) -> tuple[float | None, float | None]:
    """Wilson's 95 % interval; None where the counts are hidden, NaN of nothing."""
    if right is None or settled is None:
        return None, None
    if not settled:
        return float("nan"), float("nan")
    low, high = wilson(np.array([float(right)]), np.array([float(settled)]))
    return float(low[0]), float(high[0])


def samples(month: Month, rules: Path) -> list[Figure]:
    """What verification samples say of all households, flagged or not; nothing without one, or in one kecamatan.

    Of a handful of answers nothing is said either: a share of four tells of one household.
    """
    if month.area != WHOLE:
        return []
    words = month.words["sample"]
    found = results_of(month.counted.run, rules, month.lang).estimates.filter(
        pl.col("answered") >= month.settings.smallest_cell, pl.col("restricted_to") == ""
    )
    if found.is_empty():
        return []
    newest = found.filter(pl.col("sample_id") == found["sample_id"].last()).filter(pl.col("value").is_not_null())
    if newest.is_empty():  # so many are silent that nothing is said of the whole
        return []
    names = [f"{words[e]}: {words[m]}" for e, m in newest.select("error", "measure").rows()]
    frame = newest.select(
        pl.Series("label", names, dtype=pl.String), "definition", "value", low="ci_low", high="ci_high",
        visits=pl.col("visits").cast(pl.Float64), answered=pl.col("answered").cast(pl.Float64),
    )  # fmt: skip
    columns = [
        Column("label", words["what"]), Column("value", words["value"], "percent", bar=True),
        Column("low", month.words["areas"]["low"], "percent"), Column("high", month.words["areas"]["high"], "percent"),
        Column("visits", words["visits"], "count"), Column("answered", words["answered"], "count"),
        Column("definition", words["is"]),
    ]  # fmt: skip
    return [month.figure("sample", words, frame, columns)]
