"""What a sheet is: its header, its kind, and which column is which.

Belongs here: finding the header row (of one, two or three lines) by its headings and choosing the kind whose card
fits best. Not here: the rows below (:mod:`.layout`), the headings themselves (:mod:`.cards`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import PurePath
from typing import Final

import polars as pl

from pipeline.ingest.cards import (
    IGNORED,
    JOINED,
    NEAREST_RANK,
    NUMBERING,
    Cards,
    Matched,
    SourceCard,
    heading_key,
    words_of,
)
from pipeline.ingest.sheets import Merge, RawSheet, width
from pipeline.ingest.titles import program_in

_DEEPEST: Final = 3  # lines a header can have
_CONTENT_ROWS: Final = 300  # rows looked at where a heading's meaning shows in its cells
_CONTENT_SHARE: Final = 0.6  # of the filled ones that must look so
_LEAST_SHARE: Final = 0.4  # of a header's cells that must be known headings,
_ENOUGH_KNOWN: Final = 5  # or so many of them: exports of registries have scores of further columns,
_WIDEST: Final = 500  # but not thousands
_LONGEST_TEXT: Final = 500  # characters of a cell that can matter in a title or heading
_DIGITS_OF_DATA: Final = 8
_DATES: Final = ("birth_date", "ttl", "death_date", "proposed_at", "transacted_at", "visited_at")
_WRITTEN_DATE: Final = r"\b([0-9]{1,2})[-/.]([0-9]{1,2})[-/.](?:[0-9]{4}|[0-9]{2})\b"
_FEWEST_TURNED: Final = 5  # dates of which the second part can be no month,
_TURNED_TO_ONE: Final = 10  # against one whose first part can be none
_FEWEST_COLUMNS: Final = 2
_PERSON_NUMBERS: Final = ("nik", "no_kk", "card_number", "account_number", "bpjs_number", "birth_date", "ttl")
_FROM_CONTENT_RANK: Final = 50
_CONTINUED_SHARE: Final = 0.5  # of a sheet's rows that must look like the earlier sheet's
_PROGRAM_WEIGHT: Final = {"recipients": 2.0, "payments": 1.0}


@dataclass(frozen=True)
class Said:
    """What the user says of a sheet in ``sources.yaml``."""

    kind: str | None = None
    program: str | None = None
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One written row near the top of a sheet; cells by physical column."""

    row_number: int
    cells: dict[int, str]

    @property
    def text(self) -> str:
        """All cells as one text."""
        return " ".join(self.cells[j] for j in sorted(self.cells))


@dataclass(frozen=True)
class Reading:
    """How a sheet is read: its card, where its header stands, and its columns."""

    card: SourceCard
    header: tuple[Line, ...]
    """Header lines and the row of column numbers below them; they can come again on each page."""
    titles: tuple[Line, ...]
    columns: dict[str, int]
    """Column name → physical column."""
    headings: dict[int, str]
    """Physical column → heading as written, for all columns that have one."""
    numbering: int | None
    unknown: tuple[str, ...]
    constants: dict[str, str]
    """Columns that the sheet has not, but its title says."""
    month_first: tuple[str, ...] = ()
    """Columns of dates that are written month before day throughout."""
    score: float = 0.0
    depth: int = 1
    """Header lines with headings; a further one holds column numbers."""

    @property
    def kind(self) -> str:
        """Kind of source."""
        return self.card.kind

    @property
    def header_row(self) -> int | None:
        """Row number of the (last) header line; None where it is no row of the file."""
        return self.header[-1].row_number if self.header else None

    @property
    def header_lines_end(self) -> int | None:
        """Row number of the last line of headings, without the row of column numbers."""
        return self.header[self.depth - 1].row_number if self.header else None

    @property
    def written_headings(self) -> dict[str, str]:
        """Column name → heading as written."""
        return {name: self.headings[j] for name, j in self.columns.items()}


def top_lines(batch: pl.DataFrame, n: int) -> list[Line]:
    """The first written rows of a batch."""
    top = batch.head(n)
    numbers = top["row_number"].to_list()
    rows = top.select(
        pl.col(f"c{j}").str.head(_LONGEST_TEXT).str.replace_all(r"\s+", " ").str.strip_chars()
        for j in range(width(batch))
    ).rows()
    return [
        Line(number, {j: text for j, text in enumerate(row) if text}) for number, row in zip(numbers, rows, strict=True)
    ]


