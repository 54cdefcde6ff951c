"""A province: 77 kecamatan, 40,000 findings, in less than a minute."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline.database import DATABASE, opened
from pipeline.period import Period
from pipeline.publish.chain import append
from pipeline.publish.schema import PUBLISHED, content_columns, prepare
from pipeline.regions import Gazetteer, PlaceRules
from pipeline.tables import RUNS
from pipeline.worklist import make_worklists
from tests.cases.office import NOVEMBER, RULES

HOUSEHOLDS, FINDINGS = 350_000, 40_000
KINDS = [
    ("exclusion_error", "eligible_unserved", "pkh"),
    ("exclusion_error", "eligible_unserved", "sembako"),
    ("inclusion_error", "deceased", "sembako"),
    ("inclusion_error", "above_welfare_threshold", "pkh"),
    ("unverifiable", "not_in_registry", "blt_dd"),
    ("unclaimed_benefit", "no_transaction", "sembako"),
    ("duplicate_benefit", "same_household_twice", "pkh"),
    ("identity_problem", "invalid_nik", "pkh"),
]


def write_province(out: Path) -> int:
    """Publish such a month; the number of kecamatan."""
    gazetteer = Gazetteer(PlaceRules())
    desa = [
        d.code
        for kab in gazetteer.children("75")
        for kec in gazetteer.children(kab.code)
        for d in gazetteer.children(kec.code)
    ]
    kecamatan = sorted({d[:6] for d in desa})
    n = pl.int_range(HOUSEHOLDS, eager=True)
    place = pl.Series([desa[(i * 7919) % len(desa)] for i in range(HOUSEHOLDS)])
    homes = pl.DataFrame({"n": n, "desa_code": place}).with_columns(
        household_id=pl.format("H{}", "n"),
        head_person_id=pl.format("P{}", "n"),
        kecamatan_code=pl.col("desa_code").str.head(6),
        no_kk=pl.col("desa_code").str.head(6) + (pl.col("n") + 1_000_000_000).cast(pl.String),
        dusun=pl.format("DUSUN {}", pl.col("n") % 5),
        n_present=pl.lit(4),
    )
    people = homes.select(
        "household_id",
        "desa_code",
        "kecamatan_code",
        person_id="head_person_id",
        name=pl.format("WARGA {}", "n"),
        nik=pl.col("kecamatan_code") + (pl.col("n") + 3_000_000_000).cast(pl.String),
        alive=pl.lit(True),
    )
    mentions = people.select(
        "person_id",
        "household_id",
        "kecamatan_code",
        "desa_code",
        "name",
        mention_id="person_id",
        source_file=pl.lit("a"),
        sheet=pl.lit(""),
        row_number=pl.int_range(pl.len()),
        kind=pl.lit("registry"),
        fingerprint="person_id",
        address=pl.lit("JL. MAWAR"),
        rt=pl.lit(1),
    )
    roster = pl.DataFrame({"kecamatan_code": kecamatan}).select(
        "kecamatan_code",
        name=pl.format("TKSK {}", "kecamatan_code"),
        mention_id=pl.format("t{}", "kecamatan_code"),
        kind=pl.lit("tksk"),
        visits_per_month=pl.lit(30),
        source_file=pl.lit("t"),
        sheet=pl.lit(""),
        row_number=pl.int_range(pl.len()),
        fingerprint="kecamatan_code",
    )
    kinds = pl.DataFrame(KINDS, schema=["finding_type", "reason", "program"], orient="row").with_row_index("k")
    found = homes.head(FINDINGS // 3 * 2).select("household_id", "desa_code", "kecamatan_code")
    found = (
        pl.concat([found, found.head(FINDINGS - found.height)])
        .with_row_index("i")
        .with_columns(k=(pl.col("i") * 5 + pl.col("i") // 7) % len(KINDS))
    )
    found = found.join(kinds, on="k").with_columns(
        finding_id=pl.format("F{}", "i"),
        finding_key=pl.format("key{}", "i"),
        subject_kind=pl.lit("household"),
        subject_id="household_id",
        severity=pl.lit("high"),
        confidence=pl.lit(0.8),
        amount=(pl.col("i") % 9 + 1) * 75_000,
        priority=(pl.col("i") % 100).cast(pl.Float64),
        baseline_state=pl.lit("new"),
        summary=pl.lit("x"),
    )
    facts = homes.select(
        subject_kind=pl.lit("household"),
        subject_id="household_id",
        facts=pl.format('{{"n_elderly":{},"n_present":4}}', pl.col("n") % 3),
    )
    out.mkdir()
    with opened(out / DATABASE, read_only=False) as connection:
        prepare(connection)
        for name, frame in (
            ("households", homes),
            ("persons", people),
            ("facts", facts),
            ("findings", found),
            ("mentions", pl.concat([mentions, roster], how="diagonal")),
        ):
            _insert(connection, name, frame)
        append(connection, RUNS, {"run_id": "2026-10-p", "period": "2026-10", "status": "published"})
        connection.execute("checkpoint")
    return len(kecamatan)


def _insert(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    names = [c for c in content_columns(PUBLISHED[name]) if c in frame.columns]
    connection.register("rows", frame.select(names).to_arrow())
    columns = ", ".join(f'"{c}"' for c in names)
    connection.execute(f"insert into audit.{name} (run_id, {columns}) select '2026-10-p', {columns} from rows")
    connection.unregister("rows")


@pytest.mark.nightly
def test_worklists_of_a_province(tmp_path: Path) -> None:
    kecamatan = write_province(tmp_path / "out")
    assert kecamatan == 77
    for least_opened in (20_000, 0):
        began = time.process_time()
        made = make_worklists(tmp_path / "out", Period(2026, 10), RULES, now=NOVEMBER, say=lambda _: None)
        spent = time.process_time() - began
        assert made.kept.opened >= least_opened
        assert [r["visits"] for r in made.lists] == [30] * 77
        assert spent < 60
