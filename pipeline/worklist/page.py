"""The worklist as one HTML file for a phone: read from disk, filled without network, sent back as a small file.

Belongs here: putting a sheet into the page. Nothing is fetched, and the page's own content policy forbids it. A locked
page holds no personal data in the clear (:func:`pipeline.outgoing.locked_box`).
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pipeline.look.page import render
from pipeline.outgoing import locked_box
from pipeline.worklist.document import Sheet

HERE: Final = Path(__file__).parent


def html(sheet: Sheet, words: dict[str, Any], language: str, name: str, secret: str | None) -> str:
    """The page of one TKSK.

    Args:
        sheet: the worklist.
        words: texts in its language.
        language: id or en.
        name: of the file without suffix; that of the outcomes file begins with it.
        secret: passphrase that opens it (see :func:`pipeline.outgoing.lock_of`); None: open.
    """
    packed: dict[str, Any] = {"list": f"{sheet.period}:{name}", "file": f"hasil_{name}_{sheet.period}.csv"}
    if secret is None:
        packed["sheet"] = sheet.as_dict()
    else:
        packed |= locked_box(json.dumps(sheet.as_dict(), ensure_ascii=False), secret, packed["list"])
    context = {
        "words": words, "kecamatan": sheet.kecamatan, "month": sheet.month, "own_style": _text("worklist.css"),
        "script": _text("worklist.js"), "script_words": _in_page(words), "payload": _in_page(packed),
    }  # fmt: skip
    return render(HERE, "worklist.html.j2", language, context)


def _in_page(content: Any) -> str:
    """JSON that may stand in a script element."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@lru_cache(maxsize=4)
def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
