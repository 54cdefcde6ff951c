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
from rapidfuzz import fuzz, process

from pipeline.errors import Problem, RulesError
from pipeline.rulebook import Card, read_yaml

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
_FUZZY_RANK: Final = 1000
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


class ColumnsCard(Card):
    """``_columns.yaml``: headings common to all kinds."""

    columns: dict[str, list[Heading]]
    number_columns: list[Heading]
    qualifiers: list[Heading] = Field(default_factory=list)
    ignored: list[Heading]
    by_content: list[ByContent] = Field(default_factory=list)


class HeaderRules(Card):
    """Where and how a header is looked for."""

    search_rows: int
    fuzzy_cut: float
    fuzzy_length: int


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
    must_have: list[list[str]]
    headings: dict[str, list[Heading]] = Field(default_factory=dict)
    ignored: list[Heading] = Field(default_factory=list)
    telling: dict[str, float] = Field(default_factory=dict)
    telling_headings: dict[str, float] = Field(default_factory=dict)
    words: dict[str, float] = Field(default_factory=dict)
    from_title: dict[str, list[str]] = Field(default_factory=dict)


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


@dataclass(frozen=True)
class Cards:
    """All cards of a rules folder, ready for look-ups."""

    columns: ColumnsCard
    layout: LayoutRules
    kinds: dict[str, SourceCard]
    programs: dict[str, str]
    """Alias as :func:`words_of` → program code."""
    _found: dict[tuple[str, tuple[str, ...]], Matched | None] = field(default_factory=dict, repr=False, compare=False)
    _looks: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, rules: Path) -> Cards:
        """Read ``sources/`` and the names in ``programs/``; :class:`RulesError` names what is wrong."""
        folder = rules / "sources"
        cards = [read_yaml(p, SourceCard) for p in sorted(folder.glob("[!_]*.yaml"))]
        programs: dict[str, str] = {}
        for path in sorted((rules / "programs").glob("*.yaml")):
            program = read_yaml(path, Aliases)
            programs |= {words_of(alias): program.code for alias in [program.code, *program.aliases]}
        loaded = cls(
            read_yaml(folder / "_columns.yaml", ColumnsCard),
            read_yaml(folder / "_layout.yaml", LayoutRules),
            {card.kind: card for card in sorted(cards, key=lambda c: KINDS.index(c.kind))},
            programs,
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

        None where no card knows it.
        """
        key = (card.kind, spellings)
        if key not in self._found:
            exact = (self._exact(card, s) for s in spellings)
            near = (self._fuzzy(card, s) for s in spellings)
            self._found[key] = next(filter(None, exact), None) or next(filter(None, near), None)
        return self._found[key]

    def _exact(self, card: SourceCard, heading: str) -> Matched | None:
        table = self._tables[card.kind]
        return next((table[key] for key in self._spellings(heading) if key in table), None)

    def _spellings(self, heading: str) -> Iterable[str]:
        """The heading itself, without what stands in brackets, without words that only qualify."""
        yield heading_key(heading)
        bare = re.sub(r"\([^)]*\)|\[[^]]*\]|\*.*$", " ", heading)
        yield heading_key(bare)
        inside = re.findall(r"\(([^)]*)\)", heading)
        tokens = words_of(bare).split()
        while len(tokens) > 1 and tokens[-1] in self._qualifiers:
            tokens = tokens[:-1]
            yield "".join(tokens)
        yield "".join(t for t in tokens if t not in self._qualifiers)
        yield from map(heading_key, inside)

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

    def _fuzzy(self, card: SourceCard, heading: str) -> Matched | None:
        """A misspelt heading: the nearest known one, unless two columns are equally near."""
        key, rules = heading_key(heading), self.layout.header
        if len(key) < rules.fuzzy_length or len(key) > 40:
            return None
        table = self._tables[card.kind]
        near = process.extract(key, table.keys(), scorer=fuzz.ratio, score_cutoff=rules.fuzzy_cut, limit=5)
        best = {table[k][0] for k, score, _ in near if score == near[0][1]}
        if len(best) != 1:
            return None
        column, rank = table[near[0][0]]
        return column, rank + _FUZZY_RANK

    def looks_known(self, text: str) -> bool:
        """Whether any card knows a heading, misspellings aside."""
        if text not in self._looks:
            if len(self._looks) > _MOST_REMEMBERED:
                self._looks.clear()
            self._looks[text] = len(text) <= _LONGEST_HEADING and any(k in self.known for k in self._spellings(text))
        return self._looks[text]

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
