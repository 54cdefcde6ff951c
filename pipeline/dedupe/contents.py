"""What columns are that no heading explains: names, days of birth, and what one list calls otherwise than the other.

Belongs here: meanings by what is written in a column. Not here: headings, how a column is compared (:mod:`.columns`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from typing import Final

import polars as pl

from pipeline.dedupe.dates import as_date, looks_like_date

Meanings = dict[str, str | None]

_LOOKED_AT: Final = 20_000
_MOST: Final = 0.8
_WORDS: Final = 6
_TELLS: Final = 0.4
"""Of the bits that would tell all rows apart, the share that a name tells at least."""
_NEARLY_AS_MUCH: Final = 0.6
_A_LIFE: Final = 25
_COMMON: Final = 0.2
_LONG: Final = 5
_SEVERAL: Final = 0.5
_NAMES: Final = frozenset({"given_name", "surname", "full_name"})
_BIRTH: Final = frozenset({"birth_date", "birth_year", "age"})
_PLACE: Final = frozenset({"house_number", "address", "area", "postcode"})


def told_by_contents(values: pl.DataFrame, meanings: Meanings, files: int) -> tuple[pl.DataFrame, Meanings]:
    """Give meanings to columns that have none, list by list, and make columns of two lists that are one into one.

    Args:
        values: ``file_index`` and the cleaned columns.
        meanings: of each column by its heading, None where nobody knows.
        files: 1 or 2.
    """
    made = dict(meanings)
    lists = [values.filter(pl.col("file_index") == n) for n in range(1, files + 1)]
    for one in lists:
        here = [c for c in made if one[c].null_count() < one.height]
        _names(one, made, here)
        _births(one, made, here)
    if files > 1:
        values, made = _aligned(values, lists, made)
    return values, made


def _sample(series: pl.Series) -> pl.Series:
    return series.head(_LOOKED_AT).drop_nulls().cast(pl.String)


def _bits(known: pl.Series) -> float:
    """Bits that a column tells: of how many equally frequent values it is as good as."""
    n = known.value_counts()["count"].cast(pl.Float64) / max(len(known), 1)
    return -log2(max(float((n**2).sum()), 1e-12))


def _like_names(known: pl.Series) -> float:
    """Bits that a column tells if it may hold names: a few words of letters; else 0."""
    if len(known) < 2:
        return 0.0
    words = known.str.count_matches(" ") + 1
    letters = known.str.contains(r"^[\p{L}\p{M} ]+$") & known.str.contains(r"[\p{L}\p{M}]{2}") & (words <= _WORDS)
    if float(letters.mean() or 0) < _MOST:  # type: ignore[arg-type]
        return 0.0
    bits = _bits(known)
    return bits if bits >= _TELLS * log2(len(known)) else 0.0


def _mostly_filled(series: pl.Series) -> bool:
    return series.null_count() < _SEVERAL * len(series)


def _several_words(known: pl.Series) -> bool:
    return float(known.str.contains(" ", literal=True).mean() or 0) > _SEVERAL  # type: ignore[arg-type]


def _names(one: pl.DataFrame, meanings: Meanings, here: Sequence[str]) -> None:
    """Where no heading says who somebody is, the columns that most look like names are names."""
    held = {meanings[c] for c in here}
    full = [c for c in here if meanings[c] == "full_name"]
    if not held & {"given_name", "surname"} and len(full) == 2:
        if not any(_several_words(_sample(one[c])) for c in full):  # two columns of one word each
            _in_order(one, meanings, here, full)
        return
    if held & {"given_name", "full_name"}:
        return
    told = {c: _like_names(_sample(one[c])) for c in here if meanings[c] is None and _mostly_filled(one[c])}
    best = sorted((c for c, bits in told.items() if bits > 0), key=lambda c: -told[c])
    if not best:
        return
    if "surname" in held:
        meanings[best[0]] = "given_name"
        return
    second = [c for c in best[1:] if told[c] >= _NEARLY_AS_MUCH * told[best[0]] and not _several_words(_sample(one[c]))]
    if not _several_words(_sample(one[best[0]])) and second:
        _in_order(one, meanings, here, sorted((best[0], second[0]), key=list(here).index))
    else:
        meanings[best[0]] = "full_name"


def _in_order(one: pl.DataFrame, meanings: Meanings, here: Sequence[str], two: Sequence[str]) -> None:
    """Of two columns of names, the one that people share who share much else is the family's; else the second."""
    others = {c: _bits(_sample(one[c])) for c in here if c not in two and meanings[c] not in _BIRTH}
    given, family = two
    if others:
        most = max(others, key=lambda c: others[c])
        kinds = [one.select(pl.struct(most, c).n_unique()).item() for c in two]
        if kinds[0] < 0.97 * kinds[1]:
            given, family = family, given
    meanings[given], meanings[family] = "given_name", "surname"


