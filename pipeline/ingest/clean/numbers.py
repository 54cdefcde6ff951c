"""Numbers of persons: NIK, family number, card, account, phone, health insurance card.

Belongs here: telling a number that can be used from one that is lossy, masked, impossible or missing. A number is
never guessed: what was lost stays ``?``, and a 15- or 17-digit number stays as it is.

Structure of NIK and no_kk (PP 40/2019; Permendagri 109/2019): 16 digits ``PPKKCC DDMMYY SSSS``; in a NIK the day
is + 40 for women, in a family number it is the day of issue; serials start at 0001.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import polars as pl

from pipeline.ingest.clean.cells import NUMBER, TEXT, RawRows, per_value

_PLAIN: Final = r"^[0-9]{16}$"
_FILLERS: Final = ("1234567890123456", "0123456789012345", "1234567812345678")
_LENGTH: Final = 16
_EXACT_FLOAT: Final = 2**53
"""From here on a float cannot hold every integer; Excel loses the 16th digit long before."""

_MASK: Final = "*X#?•●█"
_LOOKALIKES: Final = {"O": "0", "I": "1", "L": "1", "|": "1", "S": "5", "B": "8"}


def identity_number(rows: RawRows, name: str, *, family: bool, provinces: frozenset[str]) -> pl.DataFrame:
    """Clean a NIK or family number.

    Args:
        rows: raw rows.
        name: ``nik`` or ``no_kk``.
        family: the date part is a day of issue, without the + 40 of women.
        provinces: two-digit codes of provinces.

    Returns:
        ``<name>`` (16 digits where valid or repaired), ``<name>_status``, ``<name>_digits`` (``?`` = lost digit).
    """
    cells = rows.cells(name)
    plain = (pl.col("kind") == TEXT) & pl.col("text").str.contains(_PLAIN)
    odd = per_value(cells, _read_odd, where=~plain & pl.col("text").is_not_null())
    read = pl.concat([cells, odd], how="horizontal").select(
        digits=pl.when(plain).then("text").otherwise("digits"),
        form=pl.when(plain).then(pl.lit("valid")).otherwise(pl.col("form").fill_null("missing")),
    )
    whole = pl.col("form").is_in(["valid", "repaired"])
    status = (
        pl.when(whole & _filler()).then(pl.lit("missing"))
        .when(whole & ~_possible(family=family, provinces=provinces)).then(pl.lit("invalid"))
        .otherwise("form")
    )  # fmt: skip
    known = read.with_columns(status=status)
    return known.select(
        pl.when(pl.col("status").is_in(["valid", "repaired"])).then("digits").alias(name),
        pl.col("status").alias(f"{name}_status"),
        pl.when(pl.col("status") != "missing").then("digits").alias(f"{name}_digits"),
    )


def _filler() -> pl.Expr:
    """Sixteen digits that stand for "none": one digit repeated, counting up, or zeros after the region."""
    repeated = [d * _LENGTH for d in "0123456789"]
    return pl.col("digits").is_in([*repeated, *_FILLERS]) | pl.col("digits").str.ends_with("0" * 10)


def _possible(*, family: bool, provinces: frozenset[str]) -> pl.Expr:
    """Whether 16 digits can be a number: province, date and serial."""

    def part(start: int) -> pl.Expr:
        return pl.col("digits").str.slice(start, 2).cast(pl.Int16, strict=False)

    day, month, year = part(6), part(8), part(10)
    if not family:
        day = pl.when(day > 40).then(day - 40).otherwise(day)
    longest = (
        pl.when(month == 2).then(pl.when(year % 4 == 0).then(29).otherwise(28))
        .when(month.is_in([4, 6, 9, 11])).then(30)
        .otherwise(31)
    )  # fmt: skip
    date = month.is_between(1, 12) & (day >= 1) & (day <= longest)
    province = pl.col("digits").str.slice(0, 2).is_in(sorted(provinces))
    return (province & date & (pl.col("digits").str.slice(12, 4) != "0000")).fill_null(False)


def _read_odd(cells: pl.DataFrame) -> pl.DataFrame:
    """Columns ``digits`` and ``form`` of cells that are not simply sixteen digits typed as text."""
    typed = cells["kind"] == NUMBER
    numbers = _read_typed(cells.select("text"))
    texts = _read_text(cells.select("text"))
    return pl.concat([numbers, texts], how="horizontal").select(
        digits=pl.when(typed).then("typed_digits").otherwise("text_digits"),
        form=pl.when(typed).then("typed_form").otherwise("text_form"),
    )


def _read_typed(cells: pl.DataFrame) -> pl.DataFrame:
    """Cells typed as a number: Excel keeps 15 digits and writes a 0 for the 16th; a float is exact below 2^53 only."""
    integer = pl.col("text").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
    digits = integer.cast(pl.String)
    whole = digits.str.len_chars() == _LENGTH
    lossy = whole & (digits.str.ends_with("0") | (integer >= _EXACT_FLOAT))
    return cells.select(
        typed_digits=pl.when(lossy).then(digits.str.head(15) + "?").when(integer > 0).then(digits),
        typed_form=pl.when(integer.is_null() | (integer <= 0)).then(pl.lit("missing"))
        .when(lossy).then(pl.lit("lossy"))
        .when(whole).then(pl.lit("repaired"))
        .otherwise(pl.lit("invalid")),
    )  # fmt: skip


def _read_text(cells: pl.DataFrame) -> pl.DataFrame:
    """Cells typed as text, with all that people and programs put around and into the digits."""
    tight = (
        pl.col("text").str.to_uppercase().str.replace_all(r"""[\s'"`´‘’:;()]""", "")
        .str.replace(r"^([0-9]{14,17})[.,]0{1,2}$", "$1")
    )  # fmt: skip
    first = pl.col("text").str.extract(r"(?:^|[^0-9])([0-9]{16})(?:[^0-9]|$)")
    unmarked = tight.str.replace_all(r"[.\-_]{2,}", "*").str.replace_all(r"[.\-_,/]", "")
    compact = unmarked.str.replace(r"^(?:NO|NIK|NKK|KK|KTP)+", "")
    digits = compact.str.replace_all(r"[^0-9]", "")
    alike = compact.str.contains(r"^[0-9OIL|SB]{16}$") & (digits.str.len_chars() >= 10)
    mended = compact.str.replace_many(list(_LOOKALIKES), list(_LOOKALIKES.values()))
    masked, revealed = _masked(compact)
    sheet = cells.select(
        tight=tight, first=first, digits=digits, alike=alike, mended=mended, masked=masked, shown=revealed
    )
    sheet = sheet.with_columns(
        pl.col("tight").map_elements(_scientific, return_dtype=pl.String, skip_nulls=True).alias("scientific")
    )
    lossy = pl.col("scientific").is_not_null()
    exact = lossy & pl.col("scientific").str.contains(_PLAIN)
    whole = pl.col("digits").str.contains(_PLAIN) & ~pl.col("masked")
    same_digit = pl.any_horizontal(pl.col("digits").str.contains(f"^{d}+$") for d in "0123456789")
    return sheet.select(
        text_digits=pl.when(pl.col("first").is_not_null()).then("first")
        .when(lossy).then("scientific")
        .when(pl.col("alike")).then("mended")
        .when(pl.col("masked")).then("shown")
        .when(pl.col("digits") != "").then("digits"),
        text_form=pl.when(pl.col("first").is_not_null() | exact | pl.col("alike") | whole).then(pl.lit("repaired"))
        .when(lossy).then(pl.lit("lossy"))
        .when(pl.col("masked")).then(pl.lit("masked"))
        .when((pl.col("digits") == "") | same_digit).then(pl.lit("missing"))
        .otherwise(pl.lit("invalid")),
    )  # fmt: skip


