"""Hit rates: what is counted, where an interval is wide, which rules are named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from pipeline.cases.deciding import decide
from pipeline.cases.field_rules import HitRates
from pipeline.history import published_run
from pipeline.learn import hit_rates
from pipeline.period import Period
from tests.cases.office import RULES, Found, Office
from tests.learn.office import OCTOBER, answer

RIGHT, WRONG, NOT_FOUND, OTHERWISE = "Tidak layak", "Layak", "Tidak ditemukan", "Belum bertemu"


def visited(out: Path, said: Sequence[str], **finding: object) -> Office:
    """As many inclusion errors as answers, each visited."""
    office = Office(out, len(said), roster=(("SITI HASAN", "750119", len(said)),))
    card = {"type": "inclusion_error", "reason": "civil_servant", "confidence": 0.85, **finding}
    office.publish("2026-10", [Found(subject=f"H{n}", **card) for n in range(1, len(said) + 1)])
    office.keep("2026-10")
    answer(office, out.parent, {f"H{n}": words for n, words in enumerate(said, 1)})
    return office


def rates(office: Office, period: Period = OCTOBER) -> pl.DataFrame:
    rules = HitRates(floor=0.5, few=20, bands=(0.5, 0.8, 0.95))
    return hit_rates(published_run(office.out, period), rules)


def row(rows: pl.DataFrame, by: str, **chosen: str) -> dict[str, object]:
    found = rows.filter(pl.col("by") == by, *(pl.col(c) == v for c, v in chosen.items()))
    assert found.height == 1, found
    return found.row(0, named=True)


def test_confirmed_of_those_that_could_be_told(tmp_path: Path) -> None:
    rows = rates(visited(tmp_path / "out", [RIGHT] * 6 + [WRONG] * 2 + [NOT_FOUND] * 2 + [OTHERWISE]))
    rule = row(rows, "rule", finding_type="inclusion_error", reason="civil_servant")
    assert {k: rule[k] for k in ("visited", "confirmed", "not_confirmed", "not_found", "undecided")} == {
        "visited": 10, "confirmed": 6, "not_confirmed": 2, "not_found": 2, "undecided": 0,
    }  # fmt: skip
    assert (rule["rate"], rule["few"], rule["under_floor"]) == (0.75, True, "no")
    # Wilson of 6 of 8
    assert (rule["ci_low"], rule["ci_high"]) == pytest.approx((0.4093, 0.9285), abs=1e-4)
    assert row(rows, "confidence", group="0.80-0.95")["confirmed"] == 6
    assert row(rows, "kecamatan", group="750119")["group_name"] == "Tabongo"


def test_an_answer_sent_back_to_the_field_is_none(tmp_path: Path) -> None:
    office = visited(tmp_path / "out", [RIGHT, RIGHT, WRONG])
    decide(office.out, RULES, [office.case("H1")["case_id"]], "return", person="Kepala")
    rule = row(rates(office), "rule", finding_type="inclusion_error", reason="civil_servant")
    assert (rule["visited"], rule["confirmed"]) == (2, 1)


def test_rules_under_the_floor_are_named(tmp_path: Path) -> None:
    """By how many of how many were right: surely under one half, perhaps, or not."""
    said = {"civil_servant": (0, 8), "deceased": (4, 6), "pensioner": (3, 2), "village_official": (0, 1)}
    answers = [(rule, words) for rule, (r, w) in said.items() for words in [RIGHT] * r + [WRONG] * w]
    office = Office(tmp_path / "out", len(answers))
    found = [Found("inclusion_error", rule, subject=f"H{n}") for n, (rule, _) in enumerate(answers, 1)]
    office.publish("2026-10", found)
    office.keep("2026-10")
    answer(office, tmp_path, {f"H{n}": words for n, (_, words) in enumerate(answers, 1)})
    rows = rates(office).filter(pl.col("by") == "rule")
    assert dict(rows.select("reason", "under_floor").iter_rows()) == {
        "civil_servant": "surely", "deceased": "perhaps", "pensioner": "no", "village_official": "perhaps",
    }  # fmt: skip


def test_a_finding_of_two_reasons_counts_at_each_and_once_elsewhere(tmp_path: Path) -> None:
    rows = rates(visited(tmp_path / "out", [RIGHT], reason="civil_servant,deceased"))
    assert rows.filter(pl.col("by") == "rule")["reason"].to_list() == ["civil_servant", "deceased"]
    assert row(rows, "kecamatan", group="750119")["visited"] == 1


def test_where_nothing_could_be_told_there_is_no_rate(tmp_path: Path) -> None:
    rule = row(rates(visited(tmp_path / "out", [NOT_FOUND])), "rule")
    assert (rule["rate"], rule["ci_low"], rule["under_floor"], rule["few"]) == (None, None, None, True)


def test_an_answer_counts_in_later_months_and_not_in_earlier_ones(tmp_path: Path) -> None:
    office = visited(tmp_path / "out", [RIGHT])
    office.publish("2026-09", [])
    office.publish("2026-11", [])
    assert rates(office, Period(2026, 9)).height == 0
    assert row(rates(office, Period(2026, 11)), "rule")["confirmed"] == 1


def test_the_shipped_floor_is_data(tmp_path: Path) -> None:
    card = Office(tmp_path).rules.hit_rates
    assert 0 < card.floor < 1
    assert "hit_rates:" in (RULES / "field.yaml").read_text(encoding="utf-8")
