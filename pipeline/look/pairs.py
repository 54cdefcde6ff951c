"""A pair of rows that were compared, in words: what each column said, what it weighs, and why the pair was kept apart.

Belongs here: reading ``match_pairs.comparison``, for the story of an id and for the review. Not here: the picture
(:mod:`.waterfall`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pipeline.look.numbers import Language, Numbers
from pipeline.look.words import texts

WORDS: Final = Path(__file__).with_name("pairs.yaml")
_NO_COLUMNS: Final = frozenset({"against", "kept_apart", "judged", "group", "prior"})
_PART: Final = re.compile(r"(\d+)_of_(\d+)")


@dataclass(frozen=True)
class Step:
    """One column: its name in the table, its name and what was found in words, the weight in bits."""

    column: str
    name: str
    found: str
    weight: float


@dataclass(frozen=True)
class PairWords:
    """Tells pairs in one language."""

    lang: Language
    words: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", texts(WORDS, self.lang))

    def column(self, column: str) -> str:
        """The name of a compared column."""
        return str(self.words["columns"].get(column, column.replace("_", " ")))

    def level(self, level: str) -> str:
        """What was found in a column."""
        if (part := _PART.fullmatch(level)) is not None:
            return str(self.words["levels"]["of"]).format(shared=part[1], all=part[2])
        return str(self.words["levels"].get(level, level.replace("_", " ")))

    def steps(self, comparison: str | Mapping[str, Any] | None) -> list[Step]:
        """What each column weighs: what was known before looking first, then what spoke most for one person."""
        said = opened(comparison)
        found = [
            Step(c, self.column(c), self.level(str(v.get("level", ""))), float(v["weight"]))
            for c, v in said.items()
            if c not in _NO_COLUMNS and isinstance(v, Mapping) and "weight" in v
        ]
        prior = [Step("prior", self.column("prior"), "", float(said["prior"]))] if "prior" in said else []
        return [*prior, *sorted(found, key=lambda s: -s.weight)]

    def kept_apart(self, comparison: str | Mapping[str, Any] | None) -> str:
        """Why the program kept the pair apart; empty where it did not."""
        said = opened(comparison)
        if (why := said.get("kept_apart")) is None:
            return ""
        group = said.get("group") or {}
        bits = Numbers(self.lang).decimal(group.get("bits"), 1)
        column = self.column(str(group.get("most_against", "")))
        return str(self.words["kept_apart"].get(why, why)).format(bits=bits, column=column)


def opened(comparison: str | Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The comparison as a mapping, also where it is still the text of the table."""
    if isinstance(comparison, str):
        read: dict[str, Any] = json.loads(comparison)
        return read
    return comparison or {}
