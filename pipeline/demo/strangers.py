"""People outside the families of the registry: companions, officers, and those who only look like a recipient.

Belongs here: persons met on a single list. They have a ``pid`` from :data:`FIRST` on and no household.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from pipeline.demo import names, numbers
from pipeline.demo.aid import Aid
from pipeline.demo.dice import Dice, keys, mix
from pipeline.demo.families import YEAR
from pipeline.demo.world import JOBS, World

FIRST: Final = 100_000_000
"""Person numbers of strangers start here."""

KPM_A_COMPANION: Final = 250
_LOOKALIKES: Final = {"employment": 0.02, "deaths": 0.012}
"""Share of recipients of whom a stranger with the same name stands on that list."""


def found(world: World, aid: Aid, dice: Dice) -> pl.DataFrame:
    """All strangers: persons' columns and ``use`` (companion, tksk, employment, deaths, ppks, proposals)."""
    regions = world.places.select("kecamatan_code", "kabupaten_code").unique(maintain_order=True)
    served = aid.households.filter(pl.col("pkh")).select("hid").join(world.households, on="hid", how="left")
    load = served.group_by("kecamatan_code").len("kpm")
    regions = regions.join(load, on="kecamatan_code", how="left", maintain_order="left").with_columns(
        n=(pl.col("kpm").fill_null(0) / min(KPM_A_COMPANION, max(12, served.height // 8))).ceil().clip(1)
    )
    companions = _one_a_region(regions, regions["n"].cast(pl.Int64).to_numpy(), "companion")
    tksk = _one_a_region(regions, np.ones(regions.height, dtype=np.int64), "tksk")
    rough = max(3, world.households.height // 150)
    spread = np.bincount(np.arange(rough) % regions.height, minlength=regions.height)
    others = [_one_a_region(regions, spread, use) for use in ("ppks", "proposals")]
    plain = pl.concat([companions, tksk, *others]).with_columns(lookalike=pl.lit(None, dtype=pl.Int64))
    people = pl.concat([plain, _lookalikes(world, aid, dice)], how="diagonal_relaxed")
    people = people.with_columns(pid=FIRST + pl.int_range(pl.len(), dtype=pl.Int64), role=pl.lit(0, dtype=pl.Int64))
    return _persons(people, world, dice)


def _one_a_region(regions: pl.DataFrame, n: np.ndarray, use: str) -> pl.DataFrame:
    at = np.repeat(np.arange(regions.height), n)
    return regions[at].select("kecamatan_code", use=pl.lit(use))


def _lookalikes(world: World, aid: Aid, dice: Dice) -> pl.DataFrame:
    """Strangers who carry the name (and sex) of a recipient, of another birth and number."""
    served = aid.households.filter(pl.any_horizontal("pkh", "sembako", "blt_dd"))
    recipients = world.persons.filter(pl.col("pid").is_in(served["recipient"].drop_nulls().implode()))
    homes = world.households.select("hid", "kecamatan_code")
    recipients = recipients.join(homes, on="hid", how="left", maintain_order="left")
    key = keys(recipients["pid"].to_numpy())
    parts = []
    for use, rate in _LOOKALIKES.items():
        chosen = dice.some(key, f"stranger on {use}", rate, least=2, among=np.ones(len(key), dtype=bool))
        parts.append(
            recipients.filter(pl.Series(chosen)).select("kecamatan_code", pl.lit(use).alias("use"), lookalike="pid")
        )
    return pl.concat(parts)


def _persons(people: pl.DataFrame, world: World, dice: Dice) -> pl.DataFrame:
    key = keys(people["pid"].to_numpy())
    model = people.select(pl.col("lookalike").alias("pid")).join(
        world.persons.select("pid", "name", "woman", "origin"), on="pid", how="left", maintain_order="left"
    )
    woman = pl.select(pl.coalesce(model["woman"], pl.Series(dice.happens(key, "woman", 0.5)))).to_series()
    origin = model["origin"].fill_null(0).to_numpy()
    given = names.draw_given(dice, key, origin, woman.to_numpy(), "given name")
    fam = names.draw_fam(dice, key, origin, "fam")
    father = names.draw_given(dice, mix(key, 3), origin, np.zeros(len(key), dtype=bool), "father's name")
    full = names.full_names(dice, key, origin, woman.to_numpy(), given=given, fam=fam, father=father)
    age = dice.between(key, "age of a stranger", 22, 58) + dice.uniform(key, "day of a stranger")
    people = people.with_columns(
        woman=woman,
        origin=pl.Series(origin),
        birth_day=pl.Series(world.today - (age * YEAR).astype(int)),
        name=pl.select(pl.coalesce(model["name"], full)).to_series(),
        hid=pl.Series(-2 - np.arange(len(key))),
    )
    people = numbers.with_nik(people, people["kecamatan_code"], dice, serial_from=20)
    job = np.asarray(list(JOBS), dtype=object)[dice.below(key, "job of a stranger", len(JOBS))]
    died = world.today - dice.between(key, "died", 20, 500)
    return people.with_columns(
        hid=pl.lit(None, dtype=pl.Int64),
        job=pl.when(pl.col("use") == "employment").then(pl.Series(job.tolist(), dtype=pl.String)),
        death_day=pl.when(pl.col("use") == "deaths").then(pl.Series(died)),
        companion=pl.col("use") == "companion",
    ).drop("lookalike")


def roster(world: World, people: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    """The companions list: pid, hid, name, kecamatan_code (of work), ``job``; names of PKH companions are unique.

    Some companions live in a family of the registry, which bars that family from aid.
    """
    homes = world.households.select("hid", "kecamatan_code")
    local = world.persons.filter("companion").join(homes, on="hid", how="left", maintain_order="left")
    away = people.filter(pl.col("use") == "companion")
    all_of_them = pl.concat([away, local], how="diagonal_relaxed").select("pid", "hid", "name", "kecamatan_code")
    jobs = np.asarray(["Pendamping PKH", "Operator SIKS-NG", "Agen BRILink", "Pendamping Rehsos"], dtype=object)
    kind = dice.pick(keys(all_of_them["pid"].to_numpy()), "job of a companion", (0.3, 0.3, 0.2, 0.2))
    only_once = ~pl.col("name").is_duplicated()
    return all_of_them.with_columns(
        job=pl.when(pl.col("pid") >= FIRST).then(pl.lit("Pendamping PKH")).otherwise(
            pl.Series(jobs[kind].tolist(), dtype=pl.String)
        )
    ).with_columns(
        job=pl.when(only_once | (pl.col("job") != "Pendamping PKH")).then("job").otherwise(pl.lit("Pendamping Rehsos"))
    )  # fmt: skip


def assign(lines: pl.DataFrame, companions: pl.DataFrame) -> pl.DataFrame:
    """Which companion looks after which household of PKH: hid, companion_pid, companion.

    The desa of a kecamatan are shared out among its companions; a kecamatan without one has none.
    """
    staff = companions.filter(pl.col("job") == "Pendamping PKH").sort("kecamatan_code", "pid")
    staff = staff.with_columns(
        turn=pl.int_range(pl.len()).over("kecamatan_code"), n=pl.len().over("kecamatan_code")
    ).select("kecamatan_code", "turn", "n", companion_pid="pid", companion="name")
    served = lines.filter(pl.col("program") == "pkh").select("hid", "kecamatan_code", "place").unique("hid")
    count = staff.select("kecamatan_code", "n").unique()
    return (
        served.join(count, on="kecamatan_code", how="inner")
        .with_columns(turn=(pl.col("place") + pl.col("hid") // 200) % pl.col("n"))
        .join(staff.drop("n"), on=["kecamatan_code", "turn"], how="inner")
        .select("hid", "companion_pid", "companion")
        .sort("hid")
    )
