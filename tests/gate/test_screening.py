"""What becomes of lines that an expert would recognise."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import InputError
from pipeline.gate.gate_rules import read_gate_rules
from pipeline.gate.totals import Before, by_desa
from pipeline.period import Period
from tests.gate.conftest import CASES, Gate, Seen, decisions
from tests.gate.village import Line, pay_list


@pytest.mark.parametrize("case", list(CASES))
def test_one_line(seen: Seen, case: str) -> None:
    row = seen.case(case)
    assert (row["decision"], row["reasons"]) == CASES[case][1:]


def test_first_payable_line_of_a_person_stays(seen: Seen) -> None:
    assert seen.group("one person three times")["decision"].to_list() == ["reject", "pay", "reject"]
    checks = {c["check"]: c["outcome"] for c in seen.screened.document["checks"]}
    assert checks["duplicate_amounts"] == "warn"


def test_of_two_members_of_a_household_the_listed_one_is_paid_wherever_he_stands(seen: Seen) -> None:
    assert seen.group("husband and wife")["decision"].to_list() == ["hold", "pay"]


def test_two_lines_of_somebody_whom_no_list_knows_are_one_person(seen: Seen) -> None:
    assert seen.group("nobody knows him, twice")["decision"].to_list() == ["hold", "reject"]


def test_a_payee_is_found_though_name_and_number_are_misspelt(seen: Seen) -> None:
    [row] = seen.group("misspelt").iter_rows(named=True)
    assert (row["decision"], row["person_id"] is None) == ("pay", False)


def test_a_number_under_another_name_is_held(seen: Seen) -> None:
    [row] = seen.group("number under another name").iter_rows(named=True)
    assert row["decision"] == "hold"
    assert {"name_mismatch", "nik_shared"} & set(row["reasons"].split(","))


def test_lines_without_a_readable_amount_count_for_nothing(seen: Seen) -> None:
    broken = seen.rows.filter(pl.col("reasons") == "unusable_line")
    assert broken["amount"].null_count() == broken.height == 3
    counted = {"rows": seen.rows.height, "amount": seen.rows["amount"].sum()}
    assert seen.screened.document["totals"]["counted"] == counted


def test_what_concerns_a_companion_goes_to_the_inspectorate(seen: Seen) -> None:
    assert seen.case("a member is a companion")["queue"] == "inspectorate"
    assert seen.case("a member is a civil servant")["queue"] == "tksk"


def test_findings_stand_behind_reasons(seen: Seen) -> None:
    assert seen.case("recipient dead")["finding_ids"].startswith('["F')
    assert seen.case("eligible")["finding_ids"] == "[]"


def test_a_hold_has_a_last_day_and_a_reject_has_none(seen: Seen) -> None:
    assert str(seen.case("desil unknown")["hold_until"]) == "2026-11-03"
    assert seen.case("recipient dead")["hold_until"] is None


def test_a_total_row_is_no_line_and_is_compared(gate: Gate, tmp_path: Path) -> None:
    right = pay_list(tmp_path / "a_PKH.csv", [Line("eligible"), Line("other")], tail="JUMLAH;;;;;;1200000;;\n")
    wrong = pay_list(tmp_path / "b_PKH.csv", [Line("eligible"), Line("other")], tail="JUMLAH;;;;;;1800000;;\n")
    outcomes = []
    for path in (right, wrong):
        screened = gate(path)
        assert screened.document["totals"]["counted"]["rows"] == 2
        outcomes += [c["outcome"] for c in screened.document["checks"] if c["check"] == "written_total"]
    assert outcomes == ["pass", "warn"]


def test_declared_totals_must_be_those_counted(gate: Gate, seen: Seen) -> None:
    lines = [Line("eligible"), Line("other")]
    assert gate(lines, rows=2, amount=1_200_000).result == "pass"
    assert gate(lines, rows=3, amount=1_200_000).result == "fail"
    undeclared = {c["check"]: c["outcome"] for c in seen.screened.document["checks"]}
    assert undeclared["declared_rows"] == undeclared["declared_amount"] == "not_run"


def test_a_list_of_another_month_fails(gate: Gate) -> None:
    assert gate([Line("eligible")], name="Daftar_Bayar_PKH_September_2026.csv").result == "fail"


def test_a_month_that_is_not_published_is_refused_and_nothing_is_written(gate: Gate, out: Path) -> None:
    before = sorted(p.name for p in out.rglob("*"))
    with pytest.raises(InputError, match="2026-10"):
        gate([Line("eligible")], period=Period(2026, 11))
    assert sorted(p.name for p in out.rglob("*")) == before


def test_the_program_must_be_known(gate: Gate, tmp_path: Path) -> None:
    path = pay_list(tmp_path / "daftar.csv", [Line("eligible")])
    with pytest.raises(InputError, match="--program"):
        gate(path)
    assert gate(path, program="pkh").result == "pass"


def test_screening_again_is_a_new_gate(gate: Gate, out: Path) -> None:
    first, second = gate([Line("eligible")]), gate([Line("eligible")])
    assert first.gate_id.removesuffix("-1") == second.gate_id.removesuffix("-2")
    assert decisions(out, first) == decisions(out, second)


def test_change_from_last_screening_is_named_by_desa(rules: Path) -> None:
    jump = read_gate_rules(rules).jump
    lines = pl.DataFrame(
        {"desa_code": ["A"] * 20 + ["B"] * 9, "kecamatan_code": "K", "desa": "", "kecamatan": "", "amount": 100,
         "decision": "pay"}
    )  # fmt: skip
    before = Before(
        "last month", pl.DataFrame({"desa_code": ["A", "B", "C"], "rows": [10, 10, 8], "amount": [1000, 1000, 800]})
    )
    unusual = by_desa(lines, before, jump).select("desa_code", "unusual").rows()
    assert unusual == [("A", True), ("B", False), ("C", True)]
