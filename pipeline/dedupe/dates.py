"""Dates as eight digits, whatever way a list writes them: ``YYYYMMDD``, ``?`` for a digit that is not known.

Belongs here: reading texts as dates. A text that is no date but has digits keeps them: two equal ones still agree.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_MONTHS: Final = {
    1: "JAN|GEN|ENE|STY|LED|OCA|ЯНВ",
    2: "FEB|PEB|FEV|FEW|LUT|UNO|SUB|ФЕВ",
    3: "MAR|MRT|MAE|BRE|МАР",
    4: "APR|AVR|ABR|KWI|DUB|NIS|АПР",
    5: "MAY|MEI|MAI|MAG|MAJ|KVE|МАЙ|МАЯ",
    6: "JUN|JUIN|GIU|CZE|CER|HAZ|ИЮН",
    7: "JUL|JUIL|LUG|LIP|TEM|ИЮЛ",
    8: "AUG|AGU|AOU|AGO|SIE|SRP|АВГ",
    9: "SEP|SET|WRZ|ZAR|EYL|СЕН",
    10: "OCT|OKT|OTT|OUT|PAZ|RIJ|EKI|ОКТ",
    11: "NOV|NOP|LIS|KAS|НОЯ",
    12: "DEC|DES|DEZ|DIC|GRU|PRO|ARA|ДЕК",
}
"""How the names of months begin in the languages of the lists seen."""
_YEAR_FIRST: Final = r"^\D*(\d{4})\D+(\d{1,2})\D+(\d{1,2})(?:\D.*)?$"
_YEAR_LAST: Final = r"^\D*(\d{1,2})\D+(\d{1,2})\D+(\d{4}|\d{2})(?:\D.*)?$"
_SWAP_FROM: Final = 12


def looks_like_date(values: pl.Series) -> float:
    """Share of values that read as a day, month and year."""
    if not len(values):
        return 0.0
    spread = values.head(2000)
    texts = pl.DataFrame({"v": spread})
    year, number = r"(1[89]|20)\d{2}", r"\D+\d{1,2}"
    short = r"(0?[1-9]|[12]\d|3[01])\D(0?[1-9]|[12]\d|3[01]|[A-Z]{3,9})\D\d{2}"
    pattern = (
        rf"^({year}{number}{number}(\D+.*)?|\d{{1,2}}({number}|\D+)\D*{year}|{short}"
        rf"|{year}(0[1-9]|1[0-2])([0-2]\d|3[01]))$"
    )
    return float(texts.select(pl.col("v").str.contains(pattern).mean()).item() or 0.0)


def as_date(values: pl.Series) -> pl.Series:
    """Eight digits; null where nothing is written. Whether day or month stands first, the whole column tells."""
    frame = pl.DataFrame({"v": values.str.to_uppercase()})
    text = pl.col("v")
    for number, names in _MONTHS.items():
        text = text.str.replace(rf"(?:{names})[^\s\d.,/\-]*", f" {number} ")
    frame = frame.with_columns(text.str.strip_chars().alias("t"))
    first = frame.select(
        pl.col("t").str.extract_groups(_YEAR_FIRST).alias("y"), pl.col("t").str.extract_groups(_YEAR_LAST).alias("l")
    )
    one, two = (pl.col("l").struct.field(k).cast(pl.Int64) for k in ("1", "2"))
    over = first.select((one > _SWAP_FROM).sum().alias("one"), (two > _SWAP_FROM).sum().alias("two"))
    month_first = int(over["two"][0] or 0) > int(over["one"][0] or 0)
    day, month = ("2", "1") if month_first else ("1", "2")

    def field(struct: str, name: str, size: int) -> pl.Expr:
        return pl.col(struct).struct.field(name).str.zfill(size)

    newest = pl.col("l").struct.field("3")
    year = pl.when(newest.str.len_chars() == 2).then(pl.lit("??") + newest).otherwise(newest)
    digits = frame["t"].str.replace_all(r"\D", "")
    bare: pl.Expr = (
        pl.when(pl.col("d").str.len_chars() == 8).then(pl.col("d"))
        .when(pl.col("d").str.len_chars() == 4).then(pl.col("d") + "????")
        .when(pl.col("d").str.len_chars() == 6).then(pl.col("d") + "??")
        .when(pl.col("d") != "").then(pl.col("d").str.head(8).str.pad_end(8, "?"))
    )  # fmt: skip
    day_first = frame["t"].str.contains(r"^(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])(19|20)\d\d$").mean()
    if float(day_first or 0) > 0.8:  # type: ignore[arg-type]
        turned = pl.col("d").str.tail(4) + pl.col("d").str.slice(2, 2) + pl.col("d").str.head(2)
        bare = pl.when(pl.col("d").str.len_chars() == 8).then(turned).otherwise(bare)
    return first.with_columns(digits.alias("d")).select(
        pl.coalesce(
            pl.concat_str(field("y", "1", 4), field("y", "2", 2), field("y", "3", 2)),
            pl.concat_str(year, field("l", month, 2), field("l", day, 2)),
            bare,
        ).alias("date")
    )["date"]
