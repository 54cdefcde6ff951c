"""Published months written straight into a database, a row as short as can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.compare import Comparison, compare
from pipeline.database import opened
from pipeline.period import Period
from pipeline.publish.chain import append
from pipeline.publish.schema import PUBLISHED, content_columns
from pipeline.tables import RUNS
from pipeline.target.keys import digest, finding_key_text
from tests.publish.empty import database_in

TABONGO, BIAU = "750119", "750510"
Rows = Sequence[Mapping[str, Any]]


def person(person_id: str, home: str | None = None, **more: Any) -> dict[str, Any]:
    return {"person_id": person_id, "household_id": home, "alive": True, "moved_out": False, "kecamatan_code": TABONGO,
            "in_registry": True, **more}  # fmt: skip


def home(name: str, present: int = 2, desil: int | None = 2, **more: Any) -> dict[str, Any]:
    return {"household_id": name, "n_present": present, "desil": desil, "kecamatan_code": TABONGO,
            "in_registry": True, **more}  # fmt: skip


def unit(
    name: str, *, served: bool = True, status: str = "eligible", program: str = "pkh", **more: Any
) -> dict[str, Any]:
    return {"program": program, "subject_kind": "household", "subject_id": name, "status": status, "served": served,
            "excluded_by": "", "kecamatan_code": TABONGO, **more}  # fmt: skip


def line(name: str, recipient: str, amount: int = 300_000, program: str = "pkh") -> dict[str, Any]:
    return {"mention_id": f"{program}{name}{recipient}", "program": program, "subject_kind": "household",
            "subject_id": name, "person_id": recipient, "amount": amount, "kecamatan_code": TABONGO}  # fmt: skip


def key(subject: str, kind: str = "exclusion_error", reason: str = "eligible_unserved") -> str:
    row = pl.DataFrame({"finding_type": [kind], "program": ["pkh"], "subject_kind": ["household"],
                        "subject_id": [subject], "reason": [reason]})  # fmt: skip
    return str(digest(row, finding_key_text(), "key")["key"][0])


def finding(
    subject: str, kind: str = "exclusion_error", reason: str = "eligible_unserved", **more: Any
) -> dict[str, Any]:
    return {"finding_id": f"F{key(subject, kind, reason)}", "finding_key": key(subject, kind, reason),
            "finding_type": kind, "reason": reason, "program": "pkh", "subject_kind": "household",
            "subject_id": subject, "kecamatan_code": TABONGO, "amount": 100_000, **more}  # fmt: skip


def listed(kind: str = "registry", program: str | None = None, kecamatan: str | None = TABONGO) -> dict[str, Any]:
    return {"mention_id": f"{kind}{program}{kecamatan}", "source_file": "a.csv", "sheet": "", "row_number": 2,
            "kind": kind, "program": program, "kecamatan_code": kecamatan}  # fmt: skip


LISTS = (listed(), listed("recipients", "pkh"))


def publish(out: Path, period: str, **tables: Rows) -> str:
    """Publish a month; lists of everything are there unless ``mentions`` says otherwise."""
    run_id = f"{period}-{len(list(out.glob('*')))}"
    with opened(database_in(out), read_only=False) as connection:
        for name, rows in {"mentions": LISTS, **tables}.items():
            if not rows:
                continue
            columns = [c for c in content_columns(PUBLISHED[name]) if any(c in row for row in rows)]
            frame = pl.DataFrame([{c: row.get(c) for c in columns} for row in rows], infer_schema_length=None)
            connection.register("rows", frame.to_arrow())
            names = ", ".join(f'"{c}"' for c in columns)
            connection.execute(f"insert into audit.{name} (run_id, {names}) select '{run_id}', {names} from rows")
            connection.unregister("rows")
        append(connection, RUNS, {"run_id": run_id, "period": period, "status": "published"})
        connection.execute("checkpoint")
    return run_id


def moved(event: str, old: str, new: str, level: str = "household") -> dict[str, str]:
    return {"event": event, "level": level, "old_id": old, "new_id": new, "why": ""}


def between(out: Path, first: str = "2026-09", second: str = "2026-10", by: str | None = None) -> Comparison:
    return compare(out, Period.parse(first), Period.parse(second), by=by, say=lambda _: None)


def reasons(found: Comparison, subject: str, direction: str) -> dict[str, int]:
    rows = found.flows.filter(pl.col("subject") == subject, pl.col("direction") == direction)
    return dict(rows.group_by("reason").agg(pl.col("n").sum()).sort("reason").iter_rows())
