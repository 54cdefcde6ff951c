"""Targeting measures by program and area, each with the definition it must be read with.

Belongs here: counts of units, the standard measures made of them, and the bounds that the unknowns leave. Not here:
measures of a survey or any other list.

Units are households (persons in programs that pay persons), each counted once; a full list has no sampling error, so
there are no intervals. Area is where the registry has the unit, else where the recipients list has it. Units that
another benefit rules out are neither eligible nor an error. Welfare is the desil: units of one desil are tied.

The formulas are those of :mod:`pipeline.incidence`, which has their sources. They stand here again because they are
another thing to compute: not from arrays of units with a sampling design, but for thousands of areas at once from
counts, with the bounds of what is unknown. A test holds both to the same answer for the same units.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from pipeline.target.eligibility import Assessment

DEFINITIONS: Final = {
    "coverage_rate": "eligible and served / eligible",
    "exclusion_error_rate": "eligible and unserved / eligible",
    "inclusion_error_rate": "served and ineligible / all served",
    "inclusion_of_ineligible_rate": "served and ineligible / ineligible",
    "leakage_amount_share": "rupiah a month to the ineligible / rupiah a month to all served",
    "targeting_differential": "coverage of the eligible minus coverage of the ineligible",
    "amount_leaked": "rupiah a month to the ineligible",
    "amount_to_close_gap": "rupiah a month that the eligible and unserved would get by the rules",
    "beneficiary_incidence": "served in the group / all served",
    "benefit_incidence": "rupiah a month to the group / rupiah a month to all served",
    "cgh_20": "share of the rupiah that goes to the poorest 20 % of units by desil / 0.20 (1 = no targeting)",
    "cgh_40": "share of the rupiah that goes to the poorest 40 % of units by desil / 0.40 (1 = no targeting)",
    "concentration_index": "twice the covariance of rupiah and tie-averaged rank / mean rupiah (negative = pro-poor)",
}
WHOSE: Final = {
    "household": {"sex": "by sex of the head of household", "age_group": "by age of the head of household"},
    "person": {"sex": "by sex of the person", "age_group": "by age of the person"},
}
"""Whose sex and age a breakdown goes by; it stands in the definition."""
LEVELS: Final = {"province": 2, "kabupaten": 4, "kecamatan": 6, "desa": 10}
BREAKDOWNS: Final = ("all", "desil", "sex", "age_group")
UNKNOWN: Final = "unknown"
AREA: Final = ("program", "area_level", "area_code")
GROUP: Final = (*AREA, "breakdown", "breakdown_value")
COUNTS: Final = (
    "eligible", "eligible_served", "ineligible", "ineligible_served", "maybe_unserved", "maybe_served",
    "unsure_unserved", "unsure_served", "served", "amount", "amount_ineligible", "amount_unsure", "gap", "gap_maybe",
)  # fmt: skip


def measures_table(assessments: list[Assessment], people: pl.DataFrame, heads: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``tables.MEASURES`` for every program, area and breakdown.

    Args:
        assessments: the programs, evaluated.
        people: facts of persons.
        heads: ``household_id`` and ``head_person_id``; sex and age group of a household are its head's.
    """
    cells = pl.concat(_cells(a, people, heads) for a in assessments)
    cells = cells.with_columns(province=_province())
    counts = pl.concat(list(_rolled_up(cells)))
    rows = pl.concat([*_ratios(counts), *_incidence(counts), _by_rank(cells)])
    unit = pl.col("program").replace_strict({a.program.code: a.program.unit for a in assessments})
    whose = pl.coalesce(
        pl.when(unit == kind).then(pl.col("breakdown").replace_strict(words, default=None, return_dtype=pl.String))
        for kind, words in WHOSE.items()
    )
    meaning = pl.col("measure").replace_strict(DEFINITIONS, return_dtype=pl.String)
    return rows.with_columns(definition=pl.concat_str(meaning, whose, separator=", ", ignore_nulls=True))


