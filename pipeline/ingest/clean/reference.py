"""What cleaning knows of words, titles and places: the files under ``rules/reference/`` as typed objects.

Belongs here: the models of those files and :class:`Cleaner`, which holds them for a run. Not here: how a column is
cleaned (the modules beside this one, one a theme).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from pydantic import Field
from rapidfuzz import process
from rapidfuzz.distance import OSA

from pipeline.period import Period
from pipeline.regions import Gazetteer, PlaceRules, gazetteer_of
from pipeline.rulebook import Card, read_yaml

_LEAST_LETTERS: Final = 6  # of an answer in which a slip is forgiven


_UNKNOWN: Final = "unknown"
_TICKS: Final = str.maketrans(dict.fromkeys("√✓✔☑✅", "V"))


def fold(text: str) -> str:
    """Upper case with everything but letters and digits as one blank: ``Non-Aktif `` → ``NON AKTIF``."""
    return re.sub(r"[^\w]+|_+", " ", text.upper()).strip()


class Vocabulary(Card):
    """Ways to write the answers of one column: code → words (see ``words.yaml``)."""

    words: dict[str, list[str]] = Field(default_factory=dict)
    contains: dict[str, list[str]] = Field(default_factory=dict)
    unknown: list[str] = Field(default_factory=list)
    no: str | None = None
    """The code that a dash means in a list where nobody writes it in words."""
    short: dict[str, str] = Field(default_factory=dict)
    """Abbreviation → word; from the head of the file, the same for all columns."""

    @cached_property
    def _exact(self) -> dict[str, str | None]:
        exact: dict[str, str | None] = {fold(w): code for code, words in self.words.items() for w in words}
        return exact | {fold(w): None for w in self.unknown}

    def read(self, text: str) -> tuple[str | None, bool]:
        """The code of a cell, and whether the vocabulary knows the cell at all."""
        folded = fold(re.sub(r"^(\d+)\.0+$", r"\1", text.strip()).translate(_TICKS))
        folded = re.sub(r"\b([A-Z]{3,})2\b", r"\1 \1", folded)  # LAKI2: a word said twice
        whole = " ".join(self.short.get(word, word) for word in folded.split())
        for said in (folded, whole):
            if said in self._exact:
                return self._exact[said], True
            for code, words in self.contains.items():
                if any(f" {fold(word)} " in f" {said} " for word in words):
                    return (None if code == _UNKNOWN else code), True
        near = self._misspelt(whole)
        return (near, True) if near is not None else (None, not folded)

    def _misspelt(self, said: str) -> str | None:
        """The one code whose word this is but for a slip: MENINGAL, PEREMPUAM."""
        if len(said) < _LEAST_LETTERS:
            return None
        near = process.extract(said, list(self._exact), scorer=OSA.distance, score_cutoff=1, limit=None)
        codes = {self._exact[word] for word, _, _ in near}
        return codes.pop() if len(codes) == 1 else None


class Words(Card):
    """``words.yaml`` and ``employment.yaml``: column → vocabulary."""

    short: dict[str, list[str]] = Field(default_factory=dict)
    columns: dict[str, Vocabulary]


class Titles(Card):
    """``titles.yaml``: what stands in a name cell and is no part of the name."""

    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    death_marks: tuple[str, ...]
    alias_words: tuple[str, ...]
    placeholders: tuple[str, ...]
    placeholder_words: tuple[str, ...]

    @cached_property
    def placeholder_pattern(self) -> str:
        """Regex for a folded cell that says that there is nothing."""
        word = "|".join(self.placeholder_words)
        whole = "|".join(fold(p) for p in self.placeholders)
        return rf"^(?:{whole}|(?:{word})(?: (?:{word}))+|[\d ]*)$"

    def says_nothing(self, text: str) -> bool:
        """Whether a cell only says that there is nothing."""
        return re.match(self.placeholder_pattern, fold(text)) is not None


@dataclass(frozen=True)
class Cleaner:
    """Everything that cleaning a row needs beside the row. Built once a run; holds no state of the rows seen."""

    period: Period
    vocabularies: dict[str, Vocabulary]
    titles: Titles
    places: PlaceRules
    gazetteer: Gazetteer

    @classmethod
    def load(cls, rules: Path, period: Period) -> Cleaner:
        """Read ``rules/reference/*.yaml``.

        Raises:
            RulesError: a file that is missing or does not fit its model.
        """
        folder = rules / "reference"
        places = read_yaml(folder / "places.yaml", PlaceRules)
        words = read_yaml(folder / "words.yaml", Words)
        short = {form: word for word, forms in words.short.items() for form in forms}
        vocabularies = words.columns | read_yaml(folder / "employment.yaml", Words).columns
        return cls(
            period=period,
            vocabularies={c: v.model_copy(update={"short": short}) for c, v in vocabularies.items()},
            titles=read_yaml(folder / "titles.yaml", Titles),
            places=places,
            gazetteer=gazetteer_of(places),
        )
