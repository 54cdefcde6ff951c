"""What the commands print: tables, trees, JSON.

Belongs here: the look of the terminal. Data goes to standard output, progress and messages to standard error; every
message passes :func:`pipeline.privacy.scrub` once more.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipeline.privacy import scrub

if TYPE_CHECKING:
    from pipeline.gate import Screened
    from pipeline.run import RunResult
    from pipeline.summary import Summary


def say(message: str) -> None:
    """A message to standard error, with long numbers masked."""
    print(scrub(message), file=sys.stderr, flush=True)


def print_json(document: Any) -> None:
    """The one JSON document of a command run with ``--json``; floats to twelve digits, which says all they know.

    Sixteen digits in a row are for numbers of persons: whoever looks for leaked ones must not find a measure.
    """
    print(json.dumps(_shortened(document), ensure_ascii=False, indent=1, sort_keys=True, default=str))


def _shortened(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, dict):
        return {key: _shortened(inner) for key, inner in value.items()}
    return [_shortened(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def rupiah(amount: float | None) -> str:
    """An amount as Indonesians write it: ``Rp1.250.000``; a dash where there is none."""
    return "-" if amount is None else "Rp" + f"{amount:,.0f}".replace(",", ".")


def print_rows(title: str, rows: list[dict[str, Any]], right: frozenset[str] = frozenset()) -> None:
    """A table of dicts with the same keys; columns named in ``right`` are set flush right."""
    from rich.console import Console
    from rich.table import Table

    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for name in rows[0]:
        table.add_column(name.replace("_", " "), justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if v is None else str(v) for v in row.values()))
    Console().print(table)


def print_run(result: RunResult, period: str, as_json: bool) -> None:
    """The closing summary of a run: counts, findings, measures, cost, files, next command."""
    if as_json:
        print_json(
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
        print_rows("Cost", rows, frozenset({"seconds", "peak MB"}))
    for path in result.files:
        print(f"wrote {path}")
    again = " (published before; nothing was done)" if result.repeated else ""
    print(f"run {result.run_id} published{again}")
    _print_next(result)


def _print_summary(summary: Summary) -> None:
    rows = summary.rows
    print(
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
            "rupiah a month": rupiah(f["amount"]),
        }
        for f in summary.findings
    ]
    print_rows(
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
    print_rows("Targeting, whole province", measures, frozenset({"value"}))
    for check in summary.quality:
        print(f"checks {check['severity']} {check['outcome']}: {check['n']}")
    for notice in summary.notices:
        print(f"notice {notice['code']}: {notice['n']}")


def _print_next(result: RunResult) -> None:
    page = next((f / "quality.html" for f in result.files if (f / "quality.html").exists()), None)
    if page is not None:
        print(f"next: open {page} for what to ask the senders to fix")
    print("next: tepat explain ID tells the story of any finding, household or person")


_DECISIONS = {"pay": "pay", "hold": "hold", "reject": "reject", "counted": "list"}
_REFUSING = frozenset({"rows", "rupiah"})


def print_gate(screened: Screened, as_json: bool) -> None:
    """What became of a pay list: totals, reasons, checks, files, next command."""
    document = {k: v for k, v in screened.document.items() if k != "screened_moment"}
    if as_json:
        print_json({**document, "folder": str(screened.folder)})
        return
    sums = document["totals"]
    rows = [
        {"decision": word, "rows": f"{sums[k]['rows']:,}", "rupiah": rupiah(sums[k]["amount"])}
        for k, word in _DECISIONS.items()
    ]
    print_rows(f"{document['source_file']}, {document['period']}", rows, _REFUSING)
    reasons = [
        {"reason": r["reason"], "decision": r["decision"], "rows": f"{r['rows']:,}", "rupiah": rupiah(r["amount"])}
        for r in document["reasons"]
    ]
    print_rows("Reasons: a line may have several", reasons, _REFUSING)
    checks = [{"check": c["check"], "outcome": c["outcome"], "found": c["found"]} for c in document["checks"]]
    print_rows("Checks of the list", checks)
    print(f"wrote {screened.folder}")
    if document["locked"]:
        print("the lists open with TEPAT_PASSPHRASE only: tell it by another way than the files")
    print(f"{screened.gate_id}: {screened.result}")
    print(f"next: tepat approve {screened.gate_id} --role checker --as NAME")


def print_document(document: dict[str, Any], as_json: bool) -> None:
    """A small result: as JSON, or as lines."""
    if as_json:
        print_json(document)
    else:
        print_tree(str(document.get("gate_id", "")), document)


def print_worklists(document: dict[str, Any], as_json: bool) -> None:
    """What the month did to the cases, and a line a TKSK."""
    if as_json:
        print_json(document)
        return
    counts = {**document["cases"], **{f"answers {k}": v for k, v in document["answers"].items()}}
    print(", ".join(f"{k.replace('_', ' ')} {v:,}" for k, v in counts.items() if v) or "cases as they were")
    rows = [
        {"kecamatan": r["kecamatan"], "officer": r["officer"] or "-", "visits": r["visits"], "waiting": r["waiting"]}
        if r["queue"] == "tksk"
        else {"queue": r["queue"], "kabupaten": r["kabupaten"], "cases": r["visits"]}
        for r in document["lists"]
    ]
    print_rows(f"Worklists {document['period']}", rows, frozenset({"visits", "waiting", "cases"}))
    for notice in document["notices"]:
        say(f"notice: {notice}")
    print(f"wrote {document['folder']}")
    print("next: tepat outcomes FILE when files come back")


def print_comparison(document: dict[str, Any], files: list[str], as_json: bool) -> None:
    """Stocks of two months and what lies between them, by reason."""
    if as_json:
        print_json({**document, "files": files})
        return

    def place(row: dict[str, Any]) -> dict[str, str]:
        area = {} if document["by"] is None else {document["by"]: row["area_name"]}
        return {"what": " ".join(filter(None, (row["subject"], row["part"]))), **area}

    stocks = [
        {**place(s), document["first"]: f"{s['before']:,}", "left": f"-{s['left']:,}",
         "stayed": f"{s['stayed']:,}", "came": f"+{s['came']:,}", document["second"]: f"{s['after']:,}"}
        for s in document["stocks"]
    ]  # fmt: skip
    print_rows(f"{document['first']} - left + came = {document['second']}", stocks,
               frozenset(stocks[0]) - {"what", str(document["by"])} if stocks else frozenset())  # fmt: skip
    for direction in ("left", "came"):
        flows = [
            {**place(f), "n": f"{f['n']:,}", "rupiah a month": rupiah(f["amount"]) if f["amount"] else "",
             "why": f["words"]}
            for f in document["flows"] if f["direction"] == direction
        ]  # fmt: skip
        print_rows(direction.capitalize(), flows, frozenset({"n", "rupiah a month"}))
    for file in files:
        print(f"wrote {file}")


def print_sample(document: dict[str, Any], as_json: bool) -> None:
    """A verification sample: the strata, their households and visits, what keeps visits from being made."""
    if as_json:
        print_json(document)
        return
    rows = [
        {"stratum": s["stratum"], "households": f"{s['households']:,}", "visits": f"{s['visits']:,}",
         "chance of a visit": f"{s['inclusion_probability']:.3f}"}
        for s in document["strata"]
    ]  # fmt: skip
    print_rows(f"Verification sample {document['period']}", rows, frozenset(rows[0]) - {"stratum"})
    for notice in document["notices"]:
        say(f"notice: {notice}")
    before = ", drawn before; nothing was changed" if document["drawn_before"] else ""
    print(f"{document['sample_id']}: {document['visits']:,} visits of {document['households']:,} households{before}")
    print(f"next: tepat worklist --period {document['period']}, which puts the visits on the lists")


def print_evaluation(document: dict[str, Any], files: list[str], as_json: bool) -> None:
    """How right the links of a month are: overall, by band or kecamatan, and what the figures do not cover."""
    if as_json:
        print_json({**document, "files": files})
        return

    def told(row: dict[str, Any], name: str) -> str:
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
    shown = areas or bands
    if shown:
        print_rows(
            "By kecamatan" if areas else "By probability", shown, frozenset(shown[0]) - {"probability", "kecamatan"}
        )
    if document["calibration_error"] is not None:
        print(f"calibration error {document['calibration_error']:.4f} (doubtful pairs, predicted against judged)")
    for note in document["notes"]:
        print(f"note: {note}")
    for path in files:
        print(f"wrote {path}")


def print_training(document: dict[str, Any], files: list[str], as_json: bool) -> None:
    """Weights that moved, old against new, and both on pairs that they were not learned from."""
    if as_json:
        print_json({**document, "files": files})
        return
    moved = [w for w in document["weights"] if abs(w["moved"]) >= 0.1]
    rows = [
        {"column": w["column"], "level": w["level"], "of": w["of"], "old": f"{w['old']:.6g}", "new": f"{w['new']:.6g}",
         "moved (bits)": f"{w['moved']:+.2f}"}
        for w in moved
    ]  # fmt: skip
    print_rows("Weights that moved by a tenth of a bit or more", rows, frozenset({"old", "new", "moved (bits)"}))
    print(f"{len(moved):,} of {len(document['weights']):,} weights; trained on {document['trained_on']}")
    for held in document["held_out"]:
        verdict = "WORSE" if held["worse"] else "not worse"
        print(
            f"{held['measure']}, {held['pairs']:,} held out: {held['old']:.4f} before, {held['new']:.4f} now: {verdict}"
        )
    for path in files:
        print(f"wrote {path}: in force from {document['since']} once it lies in the rules folder as identity-*.yaml")


def print_results(document: dict[str, Any], files: list[str], as_json: bool) -> None:
    """What visits found: estimates with interval and bounds, visits by what came of them, hit rates of findings."""
    if as_json:
        print_json({**document, "files": files})
        return
    for sample in dict.fromkeys(e["sample_id"] for e in document["estimates"]):
        mine = [e for e in document["estimates"] if e["sample_id"] == sample]
        rows = [
            {"what": e["definition"], "estimate (95 %)": _estimate(e),
             "silent leave open": _span(e["bound_low"], e["bound_high"]),
             "households": "-" if e["households"] is None else f"{e['households']:,.0f}"}
            for e in mine
        ]  # fmt: skip
        of = f" of kecamatan {mine[0]['restricted_to']}" if mine[0]["restricted_to"] else ""
        print_rows(f"{sample}{of}: {mine[0]['answered']:,} of {mine[0]['visits']:,} visits answered", rows,
                   frozenset(rows[0]) - {"what"})  # fmt: skip
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
        print_rows(f"Hit rates by {by}: right / (right + wrong)", hits, frozenset(hits[0]) - {"what", "note"})
    if document["hit_rates"]:
        print("these visits were chosen because they mattered: only a sample speaks for all findings")
    else:
        print("no finding has an answer from the field yet")
    for file in files:
        print(f"wrote {file}")


def _estimate(row: dict[str, Any]) -> str:
    return f"{_decimal(row['value'])} ({_span(row['ci_low'], row['ci_high'])})" if row["value"] is not None else "-"


def _note(hit: dict[str, Any]) -> str:
    floor = {"surely": "under the floor", "perhaps": "perhaps under the floor"}.get(hit["under_floor"] or "")
    return ", ".join(filter(None, ["few" if hit["few"] else "", floor]))


def _span(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{low:.3f}-{high:.3f}"


def print_outcomes(document: dict[str, Any], as_json: bool) -> None:
    """What became of answers: counts, refused rows, files."""
    if as_json:
        print_json(document)
        return
    for row in document["refusals"]:
        where = " · ".join(p for p in (row["source_file"], row["sheet"], f"row {row['row_number']}") if p)
        say(f"refused {where}: {row['why']}")
    words = ("applied", "already_applied", "blank", "refused", "judged", "waiting_for_decision", "changes_proposed")
    print(", ".join(f"{w.replace('_', ' ')} {document[w]:,}" for w in words))
    for path in document["files"]:
        print(f"wrote {path}")
    if document["waiting_for_decision"]:
        print("next: tepat decide CASE --as NAME, by somebody who did not answer it")


def print_review(document: dict[str, Any], as_json: bool) -> None:
    """What came of a review: counts, refused rows, the file to hand on."""
    if as_json:
        print_json(document)
        return
    for row in document.get("refusals", ()):
        say(f"refused {row['source_file']} · {row['sheet']} · row {row['row_number']}: {row['why']}")
    words = ("pairs", "applied", "already", "blank", "missing", "refused", "disputes", "left")
    counts = {w: document[w] for w in words if w in document}
    print(", ".join(f"{w} {n:,}" for w, n in counts.items()))
    if document.get("missing"):
        say("notice: rows were deleted from the file; those pairs stay open")
    if document.get("disputes"):
        say("notice: pairs that others judge otherwise count as unsure until a third person judges them")
    for file in document.get("files", ()):
        print(f"wrote {file}")
    if document.get("locked"):
        print("it opens with TEPAT_PASSPHRASE only: tell it by another way than the file")
    if document.get("files"):
        print(f"next: tepat review --period {document['period']} --as NAME --import FILE.xlsx when it comes back")
    if document.get("applied"):
        print(f"next: tepat run --period {document['period']}, so that they count")


RUPIAH_MEASURES = frozenset({"amount_leaked", "amount_to_close_gap"})


def print_measures(rows: list[dict[str, Any]]) -> None:
    """Measures, one table each: what it means stands above it, the bounds that the unknowns leave beside it."""
    for measure in dict.fromkeys((r["measure"], r["definition"]) for r in rows):
        show = rupiah if measure[0] in RUPIAH_MEASURES else _decimal
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
        print_rows(": ".join(measure), table, frozenset({"value", "at least", "at most"}))
    print("at least, at most: what the units that cannot be judged leave open. A list in full has no sampling error.")


def _decimal(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _count_or_share(value: float | None) -> str:
    return f"{value:,}" if isinstance(value, int) else _decimal(value)


def print_gaps(gaps: dict[str, list[dict[str, Any]]]) -> None:
    """What is not known, and what it does to each measure."""
    names = [n for n in gaps["programs"][0] if n != "program"] if gaps["programs"] else []
    rows = [
        {"what": n.replace("_", " "), **{r["program"]: _count_or_share(r[n]) for r in gaps["programs"]}} for n in names
    ]
    print_rows("Units that the data do not know enough of", rows, frozenset(r["program"] for r in gaps["programs"]))
    ranks = [r | {"share": _decimal(r["share"])} for r in gaps["ranks"]]
    ranks = [{k: "not said" if v is None else v for k, v in r.items()} for r in ranks]
    print_rows("Age of the desil: registry rows by the month their list speaks of", ranks, frozenset({"rows", "share"}))
    print_measures([r | {"area_name": "province", "breakdown": "all"} for r in gaps["effect"]])


def print_simulation(figures: list[dict[str, str]], document: dict[str, Any]) -> None:
    """Before and after for the whole province, who moves by kecamatan, and the values of a range."""
    for place in dict.fromkeys((f["program"], f["area"]) for f in figures if document["changes"]):
        table = [
            {"what": f["definition"], "before": f["before"], "after": f["after"], "left open": f["after_open"]}
            for f in figures if (f["program"], f["area"]) == place
        ]  # fmt: skip
        print_rows(f"What if: {', '.join(place)}", table, frozenset(table[0]) - {"what"})
    if document["changes"]:
        print("left open: what the units that cannot be judged leave of the figure after the change")
    areas = [
        {"program": t["program"], "kecamatan": t["area_name"], "enter": f"{t['enters']:,}", "leave": f"{t['leaves']:,}",
         "budget before": rupiah(t["budget_before"]), "after": rupiah(t["budget_after"])}
        for t in document["totals"] if t["area_level"] == "kecamatan" and t["enters"] + t["leaves"]
    ]  # fmt: skip
    print_rows("Where units enter and leave", areas, frozenset({"enter", "leave", "budget before", "after"}))
    values = [
        {"program": r["program"], "value": r["value"], "eligible": f"{r['eligible']:,}", "budget": rupiah(r["budget"]),
         "unserved / eligible": _decimal(r["exclusion_error_rate"]),
         "served and ineligible / served": _decimal(r["inclusion_error_rate"])}
        for r in document["range"] or []
    ]  # fmt: skip
    print_rows("Over the values of the range", values, frozenset(values[0]) - {"program"} if values else frozenset())


def print_dedupe(summary: dict[str, Any], files: list[str], as_json: bool) -> None:
    """Who stands twice on a list: what was compared, counts, and the score where there is a truth."""
    if as_json:
        print_json(summary | {"files": files})
        return
    print_rows("Compared", summary["columns"])
    for column, why in summary["left_out"].items():
        print(f"left out: {column}: {why}")
    print(
        f"{summary['rows']:,} rows, {summary['persons']:,} persons; {summary['persons_with_several_rows']:,} of them"
        f" have several rows, {summary['rows_of_the_largest']:,} at most"
    )
    if summary["one_to_one"]:
        print("each list has everybody once, so a row has one partner at most")
    print(
        f"a match from probability {summary['cut']:.2f}; {summary['pairs_match']:,} pairs match,"
        f" {summary['pairs_possible']:,} are possible and left for you to judge"
    )
    if (score := summary["score"]) is not None:
        print(
            f"against the truth: precision {score['precision']:.5f}, recall {score['recall']:.5f}, F1 {score['f1']:.5f}"
            f" (pairs: {score['true_pairs']:,} true, {score['found_pairs']:,} found, {score['both']:,} both)"
        )
    for file in files:
        print(f"wrote {file}")


def print_verified(document: dict[str, Any], as_json: bool) -> None:
    """What was looked at, what could not be, and each difference with what it means."""
    if as_json:
        print_json(document)
        return
    print(", ".join(f"{what} {n:,}" for what, n in document["checked"].items()))
    for note in (*(f"not checked: {n}" for n in document["not_checked"]), *document["notes"]):
        print(note)
    for run_id in document["made_again"]:
        print(f"made again from its files: {run_id}")
    for means in dict.fromkeys(d["means"] for d in document["differences"]):
        print(f"\n{means[0].upper()}{means[1:]}:")
        for d in document["differences"]:
            if d["means"] == means:
                print(f"  {' '.join(filter(None, (d['table'], d['run_id'])))}: {d['what']}")
    count = len(document["differences"])
    print(f"\n{count} difference{'s' * (count > 1)}" if count else "all the same as it was written")
    print(
        f"head {document['head']}\nnote it: `tepat audit verify --head` tells later whether all of today is still there"
    )


def print_pack(document: dict[str, Any], as_json: bool) -> None:
    """Where the auditor's folder lies, and whether what it rests on is as it was written."""
    if as_json:
        print_json(document)
        return
    for difference in document["verification"]["differences"]:
        say(f"{difference['table']} {difference['run_id']}: {difference['what']}")
    print(f"wrote {len(document['files']) + 1} files to {document['folder']}")
    if document["locked"]:
        print("the workbook opens with TEPAT_PASSPHRASE only: tell it by another way than the files")
    print(f"verification: {document['verification']['result']}")


