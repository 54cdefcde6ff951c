"""Which pendamping a recipients line means: its name there against the roster.

Belongs here: matching names of pendamping within an area. Not here: what their families' cards were used for.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

UNLISTED: Final = "name:"
"""Before the name of a pendamping who is on no roster: it stands for the person's id."""
_AT_ONCE: Final = 1000


def companions_of(lines: pl.DataFrame, roster: pl.DataFrame, *, similarity: float, area_bonus: float) -> pl.DataFrame:
    """Name and kecamatan of each pendamping on the lines, with the person meant.

    Of several on the roster that are alike, the most alike is meant, where somebody of the same kecamatan counts as
    ``area_bonus`` points more alike. A name like nobody on the roster stands for itself.

    Args:
        lines: ``companion`` and ``kecamatan_code`` (and ``kecamatan`` as written) of recipients lines.
        roster: ``person_id``, ``name``, ``area`` and ``kecamatan_code`` of the companions list.
        similarity: 0-100, from which two names are taken to be the same.
        area_bonus: points for the same kecamatan.

    Returns:
        ``companion``, ``kecamatan_code``, ``companion_id``: one row each pair that occurs.
    """
    named = lines.filter(pl.col("companion").is_not_null())
    wanted = named.group_by("companion", "kecamatan_code", maintain_order=True).agg(
        pl.col("kecamatan").drop_nulls().first()
    )
    roster = roster.filter(pl.col("name").is_not_null(), pl.col("person_id").is_not_null()).sort("person_id", "name")
    unlisted = pl.lit(UNLISTED) + pl.col("companion")
    if wanted.is_empty() or roster.is_empty():
        return wanted.select("companion", "kecamatan_code", companion_id=unlisted)
    alike = _alike(wanted["companion"].unique(maintain_order=True), roster["name"], similarity)
    known = roster.select("person_id", "area", code="kecamatan_code").with_row_index("at")
    area, place = (pl.col(c).fill_null("").str.to_uppercase() for c in ("area", "kecamatan"))
    here = (pl.col("code") == pl.col("kecamatan_code")).fill_null(False) | (
        (place != "") & area.str.contains(place, literal=True)
    )
    best = (
        wanted.join(alike, on="companion")
        .join(known, on="at")
        .with_columns(rank=pl.col("likeness") + area_bonus * here.cast(pl.Float64))
        .sort("rank", "at", descending=[True, False])
        .unique(["companion", "kecamatan_code"], keep="first", maintain_order=True)
        .select("companion", "kecamatan_code", "person_id")
    )
    return wanted.join(
        best, on=["companion", "kecamatan_code"], how="left", nulls_equal=True, maintain_order="left"
    ).select("companion", "kecamatan_code", companion_id=pl.coalesce("person_id", unlisted))


def _alike(names: pl.Series, others: pl.Series, similarity: float) -> pl.DataFrame:
    """Pairs of a name and one on the roster (``at``, its position) that are alike enough, with their ``likeness``."""
    found = []
    texts = others.to_list()
    for start in range(0, len(names), _AT_ONCE):
        some = names.slice(start, _AT_ONCE)
        by_words = process.cdist(some.to_list(), texts, scorer=fuzz.token_sort_ratio, score_cutoff=similarity)
        as_written = process.cdist(some.to_list(), texts, scorer=fuzz.ratio, score_cutoff=similarity)
        likeness = np.maximum(by_words, as_written)
        i, j = np.nonzero(likeness >= similarity)
        found.append(
            pl.DataFrame(
                {
                    "companion": some.gather(i),
                    "at": pl.Series(j, dtype=pl.UInt32),
                    "likeness": pl.Series(likeness[i, j], dtype=pl.Float64),
                }
            )
        )
    return pl.concat(found)
