"""A table as a person meets it in a sheet: letterhead, titles, header, sections, rows, totals, signatures.

Belongs here: the order of lines on a page and the row number that each row of the list ends up at. Not here: file
formats (:mod:`pipeline.demo.files`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from pipeline.demo import names
from pipeline.demo.looks import Look, material

_WHERE: Final = ("address", "dusun", "rt", "rw", "rt_rw", "desa", "kecamatan", "kabupaten")
Cells = list[Any]


@dataclass
class Page:
    """Lines of one sheet, top to bottom. ``at`` holds the row number of each row of the list, in order."""

    name: str
    lines: list[Cells] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    layout: int = 0
    headers: list[int] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First row number, first column, last row number, last column of cells that are merged."""

    def blank(self) -> None:
        """A line without anything."""
        self.lines.append([])

    def note(self, *cells: Any) -> None:
        """A line that is no row of the list."""
        self.lines.append(list(cells))
        self.layout += 1

    def row(self, cells: Cells) -> None:
        """A row of the list."""
        self.lines.append(cells)
        self.at.append(len(self.lines))


@dataclass(frozen=True)
class Words:
    """What stands above and below a table."""

    title: str
    place: str
    time: str
    signer: str


def headings(code: str, columns: list[str], look: Look) -> list[str]:
    """The heading of each column of a list."""
    pool = material()["headings"]
    called = material()["lists"][code].get("names")
    out = []
    for column in columns:
        variants = pool[column][1 if look.database else 0]
        if column == "name" and called and not look.database:
            variants = called
        out.append(str(variants[(look.variant + len(column)) % len(variants)]))
    return out


def build(
    code: str, name: str, table: pl.DataFrame, columns: list[str], look: Look, words: Words, groups: list[str]
) -> Page:  # fmt: skip
    """One page.

    Args:
        table: cells of the list, a column for each of ``columns`` but ``number``.
        groups: name of the desa of each row, for sections.
    """
    page = Page(name)
    if look.titles:
        page.note(words.title)
        page.note(words.place)
        page.note(words.time)
        page.blank()
    heads = headings(code, columns, look)
    _header(page, columns, heads, look)
    amount = columns.index("amount") if "amount" in columns else None
    _rows(page, table, columns, heads, look, groups)
    if look.totals:
        _total(page, "JUMLAH", len(columns), amount, table)
    if look.signature:
        _signature(page, words, len(columns))
    if look.end_mark:
        page.note("###")
    return page


def _header(page: Page, columns: list[str], heads: list[str], look: Look) -> None:
    where = [i for i, c in enumerate(columns) if c in _WHERE]
    stacked = look.stacked_header and len(where) > 2 and where == list(range(where[0], where[-1] + 1))
    if stacked:
        page.note(*["TEMPAT TINGGAL" if i == where[0] else None if i in where else h for i, h in enumerate(heads)])
        page.headers.append(len(page.lines))
        page.merged.append((len(page.lines), where[0], len(page.lines), where[-1]))
        page.note(*[h if i in where else None for i, h in enumerate(heads)])
    else:
        page.note(*heads)
    page.headers.append(len(page.lines))
    if look.column_numbers != "none":
        count = range(1, len(columns) + 1)
        page.note(*(count if look.column_numbers == "number" else map(str, count)))


def _rows(
    page: Page, table: pl.DataFrame, columns: list[str], heads: list[str], look: Look, groups: list[str]
) -> None:  # fmt: skip
    number, last = 0, ""
    lead = [0] if columns[0] == "number" else []
    for cells, group in zip(table.iter_rows(), groups, strict=True):
        if look.sections and group != last:
            page.note(f"DESA {group.upper()}")
            number, last = 0, group
        number += 1
        page.row([number, *cells] if lead else list(cells))
        if look.repeat_header and len(page.at) % look.repeat_header == 0 and len(page.at) < table.height:
            page.note(*heads)


def merge_down(page: Page, column: int) -> None:
    """Merge equal cells of rows that stand directly below each other; only the first keeps its value."""
    first = 0
    for at in range(1, len(page.at) + 1):
        above, value = page.at[at - 1], page.lines[page.at[first] - 1][column]
        goes_on = at < len(page.at) and page.at[at] == above + 1 and page.lines[page.at[at] - 1][column] == value
        if goes_on and isinstance(value, str):
            continue
        if above > page.at[first] and isinstance(value, str):
            page.merged.append((page.at[first], column, above, column))
            for row in range(page.at[first] + 1, above + 1):
                page.lines[row - 1][column] = None
        first = at


def _total(page: Page, label: str, width: int, amount: int | None, table: pl.DataFrame) -> None:
    cells: Cells = [label] + [None] * (width - 1)
    if amount is not None and table.schema["amount"] == pl.Int64:
        cells[amount] = int(table["amount"].sum())
    elif width > 3:
        cells[3] = table.height
    page.note(*cells)


def _signature(page: Page, words: Words, width: int) -> None:
    at = max(0, width - 4)
    page.blank()
    for line in ("Mengetahui,", words.signer, None, None, f"( {_official(words)} )", "NIP. 19720304 199803 1 004"):
        if line is None:
            page.blank()
        else:
            page.note(*[None] * at, line)


def _official(words: Words) -> str:
    pool = names.material()["officials"]
    return str(pool[len(words.place) % len(pool)])


def summary(table: pl.DataFrame, groups: list[str]) -> Page:
    """A REKAP sheet: rows a desa, nobody's name."""
    page = Page("REKAP")
    page.note("REKAPITULASI PENERIMA")
    page.blank()
    page.note("NO", "DESA", "JUMLAH")
    counts = pl.Series("desa", groups).value_counts().sort("desa")
    for number, (desa, count) in enumerate(counts.iter_rows(), start=1):
        page.note(number, desa, count)
    page.note("TOTAL", None, table.height)
    return page
