"""Figures of findings: by type and state, by reason; programs held together."""

from __future__ import annotations

import polars as pl

from pipeline.look.charts import Said, bars
from pipeline.look.page import Column, Figure
from pipeline.report.cells import STATES, WHOLE
from pipeline.report.month import Month, number, share


def overlap(month: Month) -> list[Figure]:
    """Households by the programs they hold."""
    words = month.words["overlap"]
    whole = month.cell("family", "all")
    combos = [k[2] for k in month.cells.names("combo", WHOLE)]
    rows = []
    for combo in sorted(combos, key=lambda c: (len(c.split("+")) if c else 0, c)):
        n = month.cell("combo", combo)
        rows.append({"label": _combination(month, combo), "families": number(n), "share": share(n, whole)})
    frame = pl.DataFrame(rows, schema_overrides={"families": pl.Float64, "share": pl.Float64})
    frame = frame.filter(pl.col("families").is_null() | (pl.col("families") > 0))
    parts = "; ".join(f"{r['label']}: {month.written(r['families'])}" for r in frame.to_dicts())
    drawing = bars(
        frame.with_columns(total="families"), ["families"], Said(words["title"], parts + "."), month.numbers.count,
        hidden="∗",
    )  # fmt: skip
    columns = [
        Column("label", words["combination"]), Column("families", words["families"], "count"),
        Column("share", words["share"], "percent"),
    ]  # fmt: skip
    return [month.figure("overlap", words, frame, columns, drawing=drawing)]


def _combination(month: Month, combo: str) -> str:
    if not combo:
        return str(month.words["overlap"]["none"])
    held = combo.split("+")
    forbidden = any(p.code in held and set(p.excluded_by) & set(held) for p in month.rules.programs)
    name = " + ".join(month.program(p) for p in held)
    return f"{name} ({month.words['overlap']['forbidden']})" if forbidden else name


def findings(month: Month) -> list[Figure]:
    """Findings by type and what became of them, and by reason."""
    return [*_by_type(month), *_by_reason(month)]


def _by_type(month: Month) -> list[Figure]:
    words = month.words["findings"]
    known = {k[2] for family in ("found", "gone") for k in month.cells.names(family, WHOLE)}
    rows = []
    for kind in (t for t in month.taxonomy.types if t in known):
        row: dict[str, str | float | None] = {"label": month.kind(kind)}
        for state in (*STATES, "all"):
            row[state] = number(month.cell("found", kind, state))
        row["resolved"] = number(month.cell("gone", kind, "resolved"))
        rows.append(row)
    if not rows:
        return []
    numeric = [c for c in rows[0] if c != "label"]
    frame = pl.DataFrame(rows, schema_overrides=dict.fromkeys(numeric, pl.Float64))
    names = [words[s] for s in STATES]
    parts = "; ".join(f"{r['label']}: {month.written(r['all'])}" for r in frame.to_dicts())
    drawing = bars(
        frame.with_columns(total="all"), STATES, Said(words["title"], parts + "."), month.numbers.count, names=names,
        colours=("a", "b", "e"), hidden="∗",
    )  # fmt: skip
    columns = [Column("label", words["type"]), *(Column(n, words[n], "count") for n in numeric)]
    return [month.figure("findings", words, frame, columns, drawing=drawing)]


def _by_reason(month: Month) -> list[Figure]:
    words = month.words["findings"]
    known = {k[2:] for k in month.cells.names("reason", WHOLE)}
    rows = []
    for kind in month.taxonomy.types:
        for reason in sorted(r for t, r in known if t == kind):
            count = number(month.cell("reason", kind, reason))
            rows.append({"type": month.kind(kind), "label": month.reason(kind, reason), "count": count})
    if not rows:
        return []
    frame = pl.DataFrame(rows, schema_overrides={"count": pl.Float64})
    columns = [
        Column("label", words["reason"]), Column("type", words["type"]),
        Column("count", words["count"], "count", bar=True),
    ]  # fmt: skip
    return [
        month.figure("reasons", words, frame, columns, title=words["reasons"], definition=words["reasons_definition"])
    ]
