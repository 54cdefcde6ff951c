"""The pairs that matter, for review and explanation.

Belongs here: which compared pairs are written down, and the weight of each column as JSON. Not here: clerical review
itself.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from pipeline.resolve.cluster import Labels
from pipeline.resolve.compare import BIRTH_DATE, COLUMNS, NUMBER, PLACE, SAME, SLIP, SOURCE, Comparer, Floats
from pipeline.resolve.digits import Rows
from pipeline.resolve.model import Model
from pipeline.resolve.names import NameLevel

_DOUBTFUL: Final = 12.0
"""log2 odds (one in 4,096) up to which a match is written down."""

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


def pair_rows(
    a: Rows, b: Rows, decision: pl.Series, mention_id: pl.Series, comparer: Comparer, model: Model
) -> pl.DataFrame:
    """Rows of ``match_pairs`` at the level of persons."""
    compared = comparer.compare(a, b)
    scores = model.score(compared)
    parts = []
    for k, column in enumerate(COLUMNS):
        level = pl.Series(column, compared.levels[column]).replace_strict(
            dict(enumerate(LEVELS[column])), return_dtype=pl.String
        )
        weight = pl.Series(f"{column}_weight", np.round(scores.weights[:, k].astype(np.float64), 2))
        parts += [level, weight]
    against = pl.Series("against", np.where(scores.relative, "relative", "stranger"))
    prior = pl.Series("prior", np.round(scores.weights[:, -1].astype(np.float64), 2))
    wide = pl.DataFrame([*parts, against, prior])
    json = [
        pl.when(pl.col(c) != "").then(
            pl.lit(f'"{c}": {{"level": "')
            + pl.col(c)
            + pl.lit('", "weight": ')
            + pl.col(f"{c}_weight").cast(pl.String)
            + pl.lit("}")
        )
        for c in sorted(COLUMNS)
    ]
    head = pl.lit('"against": "') + pl.col("against") + pl.lit('", ')
    tail = pl.lit(', "prior": ') + pl.col("prior").cast(pl.String)
    text = wide.select(
        (pl.lit("{") + head + pl.concat_str(json, separator=", ", ignore_nulls=True) + tail + pl.lit("}")).alias("j")
    )["j"]
    left, right = mention_id.gather(a), mention_id.gather(b)
    return pl.DataFrame(
        {
            "mention_id_a": left,
            "mention_id_b": right,
            "level": pl.repeat("person", len(a), eager=True),
            "probability": pl.Series(np.round(scores.probability.astype(np.float64), 6)),
            "decision": decision,
            "comparison": text,
        }
    )


def decisions(
    a: Rows, b: Rows, total: Floats, persons: Labels, *, possible: float, match: float
) -> tuple[Rows, pl.Series]:
    """Which pairs are written down (positions) and how each was decided.

    ``possible``: left for review. ``vetoed``: alike by themselves, but kept apart by what else is known of the two
    groups. Matches that nobody could doubt are not written down: there are millions.
    """
    joined = persons[a] == persons[b]
    kept = np.flatnonzero(np.where(joined, np.abs(total) < _DOUBTFUL, total > possible))
    apart = np.where(total[kept] > match, "vetoed", "possible")
    return kept, pl.Series(np.where(joined[kept], "match", apart))
