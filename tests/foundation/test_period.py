from datetime import date

import pytest

from pipeline.errors import InputError
from pipeline.period import Period


def test_a_month_knows_its_days_and_the_month_before() -> None:
    february = Period.parse("2028-02")
    assert (february.first_day, february.last_day) == (date(2028, 2, 1), date(2028, 2, 29))
    assert str(Period.parse("2027-01").before()) == "2026-12"


@pytest.mark.parametrize("text", ["2026", "2026-13", "26-10", "oktober 2026", "2026-1", ""])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="2026-10"):
        Period.parse(text)


def test_months_are_ordered() -> None:
    assert Period.parse("2025-12") < Period.parse("2026-01")
