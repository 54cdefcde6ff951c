"""Dates in all the shapes of the field."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from tests.ingest.clean.raw_cells import Raw, cleaned, day, number, read

BIRTH_DATES: list[tuple[Raw, date | None, str | None]] = [
    ("31/12/1989", date(1989, 12, 31), None),
    ("31-12-1989", date(1989, 12, 31), None),
    ("31.12.1989", date(1989, 12, 31), None),
    ("1989-12-31", date(1989, 12, 31), None),
    ("1989-12-31 00:00:00", date(1989, 12, 31), None),
    ("19891231", date(1989, 12, 31), None),
    ("31121989", date(1989, 12, 31), None),
    ("12 Januari 1980", date(1980, 1, 12), None),
    ("1 Peb 1970", date(1970, 2, 1), None),
    ("12-Jan-80", date(1980, 1, 12), None),
    ("Dec 31, 1989", date(1989, 12, 31), None),
    ("31/12/89", date(1989, 12, 31), None),
    ("31/12/05", date(2005, 12, 31), None),
    (day("1989-12-31"), date(1989, 12, 31), None),
    (day("1985-05-02"), date(1985, 5, 2), "ambiguous"),  # Excel may have exchanged day and month
    (number("29221"), date(1980, 1, 1), None),  # an Excel serial
    ("05/02/1985", date(1985, 2, 5), "ambiguous"),  # day first, as Indonesia writes
    ("12/31/1989", date(1989, 12, 31), None),  # month first only where nothing else is possible
    ("31/02/1989", None, "unreadable"),
    ("31/12/2026", None, "unreadable"),  # after the period
    ("01/01/1850", None, "unreadable"),
    ("31/31/1989", None, "unreadable"),
    ("1980", None, "year_only"),
    ("00/00/1980", None, "year_only"),
    ("-", None, None),
    ("0000-00-00", None, None),
    ("0001-01-01", None, None),  # what programs write where no date is known
    ("01/01/0001 00:00:00", None, None),
    ("02-03-0085", date(1985, 3, 2), "ambiguous"),
    (None, None, None),
]


def test_birth_date() -> None:
    rows = cleaned(birth_date=[written for written, _, _ in BIRTH_DATES]).accepted
    written = (b[0] for b in BIRTH_DATES)
    assert list(zip(written, rows["birth_date"], rows["birth_date_note"], strict=True)) == BIRTH_DATES


@pytest.mark.parametrize("column", ["ttl", "birth_date"])
@pytest.mark.parametrize(
    ("written", "place", "expected"),
    [
        ("Gorontalo, 31-12-1989", "GORONTALO", date(1989, 12, 31)),
        ("Bone Bolango/31-12-1989", "BONE BOLANGO", date(1989, 12, 31)),
        ("TILAMUTA,12 Mei 1975", "TILAMUTA", date(1975, 5, 12)),
        ("31-12-1989", None, date(1989, 12, 31)),
        ("Gorontalo", "GORONTALO", None),
    ],
)
def test_place_and_date_in_one_column(column: str, written: str, place: str | None, expected: date | None) -> None:
    row = cleaned(**{column: [written]}).accepted.row(0, named=True)
    assert (row["birth_place"], row["birth_date"]) == (place, expected)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-09-07 09:03:07", datetime(2026, 9, 7, 9, 3, 7)),
        ("07/09/2026 09:03", datetime(2026, 9, 7, 9, 3)),
        ("07-09-2026 09.03.07", datetime(2026, 9, 7, 9, 3, 7)),
        ("2026-09-07T09:03:07", datetime(2026, 9, 7, 9, 3, 7)),
        ("2026-09-07T09:03:07+08:00", datetime(2026, 9, 7, 9, 3, 7)),
        ("7 Sept 2026 14:05 WITA", datetime(2026, 9, 7, 14, 5)),
        ("2026-09-07 02:05:00 PM", datetime(2026, 9, 7, 14, 5)),
        (number("46272.377164351855"), datetime(2026, 9, 7, 9, 3, 7)),
        ("07/09/2026", datetime(2026, 9, 7)),
    ],
)
def test_time_of_a_transaction(written: Raw, expected: datetime) -> None:
    assert _use(transacted_at=[written])["transacted_at"].to_list() == [expected]


@pytest.mark.parametrize("day_cell", ["07/09/2026", "07.09.2026", day("2026-09-07 00:00:00"), "2026-09-07 09:03"])
def test_a_time_of_day_in_a_column_of_its_own(day_cell: Raw) -> None:
    used = _use(transacted_at=[day_cell], time_of_day=["09:03 WITA"])
    assert used["transacted_at"].to_list() == [datetime(2026, 9, 7, 9, 3)]


def test_dates_of_a_list_that_writes_the_month_first_are_turned_round() -> None:
    rows = cleaned(birth_date=["05/02/1985", "12-31-89"], month_first=["birth_date"] * 2).accepted
    assert rows["birth_date"].to_list() == [date(1985, 5, 2), date(1989, 12, 31)]


@pytest.mark.parametrize("written", ["#REF!", "00/00/0000", "9:05", "2026-09-07 25:00:00", "", None])
def test_unusable_time(written: Raw) -> None:
    result = cleaned("transactions", transacted_at=[written], card_number=["6032987517456358"], amount=["1000"])
    assert result.quarantine["reason"].to_list() == ["bad_time"]


def _use(**columns: list[Raw]) -> pl.DataFrame:
    return cleaned("transactions", **{"card_number": ["6032987517456358"], "amount": ["1000"]} | columns).accepted


@pytest.mark.parametrize(
    ("written", "month"),
    [
        ("September 2026", "2026-09"),
        ("2026-09", "2026-09"),
        ("09/2026", "2026-09"),
        ("TAHAP IV BULAN OKTOBER", "2026-10"),
        ("OKTOBER - DESEMBER 2026", "2026-10"),  # the run's own month
        ("JULI-SEPTEMBER 2026", "2026-09"),
        ("TW III 2026", "2026-09"),
        ("TAHAP 3", None),
    ],
)
def test_month_of_a_list(written: str, month: str | None) -> None:
    assert read("period", written, "list_period", kind="recipients") == month
