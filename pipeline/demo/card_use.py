"""Uses of KKS cards in a month, honest and planted.

Belongs here: who withdraws where and when; agents who empty many cards at once, companions who hold the cards of
their families, cards nobody uses. Honest crowds (a busy agent on the day of distribution, a bank's counter) look
alike and stay below what the signals say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from pipeline.demo.dice import Flags, Ints, keys, mix
from pipeline.demo.scene import Scene

UNUSED: Final = 0.06
"""Share of households that do not use their card in a month."""
NEVER_USED: Final = 0.012
"""Share of households whose card is not used in any month: never handed over, or recipient unable to travel."""

_GAP: Final = 130
"""Seconds between two customers of an agent: never ten different cards within fifteen minutes."""
_CUSTOMERS_A_DAY: Final = 200
_HELD: Final = 8
"""Cards that a companion must hold to be noticed."""
_QUIET: Final = 80
"""With more cards than these within two and a half hours the terminal is emptying cards in bulk as well."""


@dataclass(frozen=True)
class CardUse:
    """Transactions with ``fate`` (``transaction`` or the reason for quarantine), and what was planted.

    ``agents``: agent_id, terminal_id, kecamatan_code, amount. ``holders``: companion_pid, kecamatan_code, amount.
    ``unused``: hid of households whose card has no withdrawal, with ``months`` running.
    """

    rows: pl.DataFrame
    agents: pl.DataFrame
    holders: pl.DataFrame
    unused: pl.DataFrame


def use_cards(scene: Scene) -> CardUse:
    """All uses of the month."""
    cards = _cards(scene)
    unused = unused_households(scene)
    cards = cards.with_columns(used=~pl.col("hid").is_in(unused["hid"].implode()))
    held = _held_by_companions(cards, scene)
    emptied = _emptied_by_agents(cards.filter(~pl.col("pid").is_in(held["pid"].implode())), scene)
    planted = pl.concat([held["pid"], emptied["pid"]])
    honest = _honest(cards.filter(pl.col("used") & ~pl.col("pid").is_in(planted.implode())), scene)
    looks = _inquiries(cards, scene)
    rows = pl.concat([honest, _columns(held), _columns(emptied), looks], how="vertical_relaxed")
    rows = rows.sort("transacted_at", "card_number").with_columns(fate=pl.lit("transaction"))
    crowded = held.filter(pl.len().over("companion_pid") > _QUIET)
    agents = pl.concat([crowded, emptied], how="diagonal_relaxed")
    agents = agents.group_by("agent_id", "terminal_id", "kecamatan_code").agg(pl.col("amount").sum()).sort("agent_id")
    holders = (
        held.group_by("companion_pid")
        .agg(pl.col("kecamatan_code").first(), pl.col("amount").sum())
        .sort("companion_pid")
    )
    return CardUse(_with_junk(rows, scene), agents, holders, unused)


def unused_households(scene: Scene) -> pl.DataFrame:
    """Households that leave their cards unused this month, and for how many months running: hid, months."""
    hid = scene.wallets["hid"].unique().sort()
    key = keys(hid.to_numpy())
    never = scene.dice.some(key, "card never used", NEVER_USED, least=2, among=np.ones(len(key), dtype=bool))
    months = np.zeros(len(key), dtype=np.int64)
    for month in range(scene.month + 1):
        idle = never | scene.dice.some(
            key, f"card unused in month {month}", UNUSED, least=2, among=np.ones(len(key), dtype=bool)
        )  # fmt: skip
        months = np.where(idle, months + 1, 0)
    return pl.DataFrame({"hid": hid, "months": pl.Series(months)}).filter(pl.col("months") > 0)


def _cards(scene: Scene) -> pl.DataFrame:
    """A row a card: what comes onto it this month, which agent is near, whose companion looks after it."""
    lines = scene.lines.filter(pl.col("program").is_in(["pkh", "sembako"]) & pl.col("active") & (pl.col("line") == 0))
    lines = lines.join(scene.homes.select("hid", "pkh_amount"), on="hid", how="left", maintain_order="left")
    amount = pl.when(pl.col("program") == "pkh").then(pl.col("pkh_amount").cast(pl.Int64)).otherwise(200_000)
    credit = lines.group_by("pid", maintain_order=True).agg(
        amount.sum().alias("amount"), pl.col("desa_code").first(), (pl.col("program") == "pkh").any().alias("on_pkh")
    )
    return (
        scene.wallets.select("pid", "hid", "kecamatan_code", "place", card_number="card")
        .join(credit, on="pid", how="inner", maintain_order="left")
        .join(scene.assigned.select("hid", "companion_pid"), on="hid", how="left", maintain_order="left")
        .with_columns(companion_pid=pl.when("on_pkh").then("companion_pid"))
    )


def _time(scene: Scene, day: Ints, second: Ints) -> pl.Series:
    start = datetime(scene.period.year, scene.period.month, 1)
    offset = pl.Series(day.astype(np.int64) * 86_400 + second.astype(np.int64))
    return pl.DataFrame({"s": offset}).select(transacted_at=pl.lit(start) + pl.duration(seconds="s")).to_series()


_OUT = (
    "card_number",
    "transacted_at",
    "amount",
    "agent_id",
    "agent_name",
    "terminal_id",
    "channel",
    "transaction_type",
)


def _columns(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(_OUT)


def _agent(desa: pl.Expr, number: pl.Expr | int) -> list[pl.Expr]:
    tail = pl.concat_str(desa, pl.lit(number).cast(pl.String) if isinstance(number, int) else number.cast(pl.String))
    return [
        pl.concat_str(pl.lit("BL"), tail).alias("agent_id"),
        pl.concat_str(pl.lit("Agen Laku Pandai "), tail.str.slice(6)).alias("agent_name"),
        pl.concat_str(pl.lit("E"), tail).alias("terminal_id"),
    ]


def _honest(cards: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """Withdrawals at one of two agents of the desa from the day of distribution on, or at a bank."""
    key = mix(keys(cards["pid"].to_numpy()), scene.month)
    region_key = mix(keys(cards["kecamatan_code"].cast(pl.Int64).to_numpy()), scene.month)
    bank = scene.dice.pick(key, "where to withdraw", (0.82, 0.1, 0.08))
    first_day = scene.dice.between(region_key, "day of distribution", 4, 14)
    later = np.where(scene.dice.happens(key, "comes on the first day", 0.6), 0, scene.dice.between(key, "later", 1, 9))
    frame = cards.with_columns(
        bank=pl.Series(bank), day=pl.Series(first_day + later),
        number=pl.Series(scene.dice.between(key, "which agent", 1, 2)), luck=pl.Series(scene.dice.uniform(key, "turn")),
        kabupaten=pl.col("kecamatan_code").str.slice(0, 4),
    )  # fmt: skip
    at_agent = frame.filter(pl.col("bank") == 0).sort("desa_code", "number", "day", "luck")
    turn = pl.int_range(pl.len()).over("desa_code", "number", "day")
    at_agent = at_agent.with_columns(turn=turn % _CUSTOMERS_A_DAY, day=pl.col("day") + turn // _CUSTOMERS_A_DAY)
    at_agent = at_agent.with_columns(clash=pl.int_range(pl.len()).over("desa_code", "number", "day", "turn"))
    at_agent = at_agent.with_columns(day=(pl.col("day") + 10 * pl.col("clash")).clip(0, 27))
    second = at_agent["turn"].to_numpy() * _GAP + 8 * 3600 + (at_agent["luck"].to_numpy() * 20).astype(int)
    at_agent = at_agent.with_columns(
        _time(scene, at_agent["day"].to_numpy(), second), *_agent(pl.col("desa_code"), pl.col("number")),
        channel=pl.lit("AGEN"), transaction_type=pl.lit("TARIK TUNAI"),
    )  # fmt: skip
    return pl.concat([_columns(at_agent), _at_bank(frame.filter(pl.col("bank") > 0), scene)])


def _at_bank(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """A counter serves a whole crowd in a quarter of an hour; machines stand idle in between."""
    key = mix(keys(frame["pid"].to_numpy()), scene.month)
    counter = (frame["bank"] == 1).to_numpy()
    day = np.where(counter, 6 + scene.dice.below(key, "counter day", 3), frame["day"].to_numpy())
    second = np.where(
        counter, 9 * 3600 + scene.dice.below(key, "counter", 800), scene.dice.between(key, "atm", 25_000, 70_000)
    )
    channel = np.where(counter, "TELLER", "ATM")
    return _columns(
        frame.with_columns(
            _time(scene, np.minimum(day, 27), second),
            agent_id=pl.concat_str(pl.lit("KCP"), "kabupaten"),
            agent_name=pl.concat_str(pl.lit("Kantor Cabang "), "kabupaten"),
            terminal_id=pl.concat_str(pl.lit("KCP"), "kabupaten", pl.lit("01")),
            channel=pl.Series(channel.tolist(), dtype=pl.String),
            transaction_type=pl.lit("TARIK TUNAI"),
        )
    )


def _held_by_companions(cards: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """One companion in thirty (and at least one) uses all the cards of his families at one terminal in one sitting."""
    ready = cards.filter(pl.col("used") & pl.col("companion_pid").is_not_null())
    load = ready.group_by("companion_pid").agg(pl.len().alias("n"), pl.col("desa_code").first()).sort("companion_pid")
    load = load.filter(pl.col("n") >= _HELD)
    key = keys(load["companion_pid"].to_numpy())
    bad = scene.dice.some(key, "holds the cards", 0.03, least=1, among=np.ones(load.height, dtype=bool))
    chosen = load.filter(pl.Series(bad)).select("companion_pid", "n", where="desa_code")
    held = ready.join(chosen, on="companion_pid", how="inner", maintain_order="left").with_columns(
        turn=pl.int_range(pl.len()).over("companion_pid")
    )
    person = keys(held["companion_pid"].to_numpy())
    day = 4 + scene.dice.below(mix(person, scene.month), "day at the terminal", 12)
    n = held["n"].to_numpy()
    gap = np.where(n > _QUIET, np.minimum(90, 8_600 // n), np.minimum(600, 8_600 // n))
    second = 19 * 3600 + held["turn"].to_numpy() * gap
    return held.with_columns(
        _time(scene, day, second), *_agent(pl.col("where"), 10 + pl.col("companion_pid") % 80),
        channel=pl.lit("AGEN"), transaction_type=pl.lit("TARIK TUNAI"),
    )  # fmt: skip


def _emptied_by_agents(cards: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """In one kecamatan of three (and at least one) an agent empties eleven to twenty-five cards within ten minutes."""
    ready = cards.filter("used")
    regions = ready.group_by("kecamatan_code").agg(pl.len().alias("n"), pl.col("desa_code").min().alias("where"))
    regions = regions.filter(pl.col("n") >= 14).sort("kecamatan_code")
    key = keys(regions["kecamatan_code"].cast(pl.Int64).to_numpy())
    bad = scene.dice.some(key, "an agent empties cards", 0.3, least=1, among=np.ones(regions.height, dtype=bool))
    size = scene.dice.between(key, "cards emptied", 11, 25)
    chosen = regions.with_columns(size=pl.Series(size)).filter(pl.Series(bad)).drop("n")
    luck = scene.dice.uniform(keys(ready["pid"].to_numpy()), "card with the agent")
    taken = ready.with_columns(luck=pl.Series(luck)).join(
        chosen, on="kecamatan_code", how="inner", maintain_order="left"
    )
    taken = taken.with_columns(turn=pl.col("luck").rank("ordinal").over("kecamatan_code") - 1).filter(
        pl.col("turn") < pl.col("size")
    )
    region = keys(taken["kecamatan_code"].cast(pl.Int64).to_numpy())
    day = 3 + scene.dice.below(mix(region, scene.month), "day of emptying", 20)
    second = 21 * 3600 + taken["turn"].cast(pl.Int64).to_numpy() * 26
    return taken.with_columns(
        _time(scene, day, second), *_agent(pl.col("where"), 9),
        channel=pl.lit("AGEN"), transaction_type=pl.lit("TARIK TUNAI"),
    )  # fmt: skip


def _inquiries(cards: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """People ask for their balance, also those who then withdraw nothing."""
    key = mix(keys(cards["pid"].to_numpy()), scene.month)
    asks: Flags = scene.dice.happens(key, "asks for the balance", 0.12)
    some = cards.filter(pl.Series(asks)).with_columns(amount=pl.lit(0, dtype=pl.Int64))
    key = mix(keys(some["pid"].to_numpy()), scene.month)
    day, second = scene.dice.below(key, "day of asking", 27), scene.dice.between(key, "time of asking", 28_000, 60_000)
    return _columns(
        some.with_columns(
            _time(scene, day, second), *_agent(pl.col("desa_code"), 1),
            channel=pl.lit("AGEN"), transaction_type=pl.lit("CEK SALDO"),
        )
    )  # fmt: skip


_JUNK = ("no_card", "bad_time", "bad_amount")


def _with_junk(rows: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """One row in five hundred (and one of each) without card, with an impossible time or an amount that is none."""
    rows = rows.with_row_index("row").with_columns(
        amount=pl.col("amount").cast(pl.String), written_at=pl.col("transacted_at").dt.strftime("%Y-%m-%d %H:%M:%S")
    )
    key = mix(keys(rows["row"].cast(pl.Int64).to_numpy()), scene.month)
    bad = scene.dice.some(key, "junk on transactions", 0.002, least=3, among=np.ones(rows.height, dtype=bool))
    fate = (pl.int_range(pl.len()) % 3).replace_strict(dict(enumerate(_JUNK)), return_dtype=pl.String)
    junk = rows.filter(pl.Series(bad)).with_columns(fate=fate).with_columns(
        card_number=pl.when(pl.col("fate") != "no_card").then("card_number"),
        written_at=pl.when(pl.col("fate") == "bad_time").then(pl.lit("2026-13-45 25:61:00")).otherwise("written_at"),
        amount=pl.when(pl.col("fate") == "bad_amount").then(pl.lit("#VALUE!")).otherwise("amount"),
    )  # fmt: skip
    return pl.concat([rows, junk]).sort("row", "fate", descending=[False, True]).drop("row")
