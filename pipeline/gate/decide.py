"""The decision on each line: the first reason that applies decides, all are listed.

Belongs here: the one function that turns what is known of lines into decisions; it looks at nothing but its frame.
Not here: what is known (:mod:`.facts`), what a reason does (``rules/gate.yaml``).

The order of lines matters for one thing only: which of two equally payable lines of one person stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.gate.gate_rules import DUPLICATE, KNOWN, SECOND_PERSON, Decision, GateRules

FLAGS: Final = tuple(sorted(KNOWN - {DUPLICATE, SECOND_PERSON}))
"""Reasons that a line has or has not by itself; the other two are about its neighbours."""
_RANK: Final = {Decision.PAY: 0, Decision.HOLD: 1, Decision.REJECT: 2}


def decide(lines: pl.DataFrame, rules: GateRules) -> pl.DataFrame:
    """Decide every line.

    Args:
        lines: ``at`` (unique, the order of the list), ``program``, ``person`` (key of the payee; null: nobody can be
            compared), ``household`` (null where the program pays persons or nobody knows it), ``listed`` (the person
            is on the recipients list of the program), ``head`` (of the household), and a flag for each of ``FLAGS``.
        rules: what each reason does.

    Returns:
        The lines with ``decision``, ``reason`` (the one that decides; null: none) and ``reasons`` (all, in the order
        of the rules), sorted by ``at``.
    """
    known = lines.with_columns(_mask(FLAGS, rules)).drop(FLAGS).sort("at")
    alone = _decided(known, rules)
    once = _decided(_marked(alone, _duplicates(alone), DUPLICATE, rules), rules)
    final = _decided(_marked(once, _second_persons(once), SECOND_PERSON, rules), rules)
    return final.drop("rank", "mask").sort("at")


def _mask(reasons: Sequence[str], rules: GateRules) -> pl.Expr:
    """Which of the reasons a line has, one bit each in the order of the rules: few of the possible sets occur."""
    bits = {reason: 1 << n for n, reason in enumerate(rules.card)}
    return pl.sum_horizontal(pl.col(r).fill_null(False).cast(pl.Int64) * bits[r] for r in reasons).alias("mask")


def _marked(lines: pl.DataFrame, places: pl.Series, reason: str, rules: GateRules) -> pl.DataFrame:
    """The lines at these places have a reason more."""
    bit = 1 << list(rules.card).index(reason)
    hit = lines["at"].is_in(places.implode())
    return lines.with_columns(mask=pl.when(hit).then(pl.col("mask") | bit).otherwise("mask"))


def _decided(lines: pl.DataFrame, rules: GateRules) -> pl.DataFrame:
    """``decision``, ``reason``, ``reasons`` and ``rank`` from the reasons as they stand."""
    names = list(rules.card)
    masks = sorted(lines["mask"].unique())
    reasons = [[name for n, name in enumerate(names) if mask >> n & 1] for mask in masks]
    decisions = [rules.card[r[0]].decision if r else Decision.PAY for r in reasons]
    table = pl.DataFrame(
        {
            "mask": masks,
            "decision": [str(d) for d in decisions],
            "reason": [r[0] if r else None for r in reasons],
            "reasons": reasons,
            "rank": [_RANK[d] for d in decisions],
        },
        schema={
            "mask": pl.Int64,
            "decision": pl.String,
            "reason": pl.String,
            "reasons": pl.List(pl.String),
            "rank": pl.Int8,
        },
    )
    before = [c for c in table.columns if c != "mask" and c in lines.columns]
    return lines.drop(before).join(table, on="mask", how="left", maintain_order="left")


def _behind_the_first(lines: pl.DataFrame, group: list[str], order: list[str]) -> pl.Series:
    """Places of all lines of each group but the best: the most payable, then by the order given."""
    several = lines.filter(pl.struct(group).is_duplicated())
    return several.sort("rank", *order).filter(~pl.struct(group).is_first_distinct())["at"]


def _duplicates(lines: pl.DataFrame) -> pl.Series:
    """All lines of a person in a program but the first payable one; where none is payable, but the first held."""
    known = lines.filter(pl.col("person").is_not_null())
    return _behind_the_first(known, ["program", "person"], ["at"])


def _second_persons(lines: pl.DataFrame) -> pl.Series:
    """Lines of another person of the household than the one who stays: who is listed, else the head, else by id.

    Lines that are rejected do not stand in anybody's way.
    """
    alive = lines.filter(pl.col("household").is_not_null() & (pl.col("decision") != str(Decision.REJECT)))
    ordered = alive.with_columns(unlisted=~pl.col("listed").fill_null(False), member=~pl.col("head").fill_null(False))
    return _behind_the_first(ordered, ["program", "household"], ["unlisted", "member", "person", "at"])
