"""Rows of the list and rows around it: titles, repeated headers, groups, totals, signatures, notes.

Belongs here: deciding which rows are data, in batches and without a loop over rows. Not here: what the columns are
(:mod:`.recognise`), whether a data row can be used (:mod:`.clean`).

The rule, in the order it is applied to each row below the header:

1. A name with letters beside a number of a person is a person, always; a word for a sum is no name, unless the
   number is as long as a NIK.
2. A row that repeats a header, titles or column numbers is layout, and so is all below an end mark (``###``).
3. A row whose first text is a word for a sum, with hardly any text beside it, is layout.
4. A row as full as the list's rows, or with a running number, is data: where name and number are missing,
   cleaning puts it in quarantine.
5. Of the few rows left, those with a word of a signature, note or group are layout. The rest is layout in a footer
   (below the last data row, after one of those words, or after a gap where it lacks a must-have) and where a single
   cell stands in a numbered list; else it is data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.ingest.cards import JOINED, LayoutRules
from pipeline.ingest.recognise import Reading
from pipeline.ingest.sheets import width
from pipeline.ingest.titles import Place, place_in

DATA: Final = 0
LAYOUT: Final = 1
GROUP: Final = 2
HEADER: Final = 3
WEAK: Final = 4

_NUMBERS: Final = ("nik", "no_kk", "card_number", "account_number", "bpjs_number", "external_id", "case_id")
_PLACES: Final = (
    "address",
    "dusun",
    "rt",
    "rw",
    "rt_rw",
    "desa",
    "kecamatan",
    "kabupaten",
    "area",
    "birth_place",
    "ttl",
)
_JOBS: Final = ("role", "employment_type", "occupation", "employer", "reason", "outcome", "note", "officer")
_LONG_NUMBER: Final = r"(?:[0-9XxOoIlLSsB*?#][^0-9A-Za-z*?#]{0,2}){8}|^\D?\d[.,]\d+[Ee]\+?\d+$"
_WHOLE_NUMBER: Final = r"(?:\d\D?){15}"
_FOUR_DIGITS: Final = r"(?:\d\D*){4}"
_OTHER_NUMBER: Final = r"(?i)^\W*(NIP|NRP|HP|TELP|TLP|WA)\b"
_NAME: Final = r"[A-Za-z][^A-Za-z]*[A-Za-z]"
_RUNNING_NUMBER: Final = r"^\s*\d{1,7}\s*[.)]?\s*$"
_WORD: Final = r"[A-Za-z]{2}"
_LONGEST_TEXT: Final = 500  # characters of a cell that can tell layout
_LARGEST_CARRY: Final = 200_000
_NUMBERED_SHARE: Final = 0.8  # of a list's rows that have a running number where rows are numbered


@dataclass(frozen=True)
class Sorted:
    """Rows of a batch: data (raw columns, and ``group_desa``, ``group_kecamatan``, ``group_kabupaten`` from the group
    rows above each), and how many were layout."""

    data: pl.DataFrame
    n_layout: int


@dataclass(frozen=True)
class Patterns:
    """Layout words, compiled once a run: each one regular expression for a cell in upper case."""

    totals: str
    footers: str
    offices: str
    groups: str
    end_marks: str

    @classmethod
    def of(cls, rules: LayoutRules) -> Patterns:
        """Join the patterns of ``_layout.yaml``."""
        return cls(
            _any(rules.totals),
            _any([*rules.signatures, *rules.notes]),
            _any(rules.offices),
            _any(rules.sections),
            _any(rules.end_marks),
        )


def _any(patterns: Sequence[str]) -> str:
    return "|".join(f"(?:{p})" for p in patterns)


class RowSorter:
    """Sorts the rows of one table, batch after batch.

    Rows after the last sure data row of a batch wait for the next one: whether they are a footer shows only then.
    """

    def __init__(self, reading: Reading, patterns: Patterns, group: Place | None = None) -> None:
        self._reading = reading
        self._patterns = patterns
        self._waiting: pl.DataFrame | None = None
        self._ended = False
        self._typical: float | None = None
        self._numbered = False
        self.group = group or Place()
        self._title_texts = sorted({line.text.upper() for line in reading.titles if len(line.cells) == 1})

    def sort(self, batch: pl.DataFrame, *, last: bool) -> Sorted:
        """Sort the next batch; with ``last`` nothing is held back."""
        if self._waiting is not None:
            batch = pl.concat([self._waiting, batch], how="diagonal").with_columns(pl.col("^t\\d+$").fill_null(0))
            self._waiting = None
        first = self._reading.header_row or 0
        body = batch.filter(pl.col("row_number") > first)
        n_layout = batch.height - body.height
        if self._ended or body.is_empty():
            return Sorted(self._with_groups(body.clear(), pl.Series(dtype=pl.Int8)), n_layout + body.height)
        kept = self._before_end_mark(body)
        n_layout += body.height - kept.height
        labels = self._labels(kept)
        if not last and not self._ended:
            kept, labels = self._hold_back(kept, labels)
        labels = self._decide_weak(kept, labels)
        data = self._with_groups(kept, labels)
        return Sorted(data, n_layout + kept.height - data.height)

    def _before_end_mark(self, body: pl.DataFrame) -> pl.DataFrame:
        first = pl.coalesce(f"c{j}" for j in range(width(body))).str.strip_chars()
        marked = body.select(
            first.str.contains(self._patterns.end_marks).arg_max().alias("at"),
            first.str.contains(self._patterns.end_marks).any().alias("any"),
        )
        if not marked["any"].item():
            return body
        self._ended = True
        return body.head(marked["at"].item())

    def _hold_back(self, body: pl.DataFrame, labels: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
        """Cut off the rows after the last sure data row."""
        sure = (labels == DATA).arg_true()
        cut = int(sure[-1]) + 1 if len(sure) else 0
        if body.height - cut > _LARGEST_CARRY:
            return body, labels
        self._waiting = body.slice(cut)
        return body.head(cut), labels.head(cut)

    # ----------------------------------------------------------- features

    def _columns(self, body: pl.DataFrame, names: Sequence[str]) -> list[str]:
        found = [f"c{self._reading.columns[n]}" for n in names if n in self._reading.columns]
        return [c for c in found if c in body.columns]

    def _labels(self, body: pl.DataFrame) -> pl.Series:
        """Label per row; persons at once, the rest by their features."""
        person = body.select(self._is_person(body)).to_series()
        labels = pl.repeat(DATA, body.height, dtype=pl.Int8, eager=True)
        if self._typical is None:
            self._learn(body.filter(person))
        unsure = (~person).arg_true()
        if len(unsure):
            labels = labels.scatter(unsure, self._judge(body[unsure.to_list()]))
        return labels

    def _is_person(self, body: pl.DataFrame) -> pl.Expr:
        numbers = self._columns(body, _NUMBERS)
        names = self._columns(body, ("name",))
        if self._reading.card.table == "transactions":
            names = self._columns(body, ("transacted_at",))
            named = pl.any_horizontal(pl.col(names).str.contains(r"\d")) if names else pl.lit(False)
        else:
            named = pl.any_horizontal(pl.col(names).str.contains(_NAME)) if names else pl.lit(False)
            named &= ~self._is_sum(names, numbers)
        return (named & self._has_number(numbers)).fill_null(False).alias("person")

    def _is_sum(self, names: list[str], numbers: list[str]) -> pl.Expr:
        """A word for a sum in the name's column, and no number as long as a person's: the sum slipped into one."""
        if not names or not numbers:
            return pl.lit(False)
        sums = pl.any_horizontal(pl.col(names).str.to_uppercase().str.contains(self._patterns.totals))
        return (sums & ~self._has_whole_number(numbers)).fill_null(False)

    @staticmethod
    def _has_whole_number(columns: list[str]) -> pl.Expr:
        if not columns:
            return pl.lit(False)
        return pl.any_horizontal(pl.col(columns).str.contains(_WHOLE_NUMBER).fill_null(False))

    @staticmethod
    def _has_number(columns: list[str]) -> pl.Expr:
        if not columns:
            return pl.lit(False)
        cells = pl.col(columns)
        return pl.any_horizontal(
            (
                cells.str.contains(_LONG_NUMBER) & cells.str.contains(_FOUR_DIGITS) & ~cells.str.contains(_OTHER_NUMBER)
            ).fill_null(False)
        )

    def _table_columns(self, body: pl.DataFrame) -> list[str]:
        return [f"c{j}" for j in self._reading.headings if j != self._reading.numbering and f"c{j}" in body.columns]

    def _learn(self, persons: pl.DataFrame) -> None:
        """How full a row of this list usually is, and whether rows are numbered; from the first batch."""
        columns = self._table_columns(persons)
        if persons.is_empty():
            self._typical = float(len(self._reading.headings))
            self._numbered = self._reading.numbering is not None
            return
        filled = persons.select(pl.sum_horizontal(pl.col(columns).is_not_null())).to_series()
        self._typical = float(filled.median() or len(columns))  # type: ignore[arg-type]
        numbering = f"c{self._reading.numbering}"
        if numbering in persons.columns:
            n_running = int(persons[numbering].str.contains(_RUNNING_NUMBER).fill_null(False).sum())
            self._numbered = n_running > _NUMBERED_SHARE * persons.height

    def _features(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What tells rows apart: counts of filled cells, first text, header likeness."""
        cells = [f"c{j}" for j in range(width(rows)) if f"c{j}" in rows.columns]
        table = self._table_columns(rows)
        numbering = f"c{self._reading.numbering}"
        running = (
            pl.col(numbering).str.contains(_RUNNING_NUMBER).fill_null(False)
            if numbering in rows.columns
            else pl.lit(False)
        )
        upper = [
            pl.col(c).str.head(_LONGEST_TEXT).str.to_uppercase().str.replace_all(r"[\s\u{a0}]+", " ").str.strip_chars()
            for c in cells
        ]
        rows = rows.with_columns(*upper, running=running)
        name = self._columns(rows, ("name",))
        rows = rows.with_columns(
            filled=pl.sum_horizontal(pl.col(cells).is_not_null()),
            in_table=pl.sum_horizontal(pl.col(table).is_not_null()) if table else pl.lit(0, pl.UInt32),
            words=pl.sum_horizontal(pl.col(cells).str.contains(_WORD).fill_null(False)),
            named=pl.any_horizontal(pl.col(name).str.contains(_NAME)).fill_null(False) if name else pl.lit(False),
            number=self._has_number(self._columns(rows, _NUMBERS)),
            whole=self._has_whole_number(self._columns(rows, _NUMBERS)),
            complete=self._complete(rows),
            first=pl.coalesce(
                [
                    pl.when(pl.col("running")).then(None).otherwise(pl.col(numbering)).alias("n")
                    if c == numbering
                    else pl.col(c)
                    for c in cells
                ]
            ),
        )
        return rows.with_columns(
            header_like=self._repeats_header(cells), group=self._group_cell(rows), footer=self._footer_cell(rows)
        )

    def _complete(self, rows: pl.DataFrame) -> pl.Expr:
        """A name and at least one more thing that the kind must have, all filled."""
        groups = self._reading.card.must_have
        wanted = [self._columns(rows, [*g, *(j for j, parts in JOINED.items() if set(parts) & set(g))]) for g in groups]
        if len(groups) < 2 or not all(wanted):
            return pl.lit(False)
        return pl.all_horizontal(pl.any_horizontal(pl.col(columns).is_not_null()) for columns in wanted)

    def _repeats_header(self, cells: list[str]) -> pl.Expr:
        """Most filled cells are those of a header line, or the row is one of the titles."""
        alike = [pl.lit(False)]
        for line in self._reading.header:
            same = pl.sum_horizontal(
                (pl.col(f"c{j}") == text.upper()).fill_null(False) for j, text in line.cells.items() if f"c{j}" in cells
            )
            alike.append((same >= 2) & (same >= 0.7 * pl.col("filled")))
        if self._title_texts:
            alike.append((pl.col("filled") == 1) & pl.col("first").is_in(self._title_texts))
        return pl.any_horizontal(alike)

    def _group_cell(self, rows: pl.DataFrame) -> pl.Expr:
        """A group's words outside the columns that hold places anyway."""
        return self._matches(rows, self._patterns.groups, _PLACES)

    def _footer_cell(self, rows: pl.DataFrame) -> pl.Expr:
        """A signature's or note's words; offices are jobs, place and date a birth, in the columns of such."""
        patterns = self._patterns
        beside = self._matches(rows, patterns.footers, ("ttl",)) | self._matches(rows, patterns.offices, _JOBS)
        anywhere = self._matches(rows, patterns.footers, ()) | self._matches(rows, patterns.offices, ())
        return beside | ((pl.col("filled") == 1) & anywhere)

    def _matches(self, rows: pl.DataFrame, pattern: str, besides: Sequence[str]) -> pl.Expr:
        spared = set(self._columns(rows, besides))
        cells = [f"c{j}" for j in range(width(rows)) if f"c{j}" in rows.columns and f"c{j}" not in spared]
        return pl.any_horizontal(pl.col(cells).str.contains(pattern)).fill_null(False)

    def _judge(self, rows: pl.DataFrame) -> pl.Series:
        """Steps 1 to 5 for rows that are not persons at first sight; ``WEAK`` where the neighbours decide."""
        half = max(3.0, (self._typical or 0) / 2)
        total = (
            pl.col("first").str.contains(self._patterns.totals).fill_null(False)
            & (pl.col("words") <= 2)
            & ~pl.col("whole")
        )
        label = (
            pl.when(pl.col("header_like"))
            .then(HEADER)
            .when(total)
            .then(LAYOUT)
            .when(pl.col("number") & (pl.col("named") | pl.col("running") | (pl.col("in_table") >= 3)))
            .then(DATA)
            .when((pl.col("in_table") >= half) | (pl.col("running") & (pl.col("in_table") >= 3)))
            .then(DATA)
            .when(pl.col("group") & (~pl.col("running") | (pl.col("in_table") <= 1)))
            .then(GROUP)
            .when(pl.col("running"))
            .then(DATA)
            .when(pl.col("footer"))
            .then(LAYOUT)
            .otherwise(WEAK)
        )
        return self._features(rows).select(label.cast(pl.Int8).alias("label")).to_series()

    # --------------------------------------------------------- neighbours

    def _decide_weak(self, body: pl.DataFrame, labels: pl.Series) -> pl.Series:
        """Weak rows by where they stand: in a footer, or among the rows of the list."""
        weak = (labels == WEAK).arg_true()
        if not len(weak):
            return labels
        where = pl.DataFrame({"row": body["row_number"], "label": labels}).with_columns(
            run=pl.col("label").is_in([DATA, HEADER]).cum_sum(),
            next=pl.when(pl.col("label").is_in([DATA, HEADER])).then(pl.col("label")).fill_null(strategy="backward"),
            gap=(pl.col("row").diff().fill_null(1) > 1) | (pl.col("label") == GROUP),
            footer=pl.col("label") == LAYOUT,
        )
        broken = [pl.col(c).cast(pl.Int8).cum_max().over("run") == 1 for c in ("gap", "footer")]
        where = where.select(inside=pl.col("next") == DATA, after_gap=broken[0], after_footer=broken[1])
        rows = pl.concat([self._features(body[weak.to_list()]), where[weak.to_list()]], how="horizontal")
        alone = (pl.col("in_table") <= 1) & ~pl.col("number")
        tail = ~pl.col("inside").fill_null(False)
        layout = (
            (pl.col("in_table") == 0)
            | (tail & (pl.col("after_footer") | (pl.col("after_gap") & ~pl.col("complete"))))
            | (alone & (self._numbered | ~pl.col("named") & tail))
            | (tail & (pl.col("words") == 0) & ~pl.col("number"))
        )
        decided = rows.select(pl.when(layout).then(LAYOUT).otherwise(DATA).cast(pl.Int8).alias("label")).to_series()
        return labels.scatter(weak, decided)

    # -------------------------------------------------------------- groups

    def _with_groups(self, body: pl.DataFrame, labels: pl.Series) -> pl.DataFrame:
        """Data rows with the place that the nearest group row above names."""
        names = ("desa", "kecamatan", "kabupaten")
        groups = (labels == GROUP).arg_true().to_list()
        if not groups:
            same = [pl.lit(getattr(self.group, n) or None, pl.String).alias(f"group_{n}") for n in names]
            return body.filter(labels == DATA).with_columns(same)
        said: dict[str, list[str | None]] = {n: [None] * body.height for n in names}

        def note(row: int) -> None:
            for n in names:
                said[n][row] = getattr(self.group, n) or ""

        note(0)
        cells = body.select(f"c{j}" for j in range(width(body)))
        for row in groups:
            self.group = _within(self.group, place_in(" ".join(v for v in cells.row(row) if v)))
            note(row)
        filled = [
            pl.Series(f"group_{n}", said[n], dtype=pl.String).fill_null(strategy="forward").replace({"": None})
            for n in names
        ]
        return body.with_columns(filled).filter(labels == DATA)


def _within(outer: Place, inner: Place) -> Place:
    """The place of rows below a group row: a new kecamatan ends the desa before it."""
    if inner.kabupaten:
        return inner
    if inner.kecamatan:
        return Place(inner.desa, inner.kecamatan, outer.kabupaten)
    return Place(inner.desa or outer.desa, outer.kecamatan, outer.kabupaten)
