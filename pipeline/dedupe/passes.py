"""Which pairs of records are compared at all.

Belongs here: the keys that a list's columns give, and the choice of passes by what they cost in this list. How a
pass becomes pairs, and how large blocks are split, is that of the monthly run (:mod:`pipeline.resolve.blocking`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.dedupe.card import DedupeCard
from pipeline.dedupe.values import Records, Rows, Values, coded, sound
from pipeline.resolve.blocking import Pairs, mix, pairs_of
from pipeline.resolve.settings import Blocking

_SAMPLE: Final = 100_000
_HOPELESS: Final = 40.0
Make = Callable[[], tuple[npt.NDArray[np.int64], Rows]]
_MOST_PASSES: Final = 60


@dataclass(frozen=True)
class Key:
    """Values that rows of one person are likely to share.

    Attributes:
        name: for the log.
        base: columns it is made of.
        code: one value a row of ``rows``; a record may have several.
        single: whether each record has one at most.
        partners: other records with the value, on average over all records; counted in a sample of a long list.
        sample: codes and rows of the records of that sample.
    """

    name: str
    base: frozenset[int]
    code: npt.NDArray[np.int64]
    rows: Rows
    single: bool
    partners: float
    sample: tuple[npt.NDArray[np.int64], Rows]


def _key(
    records: Records, name: str, base: frozenset[int], code: npt.NDArray[np.generic], rows: Rows, *, single: bool = True
) -> Key:
    share = min(1.0, _SAMPLE / max(len(records), 1))
    drawn = mix(rows) <= np.uint64(share * (2.0**64 - 2**11)) if share < 1 else slice(None)
    sample = code[drawn].astype(np.int64), rows[drawn]
    partners = _partners(sample[0]) / share / max(share * len(records), 1)
    return Key(name, base, code.astype(np.int64), rows, single, partners, sample)


def _partners(code: npt.NDArray[np.int64]) -> float:
    """Ordered pairs of equal codes."""
    ordered = np.sort(code)
    cuts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])) if len(code) else np.zeros(1)
    size = np.diff(cuts).astype(np.float64)
    return float((size * (size - 1)).sum())


def keys_of(records: Records) -> list[list[Key]]:
    """Keys by column, the widest first in each; those of names together stand last."""
    return [_of_column(records, k, v) for k, v in enumerate(records.columns)] + _of_names(records)


def _of_column(records: Records, k: int, values: Values) -> list[Key]:
    rows = np.flatnonzero(values.code >= 0)
    code = values.code[rows]
    name, base = values.column.name, frozenset({k})
    exact = _key(records, name, base, code, rows)
    kind = values.column.compare
    if kind == "text":
        sounds = _key(records, f"sound of {name}", base, values.sounds[code], rows)
        if values.words.shape[1] == 1:
            return [sounds, exact]
        at, place = np.nonzero(values.words[code] >= 0)
        word = values.word_sound[values.words[code[at], place]]
        words = _key(records, f"word of {name}", base, word, rows[at], single=False)
        return [words, sounds, exact]
    if kind == "date":
        digits = values.digits[code].astype(np.int64) + 1
        year, month, day = (
            (digits[:, s] * np.array([1, 11, 121, 1331])[: digits[:, s].shape[1]]).sum(axis=1)
            for s in (slice(0, 4), slice(4, 6), slice(6, 8))
        )
        low, high = np.minimum(month, day), np.maximum(month, day)
        known = (digits > 0).all(axis=1)
        made = [
            _key(records, f"{name}: year", base, year[digits[:, 3] > 0], rows[digits[:, 3] > 0]),
            _key(records, f"{name}: day and month", base, (low * 1000 + high)[known], rows[known]),
            _key(records, f"{name}: year and month", base, (year * 1000 + month)[known], rows[known]),
            _key(records, f"{name}: year and day", base, (year * 1000 + day)[known], rows[known]),
        ]
        return [*made, exact]
    if kind in ("code", "number") and values.size[:-1].max(initial=0) >= 6:
        text, half = pl.col("t"), pl.col("t").str.len_chars() // 2
        both = pl.DataFrame({"t": values.text}).select(
            text.str.head(half).alias("first"),
            pl.when(half > 0).then(text.str.tail(half)).otherwise(text).alias("last"),
        )
        halves = [coded(both[h])[code] for h in ("first", "last")]
        return [
            _key(records, f"first half of {name}", base, halves[0], rows),
            _key(records, f"second half of {name}", base, halves[1], rows),
            exact,
        ]
    return [exact]


def _of_names(records: Records) -> list[list[Key]]:
    """Sounds of given name and surname together, whichever stands first."""
    given, family = records.find("given_name"), records.find("surname")
    if not given or not family:
        return []
    one, two = records.columns[given[0]], records.columns[family[0]]
    sizes = [len(v.text) for v in (one, two)]
    said = coded(pl.Series([sound(t) for v in (one, two) for t in v.text.to_list()], dtype=pl.String))
    codes = [s.astype(np.int64)[v.code] for s, v in zip(np.split(said, [sizes[0]]), (one, two), strict=True)]
    rows = np.flatnonzero((one.code >= 0) & (two.code >= 0))
    low, high = np.minimum(*codes)[rows], np.maximum(*codes)[rows]
    return [[_key(records, "sound of both names", frozenset({given[0], family[0]}), low << 32 | high, rows)]]


def chosen(records: Records, card: DedupeCard) -> list[tuple[str, Make]]:
    """The passes: keys with few partners by themselves, the others two by two."""
    by_column = keys_of(records)
    passes: list[tuple[str, Make]] = []
    open_: list[list[Key]] = []
    for keys in by_column:
        cheap = [k for k in keys if k.partners <= card.partners]
        passes += [(k.name, partial(_itself, k)) for k in (cheap if len(keys) > 3 else cheap[:2])]
        dear = [k for k in keys if k.partners > card.partners]
        if dear:
            open_.append(dear)
    pairs = [p for left, right in combinations(open_, 2) if (p := _joined(records, left, right, card)) is not None]
    pairs.sort(key=lambda p: p[2])
    for one, two, _ in pairs[: _MOST_PASSES - len(passes)]:
        passes.append((f"{one.name} + {two.name}", partial(_together, records, one, two)))
    if not passes:
        finest = min((keys[-1] for keys in by_column if keys), key=lambda k: k.partners)
        passes = [(finest.name, partial(_itself, finest))]
    return passes


def _itself(key: Key) -> tuple[npt.NDArray[np.int64], Rows]:
    return key.code, key.rows


def _together(records: Records, one: Key, two: Key) -> tuple[npt.NDArray[np.int64], Rows]:
    return _both(records, (one.code, one.rows), (two.code, two.rows), two_single=two.single)


def _joined(records: Records, left: list[Key], right: list[Key], card: DedupeCard) -> tuple[Key, Key, float] | None:
    """The widest pair of keys of two columns that has few partners, and how many."""
    made = None
    n = max(len(records), 1)
    for one, two in sorted(
        ((a, b) for a in left for b in right if a.single or b.single), key=lambda p: -p[0].partners * p[1].partners
    ):
        if one.base & two.base or one.partners * two.partners / n > card.partners:
            continue
        share = min(1.0, _SAMPLE / n)
        code, _ = _both(records, one.sample, two.sample, two_single=two.single)
        partners = _partners(code) / share / max(share * n, 1)
        if partners <= card.partners:
            return one, two, partners
        if partners <= _HOPELESS * card.partners:
            made = one, two, partners
    return made


def _both(
    records: Records,
    one: tuple[npt.NDArray[np.int64], Rows],
    two: tuple[npt.NDArray[np.int64], Rows],
    *,
    two_single: bool,
) -> tuple[npt.NDArray[np.int64], Rows]:
    """Codes of two keys together, and the rows that have both."""
    if not two_single:
        one, two = two, one
    other = np.full(len(records), -1, dtype=np.int64)
    other[two[1]] = two[0]
    beside = other[one[1]]
    there = beside >= 0
    rows = one[1][there]
    return mix(one[0][there], beside[there]).view(np.int64), rows


def passes_of(records: Records, card: DedupeCard) -> Iterator[tuple[str, Callable[[], Pairs]]]:
    """Name and pairs of each pass; the pairs are made when they are asked for."""
    n = len(records)
    if n <= card.all_pairs_rows:
        yield "all pairs", lambda: _all_pairs(n)
        return
    settings = Blocking(block_rows=card.block_rows, window=card.window)
    splitters = splitters_of(records)
    for name, make in chosen(records, card):
        yield name, partial(_made, make, splitters, settings)


def _all_pairs(n: int) -> Pairs:
    a, b = np.triu_indices(n, 1)
    return a.astype(np.uint64) << np.uint64(32) | b.astype(np.uint64)


def _made(make: Make, splitters: list[npt.NDArray[np.generic]], settings: Blocking) -> Pairs:
    code, rows = make()
    return pairs_of(mix(code), rows, splitters, settings)


def splitters_of(records: Records) -> list[npt.NDArray[np.generic]]:
    """Further keys by which a block that is too large is split: the columns with most values."""
    order = sorted(range(len(records.columns)), key=lambda k: -records.columns[k].distinct)
    return [records.columns[k].code for k in order[:4]]
