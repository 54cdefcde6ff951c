"""An office in a few lines: published months written straight into a database, and what comes back from the field.

Families ``H1`` … live in two desa of Tabongo; ``P1`` is the head of ``H1`` and ``P1b`` a member. Two findings are the
same where :func:`finding` says the same of the same subject, as in :mod:`pipeline.target`.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipeline.cases.book import case_book
from pipeline.cases.field_rules import FieldRules, read_field_rules
from pipeline.cases.keeping import Kept, keep
from pipeline.database import DATABASE, opened
from pipeline.history import newest_run
from pipeline.period import Period
from pipeline.publish.chain import append
from pipeline.publish.schema import PUBLISHED, content_columns
from pipeline.tables import RUNS
from pipeline.target.keys import digest, finding_key_text
from pipeline.target.taxonomy import read_taxonomy
from tests.asking import ask
from tests.publish.empty import database_in

RULES = Path(__file__).resolve().parents[2] / "rules"
KECAMATAN, TERATAI, MOTINELO = "750119", "7501192001", "7501192002"
OFFICER = "SITI HASAN"
NOVEMBER = datetime(2026, 11, 2, 8, 0)


_keys: dict[Found, str] = {}


def _learn_keys(found: Sequence[Found]) -> None:
    """The keys of findings, all in one query."""
    new = [f for f in dict.fromkeys(found) if f not in _keys]
    if new:
        rows = pl.DataFrame(
            {
                "finding_type": [f.type for f in new], "program": [f.program for f in new],
                "subject_kind": [f.kind for f in new], "subject_id": [f.subject for f in new],
                "reason": [f.reason for f in new],
            }
        )  # fmt: skip
        _keys.update(zip(new, digest(rows, finding_key_text(), "key")["key"].to_list(), strict=True))


@dataclass(frozen=True)
class Found:
    """A finding of a month."""

    type: str = "exclusion_error"
    reason: str = "eligible_unserved"
    program: str = "pkh"
    subject: str = "H1"
    kind: str = "household"
    amount: int = 300_000
    confidence: float = 0.8
    severity: str = "high"
    desa: str | None = TERATAI
    kecamatan: str | None = KECAMATAN
    evidence: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its finding_key."""
        _learn_keys([self])
        return _keys[self]


def deceased(subject: str = "H2", **other: Any) -> Found:
    """A dead recipient."""
    return Found(
        "inclusion_error", "deceased", "sembako", subject, **{"severity": "critical", "amount": 200_000, **other}
    )


