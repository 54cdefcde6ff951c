"""All measures of one file, with groups, standard errors and intervals.

A sample (weight, PSU or strata given) has sampling errors: Taylor linearisation for ratios and shares, with quantile
and poverty cuts taken as fixed; delete-one-PSU jackknife around the full estimate for what depends on ranks
(:mod:`.curve`). Intervals are estimate ± t · se with (PSUs - strata) degrees of freedom, 95 %. A full list has none,
nor has a share of exactly 0 or 1: there a sample shows no spread, which is not to say that everybody is alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from pipeline.incidence.catalogue import FAMILIES, Columns, Family, Ratio, coverage
from pipeline.incidence.curve import Curve, deletes
from pipeline.incidence.design import Codes, Floats
from pipeline.incidence.ranking import Ladder
from pipeline.incidence.reading import ROW, read_columns
from pipeline.incidence.survey import Groups, Request, Survey, survey_of
from pipeline.incidence.tally import Sums, Tally

CONFIDENCE: Final = 0.95
BY_QUANTILE: Final = ("quantile_coverage", "beneficiary_incidence", "benefit_incidence", "concentration_curve")
CGH_SHARES: Final = (0.2, 0.4)


@dataclass(frozen=True)
class Record:
    """One number and how to read it; None where it cannot be computed."""

    measure: str
    group: str
    value: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    numerator: float | None
    denominator: float | None
    definition: str


@dataclass(frozen=True)
class Result:
    """Records in the order of the report, what they have in common, and what to know of the file."""

    records: list[Record]
    context: str
    notices: list[str]

    def as_dicts(self) -> list[dict[str, Any]]:
        """The records as JSON has them."""
        return [asdict(r) for r in self.records]

    def value(self, measure: str, group: str = "all") -> float | None:
        """One value; KeyError if there is no such measure and group."""
        for record in self.records:
            if (record.measure, record.group) == (measure, group):
                return record.value
        raise KeyError(f"{measure} of {group}")

    def tables(self) -> list[tuple[str, list[dict[str, str]]]]:
        """Titled tables as a person reads them: measures with their definitions, then one column a quantile measure."""
        single = [r for r in self.records if r.measure not in BY_QUANTILE]
        groups = dict.fromkeys(r.group for r in self.records if r.measure in BY_QUANTILE)
        values = {(r.measure, r.group): _written(r.value) for r in self.records}
        by_quantile = [{"group": g, **{m: values.get((m, g), "") for m in BY_QUANTILE}} for g in groups]
        definitions = {r.measure: r.definition.removesuffix(f"; {self.context}") for r in reversed(self.records)}
        return [
            ("Targeting measures", [_row(r) for r in single]),
            ("By quantile of welfare", by_quantile),
            (
                f"Definitions ({self.context})",
                [{"measure": m, "definition": d} for m, d in reversed(definitions.items())],
            ),
        ]

    def write(self, folder: Path) -> list[Path]:
        """The records as ``incidence.csv`` in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "incidence.csv"
        pl.DataFrame(self.as_dicts(), infer_schema_length=None).write_csv(path)
        return [path]


def incidence(path: Path, request: Request) -> Result:
    """Measure a file.

    Raises:
        InputError: the file or a column cannot be read as asked for.
    """
    # the columns as read are let go before anything is measured
    return _measured(
        survey_of(read_columns(path, request.headings, request.amounts, request.groups), request, path.name)
    )


def measure(frame: pl.DataFrame, request: Request, *, name: str = "table") -> Result:
    """Measure columns in memory, named as in ``request``.

    Raises:
        InputError: a column cannot be read as what it must be.
    """
    rows = frame if ROW in frame.columns else frame.with_row_index(ROW, offset=1)
    return _measured(survey_of(rows, request, name))


def _measured(survey: Survey) -> Result:
    report = _Report(survey)
    notices = list(survey.notices)
    if survey.design is not None and not report.deleting:
        notices.append(
            f"{survey.design.n_psus:,} PSUs: too many to delete each in turn; the standard errors of CGH, curve and"
            " index are linearised"
        )
    return Result(list(report.records()), _context(survey.request), notices)


class Grouping(NamedTuple):
    """A grouping of the rows with what adds them up."""

    codes: Codes | None
    labels: list[str]
    tally: Tally


