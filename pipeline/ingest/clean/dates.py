"""Dates and times in every shape that people and Excel write.

Belongs here: one reader for all date columns, the split of ``Gorontalo, 31-12-1989``, times of transactions and the
month that a list speaks of. Indonesia writes day before month; month before day is read only where the other is
impossible. What cannot be read stays empty: a date is never guessed.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

import polars as pl

from pipeline.ingest.clean.cells import DATE, NUMBER, RawRows, per_value
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
_TIME: Final = r"[T\s]+([0-9]{1,2})[:.]([0-9]{2})(?:[:.]([0-9]{2})(?:[.,][0-9]+)?)?\s*(AM|PM|WITA|WIB|WIT|Z)?$"


def read_dates(cells: pl.DataFrame, latest: date) -> pl.DataFrame:
    """Read cells as dates.

    Args:
        cells: columns ``text`` and ``kind``; best the distinct ones (:func:`~pipeline.ingest.clean.cells.per_value`).
        latest: later dates are unreadable, and two-digit years beyond its year are of the last century.

    Returns:
        ``date`` and ``note`` (null, ``unreadable``, ``year_only``, ``ambiguous``).
    """
    upper = pl.col("text").str.to_uppercase().str.replace(_TIME, "").str.strip_chars(" ,.'`")
    parts = cells.select("kind", text=upper).with_columns(
        ymd=pl.col("text").str.extract_groups(rf"^([0-9]{{4}}){_SEPARATOR}([0-9]{{1,2}}){_SEPARATOR}([0-9]{{1,2}})$"),
        dmy=pl.col("text").str.extract_groups(
            rf"^([0-9]{{1,2}}){_SEPARATOR}([0-9]{{1,2}}){_SEPARATOR}([0-9]{{4}}|[0-9]{{2}})$"
        ),
        named=pl.col("text").str.extract_groups(r"^([0-9]{1,2})[-/.,\s]*([A-Z]{3,9})[-/.,\s]*([0-9]{4}|[0-9]{2})$"),
        english=pl.col("text").str.extract_groups(r"^([A-Z]{3,9})[.\s]*([0-9]{1,2})[,\s]+([0-9]{4})$"),
        joined=pl.col("text").str.extract_groups(r"^([0-9]{4})([0-9]{2})([0-9]{2})$"),
        joined_dmy=pl.col("text").str.extract_groups(r"^([0-9]{2})([0-9]{2})([0-9]{4})$"),
        serial=pl.col("text").str.extract(r"^([0-9]{3,5})(?:[.,][0-9]+)?$").cast(pl.Int32),
    )
    year = (
        pl.coalesce(_part("ymd", 1), _part("dmy", 3), _part("named", 3), _part("english", 3))
        .cast(pl.Int32)
    )  # fmt: skip
    century = pl.when(year > 99).then(year).when(year > latest.year % 100).then(year + 1900).otherwise(year + 2000)
    first, second = pl.coalesce(_part("ymd", 3), _part("dmy", 1)), pl.coalesce(_part("ymd", 2), _part("dmy", 2))
    swapped = (second > 12) & (first <= 12) & pl.col("dmy").struct.field("1").is_not_null()
    spelled = pl.coalesce(pl.col("named").struct.field("2"), pl.col("english").struct.field("1"))
    month = pl.coalesce(pl.when(swapped).then(first).otherwise(second), spelled.replace_strict(MONTHS, default=None))
    day = pl.coalesce(pl.when(swapped).then(second).otherwise(first), _part("named", 1), _part("english", 2))
    serial = pl.lit(_EXCEL_DAY_0) + pl.duration(days=pl.col("serial"))
    a_year = pl.col("serial").is_between(1900, latest.year)
    both = parts.select(
        date=pl.coalesce(
            _date(century, month, day),
            _date(_part("joined", 1), _part("joined", 2), _part("joined", 3)),
            _date(_part("joined_dmy", 3), _part("joined_dmy", 2), _part("joined_dmy", 1)),
            pl.when(~a_year).then(serial),
        ),
        year_only=a_year
        | ((day == 0) & (century >= _FIRST.year))
        | pl.col("text").str.contains(r"^(?:TH|THN|TAHUN)\.? ?[0-9]{4}$"),
        swappable=((pl.col("dmy").struct.field("1").is_not_null()) | pl.col("kind").is_in([DATE, NUMBER])),
        empty=pl.col("text").is_null() | ~pl.col("text").str.contains(r"[\p{L}1-9]"),
    )
    plausible = pl.col("date").is_between(_FIRST, latest)
    ambiguous = (
        pl.col("swappable") & (pl.col("date").dt.day() <= 12) & (pl.col("date").dt.day() != pl.col("date").dt.month())
    )
    return both.select(
        date=pl.when(plausible).then("date"),
        note=pl.when(pl.col("empty")).then(None)
        .when(plausible.fill_null(False)).then(pl.when(ambiguous).then(pl.lit("ambiguous")))
        .when(pl.col("year_only").fill_null(False)).then(pl.lit("year_only"))
        .otherwise(pl.lit("unreadable")),
    )  # fmt: skip


def _part(groups: str, number: int) -> pl.Expr:
    return pl.col(groups).struct.field(str(number)).cast(pl.Int32, strict=False)


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """A date, or null where there is no such day."""
    text = pl.format("{}-{}-{}", year, month.cast(pl.String).str.zfill(2), day.cast(pl.String).str.zfill(2))
    return text.str.to_date("%Y-%m-%d", strict=False)


def day(rows: RawRows, name: str, latest: date) -> pl.Series:
    """A date column other than birth: the day, or null."""
    return per_value(rows.cells(name), lambda c: read_dates(c, latest).select("date")).to_series().alias(name)


def birth(rows: RawRows, period: Period) -> pl.DataFrame:
    """Date and place of birth, also from one joined column (TTL).

    Returns:
        ``birth_date``, ``birth_date_note``, ``birth_place`` (as written, upper case).
    """
    cells = rows.cells("birth_date") if rows.has("birth_date") else rows.cells("ttl")
    if rows.has("birth_date") and rows.has("ttl"):
        ttl = rows.cells("ttl")
        cells = cells.select(
            text=pl.coalesce("text", ttl["text"]),
            kind=pl.when(pl.col("text").is_null()).then(ttl["kind"]).otherwise("kind"),
        )
    joined = per_value(cells, lambda c: _read_joined(c, period.last_day))
    place = pl.DataFrame({"own": rows.text("birth_place"), "joined": joined["place"]})
    return joined.select(
        birth_date="date",
        birth_date_note="note",
        birth_place=place.select(pl.coalesce("own", "joined").str.to_uppercase()).to_series(),
    )


def _read_joined(cells: pl.DataFrame, latest: date) -> pl.DataFrame:
    """Split a place before the date off, where there is one."""
    upper = pl.col("text").str.to_uppercase()
    lead = upper.str.extract(r"^([\p{L}][^0-9]*)")
    month = lead.str.extract(r"([A-Z]+)[\s.,]*$").is_in(list(MONTHS)) & ~lead.str.contains(",")
    is_month = lead.str.strip_chars(" .,-/").is_in([*MONTHS, "TH", "THN", "TAHUN"]) | (
        month & lead.str.contains(r"^[A-Z]+[\s.]*$")
    )
    place = pl.when(lead.is_not_null() & ~is_month).then(lead.str.strip_chars(" .,-/:;"))
    rest = pl.when(place.is_not_null()).then(upper.str.slice(lead.str.len_chars())).otherwise(upper)
    split = cells.select("kind", text=rest.str.strip_chars(), place=pl.when(place != "").then(place))
    return pl.concat([read_dates(split.select("text", "kind"), latest), split.select("place")], how="horizontal")


def moment(rows: RawRows, name: str) -> pl.DataFrame:
    """Times of transactions.

    Returns:
        ``<name>`` (local time; null where unusable) and ``day_only`` (no time of day is written).
    """
    cells = rows.cells(name)
    iso = cells["text"].str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    odd = per_value(cells, _read_moment, where=pl.Series(iso.is_null()) & pl.col("text").is_not_null())
    return pl.concat([pl.DataFrame({"iso": iso}), odd], how="horizontal").select(
        pl.coalesce("iso", "moment").alias(name), day_only=pl.col("day_only").fill_null(False)
    )


def _read_moment(cells: pl.DataFrame) -> pl.DataFrame:
    days = read_dates(cells, date(2100, 12, 31))["date"]
    clock = pl.col("text").str.to_uppercase().str.extract_groups(_TIME)
    hour, minute = clock.struct.field("1").cast(pl.Int64), clock.struct.field("2").cast(pl.Int64)
    second = clock.struct.field("3").cast(pl.Int64).fill_null(0)
    half = clock.struct.field("4")
    hour24 = (
        pl.when((half == "PM") & (hour < 12))
        .then(hour + 12)
        .when((half == "AM") & (hour == 12))
        .then(0)
        .otherwise(hour)
    )
    # Excel keeps the time of day as the fraction of a day; whole seconds
    fraction = (
        pl.col("text").str.extract(r"^[0-9]{5}([.,][0-9]+)$").str.replace(",", ".").cast(pl.Float64, strict=False)
    )
    seconds = pl.coalesce(hour24 * 3600 + minute * 60 + second, (fraction * 86400).round().cast(pl.Int64))
    real = seconds.is_null() | (seconds < 86400)
    start = pl.Series("days", days).cast(pl.Datetime("us"))
    return cells.select(
        moment=pl.when(real).then(start + pl.duration(seconds=seconds.fill_null(0))).cast(pl.Datetime("us")),
        day_only=seconds.is_null() & pl.Series(days.is_not_null()),
    )


def list_period(rows: RawRows, period: Period, name: str = "period") -> pl.Series:
    """The month that a row speaks of, ``YYYY-MM``; of several months the run's own, else the last."""

    def read(cells: pl.DataFrame) -> pl.DataFrame:
        texts = cells["text"].to_list()
        return pl.DataFrame({name: [_month(t, period) if t else None for t in texts]}, schema={name: pl.String})

    return per_value(rows.cells(name).select("text"), read).to_series()


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
