"""For the auditor: whether all is as it was written, the auditor's folder, the end of what is past its retention."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import OUT, JsonOption, LangOption, OutOption, PeriodOption, RulesOption, group
from pipeline.period import Period
from pipeline.terminal import Document, answer, print_rows, say

app = group()
audit = group("audit", "What an auditor asks for.")
app.add_typer(audit)

RawMonthsOption = Annotated[
    Path | None,
    typer.Option("--raw", help="Folder of the months' raw files. Default: data/raw.", show_default=False),
]


@audit.command()
def verify(
    *,
    period: Annotated[
        Period | None,
        typer.Option(
            "--period",
            "-p",
            parser=Period.parse,
            metavar="YYYY-MM",
            help="Only runs of this month. Default: all.",
            show_default=False,
        ),
    ] = None,
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Make the months again from their files, and compare.")
    ] = False,
    raw: RawMonthsOption = None,
    head: Annotated[
        str | None, typer.Option("--head", help="Head noted at an earlier verification.", show_default=False)
    ] = None,
    out: OutOption = OUT,
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """Whether all that was published and recorded is still as it was written. Exit code 3 if something differs."""
    from pipeline.audit.verify import verify as recompute

    verified = recompute(out, period=period, raw=raw, head=head, rerun=rules if rerun else None, say=say)
    answer(verified.as_dict(), as_json, _print_verified)
    if not verified.same:
        raise typer.Exit(3)


@audit.command()
def pack(
    *,
    period: PeriodOption,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder to write. Default: <out>/<period>/audit.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Which samples are drawn.")] = 1,
    raw: RawMonthsOption = None,
    lang: LangOption = "id",
    out: OutOption = OUT,
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """The auditor's folder: tests by their names, samples, decisions, sources, hashes. Exit code 3 if it differs."""
    from pipeline.audit.pack import make_pack
    from pipeline.look.numbers import language

    made = make_pack(out, period, rules, to=to, seed=seed, raw=raw, lang=language(lang), say=say)
    answer(made.as_dict(), as_json, _print_pack)
    if not made.verified.same:
        raise typer.Exit(3)


@app.command()
def purge(
    *,
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
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """End what is past its retention (rules/retention.yaml), for good; a sealed tombstone stays."""
    from pipeline.purge.ending import Asked
    from pipeline.purge.ending import purge as end

    ended = end(out, rules, Asked(person, reason, superseded, raw), dry_run=dry_run, say=say)
    answer(ended.as_dict(), as_json, _print_purged)


# ------------------------------------------------------------------ in words


def _print_verified(document: Document) -> None:
    """What was looked at, what could not be, and each difference with what it means and what to do."""
    print(", ".join(f"{what} {n:,}" for what, n in document["checked"].items()))
    for note in (*(f"not checked: {n}" for n in document["not_checked"]), *document["notes"]):
        print(note)
    for run_id in document["made_again"]:
        print(f"made again from its files: {run_id}")
    for means, todo in dict.fromkeys((d["means"], d["todo"]) for d in document["differences"]):
        print(f"\n{means[0].upper()}{means[1:]}:")
        for d in document["differences"]:
            if d["means"] == means:
                print(f"  {' '.join(filter(None, (d['table'], d['run_id'])))}: {d['what']}")
        print(f"  to do: {todo}")
    count = len(document["differences"])
    print(f"\n{count} difference{'s' * (count > 1)}" if count else "all the same as it was written")
    print(
        f"head {document['head']}\nnote it: `tepat audit verify --head` tells later whether all of today is still there"
    )


def _print_pack(document: Document) -> None:
    """Where the auditor's folder lies, and whether what it rests on is as it was written."""
    for difference in document["verification"]["differences"]:
        say(f"{difference['table']} {difference['run_id']}: {difference['what']}")
    print(f"wrote {len(document['files']) + 1} files to {document['folder']}")
    if document["locked"]:
        print("the workbook opens with TEPAT_PASSPHRASE only: tell it by another way than the files")
    print(f"verification: {document['verification']['result']}")


def _print_purged(document: Document) -> None:
    """What was ended, or would be: rows by table and run, files, what the database weighs."""
    rows = [{k: e[k] for k in ("table", "run_id", "reason")} | {"rows": f"{e['rows']:,}"} for e in document["ended"]]
    print_rows("Would go" if document["dry_run"] else "Ended", rows, left=("table", "run_id", "reason"))
    for path in (*document["files"], *document["raw_files"]):
        print(f"{'would delete' if document['dry_run'] else 'deleted'} {path}")
    if not rows and not document["files"] and not document["raw_files"]:
        print("there is nothing to end")
    before, after = (document[f"database_bytes_{when}"] / 1e6 for when in ("before", "after"))
    if not document["dry_run"]:
        print(f"database {before:.1f} MB before, {after:.1f} MB after")
    else:
        print("nothing was changed: leave out --dry-run, and say --as NAME and --reason")
