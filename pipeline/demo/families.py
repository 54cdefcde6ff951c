"""The first families of a district: who lives with whom, how old they are, what they are called.

Belongs here: founding households and persons in bulk. Not here: what changes from month to month
(:mod:`pipeline.demo.world`) and who gets what (:mod:`pipeline.demo.aid`).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipeline.demo import names
from pipeline.demo.dice import Dice, Flags, Ints, keys, mix
from pipeline.demo.numbers import family_numbers, with_nik

EPOCH = date(1970, 1, 1)
YEAR = 365.25
"""Days."""

_HEAD_AGES = ((20, 29, 0.17), (30, 44, 0.37), (45, 59, 0.28), (60, 88, 0.18))
_DESIL_WEIGHTS = (0.16, 0.15, 0.14, 0.13, 0.12, 0.10, 0.08, 0.06, 0.04, 0.02)
_DESIL_UNKNOWN = 0.025
_UNREGISTERED = 0.025


def found_households(n: int, places: pl.DataFrame, dice: Dice, today: date) -> pl.DataFrame:
    """Households with home, desil, family number and the bits of the head that the family is built around.

    ``parent_hid``: the household in which a young head grew up, where that one is in the district too.
    """
    key = keys(np.arange(n))
    place = dice.pick(key, "home", places["size"].to_numpy())
    home_origin = places["origin"].to_numpy()[place]
    anybody = dice.pick(key, "origin of a family", names.origin_weights())
    origin = np.where(dice.happens(key, "origin as the desa", 0.85), home_origin, anybody)
    group = dice.pick(key, "age group of the head", [w for *_, w in _HEAD_AGES])
    low = np.asarray([a for a, *_ in _HEAD_AGES])[group]
    high = np.asarray([b for _, b, _ in _HEAD_AGES])[group]
    age_days = ((dice.between(key, "age of the head", low, high) + dice.uniform(key, "day")) * YEAR).astype(int)
    woman_rate = np.asarray([0.1, 0.12, 0.2, 0.4])[group]
    now = (today - EPOCH).days
    frame = pl.DataFrame(
        {
            "hid": np.arange(n),
            "place": place,
            "origin": origin,
            "head_birth": now - age_days,
            "head_woman": dice.happens(key, "woman heads the family", woman_rate),
            "desil": dice.pick(key, "desil", _DESIL_WEIGHTS) + 1,
            "desil_known": ~dice.happens(key, "desil unknown", _DESIL_UNKNOWN),
            "registered": ~dice.happens(key, "in no registry", _UNREGISTERED),
            "dusun": dice.between(key, "dusun", 1, 5),
            "rt": dice.between(key, "rt", 1, 7),
            "rw": dice.between(key, "rw", 1, 3),
            "has_rt": dice.happens(mix(keys(place)), "desa with RT", 0.8),
            "street": dice.below(key, "street", len(names.material()["streets"])),
            "house_number": dice.between(key, "house number", 1, 150),
            "on_street": dice.happens(key, "has a street address", 0.45),
        }
    )
    frame = frame.with_columns(
        parent_hid=_parent_households(frame, dice), family_key=pl.Series(mix(key, 77).view(np.int64))
    )
    # a child on two family cards has one welfare rank, whichever card is looked at
    parents = frame.select(pl.col("hid").alias("parent_hid"), pl.col("desil").alias("their_desil"))
    frame = frame.join(parents, on="parent_hid", how="left", maintain_order="left").with_columns(
        desil=pl.coalesce("their_desil", "desil"),
        desil_known=pl.col("desil_known") | pl.col("their_desil").is_not_null(),
    )
    known = frame.filter(~pl.col("desil_known"))["hid"]
    frame = frame.with_columns(
        desil=pl.when(pl.col("desil_known")).then("desil"),
        parent_hid=pl.when(~pl.col("parent_hid").is_in(known.implode())).then("parent_hid"),
    ).drop("their_desil", "desil_known")
    return family_numbers(frame, places, dice, today)


def _parent_households(frame: pl.DataFrame, dice: Dice) -> pl.Series:
    """For a third of the young heads the household of a couple of the same desa 19 to 40 years older."""
    key = keys(frame["hid"].to_numpy())
    young = frame.filter(pl.Series(dice.happens(key, "parents are known", 0.35)) & pl.col("registered")).filter(
        pl.col("head_birth") > pl.col("head_birth").max() - int(16 * YEAR)
    )
    old = frame.filter(~pl.col("head_woman") & pl.col("registered")).select(
        "place", "origin", pl.col("hid").alias("parent_hid"), pl.col("head_birth").alias("parent_birth")
    )
    fits = (pl.col("head_birth") - pl.col("parent_birth")).is_between(int(19 * YEAR), int(40 * YEAR))
    pairs = (
        young.with_columns(turn=pl.col("hid").rank("ordinal").over("place", "origin"))
        .join(
            old.with_columns(turn=pl.col("parent_hid").rank("ordinal").over("place", "origin")),
            on=["place", "origin", "turn"],
            how="inner",
        )
        .filter(fits)
        .select("hid", "parent_hid")
    )
    return frame.select("hid").join(pairs, on="hid", how="left", maintain_order="left")["parent_hid"]


def found_persons(households: pl.DataFrame, dice: Dice, today: date) -> pl.DataFrame:
    """Persons of all households: hid, role, birth, sex, origin, name, NIK …; ``pid`` is the row number."""
    now = (today - EPOCH).days
    parts = [_heads(households), _spouses(households, dice, now), _children(households, dice, now)]
    parts += [_elders(households, dice, now), _grandchildren(households, dice, now), _relatives(households, dice, now)]
    people = (
        pl.concat(parts, how="diagonal_relaxed")
        .filter(pl.col("birth_day") <= now)
        .with_columns(twin=pl.col("twin").fill_null(False))
        .sort("hid", "role", "birth_day", "turn", maintain_order=True)
        .with_columns(pid=pl.int_range(pl.len(), dtype=pl.Int64))
    )
    people = people.join(
        households.select("hid", "place", "origin", "parent_hid", "kecamatan_code"), on="hid", maintain_order="left"
    )
    people = _heap_birthdays(people, dice, now)
    people = _name(people, dice)
    people = _namesakes(people, dice)
    people = with_nik(people, people["kecamatan_code"], dice, serial_from=0)
    return people.select(
        "pid", "hid", "role", "woman", "name", "birth_day", "nik", "first_kecamatan", "origin", "fam", "given"
    )


def _heads(households: pl.DataFrame) -> pl.DataFrame:
    return households.select(
        "hid", pl.lit(0).alias("role"), pl.lit(0).alias("turn"), pl.col("head_woman").alias("woman"),
        pl.col("head_birth").alias("birth_day"),
    )  # fmt: skip


def _spouses(households: pl.DataFrame, dice: Dice, now: int) -> pl.DataFrame:
    key = keys(households["hid"].to_numpy())
    woman = households["head_woman"].to_numpy()
    married = dice.happens(key, "married", np.where(woman, 0.05, 0.9))
    younger = dice.between(key, "age gap of a couple", -2, 6) * np.where(woman, -1, 1)
    birth = households["head_birth"].to_numpy() + (younger * YEAR).astype(int) + dice.below(key, "gap in days", 360)
    birth = np.minimum(birth, now - int(18 * YEAR))
    return (
        households.select("hid", pl.lit(1).alias("role"), pl.lit(0).alias("turn"))
        .with_columns(woman=pl.Series(~woman), birth_day=pl.Series(birth))
        .filter(pl.Series(married))
    )


def _children(households: pl.DataFrame, dice: Dice, now: int) -> pl.DataFrame:
    """Children of the mother's 19th to 43rd year, most of the grown ones gone; one birth in fifty gives twins."""
    key = keys(households["hid"].to_numpy())
    mother = households["head_birth"].to_numpy() + np.where(households["head_woman"].to_numpy(), 0, int(3 * YEAR))
    births = dice.pick(key, "children", (0.12, 0.22, 0.3, 0.2, 0.1, 0.06))
    family = np.repeat(np.arange(len(key)), births)
    turn = np.arange(len(family)) - np.repeat(np.cumsum(births) - births, births)
    child_key = mix(key[family], keys(turn), 1)
    first = (dice.between(key, "age at first birth", 18, 27) * YEAR).astype(int)[family]
    gap = (dice.between(child_key, "years between births", 1, 5) * YEAR).astype(int) + dice.below(
        child_key, "birth", 300
    )
    gap[turn == 0] = dice.below(child_key, "birth", 360)[turn == 0]
    born = mother[family] + first + _running_sum(gap, births)
    age = (now - born) / YEAR
    stays = ~dice.happens(child_key, "left home", np.where(age > 29, 0.88, np.where(age > 22, 0.55, 0.0)))
    young_mother = born - mother[family] <= int(43 * YEAR)
    twin = dice.happens(child_key, "twins", 0.02)
    frame = pl.DataFrame(
        {
            "hid": households["hid"].to_numpy()[family],
            "role": np.full(len(family), 2),
            "turn": turn * 2,
            "woman": dice.happens(child_key, "girl", 0.49),
            "birth_day": born,
            "twin": twin,
        }
    ).filter(pl.Series(stays & young_mother))
    second = frame.filter(pl.col("twin")).with_columns(turn=pl.col("turn") + 1)
    return pl.concat([frame, second])


