import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.privacy import mask_number, masked, scrub

DIGITS = st.text("0123456789", min_size=0, max_size=20)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("7501010101010001", "750101******0001"),
        ("0123456789", "********89"),
        ("12", "12"),
        ("", ""),
    ],
)
def test_a_masked_number_keeps_its_ends(number: str, shown: str) -> None:
    assert mask_number(number) == shown


@given(DIGITS)
def test_expression_and_function_mask_alike(number: str) -> None:
    frame = pl.DataFrame({"n": [number]})
    assert frame.select(masked("n")).item() == mask_number(number)


def test_empty_stays_empty() -> None:
    assert pl.DataFrame({"n": [None]}, schema={"n": pl.String}).select(masked("n")).item() is None


@given(st.text(max_size=20), st.text("123456789", min_size=16, max_size=16), st.text(max_size=20))
def test_no_whole_number_survives_in_a_message(before: str, number: str, after: str) -> None:
    assert number not in scrub(f"{before} {number} {after}")


@pytest.mark.parametrize(
    "written", ["7501 0101 0101 0001", "7501.0101.0101.0001", "7501-0101-0101-0001", "750101 010101 0001"]
)
def test_numbers_in_groups_are_masked(written: str) -> None:
    assert scrub(f"row 12: {written} twice") == "row 12: 750101******0001 twice"


def test_codes_times_and_amounts_stay_readable() -> None:
    text = "BLT DD X 7501212001 2026-10.xlsx at 2026-10-05 14:03:22: Rp12.600.000.000"
    assert scrub(text) == text
