"""What each column of a list is: by what the user says, by its heading, else by its contents.

Belongs here: declaring comparisons. Not here: reading (:mod:`.reading`), preparing values (:mod:`.values`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.dedupe.card import Comparison, DedupeCard, Share
from pipeline.dedupe.dates import as_date, looks_like_date
from pipeline.dedupe.reading import Lists, plain
from pipeline.errors import InputError, Problem

_NOT_PLAIN: Final = r"[^A-Z0-9 ]|^ | $|  "
_MARKS: Final = r"[\u{300}-\u{36F}\u{64B}-\u{65F}\u{670}\u{591}-\u{5C7}]"
_ALL_OF_IT: Final = 2
_SHARED_AT_LEAST: Final = 0.02
_NEARLY_EVERY: Final = 0.95
_MOST: Final = 0.8
_SEVERAL: Final = 0.5
_ENOUGH_ROWS: Final = 20
_CONSTANT: Final = "one value throughout"
_WHO: Final = frozenset({"given_name", "surname", "full_name", "birth_date", "personal_number"})

NAMES: Final = ("given_name", "middle_name", "surname", "second_surname")
PARTS: Final = ("birth_year", "birth_month", "birth_day")
OF_NO_MEANING: Final = "text"
_JOINED: Final = frozenset({*NAMES, *PARTS, "full_name"})


@dataclass(frozen=True)
class Column:
    """One declared comparison.

    Attributes:
        name: its heading, for people.
        meaning: a meaning of the card, or ``text`` where only the contents told.
        compare: kind of comparison.
        share: whether members of one family share it.
    """

    name: str
    meaning: str
    compare: Comparison
    share: Share


@dataclass(frozen=True)
class Declared:
    """Columns and their cleaned values (text or categories); ``left_out`` says why a column is no evidence."""

    columns: tuple[Column, ...]
    values: pl.DataFrame
    left_out: Mapping[str, str]


class Headings:
    """Meanings by heading."""

    def __init__(self, card: DedupeCard) -> None:
        self._whole: dict[str, str] = {}
        self._inside: list[tuple[str, str]] = []
        for meaning, said in card.meanings.items():
            self._whole.setdefault(plain(meaning), meaning)
            for phrase in said.headings:
                text = plain(phrase)
                self._whole.setdefault(text, meaning)
                if len(text) > _ALL_OF_IT and not phrase.startswith("="):
                    self._inside.append((f" {text} ", meaning))
        self._inside.sort(key=lambda p: -len(p[0]))

    def meaning(self, heading: str) -> str | None:
        """What a heading means, None where nobody knows."""
        text = plain(heading)
        if not text:
            return None
        return self._whole.get(text) or next((m for p, m in self._inside if p in f" {text} "), None)

    def known(self, heading: str) -> bool:
        """Whether a heading has a meaning."""
        return self.meaning(heading) is not None


def cleaned(texts: pl.Series, missing: Sequence[str]) -> pl.Series:
    """Texts without what does not matter: case, accents, signs, blanks; null where they say that nothing is known."""
    if texts.dtype == pl.Categorical:
        return _by_value(texts, lambda known: cleaned(known, missing).cast(pl.Categorical))
    other = texts.str.contains(_NOT_PLAIN).fill_null(False)
    if other.any():
        texts = texts.set(other, None).zip_with(~other, _by_value(texts.set(~other, None), _plain_text))
    return texts.set(texts.is_in([m.upper() for m in missing]).fill_null(False) | (texts == "").fill_null(False), None)


def _by_value(series: pl.Series, work: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What becomes of each value, worked out once for each of those there are."""
    known = series.drop_nulls().unique(maintain_order=True)
    made = pl.DataFrame({"v": known, "made": work(known.cast(pl.String))})
    return pl.DataFrame({"v": series}).join(made, on="v", how="left", maintain_order="left")["made"].alias(series.name)


def _plain_text(texts: pl.Series) -> pl.Series:
    text = texts.str.normalize("NFKD").str.replace_all(_MARKS, "").str.to_uppercase()
    for letter, plain_letter in (("Ø", "O"), ("Ł", "L"), ("Đ", "D"), ("Æ", "AE"), ("Œ", "OE"), ("Þ", "TH"), ("ı", "I")):
        text = text.str.replace_all(letter, plain_letter, literal=True)
    return text.str.replace_all(r"['’`ʼ]", "").str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ").str.strip_chars()


