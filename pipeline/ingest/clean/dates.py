"""Dates and times in every shape that people and Excel write.

Belongs here: one reader for all date columns, the split of ``Gorontalo, 31-12-1989``, times of transactions and the
month that a list speaks of. Indonesia writes day before month; month before day is read only where the other is
impossible. What cannot be read stays empty: a date is never guessed.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Final

import polars as pl

from pipeline.ingest.clean.cells import DATE, NUMBER, RawRows, Recipe, nulls, per_value
from pipeline.period import Period

MONTHS: Final = {
    name: month
    for month, names in enumerate(
        (
            "JANUARI JANUARY JAN", "FEBRUARI FEBRUARY PEBRUARI FEB PEB", "MARET MARCH MAR", "APRIL APR", "MEI MAY",
            "JUNI JUNE JUN", "JULI JULY JUL", "AGUSTUS AUGUST AGU AGT AGS AGUST AUG", "SEPTEMBER SEPT SEP",
            "OKTOBER OCTOBER OKT OCT", "NOVEMBER NOPEMBER NOV NOP", "DESEMBER DECEMBER DES DEC",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
"""Month names and abbreviations, Indonesian (old and new spelling) and English."""

_FIRST: Final = date(1900, 1, 1)
_EXCEL_DAY_0: Final = date(1899, 12, 30)
_SEPARATOR: Final = r"[-/.\s]+"
_SHAPES: Final = {
    "ymd": rf"^([0-9]{{4}}){_SEPARATOR}([0-9]{{1,2}}){_SEPARATOR}([0-9]{{1,2}})$",
    "dmy": rf"^([0-9]{{1,2}}){_SEPARATOR}([0-9]{{1,2}}){_SEPARATOR}([0-9]{{4}}|[0-9]{{2}})$",
    "named": r"^([0-9]{1,2})[-/.,\s]*([A-Z]{3,9})[-/.,\s]*([0-9]{4}|[0-9]{2})$",
    "english": r"^([A-Z]{3,9})[.\s]*([0-9]{1,2})[,\s]+([0-9]{4})$",
    "joined": r"^([0-9]{4})([0-9]{2})([0-9]{2})$",
    "joined_dmy": r"^([0-9]{2})([0-9]{2})([0-9]{4})$",
}
_NEVER: Final = r"^0001\D0?1\D0?1$|^0?1\D0?1\D0001$"
"""The first day of all, which programs write where no date is known."""
_SERIAL: Final = r"^([0-9]{3,5})(?:[.,][0-9]+)?$"
_CLOCK: Final = r"(?i)([0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2})?(?: *[AP]M)?)(?:[ A-Z]*)$"
_ZONE: Final = r"AM|PM|WITA|WIB|WIT|Z|[+-][0-9]{2}:?[0-9]{2}"
_TIME: Final = rf"[T\s]+([0-9]{{1,2}})[:.]([0-9]{{2}})(?:[:.]([0-9]{{2}})(?:[.,][0-9]+)?)?\s*({_ZONE})?$"
"""A zone beside the time is left aside: what is written is the time where the card was used."""


@cache
def date_recipe(latest: date) -> Recipe:
    """Columns ``date`` and ``note`` (null, ``unreadable``, ``year_only``, ``ambiguous``) from ``text`` and ``kind``.

    Args:
        latest: later dates are unreadable, and two-digit years beyond its year are of the last century.
    """
    return Recipe(*_reading(pl.col("text").str.to_uppercase(), latest))


def _reading(source: pl.Expr, latest: date) -> tuple[tuple[tuple[pl.Expr, ...], ...], tuple[pl.Expr, ...]]:
    """Steps and results of reading an upper-case text as a date."""
    bare = source.str.replace(_TIME, "").str.strip_chars(" ,.'`").str.replace(_NEVER, "")
    day_first = pl.col("dmy").struct.field("1").is_not_null()
    first, second = pl.coalesce(_part("ymd", 3), _part("dmy", 1)), pl.coalesce(_part("ymd", 2), _part("dmy", 2))
    swapped = day_first & (second > 12) & (first <= 12)
    spelled = pl.coalesce(pl.col("named").struct.field("2"), pl.col("english").struct.field("1"))
    month = pl.coalesce(
        pl.when(swapped).then(first).otherwise(second),
        spelled.replace_strict(MONTHS, default=None, return_dtype=pl.Int32()),
    )
    day = pl.coalesce(pl.when(swapped).then(second).otherwise(first), _part("named", 1), _part("english", 2))
    year = pl.col("year")
    century = pl.when(year > 99).then(year).when(year > latest.year % 100).then(year + 1900).otherwise(year + 2000)
    a_year = pl.col("serial").is_between(1900, latest.year)
    only_year = pl.col("bare").str.contains(r"^(?:TH|THN|TAHUN)\.? ?[0-9]{4}$")
    year_only = (a_year | ((pl.col("day") == 0) & (century >= _FIRST.year)) | only_year).fill_null(False)
    serial = pl.lit(_EXCEL_DAY_0) + pl.duration(days=pl.col("serial"))
    read = pl.coalesce(
        _date(century, pl.col("month"), pl.col("day")),
        _date(_part("joined", 1), _part("joined", 2), _part("joined", 3)),
        _date(_part("joined_dmy", 3), _part("joined_dmy", 2), _part("joined_dmy", 1)),
        pl.when(~a_year).then(serial),
    )
    found = pl.col("read")
    plausible = found.is_between(_FIRST, latest).fill_null(False)
    swappable = day_first | pl.col("kind").is_in([DATE, NUMBER])
    ambiguous = swappable & (found.dt.day() <= 12) & (found.dt.day() != found.dt.month())
    empty = pl.col("bare").is_null() | ~pl.col("bare").str.contains(r"[\p{L}1-9]")
    note = (
        pl.when(empty).then(pl.lit(None, pl.String))
        .when(plausible).then(pl.when(ambiguous).then(pl.lit("ambiguous")))
        .when(year_only).then(pl.lit("year_only"))
        .otherwise(pl.lit("unreadable"))
    )  # fmt: skip
    year_written = pl.coalesce(_part("ymd", 1), _part("dmy", 3), _part("named", 3), _part("english", 3))
    steps = (
        (bare.alias("bare"),),
        (
            *(pl.col("bare").str.extract_groups(pattern).alias(name) for name, pattern in _SHAPES.items()),
            pl.col("bare").str.extract(_SERIAL).cast(pl.Int32).alias("serial"),
        ),
        (year_written.alias("year"), month.alias("month"), day.alias("day")),
        (read.alias("read"),),
    )
    return steps, (pl.when(plausible).then("read").alias("date"), note.alias("note"))


def _part(groups: str, number: int) -> pl.Expr:
    return pl.col(groups).struct.field(str(number)).cast(pl.Int32, strict=False)


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """A date, or null where there is no such day."""
    text = pl.format("{}-{}-{}", year, month.cast(pl.String).str.zfill(2), day.cast(pl.String).str.zfill(2))
    return text.str.to_date("%Y-%m-%d", strict=False)


def day(rows: RawRows, name: str, latest: date) -> pl.Series:
    """A date column other than birth: the day, or null."""
    if not rows.says(name):
        return nulls(name, pl.Date(), rows.height)
    return per_value(_day_first(rows, name), date_recipe(latest))["date"].alias(name)


MONTH_FIRST: Final = "month_first"
"""Column of raw rows: names of the date columns that write the month before the day throughout, joined by blanks."""
_MONTH_DAY: Final = r"\b([0-9]{1,2})([-/.])([0-9]{1,2})([-/.][0-9]{2,4})\b"


def _day_first(rows: RawRows, name: str) -> pl.DataFrame:
    """The cells of a date column, those of sheets that write month before day turned round."""
    cells = rows.cells(name)
    if not rows.says(MONTH_FIRST):
        return cells
    turned = rows.text(MONTH_FIRST).str.split(" ").list.contains(name).fill_null(False)
    text = cells["text"].str.replace(_MONTH_DAY, "${3}${2}${1}${4}").zip_with(turned, cells["text"])
    return cells.with_columns(text.alias("text"))


def birth(rows: RawRows, period: Period) -> pl.DataFrame:
    """Date and place of birth, also from one joined column (TTL).

    Returns:
        ``birth_date``, ``birth_date_note``, ``birth_place`` (as written, upper case).
    """
    cells = _day_first(rows, "birth_date")
    if rows.says("ttl"):
        ttl = _day_first(rows, "ttl").rename({"text": "ttl", "kind": "ttl_kind"})
        cells = pl.concat([cells, ttl], how="horizontal").select(
            pl.coalesce("text", "ttl").alias("text"),
            pl.when(pl.col("text").is_null()).then("ttl_kind").otherwise("kind").alias("kind"),
        )
    read = per_value(cells, _joined_recipe(period.last_day))
    own = rows.text("birth_place").str.to_uppercase()
    return pl.concat([own.to_frame(), read], how="horizontal").select(
        pl.col("date").alias("birth_date"),
        pl.col("note").alias("birth_date_note"),
        pl.coalesce("birth_place", "place").alias("birth_place"),
    )


@cache
def _joined_recipe(latest: date) -> Recipe:
    """As :func:`date_recipe`, with a ``place`` before the date split off, where there is one."""
    upper, lead = pl.col("text").str.to_uppercase(), pl.col("lead")
    words = lead.str.strip_chars(" .,-/")
    place = pl.when(lead.is_not_null() & ~words.is_in([*MONTHS, "TH", "THN", "TAHUN"])).then(lead)
    rest = pl.when(pl.col("place").is_not_null()).then(upper.str.slice(lead.str.len_chars())).otherwise(upper)
    # a month name may end the place: GORONTALO, DESEMBER 31 1989
    month = lead.str.extract(r"[\s,]([A-Z]{3,9})[\s.,]*$")
    has_month = month.is_in(list(MONTHS)).fill_null(False)
    start = pl.when(has_month).then(lead.str.replace(r"[A-Z]{3,9}[\s.,]*$", "")).otherwise(lead)
    steps, out = _reading(pl.col("rest").str.strip_chars(), latest)
    name = pl.col("place").str.strip_chars(" .,-/:;")
    return Recipe(
        (
            (upper.str.extract(r"^([\p{L}][^0-9]*)").alias("lead"),),
            (start.alias("lead"),),
            (place.alias("place"),),
            (rest.alias("rest"),),
            *steps,
        ),
        (*out, pl.when(name != "").then(name).alias("place")),
    )


def moment(rows: RawRows, name: str) -> pl.DataFrame:
    """Times of transactions.

    Returns:
        ``<name>`` (local time; null where unusable) and ``day_only`` (no time of day is written, nor in the column
        ``time_of_day``).
    """
    cells = _day_first(rows, name)
    if rows.says("time_of_day"):
        clock = rows.text("time_of_day").str.extract(_CLOCK)
        bare = cells["text"].str.replace(r"\s0?0:00(:00)?$", "")
        both = pl.DataFrame([bare.alias("day"), clock.alias("clock")]).select(
            pl.concat_str("day", pl.col("clock").fill_null(""), separator=" ").str.strip_chars()
        )
        timed = bare.str.contains(r"[T ][0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2})?(?: *[A-Z]+)?$").fill_null(True)
        apart = clock.is_not_null() & ~timed
        cells = cells.with_columns(both.to_series().zip_with(apart, cells["text"]).alias("text"))
    iso = pl.col("text").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    read = cells.with_columns(iso.alias("iso"))
    odd = per_value(cells, _moment_recipe(), where=read["iso"].is_null() & cells["text"].is_not_null())
    return pl.concat([read, odd], how="horizontal").select(
        pl.coalesce("iso", "moment").alias(name), pl.col("day_only").fill_null(False)
    )


@cache
def _moment_recipe() -> Recipe:
    upper = pl.col("text").str.to_uppercase()
    steps, (found, _) = _reading(upper, date(2100, 12, 31))
    part = [pl.col("clock").struct.field(str(n)) for n in (1, 2, 3, 4)]
    hour, minute, second = (p.cast(pl.Int64) for p in part[:3])
    hour24 = (
        pl.when((part[3] == "PM") & (hour < 12)).then(hour + 12)
        .when((part[3] == "AM") & (hour == 12)).then(0)
        .otherwise(hour)
    )  # fmt: skip
    # Excel keeps the time of day as the fraction of a day
    fraction = upper.str.extract(r"^[0-9]{5}([.,][0-9]+)$").str.replace(",", ".").cast(pl.Float64, strict=False)
    seconds = pl.coalesce(hour24 * 3600 + minute * 60 + second.fill_null(0), (fraction * 86400).round().cast(pl.Int64))
    start, past = pl.col("start"), pl.col("seconds")
    moment = pl.when(past.is_null() | (past < 86400)).then(start + pl.duration(seconds=past.fill_null(0)))
    return Recipe(
        (
            *steps,
            (upper.str.extract_groups(_TIME).alias("clock"),),
            (found.cast(pl.Datetime("us")).alias("start"), seconds.alias("seconds")),
        ),
        (moment.alias("moment"), (past.is_null() & start.is_not_null()).alias("day_only")),
    )


def list_period(rows: RawRows, period: Period) -> pl.Series:
    """The month that a row speaks of, ``YYYY-MM``; of several months the run's own, else the last."""
    text = rows.coalesced("period", "title_period").alias("list_period")
    months = {t: m for t in text.drop_nulls().unique().to_list() if (m := _month(t, period)) is not None}
    return text.replace_strict(months, default=None, return_dtype=pl.String())