def print_purged(document: dict[str, Any], as_json: bool) -> None:
    """What was ended, or would be: rows by table and run, files, what the database weighs."""
    if as_json:
        print_json(document)
        return
    rows = [{k: e[k] for k in ("table", "run_id", "reason")} | {"rows": f"{e['rows']:,}"} for e in document["ended"]]
    print_rows("Would go" if document["dry_run"] else "Ended", rows, frozenset({"rows"}))
    for path in (*document["files"], *document["raw_files"]):
        print(f"{'would delete' if document['dry_run'] else 'deleted'} {path}")
    if not rows and not document["files"] and not document["raw_files"]:
        print("there is nothing to end")
    before, after = (document[f"database_bytes_{when}"] / 1e6 for when in ("before", "after"))
    if not document["dry_run"]:
        print(f"database {before:.1f} MB before, {after:.1f} MB after")
    else:
        print("nothing was changed: leave out --dry-run, and say --as NAME and --reason")


def print_sheet(sheet: dict[str, Any]) -> None:
    """How one sheet of a file was read."""
    print(
        f"{sheet['source_file']}  {sheet['sheet'] or '(no sheets)'}: {sheet['kind']}"
        f"{' / ' + sheet['program'] if sheet['program'] else ''}, header in row {sheet['header_row']}"
    )
    print_rows("Columns", [{"heading": h, "read as": c} for c, h in sheet["columns"].items()])
    counts = ", ".join(f"{k.removeprefix('rows_')} {v:,}" for k, v in sheet.items() if k.startswith("rows_"))
    print(f"rows: {counts}")
    if sheet["unknown_columns"]:
        print(f"not read: {', '.join(sheet['unknown_columns'])}")
    for problem in sheet["problems"]:
        say(str(problem))


