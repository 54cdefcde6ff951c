"""The probabilistic model: from levels to the probability that two mentions are one person.

Fellegi and Sunter (1969) with three classes of pairs instead of two: one person, two relatives, two strangers.
People of one family share family number, house and often the family name, so that a two-class model counts one
agreement three times and at a million rows joins whole families; here the classes are conditionally independent,
families are a class of their own, and two brothers are told apart by what tells brothers apart. Whoever moves gets
another family number and another address at once, so where two rows live counts by whether they have one family
number (MOVED).

    log2 odds of a class = log2 (share of the class among all pairs) + sum over columns of log2 (share of the level)

Shares of levels among strangers come from frequencies in the run's own data, those of a person are learned from
pairs that are sure without the column in question (not by free EM in blocked pairs, which finds families instead
of persons), and those of relatives from pairs of rows with one family number that are surely two persons without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.resolve.compare import (
    BIRTH_DATE,
    COLUMNS,
    IN_DATE,
    LAST_DIGIT,
    LOSSY,
    OTHER_SEX,
    SERIAL,
    SLIP,
    Compared,
    Floats,
)
from pipeline.resolve.names import NameLevel
from pipeline.resolve.settings import IdentitySettings, Level

Table = npt.NDArray[np.float64]
"""Shape (levels, 5): share among pairs of one person, relatives, strangers, and among relatives and strangers who were
born on one day; row 0 is 1 (says nothing)."""

Counts = dict[str, npt.NDArray[np.float64]]
"""Pairs that show each level, by column."""

DATE_ONE_PART: Final = BIRTH_DATE.index("one_part")
MOVED: Final = "moved"
"""Shares of the levels of ``place`` among pairs whose family numbers differ."""
OTHER_FAMILY: Final = SLIP.index("differs")
SAME_DAY: Final = "number_same_day"
ONE_NAME: Final = (NameLevel.EXACT, NameLevel.SPELLING, NameLevel.REORDERED)
SURE: Final = 12.0
"""log2 odds from which a pair is surely one person."""
SURELY_TWO: Final = -8.0
"""log2 odds below which it is surely two."""
_BORN_TOGETHER: Final = (LOSSY, LAST_DIGIT, SERIAL, OTHER_SEX)
"""Numbers of relatives that agree so far are mostly those of twins."""


@dataclass
class Scores:
    """Weights of pairs in bits (log2), against the likelier of relatives and strangers.

    Attributes:
        weights: shape (pairs, columns + 1): each column of COLUMNS, then the prior.
        total: log2 odds that the pair is one person.
        relative: whether the likelier other explanation is that they are relatives.
    """

    weights: Floats
    total: Floats
    relative: npt.NDArray[np.bool_]

    @property
    def probability(self) -> Floats:
        """Probability that the pair is one person."""
        got: Floats = (1 / (1 + np.exp2(-np.clip(self.total, -60, 60)))).astype(np.float32)
        return got

    @property
    def without(self) -> Floats:
        """log2 odds of each pair without one of the columns, shape (pairs, columns)."""
        got: Floats = self.total[:, None] - self.weights[:, :-1]
        return got


def same_day(compared: Compared) -> npt.NDArray[np.bool_]:
    """Pairs whose dates of birth agree as far as their numbers do, so that the numbers say it again."""
    date, number = compared.levels["birth_date"], compared.levels["number"]
    got: npt.NDArray[np.bool_] = np.where(number == IN_DATE, date == DATE_ONE_PART, date == 1)
    return got


@dataclass
class Model:
    """Shares of levels by column, and shares of the classes among all pairs of rows.

    ``kin_of_one_name``: bits by which one whole name speaks against two relatives, as written in the rules;
    ``kin_name``: what the run's own families add to it.
    """

    tables: dict[str, Table]
    by_frequency: dict[str, list[int]]
    visible: dict[str, list[int]]
    rows: int
    matches: float
    relatives: float
    twin_spelling: float
    twin_typo: float
    kin_of_one_name: float
    kin_name: float = 0.0

    @classmethod
    def start(cls, settings: IdentitySettings, rows: int) -> Model:
        """The model as written in the rules, with a guess of two matching and three related rows a row."""
        tables: dict[str, Table] = {}
        by_frequency: dict[str, list[int]] = {}
        visible: dict[str, list[int]] = {}
        for column in COLUMNS[1:]:
            card = getattr(settings, column)
            levels: list[Level] = [getattr(card, n) for n in type(card).model_fields if n != "note"]
            table = np.ones((len(levels) + 1, 5))
            for i, level in enumerate(levels, start=1):
                stranger = 1.0 if level.stranger == "frequency" else float(level.stranger)
                table[i] = (
                    level.m, level.relative, stranger,
                    level.relative_same_day or level.relative, level.stranger_same_day or stranger,
                )  # fmt: skip
            tables[column] = table
            by_frequency[column] = [i for i, lv in enumerate(levels, start=1) if lv.stranger == "frequency"]
            visible[column] = [i for i, lv in enumerate(levels, start=1) if lv.visible]
        tables[MOVED], by_frequency[MOVED], visible[MOVED] = (
            tables["place"].copy(), by_frequency["place"], visible["place"],
        )  # fmt: skip
        rows = max(rows, 2)
        return cls(
            tables,
            by_frequency,
            visible,
            rows,
            matches=2.0 * rows,
            relatives=3.0 * rows,
            twin_spelling=settings.name.twin_spelling,
            twin_typo=settings.name.twin_typo,
            kin_of_one_name=settings.name.relative_exact,
        )

    @property
    def pairs(self) -> float:
        """All pairs of rows."""
        return self.rows * (self.rows - 1) / 2

    def score(self, compared: Compared) -> Scores:
        """Weights and odds of compared pairs."""
        parts = [self._score(part) for part in compared.pieces()]
        weights, total, relative = (np.concatenate([p[k] for p in parts]) for k in range(3))
        return Scores(weights, total, relative)

    def _score(self, compared: Compared) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
        n = len(compared)
        relatives = np.zeros((n, len(COLUMNS) + 1), dtype=np.float32)
        strangers = np.zeros((n, len(COLUMNS) + 1), dtype=np.float32)
        one_day = same_day(compared)
        relatives[:, 0], strangers[:, 0] = self._among_kin(compared), compared.name_stranger
        for k, column in enumerate(COLUMNS[1:], start=1):
            bits = np.log2(self.tables[column])
            level = compared.levels[column]
            relatives[:, k] = (bits[:, 0] - bits[:, 1])[level]
            strangers[:, k] = (bits[:, 0] - bits[:, 2])[level]
            if column == "number":
                relatives[one_day, k] = (bits[:, 0] - bits[:, 3])[level][one_day]
                strangers[one_day, k] = (bits[:, 0] - bits[:, 4])[level][one_day]
            for at in self.by_frequency[column]:
                here = level == at
                rarity = self._rarity(column, compared.share[column][here])
                strangers[here, k] = bits[at, 0] - rarity
            if column == "place":
                self._moved(compared, relatives[:, k], strangers[:, k])
        relatives[:, -1] = np.log2(self.matches / self.relatives)
        strangers[:, -1] = np.log2(self.matches / self.pairs)
        as_relative, as_stranger = relatives.sum(axis=1), strangers.sum(axis=1)
        near = as_relative < as_stranger
        weights = np.where(near[:, None], relatives, strangers)
        return weights, -np.logaddexp2(-as_relative, -as_stranger), near

    def _moved(self, compared: Compared, relatives: Floats, strangers: Floats) -> None:
        """Where the family numbers differ, the place counts as it does for people who have moved."""
        home, moved = np.log2(self.tables["place"][:, 0]), np.log2(self.tables[MOVED][:, 0])
        away = compared.levels["family_number"] == OTHER_FAMILY
        relatives[away] = 0  # whoever has left a family lives anywhere, as somebody who has moved
        strangers[away] += (moved - home)[compared.levels["place"][away]]

    def _among_kin(self, compared: Compared) -> Floats:
        """Name against relatives: twins are given names that sound alike, so a likeness says little of them."""
        name, number = compared.levels["name"], compared.levels["number"]
        bits = compared.name_relative + np.where(np.isin(name, ONE_NAME), np.float32(self.kin_name), np.float32(0))
        twins = (compared.levels["birth_date"] == 1) | np.isin(number, _BORN_TOGETHER)
        for level, most in ((NameLevel.SPELLING, self.twin_spelling), (NameLevel.TYPO, self.twin_typo)):
            alike = twins & (name == level)
            bits[alike] = np.minimum(bits[alike], most)
        got: Floats = bits.astype(np.float32)
        return got

    def _rarity(self, column: str, share: Floats) -> Floats:
        """log2 of the chance that a stranger has the value too."""
        if column == "number":
            # a number is one person's unless written wrongly: one row in 500 carries somebody else's
            chance: Floats = np.log2(0.002 * share**2 / self.rows).astype(np.float32)
            return chance
        got: Floats = np.log2(np.maximum(share, 0.5 / self.rows**1.2)).astype(np.float32)
        return got

    def learn(self, compared: Compared, families: Compared, prior_pairs: float, same_family: float) -> None:
        """Learn the shares among rows of one person and among relatives, and how many pairs of each class there are.

        Args:
            compared: pairs of which some are sure.
            families: pairs of rows with one family number, whatever else they say.
            prior_pairs: how many pairs the shares known so far are worth.
            same_family: pairs of rows with one family number, also those not given here.
        """
        matches = at_home = 0.0
        same, kin = self.counts(), self.counts()
        for part in compared.pieces():
            scores = self.score(part)
            probability = scores.probability.astype(np.float64)
            matches += float(probability.sum())
            at_home += float(probability[part.levels["family_number"] == 1].sum())
            self.count(same, part, scores.without > SURE)
        for part in families.pieces():
            self.count(kin, part, self.score(part).without < SURELY_TWO)
        self.matches, self.relatives = max(matches, 1.0), max(same_family - at_home, 0.25 * self.rows, 1.0)
        self._learn_names(same["name"], kin["name"], prior_pairs)
        same["number"] += same[SAME_DAY]
        for column, table in self.tables.items():
            learnable = self.learnable(column)
            self._blend(table, 0, learnable, same[column], prior_pairs)
            if column not in ("family_number", MOVED):  # all those relatives have one family number
                self._blend(table, 1, learnable, kin[column], prior_pairs)
        self._blend(self.tables["number"], 3, self.learnable("number"), kin[SAME_DAY], prior_pairs)

    def learnable(self, column: str) -> list[int]:
        """Levels whose shares can be counted beside each other."""
        return [i for i in range(1, len(self.tables[column])) if i not in self.visible[column]]

    def counts(self) -> Counts:
        """Room for a count of each level of each column, the name and further tables included."""
        sizes = {column: len(table) for column, table in self.tables.items()}
        sizes |= {"name": len(NameLevel), SAME_DAY: sizes["number"]}
        return {column: np.zeros(size) for column, size in sizes.items()}

    @staticmethod
    def count(counts: Counts, part: Compared, sure: npt.NDArray[np.generic]) -> None:
        """Count the levels of each column; ``sure`` has a column for each: which pairs count, or for how many."""
        away = part.levels["family_number"] == OTHER_FAMILY
        one_day = same_day(part)
        for k, column in enumerate(COLUMNS):
            weight, level = sure[:, k].astype(np.float64), part.levels[column]
            further = {"place": (MOVED, away), "number": (SAME_DAY, one_day)}.get(column)
            if further is not None:
                name, apart = further
                counts[name] += np.bincount(level, weights=weight * apart, minlength=len(counts[name]))
                weight = weight * ~apart
            counts[column] += np.bincount(level, weights=weight, minlength=len(counts[column]))

    @staticmethod
    def _blend(table: Table, at: int, levels: list[int], seen: npt.NDArray[np.float64], prior_pairs: float) -> None:
        before = table[levels, at] / table[levels, at].sum()
        after = (seen[levels] + prior_pairs * before) / (seen[levels].sum() + prior_pairs)
        table[levels, at] = np.clip(after, 1e-4, 0.9999)

    def _learn_names(self, same: npt.NDArray[np.float64], kin: npt.NDArray[np.float64], prior_pairs: float) -> None:
        """How often two relatives have one whole name, as a father and his son do."""
        known, whole = slice(1, None), list(ONE_NAME)
        before = 2.0 ** -(self.kin_of_one_name + self.kin_name)
        share = (same[whole].sum() + prior_pairs) / (same[known].sum() + prior_pairs)
        chance = (kin[whole].sum() + prior_pairs * before) / (kin[known].sum() + prior_pairs)
        self.kin_name = float(np.log2(share / chance)) - self.kin_of_one_name
