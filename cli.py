"""The command line: parses, calls the pipeline, prints. No logic lives here.

Heavy imports stand inside the commands, so that `tepat --help` answers at once. Data goes to standard output,
progress and messages to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from pipeline.run import Job, RunResult
    from pipeline.summary import Summary

app = typer.Typer(
    name="tepat",
    help="Tepat Sasaran: finds the poor without aid, and aid without the poor, in the lists an office already has.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with local values would show persons
    add_completion=True,
)
rules_app = typer.Typer(help="Read and check the rules.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")

PeriodOption = Annotated[str, typer.Option("--period", "-p", help="Month, YYYY-MM.", show_default=False)]
RawOption = Annotated[
    Path | None,
    typer.Option("--raw", help="Folder of source files. Default: data/raw/<period>.", show_default=False),
]
OutOption = Annotated[Path, typer.Option("--out", help="Folder that holds tepat.duckdb and <period>/.")]
RulesOption = Annotated[
    Path | None, typer.Option("--rules", help="Rules folder. Default: the one shipped.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
SmallerOption = Annotated[
    bool,
    typer.Option("--accept-smaller", help="Go on although a list shrank by half or is missing; recorded."),
]
OUT = Path("data/clean")
DEMO_OUT = Path("data/demo")


# ------------------------------------------------------------------ the month


@app.command()
def run(
    period: PeriodOption,
    raw: RawOption = None,
    out: OutOption = OUT,
    rules: RulesOption = None,
    accept_smaller: SmallerOption = False,
    as_json: JsonOption = False,
) -> None:
    """The whole month: read, check, resolve, judge, publish."""
    from pipeline.run import run as run_month

    _print_run(run_month(_job(period, raw, out, rules, accept_smaller), _say), period, as_json)


@app.command()
def ingest(
    period: PeriodOption,
    raw: RawOption = None,
    out: OutOption = OUT,
    rules: RulesOption = None,
    accept_smaller: SmallerOption = False,
    as_json: JsonOption = False,
) -> None:
    """Stage 1: source files to mentions, quarantine and transactions."""
    _stages(_job(period, raw, out, rules, accept_smaller), ["ingest"], as_json)


@app.command()
def validate(
    period: PeriodOption, out: OutOption = OUT, rules: RulesOption = None, as_json: JsonOption = False
) -> None:
    """Stage 2: data-quality checks, and a page of what to ask the senders to fix."""
    _stages(_job(period, None, out, rules), ["validate"], as_json)


@app.command()
def resolve(period: PeriodOption, out: OutOption = OUT, rules: RulesOption = None, as_json: JsonOption = False) -> None:
    """Stage 3: who is who: persons and households."""
    _stages(_job(period, None, out, rules), ["resolve"], as_json)


@app.command()
def target(period: PeriodOption, out: OutOption = OUT, rules: RulesOption = None, as_json: JsonOption = False) -> None:
    """Stage 4: card misuse, eligibility, findings, measures."""
    _stages(_job(period, None, out, rules), ["misuse", "target"], as_json)


@app.command()
def publish(period: PeriodOption, out: OutOption = OUT, rules: RulesOption = None, as_json: JsonOption = False) -> None:
    """Stage 5: stage files to the audit database, whole or not at all."""
    from pipeline.run import publish_stages

    _print_run(publish_stages(_job(period, None, out, rules), _say), period, as_json)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for tepat.duckdb, stage files and lists.")] = DEMO_OUT,
    families: Annotated[int, typer.Option(min=50, help="Families in the district.")] = 1000,
    seed: Annotated[int, typer.Option(help="Another seed makes another district.")] = 1,
    period: Annotated[str, typer.Option("--period", "-p", help="Newest of the two months made, YYYY-MM.")] = "2026-10",
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Two months of a synthetic district through the whole pipeline: no set-up, and nobody in it is real."""
    from pipeline.demo import make_district
    from pipeline.period import Period
    from pipeline.run import run as run_month

    month = Period.parse(period)
    lists = out / "lists"
    _say(f"making a district of {families} families in {lists}")
    make_district(lists, families=families, seed=seed, periods=[month.before(), month])
    for each in (month.before(), month):
        _say(f"--- {each}")
        result = run_month(_job(str(each), lists / "raw" / str(each), out, rules), _say)
    _print_run(result, period, as_json)


