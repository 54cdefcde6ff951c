"""Files as they really come back: late, twice, from elsewhere, half edited, or not answers at all."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.cases.deciding import decide
from pipeline.errors import InputError, Refused
from tests.cases.conftest import VISIT, Take
from tests.cases.office import RULES, Found, Office, deceased, typed
from tests.cases.test_answers import row


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("sudah pindah ke Manado", "moved"),
        ("Bapak ybs sudah meninggal 3 bln yg lalu", "deceased"),
        ("rumah kosong, kata tetangga ke kebun", "not_home"),
        ("tdk layak, sdh punya mobil", "found_not_eligible"),
    ],
)
def test_free_text_is_understood_and_kept_as_written(
    month: Office, take: Take, tmp_path: Path, said: str, code: str
) -> None:
    assert take(typed(tmp_path / "hasil.csv", [row(month, "H2", said, CATATAN="foto ada")])).refusals == []
    case_id = month.case("H2")["case_id"]
    answered = month.ask(f"select outcome from audit.case_events where event = 'answered' and case_id = '{case_id}'")
    assert answered["outcome"].to_list() == [code]
    assert month.ask("select outcome, note from audit.outcomes").rows() == [(said, "foto ada")]


@pytest.mark.parametrize(
    "written",
    ["15/11/2026", "15-11-2026", "15.11.2026", "2026-11-15", "2026-11-15 00:00:00", "15 November 2026", "15 Nop 2026"],
)
def test_days_written_as_text(month: Office, take: Take, tmp_path: Path, written: str) -> None:
    path = typed(tmp_path / "hasil.csv", [row(month, "H2", "Meninggal", **{"TANGGAL KUNJUNGAN": written})])
    assert take(path).refusals == []
    assert month.ask("select visited_at from audit.outcomes")["visited_at"].to_list() == [date(2026, 11, 15)]


def test_last_months_file_again_counts_nothing_twice(month: Office, take: Take, tmp_path: Path) -> None:
    path = typed(tmp_path / "hasil_2026-10.csv", [row(month, "H1", "Belum bertemu"), row(month, "H3", "Belum bertemu")])
    assert take(path).applied.applied == 2
    month.publish("2026-11", [Found(), Found("unclaimed_benefit", "no_transaction", "pkh", "H3")])
    month.keep("2026-11", VISIT + timedelta(days=20))
    again = take(path, now=VISIT + timedelta(days=21))
    assert (again.applied.applied, again.applied.already, again.refusals) == (0, 2, [])


def test_last_months_list_filled_late_still_answers_what_is_open(month: Office, take: Take, tmp_path: Path) -> None:
    path = typed(tmp_path / "hasil_2026-10.csv", [row(month, "H2", "Meninggal"), row(month, "H3", "Belum bertemu")])
    month.publish("2026-11", [deceased("H2")], gone=[
        (Found("duplicate_benefit", "same_person_twice", "pkh", "P3", "person"), "resolved", ""),
        (Found("unclaimed_benefit", "no_transaction", "pkh", "H3"), "resolved", ""),
    ])  # fmt: skip
    month.keep("2026-11", VISIT + timedelta(days=20))
    taken = take(path, now=VISIT + timedelta(days=21))
    assert month.case("H2")["state"] == "for_approval"
    assert ["sudah ditutup" in r.why for r in taken.refusals] == [True]  # H3, resolved by data in between


def test_who_answered_in_the_place_of_another_cannot_decide(month: Office, take: Take, tmp_path: Path) -> None:
    take(typed(tmp_path / "hasil_Asparaga.csv", [row(month, "H2", "Meninggal", PETUGAS="ABDUL WAHAB")]))
    with pytest.raises(Refused, match="another person"):
        decide(month.out, RULES, [month.case("H2")["case_id"]], "accept", person="Abdul Wahab", now=VISIT)


def test_numbers_edited_by_hand_are_found_or_refused_and_never_another_case(
    month: Office, take: Take, tmp_path: Path
) -> None:
    number = month.case("H2")["case_id"]
    careless = number.lower().replace("-", " ")
    swapped = number[:-2] + number[-1] + number[-2]
    rows = [row(month, "H2", "Meninggal") | {"ID KASUS": n} for n in (careless, swapped, "4.2E+11", number + "X")]
    taken = take(typed(tmp_path / "hasil.csv", rows))
    assert taken.applied.applied == 1
    assert [r.row_number for r in taken.refusals] == ([3, 4, 5] if swapped != number else [4, 5])
    assert {month.case(h)["state"] for h in ("H1", "H3")} == {"assigned"}


def test_the_same_answers_in_another_format_with_columns_added_and_moved(
    month: Office, take: Take, tmp_path: Path
) -> None:
    answers = [row(month, "H2", "Meninggal"), row(month, "H1", "Layak")]
    frame = pl.DataFrame(answers).select("CATATAN", pl.lit("x").alias("FOTO"), "HASIL", "ID KASUS", "TANGGAL KUNJUNGAN")
    frame.write_excel(tmp_path / "hasil.xlsx")
    assert take(typed(tmp_path / "hasil.csv", answers)).applied.applied == 2
    assert take(tmp_path / "hasil.xlsx").applied.already == 2


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("formulir.pdf", b"%PDF-1.7\n...", "typed in: open the workbook"),
        ("foto.jpg", b"\xff\xd8\xff\xe0....", "typed in: open the workbook"),
        ("750119_Tabongo.html", b"<!doctype html>\n<html>", "Simpan hasil"),
    ],
)
def test_what_holds_no_answers_says_how_they_come_back(
    month: Office, take: Take, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    good = typed(tmp_path / "hasil.csv", [row(month, "H2", "Meninggal")])
    with pytest.raises(InputError, match=name) as refused:
        take(good, tmp_path / name)
    assert said in str(refused.value)
    assert month.case("H2")["state"] == "assigned"  # all files or none
