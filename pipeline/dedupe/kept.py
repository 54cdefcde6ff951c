"""Pairs worth keeping, in little memory: where candidates wait, and what is kept of them.

Belongs here: candidates of all passes -> each once -> sifted -> kept. Not here: passes (:mod:`.passes`), what is worth
keeping (:mod:`.sieve`). The candidates of a long list wait in a file (:class:`pipeline.resolve.blocking.Candidates`)
and come out a stripe of records at a time, so that only what is kept grows with the list: a pair's two records and a
byte a column. How rare is what both have is worked out again when a pair is weighed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.dedupe.card import DedupeCard
from pipeline.dedupe.levels import Compared, Comparer
from pipeline.dedupe.passes import passes_of
from pipeline.dedupe.sieve import Sieve
from pipeline.dedupe.threads import To, pieces_of, several
from pipeline.dedupe.values import Flags, Levels, Records, Rows
from pipeline.memory import give_back
from pipeline.resolve.blocking import Candidates, Pairs, mix, unpack


@dataclass(frozen=True)
class Kept:
    """Pairs of different records, in order.

    Attributes:
        pairs: the two records, the smaller in the upper 32 bits.
        levels: shape (pairs, columns).
        exchanged: how rare is what both have where given name and surname are exchanged; else nothing.
    """

    pairs: Pairs
    levels: Levels
    exchanged: Levels

    def __len__(self) -> int:
        return len(self.pairs)

    @classmethod
    def of(cls, compared: Compared, comparer: Comparer) -> Kept:
        """What must be kept of compared pairs."""
        exchanged = compared.rare[:, comparer.swaps[0]] if comparer.swaps else np.zeros(0, np.uint8)
        return cls(_packed(compared), compared.levels, exchanged)

    @staticmethod
    def concat(pieces: list[Kept]) -> Kept:
        """Pieces one after the other (at least one)."""
        return Kept(*(np.concatenate([getattr(p, n) for p in pieces]) for n in ("pairs", "levels", "exchanged")))

    def compared(self, comparer: Comparer, at: npt.NDArray[np.generic] | slice) -> Compared:
        """Some of the pairs as compared, rarities by the shares as they are counted now."""
        seen = self.levels[at]
        rare = np.zeros_like(seen)
        if comparer.swaps:
            rare[:, comparer.swaps[0]] = self.exchanged[at]
        return comparer.anew(Compared(*unpack(self.pairs[at]), seen, rare))

    def each(self, comparer: Comparer, work: Callable[[Compared], To]) -> list[To]:
        """Work on all pairs, piece by piece, several at a time; results in order, one at least."""
        return several(lambda at: work(self.compared(comparer, at)), pieces_of(len(self)))

    def drawn(self, share: float) -> Rows:
        """Positions of a share of the pairs, which ones depends on the pairs alone."""
        pieces = pieces_of(len(self))
        return np.flatnonzero(np.concatenate([drawn(*unpack(self.pairs[at]), share) for at in pieces]))


def drawn(a: Rows, b: Rows, share: float) -> Flags:
    """Whether each pair is in a sample of a share of all."""
    got: Flags = mix(a, b) <= np.uint64(share * (2.0**64 - 2**11))
    return got


@contextmanager
def candidates(records: Records, card: DedupeCard) -> Iterator[Candidates]:
    """Pairs of all passes, several passes made at a time."""
    with closing(Candidates(len(records))) as waiting:

        def made(one: tuple[str, Callable[[], Iterator[Pairs]]]) -> None:
            name, parts = one
            for pairs in parts():
                waiting.add(name, pairs)

        passes = list(passes_of(records, card))
        give_back()
        several(made, passes)
        give_back()
        yield waiting


def sifted(sieve: Sieve, waiting: Candidates, pieces: list[tuple[int, int]]) -> Kept:
    """Pairs of some pieces of the candidates that are worth keeping."""

    def sift(piece: tuple[int, int]) -> Kept:
        return Kept.of(sieve.sift(*unpack(waiting.take(piece))), sieve.comparer)

    return Kept.concat(several(sift, pieces))


def _packed(compared: Compared) -> Pairs:
    got: Pairs = compared.a.astype(np.uint64) << np.uint64(32) | compared.b.astype(np.uint64)
    return got
