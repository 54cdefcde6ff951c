"""Where somebody lives: region columns to codes, address, dusun, RT and RW.

Belongs here: the columns of a sheet; names and codes of regions are found by :mod:`pipeline.regions`. A word in a
title of the sheet is weaker than the row's own column, and used where the row says nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from typing import Any, Final, TypeAlias

import polars as pl

from pipeline.ingest.clean.cells import DATE, RawRows, Recipe, per_value
from pipeline.ingest.clean.dates import MONTHS
from pipeline.ingest.clean.notices import Notices
from pipeline.ingest.clean.reference import Titles
from pipeline.ingest.clean.words import upper
from pipeline.regions import Gazetteer, PlaceRules, Written

_CODES: Final = ("kabupaten_code", "kecamatan_code", "desa_code")
_MONTH_NUMBERS: Final = {name: str(month) for name, month in MONTHS.items()}
_ROMAN: Final = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "X": 10}
_SPOKEN: Final = {"SATU": 1, "DUA": 2, "TIGA": 3, "EMPAT": 4, "LIMA": 5, "ENAM": 6, "TUJUH": 7, "DELAPAN": 8}
_NUMBERS: Final = {word: str(n) for word, n in (_ROMAN | _SPOKEN).items()}


def regions(rows: RawRows, family_digits: pl.Series, gazetteer: Gazetteer, notices: Notices) -> pl.DataFrame:
    """Region names as written and their codes.

    Args:
        rows: raw rows.
        family_digits: ``no_kk_digits``, or ``nik_digits`` where the sheet has no family numbers: where the families
            of a place are registered breaks ties between regions of one name.

    Returns:
        ``desa``, ``kecamatan``, ``kabupaten`` (upper case) and their ``_code`` columns.
    """
    said = pl.DataFrame(
        [rows.coalesced(level, f"title_{level}").str.to_uppercase() for level in ("kabupaten", "kecamatan", "desa")]
    )
    prefix = family_digits.str.extract(r"^([0-9]{4})").alias("prefix")
    places = said.with_columns(_written_code(rows), rows.origin)
    found = _locate(places.with_columns(prefix).group_by(*places.columns, "prefix").len(), gazetteer, notices)
    codes = places.join(found, on=places.columns, how="left", nulls_equal=True, maintain_order="left").select(_CODES)
    return pl.concat([said, codes], how="horizontal")


def _written_code(rows: RawRows) -> pl.Series:
    """The longest region code that the row gives, from one column or from the parts of several."""
    names = ("region_code", "desa_code", "kecamatan_code", "kabupaten_code")
    if not any(rows.says(n) for n in names):
        return pl.Series("code", [""]).new_from_index(0, rows.height)
    parts = pl.DataFrame([rows.text(n) for n in names])
    digits = [pl.col(n).str.replace(r"\.0$", "").str.replace_all(r"[^0-9]", "") for n in names]
    desa, kecamatan, kabupaten = (pl.col(n) for n in names[1:])
    long_kecamatan = (
        pl.when(kecamatan.str.len_chars() <= 3).then(kabupaten + kecamatan.str.zfill(2)).otherwise(kecamatan)
    )
    long_desa = pl.when(desa.str.len_chars() <= 4).then(long_kecamatan + desa.str.zfill(4)).otherwise(desa)
    whole = pl.coalesce("region_code", long_desa, long_kecamatan, kabupaten).fill_null("")
    return parts.lazy().with_columns(digits).select(whole.alias("code")).collect().to_series()


def _locate(places: pl.DataFrame, gazetteer: Gazetteer, notices: Notices) -> pl.DataFrame:
    """Find each place of each sheet, and tell where it was read otherwise than written.

    Args:
        places: ``kabupaten``, ``kecamatan``, ``desa``, ``code``, ``origin``, ``prefix`` (kabupaten where families are
            registered) and ``len`` (their rows).
        gazetteer: finds regions.
        notices: what was read otherwise.

    Returns:
        The places, each once, with their codes.
    """
    votes: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    sheets: dict[int, Counter[str]] = defaultdict(Counter)
    sizes: Counter[tuple[Any, ...]] = Counter()
    for *place, origin, prefix, count in places.sort(pl.all(), nulls_last=True).iter_rows():
        sizes[*place, origin] += count
        if prefix is not None:
            votes[*place, origin][prefix] += count
            sheets[origin][prefix] += count
    found = []
    for (*place, origin), count in sizes.items():
        hint = _most(votes[*place, origin], at_least=3) or _most(sheets[origin], at_least=1)
        kabupaten, kecamatan, desa, code = (part or "" for part in place)
        located = gazetteer.locate(Written(kabupaten, kecamatan, desa, code, hint))
        found.append((*place, origin, located.kabupaten_code, located.kecamatan_code, located.desa_code))
        for remark in located.remarks:
            notices.add(remark.code, origin, remark.subject, count, remark.message)
    schema = {n: places.schema[n] for n in places.columns[:5]} | dict.fromkeys(_CODES, pl.String())
    return pl.DataFrame(found, schema=schema, orient="row")


def _most(votes: Counter[str], at_least: int) -> str:
    """The choice with the most votes, the smallest code among equals; empty where there are too few."""
    best = min(votes.items(), key=lambda v: (-v[1], v[0]), default=("", 0))
    return best[0] if best[1] >= at_least else ""


def home(rows: RawRows, rules: PlaceRules, titles: Titles) -> pl.DataFrame:
    """``address``, ``dusun``, ``rt``, ``rw``; what the address says of the last three fills their empty columns."""
    words = tuple((form, tuple(ways)) for form, ways in rules.address.items())
    address_text, dusun_text = (s.to_frame("text") for s in upper(rows, ("address", "dusun"), titles))
    address = per_value(address_text, _address_recipe(words))
    dusun = per_value(dusun_text, _dusun_recipe(words))
    pair = per_value(rows.cells("rt_rw"), _rt_rw_recipe())
    single = pl.DataFrame([rows.text("rt"), rows.text("rw")]).select(_number("rt"), _number("rw"))
    sheet = pl.concat([address, dusun, pair, single], how="horizontal")
    return sheet.select(
        "address",
        *(pl.coalesce(n, f"{n}_pair", f"{n}_in_address").alias(n) for n in ("rt", "rw")),
        pl.coalesce("dusun", "dusun_in_address").alias("dusun"),
    )


_Words: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


def _folding(words: _Words, *, level: bool) -> tuple[tuple[pl.Expr], ...]:
    """Punctuation to blanks, abbreviations to one form, the number of a dusun to digits; with its level, if asked."""
    out = pl.col("text").str.replace_all(r"[^\p{L}\p{M}\p{N}/]+", " ").str.replace_all(r"([\p{L}])([0-9])", "$1 $2")
    for form, ways in words:
        out = out.str.replace_all(rf"\b(?:{'|'.join(ways)})\b", form)
    folded = pl.col("folded")
    if level:
        has_level = folded.str.contains(r"^(?:DUSUN|LINGKUNGAN)\b")
        named = pl.when(has_level | (folded == "")).then(folded).otherwise("DUSUN " + folded)
    else:
        named = folded
    for word, number in _NUMBERS.items():
        named = named.str.replace_all(rf"\b(DUSUN|LINGKUNGAN) {word}\b", f"${{1}} {number}")
    tidy = named.str.replace_all(r"\b(DUSUN|LINGKUNGAN) 0+([0-9])", "${1} ${2}").str.replace_all(r" +", " ")
    return (out.str.strip_chars(" /").alias("folded"),), (tidy.str.strip_chars(" /").alias("folded"),)


@cache
def _address_recipe(words: _Words) -> Recipe:
    text = pl.col("folded")
    dusun = text.str.extract(
        r"\b((?:DUSUN|LINGKUNGAN) (?:[0-9]{1,2}|[\p{L}]{3,}(?: (?:TIMUR|BARAT|UTARA|SELATAN|TENGAH))?))\b"
    )
    rt = text.str.extract(r"\bRT ?/? ?(?:RW ?)?([0-9]{1,3})\b")
    rw = pl.coalesce(
        text.str.extract(r"\bRW ?/? ?([0-9]{1,3})\b(?:[^/]|$)"),
        text.str.extract(r"\bRT ?/? ?RW ?[0-9]{1,3} ?/ ?([0-9]{1,3})\b"),
    )
    out = (
        pl.when(text != "").then(text).alias("address"), dusun.alias("dusun_in_address"),
        rt.cast(pl.Int64).alias("rt_in_address"), rw.cast(pl.Int64).alias("rw_in_address"),
    )  # fmt: skip
    return Recipe(_folding(words, level=False), out)


@cache
def _dusun_recipe(words: _Words) -> Recipe:
    folded = pl.col("folded")
    return Recipe(_folding(words, level=True), (pl.when(folded != "").then(folded).alias("dusun"),))


def _number(name: str) -> pl.Expr:
    """An RT or RW number; ``000`` says that there is none."""
    number = pl.col(name).str.extract(r"([0-9]{1,4})").cast(pl.Int64)
    return pl.when(number > 0).then(number).alias(name)


@cache
def _rt_rw_recipe() -> Recipe:
    """``006/003``, ``RT 6 RW 3``; and what Excel made of ``6/3``: the sixth of March."""
    text, iso, pair = pl.col("text").str.to_uppercase(), pl.col("iso").struct, pl.col("pair").struct
    is_date = (pl.col("kind") == DATE) | iso.field("1").is_not_null()
    day_month = pl.col("month").is_not_null()
    rt = (
        pl.when(is_date).then(iso.field("2"))
        .when(day_month).then(text.str.extract(r"^([0-9]{1,2})"))
        .otherwise(pl.coalesce(pair.field("1"), text.str.extract(r"([0-9]{1,3})")))
    )  # fmt: skip
    rw = pl.when(is_date).then(iso.field("1")).when(day_month).then("month").otherwise(pair.field("2"))
    steps = (
        (
            text.str.extract_groups(r"^[0-9]{4}-([0-9]{2})-([0-9]{2})").alias("iso"),
            text.str.extract_groups(r"([0-9]{1,3})[^0-9]+([0-9]{1,3})").alias("pair"),
            text.str.extract(r"^[0-9]{1,2}[- ]([A-Z]{3,9})$")
            .replace_strict(_MONTH_NUMBERS, default=None, return_dtype=pl.String()).alias("month"),
        ),
        (rt.alias("rt_pair"), rw.alias("rw_pair")),
    )  # fmt: skip
    return Recipe(steps, (_number("rt_pair"), _number("rw_pair")))
