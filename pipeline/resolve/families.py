"""Pairs of families that matter: believed one household, or kept two although something speaks for one.

Belongs here: which pairs of family numbers are written down for review and explanation, with what spoke for and
against, and what people have said of them. Not here: the decision itself (:mod:`.households`).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.resolve.cluster import Labels, components
from pipeline.resolve.judgements import Judged, bound
from pipeline.resolve.record import as_json

Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

TIES: Final = pl.Schema(
    {"a": pl.Int64(), "b": pl.Int64(), "probability": pl.Float64(), "decision": pl.String(), "comparison": pl.String()}
)
"""Rows ``a`` < ``b`` that stand for two families (the head's where there is one), and what was made of them."""

_SIGNS: Final = {"same_head": 5.0, "two_heads": -3.0, "slip": 5.0, "same_house": 0.0}
"""Bits that signs weigh in what is shown; the decision is by the rule of :mod:`.households`, not by their sum. An
address says nothing: two families in one house are common."""
_MUCH: Final = 0.5


def ties(
    compared: pl.DataFrame, slips: pl.DataFrame, houses: pl.DataFrame, faces: Codes, homes: Codes, judged: Judged
) -> pl.DataFrame:
    """Rows of ``TIES``.

    Args:
        compared: pairs of family numbers with a member in common: kk < kk_other, shared, members, members_other,
            same_head, headed, headed_other, and ``same``: whether they are one household by the rule.
        slips: kk, meant: numbers that were put right, as slips of the keyboard or by the rows beside them.
        houses: kk < kk_other: families with a head each in one house.
        faces: for each family number the row that stands for it, -1 none.
        homes: household of each row, as decided.
        judged: what people have said of rows' households.
    """
    shown = _with_judged(_shown(compared, slips, houses, faces), homes, judged)
    larger, shared = pl.max_horizontal("members", "members_other"), pl.col("shared").fill_null(0)
    two_heads = (pl.col("headed") & pl.col("headed_other") | pl.col("house")) & ~pl.col("same_head")
    differs = pl.when("same_head").then(pl.lit("same")).when(two_heads).then(pl.lit("differs"))
    sign = _SIGNS
    bits = shown.select(
        members=((shared + 0.5) / (larger - shared + 0.5)).log(2.0).round(2),
        members_level=pl.format("{}_of_{}", shared, larger),
        head=pl.when("same_head").then(sign["same_head"]).when(two_heads).then(sign["two_heads"]),
        head_level=differs,
        family_number=pl.when("slip").then(sign["slip"]), family_number_level=pl.lit("put_right"),
        house=pl.when("house").then(sign["same_house"]), house_level=pl.lit("same"),
        judged="judged",
    )  # fmt: skip
    weights = ["family_number", "head", "house", "members"]
    total = bits.select(pl.sum_horizontal(pl.col(weights).fill_null(0.0))).to_series().to_numpy()
    much = (shared > 0) & ~two_heads | (shared / larger >= _MUCH).fill_null(False)
    apart = (
        pl.when("joined").then(None)
        .when(pl.col("judged") == "different").then(pl.lit("judged"))
        .when(much).then(None)
        .when(shared > 0).then(pl.lit("own_family"))
        .otherwise(pl.lit("two_families"))
    )  # fmt: skip
    shown = shown.with_columns(kept_apart=apart)
    decision = pl.when("joined").then(pl.lit("match")).when(pl.col("kept_apart").is_null()).then(pl.lit("possible"))
    shown = shown.with_columns(decision=decision.otherwise(pl.lit("vetoed")))
    comparison = as_json(bits.with_columns(shown["kept_apart"]), weights, words=("kept_apart", "judged"))
    probability = pl.Series("probability", np.round(1 / (1 + np.exp2(-total)), 6))
    return (
        shown.with_columns(probability, comparison)
        .select(TIES.names())
        .cast({"a": pl.Int64, "b": pl.Int64, "comparison": pl.String})
    )


def _shown(compared: pl.DataFrame, slips: pl.DataFrame, houses: pl.DataFrame, faces: Codes) -> pl.DataFrame:
    """All pairs of family numbers, by the rows that stand for them, with the signs of each."""
    pair = ["kk", "kk_other"]
    put_right = slips.select(
        pl.min_horizontal("kk", "meant").alias("kk"), pl.max_horizontal("kk", "meant").alias("kk_other")
    ).unique()
    every = pl.concat([compared.select(pair), put_right, houses.select(pair)]).unique().sort(pair)
    one, other = (faces[every[c].to_numpy()] for c in pair)
    return (
        every.with_columns(a=pl.Series(np.minimum(one, other)), b=pl.Series(np.maximum(one, other)))
        .join(compared, on=pair, how="left", maintain_order="left")
        .join(put_right.with_columns(slip=pl.lit(True)), on=pair, how="left", maintain_order="left")
        .join(houses.with_columns(house=pl.lit(True)), on=pair, how="left", maintain_order="left")
        .filter((pl.col("a") >= 0) & (pl.col("a") != pl.col("b")))
        .unique(["a", "b"], keep="first", maintain_order=True)
        .drop(pair)
    )


def _with_judged(shown: pl.DataFrame, homes: Codes, judged: Judged) -> pl.DataFrame:
    """The pairs and those that people have judged, with ``judged`` and whether they are ``joined`` now."""
    said = pl.concat(
        pl.DataFrame({"a": a, "b": b}).with_columns(judged=pl.lit(word)) for word, (a, b) in judged.words().items()
    ).unique(["a", "b"], keep="last", maintain_order=True)
    both = shown.join(said, on=["a", "b"], how="full", coalesce=True).sort("a", "b")
    a, b = both["a"].to_numpy(), both["b"].to_numpy()
    flags = pl.col("slip", "house", "same", "same_head", "headed", "headed_other").fill_null(False)
    both = both.with_columns(flags, joined=pl.Series((homes[a] >= 0) & (homes[a] == homes[b])))
    # where nothing joined the numbers, their rows are in one household because their persons are: no question there
    return both.filter(~pl.col("joined") | pl.col("same") | pl.col("slip") | pl.col("judged").is_not_null())


def tied(pairs: pl.DataFrame, numbers: int, judged: Judged, number: Codes) -> Labels:
    """Family of each family number: components of the pairs, less what people have said are two.

    Args:
        pairs: kk, kk_other that are one household.
        numbers: how many family numbers there are.
        judged: what people have said of rows' households.
        number: family number of each row, -1 none.
    """
    a, b = pairs["kk"].to_numpy(), pairs["kk_other"].to_numpy()
    family = components(a, b, numbers)
    x, y = number[judged.different_a], number[judged.different_b]
    known = (x >= 0) & (y >= 0)
    x, y = x[known], y[known]
    wrong = np.unique(family[x[(x != y) & (family[x] == family[y])]])
    if not len(wrong):
        return family
    again = np.isin(family, wrong)
    inside = again[a]
    apart = bound(np.arange(numbers), Judged(a[inside], b[inside], x, y))
    return np.where(again, apart, family)


def not_slips(before: Codes, after: Codes, judged: Judged) -> Codes:
    """Family numbers after they were put right, but as they were where people say that they are two families'."""
    x, y = judged.different_a, judged.different_b
    wrong = (before[x] != before[y]) & (after[x] == after[y]) & (after[x] >= 0)
    kept = np.unique(np.concatenate([before[x[wrong]], before[y[wrong]]]))
    return np.where(np.isin(before, kept[kept >= 0]), before, after)


def faces_of(number: Codes, numbers: int, headed: Flags, registry: Flags) -> Codes:
    """For each family number the row that stands for it: its head's in a registry, else the first."""
    rows = np.flatnonzero(number >= 0)
    rank = np.where(headed[rows], 0, np.where(registry[rows], 1, 2))
    order = rows[np.lexsort((rows, rank, number[rows]))]
    found = number[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = found[1:] != found[:-1]
    faces = np.full(numbers, -1, dtype=np.int64)
    faces[found[first]] = order[first]
    return faces
