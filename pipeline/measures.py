"""The measures of a published run as a reader asks for them, and what the gaps in the data do to them.

Belongs here: choosing rows for ``tepat measures``, units without rank or outside the registry, the age of ranks, the
concentration curve. Not here: computing measures (:mod:`pipeline.target.measures`), printing
(:mod:`pipeline.commands`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.history import PublishedRun
from pipeline.regions import Gazetteer, PlaceRules
from pipeline.target.measures import BREAKDOWNS, DEFINITIONS, LEVELS

RUPIAH_MEASURES: Final = frozenset({"amount_leaked", "amount_to_close_gap"})
"""Measures in rupiah a month; all others are shares."""
CURVE: Final = "share of the rupiah that goes to the units of this desil and below; units of one desil are tied"

_UNITS: Final = """
with alone as (
    select person_id, max(desil) as desil from audit.mentions
    where run_id = $run_id and kind = 'registry' and household_id is null group by person_id
), paid as (
    select program, subject_id, sum(amount) as amount from audit.benefits where run_id = $run_id group by all
), units as (
    select e.program, e.subject_kind, e.status, e.excluded_by <> '' as excluded, e.served,
           coalesce(e.kecamatan_code, left(e.desa_code, 6)) as kecamatan_code,
           coalesce(h.desil, a.desil) as desil,
           coalesce(h.in_registry, p.in_registry, false) as in_registry, coalesce(b.amount, 0) as amount
    from (select *, case when subject_kind = 'person' then subject_id end as person_id
          from audit.eligibility where run_id = $run_id) e
    left join (select person_id, household_id, in_registry from audit.persons where run_id = $run_id) p
           on p.person_id = e.person_id  -- one equality: a further condition makes the join quadratic
    left join (select * from audit.households where run_id = $run_id) h
           on h.household_id = coalesce(p.household_id, e.subject_id)
    left join alone a on a.person_id = e.subject_id
    left join paid b on b.program = e.program and b.subject_id = e.subject_id
)
select program, subject_kind, status, excluded, served, kecamatan_code, desil, in_registry,
       count(*) as units, sum(amount)::bigint as amount
