"""The texts of a page, in Indonesian and English, written as data beside it.

A text file is YAML of any depth whose leaves are ``{id: …, en: …}``. Both languages must be there: a page is never
half translated.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from pipeline.look.numbers import Language
from pipeline.rulebook import LOADER


@lru_cache(maxsize=32)
def texts(path: Path, lang: Language) -> dict[str, Any]:
    """The texts of a file in one language, nested as in the file.

    Raises:
        KeyError: a text lacks a language; names where.
    """
    chosen = _chosen(yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER), lang, path.name)  # noqa: S506 - safe
    assert isinstance(chosen, dict)  # noqa: S101 - a text file is a mapping
    return chosen


def _chosen(node: Any, lang: Language, where: str) -> Any:
    if isinstance(node, dict) and set(node) & {"id", "en"}:
        if set(node) != {"id", "en"}:
            raise KeyError(f"{where}: needs id and en, has {', '.join(map(str, node))}")
        return node[lang]
    if isinstance(node, dict):
        return {k: _chosen(v, lang, f"{where}/{k}") for k, v in node.items()}
    return node
