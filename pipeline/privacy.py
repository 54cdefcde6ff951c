"""The one place where numbers of persons are masked.

Belongs here: how a NIK, family, card, account or phone number is shown to people. A masked NIK keeps its first six
and last four digits, so that a TKSK who holds the card recognises it and nobody else can use it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_LONG_NUMBER = re.compile(r"\d{11,}|(?<!\d)\d{4,8}(?:[ .\-]\d{4,8}){2,}(?!\d)")


def mask_number(text: str, first: int = 6, last: int = 4) -> str:
    """Mask all but the first and last digits: ``7501010101010001`` → ``750101******0001``.

    Numbers too short to hide anything between the two ends lose all but their last two digits.
    """
    if len(text) <= first + last:
        return "*" * max(len(text) - 2, 0) + text[-2:]
    return text[:first] + "*" * (len(text) - first - last) + text[-last:]


def scrub(text: str) -> str:
    """Mask every number of eleven or more digits in a message, also when written with blanks, dots or dashes.

    Region codes (ten digits at most) and times stay readable; a shorter account number is masked where it is read.
    """
    return _LONG_NUMBER.sub(lambda m: mask_number(re.sub(r"\D", "", m[0])), text)


def masked(column: str, first: int = 6, last: int = 4) -> pl.Expr:
    """Polars expression of :func:`mask_number` for a text column."""
    import polars as pl  # here, so that a command that only prints does not wait for it

    value = pl.col(column)
    length = value.str.len_chars().cast(pl.Int64)  # unsigned lengths would wrap below zero
    middle = pl.lit("*").repeat_by((length - first - last).clip(0)).list.join("")
    short = pl.lit("*").repeat_by((length - 2).clip(0)).list.join("") + value.str.tail(2)
    return (
        pl.when(length <= first + last)
        .then(short)
        .otherwise(value.str.head(first) + middle + value.str.tail(last))
        .alias(column)
    )
