"""One pair after the other: what a key does, whatever the screen looks like.

Belongs here: going forward and back, saving each judgement at once. Not here: keys and colours (:mod:`.screen`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.period import Period
from pipeline.review.keeping import Word, contradiction, review_book, say_words, take_back
from pipeline.review.pairs import Pair


@dataclass
class Session:
    """A review under way.

    Attributes:
        out: folder of the database; it is held only while a judgement is written.
        period: month reviewed.
        person: who judges.
        pairs: what is left to be judged, in order.
        at: position of the pair shown.
        reason: why, for the next judgement.
    """

    out: Path
    period: Period
    person: str
    pairs: list[Pair]
    at: int = 0
    reason: str = ""
    _done: list[tuple[int, Word | None]] = field(default_factory=list)

    @property
    def pair(self) -> Pair | None:
        """The pair to be judged; None at the end."""
        return self.pairs[self.at] if self.at < len(self.pairs) else None

    @property
    def counts(self) -> dict[str, int]:
        """How many pairs were judged how, and skipped."""
        said = Counter(word.judgement if word else "skipped" for _, word in self._done)
        return {k: said[k] for k in ("same", "different", "unsure", "skipped")}

    def judge(self, judgement: str) -> str:
        """Save a judgement of the pair shown and go on.

        Returns:
            who contradicts, ``name: judgement``; empty where nobody does.
        """
        pair = self.pairs[self.at]
        share = "" if pair.probability is None else f", p={pair.probability:.3f}"
        reason = self.reason or f"clerical review {self.period}{share}"
        word = Word(pair.key, judgement, reason)
        with review_book(self.out) as book:
            say_words(book, [word], self.person, f"clerical review {self.period}")
            against = contradiction(book, word, self.period)
        self._done.append((self.at, word))
        self.at, self.reason = self.at + 1, ""
        return against

    def skip(self) -> None:
        """Leave the pair open and go on."""
        self._done.append((self.at, None))
        self.at, self.reason = self.at + 1, ""

    def back(self) -> bool:
        """Take back the last judgement of this session, or the last skip; False where there is none."""
        if not self._done:
            return False
        self.at, word = self._done.pop()
        if word is not None:
            with review_book(self.out) as book:
                take_back(book, word, self.person)
        return True
