"""Who gets aid, rightly and wrongly, and through whose hands.

Belongs here: the choice of recipients with its errors in both directions, how it changes from month to month, cards
and accounts, companions, and the planted misuse of accounts and phones. Not here: how a list writes it down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from pipeline.demo import numbers
from pipeline.demo.conditions import BARS, DESIL_MAX, reasons
from pipeline.demo.dice import Dice, Flags, Reals, keys, mix

HOUSEHOLD_PROGRAMS = ("pkh", "sembako", "blt_dd")

_SERVED = {"pkh": 0.8, "sembako": 0.82, "pbi_jkn": 0.8, "blt_dd": 0.4}
_UNKNOWN_SERVED = 0.3
_UNREGISTERED_SERVED = 0.35
_WRONG = (("only above", 0.07), ("only no component", 0.12), ("only a bar", 0.16), ("several", 0.03))
"""Share served among the ineligible by what speaks against them."""


@dataclass(frozen=True)
class Aid:
    """State of aid in one month.

    ``households``: hid, one flag a household program, ``recipient`` (pid). ``persons``: pid, ``pbi_jkn``
    (active, stopped or null). ``strangers`` are companions, officers and others outside the families.
    """

    households: pl.DataFrame
    persons: pl.DataFrame


def begin(homes: pl.DataFrame, facts: pl.DataFrame, dice: Dice) -> Aid:
    """Aid in the first month.

    Args:
        homes: :func:`pipeline.demo.conditions.household_facts`.
        facts: :func:`pipeline.demo.conditions.person_facts`.
    """
    key = keys(homes["hid"].to_numpy())
    served: dict[str, Flags] = {}
    for program in HOUSEHOLD_PROGRAMS:
        chance = _chance(homes, program)
        if program == "blt_dd":
            other = served["pkh"] | served["sembako"]
            lowest = (homes["desil"] == 1).fill_null(False).to_numpy()
            chance = np.where(other, chance * 0.07, np.where(lowest & (chance > 0.3), 0.6, chance))
        served[program] = dice.happens(key, f"served by {program}", chance) | _planted(homes, program, served, dice)
    households = homes.select("hid", **{p: pl.Series(f) for p, f in served.items()}).join(
        _recipients(facts, dice), on="hid", how="left", maintain_order="left"
    )
    return Aid(households, _begin_pbi(homes, facts, dice))


def _planted(homes: pl.DataFrame, program: str, served: dict[str, Flags], dice: Dice) -> Flags:
    """At least one household for every error that a program can make, however small the district is."""
    judged = reasons(homes, program).with_columns(
        whole=pl.col("registered") & (pl.col("n_present") > 0), only=pl.col("against").list.len() == 1
    )
    groups = {
        "outside": ~judged["registered"],
        "unknown": judged["whole"] & (judged["status"] == "unknown"),
        "above_welfare_threshold": judged["whole"] & judged["only"] & (judged["desil"] > DESIL_MAX[program]),
    }
    if program == "pkh":
        groups["no_component"] = judged["whole"] & judged["only"] & (judged["against"].list.first() == "no_component")
    if program == "sembako":
        for bar in BARS:
            groups[bar] = judged["whole"] & judged["only"] & (judged["against"].list.first() == bar)
    if program == "blt_dd":
        paid = pl.Series(served["pkh"] & served["sembako"])
        groups["overlap"] = judged["whole"] & (judged["status"] == "eligible") & paid
    key = keys(homes["hid"].to_numpy())
    out = np.zeros(len(key), dtype=bool)
    for name, among in groups.items():
        out |= dice.some(key, f"planted {name} in {program}", 0.0, least=1, among=among.fill_null(False).to_numpy())
    return out


def _chance(units: pl.DataFrame, program: str) -> Reals:
    judged = reasons(units, program)
    against, status = judged["against"], judged["status"]
    few = (against.list.len() == 1).to_numpy()
    first = against.list.first().fill_null("").to_numpy()
    rank_over = (units["desil"].fill_null(0).to_numpy() - DESIL_MAX[program]).clip(0)
    wrong = dict(_WRONG)
    chance = np.full(units.height, wrong["several"])
    chance[few] = wrong["only a bar"]
    chance[few & (first == "above_welfare_threshold")] = wrong["only above"]
    chance[few & (first == "no_component")] = wrong["only no component"]
    chance = np.where(rank_over > 2, chance * 0.4, chance)
    chance[(status == "eligible").to_numpy()] = _SERVED[program]
    chance[(status == "unknown").to_numpy()] = _UNKNOWN_SERVED
    chance[~units["registered"].to_numpy()] = _UNREGISTERED_SERVED
    out: Reals = np.where(units["n_present"].to_numpy() == 0, 0.3, chance)
    return out


def _recipients(facts: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    """The named recipient of each household: a woman of the couple first; of the dead and gone one in three stays."""
    key = keys(facts["pid"].to_numpy())
    couple = (facts["role"] <= 1) & ~facts["present"]
    kept = dice.some(key, "stays on the lists", 0.35, least=6, among=couple.to_numpy())
    ranked = facts.with_columns(
        gone=~(pl.col("present") | pl.Series(kept)), elder=(pl.col("role") > 1) & (pl.col("age") < 60)
    ).sort("hid", "gone", "elder", ~pl.col("woman"), "role", "pid")
    return ranked.group_by("hid", maintain_order=True).agg(pl.col("pid").first().alias("recipient"))


def _begin_pbi(homes: pl.DataFrame, facts: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    """Families are served as a whole mostly; one person in twelve fares otherwise."""
    units = facts.select("pid", "hid", "present").join(
        homes.select("hid", "desil", "bars", "registered"), on="hid", how="left", maintain_order="left"
    )
    chance = _chance(units.with_columns(n_present=1), "pbi_jkn")
    family = dice.uniform(keys(units["hid"].to_numpy()), "family served by pbi_jkn")
    own = dice.uniform(keys(units["pid"].to_numpy()), "person served by pbi_jkn")
    alone = dice.happens(keys(units["pid"].to_numpy()), "apart from the family", 0.08)
    served = np.where(alone, own, family) < chance
    served &= units["present"].to_numpy() | (own < 0.35)
    stopped = served & dice.happens(keys(units["pid"].to_numpy()), "stopped before", 0.03)
    state = np.where(stopped, "stopped", np.where(served, "active", ""))
    return units.select("pid", pbi_jkn=pl.Series(state.tolist(), dtype=pl.String).replace("", None))


def next_month(aid: Aid, homes: pl.DataFrame, facts: pl.DataFrame, month: int, dice: Dice) -> Aid:
    """Benefits start and stop, dead recipients are replaced or struck off, some errors are put right."""
    ask = f" month {month}"
    started = begin(homes, facts, dice)
    before = homes.select("hid").join(aid.households, on="hid", how="left", maintain_order="left")
    key = keys(homes["hid"].to_numpy())
    gone = facts.filter(~pl.col("present"))["pid"]
    gone_now = before["recipient"].is_in(gone.implode()).fill_null(False).to_numpy()
    replaced = gone_now & dice.happens(key, "replaces the recipient" + ask, 0.25)
    alive = _living_recipients(facts)
    other = homes.select("hid").join(alive, on="hid", how="left", maintain_order="left")["heir"]
    columns: dict[str, pl.Series] = {}
    for program in HOUSEHOLD_PROGRAMS:
        was = before[program].fill_null(False).to_numpy()
        wrong = (reasons(homes, program)["status"] == "ineligible").to_numpy() | gone_now
        stops = dice.happens(key, f"{program} stops" + ask, np.where(wrong, 0.12, 0.02))
        starts = started.households[program].to_numpy() & dice.happens(key, f"{program} starts" + ask, 0.06)
        rightly = (reasons(homes, program)["status"] == "eligible").to_numpy()
        starts |= rightly & dice.happens(key, f"{program} granted" + ask, 0.05 if program != "blt_dd" else 0.01)
        columns[program] = pl.Series(np.where(was, ~stops, starts))
    recipient = pl.select(
        pl.when(pl.Series(replaced)).then(other).otherwise(None).fill_null(before["recipient"])
        .fill_null(started.households["recipient"])
    ).to_series()  # fmt: skip
    households = homes.select("hid", **columns).with_columns(recipient=recipient)
    return replace(aid, households=households, persons=_next_pbi(aid, started, facts, dice, ask))


def _living_recipients(facts: pl.DataFrame) -> pl.DataFrame:
    ranked = facts.filter(pl.col("present") & (pl.col("age") >= 17)).sort("hid", "role", "pid")
    return ranked.group_by("hid", maintain_order=True).agg(pl.col("pid").first().alias("heir"))


def _next_pbi(aid: Aid, started: Aid, facts: pl.DataFrame, dice: Dice, ask: str) -> pl.DataFrame:
    key = keys(facts["pid"].to_numpy())
    was = facts.select("pid").join(aid.persons, on="pid", how="left", maintain_order="left")["pbi_jkn"]
    present = facts["present"].to_numpy()
    stops = dice.happens(key, "pbi stops" + ask, np.where(present, 0.015, 0.1))
    chance = np.where(started.persons["pbi_jkn"].is_not_null().to_numpy(), 0.1, 0.004)
    starts = dice.happens(key, "pbi starts" + ask, chance) & present
    active = (was == "active").fill_null(False).to_numpy()
    state = np.where(active & ~stops, "active", np.where(active, "stopped", np.where(starts, "active", "")))
    kept = pl.Series(state.tolist(), dtype=pl.String).replace("", None)
    return facts.select("pid", pbi_jkn=kept.fill_null(pl.select(pl.when(was == "stopped").then(was)).to_series()))


# ----------------------------------------------------------------------------- lines and cards


def benefit_lines(aid: Aid, facts: pl.DataFrame, homes: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    """Lines of all recipients lists: program, hid, pid, ``line`` (0, or 1 for a repeated one), ``active``.

    Some persons stand on a list twice, some households with two persons.
    """
    parts = [
        aid.households.filter(program).select(pl.lit(program).alias("program"), "hid", pl.col("recipient").alias("pid"))
        for program in HOUSEHOLD_PROGRAMS
    ]
    second = _second_recipients(aid, facts, dice)
    persons = facts.select("pid", "hid").join(aid.persons, on="pid", how="left", maintain_order="left")
    pbi = persons.filter(pl.col("pbi_jkn").is_not_null()).select(
        pl.lit("pbi_jkn").alias("program"), "hid", "pid", active=pl.col("pbi_jkn") == "active"
    )
    lines = pl.concat([*parts, second, pbi], how="diagonal_relaxed").with_columns(
        active=pl.col("active").fill_null(True), line=pl.lit(0)
    )
    codes = lines["program"].replace_strict(_PROGRAM_KEY, return_dtype=pl.Int64).to_numpy()
    key = mix(keys(lines["pid"].to_numpy()), keys(codes))
    twice = np.zeros(lines.height, dtype=bool)
    for program in _PROGRAM_KEY:
        among = (lines["program"] == program).to_numpy() & lines["active"].to_numpy()
        twice |= dice.some(key, "stands on the list twice", 0.011, least=1, among=among)
    again = lines.filter(pl.Series(twice)).with_columns(line=pl.lit(1))
    region = homes.select("hid", "kabupaten_code", "kecamatan_code", "desa_code", "place")
    return (
        pl.concat([lines, again])
        .join(region, on="hid", how="left", maintain_order="left")
        .sort("program", "desa_code", "hid", "pid", "line")
    )


_PROGRAM_KEY = {"pkh": 1, "sembako": 2, "pbi_jkn": 3, "blt_dd": 4}


def _second_recipients(aid: Aid, facts: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    """A second grown person of a served household on the same list."""
    grown = facts.filter(pl.col("present") & (pl.col("age") >= 17)).select("hid", "pid")
    parts = []
    for program in HOUSEHOLD_PROGRAMS:
        served = aid.households.filter(program).select("hid", "recipient")
        others = (
            grown.join(served, on="hid", how="inner")
            .filter(pl.col("pid") != pl.col("recipient"))
            .sort("hid", "pid")
            .unique("hid", keep="first", maintain_order=True)
        )
        key = mix(keys(others["hid"].to_numpy()), _PROGRAM_KEY[program])
        chosen = dice.some(
            key, "second recipient", 0.012, least=2, among=np.ones(others.height, dtype=bool)
        )  # fmt: skip
        parts.append(others.filter(pl.Series(chosen)).select(pl.lit(program).alias("program"), "hid", "pid"))
    return pl.concat(parts)


def wallets(lines: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    """Card, bank, account and phone of everybody on a line of pkh or sembako: pid, card, bank, account, phone.

    One account and one phone for every second kecamatan are shared by three to six persons of a neighbourhood
    (misuse); some couples share theirs (innocent: two persons only).
    """
    holders = (
        lines.filter(pl.col("program").is_in(["pkh", "sembako"]) & pl.col("active"))
        .select("pid", "hid", "kecamatan_code", "place")
        .unique("pid", keep="first", maintain_order=True)
        .sort("pid")
    )
    banked = numbers.accounts(holders["pid"], dice)
    out = holders.with_columns(
        card=numbers.cards(holders["pid"]),
        bank=banked["bank"],
        account=banked["account"],
        phone=numbers.phones(holders["pid"], dice),
    )
    on_sembako = lines.filter((pl.col("program") == "sembako") & pl.col("active"))["pid"].unique()
    out = _share(out, "account", pl.repeat(True, out.height, dtype=pl.Boolean, eager=True), dice)
    return _share(out, "phone", out["pid"].is_in(on_sembako.implode()), dice)


def _share(holders: pl.DataFrame, column: str, among: pl.Series, dice: Dice) -> pl.DataFrame:
    """In half of the kecamatan three to six persons of different households get the number of the first of them."""
    regions = holders["kecamatan_code"].unique().sort()
    region_key = keys(regions.cast(pl.Int64).to_numpy())
    chosen = dice.some(region_key, f"shared {column}", 0.5, least=1, among=np.ones(len(regions), dtype=bool))
    size = dice.between(region_key, f"people on one {column}", 3, 6)
    planted = pl.DataFrame({"kecamatan_code": regions, "size": size}).filter(pl.Series(chosen))
    pool = holders.filter(among).unique("hid", keep="first", maintain_order=True).join(
        planted, on="kecamatan_code", how="inner", maintain_order="left"
    )  # fmt: skip
    luck = dice.uniform(keys(pool["pid"].to_numpy()), f"on the shared {column}")
    pool = pool.with_columns(luck=pl.Series(luck)).with_columns(
        turn=pl.col("luck").rank("ordinal").over("kecamatan_code")
    )
    members = pool.filter(pl.col("turn") <= pl.col("size")).select(
        "pid", shared=pl.col(column).sort_by("turn").first().over("kecamatan_code")
    )
    return (
        holders.join(members, on="pid", how="left", maintain_order="left")
        .with_columns(pl.coalesce("shared", column).alias(column))
        .drop("shared")
    )
