"""Numbers, amounts and months as they are written in Indonesian and in English."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from pipeline.errors import InputError, Problem

Language = Literal["id", "en"]

MONTHS: Final[dict[str, tuple[str, ...]]] = {
    "id": (
        "Januari", "Februari", "Maret", "April", "Mei", "Juni",
        "Juli", "Agustus", "September", "Oktober", "November", "Desember",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
_LARGE: Final = {"id": ("juta", "miliar", "triliun"), "en": ("million", "billion", "trillion")}
HIDDEN: Final = "∗"
"""Stands where a cell is suppressed."""
NOTHING: Final = "–"
"""Stands where there is no number."""


def language(text: str) -> Language:
    """The language that an option names.

    Raises:
        InputError: neither ``id`` nor ``en``.
    """
    if text == "id":
        return "id"
    if text == "en":
        return "en"
    raise InputError(Problem("--lang", f"there is no language {text!r}", "id or en"))


@dataclass(frozen=True)
class Numbers:
    """Writes numbers in one language; what is None is a dash."""

    lang: Language = "id"

    def _written(self, value: float, digits: int = 0) -> str:
        text = f"{value:,.{digits}f}"
        return text.translate(str.maketrans(",.", ".,")) if self.lang == "id" else text

    def count(self, value: int | float | None) -> str:
        """A whole number: ``1.234``."""
        return NOTHING if value is None else self._written(value)

    def change(self, value: int | float | None) -> str:
        """A difference, with its sign: ``+1.234``, ``−12``, ``0``."""
        if value is None:
            return NOTHING
        return ("+" if value > 0 else "−" if value < 0 else "") + self._written(abs(value))

    def decimal(self, value: float | None, digits: int = 2) -> str:
        """A number with decimals: ``0,47``."""
        if value is None:
            return NOTHING
        return self._written(round(value, digits) + 0.0, digits).replace("-", "−")  # + 0: no minus before a nought

    def percent(self, share: float | None) -> str:
        """A share: ``12,5 %``; never rounded to nothing or to everything."""
        if share is None:
            return NOTHING
        if 0 < share < 0.001:
            return f"< {self._written(0.1, 1)} %"
        if 0.999 < share < 1:
            return f"> {self._written(99.9, 1)} %"
        text = self._written(share * 100, 1)
        return text.removesuffix(self._written(0.0, 1)[1:]) + " %"

    def points(self, share: float | None) -> str:
        """A difference of two shares, in percentage points with its sign: ``+1,2``."""
        if share is None:
            return NOTHING
        size = self._written(abs(share) * 100, 1)
        return size if size == self._written(0, 1) else ("+" if share > 0 else "−") + size

    def rupiah(self, amount: float | None) -> str:
        """An amount in full: ``Rp1.250.000``."""
        return NOTHING if amount is None else "Rp" + self._written(amount)

    def short_rupiah(self, amount: float | None) -> str:
        """An amount in words of size: ``Rp12,3 juta``."""
        if amount is None:
            return NOTHING
        for power, word in zip((12, 9, 6), reversed(_LARGE[self.lang]), strict=True):
            if abs(amount) >= 10**power:
                return f"Rp{self._written(amount / 10**power, 1)} {word}"
        return self.rupiah(amount)

    def month(self, period: str) -> str:
        """A month in words: ``Oktober 2026``."""
        year, _, month = period.partition("-")
        return f"{MONTHS[self.lang][int(month) - 1]} {year}"

    def day(self, date: date) -> str:
        """A day in words: ``24 November 2026``."""
        return f"{date.day} {self.month(f'{date:%Y-%m}')}"
