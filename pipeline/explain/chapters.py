"""One query a chapter: what is published about some persons, households and findings in one period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline.explain.veil import opened_json
from pipeline.history import frame_of
from pipeline.privacy import mask_number
from pipeline.tables import MENTIONS

Row = dict[str, Any]

_WHO_AND_WHERE = {
    "mention_id", "source_file", "sheet", "row_number", "kind", "program", "fingerprint", "person_id", "household_id",
}  # fmt: skip
_WRITTEN = [c.name for c in MENTIONS.columns if c.name not in _WHO_AND_WHERE]
_NUMBERED = frozenset({"card", "account", "phone"})
"""Kinds of subject whose id is a number of a person."""
_UNKNOWN = {True: "true", False: "false", None: "unknown"}


def place(row: Row) -> str:
    """Where a row stands, as one would tell it: ``file · sheet · row 12``."""
    parts = [row["source_file"], row["sheet"], f"row {row['row_number']}"]
    return " · ".join(p for p in parts if p)


@dataclass(frozen=True)
class Month:
    """What one published run of a period knows; all chapters are taken from the ``latest`` views."""

    connection: duckdb.DuckDBPyConnection
    period: str
    reveal: bool

    def rows(self, query: str, **parameters: object) -> list[Row]:
        """A query with ``$period``, and the names in ``parameters``."""
        return frame_of(self.connection, query, {"period": self.period, **parameters}).to_dicts()

    def persons(self, persons: list[str]) -> list[Row]:
        """Golden records, with the rows each rests on and where each value came from."""
        mentions: dict[str, list[Row]] = {}
        places: dict[str, str] = {}
        for row in self.mentions(persons):
            places[row["mention_id"]] = row["where"]
            mentions.setdefault(row.pop("person_id"), []).append(row)
        told = []
        for row in self.rows(
            "select * exclude (run_id, period) from latest.persons "
            "where period = $period and list_contains($ids, person_id) order by person_id",
            ids=persons,
        ):
            origin = opened_json(row.pop("origin")) or {}
            sources: dict[str, list[str]] = {}  # by place, because a name like `nik` would be masked as a number
            for column, mention in sorted(origin.items()):
                sources.setdefault(places.get(mention, str(mention)), []).append(column)
            row["values_from"] = [{"where": w, "columns": ", ".join(c)} for w, c in sources.items()]
            told.append({**row, "mentions": mentions.get(row["person_id"], [])})
        return told

    def mentions(self, persons: list[str]) -> list[Row]:
        """Rows of the source files that speak of the persons: where each stands and what it says."""
        return [
            {
                "person_id": row["person_id"],
                "mention_id": row["mention_id"],
                "kind": row["kind"],
                "program": row["program"],
                "where": place(row),
                "written": {c: row[c] for c in _WRITTEN if row[c] is not None},
            }
            for row in self.rows(
                "select * from latest.mentions where period = $period and list_contains($ids, person_id) "
                "order by kind, program, source_file, sheet, row_number",
                ids=persons,
            )
        ]

    def households(self, households: list[str]) -> list[Row]:
        """The households themselves."""
        found = self.rows(
            "select * exclude (run_id, period) from latest.households "
            "where period = $period and list_contains($ids, household_id) order by household_id",
            ids=households,
        )
        return [{**row, "all_no_kk": opened_json(row["all_no_kk"])} for row in found]

    def eligibility(self, subjects: list[str]) -> list[Row]:
        """Program by program, rule by rule: true, false or unknown; and the facts that the rules saw."""
        facts = {
            (row["subject_kind"], row["subject_id"]): opened_json(row["facts"])
            for row in self.rows(
                "select subject_kind, subject_id, facts from latest.facts "
                "where period = $period and list_contains($ids, subject_id)",
                ids=subjects,
            )
        }
        told = []
        for row in self.rows(
            "select * exclude (run_id, period) from latest.eligibility "
            "where period = $period and list_contains($ids, subject_id) order by program, subject_kind, subject_id",
            ids=subjects,
        ):
            rules = opened_json(row.pop("rule_results")) or {}
            row["rules"] = {rule: _UNKNOWN.get(result, result) for rule, result in rules.items()}
            seen = facts.pop((row["subject_kind"], row["subject_id"]), None)  # once a unit is enough
            told.append(row if seen is None else {**row, "facts": seen})
        return told

    def benefits(self, subjects: list[str]) -> list[Row]:
        """Lines of recipients lists that pay the units or name the persons, in this and earlier months."""
        found = self.rows(
            "select b.period, b.program, b.subject_kind, b.subject_id, b.person_id, b.amount, m.source_file, m.sheet, "
            "m.row_number from latest.benefits b join latest.mentions m "
            "on b.period = m.period and b.mention_id = m.mention_id where b.period <= $period "
            "and (list_contains($ids, b.subject_id) or list_contains($ids, b.person_id)) "
            "order by b.period desc, b.program, m.source_file, m.sheet, m.row_number",
            ids=subjects,
        )
        return [_placed(row) for row in found]

    def findings(self, subjects: list[str], findings: list[str]) -> list[Row]:
        """Findings about the subjects, and those named, each with its evidence."""
        told = self.rows(
            "select * exclude (run_id, period) from latest.findings where period = $period "
            "and (list_contains($subjects, subject_id) or list_contains($findings, finding_id)) "
            "order by priority desc nulls last, finding_id",
            subjects=subjects,
            findings=findings,
        )
        evidence: dict[str, list[Row]] = {}
        for row in self.rows(
            "select finding_id, mention_id, source_file, sheet, row_number, fact from latest.finding_evidence "
            "where period = $period and list_contains($ids, finding_id) "
            "order by finding_id, source_file, sheet, row_number",
            ids=[row["finding_id"] for row in told],
        ):
            row["fact"] = opened_json(row["fact"])
            evidence.setdefault(row.pop("finding_id"), []).append(_placed(row))
        for row in told:
            if not self.reveal and row["subject_kind"] in _NUMBERED:
                row["subject_id"] = mask_number(row["subject_id"])
        return [{**row, "evidence": evidence.get(row["finding_id"], [])} for row in told]

    def matches(self, persons: list[str]) -> list[Row]:
        """Pairs that were compared and in which a row of the persons stands, with the weight of each column."""
        found = self.rows(
            "with own as (select mention_id from latest.mentions "
            "  where period = $period and list_contains($ids, person_id)), "
            "pairs as (select * from latest.match_pairs where period = $period and "
            "  (mention_id_a in (select mention_id from own) or mention_id_b in (select mention_id from own))), "
            "places as (select mention_id, "
            "  concat_ws(' · ', source_file, nullif(sheet, ''), 'row ' || row_number) as stands "
            "  from latest.mentions where period = $period and mention_id in "
            "  (select mention_id_a from pairs union select mention_id_b from pairs)) "
            "select p.level, p.decision, p.probability, p.mention_id_a, a.stands as where_a, p.mention_id_b, "
            "b.stands as where_b, p.comparison from pairs p left join places a on a.mention_id = p.mention_id_a "
            "left join places b on b.mention_id = p.mention_id_b order by p.level, p.mention_id_a, p.mention_id_b",
            ids=persons,
        )
        return [{**row, "comparison": opened_json(row["comparison"])} for row in found]

    def cases(self, subjects: list[str], case_id: str = "") -> list[Row]:
        """Cases about the subjects, and the one named, each with all that happened to it."""
        if not self.knows("case_events"):
            return []
        told = self.rows(
            "select * from audit.cases where $period is not null "
            "and (list_contains($subjects, subject_id) or case_id = $case_id) order by case_id",
            subjects=subjects,
            case_id=case_id,
        )
        events: dict[str, list[Row]] = {}
        for row in self.rows(
            'select case_id, "at", event, from_state, to_state, outcome, verdict, decision, officer, decided_by, '
            "actor, words, finding_key from audit.case_events where $period is not null "
            "and list_contains($ids, case_id) "
            'order by "at", case_id',
            ids=[row["case_id"] for row in told],
        ):
            events.setdefault(row.pop("case_id"), []).append(row)
        for row in told:
            row["finding_keys"], row["settled_keys"] = (
                opened_json(row["finding_keys"]),
                opened_json(row["settled_keys"]),
            )
            if not self.reveal and row["subject_kind"] in _NUMBERED:
                row["subject_id"] = mask_number(row["subject_id"])
        return [{**row, "events": events.get(row["case_id"], [])} for row in told]

    def knows(self, table: str) -> bool:
        """Whether the database has a table; one made by an earlier version may lack it."""
        return bool(
            self.rows(
                "select 1 as n from information_schema.tables where $period is not null "
                "and table_catalog = current_database() and table_schema = 'audit' and table_name = $name",
                name=table,
            )
        )

    def identity_events(self, ids: list[str]) -> list[Row]:
        """How the ids came about, in this and earlier months."""
        return self.rows(
            "select period, event, level, old_id, new_id, why from latest.identity_events where period <= $period "
            "and (list_contains($ids, old_id) or list_contains($ids, new_id)) order by period, event, old_id, new_id",
            ids=ids,
        )

    def months(self, subjects: list[str], findings: list[str]) -> list[Row]:
        """Findings about the subjects in all published months, and what became of them."""
        return self.rows(
            "select f.period, f.finding_type, f.reason, f.program, f.baseline_state, c.change, c.why, f.finding_key "
            "from latest.findings f left join latest.finding_changes c "
            "on f.period = c.period and f.finding_key = c.finding_key "
            "where $period is not null and (list_contains($subjects, f.subject_id) "
            "or list_contains($findings, f.finding_id)) order by f.period, f.finding_type, f.program, f.finding_key",
            subjects=subjects,
            findings=findings,
        )


def _placed(row: Row) -> Row:
    kept = {k: v for k, v in row.items() if k not in {"source_file", "sheet", "row_number"}}
    return {"where": place(row), **kept}
