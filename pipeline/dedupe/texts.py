"""How alike two texts are: names, places, anything of words.

Belongs here: levels of pairs of distinct texts. Not here: dates and numbers (:mod:`.numbers`), whole records
(:mod:`.levels`). The words first, as codes; only what they leave open is looked at as strings, which cost most.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from pipeline.dedupe.card import DIFFERS, MOST, NEAR, ORDER, PART, SLIP, SOUND, TOKEN
from pipeline.dedupe.values import Codes, Flags, Levels, Values

_NEAR: Final = 0.87
_MATCHED: Final = 3 * (_NEAR - 0.4) / 0.6 - 1 - 1e-6
"""Of two texts nearly alike, the least sum of the shares of letters that match, beginning with the same four."""
_FARTHEST: Final = 3
_MOSTLY: Final = 0.6
"""Of two texts, the share of what the lesser says that both have in common."""
_SHORT: Final = 4
_LONG: Final = 8


def text_levels(values: Values, x: Codes, y: Codes) -> Levels:
    """Levels of different texts."""
    level = text_by_words(values, x, y)
    text_by_letters(values, x, y, level)
    return level


def shared_words(values: Values, x: Codes, y: Codes) -> Iterator[tuple[Codes, Flags]]:
    """Each word of the left texts, place by place, and whether the right text has it; -1 is no word and never shared.

    Column against column: a comparison of whole columns is several times faster than one along short rows.
    """
    left, right = (np.ascontiguousarray(values.words[r].T) for r in (x, y))
    for word in left:
        hit = word == right[0]
        for other in right[1:]:
            hit |= word == other
        hit &= word >= 0
        yield word, hit


def text_by_words(values: Values, x: Codes, y: Codes) -> Levels:
    """Levels of different texts as far as their words say."""
    level = np.full(len(x), DIFFERS, dtype=np.uint8)
    matched, said = np.zeros(len(x), dtype=np.int32), np.zeros(len(x), dtype=np.float32)
    for word, hit in shared_words(values, x, y):
        matched += hit
        said += np.where(hit, values.told[word], 0)
    level[matched > 0] = TOKEN
    level[values.sounds[x] == values.sounds[y]] = SOUND
    most = (matched > 0) & (said >= _MOSTLY * np.minimum(values.tells[x], values.tells[y]))
    level[most] = MOST
    fewer = np.minimum(values.count[x], values.count[y])
    part = (matched >= fewer) & (values.count[x] != values.count[y])
    part |= (values.first[x] == values.first[y]) & (np.minimum(values.size[x], values.size[y]) == 1)
    level[part] = PART
    if values.initials is not None:
        initialled(values, x, y, level)
    if values.folded is not None:
        short = values.folded[x] == values.folded[y]
        level[short] = np.minimum(level[short], NEAR)
    level[(values.bag[x] == values.bag[y]) | (values.joined[x] == values.joined[y])] = ORDER
    return level


def by_initials(values: Values, x: Codes, y: Codes) -> tuple[npt.NDArray[np.int32], Flags, Flags]:
    """Words of two texts of which one is the initial of the other.

    Returns:
        position in the vocabulary of each word of the left texts so matched, -1 where none is; whether nothing of the
        lesser text is left; whether initials contradict what is left of the other text.
    """
    assert values.initials is not None  # noqa: S101 - the caller has looked
    first, single, _ = values.initials
    left, right = values.words[x], values.words[y]
    there = left >= 0, right >= 0
    same = (left[:, :, None] == right[:, None, :]) & there[0][:, :, None] & there[1][:, None, :]
    open_left, open_right = there[0] & ~same.any(axis=2), there[1] & ~same.any(axis=1)
    either = single[left][:, :, None] | single[right][:, None, :]
    alike = either & (first[left][:, :, None] == first[right][:, None, :])
    alike &= open_left[:, :, None] & open_right[:, None, :]
    found = alike.any(axis=2)
    matched = np.where(found, left, -1).astype(np.int32)
    rest_left, rest_right = open_left & ~found, open_right & ~alike.any(axis=1)
    whole = (same & ~single[left][:, :, None]).any(axis=(1, 2)) & (~rest_left.any(axis=1) | ~rest_right.any(axis=1))
    contrary = (single[left] & rest_left).any(axis=1) & rest_right.any(axis=1)
    contrary |= (single[right] & rest_right).any(axis=1) & rest_left.any(axis=1)
    return matched, whole, contrary


def initialled(values: Values, x: Codes, y: Codes, level: Levels) -> None:
    """Names of which one has initials where the other has names, and those whose initials contradict it."""
    assert values.initials is not None  # noqa: S101 - the caller has looked
    has = values.initials[2]
    at = np.flatnonzero((level > PART) & (level != SOUND) & (has[x] | has[y]) & ((level == MOST) | (level == TOKEN)))
    if not len(at):
        return
    matched, whole, contrary = by_initials(values, x[at], y[at])
    level[at[contrary & (level[at] == MOST)]] = TOKEN
    level[at[whole & (matched >= 0).any(axis=1)]] = PART


def maybe_alike(values: Values, x: Codes, y: Codes) -> Flags:
    """Whether the letters two values have allow that they are nearly one."""
    left_size, right_size = values.size[x], values.size[y]
    small, large = np.minimum(left_size, right_size), np.maximum(left_size, right_size)
    left, right = values.letters[x], values.letters[y]
    common = left & right
    both, either = np.bitwise_count(common), np.bitwise_count(left | right)
    got: Flags = (small >= 2) & (2 * small >= large) & (both * 2 >= either.astype(np.int16) - 1)
    # letters that only one has can be neither matched nor left as they are: bounds on distance and likeness
    lonely_left, lonely_right = (np.bitwise_count(m ^ common).astype(np.int32) for m in (left, right))
    few = (np.maximum(lonely_left, lonely_right) <= _FARTHEST) & (large - small <= _FARTHEST)
    most = np.minimum(left_size - lonely_left, right_size - lonely_right)
    got &= few | (most * (left_size + right_size) >= _MATCHED * (left_size * right_size))
    return got


def text_by_letters(values: Values, x: Codes, y: Codes, level: Levels) -> None:
    """Slips, likeness and beginnings, which need strings: levels better than those of the words."""
    worth = np.flatnonzero(level > SLIP)
    worth = worth[maybe_alike(values, x[worth], y[worth])]
    if len(worth):
        small = np.minimum(values.size[x[worth]], values.size[y[worth]])
        texts = values.texts(x[worth]), values.texts(y[worth])
        distance = cpdist(*texts, scorer=OSA.distance, score_cutoff=_FARTHEST, dtype=np.uint8)
        slip = (distance == 1) & (small >= _SHORT - 1) | (distance == 2) & (small >= _LONG + 1)
        near = (distance <= 2) & (small >= 6) | (distance <= 3) & (small >= 12)
        del texts
        # the dearer likeness only where nothing better is known
        open_ = np.flatnonzero(~near & ~slip & (level[worth] > NEAR))
        at = worth[open_]
        near[open_] = _like(values.texts(x[at]), values.texts(y[at]))
        open_ = open_[~near[open_]]
        at = worth[open_]
        several = (values.count[x[at]] > 1) & (values.count[y[at]] > 1)
        open_, at = open_[several], at[several]
        near[open_] = _like(values.in_order[x[at]].tolist(), values.in_order[y[at]].tolist())
        at = worth[near]
        level[at] = np.minimum(level[at], NEAR)
        at = worth[slip]
        level[at] = np.minimum(level[at], SLIP)
    rest = np.flatnonzero(level > PART)
    level[rest[begins(values, x[rest], y[rest])]] = PART


def _like(left: list[str], right: list[str]) -> Flags:
    """Texts that are alike from the beginning on."""
    got: Flags = (
        cpdist(left, right, scorer=JaroWinkler.similarity, score_cutoff=_NEAR, dtype=np.float32) >= _NEAR
        if left
        else np.zeros(0, np.bool_)
    )
    return got


def begins(values: Values, x: Codes, y: Codes) -> Flags:
    """One is the initial or the beginning of the other."""
    small = np.minimum(values.size[x], values.size[y])
    first = values.first
    same = first[x] == first[y]
    got: Flags = same & (small == 1)
    fewer = (values.letters[x] & ~values.letters[y] == 0) | (values.letters[y] & ~values.letters[x] == 0)
    worth = np.flatnonzero(same & fewer & (small >= 3) & (values.size[x] != values.size[y]))
    if len(worth):
        longer = values.size[x[worth]] > values.size[y[worth]]
        long_ = values.texts(np.where(longer, x[worth], y[worth]))
        short = values.texts(np.where(longer, y[worth], x[worth]))
        got[worth] = [one.startswith(two) for one, two in zip(long_, short, strict=True)]
    return got


def same_text(given: Values, family: Values, one: Codes, two: Codes) -> Flags:
    """Whether a given name and a surname are one word, but for a slip."""
    pairs, back = np.unique(one.astype(np.int64) << 32 | two.astype(np.int64) & 0xFFFFFFFF, return_inverse=True)
    x, y = (pairs >> 32).astype(np.int32), pairs.astype(np.int32)
    apart = np.abs(given.size[x] - family.size[y])
    worth = np.flatnonzero(
        (np.bitwise_count(given.letters[x] ^ family.letters[y]) <= 4) & (apart <= 1) & (given.size[x] > 0)
    )
    same = np.zeros(len(x), dtype=np.bool_)
    if len(worth):
        texts = given.texts(x[worth]), family.texts(y[worth])
        distance = cpdist(*texts, scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
        same[worth] = (distance == 0) | (distance == 1) & (given.size[x[worth]] >= _SHORT)
    got: Flags = same[back.reshape(-1)]
    return got
