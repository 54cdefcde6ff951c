"""Numbers and names on the recipients lists that lead to somebody else: shared ones, and those of officers.

Belongs here: one account or phone on several persons, officers and their households among the recipients, and their
numbers on other people's lines. What the files say of cards' use is not needed for any of it.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipeline.misuse.base_rate import extra_tail
from pipeline.misuse.thresholds import Thresholds
from pipeline.misuse.uses import MAX_EVIDENCE, ROW


def shared_numbers(
    lines: pl.DataFrame, column: str, reason: str, subject_kind: str, thresholds: Thresholds
) -> pl.DataFrame:
    """One account or phone on the lines of several different persons; a person with two lines counts once.

    How unusual: see :func:`~pipeline.misuse.base_rate.extra_tail`.
    """
    written = lines.filter(pl.col(column).is_not_null(), pl.col("person_id").is_not_null())
    persons = written.group_by(column).agg(n_cards=pl.col("person_id").n_unique().cast(pl.Int64))
    expected, chance = extra_tail(persons["n_cards"].to_numpy())
    persons = persons.with_columns(expected=pl.lit(expected), chance=pl.Series(chance))
    several = persons.filter(pl.col("n_cards") >= thresholds.shared_min_persons)
    behind = (
        written.join(several.select(column), on=column, how="semi")
        .sort(ROW)
        .group_by(column)
        .agg(
            n_of=pl.coalesce("household_id", "person_id").n_unique().cast(pl.Int64),
            kecamatan_code=pl.col("kecamatan_code").drop_nulls().mode().min(),
            amount=pl.col("amount").sum(),
            evidence=pl.struct(*ROW).head(MAX_EVIDENCE),
        )
    )
    return (
        several.join(behind, on=column)
        .with_columns(
            reason=pl.lit(reason),
            subject_kind=pl.lit(subject_kind),
            subject_id=pl.col(column),
            compared=pl.lit(persons.height, pl.Int64),
            fact=pl.struct(persons="n_cards", households="n_of").struct.json_encode(),
        )
        .drop(column)
    )


def insiders(lines: pl.DataFrame, officers: pl.DataFrame, households: int) -> list[pl.DataFrame]:
    """Officers or their households among the recipients, and officers' numbers on the lines of other people.

    How unusual: the first by the share of all households that receive something (an officer may be poor), the second
    by how rarely any number is written for one person too many.

    Args:
        lines: recipients lines with ``person_id`` and ``household_id``.
        officers: ``person_id``, ``household_id``, ``role``, ``phone``, ``account_number`` of companions, agents and
            TKSK, as their rosters have them.
        households: how many the month knows.
    """
    known = officers.filter(pl.col("person_id").is_not_null()).sort("person_id", "role", nulls_last=True)
    who = known.unique("person_id", keep="first", maintain_order=True).select(subject_id="person_id", role="role")
    themselves = known.select("person_id", subject_id="person_id").unique()
    family = known.select("household_id", subject_id="person_id").drop_nulls().unique()
    own = pl.concat([lines.join(themselves, on="person_id"), lines.join(family, on="household_id")], how="diagonal")
    own = own.unique(["subject_id", *ROW])
    served = lines["household_id"].drop_nulls().n_unique() / max(households, 1)
    numbers, written = [], []
    for column in ("phone", "account_number"):
        theirs = known.select(column, subject_id="person_id").drop_nulls().unique()
        numbers.append(lines.join(theirs, on=column))
        written.append(lines.drop_nulls([column, "person_id"]).group_by(column).agg(n=pl.col("person_id").n_unique()))
    lent = pl.concat(numbers, how="diagonal").unique(["subject_id", *ROW])
    lent = lent.join(own.select("subject_id", *ROW), on=["subject_id", *ROW], how="anti")
    receives = _about(own, who, "insider_recipient", pl.len())
    lends = _about(lent, who, "insider_number", pl.col("person_id").n_unique())
    uses = np.concatenate([w["n"].to_numpy() for w in written])
    expected, chance = extra_tail(np.concatenate([uses, lends["n_cards"].to_numpy() + 1]))
    return [
        receives.with_columns(expected=pl.lit(served), chance=pl.lit(served)),
        lends.with_columns(expected=pl.lit(expected - 1), chance=pl.Series(chance[len(uses) :])),
    ]


def _about(lines: pl.DataFrame, who: pl.DataFrame, reason: str, counted: pl.Expr) -> pl.DataFrame:
    grouped = (
        lines.sort(ROW)
        .group_by("subject_id")
        .agg(
            n_cards=counted.cast(pl.Int64),
            kecamatan_code=pl.col("kecamatan_code").drop_nulls().mode().min(),
            amount=pl.col("amount").sum(),
            evidence=pl.struct(*ROW).head(MAX_EVIDENCE),
        )
        .sort("subject_id")
    )
    return grouped.join(who, on="subject_id", maintain_order="left").with_columns(
        reason=pl.lit(reason),
        subject_kind=pl.lit("companion"),
        compared=pl.lit(who.height, pl.Int64),
        fact=pl.struct("role", lines="n_cards").struct.json_encode(),
    ).drop("role")  # fmt: skip
