"""Four eyes: who may sign a screening, and who may decide a line otherwise.

Belongs here: the rules of independence, each refused with its reason. A signature is bound to the bytes of the list:
they are hashed again before every signature and override, and a list that changed voids what was signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.errors import InputError, Problem, Refused
from pipeline.gate.gate_rules import Decision, read_gate_rules
from pipeline.gate.ledger import LIST_CHANGED, Ledger, effective, ledger, stamp
from pipeline.gate.outputs import FOLDER, refuse_changed_outputs, write_outputs
from pipeline.gate.page import read_page, write_page
from pipeline.gate.paylist import read_pay_list
from pipeline.gate.totals import desa_again, totals
from pipeline.ingest.folder import file_hash
from pipeline.outgoing import lock_of
from pipeline.period import Period
from pipeline.signers import same_person
from pipeline.tables import GATE_APPROVALS, GATE_EVENTS, GATE_OVERRIDES
from pipeline.whole import replace_files, staged_folder

CHECKER: Final = "checker"
APPROVER: Final = "approver"


def approve(
    out: Path,
    gate_id: str,
    role: str,
    person: str,
    *,
    comment: str = "",
    path: Path | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Sign a screening; it may be paid when checker and approver have signed.

    Args:
        out: folder of the database.
        gate_id: the screening.
        role: checker first, then approver.
        person: who signs.
        comment: free text.
        path: the list, where it no longer lies where it was screened.
        now: UTC; the clock by default.

    Returns:
        gate_id, ``complete`` and the signatures that count.

    Raises:
        InputError: no such screening, no name, or the list is not found.
        Refused: the list failed or has changed, was screened again, or this person may not sign.
    """
    signer = _named(person)
    if role not in (CHECKER, APPROVER):
        raise InputError(Problem("--role", f"{role!r} is no role", f"{CHECKER} or {APPROVER}"))
    with ledger(out) as book:
        batch = book.batch(gate_id)
        moment = stamp(book, (now or datetime.now(UTC)).replace(tzinfo=None), gate_id)
        _refuse_changed_list(book, batch, path, moment)
        _refuse_unsignable(book, batch, moment.date())
        _refuse_signer(book, batch, role, signer)
        _refuse_other_outputs(book, gate_id, out / FOLDER / gate_id, moment.date())
        with book.transaction():
            book.escalate(book.overdue(moment.date()), moment)
            row = {"gate_id": gate_id, "list_sha256": batch["list_sha256"], "role": role, "person": signer}
            book.add(GATE_APPROVALS, row | {"at": moment, "comment": comment or None})
            book.log("approve", gate_id, f"{role}: {signer}")
        signed = _signatures(book.approvals(gate_id))
    _show_signatures(out / FOLDER / gate_id, signed)
    roles = {s["role"] for s in signed}
    return {"gate_id": gate_id, "complete": {CHECKER, APPROVER} <= roles, "approvals": signed}


