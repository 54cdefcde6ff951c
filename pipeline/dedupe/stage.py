"""``tepat dedupe``: one or two lists in, who is who out.

Belongs here: the order of steps, the two result files, the score against a truth column. Not here: how anything is
decided (:mod:`.people`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.dedupe.card import NAMES, read_card
from pipeline.dedupe.columns import declare
from pipeline.dedupe.headings import Headings
from pipeline.dedupe.people import People, find_people, odds, probability
from pipeline.dedupe.reading import Lists, read_lists
from pipeline.dedupe.values import Records, build_records, coded
from pipeline.errors import InputError, Problem, StorageError
from pipeline.memory import give_back, give_back_early

Say = Callable[[str], None]
Group = npt.NDArray[np.int64]

_ID_LENGTH: Final = 16
_AT_ONCE: Final = 1_000_000
_ONLY_NAMES: Final = frozenset({*NAMES, "full_name", "sex"})
_MANY: Final = 100
_PART_OF_ALL: Final = 0.01
"""Equal rows that are worth a word: so many, and so large a share of the list."""
_ALL_PAIRS: Final = 60
"""Rows of a person up to which all their pairs are written; of larger ones, each row with the first."""


@dataclass(frozen=True)
class Request:
    """What to look for.

    Attributes:
        mapped: meaning → heading, where headings do not say it themselves.
        ignore: headings that are no evidence.
        truth: heading of the column that says who is who, to score the result; never looked at before.
    """

    mapped: Mapping[str, str]
    ignore: tuple[str, ...] = ()
    truth: str | None = None


@dataclass(frozen=True)
class Score:
    """Agreement with a truth column, over pairs of rows (of two lists: pairs with one row in each)."""

    precision: float
    recall: float
    f1: float
    true_pairs: int
    found_pairs: int
    both: int


@dataclass(frozen=True)
class Deduped:
    """The result.

    Attributes:
        clusters: file_index, source_file, (sheet,) row_number, person_id; every row once.
        pairs: file_a, row_a, file_b, row_b, probability, decision (match, possible).
        columns: what each compared column was taken for.
        left_out: columns that are no evidence, and why.
        notices: what somebody should know who reads the result.
    """

    clusters: pl.DataFrame
    pairs: pl.DataFrame
    columns: tuple[dict[str, str], ...]
    left_out: Mapping[str, str]
    cut: float
    one_to_one: bool
    score: Score | None
    notices: tuple[str, ...] = ()

    def summary(self) -> dict[str, Any]:
        """All but the rows."""
        size = self.clusters.group_by("person_id").len()["len"]
        decisions = self.pairs["decision"]
        return {
            "rows": self.clusters.height,
            "persons": len(size),
            "persons_with_several_rows": int((size > 1).sum()),
            "rows_of_the_largest": int(size.max() or 0),  # type: ignore[arg-type]
            "pairs_match": int((decisions == "match").sum()),
            "pairs_possible": int((decisions == "possible").sum()),
            "cut": round(self.cut, 4),
            "one_to_one": self.one_to_one,
            "columns": list(self.columns),
            "left_out": dict(self.left_out),
            "notices": list(self.notices),
            "score": None if self.score is None else asdict(self.score),
        }

    def write(self, out: Path) -> list[Path]:
        """Write ``clusters.csv`` and ``pairs.csv`` into a folder, each whole or not at all."""
        written = []
        try:
            out.mkdir(parents=True, exist_ok=True)
            for name, frame in (("clusters.csv", self.clusters), ("pairs.csv", self.pairs)):
                part = out / f".{name}.part"
                frame.write_csv(part)
                written.append(part.replace(out / name))
        except OSError as error:
            problem = Problem(str(out), f"cannot be written: {error.strerror}", "a folder", "give another with --out")
            raise StorageError(problem) from error
        return written


def dedupe(paths: Sequence[Path], rules: Path, request: Request, say: Say) -> Deduped:
    """Who stands twice on a list, or on both of two lists.

    Raises:
        InputError: a file cannot be read, a heading does not exist, or no column can tell people apart.
        RulesError: a mistake in ``rules/dedupe.yaml``.
    """
    give_back_early()
    card = read_card(rules)
    lists = read_lists(paths, Headings(card).known)
    say(f"{lists.rows.height} rows read")
    away = [*request.ignore, *([] if request.truth is None else [request.truth])]
    declared = declare(lists, card, request.mapped, away)
    say("compared: " + ", ".join(f"{c.name} ({c.meaning})" for c in declared.columns))
    columns, left_out = declared.columns, declared.left_out
    lists = lists.without_values(request.truth)  # the texts as read are half of the memory
    records = build_records(declared, lists.rows["file_index"])
    del declared
    give_back()
    people = find_people(records, card)
    group = _groups(records, people)
    pairs = _pairs(lists, records, people, group, card.cut.possible)
    cut, one_to_one = people.cut, people.one_to_one
    notices = (*lists.notices, *_notices(lists, records, group))
    for notice in notices:
        say(f"notice: {notice}")
    del records, people
    return Deduped(
        clusters=_clusters(lists, group),
        pairs=pairs,
        columns=tuple({"column": c.name, "meaning": c.meaning, "compared_as": c.compare} for c in columns),
        left_out=left_out,
        cut=cut,
        one_to_one=one_to_one,
        score=None if request.truth is None else _scored(lists, request.truth, group),
        notices=notices,
    )


def _notices(lists: Lists, records: Records, group: Group) -> list[str]:
    """Where a list does not say enough to tell people apart, and where one person has a large part of it."""
    got = []
    if {v.column.meaning for v in records.columns} <= _ONLY_NAMES:
        got.append(
            "only names are compared: nothing in the list tells namesakes from one person, so no more than rare names"
            " are joined; a date of birth, a place or a number would tell"
        )
    most = int(records.rows.argmax())
    if (alike := int(records.rows[most])) >= _MANY and alike >= _PART_OF_ALL * len(group):
        first = int(records.first[most])
        said = "are taken for one person" if (group == first).sum() > 1 else "are left as persons of their own"
        row = lists.rows["row_number"][first]
        got.append(
            f"{alike:,} rows are equal in all that is compared (the first is row {row}) and {said}: if that cannot be,"
            " the list lacks a column that tells people apart"
        )
    return got


def _groups(records: Records, people: People) -> Group:
    """For each row the first row of its person: records stand in the order of their first rows."""
    rows = np.arange(len(records.of_row))
    alone = people.apart[records.of_row] & (rows != records.first[records.of_row])
    got: Group = np.where(alone, rows, records.first[people.labels[records.of_row]])
    return got


def _clusters(lists: Lists, group: Group) -> pl.DataFrame:
    first = np.flatnonzero(np.bincount(group))
    place = ["file_index", "source_file", *(["sheet"] if lists.sheets else []), "row_number"]
    person = _person_ids(lists, first).gather(np.searchsorted(first, group))
    return lists.rows.select(place).with_columns(person)


def _person_ids(lists: Lists, first: Group) -> pl.Series:
    """``P`` and the first digits of SHA-256 of ``<hash of the file>|<sheet>|<row number>`` of a person's first row."""
    rows = lists.rows.select("file_index", "sheet", "row_number")[first]
    made = []
    for (file, sheet), part in rows.partition_by("file_index", "sheet", as_dict=True, maintain_order=True).items():
        start = f"{lists.sha256[file - 1]}|{sheet}|".encode()
        for piece in part.iter_slices(_AT_ONCE):
            hashes = [hashlib.sha256(b"%s%d" % (start, row)).hexdigest() for row in piece["row_number"].to_list()]
            made.append("P" + pl.Series(hashes).str.head(_ID_LENGTH))
    return pl.concat(made).alias("person_id")


