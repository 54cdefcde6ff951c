"""The command line: parses, calls the pipeline, prints. No logic lives here.

Heavy imports stand inside the commands, so that `tepat --help` answers at once. Data goes to standard output,
progress and messages to standard error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pipeline.terminal import (
    print_comparison,
    print_dedupe,
    print_document,
    print_evaluation,
    print_gaps,
    print_gate,
    print_json,
    print_measures,
    print_outcomes,
    print_pack,
    print_pairs,
    print_purged,
    print_results,
    print_review,
    print_rows,
    print_run,
    print_sample,
    print_sheet,
    print_simulation,
    print_training,
    print_tree,
    print_verified,
    print_worklists,
    say,
)

if TYPE_CHECKING:
    from pipeline.run import Job

app = typer.Typer(
    name="tepat",
    help="Tepat Sasaran: finds the poor without aid, and aid without the poor, in the lists an office already has.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with local values would show persons
    rich_markup_mode=None,  # rich's help would double the time that `--help` takes
)
rules_app = typer.Typer(help="Read and check the rules.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(rules_app, name="rules")
audit_app = typer.Typer(help="What an auditor asks for.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(audit_app, name="audit")
identity_app = typer.Typer(
    help="How right the identities are, and the weights.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(identity_app, name="identity")

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
DEDUPE_OUT = Path("data/dedupe")


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

    print_run(run_month(_job(period, raw, out, rules, accept_smaller), say), period, as_json)


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

    print_run(publish_stages(_job(period, None, out, rules), say), period, as_json)


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
    say(f"making a district of {families} families in {lists}")
    make_district(lists, families=families, seed=seed, periods=[month.before(), month])
    for each in (month.before(), month):
        say(f"--- {each}")
        result = run_month(_job(str(each), lists / "raw" / str(each), out, rules), say)
    print_run(result, period, as_json)


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
        print_json([s.as_dict() for s in sheets])
    else:
        for sheet in sheets:
            print_sheet(sheet.as_dict())
    if any(s.problems for s in sheets):
        raise typer.Exit(3)


@app.command()
def explain(
    id: Annotated[str, typer.Argument(help="A person, household, finding, case or mention id.", show_default=False)],  # noqa: A002
    other: Annotated[
        str | None, typer.Argument(help="Another: why the two are one, or not.", show_default=False)
    ] = None,
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
    page: Annotated[
        Path | None,
        typer.Option("--page", metavar="FILE", help="The same as a page, with pictures.", show_default=False),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="Language of the page and of pairs, id or en.")] = "id",
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """The whole story of an id, back to file, sheet and row."""
    from pipeline.explain import explain as tell
    from pipeline.explain import explain_pair

    story = tell(out, id, reveal=reveal) if other is None else explain_pair(out, id, other, reveal=reveal)
    if page is not None:
        from pipeline.explain.page import write_page
        from pipeline.look.numbers import language

        say(f"wrote {write_page(out, story, page, language(lang), rules)}")
    if as_json:
        print_json(story.as_dict())
    elif other is not None:
        print_pairs(story.title, story.chapters.get("matches", []), lang)
    else:
        print_tree(story.title, story.as_dict())


@app.command("measures")
def measures_command(
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

    run = open_run(period, out)
    rows = chosen_measures(run, program=program, level=level, breakdown=breakdown)
    if csv is not None:
        rows.write_csv(csv)
    if as_json:
        document = {"period": period, "run_id": run.run_id, "measures": rows.to_dicts(), "gaps": gaps(run).as_dict()}
        print_json(document)
        return
    if show_gaps:
        print_gaps(gaps(run).as_dict())
    else:
        print_measures(rows.to_dicts())
    if csv is not None:
        print(f"wrote {csv}")


@app.command("report")
def report_command(
    period: PeriodOption,
    kecamatan: Annotated[
        str | None,
        typer.Option("--kecamatan", help="Only this kecamatan, by code or name.", show_default=False),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="id or en.")] = "id",
    out: OutOption = OUT,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """The month as a page to read and a page to sign, with the numbers behind them as CSV; no names, no numbers."""
    from pipeline.report import report

    written = report(out, period, kecamatan=kecamatan, lang=lang, rules=rules, say=say)
    if as_json:
        print_json(written.as_dict())
        return
    for path in written.files[:2]:
        print(f"wrote {path}")
    print(f"wrote {len(written.files) - 2} CSV files to {written.folder / 'csv'}")


@app.command("simulate")
def simulate_command(
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
    out: OutOption = OUT,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """What if the rules were others: who enters and leaves, where, at what cost. Nothing is published."""
    from pipeline.database import DATABASE
    from pipeline.history import open_run
    from pipeline.publish.chain import record_access
    from pipeline.simulate import simulate
    from pipeline.simulate.page import summary_rows, write

    simulation = simulate(open_run(period, out), sets or (), spread, rules=rules, say=say)
    if save is not None and (out / DATABASE).exists():
        record_access(out, "export", f"simulation: {save}", "; ".join(sets or ()))
    written = write(simulation, save) if save is not None else []
    if as_json:
        print_json(simulation.as_dict())
        return
    for notice in simulation.notices:
        say(f"notice: {notice}")
    print_simulation(summary_rows(simulation), simulation.as_dict())
    for path in written:
        print(f"wrote {path}")


@app.command("compare")
def compare_command(
    first: Annotated[str, typer.Argument(metavar="P1", help="The earlier month, YYYY-MM.", show_default=False)],
    second: Annotated[str, typer.Argument(metavar="P2", help="The later month; need not be the next.")],
    by: Annotated[str | None, typer.Option("--by", help="kecamatan. Default: everywhere together.")] = None,
    lang: Annotated[str, typer.Option("--lang", help="Language of the reasons, id or en.")] = "id",
    out: OutOption = OUT,
    as_json: JsonOption = False,
) -> None:
    """Two months: who came in and who left, by reason; findings new, resolved, back. Stock and flow add up.

    For those who may see small counts: nothing is hidden here. What goes outside the office is `tepat report`.
    """
    from pipeline.compare import compare
    from pipeline.period import Period

    compared = compare(out, Period.parse(first), Period.parse(second), by=by, lang=lang, say=say)
    print_comparison(compared.as_dict(), [str(p) for p in compared.write(out)], as_json)


@rules_app.command("check")
def rules_check(
    rules: RulesOption = None,
    on: Annotated[
        str | None, typer.Option("--period", "-p", help="Month whose rules are printed. Default: this month.")
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="id or en.")] = "id",
    as_json: JsonOption = False,
) -> None:
    """Find what is wrong in the rules, and print them with the law beside each. Exit code 3 if something is wrong."""
    from datetime import date

    from pipeline.period import Period
    from pipeline.rule_check import check_all, rules_in_force
    from pipeline.rulebook import default_rules

    folder = rules or default_rules()
    day = Period.parse(on).last_day if on is not None else date.today()
    problems = check_all(folder)
    table = [] if problems else rules_in_force(folder, day, lang)
    if as_json:
        print_json({"problems": [str(p) for p in problems], "rules": table})
    else:
        print_rows(f"Rules in force on {day}", table)
        for problem in problems:
            say(f"error: {problem}")
    if problems:
        raise typer.Exit(3)


@rules_app.command("test")
def rules_test(rules: RulesOption = None, as_json: JsonOption = False) -> None:
    """Hold the rules to the worked examples that stand beside them. Exit code 3 if one comes out otherwise."""
    from pipeline.rulebook import default_rules
    from pipeline.target import run_examples

    outcomes = run_examples(rules or default_rules())
    if as_json:
        print_json([vars(o) for o in outcomes])
    else:
        rows = [
            {
                "program": o.program,
                "example": o.example,
                "expected": o.expected,
                "outcome": "as expected" if o.passed else "OTHERWISE",
            }
            for o in outcomes
        ]
        print_rows("Worked examples", rows)
    failed = [o for o in outcomes if not o.passed]
    for outcome in failed:
        say(f"error: {outcome}")
    if failed:
        raise typer.Exit(3)


# ------------------------------------------------------------------ before the money goes out

GateId = Annotated[str, typer.Argument(help="Id of the screening, as `tepat gate` printed it.", show_default=False)]
AsOption = Annotated[str, typer.Option("--as", metavar="NAME", help="Who decides.", show_default=False)]
ListOption = Annotated[
    Path | None, typer.Option("--list", help="The pay list, where it has been moved.", show_default=False)
]


@app.command()
def gate(
    paylist: Annotated[Path, typer.Argument(help="Pay list, in any format ingest reads.", show_default=False)],
    period: PeriodOption,
    program: Annotated[str | None, typer.Option("--program", help="Program of all lines.", show_default=False)] = None,
    declared_rows: Annotated[int | None, typer.Option(help="Lines as declared.", show_default=False)] = None,
    declared_amount: Annotated[int | None, typer.Option(help="Rupiah as declared.", show_default=False)] = None,
    person: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Who screens.", show_default=False)] = None,
    out: OutOption = OUT,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pay, hold or reject: each line of a pay list, with control totals. Exit code 3 if not all may be paid."""
    from pipeline.gate import screen
    from pipeline.gate.totals import Declared
    from pipeline.period import Period
    from pipeline.rulebook import default_rules

    screened = screen(
        paylist, Period.parse(period), out, rules or default_rules(),
        program=program, declared=Declared(declared_rows, declared_amount), person=person, say=say,
    )  # fmt: skip
    print_gate(screened, as_json)
    if screened.result != "pass":
        raise typer.Exit(3)


