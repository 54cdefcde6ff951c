"""Numbers of persons: NIK, family number, card, account, phone, health insurance card.

Belongs here: telling a number that can be used from one that is lossy, masked, impossible or missing. A number is
never guessed: what was lost stays ``?``, and a 15- or 17-digit number stays as it is.

Structure of NIK and no_kk (PP 40/2019; Permendagri 109/2019): 16 digits ``PPKKCC DDMMYY SSSS``; in a NIK the day
is + 40 for women, in a family number it is the day of issue; serials start at 0001.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Final

import polars as pl

from pipeline.ingest.clean.cells import NUMBER, TEXT, RawRows, Recipe, nulls, per_value

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
    if not rows.says(name):
        texts = [nulls(n, pl.String(), rows.height) for n in (name, f"{name}_digits")]
        missing = pl.Series(f"{name}_status", ["missing"]).new_from_index(0, rows.height)
        return pl.DataFrame([texts[0], missing, texts[1]])
    cells = rows.cells(name)
    plain = (pl.col("kind") == TEXT) & pl.col("text").str.contains(_PLAIN)
    odd = per_value(cells, _odd_recipe(), where=~plain & pl.col("text").is_not_null())
    read = pl.concat([cells, odd], how="horizontal").lazy()
    status = pl.col("status")
    return (
        read.with_columns(
            pl.when(plain).then("text").otherwise("digits").alias("digits"),
            pl.when(plain).then(pl.lit("valid")).otherwise(pl.col("form").fill_null("missing")).alias("form"),
        )
        .with_columns(_status(family=family, provinces=provinces).alias("status"))
        .select(
            pl.when(status.is_in(["valid", "repaired"])).then("digits").alias(name),
            status.alias(f"{name}_status"),
            pl.when(status != "missing").then("digits").alias(f"{name}_digits"),
        )
        .collect()
    )


@cache
def _status(*, family: bool, provinces: frozenset[str]) -> pl.Expr:
    """The form of a number, corrected by what its digits say."""
    whole = pl.col("form").is_in(["valid", "repaired"])
    return (
        pl.when(whole & _filler()).then(pl.lit("missing"))
        .when(whole & ~_possible(family=family, provinces=provinces)).then(pl.lit("invalid"))
        .otherwise("form")
    )  # fmt: skip


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


@cache
def _odd_recipe() -> Recipe:
    """Columns ``digits`` and ``form`` of cells that are not simply sixteen digits typed as text."""
    typed = pl.col("kind") == NUMBER
    typed_digits, typed_form = _typed()
    text_digits, text_form = _text()
    out = (
        pl.when(typed).then(typed_digits).otherwise(text_digits).alias("digits"),
        pl.when(typed).then(typed_form).otherwise(text_form).alias("form"),
    )
    return Recipe((*_TYPED_STEPS, *_text_steps()), out)


_TYPED_STEPS: Final = (
    (pl.col("text").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False).alias("integer"),),
    (pl.col("integer").cast(pl.String).alias("integer_digits"),),
)


def _typed() -> tuple[pl.Expr, pl.Expr]:
    """Cells typed as a number: Excel keeps 15 digits and writes a 0 for the 16th; a float is exact below 2^53 only."""
    integer, digits = pl.col("integer"), pl.col("integer_digits")
    whole = digits.str.len_chars() == _LENGTH
    lossy = whole & (digits.str.ends_with("0") | (integer >= _EXACT_FLOAT))
    form = (
        pl.when(integer.is_null() | (integer <= 0)).then(pl.lit("missing"))
        .when(lossy).then(pl.lit("lossy"))
        .when(whole).then(pl.lit("repaired"))
        .otherwise(pl.lit("invalid"))
    )  # fmt: skip
    return pl.when(lossy).then(digits.str.head(15) + "?").when(integer > 0).then(digits), form


def _text_steps() -> tuple[tuple[pl.Expr, ...], ...]:
    """What people and programs put around and into the digits, taken off step by step."""
    tight = (
        pl.col("text").str.to_uppercase().str.replace_all(r"""[\s'"`´‘’:;()]""", "")
        .str.replace(r"^([0-9]{14,17})[.,]0{1,2}$", "$1")
    )  # fmt: skip
    unmarked = pl.col("tight").str.replace_all(r"[.\-_]{2,}", "*").str.replace_all(r"[.\-_,/]", "")
    compact = unmarked.str.replace(r"^(?:NO|NIK|NKK|KK|KTP)+", "")
    digits = pl.col("compact").str.replace_all(r"[^0-9]", "")
    alike = pl.col("compact").str.contains(r"^[0-9OIL|SB]{16}$")
    masked, shown = _masked(pl.col("compact").str.replace_all(f"[{_MASK}]", "?"))
    scientific = (
        pl.when(pl.col("tight").str.contains(r"^[0-9](?:[.,][0-9]+)?E\+?[0-9]{1,2}$")).then("tight")
        .map_elements(_scientific, return_dtype=pl.String, skip_nulls=True)
    )  # fmt: skip
    return (
        (tight.alias("tight"), pl.col("text").str.extract(r"(?:^|[^0-9])([0-9]{16})(?:[^0-9]|$)").alias("first")),
        (compact.alias("compact"), scientific.alias("scientific")),
        (digits.alias("digits"), masked.alias("masked"), shown.alias("shown")),
        ((alike & (pl.col("digits").str.len_chars() >= 10)).alias("alike"),),
    )


