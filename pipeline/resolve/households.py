"""Which persons live as one household.

Belongs here: which family numbers mean one household, and to which one each person belongs. Not here: who is who
(:mod:`.cluster`).

A household is normally one family number (KK). Two numbers are one household when they have the same head or most of their
members in common (issued twice, renewed), or when one is the other with a slip of the keyboard and the house is the
same. A grown child who still stands on the parents' KK beside a KK of its own belongs to its own. Two families in
one house stay two: an address alone never makes a household.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.resolve import digits
from pipeline.resolve.cluster import Labels, components
from pipeline.resolve.features import RELATIONSHIPS, Features

Codes = npt.NDArray[np.int64]

HEAD: Final = RELATIONSHIPS.index("head") + 1
SPOUSE: Final = RELATIONSHIPS.index("spouse") + 1
_MOST: Final = 0.75
_MASKS: Final = ((0, 3), (4, 7), (8, 11), (12, 15))
_BLOCK: Final = 30


def households(features: Features, persons: Labels, where: pl.DataFrame, shared_members: float) -> Codes:
    """The household of each row, as a number; -1 where the files cannot tell.

    Args:
        features: of the run's rows.
        persons: person of each row.
        where: source_file, sheet, row_number of each row: members of one family stand together on a registry.
        shared_members: part of the members of the larger of two family numbers that makes them one household.
    """
    kk = features.kk.value
    values, number = np.unique(kk, return_inverse=True)
    number = np.where(kk > 0, number, -1).astype(np.int64)
    rows = pl.DataFrame(
        {
            "person": persons,
            "kk": number,
            "registry": features.registry,
            "head": features.registry & (features.relationship == HEAD),
            "spouse": features.registry & (features.relationship == SPOUSE),
        }
    )
    stays = (
        rows.filter(pl.col("kk") >= 0)
        .group_by("person", "kk")
        .agg(
            pl.len().alias("n"),
            pl.col("registry").sum().alias("registered"),
            pl.col("head").any(),
            pl.col("spouse").any(),
        )
        .sort("person", "kk")
    )
    tied = _same_members(stays, shared_members)
    slips = _slips(features, number, values, stays)
    a = np.concatenate([tied["kk"].to_numpy(), slips[:, 0]])
    b = np.concatenate([tied["kk_other"].to_numpy(), slips[:, 1]])
    family = components(a.astype(np.int64), b.astype(np.int64), len(values))
    homes = _homes(stays, family, values)
    home = np.full(len(persons), -1, dtype=np.int64)
    home[homes["person"].to_numpy()] = homes["family"].to_numpy()
    of_row = home[persons]
    return _without_number(features, persons, of_row, where, len(values))


def _same_members(stays: pl.DataFrame, shared_members: float) -> pl.DataFrame:
    """Pairs of family numbers that have the same head, or most of their members in common."""
    sizes = stays.group_by("kk").agg(
        pl.len().alias("members"),
        (pl.col("registered") > 0).sum().alias("listed"),
        pl.col("head").any().alias("headed"),
    )
    crowd = stays.filter(pl.len().over("person") <= _BLOCK)
    pairs = (
        crowd.join(crowd, on="person", suffix="_other")
        .filter(pl.col("kk") < pl.col("kk_other"))
        .group_by("kk", "kk_other")
        .agg(pl.len().alias("shared"), (pl.col("head") & pl.col("head_other")).any().alias("same_head"))
        .join(sizes, on="kk")
        .join(sizes, left_on="kk_other", right_on="kk", suffix="_other")
    )
    larger = pl.max_horizontal("members", "members_other")
    part = pl.col("shared") / larger
    both_headed = pl.col("headed") & pl.col("headed_other")
    same = (
        pl.when(pl.col("same_head")).then(True)
        .when(both_headed).then((part >= _MOST) & (pl.col("shared") > 2))
        .otherwise((part >= shared_members) & (pl.col("shared") > 1))
    )  # fmt: skip
    return pairs.filter(same).select("kk", "kk_other").sort("kk", "kk_other")


def _slips(features: Features, number: Codes, values: digits.Packed, stays: pl.DataFrame) -> Codes:
    """Family numbers one keystroke apart, in one house, of which at most one has a head."""
    f = features
    desa = f.codes["desa"].astype(np.int64)
    seen = number >= 0
    first = pl.DataFrame(
        {"kk": number, "house": desa << 32 | f.codes["address"], "lane": (desa * 1000 + f.rt) * 1000 + f.rw}
    )
    known = {"house": (desa > 0) & (f.codes["address"] > 0), "lane": (desa > 0) & (f.rt >= 0)}
    first = first.with_columns(pl.when(pl.Series(known[c])).then(c).alias(c) for c in known).filter(pl.Series(seen))
    places = first.group_by("kk").agg(pl.col(c).drop_nulls().unique().sort() for c in known)
    headed = stays.group_by("kk").agg(
        pl.col("head").any(), pl.len().alias("members"), (pl.col("registered") > 0).any().alias("listed")
    )
    facts = headed.join(places, on="kk").sort("kk")
    code, packed = facts["kk"].to_numpy(), values[facts["kk"].to_numpy()]
    found = []
    for start, end in _MASKS:
        rest = packed ^ digits.part(packed, start, end)
        keyed = pl.DataFrame({"at": np.arange(len(code)), "rest": rest}).filter(pl.len().over("rest") <= _BLOCK)
        found.append(
            keyed.join(keyed, on="rest", suffix="_b").filter(pl.col("at") < pl.col("at_b")).select("at", "at_b")
        )
    pairs = pl.concat(found).unique().sort("at", "at_b")
    at, at_b = pairs["at"].to_numpy(), pairs["at_b"].to_numpy()
    close = (np.bitwise_count(digits._marks(packed[at] ^ packed[at_b])) == 1) | digits.swapped(packed[at], packed[at_b])
    pairs = pairs.filter(pl.Series(close))
    joined = pairs.join(facts.with_row_index("at").cast({"at": pl.Int64}), on="at").join(
        facts.with_row_index("at_b").cast({"at_b": pl.Int64}), on="at_b", suffix="_b"
    )
    same_house = pl.col("house").list.set_intersection("house_b").list.len() > 0
    same_lane = pl.col("lane").list.set_intersection("lane_b").list.len() > 0
    clash = ~same_lane & (pl.col("lane").list.len() > 0) & (pl.col("lane_b").list.len() > 0)
    # on a registry a number without head is odd by itself; elsewhere nobody says who is head
    near = pl.when(pl.col("listed") & pl.col("listed_b")).then(same_lane | same_house).otherwise(same_house)
    few = pl.min_horizontal("members", "members_b") <= 2
    kept = joined.filter(~(pl.col("head") & pl.col("head_b")) & near & ~clash & few)
    got: Codes = kept.select("kk", "kk_b").to_numpy().astype(np.int64).reshape(-1, 2)
    return got


def _homes(stays: pl.DataFrame, family: Labels, values: digits.Packed) -> pl.DataFrame:
    """Each person's family: where it is head or spouse, else where a registry has it, else where most rows have it."""
    issued = digits.number(values, 10, 11) * 10000 + digits.number(values, 8, 9) * 100 + digits.number(values, 6, 7)
    kk = stays["kk"].to_numpy()
    placed = stays.with_columns(pl.Series("family", family[kk]), pl.Series("issued", issued[kk]))
    placed = placed.with_columns((pl.col("registered") > 0).any().over("family").alias("listed"))
    best = (
        placed.group_by("person", "family")
        .agg(
            pl.col("head").any(), pl.col("spouse").any(), pl.col("registered").sum(), pl.col("listed").any(),
            pl.col("n").sum(), pl.col("issued").max(),
        )
        .with_columns((pl.col("registered") > 0).alias("in_registry"))
        .sort(
            "person", "head", "spouse", "in_registry", "listed", "n", "issued", "family",
            descending=[False, True, True, True, True, True, True, False],
        )
        .unique("person", keep="first", maintain_order=True)
    )  # fmt: skip
    return _follow_the_others(best, placed).select("person", "family").sort("person")