def _running_sum(gap: Ints, births: Ints) -> Ints:
    """Sum of the gaps within each family."""
    total = np.cumsum(gap)
    before = np.concatenate([[0], total])[np.cumsum(births) - births]  # sum of the families before
    out: Ints = total - np.repeat(before, births)
    return out


def _elders(households: pl.DataFrame, dice: Dice, now: int) -> pl.DataFrame:
    key = keys(households["hid"].to_numpy())
    birth = households["head_birth"].to_numpy() - (dice.between(key, "age of a parent", 19, 36) * YEAR).astype(int)
    there = dice.happens(key, "parent in the house", 0.1) & (now - birth < 96 * YEAR)
    return _extra(households, 3, birth, dice.happens(key, "mother in the house", 0.66), there)


def _grandchildren(households: pl.DataFrame, dice: Dice, now: int) -> pl.DataFrame:
    key = keys(households["hid"].to_numpy())
    birth = now - (dice.between(key, "age of a grandchild", 0, 16) * YEAR).astype(int) - dice.below(key, "born", 360)
    old = now - households["head_birth"].to_numpy() > 50 * YEAR
    there = dice.happens(key, "grandchild in the house", 0.22) & old
    return _extra(households, 4, birth, dice.happens(key, "granddaughter", 0.5), there)


