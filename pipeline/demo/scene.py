"""Everything true of one month, joined once: what the list writers and the truth both look at.

Belongs here: putting world, aid and strangers of a month together, and stepping to the next month.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipeline.demo import aid, conditions, places, strangers, world
from pipeline.demo.dice import Dice, Ints, keys
from pipeline.demo.world import JOBS, MINIMUM_WAGE, World
from pipeline.period import Period


@dataclass(frozen=True)
class Scene:
    """One month.

    ``people``: everybody, strangers too. ``facts`` and ``homes``: see :mod:`pipeline.demo.conditions`. ``lines``
    and ``wallets``: see :mod:`pipeline.demo.aid`. ``companions`` and ``assigned``: see
    :mod:`pipeline.demo.strangers`. ``employed``: pid, job, income, wage (null unless stated on the list).
    """

    world: World
    dice: Dice
    people: pl.DataFrame
    facts: pl.DataFrame
    homes: pl.DataFrame
    lines: pl.DataFrame
    wallets: pl.DataFrame
    companions: pl.DataFrame
    assigned: pl.DataFrame
    employed: pl.DataFrame

    @property
    def month(self) -> int:
        """Number of the month, from 0."""
        return self.world.month

    @property
    def period(self) -> Period:
        """The month."""
        return self.world.period


def months(families: int, seed: int, periods: list[Period]) -> Iterator[Scene]:
    """The district in each of the months, which must come in order."""
    dice = Dice(seed)
    district = world.found(families, places.choose(families, dice), periods[0], dice)
    given: aid.Aid | None = None
    others: pl.DataFrame | None = None
    for period in periods:
        if given is not None:
            district = world.next_month(district, period, dice)
        employed = _employed(district.persons, dice)
        facts = conditions.person_facts(district, dice)
        homes = conditions.household_facts(district, facts, bars(district.persons, employed))
        given = (
            aid.begin(homes, facts, dice)
            if given is None
            else aid.next_month(given, homes, facts, district.month, dice)
        )
        others = strangers.found(district, given, dice) if others is None else others
        yield _scene(district, dice, facts, homes, given, others, employed)


def _scene(
    district: World, dice: Dice, facts: pl.DataFrame, homes: pl.DataFrame, given: aid.Aid, others: pl.DataFrame,
    employed: pl.DataFrame,
) -> Scene:  # fmt: skip
    lines = aid.benefit_lines(given, facts, homes, dice)
    companions = strangers.roster(district, others, dice)
    outside = pl.concat([employed, _employed(others, dice)])
    return Scene(
        world=district,
        dice=dice,
        people=pl.concat([district.persons, others], how="diagonal_relaxed"),
        facts=facts,
        homes=homes,
        lines=lines,
        wallets=aid.wallets(lines, dice),
        companions=companions,
        assigned=strangers.assign(lines, companions),
        employed=outside,
    )


_PAY = {
    "civil_servant": (2_900_000, 7_500_000),
    "soldier_police": (3_100_000, 8_000_000),
    "state_enterprise": (3_500_000, 9_000_000),
    "pensioner": (1_800_000, 4_500_000),
    "village_official": (2_000_000, 3_400_000),
    "private_employee": (1_900_000, MINIMUM_WAGE),
    "contract_worker": (900_000, 2_500_000),
}
"""Rupiah a month, from and to."""


def _employed(persons: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    """People on the employment list: pid, job, written (kind of job as the list says it), income."""
    working = persons.filter(pl.col("job").is_not_null()).select("pid", "job")
    key = keys(working["pid"].to_numpy())
    jobs = working["job"].to_list()
    low = np.asarray([_PAY[j][0] for j in jobs], dtype=np.int64)
    high = np.asarray([_PAY[j][1] for j in jobs], dtype=np.int64)
    income: Ints = dice.between(key, "income", low, high) // 50_000 * 50_000
    private = (working["job"] == "private_employee").to_numpy()
    well_paid = dice.some(key, "paid above the minimum wage", 0.45, least=2, among=private)
    income = np.where(well_paid, MINIMUM_WAGE // 50_000 * 50_000 + 50_000 * dice.between(key, "above", 1, 40), income)
    which = dice.uniform(key, "how the job is written")
    written = [JOBS[j][2][int(u * len(JOBS[j][2]))] for j, u in zip(jobs, which, strict=True)]
    return working.with_columns(written=pl.Series(written, dtype=pl.String), income=pl.Series(income, dtype=pl.Int64))


def bars(persons: pl.DataFrame, employed: pl.DataFrame) -> pl.DataFrame:
    """Who bars a household from aid: pid, bar."""
    by_job = employed.with_columns(
        bar=pl.when(~pl.col("job").is_in(["private_employee", "contract_worker"]))
        .then("job")
        .when(pl.col("income") > MINIMUM_WAGE)
        .then(pl.lit("income_above_minimum_wage"))
    ).filter(pl.col("bar").is_not_null())
    companions = persons.filter("companion").select("pid", bar=pl.lit("companion"))
    return pl.concat([by_job.select("pid", "bar"), companions])
