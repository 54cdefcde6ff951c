"""Great Expectations, imported beside other work: it takes five seconds and more.

Belongs here: the only import of the package, its silence (no analytics, no progress bars). Not here: how it is used
(:mod:`.gate`).
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
from types import ModuleType

_thread: threading.Thread | None = None
_GUARD = threading.Lock()


def _import() -> ModuleType:
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    importlib.import_module("great_expectations.expectations")
    return importlib.import_module("great_expectations")


def _try_import() -> None:
    try:
        _import()
    except Exception:  # the same import, made again in the foreground, says what is wrong
        logging.getLogger(__name__).debug("background import failed", exc_info=True)


def preload() -> None:
    """Start importing Great Expectations in the background; returns at once, and may be called twice."""
    global _thread
    with _GUARD:
        if _thread is None:
            _thread = threading.Thread(target=_try_import, name="preload-great-expectations", daemon=True)
            _thread.start()


def great_expectations() -> ModuleType:
    """The package, after waiting for a background import that is under way.

    Raises:
        ImportError: the package is not installed.
    """
    if _thread is not None:
        _thread.join()
    return _import()
