"""Values turned into what stands in a cell.

Belongs here: how a look writes dates, sex, school, yes and no, money, names of places. The result is one column of
text (or of numbers, where a workbook has a number cell) a heading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from pipeline.demo.looks import Look

MONTHS: Final = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)  # fmt: skip

_RELATIONSHIP: Final = {
    "head": "KEPALA KELUARGA", "spouse": "ISTRI", "child": "ANAK", "parent": "ORANG TUA", "grandchild": "CUCU",
    "other_relative": "FAMILI LAIN",
}  # fmt: skip
_SCHOOL: Final = (
    {"none": "TIDAK SEKOLAH", "too young": "BELUM SEKOLAH", "sd": "SD", "smp": "SMP", "sma": "SMA",
     "higher": "PERGURUAN TINGGI"},
    {"none": "Tidak Sekolah", "too young": "Belum Sekolah", "sd": "SD/MI", "smp": "SMP/MTs", "sma": "SMA/SMK",
     "higher": "Perguruan Tinggi"},
)  # fmt: skip
_DISABILITY: Final = {"none": "TIDAK", "mild": "RINGAN", "severe": "BERAT"}
_POPULATION: Final = {"active": "AKTIF", "deceased": "MENINGGAL", "moved": "PINDAH"}


def dates(column: str, look: Look) -> pl.Expr:
    """A date as the look writes it; left alone for a date cell."""
    value = pl.col(column)
    if look.dates == "cell" and look.workbook:
        return value
    if look.dates == "words":
        month = value.dt.month().replace_strict(dict(enumerate(MONTHS, start=1)), return_dtype=pl.String)
        return pl.concat_str(value.dt.day().cast(pl.String), month, value.dt.year().cast(pl.String), separator=" ")
    return value.dt.strftime(look.dates if look.dates != "cell" else "%Y-%m-%d")


def _case(value: pl.Expr, look: Look) -> pl.Expr:
    return value.str.to_uppercase() if look.caps else value


def _yes_no(column: str) -> pl.Expr:
    return pl.when(pl.col(column)).then(pl.lit("YA")).when(pl.col(column).not_()).then(pl.lit("TIDAK"))


def _money(column: str, look: Look) -> pl.Expr:
    value = pl.col(column)
    if look.workbook or look.money == "plain":
        return value
    text = value.cast(pl.String)
    dotted = text.str.reverse().str.replace_all(r"(\d{3})(\d)", "$1.$2").str.reverse()
    dotted = dotted.str.replace(r"^\.", "")
    return dotted if look.money == "dots" else pl.concat_str(pl.lit("Rp "), dotted)


def _lossy(column: str, look: Look) -> pl.Expr:
    """In a text file a number that a spreadsheet has rounded: 7,50101E+15, or fifteen digits and a nought."""
    value = pl.col(column)
    if look.workbook or not look.scientific:
        return value
    rounded = ((value.cast(pl.Int64, strict=False) + 5 * 10**9) // 10**10).cast(pl.String)
    comma = "," if look.separator == ";" else "."
    short = pl.concat_str(rounded.str.slice(0, 1), pl.lit(comma), rounded.str.slice(1).str.strip_chars_end("0"))
    return pl.when(pl.col(f"{column}_damage") == "number_cell").then(
        pl.concat_str(short.str.strip_chars_end(comma), pl.lit("E+15"))
    ).otherwise(value)  # fmt: skip


def _neighbourhood(column: str, look: Look) -> pl.Expr:
    text = pl.col(column).cast(pl.String)
    return text if look.variant % 3 == 0 else text.str.zfill(3)


def _address(look: Look) -> pl.Expr:
    value = pl.col("address")
    street = ("Jl. ", "Jalan ", "JLN ", "Jl ")[look.variant % 4]
    dusun = ("Dusun ", "Dsn. ", "DSN ")[look.variant % 3]
    number = (" No. ", " No ", " ")[look.variant % 3]
    return (
        value.str.replace("Jl. ", street, literal=True)
        .str.replace("Dusun ", dusun, literal=True)
        .str.replace(" No. ", number, literal=True)
    )


def _dusun(look: Look) -> pl.Expr:
    value = pl.col("dusun")
    if look.variant % 4 == 1:
        arabic = {"Dusun I": "1", "Dusun II": "2", "Dusun III": "3", "Dusun IV": "4", "Dusun V": "5"}
        return value.replace(arabic)
    return value.str.replace("Dusun ", ("Dusun ", "Dsn. ", "DUSUN ")[look.variant % 3], literal=True)


def _kabupaten(look: Look) -> pl.Expr:
    value = pl.col("kabupaten")
    short = value.str.replace("Kabupaten ", ("Kabupaten ", "Kab. ", "")[look.variant % 3], literal=True)
    return _case(short, look)


def _desa(look: Look) -> pl.Expr:
    return _case(pl.concat_str(pl.lit("Desa " if look.variant % 9 == 0 else ""), "desa"), look)


def _rt_rw() -> pl.Expr:
    padded = [pl.col(c).cast(pl.String).str.zfill(3) for c in ("rt", "rw")]
    return pl.concat_str(*padded, separator="/")


def _birth(look: Look) -> pl.Expr:
    return pl.concat_str(
        _case(pl.col("birth_place"), look), dates("birth_date", look), separator=", ", ignore_nulls=True
    )


def _period(look: Look) -> pl.Expr:
    value = pl.col("list_period")
    month = value.dt.month().replace_strict(dict(enumerate(MONTHS, start=1)), return_dtype=pl.String)
    return pl.concat_str(_case(month, look), value.dt.year().cast(pl.String), separator=" ")


_PLAIN: Final[Mapping[str, pl.Expr]] = {
    "relationship": pl.when((pl.col("relationship") == "spouse") & (pl.col("sex") == "L"))
    .then(pl.lit("SUAMI")).otherwise(pl.col("relationship").replace(_RELATIONSHIP)),
    "rt_rw": _rt_rw(),
    "pregnant": _yes_no("pregnant"),
    "odgj": _yes_no("odgj"),
    "disability": pl.col("disability").replace(_DISABILITY),
    "population_status": pl.col("population_status").replace(_POPULATION),
    "certificate": pl.col("external_id"),
    "staff_number": pl.col("external_id"),
    "why": pl.col("reason"),
    "signature": pl.lit(None, dtype=pl.String),
    "faskes": pl.concat_str(pl.lit("PKM "), pl.col("kecamatan").str.to_uppercase()),
}  # fmt: skip
"""Columns that all files write alike."""

_BY_LOOK: Final[Mapping[str, Callable[[Look], pl.Expr]]] = {
    "nik": lambda look: _lossy("nik", look),
    "no_kk": lambda look: _lossy("no_kk", look),
    "name": lambda look: _case(pl.col("name"), look),
    "birth_place": lambda look: _case(pl.col("birth_place"), look),
    "birth_date": lambda look: dates("birth_date", look),
    "ttl": _birth,
    "sex": lambda look: pl.col("sex").replace({"L": look.sex[0], "P": look.sex[1]}),
    "address": _address,
    "dusun": _dusun,
    "rt": lambda look: _neighbourhood("rt", look),
    "rw": lambda look: _neighbourhood("rw", look),
    "desa": _desa,
    "kecamatan": lambda look: _case(pl.col("kecamatan"), look),
    "kabupaten": _kabupaten,
    "school_level": lambda look: pl.col("school_level").replace(_SCHOOL[look.variant % 2]),
    "amount": lambda look: _money("amount", look),
    "income": lambda look: _money("income", look),
    "death_date": lambda look: dates("death_date", look),
    "proposed_at": lambda look: dates("proposed_at", look),
    "list_period": _period,
    "companion": lambda look: _case(pl.col("companion"), look),
}
"""Columns that each file writes in its own way."""


def _cell(column: str, look: Look) -> pl.Expr:
    if column in _BY_LOOK:
        return _BY_LOOK[column](look)
    return _PLAIN.get(column, pl.col(column))


_SPARED: Final = ("birth_place", "birth_date", "sex", "address", "rt", "rw")


def columns(wanted: list[str], look: Look) -> list[str]:
    """The columns of a file: birth and RT/RW joined or not, number of the family first or later."""
    out = [c for c in wanted if not (look.lean and c in _SPARED)]
    if look.join_birth and "birth_place" in out and "birth_date" in out:
        out[out.index("birth_place")] = "ttl"
        out.remove("birth_date")
    if look.join_rt_rw and "rt" in out:
        out[out.index("rt")] = "rt_rw"
        out.remove("rw")
    if look.variant % 3 == 0 and "no_kk" in out and "nik" in out:
        a, b = out.index("no_kk"), out.index("nik")
        out[a], out[b] = out[b], out[a]
    return out


def write(rows: pl.DataFrame, wanted: list[str], look: Look) -> pl.DataFrame:
    """The cells of a table, a column a heading, in the order of ``wanted`` (running ``number`` left to the page)."""
    return rows.select(_cell(c, look).alias(c) for c in wanted if c != "number")
