"""The values of a list as codes, with all that is needed to compare two of them.

Belongs here: records (rows that are equal in all that is compared), distinct values, their words, sounds and shares.
Not here: comparing (:mod:`.levels`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.dedupe.columns import Column, Declared

Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

WORDS: Final = 6
"""Words of a text that are compared; the rest counts with the text as a whole."""
_SOUND: Final = 5
_NOBODY: Final = 0.5
_FEW: Final = 30.0
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
    text: npt.NDArray[np.object_]

    @property
    def distinct(self) -> int:
        """Number of distinct values."""
        return len(self.text) - 1

    @cached_property
    def size(self) -> Codes:
        """Characters of each value."""
        return np.fromiter(map(len, self.text), np.int32, len(self.text))

    @cached_property
    def letters(self) -> npt.NDArray[np.uint64]:
        """Which letters a value has, one bit each (letters of one remainder share a bit)."""
        masks = (sum(1 << b for b in {ord(c) & 63 for c in t if c != " "}) for t in self.text)
        return np.fromiter(masks, np.uint64, len(self.text))

    @cached_property
    def first(self) -> Codes:
        """First character of each value."""
        return np.fromiter((ord(t[0]) if t else 0 for t in self.text), np.int32, len(self.text))

    @cached_property
    def digits(self) -> npt.NDArray[np.int8]:
        """Dates digit by digit, -1 where one is not known; shape (values, 8)."""
        texts = [t.ljust(8, "?")[:8] for t in self.text]
        raw = np.frombuffer("".join(texts).encode("ascii", "replace"), np.uint8).reshape(-1, 8).astype(np.int16) - 48
        return np.where((raw >= 0) & (raw <= 9), raw, -1).astype(np.int8)

    @cached_property
    def _split(self) -> list[list[str]]:
        return [t.split(" ")[:WORDS] if t else [] for t in self.text]

    @cached_property
    def vocabulary(self) -> list[str]:
        """Distinct words, sorted."""
        return sorted({w for words in self._split for w in words})

    @cached_property
    def words(self) -> Codes:
        """Words of each value by position in ``vocabulary``, -1 where there is none; shape (values, WORDS)."""
        at = {w: i for i, w in enumerate(self.vocabulary)}
        width = max(1, min(WORDS, max(map(len, self._split), default=1)))
        got = np.full((len(self.text), width), -1, dtype=np.int32)
        for i, words in enumerate(self._split):
            got[i, : len(words)] = [at[w] for w in words]
        return got

    @cached_property
    def count(self) -> Codes:
        """Number of words of each value."""
        got: Codes = (self.words >= 0).sum(axis=1).astype(np.int32)
        return got

    @cached_property
    def bag(self) -> Codes:
        """Code of the words in sorted order."""
        return _coded([" ".join(sorted(t.split(" "))) for t in self.text])

    @cached_property
    def joined(self) -> Codes:
        """Code of the value without blanks."""
        return _coded([t.replace(" ", "") for t in self.text])

    @cached_property
    def word_sound(self) -> Codes:
        """Code of the sound of each word of the vocabulary."""
        return _coded([sound(w) for w in self.vocabulary])

    @cached_property
    def sounds(self) -> Codes:
        """Code of the sound of the whole value, whatever the order of its words."""
        return _coded([" ".join(sorted(sound(w) for w in words)) for words in self._split])

    @cached_property
    def sorted_text(self) -> npt.NDArray[np.object_]:
        """Values with their words in sorted order."""
        return np.array([" ".join(sorted(t.split(" "))) for t in self.text], dtype=object)

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

    def word_shares(self, share: Floats) -> Floats:
        """Share of all known values that have each word; the last entry is 1 (no word)."""
        got = np.zeros(len(self.vocabulary) + 1)
        words = np.sort(self.words, axis=1)
        once = (words >= 0) & np.concatenate(
            [np.ones((len(words), 1), np.bool_), words[:, 1:] != words[:, :-1]], axis=1
        )
        at, _ = np.nonzero(once)
        np.add.at(got, words[once], share[at].astype(np.float64))
        got[-1] = 1.0
        return got.astype(np.float32)


def _coded(texts: list[str]) -> Codes:
    return np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)[1].astype(np.int32).reshape(-1)


@dataclass
class Records:
    """Rows that are equal in all that is compared, as one.

    Attributes:
        columns: values of each compared column.
        file: 1 or 2 for each record.
        rows: number of rows of each record.
        of_row: record of each row.
    """

    columns: list[Values]
    file: npt.NDArray[np.int8]
    rows: npt.NDArray[np.float64]
    of_row: Rows

    def __len__(self) -> int:
        return len(self.file)

    def find(self, *meanings: str) -> list[int]:
        """Positions of the columns of some meanings."""
        return [k for k, v in enumerate(self.columns) if v.column.meaning in meanings]


def build_records(declared: Declared, file_index: pl.Series) -> Records:
    """Distinct rows, in the order of their first row."""
    frame = declared.values.with_columns(file_index.alias("file"))
    grouped = (
        frame.with_row_index("row")
        .group_by([*declared.values.columns, "file"], maintain_order=True)
        .agg(pl.col("row"))
        .with_columns(pl.col("row").list.len().alias("n"))
        .with_row_index("record")
    )
    long = grouped.select("record", "row").explode("row").sort("row")
    values = [_values(c, grouped[f"v{i}"]) for i, c in enumerate(declared.columns)]
    return Records(
        values,
        grouped["file"].to_numpy().astype(np.int8),
        grouped["n"].to_numpy().astype(np.float64),
        long["record"].to_numpy().astype(np.int64),
    )


def _values(column: Column, series: pl.Series) -> Values:
    text = series.drop_nulls().unique().sort()
    code = (
        pl.DataFrame({"v": series})
        .join(
            pl.DataFrame({"v": text, "i": np.arange(len(text), dtype=np.int32)}),
            on="v",
            how="left",
            maintain_order="left",
        )["i"]
        .fill_null(-1)
    )
    return Values(column, code.to_numpy().astype(np.int32), np.array([*text.to_list(), ""], dtype=object))
