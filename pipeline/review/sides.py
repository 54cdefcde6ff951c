"""What is shown of a pair: the two rows side by side, what differs in them, and what each column weighs.

Belongs here: values as they may be shown (numbers masked), and which of their characters differ. Not here: colours and
cells (:mod:`.screen`, :mod:`.form`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from rapidfuzz.distance import Levenshtein

from pipeline.look.pairs import PairWords
from pipeline.measures import named
from pipeline.privacy import mask_number

OF_MENTION: Final = """
select m.* exclude (run_id), p.n_mentions,
       (select count(*) from audit.persons q where q.run_id = $run and q.household_id = m.household_id) as n_at_home
from audit.mentions m left join audit.persons p on p.run_id = $run and p.person_id = m.person_id
where m.run_id = $run and m.mention_id in (select mention_id from wanted) order by m.mention_id
"""
SHOWN: Final = {
    "name": "name", "nik": "number", "birth_date": "birth_date", "sex": "sex", "birth_place": "birth_place",
    "mother_name": "", "no_kk": "family_number", "relationship": "", "address": "place", "rt_rw": "place",
    "desa": "place", "kecamatan": "place", "phone": "phone", "card_number": "account", "account_number": "account",
    "bpjs_number": "member_number",
}  # fmt: skip
"""Columns in the order shown, and the compared column in which their weight stands."""
_MASKED: Final = frozenset({"nik", "no_kk", "phone", "card_number", "account_number", "bpjs_number"})


@dataclass(frozen=True)
class Line:
    """One column of a pair: both values as shown, which characters of each differ, the weight in bits if it has one."""

    column: str
    left: str
    right: str
    differs_left: frozenset[int]
    differs_right: frozenset[int]
    weight: float | None
    level: str


def lines_of(
    sides: tuple[Mapping[str, Any], Mapping[str, Any]], comparison: str | None, words: PairWords
) -> list[Line]:
    """The columns that either row says something in; the weight stands at the first column that it is about."""
    weights: dict[str, tuple[float | None, str]] = {s.column: (s.weight, s.found) for s in words.steps(comparison)}
    lines, told = [], set()
    for column, compared in SHOWN.items():
        left, right = (_written(side, column) for side in sides)
        if not left and not right:
            continue
        weight, level = weights.get(compared, (None, ""))
        if compared in told:
            weight, level = None, ""
        told.add(compared)
        marks = differing(left, right) if left and right else (frozenset(), frozenset())
        one, other = (mask_number(v) if column in _MASKED and v else v for v in (left, right))
        lines.append(Line(column, one, other, *marks, weight, level))
    for compared, (weight, level) in weights.items():
        if compared not in told:
            lines.append(Line(compared, "", "", frozenset(), frozenset(), weight, level))
    return lines


def differing(left: str, right: str) -> tuple[frozenset[int], frozenset[int]]:
    """Positions of the characters of each text that the other has not, by the shortest way from one to the other."""
    mine: set[int] = set()
    other: set[int] = set()
    for step in Levenshtein.opcodes(left, right):
        if step.tag != "equal":
            mine.update(range(step.src_start, step.src_end))
            other.update(range(step.dest_start, step.dest_end))
    return frozenset(mine), frozenset(other)


def where(side: Mapping[str, Any], row_word: str) -> str:
    """Where a row stands: ``file · sheet · row 12``."""
    return " · ".join(filter(None, [side["source_file"], side["sheet"], f"{row_word} {side['row_number']}"]))


def _written(side: Mapping[str, Any], column: str) -> str:
    """The value as a person compares it, numbers in full: masking comes after marking what differs."""
    if column == "rt_rw":
        rt, rw = (str(side[c]).lstrip("0") if side[c] is not None else "" for c in ("rt", "rw"))
        return f"RT {rt or '-'} RW {rw or '-'}" if rt or rw else ""
    if column in ("nik", "no_kk"):
        return str(side[f"{column}_digits"] or side[column] or "")
    if column in ("desa", "kecamatan"):
        code = side[f"{column}_code"]
        official = named(pl.Series([code], dtype=pl.String))[0] if code else None
        return str(official or side[column] or "")
    value = side[column]
    if column == "birth_date" and value is not None:
        year_only = side["birth_date_note"] == "year_only"
        return str(value.year) if year_only else f"{value.day:02d}-{value.month:02d}-{value.year}"
    return str(value if value is not None else "")
