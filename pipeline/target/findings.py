"""What somebody must look at: every finding type of the DESIGN that follows from benefits and eligibility.

Belongs here: one function a finding type, each from frames to rows of ``FOUND``. Not here: problems of identity
(:mod:`pipeline.target.identity_problems`), the rows that prove a finding (:mod:`pipeline.target.evidence`), keys,
order of work and words (:mod:`pipeline.target.assembly`).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.period import Period
from pipeline.target.eligibility import Assessment
from pipeline.target.taxonomy import Taxonomy

FOUND: Final = pl.Schema(
    {
        "finding_type": pl.String(),
        "reason": pl.String(),
        "program": pl.String(),
        "subject_kind": pl.String(),
        "subject_id": pl.UInt32(),
        "kecamatan_code": pl.String(),
        "desa_code": pl.String(),
        "amount": pl.Int64(),
        "identity": pl.Float64(),
        "detail": pl.String(),
        "needs": pl.String(),
    }
)
"""A finding before it has a key: ``identity`` is the probability that the persons involved are who they seem,
``subject_id`` a code (:class:`pipeline.target.records.Codes`), ``detail`` what its summary says besides, ``needs`` what
must be arranged first (codes joined by ``,``)."""


def found(frame: pl.DataFrame, finding_type: str, reason: str | pl.Expr, **columns: pl.Expr | str) -> pl.DataFrame:
    """Bring a frame into the shape of ``FOUND``; columns not given are taken by name, or null."""
    given: dict[str, pl.Expr] = {"finding_type": pl.lit(finding_type)}
    given["reason"] = pl.lit(reason) if isinstance(reason, str) else reason
    given |= {name: pl.lit(c) if isinstance(c, str) else c for name, c in columns.items()}
    exprs = [
        given.get(name, pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in FOUND.items()
    ]
    return frame.select(exprs)


def exclusion_errors(assessment: Assessment) -> pl.DataFrame:
    """Eligible but unserved, and not ruled out by another benefit; at stake: what the rules give a month."""
    units = assessment.units.filter(
        pl.col("status") == "eligible", ~pl.col("served"), pl.col("excluded_by") == "", "reportable"
    )
    amount = pl.col("entitlement")
    return found(units, "exclusion_error", "eligible_unserved", program=assessment.program.code, amount=amount)


def inclusion_errors(assessment: Assessment) -> pl.DataFrame:
    """Served though a condition is false, a bar true, or the named recipient dead or moved: all reasons at once."""
    program = assessment.program
    reasons = {f"rule_{c.id}": c.reason for c in program.conditions if c.reason is not None}
    reasons |= {f"rule_not_{b.id}": b.id for b in program.bars}
    against = {reason: ~pl.col(rule).fill_null(True) for rule, reason in reasons.items()}
    against["deceased"] = pl.col("deceased")
    against["moved_out"] = pl.col("moved_out")
    named = pl.concat_list(pl.when(is_so).then(pl.lit(reason)) for reason, is_so in sorted(against.items()))
    units = assessment.units.filter("served", pl.any_horizontal(*against.values()))
    units = units.with_columns(reason=named.list.drop_nulls().list.join(","))
    return found(units, "inclusion_error", pl.col("reason"), program=program.code)


def unverifiable(assessment: Assessment) -> pl.DataFrame:
    """Served, nothing against it, and yet not known to be eligible: in no registry, or a fact is missing."""
    in_doubt = (pl.col("status") == "unknown") | ((pl.col("status") == "eligible") & ~pl.col("in_registry"))
    units = assessment.units.filter("served", in_doubt)
    reason = pl.when("in_registry").then(pl.lit("unknown_eligibility")).otherwise(pl.lit("not_in_registry"))
    return found(units, "unverifiable", reason, program=assessment.program.code)


def duplicate_benefits(assessment: Assessment, lines: pl.DataFrame, period: Period) -> pl.DataFrame:
    """One person with two lines, or two persons of one household in a program that pays households.

    Lines that say that they are for different months are not two for one. At stake: what comes on top of the dearest
    line.
    """
    program = assessment.program
    place = assessment.units.select("subject_id", "kecamatan_code", "desa_code")
    twice_at_all = pl.col("person_id").is_duplicated() | pl.col("subject_id").is_duplicated()
    lines = (
        lines.filter(pl.col("program") == program.code)
        .filter(twice_at_all)
        .join(place, on="subject_id", how="left", maintain_order="left")
        .select(
            "person_id", "subject_id", "subject_kind", "amount", "identity", "kecamatan_code", "desa_code",
            month=pl.col("list_period").cast(pl.String).fill_null(str(period)),
        )
    )  # fmt: skip
    twice = found(
        _on_top(lines, pl.len(), "person_id"), "duplicate_benefit", "same_person_twice",
        program=program.code, subject_kind="person", subject_id=pl.col("person_id"),
    )  # fmt: skip
    if program.unit == "person":
        return twice
    households = lines.filter(pl.col("subject_kind") == "household")
    several = _on_top(households, pl.col("person_id").n_unique(), "subject_id", "subject_kind")
    return pl.concat([twice, found(several, "duplicate_benefit", "same_household_twice", program=program.code)])


def _on_top(lines: pl.DataFrame, n: pl.Expr, *subject: str) -> pl.DataFrame:
    """Subjects with more than one of something in a month, and what comes on top of the dearest line of each."""
    excess = pl.col("amount").sum() - pl.col("amount").max()
    rest = [pl.col("identity").min(), pl.col("kecamatan_code", "desa_code").first()]
    months = lines.group_by(*subject, "month").agg(excess, *rest, n=n).filter(pl.col("n") > 1)
    return months.group_by(*subject).agg(pl.col("amount").sum(), *rest)


def program_overlaps(assessment: Assessment) -> pl.DataFrame:
    """Served by this program and by one that rules it out; one finding for each such pair."""
    code = assessment.program.code
    units = assessment.units.filter("served", pl.col("excluded_by") != "").with_columns(
        pl.col("excluded_by").str.split(",")
    )
    units = units.explode("excluded_by")
    pair = pl.concat_list(pl.lit(code), "excluded_by").list.sort().list.join("+")
    return found(units, "program_overlap", pair, program=code)


def unclaimed_benefits(
    assessment: Assessment, lines: pl.DataFrame, used: pl.DataFrame, idle_before: pl.DataFrame
) -> pl.DataFrame:
    """Units with a card that nothing was drawn from in the period; idle where so for months running.

    Args:
        assessment: the program.
        lines: benefit lines.
        used: ``card_number`` of all cards with a withdrawal in the period; without any card of the program on it
            nothing can be said.
        idle_before: ``subject_id`` of units whose card of this program was not used in the months before either.
    """
    program = assessment.program
    cards = lines.filter(pl.col("program") == program.code, pl.col("card_number").is_not_null())
    if cards.join(used, on="card_number", how="semi").is_empty():
        return FOUND.to_frame(eager=True)
    unused = cards.join(used, on="card_number", how="anti").group_by("subject_id").agg(pl.col("amount").sum())
    units = unused.join(assessment.units.drop("amount"), on="subject_id")
    idle = pl.col("subject_id").is_in(idle_before["subject_id"].implode())
    reason = pl.when(idle).then(pl.lit("balance_idle")).otherwise(pl.lit("no_transaction"))
    return found(units, "unclaimed_benefit", reason, program=program.code)


def service_gaps(rows: pl.LazyFrame, people: pl.DataFrame, lines: pl.DataFrame, taxonomy: Taxonomy) -> pl.DataFrame:
    """Persons on a PPKS list, alive and not moved, who get nothing themselves and whose household gets nothing.

    Most of them lack what every program asks for first. What must be arranged, in this order: a number (recording by
    Dukcapil), a place in the registry, then health insurance (PBI).
    """
    needy = (
        rows.filter(pl.col("kind") == "ppks", pl.col("ppks_category").is_in(list(taxonomy.service_gap_categories)))
        .select("person_id", row_kecamatan="kecamatan_code", row_desa="desa_code")
        .unique("person_id", keep="first", maintain_order=True)
        .collect()
    )
    helped = lines.filter(pl.col("subject_kind") == "household").select("unit_id").unique()
    own = lines.select("person_id").unique()
    gaps = (
        needy.join(people, on="person_id")
        .filter("present")
        .join(own, on="person_id", how="anti")
        .join(helped, on="unit_id", how="anti")
    )
    numbered = rows.filter(pl.col("nik").is_not_null()).select("person_id").unique().collect()["person_id"]
    missing = {
        "dukcapil": ~pl.col("person_id").is_in(numbered.implode()),
        "registry": ~pl.col("person_in_registry"),
        "pbi": pl.lit(True),
    }
    steps = [pl.when(is_so).then(pl.lit(step)) for step, is_so in missing.items()]
    gaps = gaps.with_columns(needs=pl.concat_list(steps).list.drop_nulls().list.join(","))
    words = {needs: taxonomy.first_steps(needs.split(",")) for needs in gaps["needs"].unique()}
    gaps = gaps.with_columns(detail=pl.col("needs").replace_strict(words, default=None, return_dtype=pl.String))
    return found(
        gaps, "service_gap", "ppks_unserved", program="", subject_kind="person", subject_id=pl.col("person_id"),
        kecamatan_code=pl.coalesce("kecamatan_code", "row_kecamatan"),
        desa_code=pl.coalesce("desa_code", "row_desa"), amount=pl.lit(0),
    )  # fmt: skip


def card_misuse(signals: pl.DataFrame) -> pl.DataFrame:
    """The signals of :mod:`pipeline.misuse` that are findings; ``subject_id`` holds codes."""
    return found(
        signals, "card_misuse", pl.col("reason"), program="", identity=pl.lit(1.0),
        detail=pl.concat_str("summary", pl.lit("Mungkin juga:"), "innocent", separator=" "),
    )  # fmt: skip
