"""Memory that is no longer used goes back to the system.

Belongs here: what the GNU C library is asked for by those who hold large arrays. Elsewhere nothing happens; results
never depend on it.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of malloc.h
_LARGE: Final = 16 << 20
_SPARE: Final = 64 << 20
"""What a thread may keep of freed memory: less, and the pieces of pairs would be asked for page by page each time."""
_THREADS: Final = 2
_NO_SUCH_LIBRARY: Final = (OSError, AttributeError, TypeError)


def give_back_early() -> None:
    """Ask that freed arrays are returned at once, for the rest of the process.

    Left alone the library raises the size from which an array is mapped by itself to 32 MB, so that pieces of pairs
    leave holes in its heaps, one for each thread: half of the memory of a list of a million rows.
    """
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())  # its own keeps what readers have freed
    with suppress(*_NO_SUCH_LIBRARY):
        mallopt = ctypes.CDLL(None).mallopt
        for setting, value in ((_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _SPARE), (_ARENA_MAX, _THREADS)):
            mallopt(setting, value)


def give_back() -> None:
    """Return what is free now: the next step needs blocks of another size and would take new memory beside it."""
    with suppress(*_NO_SUCH_LIBRARY):
        ctypes.CDLL(None).malloc_trim(0)