def declare(lists: Lists, card: DedupeCard, mapped: Mapping[str, str], without: Sequence[str]) -> Declared:
    """Declare the comparisons of a list.

    Args:
        lists: rows as read.
        card: meanings.
        mapped: meaning → heading, as the user says.
        without: headings that are taken away before anything is learned.

    Raises:
        InputError: a heading does not exist, a meaning is not known, or no column can be used.
    """
    by_user = _mapped(lists, card, mapped)
    away = {_column(lists, heading) for heading in without}
    headings = Headings(card)
    left_out: dict[str, str] = {}
    rows = lists.rows
    meanings: dict[str, str | None] = {}
    for i, heading in enumerate(lists.headings):
        column = f"c{i}"
        if column not in away:
            meanings[column] = by_user.get(column) or headings.meaning(heading)
    names = {f"c{i}": h for i, h in enumerate(lists.headings)}
    values = pl.DataFrame([rows["file_index"], *(cleaned(rows[c], card.missing) for c in meanings)])
    values = values.with_columns(pl.col(c).cast(pl.String) for c, m in meanings.items() if m in _JOINED)
    left_out |= _taken_out_if_empty(values, meanings, names)
    values, meanings = _aligned(values, meanings, lists.files)
    made: dict[Column, pl.Series] = {}
    throughout: dict[Column, pl.Series] = {}
    _called_in_full(values, meanings)
    values = _whole_names(values, meanings, names, left_out, lists.files)
    if (date := _joined_date(values, meanings)) is not None:
        made[Column("birth date", "birth_date", "date", "own")] = date
    for column, meaning in meanings.items():
        series = values[column]
        kind = _kind(series, meaning, card)
        if kind.compare == "date":
            series = _by_value(series, as_date)
        if (why := _no_evidence(series, kind)) is not None:
            left_out[names[column]] = why
            if why == _CONSTANT and kind.meaning in _WHO:
                throughout[Column(names[column], kind.meaning, kind.compare, kind.share)] = series
            continue
        made[Column(names[column], kind.meaning, kind.compare, kind.share)] = series
    if not made and throughout:  # nothing but the same person again and again
        made, left_out = throughout, {c: why for c, why in left_out.items() if c not in {t.name for t in throughout}}
    if not made:
        raise InputError(
            Problem(
                rows["source_file"][0],
                "no column can tell one person from another",
                "a name, a date of birth, a number or any text that is filled and not the same in all rows",
                "; ".join(f"{c}: {why}" for c, why in left_out.items()) or "see what is in the file",
            )
        )
    frame = pl.DataFrame([s.alias(f"v{i}") for i, s in enumerate(made.values())])
    return Declared(tuple(made), frame, left_out)


def _taken_out_if_empty(
    values: pl.DataFrame, meanings: dict[str, str | None], names: Mapping[str, str]
) -> dict[str, str]:
    """Take columns without any value out of ``meanings``; their headings, with the reason."""
    empty = [c for c in meanings if values[c].null_count() == values.height]
    for column in empty:
        del meanings[column]
    return {names[column]: "empty" for column in empty}


def _column(lists: Lists, heading: str) -> str:
    column = lists.column(heading)
    if column is None:
        raise InputError(
            Problem(
                lists.rows["source_file"][0],
                f"has no column {heading!r}",
                "one of: " + ", ".join(lists.headings),
            )
        )
    return column


def _mapped(lists: Lists, card: DedupeCard, mapped: Mapping[str, str]) -> dict[str, str]:
    other = {"name": "full_name", "nik": "personal_number", "no_kk": "family_number", "kk": "family_number"}
    got = {}
    for meaning, heading in mapped.items():
        known = other.get(meaning, meaning)
        if known not in card.meanings:
            raise InputError(Problem("--map", f"{meaning!r} is no meaning", "one of: " + ", ".join(card.meanings)))
        got[_column(lists, heading)] = known
    return got


def _aligned(
    values: pl.DataFrame, meanings: dict[str, str | None], files: int
) -> tuple[pl.DataFrame, dict[str, str | None]]:
    """Columns of one meaning that each only one of two files has are one column."""
    if files < 2:
        return values, meanings
    lists = [values.filter(pl.col("file_index") == n) for n in (1, 2)]
    filled = {c: tuple(one[c].null_count() < one.height for one in lists) for c in meanings}
    kept = dict(meanings)
    for first in [c for c in meanings if filled[c] == (True, False)]:
        second = next(
            (c for c in kept if meanings[first] and kept[c] == meanings[first] and filled[c] == (False, True)), None
        )
        if second is not None:
            values = values.with_columns(pl.coalesce(first, second).alias(first))
            kept.pop(second)
    return values, kept


