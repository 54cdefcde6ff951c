"""The true world of a district, month by month: what really is so, before anybody writes a list.

Belongs here: traits of persons (death, move, disability, work) and what happens between two months (deaths, moves,
births, new households, renewed family cards, revised welfare ranks). Not here: who gets aid
(:mod:`pipeline.demo.aid`) and what the lists say (:mod:`pipeline.demo.lists`).

Columns of ``World.persons``: pid, hid (null: a stranger, met on a list only), role, woman, name, birth_day, nik,
first_kecamatan, origin, death_day, moved_day, death_reported, death_registered, disability, odgj, job, companion,
other_hid (household on whose family card the person still stands as well). Days count from 1970-01-01.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from pipeline.demo import families, names, numbers
from pipeline.demo.dice import Dice, Flags, Reals, keys, mix
from pipeline.demo.families import EPOCH, YEAR
from pipeline.period import Period

JOBS: dict[str, tuple[str, float, tuple[str, ...]]] = {
    "civil_servant": ("ASN", 4.0, ("PNS", "ASN", "PPPK")),
    "soldier_police": ("TNI POLRI", 1.2, ("TNI AD", "TNI AL", "POLRI")),
    "state_enterprise": ("BUMN BUMD", 0.8, ("BUMN", "BUMD")),
    "pensioner": ("PENSIUNAN", 1.5, ("Pensiunan PNS", "Pensiunan TNI", "Pensiunan Polri")),
    "village_official": ("APARAT DESA", 1.5, ("Kepala Desa", "Sekretaris Desa", "Perangkat Desa", "Kepala Dusun")),
    "private_employee": ("SWASTA", 3.0, ("Karyawan Swasta",)),
    "contract_worker": ("HONORER", 0.8, ("Tenaga Honorer",)),
}
"""Kind of job → sheet of the employment list, how common, how it is written. The last one bars nobody."""

MINIMUM_WAGE = 3_405_144
"""Rupiah a month: minimum wage of the province of Gorontalo, 2026."""


@dataclass(frozen=True)
class World:
    """The district in one month. ``month`` counts from 0 for the first one."""

    places: pl.DataFrame
    households: pl.DataFrame
    persons: pl.DataFrame
    period: Period
    month: int

    @property
    def today(self) -> int:
        """Last day of the month, on which ages are taken."""
        return day_number(self.period.last_day)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def found(n_families: int, places: pl.DataFrame, period: Period, dice: Dice) -> World:
    """The district in its first month."""
    households = families.found_households(n_families, places, dice, period.last_day)
    persons = families.found_persons(households, dice, period.last_day)
    persons = _traits(persons, households, dice, day_number(period.last_day))
    return World(places, households, persons, period, 0)


def _ages(persons: pl.DataFrame, today: int) -> Reals:
    out: Reals = (today - persons["birth_day"].to_numpy()) / YEAR
    return out


def yearly_death_rate(age: Reals) -> Reals:
    """Gompertz's law: doubles every eight years or so, about 2 % at 65."""
    out: Reals = np.minimum(0.35, 0.0006 + 0.02 * np.exp((age - 65) * 0.088))
    return out


def _traits(persons: pl.DataFrame, households: pl.DataFrame, dice: Dice, today: int) -> pl.DataFrame:
    key = keys(persons["pid"].to_numpy())
    age = _ages(persons, today)
    home = persons.select("hid").join(households, on="hid", how="left", maintain_order="left")
    registered = home["registered"].to_numpy()
    family_key = keys(persons["hid"].to_numpy())
    dead = dice.happens(key, "died before", np.minimum(0.3, yearly_death_rate(age) * 1.3))
    gone = (
        dice.happens(family_key, "family moved before", 0.006) | dice.happens(key, "moved before", 0.006)
    ) & registered
    day = today - dice.between(key, "how long ago", 5, 700)
    persons = persons.with_columns(
        death_day=pl.Series(np.where(dead, day, -1)).replace(-1, None),
        moved_day=pl.Series(np.where(gone & ~dead, day, -1)).replace(-1, None),
        other_hid=pl.when(pl.Series(dice.happens(key, "still on the parents' card", 0.55)) & (pl.col("role") == 0))
        .then(home["parent_hid"])
        .otherwise(None),
    )
    return _with_work(_with_health(_who_reports(persons, registered, dice), dice), home, dice, age)


