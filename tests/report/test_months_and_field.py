"""What the report says once there is a month before, answers from the field and a screened pay list."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline.database import opened
from pipeline.report import report
from pipeline.report.stage import month_of

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
            'insert into audit.case_events (case_id, event, finding_key, verdict, "at", hash) '
            "values (?, 'finding_answered', ?, ?, ?, ?)",
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


def opened_cases(c: duckdb.DuckDBPyConnection) -> None:
    """Twenty cases of TKSK, eight of them 40 days old and late; six of the bank; a closed one, which is not open."""
    rows = [("tksk", "2026-11-20", "2026-12-20", "assigned")] * 12 + [("tksk", "2026-10-22", "2026-11-22", "new")] * 8
    rows += [("bank", "2026-11-25", None, "new")] * 6 + [("dukcapil", "2026-09-01", "2026-09-30", "closed")] * 7
    for n, (queue, at, due, state) in enumerate(rows):
        c.execute(
            "insert into audit.cases (case_id, queue, kecamatan_code, opened_at, due_at, state) "
            "values (?, ?, '750101', ?, ?, ?)",
            [f"K-C{n}", queue, at, due, state],
        )


def judged(c: duckdb.DuckDBPyConnection) -> None:
    """Every pair that the month left open is judged: all but the first are two people."""
    c.execute(
        'insert into audit.match_judgements (fingerprint_a, fingerprint_b, "at", judgement, "by", level) '
        "select least(a.fingerprint, b.fingerprint), greatest(a.fingerprint, b.fingerprint), "
        "timestamp '2030-01-01 10:00:00', case when row_number() over (order by p.probability desc) = 1 then 'same' "
        "else 'different' end, 'SITI', 'person' from audit.match_pairs p "
        "join audit.mentions a on a.run_id = p.run_id and a.mention_id = p.mention_id_a "
        "join audit.mentions b on b.run_id = p.run_id and b.mention_id = p.mention_id_b "
        "where p.run_id <> 'before' and p.level = 'person' and p.decision = 'possible'"
    )


VISITS = {"exclusion": (100, 10, 6, 3), "unflagged_poor": (50, 10, 9, 1), "unflagged_served": (30, 5, 5, 0)}
"""Band: households on the list, drawn, answered, of which lack aid."""


def sampled(c: duckdb.DuckDBPyConnection) -> None:
    """A sample of twenty-five households, of whom twenty answered; an earlier one, which is not the newest."""
    for sample, day in (("S-old", 1), ("S-new", 2)):
        for band, (size, drawn, answered, lacking) in VISITS.items():
            for n in range(drawn):
                key = f"{sample}-{band}-{n}"
                c.execute(
                    "insert into audit.samples (sample_id, period, restricted_to, stratum, band, stratum_size, "
                    "stratum_drawn, subject_kind, subject_id, finding_key, served, drawn_at) "
                    "values (?, ?, '', ?, ?, ?, ?, 'household', ?, ?, false, ?)",
                    [sample, PERIOD, f"{band}/7501", band, size, drawn, key, key, f"2026-11-0{day} 08:00:00"],
                )
                if sample == "S-new" and n < answered:
                    c.execute(
                        'insert into audit.case_events (case_id, event, finding_key, outcome, "at", hash) '
                        "values (?, 'finding_answered', ?, ?, '2026-11-20 09:00:00', ?)",
                        [f"K-{key}", key, "aid_missing" if n < lacking else "aid_right", f"h-{key}"],
                    )


@pytest.fixture(scope="module")
def made(published_district: Path, rules: Path, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("later")
    shutil.copy(published_district / "tepat.duckdb", out)
    shutil.copy(published_district / "tepat.duckdb", out / "tepat-readonly.duckdb")  # as old as the run: no cases
    with opened(out / "tepat.duckdb", read_only=False) as c:
        a_month_before(c)
        answers(c)
        screened(c)
        opened_cases(c)
        judged(c)
        sampled(c)
    return report(out, PERIOD, rules=rules, today=date(2026, 12, 1))


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


def test_with_the_report_of_the_month_before_nothing_hidden_is_told(
    published_district: Path, rules: Path, tmp_path: Path
) -> None:
    """What there was, less what is still there, is what was resolved: three findings, of whom nobody is to know."""
    shutil.copy(published_district / "tepat.duckdb", tmp_path)
    with opened(tmp_path / "tepat.duckdb", read_only=False) as c:
        a_month_before(c)
        c.execute("delete from audit.finding_changes where change = 'resolved' and why = 'x' and finding_key not in "
                  "(select finding_key from audit.finding_changes where why = 'x' order by 1 limit 3)")  # fmt: skip
        c.execute("delete from audit.findings where run_id <> 'before' and finding_key in "
                  "(select finding_key from audit.finding_changes where why = 'x')")  # fmt: skip
    month = month_of(tmp_path, PERIOD, rules=rules)
    assert month.before is not None
    now, before = month.cells, month.before.cells
    assert now.counts["gone", "", "exclusion_error", "resolved"] == 3
    for key in [k for k in now.counts if k[0] == "gone" and now[k] is None]:
        _, area, kind, _ = key
        there, still = ("found", area, kind, "all"), ("found", area, kind, "recurring")
        assert not (before.shown(there) and now.shown(still)), key


def test_a_month_before_whose_rows_were_ended_is_not_compared_with(
    published_district: Path, rules: Path, tmp_path: Path
) -> None:
    shutil.copy(published_district / "tepat.duckdb", tmp_path)
    with opened(tmp_path / "tepat.duckdb", read_only=False) as c:
        a_month_before(c)
        c.execute(
            'insert into audit.tombstones ("at", table_name, run_id, n_rows) '
            "values (now(), 'eligibility', 'before', 9)"
        )
    assert month_of(tmp_path, PERIOD, rules=rules).before is None


def test_the_newest_answer_to_each_finding_counts(made) -> None:
    (row,) = table(made, "field").to_dicts()
    assert (row["right"], row["wrong"], row["open"], row["all"]) == (8, 6, 0, 14)
    (rate,) = table(made, "hit_rates").to_dicts()
    assert rate["rate"] == pytest.approx(8 / 14, abs=1e-6)
    assert (rate["low"], rate["high"]) == pytest.approx((0.3259, 0.7862), abs=1e-4)  # Wilson of 8 of 14


def test_open_cases_by_who_acts_and_by_age(made) -> None:
    rows = {r["label"]: r for r in table(made, "cases").to_dicts()}
    assert set(rows) == {"TKSK", "Bank penyalur", "jumlah"}
    columns = ("fresh", "month", "two_months", "older", "all", "late")
    assert [rows["TKSK"][c] for c in columns] == [12, 0, 8, 0, 20, 8]
    assert [rows["jumlah"][c] for c in columns] == [18, 0, 8, 0, 26, 8]


def test_the_funnel_ends_with_those_paid_and_those_checked_in_the_field(made) -> None:
    """The fourteen answers are about households that are not served: nobody served has been checked."""
    rows = {r["step"]: r for r in table(made, "programs").to_dicts()}
    assert rows["Baris daftar bayar yang boleh dibayar"]["pkh"] == 80
    assert "Penerima yang sudah diperiksa di lapangan" not in rows


def test_served_are_checked_or_not(published_district: Path, rules: Path, tmp_path: Path) -> None:
    shutil.copy(published_district / "tepat.duckdb", tmp_path)
    with opened(tmp_path / "tepat.duckdb", read_only=False) as c:
        c.execute(
            'insert into audit.case_events (case_id, event, finding_key, verdict, "at", hash) '
            "select 'K', 'finding_answered', finding_key, case when program = 'blt_dd' then 'open' else 'right' end, "
            "now(), finding_key from audit.findings where finding_type = 'inclusion_error'"
        )
        expected = dict(
            c.execute(
                "select program, count(distinct subject_id) from audit.findings where finding_type = 'inclusion_error' "
                "group by 1"
            ).fetchall()
        )
    made = report(tmp_path, PERIOD, rules=rules)
    rows = {r["step"]: r for r in table(made, "programs").to_dicts()}
    checked, rest = rows["Penerima yang sudah diperiksa di lapangan"], rows["belum diperiksa"]
    compared = 0
    for program in ("pkh", "sembako", "pbi_jkn"):
        if checked[program] is not None:
            assert checked[program] == expected[program]
            assert checked[program] + rest[program] == rows["Menerima"][program]
            compared += 1
    assert compared
    assert checked["blt_dd"] == 0, "an answer that leaves it open has not checked it"


def test_what_was_judged_stands_beside_what_was_predicted(made) -> None:
    rows = table(made, "calibration")
    assert rows["judged"].sum() > 0
    for row in rows.to_dicts():
        assert 0 <= row["low"] <= row["share"] <= row["high"] <= 1
    with opened(made.folder.parents[1] / "tepat.duckdb", read_only=True) as c:
        expected = c.execute(
            """with pair as (
                 select p.probability, p.decision,
                        list_position([0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999],
                            list_last(list_filter([0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999], e -> e <= p.probability)))
                          as band
                 from audit.match_pairs p where p.run_id <> 'before' and p.level = 'person')
               select count(*), avg(probability), count(*) filter (decision = 'possible') from pair
               group by band having count(*) filter (decision = 'possible') > 0 order by band nulls first"""
        ).fetchall()
    shown = rows.select("pairs", "expected", "judged").rows()
    assert [(n, pytest.approx(p, abs=1e-6), j) for n, p, j in shown] == expected
    assert 'id="calibration-svg' in (made.folder / "report.html").read_text(encoding="utf-8")


def test_what_the_newest_sample_says_is_worked_out_again_from_its_visits(made) -> None:
    """Every household that answered stands for its stratum: 100 x 3/6 + 50 x 1/9 of 180 lack aid."""
    rows = {r["label"]: r for r in table(made, "sample").to_dicts()}
    lacking = {band: size * wrong / answered for band, (size, _, answered, wrong) in VISITS.items()}
    size = {band: counts[0] for band, counts in VISITS.items()}
    whole, flagged = sum(lacking.values()), lacking["exclusion"]
    expected = {
        "bagian dari semua keluarga": whole / sum(size.values()),
        "temuan yang benar": flagged / size["exclusion"],
        "kesalahan yang ditemukan": flagged / whole,
        "yang terlewat, di antara keluarga tanpa temuan": (whole - flagged) / (sum(size.values()) - size["exclusion"]),
    }
    for what, share in expected.items():
        row = rows[f"layak, belum menerima: {what}"]
        assert row["value"] == pytest.approx(share, abs=1e-6), what
        assert row["low"] < row["value"] < row["high"]
        assert (row["visits"], row["answered"]) == (25, 20)


def test_the_newest_screening_of_a_list_counts_and_adds_up(made) -> None:
    (row,) = table(made, "paid").to_dicts()
    assert row["rows_counted"] == row["rows_pay"] + row["rows_hold"] + row["rows_reject"] == 100
    assert row["rows_pay"] == 80
    assert row["amount_counted"] == row["amount_pay"] + row["amount_hold"] + row["amount_reject"]
