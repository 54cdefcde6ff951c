"""Where somebody lives: region columns to codes, address, dusun, RT and RW.

Belongs here: the columns of a sheet; names and codes of regions are found by :mod:`pipeline.regions`. A word in a
title of the sheet is weaker than the row's own column, and used where the row says nothing.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.ingest.clean.cells import DATE, RawRows, per_value
from pipeline.ingest.clean.notices import Notices
from pipeline.ingest.clean.reference import Titles
from pipeline.ingest.clean.words import upper
from pipeline.regions import Gazetteer, PlaceRules, Written

_CODES: Final = ("kabupaten_code", "kecamatan_code", "desa_code")
_ROMAN: Final = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "X": 10}
_SPOKEN: Final = {"SATU": 1, "DUA": 2, "TIGA": 3, "EMPAT": 4, "LIMA": 5, "ENAM": 6, "TUJUH": 7, "DELAPAN": 8}
_NUMBERS: Final = {word: str(n) for word, n in (_ROMAN | _SPOKEN).items()}


def regions(
    rows: RawRows, family_digits: pl.Series, gazetteer: Gazetteer, titles: Titles, notices: Notices
) -> pl.DataFrame:
    """Region names as written and their codes.

    Args:
        rows: raw rows.
        family_digits: ``no_kk_digits``, or ``nik_digits`` where the sheet has no family numbers: where the families
            of a place are registered breaks ties between regions of one name.

    Returns:
        ``desa``, ``kecamatan``, ``kabupaten`` (upper case) and their ``_code`` columns.
    """
    said = pl.DataFrame(
        {
            level: rows.coalesced(level, f"title_{level}").str.to_uppercase()
            for level in ("kabupaten", "kecamatan", "desa")
        }
    )
    place = said.with_columns(_written_code(rows), _hint(said, family_digits))
    found = per_value(place, lambda distinct: _locate(distinct, gazetteer))
    _tell(found, notices)
    return pl.concat([said, found.select(_CODES)], how="horizontal")


def _written_code(rows: RawRows) -> pl.Series:
    """The longest region code that the row gives, from one column or from the parts of several."""
    parts = pl.DataFrame(
        [
            rows.text(n).str.replace(r"\.0$", "").str.replace_all(r"[^0-9]", "").alias(n)
            for n in ("region_code", "desa_code", "kecamatan_code", "kabupaten_code")
        ]
    )
    desa, kecamatan, kabupaten = pl.col("desa_code"), pl.col("kecamatan_code"), pl.col("kabupaten_code")
    long_kecamatan = (
        pl.when(kecamatan.str.len_chars() <= 3).then(kabupaten + kecamatan.str.zfill(2)).otherwise(kecamatan)
    )
    long_desa = pl.when(desa.str.len_chars() <= 4).then(long_kecamatan + desa.str.zfill(4)).otherwise(desa)
    return parts.select(
        pl.coalesce("region_code", long_desa, long_kecamatan, kabupaten).fill_null("").alias("code")
    ).to_series()


def _hint(said: pl.DataFrame, family_digits: pl.Series) -> pl.Series:
    """Kabupaten where most families of a named place are registered; the sheet's where the place has too few."""
    prefix = pl.DataFrame({"kabupaten": family_digits.str.extract(r"^([0-9]{4})")})["kabupaten"]
    votes = said.with_columns(prefix=prefix).filter(pl.col("prefix").is_not_null())
    if votes.is_empty():
        return pl.Series("hint", [""] * said.height, dtype=pl.String)
    order = [pl.col("len"), pl.col("prefix")]
    sheet = votes.group_by("prefix").len().sort(order, descending=[True, False])["prefix"][0]
    local = (
        votes.group_by([*said.columns, "prefix"]).len().filter(pl.col("len") >= 3)
        .sort([*said.columns, *order], descending=[False] * 3 + [True, False], nulls_last=True)
        .unique(said.columns, keep="first", maintain_order=True)
    )  # fmt: skip
    joined = said.join(local, on=said.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined["prefix"].fill_null(sheet).alias("hint")


def _locate(distinct: pl.DataFrame, gazetteer: Gazetteer) -> pl.DataFrame:
    located = [
        gazetteer.locate(Written(*(value or "" for value in row)))
        for row in distinct.select("kabupaten", "kecamatan", "desa", "code", "hint").iter_rows()
    ]
    return pl.DataFrame(
        {
            "kabupaten_code": [p.kabupaten_code for p in located],
            "kecamatan_code": [p.kecamatan_code for p in located],
            "desa_code": [p.desa_code for p in located],
            "remarks": [[f"{code}\t{message}" for code, message in p.remarks] for p in located],
        },
        schema={c: pl.String for c in _CODES} | {"remarks": pl.List(pl.String)},
    )


def _tell(found: pl.DataFrame, notices: Notices) -> None:
    remarks = found.select(pl.col("remarks").explode().drop_nulls()).to_series()
    for remark, count in remarks.to_frame("remark").group_by("remark").len().sort("remark").iter_rows():
        code, message = remark.split("\t", 1)
        notices.add(code, message.split("'")[1] if "'" in message else message, count, message)


def home(rows: RawRows, rules: PlaceRules, titles: Titles) -> pl.DataFrame:
    """``address``, ``dusun``, ``rt``, ``rw``; what the address says of the last three fills their empty columns."""
    address = per_value(upper(rows, "address", titles).to_frame("text"), lambda c: _fold_address(c, rules))
    dusun = per_value(upper(rows, "dusun", titles).to_frame("text"), lambda c: _fold_dusun(c, rules))["dusun"]
    pair = per_value(rows.cells("rt_rw"), _read_rt_rw)
    single = [per_value(rows.cells(n).select("text"), _read_number).to_series().alias(n) for n in ("rt", "rw")]
    sheet = pl.DataFrame(
        {
            "address": address["address"],
            "dusun": dusun, "dusun_in_address": address["dusun"],
            "rt": single[0], "rt_pair": pair["rt"], "rt_in_address": address["rt"],
            "rw": single[1], "rw_pair": pair["rw"], "rw_in_address": address["rw"],
        }
    )  # fmt: skip
    return sheet.select(
        "address",
        dusun=pl.coalesce("dusun", "dusun_in_address"),
        rt=pl.coalesce("rt", "rt_pair", "rt_in_address"),
        rw=pl.coalesce("rw", "rw_pair", "rw_in_address"),
    )


def _folded(text: pl.Expr, rules: PlaceRules) -> pl.Expr:
    """Punctuation to blanks, abbreviations to one form, the number of a dusun to digits."""
    out = text.str.replace_all(r"[^\p{L}\p{M}\p{N}/]+", " ").str.replace_all(r"([\p{L}])([0-9])", "$1 $2")
    for form, words in rules.address.items():
        out = out.str.replace_all(rf"\b(?:{'|'.join(words)})\b", form)
    for word, number in _NUMBERS.items():
        out = out.str.replace_all(rf"\b(DUSUN|LINGKUNGAN) {word}\b", f"${{1}} {number}")
    return (
        out.str.replace_all(r"\b(DUSUN|LINGKUNGAN) 0+([0-9])", "${1} ${2}")
        .str.replace_all(r" +", " ")
        .str.strip_chars(" /")
    )


def _fold_address(cells: pl.DataFrame, rules: PlaceRules) -> pl.DataFrame:
    folded = cells.select(address=_folded(pl.col("text"), rules))
    text = pl.col("address")
    return folded.select(
        address=pl.when(text != "").then(text),
        dusun=text.str.extract(r"\b((?:DUSUN|LINGKUNGAN) (?:[0-9]{1,2}|[\p{L}]{3,}(?: (?:TIMUR|BARAT|UTARA|SELATAN|TENGAH))?))\b"),
        rt=text.str.extract(r"\bRT ?/? ?([0-9]{1,3})\b").cast(pl.Int64),
        rw=pl.coalesce(text.str.extract(r"\bRW ?/? ?([0-9]{1,3})\b"), text.str.extract(r"\bRT ?/? ?RW ?[0-9]{1,3}/([0-9]{1,3})\b")).cast(pl.Int64),
    )  # fmt: skip


def _fold_dusun(cells: pl.DataFrame, rules: PlaceRules) -> pl.DataFrame:
    folded = _folded(pl.col("text"), rules)
    bare = folded.replace(_NUMBERS)
    level = folded.str.contains(r"^(?:DUSUN|LINGKUNGAN)\b")
    named = pl.when(level).then(folded).when(folded != "").then("DUSUN " + bare.str.replace(r"^0+([0-9])", "$1"))
    return cells.select(dusun=named)


def _read_number(cells: pl.DataFrame) -> pl.DataFrame:
    """An RT or RW number; ``000`` says that there is none."""
    number = pl.col("text").str.extract(r"([0-9]{1,4})").cast(pl.Int64)
    return cells.select(number=pl.when(number > 0).then(number))


def _read_rt_rw(cells: pl.DataFrame) -> pl.DataFrame:
    """``006/003``, ``RT 6 RW 3``; and what Excel made of ``6/3``: the sixth of March."""
    text = pl.col("text").str.to_uppercase()
    iso = text.str.extract_groups(r"^[0-9]{4}-([0-9]{2})-([0-9]{2})")
    month_name = text.str.extract(r"^[0-9]{1,2}[- ]([A-Z]{3})")
    named_month = month_name.replace_strict(_MONTHS, default=None, return_dtype=pl.String)
    pair = text.str.extract_groups(r"([0-9]{1,3})[^0-9]+([0-9]{1,3})")
    is_date = (pl.col("kind") == DATE) | iso.struct.field("1").is_not_null()
    rt = pl.when(is_date).then(iso.struct.field("2")).otherwise(
        pl.coalesce(pl.when(named_month.is_not_null()).then(text.str.extract(r"^([0-9]{1,2})")), pair.struct.field("1"), text.str.extract(r"([0-9]{1,3})"))
    )  # fmt: skip
    rw = pl.when(is_date).then(iso.struct.field("1")).otherwise(pl.coalesce(named_month, pair.struct.field("2")))
    number = [e.cast(pl.Int64, strict=False) for e in (rt, rw)]
    return cells.select(rt=pl.when(number[0] > 0).then(number[0]), rw=pl.when(number[1] > 0).then(number[1]))


_MONTHS: Final = {
    "JAN": "1", "FEB": "2", "PEB": "2", "MAR": "3", "APR": "4", "MEI": "5", "MAY": "5", "JUN": "6", "JUL": "7", "AGU": "8",
    "AUG": "8", "SEP": "9", "OKT": "10", "OCT": "10", "NOV": "11", "DES": "12", "DEC": "12",
}  # fmt: skip
