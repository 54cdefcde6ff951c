"""Pairs to judge as a workbook: for who would rather work in Excel, or somewhere else.

Belongs here: cells, locks and the list to choose from. What comes back is checked again (:mod:`.returned`): the locks
guard against slips, and have no password.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from pipeline.errors import InputError, Problem
from pipeline.history import published_run
from pipeline.look.numbers import Language, Numbers, language
from pipeline.look.pairs import PairWords
from pipeline.look.words import texts
from pipeline.outgoing import lock_of, locked_workbook
from pipeline.period import Period
from pipeline.review.choice import Choice
from pipeline.review.keeping import WORDS as JUDGEMENTS
from pipeline.review.keeping import review_book, who
from pipeline.review.pairs import Pair, pairs_to_judge
from pipeline.review.screen import WORDS, signed
from pipeline.review.sides import lines_of, where
from pipeline.whole import write_whole

ABOUT: Final = "_tepat"
"""Hidden sheet: what the file is, and which pairs stood in it."""
CHOICES: Final = "_pilihan"
HEADER_ROW: Final = 2
COMPARED: Final = ("name", "nik", "birth_date", "sex", "no_kk", "address", "desa")
"""Columns shown of both rows; the weights of the others stand in the column of evidence."""
_LEVELS: Final = {"P": "person", "H": "household"}


def code_of(key: tuple[str, str, str]) -> str:
    """A pair as a code that can be written in a cell: no program takes it for a number."""
    one, other, level = key
    letter = next(k for k, v in _LEVELS.items() if v == level)
    return f"{letter} {_grouped(one)} {_grouped(other)}"


def key_of(code: str) -> tuple[str, str, str] | None:
    """The pair of a code; None where it is none."""
    letter, _, rest = code.strip().partition(" ")
    digits = rest.replace("-", "").replace(" ", "").lower()
    level = _LEVELS.get(letter.upper())
    if level is None or len(digits) != 32 or set(digits) - set("0123456789abcdef"):
        return None
    return digits[:16], digits[16:], level


def _grouped(fingerprint: str) -> str:
    return "-".join(fingerprint[k : k + 4] for k in range(0, len(fingerprint), 4))


def export_pairs(
    out: Path,
    period: Period,
    path: Path,
    choice: Choice,
    *,
    person: str | None,
    lang: str = "id",
) -> dict[str, Any]:
    """Write the pairs that somebody may judge into a workbook, locked with the passphrase where there is one.

    Args:
        out: folder of the database.
        period: the month.
        path: the workbook, ``.xlsx``.
        choice: which pairs.
        person: who is to judge; pairs that this person has judged are left out.
        lang: id or en.

    Raises:
        InputError: another ending than .xlsx, no name, the month is not published.
        StorageError: a key is set and no passphrase; somebody else holds the database.
    """
    if path.suffix.lower() != ".xlsx":
        raise InputError(Problem("--export", f"{path.name} does not end in .xlsx", "a workbook: FILE.xlsx"))
    name, spoken, lock = who(person), language(lang), lock_of("pairs to judge")
    with review_book(out) as book:
        run = published_run(out, period, book.connection)
        chosen = pairs_to_judge(book, run, name, choice)
        pairs = chosen.pairs
        content = workbook(pairs, run.run_id, period, texts(WORDS, spoken), spoken)
        with book.transaction():
            book.log("export", path.name, f"{len(pairs)} pairs of {period} for {name} to judge")
    write_whole(path, content if lock is None else locked_workbook(content, lock))
    return {
        "period": str(period), "run_id": run.run_id, "level": choice.level, "pairs": len(pairs),
        **chosen.left_out, "files": [str(path)], "locked": lock is not None,
    }  # fmt: skip


def workbook(pairs: list[Pair], run_id: str, period: Period, words: dict[str, Any], lang: Language) -> bytes:
    """The bytes of the workbook; the same pairs give the same bytes."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False})
    made = datetime(period.year, period.month, 1, tzinfo=UTC)
    book.set_properties(
        {"title": words["form"]["title"].format(month=Numbers(lang).month(str(period))), "created": made}
    )
    _Writer(book, words, Numbers(lang), str(period)).write(pairs, run_id)
    book.close()
    return buffer.getvalue()


