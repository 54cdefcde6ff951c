"""Which persons live as one household.

Belongs here: which family numbers mean one household, and to which one each person belongs. Not here: who is who
(:mod:`.cluster`).

A household is normally one family number (KK). Two numbers are one household when they have the same head or most
of their members in common (issued twice, renewed), or when one is the other with a slip of the keyboard and the
house is the same. A grown child who still stands on the parents' KK beside a KK of its own belongs to its own. Two
families in one house stay two: an address alone never makes a household.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.resolve import digits
from pipeline.resolve.cluster import Labels
from pipeline.resolve.families import faces_of, not_slips, tied, ties
from pipeline.resolve.features import RELATIONSHIPS, Features
from pipeline.resolve.judgements import Judged, bound

Codes = npt.NDArray[np.int64]

HEAD: Final = RELATIONSHIPS.index("head") + 1
SPOUSE: Final = RELATIONSHIPS.index("spouse") + 1
_MOST: Final = 0.75
_MASKS: Final = ((0, 3), (4, 7), (8, 11), (12, 15))
_BLOCK: Final = 30
_ONE_HOUSE: Final = 4
_SOME_DIGITS: Final = 5
_ALL_BUT_ONE: Final = 15


@dataclass(frozen=True)
class Homes:
    """Which household each row belongs to.

    Attributes:
        of_row: number of the household, -1 where the files cannot tell.
        ties: pairs of families that were compared, see :data:`~pipeline.resolve.families.TIES`.
    """

    of_row: Codes
    ties: pl.DataFrame


def households(
    features: Features, persons: Labels, where: pl.DataFrame, shared_members: float, judged: Judged | None = None
) -> Homes:
    """The household of each row.

    Args:
        features: of the run's rows.
        persons: person of each row.
        where: source_file, sheet, row_number of each row: members of one family stand together on a registry.
        shared_members: part of the members of the larger of two family numbers that makes them one household.
        judged: pairs of rows that people say are of one household, or of two.
    """
    judged = judged or Judged.none()
    kk = features.kk.value
    values, number = np.unique(kk, return_inverse=True)
    written = _from_part(features, np.where(kk > 0, number, -1).astype(np.int64))
    corrected = _corrected(features, persons, _from_neighbours(features, written, where), values)
    number = not_slips(written, corrected, judged)
    stays = _stays(features, persons, number)
    compared = _with_members_in_common(stays, shared_members)
    family = tied(compared.filter("same"), len(values), judged, number)
    homes = _homes(stays, family, values)
    home = np.full(len(persons), -1, dtype=np.int64)
    home[homes["person"].to_numpy()] = homes["family"].to_numpy()
    of_row = _without_number(features, persons, home[persons], where, len(values))
    of_row = np.where(of_row >= 0, bound(of_row, judged.within(of_row >= 0)), -1)
    faces = faces_of(written, len(values), features.registry & (features.relationship == HEAD), features.registry)
    slips = (
        pl.DataFrame({"kk": written, "meant": number}).filter(pl.Series((written >= 0) & (written != number))).unique()
    )
    found = ties(compared, slips, _in_one_house(features, number, stays), faces, of_row, judged)
    return Homes(of_row, found)


def _stays(features: Features, persons: Labels, number: Codes) -> pl.DataFrame:
    """Each person on each family number: rows, registry rows, and whether as head or spouse."""
    rows = pl.DataFrame(
        {
            "person": persons,
            "kk": number,
            "registry": features.registry,
            "head": features.registry & (features.relationship == HEAD),
            "spouse": features.registry & (features.relationship == SPOUSE),
        }
    )
    return (
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


def _with_members_in_common(stays: pl.DataFrame, shared_members: float) -> pl.DataFrame:
    """Pairs of family numbers that have a member in common; ``same``: the same head, or most of their members."""
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
    return pairs.with_columns(same=same).sort("kk", "kk_other")


def _in_one_house(features: Features, number: Codes, stays: pl.DataFrame) -> pl.DataFrame:
    """Pairs of family numbers whose registered heads live in one house of few families."""
    heads = stays.filter("head").select("kk").unique()
    rows = pl.DataFrame({"kk": number, "house": _places(features)["house"]}).filter(
        (pl.col("kk") >= 0) & (pl.col("house") > 0)
    )
    homes = rows.unique().join(heads, on="kk", how="semi").filter(pl.len().over("house") <= _ONE_HOUSE)
    pairs = homes.join(homes, on="house", suffix="_other").filter(pl.col("kk") < pl.col("kk_other"))
    return pairs.select("kk", "kk_other").unique().sort("kk", "kk_other")


def _places(features: Features) -> dict[str, Codes]:
    """Where each row says the family lives, as codes (0 unknown): address in a desa, and RT and RW in a desa."""
    f = features
    desa = f.codes["desa"].astype(np.int64)
    return {
        "house": np.where((desa > 0) & (f.codes["address"] > 0), desa << 32 | f.codes["address"], 0),
        "lane": np.where((desa > 0) & (f.rt >= 0), (desa * 1000 + f.rt) * 1000 + f.rw + 1, 0),
    }


def _slips(features: Features, number: Codes, values: digits.Packed, stays: pl.DataFrame) -> pl.DataFrame:
    """Family numbers that stand on a single row and are one keystroke from that of a family in the same house.

    Numbers of families registered on one day differ in one digit too, so likeness alone says nothing. A number is odd
    if a registry has it without a head, or if it cannot be (a month 97).
    """
    facts = _facts(features, number, values, stays)
    pairs = _one_apart(values[facts["kk"].to_numpy()])
    facts = facts.with_row_index("at").cast({"at": pl.Int64})
    joined = pairs.join(facts, on="at").join(facts.rename({"at": "at_b"}), on="at_b", suffix="_b")
    back = {c: f"{c}_b" for c in facts.columns} | {f"{c}_b": c for c in facts.columns}
    joined = pl.concat([joined, joined.rename(back).select(joined.columns)])

    def common(column: str) -> pl.Expr:
        return pl.col(column).list.set_intersection(f"{column}_b").list.len() > 0

    lanes = (pl.col("lane").list.len() > 0) & (pl.col("lane_b").list.len() > 0)
    odd = pl.col("listed") & pl.col("listed_b") | ~pl.col("possible") | ~pl.col("possible_b")
    near = pl.when(odd).then(common("lane") | common("house")).otherwise(common("own_house"))
    near = near & ~(lanes & ~common("lane")) & ~(pl.col("head") & pl.col("head_b"))
    # what stands on several rows is no slip
    once = (pl.col("rows") == 1) & (pl.col("rows_b") > 1)
    likely = common("own_house").cast(pl.Int8) * 2 + common("lane").cast(pl.Int8)
    found = joined.filter(once & near).select("kk", "kk_b", likely.alias("likely"))
    found = found.filter(pl.col("likely") == pl.col("likely").max().over("kk"))
    return found.filter(pl.len().over("kk") == 1).select("kk", pl.col("kk_b").alias("meant")).sort("kk")


def _own_slips(number: Codes, persons: Labels, values: digits.Packed) -> pl.DataFrame:
    """Numbers of one person that are one keystroke apart: the rarer is the slip, for this person only."""
    used = pl.DataFrame({"person": persons, "kk": number}).filter(pl.col("kk") >= 0)
    members = used.group_by("kk").agg(pl.col("person").n_unique().alias("members"), pl.len().alias("rows"))
    used = used.unique().filter(pl.len().over("person") > 1).join(members, on="kk").sort("person", "kk")
    pairs = used.join(used, on="person", suffix="_b").filter(pl.col("kk") != pl.col("kk_b"))
    a, b = values[pairs["kk"].to_numpy()], values[pairs["kk_b"].to_numpy()]
    pairs = pairs.filter(pl.Series(_close(a, b)))
    rarer = (pl.col("members") < pl.col("members_b")) | (
        (pl.col("members") == pl.col("members_b")) & (pl.col("rows") < pl.col("rows_b"))
    )
    order = ["person", "kk", "members_b", "rows_b", "kk_b"]
    return (
        pairs.filter(rarer)
        .sort(order, descending=[False, False, True, True, False])
        .unique(["person", "kk"], keep="first", maintain_order=True)
        .select("person", "kk", pl.col("kk_b").alias("meant"))
    )


def _close(a: digits.Packed, b: digits.Packed) -> npt.NDArray[np.bool_]:
    """One keystroke apart."""
    got: npt.NDArray[np.bool_] = (digits.differing(a, b, np.full(len(a), digits.ALL_KNOWN)) == 1) | digits.swapped(a, b)
    return got


def _corrected(features: Features, persons: Labels, number: Codes, values: digits.Packed) -> Codes:
    """Family numbers with slips of the keyboard put right.

    A slip may well be the number of another family. So a number in a desa where its family does not live counts as a
    number of its own until it has been put right; where that fails it stays what it was.
    """
    number, original = _by_desa(features, number, len(values))
    values = values[original]
    rows = pl.DataFrame({"person": persons, "kk": number})
    rows = rows.join(_own_slips(number, persons, values), on=["person", "kk"], how="left", maintain_order="left")
    number = rows.select(pl.coalesce("meant", "kk")).to_series().to_numpy()
    slips = _slips(features, number, values, _stays(features, persons, number))
    rows = pl.DataFrame({"kk": number}).join(slips, on="kk", how="left", maintain_order="left")
    number = rows.select(pl.coalesce("meant", "kk")).to_series().to_numpy()
    return np.where(number >= 0, original[np.maximum(number, 0)], -1)


def _by_desa(features: Features, number: Codes, numbers: int) -> tuple[Codes, Codes]:
    """Uses of a number outside the desa of its family get codes of their own; and what each code was before."""
    rows = pl.DataFrame({"kk": number, "desa": features.codes["desa"], "registry": features.registry})
    lives = (
        rows.filter((pl.col("kk") >= 0) & (pl.col("desa") > 0))
        .group_by("kk", "desa")
        .agg(pl.col("registry").sum(), pl.len().alias("rows"))
        .sort("kk", "registry", "rows", "desa", descending=[False, True, True, False])
        .with_columns((pl.col("kk") != pl.col("kk").shift(1)).fill_null(True).alias("first"))
    )
    away = lives.filter(~pl.col("first")).select("kk", "desa").with_row_index("code", offset=numbers)
    own = rows.join(away.cast({"code": pl.Int64}), on=["kk", "desa"], how="left", maintain_order="left")
    return own["code"].fill_null(own["kk"]).to_numpy(), np.concatenate([np.arange(numbers), away["kk"].to_numpy()])


def _facts(features: Features, number: Codes, values: digits.Packed, stays: pl.DataFrame) -> pl.DataFrame:
    """What is known of each family number: members, whether it has a head, stands in a registry, can be; its places."""
    rows = pl.DataFrame({"kk": number, **_places(features)}).filter(pl.col("kk") >= 0)
    rows = rows.with_columns(pl.when(pl.col(c) > 0).then(c).alias(c) for c in ("house", "lane"))
    # DUSUN 1 is an address of half a village
    own = pl.when(pl.col("kk").n_unique().over("house") <= _ONE_HOUSE).then("house")
    places = (
        rows.with_columns(own.alias("own_house"))
        .group_by("kk")
        .agg(pl.col(c).drop_nulls().unique().sort() for c in ("house", "own_house", "lane"))
    )
    headed = stays.group_by("kk").agg(
        pl.col("head").any(), pl.len().alias("members"), (pl.col("registered") > 0).any().alias("listed")
    )
    counts = rows.group_by("kk").agg(pl.len().alias("rows"))
    facts = headed.join(places, on="kk").join(counts, on="kk").sort("kk")
    packed = values[facts["kk"].to_numpy()]
    day, month = digits.number(packed, 6, 7), digits.number(packed, 8, 9)
    return facts.with_columns(pl.Series("possible", (day >= 1) & (day <= 31) & (month >= 1) & (month <= 12)))


def _one_apart(packed: digits.Packed) -> pl.DataFrame:
    """Positions ``at`` < ``at_b`` of numbers that are one keystroke apart."""
    found = []
    for start, end in _MASKS:
        rest = packed ^ digits.part(packed, start, end)
        keyed = pl.DataFrame({"at": np.arange(len(packed)), "rest": rest}).filter(pl.len().over("rest") <= _BLOCK)
        found.append(
            keyed.join(keyed, on="rest", suffix="_b").filter(pl.col("at") < pl.col("at_b")).select("at", "at_b")
        )
    pairs = pl.concat(found).unique().sort("at", "at_b")
    a, b = packed[pairs["at"].to_numpy()], packed[pairs["at_b"].to_numpy()]
    return pairs.filter(pl.Series(_close(a, b)))


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
    """Persons known only from a number that no registry has go where its others went, if all went to one."""
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


def _from_part(features: Features, number: Codes) -> Codes:
    """Rows of whose family number only a part is left: the one number in their house or lane that it fits."""
    f = features
    lost = (number < 0) & (np.bitwise_count(f.kk.known) >= 4 * _SOME_DIGITS)
    if not lost.any():
        return number
    rows = pl.DataFrame(
        {"row": np.arange(len(f)), "number": number, "kk": f.kk.packed, "known": f.kk.known, **_places(f)}
    )
    fits = []
    for place in ("house", "lane"):
        seen = rows.filter(pl.col(place) > 0)
        there = seen.filter(pl.col("number") >= 0).select(place, "number", pl.col("kk").alias("other"))
        pairs = seen.filter(pl.Series(lost[seen["row"].to_numpy()])).drop("number").join(there.unique(), on=place)
        same = ((pairs["kk"].to_numpy() ^ pairs["other"].to_numpy()) & pairs["known"].to_numpy()) == 0
        fits.append(pairs.filter(pl.Series(same)).select("row", "number"))
    found = (
        pl.concat(fits)
        .group_by("row")
        .agg(pl.col("number").n_unique().alias("ways"), pl.col("number").min())
        .filter(pl.col("ways") == 1)
    )
    filled = number.copy()
    filled[found["row"].to_numpy()] = found["number"].to_numpy()
    return filled


def _registry_rows(features: Features, where: pl.DataFrame, **columns: Codes) -> pl.DataFrame:
    """Registry rows in the order of the files, with ``part`` for each sheet."""
    f = features
    frame = where.with_columns(
        pl.Series("row", np.arange(len(f))),
        pl.Series("head", f.relationship == HEAD),
        *(pl.Series(name, values) for name, values in {**_places(f), **columns}.items()),
    ).filter(pl.Series(f.registry))
    return frame.sort("source_file", "sheet", "row_number").with_columns(
        pl.struct("source_file", "sheet").rle_id().alias("part")
    )


def _from_neighbours(features: Features, number: Codes, where: pl.DataFrame) -> Codes:
    """Registry rows without family number take that of the row beside them in one house: families stand together.

    So do rows of a number that nobody else has and that has no head: every family number has one.
    """
    uses = np.bincount(number[number >= 0], minlength=1)
    told = (features.relationship > 0) & (features.relationship != HEAD)
    headless = told & (number >= 0) & (uses[np.maximum(number, 0)] == 1)
    frame = _registry_rows(features, where, number=np.where(headless, -1, number))
    known = pl.col("number") >= 0
    beside = {}
    for column in ("number", "house", "lane"):
        here = pl.when(known).then(column)
        beside[f"{column}_before"] = here.forward_fill().over("part")
        beside[f"{column}_after"] = here.backward_fill().over("part")
    # a head opens a family: nobody after it belongs to the one before
    heads = pl.col("head").cast(pl.Int32).cum_sum().over("part")
    frame = frame.with_columns(heads.alias("heads")).with_columns(
        pl.when(known).then("heads").forward_fill().over("part").alias("heads_before"),
        pl.when(known).then("heads").backward_fill().over("part").alias("heads_after"),
        **beside,
    )

    def fits(side: str) -> pl.Expr:
        same = (pl.col("house") == pl.col(f"house_{side}")) & (pl.col("lane") == pl.col(f"lane_{side}"))
        return same & (pl.col("heads") == pl.col(f"heads_{side}"))

    found = frame.filter(~known).select(
        "row",
        pl.when(fits("before")).then("number_before").when(fits("after")).then("number_after").alias("found"),
    )
    found = found.drop_nulls()
    filled = number.copy()
    filled[found["row"].to_numpy()] = found["found"].to_numpy()
    return filled


def _without_number(features: Features, persons: Labels, home: Codes, where: pl.DataFrame, next_code: int) -> Codes:
    """Persons on a registry without any whole family number: with those who stand beside them so, else by themselves.

    Those beside them live in the same house; or in the same lane with the same number but for the digit that a
    spreadsheet has cut, however their address is written.
    """
    lost = features.registry & (home < 0)
    if not lost.any():
        return home
    most = np.bitwise_count(features.kk.known) >= 4 * _ALL_BUT_ONE
    rest = np.where(most, features.kk.packed & features.kk.known, np.uint64(0)).astype(np.int64)
    frame = _registry_rows(features, where, person=persons, lost=lost.astype(np.int64), rest=rest)
    fresh = pl.col("head") & (pl.col("person") != pl.col("person").shift(1))  # a head may be listed twice
    for column in ("lost", "lane", "part"):
        fresh = fresh | (pl.col(column) != pl.col(column).shift(1))
    one_number = (pl.col("rest") != 0) & (pl.col("rest") == pl.col("rest").shift(1))
    fresh = fresh | (pl.col("house") != pl.col("house").shift(1)) & ~one_number
    frame = frame.with_columns(fresh.fill_null(True).cum_sum().alias("group")).filter(pl.col("lost") == 1)
    found = frame.with_columns(pl.col("person").min().over("group").alias("first"))
    found = found.sort("row").unique("person", keep="first", maintain_order=True)
    got = np.full(len(persons), -1, dtype=np.int64)
    got[found["person"].to_numpy()] = next_code + found["first"].to_numpy()
    return np.where(home < 0, got[persons], home)
