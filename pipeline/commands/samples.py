"""Verification samples: drawing visits, and what they found."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.commands.options import OUT, JsonOption, OutOption, PeriodOption, RulesOption, group
from pipeline.terminal import Document, answer, decimal, print_rows, print_written, say

app = group()


@app.command()
def sample(
    *,
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
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """Households to visit whether or not anything is flagged, to know how many errors there are and how many are seen.

    The visits stand on the worklists made after it, in the same form for all: nothing tells whether a household is
    flagged. The same call draws the same households."""
    from pipeline.history import published_run
    from pipeline.learn import draw_sample, results_of

    if results:
        learnt = results_of(published_run(out, period), rules, lang)
        files = [str(path) for path in learnt.write(out)]
        answer({**learnt.as_dict(), "files": files}, as_json, _print_results)
    else:
        drawn = draw_sample(out, period, rules, n=n, seed=seed, kecamatan=kecamatan, say=say)
        answer(drawn.as_dict(), as_json, _print_sample)


# ------------------------------------------------------------------ in words


def _print_sample(document: Document) -> None:
    """A verification sample: the strata, their households and visits, what keeps visits from being made."""
    rows = [
        {"stratum": s["stratum"], "households": f"{s['households']:,}", "visits": f"{s['visits']:,}",
         "chance of a visit": decimal(s['inclusion_probability'])}
        for s in document["strata"]
    ]  # fmt: skip
    print_rows(f"Verification sample {document['period']}", rows, left=("stratum",))
    for notice in document["notices"]:
        say(f"notice: {notice}")
    before = ", drawn before; nothing was changed" if document["drawn_before"] else ""
    print(f"{document['sample_id']}: {document['visits']:,} visits of {document['households']:,} households{before}")
    print(f"next: tepat worklist --period {document['period']}, which puts the visits on the lists")


def _print_results(document: Document) -> None:
    """What visits found: estimates with interval and bounds, visits by what came of them, hit rates of findings."""
    for sample in dict.fromkeys(e["sample_id"] for e in document["estimates"]):
        mine = [e for e in document["estimates"] if e["sample_id"] == sample]
        rows = [
            {"what": e["definition"], "estimate (95 %)": _estimate(e),
             "silent leave open": _span(e["bound_low"], e["bound_high"]),
             "households": "-" if e["households"] is None else f"{e['households']:,.0f}"}
            for e in mine
        ]  # fmt: skip
        of = f" of kecamatan {mine[0]['restricted_to']}" if mine[0]["restricted_to"] else ""
        title = f"{sample}{of}: {mine[0]['answered']:,} of {mine[0]['visits']:,} visits answered"
        print_rows(title, rows, left=("what",))
        states = [r for r in document["response"] if r["sample_id"] == sample]
        print(", ".join(f"{s} {sum(r['visits'] for r in states if r['state'] == s):,}"
                        for s in dict.fromkeys(r["state"] for r in states)))  # fmt: skip
    if not document["estimates"]:
        print(f"no sample of {document['period']} has been drawn: tepat sample --period {document['period']}")
    for by in dict.fromkeys(h["by"] for h in document["hit_rates"]):
        hits = [
            {"what": " ".join(filter(None, (h["finding_type"], h["reason"], h["group_name"]))) or "-",
             "right": h["confirmed"], "wrong": h["not_confirmed"], "open": h["not_found"] + h["undecided"],
             "rate (95 %)": _estimate({**h, "value": h["rate"]}), "note": _note(h)}
            for h in document["hit_rates"] if h["by"] == by
        ]  # fmt: skip
        print_rows(f"Hit rates by {by}: right / (right + wrong)", hits, left=("what", "note"))
    if document["hit_rates"]:
        print("these visits were chosen because they mattered: only a sample speaks for all findings")
    else:
        print("no finding has an answer from the field yet")
    print_written(document["files"])


def _estimate(row: Document) -> str:
    return f"{decimal(row['value'])} ({_span(row['ci_low'], row['ci_high'])})" if row["value"] is not None else "-"


def _note(hit: Document) -> str:
    floor = {"surely": "under the floor", "perhaps": "perhaps under the floor"}.get(hit["under_floor"] or "")
    return ", ".join(filter(None, ["few" if hit["few"] else "", floor]))


def _span(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{low:.3f}-{high:.3f}"
