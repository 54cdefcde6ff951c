"""A pay list before the money goes out: screening, signatures, lines decided otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from pipeline.commands.options import OUT, AsOption, JsonOption, OutOption, PeriodOption, RulesOption, group
from pipeline.terminal import Document, answer, print_rows, print_tree, rupiah, say

app = group()

GateId = Annotated[str, typer.Argument(help="Id of the screening, as `tepat gate` printed it.", show_default=False)]
ListOption = Annotated[
    Path | None, typer.Option("--list", help="The pay list, where it has been moved.", show_default=False)
]
_DECISIONS: Final = {"pay": "pay", "hold": "hold", "reject": "reject", "counted": "list"}


@app.command()
def gate(
    *,
    paylist: Annotated[Path, typer.Argument(help="Pay list, in any format ingest reads.", show_default=False)],
    period: PeriodOption,
    program: Annotated[str | None, typer.Option("--program", help="Program of all lines.", show_default=False)] = None,
    declared_rows: Annotated[int | None, typer.Option(help="Lines as declared.", show_default=False)] = None,
    declared_amount: Annotated[int | None, typer.Option(help="Rupiah as declared.", show_default=False)] = None,
    person: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Who screens.", show_default=False)] = None,
    out: OutOption = OUT,
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """Pay, hold or reject: each line of a pay list, with control totals. Exit code 3 if not all may be paid."""
    from pipeline.gate import screen
    from pipeline.gate.totals import Declared

    screened = screen(
        paylist, period, out, rules,
        program=program, declared=Declared(declared_rows, declared_amount), person=person, say=say,
    )  # fmt: skip
    answer(screened.as_dict(), as_json, _print_screening)
    if screened.result != "pass":
        raise typer.Exit(3)


@app.command()
def approve(
    *,
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

    answer(sign(out, gate_id, role, person, comment=comment, path=paylist), as_json, _print_decision)


@app.command()
def override(
    *,
    gate_id: GateId,
    row: Annotated[int, typer.Option("--row", help="Row of the line, as a spreadsheet shows it.", show_default=False)],
    to: Annotated[str, typer.Option("--to", help="pay, hold or reject.", show_default=False)],
    person: AsOption,
    reason: Annotated[str, typer.Option("--reason", help="Why.", show_default=False)],
    until: Annotated[str, typer.Option("--until", metavar="YYYY-MM-DD", help="Its last day.", show_default=False)],
    sheet: Annotated[str | None, typer.Option("--sheet", help="Sheet of the line.", show_default=False)] = None,
    paylist: ListOption = None,
    out: OutOption = OUT,
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """Decide a line otherwise: another person, a reason, an end. It voids signatures. Exit code 3 if refused."""
    from pipeline.gate import override as decide_otherwise

    decided = decide_otherwise(
        out, rules, gate_id, row, to,
        person=person, reason=reason, until=until, sheet=sheet, path=paylist,
    )  # fmt: skip
    answer(decided, as_json, _print_decision)


# ------------------------------------------------------------------ in words


def _print_screening(document: Document) -> None:
    """What became of a pay list: totals, reasons, checks, files, next command."""
    sums = document["totals"]
    rows = [
        {"decision": word, "rows": f"{sums[k]['rows']:,}", "rupiah": rupiah(sums[k]["amount"])}
        for k, word in _DECISIONS.items()
    ]
    print_rows(f"{document['source_file']}, {document['period']}", rows, left=("decision",))
    reasons = [
        {"reason": r["reason"], "decision": r["decision"], "rows": f"{r['rows']:,}", "rupiah": rupiah(r["amount"])}
        for r in document["reasons"]
    ]
    print_rows("Reasons: a line may have several", reasons, left=("reason", "decision"))
    checks = [{"check": c["check"], "outcome": c["outcome"], "found": c["found"]} for c in document["checks"]]
    print_rows("Checks of the list", checks)
    print(f"wrote {document['folder']}")
    if document["locked"]:
        print("the lists open with TEPAT_PASSPHRASE only: tell it by another way than the files")
    print(f"{document['gate_id']}: {document['result']}")
    print(f"next: tepat approve {document['gate_id']} --role checker --as NAME")


def _print_decision(document: Document) -> None:
    """What was signed or decided, as lines."""
    print_tree(document["gate_id"], document)
