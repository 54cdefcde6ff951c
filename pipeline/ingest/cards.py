"""Source cards: how each kind of file looks, read from ``rules/sources/*.yaml``.

Belongs here: the models of the cards and the look-up from a heading as written to a column. Not here: finding the
header in a sheet (:mod:`.recognise`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from pipeline.errors import Problem, RulesError
from pipeline.ingest.headings import HeadingIndex, HeadingWords
from pipeline.rulebook import Card, read_yaml, rules_hash

KINDS: Final = (
    "registry", "recipients", "payments", "transactions", "deaths", "employment",
    "companions", "tksk", "ppks", "proposals", "outcomes",
)  # fmt: skip
JOINED: Final = {
    "ttl": ("birth_place", "birth_date"),
    "rt_rw": ("rt", "rw"),
    "sex_male": ("sex",),
    "sex_female": ("sex",),
}
"""Columns that hold several: they satisfy what their parts satisfy."""
IGNORED: Final = ""
NUMBERING: Final = "#"
_WORDS_RANK: Final = 1000
_FUZZY_RANK: Final = 2000
NEAREST_RANK: Final = 3000
"""From here on a heading was read by some of its words only, and its cells must agree."""
_BASE_RANK: Final = 100
_LONGEST_HEADING: Final = 120
_MOST_REMEMBERED: Final = 100_000

Matched = tuple[str, int]
"""A column (or :data:`IGNORED`, :data:`NUMBERING`) and its rank: the lower, the better the heading says it."""


def _unquoted_no(value: Any) -> Any:
    """YAML reads the commonest heading of all, ``NO``, as false: take it as what was meant."""
    return "NO" if value is False else value


Heading = Annotated[str, BeforeValidator(_unquoted_no)]


class ByContent(Card):
    """Headings whose meaning shows in the cells below: column → pattern most cells must match."""

    headings: list[Heading]
    patterns: dict[str, str]
    above_card: bool = False
    """Whether the cells count for more than what a kind's own card says of the heading."""


class ColumnsCard(Card):
    """``_columns.yaml``: headings common to all kinds."""

    columns: dict[str, list[Heading]]
    number_columns: list[Heading]
    qualifiers: list[Heading] = Field(default_factory=list)
    ignored: list[Heading]
    words: dict[str, list[Heading]] = Field(default_factory=dict)
    fillers: list[Heading] = Field(default_factory=list)
    somebody_else: list[Heading] = Field(default_factory=list)
    looks: dict[str, str] = Field(default_factory=dict)
    by_content: list[ByContent] = Field(default_factory=list)


class HeaderRules(Card):
    """Where and how a header is looked for."""

    search_rows: int


class LayoutRules(Card):
    """``_layout.yaml``: what tells the rows around a list from the rows of the list."""

    header: HeaderRules
    totals: list[str]
    signatures: list[str]
    offices: list[str]
    notes: list[str]
    sections: list[str]
    end_marks: list[str]
    summary_words: list[str]
    not_filled_down: list[str]


class SourceCard(Card):
    """One kind of source: what it must have, how its columns are headed, what tells it from other kinds."""

    kind: Literal[
        "registry", "recipients", "payments", "transactions", "deaths", "employment",
        "companions", "tksk", "ppks", "proposals", "outcomes",
    ]  # fmt: skip
    says: str
    table: Literal["mentions", "transactions", "outcomes"]
    program: bool = False
    program_by_column: dict[str, str] = Field(default_factory=dict)
    must_have: list[list[str]]
    headings: dict[str, list[Heading]] = Field(default_factory=dict)
    ignored: list[Heading] = Field(default_factory=list)
    telling: dict[str, float] = Field(default_factory=dict)
    telling_headings: dict[str, float] = Field(default_factory=dict)
    words: dict[str, float] = Field(default_factory=dict)
    from_title: dict[str, list[str]] = Field(default_factory=dict)


class OtherPrograms(Card):
    """``_programs.yaml``: programs that lists name and no rules assess, code → its names."""

    without_rules: dict[str, list[str]]


