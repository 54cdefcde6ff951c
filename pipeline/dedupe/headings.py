"""What a heading means.

Belongs here: from a heading to a meaning of the card. Not here: columns without one that says it (:mod:`.contents`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pipeline.dedupe.card import NAMES, DedupeCard
from pipeline.dedupe.reading import plain

_ALL_OF_IT: Final = 2
_NAMES_OF_ANY: Final = frozenset({*NAMES, "full_name"})
_RELATIVE: Final = "relative_name"
_UNSPACED: Final = r"[\u0E00-\u0E7F\u1100-\u11FF\u3040-\u30FF\u3400-\u9FFF]"
"""Scripts that are written without blanks: Thai, Hangul, Kana, Chinese characters."""


class Headings:
    """Meanings by heading: all of it, or the longest phrase in it, its words in any order, abbreviated or not."""

    def __init__(self, card: DedupeCard) -> None:
        self._whole: dict[str, str | None] = {}
        self._phrases: list[tuple[str, frozenset[str], str | None]] = []
        self._unspaced: list[tuple[str, str | None]] = []
        self._short = {plain(k): plain(v) for k, v in card.abbreviations.items()}
        said: list[tuple[str | None, Sequence[str]]] = [(m, (m, *of.headings)) for m, of in card.meanings.items()]
        for meaning, phrases in [*said, (None, card.other)]:
            for phrase in phrases:
                text = plain(phrase)
                self._whole.setdefault(text, meaning)
                if phrase.startswith("=") or len(phrase) < _ALL_OF_IT:
                    continue
                if re.search(_UNSPACED, text):
                    self._unspaced.append((text, meaning))
                elif len(text) > _ALL_OF_IT:
                    self._phrases.append((text, frozenset(text.split(" ")), meaning))
        self._phrases.sort(key=lambda p: -len(p[0]))
        self._unspaced.sort(key=lambda p: -len(p[0]))

    def meaning(self, heading: str) -> str | None:
        """What a heading means, None where nobody knows."""
        text = plain(heading)
        if not text:
            return None
        spelt = " ".join(self._short.get(w, w) for w in text.split(" "))
        for whole in (text, spelt):
            if whole in self._whole:
                return self._whole[whole]
        words = frozenset(text.split(" ")) | frozenset(spelt.split(" "))
        found = [m for phrase, of, m in self._phrases if of <= words]
        found += [m for phrase, m in self._unspaced if phrase in text]
        if not found:
            return None
        if found[0] != _RELATIVE and _RELATIVE in found and found[0] != "family_number":
            # a mother's date of birth is nobody's here
            return _RELATIVE if found[0] in _NAMES_OF_ANY else None
        return found[0]

    def known(self, heading: str) -> bool:
        """Whether a heading has a meaning."""
        return self.meaning(heading) is not None
