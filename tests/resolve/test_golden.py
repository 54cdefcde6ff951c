"""What the record of a person says where its rows say little."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from pipeline.resolve.golden import persons
from tests.resolve.village import frame, row


@pytest.mark.parametrize(
    ("born", "date_in_number"),
    [
        ("470380", date(1980, 3, 7)),
        ("470326", date(2026, 3, 7)),
        ("470327", date(1927, 3, 7)),
        ("310919", None),  # September has thirty days
        ("000000", None),
    ],
)
def test_the_birth_date_in_the_number_where_none_is_written(born: str, date_in_number: date | None) -> None:
    rows = frame([row("registry.csv", 1, name="FATMAH PAKAYA", nik=f"750116{born}0004")], among=False)
    known = rows.with_columns(person_id=pl.lit("p"), household_id=pl.lit("h"), own_nik="nik")
    sure = pl.DataFrame({"person_id": ["p"], "confidence": [1.0]})
    assert persons(known, sure, date(2026, 10, 31))["birth_date"].to_list() == [date_in_number]