def _called_in_full(values: pl.DataFrame, meanings: dict[str, str | None]) -> None:
    """A column of first names beside which no family name stands, mostly of several words, holds full names."""
    given = [c for c in meanings if meanings[c] == "given_name"]
    if len(given) == 1 and not any(m in ("surname", "second_surname") for m in meanings.values()):
        several = values[given[0]].drop_nulls().str.contains(" ", literal=True).mean()
        if float(several or 0) > _SEVERAL:  # type: ignore[arg-type]
            meanings[given[0]] = "full_name"


def _whole_names(
    values: pl.DataFrame,
    meanings: dict[str, str | None],
    names: dict[str, str],
    left_out: dict[str, str],
    files: int,
) -> pl.DataFrame:
    """Names in parts and names in full: what both say is said once.

    Where every file has the parts, only what a full name adds to them is kept; where one file has full names only,
    the parts of the other are joined.
    """
    parts = [c for m in NAMES for c in meanings if meanings[c] == m]
    full = [c for c in meanings if meanings[c] == "full_name"]
    if not parts or not full:
        return values
    everywhere = all(
        values.filter(pl.col("file_index") == n).select(pl.any_horizontal(pl.col(parts).is_not_null()).mean()).item()
        > 1 - _MOST
        for n in range(1, files + 1)
    )
    if everywhere:
        said = pl.concat_list([pl.col(c).fill_null("").str.split(" ") for c in parts])
        for column in full:
            rest = pl.col(column).str.split(" ").list.set_difference(said).list.join(" ")
            values = values.with_columns(pl.when(rest != "").then(rest).alias(column))
            if values[column].null_count() == values.height:
                left_out[names[column]] = "the other names say it"
                meanings.pop(column)
        return values
    joined = pl.concat_str(parts, separator=" ", ignore_nulls=True)
    values = values.with_columns(pl.coalesce(full[0], pl.when(joined != "").then(joined)).alias(full[0]))
    for column in parts:
        left_out[names[column]] = f"joined into {names[full[0]]}"
        meanings.pop(column)
    return values


def _joined_date(values: pl.DataFrame, meanings: dict[str, str | None]) -> pl.Series | None:
    """Year, month and day of birth apart are one date; they are dropped beside a whole date."""
    found = {p: next((c for c in meanings if meanings[c] == p), None) for p in PARTS}
    whole = any(m == "birth_date" for m in meanings.values())
    if not whole and not (found["birth_year"] and found["birth_month"]):
        return None
    for column in [c for c in found.values() if c]:
        meanings.pop(column)
    if whole:
        return None

    def digits(part: str, size: int) -> pl.Expr:
        column = found[part]
        if column is None:
            return pl.lit("?" * size)
        number = pl.col(column).str.extract(r"(\d+)").str.tail(size).str.zfill(size)
        return number.fill_null("?" * size)

    date = values.select(pl.concat_str(digits("birth_year", 4), digits("birth_month", 2), digits("birth_day", 2)))
    series = date.to_series()
    return series.set(series == "????????", None)


def _kind(series: pl.Series, meaning: str | None, card: DedupeCard) -> Column:
    if meaning is not None:
        said = card.meanings[meaning]
        return Column("", meaning, said.compare, said.share)
    known = series.drop_nulls().cast(pl.String)
    if known.n_unique() >= _NEARLY_EVERY * len(known) and len(known) > _ENOUGH_ROWS:
        return Column("", OF_NO_MEANING, "key", "own")
    if looks_like_date(known) >= _MOST:
        return Column("", OF_NO_MEANING, "date", "own")
    if float(known.str.contains(r"^[\d ]+$").mean() or 0) >= _MOST:  # type: ignore[arg-type]
        # of a number nobody knows whether a family has it together: then its members are not proved one by it
        return Column("", OF_NO_MEANING, "code", "family")
    return Column("", OF_NO_MEANING, "text", "own")


def _no_evidence(series: pl.Series, kind: Column) -> str | None:
    known = series.drop_nulls()
    if not len(known):
        return "empty"
    if known.n_unique() == 1:
        return _CONSTANT if len(series) > 2 else None
    if kind.compare == "key":
        shared = float(known.is_duplicated().mean() or 0)  # type: ignore[arg-type]
        if shared < _SHARED_AT_LEAST:
            return "another value in nearly every row"
    return None
