"""The probabilistic model of a list: from levels to the log odds that two records are one person.

The same three classes as in the monthly run (:mod:`pipeline.resolve.model`): one person, two members of one family,
two strangers. Shares among strangers come from the list's own frequencies and from random pairs, less those that look
like one person; shares among rows of one person from pairs that are sure without the column in question. Columns that
go together (a suburb and its postcode) are not counted twice: what strangers who share the one share of the other is
counted as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.dedupe.card import (
    C_DIFFERS,
    EQUAL,
    LEVELS,
    MOST,
    NEAR,
    OF_NO_MEANING,
    ORDER,
    PART,
    SLIP,
    SWAPPED,
    TOKEN,
    DedupeCard,
)
from pipeline.dedupe.levels import RARITY, Compared
from pipeline.dedupe.threads import pieces_of, several
from pipeline.dedupe.values import Floats, Levels, Records, Rows

Wide = npt.NDArray[np.float64]

_SURE: Final = 0.95
_SURE_WITHOUT: Final = 0.5
_SOME_WORDS: Final = 2.0
_ALIKE: Final = 3  # equal, in another order or a slip apart
_KIN_PRIOR: Final = 50.0
_NAMESAKES: Final = 3.0
_CALLED: Final = frozenset({"given_name", "full_name"})
_MOVED: Final = 0.05
_MOVED_PRIOR: Final = 50.0
_TIED: Final = 20.0
_SEEN: Final = 10
_SURELY_NOT: Final = 0.05
_TOLD_APART: Final = -20.0


@dataclass
class Scores:
    """Weights of pairs.

    Attributes:
        weights: bits, shape (pairs, columns + 1): each column, then the share of the classes; a column lies together.
        total: log2 odds that the pair is one person.
        stranger, relative: the same against each of the two other explanations alone.
    """

    weights: Floats
    total: Floats
    stranger: Floats
    relative: Floats

    @property
    def probability(self) -> Floats:
        """Probability that a pair is one person."""
        got: Floats = (1 / (1 + np.exp2(-np.clip(self.total, -60, 60)))).astype(np.float32)
        return got


@dataclass(frozen=True)
class Strangers:
    """Random pairs.

    Attributes:
        open: those that could be one person.
        others: by column, how many of the other pairs show each level.
    """

    open: Compared
    others: list[Wide]


def kind_of_pair(file: npt.NDArray[np.int8], a: Rows, b: Rows) -> npt.NDArray[np.int8]:
    """0 two rows of the first list, 1 two rows of the second, 2 one of each."""
    x, y = file[a], file[b]
    got: npt.NDArray[np.int8] = np.where(x != y, 2, np.where(x == 1, 0, 1)).astype(np.int8)
    return got


def nearly(compared: Compared, k: int) -> npt.NDArray[np.bool_]:
    """Pairs whose numbers in a column are a slip or two apart."""
    level = compared.levels[:, k]
    got: npt.NDArray[np.bool_] = (level > EQUAL) & (level < C_DIFFERS)
    return got


def _likely(total: Floats) -> Wide:
    got: Wide = 1 / (1 + np.exp2(-np.clip(total.astype(np.float64), -60, 60)))
    return got


@dataclass
class ListModel:
    """Shares of levels by column, and how many pairs of each class there are, by kind of pair."""

    records: Records
    card: DedupeCard
    m: list[Wide]
    u: list[Wide]
    stranger_share: Floats
    tied: Wide
    order: list[int]
    pairs: Wide
    matches: Wide
    relatives: Wide
    moved: float = _MOVED
    by_frequency: bool = False
    persons: bool = False
    starting: list[Wide] = field(default_factory=list)
    lookalike: dict[int, list[Wide]] = field(default_factory=dict)
    namesakes: dict[int, float] = field(default_factory=dict)

    @classmethod
    def start(cls, records: Records, card: DedupeCard) -> ListModel:
        """The shares written in the rules."""
        m, u, starting = [], [], []
        for values in records.columns:
            levels = getattr(card.comparisons, values.column.compare)
            shares = [getattr(levels, name) for name in LEVELS[values.column.compare][1:]]
            same = np.array([s.m for s in shares])
            starting.append(np.append(1.0, same))
            if values.column.meaning == OF_NO_MEANING:  # that rows of one person agree here, the list must say
                same = np.append(same[:-1] * (1 - card.unnamed_differs) / same[:-1].sum(), card.unnamed_differs)
            m.append(np.append(1.0, same))
            u.append(np.array([1.0, *(s.u for s in shares)]))
        n = [float(records.rows[records.file == f].sum()) for f in (1, 2)]
        pairs = np.maximum(np.array([n[0] * (n[0] - 1) / 2, n[1] * (n[1] - 1) / 2, n[0] * n[1]]), 1.0)
        total = sum(n)
        matches = np.minimum(np.full(3, 0.5 * total), 0.25 * pairs)
        k = len(records.columns)
        return cls(
            records, card, m, u, np.ones(k, np.float32), np.zeros((k, k)), list(range(k)), pairs, matches,
            np.minimum(np.full(3, 0.1 * total), 0.1 * pairs), starting=starting,
            namesakes={
                at: card.namesakes[v.column.meaning]
                for at, v in enumerate(records.columns)
                if v.column.meaning in card.namesakes
            },
        )  # fmt: skip

    # ------------------------------------------------------------------ scoring

    def score(self, compared: Compared) -> Scores:
        """Weights and odds of compared pairs."""
        parts = several(lambda at: self._score(compared.take(at)), pieces_of(len(compared)))
        if len(parts) == 1:
            return parts[0]
        weights = np.concatenate([p.weights.T for p in parts], axis=1).T  # columns stay in one piece
        total, stranger, relative = (
            np.concatenate([getattr(p, n) for p in parts]) for n in ("total", "stranger", "relative")
        )
        return Scores(weights, total, stranger, relative)

    def _score(self, compared: Compared) -> Scores:
        # a row of memory for each column: whole columns are what is worked on
        levels = np.ascontiguousarray(compared.levels.T)
        k, n = levels.shape
        weights = np.zeros((k + 1, n), dtype=np.float32)
        kin = np.zeros(n, dtype=np.float32)
        for at, table in enumerate(self.tables()):
            place = levels[at].astype(np.int32) << 8
            place |= compared.rare[:, at]
            table.ravel().take(place, out=weights[at], mode="clip")
        if self.by_frequency:
            self._tie(levels, weights)
        among_kin: dict[int, Floats] = {}
        for at, values in enumerate(self.records.columns):
            if values.column.share == "own":
                bits = self._among_kin(at, levels[at], weights[at])
                kin += bits
                if bits is not weights[at]:
                    among_kin[at] = bits
        self._said_again(levels, weights, kin)
        self._after_moving(weights)
        kind = kind_of_pair(self.records.file, compared.a, compared.b)
        weights[k] = self.prior()[kind]
        stranger = weights.sum(axis=0)
        family = [i for i, v in enumerate(self.records.columns) if v.column.share != "own"]
        relative = np.full(n, 60.0, dtype=np.float32)
        if family and len(family) < k:
            relative = kin + np.log2(self.matches / self.relatives).astype(np.float32)[kind]
        total = -np.logaddexp2(-stranger, -relative)
        # where relatives explain it better, a column says what it says against them
        better = relative < stranger
        for at, bits in among_kin.items():
            weights[k] += np.where(better, weights[at] - bits, 0)
            np.copyto(weights[at], bits, where=better)
        weights[k] += total - stranger
        return Scores(weights.T, total.astype(np.float32), stranger, relative)

    def prior(self) -> Floats:
        """Bits of a pair before it is looked at, by kind of pair."""
        return np.log2(self.matches / self.pairs).astype(np.float32)

    def tables(self) -> list[Floats]:
        """Bits of each column by level and rarity."""
        share = np.exp2(-np.arange(256) / RARITY)
        return [self._table(k, share) for k in range(len(self.records.columns))]

    def _table(self, k: int, share: Wide) -> Floats:
        m, u = self.m[k][:, None], self.u[k][:, None]
        chance = np.repeat(u, len(share), axis=1)
        if self.by_frequency:
            common = np.maximum(share * self.stranger_share[k], 1e-9)
            if self.records.columns[k].column.compare == "text":
                for level in (EQUAL, ORDER, PART, MOST, TOKEN, SWAPPED):
                    chance[level] = common
                chance[ORDER] = np.maximum(common * 0.2, self.u[k][ORDER] * 0.1)
                # a slip in a common name: the stranger who has that name may have made it
                for level in (SLIP, NEAR):
                    chance[level] = np.maximum(chance[level], common * self.m[k][level])
            else:
                chance[EQUAL] = common
        bits: Floats = (np.log2(m) - np.log2(chance)).astype(np.float32)
        bits[0] = 0
        return bits

    def _among_kin(self, k: int, level: Levels, bits: Floats) -> Floats:
        """Bits of a column against members of one family: as against strangers, but a full name holds the family's."""
        meaning = self.records.columns[k].column.meaning
        got = bits
        if meaning == "full_name":
            shares = np.array([1.0, *(getattr(self.card.relatives, n).u for n in LEVELS["text"][1:])])
            got = np.minimum(bits, np.log2(self.m[k] / shares).astype(np.float32)[level])
        elif k in self.namesakes:
            # whatever happens to a person's own value happens to the equal value of a twin or a namesake
            got = np.minimum(bits, np.float32(-np.log2(self.namesakes[k])))
        return got

    def _tie(self, levels: Levels, weights: Floats) -> None:
        """What a column can say at most, where strangers who agree on one that goes with it mostly agree here."""
        agree = [self._agree(k, level) for k, level in enumerate(levels)]
        for at, k in enumerate(self.order):
            for j in self.order[:at]:
                if self.tied[k, j] > 0:
                    most = np.log2(self.m[k] / self.tied[k, j]).astype(np.float32)[levels[k]]
                    np.minimum(weights[k], most, out=weights[k], where=agree[k] & agree[j])

    def _agree(self, k: int, level: Levels) -> npt.NDArray[np.bool_]:
        """Whether a column is equal, or of the same words."""
        last = ORDER if self.records.columns[k].column.compare == "text" else EQUAL
        got: npt.NDArray[np.bool_] = (level >= EQUAL) & (level <= last)
        return got

    def _said_again(self, levels: Levels, weights: Floats, kin: Floats) -> None:
        """Numbers alike count less by what strangers with nearly such numbers share of the other columns."""
        for j, shares in self.lookalike.items():
            at = np.flatnonzero((levels[j] >= EQUAL) & (levels[j] < C_DIFFERS))
            mine = weights[j][at]
            for k, values in enumerate(self.records.columns):
                if k == j:
                    continue
                # only where the column agrees: its last level says that it does not, its first says nothing
                spare = np.log2(self.m[k] / shares[k]).astype(np.float32)
                spare[[0, -1]] = np.inf
                more = np.minimum(spare[levels[k][at]] - weights[k][at], 0)
                mine += more
                if values.column.share == "own":
                    kin[at] += more
            # as if all strangers had such numbers, at worst
            weights[j][at] = np.maximum(mine, np.log2(self.m[j]).astype(np.float32)[levels[j][at]])

    def _after_moving(self, weights: Floats) -> None:
        """Whoever moves changes all of the address: it counts against a pair once."""
        place = self.places()
        if len(place) < 2:
            return
        against = weights[place].sum(axis=0)
        least = np.float32(np.log2(self.moved))
        too_much = np.flatnonzero(against < least)
        factor = least / against[too_much]
        for k in place:
            weights[k][too_much] *= factor

    def places(self) -> list[int]:
        """Columns of the address."""
        return [i for i, v in enumerate(self.records.columns) if v.column.share == "place"]

    # ------------------------------------------------------------------ learning

    def count_persons(self) -> None:
        """From now on shares are counted over persons, so that nothing of them is due to rows of one person; but that
        two persons have one number of their own stays as rare as it was."""
        self.persons = True
        for k, values in enumerate(self.records.columns):
            if values.column.compare != "number":
                self.stranger_share[k] = 1.0

    def strangers(self, sample: Compared) -> Strangers:
        """Random pairs, of which nearly all are told apart once and for all.

        A pair is two persons for good if it is a million times likelier than not: would learning bring it ten bits
        nearer, it still weighed a thousandth of a pair.
        """
        open_ = self.score(sample).total > _TOLD_APART
        others = [np.bincount(sample.levels[~open_, k], minlength=len(u)) for k, u in enumerate(self.u)]
        return Strangers(sample.take(open_), [o.astype(np.float64) for o in others])

    def learn_strangers(self, sample: Strangers) -> None:
        """Shares among strangers, from random pairs less those that look like one person."""
        stranger = (1 - self.score(sample.open).probability).astype(np.float64)
        # where random pairs look like one person, those that do not are no fair sample of strangers
        prior = self.card.prior_pairs + float((1 - stranger).sum())
        for k, values in enumerate(self.records.columns):
            level, others = sample.open.levels[:, k], sample.others[k]
            seen = (others + np.bincount(level, weights=stranger, minlength=len(self.u[k])))[1:]
            raw = (others + np.bincount(level, minlength=len(self.u[k])))[1:]
            start = np.array([getattr(s, "u") for s in self._levels(k)])  # noqa: B009 - typed as fields of any card
            start = start / start.sum()
            shares = (seen + prior * start) / (seen.sum() + prior)
            self.u[k][1:] = np.maximum(shares, 1e-7)
            equal = float(raw[0] + 0.5) / max(float(raw.sum()), 1.0)
            if not self.persons or values.column.compare == "number":
                self.stranger_share[k] = min(1.0, max(float(shares[0]) / equal, 1e-3))

    def learn_lookalikes(self, samples: dict[int, tuple[Compared, float]]) -> None:
        """Strangers whose numbers are nearly alike: too rare for random pairs, and alike in more than the numbers.

        Numbers that hold a date or a place make strangers alike in both: what strangers with such numbers share of the
        other columns is learned too. Whether a pair are strangers is judged without the number: by their first names,
        which no number holds, and by how many pairs with such numbers have one; without names, by all else.

        Args:
            samples: by column, pairs nearly alike there, all of some records, and the weight of each such pair.
        """
        for j, (sample, weight) in samples.items():
            scores = self.score(sample)
            without = scores.total - scores.weights[:, j]
            who = [k for k, v in enumerate(self.records.columns) if v.column.meaning in _CALLED]
            named = self._share_of_matches(scores.weights[:, who].sum(axis=1)) if who else None
            level = sample.levels[:, j]
            stranger = weight * (1 - (_likely(without) if named is None else np.maximum(named, _likely(without))))
            seen = np.bincount(level, weights=stranger, minlength=len(self.u[j]))
            near = slice(EQUAL + 1, C_DIFFERS)
            self.u[j][near] = np.maximum(self.u[j], seen / float(self.pairs.sum()))[near]
            self.lookalike[j] = []
            for k, u in enumerate(self.u):
                apart = _likely(without - (scores.weights[:, k] if k != j else 0))
                stranger = 1 - (apart if named is None else np.maximum(named, apart))
                seen = np.bincount(sample.levels[:, k], weights=stranger, minlength=len(u))
                self.lookalike[j].append((seen + _TIED * u) / (seen[1:].sum() + _TIED))

    @staticmethod
    def _share_of_matches(bits: Floats, *, steps: int = 20) -> Wide:
        """Probability that each of some pairs is one person, from evidence alone and the share it makes likely."""
        odds, share = np.exp2(np.clip(bits.astype(np.float64), -40, 40)), 0.5
        for _ in range(steps):
            p = share * odds / (share * odds + 1 - share)
            share = float(np.clip((p.sum() + 0.5) / (len(p) + 1), 0.001, 0.999))
        got: Wide = share * odds / (share * odds + 1 - share)
        return got

    def _of_family(self, k: int) -> bool:
        """Whether a column is a number that a family shares: what its members share goes with it, not the reverse."""
        column = self.records.columns[k].column
        return column.share == "family" and column.compare == "code"

    def _levels(self, k: int) -> list[object]:
        compare = self.records.columns[k].column.compare
        levels = getattr(self.card.comparisons, compare)
        return [getattr(levels, name) for name in LEVELS[compare][1:]]

    def learn_ties(self, samples: list[Compared | None]) -> None:
        """How often strangers who agree on one column agree on another; ``samples[j]`` agree on column j."""
        k = len(self.records.columns)
        mean = np.array([self.u[i][EQUAL] for i in range(k)])
        self.order = sorted(range(k), key=lambda i: (not self._of_family(i), mean[i], i))
        self.tied = np.zeros((k, k))  # or a tie once believed would make its own proof
        tied = self.tied.copy()
        for j, sample in enumerate(samples):
            if sample is None or not len(sample):
                continue
            if j in self.lookalike:
                continue  # what goes with numbers is counted with the numbers
            scores = self.score(sample)
            for i in (i for i in range(k) if i != j):
                # in a family a date is no proof against itself: twins are of one day
                alone = self._of_family(j) and self.records.columns[i].column.compare == "date"
                total = scores.total - scores.weights[:, i] if alone else scores.total
                match = _likely(total)
                stranger = np.where(match < (_SURELY_NOT if alone else _SURE_WITHOUT), 1 - match, 0)
                known = float(stranger[sample.levels[:, i] > 0].sum())
                equal = float(stranger[self._agree(i, sample.levels[:, i])].sum())
                share = (equal + _TIED * mean[i]) / (known + _TIED)
                if alone:  # no more than twins: rows of one person that are told apart wrongly have one day too
                    share = min(share, _NAMESAKES * self.card.namesakes.get("birth_date", 1.0))
                tied[i, j] = share if share > 2 * mean[i] and equal >= _SEEN else 0.0
        self.tied = tied

    def learn_matches(self, compared: Compared, weight: Wide, *, steps: int = 15) -> None:
        """How many pairs of each class there are, by kind of pair; the shares stay as they are."""
        scores = self.score(compared)
        kind = kind_of_pair(self.records.file, compared.a, compared.b)
        # evidence without the share of the classes, against each of the two other explanations
        only_stranger = scores.stranger - np.log2(self.matches / self.pairs)[kind]
        only_kin = scores.relative - np.log2(self.matches / self.relatives)[kind]
        for _ in range(steps):
            s = np.exp2(-np.clip(only_stranger + np.log2(self.matches / self.pairs)[kind], -50, 50))
            r = np.exp2(-np.clip(only_kin + np.log2(self.matches / self.relatives)[kind], -50, 50))
            p = weight / (1 + s + r)
            kin = weight * r / (1 + s + r)
            for t in range(3):
                here = kind == t
                self.matches[t] = min(max(float(p[here].sum()), 0.2), 0.9 * self.pairs[t])
                self.relatives[t] = min(max(float(kin[here].sum()), 0.02 * self.matches[t], 0.05), 0.5 * self.pairs[t])

    def learn_same(self, compared: Compared, weight: Wide) -> None:
        """Shares among rows of one person, each column from pairs that are sure without it."""
        scores = self.score(compared)
        place = self.places()
        for k in range(len(self.records.columns)):
            number = k in self.lookalike
            p = _likely(scores.total - scores.weights[:, k] if number else scores.total)
            sure = (p >= (_SURE_WITHOUT if number else 0.02)) & (compared.levels[:, k] > 0)
            seen = np.bincount(compared.levels[sure, k], weights=(p * weight)[sure], minlength=len(self.m[k]))[1:]
            start = self.starting[k][1:] / self.starting[k][1:].sum()
            prior = self.card.prior_pairs
            shares = (seen + prior * start) / (seen.sum() + prior)
            most = self.card.lasting.get(self.records.columns[k].column.meaning)
            if most is not None:
                # what stays through life differs wholly by mistake alone: members of one family do not teach it
                text = self.records.columns[k].column.compare == "text"
                seldom = slice(TOKEN - 1, None) if text else slice(-1, None)
                shares[seldom] = np.minimum(shares[seldom], most)
                if text:  # that some words are others is no rule either
                    shares[MOST - 1] = min(shares[MOST - 1], _SOME_WORDS * most)
                rest = np.ones(len(shares), dtype=np.bool_)
                rest[seldom] = False
                rest[MOST - 1] &= not text
                shares[rest] *= (1 - shares[~rest].sum()) / shares[rest].sum()
            self.m[k][1:] = np.maximum(shares, 1e-4)
        self._learn_namesakes(compared, weight, scores)
        if len(place) > 1:
            without = scores.total - scores.weights[:, place].sum(axis=1)
            sure = without > np.log2(_SURE / (1 - _SURE))
            known = sure & ((compared.levels[:, place] > 0).sum(axis=1) > 1)
            # of postcodes in a row strangers have nearly the same: what agrees must speak for the pair
            away = known & (scores.weights[:, place] <= 0).all(axis=1)
            self.moved = float((weight[away].sum() + _MOVED * _MOVED_PRIOR) / (weight[known].sum() + _MOVED_PRIOR))

    def _learn_namesakes(self, compared: Compared, weight: Wide, scores: Scores) -> None:
        """How often members of one family have one name or one day of birth, from pairs taken for such."""
        # of one person p, of one family r: their odds are those of ``relative``
        kin = _likely(scores.total) * np.exp2(-np.clip(scores.relative.astype(np.float64), -60, 60)) * weight
        for k in self.namesakes:
            level = compared.levels[:, k]
            known = float(kin[level > 0].sum())
            alike = float(kin[(level > 0) & (level <= _ALIKE)].sum())
            start = self.card.namesakes[self.records.columns[k].column.meaning]
            # not beyond bounds, or all rows of one person end as relatives
            self.namesakes[k] = min((alike + _KIN_PRIOR * start) / (known + _KIN_PRIOR), _NAMESAKES * start)
