"""The values of a list as codes, with all that is needed to compare two of them.

Belongs here: records (rows that are equal in all that is compared), distinct values, their words, sounds and shares.
Not here: comparing (:mod:`.levels`). Everything is made for distinct values, in bulk, when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.dedupe.columns import Declared
from pipeline.dedupe.kinds import Column
from pipeline.dedupe.threads import several
from pipeline.resolve.blocking import mix

Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Packed = npt.NDArray[np.uint64]
Levels = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

WORDS: Final = 6
"""Words of a text that are compared; the rest counts with the text as a whole."""
PACKED: Final = 16
"""Characters of a number that is compared as one integer."""
_SOUND: Final = 5
_NOBODY: Final = 0.5
_TOGETHER_BITS: Final = 3.0
"""Bits by which the words of a name are more often together than by chance."""
_SOME_INITIALS: Final = 0.01
_NAMED: Final = frozenset({"given_name", "middle_name", "surname", "full_name", "relative_name"})
_FEW: Final = 30.0
_TOGETHER: Final = 10
_AT_ONCE: Final = 200_000
_VOWELS: Final = frozenset("AEIOUYHWАЕЁИОУЫЭЮЯЬЪΑΕΗΙΟΥΩاويهىة")
_LIKE: Final = {
    c: g[0]
    for g in ("BP", "CKQ", "DT", "FV", "GJ", "MN", "SZX", "БП", "ДТ", "ЗС", "ВФ", "ГК", "МН", "سصث", "تط", "دذضظ")
    for c in g
}


def sound(word: str) -> str:
    """How a word begins, and which sounds of consonants follow."""
    got, last = "", ""
    for at, letter in enumerate(word):
        kind = letter if letter.isdigit() else _LIKE.get(letter, letter)
        if (at == 0 or letter not in _VOWELS) and kind != last:
            got += kind
        last = kind if letter not in _VOWELS else ""
        if len(got) == _SOUND:
            break
    return got


def coded(texts: pl.Series) -> Codes:
    """Codes of texts in the order in which they first occur; equal texts have equal codes."""
    known = texts.unique(maintain_order=True)
    return positions(texts, known)


def positions(texts: pl.Series, known: pl.Series) -> Codes:
    """Position of each text in ``known`` (without repeats), -1 where it is not there."""
    left = pl.DataFrame({"v": texts})
    right = pl.DataFrame({"v": known, "i": pl.int_range(len(known), dtype=pl.Int32, eager=True)})
    got: Codes = left.join(right, on="v", how="left", maintain_order="left")["i"].fill_null(-1).to_numpy()
    return got


@dataclass
class Values:
    """One column over all records.

    Attributes:
        column: its declaration.
        code: position of each record's value in ``text``; -1 unknown.
        text: distinct values, sorted, and "" at the end.
    """

    column: Column
    code: Codes
    text: pl.Series

    @property
    def distinct(self) -> int:
        """Number of distinct values."""
        return len(self.text) - 1

    @cached_property
    def objects(self) -> npt.NDArray[np.object_]:
        """Distinct values as Python strings."""
        return np.array(self.text.to_list(), dtype=object)

    @cached_property
    def in_order(self) -> npt.NDArray[np.object_]:
        """Distinct values with their words in alphabetical order."""
        got = self.objects.copy()
        several = np.flatnonzero(self.count > 1)
        for start in range(0, len(several), _AT_ONCE):
            at = several[start : start + _AT_ONCE]
            got[at] = [" ".join(sorted(text.split(" "))) for text in got[at].tolist()]
        return got

    def texts(self, at: npt.NDArray[np.generic]) -> list[str]:
        """Some of the values as Python strings."""
        if self.column.compare != "text":
            return self.text.gather(at).to_list()
        got: list[str] = self.objects[at].tolist()
        return got

    @cached_property
    def size(self) -> Codes:
        """Characters of each value."""
        return self.text.str.len_chars().cast(pl.Int32).to_numpy()

    @cached_property
    def _marks(self) -> tuple[Packed, Codes]:
        masks, firsts = [], []
        for start in range(0, len(self.text), _AT_ONCE):
            piece = self.text.slice(start, _AT_ONCE)
            size = self.size[start : start + _AT_ONCE]
            points = np.frombuffer("".join(piece.to_list()).encode("utf-32-le", "surrogatepass"), np.uint32)
            bits = np.where(points == ord(" "), np.uint64(0), np.uint64(1) << (points & 63).astype(np.uint64))
            begins = np.concatenate([[0], np.cumsum(size)[:-1]]).astype(np.int64)
            mask, first = np.zeros(len(size), np.uint64), np.zeros(len(size), np.int32)
            full = size > 0
            if full.any():
                mask[full] = np.bitwise_or.reduceat(bits, begins[full])
                first[full] = points[begins[full]]
            masks.append(mask)
            firsts.append(first)
        return np.concatenate(masks), np.concatenate(firsts)

    @property
    def letters(self) -> Packed:
        """Which letters a value has, one bit each (letters of one remainder share a bit)."""
        return self._marks[0]

    @property
    def first(self) -> Codes:
        """First character of each value."""
        return self._marks[1]

    @cached_property
    def digits(self) -> npt.NDArray[np.int8]:
        """Dates digit by digit, -1 where one is not known; shape (values, 8)."""
        texts = [t.ljust(8, "?")[:8] for t in self.text.to_list()]
        raw = np.frombuffer("".join(texts).encode("ascii", "replace"), np.uint8).reshape(-1, 8).astype(np.int16) - 48
        return np.where((raw >= 0) & (raw <= 9), raw, -1).astype(np.int8)

    @cached_property
    def numerals(self) -> Codes:
        """Code of the digits in each value."""
        return coded(self.text.str.replace_all(r"\D", ""))

    @cached_property
    def numbers(self) -> npt.NDArray[np.float64]:
        """Values as numbers, NaN where they are none."""
        got: npt.NDArray[np.float64] = self.text.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
        return got

    @cached_property
    def dates(self) -> tuple[Packed, Packed]:
        """Dates of eight digits, four bits each, and which digits are known."""
        packed, known = (np.zeros(len(self.text), dtype=np.uint64) for _ in range(2))
        for p in range(8):
            digit = self.digits[:, p]
            packed = packed << np.uint64(4) | np.maximum(digit, 0).astype(np.uint64)
            known = known << np.uint64(4) | np.where(digit >= 0, 15, 0).astype(np.uint64)
        return packed, known

    @cached_property
    def packed(self) -> tuple[Packed, Flags, bool]:
        """Short values as one integer each, four bits a character, the first one highest.

        Returns:
            the integers; which values are short (the integers of the others say nothing); whether no two characters
            of the column have the same four bits, as in all that is written with digits.
        """
        plain = (self.size <= PACKED) & (self.text.str.len_bytes().cast(pl.Int32).to_numpy() == self.size)
        short = self.text.set(pl.Series(~plain), "")
        pieces = [short.slice(start, _AT_ONCE) for start in range(0, len(short), _AT_ONCE)]
        used = np.zeros(256, dtype=np.int64)
        for piece in pieces:
            used += np.bincount(_characters(piece), minlength=256)
        used[0] = 0
        four = np.zeros(256, dtype=np.uint8)
        order = np.argsort(-used, kind="stable")[: np.count_nonzero(used)]
        four[order] = np.arange(len(order)) % 16
        packed = []
        for piece in pieces:
            each = four[_characters(piece)].reshape(-1, 2)
            packed.append((each[:, 0] << np.uint8(4) | each[:, 1]).view(">u8").astype(np.uint64))
        return np.concatenate(packed), plain, len(order) <= 16

    @cached_property
    def _said(self) -> tuple[pl.Series, Codes]:
        split = pl.DataFrame({"w": self.text}).with_row_index("row").filter(pl.col("w") != "")
        split = (
            split.select("row", pl.col("w").str.split(" ").list.head(WORDS))
            .with_columns(pl.int_ranges(pl.col("w").list.len(), dtype=pl.Int8).alias("at"))
            .explode("w", "at")
        )
        vocabulary = split["w"].unique().sort()
        got = np.full((len(self.text), int(split["at"].max() or 0) + 1), -1, dtype=np.int32)  # type: ignore[arg-type]
        got[split["row"].to_numpy(), split["at"].to_numpy()] = positions(split["w"], vocabulary)
        return vocabulary, got

    @property
    def vocabulary(self) -> pl.Series:
        """Distinct words, sorted."""
        return self._said[0]

    @property
    def words(self) -> Codes:
        """Words of each value by position in ``vocabulary``, -1 where there is none; shape (values, WORDS)."""
        return self._said[1]

    @cached_property
    def initials(self) -> tuple[Codes, Flags, Flags] | None:
        """First letter of each word of the vocabulary, whether it is an initial, and which values have one.

        The last entries are of no word: no letter, no initial. None where too few names have initials.
        """
        if self.column.meaning not in _NAMED:
            return None
        size = self.vocabulary.str.len_chars().to_numpy()
        single = np.append((size == 1) & self.vocabulary.str.contains(r"^\p{Lu}$").to_numpy(), False)
        has = single[self.words].any(axis=1).reshape(-1)
        if has.mean() < _SOME_INITIALS:
            return None
        first = coded(self.vocabulary.str.head(1)).astype(np.int32)
        return np.append(first, np.int32(-1)), single, has

    @cached_property
    def folded(self) -> Codes | None:
        """Code of the words, whatever their order, each as the name it is short for; None where that changes none."""
        forms = self.column.forms
        if not forms:
            return None
        full = self.vocabulary.replace(dict(forms))
        if (full == self.vocabulary).all():
            return None
        return _in_any_order(np.append(coded(full), np.int32(-1))[self.words])

    @cached_property
    def count(self) -> Codes:
        """Number of words of each value."""
        got: Codes = (self.words >= 0).sum(axis=1).astype(np.int32)
        return got

    @cached_property
    def bag(self) -> Codes:
        """Code of the words, whatever their order."""
        if not self._blanks:
            return np.arange(len(self.text), dtype=np.int32)
        return _in_any_order(self.words, self.size)

    @cached_property
    def joined(self) -> Codes:
        """Code of the value without blanks."""
        if not self._blanks:
            return np.arange(len(self.text), dtype=np.int32)
        return coded(self.text.str.replace_all(" ", "", literal=True))

    @cached_property
    def _blanks(self) -> bool:
        return bool(self.text.str.contains(" ", literal=True).any())

    @cached_property
    def word_sound(self) -> Codes:
        """Code of the sound of each word of the vocabulary."""
        return coded(pl.Series([sound(w) for w in self.vocabulary.to_list()], dtype=pl.String))

    @cached_property
    def sounds(self) -> Codes:
        """Code of the sound of the whole value, whatever the order of its words."""
        of_word = np.append(self.word_sound, np.int32(-1))
        return _in_any_order(of_word[self.words])

    def shares(self, weight: npt.NDArray[np.float64], *, others: bool) -> Floats:
        """Share of all known values that each value has, records counted with a weight; the last entry is 0.

        With ``others`` the weights count persons, and the share is that of everybody but the one who has the value.
        """
        known = self.code >= 0
        counts = np.bincount(self.code[known], weights=weight[known], minlength=len(self.text))
        total = max(float(counts.sum()), 1e-9)
        if others:
            counts[:-1] = np.maximum(counts[:-1] - 1, _NOBODY)
            total = max(total - 1, _FEW)
        got: Floats = (counts / total).astype(np.float32)
        return got

    def of_rare_names(self, share: Floats) -> Floats:
        """Shares in which full names that nobody else has, as far as the list knows, are as rare as their words.

        A list of n rows cannot say that a name is rarer than one in n; that its words are rare together it can.
        """
        bits = -np.log2(np.maximum(self.word_shares(share), 2.0**-31))
        by_words = np.exp2(_TOGETHER_BITS - bits[self.words].sum(axis=1))
        alone = (share <= share[share > 0].min(initial=1.0)) & (self.count > 1)
        got: Floats = np.where(alone, np.maximum(np.minimum(share, by_words), 2.0**-31), share).astype(np.float32)
        return got

    def word_shares(self, share: Floats) -> Floats:
        """Share of all known values that have each word; the last entry is 1 (no word)."""
        got = np.zeros(len(self.vocabulary) + 1)
        words, weight = np.ascontiguousarray(self.words.T), share.astype(np.float64)
        for p, word in enumerate(words):
            once = word >= 0
            for before in words[:p]:
                once &= word != before
            got += np.bincount(word[once], weights=weight[once], minlength=len(got))
        got[-1] = 1.0
        return got.astype(np.float32)

    @cached_property
    def told(self) -> Floats:
        """Bits that each word tells, by the share of distinct values that have it; the last entry is 0 (no word)."""
        each = np.full(len(self.text), 1 / max(self.distinct, 1), dtype=np.float32)
        return -np.log2(np.maximum(self.word_shares(each), 2.0**-31)).astype(np.float32)

    @cached_property
    def tells(self) -> Floats:
        """Bits that all words of a value tell together."""
        got: Floats = self.told[self.words].sum(axis=1)
        return got

    def after_bits(self, share: Floats, bits: Floats, records: int) -> Floats:
        """Bits that each word of each value tells if the word before it is known; shape as ``words``.

        Words that go together (a town and its postcode, a double name) are said once.
        """
        got = bits[self.words]
        if self.words.shape[1] == 1:
            return got
        first, second = self.words[:, :-1], self.words[:, 1:]
        at, place = np.nonzero(second >= 0)
        key = first[at, place].astype(np.uint64) << np.uint64(32) | second[at, place].astype(np.uint64)
        _, back = np.unique(key, return_inverse=True)
        together = np.bincount(back.reshape(-1), weights=share[at].astype(np.float64))[back.reshape(-1)]
        of_first = np.exp2(-bits[first[at, place]].astype(np.float64))
        tied = np.minimum(-np.log2(np.minimum(together / of_first, 1.0)), got[at, place + 1])
        got[at, place + 1] = np.where(together * records >= _TOGETHER, tied, got[at, place + 1])
        return got


def _characters(texts: pl.Series) -> npt.NDArray[np.uint8]:
    """Characters of short texts, each text filled up with zeros."""
    return np.frombuffer("".join(texts.str.pad_end(PACKED, "\0").to_list()).encode("ascii"), np.uint8)


def _in_any_order(words: Codes, *more: Codes) -> Codes:
    """Codes of rows of words, the same whatever the order of the words."""
    ordered = np.sort(words, axis=1)
    key = mix(*(ordered[:, p] for p in range(ordered.shape[1])), *more)
    got: Codes = np.unique(key, return_inverse=True)[1].astype(np.int32).reshape(-1)
    return got


@dataclass
class Records:
    """Rows that are equal in all that is compared, as one.

    Attributes:
        columns: values of each compared column.
        file: 1 or 2 for each record.
        rows: number of rows of each record.
        of_row: record of each row.
        first: first row of each record, in order.
    """

    columns: list[Values]
    file: npt.NDArray[np.int8]
    rows: npt.NDArray[np.float64]
    of_row: Rows
    first: Rows

    def __len__(self) -> int:
        return len(self.file)

    def find(self, *meanings: str) -> list[int]:
        """Positions of the columns of some meanings."""
        return [k for k, v in enumerate(self.columns) if v.column.meaning in meanings]


def build_records(declared: Declared, file_index: pl.Series) -> Records:
    """Distinct rows, in the order of their first row. Each column is taken out of ``declared`` as it is coded."""
    waiting = {i: declared.values.drop_in_place(f"v{i}") for i in range(len(declared.columns))}

    def code_one(i: int) -> tuple[pl.Series, Codes]:
        series = waiting.pop(i)
        text = series.drop_nulls().unique().cast(pl.String).sort()
        return text, positions(series, text.cast(series.dtype))

    texts, codes = zip(*several(code_one, range(len(waiting))), strict=True)
    file = file_index.to_numpy().astype(np.int8)
    first, of_row, rows = _distinct(codes, file)
    values = [
        Values(column, code[first], pl.concat([text, pl.Series([""], dtype=pl.String)]))
        for column, code, text in zip(declared.columns, codes, texts, strict=True)
    ]
    return Records(values, file[first], rows.astype(np.float64), of_row, first)


def _distinct(codes: Sequence[Codes], file: npt.NDArray[np.int8]) -> tuple[Rows, Rows, Rows]:
    """First row of each distinct row in order, the record of each row, and how many rows a record has."""
    key = mix(*codes, file)
    _, first, back, rows = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    place = np.empty(len(first), dtype=np.int64)
    place[order] = np.arange(len(first))
    return first[order], place[back.reshape(-1)], rows[order]
