"""Figures of persons, households and units: where rows end, who is judged, who is served, what it costs."""

from __future__ import annotations

import polars as pl

from pipeline.errors import ConservationError
from pipeline.look.charts import Said, bars, dots
from pipeline.look.page import Column, Figure
from pipeline.report.cells import SCREENED, WHOLE
from pipeline.report.month import NAN, Month, number, share


def flow(month: Month) -> list[Figure]:
    """From rows to households; every step is the sum of what stands beneath it.

    Raises:
        ConservationError: a step does not add up.
    """
    words = month.words["flow"]
    rows: list[tuple[str, int | None, str]] = []
    if month.area == WHOLE:
        sums = month.counted["rows"].sum().row(0, named=True)
        other = sum(month.counted["other_rows"].row(0))
        mentions = month.cells.counts["people", WHOLE, "mentions"]
        _same("rows of files", sums["total"], sums["accepted"] + sums["quarantined"] + sums["layout"])
        _same("accepted rows", sums["accepted"], mentions + other)
        rows = [
            (words["rows"], sums["total"], "total"), (words["layout"], sums["layout"], "part"),
            (words["quarantined"], sums["quarantined"], "part"), (words["other"], other, "part"),
        ]  # fmt: skip
    cell = {n: month.cell("people", n) for n in ("mentions", "repeated", "persons", "alone", "housed")}
    rows += [(words[n], v, "part" if n in ("repeated", "alone") else "total") for n, v in cell.items()]
    rows.append((words["households"], month.cell("people", "households"), "total"))
    frame = pl.DataFrame(
        {"step": [r[0] for r in rows], "count": [number(r[1]) for r in rows], "kind": [r[2] for r in rows]},
        schema_overrides={"count": pl.Float64},
    )
    columns = [Column("step", words["step"]), Column("count", words["count"], "count")]
    whole = frame.filter(pl.col("kind") == "total").select(label="step", count="count", total="count")
    drawing = bars(whole, ["count"], _said(month, words, whole), month.numbers.count)
    return [month.figure("flow", words, frame, columns, drawing=drawing)]


def _same(what: str, one: int, other: int) -> None:
    if one != other:
        raise ConservationError(f"{what}: {one} are not {other}; the report is not written")


def _said(month: Month, words: dict[str, str], frame: pl.DataFrame) -> Said:
    parts = [f"{r['label']}: {month.written(r['total'])}" for r in frame.to_dicts()]
    return Said(words["title"], "; ".join(parts) + ".")


_STEPS = (
    ("units", "units", "total"), ("eligible", "eligible", "total"), ("eligible_served", "eligible_served", "part"),
    ("eligible_unserved", "eligible_unserved", "part"), ("excluded", "excluded", "total"),
    ("ineligible", "ineligible", "total"), ("unknown", "unknown", "total"), ("served", "served", "total"),
    ("served_eligible", "eligible_served", "part"), ("served_excluded", "excluded_served", "part"),
    ("served_ineligible", "ineligible_served", "part"), ("served_unknown", "unknown_served", "part"),
)  # fmt: skip


_CHECKED = (("checked", "checked", "total"), ("unchecked", "unchecked", "part"))


def _visited(month: Month) -> bool:  # whether the field has answered about anybody who is served
    return "checked" in month.counted and not month.counted["checked"].is_empty()


def programs(month: Month) -> list[Figure]:
    """Judged, eligible, served, paid and checked in the field, by program; and the rupiah."""
    words = month.words["programs"]
    steps = _STEPS + (_CHECKED if _visited(month) else ())
    values = {p: [_units(month, p, key) for _, key, _ in steps] for p in month.programs}
    names, kinds = [words[n] for n, _, _ in steps], [k for _, _, k in steps]
    if month.area == WHOLE and "gate" in month.counted and month.counted["gate"].height:
        at = len(_STEPS)
        names.insert(at, words["paid"])
        kinds.insert(at, "total")
        for p, column in values.items():
            column.insert(at, _lines_paid(month, p))
    frame = _by_program({"step": names}, values, kinds)
    figure = month.figure("programs", words, frame, _program_columns(month, month.words["flow"]["step"], "count"))
    return [figure, _money(month)]


def _units(month: Month, program: str, kind: str) -> float | None:
    """Units of a kind; without any visit in a program all its units served are unchecked."""
    key = ("units", month.area, program, kind)
    if kind in ("checked", "unchecked") and key not in month.cells.counts:
        return 0.0 if kind == "checked" else number(month.cell("units", program, "served"))
    return number(month.cell("units", program, kind))