def recognise(batch: pl.DataFrame, sheet: RawSheet, source_file: str, cards: Cards, said: Said) -> Reading | None:
    """Read the header of a sheet from its first batch; None where no kind of source fits."""
    lines = top_lines(batch, cards.layout.header.search_rows)
    found: list[tuple[int, int, Reading]] = []
    for start in range(len(lines)):
        if found and start > found[0][0] + _DEEPEST - 1:
            break
        for depth in range(1, _DEEPEST + 1):
            block = lines[start : start + depth]
            if not _may_be_header(block, depth, cards, said):
                continue
            reading = _best_kind(lines[:start], block, batch, sheet, source_file, cards, said)
            if reading is not None:
                found.append((start, depth, reading))
    if not found:
        return None
    start, depth, reading = max(found, key=lambda f: (len(f[2].columns), -f[1], -f[0]))
    numbers = _number_line(lines[start + depth :], reading)
    return replace(reading, header=(*reading.header, *numbers))


def _may_be_header(block: Sequence[Line], depth: int, cards: Cards, said: Said) -> bool:
    """Cheap look before cards are tried: lines without a gap, enough known headings, no line like data."""
    if len(block) < depth or block[-1].row_number - block[0].row_number != depth - 1:
        return False
    if depth > 1 and any(len(line.cells) < 2 or _looks_like_data(line) for line in block):
        return False
    texts = [t for line in block for t in line.cells.values()]
    known = sum(cards.looks_known(t) or _said_column(t, said) is not None for t in texts)
    if depth == 1:
        enough = min(_LEAST_SHARE * len(texts), _ENOUGH_KNOWN if len(texts) <= _WIDEST else len(texts))
        return known >= 2 and known >= enough
    return known >= 1


def _looks_like_data(line: Line) -> bool:
    """Headings are words: no bare number, no long one, few digits at all."""
    texts = line.cells.values()
    if any(re.fullmatch(r"[\d.,]+", t) or len(re.findall(r"\d", t)) >= _DIGITS_OF_DATA for t in texts):
        return True
    return sum(bool(re.search(r"\d{2}", t)) for t in texts) > 0.25 * len(line.cells)


# --------------------------------------------------------------- headings