def _who_reports(persons: pl.DataFrame, registered: Flags, dice: Dice) -> pl.DataFrame:
    """A death stands on the deaths list or in the registry or on both; of the unregistered on the list only."""
    key = keys(persons["pid"].to_numpy())
    on_list = dice.happens(key, "death is on the list", 0.85) | ~registered
    in_registry = (dice.happens(key, "death is in the registry", 0.4) | ~on_list) & registered
    return persons.with_columns(death_reported=pl.Series(on_list), death_registered=pl.Series(in_registry))


def _with_health(persons: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    key = keys(persons["pid"].to_numpy())
    disability = np.asarray(["none", "mild", "severe"], dtype=object)[
        dice.pick(key, "disability", (0.955, 0.028, 0.017))
    ]
    return persons.with_columns(
        disability=pl.Series(disability.tolist(), dtype=pl.String),
        odgj=pl.Series(dice.happens(key, "odgj", 0.006)),
    )


def _with_work(persons: pl.DataFrame, home: pl.DataFrame, dice: Dice, age: Reals) -> pl.DataFrame:
    """A job of the employment list for some grown people, more often in the families that are better off."""
    key = keys(persons["pid"].to_numpy())
    rank = home["desil"].fill_null(5).to_numpy()
    of_age = (age >= 20) & (age < 59) & home["registered"].to_numpy()
    old = (age >= 58) & (age < 85) & home["registered"].to_numpy()
    chance = np.where(rank <= 4, 0.012, 0.05)
    kinds = list(JOBS)
    working = [k for k in kinds if k != "pensioner"]
    job = np.asarray(working, dtype=object)[dice.pick(key, "job", [JOBS[k][1] for k in working])]
    job[~(of_age & dice.happens(key, "on the employment list", chance))] = ""
    job[old & dice.happens(key, "draws a pension", chance * 1.6)] = "pensioner"
    for kind in kinds:
        among = (old if kind == "pensioner" else of_age) & (rank <= 4) & (job == "")
        job[dice.some(key, f"poor and still {kind}", 0.0, least=3, among=among)] = kind
    companion = (
        of_age
        & (job == "")
        & dice.some(key, "is a companion", np.where(rank <= 4, 0.002, 0.007), least=3, among=of_age & (job == ""))
    )
    return persons.with_columns(
        job=pl.Series(job.tolist(), dtype=pl.String).replace("", None), companion=pl.Series(companion)
    )


# ------------------------------------------------------------------------- one month later


def next_month(world: World, period: Period, dice: Dice) -> World:
    """What happens until the end of ``period``."""
    ask = f" until {period}"
    world = replace(world, period=period, month=world.month + 1)
    world = _deaths_and_moves(world, dice, ask)
    world = _births(world, dice, ask)
    world = _new_households(world, dice, ask)
    return _papers(world, dice, ask)


def _deaths_and_moves(world: World, dice: Dice, ask: str) -> World:
    persons = world.persons
    key = keys(persons["pid"].to_numpy())
    family_key = keys(persons["hid"].fill_null(-1).to_numpy())
    registered = _registered(world)
    here = persons["death_day"].is_null() & persons["moved_day"].is_null() & persons["hid"].is_not_null()
    dies = dice.happens(key, "dies" + ask, yearly_death_rate(_ages(persons, world.today)) / 12) & here.to_numpy()
    leaves = dice.happens(family_key, "family moves" + ask, 0.002) | dice.happens(key, "moves" + ask, 0.001)
    leaves &= here.to_numpy() & ~dies & registered
    day = world.today - dice.below(key, "day" + ask, 28)
    late = dice.happens(key, "registry learns of a death" + ask, 0.1) & registered
    return replace(
        world,
        persons=persons.with_columns(
            death_day=pl.when(pl.Series(dies)).then(pl.Series(day)).otherwise("death_day"),
            moved_day=pl.when(pl.Series(leaves)).then(pl.Series(day)).otherwise("moved_day"),
            death_registered=pl.when(pl.Series(dies)).then(~pl.col("death_reported")).otherwise(
                pl.col("death_registered") | (pl.Series(late) & pl.col("death_day").is_not_null())
            ),
        ),
    )  # fmt: skip


def _registered(world: World) -> Flags:
    known = world.households.select("hid", "registered")
    out: Flags = (
        world.persons.select("hid")
        .join(known, on="hid", how="left", maintain_order="left")["registered"]
        .fill_null(False)
        .to_numpy()
    )
    return out


def pregnant(persons: pl.DataFrame, month: int, today: int, dice: Dice) -> Flags:
    """Women who are pregnant in the month; a pregnancy stays for three months of lists."""
    key = keys(persons["pid"].to_numpy())
    age = _ages(persons, today)
    fertile = persons["woman"].to_numpy() & (age >= 17) & (age < 43) & persons["role"].is_in([0, 1]).to_numpy()
    out: Flags = fertile & dice.happens(mix(key, keys((month + key.view(np.int64) % 3) // 3)), "pregnant", 0.06)
    return out


def _births(world: World, dice: Dice, ask: str) -> World:
    """Some women who were pregnant last month have a child, with the father's or a new line's fam."""
    persons = world.persons
    key = keys(persons["pid"].to_numpy())
    expecting = pregnant(persons, world.month - 1, world.today, dice) & dice.happens(key, "gives birth" + ask, 0.2)
    mothers = persons.filter(pl.Series(expecting) & pl.col("death_day").is_null() & pl.col("moved_day").is_null())
    if mothers.height == 0:
        return world
    mother_key = keys(mothers["pid"].to_numpy())
    line = persons.filter(pl.col("role") == 0).select("hid", pl.col("fam").alias("line"))
    babies = mothers.join(line, on="hid", how="left", maintain_order="left").select(
        "hid", "origin", pl.lit(2, dtype=pl.Int64).alias("role"), pl.coalesce("line", "fam").alias("fam"),
        pid=pl.int_range(pl.len(), dtype=pl.Int64) + persons.height,
        woman=pl.Series(dice.happens(mother_key, "a daughter" + ask, 0.49)),
        birth_day=pl.Series(world.today - dice.below(mother_key, "day of birth" + ask, 27)),
    )  # fmt: skip
    return _add_people(world, babies, dice)


def _add_people(world: World, people: pl.DataFrame, dice: Dice) -> World:
    """New persons with a name and a number, without any other trait."""
    key = keys(people["pid"].to_numpy())
    origin, woman = people["origin"].to_numpy(), people["woman"].to_numpy()
    given = names.draw_given(dice, key, origin, woman, "given name")
    father = names.draw_given(dice, mix(key, 3), origin, np.zeros(len(key), dtype=bool), "father's name")
    full = names.full_names(dice, key, origin, woman, given=given, fam=people["fam"], father=father)
    people = people.with_columns(name=full.str.replace_all(r"\s+", " ").str.strip_chars(), given=given)
    homes = people.select("hid").join(world.households, on="hid", how="left", maintain_order="left")
    people = numbers.with_nik(people, homes["kecamatan_code"], dice, serial_from=40 * world.month)
    plain = people.with_columns(
        death_reported=pl.lit(True), death_registered=pl.lit(False), disability=pl.lit("none"), odgj=pl.lit(False),
        companion=pl.lit(False),
    )  # fmt: skip
    return replace(world, persons=pl.concat([world.persons, plain], how="diagonal_relaxed"))


def _new_households(world: World, dice: Dice, ask: str) -> World:
    """Grown children found a household of their own in the same desa; half of them stay on the parents' card too."""
    persons, households = world.persons, world.households
    key = keys(persons["pid"].to_numpy())
    age = _ages(persons, world.today)
    free = persons["death_day"].is_null() & persons["moved_day"].is_null() & (persons["role"] == 2)
    founds = dice.happens(key, "founds a household" + ask, 0.012) & (age > 19.5) & (age < 33) & free.to_numpy()
    young = persons.filter(pl.Series(founds) & pl.Series(_registered(world)))
    if young.height == 0:
        return world
    new_hid = households.height + np.arange(young.height)
    young_key = keys(young["pid"].to_numpy())
    home = young.select("hid", pl.Series("new_hid", new_hid)).join(
        households, on="hid", how="left", maintain_order="left"
    )
    issued = world.today - dice.below(young_key, "card issued" + ask, 25)
    new = home.with_columns(
        parent_hid=pl.col("hid"),
        hid=pl.col("new_hid"),
        no_kk=numbers.family_number(home["kecamatan_code"], issued, 1 + 1000 * (world.month % 2)),
        old_kk=pl.lit(None, dtype=pl.String),
        second_kk=pl.lit(None, dtype=pl.String),
        family_key=pl.Series(mix(keys(new_hid), 77).view(np.int64)),
        house_number=pl.col("house_number") + 1,
    ).select(households.columns)
    move = young.select(
        "pid",
        new_hid=pl.Series(new_hid),
        stays=pl.Series(dice.happens(young_key, "still on the parents' card", 0.55)),
    )
    persons = persons.join(move, on="pid", how="left", maintain_order="left").with_columns(
        other_hid=pl.when(pl.col("stays")).then("hid").otherwise("other_hid"),
        role=pl.when(pl.col("new_hid").is_not_null()).then(0).otherwise("role"),
        hid=pl.coalesce("new_hid", "hid"),
    )
    world = replace(
        world, persons=persons.drop("new_hid", "stays"), households=pl.concat([households, new], how="vertical_relaxed")
    )
    return _spouses_arrive(world, young.with_columns(hid=pl.Series(new_hid)), dice, ask)


def _spouses_arrive(world: World, young: pl.DataFrame, dice: Dice, ask: str) -> World:
    key = keys(young["pid"].to_numpy())
    marries = young.filter(pl.Series(dice.happens(key, "marries" + ask, 0.4)))
    if marries.height == 0:
        return world
    key = keys(marries["pid"].to_numpy())
    spouses = marries.select(
        "hid", "origin", pl.lit(1, dtype=pl.Int64).alias("role"), woman=~pl.col("woman"),
        birth_day=pl.col("birth_day") + pl.Series(dice.between(key, "age gap" + ask, -900, 900)),
        pid=pl.int_range(pl.len(), dtype=pl.Int64) + world.persons.height,
    ).with_columns(fam=names.draw_fam(dice, key, marries["origin"].to_numpy(), "fam of a spouse"))  # fmt: skip
    return _add_people(world, spouses, dice)


def _papers(world: World, dice: Dice, ask: str) -> World:
    """Family cards renewed, welfare ranks revised (not where two cards of one person would then disagree)."""
    households = world.households
    key = keys(households["hid"].to_numpy())
    linked = set(households["parent_hid"].drop_nulls().to_list())
    free = households["parent_hid"].is_null() & ~households["hid"].is_in(list(linked))
    renewed = pl.Series(dice.happens(key, "family card renewed" + ask, 0.008)) & households["second_kk"].is_null()
    issued = world.today - dice.below(key, "card issued" + ask, 25)
    revised = pl.Series(dice.happens(key, "desil revised" + ask, 0.012)) & free
    step = pl.Series(np.where(dice.happens(key, "desil goes up" + ask, 0.5), 1, -1))
    learnt = pl.Series(dice.happens(key, "desil learnt" + ask, 0.15)) & free
    fresh = numbers.family_number(households["kecamatan_code"], issued, 3001 + 500 * (world.month % 8))
    return replace(
        world,
        households=households.with_columns(
            old_kk=pl.when(renewed).then("no_kk").otherwise("old_kk"),
            no_kk=pl.when(renewed).then(fresh).otherwise("no_kk"),
            desil=pl.when(revised).then((pl.col("desil") + step).clip(1, 10))
            .when(learnt & pl.col("desil").is_null()).then(pl.lit(6))
            .otherwise("desil"),
        ),
    )  # fmt: skip