from units group by all order by all
"""
_RANKS: Final = """
select list_period, count(*) as rows from audit.mentions
where run_id = $run_id and kind = 'registry' and desil is not null group by all order by all
"""


@dataclass(frozen=True)
class Gaps:
    """What is not known, and what it does to the measures of the whole province.

    ``programs``: one row a program: ``units`` judged, how many of them (and of the served) have no desil, how many
    served are in no registry, how many cannot be judged.
    ``ranks``: registry rows with a desil by ``months_old``: months between the month that the list speaks of and that
    of the run; null where the list does not say.
    ``effect``: per program and measure the value, its bounds and their distance.
    """

    programs: pl.DataFrame
    ranks: pl.DataFrame
    effect: pl.DataFrame

    def as_dict(self) -> dict[str, list[dict[str, Any]]]:
        """As part of a JSON document."""
        return {name: frame.to_dicts() for name, frame in vars(self).items()}


def chosen_measures(
    run: PublishedRun, *, program: str | None = None, level: str = "province", breakdown: str = "all"
) -> pl.DataFrame:
    """Measures of one level and breakdown: columns of ``tables.MEASURES`` with ``area_name``, ordered to be read.

    Raises:
        InputError: a program that the run does not know, another level or breakdown; names those that exist.
    """
    _known("--level", level, list(LEVELS))
    _known("--breakdown", breakdown, BREAKDOWNS)
    rows = run.measures(level=level, breakdown=breakdown)
    if program is not None:
        _known("--program", program, rows["program"].unique().sort().to_list())
        rows = rows.filter(pl.col("program") == program)
    rows = rows.with_columns(area_name=named(rows["area_code"]))
    return _in_order(rows, "program", "area_code", "breakdown_value")


def _in_order(rows: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """By measure in the order of their definitions, then by keys."""
    place = pl.col("measure").replace_strict({m: i for i, m in enumerate(DEFINITIONS)}, default=len(DEFINITIONS))
    return rows.sort(place, *keys)


def _known(option: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise InputError(Problem(option, f"there is no {value!r}", ", ".join(known)))


def named(codes: pl.Series) -> pl.Series:
    """Official names of region codes; the code itself where the list of regions does not have it."""
    gazetteer = Gazetteer(PlaceRules())
    names = {code: gazetteer.name_of(code) or code for code in codes.drop_nulls().unique()}
    return codes.replace_strict(names, default=None, return_dtype=pl.String)


def gaps(run: PublishedRun) -> Gaps:
    """What is not known in a published run, and what it does to its measures."""
    units = units_of(run)
    served, no_desil = pl.col("served"), pl.col("desil").is_null()
    counted = {
        "units": pl.lit(True), "units_without_desil": no_desil, "served": served,
        "served_without_desil": served & no_desil, "served_not_in_registry": served & ~pl.col("in_registry"),
        "units_unknown": pl.col("status") == "unknown", "served_unknown": served & (pl.col("status") == "unknown"),
    }  # fmt: skip
    programs = units.group_by("program").agg(**{n: pl.col("units").filter(c).sum() for n, c in counted.items()})
    programs = programs.sort("program").with_columns(
        share_without_desil=_share("units_without_desil", "units"),
        served_share_not_in_registry=_share("served_not_in_registry", "served"),
    )
    columns = ["program", "measure", "definition", "value", "bound_low", "bound_high"]
    whole = _in_order(run.measures(level="province", breakdown="all"), "program")
    effect = whole.select(*columns, width=pl.col("bound_high") - pl.col("bound_low"))
    return Gaps(programs, _ranks(run), effect)


def _share(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))


def _ranks(run: PublishedRun) -> pl.DataFrame:
    """Registry rows with a desil by age of the list in months."""
    month = pl.col("list_period").str.split("-").list
    at = month.get(0).cast(pl.Int64) * 12 + month.get(1).cast(pl.Int64)
    age = run.period.year * 12 + run.period.month - at
    rows = run.sql(_RANKS, run_id=run.run_id).with_columns(months_old=age)
    return rows.with_columns(share=pl.col("rows") / pl.col("rows").sum()).select(
        "list_period", "months_old", "rows", "share"
    )


def concentration_curve(run: PublishedRun) -> pl.DataFrame:
    """The concentration curve of each program of a run, see :func:`curve_of`."""
    return curve_of(units_of(run))


def curve_of(units: pl.DataFrame) -> pl.DataFrame:
    """The concentration curve of each program over the units (of :func:`units_of`) whose desil is known.

    Columns: ``program``, ``desil`` (0 is where the curve begins), ``units``, ``amount`` (rupiah a month),
    ``share_of_units`` and ``share_of_amount`` (both cumulative, from the poorest; null where nothing is paid),
    ``definition``. Below the diagonal is pro-rich, above it pro-poor; twice the area between diagonal and curve is the
    concentration index, with its sign turned (Kakwani, Wagstaff and van Doorslaer 1997).
    """
    ranked = units.drop_nulls("desil").group_by("program", "desil").agg(pl.col("units", "amount").sum())
    begin = ranked.select("program").unique().with_columns(desil=pl.lit(0, pl.Int64), units=0, amount=0)
    ranked = pl.concat([begin, ranked], how="vertical_relaxed").sort("program", "desil")
    total = pl.col("amount").sum().over("program")
    return ranked.with_columns(
        share_of_units=pl.col("units").cum_sum().over("program") / pl.col("units").sum().over("program"),
        share_of_amount=pl.when(total > 0).then(pl.col("amount").cum_sum().over("program") / total),
        definition=pl.lit(CURVE),
    )


def units_of(run: PublishedRun) -> pl.DataFrame:
    """Units and rupiah a month by program, status, excluded, served, kecamatan, desil (null: unknown), in_registry."""
    return run.sql(_UNITS, run_id=run.run_id)
