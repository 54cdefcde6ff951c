"""Figures of files, of identity resolution, of card use: rows, pairs and uses of cards, not persons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from pipeline.identity.calibration import bands, calibration_error, diagram
from pipeline.identity.estimates import shares_of
from pipeline.identity.known import judged_in_database
from pipeline.identity.population import population
from pipeline.look.charts import Said, columns, timeline
from pipeline.look.page import Column, Figure
from pipeline.privacy import scrub
from pipeline.report.cells import WHOLE
from pipeline.report.month import Month
from pipeline.validate.cards import SEVERITIES, read_checks
from pipeline.validate.summary import WEIGHT


def files(month: Month, rules: Path) -> list[Figure]:
    """Files, the one that most needs mending first, with what to ask its sender; nothing within one kecamatan."""
    if month.area != WHOLE:
        return []
    words = month.words["files"]
    asked = {(suite, c.id): c for suite, file in read_checks(rules).items() for c in file.checks}
    broken = month.counted["broken"]
    severities = [_severity(asked, s, c) for s, c in broken.select("suite", "check_id").rows()]
    broken = broken.with_columns(severity=pl.Series(severities, dtype=pl.String))
    weight = pl.col("severity").replace_strict(WEIGHT, return_dtype=pl.Float64) * pl.col("n_unexpected")
    per_file = broken.sort(weight, "check_id", descending=[True, False]).group_by("source_file").agg(
        weight=weight.sum(), suite=pl.col("suite").first(), check_id=pl.col("check_id").first(),
        **{s: pl.when(pl.col("severity") == s).then("n_unexpected").otherwise(0).sum() for s in SEVERITIES},
    )  # fmt: skip
    sheets = month.counted["sheets"].group_by("source_file").agg(pl.col("total", "quarantined").sum())
    joined = sheets.join(per_file, on="source_file", how="left").with_columns(
        pl.col("weight", *SEVERITIES).fill_null(0)
    )
    joined = joined.sort("weight", "quarantined", "source_file", descending=[True, True, False])
    asks = [
        getattr(asked[s, c].ask, month.lang) if (s, c) in asked else ""
        for s, c in joined.select("suite", "check_id").rows()
    ]
    frame = joined.select(
        label=pl.Series([scrub(f) for f in joined["source_file"]], dtype=pl.String), total="total",
        quarantined="quarantined", critical="critical", warning="warning", ask=pl.Series(asks, dtype=pl.String),
    )  # fmt: skip
    shown = [
        Column("label", words["file"]), Column("total", words["rows"], "count"),
        Column("quarantined", words["quarantined"], "count"), Column("critical", words["critical"], "count"),
        Column("warning", words["warning"], "count"), Column("ask", words["ask"]),
    ]  # fmt: skip
    return [month.figure("files", words, frame, shown)]


def _severity(asked: Mapping[tuple[str, str], object], suite: str, check_id: str) -> str:
    check = asked.get((suite, check_id))
    return str(getattr(check, "severity", "info"))


_DECISIONS = ("vetoed", "possible", "match")


def pairs(month: Month) -> list[Figure]:
    """Pairs of rows by probability and decision; nothing within one kecamatan."""
    if month.area != WHOLE or month.counted["pairs"].is_empty():
        return []
    words = month.words["pairs"]
    by_step = month.counted["pairs"].group_by("step", "decision").agg(pl.col("pairs").sum())
    wide = by_step.pivot("decision", index="step", values="pairs")
    steps = pl.DataFrame({"step": range(20)}, schema={"step": pl.Int64}).join(wide, on="step", how="left").sort("step")
    wanted = [pl.col(d).fill_null(0) if d in steps.columns else pl.lit(0).alias(d) for d in _DECISIONS]
    names = [f"{month.numbers.count(5 * s)}–{month.numbers.count(5 * s + 5)} %" for s in steps["step"]]
    frame = steps.select(pl.Series("label", names), *wanted)
    possible = int(frame["possible"].sum())
    definition = words["definition"].format(possible=month.numbers.count(possible))
    drawn = frame.with_columns(label=pl.Series([str(5 * s) if s % 4 == 0 else "" for s in range(20)]))
    totals = "; ".join(f"{words[d]}: {month.numbers.count(int(frame[d].sum()))}" for d in reversed(_DECISIONS))
    drawing = columns(
        drawn, _DECISIONS[::-1], Said(words["title"], totals + "."), month.numbers.count,
        names=[words[d] for d in _DECISIONS[::-1]], colours=("b", "e", "quiet"),
    )  # fmt: skip
    shown = [Column("label", words["step"]), *(Column(d, words[d], "count") for d in _DECISIONS[::-1])]
    return [month.figure("pairs", words, frame, shown, drawing=drawing, definition=definition)]


def calibrated(month: Month) -> list[Figure]:
    """What the model predicts of pairs beside what people have judged of them; nothing where nobody has judged any."""
    known = month.counted["judged"]["judged"].item() if "judged" in month.counted else 0
    if month.area != WHOLE or not known:
        return []
    people = population(month.counted.run)
    found = bands(people, shares_of(people, judged_in_database(people).pairs))
    shown = found.filter(pl.col("share").is_not_null(), pl.col("pairs") > 0)
    if shown.is_empty():
        return []
    words = month.words["calibration"]
    error = calibration_error(found)
    told = "–" if error is None else month.numbers.percent(error)
    columns_ = [
        Column("band", words["band"]), Column("pairs", words["pairs"], "count"),
        Column("expected", words["expected"], "percent"), Column("judged", words["judged"], "count"),
        Column("share", words["share"], "percent"), Column("low", words["low"], "percent"),
        Column("high", words["high"], "percent"),
    ]  # fmt: skip
    return [
        month.figure("calibration", words, shown.select(c.name for c in columns_), columns_,
                     drawing=diagram(found, month.lang), definition=words["definition"].format(error=told))
    ]  # fmt: skip


def cards(month: Month) -> list[Figure]:
    """Signs of card misuse by reason, and when cards were used, for the largest sittings."""
    words = month.words["cards"]
    signs = month.here("findings").filter(pl.col("finding_type") == "card_misuse")
    if signs.is_empty():
        return []
    counts = signs.group_by("reason").agg(pl.col("findings").sum()).sort("reason")
    named = [month.reason("card_misuse", r) for r in counts["reason"]]
    frame = counts.select(label=pl.Series(named), count="findings")
    shown = [Column("label", month.words["findings"]["reason"]), Column("count", words["count"], "count", bar=True)]
    table = month.figure("card_signs", words, frame, shown, title=words["signs"], definition=words["signs_definition"])
    enough = month.here("sittings").filter(pl.col("cards") >= month.settings.smallest_cell)
    order = enough["finding_id"].unique(maintain_order=True).to_list()[: month.settings.most_timelines]
    return [table, *(_sitting(month, i, enough.filter(pl.col("finding_id") == f)) for i, f in enumerate(order, 1))]


def _sitting(month: Month, number_: int, uses: pl.DataFrame) -> Figure:
    """One sitting, its uses counted by minute or hour; the finding's id leads on, no agent is named."""
    words = month.words["cards"]
    moments: list[datetime] = uses["transacted_at"].to_list()
    first, last = moments[0], moments[-1]
    by_minute = last - first <= timedelta(hours=6)
    row = uses.row(0, named=True)
    title = f"{number_}. {month.reason('card_misuse', row['reason'])}"
    definition = words["definition"].format(
        finding=row["finding_id"], cards=month.numbers.count(row["cards"]), uses=month.numbers.count(uses.height),
        amount=month.numbers.rupiah(row["amount"]),
    )  # fmt: skip
    begin, end = (first, last) if last > first else (first - timedelta(minutes=1), last + timedelta(minutes=1))
    ticks = [(m, m.strftime("%H.%M" if by_minute else "%d/%m")) for m in (begin, begin + (end - begin) / 2, end)]
    said = Said(title, f"{definition}; {first:%d/%m %H.%M} – {last:%d/%m %H.%M}.")
    step = "1m" if by_minute else "1h"
    frame = uses.group_by(moment=pl.col("transacted_at").dt.truncate(step)).agg(uses=pl.len()).sort("moment")
    frame = frame.select(label=pl.col("moment").dt.strftime("%Y-%m-%d %H:%M"), uses=pl.col("uses").cast(pl.Float64))
    shown = [Column("label", words["time"]), Column("uses", words["uses"], "count")]
    return month.figure(
        f"sitting_{number_}", words, frame, shown, drawing=timeline(moments, begin, end, ticks, said), title=title,
        definition=definition,
    )  # fmt: skip
