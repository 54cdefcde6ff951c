"""The look of the terminal: messages, tables, trees, JSON.

Belongs here: how anything is printed. Not here: what a command says (its module in :mod:`pipeline.commands`). Data goes
to standard output, progress and messages to standard error; every message passes :func:`pipeline.privacy.scrub` once
more.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from pipeline.errors import Problem
from pipeline.privacy import scrub

Document = dict[str, Any]
"""What a command found: all that it may say, in words or as JSON."""
_printed: list[bool] = []
"""Whether this process has printed its JSON document."""


def say(message: str) -> None:
    """A message to standard error, with long numbers masked."""
    print(scrub(message), file=sys.stderr, flush=True)


def answer(document: Document, as_json: bool, in_words: Callable[[Document], None]) -> None:
    """What a command found, as the one JSON document of ``--json`` or in words."""
    if as_json:
        print_json(document)
    else:
        in_words(document)


def print_json(document: Any) -> None:
    """The one JSON document of a command run with ``--json``; floats to twelve digits, which says all they know.

    Sixteen digits in a row are for numbers of persons: whoever looks for leaked ones must not find a measure.
    """
    _printed.append(True)
    print(json.dumps(_shortened(document), ensure_ascii=False, indent=1, sort_keys=True, default=str))


def print_error(kind: str, problems: Sequence[Problem], exit_code: int) -> None:
    """The one JSON document of a command that ended with an error: ``{"error": {"type", "exit_code", "problems"}}``,
    each problem with ``where``, ``found``, ``expected``, ``todo``, long numbers masked; nothing where it has answered.
    """
    if not _printed:
        told = [{name: scrub(text) for name, text in asdict(problem).items()} for problem in problems]
        print_json({"error": {"type": kind, "exit_code": exit_code, "problems": told}})


def _shortened(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, dict):
        return {key: _shortened(inner) for key, inner in value.items()}
    return [_shortened(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def rupiah(amount: float | None) -> str:
    """An amount as Indonesians write it: ``Rp1.250.000``; a dash where there is none."""
    return "-" if amount is None else "Rp" + f"{amount:,.0f}".replace(",", ".")


def decimal(value: float | None) -> str:
    """A share to three digits; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def print_rows(title: str, rows: list[dict[str, Any]], left: tuple[str, ...] | None = None) -> None:
    """A table of dicts with the same keys; nothing where there are no rows.

    Args:
        title: stands above it.
        rows: cells as text or numbers; None is an empty cell.
        left: columns set flush left, the others being figures; all of them where it is left out.
    """
    from rich.console import Console
    from rich.table import Table

    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for name in rows[0]:
        figures = left is not None and name not in left
        table.add_column(name.replace("_", " "), justify="right" if figures else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if v is None else str(v) for v in row.values()))
    Console().print(table)


def print_written(files: list[str]) -> None:
    """The files that a command wrote, a line each."""
    for file in files:
        print(f"wrote {file}")


def print_tree(title: str, document: Any) -> None:
    """Nested dicts and lists as a tree."""
    from rich.console import Console
    from rich.tree import Tree

    tree = Tree(title)
    _grow(tree.add, document)
    Console().print(tree)


def _grow(add: Callable[[str], Any], node: Any) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, dict | list) and value:
                _grow(add(str(key)).add, value)
            elif value not in (None, "", [], {}):
                add(f"{key}: {_short(value)}")
    elif isinstance(node, list):
        for value in node:
            if isinstance(value, dict):
                plain = {k: v for k, v in value.items() if not isinstance(v, dict | list) and v not in (None, "")}
                branch = add("  ".join(f"{k}={_short(v)}" for k, v in plain.items()))
                _grow(branch.add, {k: v for k, v in value.items() if isinstance(v, dict | list)})
            else:
                add(str(value))


def _short(value: Any) -> Any:
    """Six digits after the point are enough to read: more look like the number of a person."""
    return round(value, 6) if isinstance(value, float) else value