def _month(text: str, period: Period) -> str | None:
    upper = text.upper()
    if plain := re.search(r"\b(20\d{2})[-/. ](\d{1,2})\b", upper):
        return _valid_month(int(plain[1]), int(plain[2]))
    if plain := re.search(r"\b(\d{1,2})[-/. ](20\d{2})\b", upper):
        return _valid_month(int(plain[2]), int(plain[1]))
    if plain := re.fullmatch(r"(20\d{2})(\d{2})", upper.strip()):
        return _valid_month(int(plain[1]), int(plain[2]))
    found_year = re.search(r"\b(20\d{2})\b", upper)
    year = int(found_year[1]) if found_year else period.year
    months = [MONTHS[w] for w in re.findall(r"[A-Z]+", upper) if w in MONTHS]
    if quarter := re.search(r"\b(?:TRIWULAN|TW)\.?\s*(IV|I{1,3}|[1-4])\b", upper):
        number = {"I": 1, "II": 2, "III": 3, "IV": 4}.get(quarter[1]) or int(quarter[1])
        months = [number * 3 - 2, number * 3]
    if not months:
        return None
    inside = year == period.year and min(months) <= period.month <= max(months)
    return str(period) if inside else _valid_month(year, months[-1])


def _valid_month(year: int, month: int) -> str | None:
    return f"{year:04d}-{month:02d}" if 1 <= month <= 12 else None
