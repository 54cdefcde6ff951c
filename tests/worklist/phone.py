"""What an officer does with the page on a phone: real taps and typing in a headless Chromium, 360 pixels wide."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser import Tab

WAIT = 30.0


class Phone:
    """A tab without network; files that it saves land in ``saved``."""

    def __init__(self, tab: Tab, saved: Path) -> None:
        self.tab, self.saved = tab, saved
        tab.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(saved))

    def open(self, page: Path, passphrase: str | None = None) -> None:
        """Open a page from disk, with its passphrase; a page that is open already is read again."""
        self.tab.open(page, width=360)
        if passphrase is not None:
            self.unlock(passphrase)
            self.until(lambda: self.shown("#work"))

    def open_new(self, page: Path) -> None:
        """Open a page as on a phone that has never seen it."""
        self.open(page)
        self.script("localStorage.clear()")
        self.open(page)

    def unlock(self, passphrase: str) -> None:
        """Give a passphrase."""
        self.type("#pass", passphrase)
        self.tap("#lock button")

    def script(self, code: str) -> Any:
        """The value of an expression."""
        return self.tab.run(code)

    def text(self, selector: str) -> str:
        """What an element says."""
        return str(self.script(f"document.querySelector({json.dumps(selector)}).innerText"))

    def value(self, selector: str) -> str:
        """What is written in a field."""
        return str(self.script(f"document.querySelector({json.dumps(selector)}).value"))

    def shown(self, selector: str) -> int:
        """How many of the elements can be seen."""
        found = f"[...document.querySelectorAll({json.dumps(selector)})]"
        return int(self.script(f"{found}.filter(e => e.offsetParent).length"))

    def tap(self, selector: str) -> None:
        """Tap with a finger on the middle of an element; it must not lie beneath another."""
        place = self.script(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            "const x = r.x + r.width / 2, y = r.y + r.height / 2, top = document.elementFromPoint(x, y);"
            "return [x, y, e.contains(top) || (top && top.contains(e))]; })()"
        )
        assert place[2], f"{selector} lies beneath something else"
        for kind, points in (("touchStart", [{"x": place[0], "y": place[1]}]), ("touchEnd", [])):
            self.tab.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    def type(self, selector: str, text: str) -> None:
        """Write into a field, in the place of what stands there."""
        self.script(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.focus(); e.select(); }})()")
        if text:
            self.tab.call("Input.insertText", text=text)
        else:
            key = {"key": "Delete", "code": "Delete", "windowsVirtualKeyCode": 46}
            for kind in ("keyDown", "keyUp"):
                self.tab.call("Input.dispatchKeyEvent", type=kind, **key)

    def unfold(self, case_id: str) -> str:
        """Unfold the card of a case; a selector that finds it."""
        self.script("[...document.querySelectorAll('.visit')].forEach(c => c.dataset.case = c.visit.case_id)")
        card = f'.visit[data-case="{case_id}"]'
        if not self.script(f"document.querySelector({json.dumps(card)}).open"):
            self.tap(f"{card} summary")
            self.until(lambda: self.shown(f"{card} textarea") == 1)
        return card

    def answer(self, case_id: str, topic: str, code: str) -> None:
        """Choose an answer to a question."""
        self.tap(f'{self.unfold(case_id)} [data-topic="{topic}"] button[value="{code}"]')

    def save(self) -> Path:
        """Save the outcomes file."""
        for old in self.saved.glob("*.csv"):
            old.unlink()
        self.tap("#save")
        self.until(lambda: len(list(self.saved.glob("*.csv"))))
        return next(self.saved.glob("*.csv"))

    def until(self, so: Callable[[], bool | int]) -> None:
        """Wait until something is so."""
        end = time.monotonic() + WAIT
        while not so():
            assert time.monotonic() < end, "the page did not get there"
            time.sleep(0.05)
