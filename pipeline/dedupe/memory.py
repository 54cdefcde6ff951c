"""Memory that is no longer used goes back to the system.

Belongs here: the settings of the C library's allocator for long lists. Results do not depend on them.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of malloc.h
_LARGE: Final = 4 << 20
_THREADS: Final = 2


def give_back_early() -> None:
    """Ask the GNU C library to return freed arrays at once; elsewhere nothing happens.

    Left alone it raises the size from which an array is mapped by itself to 32 MB, so that pieces of pairs leave holes
    in its heaps, one for each thread: half of the memory of a list of a million rows.
    """
    with suppress(OSError, AttributeError, TypeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        for setting, value in ((_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, 2 * _LARGE), (_ARENA_MAX, _THREADS)):
            mallopt(setting, value)
