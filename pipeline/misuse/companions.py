"""Which pendamping a recipients line means: its name there against the roster.

Belongs here: matching names of pendamping within an area. Not here: what their families' cards were used for.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

UNLISTED = "name:"
"""Before the name of a pendamping who is on no roster: it stands for the person's id."""


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
    alike = _likeness(wanted["companion"].to_list(), roster["name"].to_list())
    here = _same_area(wanted, roster)
    ranked = np.where(alike >= similarity, alike + area_bonus * here, -1.0)
    best = ranked.argmax(axis=1)
    is_found = ranked[np.arange(len(best)), best] >= 0
    person = pl.Series(roster["person_id"].gather(best), dtype=pl.String)
    return wanted.with_columns(person=person, found=pl.Series(is_found)).select(
        "companion", "kecamatan_code", companion_id=pl.when("found").then("person").otherwise(unlisted)
    )


def _likeness(names: list[str], others: list[str]) -> np.ndarray:
    by_words = process.cdist(names, others, scorer=fuzz.token_sort_ratio)
    as_written = process.cdist(names, others, scorer=fuzz.ratio)
    return np.asarray(np.maximum(by_words, as_written))


def _same_area(wanted: pl.DataFrame, roster: pl.DataFrame) -> np.ndarray:
    """Whether the roster's area names the kecamatan of the line, by code or in words."""
    codes = [c or "" for c in wanted["kecamatan_code"].to_list()]
    places = [(p or "\0").upper() for p in wanted["kecamatan"].to_list()]
    areas = [(a or "").upper() for a in roster["area"].to_list()]
    theirs = roster["kecamatan_code"].to_list()
    rows = [
        [(bool(code) and code == own) or place in area for own, area in zip(theirs, areas, strict=True)]
        for code, place in zip(codes, places, strict=True)
    ]
    return np.array(rows, dtype=bool)
