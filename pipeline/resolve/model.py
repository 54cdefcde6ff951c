"""The probabilistic model: from levels to the probability that two mentions are one person.

Fellegi and Sunter (1969) with three classes of pairs instead of two: one person, two relatives, two strangers.
People of one family share family number, house and often the family name, so that a two-class model counts one
agreement three times and at a million rows joins whole families; here the classes are conditionally independent,
families are a class of their own, and two brothers are told apart by what tells brothers apart.

    log2 odds of a class = log2 (share of the class among all pairs) + sum over columns of log2 (share of the level)

Shares of levels among strangers come from frequencies in the run's own data, those of a person are learned from
pairs that are sure without the column in question (not by free EM in blocked pairs, which finds families instead
of persons).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.resolve.compare import BIRTH_DATE, COLUMNS, IN_DATE, Compared, Floats
from pipeline.resolve.names import NameLevel
from pipeline.resolve.settings import IdentitySettings, Level

Table = npt.NDArray[np.float64]
"""Shape (levels, 5): share among pairs of one person, relatives, strangers, and among relatives and strangers who were
born on one day; row 0 is 1 (says nothing)."""

DATE_ONE_PART: Final = BIRTH_DATE.index("one_part")
_SURE: Final = 12.0


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


def same_day(compared: Compared) -> npt.NDArray[np.bool_]:
    """Pairs whose dates of birth agree as far as their numbers do, so that the numbers say it again."""
    date, number = compared.levels["birth_date"], compared.levels["number"]
    got: npt.NDArray[np.bool_] = np.where(number == IN_DATE, date == DATE_ONE_PART, date == 1)
    return got


@dataclass
class Model:
    """Shares of levels by column, and shares of the classes among all pairs of rows."""

    tables: dict[str, Table]
    by_frequency: dict[str, list[int]]
    visible: dict[str, list[int]]
    rows: int
    matches: float
    relatives: float
    twin_spelling: float
    twin_typo: float
    learned: dict[str, list[float]] = field(default_factory=dict)

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
        relatives[:, 0], strangers[:, 0] = self._as_twins(compared), compared.name_stranger
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
        relatives[:, -1] = np.log2(self.matches / self.relatives)
        strangers[:, -1] = np.log2(self.matches / self.pairs)
        as_relative, as_stranger = relatives.sum(axis=1), strangers.sum(axis=1)
        near = as_relative < as_stranger
        weights = np.where(near[:, None], relatives, strangers)
        return weights, -np.logaddexp2(-as_relative, -as_stranger), near

    def _as_twins(self, compared: Compared) -> Floats:
        """Name against relatives: twins are given names that sound alike, so a likeness says little on one day."""
        name, bits = compared.levels["name"], compared.name_relative.copy()
        one_day = compared.levels["birth_date"] == 1
        for level, most in ((NameLevel.SPELLING, self.twin_spelling), (NameLevel.TYPO, self.twin_typo)):
            alike = one_day & (name == level)
            bits[alike] = np.minimum(bits[alike], most)
        return bits

    def _rarity(self, column: str, share: Floats) -> Floats:
        """log2 of the chance that a stranger has the value too."""
        if column == "number":
            # a number is one person's unless written wrongly: one row in 500 carries somebody else's
            chance: Floats = np.log2(0.002 * share**2 / self.rows).astype(np.float32)
            return chance
        got: Floats = np.log2(np.maximum(share, 0.5 / self.rows**1.2)).astype(np.float32)
        return got

    def learn(self, compared: Compared, prior_pairs: float, same_family: float) -> None:
        """Learn the shares among rows of one person, and how many pairs of each class there are.

        Args:
            compared: pairs of which some are sure.
            prior_pairs: how many pairs the shares known so far are worth.
            same_family: candidate pairs with one family number, also those not given here.
        """
        matches = at_home = 0.0
        counts = {column: np.zeros(len(self.tables[column])) for column in COLUMNS[1:]}
        for part in compared.pieces():
            scores = self.score(part)
            probability = scores.probability.astype(np.float64)
            matches += float(probability.sum())
            at_home += float(probability[part.levels["family_number"] == 1].sum())
            for k, column in enumerate(COLUMNS[1:], start=1):
                sure = scores.total - scores.weights[:, k] > _SURE
                counts[column] += np.bincount(part.levels[column][sure], minlength=len(counts[column]))
        self.matches, self.relatives = max(matches, 1.0), max(same_family - at_home, 0.25 * self.rows, 1.0)
        for column, seen in counts.items():
            table = self.tables[column]
            learnable = [i for i in range(1, len(table)) if i not in self.visible[column]]
            before = table[learnable, 0] / table[learnable, 0].sum()
            after = (seen[learnable] + prior_pairs * before) / (seen[learnable].sum() + prior_pairs)
            table[learnable, 0] = np.clip(after, 1e-4, 0.9999)
            self.learned[column] = [round(float(x), 5) for x in table[1:, 0]]