def _masked(compact: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Whether digits are covered by stars or the like, and what is left of the number, ``?`` for what is covered."""
    plain = compact.str.replace_all(f"[{_MASK}]", "?")
    covered = plain.str.contains(r"^[0-9]*\?[0-9?]*$") & (plain.str.contains("[0-9]") | (plain.str.len_chars() >= 8))
    head = plain.str.extract(r"^([0-9]*)")
    tail = plain.str.extract(r"([0-9]*)$")
    hidden = (_LENGTH - head.str.len_chars().cast(pl.Int64) - tail.str.len_chars().cast(pl.Int64)).clip(0)
    spread = head + pl.lit("?").repeat_by(hidden).list.join("") + tail
    return covered, pl.when(plain.str.len_chars() == _LENGTH).then(plain).otherwise(spread)


def _scientific(text: str) -> str | None:
    """The digits that a number in scientific notation certainly has: ``7,50101E+15`` → ``75010???????????``.

    The mantissa is rounded to at least six digits, so only the digits shared by the smallest and the largest
    number that is shown this way survive.
    """
    mantissa, mark, exponent = text.replace(",", ".").partition("E")
    body = mantissa.replace(".", "")
    sign = exponent.removeprefix("+")
    if not mark or not body.isdigit() or not sign.isdigit() or mantissa[1:2] not in {".", ""} or not body.isascii():
        return None
    length = int(sign) + 1
    if length > 24 or length < len(body):
        return None
    shown = max(len(body), 6)
    value = int(Decimal(body).scaleb(length - len(body)))
    half = 0 if shown >= length else 5 * 10 ** (length - shown - 1)
    low, high = str(value - half).zfill(length), str(value + max(half - 1, 0)).zfill(length)
    shared = next((i for i, (a, b) in enumerate(zip(low, high, strict=True)) if a != b), length)
    return low[:shared] + "?" * (length - shared)


def digits_of(rows: RawRows, name: str) -> pl.DataFrame:
    """Clean a card, account or insurance number: digits as written, null where digits were lost or covered.

    Returns:
        ``<name>`` and ``<name>_lost`` (something is written that cannot be used).
    """
    cells = rows.cells(name)
    plain = (pl.col("kind") == TEXT) & pl.col("text").str.contains(r"^[0-9]{4,24}$")
    odd = per_value(cells, _read_digits, where=~plain & pl.col("text").is_not_null())
    read = pl.concat([cells, odd], how="horizontal").with_columns(
        digits=pl.when(plain).then("text").otherwise("digits")
    )
    empty = pl.any_horizontal(pl.col("digits").str.contains(f"^{d}+$") for d in "0123456789")
    usable = pl.col("digits").is_not_null() & ~empty
    return read.select(
        pl.when(usable).then("digits").alias(name),
        (pl.col("lost").fill_null(False)).alias(f"{name}_lost"),
    )


def _read_digits(cells: pl.DataFrame) -> pl.DataFrame:
    integer = pl.col("text").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
    typed = pl.col("kind") == NUMBER
    whole = integer.cast(pl.String)
    cut = typed & (whole.str.len_chars() >= _LENGTH) & (whole.str.ends_with("0") | (integer >= _EXACT_FLOAT))
    tight = pl.col("text").str.replace_all(r"""[\s'"`´‘’.\-_]""", "")
    text = pl.col("text").str.replace(r"^'?([0-9]{4,})[.,]0{1,2}$", "$1").str.replace_all(r"[^0-9]", "")
    scientific = pl.col("text").str.contains(r"^[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}$")
    covered = tight.str.contains(f"(?i)[0-9][{_MASK}]+|[{_MASK}]+[0-9]")
    lost = cut | (~typed & (scientific | covered))
    digits = pl.when(typed).then(whole).otherwise(text)
    return cells.select(digits=pl.when(~lost & (digits != "")).then(digits), lost=lost)


def phone(rows: RawRows, name: str = "phone") -> pl.Series:
    """Clean a phone number: digits from 0, the first of several; null where it cannot be one."""
    return per_value(rows.cells(name), _read_phone).to_series().alias(name)


def _read_phone(cells: pl.DataFrame) -> pl.DataFrame:
    typed = pl.col("text").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False).cast(pl.String)
    written = pl.when(pl.col("kind") == NUMBER).then(typed).otherwise("text")
    first = written.str.split("/").list.first().str.split(",").list.first().str.split(";").list.first()
    scientific = first.str.contains(r"(?i)\dE\+?\d")
    digits = first.str.replace(r"\.0$", "").str.replace_all(r"[^0-9]", "")
    local = (
        pl.when(digits.str.starts_with("620")).then(digits.str.slice(2))
        .when(digits.str.starts_with("62")).then("0" + digits.str.slice(2))
        .when(digits.str.starts_with("0")).then(digits)
        .when(digits.str.contains("^[1-9]")).then("0" + digits)
    )  # fmt: skip
    real = ~scientific & local.str.contains(r"^0[1-9][0-9]{6,12}$")
    same = pl.any_horizontal(local.str.contains(f"^0{d}+$") for d in "123456789")
    return cells.select(phone=pl.when(real & ~same).then(local))
