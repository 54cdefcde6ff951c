"""The tables of the auditor's folder, asked of an open database. Numbers of persons are masked here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import polars as pl

from pipeline.audit.named_tests import AuditRules
from pipeline.history import frame_of
from pipeline.look.numbers import Language
from pipeline.measures import named
from pipeline.privacy import masked

WITH_PERSONS: Final = frozenset({"samples", "cases", "gates", "overrides", "approvals"})
"""Tables with personal data, also of those who decided."""

_FINDINGS = """
select f.*, c.case_id, c.state, c.outcome, c.decision, c.decided_by
from audit.findings f
left join (
    select case_id, state, outcome, decision, decided_by, unnest(
        cast(json_extract_string(finding_keys, '$[*]') as varchar[]) ||
        cast(json_extract_string(settled_keys, '$[*]') as varchar[])) as finding_key
    from audit.cases
) c on c.finding_key = f.finding_key
where f.run_id = $run_id order by f.finding_id
"""
_PEOPLE = """
select 'person' as subject_kind, person_id as subject_id, name, nik from audit.persons where run_id = $run_id
union all
select 'household', h.household_id, p.name, p.nik from audit.households h
left join audit.persons p on p.run_id = h.run_id and p.person_id = h.head_person_id where h.run_id = $run_id
"""
_ROWS = """
select finding_id, string_agg(distinct concat_ws(' ', source_file, nullif(sheet, ''), row_number), '; ') as found_in
from (select * from audit.finding_evidence where run_id = $run_id
      qualify row_number() over (partition by finding_id order by source_file, sheet, row_number) <= 5)
