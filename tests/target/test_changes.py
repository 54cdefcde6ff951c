"""Last month's findings: what became of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import duckdb
import polars as pl
import pytest

from pipeline import tables
from pipeline.period import Period

AUGUST, SEPTEMBER = Period(2026, 8), Period(2026, 9)


@dataclass
class Published:
    """Stands for earlier published runs: the findings of some months, and who was merged into whom in them."""

    months: dict[Period, pl.DataFrame]
    merged: dict[Period, dict[str, str]] = field(default_factory=dict)
    apart: pl.DataFrame | None = None
    """Findings of a run that none of the months descends from: July, made again later."""

    @property
    def period(self):
        return max(self.months)

    @property
    def run_id(self):
        return f"run-{self.period}"

    def table(self, name, columns=None):
        frame = self.months[self.period] if name == "findings" else tables.TABLES[name].empty()
        return frame if columns is None else frame.select(columns)

    def sql(self, query, **parameters):
        with duckdb.connect() as connection:
            connection.execute("create schema audit")
            parts = [f.with_columns(run_id=pl.lit(f"run-{p}")) for p, f in self.months.items()]
            parts += [self.apart.with_columns(run_id=pl.lit("apart"))] if self.apart is not None else []
            connection.register("f", pl.concat(parts).to_arrow())
            connection.execute("create table audit.findings as select * from f")
            connection.execute("create table audit.identity_events (run_id text, event text, old_id text, new_id text)")
            for period, pairs in self.merged.items():
                for old, new in pairs.items():
                    event = [f"run-{period}", "merged", old, new]
                    connection.execute("insert into audit.identity_events values (?, ?, ?, ?)", event)
            connection.execute("create table audit.runs (run_id text, previous_run_id text, period text)")
            connection.execute("insert into audit.runs values ('apart', null, '2026-07')")
            before = None
            for period in sorted(self.months):
                connection.execute("insert into audit.runs values (?, ?, ?)", [f"run-{period}", before, str(period)])
                before = f"run-{period}"
            return pl.from_arrow(connection.execute(query, parameters or None).to_arrow_table())


def findings(month):
    return month.table(tables.FINDINGS)


def changes(month):
    return dict(month.table(tables.FINDING_CHANGES).select("finding_key", "change").rows())


def key(month, **wanted):
    rows = findings(month).filter(*(pl.col(k) == v for k, v in wanted.items()))
    return rows["finding_key"].item()


def poor(month, name="H", served=()):
    month.household(name, month.person(f"{name}1"), desil=1)
    for program in served:
        month.receives(program, f"{name}1")


@pytest.fixture
def august(new_month):
    """August: H gets nothing."""
    month = new_month(period=AUGUST)
    poor(month)
    return month.run()


def test_the_first_month_is_all_new_and_compares_with_nothing(august):
    assert set(findings(august)["baseline_state"]) == {"new"}
    assert august.table(tables.FINDING_CHANGES).is_empty()


def test_what_is_still_so_recurs_under_the_same_key(august, new_month):
    month = new_month()
    poor(month)
    month.run(previous=Published({AUGUST: findings(august)}))
    assert set(findings(month)["baseline_state"]) == {"recurring"}
    assert set(findings(month)["finding_key"]) == set(findings(august)["finding_key"])
    assert set(findings(month)["finding_id"]).isdisjoint(findings(august)["finding_id"])


def test_what_is_no_longer_so_is_resolved_and_says_why(august, new_month):
    month = new_month()
    poor(month, served=("sembako",))
    month.run(previous=Published({AUGUST: findings(august)}))
    was = key(august, program="sembako")
    assert changes(month)[was] == "resolved"
    why = month.table(tables.FINDING_CHANGES).filter(pl.col("finding_key") == was)["why"].item()
    assert why == "kini ada di daftar penerima"


def test_what_comes_back_is_reopened(august, new_month):
    empty = findings(august).clear()
    july = Period(2026, 7)
    month = new_month()
    poor(month)
    month.run(previous=Published({july: findings(august), AUGUST: empty}))
    assert set(findings(month)["baseline_state"]) == {"reopened"}


def test_a_month_made_again_after_its_followers_changes_nothing_in_them(august, new_month):
    month = new_month()
    poor(month)
    month.run(previous=Published({AUGUST: findings(august).clear()}, apart=findings(august)))
    assert set(findings(month)["baseline_state"]) == {"new"}


def test_a_list_that_is_missing_proves_nothing(new_month):
    before = new_month(period=AUGUST)
    before.household("H", before.person("father", alive=False), before.person("son"), desil=1)
    before.row("deaths", "father")
    before.receives("sembako", "father")
    before.run()
    now = new_month()
    poor(now, "G", served=("pkh",))
    now.run(previous=Published({AUGUST: findings(before)}))
    gone = now.table(tables.FINDING_CHANGES).filter(
        pl.col("finding_key") == key(before, finding_type="inclusion_error")
    )
    assert gone["change"].item() == "not_assessable"
    assert "deaths" in gone["why"].item()
    assert "recipients" in gone["why"].item()


def test_a_finding_follows_its_household_through_a_merge(august, new_month):
    month = new_month()
    poor(month, "G")
    month.merged("H", "G")
    month.run(previous=Published({AUGUST: findings(august)}))
    households = findings(month).filter(pl.col("subject_kind") == "household")
    assert set(households["baseline_state"]) == {"recurring"}
    assert "resolved" not in {changes(month).get(k) for k in households["finding_key"]}


def test_what_comes_back_is_reopened_also_when_its_household_was_merged_months_ago(august, new_month):
    empty = findings(august).clear()
    june, july = Period(2026, 6), Period(2026, 7)
    earlier = Published({june: findings(august), july: empty, AUGUST: empty}, {july: {"H": "G"}, AUGUST: {"G": "F"}})
    month = new_month()
    poor(month, "E")
    month.merged("F", "E")
    month.run(previous=earlier)
    assert set(findings(month).filter(pl.col("subject_kind") == "household")["baseline_state"]) == {"reopened"}


def test_a_merge_before_the_finding_moves_nothing(august, new_month):
    earlier = Published(
        {Period(2026, 7): findings(august), AUGUST: findings(august).clear()}, {Period(2026, 7): {"H": "G"}}
    )
    month = new_month()
    poor(month, "G")
    month.run(previous=earlier)
    assert set(findings(month).filter(pl.col("subject_kind") == "household")["baseline_state"]) == {"new"}


def test_another_reason_for_an_inclusion_error_is_the_same_finding(new_month):
    def served(period, desil, **facts):
        month = new_month(period=period)
        month.household("H", month.person("father", **facts), month.person("son", age=30), desil=desil)
        month.receives("sembako", "father")
        return month

    before = served(AUGUST, 9).run()
    now = served(SEPTEMBER, 2, alive=False).run(previous=Published({AUGUST: findings(before)}))
    (row,) = findings(now).filter(pl.col("finding_type") == "inclusion_error").iter_rows(named=True)
    assert (row["reason"], row["baseline_state"]) == ("deceased", "recurring")


def test_a_card_unused_for_three_months_has_an_idle_balance(new_month):
    def unused(period):
        month = new_month(period=period)
        for name in "AB":
            poor(month, name)
            month.receives("sembako", f"{name}1", card_number=f"603298000000000{name}")
        month.uses("603298000000000B", datetime(period.year, period.month, 5, 9, 0))
        return month

    july = unused(Period(2026, 7)).run()
    august = unused(AUGUST).run(previous=Published({Period(2026, 7): findings(july)}))
    assert august.found("unclaimed_benefit") == {("sembako", "no_transaction", "A")}
    both = Published({Period(2026, 7): findings(july), AUGUST: findings(august)})
    september = unused(SEPTEMBER).run(previous=both)
    assert september.found("unclaimed_benefit") == {("sembako", "balance_idle", "A")}


def test_an_unused_card_follows_its_household_through_merges(new_month):
    def unused(period, name):
        month = new_month(period=period)
        for household in (name, "B"):
            poor(month, household)
            month.receives("sembako", f"{household}1", card_number=f"603298000000000{household}")
        month.uses("603298000000000B", datetime(period.year, period.month, 5, 9, 0))
        return month

    july = unused(Period(2026, 7), "H").run()
    august = unused(AUGUST, "G").run()
    both = Published({Period(2026, 7): findings(july), AUGUST: findings(august)}, {AUGUST: {"H": "G"}})
    september = unused(SEPTEMBER, "F")
    september.merged("G", "F")
    september.run(previous=both)
    assert september.found("unclaimed_benefit") == {("sembako", "balance_idle", "F")}
