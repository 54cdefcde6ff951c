"""Tepat Sasaran: finds targeting errors in the beneficiary lists of a social office.

One folder a stage, in the order in which data flows: ``ingest`` → ``validate`` → ``resolve`` → ``misuse`` →
``target`` → ``publish``. :mod:`pipeline.run` puts them in order; :mod:`pipeline.tables` declares every table
that passes between them. No stage imports a later one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.history import PublishedRun, open_run

__all__ = ["PublishedRun", "open_run"]


def __getattr__(name: str) -> Any:
    """What notebooks use, imported when it is first asked for: ``tepat --help`` must not wait for DuckDB."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pipeline import history

    return getattr(history, name)
