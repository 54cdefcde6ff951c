"""A minimal consistent run, made from the declarations: ten mentions of made-up people."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import polars as pl

from pipeline.period import Period
from pipeline.publish import RunIdentity, publish
from pipeline.store import Store
from pipeline.tables import (
    BENEFITS,
    ELIGIBILITY,
    FACTS,
    FINDING_EVIDENCE,
    FINDINGS,
    HOUSEHOLDS,
    IDENTITY_EVENTS,
    MATCH_PAIRS,
    MENTION_IDS,
    MENTIONS,
    PERSONS,
    QUARANTINE,
    SOURCE_FILES,
    TABLES,
    TRANSACTIONS,
    Table,
)

PERIOD = Period(2026, 10)
STARTED = datetime(2026, 11, 1, 8, 0)
REGISTRY = "DTSEN_contoh.xlsx"
LIST = "PKH_contoh.csv"
CARDS = "Transaksi_contoh.csv"
NIK = "7501010503800001"
COMPARISON = {"name": {"level": "exact", "weight": 7.5}, "number": {"level": "exact", "weight": 20.1}}


def _mentions(n: int, name: str) -> pl.DataFrame:
    """``n`` registry rows, of which the first stands on the PKH list too."""
    registry = [
        {
            "mention_id": f"m{i:04d}",
            "source_file": REGISTRY,
            "sheet": "Kec. Asparaga",
            "row_number": 6 + i,
            "kind": "registry",
            "nik": f"75010105038{i:05d}" if i else NIK,
            "nik_status": "valid",
            "no_kk": f"75010101012{i // 3:05d}",
            "no_kk_status": "valid",
            "name_raw": f"{name} {i}",
            "name": f"{name} {i}",
            "birth_date": date(1980, 3, 5),
            "sex": "L",
            "desil": 2,
            "fingerprint": f"f{i:04d}",
        }
        for i in range(n)
    ]
    listed = registry[0] | {
        "mention_id": "p0000",
        "source_file": LIST,
        "sheet": "",
        "row_number": 2,
        "kind": "recipients",
        "program": "pkh",
        "amount": 225_000,
        "card_number": "6032981234567890",
        "active": True,
        "fingerprint": "f0000",
    }
    return MENTIONS.conform(pl.DataFrame([*registry, listed], infer_schema_length=None))


def _source_files(n: int) -> pl.DataFrame:
    def sheet(file: str, sheet: str, kind: str, accepted: int, quarantined: int) -> dict[str, object]:
        return {
            "file_id": f"file-{file}-{sheet}",
            "source_file": file,
            "sheet": sheet,
            "kind": kind,
            "sha256": "0" * 64,
            "rows_total": accepted + quarantined + 5,
            "rows_accepted": accepted,
            "rows_quarantined": quarantined,
            "rows_layout": 5,
        }

    return pl.DataFrame(
        [
            sheet(REGISTRY, "Kec. Asparaga", "registry", n, 1),
            sheet(REGISTRY, "REKAP", "none", 0, 0),
            sheet(LIST, "", "recipients", 1, 0),
            sheet(CARDS, "", "transactions", 2, 0),
        ]
    )


def _persons(n: int, name: str) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """One person a registry row, three persons a household."""
    ids = pl.DataFrame(
        {
            "mention_id": [f"m{i:04d}" for i in range(n)] + ["p0000"],
            "person_id": [f"P{i:04d}" for i in range(n)] + ["P0000"],
            "household_id": [f"H{i // 3:04d}" for i in range(n)] + ["H0000"],
        }
    )
    persons = pl.DataFrame(
        {
            "person_id": [f"P{i:04d}" for i in range(n)],
            "household_id": [f"H{i // 3:04d}" for i in range(n)],
            "nik": [NIK] + [f"75010105038{i:05d}" for i in range(1, n)],
            "name": [f"{name} {i}" for i in range(n)],
            "alive": [i != 0 for i in range(n)],
            "n_mentions": [2] + [1] * (n - 1),
            "confidence": [0.99] * n,
        }
    )
    households = pl.DataFrame(
        {
            "household_id": sorted(set(ids["household_id"])),
            "no_kk": [f"75010101012{i:05d}" for i in range((n + 2) // 3)],
            "head_person_id": [f"P{3 * i:04d}" for i in range((n + 2) // 3)],
            "desil": [2] * ((n + 2) // 3),
            "kecamatan_code": ["750121"] * ((n + 2) // 3),
        }
    )
    return ids, persons, households


def _decisions() -> dict[Table, list[dict[str, object]]]:
    return {
        QUARANTINE: [
            {
                "source_file": REGISTRY,
                "sheet": "Kec. Asparaga",
                "row_number": 99,
                "reason": "no_identity",
                "raw": '{"NAMA": ""}',
            }
        ],
        TRANSACTIONS: [
            {
                "source_file": CARDS,
                "sheet": "",
                "row_number": row,
                "card_number": "6032981234567890",
                "transacted_at": datetime(2026, 10, 3, 9, row),
                "amount": 200_000,
                "agent_id": "A1",
            }
            for row in (2, 3)
        ],
        MATCH_PAIRS: [
            {
                "mention_id_a": "m0000",
                "mention_id_b": "p0000",
                "level": "person",
                "probability": 0.999,
                "decision": "match",
                "comparison": json.dumps(COMPARISON),
            }
        ],
        IDENTITY_EVENTS: [{"event": "minted", "level": "person", "old_id": "", "new_id": "P0000"}],
        FACTS: [{"subject_kind": "household", "subject_id": "H0000", "facts": '{"desil": 2}'}],
        BENEFITS: [
            {
                "mention_id": "p0000",
                "program": "pkh",
                "subject_kind": "household",
                "subject_id": "H0000",
                "person_id": "P0000",
                "household_id": "H0000",
                "amount": 225_000,
            }
        ],
        ELIGIBILITY: [
            {
                "program": "pkh",
                "subject_kind": "household",
                "subject_id": "H0000",
                "status": "eligible",
                "excluded_by": "",
                "served": True,
                "rule_results": '{"component": null, "desil": true}',
            }
        ],
        FINDINGS: [
            {
                "finding_id": "F0001",
                "finding_key": "K0001",
                "finding_type": "inclusion_error",
                "reason": "deceased",
                "program": "pkh",
                "subject_kind": "household",
                "subject_id": "H0000",
                "severity": "critical",
                "confidence": 0.9,
                "amount": 225_000,
                "summary": "Penerima tercatat meninggal.",
            }
        ],
        FINDING_EVIDENCE: [
            {
                "finding_id": "F0001",
                "mention_id": "p0000",
                "source_file": LIST,
                "sheet": "",
                "row_number": 2,
                "fact": f'{{"nik": "{NIK}"}}',
            }
        ],
    }


def write_stages(store: Store, *, persons: int = 9, name: str = "SITI") -> None:
    """All stage files of a small month: ``persons`` registry rows and one line of a PKH list."""
    ids, people, households = _persons(persons, name)
    frames: dict[str, pl.DataFrame] = {
        SOURCE_FILES.name: _source_files(persons),
        MENTIONS.name: _mentions(persons, name),
        MENTION_IDS.name: ids,
        PERSONS.name: people,
        HOUSEHOLDS.name: households,
    } | {t.name: pl.DataFrame(rows, infer_schema_length=None) for t, rows in _decisions().items()}
    for table in TABLES.values():
        store.write(table, table.conform(frames.get(table.name, table.empty())))


def month(out: Path, period: Period = PERIOD, *, persons: int = 9, name: str = "SITI") -> Store:
    """A store under ``out`` with all stage files of a small month."""
    store = Store(out / str(period))
    write_stages(store, persons=persons, name=name)
    return store


def publish_one(out: Path) -> None:
    """Publish a small month of the identity ``inputs-1``."""
    publish(month(out), out, identity(), started_at=STARTED, timings={}, say=silent)


def identity(inputs: str = "inputs-1", period: Period = PERIOD, previous: str | None = None) -> RunIdentity:
    """An identity that differs only in what is given."""
    return RunIdentity(
        period=str(period),
        inputs_hash=inputs,
        rules_hash="rules",
        judgements_hash="judgements",
        code_version="0+test",
        previous_run_id=previous,
        options='{"accept_smaller": false}',
    )


def silent(_: str) -> None:
    """Progress that nobody reads."""