class Aliases(Card):
    """What ingest reads of a program's file; the rest belongs to :mod:`pipeline.target`."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    code: str
    aliases: list[str] = Field(default_factory=list)


@lru_cache(100_000)
def heading_key(text: str) -> str:
    """A heading without what varies in writing: ``No. KK`` and ``no_kk`` are both ``NOKK``."""
    return re.sub(r"[^A-Z0-9]", "", text.upper())


@lru_cache(100_000)
def words_of(text: str) -> str:
    """A text as words in upper case with a blank at both ends, to look for whole words in."""
    return " " + re.sub(r"[^A-Z0-9]+", " ", text.upper()).strip() + " "


def _bare(heading: str) -> str:
    """A heading without what stands in brackets or after an asterisk."""
    return re.sub(r"\([^)]*\)|\[[^]]*\]|\*.*$", " ", heading)


def _later(found: Matched | None, rank: int) -> Matched | None:
    return None if found is None else (found[0], found[1] + rank)


@dataclass(frozen=True)
class Cards:
    """All cards of a rules folder, ready for look-ups."""

    columns: ColumnsCard
    layout: LayoutRules
    kinds: dict[str, SourceCard]
    programs: dict[str, str]
    """Alias as :func:`words_of` → code of a program that has rules."""
    named_programs: dict[str, str]
    """The same, with the programs that are only known by name."""
    _found: dict[tuple[str, tuple[str, ...]], Matched | None] = field(default_factory=dict, repr=False, compare=False)
    _looks: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, rules: Path) -> Cards:
        """Read ``sources/`` and the names in ``programs/``; :class:`RulesError` names what is wrong."""
        return _loaded(rules, rules_hash(rules))

    @classmethod
    def _read(cls, rules: Path) -> Cards:
        folder = rules / "sources"
        cards = [read_yaml(p, SourceCard) for p in sorted(folder.glob("[!_]*.yaml"))]
        programs: dict[str, str] = {}
        for path in sorted((rules / "programs").glob("*.yaml")):
            program = read_yaml(path, Aliases)
            programs |= {words_of(alias): program.code for alias in [program.code, *program.aliases]}
        others = read_yaml(folder / "_programs.yaml", OtherPrograms).without_rules
        named = {words_of(alias): code for code, aliases in others.items() for alias in [code, *aliases]}
        loaded = cls(
            read_yaml(folder / "_columns.yaml", ColumnsCard),
            read_yaml(folder / "_layout.yaml", LayoutRules),
            {card.kind: card for card in sorted(cards, key=lambda c: KINDS.index(c.kind))},
            programs,
            named | programs,
        )
        loaded._refuse_double_headings(folder)
        return loaded

    @cached_property
    def _tables(self) -> dict[str, dict[str, Matched]]:
        """For each kind: heading key → column and rank, the card's own headings before the common ones."""
        return {kind: self._table(card) for kind, card in self.kinds.items()}

    def _table(self, card: SourceCard) -> dict[str, Matched]:
        table: dict[str, Matched] = {}
        for column, headings in card.headings.items():
            for rank, heading in enumerate([column, *headings]):
                table.setdefault(heading_key(heading), (column, rank))
        for heading in card.ignored:
            table.setdefault(heading_key(heading), (IGNORED, 0))
        for column, headings in self.columns.columns.items():
            for rank, heading in enumerate([column, *headings]):
                table.setdefault(heading_key(heading), (column, _BASE_RANK + rank))
        for heading in self.columns.number_columns:
            table.setdefault(heading_key(heading), (NUMBERING, 0))
        for heading in self.columns.ignored:
            table.setdefault(heading_key(heading), (IGNORED, 0))
        return table

    @cached_property
    def known(self) -> frozenset[str]:
        """Keys of all headings that any card knows."""
        return frozenset(key for table in self._tables.values() for key in table)

    @cached_property
    def column_names(self) -> frozenset[str]:
        """Names of all columns that a heading can stand for."""
        own = (name for card in self.kinds.values() for name in card.headings)
        return frozenset([*self.columns.columns, *JOINED, *own])

    def is_own(self, card: SourceCard, heading: str) -> bool:
        """Whether the card itself, not the common list, says what a heading means."""
        matched = self._tables[card.kind].get(heading_key(heading))
        return matched is not None and matched[1] < _BASE_RANK and matched[0] in card.headings

    def match(self, card: SourceCard, spellings: tuple[str, ...]) -> Matched | None:
        """The column of a heading in a kind of source, given as one or more ways to read its cells, best first.

        As it is written down, else by its words, else with a slip or two, else by most of its words. None where no
        card knows it.
        """
        key = (card.kind, spellings)
        if key not in self._found:
            index = self._indexes[card.kind]
            looks = (
                (self._first(card, (heading_key(s), heading_key(_bare(s)))) for s in spellings),
                (_later(index.same_words(_bare(s)), _WORDS_RANK) for s in spellings),
                (self._first(card, self._without_qualifiers(s)) for s in spellings),
                (_later(index.main_words(_bare(s)), _WORDS_RANK) for s in spellings),
                (self._in_brackets(card, s) for s in spellings),
                (_later(index.misspelt(_bare(s)), _FUZZY_RANK) for s in spellings),
                (_later(index.nearest(_bare(s)), NEAREST_RANK) for s in spellings),
            )
            self._found[key] = next((found for look in looks for found in look if found is not None), None)
        return self._found[key]

    def near(self, card: SourceCard, spellings: tuple[str, ...]) -> set[str]:
        """Columns a heading could be but for a slip, where it could be several."""
        return {c for s in spellings for c in self._indexes[card.kind].near(_bare(s))} - {IGNORED, NUMBERING}

    @cached_property
    def _words(self) -> HeadingWords:
        columns = self.columns
        return HeadingWords(columns.words, columns.fillers, columns.qualifiers, columns.somebody_else)

    @cached_property
    def _indexes(self) -> dict[str, HeadingIndex]:
        return {kind: HeadingIndex(self._words, self._written(card)) for kind, card in self.kinds.items()}

    def same(self, heading: str, other: str) -> bool:
        """Whether two headings have the same words, however they are written."""
        if heading_key(heading) == heading_key(other):
            return True
        readings = self._words.readings(_bare(heading))
        return any(reading and reading in readings for reading in self._words.readings(_bare(other)))

    def _written(self, card: SourceCard) -> dict[str, Matched]:
        """Headings of a kind as written down, for their words; the card's own before the common ones."""
        known: dict[str, Matched] = {}
        for columns, base in ((card.headings, 0), (self.columns.columns, _BASE_RANK)):
            for column, headings in columns.items():
                for rank, heading in enumerate([column.replace("_", " ").upper(), *headings]):
                    known.setdefault(heading, (column, base + rank))
        aside = dict.fromkeys(self.columns.number_columns, (NUMBERING, 0))
        aside |= dict.fromkeys([*card.ignored, *self.columns.ignored], (IGNORED, 0))
        return {**aside, **known} | dict.fromkeys(card.ignored, (IGNORED, 0))

    def _first(self, card: SourceCard, keys: Iterable[str]) -> Matched | None:
        table = self._tables[card.kind]
        return next((table[key] for key in keys if key in table), None)

    def _without_qualifiers(self, heading: str) -> Iterable[str]:
        """Keys of a heading without the words that only qualify, the last ones taken off first."""
        tokens = words_of(_bare(heading)).split()
        while len(tokens) > 1 and tokens[-1] in self._qualifiers:
            tokens = tokens[:-1]
            yield "".join(tokens)
        yield "".join(t for t in tokens if t not in self._qualifiers)

    def _in_brackets(self, card: SourceCard, heading: str) -> Matched | None:
        """What a heading says in brackets where the rest says nothing: ``Identitas (NIK)``."""
        return self._first(card, map(heading_key, re.findall(r"\(([^)]*)\)", heading)))

    @cached_property
    def _by_content(self) -> dict[str, ByContent]:
        return {heading_key(h): rule for rule in self.columns.by_content for h in rule.headings}

    def by_content(self, spellings: Iterable[str]) -> list[ByContent]:
        """Rules for headings whose meaning shows in the cells below."""
        keys = map(heading_key, spellings)
        return [self._by_content[key] for key in keys if key in self._by_content]

    @cached_property
    def _qualifiers(self) -> frozenset[str]:
        return frozenset(self.columns.qualifiers)

    def looks_known(self, text: str) -> bool:
        """Whether any card knows a heading, as it stands, by its words or but for a slip."""
        if text not in self._looks:
            if len(self._looks) > _MOST_REMEMBERED:
                self._looks.clear()
            self._looks[text] = len(text) <= _LONGEST_HEADING and (
                any(
                    k in self.known
                    for k in (heading_key(text), heading_key(_bare(text)), *self._without_qualifiers(text))
                )
                or any(heading_key(inside) in self.known for inside in re.findall(r"\(([^)]*)\)", text))
                or (not re.search(r"\d{3}", text) and self._any_index.knows(_bare(text)))
            )
        return self._looks[text]

    @cached_property
    def _any_index(self) -> HeadingIndex:
        """The headings of all kinds, to tell whether a text is one, whatever it means."""
        known = {h: ("heading", 0) for card in self.kinds.values() for h in self._written(card)}
        return HeadingIndex(self._words, known)

    def _refuse_double_headings(self, folder: Path) -> None:
        """One heading with two meanings in one list would be read as the first, unseen."""
        lists = [("_columns.yaml", self.columns.columns)]
        lists += [(f"{kind}.yaml", card.headings) for kind, card in self.kinds.items()]
        problems = []
        for file, columns in lists:
            meanings: dict[str, set[str]] = defaultdict(set)
            for column, headings in columns.items():
                for heading in [column, *headings]:
                    meanings[heading_key(heading)].add(column)
            problems += [
                Problem(str(folder / file), f"heading {key} stands under {', '.join(sorted(found))}", todo="keep one")
                for key, found in sorted(meanings.items())
                if len(found) > 1
            ]
        if problems:
            raise RulesError(*problems)


@lru_cache(maxsize=4)  # what is worked out of the headings takes longer than to read a small list
def _loaded(rules: Path, _: str) -> Cards:
    return Cards._read(rules)
