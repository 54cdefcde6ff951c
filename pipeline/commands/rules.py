"""The rules: what is wrong in them, what is in force, whether their examples hold."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from pipeline.commands.options import JsonOption, LangOption, RulesOption, group
from pipeline.period import Period
from pipeline.terminal import print_json, print_rows, say

app = group("rules", "Read and check the rules.")


@app.command()
def check(
    *,
    rules: RulesOption,
    on: Annotated[
        Period | None,
        typer.Option(
            "--period",
            "-p",
            parser=Period.parse,
            metavar="YYYY-MM",
            help="Month whose rules are printed. Default: this month.",
        ),
    ] = None,
    lang: LangOption = "id",
    as_json: JsonOption = False,
) -> None:
    """Find what is wrong in the rules, and print them with the law beside each. Exit code 3 if something is wrong."""
    from pipeline.rule_check import check_all, rules_in_force

    day = on.last_day if on is not None else date.today()
    problems = check_all(rules)
    table = [] if problems else rules_in_force(rules, day, lang)
    if as_json:
        print_json({"problems": [str(p) for p in problems], "rules": table})
    else:
        print_rows(f"Rules in force on {day}", table)
        for problem in problems:
            say(f"error: {problem}")
    if problems:
        raise typer.Exit(3)


@app.command("test")
def examples(*, rules: RulesOption, as_json: JsonOption = False) -> None:
    """Hold the rules to the worked examples that stand beside them. Exit code 3 if one comes out otherwise."""
    from pipeline.target import run_examples

    outcomes = run_examples(rules)
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
