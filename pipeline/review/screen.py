"""The review in a terminal: a key a judgement, the two rows side by side.

Belongs here: reading keys on Linux, macOS and Windows, and drawing a pair. Not here: what a key does (:mod:`.session`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.errors import InputError, Problem
from pipeline.history import published_run
from pipeline.look.numbers import Numbers, language
from pipeline.look.pairs import PairWords
from pipeline.look.words import texts
from pipeline.period import Period
from pipeline.review.choice import Choice
from pipeline.review.keeping import WORDS as JUDGEMENTS
from pipeline.review.keeping import review_book, who
from pipeline.review.pairs import Pair, pairs_to_judge
from pipeline.review.session import Session
from pipeline.review.sides import lines_of, where

WORDS: Final = Path(__file__).with_name("words.yaml")
_END: Final = ("", "\x03", "\x04", "\x1a")
"""End of input, Ctrl-C, Ctrl-D, Ctrl-Z."""

ReadKey = Callable[[], str]


def review_in_terminal(
    out: Path,
    period: Period,
    choice: Choice,
    *,
    person: str | None,
    lang: str = "id",
    console: Console | None = None,
    read_key: ReadKey | None = None,
) -> dict[str, Any]:
    """Judge pairs of a published month, one key each.

    Args:
        out: folder of the database.
        period: the month.
        choice: which pairs.
        person: who judges.
        lang: id or en.
        console: where it is drawn; the terminal by default.
        read_key: gives the next key; the keyboard by default.

    Returns:
        How many pairs were judged how, skipped and left; of a file why not all were asked.

    Raises:
        InputError: no terminal, no name, the month is not published, the choice cannot be used.
        StorageError: somebody else holds the database.
    """
    if read_key is None and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError(
            Problem("tepat review", "the keyboard or the screen is not a terminal", "a terminal to press keys in",
                    "open a terminal, or judge in Excel: add --export FILE.xlsx, and later --import FILE.xlsx")
        )  # fmt: skip
    name, words = who(person), texts(WORDS, language(lang))
    with review_book(out) as book:
        run = published_run(out, period, book.connection)
        chosen = pairs_to_judge(book, run, name, choice)
    session = Session(out, period, name, chosen.pairs)
    _Screen(console or Console(), words, Numbers(language(lang)), read_key or _key_reader()).run(session)
    return {
        "period": str(period), "run_id": run.run_id, "level": choice.level, "by": name, **session.counts,
        "left": len(chosen.pairs) - session.at, **chosen.left_out,
    }  # fmt: skip


def _key_reader() -> ReadKey:
    """Reads one key at a time without Enter."""
    try:
        import msvcrt
    except ImportError:
        return _posix_key
    return msvcrt.getwch  # type: ignore[attr-defined,no-any-return,unused-ignore]


def _posix_key() -> str:
    import termios
    import tty

    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    try:
        tty.setcbreak(keyboard)
        return sys.stdin.read(1)
    except KeyboardInterrupt:
        return "\x03"
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


class _Screen:
    """Draws pairs and reads keys until there is nothing left or somebody has had enough."""

    def __init__(self, console: Console, words: dict[str, Any], numbers: Numbers, read_key: ReadKey) -> None:
        self.console, self.words, self.numbers, self.read_key = console, words, numbers, read_key
        self.said: dict[str, str] = words["screen"]
        self.pairs = PairWords(numbers.lang)
        self.does = {key: what for what, key in words["keys"].items()}

    def run(self, session: Session) -> None:
        message = ""
        while (pair := session.pair) is not None:
            self._draw(session, pair, message)
            key = self.read_key().lower()
            if key in _END or self.does.get(key) == "quit":
                break
            message = self._do(session, self.does.get(key, ""))
        self._close(session, message)

    def _do(self, session: Session, what: str) -> str:
        """Do what a key means, and say what was done."""
        if what in JUDGEMENTS:
            against = session.judge(what)
            if against:
                told = ", ".join(self._translated(one) for one in against.split(", "))
                return self.said["against"].format(said=told)
            return self.said["saved"].format(what=self.words["names"][what])
        if what == "skip":
            session.skip()
            return self.said["skipped"]
        if what == "back":
            return self.said["taken_back" if session.back() else "nothing_back"]
        if what == "reason":
            session.reason = self.console.input(self.said["reason"]).strip()
            return session.reason
        return self.said["unknown_key"]

    def _close(self, session: Session, message: str) -> None:
        if message:
            self.console.print(message, highlight=False)
        if not session.pairs:
            self.console.print(self.said["none"])
            return
        self.console.print(self.said["done"].format(**session.counts, period=session.period), highlight=False)

    # ------------------------------------------------------------------ drawing

    def _draw(self, session: Session, pair: Pair, message: str) -> None:
        self.console.clear()
        if message:
            self.console.print(message, style="dim", highlight=False)
        head = self.said["progress"].format(n=session.at + 1, of=len(session.pairs))
        self.console.print(f"{head} · {self._facts(pair)}", highlight=False)
        if why := self.pairs.kept_apart(pair.comparison):
            self.console.print(why, highlight=False)
        if pair.said:
            told = ", ".join(self._translated(s) for s in pair.said)
            self.console.print(self.said["said"].format(said=told), style="bold", highlight=False)
        self.console.print(self._table(pair))
        self.console.print(self.said["how"], style="dim", highlight=False)
        keys = "  ".join(f"[{key}] {self.words['names'][what]}" for what, key in self.words["keys"].items())
        self.console.print(Text(self.said[pair.key[2]], style="bold"))
        self.console.print(Text(keys))

    def _translated(self, said: str) -> str:
        name, _, judgement = said.rpartition(": ")
        return f"{name}: {self.words['names'].get(judgement, judgement)}"

    def _facts(self, pair: Pair) -> str:
        chance = (
            self.said["not_written"]
            if pair.probability is None
            else self.said["probability"].format(p=self.numbers.percent(pair.probability))
        )
        stake = self.said["hangs"].format(amount=self.numbers.rupiah(pair.amount), n=pair.n_findings)
        return f"{chance} · {self.words['decisions'][pair.decision]} · {stake}"

    def _table(self, pair: Pair) -> Table:
        table = Table(show_lines=False, header_style="bold", expand=False, safe_box=True)
        table.add_column(self.said["column"], no_wrap=True)
        for side in pair.sides:
            n, home = side["n_mentions"] or 1, side["n_at_home"]
            heading = f"{where(side, self.said['row'])}\n{side['kind']} {side['program'] or ''}".rstrip()
            table.add_column(f"{heading} ({self.said['rows_of'].format(n=n, home=home)})", overflow="fold")
        table.add_column(self.said["found"])
        table.add_column(self.said["weight"], justify="right")
        for line in lines_of(pair.sides, pair.comparison, self.pairs):
            weight = "" if line.weight is None else signed(line.weight, self.numbers)
            table.add_row(
                self.words["columns"].get(line.column) or self.pairs.column(line.column),
                self._marked(line.left, line.differs_left), self._marked(line.right, line.differs_right),
                line.level, weight,
            )  # fmt: skip
        return table

    def _marked(self, text: str, differs: frozenset[int]) -> Text:
        """A value whose differing characters stand out; in brackets where the terminal knows no colours."""
        plain = self.console.color_system is None
        shown = Text()
        for k, character in enumerate(text):
            here = k in differs
            if plain and here and k - 1 not in differs:
                shown.append("[")
            shown.append(character, style="bold reverse" if here and not plain else "")
            if plain and here and k + 1 not in differs:
                shown.append("]")
        return shown


def signed(weight: float, numbers: Numbers) -> str:
    """A weight with its sign: ``+9,5``."""
    return f"{'+' if weight >= 0 else ''}{numbers.decimal(weight, 1)}"
