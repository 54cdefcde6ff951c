"""Judgements into the database: each one a transaction of its own, with its line in the access log.

Belongs here: appending, taking back, what contradicts what. Not here: what is judged (:mod:`.pairs`).

Rows are never changed or deleted. To take a judgement back is a further row: the word of before once more, or, where
there was none, one that has ended before any month there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.period import Period
from pipeline.publish.book import Book, held_alone
from pipeline.tables import MATCH_JUDGEMENTS
from pipeline.verdicts import PAIR, newest_words, verdicts

WORDS: Final = ("same", "different", "unsure")
ENDED: Final = date(1900, 1, 1)
"""Last day of a judgement that was taken back."""
_LONGEST: Final = 500


@dataclass(frozen=True)
class ReviewBook(Book):
    """The judgements in an open database."""

    def words(self) -> pl.DataFrame:
        """All that has been said, oldest first."""
        return MATCH_JUDGEMENTS.conform(self.ask(f'select * from audit.{MATCH_JUDGEMENTS.name} order by "at"'))


@dataclass(frozen=True)
class Word:
    """What somebody says of a pair."""

    key: tuple[str, str, str]
    judgement: str
    reason: str = ""
    valid_until: date | None = None


@contextmanager
def review_book(out: Path) -> Iterator[ReviewBook]:
    """The judgements, held alone for writing.

    Raises:
        StorageError: somebody else holds the database.
    """
    with held_alone(out) as connection:
        yield ReviewBook(connection)


def say_words(book: ReviewBook, words: Sequence[Word], person: str, purpose: str) -> None:
    """Append judgements of a person in one transaction, with a line each in the access log."""
    if not words:
        return
    last = book.ask(f'select max("at") as at from audit.{MATCH_JUDGEMENTS.name}')["at"][0]
    now = datetime.now(UTC).replace(tzinfo=None)
    if last is not None:  # the clock may have been set back: what is said later counts
        now = max(now, last + timedelta(microseconds=1))
    rows = [
        {
            **dict(zip(PAIR, w.key, strict=True)), "at": now + timedelta(microseconds=k), "judgement": w.judgement,
            "by": person, "reason": w.reason[:_LONGEST], "valid_until": w.valid_until,
        }
        for k, w in enumerate(words)
    ]  # fmt: skip
    with book.transaction():
        book.add(MATCH_JUDGEMENTS, pl.DataFrame(rows, schema=MATCH_JUDGEMENTS.schema))
        for w in words:
            book.log("judge", "/".join(w.key), f"{person}: {w.judgement}; {purpose}")


def take_back(book: ReviewBook, word: Word, person: str) -> None:
    """What the person said of the pair before this word counts again."""
    earlier = book.words().filter(
        *(pl.col(c).fill_null("person") == v for c, v in zip(PAIR, word.key, strict=True)),
        pl.col("by").str.strip_chars().str.to_lowercase() == person.strip().lower(),
    )
    before = earlier.head(-1).tail(1).to_dicts()
    if before:
        said = Word(word.key, before[0]["judgement"], before[0]["reason"] or "", before[0]["valid_until"])
    else:
        said = Word(word.key, "unsure", "taken back", ENDED)
    say_words(book, [said], person, "taken back")


def who(person: str | None) -> str:
    """The name of who judges.

    Raises:
        InputError: none is given.
    """
    name = " ".join((person or "").split())
    if not name:
        raise InputError(Problem("--as", "nobody is named", "the name of who judges", "add --as NAME"))
    return name


def contradiction(book: ReviewBook, word: Word, day: Period) -> str:
    """What others say of the pair, where it is not the same; empty where nobody contradicts.

    Returns:
        ``name: judgement, name: judgement``.
    """
    words = book.words()
    mine = pl.lit(True)
    for column, value in zip(PAIR, word.key, strict=True):
        mine = mine & (pl.col(column) == value)
    newest = newest_words(words, day.last_day).filter(mine)
    verdict = verdicts(words, day.last_day).filter(mine)["judgement"].to_list()
    if newest["judgement"].n_unique() < 2 or verdict != ["unsure"]:
        return ""
    return ", ".join(f"{by}: {said}" for by, said in newest.select("by", "judgement").iter_rows())
