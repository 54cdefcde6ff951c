"""The pairs that matter, for review and explanation.

Belongs here: which compared pairs are written down, how each was decided, and the weight of each column as JSON. Not
here: pairs of families (:mod:`.families`), clerical review itself (:mod:`pipeline.review`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.resolve.cluster import LISTS, NEVER, STEADY, Evidence, Labels, summed
from pipeline.resolve.compare import (
    BIRTH_DATE,
    COLUMNS,
    NUMBER,
    PLACE,
    SAME,
    SLIP,
    SOURCE,
    Comparer,
)
from pipeline.resolve.digits import Rows
from pipeline.resolve.judgements import Judged
from pipeline.resolve.model import Model
from pipeline.resolve.names import NameLevel

_DOUBTFUL: Final = 12.0
"""log2 odds (one in 4,096) up to which a match is written down."""
_BORN_TOGETHER: Final = ("last_digit", "serial", "other_sex")
"""Levels of two numbers that twins have."""

LEVELS: Final[dict[str, tuple[str, ...]]] = {
    "name": tuple("" if v == 0 else v.name.lower() for v in NameLevel),
    "number": NUMBER,
    "birth_date": BIRTH_DATE,
    "sex": SAME,
    "family_number": SLIP,
    "place": PLACE,
    "account": SLIP,
    "member_number": SAME,
    "phone": SAME,
    "birth_place": SAME,
    "source": SOURCE,
}


def pair_rows(written: pl.DataFrame, mention_id: pl.Series, comparer: Comparer, model: Model) -> pl.DataFrame:
    """Rows of ``match_pairs`` at the level of persons.

    Args:
        written: from :func:`decided`.
        mention_id: of each row.
        comparer: of the run.
        model: of the run.
    """
    a, b = written["a"].to_numpy(), written["b"].to_numpy()
    compared = comparer.compare(a, b)
    scores = model.score(compared)
    parts = [written["judged"], written["group"]]
    for k, column in enumerate(COLUMNS):
        level = pl.Series(f"{column}_level", compared.levels[column]).replace_strict(
            dict(enumerate(LEVELS[column])), return_dtype=pl.String
        )
        parts += [level, pl.Series(column, np.round(scores.weights[:, k].astype(np.float64), 2))]
    wide = pl.DataFrame(parts).with_columns(
        against=pl.Series(np.where(scores.relative, "relative", "stranger"), dtype=pl.String),
        prior=pl.Series(np.round(scores.weights[:, -1].astype(np.float64), 2)),
        kept_apart=pl.when(written["kept_apart"] != "number")
        .then(written["kept_apart"])
        .when(written["kept_apart"].is_null())
        .then(None)
        .when(pl.col("number_level").is_in(_BORN_TOGETHER) & (pl.col("birth_date_level") != "differs"))
        .then(pl.lit("twins"))
        .otherwise(pl.lit("two_numbers")),
    )
    return pl.DataFrame(
        {
            "mention_id_a": mention_id.gather(a),
            "mention_id_b": mention_id.gather(b),
            "level": pl.repeat("person", len(a), eager=True),
            "probability": pl.Series(np.round(scores.probability.astype(np.float64), 6)),
            "decision": written["decision"],
            "comparison": as_json(
                wide, sorted(COLUMNS), words=("against", "kept_apart", "judged"), ends=("group", "prior")
            ),
        }
    )


def as_json(
    wide: pl.DataFrame, columns: Sequence[str], words: Sequence[str] = (), ends: Sequence[str] = ()
) -> pl.Series:
    """What ``match_pairs.comparison`` holds; what is empty is left out.

    Args:
        wide: one row a pair.
        columns: names of weights in bits; what was found stands in ``<column>_level``.
        words: names of texts, which come first.
        ends: names of numbers or of JSON, which come last.
    """
    said = [pl.when(pl.col(w).is_not_null()).then(pl.lit(f'"{w}": "') + pl.col(w) + pl.lit('"')) for w in words]
    found = [
        pl.when((pl.col(f"{c}_level") != "") & pl.col(c).is_not_null()).then(
            pl.lit(f'"{c}": {{"level": "') + pl.col(f"{c}_level") + pl.lit('", "weight": ')
            + pl.col(c).cast(pl.String) + pl.lit("}")
        )
        for c in columns
    ]  # fmt: skip
    last = [pl.when(pl.col(e).is_not_null()).then(pl.lit(f'"{e}": ') + pl.col(e).cast(pl.String)) for e in ends]
    every = pl.concat_str([*said, *found, *last], separator=", ", ignore_nulls=True)
    return wide.select((pl.lit("{") + every + pl.lit("}")).alias("comparison")).to_series()


def decided(pairs: Evidence, persons: Labels, judged: Judged, *, possible: float, match: float) -> pl.DataFrame:
    """Which pairs are written down, and how each was decided.

    ``match``: one person, and somebody could doubt it (matches that nobody could doubt are millions), or said so.
    ``possible``: left for review. ``vetoed``: kept apart although alike, and by what (``kept_apart``):

    - ``judged``: somebody has said that they are two;
    - ``group``: alike by themselves, but the other rows of the two persons speak against it (``group`` says how much):
      a component that was split;
    - ``number``: alike but for two numbers that one person cannot have;
    - ``one_list``: alike but for standing on one list.

    Args:
        pairs: all that were weighed.
        persons: of each row.
        judged: what people have said.
        possible: log2 odds from which a pair is left for review.
        match: log2 odds from which a pair is a match by itself.

    Returns:
        Columns a, b, decision, kept_apart, judged (same, different), group (JSON), sorted by a, b.
    """
    total = pairs.total.astype(np.float64)
    joined = persons[pairs.a] == persons[pairs.b]
    number, lists = pairs.parts[:, STEADY.index("number")], pairs.parts[:, -1]
    by_number, by_list = (total - np.minimum(part, 0) > match for part in (number, lists))
    same, different = (_among(pairs, *words) for words in judged.words().values())
    kept = np.where(joined, np.abs(total) < _DOUBTFUL, (total > possible) | by_number | by_list) | same | different
    some = np.flatnonzero(kept & (pairs.a != pairs.b))
    frame = pl.DataFrame(
        {
            "a": pairs.a[some], "b": pairs.b[some], "total": total[some], "joined": joined[some],
            "by_number": by_number[some], "by_list": by_list[some], "same": same[some], "different": different[some],
            "group_a": persons[pairs.a[some]], "group_b": persons[pairs.b[some]],
        }
    )  # fmt: skip
    alike = pl.col("total") > match
    apart = (
        pl.when("different").then(pl.lit("judged"))
        .when(alike).then(pl.lit("group"))
        .when(pl.col("total") > possible).then(None)
        .when("by_number").then(pl.lit("number"))
        .otherwise(pl.lit("one_list"))
    )  # fmt: skip
    said = pl.when("same").then(pl.lit("same")).when("different").then(pl.lit("different"))
    frame = frame.with_columns(kept_apart=pl.when(~pl.col("joined")).then(apart), judged=said)
    decision = pl.when("joined").then(pl.lit("match")).when(pl.col("kept_apart").is_null()).then(pl.lit("possible"))
    frame = frame.with_columns(decision=decision.otherwise(pl.lit("vetoed")))
    groups = _between(pairs, persons, frame.filter(pl.col("kept_apart") == "group"))
    ordered = [
        pl.min_horizontal("group_a", "group_b").alias("one"),
        pl.max_horizontal("group_a", "group_b").alias("two"),
    ]
    frame = frame.with_columns(ordered).join(groups, on=["one", "two"], how="left", maintain_order="left")
    group = pl.when(pl.col("kept_apart") == "group").then("group").alias("group")
    return frame.select("a", "b", "decision", "kept_apart", "judged", group).sort("a", "b")


def _among(pairs: Evidence, a: Rows, b: Rows) -> npt.NDArray[np.bool_]:
    key = pairs.a.astype(np.uint64) << np.uint64(32) | pairs.b.astype(np.uint64)
    got: npt.NDArray[np.bool_] = np.isin(key, a.astype(np.uint64) << np.uint64(32) | b.astype(np.uint64))
    return got


def _ordered() -> list[pl.Expr]:
    """The two persons of a pair in order."""
    both = ("group_a", "group_b")
    return [pl.min_horizontal(both).alias("one"), pl.max_horizontal(both).alias("two")]


def _between(pairs: Evidence, persons: Labels, split: pl.DataFrame) -> pl.DataFrame:
    """What all pairs of two persons say together: ``one`` < ``two`` (persons) and ``group``, as JSON.

    ``bits``: evidence of all of them, weighed as clustering does; ``most_against``: what speaks most against.
    """
    wanted = split.select(_ordered()).unique()
    if wanted.is_empty():
        return wanted.with_columns(group=pl.lit(None, pl.String))
    rows = np.isin(persons, np.unique(wanted.to_numpy()))
    some = rows[pairs.a] & rows[pairs.b] & (persons[pairs.a] != persons[pairs.b]) & (pairs.total > NEVER / 2)
    sums = summed(pairs.take(some), persons).rename({"a": "one", "b": "two"})
    sums = sums.join(wanted, on=["one", "two"], how="semi")
    means = [
        pl.when(pl.col(f"n{k}") > 0).then(pl.col(f"s{k}") / pl.col(f"n{k}")).alias(c) for k, c in enumerate(STEADY)
    ]
    least = sums.select("one", "two", *means, pl.col("least").alias(LISTS)).unpivot(index=["one", "two"])
    least = least.sort("one", "two", "value", "variable").unique(["one", "two"], keep="first", maintain_order=True)
    told = sums.join(least.select("one", "two", most="variable"), on=["one", "two"], maintain_order="left")
    text = pl.lit('{"bits": ') + pl.col("value").round(2).cast(pl.String) + pl.lit(', "most_against": "')
    return told.select("one", "two", group=text + pl.col("most") + pl.lit('"}'))