def _births(one: pl.DataFrame, meanings: Meanings, here: Sequence[str]) -> None:
    """Where no heading says when somebody was born, dates spread over a life are days of birth."""
    if {meanings[c] for c in here} & _BIRTH:
        return
    spread: dict[str, float] = {}
    for c in (c for c in here if meanings[c] is None):
        known = _sample(one[c])
        if looks_like_date(known) >= _MOST:
            years = as_date(known).str.head(4).cast(pl.Int64, strict=False).drop_nulls()
            spread[c] = float(years.quantile(0.9) or 0) - float(years.quantile(0.1) or 0) if len(years) else _A_LIFE
    if spread and spread[widest := max(spread, key=lambda c: spread[c])] >= _A_LIFE:
        meanings[widest] = "birth_date"


def _aligned(values: pl.DataFrame, lists: Sequence[pl.DataFrame], meanings: Meanings) -> tuple[pl.DataFrame, Meanings]:
    """Columns that each only one of two lists has and that are one: of one meaning, or with the same values in them."""
    kept = dict(meanings)
    filled = {c: tuple(one[c].null_count() < one.height for one in lists) for c in kept}
    left, right = ([c for c in kept if filled[c] == only] for only in ((True, False), (False, True)))

    def join(first: str, second: str) -> None:
        nonlocal values
        kept[first] = kept[first] or kept[second]
        values = values.with_columns(pl.coalesce(first, second).alias(first))
        kept.pop(second)
        left.remove(first)
        right.remove(second)

    for first in list(left):
        second = next((c for c in right if kept[first] and kept[c] == kept[first]), None)
        if second is not None and not _parted(first, left, right, kept):
            join(first, second)
    values = _whole_addresses(values, left, right, kept)
    alike = sorted(
        (
            (share, first, second)
            for first in left
            for second in right
            if kept[first] is None or kept[second] is None
            if (share := _in_common(lists[0][first], lists[1][second])) >= _COMMON
        ),
        reverse=True,
    )
    for _, first, second in alike:
        if first in left and second in right:
            join(first, second)
    return values, kept


def _parted(first: str, left: Sequence[str], right: Sequence[str], kept: Meanings) -> bool:
    """Whether a list has in several columns what the other has in one: a whole address."""
    if kept[first] != "address":
        return False
    return (sum(kept[c] in _PLACE for c in left) > 1) != (sum(kept[c] in _PLACE for c in right) > 1)


def _whole_addresses(values: pl.DataFrame, left: list[str], right: list[str], kept: Meanings) -> pl.DataFrame:
    """The parts of an address that one list has are put together if the other has a whole address."""
    for parts, wholes in ((left, right), (right, left)):
        some = [c for c in parts if kept[c] in _PLACE]
        whole = [c for c in wholes if kept[c] == "address"]
        if len(some) < 2 or len(whole) != 1 or sum(kept[c] in _PLACE for c in wholes) > 1:
            continue
        text = pl.concat_str([pl.col(c).cast(pl.String) for c in some], separator=" ", ignore_nulls=True)
        values = values.with_columns(pl.coalesce(pl.col(whole[0]).cast(pl.String), pl.when(text != "").then(text)))
        for c in some:
            kept.pop(c)
            parts.remove(c)
        wholes.remove(whole[0])
        break
    return values


def _in_common(one: pl.Series, two: pl.Series) -> float:
    """Share of the values of the lesser column that the other has too; of short numbers that says nothing."""
    first, second = (_sample(s).unique() for s in (one, two))
    if float(first.str.contains(r"^[\d ]+$").mean() or 0) >= _MOST and float(first.str.len_chars().mean() or 0) < _LONG:  # type: ignore[arg-type]
        return 0.0
    few, many = (first, second) if len(first) <= len(second) else (second, first)
    return float(few.is_in(many.implode()).mean() or 0) if len(few) else 0.0  # type: ignore[arg-type]
