"""Which rows can be used: the must-haves of each kind, and quarantine for the rest.

Belongs here: the reasons for quarantine, one expression each, and the row as read that goes with them. A number that
is written but lossy, masked or impossible counts as present; what else is wrong with a row is for
:mod:`pipeline.validate` to warn of.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.ingest.clean.cells import RawRows


def _present(column: str) -> pl.Expr:
    """Whether a number is written, in whatever state."""
    return pl.col(f"{column}_status") != "missing"


def _given(column: str) -> pl.Expr:
    return pl.col(column).is_not_null()


_NAME = _given("name")
_NUMBER = _present("nik") | _present("no_kk")
_NOBODY = ~_NAME & ~_NUMBER

_WHO: Final = (
    ("placeholder", _NOBODY & pl.col("placeholder"), "a word that stands for no name, and no number of a person"),
    ("no_identity", _NOBODY, "no name, no NIK and no family number"),
)  # fmt: skip

REASONS: Final[dict[str, tuple[tuple[str, pl.Expr, str], ...]]] = {
    "registry": (
        *_WHO,
        ("name_only", ~_NUMBER & ~_given("birth_date"), "a name only: a NIK, family number or birth date is needed"),
    ),
    "recipients": (*_WHO, ("no_number", ~_NUMBER, "a name only: a NIK or family number is needed")),
    "payments": (
        *_WHO,
        ("no_number", ~_present("nik") & ~_given("account_number") & ~pl.col("account_number_lost"),
         "a name only: a NIK or account number is needed"),
        ("no_amount", ~pl.col("amount_written"), "no amount: a pay line needs one"),
        ("bad_amount", ~_given("amount") | (pl.col("amount") <= 0), "an amount that is not a sum above zero"),
    ),
    "deaths": (
        *_WHO,
        ("name_only", ~_present("nik") & ~_given("birth_date"), "a name only: a NIK or readable birth date is needed"),
    ),
    "employment": (
        *_WHO,
        ("name_only", ~_present("nik") & ~_given("birth_date"), "a name only: a NIK or readable birth date is needed"),
    ),
    "companions": _WHO,
    "tksk": _WHO,
    "ppks": _WHO,
    "proposals": _WHO,
    "transactions": (
        ("no_card", ~_given("card_number"), "no usable card number: its digits are needed"),
        ("bad_time", ~_given("transacted_at"), "no readable time of the transaction"),
        ("bad_amount", ~_given("amount") | (pl.col("amount") < 0), "no readable amount of zero or more"),
    ),
    "outcomes": (
        ("no_identity", ~_given("case_id") | ~_given("outcome"), "a case number and an outcome are needed"),
    ),
}  # fmt: skip
"""Kind → reasons in the order in which they are tried, each with its expression over the cleaned columns and what is
needed instead."""


def reasons(kind: str, cleaned: pl.DataFrame) -> pl.DataFrame:
    """Columns ``reason`` and ``detail``, null where the row is accepted."""
    reason: pl.Expr = pl.lit(None, pl.String)
    detail: pl.Expr = pl.lit(None, pl.String)
    for name, applies, needed in reversed(REASONS[kind]):
        hit = applies.fill_null(False)
        reason = pl.when(hit).then(pl.lit(name)).otherwise(reason)
        detail = pl.when(hit).then(pl.lit(needed)).otherwise(detail)
    return cleaned.select(reason=reason, detail=detail)


def as_read(rows: RawRows, headings: Sequence[dict[str, str]], chosen: pl.Series) -> pl.Series:
    """The chosen rows as read: JSON of heading → text, empty cells left out.

    Args:
        rows: raw rows.
        headings: of each sheet, canonical column → heading as written.
        chosen: which rows.
    """
    return pl.Series(
        "raw",
        [
            json.dumps(
                {heading: row[c] for c, heading in headings[row["origin"]].items() if row.get(c) is not None},
                ensure_ascii=False,
                sort_keys=True,
            )
            for row in rows.frame.filter(chosen).iter_rows(named=True)
        ],
        dtype=pl.String,
    )