def _lines_paid(month: Month, program: str) -> float | None:
    """Lines of the newest screenings of a program's pay lists that may be paid; NaN where none was screened."""
    mine = [i for i, p in enumerate(month.counted["gate"]["program"]) if p == program]
    lines = [month.cell("gate", str(i), "pay") for i in mine]
    return NAN if not lines else None if None in lines else float(sum(n for n in lines if n is not None))


def _by_program(label: dict[str, list[str]], values: dict[str, list[float | None]], kinds: list[str]) -> pl.DataFrame:
    return pl.DataFrame({**label, **values, "kind": kinds}, schema_overrides=dict.fromkeys(values, pl.Float64))


def _program_columns(month: Month, heading: str, kind: str) -> list[Column]:
    columns = [Column(p, month.program(p), kind) for p in month.programs]  # type: ignore[arg-type]
    return [Column("step", heading), *columns]


def _money(month: Month) -> Figure:
    words = month.words["money"]
    kinds = {"served": "served", **{n: f"{n}_served" for n in ("eligible", "excluded", "ineligible", "unknown")}}
    values = {}
    for p in month.programs:
        paid = [number(month.rupiah_of(p, kind)) for kind in kinds.values()]
        known = month.cells.shown(("units", month.area, p, "eligible_unserved"))
        values[p] = [*paid, (month.measure("amount_to_close_gap", p) or 0.0) if known else None]
        if _visited(month):
            values[p].insert(len(paid), _rupiah_checked(month, p))
    told = [*kinds, "checked", "gap"] if _visited(month) else [*kinds, "gap"]
    rows = ["total", *["part"] * 4, *[""] * (len(told) - 6), "total"]
    frame = _by_program({"step": [words[n] for n in told]}, values, rows)
    return month.figure("money", words, frame, _program_columns(month, "Rupiah", "rupiah"))


def _rupiah_checked(month: Month, program: str) -> float | None:
    if _units(month, program, "checked") is None:
        return None
    return float(month.here("checked").filter(pl.col("program") == program)["amount"].sum())


_BOUNDING = (
    "eligible", "eligible_unserved", "served", "ineligible_served", "unknown_served", "unsure_served",
    "unsure_unserved",
)  # fmt: skip


def bounds(month: Month, program: str) -> dict[str, tuple[float | None, float | None]]:
    """Lowest and highest that the units that cannot be judged leave of each error; None where they are hidden.

    The same bounds as of the published measures: an unknown unit may turn out eligible or not, all of them the one
    way or the other.
    """
    nothing: tuple[float | None, float | None] = (None, None)
    n = {k: month.cell("units", program, k) for k in _BOUNDING}
    if None in n.values():
        return {"exclusion": nothing, "inclusion": nothing}
    c = {k: v or 0 for k, v in n.items()}
    eligible, missed = c["eligible"], c["eligible_unserved"]
    exclusion = inclusion = nothing
    if eligible + c["unsure_served"]:
        most = eligible + c["unsure_unserved"]
        exclusion = (missed / (eligible + c["unsure_served"]), (missed + c["unsure_unserved"]) / most if most else None)
    if c["served"]:
        wrong = c["ineligible_served"]
        inclusion = (wrong / c["served"], (wrong + c["unknown_served"]) / c["served"])
    return {"exclusion": exclusion, "inclusion": inclusion}