def _follow_the_others(best: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """Persons known only from a number that no registry has go where the others of that number went, if all went to one."""
    went = (
        placed.filter(~pl.col("listed"))
        .join(best.select("person", pl.col("family").alias("went"), pl.col("listed").alias("settled")), on="person")
        .filter(pl.col("settled") & (pl.col("went") != pl.col("family")))
        .group_by("family")
        .agg(pl.col("went").n_unique().alias("ways"), pl.col("went").min())
        .filter(pl.col("ways") == 1)
    )
    return best.join(went, on="family", how="left").with_columns(
        pl.when(~pl.col("listed")).then(pl.coalesce("went", "family")).otherwise("family").alias("family")
    )


def _without_number(features: Features, persons: Labels, home: Codes, where: pl.DataFrame, next_code: int) -> Codes:
    """Registry rows of persons without any family number: the family they stand in, else one of their own."""
    f = features
    lost = f.registry & (home < 0)
    if not lost.any():
        return home
    frame = where.with_columns(
        pl.Series("row", np.arange(len(f))),
        pl.Series("home", home),
        pl.Series("person", persons),
        pl.Series("head", f.relationship == HEAD),
        pl.Series("house", f.codes["desa"].astype(np.int64) << 32 | f.codes["address"]),
        pl.Series("lane", f.rt.astype(np.int64) * 1000 + f.rw),
    ).filter(pl.Series(f.registry))
    frame = frame.sort("source_file", "sheet", "row_number").with_columns(
        pl.col("source_file").rle_id().alias("file"), pl.col("sheet").rle_id().alias("part")
    )
    known = pl.when(pl.col("home") >= 0).then("home")
    beside = {
        "before": known.forward_fill().over("file", "part"),
        "after": known.backward_fill().over("file", "part"),
    }
    for name, column in (("house", "house"), ("lane", "lane")):
        here = pl.when(pl.col("home") >= 0).then(column)
        beside[f"{name}_before"] = here.forward_fill().over("file", "part")
        beside[f"{name}_after"] = here.backward_fill().over("file", "part")
    frame = frame.with_columns(**beside)
    fits_before = (
        (pl.col("house") == pl.col("house_before")) & (pl.col("lane") == pl.col("lane_before")) & ~pl.col("head")
    )
    fits_after = (pl.col("house") == pl.col("house_after")) & (pl.col("lane") == pl.col("lane_after"))
    found = (
        frame.filter(pl.col("home") < 0)
        .with_columns(
            pl.when(pl.col("before") == pl.col("after")).then("before")
            .when(fits_before).then("before")
            .when(fits_after).then("after")
            .alias("family")
        )
        .sort("row")
        .unique("person", keep="first", maintain_order=True)
    )  # fmt: skip
    got = np.full(len(persons), -1, dtype=np.int64)
    fallback = next_code + found["person"].to_numpy()
    got[found["person"].to_numpy()] = found["family"].fill_null(pl.Series(fallback)).to_numpy()
    return np.where(home < 0, got[persons], home)
