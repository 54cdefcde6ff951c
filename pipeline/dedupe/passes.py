"""Which pairs of records are compared at all.

Belongs here: the keys that a list's columns give, and the choice of passes by what they cost in this list. How a
pass becomes pairs, and how large blocks are split, is that of the monthly run (:mod:`pipeline.resolve.blocking`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.dedupe.card import DedupeCard
from pipeline.dedupe.values import Records, Rows, Values, sound
from pipeline.resolve.blocking import Pairs, distinct, mix, pairs_of
from pipeline.resolve.settings import Blocking

_MERGE_AT: Final = 40_000_000
_HOPELESS: Final = 40.0
_MOST_PASSES: Final = 60


@dataclass(frozen=True)
class Key:
    """Values that rows of one person are likely to share.

    Attributes:
        name: for the log.
        base: columns it is made of.
        code: one value a row of ``rows``; a record may have several.
        single: whether each record has one at most.
        partners: other records with the value, on average over all records.
    """

    name: str
    base: frozenset[int]
    code: npt.NDArray[np.int64]
    rows: Rows
    single: bool
    partners: float


def _key(
    records: Records, name: str, base: frozenset[int], code: npt.NDArray[np.generic], rows: Rows, *, single: bool = True
) -> Key:
    size = np.unique(code, return_counts=True)[1].astype(np.float64)
    return Key(name, base, code.astype(np.int64), rows, single, float((size * (size - 1)).sum() / max(len(records), 1)))


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
        first = np.array([t[: len(t) // 2] for t in values.text]).astype(str)
        last = np.array([t[-(len(t) // 2) :] if len(t) > 1 else t for t in values.text]).astype(str)
        halves = [np.unique(h, return_inverse=True)[1].reshape(-1)[code] for h in (first, last)]
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
    texts = sorted({sound(t) for v in (one, two) for t in v.text})
    at = {t: i for i, t in enumerate(texts)}
    codes = [np.array([at[sound(t)] for t in v.text], np.int64)[v.code] for v in (one, two)]
    rows = np.flatnonzero((one.code >= 0) & (two.code >= 0))
    low, high = np.minimum(*codes)[rows], np.maximum(*codes)[rows]
    return [[_key(records, "sound of both names", frozenset({given[0], family[0]}), low << 32 | high, rows)]]


def chosen(records: Records, card: DedupeCard) -> list[Key]:
    """The passes: keys with few partners by themselves, the others two by two."""
    by_column = keys_of(records)
    passes: list[Key] = []
    open_: list[list[Key]] = []
    for keys in by_column:
        cheap = [k for k in keys if k.partners <= card.partners]
        passes += cheap if len(keys) > 3 else cheap[:2]
        dear = [k for k in keys if k.partners > card.partners]
        if dear:
            open_.append(dear)
    pairs: list[Key] = []
    for left, right in combinations(open_, 2):
        if (best := _joined(records, left, right, card)) is not None:
            pairs.append(best)
    pairs.sort(key=lambda k: k.partners)
    passes += pairs[: _MOST_PASSES - len(passes)]
    if not passes:
        finest = min((keys[-1] for keys in by_column if keys), key=lambda k: k.partners)
        passes = [finest]
    return passes


def _joined(records: Records, left: list[Key], right: list[Key], card: DedupeCard) -> Key | None:
    """The widest pair of keys of two columns that has few partners."""
    made = None
    n = max(len(records), 1)
    for one, two in sorted(
        ((a, b) for a in left for b in right if a.single or b.single), key=lambda p: -p[0].partners * p[1].partners
    ):
        if one.base & two.base or one.partners * two.partners / n > card.partners:
            continue
        key = _both(records, one, two)
        if key.partners <= card.partners:
            return key
        if key.partners <= _HOPELESS * card.partners:
            made = key
    return made


def _both(records: Records, one: Key, two: Key) -> Key:
    if not two.single:
        one, two = two, one
    other = np.full(len(records), -1, dtype=np.int64)
    other[two.rows] = two.code
    there = other[one.rows] >= 0
    rows = one.rows[there]
    code = mix(one.code[there], other[rows]).view(np.int64)
    return _key(records, f"{one.name} + {two.name}", one.base | two.base, code, rows, single=one.single)


def candidate_pairs(records: Records, card: DedupeCard) -> tuple[Pairs, dict[str, int]]:
    """All pairs of all passes once, sorted, and how many each pass found."""
    n = len(records)
    if n <= card.all_pairs_rows:
        a, b = np.triu_indices(n, 1)
        return a.astype(np.uint64) << np.uint64(32) | b.astype(np.uint64), {"all pairs": len(a)}
    settings = Blocking(block_rows=card.block_rows, window=card.window)
    splitters = splitters_of(records)
    found: list[Pairs] = []
    counts: dict[str, int] = {}
    for key in chosen(records, card):
        pairs = pairs_of(mix(key.code), key.rows, splitters, settings)
        counts[key.name] = len(pairs)
        found.append(pairs)
        if sum(map(len, found)) > _MERGE_AT:
            found = [distinct(np.concatenate(found))]
    return distinct(np.concatenate(found)) if found else np.zeros(0, np.uint64), counts


def splitters_of(records: Records) -> list[npt.NDArray[np.generic]]:
    """Further keys by which a block that is too large is split: the columns with most values."""
    order = sorted(range(len(records.columns)), key=lambda k: -records.columns[k].distinct)
    return [records.columns[k].code for k in order[:4]]
