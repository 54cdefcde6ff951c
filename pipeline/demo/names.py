"""Names of invented people, drawn in bulk.

Belongs here: how a full name is put together from the pools of ``names.yaml`` by origin, sex and father. Not here:
how a name is misspelt (:mod:`pipeline.demo.noise`).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import polars as pl
import yaml

from pipeline.demo.dice import Dice, Flags, Ints, Keys, Reals

_GIVEN_SKEW = 0.75
_FAM_SKEW = 0.7
"""Exponents of Zipf's law: a few names are very common, most are rare."""


@cache
def material() -> dict[str, Any]:
    """The pools of ``names.yaml``."""
    text = files("pipeline.demo").joinpath("names.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506, the C twin of safe_load
    return loaded


def origin_weights() -> list[float]:
    """How common each origin is."""
    return [float(o["weight"]) for o in material()["origins"].values()]


def _zipf(n: int, skew: float) -> Reals:
    weights: Reals = 1.0 / np.arange(1, n + 1, dtype=np.float64) ** skew
    return weights


def draw_given(dice: Dice, key: Keys, origin: Ints, woman: Flags, question: str) -> pl.Series:
    """A given name for each key."""
    out = np.full(len(key), "", dtype=object)
    for number, pools in enumerate(material()["origins"].values()):
        for is_woman, column in ((False, "men"), (True, "women")):
            at = np.flatnonzero((origin == number) & (woman == is_woman))
            pool = np.asarray(pools[column], dtype=object)
            out[at] = pool[dice.pick(key[at], question, _zipf(len(pool), _GIVEN_SKEW))]
    return pl.Series("given", out.tolist(), dtype=pl.String)


def draw_fam(dice: Dice, key: Keys, origin: Ints, question: str) -> pl.Series:
    """A family name for each key; empty where the origin has none."""
    out = np.full(len(key), "", dtype=object)
    for number, pools in enumerate(material()["origins"].values()):
        if "families" not in pools:
            continue
        at = np.flatnonzero(origin == number)
        pool = np.asarray(pools["families"], dtype=object)
        out[at] = pool[dice.pick(key[at], question, _zipf(len(pool), _FAM_SKEW))]
    return pl.Series("fam", out.tolist(), dtype=pl.String)


_GORONTALO_PATTERNS = ("given_fam", "given_second_fam", "given_initial_fam", "given", "given_father", "given_bin")
_GORONTALO_WEIGHTS = (45.0, 24.0, 14.0, 7.0, 7.0, 3.0)


def full_names(
    dice: Dice, key: Keys, origin: Ints, woman: Flags, *, given: pl.Series, fam: pl.Series, father: pl.Series
) -> pl.Series:
    """Full names in the pattern of each origin.

    Args:
        given: first given name of each person.
        fam: name of the father's line.
        father: given name of the father.
    """
    second = draw_given(dice, key, origin, woman, "second given name")
    patterns = [o["pattern"] for o in material()["origins"].values()]
    local = np.asarray(_GORONTALO_PATTERNS, dtype=object)[dice.pick(key, "name pattern", _GORONTALO_WEIGHTS)]
    by_origin = np.asarray(patterns, dtype=object)[origin]
    pattern = np.where(origin == 0, local, by_origin)
    frame = pl.DataFrame(
        {
            "pattern": pl.Series(pattern.tolist(), dtype=pl.String),
            "given": given,
            "second": second,
            "fam": fam,
            "father": father.str.split(" ").list.last(),
            "woman": woman,
            "short": dice.happens(key, "only one name", 0.4),
        }
    )
    g, s, f, p = (pl.col(c) for c in ("given", "second", "fam", "father"))
    woman_col = pl.col("woman")
    name = (
        pl.when(pl.col("pattern") == "given_fam")
        .then(pl.concat_str(g, f, separator=" "))
        .when(pl.col("pattern") == "given_second_fam")
        .then(pl.when(g == s).then(pl.concat_str(g, f, separator=" ")).otherwise(pl.concat_str(g, s, f, separator=" ")))
        .when(pl.col("pattern") == "given_initial_fam")
        .then(pl.concat_str(g, pl.concat_str(p.str.slice(0, 1), pl.lit(".")), f, separator=" "))
        .when(pl.col("pattern") == "given_father")
        .then(pl.concat_str(g, p, separator=" "))
        .when(pl.col("pattern") == "given_bin")
        .then(pl.concat_str(g, pl.when(woman_col).then(pl.lit("binti")).otherwise(pl.lit("bin")), p, separator=" "))
        .when(pl.col("pattern") == "given_given")
        .then(pl.when(pl.col("short") | (g == s)).then(g).otherwise(pl.concat_str(g, s, separator=" ")))
        .when(pl.col("pattern") == "balinese")
        .then(pl.concat_str(pl.when(woman_col).then(pl.lit("Ni")).otherwise(pl.lit("I")), g, f, separator=" "))
        .otherwise(g)
    )
    return frame.select(name.alias("name")).to_series()
