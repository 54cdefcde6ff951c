"""Memory that is free goes back to the system between steps.

The C library keeps what large arrays have left behind, a third of all that resolution holds; the next step, which
needs blocks of another size, would take new memory beside it.
"""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Return free memory to the system, where its C library can (glibc); elsewhere nothing happens."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        return
