"""In the field: worklists, the answers that come back, decisions on them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import OUT, AsOption, JsonOption, LangOption, OutOption, PeriodOption, RulesOption, group
from pipeline.terminal import Document, answer, print_rows, print_written, say

app = group()


@app.command()
def worklist(
    *,
    period: PeriodOption,
    kecamatan: Annotated[
        str | None, typer.Option("--kecamatan", help="Name or code. Default: all.", show_default=False)
    ] = None,
    queue: Annotated[
        str, typer.Option("--queue", help="tksk; or kabupaten, inspectorate, dukcapil, bank: their cases, a workbook.")
    ] = "tksk",
    lang: LangOption = "id",
    out: OutOption = OUT,
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """The month's visits of each TKSK: workbook, page for the phone, form on paper. Opens and keeps the cases."""
    from pipeline.worklist import make_worklists

    made = make_worklists(out, period, rules, queue=queue, kecamatan=kecamatan, lang=lang, say=say)
    answer(made.as_dict(), as_json, _print_worklists)


@app.command()
def outcomes(
    *,
    files: Annotated[list[Path], typer.Argument(help="Files that came back from the field.", show_default=False)],
    out: OutOption = OUT,
    reveal: Annotated[
        str | None,
        typer.Option("--reveal", metavar="PURPOSE", help="Numbers in full in the changes; logged.", show_default=False),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="Language of the reasons, id or en.")] = "id",
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """Answers from the field: applied once, each refused row explained. Exit code 3 if a row was refused."""
    from pipeline.cases.returning import take_outcomes

    taken = take_outcomes(files, out, rules, reveal=reveal, lang=lang, say=say)
    answer(taken.as_dict(), as_json, _print_outcomes)
    if taken.refusals:
        raise typer.Exit(3)


@app.command()
def decide(
    *,
    cases: Annotated[list[str], typer.Argument(help="Case numbers, or a list that holds them.", show_default=False)],
    person: AsOption,
    decision: Annotated[str, typer.Option("--decision", help="accept, return, or one of rules/field.yaml.")] = "accept",
    reason: Annotated[str, typer.Option("--reason", help="Why; needed without an answer from the field.")] = "",
    out: OutOption = OUT,
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """Decide cases that were answered: never by who answered. No list is changed. Exit code 3 if a case was refused."""
    from pipeline.cases.deciding import case_numbers_in
    from pipeline.cases.deciding import decide as decide_cases

    named = [n for each in cases for n in (case_numbers_in(Path(each)) if Path(each).is_file() else [each])]
    decided = decide_cases(out, rules, named, decision, person=person, reason=reason)
    answer(decided.as_dict(), as_json, _print_decided)
    if decided.refused:
        raise typer.Exit(3)


# ------------------------------------------------------------------ in words


def _print_worklists(document: Document) -> None:
    """What the month did to the cases, and a line a TKSK."""
    counts = {**document["cases"], **{f"answers {k}": v for k, v in document["answers"].items()}}
    print(", ".join(f"{k.replace('_', ' ')} {v:,}" for k, v in counts.items() if v) or "cases as they were")
    rows = [
        {"kecamatan": r["kecamatan"], "officer": r["officer"] or "-", "visits": r["visits"], "waiting": r["waiting"]}
        if r["queue"] == "tksk"
        else {"queue": r["queue"], "kabupaten": r["kabupaten"], "cases": r["visits"]}
        for r in document["lists"]
    ]
    print_rows(f"Worklists {document['period']}", rows, left=("kecamatan", "officer", "queue", "kabupaten"))
    for notice in document["notices"]:
        say(f"notice: {notice}")
    print(f"wrote {document['folder']}")
    print("next: tepat outcomes FILE when files come back")


def _print_outcomes(document: Document) -> None:
    """What became of answers: counts, refused rows, files."""
    for what, rows in (("refused", document["refusals"]), ("note", document["remarks"])):
        for row in rows:
            where = " · ".join(p for p in (row["source_file"], row["sheet"], f"row {row['row_number']}") if p)
            say(f"{what} {where}: {row['why']}")
    words = ("applied", "already_applied", "blank", "refused", "judged", "waiting_for_decision", "changes_proposed")
    print(", ".join(f"{w.replace('_', ' ')} {document[w]:,}" for w in words))
    print_written(document["files"])
    if document["waiting_for_decision"]:
        print("next: tepat decide CASE or the list menunggu_keputusan --as NAME, by somebody who did not answer it")


def _print_decided(document: Document) -> None:
    """What was decided, a line a case, and what was not."""
    for row in document["refused"]:
        say("; ".join(filter(None, (f"refused {row['case_id']}: {row['why']}", row["expected"], row["todo"]))))
    rows = [{"case": r["case_id"], "decision": r["decision"], "rests until": r["rests_until"] or "-"}
            for r in document["decided"]]  # fmt: skip
    print_rows("Decided", rows, left=("case", "decision", "rests until"))
    print(f"decided {len(rows):,}, refused {len(document['refused']):,}")
