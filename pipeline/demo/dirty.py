"""A list as somebody really wrote it: errors of identity, numbers and names of others, rows nobody can use.

Belongs here: applying :mod:`pipeline.demo.noise` to one list, the errors that need other rows (a borrowed number,
somebody else's name), and the guard that no accepted row loses all that says who it is.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from pipeline.demo import noise
from pipeline.demo.dice import keys, mix
from pipeline.demo.lists import PLAIN_DOUBLE, ListFrame
from pipeline.demo.noise import Profile
from pipeline.demo.scene import Scene

_UNUSABLE: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "registry": {"no_identity": ("name", "nik", "no_kk", "birth_date"), "placeholder": ("nik", "no_kk", "birth_date")},
    "recipients": {"no_number": ("nik", "no_kk"), "placeholder": ("nik", "no_kk", "birth_date")},
    "deaths": {"name_only": ("nik", "birth_date", "no_kk")},
    "employment": {"name_only": ("nik", "birth_date")},
    "payments": {"no_amount": ("amount",)},
}
"""Kind → reason for quarantine → columns left empty."""

_WHY_TWICE = 7.0
"""A person stands twice in the registry because one of the rows is wrong: so much likelier are errors on it."""
_PLACEHOLDERS = ("-", "XXX", "TIDAK ADA NAMA", "NN")
_BARE = ("card_number", "account_number", "phone", "bpjs_number")
"""Numbers that would still tell who a placeholder row is about."""


def write_badly(sheet: ListFrame, scene: Scene, profile: Profile) -> ListFrame:
    """The list with its errors. Adds ``<column>_damage`` (see :func:`pipeline.demo.noise.befall`) and ``owner``:
    the person whose NIK stands in the row, where that is somebody else.
    """  # fmt: skip
    rows = sheet.rows.with_columns(own_nik="nik", own_kk="no_kk", own_birth="birth_date")
    quality = profile.lists.get(sheet.kind, 1.0) * profile.lists.get(sheet.program, 1.0)
    again = (rows["line"] == PLAIN_DOUBLE).to_numpy() & (sheet.kind == "registry")
    code = f"recipients {sheet.program}" if sheet.kind == "payments" else sheet.code
    rows = noise.befall(
        rows, code, profile, quality=np.where(again, quality * _WHY_TWICE, quality), month=scene.month, dice=scene.dice
    )
    rows = noise.exchange_numbers(rows)
    rows = _only_on_recipients(rows, sheet.kind)
    if sheet.kind == "recipients":
        rows = _at_least_one(rows, scene, profile, code)
    rows = _borrow(rows, scene, code)
    rows = _rename(rows, scene, code)
    if sheet.kind == "ppks":
        rows = _without_nik(rows, scene, profile)
    rows = _still_somebody(rows, sheet.kind).drop("own_nik", "own_kk", "own_birth")
    return ListFrame(sheet.kind, sheet.program, _with_junk(rows, sheet, scene, profile))


def _only_on_recipients(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Borrowed numbers and other people's names are planted where a benefit hangs on them."""
    if kind in ("recipients", "payments"):
        return rows
    borrowed, renamed = pl.col("nik_damage") == "borrowed", pl.col("name_damage") == "other_person"
    return rows.with_columns(
        nik_damage=pl.when(borrowed).then(None).otherwise("nik_damage"),
        name_damage=pl.when(renamed).then(None).otherwise("name_damage"),
    )


def _at_least_one(rows: pl.DataFrame, scene: Scene, profile: Profile, code: str) -> pl.DataFrame:
    """One borrowed number and one other person's name on each list of the small district too."""
    key = keys(rows["pid"].to_numpy())
    for column, kind, shares in (("nik", "borrowed", profile.nik), ("name", "other_person", profile.name)):
        if not shares[kind]:
            continue
        sound = (
            pl.all_horizontal(pl.col("nik_damage", "name_damage").is_null()) & (pl.col("line") == 0) & pl.col("active")
        )
        among = rows.select(sound.alias("sound")).to_series().to_numpy()
        chosen = pl.Series(scene.dice.some(key, f"{kind} on {code}", 0.0, least=1, among=among))
        rows = rows.with_columns(
            pl.when(chosen).then(pl.lit(kind)).otherwise(f"{column}_damage").alias(f"{column}_damage")
        )
    return rows


def _borrow(rows: pl.DataFrame, scene: Scene, code: str) -> pl.DataFrame:
    """Give the NIK of a grown person of the registry who lives in the same kecamatan in another household."""
    rows = rows.with_row_index("row")
    victims = rows.filter(pl.col("nik_damage") == "borrowed").select("row", "pid", "hid", "kecamatan_code")
    if victims.is_empty():
        return rows.drop("row").with_columns(owner=pl.lit(None, dtype=pl.Int64))
    known = scene.homes.filter("registered").select("hid", "kecamatan_code")
    lenders = (
        scene.facts.filter(pl.col("age") >= 17)
        .select("pid", "hid", "nik")
        .join(known, on="hid", how="inner", maintain_order="left")
    )
    lender_luck = scene.dice.uniform(keys(lenders["pid"].to_numpy()), "lends the number")
    lenders = lenders.select(
        "kecamatan_code", owner="pid", lender_hid="hid", lent="nik", luck=pl.Series(lender_luck)
    ).sort("luck")
    luck = scene.dice.uniform(keys(victims["pid"].to_numpy()), f"borrows a number on {code}")
    found = (
        victims.with_columns(luck=pl.Series(luck, dtype=pl.Float64))
        .sort("luck")
        .join_asof(lenders, on="luck", by="kecamatan_code", strategy="nearest", check_sortedness=False)
        .filter(pl.col("lender_hid") != pl.col("hid"))
        .select("row", "owner", "lent")
    )
    out = rows.join(found, on="row", how="left", maintain_order="left")
    lone = (pl.col("nik_damage") == "borrowed") & pl.col("owner").is_null()
    return out.with_columns(
        nik=pl.coalesce("lent", "nik"), nik_damage=pl.when(lone).then(None).otherwise("nik_damage")
    ).drop("lent", "row")  # fmt: skip