# ------------------------------------------------------------------ looking


@app.command()
def inspect(
    files: Annotated[list[Path], typer.Argument(help="Files to look at.", show_default=False)],
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a file is, how its columns were read, and what is wrong with it. Exit code 3 if something is."""
    from pipeline.ingest import inspect as look
    from pipeline.rulebook import default_rules

    sheets = look(files, rules or default_rules())
    if as_json:
        _print_json([s.as_dict() for s in sheets])
    else:
        for sheet in sheets:
            _print_sheet(sheet.as_dict())
    if any(s.problems for s in sheets):
        raise typer.Exit(3)


@app.command()
def explain(
    id: Annotated[str, typer.Argument(help="A person, household, finding or mention id.", show_default=False)],  # noqa: A002
    out: OutOption = OUT,
    reveal: Annotated[
        str | None,
        typer.Option(
            "--reveal",
            metavar="PURPOSE",
            help="Show numbers unmasked; the purpose is logged.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """The whole story of an id, back to file, sheet and row."""
    from pipeline.explain import explain as tell

    story = tell(out, id, reveal=reveal)
    if as_json:
        _print_json(story.as_dict())
    else:
        _print_tree(story.title, story.as_dict())


@rules_app.command("check")
def rules_check(rules: RulesOption = None, as_json: JsonOption = False) -> None:
    """Find what is wrong in the rules, and print them with the law beside each. Exit code 3 if something is wrong."""
    from pipeline.rulebook import default_rules
    from pipeline.target import check_rules, rule_table

    folder = rules or default_rules()
    problems = check_rules(folder)
    table = [] if problems else rule_table(folder)
    if as_json:
        _print_json({"problems": [str(p) for p in problems], "rules": table})
    else:
        _print_rows("Rules in force", table)
        for problem in problems:
            _say(str(problem))
    if problems:
        raise typer.Exit(3)


# ------------------------------------------------------------------ plumbing


def _job(period: str, raw: Path | None, out: Path, rules: Path | None, accept_smaller: bool = False) -> Job:
    from pipeline.period import Period
    from pipeline.rulebook import default_rules
    from pipeline.run import Job

    month = Period.parse(period)
    return Job(
        month,
        raw or Path("data/raw") / str(month),
        out,
        rules or default_rules(),
        accept_smaller=accept_smaller,
    )


def _stages(job: Job, stages: list[str], as_json: bool) -> None:
    from pipeline.run import run_stage

    costs = {}
    for stage in stages:
        _say(stage)
        costs[stage] = run_stage(job, stage, _say)
    if as_json:
        _print_json({"period": str(job.period), "stages": costs, "folder": str(job.final.folder)})
        return
    for stage, cost in costs.items():
        print(f"{stage}: {cost['seconds']:.1f} s, {cost['peak_mb']:.0f} MB -> {job.final.folder}")  # noqa: T201


def _say(message: str) -> None:
    from pipeline.privacy import scrub

    print(scrub(message), file=sys.stderr, flush=True)  # noqa: T201


# ------------------------------------------------------------------ printing


def _print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, default=str))  # noqa: T201


def _rupiah(amount: float | None) -> str:
    return "-" if amount is None else "Rp" + f"{amount:,.0f}".replace(",", ".")


def _print_rows(title: str, rows: list[dict[str, Any]], right: frozenset[str] = frozenset()) -> None:
    from rich.console import Console
    from rich.table import Table

    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for name in rows[0]:
        table.add_column(name.replace("_", " "), justify="right" if name in right else "left")
    for row in rows:
        table.add_row(*("" if v is None else str(v) for v in row.values()))
    Console().print(table)


def _print_run(result: RunResult, period: str, as_json: bool) -> None:
    if as_json:
        _print_json(
            {
                "run_id": result.run_id,
                "period": period,
                "status": "published",
                "repeated": result.repeated,
                "summary": result.summary.as_dict(),
                "timings": result.timings,
                "files": [str(f) for f in result.files],
            }
        )
        return
    _print_summary(result.summary)
    if result.timings:
        rows = [{"stage": s, "seconds": t["seconds"], "peak MB": t["peak_mb"]} for s, t in result.timings.items()]
        _print_rows("Cost", rows, frozenset({"seconds", "peak MB"}))
    for path in result.files:
        print(f"wrote {path}")  # noqa: T201
    again = " (published before; nothing was done)" if result.repeated else ""
    print(f"run {result.run_id} published{again}")  # noqa: T201
    _print_next(result)


def _print_summary(summary: Summary) -> None:
    rows = summary.rows
    print(  # noqa: T201
        f"{summary.files} files, {rows['total']:,} rows: {rows['accepted']:,} accepted, "
        f"{rows['quarantined']:,} in quarantine, {rows['layout']:,} layout\n"
        f"{summary.persons:,} persons in {summary.households:,} households; "
        f"{summary.possible_pairs:,} pairs left for review"
    )
    findings = [
        {
            "finding": f["finding_type"],
            "program": f["program"],
            "count": f"{f['n']:,}",
            "new": f"{f['new']:,}",
            "rupiah a month": _rupiah(f["amount"]),
        }
        for f in summary.findings
    ]
    _print_rows(
        "Findings: what the files say, to be checked in the field",
        findings,
        frozenset({"count", "new", "rupiah a month"}),
    )
    measures = [
        {
            "program": m["program"],
            "measure": m["measure"],
            "value": "-" if m["value"] is None else f"{m['value']:.3f}",
            "definition": m["definition"],
        }
        for m in summary.measures
    ]
    _print_rows("Targeting, whole province", measures, frozenset({"value"}))
    for name, n in summary.quality.items():
        print(f"checks {name}: {n}")  # noqa: T201
    for notice in summary.notices:
        print(f"notice {notice['code']}: {notice['n']}")  # noqa: T201


def _print_next(result: RunResult) -> None:
    page = next((f / "quality.html" for f in result.files if (f / "quality.html").exists()), None)
    if page is not None:
        print(f"next: open {page} for what to ask the senders to fix")  # noqa: T201
    print("next: tepat explain ID tells the story of any finding, household or person")  # noqa: T201


def _print_sheet(sheet: dict[str, Any]) -> None:
    print(  # noqa: T201
        f"{sheet['source_file']}  {sheet['sheet'] or '(no sheets)'}: {sheet['kind']}"
        f"{' / ' + sheet['program'] if sheet['program'] else ''}, header in row {sheet['header_row']}"
    )
    _print_rows("Columns", [{"heading": h, "read as": c} for c, h in sheet["columns"].items()])
    counts = ", ".join(f"{k.removeprefix('rows_')} {v:,}" for k, v in sheet.items() if k.startswith("rows_"))
    print(f"rows: {counts}")  # noqa: T201
    if sheet["unknown_columns"]:
        print(f"not read: {', '.join(sheet['unknown_columns'])}")  # noqa: T201
    for problem in sheet["problems"]:
        _say(str(problem))


def _print_tree(title: str, document: Any) -> None:
    from rich.console import Console
    from rich.tree import Tree

    tree = Tree(title)
    _grow(tree.add, document)
    Console().print(tree)


def _grow(add: Callable[[str], Any], node: Any) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, dict | list) and value:
                _grow(add(str(key)).add, value)
            elif value not in (None, "", [], {}):
                add(f"{key}: {value}")
    elif isinstance(node, list):
        for value in node:
            if isinstance(value, dict):
                plain = {k: v for k, v in value.items() if not isinstance(v, dict | list) and v not in (None, "")}
                branch = add("  ".join(f"{k}={v}" for k, v in plain.items()))
                _grow(branch.add, {k: v for k, v in value.items() if isinstance(v, dict | list)})
            else:
                add(str(value))


def main() -> NoReturn:
    """Entry point: errors become a message and the exit code they carry, never a traceback."""
    from pipeline.errors import TepatError

    try:
        app(standalone_mode=True)
    except TepatError as error:
        for problem in error.problems:
            _say(f"error: {problem}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("TEPAT_DEBUG"):
            raise
        _say(f"error: {type(error).__name__}: {error}\n  to do: set TEPAT_DEBUG=1 and run again for the full trace")
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
