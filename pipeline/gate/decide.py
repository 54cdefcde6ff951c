"""The decision on each line: the first reason that applies decides, all are listed.

Belongs here: the one function that turns what is known of lines into decisions; it looks at nothing but its frame.
Not here: what is known (:mod:`.facts`), what a reason does (``rules/gate.yaml``).

The order of lines matters for one thing only: which of two equally payable lines of one person stays.
"""

from __future__ import annotations

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
    known = lines.with_columns(pl.col(FLAGS).fill_null(False)).sort("at")
    alone = _decided(known.with_columns(pl.lit(False).alias(DUPLICATE), pl.lit(False).alias(SECOND_PERSON)), rules)
    once = _decided(alone.with_columns(_duplicate().alias(DUPLICATE)), rules)
    final = _decided(once.with_columns(_second_person().alias(SECOND_PERSON)), rules)
    named = pl.concat_list(pl.when(pl.col(r)).then(pl.lit(r)) for r in rules.card).list.drop_nulls()
    return final.with_columns(reasons=named).drop("rank", *FLAGS, DUPLICATE, SECOND_PERSON).sort("at")


def _decided(lines: pl.DataFrame, rules: GateRules) -> pl.DataFrame:
    """``decision``, ``reason`` and ``rank`` from the flags as they stand."""
    first = pl.coalesce(pl.when(pl.col(r)).then(pl.lit(r)) for r in rules.card)
    does = {r: str(c.decision) for r, c in rules.card.items()}
    decision = pl.col("reason").replace_strict(does, default=None, return_dtype=pl.String).fill_null(str(Decision.PAY))
    rank = pl.col("decision").replace_strict({str(d): n for d, n in _RANK.items()}, return_dtype=pl.Int8)
    return lines.with_columns(reason=first).with_columns(decision=decision).with_columns(rank=rank)


def _turn(group: list[str], *order: pl.Expr) -> pl.Expr:
    """Place of each line in its group, from 1: the best by the order given."""
    return pl.struct("rank", *order).rank("ordinal").over(group)


def _duplicate() -> pl.Expr:
    """All lines of a person in a program but the first payable one; where none is payable, but the first held."""
    return pl.col("person").is_not_null() & (_turn(["program", "person"], pl.col("at")) > 1)


def _second_person() -> pl.Expr:
    """Lines of another person of the household than the one who stays: who is listed, else the head, else by id.

    Lines that are rejected do not stand in anybody's way.
    """
    counts = pl.col("household").is_not_null() & (pl.col("decision") != str(Decision.REJECT))
    household = pl.when(counts).then("household")
    turn = (
        pl.struct("rank", ~pl.col("listed").fill_null(False), ~pl.col("head").fill_null(False), "person", "at")
        .rank("ordinal")
        .over("program", household)
    )
    return counts & (turn > 1)
