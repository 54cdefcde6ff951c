"""A month in a few lines: families, lists, and what the stage says of them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline import tables
from pipeline.misuse import screen
from pipeline.period import Period
from pipeline.rulebook import default_rules
from pipeline.store import Store
from pipeline.target import target

PERIOD = Period(2026, 9)
KECAMATAN, DESA = "750116", "7501162001"
HERE = {"kecamatan_code": KECAMATAN, "desa_code": DESA}


def born(age: int) -> date:
    """A date of birth of somebody of that age at the end of the period."""
    return date(2026 - age, 3, 5)


@dataclass
class Month:
    """Collects persons, households and rows of lists; ``run`` puts them through misuse and target."""

    folder: Path
    rules: Path = field(default_factory=default_rules)
    period: Period = PERIOD
    _persons: list[dict[str, Any]] = field(default_factory=list)
    _households: dict[str, dict[str, Any]] = field(default_factory=dict)
    _mentions: list[dict[str, Any]] = field(default_factory=list)
    _ids: list[dict[str, Any]] = field(default_factory=list)
    _transactions: list[dict[str, Any]] = field(default_factory=list)
    _events: list[dict[str, Any]] = field(default_factory=list)
    _row: Any = field(default_factory=lambda: itertools.count(2))

    def household(self, name: str, *members: str, desil: int | None = 2, registered: bool = True, **facts: Any) -> str:
        """A household of persons that were made with ``person``."""
        self._households[name] = {
            "household_id": name,
            "desil": desil if registered else None,
            "in_registry": registered,
            "kecamatan_code": KECAMATAN if registered else None,
            "desa_code": DESA if registered else None,
            "head_person_id": members[0] if members else None,
            "n_members": len(members),
            **facts,
        }
        for person in self._persons:
            if person["person_id"] in members:
                person["household_id"] = name
                person["in_registry"] = registered
                if registered:
                    self.row("registry", person["person_id"], desil=desil, **HERE, **person.pop("said"))
        return name

    def person(self, name: str, age: int | None = 40, sex: str | None = "L", **facts: Any) -> str:
        """A person; facts of the registry (``pregnant``, ``school_level``, ``disability`` …) stand on its row there."""
        own = {k: facts.pop(k) for k in ("alive", "moved_out", "confidence", "nik") if k in facts}
        said = {"school_level": "none", "disability": "none", "pregnant": None if sex == "L" else False} | facts
        self._persons.append(
            {
                "person_id": name, "name": name, "birth_date": None if age is None else born(age), "sex": sex,
                "birth_date_from": None if age is None else "written", "relationship": None, "alive": True,
                "moved_out": False, "in_registry": False, "confidence": 1.0, "household_id": None, "said": said, **own,
            }
        )  # fmt: skip
        return name

    def row(self, kind: str, person: str, **columns: Any) -> str:
        """A row of a list about a person."""
        number = next(self._row)
        mention_id = f"m{number:05d}"
        where = {"source_file": f"{kind}.csv", "sheet": "", "row_number": number}
        name = next((p["name"] for p in self._persons if p["person_id"] == person), person)
        self._mentions.append({"mention_id": mention_id, **where, "kind": kind, "name": name, **columns})
        self._ids.append({"mention_id": mention_id, "person_id": person})
        return mention_id

    def receives(self, program: str, person: str, **columns: Any) -> str:
        """A line on a recipients list."""
        listed = HERE | {"nik_status": "valid"} | columns
        return self.row("recipients", person, program=program, **listed)

    def uses(self, card: str, at: Any, **columns: Any) -> None:
        """A withdrawal with a card."""
        use = {
            "source_file": "t.csv", "sheet": "", "row_number": next(self._row), "card_number": card,
            "transacted_at": at, "amount": 200000, "agent_id": "AG1", "terminal_id": "T1", "channel": "agent",
            "transaction_type": "withdrawal",
        }  # fmt: skip
        self._transactions.append(use | columns)

    def merged(self, old: str, new: str) -> None:
        """Last month's person or household is part of another one now."""
        self._events.append({"event": "merged", "level": "household", "old_id": old, "new_id": new, "why": ""})

    def run(self, previous: Any = None) -> Month:
        """Put everything through the two stages; ``found`` and ``table`` read the results."""
        store = self.store
        persons = [{k: v for k, v in p.items() if k != "said"} for p in self._persons]
        home = {p["person_id"]: p["household_id"] for p in persons}
        ids = [i | {"household_id": home.get(i["person_id"])} for i in self._ids]
        for table, rows in (
            (tables.PERSONS, persons),
            (tables.HOUSEHOLDS, list(self._households.values())),
            (tables.MENTIONS, self._mentions),
            (tables.MENTION_IDS, ids),
            (tables.TRANSACTIONS, self._transactions),
            (tables.IDENTITY_EVENTS, self._events),
        ):
            known = {k: v for k, v in table.schema.items() if rows and any(k in r for r in rows)}
            store.write(table, pl.DataFrame(rows, schema_overrides=known) if rows else table.empty())
        screen(store, self.period, self.rules, say=lambda _: None)
        target(store, self.period, self.rules, previous=previous, say=lambda _: None)
        return self

    @property
    def store(self) -> Store:
        """Where the stage files are."""
        return Store(self.folder)

    def table(self, table: tables.Table) -> pl.DataFrame:
        """A table that was written."""
        return self.store.read(table)

    def found(self, finding_type: str) -> set[tuple[str, str, str]]:
        """Program, reason and subject of the findings of a type."""
        findings = self.table(tables.FINDINGS).filter(pl.col("finding_type") == finding_type)
        return set(findings.select("program", "reason", "subject_id").rows())

    def status(self, program: str, subject: str) -> str:
        """Status of a unit."""
        rows = self.table(tables.ELIGIBILITY).filter(pl.col("program") == program, pl.col("subject_id") == subject)
        return str(rows["status"].item())

    def rules_of(self, program: str, subject: str) -> dict[str, bool | None]:
        """What each rule says of a unit."""
        rows = self.table(tables.ELIGIBILITY).filter(pl.col("program") == program, pl.col("subject_id") == subject)
        return dict(json.loads(rows["rule_results"].item()))

    def measure(self, name: str, program: str, column: str = "value", level: str = "province") -> Any:
        """A measure of the whole province."""
        rows = self.table(tables.MEASURES).filter(
            pl.col("measure") == name,
            pl.col("program") == program,
            pl.col("area_level") == level,
            pl.col("breakdown") == "all",
        )
        return rows[column].item()


@pytest.fixture
def month(tmp_path: Path) -> Month:
    """An empty month."""
    return Month(tmp_path / "2026-09")


@pytest.fixture
def new_month(tmp_path: Path) -> Callable[..., Month]:
    """Makes empty months, each in a folder of its own."""
    numbers = itertools.count()
    return lambda **given: Month(tmp_path / str(next(numbers)), **given)