@app.command()
def approve(
    gate_id: GateId,
    role: Annotated[str, typer.Option("--role", help="checker or approver.", show_default=False)],
    person: AsOption,
    comment: Annotated[str, typer.Option("--comment", help="Free text.")] = "",
    paylist: ListOption = None,
    out: OutOption = OUT,
    as_json: JsonOption = False,
) -> None:
    """Sign a screening: checker and approver, two different people, bound to the list. Exit code 3 if refused."""
    from pipeline.gate import approve as sign

    print_document(sign(out, gate_id, role, person, comment=comment, path=paylist), as_json)


@app.command()
def override(
    gate_id: GateId,
    row: Annotated[int, typer.Option("--row", help="Row of the line, as a spreadsheet shows it.", show_default=False)],
    to: Annotated[str, typer.Option("--to", help="pay, hold or reject.", show_default=False)],
    person: AsOption,
    reason: Annotated[str, typer.Option("--reason", help="Why.", show_default=False)],
    until: Annotated[str, typer.Option("--until", metavar="YYYY-MM-DD", help="Its last day.", show_default=False)],
    sheet: Annotated[str | None, typer.Option("--sheet", help="Sheet of the line.", show_default=False)] = None,
    paylist: ListOption = None,
    out: OutOption = OUT,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide a line otherwise: another person, a reason, an end. It voids signatures. Exit code 3 if refused."""
    from pipeline.gate import override as decide_otherwise
    from pipeline.rulebook import default_rules

    decided = decide_otherwise(
        out, rules or default_rules(), gate_id, row, to,
        person=person, reason=reason, until=until, sheet=sheet, path=paylist,
    )  # fmt: skip
    print_document(decided, as_json)


# ------------------------------------------------------------------ in the field


@app.command("review")
def review_command(
    period: PeriodOption,
    person: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Who judges.", show_default=False)] = None,
    level: Annotated[str, typer.Option("--level", help="person or household.")] = "person",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="So many pairs.", show_default=False)] = None,
    about: Annotated[
        str | None,
        typer.Option("--about", metavar="ID", help="Only pairs of a person, household or row.", show_default=False),
    ] = None,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE.xlsx", help="Judge in Excel instead.", show_default=False)
    ] = None,
    taken: Annotated[
        Path | None, typer.Option("--import", metavar="FILE.xlsx", help="Take what was judged.", show_default=False)
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="id or en.")] = "id",
    out: OutOption = OUT,
    as_json: JsonOption = False,
) -> None:
    """Judge pairs that a month left open, a key each; later runs obey. Exit code 3 if a row of a file was refused."""
    from pipeline.errors import InputError, Problem
    from pipeline.period import Period
    from pipeline.review import export_pairs, import_pairs, review_in_terminal

    month = Period.parse(period)
    if export is not None and taken is not None:
        raise InputError(Problem("--import", "--export is given too", "one of the two"))
    if taken is not None:
        document = import_pairs(out, month, taken, person=person, lang=lang)
    elif export is not None:
        document = export_pairs(
            out, month, export, person=person, level=level, limit=limit, about=about, lang=lang
        )  # fmt: skip
    else:
        document = review_in_terminal(out, month, person=person, level=level, limit=limit, about=about, lang=lang)
    print_review(document, as_json)
    if document.get("refusals"):
        raise typer.Exit(3)


@app.command()
def worklist(
    period: PeriodOption,
    kecamatan: Annotated[
        str | None, typer.Option("--kecamatan", help="Name or code. Default: all.", show_default=False)
    ] = None,
    queue: Annotated[
        str, typer.Option("--queue", help="tksk; or kabupaten, inspectorate, dukcapil, bank: their cases, a workbook.")
    ] = "tksk",
    lang: Annotated[str, typer.Option("--lang", help="id or en.")] = "id",
    out: OutOption = OUT,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """The month's visits of each TKSK: workbook, page for the phone, form on paper. Opens and keeps the cases."""
    from pipeline.period import Period
    from pipeline.rulebook import default_rules
    from pipeline.worklist import make_worklists

    made = make_worklists(
        out, Period.parse(period), rules or default_rules(), queue=queue, kecamatan=kecamatan, lang=lang, say=say
    )
    print_worklists(made.as_dict(), as_json)


@app.command()
def outcomes(
    files: Annotated[list[Path], typer.Argument(help="Files that came back from the field.", show_default=False)],
    out: OutOption = OUT,
    reveal: Annotated[
        str | None,
        typer.Option("--reveal", metavar="PURPOSE", help="Numbers in full in the changes; logged.", show_default=False),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="Language of the reasons, id or en.")] = "id",
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answers from the field: applied once, each refused row explained. Exit code 3 if a row was refused."""
    from pipeline.cases.returning import take_outcomes
    from pipeline.rulebook import default_rules

    taken = take_outcomes(files, out, rules or default_rules(), reveal=reveal, lang=lang, say=say)
    print_outcomes(taken.as_dict(), as_json)
    if taken.refusals:
        raise typer.Exit(3)


@app.command("sample")
def sample_command(
    period: PeriodOption,
    n: Annotated[int, typer.Option("--n", help="Visits to draw.")] = 400,
    seed: Annotated[int, typer.Option("--seed", help="Another seed draws other households.")] = 1,
    kecamatan: Annotated[
        str | None, typer.Option("--kecamatan", help="Name or code. Default: all.", show_default=False)
    ] = None,
    results: Annotated[
        bool, typer.Option("--results", help="Draw nothing: what the visits found, and hit rates of findings.")
    ] = False,
    lang: Annotated[str, typer.Option("--lang", help="Language of the results, id or en.")] = "id",
    out: OutOption = OUT,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Households to visit whether or not anything is flagged, to know how many errors there are and how many are seen.

    The visits stand on the worklists made after it, in the same form for all: nothing tells whether a household is
    flagged. The same call draws the same households."""
    from pipeline.history import published_run
    from pipeline.learn import draw_sample, results_of
    from pipeline.period import Period
    from pipeline.rulebook import default_rules

    if results:
        learnt = results_of(published_run(out, Period.parse(period)), rules or default_rules(), lang)
        print_results(learnt.as_dict(), [str(p) for p in learnt.write(out)], as_json)
        return
    drawn = draw_sample(
        out, Period.parse(period), rules or default_rules(), n=n, seed=seed, kecamatan=kecamatan, say=say
    )  # fmt: skip
    print_sample(drawn.as_dict(), as_json)


@app.command()
def decide(
    cases: Annotated[list[str], typer.Argument(help="Case numbers, or a list that holds them.", show_default=False)],
    person: AsOption,
    decision: Annotated[str, typer.Option("--decision", help="accept, return, or one of rules/field.yaml.")] = "accept",
    reason: Annotated[str, typer.Option("--reason", help="Why; needed without an answer from the field.")] = "",
    out: OutOption = OUT,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide cases that were answered: never by who answered. No list is changed. Exit code 3 if refused."""
    from pipeline.cases.deciding import case_numbers_in
    from pipeline.cases.deciding import decide as decide_cases
    from pipeline.rulebook import default_rules

    named = [n for each in cases for n in (case_numbers_in(Path(each)) if Path(each).is_file() else [each])]
    decided = decide_cases(out, rules or default_rules(), named, decision, person=person, reason=reason)
    print_document(decided.as_dict(), as_json)


# ------------------------------------------------------------------ any survey or list


@app.command("incidence")
def incidence_command(
    file: Annotated[Path, typer.Argument(help="Survey or list: CSV, XLSX, Parquet, ...", show_default=False)],
    welfare: Annotated[str, typer.Option(help="Column: welfare after the transfer.", show_default=False)],
    benefit: Annotated[str, typer.Option(help="Column: amount received.", show_default=False)],
    served: Annotated[str | None, typer.Option(help="Column: served, yes or no. Default: a benefit above 0.")] = None,
    weight: Annotated[str | None, typer.Option(help="Column: sampling weight.")] = None,
    line: Annotated[str | None, typer.Option(help="Poverty line, a number or a column; poor is below it.")] = None,
    quota: Annotated[float | None, typer.Option(help="Poor are this share of units, the poorest.")] = None,
    eligible: Annotated[str | None, typer.Option(help="Column: poor, yes or no; goes before line and quota.")] = None,
    by: Annotated[list[str] | None, typer.Option(help="Column to break down by; may be repeated.")] = None,
    psu: Annotated[str | None, typer.Option(help="Column: primary sampling unit.")] = None,
    strata: Annotated[str | None, typer.Option(help="Column: stratum of the sample.")] = None,
    size: Annotated[str | None, typer.Option(help="Column: persons in the household; counts persons.")] = None,
    rank_before_transfer: Annotated[
        bool, typer.Option("--rank-before-transfer", help="Rank by welfare less the benefit.")
    ] = False,
    quantiles: Annotated[int, typer.Option(help="Quantile groups, 5 or 10.")] = 10,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for incidence.csv.", show_default=False)] = None,
    as_json: JsonOption = False,
) -> None:
    """Targeting measures of any survey or list, each with its definition and, for a sample, its standard error."""
    from pipeline.incidence import Request, incidence

    request = Request(
        welfare, benefit, served=served, weight=weight, line=line, quota=quota, eligible=eligible,
        by=tuple(by or ()), psu=psu, strata=strata, size=size, rank_before_transfer=rank_before_transfer,
        quantiles=quantiles,
    )  # fmt: skip
    result = incidence(file, request)
    for notice in result.notices:
        say(f"notice: {notice}")
    written = result.write(out) if out else []
    if as_json:
        print_json(result.as_dicts())
        return
    for title, rows in result.tables():
        print_rows(title, rows, frozenset(rows[0]) - {"measure", "group", "definition"})
    for path in written:
        print(f"wrote {path}")


@app.command("dedupe")
def dedupe_command(
    file: Annotated[Path, typer.Argument(help="List of people: CSV, XLSX, Parquet, ...", show_default=False)],
    second: Annotated[Path | None, typer.Argument(help="A second list, to link with.", show_default=False)] = None,
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="MEANING=COLUMN", help="What a column is, as nik=NO_KTP; may be repeated."),
    ] = None,
    truth: Annotated[str | None, typer.Option(help="Column that says who is who: the result is scored by it.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Column that is no evidence; may be repeated.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for clusters.csv and pairs.csv.")] = DEDUPE_OUT,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who stands twice on a list, or on both of two lists, in any language. Nothing of the monthly run is touched."""
    from pipeline.dedupe import Request, dedupe, parse_maps
    from pipeline.rulebook import default_rules

    request = Request(parse_maps(maps or ()), tuple(ignore or ()), truth)
    paths = [file] if second is None else [file, second]
    result = dedupe(paths, rules or default_rules(), request, say)
    print_dedupe(result.summary(), [str(p) for p in result.write(out)], as_json)


# ------------------------------------------------------------------ for the auditor


@audit_app.command("verify")
def audit_verify(
    period: Annotated[
        str | None, typer.Option("--period", "-p", help="Only runs of this month. Default: all.", show_default=False)
    ] = None,
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Make the months again from their files, and compare.")
    ] = False,
    raw: Annotated[
        Path | None,
        typer.Option("--raw", help="Folder of the months' raw files. Default: data/raw.", show_default=False),
    ] = None,
    head: Annotated[
        str | None, typer.Option("--head", help="Head noted at an earlier verification.", show_default=False)
    ] = None,
    out: OutOption = OUT,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Whether all that was published and recorded is still as it was written. Exit code 3 if something differs."""
    from pipeline.audit.verify import verify
    from pipeline.period import Period
    from pipeline.rulebook import default_rules

    month = Period.parse(period) if period is not None else None
    again = (rules or default_rules()) if rerun else None
    verified = verify(out, period=month, raw=raw, head=head, rerun=again, say=say)
    print_verified(verified.as_dict(), as_json)
    if not verified.same:
        raise typer.Exit(3)


@audit_app.command("pack")
def audit_pack(
    period: PeriodOption,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder to write. Default: <out>/<period>/audit.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Which samples are drawn.")] = 1,
    raw: Annotated[
        Path | None,
        typer.Option("--raw", help="Folder of the months' raw files. Default: data/raw.", show_default=False),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="id or en.")] = "id",
    out: OutOption = OUT,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """The auditor's folder: tests by their names, samples, decisions, sources, hashes. Exit code 3 if it differs."""
    from pipeline.audit.pack import make_pack
    from pipeline.look.numbers import language
    from pipeline.period import Period
    from pipeline.rulebook import default_rules

    month, folder = Period.parse(period), rules or default_rules()
    pack = make_pack(out, month, folder, to=to, seed=seed, raw=raw, lang=language(lang), say=say)
    print_pack(pack.as_dict(), as_json)
    if not pack.verified.same:
        raise typer.Exit(3)


@app.command("purge")
def purge_command(
    person: Annotated[str, typer.Option("--as", metavar="NAME", help="Who decides on it.", show_default=False)] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why; it is logged.", show_default=False)] = "",
    superseded: Annotated[
        bool,
        typer.Option("--superseded", help="Also the bulk tables of runs that a newer one of their month replaced."),
    ] = False,
    raw: Annotated[
        Path | None,
        typer.Option("--raw", help="Folder of raw files: delete old months there too.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    out: OutOption = OUT,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """End what is past its retention (rules/retention.yaml), for good; a sealed tombstone stays."""
    from pipeline.purge.ending import Asked, purge
    from pipeline.rulebook import default_rules

    asked = Asked(person, reason, superseded, raw)
    print_purged(purge(out, rules or default_rules(), asked, dry_run=dry_run, say=say).as_dict(), as_json)


@identity_app.command("evaluate")
def identity_evaluate(
    period: PeriodOption,
    judged: Annotated[
        Path | None,
        typer.Option("--judged", help="CSV of mention_id_a, mention_id_b, judgement. Default: what was judged."),
    ] = None,
    truth: Annotated[
        tuple[Path, str] | None,
        typer.Option("--truth", metavar="FILE COL", help="CSV of rows with a column that says who each is."),
    ] = None,
    by: Annotated[str, typer.Option("--by", help="band or kecamatan.")] = "band",
    further: Annotated[int, typer.Option("--next", help="So many pairs to judge next.")] = 50,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 1,
    lang: Annotated[str, typer.Option("--lang", help="Language of the picture, id or en.")] = "id",
    out: OutOption = OUT,
    as_json: JsonOption = False,
) -> None:
    """Precision, recall and calibration of a month's links, against judged pairs. Exit code 3 if none is judged."""
    from pipeline.identity import Question, evaluate
    from pipeline.look.numbers import language
    from pipeline.period import Period

    question, lettering = Question(judged, truth, by, further, seed), language(lang)
    found = evaluate(out, Period.parse(period), question)
    print_evaluation(found.as_dict(), [str(p) for p in found.write(out, lettering)], as_json)
    if found.basis == "model":
        raise typer.Exit(3)


@identity_app.command("train")
def identity_train(
    period: PeriodOption,
    judged: Annotated[
        Path | None,
        typer.Option("--judged", help="CSV of mention_id_a, mention_id_b, judgement. Default: what was judged."),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option("--write", metavar="FILE", help="Write a version of the rules, as rules/identity-2026-11.yaml."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write weights that are worse on pairs held out, too.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of pairs drawn at random.")] = 1,
    out: OutOption = OUT,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn the weights of the matching model from a month. Exit code 3 if they are worse and were to be written."""
    from pipeline.identity import new_version, train
    from pipeline.period import Period
    from pipeline.rulebook import default_rules

    if write is not None:
        new_version(write)
    found = train(out, Period.parse(period), rules or default_rules(), judged, seed)
    files = [] if write is None else [str(found.write(write, force=force))]
    print_training(found.as_dict(), files, as_json)


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
        say(stage)
        costs[stage] = run_stage(job, stage, say)
    if as_json:
        print_json({"period": str(job.period), "stages": costs, "folder": str(job.final.folder)})
        return
    for stage, cost in costs.items():
        print(f"{stage}: {cost['seconds']:.1f} s, {cost['peak_mb']:.0f} MB -> {job.final.folder}")


def main() -> NoReturn:
    """Entry point: errors become a message and the exit code they carry, never a traceback."""
    from pipeline.errors import TepatError

    try:
        app(standalone_mode=True)
    except TepatError as error:
        for problem in error.problems:
            say(f"error: {problem}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("TEPAT_DEBUG"):
            raise
        say(f"error: {type(error).__name__}: {error}\n  to do: set TEPAT_DEBUG=1 and run again for the full trace")
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
