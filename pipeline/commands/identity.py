"""Who is who: judging pairs, how right the identities are, learning the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import OUT, JsonOption, LangOption, OutOption, PeriodOption, RulesOption, group
from pipeline.terminal import Document, answer, print_rows, print_written, say

app = group()
identity = group("identity", "How right the identities are, and the weights.")
app.add_typer(identity)

JudgedOption = Annotated[
    Path | None,
    typer.Option("--judged", help="CSV of mention_id_a, mention_id_b, judgement. Default: what was judged."),
]


@app.command()
def review(
    *,
    period: PeriodOption,
    person: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Who judges.", show_default=False)] = None,
    level: Annotated[str, typer.Option("--level", help="person or household.")] = "person",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="So many pairs.", show_default=False)] = None,
    about: Annotated[
        str | None,
        typer.Option("--about", metavar="ID", help="Only pairs of a person, household or row.", show_default=False),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--pairs",
            metavar="FILE",
            help="Only the pairs of judge_next.csv, which `tepat identity evaluate` writes.",
            show_default=False,
        ),
    ] = None,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE.xlsx", help="Judge in Excel instead.", show_default=False)
    ] = None,
    taken: Annotated[
        Path | None, typer.Option("--import", metavar="FILE.xlsx", help="Take what was judged.", show_default=False)
    ] = None,
    lang: LangOption = "id",
    out: OutOption = OUT,
    as_json: JsonOption = False,
) -> None:
    """Judge pairs that a month left open, a key each; later runs obey. Exit code 3 if a row of a file was refused."""
    from pipeline.errors import InputError, Problem
    from pipeline.review import Choice, export_pairs, import_pairs, review_in_terminal

    if export is not None and taken is not None:
        raise InputError(Problem("--import", "--export is given too", "one of the two"))
    choice = Choice(level, limit, about, file)
    if taken is not None:
        document = import_pairs(out, period, taken, person=person, lang=lang)
    elif export is not None:
        document = export_pairs(out, period, export, choice, person=person, lang=lang)
    else:
        document = review_in_terminal(out, period, choice, person=person, lang=lang)
    answer(document, as_json, _print_review)
    if document.get("refusals"):
        raise typer.Exit(3)


@identity.command()
def evaluate(
    *,
    period: PeriodOption,
    judged: JudgedOption = None,
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
    from pipeline.identity import Question
    from pipeline.identity import evaluate as estimate
    from pipeline.look.numbers import language

    question, lettering = Question(judged, truth, by, further, seed), language(lang)
    found = estimate(out, period, question)
    files = [str(path) for path in found.write(out, lettering)]
    answer({**found.as_dict(), "files": files}, as_json, _print_evaluation)
    if found.basis == "model":
        raise typer.Exit(3)


@identity.command()
def train(
    *,
    period: PeriodOption,
    judged: JudgedOption = None,
    write: Annotated[
        Path | None,
        typer.Option("--write", metavar="FILE", help="Write a version of the rules, as rules/identity-2026-11.yaml."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write weights that are worse on pairs held out, too.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of pairs drawn at random.")] = 1,
    out: OutOption = OUT,
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """Learn the weights of the matching model from a month. Exit code 3 if they are worse and were to be written."""
    from pipeline.identity import new_version
    from pipeline.identity import train as learn

    if write is not None:
        new_version(write)
    found = learn(out, period, rules, judged, seed)
    files = [] if write is None else [str(found.write(write, force=force))]
    answer({**found.as_dict(), "files": files}, as_json, _print_training)


# ------------------------------------------------------------------ in words


def _print_review(document: Document) -> None:
    """What came of a review: counts, refused rows, the file to hand on."""
    for row in document.get("refusals", ()):
        say(f"refused {row['source_file']} · {row['sheet']} · row {row['row_number']}: {row['why']}")
    words = ("pairs", "applied", "already", "blank", "missing", "refused", "disputes", "left", "judged_before")
    counts = {w: document[w] for w in words if w in document}
    print(", ".join(f"{w.replace('_', ' ')} {n:,}" for w, n in counts.items()))
    if document.get("alike"):
        say(f"notice: {document['alike']:,} pairs are two rows that say the same of who they are: nothing to judge")
    if document.get("unknown"):
        say(f"notice: {document['unknown']:,} pairs have a row that {document['period']} does not have: left out")
    if document.get("missing"):
        say("notice: rows were deleted from the file; those pairs stay open")
    if document.get("disputes"):
        say("notice: pairs that others judge otherwise count as unsure until a third person judges them")
    print_written(document.get("files", []))
    if document.get("locked"):
        print("it opens with TEPAT_PASSPHRASE only: tell it by another way than the file")
    if document.get("files"):
        print(f"next: tepat review --period {document['period']} --as NAME --import FILE.xlsx when it comes back")
    if document.get("applied"):
        print(f"next: tepat run --period {document['period']}, so that they count")


def _print_evaluation(document: Document) -> None:
    """How right the links of a month are: overall, by band or kecamatan, and what the figures do not cover."""

    def told(row: Document, name: str) -> str:
        value, low, high = row[name], row.get(f"{name}_low"), row.get(f"{name}_high")
        if value is None:
            return "-"
        return f"{value:.4f}" + ("" if low is None or high is None else f" ({low:.4f} to {high:.4f})")

    overall, parts = document["overall"], document["kecamatan"]
    means = {"judged": "judged pairs", "truth": "labels", "model": "the model alone: nothing is judged"}
    names = ("precision", "recall", "f1", "b3_precision", "b3_recall", "b3_f1")
    rows = [{"measure": n, "value (95 %)": told(overall, n)} for n in names]
    print_rows(
        f"{document['period']}, {overall['pairs_joined']:,.0f} pairs joined, by {means[document['basis']]}", rows
    )
    bands = [
        {"probability": b["band"], **{n: f"{b[n]:,}" for n in ("pairs", "joined", "judged")},
         "expected": told(b, "expected"),
         "one person (95 %)": told({"s": b["share"], "s_low": b["low"], "s_high": b["high"]}, "s")}
        for b in document["bands"] if b["pairs"]
    ]  # fmt: skip
    areas = [
        {"kecamatan": k["kecamatan_code"], "rows": f"{k['rows']:,}", "judged": f"{k['judged']:,}",
         **{n: told(k, n) for n in ("precision", "recall", "f1")}}
        for k in parts
    ]  # fmt: skip
    print_rows("By kecamatan" if areas else "By probability", areas or bands, left=("probability", "kecamatan"))
    if document["calibration_error"] is not None:
        print(f"calibration error {document['calibration_error']:.4f} (doubtful pairs, predicted against judged)")
    for note in document["notes"]:
        print(f"note: {note}")
    print_written(document["files"])
    for file in document["files"]:
        if Path(file).name == "judge_next.csv":
            print(f"next: tepat review --period {document['period']} --as NAME --pairs {file}, and evaluate again")


def _print_training(document: Document) -> None:
    """Weights that moved, old against new, and both on pairs that they were not learned from."""
    moved = [w for w in document["weights"] if abs(w["moved"]) >= 0.1]
    rows = [
        {"column": w["column"], "level": w["level"], "of": w["of"], "old": f"{w['old']:.6g}", "new": f"{w['new']:.6g}",
         "moved (bits)": f"{w['moved']:+.2f}"}
        for w in moved
    ]  # fmt: skip
    print_rows("Weights that moved by a tenth of a bit or more", rows, left=("column", "level", "of"))
    print(f"{len(moved):,} of {len(document['weights']):,} weights; trained on {document['trained_on']}")
    for held in document["held_out"]:
        verdict = "WORSE" if held["worse"] else "not worse"
        print(
            f"{held['measure']}, {held['pairs']:,} held out: {held['old']:.4f} before, {held['new']:.4f} now: {verdict}"
        )
    for path in document["files"]:
        print(f"wrote {path}: in force from {document['since']} once it lies in the rules folder as identity-*.yaml")