class _Writer:
    """Writes the sheets of one workbook."""

    def __init__(self, book: Any, words: dict[str, Any], numbers: Numbers, period: str) -> None:
        self.book, self.words, self.form, self.numbers, self.period = book, words, words["form"], numbers, period
        self.tell = PairWords(numbers.lang)
        base = {"font_name": "Calibri", "font_size": 10, "valign": "top", "text_wrap": True, "border": 1,
                "border_color": "#B8C0C8", "num_format": "@"}  # fmt: skip
        self.bold = book.add_format({"bold": True, "font_size": 13})
        self.plain = book.add_format({"font_size": 10, "text_wrap": True, "valign": "top"})
        self.head = book.add_format(base | {"bold": True, "bg_color": "#DDE4EA"})
        self.locked = book.add_format(base | {"bg_color": "#EEF1F4"})
        self.free = book.add_format(base | {"bg_color": "#FFF9DB", "locked": False})
        self.red = book.add_format({"bold": True, "font_color": "#B3261E"})
        self.grey = book.add_format({"font_color": "#1F2933"})

    def write(self, pairs: list[Pair], run_id: str) -> None:
        """Guide, pairs, and what says which file it is."""
        title = self.form["title"].format(month=self.numbers.month(self.period))
        guide = self.book.add_worksheet(self.form["guide"])
        guide.set_column(0, 0, 100)
        guide.write_string(0, 0, title, self.bold)
        for n, step in enumerate(self.form["steps"].values(), 2):
            guide.write_string(n, 0, f"{n - 1}. {step}", self.plain)
        guide.protect()
        self._pairs(pairs, title)
        hidden = self.book.add_worksheet(CHOICES)
        hidden.write_column(0, 0, [self.words["names"][j] for j in JUDGEMENTS])
        hidden.hide()
        about = self.book.add_worksheet(ABOUT)
        for n, (what, value) in enumerate((("period", self.period), ("run_id", run_id))):
            about.write_string(n, 0, what)
            about.write_string(n, 1, value)
        for n, pair in enumerate(pairs, 2):
            about.write_string(n, 0, "pair")
            about.write_string(n, 1, code_of(pair.key))
        about.hide()

    def _columns(self) -> list[tuple[str, float]]:
        columns = self.tell.words["columns"] | self.words["columns"] | {"stands": self.form["stands"]}
        both = [
            (self.form[side].format(column=columns[c]), 17.0)
            for c in ("stands", *COMPARED)
            for side in ("left", "right")
        ]
        return [
            (self.form["n"], 5), (self.form["judgement"], 13), (self.form["reason"], 24), *both,
            (self.form["evidence"], 38), (self.form["chance"], 10), (self.form["stake"], 22), (self.form["pair"], 44),
        ]  # fmt: skip

    def _pairs(self, pairs: list[Pair], title: str) -> None:
        page = self.book.add_worksheet(self.form["pairs"])
        page.write_string(0, 0, title, self.bold)
        for j, (heading, width) in enumerate(self._columns()):
            page.set_column(j, j, width)
            page.write_string(HEADER_ROW, j, heading, self.head)
        for n, pair in enumerate(pairs, HEADER_ROW + 1):
            self._row(page, n, pair)
        last = max(HEADER_ROW + len(pairs), HEADER_ROW + 1)
        page.data_validation(HEADER_ROW + 1, 1, last, 1, {
            "validate": "list", "source": f"='{CHOICES}'!$A$1:$A${len(JUDGEMENTS)}", "error_type": "warning",
            "input_title": self.form["judgement"], "input_message": self.form["choose"],
        })  # fmt: skip
        page.autofilter(HEADER_ROW, 0, last, len(self._columns()) - 1)
        page.freeze_panes(HEADER_ROW + 1, 3)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.protect("", {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True})

    def _row(self, page: Any, n: int, pair: Pair) -> None:
        page.write_number(n, 0, n - HEADER_ROW, self.locked)
        page.write_blank(n, 1, None, self.free)
        page.write_blank(n, 2, None, self.free)
        lines = {line.column: line for line in lines_of(pair.sides, pair.comparison, self.tell)}
        j = 3
        for side in pair.sides:
            page.write_string(n, j, where(side, self.words["screen"]["row"]), self.locked)
            j += 1
        for column in COMPARED:
            line = lines.get(column)
            nothing = ("", frozenset[int]())
            both = ((line.left, line.differs_left), (line.right, line.differs_right)) if line else (nothing, nothing)
            for text, differs in both:
                self._marked(page, n, j, text, differs)
                j += 1
        told = [f"{s.name} {s.found}: {signed(s.weight, self.numbers)}" for s in self.tell.steps(pair.comparison)]
        why = self.tell.kept_apart(pair.comparison)
        chance = "" if pair.probability is None else self.numbers.percent(pair.probability)
        stake = self.words["screen"]["hangs"].partition(":")[2].strip()
        texts_of_end = (
            "\n".join([*([why] if why else []), *told]), chance,
            stake.format(amount=self.numbers.rupiah(pair.amount), n=pair.n_findings), code_of(pair.key),
        )  # fmt: skip
        for text in texts_of_end:
            page.write_string(n, j, text, self.locked)
            j += 1

    def _marked(self, page: Any, n: int, j: int, text: str, differs: frozenset[int]) -> None:
        """A cell whose differing characters are red."""
        parts: list[Any] = []
        start = 0
        for k in range(1, len(text) + 1):
            if k == len(text) or (k in differs) != (start in differs):
                parts += [self.red if start in differs else self.grey, text[start:k]]
                start = k
        if len(parts) > 2:
            page.write_rich_string(n, j, *parts, self.locked)
        else:
            page.write_string(n, j, text, self.locked)
