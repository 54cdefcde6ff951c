"""Answers as people write them: a label, a code, or a few words in the cell.

Belongs here: from words to the code of an outcome, and from a case number as copied by hand to the number itself.
Nothing is guessed: words that fit two answers, or turn one round, are refused with what was seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from pipeline.cases.field_rules import FieldRules

_LIKE = 85.0
"""How alike (0-100) a label and what was written must be where only the spelling differs."""
_SLIPS = 2
"""Slips of the pen that a case number may have, if then only one case is near."""


@dataclass(frozen=True)
class Understood:
    """What was made of an answer: a code, or what is wrong with it (a name of ``refusals.yaml``); and the codes that it
    may mean where it says several things."""

    code: str | None
    problem: str | None = None
    meanings: tuple[str, ...] = ()


def plain(text: str) -> str:
    """Lower case, letters and digits only, single blanks."""
    return re.sub(r"[^\w]+|_+", " ", text.lower()).strip()


class Wording:
    """Reads answers by the phrases of ``rules/field.yaml``."""

    def __init__(self, rules: FieldRules) -> None:
        self._labels: dict[str, str] = {}
        phrases: dict[str, str] = {}
        for code, outcome in rules.outcomes.items():
            for label in (code, outcome.text.id, outcome.text.en):
                self._labels.setdefault(plain(label), code)
            for phrase in (*outcome.phrases, outcome.text.id, outcome.text.en):
                phrases.setdefault(plain(phrase), code)
        self._phrases = sorted(phrases.items(), key=lambda p: (-len(p[0]), p[0]))
        self._negations = "|".join(map(re.escape, rules.negations))
        self.read = lru_cache(maxsize=100_000)(self._read)

    def _read(self, text: str) -> Understood:
        """The outcome that a cell means."""
        words = plain(text)
        if (code := self._labels.get(words)) is not None:
            return Understood(code)
        found, turned = self._in(words)
        if turned:
            return Understood(None, "turned")
        if len(found) > 1:
            return Understood(None, "several", tuple(found))
        if found:
            return Understood(found[0])
        near = process.extractOne(words, list(self._labels), scorer=fuzz.ratio, score_cutoff=_LIKE)
        if near is not None:
            return Understood(self._labels[near[0]])
        return Understood(None, "no_answer")

    def goes_on(self, text: str) -> bool:
        """Whether a text is the beginning of a label that means something else."""
        begun, means = plain(text), self.read(text).code
        return any(label.startswith(begun) and code != means for label, code in self._labels.items())

    def _in(self, words: str) -> tuple[list[str], bool]:
        """Codes whose phrases stand in the words, the longest first and each word used once; whether one is negated."""
        rest, found, turned = f" {words} ", [], False
        for phrase, code in self._phrases:
            pattern = rf"(?<= ){re.escape(phrase)}(?= )"
            if not re.search(pattern, rest):
                continue
            turned |= re.search(rf" (?:{self._negations}) (?:\w+ )?{re.escape(phrase)} ", rest) is not None
            rest = re.sub(pattern, "#", rest)
            found.append(code)
        return list(dict.fromkeys(found)), turned


@dataclass
class CaseNumbers:
    """Finds a case by its number as written: case, blanks and signs do not matter, nor O for 0 and I or L for 1."""

    known: Sequence[str]
    _by_key: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._by_key = {_key(c): c for c in self.known}

    def find(self, written: str) -> tuple[str | None, str]:
        """The case number, or None and the one that is nearest (empty where none is)."""
        key = _key(written)
        if key in self._by_key:
            return self._by_key[key], ""
        near = process.extract(key, list(self._by_key), scorer=OSA.distance, score_cutoff=_SLIPS, limit=2)
        return None, self._by_key[near[0][0]] if len(near) == 1 else ""


def _key(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text.upper()).translate(str.maketrans("OIL", "011"))
