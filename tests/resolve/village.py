"""A small invented village for tests of identity: a background of ordinary families, and rows written by hand."""

from __future__ import annotations

import random
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.resolve.engine import Resolved, resolve_rows
from pipeline.resolve.features import IDENTITY_COLUMNS, build_features
from pipeline.resolve.judgements import Judged
from pipeline.resolve.names import read_spelling
from pipeline.resolve.settings import read_settings
from pipeline.tables import MENTIONS

RULES = Path(__file__).resolve().parents[2] / "rules"
MEN = [
    "AHMAD",
    "ABDUL",
    "IWAN",
    "RAHMAT",
    "YUSUF",
    "IBRAHIM",
    "ISMAIL",
    "USMAN",
    "UMAR",
    "HASAN",
    "IDRIS",
    "RUSLI",
    "RIDWAN",
    "ARIFIN",
    "ANWAR",
    "KADIR",
    "SALEH",
]
WOMEN = [
    "SITI",
    "FATMAH",
    "NUR",
    "HADIJAH",
    "ASNA",
    "KARTINI",
    "MARYAM",
    "NURHAYATI",
    "RATNA",
    "ROSTIN",
    "HAPSA",
    "SALMA",
    "WARTIN",
    "YULIN",
    "FITRI",
    "SRI",
]
FAMILIES = [
    "LIHAWA",
    "PAKAYA",
    "KATILI",
    "DATAU",
    "NAPU",
    "ADAM",
    "MONOARFA",
    "BOTUTIHE",
    "HULOPI",
    "LAMUSU",
    "TULI",
    "GANI",
    "NAUE",
    "OLII",
    "UNO",
    "MOHUNE",
    "DAI",
]


def nik(born: date, sex: str, serial: int, region: str = "750116") -> str:
    """A possible NIK of somebody born that day."""
    day = born.day + (40 if sex == "P" else 0)
    return f"{region}{day:02d}{born.month:02d}{born.year % 100:02d}{serial:04d}"


def row(list_: str, line: int, **values: Any) -> dict[str, Any]:
    """One mention; ``nik``, ``no_kk``, ``name``, ``birth_date``, ``sex``… as cleaned by ingest."""
    kind = values.pop("kind", "registry" if list_.startswith("registry") else "recipients")
    digits, family = values.pop("nik", None), values.pop("no_kk", None)
    told = {
        "source_file": list_, "sheet": "", "row_number": line, "kind": kind,
        "mention_id": sha256(f"{list_}|{line}".encode()).hexdigest()[:16],
        "nik_digits": digits, "nik_status": _status(digits), "no_kk_digits": family, "no_kk_status": _status(family),
        "nik": digits if _status(digits) == "valid" else None, "no_kk": family if _status(family) == "valid" else None,
        "desa": "TOPI", "desa_code": "7505102001", "kecamatan_code": "750510", **values,
    }  # fmt: skip
    said = "|".join(str(told.get(c)) for c in ("nik_digits", "no_kk_digits", "name", "birth_date", "sex", "desa_code"))
    told["fingerprint"] = sha256(said.encode()).hexdigest()[:16]
    return told


def _status(digits: str | None) -> str:
    if digits is None:
        return "missing"
    return "lossy" if "?" in digits else "valid" if len(digits) == 16 else "invalid"


@cache
def background(families: int = 300, seed: int = 3) -> tuple[dict[str, Any], ...]:
    """Rows of ordinary families: all members in the registry, the wife on one list, everybody on another."""
    dice = random.Random(seed)  # noqa: S311 - not for secrets
    rows: list[dict[str, Any]] = []
    line = 0
    for f in range(families):
        issued = f"{dice.randint(1, 28):02d}{dice.randint(1, 12):02d}{dice.randint(10, 25):02d}"
        kk = f"750510{issued}{dice.randint(1, 9):04d}"
        clan = dice.choice(FAMILIES)
        home = {
            "rt": f % 9 + 1, "rw": f % 4 + 1, "address": f"JL MELATI NO {f}",
            "desa_code": f"75051020{f % 12 + 1:02d}", "no_kk": kk,
        }  # fmt: skip
        for k, role in enumerate(("head", "spouse", "child", "child")):
            sex = "LP"[k % 2]
            born = date(
                dice.randint(1950, 1990) if k < 2 else dice.randint(2005, 2020),
                dice.randint(1, 12),
                dice.randint(1, 28),
            )
            name = f"{dice.choice(MEN if sex == 'L' else WOMEN)} {dice.choice(MEN if sex == 'L' else WOMEN)} {clan}"
            number = nik(born, sex, dice.randint(1, 9))
            line += 1
            who = {"nik": number, "name": name, "birth_date": born, "sex": sex}
            rows.append(row("registry.csv", line + 1000, relationship=role, **who, **home))
            rows.append(row("pbi.csv", line + 1000, **who, no_kk=kk, desa_code=home["desa_code"]))
            if role == "spouse":
                rows.append(row("pkh.csv", line + 1000, **who, **home))
    return tuple(rows)


def frame(rows: list[dict[str, Any]], *, among: bool = True) -> pl.DataFrame:
    """Rows as a mentions frame, by default among the background families."""
    everything = [*(background() if among else ()), *rows]
    made = pl.DataFrame(everything, infer_schema_length=None, schema_overrides={"birth_date": pl.Date})
    return MENTIONS.conform(made)


def identify(mentions: pl.DataFrame, judged: Judged | None = None) -> tuple[pl.DataFrame, Resolved]:
    """source_file, row_number with ``person`` and ``household`` (numbers), and what was resolved."""
    ordered = mentions.sort("mention_id")
    features = build_features(ordered.select(IDENTITY_COLUMNS), read_spelling(RULES))
    where = ordered.select("source_file", "sheet", "row_number")
    found = resolve_rows(features, where, read_settings(RULES), judged)
    labels = ordered.select("mention_id", "source_file", "row_number").with_columns(
        pl.Series("person", found.persons), pl.Series("household", found.households)
    )
    return labels, found


def groups(mentions: pl.DataFrame, column: str = "person") -> dict[tuple[str, int], int]:
    """Person (or household) of each row written by hand, by list and line."""
    labels, _ = identify(mentions)
    return {(f, r): g for f, r, g in labels.select("source_file", "row_number", column).iter_rows() if r < 1000}