def _rename(rows: pl.DataFrame, scene: Scene, code: str) -> pl.DataFrame:
    """Write the name of somebody of the same sex that shares no word with the own one."""
    rows = rows.with_row_index("row")
    victims = rows.filter(pl.col("name_damage") == "other_person").select("row", "pid", "sex", "name")
    if victims.is_empty():
        return rows.drop("row")
    pool = scene.facts.select("woman", "name", pid_other="pid")
    pool = pool.with_columns(
        luck=pl.Series(scene.dice.uniform(keys(pool["pid_other"].to_numpy()), "name taken")),
        sex=pl.when("woman").then(pl.lit("P")).otherwise(pl.lit("L")),
    ).select("sex", "luck", other="name").sort("luck")  # fmt: skip
    luck = scene.dice.uniform(keys(victims["pid"].to_numpy()), f"other name on {code}")
    found = (
        victims.with_columns(luck=pl.Series(luck, dtype=pl.Float64))
        .sort("luck")
        .join_asof(pool, on="luck", by="sex", strategy="nearest", check_sortedness=False)
        .filter(
            pl.col("name").str.to_lowercase().str.split(" ")
            .list.set_intersection(pl.col("other").str.to_lowercase().str.split(" ")).list.len() == 0
        )
        .select("row", "other")
    )  # fmt: skip
    out = rows.join(found, on="row", how="left", maintain_order="left")
    lone = (pl.col("name_damage") == "other_person") & pl.col("other").is_null()
    # a row with another's name and another's number would be another's row
    both = pl.col("other").is_not_null() & pl.col("nik_damage").is_not_null()
    return out.with_columns(
        name=pl.when(both).then("name").otherwise(pl.coalesce("other", "name")),
        name_damage=pl.when(lone | both).then(None).otherwise("name_damage"),
    ).drop("other", "row")


def _without_nik(rows: pl.DataFrame, scene: Scene, profile: Profile) -> pl.DataFrame:
    gone = scene.dice.happens(keys(rows["pid"].to_numpy()), "no NIK on ppks", noise.NO_NIK_ON_PPKS)
    if not profile.nik["missing"]:
        return rows
    return rows.with_columns(nik=pl.when(pl.Series(gone)).then(None).otherwise("nik"))


def _still_somebody(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Put back what a row of its kind must have; a filler (0000…) may be taken for nothing, so it does not count."""
    no_nik = pl.col("nik").is_null() | (pl.col("nik_damage") == "filler").fill_null(False)
    if kind == "registry":
        empty = no_nik & pl.all_horizontal(pl.col("no_kk", "birth_date").is_null())
        return rows.with_columns(no_kk=pl.when(empty).then("own_kk").otherwise("no_kk"))
    if kind == "recipients":
        empty = no_nik & pl.col("no_kk").is_null()
        return rows.with_columns(no_kk=pl.when(empty).then("own_kk").otherwise("no_kk"))
    if kind in ("deaths", "employment"):
        empty = no_nik & pl.col("birth_date").is_null()
        return rows.with_columns(birth_date=pl.when(empty).then("own_birth").otherwise("birth_date"))
    return rows


def _with_junk(rows: pl.DataFrame, sheet: ListFrame, scene: Scene, profile: Profile) -> pl.DataFrame:
    """Add rows that must end in quarantine, beside the rows they were made from."""
    reasons = _UNUSABLE.get(sheet.kind)
    if not reasons or not profile.junk or rows.is_empty():
        return rows
    rows = rows.with_row_index("row")
    key = mix(keys(rows["pid"].to_numpy()), keys(rows["line"].to_numpy()))
    everybody = np.ones(rows.height, dtype=bool)
    least = len(reasons) if rows.height >= 15 else 0
    chosen = scene.dice.some(key, f"junk on {sheet.code}", profile.junk, least=least, among=everybody)
    model = rows.filter(pl.Series(chosen))
    key = keys(model["pid"].to_numpy())
    turn = pl.int_range(pl.len()) % len(reasons)
    spare = np.asarray(_PLACEHOLDERS, dtype=object)[scene.dice.below(key, "placeholder", len(_PLACEHOLDERS))]
    junk = model.with_columns(
        fate=turn.replace_strict(dict(enumerate(reasons)), return_dtype=pl.String), line=pl.lit(9, dtype=pl.Int64)
    )
    empty = {column for columns in reasons.values() for column in columns} | set(_BARE)
    for column in sorted(empty & set(junk.columns)):
        hit = [r for r, columns in reasons.items() if column in columns]
        if column in _BARE:
            hit = [r for r in reasons if r in ("placeholder", "no_identity")]
        junk = junk.with_columns(pl.when(pl.col("fate").is_in(hit)).then(None).otherwise(column).alias(column))
    name = pl.when(pl.col("fate") == "placeholder").then(pl.Series(spare.tolist(), dtype=pl.String)).otherwise("name")
    return pl.concat([rows, junk.with_columns(name=name)], how="vertical_relaxed").sort("row", "line").drop("row")
