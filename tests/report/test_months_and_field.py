"""What the report says once there is a month before, answers from the field and a screened pay list."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline.database import opened
from pipeline.report import report

PERIOD = "2026-10"


def a_month_before(c: duckdb.DuckDBPyConnection) -> None:
    """The same month once more, as the one before: everything is recurring then, and nothing has changed."""
    tables = c.execute(
        "select table_name from information_schema.columns where table_schema = 'audit' and column_name = 'run_id' "
        "and table_catalog = current_database() and table_name not in ('runs', 'case_events', 'gate_batches')"
    ).fetchall()
    for (table,) in tables:
        c.execute(f"insert into audit.{table} select * replace ('before' as run_id) from audit.{table}")
    c.execute(
        "insert into audit.runs select * replace ('before' as run_id, '2026-09' as period, null as previous_run_id, "
        "finished_at - interval 1 day as finished_at) from audit.runs"
    )
    c.execute("update audit.runs set previous_run_id = 'before' where run_id <> 'before'")
    c.execute("update audit.findings set baseline_state = 'recurring' where run_id <> 'before'")
    c.execute(
        "insert into audit.finding_changes (run_id, previous_run_id, finding_key, change, why) "
        "select r.run_id, 'before', f.finding_key, 'resolved', 'x' from audit.findings f, audit.runs r "
        "where f.run_id = 'before' and f.finding_type = 'exclusion_error' and r.run_id <> 'before' "
        "order by f.finding_key limit 9"
    )


def answers(c: duckdb.DuckDBPyConnection) -> None:
    """Fourteen findings answered, eight of them right; two were answered twice, the newest word counts."""
    keys = c.execute(
        "select distinct finding_key from audit.findings where finding_type = 'exclusion_error' order by 1 limit 14"
    ).fetchall()
    said = ["right"] * 8 + ["wrong"] * 6
    rows = [(k, v, f"2026-11-0{1 + i % 5} 10:00:00") for i, ((k,), v) in enumerate(zip(keys, said, strict=True))]
    rows += [(k, "open", "2026-10-30 09:00:00") for (k,) in keys[:2]]
    for n, (key, verdict, at) in enumerate(rows):
        c.execute(
            'insert into audit.case_events (case_id, event, finding_key, verdict, "at", period, hash) '
            "values (?, 'finding_answered', ?, ?, ?, '2026-10', ?)",
            [f"K-{n}", key, verdict, at, f"h{n}"],
        )


def screened(c: duckdb.DuckDBPyConnection) -> None:
    """A list screened twice: the newest counts."""
    for n, pay in enumerate((70, 80)):
        c.execute(
            "insert into audit.gate_batches (gate_id, period, program, list_sha256, rows_counted, rows_pay, rows_hold, "
            "rows_reject, amount_counted, amount_pay, amount_hold, amount_reject, screened_at) values "
            f"('G{n}', '2026-10', 'pkh', 'abc', 100, {pay}, {90 - pay}, 10, 1000, {pay * 10}, {900 - pay * 10}, 100, "
            f"'2026-11-0{n + 1} 10:00:00')"
        )


@pytest.fixture(scope="module")
def made(published_district: Path, rules: Path, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("later")
    shutil.copy(published_district / "tepat.duckdb", out)
    with opened(out / "tepat.duckdb", read_only=False) as c:
        a_month_before(c)
        answers(c)
        screened(c)
    return report(out, PERIOD, rules=rules)


def table(made, name: str) -> pl.DataFrame:
    return pl.read_csv(made.folder / "csv" / f"{name}.csv")


def test_what_changed_since_the_month_before(made) -> None:
    assert made.values["new"] == 0
    assert made.values["recurring"] == made.values["found"]
    assert made.values["resolved"] == 9
    for row in table(made, "changes").to_dicts():
        for name in ("served", "unserved", "wrong"):
            assert row[name] == row[f"{name}_before"]
    assert "September 2026</span>: " in (made.folder / "report.html").read_text(encoding="utf-8")


def test_the_newest_answer_to_each_finding_counts(made) -> None:
    (row,) = table(made, "field").to_dicts()
    assert (row["right"], row["wrong"], row["open"], row["all"]) == (8, 6, 0, 14)
    assert row["rate"] == pytest.approx(8 / 14, abs=1e-6)


def test_the_newest_screening_of_a_list_counts_and_adds_up(made) -> None:
    (row,) = table(made, "paid").to_dicts()
    assert row["rows_counted"] == row["rows_pay"] + row["rows_hold"] + row["rows_reject"] == 100
    assert row["rows_pay"] == 80
    assert row["amount_counted"] == row["amount_pay"] + row["amount_hold"] + row["amount_reject"]
