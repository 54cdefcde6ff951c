"""How the columns of a list are compared, and what becomes of their values before.

Belongs here: kinds of columns, numbers and sexes in one way of writing. Not here: which column is what
(:mod:`.headings`, :mod:`.contents`), comparing (:mod:`.levels`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.dedupe.card import OF_NO_MEANING, PARTS, Comparison, DedupeCard, Share
from pipeline.dedupe.cleaning import by_value
from pipeline.dedupe.dates import as_date, looks_like_date

_NEARLY_EVERY: Final = 0.95
_MOST: Final = 0.8
_SEVERAL: Final = 0.5
_ENOUGH_ROWS: Final = 20
_RUNNING: Final = 0.05
_NUMBERS: Final = frozenset({"phone", "personal_number", "family_number", "account", "house_number"})
_CHARACTERS: Final = r"^[\p{Han}\p{Hangul} ]+$"
_LOOKED_AT: Final = 10_000
_DIALLED: Final = 10


@dataclass(frozen=True)
class Column:
    """One declared comparison.

    Attributes:
        name: its heading, for people.
        meaning: a meaning of the card, or ``text`` where only the contents told.
        compare: kind of comparison.
        share: whether members of one family share it.
        forms: names and what they are short for, where it holds names.
    """

    name: str
    meaning: str
    compare: Comparison
    share: Share
    forms: tuple[tuple[str, str], ...] = ()


def kind_of(series: pl.Series, meaning: str | None, card: DedupeCard, *, together: bool) -> Column:
    """How a column of a meaning is compared, and of one without, by what is in it; its name is left open.

    Args:
        series: cleaned values.
        meaning: by its heading or contents.
        card: meanings.
        together: whether other columns may be those of families: then a column nobody has named may be so too.
    """
    known = series.drop_nulls().cast(pl.String)
    if meaning == "row_key" and known.n_unique() < _RUNNING * len(known):
        meaning = None  # a running number does not come again and again: the number of a house, a class
    if meaning in PARTS and looks_like_date(known) >= _MOST:
        meaning = "birth_date"
    if meaning is not None:
        said = card.meanings[meaning]
        return Column("", meaning, said.compare, said.share)
    if looks_like_date(known) >= _MOST:
        return Column("", OF_NO_MEANING, "date", "family")
    if known.n_unique() >= _NEARLY_EVERY * len(known) and len(known) > _ENOUGH_ROWS and not _is_written(known):
        return Column("", OF_NO_MEANING, "key", "own")
    # of what nobody has named nobody knows whether a family has it together: then its members are not proved one by it
    if float(known.str.contains(r"^[\d ]+$").mean() or 0) >= _MOST:  # type: ignore[arg-type]
        return Column("", OF_NO_MEANING, "code", "family")
    return Column("", OF_NO_MEANING, "text", "family" if together else "own")


def _is_written(known: pl.Series) -> bool:
    """Whether values are mostly words: names and addresses, which people write in several ways, not numbers."""
    return float(known.str.contains(r"\p{L}{2,}.* .*\p{L}{2,}").mean() or 0) >= _SEVERAL  # type: ignore[arg-type]


def prepared(series: pl.Series, kind: Column, card: DedupeCard) -> pl.Series:
    """Values as they are compared."""
    if kind.compare == "date":
        return by_value(series, as_date)
    if kind.meaning == "sex":
        return _sex(series, card)
    if kind.meaning in _NUMBERS:
        return _as_number(series, kind.meaning)
    if kind.meaning == "full_name":
        return _by_characters(series)
    return series


def _by_characters(series: pl.Series) -> pl.Series:
    """Chinese and Korean names with a blank after each character, which is a word of its own: surname and given names
    are written together, and not always in one order."""
    if not series.head(_LOOKED_AT).cast(pl.String).str.contains(_CHARACTERS).any():
        return series

    def apart(known: pl.Series) -> pl.Series:
        split = known.str.normalize("NFC").str.replace_all(r"(\p{Han}|\p{Hangul})", " $1 ").str.replace_all(" +", " ")
        split = split.str.strip_chars().str.normalize("NFKD")
        return known.zip_with(~known.str.contains(_CHARACTERS), split)

    return by_value(series, apart)


def _sex(series: pl.Series, card: DedupeCard) -> pl.Series:
    """The words that lists have for the two sexes as one each; a column with other words is left as it is."""
    text = series.cast(pl.String)
    known = set(text.drop_nulls().unique())
    for men, women in (card.sexes, (("H",), ("M",)), (("L",), ("P",)), (("1",), ("2",))):
        if known <= {*men, *women} and len(known) > 1:
            return text.replace_strict({**dict.fromkeys(men, "M"), **dict.fromkeys(women, "F")}, default=None)
    return series


def _as_number(series: pl.Series, meaning: str) -> pl.Series:
    """Numbers without blanks and leading zeros; of a telephone number the end, which every way to write it has."""
    text = series.cast(pl.String)
    odd = text.str.contains(r" |^0").fill_null(False) if meaning != "phone" else text.is_not_null()
    if not odd.any():
        return series
    plain_number = text.str.replace_all(r"[^\d]" if meaning == "phone" else " ", "").str.strip_chars_start("0")
    if meaning == "phone":
        plain_number = plain_number.str.tail(_DIALLED)
    plain_number = plain_number.set((plain_number == "").fill_null(False), "0")
    return text.zip_with(~odd, plain_number).cast(series.dtype)