def errors(month: Month) -> list[Figure]:
    """Both errors by program with both denominators and what the unknowns leave; a picture of each error."""
    words = month.words["errors"]
    rows = []
    for p in month.programs:
        n = {k: month.cell("units", p, k) for k in ("eligible_unserved", "eligible", "ineligible_served", "served")}
        limits = bounds(month, p)
        rows.append(
            {
                "program": month.program(p),
                "exclusion": share(n["eligible_unserved"], n["eligible"]),
                "exclusion_low": limits["exclusion"][0], "exclusion_high": limits["exclusion"][1],
                "inclusion": share(n["ineligible_served"], n["served"]),
                "inclusion_low": limits["inclusion"][0], "inclusion_high": limits["inclusion"][1],
                "reached": share(n["ineligible_served"], month.cell("units", p, "ineligible")),
            }
        )  # fmt: skip
    numeric = [c for c in rows[0] if c != "program"] if rows else []
    frame = pl.DataFrame(rows, schema_overrides=dict.fromkeys(numeric, pl.Float64))
    heads = {"low": words["low"], "high": words["high"]}
    columns = [Column("program", month.words["page"]["program"])]
    for name in numeric:
        stem, _, end = name.partition("_")
        columns.append(Column(name, heads.get(end, words[stem]), "percent"))
    pictures = []
    for name in ("exclusion", "inclusion"):
        dotted = frame.select(
            label="program", value=pl.col(name).fill_nan(None), low=f"{name}_low", high=f"{name}_high",
            small=pl.lit(False),
        )  # fmt: skip
        parts = [f"{r['label']} {month.numbers.percent(r['value'])}" for r in dotted.to_dicts()]
        said = Said(words[name], f"{words[name + '_definition']}. {'; '.join(parts)}.")
        drawing = dots(dotted, said, month.numbers.percent, hidden="∗")
        shown = [c for c in columns if c.name == "program" or c.name.startswith(name)]
        shown = [Column(c.name, c.heading if c.name != name else month.words["areas"]["value"], c.kind) for c in shown]
        pictures.append(
            month.figure(
                f"errors_{name}", words, frame, shown, drawing=drawing, title=words[name],
                definition=words[f"{name}_definition"],
            )
        )  # fmt: skip
    short = [c for c in columns if "_" not in c.name]
    return [*pictures, month.figure("errors", words, frame.select(c.name for c in short), short)]


def changes(month: Month) -> list[Figure]:
    """This month beside the one before, by program."""
    before = month.before
    if before is None:
        return []
    words = month.words["change"]
    rows = []
    for p in month.programs:
        row: dict[str, str | float | None] = {"program": month.program(p)}
        for name, key in (("served", "served"), ("unserved", "eligible_unserved"), ("wrong", "ineligible_served")):
            row[f"{name}_before"] = number(before.cell("units", p, key))
            row[name] = number(month.cell("units", p, key))
        rows.append(row)
    numeric = [c for c in rows[0] if c != "program"] if rows else []
    frame = pl.DataFrame(rows, schema_overrides=dict.fromkeys(numeric, pl.Float64))
    then, now = month.numbers.month(before.period).split()[0][:3], month.numbers.month(month.period).split()[0][:3]
    columns = [Column("program", month.words["page"]["program"])]
    for name in ("served", "unserved", "wrong"):
        columns += [Column(f"{name}_before", f"{words[name]}, {then}", "count"), Column(name, now, "count")]
    title = words["title"].format(before=month.numbers.month(before.period))
    return [month.figure("changes", words, frame, columns, title=title)]


def paid(month: Month) -> list[Figure]:
    """What became of the pay lists: screened by the gate, or only received."""
    words = month.words["paid"]
    program = Column("program", month.words["page"]["program"])
    if month.area != WHOLE:
        return []
    if "gate" in month.counted and month.counted["gate"].height:
        return [_screened(month, program)]
    lists = month.counted["mentions"].filter(pl.col("kind") == "payments").group_by("program").agg(
        pl.col("mentions", "amount").sum()
    ).sort("program")  # fmt: skip
    if lists.is_empty() or (lists["mentions"] < month.settings.smallest_cell).any():
        return []
    frame = lists.select(program=pl.col("program").fill_null("").str.to_uppercase(), lines="mentions", amount="amount")
    columns = [program, Column("lines", words["lines"], "count"), Column("amount", words["amount"], "rupiah")]
    return [month.figure("paid", words, frame, columns, definition=words["unscreened"])]


def _screened(month: Month, program: Column) -> Figure:
    words = month.words["paid"]
    rows = []
    for i, batch in enumerate(month.counted["gate"].to_dicts()):
        parts = sum(batch[f"rows_{name}"] or 0 for name in SCREENED[1:])
        _same("lines of a pay list", batch["rows_counted"] or 0, parts)
        row: dict[str, str | float | None] = {"program": str(batch["program"]).upper()}
        for name in SCREENED:
            lines = month.cell("gate", str(i), name)
            row[f"rows_{name}"] = number(lines)
            row[f"amount_{name}"] = None if lines is None else number(batch[f"amount_{name}"])
        rows.append(row)
    columns = [program]
    for name in SCREENED:
        head = words["lines"] if name == "counted" else words[name]
        columns += [Column(f"rows_{name}", head, "count"), Column(f"amount_{name}", words["amount"], "rupiah")]
    numeric = {c.name: pl.Float64 for c in columns[1:]}
    return month.figure("paid", words, pl.DataFrame(rows, schema_overrides=numeric), columns)
