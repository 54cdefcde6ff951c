"""The scorer: 1 for a run that says the truth, less for one that does not."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.scenarios import SEPTEMBER, District
from tests.scoring import Rates, Score, score


def publish(out: Path, district: District, *, spoil: str = "") -> Path:
    """A database as if a run had found the truth, or all of it but one thing."""
    truth = {
        t: district.truth(t, SEPTEMBER) for t in ("mentions", "expected_quarantine", "findings", "measures", "gate")
    }
    mentions = truth["mentions"].with_columns(
        person_id=pl.concat_str(pl.lit("run-"), "true_person_id"),
        household_id=pl.when(pl.col("true_household_id") != "").then(
            pl.concat_str(pl.lit("run-"), "true_household_id")
        ),
    )
    if spoil == "person":
        mentions = mentions.with_columns(person_id=pl.concat_str("person_id", pl.col("row_number") % 2))
    subject = pl.when(pl.col("subject_kind").is_in(["person", "household", "companion"])).then(
        pl.concat_str(pl.lit("run-"), "true_subject_id")
    ).otherwise("true_subject_id")  # fmt: skip
    findings = truth["findings"].with_columns(subject_id=subject)
    if spoil == "findings":
        findings = findings.filter(pl.col("finding_type") != "exclusion_error")
    counts = district.truth("rows", SEPTEMBER).join(
        district.truth("layout_rows", SEPTEMBER), on=["source_file", "sheet"]
    )
    files = counts.select(
        "source_file", "sheet", rows_total="rows_nonempty",
        rows_accepted=pl.col("rows_nonempty") - pl.col("layout_rows"),
        rows_quarantined=pl.lit(0 if spoil != "rows" else 1), rows_layout="layout_rows",
    )  # fmt: skip
    measures = truth["measures"].with_columns(pl.col("value").cast(pl.Float64), breakdown=pl.lit("all"))
    gate = truth["gate"].with_columns(decided_at=pl.lit("2026-09-30"))
    runs = pl.DataFrame({"run_id": ["r"], "period": ["2026-09"], "status": ["published"], "finished_at": [1]})
    with duckdb.connect(str(out / "tepat.duckdb")) as connection:
        connection.execute("create schema audit")
        for name, frame in {
            "runs": runs, "mentions": mentions, "quarantine": truth["expected_quarantine"], "findings": findings,
            "source_files": files, "measures": measures, "gate_results": gate,
        }.items():  # fmt: skip
            connection.register("made", frame.with_columns(run_id=pl.lit("r")))
            connection.execute(f"create table audit.{name} as select * from made")
    return out


def scored(out: Path, district: District, *, spoil: str = "") -> Score:
    return score(publish(out, district, spoil=spoil), district.truth_folder(SEPTEMBER))


def test_the_truth_scores_one_throughout(tmp_path: Path, district: District) -> None:
    got = scored(tmp_path, district)
    assert got.rows_conserved == 1.0
    for rates in (got.mentions, got.quarantine, got.persons, got.households, got.findings):
        assert rates.f1 == 1.0
    assert got.measures_error == pytest.approx(0.0, abs=1e-9)
    assert got.gate == 1.0


def test_persons_torn_in_two_lose_pairs_but_join_no_strangers(tmp_path: Path, district: District) -> None:
    got = scored(tmp_path, district, spoil="person")
    assert got.persons.precision == 1.0
    assert 0.2 < got.persons.recall < 0.8


def test_a_type_never_reported_has_no_recall(tmp_path: Path, district: District) -> None:
    got = scored(tmp_path, district, spoil="findings")
    assert got.by_type["exclusion_error"].recall == 0.0
    assert got.findings.precision == 1.0


def test_a_row_counted_twice_is_not_conserved(tmp_path: Path, district: District) -> None:
    assert scored(tmp_path, district, spoil="rows").rows_conserved == 0.0


def test_no_run_of_the_month_is_said_plainly(tmp_path: Path, district: District) -> None:
    publish(tmp_path, district)
    with pytest.raises(LookupError, match="2026-10"):
        score(tmp_path, district.truth_folder(SEPTEMBER).parent / "2026-10")


def test_rates_of_nothing_are_perfect() -> None:
    assert Rates(0, 0, 0).f1 == 1.0
    assert Rates(1, 1, 0).precision == 0.5
