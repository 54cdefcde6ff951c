"""The month: the whole run, its stages one by one, and the demo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pipeline.commands.options import OUT, JsonOption, OutOption, PeriodOption, RulesOption, group
from pipeline.period import Period
from pipeline.terminal import Document, answer, decimal, print_rows, print_written, rupiah, say

if TYPE_CHECKING:
    from pipeline.run import Job

app = group()

DEMO_OUT: Final = Path("data/demo")
RawOption = Annotated[
    Path | None,
    typer.Option("--raw", help="Folder of source files. Default: data/raw/<period>.", show_default=False),
]
SmallerOption = Annotated[
    bool,
    typer.Option("--accept-smaller", help="Go on although a list shrank by half or is missing; recorded."),
]


@app.command()
def run(
    *,
    period: PeriodOption,
    raw: RawOption = None,
    out: OutOption = OUT,
    rules: RulesOption,
    accept_smaller: SmallerOption = False,
    as_json: JsonOption = False,
) -> None:
    """The whole month: read, check, resolve, judge, publish."""
    from pipeline.run import run as run_month

    answer(run_month(_job(period, out, rules, raw, accept_smaller), say).as_dict(), as_json, _print_run)


@app.command()
def ingest(
    *,
    period: PeriodOption,
    raw: RawOption = None,
    out: OutOption = OUT,
    rules: RulesOption,
    accept_smaller: SmallerOption = False,
    as_json: JsonOption = False,
) -> None:
    """Stage 1: source files to mentions, quarantine and transactions."""
    _stages(_job(period, out, rules, raw, accept_smaller), ["ingest"], as_json)


@app.command()
def validate(*, period: PeriodOption, out: OutOption = OUT, rules: RulesOption, as_json: JsonOption = False) -> None:
    """Stage 2: data-quality checks, and a page of what to ask the senders to fix."""
    _stages(_job(period, out, rules), ["validate"], as_json)


@app.command()
def resolve(*, period: PeriodOption, out: OutOption = OUT, rules: RulesOption, as_json: JsonOption = False) -> None:
    """Stage 3: who is who: persons and households."""
    _stages(_job(period, out, rules), ["resolve"], as_json)


@app.command()
def target(*, period: PeriodOption, out: OutOption = OUT, rules: RulesOption, as_json: JsonOption = False) -> None:
    """Stage 4: card misuse, eligibility, findings, measures."""
    _stages(_job(period, out, rules), ["misuse", "target"], as_json)


@app.command()
def publish(*, period: PeriodOption, out: OutOption = OUT, rules: RulesOption, as_json: JsonOption = False) -> None:
    """Stage 5: stage files to the audit database, whole or not at all."""
    from pipeline.run import publish_stages

    answer(publish_stages(_job(period, out, rules), say).as_dict(), as_json, _print_run)


@app.command()
def demo(
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for tepat.duckdb, stage files and lists.")] = DEMO_OUT,
    families: Annotated[int, typer.Option(min=50, help="Families in the district.")] = 1000,
    seed: Annotated[int, typer.Option(help="Another seed makes another district.")] = 1,
    period: Annotated[str, typer.Option("--period", "-p", help="Newest of the two months made, YYYY-MM.")] = "2026-10",
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """Two months of a synthetic district through the whole pipeline: no set-up, and nobody in it is real."""
    from pipeline.demo import make_district
    from pipeline.run import run as run_month

    newest = Period.parse(period)
    months = [newest.before(), newest]
    lists = out / "lists"
    say(f"making a district of {families} families in {lists}")
    make_district(lists, families=families, seed=seed, periods=months)
    for month in months:
        say(f"--- {month}")
        result = run_month(_job(month, out, rules, lists / "raw" / str(month)), say)
    answer(result.as_dict(), as_json, _print_run)


def _job(period: Period, out: Path, rules: Path, raw: Path | None = None, accept_smaller: bool = False) -> Job:
    from pipeline.run import Job

    return Job(period, raw or Path("data/raw") / str(period), out, rules, accept_smaller=accept_smaller)


def _stages(job: Job, stages: list[str], as_json: bool) -> None:
    from pipeline.run import run_stage

    costs = {}
    for stage in stages:
        say(stage)
        costs[stage] = run_stage(job, stage, say)
    document = {"period": str(job.period), "stages": costs, "folder": str(job.final.folder)}
    answer(document, as_json, _print_stages)


# ------------------------------------------------------------------ in words


def _print_stages(document: Document) -> None:
    """What each stage cost, and where its files lie."""
    for stage, cost in document["stages"].items():
        print(f"{stage}: {cost['seconds']:.1f} s, {cost['peak_mb']:.0f} MB -> {document['folder']}")


def _print_run(document: Document) -> None:
    """Counts, findings, measures, cost, files, next command."""
    _print_summary(document["summary"])
    costs = [{"stage": s, "seconds": t["seconds"], "peak MB": t["peak_mb"]} for s, t in document["timings"].items()]
    print_rows("Cost", costs, left=("stage",))
    print_written(document["files"])
    again = " (published before; nothing was done)" if document["repeated"] else ""
    print(f"run {document['run_id']} published{again}")
    page = next((f"{f}/quality.html" for f in document["files"] if Path(f, "quality.html").exists()), None)
    if page is not None:
        print(f"next: open {page} for what to ask the senders to fix")
    print("next: tepat explain ID tells the story of any finding, household or person")


def _print_summary(summary: Document) -> None:
    rows = summary["rows"]
    print(
        f"{summary['files']} files, {rows['total']:,} rows: {rows['accepted']:,} accepted, "
        f"{rows['quarantined']:,} in quarantine, {rows['layout']:,} layout\n"
        f"{summary['persons']:,} persons in {summary['households']:,} households; "
        f"{summary['possible_pairs']:,} pairs left for review"
    )
    findings = [
        {
            "finding": f["finding_type"],
            "program": f["program"],
            "count": f"{f['n']:,}",
            "new": f"{f['new']:,}",
            "rupiah a month": rupiah(f["amount"]),
        }
        for f in summary["findings"]
    ]
    print_rows("Findings: what the files say, to be checked in the field", findings, left=("finding", "program"))
    measures = [
        {
            "program": m["program"],
            "measure": m["measure"],
            "value": decimal(m["value"]),
            "definition": m["definition"],
        }
        for m in summary["measures"]
    ]
    print_rows("Targeting, whole province", measures, left=("program", "measure", "definition"))
    for check in summary["quality"]:
        print(f"checks {check['severity']} {check['outcome']}: {check['n']}")
    for notice in summary["notices"]:
        print(f"notice {notice['code']}: {notice['n']}")
