"""Which pairs of records are compared at all.

Belongs here: the keys that a list's columns give, and the choice of passes by what they cost in this list. How a
pass becomes pairs, and how large blocks are split, is that of the monthly run (:mod:`pipeline.resolve.blocking`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import log10
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.dedupe.card import DedupeCard
from pipeline.dedupe.threads import several
from pipeline.dedupe.values import Records, Rows, Values, coded, sound
from pipeline.resolve.blocking import Pairs, mix, pairs_of
from pipeline.resolve.settings import Blocking

_SAMPLE: Final = 100_000
_AT_ONCE: Final = 2_000_000
_HOPELESS: Final = 40.0
Keyed = tuple[npt.NDArray[np.int64], Rows]
Make = Callable[[Rows | None], Keyed]
_MOST_PASSES: Final = 60
_ENOUGH: Final = 8
"""Passes beside which none is needed that brings too many partners."""


@dataclass(frozen=True)
class Key:
    """Values that rows of one person are likely to share.

    Attributes:
        name: for the log.
        base: columns it is made of.
        make: codes and the rows that have them (a record may have several), of all records or of some; made anew each
            time, since all of them together would need more memory than the list.
        single: whether each record has one at most.
        partners: other records with the value, on average over all records; counted in a sample of a long list.
        sample: codes of the records of that sample, and their positions in it.
    """

    name: str
    base: frozenset[int]
    make: Make
    single: bool
    partners: float
    sample: Keyed


class _Drawn:
    """A sample of the records of a long list: their share and their rows, None for all."""

    def __init__(self, records: Records) -> None:
        self.share = min(1.0, _SAMPLE / max(len(records), 1))
        self.rows: Rows | None = None
        if self.share < 1:
            self.rows = np.flatnonzero(mix(np.arange(len(records))) <= np.uint64(self.share * (2.0**64 - 2**11)))
        self.size = len(records) if self.rows is None else len(self.rows)
        self.records = max(self.share * len(records), 1)

    def key(self, name: str, base: frozenset[int], make: Make, *, single: bool = True) -> Key:
        """A key, and how many partners it brings."""
        code, rows = make(self.rows)
        at = rows if self.rows is None else np.searchsorted(self.rows, rows)
        return Key(name, base, make, single, self.partners(code), (code, at))

    def partners(self, code: npt.NDArray[np.int64]) -> float:
        """Partners of a record, from the codes of the sample."""
        return _partners(code) / self.share / self.records


def _by_value(values: Values, key: npt.NDArray[np.generic]) -> Make:
    """Records by a key of their value, -1 where it has none; shape (values,) or (values, several)."""

    def make(some: Rows | None) -> Keyed:
        rows = np.flatnonzero(values.code >= 0) if some is None else some[values.code[some] >= 0]
        code = key[values.code[rows]].astype(np.int64)
        if code.ndim == 1:
            return code[code >= 0], rows[code >= 0]
        at, place = np.nonzero(code >= 0)
        return code[at, place], rows[at]

    return make


def _partners(code: npt.NDArray[np.int64]) -> float:
    """Ordered pairs of equal codes."""
    ordered = np.sort(code)
    cuts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])) if len(code) else np.zeros(1)
    size = np.diff(cuts).astype(np.float64)
    return float((size * (size - 1)).sum())


def keys_of(records: Records, drawn: _Drawn) -> list[list[Key]]:
    """Keys by column, the widest first in each; those of names together stand last."""
    columns = several(lambda k: _of_column(drawn, k, records.columns[k]), range(len(records.columns)))
    return columns + _of_names(drawn, records)


def _of_column(drawn: _Drawn, k: int, values: Values) -> list[Key]:
    name, base = values.column.name, frozenset({k})

    def key(what: str, of_value: npt.NDArray[np.generic], *, single: bool = True) -> Key:
        return drawn.key(what, base, _by_value(values, of_value), single=single)

    exact = key(name, np.arange(len(values.text), dtype=np.int32))
    kind = values.column.compare
    if kind == "text":
        sounds = key(f"sound of {name}", values.sounds)
        if values.words.shape[1] == 1:
            return [sounds, exact]
        of_word = np.append(values.word_sound, np.int32(-1))
        return [key(f"word of {name}", of_word[values.words], single=False), sounds, exact]
    if kind == "date":
        return [*(key(f"{name}: {what}", of_value) for what, of_value in _parts_of_dates(values)), exact]
    if kind in ("code", "number") and values.size[:-1].max(initial=0) >= 6:
        text, half = pl.col("t"), pl.col("t").str.len_chars() // 2
        both = pl.DataFrame({"t": values.text}).select(
            text.str.head(half).alias("first"),
            pl.when(half > 0).then(text.str.tail(half)).otherwise(text).alias("last"),
        )
        return [
            key(f"first half of {name}", coded(both["first"])),
            key(f"second half of {name}", coded(both["last"])),
            exact,
        ]
    return [exact]


def _parts_of_dates(values: Values) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """Parts of each date, -1 where they are not known."""
    digits = values.digits.astype(np.int64) + 1
    year, month, day = (
        (digits[:, s] * np.array([1, 11, 121, 1331])[: digits[:, s].shape[1]]).sum(axis=1)
        for s in (slice(0, 4), slice(4, 6), slice(6, 8))
    )
    if ((digits[:, 2] > 0) & (digits[:, 1] == 0)).any():  # some years of two digits: all are taken without the century
        year = digits[:, 2] * 11 + digits[:, 3]
    low, high = np.minimum(month, day), np.maximum(month, day)
    day_known = (digits[:, 4:] > 0).all(axis=1)
    known = day_known & (digits[:, 2:4] > 0).all(axis=1)
    return [
        ("year", np.where(digits[:, 3] > 0, year, -1)),
        ("day and month", np.where(day_known, low * 1000 + high, -1)),
        ("year and month", np.where(known, year * 1000 + month, -1)),
        ("year and day", np.where(known, year * 1000 + day, -1)),
    ]


def _of_names(drawn: _Drawn, records: Records) -> list[list[Key]]:
    """Sounds of given name and surname together, whichever stands first."""
    given, family = records.find("given_name"), records.find("surname")
    if not given or not family:
        return []
    one, two = records.columns[given[0]], records.columns[family[0]]
    sizes = [len(v.text) for v in (one, two)]
    said = coded(pl.Series([sound(t) for v in (one, two) for t in v.text.to_list()], dtype=pl.String))
    of_one, of_two = np.split(said.astype(np.int64), [sizes[0]])

    def make(some: Rows | None) -> Keyed:
        rows = np.arange(len(records)) if some is None else some
        rows = rows[(one.code[rows] >= 0) & (two.code[rows] >= 0)]
        x, y = of_one[one.code[rows]], of_two[two.code[rows]]
        return np.minimum(x, y) << 32 | np.maximum(x, y), rows

    return [[drawn.key("sound of both names", frozenset({given[0], family[0]}), make)]]


def chosen(records: Records, card: DedupeCard) -> list[tuple[str, Callable[[], Keyed]]]:
    """The passes: keys with few partners by themselves, the others two by two.

    The more strangers there are, the more must two records share to be told from them: of a long list two keys may
    bring fewer partners.
    """
    drawn = _Drawn(records)
    by_column = keys_of(records, drawn)
    passes: list[tuple[str, Callable[[], Keyed]]] = []
    open_: list[list[Key]] = []
    for keys in by_column:
        cheap = [k for k in keys if k.partners <= card.partners]
        passes += [(k.name, partial(k.make, None)) for k in (cheap if len(keys) > 3 else cheap[:2])]
        dear = [k for k in keys if k.partners > card.partners]
        if dear:
            open_.append(dear)
    most = card.partners / (1 + max(log10(len(records) / _SAMPLE), 0) / 2)
    pairs = [
        p
        for left, right in combinations(open_, 2)
        if (p := _joined(drawn, left, right, len(records), most)) is not None
    ]
    pairs.sort(key=lambda p: p[2])
    good = len(passes) + sum(p[2] <= most for p in pairs)
    for one, two, _ in pairs[: min(max(good, _ENOUGH), _MOST_PASSES) - len(passes)]:
        passes.append((f"{one.name} + {two.name}", partial(_together, records, one, two)))
    if not passes:
        finest = min((keys[-1] for keys in by_column if keys), key=lambda k: k.partners)
        passes = [(finest.name, partial(finest.make, None))]
    return passes


def _together(records: Records, one: Key, two: Key) -> Keyed:
    return _both(len(records), one.make(None), two.make(None), two_single=two.single)


def _joined(drawn: _Drawn, left: list[Key], right: list[Key], n: int, most: float) -> tuple[Key, Key, float] | None:
    """The widest pair of keys of two columns that has few partners, and how many."""
    made = None
    for one, two in sorted(
        ((a, b) for a in left for b in right if a.single or b.single), key=lambda p: -p[0].partners * p[1].partners
    ):
        if one.base & two.base or one.partners * two.partners / n > most:
            continue
        partners = drawn.partners(_both(drawn.size, one.sample, two.sample, two_single=two.single)[0])
        if partners <= most:
            return one, two, partners
        if partners <= _HOPELESS * most:
            made = one, two, partners
    return made


def _both(size: int, one: Keyed, two: Keyed, *, two_single: bool) -> Keyed:
    """Codes of two keys together, and the rows that have both."""
    if not two_single:
        one, two = two, one
    other = np.full(size, -1, dtype=np.int64)
    other[two[1]] = two[0]
    beside = other[one[1]]
    there = beside >= 0
    rows = one[1][there]
    return mix(one[0][there], beside[there]).view(np.int64), rows


def passes_of(records: Records, card: DedupeCard) -> Iterator[tuple[str, Callable[[], Iterator[Pairs]]]]:
    """Name and pairs of each pass; the pairs are made when they are asked for, those of a long list in several parts.

    A pair is once in each part, and in several parts where its records have several keys in common.
    """
    n = len(records)
    if n <= card.all_pairs_rows:
        yield "all pairs", lambda: iter([_all_pairs(n)])
        return
    settings = Blocking(block_rows=card.block_rows, window=card.window)
    splitters = splitters_of(records)
    for name, make in chosen(records, card):
        yield name, partial(_made, make, splitters, settings)


def _all_pairs(n: int) -> Pairs:
    a, b = np.triu_indices(n, 1)
    return a.astype(np.uint64) << np.uint64(32) | b.astype(np.uint64)


def _made(make: Callable[[], Keyed], splitters: list[npt.NDArray[np.generic]], settings: Blocking) -> Iterator[Pairs]:
    code, rows = make()
    key = mix(code)
    parts = len(key) // _AT_ONCE + 1
    if parts == 1:
        yield pairs_of(key, rows, splitters, settings)
        return
    part = (key % np.uint64(parts)).astype(np.int32)
    for p in range(parts):
        here = part == p
        yield pairs_of(key[here], rows[here], splitters, settings)


def splitters_of(records: Records) -> list[npt.NDArray[np.generic]]:
    """Further keys by which a block that is too large is split: the columns with most values."""
    order = sorted(range(len(records.columns)), key=lambda k: -records.columns[k].distinct)
    return [records.columns[k].code for k in order[:4]]
