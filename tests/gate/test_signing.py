"""Four eyes: who may sign, what voids a signature, and what becomes of holds."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import InputError, Refused
from pipeline.gate import Screened, approve, override, screen
from pipeline.gate.ledger import ledger
from pipeline.gate.paylist import read_pay_list
from tests.gate.conftest import Gate, table
from tests.gate.village import NOW, OCTOBER, Line, pay_list

LINES = [Line("eligible"), Line("unknown"), Line("dead")]


@pytest.fixture(scope="session")
def signed_for(one_month: Path, rules: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Screened]:
    """Three lines, pay, hold, reject, screened once by Operator."""
    folder = tmp_path_factory.mktemp("three")
    shutil.copytree(one_month, folder / "out")
    path = pay_list(folder / "Daftar_Bayar_PKH_Oktober_2026.csv", LINES)
    return path, screen(path, OCTOBER, folder / "out", rules, person="Operator", now=NOW, say=lambda _: None)


@pytest.fixture
def out(signed_for: tuple[Path, Screened], tmp_path: Path) -> Path:
    """A copy of the folder with that screening."""
    shutil.copytree(signed_for[0].parent / "out", tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def screened(signed_for: tuple[Path, Screened], out: Path) -> Screened:
    """That screening, in the copy."""
    return replace(signed_for[1], folder=out / "gate" / signed_for[1].gate_id)


def test_two_people_sign(out: Path, screened: Screened) -> None:
    first = approve(out, screened.gate_id, "checker", "Ani", now=NOW)
    assert not first["complete"]
    second = approve(out, screened.gate_id, "approver", "Budi", now=NOW)
    assert second["complete"]
    assert set(table(out, "gate_approvals")["list_sha256"]) == {screened.document["list_sha256"]}
    log = table(out, "access_log").select("action", "object").rows()
    assert log[-4:] == [
        ("run", screened.gate_id), ("export", f"gate/{screened.gate_id}"),
        ("approve", screened.gate_id), ("approve", screened.gate_id),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("signatures", "message"),
    [
        ([("checker", "Ani"), ("approver", "  ANI ")], "signed already"),
        ([("approver", "Budi")], "nobody has checked"),
        ([("checker", "Ani"), ("approver", "operator")], "ran the gate"),
        ([("checker", "Ani"), ("checker", "Budi")], "signed already"),
    ],
)
def test_who_may_not_sign(out: Path, screened: Screened, signatures: list[tuple[str, str]], message: str) -> None:
    *before, (role, name) = signatures
    for earlier, person in before:
        approve(out, screened.gate_id, earlier, person, now=NOW)
    with pytest.raises(Refused, match=message):
        approve(out, screened.gate_id, role, name, now=NOW)


def test_a_changed_list_voids_what_was_signed(out: Path, screened: Screened, tmp_path: Path) -> None:
    approve(out, screened.gate_id, "checker", "Ani", now=NOW)
    changed = pay_list(tmp_path / "changed.csv", [replace(LINES[0], amount="900000"), *LINES[1:]])
    with pytest.raises(Refused, match="void"):
        approve(out, screened.gate_id, "approver", "Budi", path=changed, now=NOW)
    with pytest.raises(Refused, match="nobody has checked"):
        approve(out, screened.gate_id, "approver", "Budi", now=NOW)
    assert table(out, "gate_events")["event"].to_list() == ["list_changed"]


def test_a_list_that_fails_cannot_be_signed(gate: Gate, out: Path) -> None:
    with pytest.raises(Refused, match="check of the whole list"):
        approve(out, gate(LINES, rows=4).gate_id, "checker", "Ani", now=NOW)


def test_an_override_needs_another_person_a_reason_and_an_end(out: Path, rules: Path, screened: Screened) -> None:
    good = {"person": "Citra", "reason": "kunjungan lapangan", "until": "2026-11-30", "now": NOW}
    for change, error in (
        ({"person": "Operator"}, Refused),
        ({"reason": " "}, InputError),
        ({"until": "2026-10-01"}, InputError),
        ({"until": "besok"}, InputError),
    ):
        with pytest.raises(error):
            override(out, rules, screened.gate_id, 3, "pay", **(good | change))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="0 lines"):
        override(out, rules, screened.gate_id, 99, "pay", **good)  # type: ignore[arg-type]
    assert table(out, "gate_overrides").is_empty()


def test_an_override_moves_the_line_and_voids_what_was_signed(out: Path, rules: Path, screened: Screened) -> None:
    approve(out, screened.gate_id, "checker", "Ani", now=NOW)
    made = override(
        out, rules, screened.gate_id, 3, "pay", person="Citra", reason="kunjungan lapangan", until="2026-11-30", now=NOW
    )
    assert [made["totals"][d]["rows"] for d in ("pay", "hold", "reject")] == [2, 0, 1]
    paid = read_pay_list(next(screened.folder.glob("*_pay.csv")), OCTOBER, rules, "pkh")
    assert paid.rows == 2
    assert "Citra" in next(screened.folder.glob("*_pay.csv")).read_text(encoding="utf-8")
    with pytest.raises(Refused, match="nobody has checked"):
        approve(out, screened.gate_id, "approver", "Budi", now=NOW)
    approve(out, screened.gate_id, "checker", "Ani", now=NOW)
    with pytest.raises(Refused, match="overridden"):
        approve(out, screened.gate_id, "approver", "Citra", now=NOW)
    with pytest.raises(Refused, match="expired"):
        approve(out, screened.gate_id, "approver", "Budi", now=datetime(2026, 12, 1))


def test_a_hold_that_runs_out_is_escalated_once_and_reported_until_decided(
    gate: Gate, out: Path, rules: Path, screened: Screened
) -> None:
    def late(days: int) -> tuple[str, int]:
        again = gate([Line("other")], name="PKH_lain_Oktober_2026.csv", now=NOW + timedelta(days=days))
        check = next(c for c in again.document["checks"] if c["check"] == "holds_overdue")
        return check["outcome"], len(again.document["overdue"])

    def escalated() -> list[tuple[str, int]]:
        events = table(out, "gate_events").filter(pl.col("event") == "escalated")
        return events.select("gate_id", "row_number").rows()

    assert late(10) == ("pass", 0)
    assert late(15) == ("warn", 1)
    approve(out, screened.gate_id, "checker", "Ani", now=NOW + timedelta(days=16))
    assert escalated() == [(screened.gate_id, 3)]
    override(
        out, rules, screened.gate_id, 3, "reject", person="Citra", reason="pindah", until="2026-11-20",
        now=NOW + timedelta(days=17),
    )  # fmt: skip

    def open_on(day: int) -> int:
        with ledger(out) as book:
            return book.overdue((NOW + timedelta(days=day)).date()).height

    assert open_on(18) == 0
    assert open_on(40) == 1  # the override has expired and nobody has approved the list
    approve(out, screened.gate_id, "checker", "Ani", now=NOW + timedelta(days=18))
    approve(out, screened.gate_id, "approver", "Budi", now=NOW + timedelta(days=18))
    assert open_on(40) == 0


def test_a_signature_escalates_what_has_run_out_as_well(out: Path, screened: Screened) -> None:
    approve(out, screened.gate_id, "checker", "Ani", now=NOW + timedelta(days=20))
    assert table(out, "gate_events")["event"].to_list() == ["escalated"]


def test_lists_that_were_changed_after_the_screening_are_not_signed(out: Path, rules: Path, screened: Screened) -> None:
    paid = next(screened.folder.glob("*_pay.csv"))
    written = paid.read_bytes()
    paid.write_bytes(written.replace(b"600000", b"900000"))
    with pytest.raises(Refused, match="not as the gate wrote it"):
        approve(out, screened.gate_id, "checker", "Ani", now=NOW)
    paid.write_bytes(written)
    totals = screened.folder / "summary.json"
    whole = totals.read_text(encoding="utf-8")
    override(out, rules, screened.gate_id, 3, "pay", person="Citra", reason="kunjungan", until="2026-11-30", now=NOW)
    totals.write_text(whole, encoding="utf-8")  # as if the override had been killed half-way
    with pytest.raises(Refused, match="after an override"):
        approve(out, screened.gate_id, "checker", "Ani", now=NOW)
    shutil.rmtree(screened.folder)
    with pytest.raises(InputError, match="screen the list again"):
        override(out, rules, screened.gate_id, 4, "hold", person="Citra", reason="tunda", until="2026-11-30", now=NOW)
    assert table(out, "gate_overrides").height == 1


def test_what_a_killed_command_left_is_swept_and_makes_room(
    gate: Gate, out: Path, signed_for: tuple[Path, Screened], screened: Screened
) -> None:
    left, orphan = out / "gate" / ".Gabc-1.tepat.999999999", out / "gate" / screened.gate_id.replace("-1", "-2")
    for folder in (left, orphan):
        folder.mkdir()
        (folder / "Daftar_pay.csv").write_text("rahasia")
    again = gate(signed_for[0])
    assert again.gate_id == orphan.name
    assert "rahasia" not in (again.folder / next(p.name for p in again.folder.glob("*_pay.csv"))).read_text()
    assert not left.exists()


def test_the_same_payee_on_another_list_of_the_month_is_seen(out: Path, screened: Screened) -> None:
    paid = table(out, "gate_results").select("program", "person_id", "decision")
    with ledger(out) as book:
        others = book.on_other_lists(paid, OCTOBER, "another.csv", "0" * 64)
        assert others.rows() == [(screened.document["source_file"], 1)]
        assert book.on_other_lists(paid, OCTOBER, screened.document["source_file"], "0" * 64).is_empty()
        same_bytes = screened.document["list_sha256"]
        assert book.on_other_lists(paid, OCTOBER, "copy.csv", same_bytes).is_empty()


def test_a_list_screened_again_is_signed_in_its_last_screening(gate: Gate, out: Path, screened: Screened) -> None:
    later = gate(LINES, now=NOW + timedelta(hours=1))
    with pytest.raises(Refused, match=later.gate_id):
        approve(out, screened.gate_id, "checker", "Ani", now=NOW)
