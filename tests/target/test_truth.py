"""With the true identities given, findings and measures of the two synthetic months come out exactly."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline import tables
from pipeline.ingest import ingest
from pipeline.misuse import screen
from pipeline.period import Period
from pipeline.resolve import golden
from pipeline.store import Store
from pipeline.target import target

pytestmark = pytest.mark.sample

WITHOUT_PROGRAM = ("card_misuse", "service_gap", "program_overlap")
ROW = ["source_file", "sheet", "row_number"]


def silent(_):
    """Tell nobody."""


@pytest.fixture(scope="module", params=["2026-09", "2026-10"])
def truth(request, sample, rules, tmp_path_factory):
    """A month whose persons and households are the true ones: its store, and the folder with the answers."""
    period = Period.parse(request.param)
    store = Store(tmp_path_factory.mktemp(request.param))
    ingest(sample / "raw" / request.param, store, period, rules, previous=None, say=silent)
    answers = sample / "truth" / request.param
    who = pl.read_csv(answers / "mentions.csv", infer_schema_length=0).select(
        "source_file",
        pl.col("sheet").fill_null(""),
        pl.col("row_number").cast(pl.Int64),
        person_id="true_person_id",
        household_id=pl.when(pl.col("true_household_id") != "").then("true_household_id"),
    )
    rows = store.read(tables.MENTIONS, [*golden.COLUMNS, *ROW]).sort("mention_id").join(who, on=ROW)
    store.write(tables.MENTION_IDS, rows.select(tables.MENTION_IDS.names))
    rows = rows.with_columns(own_nik="nik", own_kk="no_kk")
    sure = rows.select("person_id").unique().with_columns(confidence=pl.lit(1.0))
    people = golden.persons(rows, sure, period.last_day)
    store.write(tables.PERSONS, people)
    store.write(tables.HOUSEHOLDS, golden.households(rows, people))
    store.write(tables.IDENTITY_EVENTS, tables.IDENTITY_EVENTS.empty())
    screen(store, period, rules, say=silent)
    target(store, period, rules, previous=None, say=silent)
    return store, answers


def test_every_finding_is_found_and_none_is_invented(truth):
    store, answers = truth
    program = pl.when(pl.col("finding_type").is_in(WITHOUT_PROGRAM)).then(pl.lit("")).otherwise("program").fill_null("")
    expected = pl.read_csv(answers / "findings.csv", infer_schema_length=0).select(
        "finding_type", "reason", "optional", program=program, subject_id="true_subject_id"
    )
    key = ["finding_type", "reason", "program", "subject_id"]
    found = (
        store.read(tables.FINDINGS)
        .with_columns(pl.col("reason").str.split(","), program=program)
        .explode("reason")
        .select(key)
    )
    missed = expected.filter(pl.col("optional") == "0").join(found, on=key, how="anti")
    invented = found.join(expected, on=key, how="anti")
    assert missed.is_empty(), missed
    assert invented.is_empty(), invented


def test_every_measure_comes_out_exactly(truth):
    store, answers = truth
    key = ["measure", "program", "area_level", "area_code"]
    expected = pl.read_csv(answers / "measures.csv", infer_schema_length=0)
    measured = store.read(tables.MEASURES).filter(pl.col("breakdown") == "all")
    both = expected.join(measured, on=key, how="left", suffix="_found")
    for column in ("value", "numerator", "denominator"):
        wanted = both[column].cast(pl.Float64).to_list()
        assert both[f"{column}_found"].to_list() == pytest.approx(wanted, abs=1e-12)
