"""What becomes of lines that an expert would recognise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import InputError
from pipeline.gate.gate_rules import read_gate_rules
from pipeline.gate.totals import (
    COMPARED_KINDS,
    Before,
    Checks,
    Declared,
    by_desa,
    check_declared,
    check_sources,
    check_written_total,
)
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
    lines = pay_list(tmp_path / "PKH.csv", [Line("eligible"), Line("other")]).read_text(encoding="utf-8").splitlines()
    lines.insert(2, "SUB JUMLAH;;;;;;600000;;")  # inside the list as well
    (tmp_path / "PKH.csv").write_text("\n".join([*lines, "JUMLAH;;;;;;1200000;;", ""]), encoding="utf-8")
    screened = gate(tmp_path / "PKH.csv", rows=2, amount=1_200_000)
    assert screened.document["totals"]["counted"] == {"rows": 2, "amount": 1_200_000}
    outcomes = {c["check"]: c["outcome"] for c in screened.document["checks"]}
    declared = ("written_total", "declared_rows", "declared_amount")
    assert [outcomes[c] for c in declared] == ["pass"] * 3


def outcome(rules: Path, check: Callable[[Checks], None]) -> dict[str, str]:
    """Outcomes of checks of a list; those that were not made are not run."""
    checks = Checks(read_gate_rules(rules))
    check(checks)
    return {c["check"]: c["outcome"] for c in checks.rows()}


def test_totals_that_differ_are_told_and_declared_ones_fail(rules: Path) -> None:
    counted = {"rows": 2, "amount": 1_200_000}
    assert outcome(rules, lambda c: check_written_total(c, (1_800_000,), 1_200_000))["written_total"] == "warn"
    wrong = outcome(rules, lambda c: check_declared(c, Declared(3, 1_200_000), counted))
    assert (wrong["declared_rows"], wrong["declared_amount"]) == ("fail", "pass")
    silent = outcome(rules, lambda c: check_declared(c, Declared(), counted))
    assert silent["declared_rows"] == silent["declared_amount"] == "not_run"


def test_a_comparison_whose_list_is_missing_is_not_run_and_no_pass(rules: Path) -> None:
    outcomes = outcome(rules, lambda c: check_sources(c, frozenset({"registry", "recipients"})))
    told = {kind: outcomes[kind] for kind in COMPARED_KINDS}
    assert told == {
        "registry": "pass", "recipients": "pass", "deaths": "not_run", "employment": "not_run", "companions": "not_run"
    }  # fmt: skip


def test_totals_by_desa_are_those_of_the_list(seen: Seen) -> None:
    table = pl.read_csv(seen.screened.folder / "per_desa.csv", separator=";")
    parts, whole = table.filter(pl.col("desa") != "JUMLAH"), table.filter(pl.col("desa") == "JUMLAH")
    sums = seen.screened.document["totals"]
    for column, part in (("", "counted"), ("_bayar", "pay"), ("_tahan", "hold"), ("_tolak", "reject")):
        for what, name in (("baris", "rows"), ("rupiah", "amount")):
            assert parts[what + column].sum() == whole[what + column].item() == sums[part][name]


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
