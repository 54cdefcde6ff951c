"""Numbers as an Indonesian and an English reader expect them."""

from __future__ import annotations

import pytest

from pipeline.errors import InputError
from pipeline.look.numbers import Numbers, language


@pytest.mark.parametrize(
    ("lang", "how", "value", "written"),
    [
        ("id", "count", 1234567, "1.234.567"),
        ("en", "count", 1234567, "1,234,567"),
        ("id", "percent", 0.125, "12,5 %"),
        ("id", "percent", 0.5, "50 %"),
        ("id", "percent", 0.0, "0 %"),
        ("id", "percent", 1.0, "100 %"),
        ("id", "percent", 0.0004, "< 0,1 %"),
        ("id", "percent", 0.9999, "> 99,9 %"),
        ("en", "percent", 0.125, "12.5 %"),
        ("id", "rupiah", 1250000, "Rp1.250.000"),
        ("id", "short_rupiah", 21562000, "Rp21,6 juta"),
        ("id", "short_rupiah", 6_468_600_000, "Rp6,5 miliar"),
        ("en", "short_rupiah", 6_468_600_000, "Rp6.5 billion"),
        ("id", "short_rupiah", 42000, "Rp42.000"),
        ("id", "decimal", -0.467, "−0,47"),
        ("id", "decimal", -0.001, "0,00"),
        ("id", "change", 12, "+12"),
        ("id", "change", -12, "−12"),
        ("id", "change", 0, "0"),
        ("id", "points", 0.0123, "+1,2"),
        ("id", "points", -0.0001, "0,0"),
        ("id", "month", "2026-10", "Oktober 2026"),
        ("en", "month", "2026-10", "October 2026"),
    ],
)
def test_written(lang: str, how: str, value: object, written: str) -> None:
    assert getattr(Numbers(language(lang)), how)(value) == written


@pytest.mark.parametrize("how", ["count", "percent", "rupiah", "short_rupiah", "decimal", "change", "points"])
def test_what_is_not_there_is_a_dash(how: str) -> None:
    assert getattr(Numbers(), how)(None) == "–"


def test_another_language_is_refused() -> None:
    with pytest.raises(InputError, match="id or en"):
        language("jv")