def _pairs(lists: Lists, records: Records, people: People, group: Group, possible: float) -> pl.DataFrame:
    """Pairs of rows of one person, and pairs left for somebody to judge."""
    match = _within(group)
    evidence = people.pairs
    open_ = evidence.total > odds(possible)
    a, b = records.first[evidence.a[open_]], records.first[evidence.b[open_]]
    apart = group[a] != group[b]
    a, b, total = a[apart], b[apart], evidence.total[open_][apart]
    compared = people.comparer.compare(records.of_row[match[0]], records.of_row[match[1]])
    sure = people.model.score(compared).probability
    left, right = np.concatenate([match[0], a]), np.concatenate([match[1], b])
    file, row = lists.rows["file_index"], lists.rows["row_number"]
    sheets = (
        {"sheet_a": lists.rows["sheet"].gather(left), "sheet_b": lists.rows["sheet"].gather(right)}
        if lists.sheets
        else {}
    )
    return pl.DataFrame(
        {
            "file_a": file.gather(left),
            "row_a": row.gather(left),
            "file_b": file.gather(right),
            "row_b": row.gather(right),
            "probability": pl.Series(np.concatenate([sure, probability(total)]).astype(np.float64)).round(6),
            "decision": pl.Series(["match"] * len(sure) + ["possible"] * len(total), dtype=pl.String),
            **sheets,
        }
    ).sort("decision", "file_a", "row_a", "file_b", "row_b", maintain_order=True)


