"""One file made ready to measure: arrays of weight, welfare, benefit, served and poor, and its design.

Belongs here: what the options mean. Unknown is NaN in every array, and every measure leaves out the units it cannot
judge; how many rows those are is said in the notices.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.incidence.design import Codes, Design, Floats, compact
from pipeline.incidence.numbers import Parsed, flags, numbers
from pipeline.incidence.ranking import Ladder
from pipeline.incidence.reading import ROW

MISSING_GROUP: Final = "missing"
_ARRAYS: Final = ("weight", "after", "before", "benefit", "served", "poor", "line")
_NEXT_TO_NOBODY: Final = 0.001  # of the units
_NUMBER_OF_A_PERSON: Final = r"^\d{16}$"  # NIK, KK, card
_NAMED: Final = 5  # rows with a fault that are named one by one


@dataclass(frozen=True)
class Request:
    """What to measure: headings of columns, and how to read them.

    Attributes:
        welfare: income or expenditure after the transfer (per head where ``size`` is given).
        benefit: amount received; of the whole household where ``size`` is given.
        served: yes/no; where not given, a benefit above zero.
        weight: sampling weight; makes the file a sample.
        line: poverty line, a number or the heading of a column of lines; poor is strictly below.
        quota: instead of a line: the poorest share of the weighted units, the tie at the cut wholly in.
        eligible: yes/no column that says who is poor, whatever line and quota say.
        by: columns to break the measures down by.
        psu, strata: primary sampling units and strata; make the file a sample.
        size: persons in the household: multiplies the weight, so that persons are counted.
        rank_before_transfer: rank, and tell poor from not poor, by welfare less benefit.
        quantiles: 5 or 10 groups.
    """

    welfare: str
    benefit: str
    served: str | None = None
    weight: str | None = None
    line: str | None = None
    quota: float | None = None
    eligible: str | None = None
    by: tuple[str, ...] = ()
    psu: str | None = None
    strata: str | None = None
    size: str | None = None
    rank_before_transfer: bool = False
    quantiles: int = 10

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.line is not None and self.quota is not None:
            raise InputError(Problem("--line, --quota", "both are given", "one of them: both say who is poor"))
        if self.quota is not None and not 0 < self.quota <= 1:
            raise InputError(Problem("--quota", str(self.quota), "a share above 0 and up to 1, such as 0.3"))
        if self.quantiles not in (5, 10):
            raise InputError(Problem("--quantiles", str(self.quantiles), "5 or 10"))
        if self.line_value is not None and not 0 < self.line_value < float("inf"):
            raise InputError(Problem("--line", str(self.line), "a number above 0"))

    @property
    def line_value(self) -> float | None:
        """The line where it is a number; None where it is a column, or not given."""
        text = (self.line or "").strip()
        if re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3}|(?:\.[0-9]{3}){2})+", text):
            raise InputError(_marked(text))
        try:
            return float(text)
        except ValueError:
            return None

    @property
    def line_in_thousands(self) -> float | None:
        """A line such as 535.547 as if the dot stood between thousands; None where it cannot."""
        text = (self.line or "").strip()
        return float(text.replace(".", "")) if re.fullmatch(r"[1-9][0-9]{0,2}\.[0-9]{3}", text) else None

    @property
    def line_column(self) -> str | None:
        """Heading of the column of lines, if the line is one."""
        return self.line if self.line is not None and self.line_value is None else None

    @property
    def headings(self) -> list[str]:
        """All columns needed, each once."""
        named = (
            self.welfare, self.benefit, self.served, self.weight, self.line_column,
            self.eligible, *self.by, self.psu, self.strata, self.size,
        )  # fmt: skip
        return list(dict.fromkeys(name for name in named if name is not None))

    @property
    def amounts(self) -> set[str]:
        """The headings under which there must be numbers, and that group nothing."""
        amounts = {self.welfare, self.benefit, self.weight, self.line_column, self.size}
        return {name for name in amounts if name} - {*self.groups, self.served, self.eligible}

    @property
    def groups(self) -> set[str]:
        """The headings whose values are names of groups."""
        return {name for name in (*self.by, self.psu, self.strata) if name}

    @property
    def is_sample(self) -> bool:
        """Whether there is a sampling error: a weight or a design is given. A full list has none."""
        return not (self.weight is None and self.psu is None and self.strata is None)


def _marked(line: str) -> Problem:
    return Problem("--line", line, "a number without marks between thousands", "535547 or 535547.5")


class Groups(NamedTuple):
    """A grouping of the rows: label of each code, and code of each row; as many as labels where it is in none."""

    codes: Codes
    labels: list[str]


@dataclass(frozen=True)
class Survey:
    """Arrays of equal length, one entry a unit, NaN where unknown.

    Attributes:
        weight: weight times size.
        after, before: welfare with the benefit, and without it.
        benefit: per head where there is a size.
        served, poor: 1, 0 or NaN.
        line: poverty line of each unit, all NaN without one.
    """

    request: Request
    weight: Floats
    after: Floats
    before: Floats
    benefit: Floats
    served: Floats
    poor: Floats
    line: Floats
    by: dict[str, Groups]
    design: Design | None
    ladder: Ladder
    notices: list[str] = field(default_factory=list)

    @property
    def welfare(self) -> Floats:
        """Welfare that ranks the units."""
        return self.before if self.request.rank_before_transfer else self.after

    def rows(self, rows: slice) -> Survey:
        """Some of the units, without copying anything."""
        parts = {name: getattr(self, name)[rows] for name in _ARRAYS}
        return replace(self, **parts)

    @cached_property
    def quantile(self) -> Groups:
        """Quantile groups of all ranked units; ties stay together."""
        k = self.request.quantiles
        return Groups(self.ladder.quantile(k, len(self.weight)), [f"q{i + 1}" for i in range(k)])


def survey_of(frame: pl.DataFrame, request: Request, name: str) -> Survey:
    """Make the columns of a file ready to measure.

    Args:
        frame: columns named as in ``request``, and ``row_number``.
        request: what to measure.
        name: file, for messages.

    Raises:
        InputError: text in a number column, negative weights, a size of 0, a unit without PSU, weights all 0.
    """
    columns = _Columns(frame, name)
    weight, size = columns.weights(request.weight), columns.weights(request.size, above_zero=True)
    weighed = ~(np.isnan(weight) | np.isnan(size))
    columns.left_out(weighed, "no weight or size: in no measure")
    if not weighed.all():
        columns = _Columns(frame.filter(pl.Series(weighed)), name, columns.notices)
        weight, size = weight[weighed], size[weighed]
    if not weight.sum() > 0:
        raise InputError(Problem(name, "the weights add up to 0", "weights above 0"))
    after = columns.numbers(request.welfare)
    benefit = columns.numbers(request.benefit)
    if negative := int((benefit < 0).sum()):
        columns.notices.append(f"{negative:,} rows: a benefit below 0, taken as it stands and as not served")
    if request.size is not None:
        benefit, weight = benefit / size, weight * size
    before = after - benefit
    ranked_by = before if request.rank_before_transfer else after
    known = ~np.isnan(ranked_by)
    columns.left_out(known, "no welfare (or no benefit to take off): in no measure of rank or poverty")
    columns.left_out(~np.isnan(benefit), "no benefit: in no measure of amounts")
    ladder = Ladder.of(ranked_by, weight, np.flatnonzero(known))
    served = columns.flags(request.served) if request.served else _above_zero(benefit)
    columns.left_out(~np.isnan(served), "not known whether served: in no measure of coverage or errors")
    line = columns.line(request)
    _check_line(request, ranked_by)
    return Survey(
        request, weight, after, before, benefit, served, columns.poor(request, ladder, ranked_by, line), line,
        {heading: columns.groups(heading) for heading in request.by}, columns.design(request), ladder,
        columns.notices,
    )  # fmt: skip


def _check_line(request: Request, welfare: Floats) -> None:
    """Refuse 535.547 where the welfare of the file says that 535547 is meant: next to nobody would be poor."""
    other = request.line_in_thousands
    if other is None or request.line_value is None:
        return
    below, below_other = (float(np.mean(welfare < line)) for line in (request.line_value, other))
    if below < _NEXT_TO_NOBODY <= below_other:
        raise InputError(_marked(str(request.line)))


def _above_zero(benefit: Floats) -> Floats:
    return np.asarray(np.where(np.isnan(benefit), np.nan, benefit > 0))


class _Columns:
    """The columns of a file, read as what they must be."""

    def __init__(self, frame: pl.DataFrame, name: str, notices: list[str] | None = None) -> None:
        self._frame, self._name = frame, name
        self.notices: list[str] = [] if notices is None else notices

    def numbers(self, heading: str) -> Floats:
        return self._read(heading, numbers(self._frame[heading]), "a number")

    def flags(self, heading: str) -> Floats:
        return self._read(heading, flags(self._frame[heading]), "1/0, ya/tidak or true/false")

    def weights(self, heading: str | None, above_zero: bool = False) -> Floats:
        if heading is None:
            return np.ones(self._frame.height)
        values = self.numbers(heading)
        wrong = values <= 0 if above_zero else values < 0
        if wrong.any():
            expected = "a number above 0" if above_zero else "a weight of 0 or more"
            self._refuse(heading, np.flatnonzero(wrong).tolist(), expected)
        return values

    def line(self, request: Request) -> Floats:
        if request.line_column is None:
            value = request.line_value
            return np.broadcast_to(np.nan if value is None else value, self._frame.height)
        return self.weights(request.line_column, above_zero=True)

    def poor(self, request: Request, ladder: Ladder, welfare: Floats, line: Floats) -> Floats:
        if request.eligible is not None:
            return self.flags(request.eligible)
        if request.quota is not None:
            return ladder.poorest(request.quota, self._frame.height)
        return np.asarray(np.where(np.isnan(welfare) | np.isnan(line), np.nan, welfare < line))

    def groups(self, heading: str) -> Groups:
        """Groups by value; rows without a value are a group of their own."""
        column = _plain(self._frame[heading])
        values = column.drop_nulls().unique()
        values = values.cast(pl.String).sort() if column.dtype == pl.Categorical else values.sort()
        named = values.cast(pl.String)
        if named.str.contains(_NUMBER_OF_A_PERSON).any():  # every group is printed by its name
            raise InputError(Problem("--by", f"{heading!r} holds numbers of persons", "a column of groups"))
        labels = [*named.to_list(), *([MISSING_GROUP] if column.null_count() else [])]
        if column.dtype.is_integer() and not column.null_count():
            numbers = column.cast(pl.Int64).to_numpy()
            return Groups(compact(numbers - numbers.min())[0], labels)
        if column.dtype == pl.Categorical:
            return Groups(_in_order(column, values), labels)
        places = column.cast(pl.Enum(values)).to_physical() if column.dtype == pl.String else column.rank("dense") - 1
        return Groups(places.cast(pl.Int64).fill_null(len(values)).to_numpy(), labels)

    def design(self, request: Request) -> Design | None:
        if not request.is_sample:
            return None
        n = self._frame.height
        strata = self._complete(request.strata) if request.strata else np.zeros(n, dtype=np.int64)
        if request.psu is None:
            design = Design(None, strata)
        else:
            psu = self._complete(request.psu)
            most = int(psu.max()) + 1
            place, keys = compact(strata * most + psu)
            design = Design(place, keys // most)
        if design.lonely:
            self.notices.append(
                f"{design.lonely} strata have one PSU only: no standard error can be computed; "
                "join each with a stratum like it"
            )
        return design

    def left_out(self, known: np.ndarray, why: str) -> None:
        if missing := int((~known).sum()):
            self.notices.append(f"{missing:,} of {len(known):,} rows: {why}")

    def _complete(self, heading: str) -> Codes:
        groups = self.groups(heading)
        if groups.labels[-1] == MISSING_GROUP and (missing := _plain(self._frame[heading]).is_null()).any():
            self._refuse(heading, missing.arg_true().to_list(), "a value in every row")
        return groups.codes

    def _read(self, heading: str, parsed: Parsed, expected: str) -> Floats:
        if parsed.bad:
            self._refuse(heading, parsed.bad, expected)
        if parsed.notice and parsed.notice not in self.notices:
            self.notices.append(parsed.notice)
        return parsed.values.to_numpy()

    def _refuse(self, heading: str, rows: list[int], expected: str) -> None:
        cells = self._frame[heading]
        problems = [
            Problem(f"{self._name}, row {self._frame[ROW][i]}, column {heading!r}", repr(cells[i]), expected)
            for i in rows[:_NAMED]
        ]
        if len(rows) > _NAMED:
            problems.append(Problem(f"{self._name}, column {heading!r}", f"and {len(rows) - _NAMED:,} more such rows"))
        raise InputError(*problems)


def _plain(column: pl.Series) -> pl.Series:
    """Values as they make groups: trimmed text, whole numbers without decimals."""
    if column.dtype.is_float():
        column = column.fill_nan(None)
        whole = column.drop_nulls()
        return column.cast(pl.Int64) if (whole == whole.floor()).all() else column
    if column.dtype.is_integer():
        return column
    if column.dtype == pl.Categorical:
        names = column.unique().drop_nulls().cast(pl.String)
        if ((names == names.str.strip_chars()) & (names != "")).all():
            return column
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text == "", None)


def _in_order(column: pl.Series, values: pl.Series) -> Codes:
    """Place of each category among the sorted ``values``, one more where there is none."""
    known = column.drop_nulls().unique()
    place = pl.Series(range(len(values)), dtype=pl.Int64)
    codes = known.to_physical().to_numpy()
    table = np.zeros(int(codes.max(initial=0)) + 1, dtype=np.int64)
    table[codes] = known.cast(pl.String).replace_strict(values, place, return_dtype=pl.Int64).to_numpy()
    physical = column.to_physical()
    answer: Codes = table[physical.fill_null(0).to_numpy()]
    if column.null_count():
        answer[physical.is_null().to_numpy()] = len(values)
    return answer
