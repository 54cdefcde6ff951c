"""Numbers that people carry: NIK, family number, card, account, phone, all well-formed and invented.

Belongs here: how each number is built. Not here: how a number is miswritten (:mod:`pipeline.demo.noise`).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipeline.demo import places as geography
from pipeline.demo.dice import Dice, Ints, keys, mix

_BORN_HERE = (0.8, 0.14, 0.06)
_MIGRANT_BORN_HERE = (0.45, 0.1, 0.45)
"""Shares first registered in the own kecamatan, elsewhere in the province, outside it."""

CARD_PREFIX = "6291"


def with_nik(people: pl.DataFrame, home: pl.Series, dice: Dice, *, serial_from: int) -> pl.DataFrame:
    """Add ``first_kecamatan`` and ``nik`` (PPKKCC DDMMYY SSSS, day + 40 for women, serial by region and date).

    Args:
        people: with pid, hid, role, origin, woman, birth_day.
        home: code of the kecamatan that each lives in.
        serial_from: serials start after this one: keeps those who come later apart from those who were there.
    """
    inside, outside = geography.home_codes()
    family_key = mix(keys(people["hid"].to_numpy()), keys(people["role"].to_numpy() // 2))
    at_home = dice.pick(family_key, "first registered", _BORN_HERE)
    away = dice.pick(family_key, "first registered", _MIGRANT_BORN_HERE)
    where = np.where(people["origin"].to_numpy() == 0, at_home, away)
    near = np.asarray(inside, dtype=object)[dice.below(family_key, "which kecamatan", len(inside))]
    far = np.asarray(outside, dtype=object)[dice.below(family_key, "which elsewhere", len(outside))]
    region = np.where(where == 0, home.to_numpy(), np.where(where == 1, near, far))
    people = people.with_columns(first_kecamatan=pl.Series(region.tolist(), dtype=pl.String))
    birth = pl.from_epoch(pl.col("birth_day"), time_unit="d")
    day = birth.dt.day() + 40 * pl.col("woman").cast(pl.Int8)
    people = people.with_columns(
        front=pl.concat_str(
            "first_kecamatan", day.cast(pl.String).str.zfill(2), birth.dt.strftime("%m%y"), separator=""
        )
    )
    start = dice.below(keys(people["front"].cast(pl.Int64).to_numpy()), "first serial", 3)
    serial = 1 + serial_from + pl.Series(start) + pl.int_range(pl.len()).over("front")
    return people.with_columns(
        nik=pl.concat_str("front", serial.cast(pl.String).str.zfill(4))
    ).drop("front")  # fmt: skip


def family_numbers(households: pl.DataFrame, places: pl.DataFrame, dice: Dice, today: date) -> pl.DataFrame:
    """Add region columns, ``no_kk``, and ``old_kk`` for families whose card was renewed within the last years."""
    where = places.select("place", "desa_code", "kecamatan_code", "kabupaten_code")
    households = households.join(where, on="place", how="left", maintain_order="left")
    key = keys(households["hid"].to_numpy())
    now = (today - date(1970, 1, 1)).days
    issued = now - 30 - dice.below(key, "family card issued", 12 * 365)
    before = issued - 200 - dice.below(key, "older family card issued", 6 * 365)
    renewed = pl.Series(dice.happens(key, "family card renewed", 0.07))
    everybody = np.ones(len(key), dtype=bool)
    twice = pl.Series(dice.some(key, "two family cards in the registry", 0.012, least=2, among=everybody))
    return households.with_columns(
        no_kk=family_number(households["kecamatan_code"], issued, 1),
        old_kk=pl.select(pl.when(renewed).then(family_number(households["kecamatan_code"], before, 2001))).to_series(),
        second_kk=pl.select(pl.when(twice).then(family_number(households["kecamatan_code"], before, 5001))).to_series(),
    )


def family_number(kecamatan: pl.Series, issued: Ints, serial_from: int) -> pl.Series:
    """PPKKCC + date of issue + serial; unique as long as ``serial_from`` keeps the ranges apart."""
    frame = pl.DataFrame({"kecamatan": kecamatan, "issued": issued})
    front = pl.concat_str(
        "kecamatan", pl.from_epoch(pl.col("issued"), time_unit="d").dt.strftime("%d%m%y"), separator=""
    )
    serial = serial_from + pl.int_range(pl.len()).over("kecamatan", "issued")
    return frame.select(pl.concat_str(front, serial.cast(pl.String).str.zfill(4)).alias("no_kk")).to_series()


_SPREAD = 736_878_793
"""Odd and not a multiple of 5, so that key × spread modulo a power of ten gives each key a number of its own."""


def _spread(key_values: pl.Series, digits: int) -> pl.Series:
    """Numbers of so many digits that look random and never meet (for keys below 10^digits and 10^10)."""
    spread: pl.Series = key_values.cast(pl.Int64) * _SPREAD % 10**digits
    return spread.cast(pl.String).str.zfill(digits)


def cards(key_values: pl.Series) -> pl.Series:
    """KKS cards: 16 digits, the last a Luhn check digit; one a key."""
    digits = pl.DataFrame({"digits": CARD_PREFIX + _spread(key_values, 11)})
    total = pl.lit(0, dtype=pl.Int64)
    for at in range(15):
        digit = pl.col("digits").str.slice(at, 1).cast(pl.Int64)
        twice = digit * 2
        total = total + (twice - pl.when(twice > 9).then(9).otherwise(0) if at % 2 == 0 else digit)
    check = (10 - total % 10) % 10
    return digits.select(pl.concat_str("digits", check.cast(pl.String)).alias("card"))["card"]


def accounts(key_values: pl.Series, dice: Dice) -> pl.DataFrame:
    """``bank`` and ``account`` with the bank's number of digits, leading zeros and all."""
    which = dice.pick(keys(key_values.to_numpy()), "bank", (0.75, 0.15, 0.1))
    text = pl.DataFrame({"digits": _spread(key_values, 9), "which": which})
    body = pl.col("digits")
    longest = pl.concat_str(pl.lit("0"), body.str.slice(0, 3), pl.lit("01"), body.str.slice(0, 9))
    shapes = {"BRI": longest, "MANDIRI": pl.concat_str(pl.lit("1500"), body), "BSI": pl.concat_str(pl.lit("7"), body)}
    account = pl.when(pl.col("which") == 0).then(shapes["BRI"]).when(pl.col("which") == 1).then(
        shapes["MANDIRI"]
    ).otherwise(shapes["BSI"])  # fmt: skip
    bank = pl.col("which").replace_strict(dict(enumerate(shapes)), return_dtype=pl.String)
    return text.select(bank=bank, account=account)


def phones(key_values: pl.Series, dice: Dice) -> pl.Series:
    """Mobile numbers: a provider's prefix and eight digits."""
    provider = dice.below(keys(key_values.to_numpy()), "provider", 6)
    prefix = np.asarray(["0812", "0813", "0821", "0852", "0822", "0895"], dtype=object)[provider]
    return pl.Series(prefix.tolist(), dtype=pl.String) + _spread(key_values, 8)
