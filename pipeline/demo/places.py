"""Where the demo's families live: real desa and kecamatan, chosen by seed.

Belongs here: the choice of kecamatan and desa for a district of a given size, and codes of elsewhere for people who
were registered outside. Names and codes come from :mod:`pipeline.regions`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from pipeline.demo.dice import Dice, keys
from pipeline.demo.names import origin_weights
from pipeline.regions import Gazetteer, PlaceRules

PROVINCE = "75"
_ELSEWHERE = ("71", "72", "73", "35", "51")
"""Provinces that migrants to Gorontalo come from: North and Central and South Sulawesi, East Java, Bali."""


@cache
def _gazetteer() -> Gazetteer:
    return Gazetteer(PlaceRules())


def _children(code: str) -> list[tuple[str, str]]:
    return [(region.code, region.name) for region in _gazetteer().children(code)]


def _kabupaten_name(name: str) -> str:
    return name if name.startswith(("Kabupaten", "Kota")) else f"Kabupaten {name}"


@cache
def all_desa() -> pl.DataFrame:
    """Every desa of the province: codes and names of desa, kecamatan and kabupaten."""
    rows = [
        (desa_code, desa, kec_code, kec, kab_code, _kabupaten_name(kab))
        for kab_code, kab in _children(PROVINCE)
        for kec_code, kec in _children(kab_code)
        for desa_code, desa in _children(kec_code)
    ]
    names = ["desa_code", "desa", "kecamatan_code", "kecamatan", "kabupaten_code", "kabupaten"]
    return pl.DataFrame(rows, schema=names, orient="row").sort("desa_code")


def choose(families: int, dice: Dice) -> pl.DataFrame:
    """Desa for a district of so many families: 3 kecamatan for a small one, all 77 for a province.

    Adds ``place`` (row number), ``origin`` (most families' origin, as index of :func:`pipeline.demo.names.origins`)
    and ``size`` (weight of the desa).
    """
    desa = all_desa()
    kecamatan = desa.select("kecamatan_code", "kabupaten_code").unique(maintain_order=True)
    wanted = min(kecamatan.height, max(3, round(families**0.5 / 6)))
    kabupaten = kecamatan["kabupaten_code"].unique().sort()
    kabupaten_key = keys(kabupaten.cast(pl.Int64).to_numpy())
    several = min(len(kabupaten), max(2, round(wanted / 8)))
    chosen_kabupaten = kabupaten.gather(dice.order(kabupaten_key, "kabupaten")[:several].tolist()).to_list()
    if wanted < kecamatan.height:
        kecamatan = kecamatan.filter(pl.col("kabupaten_code").is_in(chosen_kabupaten))
    kecamatan_key = keys(kecamatan["kecamatan_code"].cast(pl.Int64).to_numpy())
    kecamatan = kecamatan.with_columns(luck=dice.uniform(kecamatan_key, "kecamatan")).with_columns(
        turn=pl.col("luck").rank("ordinal").over("kabupaten_code")
    )
    chosen = kecamatan.sort("turn", "luck").head(wanted)
    desa = desa.join(chosen.select("kecamatan_code"), on="kecamatan_code", how="semi", maintain_order="left")
    per_kecamatan = max(3, round(families / wanted / 12))
    key = keys(desa["desa_code"].cast(pl.Int64).to_numpy())
    desa = desa.with_columns(luck=dice.uniform(key, "desa")).filter(
        pl.col("luck").rank("ordinal").over("kecamatan_code") <= per_kecamatan
    )
    key = keys(desa["desa_code"].cast(pl.Int64).to_numpy())
    locals_only = dice.happens(key, "a village of migrants", 0.1)
    migrants = 1 + dice.pick(key, "which migrants", origin_weights()[1:])
    return desa.drop("luck").with_columns(
        origin=pl.Series(np.where(locals_only, migrants, 0)),
        size=pl.Series(0.4 + dice.uniform(key, "size of a desa")),
        place=pl.int_range(pl.len(), dtype=pl.Int64),
    )


@cache
def home_codes() -> tuple[list[str], list[str]]:
    """Kecamatan codes that people were first registered in: inside the province, and elsewhere."""
    inside = all_desa()["kecamatan_code"].unique().sort().to_list()
    outside = [
        kecamatan
        for province in _ELSEWHERE
        for kabupaten, _ in _children(province)[:6]
        for kecamatan, _ in _children(kabupaten)[:4]
    ]
    return inside, outside


@cache
def birth_places() -> dict[str, str]:
    """Kecamatan or kabupaten name by kecamatan code, for the place of birth."""
    here = {row[2]: row[3] for row in all_desa().iter_rows()}
    there = {
        kecamatan: kabupaten_name.removeprefix("Kabupaten ").removeprefix("Kota ")
        for province in _ELSEWHERE
        for kabupaten, kabupaten_name in _children(province)[:6]
        for kecamatan, _ in _children(kabupaten)[:4]
    }
    return there | here
