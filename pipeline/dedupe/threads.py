"""Work on several threads: the libraries that do the work let others run meanwhile.

Belongs here: parts of a piece of work, their results in order. What comes out must not depend on how many threads there
are, nor on the size of pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Of = TypeVar("Of")
To = TypeVar("To")

THREADS: Final = 2
PIECE: Final = 65_536
"""Pairs worked on at a time by each thread: the columns of a piece fit into the cache of a core."""


def several(work: Callable[[Of], To], parts: Sequence[Of]) -> list[To]:
    """Work on parts, several at a time; results in order."""
    if len(parts) == 1:
        return [work(parts[0])]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, parts))


def pieces_of(size: int) -> list[slice]:
    """Pieces of so many pairs, each of bounded memory; at least one."""
    return [slice(i, i + PIECE) for i in range(0, max(size, 1), PIECE)]
