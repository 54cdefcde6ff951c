"""What each column of a list is: by what the user says, by its heading, else by its contents.

Belongs here: declaring comparisons. Not here: reading (:mod:`.reading`), preparing values (:mod:`.values`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from pipeline.dedupe.card import NAMES, PARTS, DedupeCard
from pipeline.dedupe.cleaning import by_value, cleaned, plain_text
from pipeline.dedupe.contents import told_by_contents
from pipeline.dedupe.dates import as_date
from pipeline.dedupe.headings import Headings
from pipeline.dedupe.kinds import Column, kind_of, prepared
from pipeline.dedupe.reading import Lists
from pipeline.dedupe.threads import several
from pipeline.errors import InputError, Problem

_FIRST: Final = 1000
_SHARED_AT_LEAST: Final = 0.02
_MOST: Final = 0.8
_SEVERAL: Final = 0.5
_CONSTANT: Final = "one value throughout"
_WHO: Final = frozenset({"given_name", "surname", "full_name", "birth_date", "personal_number"})
_SHORTENED: Final = frozenset({"given_name", "middle_name", "full_name", "relative_name"})
_TOGETHER: Final = frozenset({"family_number", "phone", "address", "house_number", "account"})
_JOINED: Final = frozenset({*NAMES, *PARTS, "full_name"})


@dataclass(frozen=True)
class Declared:
    """Columns and their cleaned values (text or categories); ``left_out`` says why a column is no evidence."""

    columns: tuple[Column, ...]
    values: pl.DataFrame
    left_out: Mapping[str, str]


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
    values = pl.DataFrame([rows["file_index"], *several(lambda c: cleaned(rows[c], card.missing), list(meanings))])
    values = values.with_columns(pl.col(c).cast(pl.String) for c, m in meanings.items() if m in _JOINED)
    left_out |= _taken_out_if_empty(values, meanings, names)
    values, meanings = told_by_contents(values, meanings, lists.files)
    _called_in_full(values, meanings)
    values = _whole_names(values, meanings, names, left_out, lists.files)
    made, throughout = _compared(values, meanings, names, card, left_out)
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


def _compared(
    values: pl.DataFrame,
    meanings: dict[str, str | None],
    names: Mapping[str, str],
    card: DedupeCard,
    left_out: dict[str, str],
) -> tuple[dict[Column, pl.Series], dict[Column, pl.Series]]:
    """Columns that are evidence, with their values, and those of persons that hold one value throughout."""
    made: dict[Column, pl.Series] = {}
    throughout: dict[Column, pl.Series] = {}
    if (date := _joined_date(values, meanings)) is not None:
        made[Column("birth date", "birth_date", "date", "own")] = date
    forms = _forms(card)
    together = bool(_TOGETHER & set(meanings.values()))  # there may be families, and a column may say it
    for column, meaning in meanings.items():
        kind = kind_of(values[column], meaning, card, together=together)
        kind = replace(kind, name=names[column], forms=forms if kind.meaning in _SHORTENED else ())
        series = prepared(values[column], kind, card)
        if (why := _no_evidence(series, kind)) is None:
            made[kind] = series
            continue
        left_out[kind.name] = why
        if why == _CONSTANT and kind.meaning in _WHO:
            throughout[kind] = series
    return made, throughout


def _forms(card: DedupeCard) -> tuple[tuple[str, str], ...]:
    """Short forms of names and the names themselves, cleaned like any text."""
    pairs = [(form, name) for name, forms in card.short_forms.items() for form in forms]
    one, two = (plain_text(pl.Series(side, dtype=pl.String)).to_list() for side in zip(*pairs, strict=True))
    return tuple(dict(zip(one, two, strict=True)).items())


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
    whole = [c for c, m in meanings.items() if m == "birth_date"]
    if not whole and not (found["birth_year"] and found["birth_month"]):
        return None
    for column in [c for c in found.values() if c]:
        meanings.pop(column)

    def digits(part: str, size: int) -> pl.Expr:
        column = found[part]
        if column is None:
            return pl.lit("?" * size)
        number = pl.col(column).str.extract(r"(\d+)").str.tail(size).str.zfill(size)
        return number.fill_null("?" * size)

    date = values.select(pl.concat_str(digits("birth_year", 4), digits("birth_month", 2), digits("birth_day", 2)))
    series = date.to_series()
    series = series.set(series == "????????", None)
    if not whole:
        return series
    if found["birth_year"] and series.null_count() < len(series):  # the other list has them in one
        meanings.pop(whole[0])
        return by_value(values[whole[0]], as_date).fill_null(series)
    return None


def _no_evidence(series: pl.Series, kind: Column) -> str | None:
    known = series.drop_nulls()
    if not len(known):
        return "empty"
    if known.head(_FIRST).n_unique() == 1 and known.n_unique() == 1:  # the first rows tell it of most columns
        return _CONSTANT if len(series) > 2 else None
    if kind.compare == "key":
        shared = float(known.is_duplicated().mean() or 0)  # type: ignore[arg-type]
        if shared < _SHARED_AT_LEAST:
            return "another value in nearly every row"
    return None
