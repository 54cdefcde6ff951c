"""What people say of two households is what the run does; pairs of households are written down with their signs."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl

from pipeline.period import Period
from pipeline.resolve.engine import Resolved, resolve_rows
from pipeline.resolve.features import IDENTITY_COLUMNS, build_features
from pipeline.resolve.judgements import read_judgements
from pipeline.resolve.names import read_spelling
from pipeline.resolve.settings import read_settings
from tests.resolve.village import RULES, frame, nik, row

PERIOD = Period(2026, 9)
KK, OTHER = "7505101804150003", "7505102207230006"
HOME = {"rt": 2, "rw": 1, "address": "JL TIRTONADI NO 4"}


def person(name: str, year: int, sex: str) -> dict[str, Any]:
    born = date(year, 5, 14)
    return {"name": name, "birth_date": born, "sex": sex, "nik": nik(born, sex, 3)}


FATHER, MOTHER = person("ANWAR NENTO", 1960, "L"), person("ROSTIN DUDA", 1963, "P")
SON, WIFE = person("IDRIS NENTO", 1990, "L"), person("YULIN GOBEL", 1992, "P")


def resolved(rows: list[dict[str, Any]], said: list[tuple[int, int, str]]) -> tuple[dict[int, int], pl.DataFrame]:
    """Household of each row by its line, and the pairs of households between rows written by hand."""
    mentions = frame(rows).sort("mention_id")
    by_line = {r["row_number"]: r["fingerprint"] for r in rows}
    pairs = [(*sorted((by_line[a], by_line[b])), "household", word, None) for a, b, word in said]
    schema = {"fingerprint_a": pl.String, "fingerprint_b": pl.String, "level": pl.String, "judgement": pl.String}
    judged = pl.DataFrame(pairs, schema=schema | {"valid_until": pl.Date}, orient="row")
    features = build_features(mentions.select(IDENTITY_COLUMNS), read_spelling(RULES))
    families = read_judgements(judged, mentions["fingerprint"], PERIOD, "household")
    where = mentions.select("source_file", "sheet", "row_number")
    found: Resolved = resolve_rows(features, where, read_settings(RULES), None, families)
    lines = mentions["row_number"]
    homes = {n: int(h) for n, h in zip(lines, found.households, strict=True) if n < 1000}
    ties = found.ties.with_columns(a=lines.gather(found.ties["a"]), b=lines.gather(found.ties["b"]))
    return homes, ties.filter((pl.col("a") < 1000) & (pl.col("b") < 1000))


def why(ties: pl.DataFrame) -> dict[str, Any]:
    assert ties.height == 1
    told: dict[str, Any] = json.loads(ties["comparison"][0])
    return told


TWICE = [
    row("registry.csv", 1, relationship="head", no_kk=KK, **FATHER, **HOME),
    row("registry.csv", 2, relationship="spouse", no_kk=KK, **MOTHER, **HOME),
    row("registry2.csv", 3, relationship="head", no_kk=OTHER, **FATHER, **HOME),
    row("registry2.csv", 4, relationship="child", no_kk=OTHER, **SON, **HOME),
]
TWO_IN_ONE_HOUSE = [
    row("registry.csv", 1, relationship="head", no_kk=KK, **FATHER, **HOME),
    row("registry.csv", 2, relationship="spouse", no_kk=KK, **MOTHER, **HOME),
    row("registry.csv", 3, relationship="head", no_kk=OTHER, **SON, **HOME),
    row("registry.csv", 4, relationship="spouse", no_kk=OTHER, **WIFE, **HOME),
]


def test_a_family_number_issued_twice_is_written_down_as_one_household() -> None:
    homes, ties = resolved(TWICE, [])
    assert len(set(homes.values())) == 1
    assert ties["decision"].to_list() == ["match"]
    told = why(ties)
    assert told["head"]["level"] == "same"
    assert told["members"]["level"] == "1_of_2"


def test_numbers_that_people_say_are_two_households_are_two() -> None:
    homes, ties = resolved(TWICE, [(2, 4, "different")])
    assert homes[2] != homes[4]
    assert homes[1] == homes[3], "one person lives in one household"
    assert ties["decision"].to_list() != ["possible"]


def test_two_families_in_one_house_are_kept_apart_and_it_is_said_why() -> None:
    homes, ties = resolved(TWO_IN_ONE_HOUSE, [])
    assert homes[1] != homes[3]
    assert ties["decision"].to_list() == ["vetoed"]
    assert why(ties)["kept_apart"] == "two_families"


def test_two_families_that_people_say_are_one_household_are_one() -> None:
    homes, ties = resolved(TWO_IN_ONE_HOUSE, [(1, 3, "same")])
    assert len(set(homes.values())) == 1
    assert why(ties)["judged"] == "same"
    assert ties["decision"].to_list() == ["match"]


def test_a_slip_that_people_say_is_none_is_taken_back() -> None:
    rows = [
        row("registry.csv", 1, relationship="head", no_kk=KK, **FATHER, **HOME),
        row("registry.csv", 2, relationship="child", no_kk=KK, **SON, **HOME),
        row("registry.csv", 3, relationship="spouse", no_kk=KK[:4] + "9" + KK[5:], **MOTHER, **HOME),
    ]
    homes, ties = resolved(rows, [])
    assert len(set(homes.values())) == 1
    assert "put_right" in ties["comparison"][0]
    homes, ties = resolved(rows, [(1, 3, "different")])
    assert homes[1] == homes[2] != homes[3]
    assert why(ties)["kept_apart"] == "judged"
