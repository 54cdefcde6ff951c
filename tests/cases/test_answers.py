"""What comes back from the field, in whatever form, and what it does."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.cases.answers import apply_published
from pipeline.cases.book import case_book
from pipeline.errors import InputError
from tests.cases.conftest import VISIT, Take
from tests.cases.office import OFFICER, Found, Office, typed

DAY = "15/11/2026"


def row(office: Office, subject: str, outcome: str, **other: str) -> dict[str, str]:
    return {
        "ID KASUS": office.case(subject)["case_id"],
        "NAMA": "KARIM",
        "HASIL": outcome,
        "TANGGAL KUNJUNGAN": DAY,
        "CATATAN": "",
        **other,
    }


def test_a_case_with_all_findings_answered_waits_for_a_decision(month: Office, take: Take, tmp_path: Path) -> None:
    taken = take(typed(tmp_path / "hasil.csv", [row(month, "H2", "Meninggal", CATATAN="bulan lalu")]))
    assert (taken.applied.applied, taken.applied.waiting, taken.refusals) == (1, 1, [])
    case = month.case("H2")
    assert (case["state"], case["outcome"]) == ("for_approval", "deceased")
    assert month.events("H2")[-3:] == ["answered", "finding_answered", "moved_on"]
    assert month.ask("select 1 from audit.case_events where period is distinct from '2026-10'").is_empty()
    kept = month.ask("select * from audit.outcomes").row(0, named=True)
    assert (kept["run_id"], kept["outcome"], kept["note"]) == (None, "Meninggal", "bulan lalu")


def test_a_case_with_two_questions_waits_for_both(month: Office, take: Take, tmp_path: Path) -> None:
    take(typed(tmp_path / "a.csv", [row(month, "H1", "Layak")]))
    assert month.case("H1")["state"] == "in_progress"
    take(typed(tmp_path / "b.csv", [row(month, "H1", "Data harus diperbaiki", CATATAN="NIK berakhir 0007")]))
    assert month.case("H1")["state"] == "for_approval"


@pytest.mark.parametrize(("said", "state"), [("Belum bertemu", "in_progress"), ("Lainnya", "on_hold")])
def test_answers_that_settle_nothing(month: Office, take: Take, tmp_path: Path, said: str, state: str) -> None:
    take(typed(tmp_path / "hasil.csv", [row(month, "H2", said)]))
    assert month.case("H2")["state"] == state


def test_nothing_counts_twice_whatever_the_form(month: Office, take: Take, tmp_path: Path) -> None:
    one = row(month, "H2", "Meninggal")
    first = typed(tmp_path / "a.csv", [one])
    take(first)
    events = month.ask("select count(*) as n from audit.case_events")["n"][0]
    other = {"OUTCOME": "deceased", "NO KASUS": one["ID KASUS"].lower(), "TGL": "2026-11-15", "Petugas": "X"}
    taken = take(first, typed(tmp_path / "b.csv", [other, other], title="Hasil kunjungan Oktober"))
    assert (taken.applied.applied, taken.applied.already) == (0, 3)
    assert month.ask("select count(*) as n from audit.case_events")["n"][0] == events


def test_what_comes_in_the_monthly_folder_does_the_same_and_only_once(
    month: Office, take: Take, tmp_path: Path
) -> None:
    case_id = month.case("H2")["case_id"]
    answer = {
        "outcome_id": "o1", "source_file": "hasil.csv", "sheet": "", "row_number": 2, "case_id": case_id,
        "outcome": "Meninggal", "visited_at": (VISIT - timedelta(days=1)).date(), "officer": OFFICER,
    }  # fmt: skip
    month.publish("2026-11", [Found()], outcomes=[answer])
    for expected in (1, 0):
        with case_book(month.out) as book:
            assert apply_published(book, month.rules, VISIT).applied == expected
    assert month.case("H2")["state"] == "for_approval"
    assert take(typed(tmp_path / "a.csv", [row(month, "H2", "Meninggal")])).applied.applied == 0


def test_a_day_that_can_be_either_way_is_not_guessed_beside_days_that_are_exchanged(
    month: Office, take: Take, tmp_path: Path
) -> None:
    """A list with the month before the day: 11/10 is the tenth of November, not the eleventh of October."""
    first, second = row(month, "H2", "Meninggal"), row(month, "H1", "Layak")
    first["TANGGAL KUNJUNGAN"], second["TANGGAL KUNJUNGAN"] = "11/10/2026", "11/02/2026"
    alone = take(typed(tmp_path / "a.csv", [first, second]))
    assert [r.why.split(":")[0] for r in alone.refusals] == [
        "tanggal kunjungan 11/10/2026 bisa juga berarti 10/11/2026",
        "tanggal kunjungan 11/02/2026 lebih dulu daripada data kasus ini; barangkali hari dan bulan tertukar",
    ]
    assert take(typed(tmp_path / "b.csv", [first])).applied.applied == 1  # alone it is read as Indonesia writes it


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ID KASUS": "K-000-000-000-000"}, "tidak ada kasus"),
        ({"HASIL": "entahlah"}, "tidak ada di pilihan"),
        ({"HASIL": "tidak meninggal"}, "membalik"),
        ({"HASIL": "layak tapi pindah"}, "beberapa hal"),
        ({"HASIL": ""}, "TANGGAL KUNJUNGAN diisi"),
        ({"ID KASUS": ""}, "tidak ada ID KASUS"),
        ({"TANGGAL KUNJUNGAN": "31/02/2026"}, "tidak terbaca"),
        ({"TANGGAL KUNJUNGAN": "01/12/2026"}, "belum tiba"),
        ({"TANGGAL KUNJUNGAN": "01/01/2025"}, "lebih dulu"),
    ],
)
def test_each_refused_row_says_why(
    month: Office, take: Take, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    good, bad = row(month, "H2", "Meninggal"), row(month, "H1", "Layak") | change
    taken = take(typed(tmp_path / "hasil.csv", [bad, good]))
    assert taken.applied.applied == 1
    assert [(r.row_number, said in r.why) for r in taken.refusals] == [(2, True)]
    listed = (month.out / "outcomes").rglob("ditolak.csv")
    assert said in next(listed).read_text(encoding="utf-8-sig")


def test_a_slip_in_the_number_names_the_case_that_is_meant(month: Office, take: Take, tmp_path: Path) -> None:
    number = month.case("H2")["case_id"]
    slip = number[:-1] + ("0" if number[-1] != "0" else "2")
    (refused,) = take(typed(tmp_path / "hasil.csv", [row(month, "H2", "Meninggal") | {"ID KASUS": slip}])).refusals
    assert number in refused.why


def test_rows_left_blank_are_no_errors(month: Office, take: Take, tmp_path: Path) -> None:
    blank = row(month, "H1", "", **{"TANGGAL KUNJUNGAN": ""})
    taken = take(typed(tmp_path / "hasil.csv", [row(month, "H2", "Meninggal"), blank]))
    assert (taken.applied.applied, taken.blank, taken.refusals) == (1, 1, [])


def test_an_answer_that_points_at_somebody_goes_to_the_inspectorate(month: Office, take: Take, tmp_path: Path) -> None:
    take(typed(tmp_path / "hasil.csv", [row(month, "H3", "Kartu dipegang orang lain")]))
    case = month.case("H3")
    assert (case["queue"], case["assigned_to"]) == ("inspectorate", None)


@pytest.mark.parametrize(("said", "judgement"), [("Orang yang sama", "same"), ("Orang yang berbeda", "different")])
def test_who_is_who_becomes_a_judgement(month: Office, take: Take, tmp_path: Path, said: str, judgement: str) -> None:
    assert take(typed(tmp_path / "hasil.csv", [row(month, "H3", said, PETUGAS="SITI")])).applied.judged == 1
    judged = month.ask("select * from audit.match_judgements").row(0, named=True)
    assert (judged["fingerprint_a"], judged["fingerprint_b"], judged["judgement"]) == ("fP3", "fP3b", judgement)


def test_changes_are_proposed_masked_and_in_full_only_for_a_logged_purpose(
    month: Office, take: Take, tmp_path: Path
) -> None:
    path = typed(tmp_path / "hasil.csv", [row(month, "H2", "Meninggal", CATATAN="=1+1")])
    with (next(f for f in take(path).files if f.suffix == ".csv")).open(encoding="utf-8-sig") as file:
        (line,) = csv.DictReader(file, delimiter=";")
    assert (line["JENIS USULAN"], line["STATUS"]) == ("MENINGGAL", "MENUNGGU KEPUTUSAN")
    assert line["NIK"] == "750119******0020"
    assert line["KETERANGAN"] == "'=1+1"
    again = take(path, reveal="diketik di SIKS-NG")  # applied before: the list is made again all the same
    text = next(f for f in again.files if f.suffix == ".csv").read_text(encoding="utf-8-sig")
    assert "7501191203800020" in text
    log = month.ask('select action, purpose from audit.access_log order by "at"').rows()
    assert ("reveal", "diketik di SIKS-NG") in log


def test_a_case_that_is_closed_takes_no_answer(month: Office, take: Take, tmp_path: Path) -> None:
    answer = row(month, "H2", "Meninggal")
    month.publish(
        "2026-11",
        [],
        gone=[(f, "resolved", "") for f in (Found(), Found("inclusion_error", "deceased", "sembako", "H2"))],
    )
    month.keep("2026-11")
    assert month.case("H2")["state"] == "closed"
    taken = take(typed(tmp_path / "hasil.csv", [answer]))
    assert (taken.applied.applied, len(taken.refusals)) == (0, 1)


def test_a_file_without_answers_changes_nothing(month: Office, take: Take, tmp_path: Path) -> None:
    good = typed(tmp_path / "hasil.csv", [row(month, "H2", "Meninggal")])
    (tmp_path / "surat.csv").write_text("Yth. Bapak\nsalam\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"surat\.csv"):
        take(good, tmp_path / "surat.csv")
    assert month.case("H2")["state"] == "assigned"


def test_answers_of_every_column_order_and_format_read_alike(month: Office, take: Take, tmp_path: Path) -> None:
    answers = [row(month, "H2", "Meninggal"), row(month, "H1", "Layak")]
    frame = pl.DataFrame(answers).select("CATATAN", "HASIL", "TANGGAL KUNJUNGAN", "ID KASUS")
    frame.write_excel(tmp_path / "hasil.xlsx")
    assert take(tmp_path / "hasil.xlsx").applied.applied == 2
    assert take(typed(tmp_path / "hasil.csv", answers)).applied.already == 2