class _Report:
    """Records of a survey."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self.deleting = survey.design is not None and deletes(len(survey.ladder.rows), survey.design)
        self._t = _t_quantile(survey)
        self._context = _context(survey.request)
        everybody = Groups(np.zeros(0, dtype=np.int64), ["all"])
        by = [Groups(g.codes, [f"{heading}={label}" for label in g.labels]) for heading, g in survey.by.items()]
        self._main = [self._grouping(g) for g in (everybody, *by)]
        self._split = [self._grouping(g) for g in (survey.quantile, *(_crossed(g, survey.quantile) for g in by))]

    def _grouping(self, groups: Groups) -> Grouping:
        design, n = self._survey.design, len(self._survey.weight)
        psu = None if design is None else design.psu_of_each(n)
        codes = None if groups.labels == ["all"] else groups.codes
        return Grouping(codes, groups.labels, Tally(design, n, codes, len(groups.labels), psu))

    def records(self) -> Iterator[Record]:
        """All of them, measure by measure."""
        k = self._survey.request.quantiles
        quantiles = f"q1 is the poorest of {k} groups of equal weight, ties together in the poorer group"
        for family in FAMILIES:
            yield from self._family(family, self._main)
        in_group = Ratio("quantile_coverage", f"served / all in the group; {quantiles}", ((0,), (1,)))
        yield from self._family(Family(coverage, (in_group,)), self._split)
        yield from self._shares(
            "beneficiary_incidence", "served in the group / all served", self._survey.served, quantiles
        )
        yield from self._shares(
            "benefit_incidence", "benefits of the group / all benefits", self._survey.benefit, quantiles
        )
        for groups in self._main:
            yield from self._ranked(groups)

    # -------------------------------------------------------------- ratios

    def _family(self, family: Family, groupings: list[Grouping]) -> Iterator[Record]:
        """Linearised: u = (num - r · den) / Σ den, summed by PSU; a difference has the difference of both."""
        sums = [groups.tally.sums(partial(self._terms, family.columns)) for groups in groupings]
        for ratio in family.ratios:
            for groups, of_columns in zip(groupings, sums, strict=True):
                yield from self._ratio(ratio, groups, of_columns)

    def _ratio(self, ratio: Ratio, groups: Grouping, sums: Sums) -> Iterator[Record]:
        value, coefficients = np.zeros(len(groups.labels)), np.zeros_like(sums.total)
        for sign, part in ((1, ratio.part), (-1, ratio.minus)):
            if part is None:
                continue
            above, below = ([*places] for places in part)
            numerator, denominator = sums.total[above].sum(axis=0), sums.total[below].sum(axis=0)
            r = _over(numerator, denominator)
            value += sign * r
            coefficients[above] += sign * _over(np.ones_like(r), denominator)
            coefficients[below] -= sign * _over(r, denominator)
        if ratio.minus is not None:
            numerator, denominator = np.full((2, len(value)), np.nan)
        se = np.sqrt(sums.variance(coefficients))
        yield from self._make(ratio.name, groups.labels, value, se, numerator, denominator, self._define(ratio))

    def _terms(self, columns: Columns, block: slice) -> Floats:
        """Weighted quantities of some units, 0 where any of them is unknown."""
        some = self._survey.rows(block)
        terms = np.array(columns(some)) * some.weight
        unknown = np.isnan(terms).any(axis=0)
        if unknown.any():
            terms[:, unknown] = 0.0
        return terms

    def _shares(self, name: str, formula: str, quantity: Floats, quantiles: str) -> Iterator[Record]:
        def amounts(block: slice) -> Floats:
            x = self._survey.weight[block] * quantity[block]
            x[np.isnan(x)] = 0.0
            return x[None, :]

        by = [(groups, formula) for groups in self._main[1:]]
        for groups, rule in [*((g, f"{formula}; {quantiles}") for g in self._split), *by]:
            sums = groups.tally.sums(amounts)
            numerator = sums.total[0]
            denominator = np.full(len(groups.labels), numerator.sum())
            se = np.sqrt(groups.tally.share_variance(sums))
            value = _over(numerator, denominator)
            yield from self._make(name, groups.labels, value, se, numerator, denominator, f"{rule}; {self._context}")

    # -------------------------------------------------------------- ranks

    def _ranked(self, groups: Grouping) -> Iterator[Record]:
        """Curve, CGH and index of each group, its units ranked among themselves."""
        s = self._survey
        ladder = s.ladder
        known = ~np.isnan(s.benefit[ladder.rows])
        if not known.all():
            ladder = Ladder.of_ranked(s.welfare, s.weight, ladder.rows[known])
        if groups.codes is None:
            yield from self._curve(groups.labels[0], ladder)
            return
        codes = groups.codes[ladder.rows]
        ranked = ladder.rows[np.argsort(codes, kind="stable")]
        ends = np.cumsum(np.bincount(codes, minlength=len(groups.labels)))
        for label, rows in zip(groups.labels, np.split(ranked, ends[:-1]), strict=True):
            yield from self._curve(label, Ladder.of_ranked(s.welfare, s.weight, rows))

    def _curve(self, label: str, ladder: Ladder) -> Iterator[Record]:
        s, k = self._survey, self._survey.request.quantiles
        curve = Curve.of(ladder, s.weight, s.benefit)
        weight, benefit = float(curve.weight.sum()), float(curve.benefit.sum())
        points = np.arange(1, k + 1) / k
        if not weight or not benefit:
            shares, index, variances = np.full(k, np.nan), math.nan, np.full(k + 1, np.nan)
        else:
            shares, index = curve.shares(points), curve.index()
            variances = (
                np.full(k + 1, np.nan)
                if s.design is None
                else curve.variances(points, s.design.psus(ladder.rows), s.design, deleting=self.deleting)
            )
        se = np.sqrt(variances)
        for q in CGH_SHARES:
            at = round(q * k) - 1
            definition = (
                f"share of benefits that the poorest {q:.0%} of units get / {q} (1 = no targeting); a tie across"
                f" the cut counts in proportion; {self._context}"
            )
            value = shares[at] / q
            yield self._record(
                f"cgh_{round(q * 100)}", label, value, se[at] / q, shares[at] if benefit else math.nan, q, definition
            )
        mean = benefit / weight if weight else math.nan
        definition = (
            "2 cov(benefit, rank) / mean benefit, rank = tie-averaged weighted fractional rank (negative = pro-poor);"
            f" {self._context}"
        )
        yield self._record("concentration_index", label, index, se[-1], index * mean, mean, definition)
        prefix = "" if label == "all" else f"{label}/"
        definition = f"share of benefits that the poorest 1/{k}, 2/{k}, ... of units get; {self._context}"
        yield from self._make(
            "concentration_curve", [f"{prefix}q{i + 1}" for i in range(k)], shares, se[:-1],
            shares * benefit, np.full(k, benefit), definition,
        )  # fmt: skip

    # -------------------------------------------------------------- records

    def _define(self, ratio: Ratio) -> str:
        request = self._survey.request
        parts = [ratio.formula]
        if ratio.about_poor:
            parts.append(_poor(request))
        if ratio.needs_line:
            parts.append(f"line {request.line}" if request.line else "cannot be computed without --line")
        return "; ".join([*parts, self._context])

    def _make(
        self, name: str, labels: list[str], value: Floats, se: Floats, numerator: Floats, denominator: Floats,
        definition: str,
    ) -> Iterator[Record]:  # fmt: skip
        for i, label in enumerate(labels):
            yield self._record(name, label, value[i], se[i], numerator[i], denominator[i], definition)

    def _record(
        self, name: str, label: str, value: float, se: float, numerator: float, denominator: float, definition: str
    ) -> Record:
        half = math.nan if se == 0 and value in (0.0, 1.0) else self._t * se
        return Record(
            name, label, _known(value), _known(se), _known(value - half), _known(value + half),
            _known(numerator), _known(denominator), definition,
        )  # fmt: skip


def _row(record: Record) -> dict[str, str]:
    interval = "" if record.ci_low is None else f"{_written(record.ci_low)} to {_written(record.ci_high)}"
    return {
        "measure": record.measure,
        "group": record.group,
        "value": _written(record.value),
        "se": "" if record.se is None else _written(record.se),
        "95 % interval": interval,
    }


def _written(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _over(numerator: Floats, denominator: Floats) -> Floats:
    """Quotient, NaN where the denominator is 0."""
    return np.asarray(numerator / np.where(denominator == 0, np.nan, denominator))


def _crossed(by: Groups, quantile: Groups) -> Groups:
    k, n = len(quantile.labels), len(by.labels)
    codes = np.where(quantile.codes < k, by.codes * k + quantile.codes, n * k)
    return Groups(codes, [f"{value}/{q}" for value in by.labels for q in quantile.labels])


def _t_quantile(survey: Survey) -> float:
    if survey.design is None:
        return math.nan
    from scipy.special import stdtrit  # scipy.stats would take seconds to import

    freedom = survey.design.n_psus - len(survey.design.sizes)
    return float(stdtrit(freedom, 0.5 + CONFIDENCE / 2)) if freedom > 0 else math.nan


def _poor(request: Request) -> str:
    when = "before" if request.rank_before_transfer else "after"
    if request.eligible is not None:
        return f"poor as column {request.eligible} says"
    if request.quota is not None:
        return f"poor = poorest {request.quota:.4g} of the units by welfare {when} the transfer, tie at the cut in"
    if request.line is not None:
        return f"poor = welfare {when} the transfer below {request.line}"
    return "cannot be computed without --line, --quota or --eligible"


def _context(request: Request) -> str:
    when = "before" if request.rank_before_transfer else "after"
    weights = [name for name in (request.weight, request.size) if name is not None]
    served = f"served = {request.served}" if request.served else f"served = {request.benefit} above 0"
    return f"{served}; welfare {request.welfare} {when} the transfer; weight {' x '.join(weights) or '1'}"