def _within(group: Group) -> tuple[Group, Group]:
    """Pairs of rows of one group, the earlier row first."""
    frame = pl.DataFrame({"group": group, "row": np.arange(len(group))}).with_columns(
        pl.len().over("group").alias("size")
    )
    few = frame.filter((pl.col("size") > 1) & (pl.col("size") <= _ALL_PAIRS)).select("group", "row")
    all_ = few.join(few, on="group").filter(pl.col("row") < pl.col("row_right")).select("row", "row_right")
    many = frame.filter((pl.col("size") > _ALL_PAIRS) & (pl.col("group") != pl.col("row")))
    star = many.select(pl.col("group").cast(pl.Int64).alias("row"), pl.col("row").alias("row_right"))
    both = pl.concat([all_, star])
    return both["row"].to_numpy(), both["row_right"].to_numpy()


def _scored(lists: Lists, truth: str, group: Group) -> Score:
    column = lists.column(truth)
    assert column is not None  # noqa: S101 - declare has refused it otherwise
    said = coded(lists.rows[column]).astype(np.int64)
    nobody = said < 0  # a row of which nothing is said is somebody of its own
    said[nobody] = -1 - np.flatnonzero(nobody)
    of_file = [lists.rows["file_index"].to_numpy() == n for n in (1, 2)]

    def pairs(key: Group) -> int:
        if lists.files == 1:
            size = np.unique(key, return_counts=True)[1]
            return int((size * (size - 1) // 2).sum())
        (one, m), (two, n) = (np.unique(key[here], return_counts=True) for here in of_file)
        _, at, other = np.intersect1d(one, two, assume_unique=True, return_indices=True)
        return int((m[at] * n[other]).sum())

    said -= said.min()
    both, found, true = pairs(group * (said.max() + 1) + said), pairs(group), pairs(said)
    precision, recall = both / found if found else 1.0, both / true if true else 1.0
    f1 = 2 * both / (found + true) if found + true else 1.0
    return Score(round(precision, 6), round(recall, 6), round(f1, 6), true, found, both)


def parse_maps(texts: Sequence[str]) -> dict[str, str]:
    """``meaning=HEADING`` as written on the command line; :class:`InputError` for anything else."""
    got = {}
    for text in texts:
        meaning, sign, heading = text.partition("=")
        if not (sign and meaning.strip() and heading.strip()):
            raise InputError(Problem("--map", f"{text!r}", "meaning=heading, as in nik=NO_KTP"))
        got[meaning.strip()] = heading.strip()
    return got
