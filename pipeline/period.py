"""The month that a run is about."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from pipeline.errors import InputError, Problem


@dataclass(frozen=True, order=True)
class Period:
    """A calendar month, written ``YYYY-MM``."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read ``2026-10``; :class:`InputError` for anything else."""
        match = re.fullmatch(r"(\d{4})-(\d{2})", text.strip())
        if match is None or not 1 <= int(match[2]) <= 12 or not 2000 <= int(match[1]) <= 2100:
            raise InputError(Problem("--period", f"{text!r} is not a month", "YYYY-MM, for example 2026-10"))
        return cls(int(match[1]), int(match[2]))

    @property
    def first_day(self) -> date:
        """First day of the month."""
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        """Last day of the month: the day on which ages are taken and which version of a rule is in force."""
        return date(self.year, self.month, calendar.monthrange(self.year, self.month)[1])

    def before(self) -> Period:
        """The month before."""
        return Period(self.year, self.month - 1) if self.month > 1 else Period(self.year - 1, 12)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
