"""What becomes of lines that an expert would recognise."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import InputError
from pipeline.period import Period
from tests.gate.conftest import CASES, Gate, Seen, decisions, results
from tests.gate.village import FAMILIES, Line, pay_list


@pytest.mark.parametrize("case", list(CASES))
def test_one_line(seen: Seen, case: str) -> None:
    row = list(CASES).index(case)
    _, decision, reasons = CASES[case]
    assert seen.rows.select("decision", "reasons").row(row) == (decision, reasons)


def test_lines_without_a_readable_amount_count_for_nothing(seen: Seen) -> None:
    assert seen.rows.filter(pl.col("reasons") == "unusable_line")["amount"].null_count() == 3
    assert seen.screened.document["totals"]["counted"] == {"rows": len(CASES), "amount": 600_000 * (len(CASES) - 3)}


def test_what_concerns_a_companion_goes_to_the_inspectorate(seen: Seen) -> None:
    queues = dict(zip(CASES, seen.rows["queue"], strict=True))
    assert queues["a member is a companion"] == "inspectorate"
    assert queues["a member is a civil servant"] == "tksk"


def test_findings_stand_behind_reasons(seen: Seen) -> None:
    found = dict(zip(CASES, seen.rows["finding_ids"], strict=True))
    assert found["recipient dead"].startswith('["F')
    assert found["eligible"] == "[]"


def test_a_hold_has_a_last_day_and_a_reject_has_none(seen: Seen) -> None:
    until = dict(zip(CASES, seen.rows["hold_until"], strict=True))
    assert str(until["desil unknown"]) == "2026-11-03"
    assert until["recipient dead"] is None


def test_a_payee_is_found_though_name_and_number_are_misspelt(gate: Gate, out: Path) -> None:
    person = FAMILIES["misspelt"].recipient
    wrong = person.nik[:15] + "3"
    screened = gate([Line("misspelt", name="MUH RIFAY PAKAYA", nik=wrong)])
    found = results(out, screened.gate_id)
    assert found["decision"].to_list() == ["pay"]
    assert found["person_id"].null_count() == 0


def test_a_number_under_another_name_is_held(gate: Gate, out: Path) -> None:
    [(decision, reasons)] = decisions(out, gate([Line("eligible", name="ZAINUDDIN KOBIS")]))
    assert decision == "hold"
    assert {"name_mismatch", "nik_shared"} & set(reasons.split(","))


def test_first_payable_line_of_a_person_stays(gate: Gate, out: Path) -> None:
    screened = gate([Line("twice", nik="7501199918820010"), Line("twice", amount="500000"), Line("twice")])
    assert [d for d, _ in decisions(out, screened)] == ["reject", "pay", "reject"]
    amounts = next(c for c in screened.document["checks"] if c["check"] == "duplicate_amounts")
    assert amounts["outcome"] == "warn"


def test_second_person_of_a_household_waits_whoever_comes_first(gate: Gate, out: Path) -> None:
    husband, wife = Line("second"), Line("second", member=1)
    listed_first = decisions(out, gate([husband, wife]))
    listed_last = decisions(out, gate([wife, husband]))
    assert [d for d, _ in listed_first] == ["pay", "hold"]
    assert [d for d, _ in listed_last] == ["hold", "pay"]


def test_two_lines_of_somebody_whom_no_list_knows_are_one_person(gate: Gate, out: Path) -> None:
    unknown = {"name": "LAUWO PIPII", "nik": "7371011203800009"}
    screened = gate([Line("stranger", **unknown), Line("stranger", **unknown)])
    assert [d for d, _ in decisions(out, screened)] == ["hold", "reject"]


def test_a_total_row_is_no_line_and_is_compared(gate: Gate, tmp_path: Path) -> None:
    right = pay_list(tmp_path / "a_PKH.csv", [Line("eligible"), Line("other")], tail="JUMLAH;;;;;;1200000;;\n")
    wrong = pay_list(tmp_path / "b_PKH.csv", [Line("eligible"), Line("other")], tail="JUMLAH;;;;;;1800000;;\n")
    outcomes = []
    for path in (right, wrong):
        screened = gate(path)
        assert screened.document["totals"]["counted"]["rows"] == 2
        outcomes += [c["outcome"] for c in screened.document["checks"] if c["check"] == "written_total"]
    assert outcomes == ["pass", "warn"]


def test_declared_totals_must_be_those_counted(gate: Gate) -> None:
    lines = [Line("eligible"), Line("other")]
    assert gate(lines, rows=2, amount=1_200_000).result == "pass"
    assert gate(lines, rows=3, amount=1_200_000).result == "fail"
    undeclared = {c["check"]: c["outcome"] for c in gate(lines).document["checks"]}
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


def test_change_from_last_screening_is_named_by_desa(gate: Gate, out: Path, rules: Path) -> None:
    from pipeline.gate.gate_rules import read_gate_rules
    from pipeline.gate.totals import Before, by_desa

    jump = read_gate_rules(rules).jump
    lines = pl.DataFrame(
        {"desa_code": ["A"] * 20 + ["B"] * 9, "kecamatan_code": "K", "desa": "", "kecamatan": "", "amount": 100,
         "decision": "pay"}
    )  # fmt: skip
    before = Before("last month", pl.DataFrame({"desa_code": ["A", "B", "C"], "rows": [10, 10, 8], "amount": [1000, 1000, 800]}))
    unusual = by_desa(lines, before, jump).select("desa_code", "unusual").rows()
    assert unusual == [("A", True), ("B", False), ("C", True)]