def _spellings(block: Sequence[Line], merges: Sequence[Merge]) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Per physical column: the heading as written, and the ways to read its lines, best first."""
    rows = [_spread(line, block[k + 1 :], merges) for k, line in enumerate(block)]
    columns: dict[int, tuple[str, tuple[str, ...]]] = {}
    for j in sorted({j for line in block for j in line.cells}):
        parts = [row[j] for row in rows if j in row]
        if not parts:
            continue
        written = " ".join(dict.fromkeys(parts))
        if len(parts) == 1:
            columns[j] = (written, (parts[0],))
            continue
        last, first = parts[-1], parts[0]
        ways = [" ".join(parts), f"{last} {first}", last]
        if "LAHIR" in first.upper():
            ways.append(f"{last} LAHIR")
        if j in block[0].cells and not block[-1].cells.get(j):
            ways.append(first)
        columns[j] = (written, tuple(dict.fromkeys(ways)))
    return columns


def _spread(line: Line, below: Sequence[Line], merges: Sequence[Merge]) -> dict[int, str]:
    """A line with its group headings written over all columns of their group.

    A merged cell says how far a group goes; without merges it goes on over empty cells that have a heading below.
    """
    cells = dict(line.cells)
    blocks = [m for m in merges if m.top <= line.row_number <= m.bottom and m.right > m.left]
    for merge in blocks:
        if merge.left in line.cells and merge.top == line.row_number:
            for j in range(merge.left, merge.right + 1):
                cells.setdefault(j, line.cells[merge.left])
    if below and not merges:
        under = {j for other in below for j in other.cells}
        for j in range(1, max(under, default=0) + 1):
            if j in under and j not in cells and j - 1 in cells:
                cells[j] = cells[j - 1]
    return cells


def _number_line(lines: Sequence[Line], reading: Reading) -> tuple[Line, ...]:
    """The row of column numbers below a header: ``1 2 3 …``, ``(1) (2) (3) …``, ``A B C …``."""
    if not lines:
        return ()
    line = lines[0]
    texts = [line.cells[j].strip("()[]. ") for j in sorted(line.cells)]
    marks = [_ordinal(t) for t in texts]
    first = [m for m in marks if m is not None]
    if len(first) > 3:
        first.sort()  # the columns may have been put in another order, their numbers with them
    counting = len(first) == len(marks) and all(b - a in (1, 2) for a, b in pairwise(first))
    enough = len(marks) >= max(2, len(reading.headings) // 2)
    return (line,) if counting and enough and first[0] in ((1, 2) if len(first) > 3 else (1,)) else ()


def _ordinal(text: str) -> int | None:
    if re.fullmatch(r"\d{1,3}", text):
        return int(text)
    if re.fullmatch(r"\d{1,3} ?[=:].*", text):  # 7 = 5 x 6
        return int(re.match(r"\d+", text)[0])  # type: ignore[index]
    return ord(text.upper()) - ord("A") + 1 if re.fullmatch(r"[A-Za-z]", text) else None


# ------------------------------------------------------------------ kinds


def _best_kind(
    titles: Sequence[Line],
    block: Sequence[Line],
    batch: pl.DataFrame,
    sheet: RawSheet,
    source_file: str,
    cards: Cards,
    said: Said,
) -> Reading | None:
    """The reading with the most evidence; ties go to the kind that stands first in :data:`~.cards.KINDS`."""
    spellings = _spellings(block, sheet.merges)
    body = batch.filter(pl.col("row_number") > block[-1].row_number).head(_CONTENT_ROWS)
    spoken = [" ".join(line.text for line in titles), sheet.name, PurePath(source_file).stem.replace("_", " ")]
    program = program_in(spoken, cards)
    chosen = [cards.kinds[said.kind]] if said.kind else list(cards.kinds.values())
    readings = []
    for card in chosen:
        reading = _read_as(card, spellings, body, cards, said, spoken)
        if reading is None or _is_summary(reading, sheet.name, spoken[0], cards):
            continue
        score = _evidence(card, reading, spoken, cards)
        if program is not None:
            score += _PROGRAM_WEIGHT.get(card.kind, 0.0)
        if score >= 1 or said.kind:
            readings.append(replace(reading, score=score, header=tuple(block), titles=tuple(titles), depth=len(block)))
    return max(readings, key=lambda r: r.score, default=None)


def _read_as(
    card: SourceCard,
    spellings: dict[int, tuple[str, tuple[str, ...]]],
    body: pl.DataFrame,
    cards: Cards,
    said: Said,
    spoken: Sequence[str],
) -> Reading | None:
    """Columns under the assumption of one kind; None where a must-have is absent."""
    best: dict[str, tuple[int, int]] = {}
    numbering: int | None = None
    unknown: dict[int, str] = {}
    for j, (written, ways) in spellings.items():
        matched = _said_column(written, said) or _by_content(card, ways, body, j, cards) or cards.match(card, ways)
        if matched is not None and matched[1] >= NEAREST_RANK and not _looks_so(matched[0], body, j, cards):
            matched = None
        if matched is None:
            unknown[j] = written
        elif matched[0] == NUMBERING:
            numbering = j if numbering is None else numbering
        elif matched[0] != IGNORED and (matched[0] not in best or matched[1] < best[matched[0]][0]):
            best[matched[0]] = (matched[1], j)
    columns = {name: j for name, (_, j) in best.items()}
    for j in list(unknown):
        possible = cards.near(card, spellings[j][1]) - columns.keys() & cards.columns.looks.keys()
        fitting = [column for column in possible if _looks_so(column, body, j, cards)]
        if len(fitting) == 1:
            columns[fitting[0]] = j
            del unknown[j]
    if len(columns) < _FEWEST_COLUMNS:
        return None
    constants = _from_title(card, columns, spoken)
    present = set(columns) | set(constants) | {part for name in columns for part in JOINED.get(name, ())}
    if not all(present & set(group) for group in card.must_have):
        return None
    headings = {j: written for j, (written, _) in spellings.items()}
    turned = tuple(c for c in _DATES if c in columns and _month_first(body, columns[c]))
    return Reading(card, (), (), columns, headings, numbering, tuple(unknown.values()), constants, turned)


def _said_column(written: str, said: Said) -> Matched | None:
    if not said.columns:
        return None
    wanted = {heading_key(h): column for h, column in said.columns.items()}
    column = wanted.get(heading_key(written))
    if column is None:
        return None
    return (IGNORED if column == "ignore" else column), -1


def _by_content(card: SourceCard, ways: Iterable[str], body: pl.DataFrame, j: int, cards: Cards) -> Matched | None:
    """A heading with several meanings, read by what most of its cells look like."""
    rules = cards.by_content(ways)
    own = any(cards.is_own(card, way) for way in ways)
    if not rules or (own and not rules[0].above_card) or f"c{j}" not in body.columns:
        return None
    cells = body[f"c{j}"].drop_nulls().str.strip_chars(" '\u00a0")
    if cells.is_empty():
        return None
    for column, pattern in rules[0].patterns.items():
        if (cells.str.contains(pattern).mean() or 0.0) >= _CONTENT_SHARE:  # type: ignore[operator]
            return column, _FROM_CONTENT_RANK
    return None


def _month_first(body: pl.DataFrame, j: int) -> bool:
    """Whether a column of written dates puts the month before the day: days beyond 12 stand second, hardly ever first.

    Single dates with day and month exchanged are another matter and stay as they are.
    """
    if f"c{j}" not in body.columns:
        return False
    parts = body[f"c{j}"].str.extract_groups(_WRITTEN_DATE).struct.unnest().cast(pl.Int16, strict=False)
    first, second = (int((parts[part] > 12).sum()) for part in parts.columns)
    return second >= _FEWEST_TURNED and second > _TURNED_TO_ONE * first


def _looks_so(column: str, body: pl.DataFrame, j: int, cards: Cards) -> bool:
    """Whether the cells below a heading that was only nearly known look like its column's."""
    pattern = cards.columns.looks.get(column)
    if pattern is None or f"c{j}" not in body.columns:
        return True
    cells = body[f"c{j}"].drop_nulls().str.strip_chars(" '\u00a0")
    return cells.is_empty() or bool((cells.str.contains(pattern).mean() or 0.0) >= _CONTENT_SHARE)  # type: ignore[operator]


