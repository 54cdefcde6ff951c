"""From cells to stocks and flows that add up.

Belongs here: the arithmetic, and refusing what does not agree. Not here: what the cells are (:mod:`.queries`).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.errors import ConservationError, Problem

STOCKS: Final = pl.Schema(
    {
        "subject": pl.String(),  # persons, households, benefits, findings
        "part": pl.String(),  # program of benefits, type of findings; empty for the others
        "area": pl.String(),  # kecamatan code, "?" where nobody wrote it down; empty: everywhere
        "before": pl.Int64(),
        "left": pl.Int64(),
        "stayed": pl.Int64(),  # in both months, and in the same area; of findings: recurring
        "came": pl.Int64(),
        "after": pl.Int64(),  # before - left + came
        "amount_before": pl.Int64(),  # rupiah a month, of benefits and findings
        "amount_left": pl.Int64(),
        "amount_came": pl.Int64(),
        "amount_changed": pl.Int64(),  # of those in both months
        "amount_after": pl.Int64(),  # before - left + came + changed
    }
)
FLOWS: Final = pl.Schema(
    {
        "subject": pl.String(), "part": pl.String(), "area": pl.String(),
        "direction": pl.String(),  # left, came
        "reason": pl.String(),
        "detail": pl.String(),  # of findings that ended: what changed, as the later month says it; else empty
        "n": pl.Int64(),
        "amount": pl.Int64(),
    }
)  # fmt: skip
_KEYS: Final = ["subject", "part", "area"]
_ORDER: Final = {"persons": 0, "households": 1, "benefits": 2, "findings": 3}


def stocks_and_flows(cells: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Stocks (:data:`STOCKS`) and flows (:data:`FLOWS`) of cells, sorted."""
    before, after = pl.col("area_before"), pl.col("area_after")
    stays = before.eq_missing(after)
    left = cells.filter(before.is_not_null() & ~stays)
    came = cells.filter(after.is_not_null() & ~stays)
    sums = [
        _sum(cells.filter(before.is_not_null()), "area_before", before="n", amount_before="amount_before"),
        _sum(left, "area_before", left="n", amount_left="amount_before"),
        _sum(came, "area_after", came="n", amount_came="amount_after"),
        _sum(cells.filter(after.is_not_null()), "area_after", after="n", amount_after="amount_after"),
        _sum(
            cells.filter(stays).with_columns(more=pl.col("amount_after") - pl.col("amount_before")), "area_after",
            stayed="n", amount_changed="more",
        ),
    ]  # fmt: skip
    numbers = [c for c in STOCKS if c not in _KEYS]
    stocks = pl.concat(sums, how="diagonal").group_by(_KEYS).agg(pl.col(numbers).sum())
    flows = pl.concat([_flow(left, "left", "area_before"), _flow(came, "came", "area_after")])
    flows = flows.group_by([*_KEYS, "direction", "reason", "detail"]).agg(pl.col("n", "amount").sum())
    in_turn = pl.col("subject").replace_strict(_ORDER, return_dtype=pl.Int64)
    return (
        stocks.sort(in_turn, "part", "area").select(pl.col(c).cast(t) for c, t in STOCKS.items()),
        flows.sort(
            in_turn, "part", "area", "direction", "n", "reason", "detail",
            descending=[False, False, False, True, True, False, False],
        ).select(pl.col(c).cast(t) for c, t in FLOWS.items()),
    )  # fmt: skip


def _sum(cells: pl.DataFrame, area: str, **columns: str) -> pl.DataFrame:
    sums = {name: pl.col(source).sum().cast(pl.Int64) for name, source in columns.items()}
    return cells.group_by("subject", "part", area=area).agg(**sums)


def _flow(cells: pl.DataFrame, direction: str, area: str) -> pl.DataFrame:
    amount = "amount_before" if direction == "left" else "amount_after"
    detail = pl.col("detail").fill_null("") if direction == "left" else pl.lit("")
    return cells.select(
        "subject", "part", pl.lit(direction).alias("direction"), "n", area=area, reason=f"{direction}_why",
        detail=detail, amount=amount,
    )  # fmt: skip


def check(stocks: pl.DataFrame, flows: pl.DataFrame, first: pl.DataFrame, second: pl.DataFrame) -> None:
    """Hold stocks against those counted by themselves, and flows against stocks.

    Args:
        stocks: :data:`STOCKS`.
        flows: :data:`FLOWS`.
        first: ``subject``, ``part``, ``area``, ``n`` of the first month.
        second: those of the second.

    Raises:
        ConservationError: a sum does not agree.
    """
    sums = flows.group_by(*_KEYS, "direction").agg(pl.col("n").sum())
    sides = {
        d: sums.filter(pl.col("direction") == d).select(*_KEYS, pl.col("n").alias(f"n_{d}")) for d in ("left", "came")
    }
    all_of_it = stocks.join(first.rename({"n": "n_first"}), on=_KEYS, how="full", coalesce=True)
    for other in (second.rename({"n": "n_second"}), sides["left"], sides["came"]):
        all_of_it = all_of_it.join(other, on=_KEYS, how="full", coalesce=True)
    all_of_it = all_of_it.with_columns(pl.col(pl.Int64).fill_null(0))
    amounts = pl.col("amount_before") - pl.col("amount_left") + pl.col("amount_came") + pl.col("amount_changed")
    wrong = all_of_it.filter(
        (pl.col("before") != pl.col("n_first")) | (pl.col("after") != pl.col("n_second"))
        | (pl.col("left") != pl.col("n_left")) | (pl.col("came") != pl.col("n_came"))
        | (pl.col("before") - pl.col("left") != pl.col("stayed"))
        | (pl.col("stayed") + pl.col("came") != pl.col("after"))
        | (amounts != pl.col("amount_after"))
    )  # fmt: skip
    if wrong.height:
        names = [" ".join(filter(None, row)) for row in wrong.select(_KEYS).head(5).iter_rows()]
        raise ConservationError(
            Problem("compare", f"stock and flow do not agree: {', '.join(names)}", "before - left + came = after",
                    "run `tepat audit verify`, and report this")
        )  # fmt: skip