def _text() -> tuple[pl.Expr, pl.Expr]:
    """Digits and form of cells typed as text, from the working columns of :func:`_text_steps`."""
    first, lossy = pl.col("first").is_not_null(), pl.col("scientific").is_not_null()
    exact = lossy & pl.col("scientific").str.contains(_PLAIN)
    whole = pl.col("digits").str.contains(_PLAIN) & ~pl.col("masked")
    digits = (
        pl.when(first).then("first")
        .when(lossy).then("scientific")
        .when("alike").then(pl.col("compact").str.replace_many(list(_LOOKALIKES), list(_LOOKALIKES.values())))
        .when("masked").then("shown")
        .when(pl.col("digits") != "").then("digits")
    )  # fmt: skip
    form = (
        pl.when(first | exact | pl.col("alike") | whole).then(pl.lit("repaired"))
        .when(lossy).then(pl.lit("lossy"))
        .when("masked").then(pl.lit("masked"))
        .when((pl.col("digits") == "") | _one_digit("digits")).then(pl.lit("missing"))
        .otherwise(pl.lit("invalid"))
    )  # fmt: skip
    return digits, form


def _one_digit(column: str) -> pl.Expr:
    """Whether one digit is repeated throughout, as where somebody had to type something."""
    first = pl.col(column).str.head(1)
    return (pl.col(column).str.strip_chars(first) == "").fill_null(False)


def _masked(plain: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Whether digits are covered (``?``), and what is left of the number, spread to its full length."""
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
    mantissa, _, exponent = text.replace(",", ".").partition("E")
    body = mantissa.replace(".", "")
    length = int(exponent.removeprefix("+")) + 1
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
    if not rows.says(name):
        no = pl.Series(f"{name}_lost", [False]).new_from_index(0, rows.height)
        return pl.DataFrame([nulls(name, pl.String(), rows.height), no])
    cells = rows.cells(name)
    plain = (pl.col("kind") == TEXT) & pl.col("text").str.contains(r"^[0-9]{4,24}$")
    odd = per_value(cells, _digits_recipe(), where=~plain & pl.col("text").is_not_null())
    read = pl.concat([cells, odd], how="horizontal").with_columns(
        digits=pl.when(plain).then("text").otherwise("digits")
    )
    usable = pl.col("digits").is_not_null() & ~_one_digit("digits")
    return read.select(
        pl.when(usable).then("digits").alias(name),
        pl.col("lost").fill_null(False).alias(f"{name}_lost"),
    )


@cache
def _digits_recipe() -> Recipe:
    """Columns ``digits`` and ``lost`` of cells that are not simply digits typed as text."""
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
    return Recipe((), (pl.when(~lost & (digits != "")).then(digits).alias("digits"), lost.alias("lost")))


def phone(rows: RawRows, name: str = "phone") -> pl.Series:
    """Clean a phone number: digits from 0, the first of several; null where it cannot be one."""
    if not rows.says(name):
        return nulls(name, pl.String(), rows.height)
    return per_value(rows.cells(name), _phone_recipe()).to_series().alias(name)


@cache
def _phone_recipe() -> Recipe:
    """Column ``phone``."""
    typed = pl.col("text").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False).cast(pl.String)
    written = pl.when(pl.col("kind") == NUMBER).then(typed).otherwise("text")
    first = written.str.split("/").list.first().str.split(",").list.first().str.split(";").list.first()
    scientific = first.str.contains(r"(?i)\dE\+?\d")
    digits = first.str.replace(r"\.0$", "").str.replace_all(r"[^0-9]", "")
    digits_only = pl.col("digits")
    local = (
        pl.when(digits_only.str.starts_with("620")).then(digits_only.str.slice(2))
        .when(digits_only.str.starts_with("62")).then("0" + digits_only.str.slice(2))
        .when(digits_only.str.starts_with("0")).then("digits")
        .when(digits_only.str.contains("^[1-9]")).then("0" + digits_only)
    )  # fmt: skip
    real = pl.col("local").str.contains(r"^0[1-9][0-9]{6,12}$") & ~_one_digit("rest")
    steps = (
        (pl.when(~scientific).then(digits).alias("digits"),),
        (local.alias("local"),),
        (pl.col("local").str.slice(1).alias("rest"),),
    )
    return Recipe(steps, (pl.when(real).then("local").alias("phone"),))