def override(
    out: Path,
    rules: Path,
    gate_id: str,
    row: int,
    to: str,
    *,
    person: str,
    reason: str,
    until: str,
    sheet: str | None = None,
    path: Path | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Decide a line otherwise, until a day; signatures given before are void, lists and page are written anew.

    Args:
        out: folder of the database.
        rules: rules folder, for reading the list again.
        gate_id: the screening.
        row: row number of the line.
        to: the decision.
        person: who decides; not who ran the gate.
        reason: why.
        until: last day on which it counts.
        sheet: name of the sheet, where several have such a row.
        path: the list, where it no longer lies where it was screened.
        now: UTC; the clock by default.

    Raises:
        InputError: no such screening or line, no name or reason, a day that has passed.
        Refused: the list has changed, was screened again, or this person may not decide.
    """
    lock = lock_of("the lists that are written anew")
    decider, decision, last_day = _named(person), _decision(to), _day(until)
    gate = read_gate_rules(rules)
    with ledger(out) as book:
        batch = book.batch(gate_id)
        moment = stamp(book, (now or datetime.now(UTC)).replace(tzinfo=None), gate_id)
        _check_override(reason, last_day, moment.date())
        _refuse_decider(batch, decider)
        _refuse_superseded(book, batch)
        where = _refuse_changed_list(book, batch, path, moment)
        results = book.results(gate_id)
        line = _line(effective(results, book.overrides(gate_id), moment.date()), row, sheet, decision)
        entry = {
            "gate_id": gate_id, "sheet": line["sheet"], "row_number": row, "at": moment,
            "from_decision": line["decision"], "to_decision": str(decision),
            "person": decider, "reason": reason.strip(),
            "valid_until": last_day,
        }  # fmt: skip
        pay = read_pay_list(where, Period.parse(batch["period"]), rules, None)
        folder = out / FOLDER / gate_id
        with staged_folder(folder) as staging:
            with book.transaction():
                book.add(GATE_OVERRIDES, entry)
                subject = " ".join(filter(None, [gate_id, line["sheet"], str(row)]))
                book.log("override", subject, f"{decider}: {reason.strip()}")
                book.log("export", f"{FOLDER}/{gate_id}", "lists written anew")
                book.escalate(book.overdue(moment.date()), moment)
                now_so = effective(results, book.overrides(gate_id), moment.date())
                document = read_page(folder) | {"approvals": [], "totals": totals(now_so)}
                document["desa"] = desa_again(document["desa"], now_so)
                document["overrides"] = int(now_so["override_by"].is_not_null().sum())
                document["result"] = _result(document)
                write_outputs(pay, now_so, document, gate, staging, lock)
            # the page names the hashes of the lists: killed before it is there, nothing is signed on the rest
            replace_files(staging, folder, old=[path for path in folder.iterdir() if path.is_file()], last="summary")
    return {**entry, "at": str(moment), "valid_until": str(last_day), "totals": document["totals"]}


# ------------------------------------------------------------------ what is refused


def _named(person: str) -> str:
    name = " ".join(person.split())
    if not name:
        raise InputError(Problem("--as", "no name", "the name of the person who decides"))
    return name


def _decision(text: str) -> Decision:
    try:
        return Decision(text.strip().lower())
    except ValueError:
        raise InputError(Problem("--to", f"{text!r} is no decision", ", ".join(Decision))) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(Problem("--until", f"{text!r} is no day", "YYYY-MM-DD")) from None


def _refuse_changed_list(book: Ledger, batch: Mapping[str, Any], path: Path | None, moment: datetime) -> Path:
    """The list, if its bytes are still those that were screened; else the change is recorded and refused."""
    where = path or Path(batch["list_path"])
    if not where.is_file():
        raise InputError(
            Problem(str(where), "the list that was screened is not there", todo="say where it is with --list")
        )
    if file_hash(where) == batch["list_sha256"]:
        return where
    with book.transaction():
        event = {"gate_id": batch["gate_id"], "event": LIST_CHANGED, "sheet": "", "row_number": 0, "at": moment}
        book.add(GATE_EVENTS, event | {"detail": f"another hash than {batch['list_sha256'][:12]}…"})
    raise Refused(
        Problem(
            where.name,
            f"the list is not the one that {batch['gate_id']} screened: what was signed is void",
            f"the bytes with SHA-256 {batch['list_sha256'][:12]}…",
            f"screen the list again: tepat gate {where.name} --period {batch['period']}",
        )
    )


def _refuse_other_outputs(book: Ledger, gate_id: str, folder: Path, today: date) -> None:
    """What is paid are the lists in the folder: they must be those of this screening and its overrides."""
    if not folder.is_dir():
        return
    document = read_page(folder)
    if totals(effective(book.results(gate_id), book.overrides(gate_id), today)) != document["totals"]:
        raise Refused(
            Problem(
                str(folder), "the lists were not written to the end after an override", todo="screen the list again"
            )
        )
    refuse_changed_outputs(document, folder)


def _refuse_superseded(book: Ledger, batch: Mapping[str, Any]) -> None:
    if (later := book.newer(batch)) is not None:
        raise Refused(Problem(batch["gate_id"], f"the list was screened again as {later}", todo=f"use {later}"))


def _refuse_unsignable(book: Ledger, batch: Mapping[str, Any], today: date) -> None:
    gate_id = batch["gate_id"]
    if batch["result"] == "fail":
        raise Refused(
            Problem(
                gate_id,
                "a check of the whole list failed: it must not be paid as it is",
                todo="ask for a list that adds up and screen it",
            )
        )
    _refuse_superseded(book, batch)
    expired = book.overrides(gate_id).filter(pl.col("valid_until") < today)
    if expired.height:
        rows = ", ".join(str(r) for r in expired["row_number"].head(5))
        raise Refused(
            Problem(
                gate_id,
                f"an override has expired (row {rows})",
                todo="decide the line anew with tepat override, or screen the list again",
            )
        )


def _refuse_signer(book: Ledger, batch: Mapping[str, Any], role: str, person: str) -> None:
    gate_id = batch["gate_id"]
    signed = _signatures(book.approvals(gate_id))
    if any(s["role"] == role for s in signed):
        raise Refused(Problem(gate_id, f"the {role} has signed already"))
    if any(same_person(s["person"], person) for s in signed):
        raise Refused(Problem(gate_id, f"{person} has signed already", "two different people"))
    if role == CHECKER:
        return
    if not signed:
        raise Refused(
            Problem(gate_id, "nobody has checked it yet", todo=f"tepat approve {gate_id} --role checker --as NAME")
        )
    if same_person(batch["screened_by"], person):
        raise Refused(Problem(gate_id, f"{person} ran the gate and cannot approve it", "another person"))
    if any(same_person(p, person) for p in book.overrides(gate_id)["person"]):
        raise Refused(Problem(gate_id, f"{person} has overridden a line and cannot approve the list", "another person"))


def _refuse_decider(batch: Mapping[str, Any], person: str) -> None:
    if same_person(batch["screened_by"], person):
        raise Refused(Problem(batch["gate_id"], f"{person} ran the gate and cannot override it", "another person"))


def _check_override(reason: str, until: date, today: date) -> None:
    if not reason.strip():
        raise InputError(Problem("--reason", "no reason", "why the line is decided otherwise"))
    if until < today:
        raise InputError(Problem("--until", f"{until} has passed", "a day to come: an override has an end"))


def _line(results: pl.DataFrame, row: int, sheet: str | None, to: Decision) -> dict[str, Any]:
    found = results.filter(pl.col("row_number") == row)
    if sheet is not None:
        found = found.filter(pl.col("sheet") == sheet)
    if found.height != 1:
        sheets = ", ".join(found["sheet"]) or "none"
        raise InputError(
            Problem(f"row {row}", f"{found.height} lines of the list are in that row", sheets, "say which with --sheet")
        )
    line = found.row(0, named=True)
    if line["decision"] == str(to):
        raise InputError(Problem(f"row {row}", f"the line is decided so already: {to}"))
    if to is Decision.PAY and line["amount"] is None:
        raise InputError(
            Problem(
                f"row {row}",
                "the line has no readable amount and cannot be paid",
                todo="mend the list and screen it again",
            )
        )
    return line


# ------------------------------------------------------------------ what is shown


def _signatures(approvals: pl.DataFrame) -> list[dict[str, Any]]:
    told = approvals.select("role", "person", "at", "comment").with_columns(
        pl.col("at").dt.strftime("%Y-%m-%d %H:%M:%S")
    )
    return told.to_dicts()


def _show_signatures(folder: Path, signed: list[dict[str, Any]]) -> None:
    if folder.is_dir():
        write_page(read_page(folder) | {"approvals": signed}, folder)


def _result(document: dict[str, Any]) -> str:
    if any(c["outcome"] == "fail" for c in document["checks"]):
        return "fail"
    sums = document["totals"]
    return "pass" if sums["pay"]["rows"] == sums["counted"]["rows"] else "pass_with_holds"