def _relatives(households: pl.DataFrame, dice: Dice, now: int) -> pl.DataFrame:
    key = keys(households["hid"].to_numpy())
    birth = now - (dice.between(key, "age of a relative", 4, 55) * YEAR).astype(int) - dice.below(key, "relative", 360)
    there = dice.happens(key, "relative in the house", 0.05)
    return _extra(households, 5, birth, dice.happens(key, "female relative", 0.5), there)


def _extra(households: pl.DataFrame, role: int, birth: Ints, woman: Flags, there: Flags) -> pl.DataFrame:
    return (
        households.select("hid", pl.lit(role).alias("role"), pl.lit(0).alias("turn"))
        .with_columns(woman=pl.Series(woman), birth_day=pl.Series(birth))
        .filter(pl.Series(there))
    )


def _heap_birthdays(people: pl.DataFrame, dice: Dice, now: int) -> pl.DataFrame:
    """Older people without a birth record were written down as born on 1 January, 1 July or 31 December."""
    key = keys(people["pid"].to_numpy())
    old = (now - people["birth_day"].to_numpy()) > 45 * YEAR
    heap = old & dice.happens(key, "birthday unknown", 0.13) & ~people["twin"].to_numpy()
    day = dice.pick(key, "which birthday", (0.45, 0.35, 0.2))
    year = pl.from_epoch(people["birth_day"], time_unit="d").dt.year()
    choice = pl.DataFrame({"year": year, "day": day}).select(
        pl.when(pl.col("day") == 0)
        .then(pl.date("year", 1, 1))
        .when(pl.col("day") == 1)
        .then(pl.date("year", 7, 1))
        .otherwise(pl.date("year", 12, 31))
        .to_physical()
        .cast(pl.Int64)
        .alias("heap")
    )["heap"]
    return people.with_columns(birth_day=pl.Series(np.where(heap, choice.to_numpy(), people["birth_day"].to_numpy())))


