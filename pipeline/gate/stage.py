"""Screening a pay list: the steps in order.

Belongs here: from the file to decisions, tables and outputs, whole or not at all. Not here: any step itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.gate.decide import decide
from pipeline.gate.facts import Known, behind, known_of
from pipeline.gate.gate_rules import Decision, GateRules, read_gate_rules
from pipeline.gate.ledger import ledger
from pipeline.gate.outputs import FOLDER, write_outputs
from pipeline.gate.payees import payees_of
from pipeline.gate.paylist import PayList, read_pay_list
from pipeline.gate.totals import (
    Before,
    Checks,
    Declared,
    by_desa,
    by_reason,
    check_change,
    check_declared,
    check_lines,
    check_other_lists,
    check_period,
    check_sources,
    check_written_total,
    number,
    totals,
)
from pipeline.history import PublishedRun, judgements, previous_run, published_run
from pipeline.outgoing import lock_of
from pipeline.period import Period
from pipeline.publish.chain import actor
from pipeline.rulebook import rules_hash
from pipeline.tables import GATE_BATCHES, GATE_RESULTS
from pipeline.target.programs import Rules, load_rules
from pipeline.target.taxonomy import read_taxonomy
from pipeline.whole import replace_folder, staged_folder

Say = Callable[[str], None]


@dataclass(frozen=True)
class Screened:
    """What came of a screening; ``document`` is that of ``summary.json``, ``folder`` holds the lists and the page."""

    gate_id: str
    result: str
    document: dict[str, Any]
    folder: Path

    def as_dict(self) -> dict[str, Any]:
        """As one JSON document."""
        return {k: v for k, v in self.document.items() if k != "screened_moment"} | {"folder": str(self.folder)}


@dataclass(frozen=True)
class _Decided:
    """A list with its decisions, before it is written anywhere."""

    pay: PayList
    known: Known
    lines: pl.DataFrame
    run: PublishedRun

    @property
    def programs(self) -> list[str]:
        """Programs of the lines."""
        return sorted(self.lines["program"].drop_nulls().unique())


def screen(
    path: Path,
    period: Period,
    out: Path,
    rules: Path,
    *,
    program: str | None = None,
    declared: Declared = Declared(),  # noqa: B008 - frozen
    person: str | None = None,
    now: datetime | None = None,
    say: Say,
) -> Screened:
    """Screen a pay list against the newest published run of its month.

    Writes ``gate_batches``, ``gate_results`` and a line of the access log in one transaction, and under
    ``<out>/gate/<gate_id>/`` the three lists, ``summary.pdf`` and ``summary.json``.

    Args:
        path: the pay list.
        period: the month it is to be paid for.
        out: folder of the database.
        rules: rules folder.
        program: program of all lines; else the column, title or file name says it.
        declared: rows and rupiah that the sender declared.
        person: who screens; the user of the machine by default.
        now: UTC; the clock by default.
        say: progress, for standard error.

    Raises:
        InputError: no pay list, no published run of the month, or a purged one, no program: nothing is written.
        ConservationError: parts and whole differ.
        StorageError: the database is held by somebody else, or a key is set and no passphrase to lock the lists with.
    """
    lock = lock_of("the lists that the gate writes")
    moment = (now or datetime.now(UTC)).replace(tzinfo=None)
    run = published_run(out, period)
    run.require("persons", "households", "mentions", "eligibility")
    gate, programs = read_gate_rules(rules), load_rules(rules, period.last_day)
    say(f"reading {path.name}")
    decided = _decide(read_pay_list(path, period, rules, program), run, out, rules, gate, programs, say)
    say("control totals and lists")
    with ledger(out) as book:
        content = _content(decided.pay, run, rules, program, declared)
        gate_id = f"{content}-{book.screened_before(content) + 1}"
        before = book.month_before(period, decided.programs, previous_run(out, period, book.connection))
        overdue = book.overdue(moment.date())
        contents = decided.pay.contents
        others = book.on_other_lists(decided.lines, period, contents.path.name, contents.sha256)
        document = _document(decided, gate, declared, before, overdue, others)
        document |= _heading(gate_id, decided, period, programs, person or actor(), moment)
        results = _results(decided, gate, gate_id, moment)
        folder = out / FOLDER / gate_id
        document["hold_until"] = _first(results["hold_until"])
        with staged_folder(folder) as staging:
            write_outputs(decided.pay, results, document, gate, staging, lock)
            with book.transaction():
                book.add(GATE_BATCHES, _batch(document, path, rules))
                book.add(GATE_RESULTS, results.select(GATE_RESULTS.names))
                book.escalate(overdue, moment)
                book.log("run", gate_id, f"gate of {path.name}")
                book.log("export", f"{FOLDER}/{gate_id}", f"lists to pay, hold and reject of {path.name}")
                replace_folder(staging, folder)
    return Screened(gate_id, str(document["result"]), document, folder)


def _decide(
    pay: PayList, run: PublishedRun, out: Path, rules: Path, gate: GateRules, programs: Rules, say: Say
) -> _Decided:
    known_programs = {p.code for p in programs.programs}
    told = set(pay.lines["program"].drop_nulls())
    if not pay.lines.is_empty() and not told & known_programs:
        raise InputError(
            Problem(
                pay.path.name,
                f"the program of the list is not known ({', '.join(sorted(told)) or 'nothing says it'})",
                ", ".join(sorted(known_programs)),
                "say it with --program",
            )
        )
    say(f"{number(pay.rows)} lines; who they are")
    payees = payees_of(pay, run, rules, judgements(out, run.period))
    say("what is known of them")
    known = known_of(pay, payees, run, programs, gate, read_taxonomy(rules).name_mismatch_below)
    return _Decided(pay, known, decide(known.lines, gate), run)


def _content(pay: PayList, run: PublishedRun, rules: Path, program: str | None, declared: Declared) -> str:
    """What a screening depends on, as the beginning of its id."""
    parts = [
        pay.contents.sha256,
        run.run_id,
        rules_hash(rules, also="gate.yaml"),
        program,
        declared.rows,
        declared.amount,
    ]
    return "G" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def _heading(
    gate_id: str, decided: _Decided, period: Period, programs: Rules, person: str, moment: datetime
) -> dict[str, Any]:
    names = {p.code: p.name.id for p in programs.programs}
    return {
        "gate_id": gate_id,
        "run_id": decided.run.run_id,
        "period": str(period),
        "program": ",".join(decided.programs),
        "program_names": ", ".join(names.get(p, p) for p in decided.programs),
        "source_file": decided.pay.path.name,
        "list_sha256": decided.pay.contents.sha256,
        "screened_by": person,
        "screened_at": moment.isoformat(sep=" ", timespec="seconds"),
        "screened_moment": moment,
    }


def _document(
    decided: _Decided, gate: GateRules, declared: Declared, before: Before, overdue: pl.DataFrame, others: pl.DataFrame
) -> dict[str, Any]:
    lines = decided.lines
    sums = totals(lines)
    desa = by_desa(lines, before, gate.jump)
    checks = Checks(gate)
    check_period(checks, lines, decided.run.period)
    check_declared(checks, declared, sums["counted"])
    check_written_total(checks, decided.pay.written_totals, sums["counted"]["amount"])
    check_lines(checks, lines)
    check_change(checks, desa, before)
    check_other_lists(checks, others)
    check_sources(checks, decided.known.kinds)
    late = (
        f"{number(overdue.height)} baris ditahan lewat batas waktu, {number(int(overdue['amount'].sum() or 0))} rupiah"
    )
    checks.add("holds_overdue", overdue.is_empty(), late, "tepat override GATE_ID --row N")
    clean = sums["pay"]["rows"] == sums["counted"]["rows"]
    return {
        "result": "fail" if checks.failed else "pass" if clean else "pass_with_holds",
        "totals": sums,
        "declared": {"rows": declared.rows, "amount": declared.amount},
        "reasons": by_reason(lines, gate),
        "checks": checks.rows(),
        "desa": desa.to_dicts(),
        "compared_with": before.basis,
        "overdue": overdue.with_columns(pl.col("hold_until").cast(pl.String)).to_dicts(),
        "notices": decided.pay.notices.select("code", "message").unique(maintain_order=True).to_dicts(),
        "overrides": 0,
        "approvals": [],
    }


def _results(decided: _Decided, gate: GateRules, gate_id: str, moment: datetime) -> pl.DataFrame:
    """Rows of ``gate_results`` in file order."""
    days = {name: card.days for name, card in gate.card.items()}
    queues = {name: str(card.queue) for name, card in gate.card.items()}
    held = pl.col("decision") == str(Decision.HOLD)
    until = pl.lit(moment.date()) + pl.duration(
        days=pl.col("reason").replace_strict(days, default=None, return_dtype=pl.Int64)
    )
    queue = pl.col("reason").replace_strict(queues, default=None, return_dtype=pl.String)
    insider = pl.col("insider") & pl.col("reason").is_not_null()
    return behind(decided.lines, decided.known.findings).with_columns(
        pl.lit(gate_id).alias("gate_id"),
        reasons=pl.col("reasons").list.join(","),
        hold_until=pl.when(held).then(until),
        queue=pl.when(insider).then(pl.lit(str(gate.queue_of_insiders))).otherwise(queue),
        decided_at=pl.lit(moment),
    )


def _batch(document: dict[str, Any], path: Path, rules: Path) -> dict[str, Any]:
    sums = document["totals"]
    parts = {
        f"{what}_{part}": sums[part][what]
        for part in ("counted", "pay", "hold", "reject")
        for what in ("rows", "amount")
    }
    taken = ("gate_id", "run_id", "program", "period", "source_file", "list_sha256", "result", "screened_by")
    return (
        {k: document[k] for k in taken}
        | parts
        | {
            "list_path": str(path.resolve()),
            "rows_declared": document["declared"]["rows"],
            "amount_declared": document["declared"]["amount"],
            "checks": json.dumps(document["checks"], ensure_ascii=False, sort_keys=True),
            "rules_hash": rules_hash(rules, also="gate.yaml"),
            "screened_at": document.pop("screened_moment"),
        }
    )


def _first(days: pl.Series) -> str | None:
    first = days.drop_nulls().min()
    return None if first is None else str(first)
