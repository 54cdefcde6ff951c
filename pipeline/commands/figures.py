"""Figures of a month: measures, the report, what other rules would do, two months beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.options import OUT, JsonOption, LangOption, OutOption, PeriodOption, RulesOption, group
from pipeline.period import Period
from pipeline.terminal import Document, answer, decimal, print_rows, print_written, rupiah, say

if TYPE_CHECKING:
    from pipeline.simulate.figures import Figure

app = group()


@app.command()
def measures(
    *,
    period: PeriodOption,
    program: Annotated[str | None, typer.Option("--program", help="Program. Default: all.", show_default=False)] = None,
    level: Annotated[str, typer.Option("--level", help="province, kabupaten, kecamatan or desa.")] = "province",
    breakdown: Annotated[str, typer.Option("--breakdown", help="all, desil, sex or age_group.")] = "all",
    show_gaps: Annotated[bool, typer.Option("--gaps", help="What is not known, and what it does to them.")] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write them to this file.", show_default=False)] = None,
    out: OutOption = OUT,
    as_json: JsonOption = False,
) -> None:
    """Targeting measures of a month, each with its definition and the bounds that the unknowns leave.

    For those who may see small counts: nothing is hidden here. What goes outside the office is `tepat report`.
    """
    from pipeline.history import open_run
    from pipeline.measures import chosen_measures, gaps

    run = open_run(str(period), out)
    rows = chosen_measures(run, program=program, level=level, breakdown=breakdown)
    if csv is not None:
        rows.write_csv(csv)
    document = {
        "period": str(period), "run_id": run.run_id, "measures": rows.to_dicts(), "gaps": gaps(run).as_dict(),
        "files": [] if csv is None else [str(csv)],
    }  # fmt: skip
    answer(document, as_json, _print_gaps if show_gaps else _print_measures)


@app.command()
def report(
    *,
    period: PeriodOption,
    kecamatan: Annotated[
        str | None,
        typer.Option("--kecamatan", help="Only this kecamatan, by code or name.", show_default=False),
    ] = None,
    lang: LangOption = "id",
    out: OutOption = OUT,
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """The month as a page to read and a page to sign, with the numbers behind them as CSV; no names, no numbers."""
    from pipeline.report import report as write_report

    written = write_report(out, str(period), kecamatan=kecamatan, lang=lang, rules=rules, say=say)
    answer(written.as_dict(), as_json, _print_report)


@app.command()
def simulate(
    *,
    period: PeriodOption,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PROGRAM.PARAMETER=VALUE", help="Change a parameter; may be repeated."),
    ] = None,
    spread: Annotated[
        str | None,
        typer.Option("--range", metavar="PROGRAM.PARAMETER=LOW..HIGH[/STEP]", help="Run one through its values."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Folder for a page with charts and CSV.", show_default=False)
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="Language of the page, id or en.")] = "id",
    out: OutOption = OUT,
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """What if the rules were others: who enters and leaves, where, at what cost. Nothing is published."""
    from pipeline.database import DATABASE
    from pipeline.history import open_run
    from pipeline.look.numbers import language
    from pipeline.publish.chain import record_access
    from pipeline.simulate import simulate as ask
    from pipeline.simulate.figures import figures_of
    from pipeline.simulate.page import write

    spoken = language(lang)
    simulation = ask(open_run(str(period), out), sets or (), spread, rules=rules, say=say)
    if save is not None and (out / DATABASE).exists():
        record_access(out, "export", f"simulation: {save}", "; ".join(sets or ()))
    files = [str(path) for path in write(simulation, save, spoken)] if save is not None else []
    document = {**simulation.as_dict(), "files": files}
    answer(document, as_json, lambda found: _print_simulation(found, figures_of(simulation)))


@app.command()
def compare(
    *,
    first: Annotated[
        Period,
        typer.Argument(parser=Period.parse, metavar="P1", help="The earlier month, YYYY-MM.", show_default=False),
    ],
    second: Annotated[
        Period, typer.Argument(parser=Period.parse, metavar="P2", help="The later month; need not be the next.")
    ],
    by: Annotated[str | None, typer.Option("--by", help="kecamatan. Default: everywhere together.")] = None,
    lang: Annotated[str, typer.Option("--lang", help="Language of the reasons, id or en.")] = "id",
    out: OutOption = OUT,
    as_json: JsonOption = False,
) -> None:
    """Two months: who came in and who left, by reason; findings new, resolved, back. Stock and flow add up.

    For those who may see small counts: nothing is hidden here. What goes outside the office is `tepat report`.
    """
    from pipeline.compare import compare as look_at_both

    compared = look_at_both(out, first, second, by=by, lang=lang, say=say)
    files = [str(path) for path in compared.write(out)]
    answer({**compared.as_dict(), "files": files}, as_json, _print_comparison)


# ------------------------------------------------------------------ in words


def _print_measures(document: Document) -> None:
    _print_measure_rows(document["measures"])
    print_written(document["files"])


def _print_measure_rows(rows: list[Document]) -> None:
    """Measures, one table each: what it means stands above it, the bounds that the unknowns leave beside it."""
    from pipeline.measures import RUPIAH_MEASURES

    for measure in dict.fromkeys((r["measure"], r["definition"]) for r in rows):
        show = rupiah if measure[0] in RUPIAH_MEASURES else decimal
        table = [
            {
                "program": r["program"],
                "area": r["area_name"],
                **({r["breakdown"]: r["breakdown_value"]} if r["breakdown"] != "all" else {}),
                "value": show(r["value"]),
                "at least": show(r["bound_low"]),
                "at most": show(r["bound_high"]),
            }
            for r in rows
            if (r["measure"], r["definition"]) == measure
        ]
        print_rows(": ".join(measure), table, left=("program", "area", "desil", "sex", "age_group"))
    print("at least, at most: what the units that cannot be judged leave open. A list in full has no sampling error.")


def _count_or_share(value: float | None) -> str:
    return f"{value:,}" if isinstance(value, int) else decimal(value)


def _print_gaps(document: Document) -> None:
    """What is not known, and what it does to each measure."""
    gaps = document["gaps"]
    names = [n for n in gaps["programs"][0] if n != "program"] if gaps["programs"] else []
    rows = [
        {"what": n.replace("_", " "), **{r["program"]: _count_or_share(r[n]) for r in gaps["programs"]}} for n in names
    ]
    print_rows("Units that the data do not know enough of", rows, left=("what",))
    ranks = [r | {"share": decimal(r["share"])} for r in gaps["ranks"]]
    ranks = [{k: "not said" if v is None else v for k, v in r.items()} for r in ranks]
    print_rows(
        "Age of the desil: registry rows by the month their list speaks of", ranks, left=("list_period", "months_old")
    )
    _print_measure_rows([r | {"area_name": "province", "breakdown": "all"} for r in gaps["effect"]])
    print_written(document["files"])


def _print_report(document: Document) -> None:
    """The pages; of the many tables only their folder."""
    pages, tables = document["files"][:2], document["files"][2:]
    print_written(pages)
    print(f"wrote {len(tables)} CSV files to {Path(document['folder'], 'csv')}")


def _print_simulation(document: Document, figures: list[Figure]) -> None:
    """Before and after for the whole province, who moves by kecamatan, and the values of a range."""
    for notice in document["notices"]:
        say(f"notice: {notice}")
    show = {"count": _count, "rupiah": rupiah, "share": decimal}
    for place in dict.fromkeys((f.program, f.area) for f in figures if document["changes"]):
        table = [
            {"what": f.definition, "before": show[f.kind](f.before), "after": show[f.kind](f.after),
             "left open": _left_open(f)}
            for f in figures if (f.program, f.area) == place
        ]  # fmt: skip
        print_rows(f"What if: {', '.join(place)}", table, left=("what",))
    if document["changes"]:
        print("left open: what the units that cannot be judged leave of the figure after the change")
    areas = [
        {"program": t["program"], "kecamatan": t["area_name"], "enter": f"{t['enters']:,}", "leave": f"{t['leaves']:,}",
         "budget before": rupiah(t["budget_before"]), "after": rupiah(t["budget_after"])}
        for t in document["totals"] if t["area_level"] == "kecamatan" and t["enters"] + t["leaves"]
    ]  # fmt: skip
    print_rows("Where units enter and leave", areas, left=("program", "kecamatan"))
    values = [
        {"program": r["program"], "value": r["value"], "eligible": f"{r['eligible']:,}", "budget": rupiah(r["budget"]),
         "unserved / eligible": decimal(r["exclusion_error_rate"]),
         "served and ineligible / served": decimal(r["inclusion_error_rate"])}
        for r in document["range"] or []
    ]  # fmt: skip
    print_rows("Over the values of the range", values, left=("program",))
    print_written(document["files"])


def _count(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _left_open(figure: Figure) -> str:
    """What the unknowns leave after the change, in short: millions of rupiah, or a share."""
    if figure.open_after is None:
        return ""
    low, high = figure.open_after
    return f"{low / 1e6:.1f}-{high / 1e6:.1f} jt" if figure.kind == "rupiah" else f"{low:.3f}-{high:.3f}"


def _print_comparison(document: Document) -> None:
    """Stocks of two months and what lies between them, by reason."""
    where = ("what", str(document["by"]))

    def place(row: Document) -> dict[str, str]:
        area = {} if document["by"] is None else {document["by"]: row["area_name"]}
        return {"what": " ".join(filter(None, (row["subject"], row["part"]))), **area}

    stocks = [
        {**place(s), document["first"]: f"{s['before']:,}", "left": f"-{s['left']:,}",
         "stayed": f"{s['stayed']:,}", "came": f"+{s['came']:,}", document["second"]: f"{s['after']:,}"}
        for s in document["stocks"]
    ]  # fmt: skip
    print_rows(f"{document['first']} - left + came = {document['second']}", stocks, left=where)
    for direction in ("left", "came"):
        flows = [
            {**place(f), "n": f"{f['n']:,}", "rupiah a month": rupiah(f["amount"]) if f["amount"] else "",
             "why": f["words"]}
            for f in document["flows"] if f["direction"] == direction
        ]  # fmt: skip
        print_rows(direction.capitalize(), flows, left=(*where, "why"))
    print_written(document["files"])
