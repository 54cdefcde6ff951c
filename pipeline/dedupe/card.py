"""``rules/dedupe.yaml``: what the headings of any list of people mean, and how its columns are compared.

Belongs here: the shape of that file. Not here: what the numbers do (:mod:`.model`, :mod:`.passes`).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from pipeline.rulebook import Card, read_yaml

Share = Literal["own", "family", "place"]
"""Whether members of one family differ in a column, share it, or share it because they live in one place."""
Comparison = Literal["text", "date", "code", "number", "key"]


class Shares(Card):
    """Shares of pairs that show a level: rows of one person, two strangers."""

    m: float = Field(gt=0, lt=1)
    u: float = Field(gt=0, lt=1)


class TextLevels(Card):
    """Two texts: equal; the same words in another order or joined; a slip or two; one a part or an initial of the
    other; most of what they say in common; alike; the two names of a person exchanged; of one sound; with a word in
    common; different."""

    equal: Shares
    order: Shares
    slip: Shares
    part: Shares
    most: Shares
    near: Shares
    swapped: Shares
    sound: Shares
    token: Shares
    differs: Shares


class DateLevels(Card):
    """Two dates: equal; day and month exchanged; a slip; two of three parts equal; two slips; year only; different."""

    equal: Shares
    swapped: Shares
    slip: Shares
    parts: Shares
    slips: Shares
    year: Shares
    differs: Shares


class CodeLevels(Card):
    """Two numbers or codes: equal; a slip; two slips; one a part of the other; different."""

    equal: Shares
    slip: Shares
    slips: Shares
    part: Shares
    differs: Shares


class KeyLevels(Card):
    """A column that is nearly a running number: equal or not."""

    equal: Shares
    differs: Shares


class Comparisons(Card):
    """Starting shares of each kind of comparison."""

    text: TextLevels
    date: DateLevels
    code: CodeLevels
    number: CodeLevels
    key: KeyLevels


LEVELS: Final[dict[Comparison, tuple[str, ...]]] = {
    "text": ("", *TextLevels.model_fields),
    "date": ("", *DateLevels.model_fields),
    "code": ("", *CodeLevels.model_fields),
    "number": ("", *CodeLevels.model_fields),
    "key": ("", *KeyLevels.model_fields),
}
"""Names of the levels of each kind; 0 says nothing."""

EQUAL: Final = 1
"""The level of equal values, whatever their kind."""
(ORDER, SLIP, PART, MOST, NEAR, SWAPPED, SOUND, TOKEN, DIFFERS) = range(2, 11)
D_SWAPPED, D_SLIP, D_PARTS, D_SLIPS, D_YEAR, D_DIFFERS = range(2, 8)
C_SLIP, C_SLIPS, C_PART, C_DIFFERS = range(2, 6)


NAMES: Final = ("given_name", "middle_name", "surname", "second_surname")
"""Meanings of the parts of a name."""
PARTS: Final = ("birth_year", "birth_month", "birth_day")
"""Meanings of the parts of a day of birth."""
OF_NO_MEANING: Final = "text"
"""The meaning of a column that neither its heading nor its contents explain."""


class Meaning(Card):
    """What a heading can mean."""

    compare: Comparison
    share: Share
    headings: tuple[str, ...]


class Cut(Card):
    """What is a match."""

    possible: float = Field(gt=0, lt=1)
    least: float = Field(gt=0, lt=1)
    false_links: float = Field(gt=0, lt=1)


class DedupeCard(Card):
    """The whole file."""

    since: date
    note: str
    cut: Cut
    prior_pairs: float = Field(gt=0)
    rounds: int = Field(ge=1)
    all_pairs_rows: int = Field(ge=2)
    block_rows: int = Field(ge=2)
    window: int = Field(ge=1)
    partners: float = Field(gt=0)
    missing: tuple[str, ...]
    comparisons: Comparisons
    unnamed_differs: float = Field(gt=0, lt=1)
    relatives: TextLevels
    namesakes: dict[str, Annotated[float, Field(gt=0, lt=1)]]
    lasting: dict[str, Annotated[float, Field(gt=0, lt=1)]]
    meanings: dict[str, Meaning]
    other: tuple[str, ...]
    short_forms: dict[str, tuple[str, ...]]
    sexes: tuple[tuple[str, ...], tuple[str, ...]]
    abbreviations: dict[str, str]


def read_card(rules: Path) -> DedupeCard:
    """The card in force; :class:`~pipeline.errors.RulesError` names the line of a mistake."""
    return read_yaml(rules / "dedupe.yaml", DedupeCard)