def _name(people: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    """Fam goes from father to child; a wife keeps her own; some sons carry the father's very name."""
    key = keys(people["pid"].to_numpy())
    origin, woman = people["origin"].to_numpy(), people["woman"].to_numpy()
    grew_up = people.select(pl.coalesce("parent_hid", "hid")).to_series().to_numpy()
    parents_key = mix(keys(grew_up), 2)
    role = people["role"].to_numpy()
    of_the_line = (role == 0) | ((role == 3) & ~woman) | np.isin(role, (2, 4))
    line = names.draw_fam(dice, parents_key, origin, "fam")
    own = names.draw_fam(dice, key, origin, "fam")
    fam = pl.Series(np.where(of_the_line, line.to_numpy(), own.to_numpy()).tolist(), dtype=pl.String)
    given = names.draw_given(dice, key, origin, woman, "given name")
    people = people.with_columns(given=_twin_names(people, given, dice), fam=fam)
    fathers = people.filter((pl.col("role") == 0) & ~pl.col("woman")).select("hid", pl.col("given").alias("father"))
    people = people.join(fathers, on="hid", how="left", maintain_order="left")
    other_father = names.draw_given(dice, mix(key, 3), origin, np.zeros(len(key), dtype=bool), "father's name")
    father = pl.select(
        pl.when(pl.Series(np.isin(role, (2, 4))))
        .then(pl.coalesce(people["father"], other_father))
        .otherwise(other_father)
    ).to_series()
    full = names.full_names(dice, key, origin, woman, given=people["given"], fam=people["fam"], father=father)
    people = people.with_columns(name=full)
    heads = people.filter((pl.col("role") == 0) & ~pl.col("woman")).select("hid", pl.col("name").alias("father_name"))
    junior = pl.Series(
        dice.some(
            key, "named as the father", 0.006, least=2, among=(role == 2) & ~woman & (people["origin"].to_numpy() == 0)
        )
    )
    return people.join(heads, on="hid", how="left", maintain_order="left").with_columns(
        name=pl.when(junior)
        .then(pl.coalesce("father_name", "name"))
        .otherwise("name")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars()
    )


def _twin_names(people: pl.DataFrame, given: pl.Series, dice: Dice) -> pl.Series:
    """Half of the twins get one of the paired names."""
    pairs = names.material()["twins"]
    out = given.to_numpy().copy()
    twins = people.with_columns(at=pl.int_range(pl.len())).filter(pl.col("twin"))
    if twins.height == 0:
        return given
    birth_key = mix(keys(twins["hid"].to_numpy()), keys(twins["birth_day"].to_numpy()))
    paired = dice.happens(birth_key, "paired names", 0.5)
    which = (twins["turn"].to_numpy() % 2).astype(int)
    for is_woman, column in ((False, "men"), (True, "women")):
        pool = np.asarray(pairs[column], dtype=object)
        chosen = pool[dice.below(birth_key, "which pair", len(pool))]
        at = paired & (twins["woman"].to_numpy() == is_woman)
        out[twins["at"].to_numpy()[at]] = chosen[np.flatnonzero(at), which[at]]
    return pl.Series("given", out.tolist(), dtype=pl.String)


def _namesakes(people: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    """Pairs of grown people of one sex, one name and one birth date in different desa of a neighbourhood."""
    key = keys(people["pid"].to_numpy())
    grown = people.filter(
        pl.Series(dice.happens(key, "has a namesake", max(0.008, 16 / len(key)))) & pl.col("role").is_in([0, 1])
    )
    shuffled = grown.sort("woman", "origin", pl.col("place") // 4, "place", "pid")
    pairs = shuffled.with_columns(
        twin_name=pl.col("name").shift(1), twin_birth=pl.col("birth_day").shift(1), before=pl.col("place").shift(1),
        same=(pl.col("woman") == pl.col("woman").shift(1)) & (pl.col("origin") == pl.col("origin").shift(1)),
        odd=pl.int_range(pl.len()) % 2 == 1,
    ).filter(pl.col("same") & pl.col("odd") & (pl.col("before") != pl.col("place")))  # fmt: skip
    near = (pl.col("birth_day") - pl.col("twin_birth")).abs() < int(12 * YEAR)
    pairs = pairs.filter(near).select("pid", "twin_name", "twin_birth")
    return people.join(pairs, on="pid", how="left", maintain_order="left").with_columns(
        name=pl.coalesce("twin_name", "name"), birth_day=pl.coalesce("twin_birth", "birth_day")
    ).drop("twin_name", "twin_birth")  # fmt: skip