@dataclass
class Office:
    """A database in ``out`` with the months published into it."""

    out: Path
    families: int = 6
    roster: Sequence[tuple[str, str, int | None]] = ((OFFICER, KECAMATAN, 4),)
    companions: Sequence[str] = ()
    """Persons on the companions list."""
    runs: int = field(default=0, init=False)

    def copied(self, out: Path) -> Office:
        """The same office in another folder."""
        shutil.copytree(self.out, out)
        other = replace(self, out=out)
        other.runs = self.runs
        return other

    @property
    def rules(self) -> FieldRules:
        """The rules as shipped."""
        return read_field_rules(RULES)

    def publish(
        self, period: str, found: Sequence[Found], *, gone: Sequence[tuple[Found, str, str]] = (),
        merged: Sequence[tuple[str, str]] = (), kinds: Sequence[str] = ("registry", "recipients", "deaths"),
        outcomes: Sequence[dict[str, Any]] = (), households: Sequence[str] | None = None,
        lives: Mapping[str, str] | None = None, called: Mapping[str, str] | None = None,
    ) -> str:  # fmt: skip
        """Publish a month; ``gone`` are findings with ``resolved`` or ``not_assessable`` and why, ``lives`` says of
        persons that they live in another household than is theirs, ``called`` that they have another id in the same
        rows. Gives the run id."""
        self.runs += 1
        _learn_keys(found)
        run_id = f"{period}-{self.runs:016x}"
        homes = list(households) if households is not None else [f"H{n}" for n in range(1, self.families + 1)]
        persons = {p["person_id"]: p for h in homes for p in self._persons(h)}
        for person_id, home in (lives or {}).items():
            (own,) = (p for p in self._persons(f"H{person_id[1:].rstrip('b')}") if p["person_id"] == person_id)
            persons[person_id] = own | {"household_id": home}
        for person_id, now in (called or {}).items():
            persons[person_id] |= {"person_id": now, "row": person_id}
        tables = {
            "households": [self._household(h) for h in homes],
            "persons": list(persons.values()),
            "mentions": self._mentions(persons, kinds),
            "facts": [
                {"subject_kind": "household", "subject_id": h, "facts": json.dumps({"n_elderly": int(h == "H5")})}
                for h in homes
            ],
            "findings": [self._finding(f, period) for f in found],
            "finding_evidence": [
                {
                    "finding_id": f"F{f.key}{period}", "mention_id": m, "source_file": "a.csv", "sheet": "",
                    "row_number": n, "fact": "{}",
                }
                for f in found for n, m in enumerate(f.evidence, 2)
            ],
            "finding_changes": [
                {"previous_run_id": "", "finding_key": f.key, "change": change, "why": why} for f, change, why in gone
            ],
            "identity_events": [
                {"event": "merged", "level": "household", "old_id": old, "new_id": new, "why": ""}
                for old, new in merged
            ],
            "outcomes": list(outcomes),
        }  # fmt: skip
        with opened(database_in(self.out), read_only=False) as connection:
            for name, rows in tables.items():
                self._insert(connection, name, run_id, rows)
            append(connection, RUNS, {"run_id": run_id, "period": period, "status": "published"})
            connection.execute("checkpoint")
        return run_id

    def keep(self, period: str, now: datetime = NOVEMBER) -> Kept:
        """Bring the cases in line with the newest run of a month."""
        with case_book(self.out) as book:
            run = newest_run(self.out, Period.parse(period), book.connection)
            assert run is not None
            return keep(book, run, self.rules, read_taxonomy(RULES), now)

    def ask(self, query: str) -> pl.DataFrame:
        """A query on the database."""
        return ask(self.out / DATABASE, query)

    def case(self, subject: str) -> dict[str, Any]:
        """The case of a subject."""
        found = self.ask(f"select * from audit.cases where subject_id = '{subject}'")
        assert found.height == 1, subject
        return found.row(0, named=True)

    def events(self, subject: str) -> list[str]:
        """What happened to the case of a subject, in order."""
        case_id = self.case(subject)["case_id"]
        return self.ask(f"select event from audit.case_events where case_id = '{case_id}' order by \"at\"")[
            "event"
        ].to_list()

    # ---------------------------------------------------------------- rows

    def _insert(
        self, connection: duckdb.DuckDBPyConnection, name: str, run_id: str, rows: list[dict[str, Any]]
    ) -> None:
        if not rows:
            return
        names = content_columns(PUBLISHED[name])
        extra = [c for c in names if c not in PUBLISHED[name].column]
        schema = {**PUBLISHED[name].schema, **dict.fromkeys(extra, pl.String())}
        frame = pl.DataFrame([{c: row.get(c) for c in names} for row in rows], schema={c: schema[c] for c in names})
        connection.register("rows", frame.to_arrow())
        columns = ", ".join(f'"{c}"' for c in names)
        connection.execute(f"insert into audit.{name} (run_id, {columns}) select '{run_id}', {columns} from rows")
        connection.unregister("rows")

    @staticmethod
    def _household(home: str) -> dict[str, Any]:
        number = int(home[1:])
        return {
            "household_id": home, "no_kk": f"75011910101{number:05d}", "head_person_id": f"P{number}", "desil": 2,
            "desa_code": TERATAI if number % 2 else MOTINELO, "kecamatan_code": KECAMATAN,
            "dusun": f"DUSUN {number % 3}", "in_registry": True, "n_members": 2, "n_present": 2,
        }  # fmt: skip

    @staticmethod
    def _persons(home: str) -> list[dict[str, Any]]:
        number = int(home[1:])
        return [
            {
                "person_id": f"P{number}{which}", "household_id": home, "nik": f"750119120380{number:03d}{n}",
                "name": f"{name} {number}", "birth_date": date(1980 + n, 3, 12), "sex": "L", "alive": True,
                "desa_code": TERATAI if number % 2 else MOTINELO, "kecamatan_code": KECAMATAN,
            }
            for n, (which, name) in enumerate((("", "KARIM"), ("b", "RAHMA")))
        ]  # fmt: skip

    def _mentions(self, persons: Mapping[str, dict[str, Any]], kinds: Sequence[str]) -> list[dict[str, Any]]:
        rows = [
            {
                "mention_id": f"m{person.get('row', person['person_id'])}", "source_file": "a.csv", "sheet": "",
                "row_number": n, "kind": "registry", "person_id": person["person_id"],
                "household_id": person["household_id"],
                "name": person["name"], "fingerprint": f"f{person['person_id']}", "kecamatan_code": KECAMATAN,
                "address": "JL. MAWAR" if person["desa_code"] == TERATAI else "JL. MELATI", "rt": 1,
                "desa_code": person["desa_code"],
            }
            for n, person in enumerate(persons.values(), 2)
        ]  # fmt: skip
        rows += [
            {"mention_id": f"k{kind}", "source_file": "b.csv", "sheet": "", "row_number": 2, "kind": kind, "program": p,
             "kecamatan_code": KECAMATAN, "fingerprint": kind}
            for kind in kinds for p in (("pkh", "sembako", "pbi_jkn") if kind == "recipients" else (None,))
        ]  # fmt: skip
        rows += [
            {"mention_id": f"t{n}", "source_file": "t.csv", "sheet": "", "row_number": n, "kind": "tksk", "name": name,
             "kecamatan_code": kecamatan, "visits_per_month": visits, "person_id": f"T{n}", "fingerprint": f"t{n}"}
            for n, (name, kecamatan, visits) in enumerate(self.roster, 2)
        ]  # fmt: skip
        rows += [
            {"mention_id": f"c{p}", "source_file": "c.csv", "sheet": "", "row_number": n, "kind": "companions",
             "person_id": p, "household_id": f"H{p[1:].rstrip('b')}", "fingerprint": f"f{p}"}
            for n, p in enumerate(self.companions, 2)
        ]  # fmt: skip
        return rows if "registry" in kinds else [r for r in rows if r["kind"] != "registry"]

    @staticmethod
    def _finding(found: Found, period: str) -> dict[str, Any]:
        return {
            "finding_id": f"F{found.key}{period}", "finding_key": found.key, "finding_type": found.type,
            "reason": found.reason, "program": found.program, "subject_kind": found.kind, "subject_id": found.subject,
            "kecamatan_code": found.kecamatan, "desa_code": found.desa, "severity": found.severity,
            "confidence": found.confidence, "amount": found.amount, "priority": found.amount / 10_000,
            "baseline_state": "new", "summary": found.reason,
        }  # fmt: skip


def typed(path: Path, rows: Sequence[dict[str, str]], *, title: str = "") -> Path:
    """A list as somebody types it: columns in the order of the first row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        if title:
            file.write(title + "\n")
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return path