def _cells(assessment: Assessment, people: pl.DataFrame, heads: pl.DataFrame) -> pl.DataFrame:
    """Counts by desa, desil, sex and age group: everything else is a sum of these."""
    units = assessment.units.lazy()
    if assessment.program.unit == "household":
        head = heads.lazy().join(
            people.lazy().select("person_id", "sex", "age"), left_on="head_person_id", right_on="person_id"
        )
        units = units.join(head.select(unit_id="household_id", sex="sex", age="age"), on="unit_id", how="left")
    status, served = pl.col("status"), pl.col("served")
    free = pl.col("excluded_by") == ""
    eligible, ineligible, unsure = free & (status == "eligible"), status == "ineligible", status == "unknown"
    amount, gap = pl.col("amount").fill_null(0), pl.col("entitlement").fill_null(0)
    sums = {
        "n": served.is_not_null(), "eligible": eligible, "eligible_served": eligible & served, "ineligible": ineligible,
        "ineligible_served": ineligible & served, "maybe_unserved": unsure & free & ~served,
        "maybe_served": unsure & free & served, "unsure_unserved": unsure & ~served, "unsure_served": unsure & served,
        "served": served, "amount": amount, "amount_ineligible": pl.when(ineligible).then(amount).otherwise(0),
        "amount_unsure": pl.when(unsure).then(amount).otherwise(0),
        "gap": pl.when(eligible & ~served).then(gap).otherwise(0),
        "gap_maybe": pl.when(unsure & free & ~served).then(gap).otherwise(0),
    }  # fmt: skip
    decade = pl.col("decade")
    place = pl.col("kecamatan_code", "desa_code").cast(pl.String)
    return (
        units.with_columns(decade=pl.col("age").clip(upper_bound=60) // 10 * 10)
        .group_by("kecamatan_code", "desa_code", "desil", "sex", "decade")
        .agg(**{name: e.cast(pl.Int64).sum() for name, e in sums.items()})
        .with_columns(
            place,
            desil=pl.col("desil").cast(pl.String).fill_null(UNKNOWN),
            sex=pl.col("sex").cast(pl.String).fill_null(UNKNOWN),
            age_group=pl.when(decade >= 60)
            .then(pl.lit("60+"))
            .otherwise(pl.format("{}-{}", decade, decade + 9))
            .fill_null(UNKNOWN),
        )
        .with_columns(
            kecamatan_code=pl.coalesce("kecamatan_code", pl.col("desa_code").str.slice(0, 6)),
            program=pl.lit(assessment.program.code),
        )
        .collect()
    )


def _province() -> pl.Expr:
    """Province of a unit; one whose place nobody wrote down is counted in the province of the run."""
    code = pl.col("kecamatan_code").str.slice(0, 2)
    return pl.coalesce(code, code.drop_nulls().mode().min())


def _area(level: str) -> pl.Expr:
    if level == "province":
        return pl.col("province")
    return pl.col("desa_code") if level == "desa" else pl.col("kecamatan_code").str.slice(0, LEVELS[level])


def _rolled_up(cells: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for level in LEVELS:
        for breakdown in BREAKDOWNS:
            value = pl.lit("") if breakdown == "all" else pl.col(breakdown)
            grouped = cells.group_by("program", area_code=_area(level), breakdown_value=value).agg(pl.col(COUNTS).sum())
            labels = {"area_level": pl.lit(level), "breakdown": pl.lit(breakdown)}
            yield grouped.filter(pl.col("area_code").is_not_null()).with_columns(**labels).select(*GROUP, *COUNTS)


def _measure(
    counts: pl.DataFrame,
    name: str,
    numerator: pl.Expr,
    denominator: pl.Expr,
    low: tuple[pl.Expr, pl.Expr],
    high: tuple[pl.Expr, pl.Expr],
) -> pl.DataFrame:
    """A ratio and its bounds, each null where its denominator is 0."""
    return counts.select(
        *GROUP,
        measure=pl.lit(name),
        value=_over(numerator, denominator),
        numerator=numerator.cast(pl.Float64),
        denominator=denominator.cast(pl.Float64),
        bound_low=_over(*low),
        bound_high=_over(*high),
    )


def _over(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    return pl.when(denominator != 0).then(numerator.cast(pl.Float64) / denominator.cast(pl.Float64))


def _ratios(counts: pl.DataFrame) -> Iterator[pl.DataFrame]:
    c = pl.col
    # An unknown unit may turn out eligible or not: each bound takes them all the one way or the other.
    covered_low = (c("eligible_served"), c("eligible") + c("maybe_unserved"))
    covered_high = (c("eligible_served") + c("maybe_served"), c("eligible") + c("maybe_served"))
    missed_low = (c("eligible") - c("eligible_served"), covered_high[1])
    missed_high = (covered_low[1] - c("eligible_served"), covered_low[1])
    reached_low = (c("ineligible_served"), c("ineligible") + c("unsure_unserved"))
    reached_high = (c("ineligible_served") + c("unsure_served"), c("ineligible") + c("unsure_served"))
    yield _measure(counts, "coverage_rate", c("eligible_served"), c("eligible"), covered_low, covered_high)
    yield _measure(
        counts, "exclusion_error_rate", c("eligible") - c("eligible_served"), c("eligible"), missed_low, missed_high
    )
    yield _measure(
        counts, "inclusion_error_rate", c("ineligible_served"), c("served"),
        (c("ineligible_served"), c("served")), (c("ineligible_served") + c("unsure_served"), c("served")),
    )  # fmt: skip
    yield _measure(
        counts, "inclusion_of_ineligible_rate", c("ineligible_served"), c("ineligible"), reached_low, reached_high
    )
    yield _measure(
        counts, "leakage_amount_share", c("amount_ineligible"), c("amount"),
        (c("amount_ineligible"), c("amount")), (c("amount_ineligible") + c("amount_unsure"), c("amount")),
    )  # fmt: skip
    yield counts.select(
        *GROUP,
        measure=pl.lit("targeting_differential"),
        value=_over(c("eligible_served"), c("eligible")) - _over(c("ineligible_served"), c("ineligible")),
        numerator=pl.lit(None, pl.Float64),
        denominator=pl.lit(None, pl.Float64),
        bound_low=_over(*covered_low) - _over(*reached_high),
        bound_high=_over(*covered_high) - _over(*reached_low),
    )
    yield _amount(counts, "amount_leaked", c("amount_ineligible"), c("amount_unsure"))
    yield _amount(counts, "amount_to_close_gap", c("gap"), c("gap_maybe"))


def _amount(counts: pl.DataFrame, name: str, known: pl.Expr, perhaps: pl.Expr) -> pl.DataFrame:
    rupiah = known.cast(pl.Float64)
    return counts.select(
        *GROUP,
        measure=pl.lit(name),
        value=rupiah,
        numerator=rupiah,
        denominator=pl.lit(None, pl.Float64),
        bound_low=rupiah,
        bound_high=rupiah + perhaps,
    )


def _incidence(counts: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Who gets how much of it: shares over the groups of a breakdown; those of an area sum to 1."""
    groups = counts.filter(pl.col("breakdown") != "all")
    for name, column in (("beneficiary_incidence", "served"), ("benefit_incidence", "amount")):
        total = pl.col(column).sum().over(*AREA, "breakdown")
        yield _measure(
            groups.with_columns(total=total, floating=_floating(column)), name, pl.col(column), pl.col("total"),
            (pl.col(column), pl.col("total")),
            (pl.col(column) + pl.col("floating"), pl.col("total")),
        )  # fmt: skip


def _floating(column: str) -> pl.Expr:
    """What of the area goes to units whose group is unknown, and may belong to this one."""
    unknown = pl.col("breakdown_value") == UNKNOWN
    apart = pl.when(unknown).then(pl.col(column)).otherwise(0).sum().over(*AREA, "breakdown")
    return pl.when(unknown).then(0).otherwise(apart)


# ------------------------------------------------------------------ measures of rank


def _by_rank(cells: pl.DataFrame) -> pl.DataFrame:
    known = cells.filter(pl.col("desil") != UNKNOWN).with_columns(rank=pl.col("desil").cast(pl.Int64))
    apart = cells.filter(pl.col("desil") == UNKNOWN)
    # Most pro-poor: whoever is served belongs to the lowest rank and nobody else does; and the other way round.
    # A cell holds served and unserved units: it is split into two.
    served = apart.with_columns(n=pl.col("served"))
    unserved = apart.with_columns(n=pl.col("n") - pl.col("served"), amount=pl.lit(0, pl.Int64))

    def placed(rank_served: int, rank_unserved: int) -> pl.DataFrame:
        ranks = ((served, rank_served), (unserved, rank_unserved))
        return pl.concat([known, *(f.with_columns(rank=pl.lit(r, pl.Int64)) for f, r in ranks)])

    keys = [*AREA, "measure"]
    joined = (
        _ranked(known)
        .join(_ranked(placed(1, 10)), on=keys, how="full", coalesce=True, suffix="_poor")
        .join(_ranked(placed(10, 1)), on=keys, how="left", suffix="_rich")
    )
    found = ("value", "value_poor", "value_rich")
    nothing = pl.lit(None, pl.Float64)
    return joined.select(
        *AREA, pl.lit("all").alias("breakdown"), pl.lit("").alias("breakdown_value"), "measure", "value",
        numerator=nothing, denominator=nothing,
        bound_low=pl.min_horizontal(found), bound_high=pl.max_horizontal(found),
    )  # fmt: skip


def _ranked(cells: pl.DataFrame) -> pl.DataFrame:
    """CGH and concentration index of every area, from units and rupiah by rank; ties share their mean rank."""
    levels = (
        cells.group_by("program", "rank", area_code=_area(level))
        .agg(pl.col("n", "amount").sum())
        .filter(pl.col("area_code").is_not_null())
        .with_columns(area_level=pl.lit(level))
        for level in LEVELS
    )
    share = {
        "p": pl.col("n") / pl.col("n").sum().over(AREA),
        "b": _over(pl.col("amount"), pl.col("amount").sum().over(AREA)),
    }
    by_rank = pl.concat(levels).sort(*AREA, "rank").with_columns(**share)
    by_rank = by_rank.with_columns(upto=pl.col("p").cum_sum().over(AREA))
    before = pl.col("upto") - pl.col("p")
    mean_rank = before + pl.col("p") / 2
    curve = {f"cgh_{q}": _poorest_share(q / 100, before) / (q / 100) for q in (20, 40)}
    curve["concentration_index"] = 2 * (pl.col("b") * mean_rank).sum() - 1
    areas = by_rank.group_by(AREA, maintain_order=True).agg(nothing=pl.col("b").is_null().any(), **curve)
    long = areas.unpivot(list(curve), index=[*AREA, "nothing"], variable_name="measure")
    return long.select(*AREA, "measure", value=pl.when(~pl.col("nothing")).then("value"))


def _poorest_share(q: float, before: pl.Expr) -> pl.Expr:
    """Share of the rupiah that goes to the poorest share q; a tied group at the cut counts in proportion."""
    inside = ((pl.lit(q) - before) / pl.col("p")).clip(0.0, 1.0)
    return (pl.col("b") * pl.when(pl.col("p") > 0).then(inside).otherwise(0.0)).sum()