group by finding_id
"""
_GATES = "gate_id in (select gate_id from audit.gate_batches where period = $period)"
_ASKED: Final[Mapping[str, str]] = {
    "gates": """
        select b.* exclude (list_path), (select count(*) from audit.gate_overrides o where o.gate_id = b.gate_id)
            as overrides, (select count(*) from audit.gate_approvals a where a.gate_id = b.gate_id) as approvals
        from audit.gate_batches b where period = $period order by screened_at""",
    "gate_reasons": f"""
        select gate_id, decision, reasons, count(*) as n_rows, cast(sum(amount) as bigint) as amount
        from audit.gate_results where {_GATES} group by all order by all""",
    "overrides": f'select * from audit.gate_overrides where {_GATES} order by "at"',
    "approvals": f'select * from audit.gate_approvals where {_GATES} order by "at"',
    "measures": """
        select * exclude (run_id, breakdown, breakdown_value, ci_low, ci_high) from audit.measures
        where run_id = $run_id and breakdown = 'all' and area_level <> 'desa'
        order by measure, program, area_level, area_code""",
    "sources": """
        select source_file, sheet, kind, program, sha256, rows_total, rows_accepted, rows_quarantined, rows_layout
        from audit.source_files where run_id = $run_id order by source_file, sheet""",
    "runs": "select * exclude (manifest, timings) from audit.runs order by finished_at",
    "seals": 'select * from audit.seals order by "at"',
    "tombstones": 'select * exclude (gaps) from audit.tombstones order by "at", run_id, table_name',
}


@dataclass(frozen=True)
class Chosen:
    """What the folder is about."""

    run_id: str
    period: str
    seed: int
    lang: Language


def tables_of(connection: duckdb.DuckDBPyConnection, chosen: Chosen, rules: AuditRules) -> dict[str, pl.DataFrame]:
    """Name in ``words.yaml`` → table, as the auditor gets it."""
    findings = frame_of(connection, _FINDINGS, {"run_id": chosen.run_id})
    people = frame_of(connection, _PEOPLE, {"run_id": chosen.run_id})
    found_in = frame_of(connection, _ROWS, {"run_id": chosen.run_id})
    drawn = _drawn(connection, findings, chosen)
    told = drawn.join(people, on=["subject_kind", "subject_id"], how="left").join(found_in, on="finding_id", how="left")
    told = _with_places(told.with_columns(masked("nik"), subject_id=_shown_subject()))
    return {
        "tests": _tests(findings, rules, chosen.lang),
        "samples": _samples(told, rules, chosen.lang),
        "cases": _cases(connection, findings),
        **{name: _asked(connection, query, chosen) for name, query in _ASKED.items()},
        "digests": _digests(connection, chosen.run_id),
    }


def _asked(connection: duckdb.DuckDBPyConnection, query: str, chosen: Chosen) -> pl.DataFrame:
    values = {"run_id": chosen.run_id, "period": chosen.period}
    return frame_of(connection, query, {k: v for k, v in values.items() if f"${k}" in query})


def _drawn(connection: duckdb.DuckDBPyConnection, findings: pl.DataFrame, chosen: Chosen) -> pl.DataFrame:
    """Findings in the order in which they are drawn: that of the hash of seed and id, the same everywhere."""
    order = frame_of(
        connection,
        "select finding_id, md5($seed || finding_id) as turn from audit.findings where run_id = $run_id",
        {"seed": str(chosen.seed), "run_id": chosen.run_id},
    )
    return findings.join(order, on="finding_id").sort("turn", "finding_id")


def _shown_subject() -> pl.Expr:
    """An account, card or phone is its own id, and masked however short."""
    number = pl.col("subject_kind").is_in(["account", "card", "phone", "agent"])
    return pl.when(number).then(masked("subject_id")).otherwise("subject_id")


def _tests(findings: pl.DataFrame, rules: AuditRules, lang: Language) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for test in rules.tests:
        mine = findings.filter(test.chosen).unique("finding_id")
        rows.append({"test": getattr(test.name, lang), "asks": getattr(test.asks, lang), **_counted(mine)})
    whole = {"id": "Semua temuan, masing-masing sekali", "en": "All findings, each once"}[lang]
    rows.append({"test": whole, "asks": "", **_counted(findings.unique("finding_id"))})
    return pl.DataFrame(rows)


def _counted(findings: pl.DataFrame) -> dict[str, int]:
    return {
        "findings": findings.height,
        "amount": int(findings["amount"].sum() or 0),
        "new": findings.filter(pl.col("baseline_state") == "new").height,
        "in_cases": findings["case_id"].count(),
        "answered": findings["outcome"].count(),
        "decided": findings["decision"].count(),
    }


def _samples(told: pl.DataFrame, rules: AuditRules, lang: Language) -> pl.DataFrame:
    columns = [
        "finding_id", "program", "finding_type", "reason", "subject_kind", "subject_id", "name", "nik",
        "kecamatan", "desa", "amount", "confidence", "summary", "found_in", "case_id", "state", "outcome",
        "decision",
    ]  # fmt: skip
    parts = [
        told.filter(test.chosen).unique("finding_id", maintain_order=True).head(rules.sample)
        .select(pl.lit(getattr(test.name, lang)).alias("test"), pl.int_range(1, pl.len() + 1).alias("turn_drawn"),
                *columns)
        for test in rules.tests
    ]  # fmt: skip
    return pl.concat(parts)


def _cases(connection: duckdb.DuckDBPyConnection, findings: pl.DataFrame) -> pl.DataFrame:
    wanted = findings.filter(pl.col("case_id").is_not_null()).select("case_id", "finding_id", "amount")
    held = wanted.group_by("case_id").agg(
        findings=pl.col("finding_id").sort().str.join(" "), amount=pl.col("amount").sum()
    )
    cases = frame_of(
        connection,
        "select case_id, queue, kecamatan_code, desa_code, assigned_to, opened_at, due_at, state, outcome, officer, "
        "decision, decided_by, suppressed_until, times_reopened, updated_at from audit.cases order by case_id",
    )
    return _with_places(cases.join(held, on="case_id").sort("case_id"))


def _with_places(rows: pl.DataFrame) -> pl.DataFrame:
    """With the names of kecamatan and desa beside their codes."""
    return rows.with_columns(kecamatan=named(rows["kecamatan_code"]), desa=named(rows["desa_code"]))


def _digests(connection: duckdb.DuckDBPyConnection, run_id: str) -> pl.DataFrame:
    ((text,),) = connection.execute("select manifest from audit.runs where run_id = ?", [run_id]).fetchall()
    manifest = json.loads(text)
    rows = [{"table": n, "rows": e["rows"], "digest": e["digest"]} for n, e in sorted(manifest.items())]
    return pl.DataFrame(rows, schema={"table": pl.String, "rows": pl.Int64, "digest": pl.String})