def _from_title(card: SourceCard, columns: dict[str, int], spoken: Sequence[str]) -> dict[str, str]:
    """What a title, sheet or file name says in place of a column: the longest of the card's words in it."""
    titles, sheet, file = spoken
    constants = {}
    for column, words in card.from_title.items():
        if column in columns:
            continue
        for text in (sheet, titles, file):
            found = [w for w in words if words_of(w) in words_of(text)]
            if found:
                constants[column] = max(found, key=len)
                break
    return constants


def _evidence(card: SourceCard, reading: Reading, spoken: Sequence[str], cards: Cards) -> float:
    columns = sum(weight for column, weight in card.telling.items() if column in reading.columns)
    headings = sum(
        weight
        for heading, weight in card.telling_headings.items()
        if any(cards.same(heading, written) for written in reading.headings.values())
    )
    words = sum(
        max((weight for word, weight in card.words.items() if words_of(word) in words_of(text)), default=0.0)
        for text in spoken
    )
    return columns + headings + words


def _is_summary(reading: Reading, sheet: str, titles: str, cards: Cards) -> bool:
    """A sheet of sums per desa, which may name officers but holds no number of a person."""
    said = any(words_of(w) in words_of(text) for w in cards.layout.summary_words for text in (sheet, titles))
    return said and reading.card.table == "mentions" and not any(c in reading.columns for c in _PERSON_NUMBERS)


def continued(batch: pl.DataFrame, earlier: Reading) -> Reading | None:
    """A sheet without a header whose rows look like those of the sheet before it in the workbook continues it."""
    people = [f"c{earlier.columns[c]}" for c in ("nik", "no_kk", "card_number") if c in earlier.columns]
    name = f"c{earlier.columns.get('name', -1)}"
    if name not in batch.columns or not people or not set(people) <= set(batch.columns):
        return None
    numbered = pl.any_horizontal(pl.col(people).str.contains(r"^\D?(\d[ .-]?){15,16}$"))
    alike = batch.select((pl.col(name).str.contains(r"[A-Za-z]{2}") & numbered).fill_null(False).mean()).item()
    return replace(earlier, header=(), titles=(), unknown=()) if alike > _CONTINUED_SHARE else None


def foreign_header(batch: pl.DataFrame, reading: Reading, cards: Cards) -> int | None:
    """Row number of a header with other columns further down: a second table in the sheet. None where there is none."""
    anchor = next((f"c{reading.columns[c]}" for c in ("name", "card_number", "case_id") if c in reading.columns), "")
    if anchor not in batch.columns:
        return None
    key = pl.col(anchor).str.head(_LONGEST_TEXT).str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    below = pl.col("row_number") > (reading.header_row or 0)
    candidates = batch.filter(below & key.is_in(list(cards.known)))
    own = [set(line.cells.items()) for line in reading.header]
    for line in top_lines(candidates, candidates.height):
        known = sum(map(cards.looks_known, line.cells.values()))
        repeated = any(len(set(line.cells.items()) & cells) >= 0.7 * len(line.cells) for cells in own)
        if known >= 3 and known >= 0.6 * len(line.cells) and not repeated:
            return line.row_number
    return None


def nearest_kind(batch: pl.DataFrame, cards: Cards) -> str:
    """For the message where nothing fits: the headings found, and what the nearest kind lacks."""
    lines = top_lines(batch, cards.layout.header.search_rows)
    best = max(
        lines, key=lambda line: (sum(map(cards.looks_known, line.cells.values())), -line.row_number), default=None
    )
    if best is None:
        return "the file has no rows"
    seen = ", ".join(f"{best.cells[j][:30]}" for j in sorted(best.cells)[:12])
    if not any(map(cards.looks_known, best.cells.values())):
        return f"no row looks like a header; row {best.row_number} reads: {seen}"
    return f"the likeliest header is row {best.row_number}: {seen}"