def print_pairs(title: str, pairs: list[dict[str, Any]], lang: str) -> None:
    """Pairs of rows that were compared: a table each of what every column weighs, in bits."""
    from pipeline.look.numbers import Numbers, language
    from pipeline.look.pairs import PairWords

    words, numbers = PairWords(language(lang)), Numbers(language(lang))
    said = words.words["table"]
    print(title)
    if not pairs:
        print(said["none"])
    for pair in pairs:
        for side in "ab":
            print(pair.get(f"where_{side}") or pair[f"mention_id_{side}"])
        chance = f"{said['probability']} {numbers.percent(pair['probability'])}"
        head = [f"{said[pair['level']]}: {said[pair['decision']]}, {chance}", words.kept_apart(pair.get("comparison"))]
        steps = [(s.name, s.found, s.weight) for s in words.steps(pair.get("comparison"))]
        steps.append((said["all"], "", sum(w for _, _, w in steps)))
        rows = [
            {said["column"]: n, said["found"]: f, said["weight"]: numbers.decimal(w, 1)} for n, f, w in steps
        ]  # fmt: skip
        print_rows("; ".join(filter(None, head)), rows, frozenset({said["weight"]}))


def print_tree(title: str, document: Any) -> None:
    """Nested dicts and lists as a tree."""
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
                add(f"{key}: {_short(value)}")
    elif isinstance(node, list):
        for value in node:
            if isinstance(value, dict):
                plain = {k: v for k, v in value.items() if not isinstance(v, dict | list) and v not in (None, "")}
                branch = add("  ".join(f"{k}={_short(v)}" for k, v in plain.items()))
                _grow(branch.add, {k: v for k, v in value.items() if isinstance(v, dict | list)})
            else:
                add(str(value))


def _short(value: Any) -> Any:
    """Six digits after the point are enough to read: more look like the number of a person."""
    return round(value, 6) if isinstance(value, float) else value
