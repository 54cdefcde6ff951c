"""The workbook as it came back: what was chosen is taken once, what cannot be used is told row by row.

Belongs here: reading it, whatever was moved, sorted, deleted or typed. Not here: the form (:mod:`.form`), keeping
(:mod:`.keeping`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.history import PublishedRun, published_run
from pipeline.ingest.contents import examine
from pipeline.ingest.readers import sheets_of
from pipeline.ingest.sheets import RawSheet
from pipeline.look.numbers import language
from pipeline.look.words import texts
from pipeline.period import Period
from pipeline.review.form import ABOUT, key_of
from pipeline.review.keeping import ReviewBook, Word, contradiction, review_book, say_words, who
from pipeline.review.screen import WORDS
from pipeline.verdicts import PAIR, newest_words

_COLUMNS: Final = ("pair", "judgement", "reason")

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Row:
    """One row of the form: where it stands, the code of its pair, what was written beside it."""

    sheet: str
    number: int
    pair: str
    judgement: str
    reason: str


@dataclass(frozen=True)
class Returned:
    """A form as it came back: the month it was made for, the pairs that stood in it, its rows."""

    period: str
    pairs: frozenset[Key]
    rows: list[Row]


def import_pairs(out: Path, period: Period, path: Path, *, person: str | None, lang: str = "id") -> dict[str, Any]:
    """Take the judgements of a workbook, all that can be used in one transaction.

    Args:
        out: folder of the database.
        period: the month; a workbook of another month is refused.
        path: the workbook.
        person: who judged.
        lang: language of the reasons, id or en.

    Returns:
        Counts (``applied``, ``already``, ``blank``, ``missing``), ``disputes``, and ``refusals`` with their rows.

    Raises:
        InputError: it cannot be read, is no form of pairs, or is one of another month; nothing is taken.
        StorageError: somebody else holds the database.
    """
    name, words = who(person), texts(WORDS, language(lang))
    returned = read_form(path)
    if returned.period != str(period):
        raise InputError(
            Problem(path.name, f"holds pairs of {returned.period}; nothing was taken", f"pairs of {period}",
                    f"give --period {returned.period}")
        )  # fmt: skip
    refusals: list[dict[str, Any]] = []

    def refuse(row: Row, why: str, **found: str) -> None:
        text = str(words["refusals"][why]).format(**found)
        refusals.append({"source_file": path.name, "sheet": row.sheet, "row_number": row.number, "why": text})

    said = _said(returned, refuse)
    with review_book(out) as book:
        run = published_run(out, period, book.connection)
        known = _known(book, run, list(said))
        mine = _mine(book, name, period)
        fresh: list[Word] = []
        already = 0
        for key, (word, row) in said.items():
            if key not in known:
                refuse(row, "changed")
            elif mine.get(key) == word.judgement:
                already += 1
            else:
                fresh.append(word)
        say_words(book, fresh, name, f"from {path.name}")
        against = [(w, contradiction(book, w, period)) for w in fresh]
    seen = {key_of(row.pair) for row in returned.rows}
    return {
        "period": str(period), "by": name, "applied": len(fresh), "already": already,
        "blank": sum(not row.judgement and key_of(row.pair) is not None for row in returned.rows),
        "missing": len(returned.pairs - seen), "disputes": sum(bool(text) for _, text in against),
        "refused": len(refusals), "refusals": sorted(refusals, key=lambda r: (r["sheet"], r["row_number"])),
    }  # fmt: skip


def _said(returned: Returned, refuse: Any) -> dict[Key, tuple[Word, Row]]:
    """What is said of which pair; rows that say nothing, or nothing that can be used, are left out."""
    accepted = _accepted()
    said: dict[Key, tuple[Word, Row]] = {}
    contradicted: set[Key] = set()
    for row in returned.rows:
        if not row.judgement:
            continue
        key, judgement = key_of(row.pair), accepted.get(_folded(row.judgement))
        if key is None or key not in returned.pairs:
            refuse(row, "no_pair")
        elif judgement is None:
            refuse(row, "not_a_word", found=row.judgement[:40])
        elif key in said and said[key][0].judgement != judgement:
            contradicted.add(key)
            refuse(row, "twice")
        else:
            said.setdefault(key, (Word(key, judgement, row.reason), row))
    for key in contradicted:
        _, row = said.pop(key)
        refuse(row, "twice")
    return said


def _known(book: ReviewBook, run: PublishedRun, keys: list[Key]) -> set[Key]:
    """The pairs of which both rows still say the same."""
    prints = sorted({p for one, other, _ in keys for p in (one, other)})
    with book.frame("asked", pl.DataFrame({"fingerprint": prints}, schema={"fingerprint": pl.String})):
        found = book.ask(
            "select distinct fingerprint from audit.mentions where run_id = $run"
            " and fingerprint in (select fingerprint from asked)",
            run=run.run_id,
        )
    there = set(found["fingerprint"])
    return {key for key in keys if key[0] in there and key[1] in there}


def _mine(book: ReviewBook, person: str, period: Period) -> dict[Key, str]:
    """What the person says of which pair now."""
    newest = newest_words(book.words(), period.last_day)
    own = newest.filter(pl.col("by").str.strip_chars().str.to_lowercase() == person.lower())
    return {(a, b, level): judgement for a, b, level, judgement in own.select(*PAIR, "judgement").iter_rows()}


# ------------------------------------------------------------------ reading


def read_form(path: Path) -> Returned:
    """The form in a file, with its columns wherever they stand now.

    Raises:
        InputError: the file cannot be read, was not made by ``--export``, or its columns are gone.
    """
    if not path.is_file():
        raise InputError(Problem(str(path), "there is no such file", "the workbook that came back"))
    sheets = sheets_of(examine(path))
    about = next((s for s in sheets if s.name == ABOUT), None)
    facts = [] if about is None else [cells for _, cells in about.rows()]
    told = {cells[0]: cells[1] for cells in facts if len(cells) > 1 and cells[0] != "pair"}
    if "period" not in told:
        raise InputError(
            Problem(path.name, "is no workbook of pairs to judge, or its hidden sheet is gone",
                    "a workbook made by `tepat review --export`, saved as XLSX",
                    "export it again and copy the judgements")
        )  # fmt: skip
    pairs = {key_of(cells[1]) for cells in facts if len(cells) > 1 and cells[0] == "pair"} - {None}
    rows = [row for sheet in sheets if not sheet.name.startswith("_") for row in _form_rows(sheet)]
    if not rows and pairs:
        raise InputError(
            Problem(path.name, "the columns of pair code and judgement are not there any more; nothing was taken",
                    ", ".join(_headings("pair") + _headings("judgement")), "put the row of headings back")
        )  # fmt: skip
    return Returned(told["period"], frozenset(k for k in pairs if k is not None), rows)


def _form_rows(sheet: RawSheet) -> Iterator[Row]:
    """Rows under the headings; none where the sheet has not both headings."""
    at: dict[str, int] = {}
    for number, cells in sheet.rows():
        found = {c: j for j, text in enumerate(cells) for c in _COLUMNS if _folded(text) in map(_folded, _headings(c))}
        if {"pair", "judgement"} <= set(found):
            at = found
            continue
        if at:
            pair, judgement, reason = (cells[at[c]] if c in at and at[c] < len(cells) else "" for c in _COLUMNS)
            if pair or judgement:
                yield Row(sheet.name, number, pair, judgement, reason)


def _headings(column: str) -> list[str]:
    return [texts(WORDS, language(lang))["form"][column] for lang in ("id", "en")]


def _accepted() -> dict[str, str]:
    """What may be written, in either language, and what it means."""
    found: dict[str, str] = {}
    for lang in ("id", "en"):
        for judgement, ways in texts(WORDS, language(lang))["accepted"].items():
            found |= {_folded(way): judgement for way in ways.split("|")}
    return found


def _folded(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").split()).strip(" .!")
