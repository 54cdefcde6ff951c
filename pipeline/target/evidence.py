"""The rows of the source files that each finding rests on.

Belongs here: which rows prove which finding, and what each of them says that matters. Not here: the findings.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.target.documents import with_document
from pipeline.target.vocabulary import EMPLOYMENT_TYPES

_SAID: Final = (
    "active", "amount", "death_date", "desil", "disability", "employment_type", "income", "kind", "nik_status",
    "population_status", "ppks_category", "pregnant", "program", "school_level",
)  # fmt: skip
"""What a row says that may matter to a finding (sorted; no names, no numbers)."""

_WHERE: Final = ("source_file", "sheet", "row_number")

LISTED: Final = ("inclusion_error", "duplicate_benefit", "program_overlap", "unverifiable", "unclaimed_benefit")
WELFARE: Final = ("above_welfare_threshold", "no_component", "unknown_eligibility", "eligible_unserved")
JOBS: Final = (*EMPLOYMENT_TYPES, "companion", "income_above_minimum_wage")


def evidence_table(
    findings: pl.DataFrame,
    rows: pl.LazyFrame,
    people: pl.DataFrame,
    lines: pl.DataFrame,
    problems: pl.DataFrame,
    signals: pl.DataFrame,
) -> pl.DataFrame:
    """Rows of ``tables.FINDING_EVIDENCE`` in order of finding, with the mention's code.

    Args:
        findings: with ``finding_id``, and the code of the ``subject``; sorted by ``finding_id``.
        rows: mentions with ``person_id``.
        people: facts of persons.
        lines: benefit lines.
        problems: lines with a problem of identity, see :func:`pipeline.target.identity_problems.identity_problems`.
        signals: the signals of :mod:`pipeline.misuse`, the codes of their subjects in ``subject_id``.
    """
    about = findings.select(
        "finding_type", "reason", "subject_kind", pl.col("program").cast(pl.Categorical), subject_id="subject",
        finding=pl.int_range(pl.len(), dtype=pl.UInt32),
    )  # fmt: skip
    named = _named(about, lines)
    members = _members(about, people)
    proofs = [
        _listed(about, lines),
        _registry(members, rows),
        _registry_of_the_named(named, rows),
        _lists_of_the_named(named, rows),
        _jobs(members, rows),
        _identity(about, problems),
        _ppks(about, rows),
    ]
    said = rows.select("mention_id", *_WHERE, *_SAID)
    needs = findings.lazy().select("needs", finding=pl.int_range(pl.len(), dtype=pl.UInt32)).drop_nulls("needs")
    told = pl.concat(proofs).unique().lazy().join(said, on="mention_id").join(needs, on="finding", how="left")
    proved = with_document(told, "fact", sorted([*_SAID, "needs"]), without_nulls=True).collect()
    behind = _behind_signals(about, signals, rows)
    table = pl.concat([proved, behind.select(proved.columns)]).sort("finding", *_WHERE)
    return table.with_columns(findings["finding_id"].gather(table["finding"])).drop("finding")


def _named(findings: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The recipients named on the lines of served units that are findings: ``finding, reason, person_id``."""
    served = findings.filter(pl.col("finding_type") == "inclusion_error")
    served = served.select("finding", "reason", "program", "subject_id")
    return served.join(lines.select("program", "subject_id", "person_id"), on=["program", "subject_id"])


def _members(findings: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """All persons of the unit of a finding that says something of members:
    ``finding, finding_type, reason, person_id``."""
    about = (
        findings.lazy()
        .filter(pl.col("subject_kind").is_in(["household", "person"]), _says(findings, *WELFARE, *JOBS))
        .select("finding", "finding_type", "reason", "subject_id")
    )
    unit_of = people.lazy().select("person_id", "unit_id")
    units = about.join(unit_of, left_on="subject_id", right_on="person_id", how="left").with_columns(
        unit_id=pl.coalesce("unit_id", "subject_id")
    )
    return units.join(unit_of, on="unit_id").select("finding", "finding_type", "reason", "person_id").collect()


def _says(frame: pl.DataFrame, *reasons: str) -> pl.Expr:
    """Whether ``reason`` names one of these; asked of each distinct text once."""
    return pl.col("reason").is_in([r for r in frame["reason"].unique() if not set(reasons).isdisjoint(r.split(","))])


def _listed(findings: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines on the recipients lists; of overlapping programs those of both."""
    overlap = pl.col("finding_type") == "program_overlap"
    listed = findings.filter(pl.col("finding_type").is_in(LISTED))
    both = listed.filter(overlap).with_columns(pl.col("reason").str.split("+").alias("program")).explode("program")
    both = both.with_columns(pl.col("program").cast(listed.schema["program"]))
    listed = pl.concat([listed.filter(~overlap), both]).select("finding", "program", "subject_id")
    by_unit = listed.join(lines, on=["program", "subject_id"])
    by_person = listed.join(lines, left_on=["program", "subject_id"], right_on=["program", "person_id"])
    return pl.concat([f.select("finding", "mention_id") for f in (by_unit, by_person)])


def _registry(members: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    """What the registry says of the members, where welfare or components matter."""
    rests = members.lazy().filter(_says(members, *WELFARE))
    registry = rows.filter(pl.col("kind") == "registry").select("person_id", "mention_id")
    return rests.join(registry, on="person_id").select("finding", "mention_id").collect()


def _registry_of_the_named(named: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    left = rows.filter(pl.col("kind") == "registry", pl.col("population_status").is_in(["deceased", "moved"]))
    gone = named.lazy().filter(_says(named, "deceased", "moved_out"))
    return gone.join(left, on="person_id").select("finding", "mention_id").collect()


def _lists_of_the_named(named: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    dead = named.lazy().filter(_says(named, "deceased"))
    deaths = rows.filter(pl.col("kind") == "deaths").select("person_id", "mention_id")
    return dead.join(deaths, on="person_id").select("finding", "mention_id").collect()


def _jobs(members: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    """The rows on the employment and companions lists that bar a household."""
    income = pl.col("employment_type") == "private_employee"
    code = (
        pl.when(pl.col("kind") == "companions")
        .then(pl.lit("companion"))
        .when(income)
        .then(pl.lit("income_above_minimum_wage"))
        .otherwise(pl.col("employment_type").cast(pl.String))
    )
    jobs = rows.filter(pl.col("kind").is_in(["employment", "companions"])).select("person_id", "mention_id", code=code)
    barred = members.lazy().filter(pl.col("finding_type") == "inclusion_error", _says(members, *JOBS))
    proven = barred.join(jobs, on="person_id").filter(pl.col("reason").str.split(",").list.contains(pl.col("code")))
    return proven.select("finding", "mention_id").collect()


def _identity(findings: pl.DataFrame, problems: pl.DataFrame) -> pl.DataFrame:
    about = findings.filter(pl.col("finding_type") == "identity_problem")
    lines = about.select("finding", "reason", "program", person_id="subject_id").join(
        problems.select("reason", "program", "person_id", "mention_id", "because"),
        on=["reason", "program", "person_id"],
    )
    both = lines.with_columns(mention_id=pl.concat_list("mention_id", "because")).explode("mention_id")
    return both.select("finding", "mention_id").drop_nulls()


def _ppks(findings: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    gaps = findings.lazy().filter(pl.col("finding_type") == "service_gap")
    listed = rows.filter(pl.col("kind") == "ppks").select("person_id", "mention_id")
    return (
        gaps.select("finding", person_id="subject_id")
        .join(listed, on="person_id")
        .select("finding", "mention_id")
        .collect()
    )


def _behind_signals(about: pl.DataFrame, signals: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    """The rows behind a signal as the screening stage listed them: uses of cards, which are no mentions, or lines."""
    place = pl.List(pl.Struct({"source_file": pl.String, "sheet": pl.String, "row_number": pl.Int64}))
    unusual = pl.struct(signal="reason", strength="strength", expected="expected", chance="chance")
    behind = signals.select(
        "reason", "subject_kind", "subject_id", pl.col("evidence").str.json_decode(place),
        fact=unusual.struct.json_encode().str.replace_all(r',"[a-z]+":null', ""),
    )  # fmt: skip
    places = (
        about.filter(pl.col("finding_type") == "card_misuse")
        .select("finding", "reason", "subject_kind", "subject_id")
        .join(behind, on=["reason", "subject_kind", "subject_id"])
        .explode("evidence")
        .unnest("evidence")
        .filter(pl.col("row_number").is_not_null())
        .with_columns(pl.col("source_file", "sheet").cast(pl.Categorical))
    )
    mentions = rows.filter(pl.col("row_number").is_in(places["row_number"].unique().implode())).select(
        "mention_id", *_WHERE
    )
    return (
        places.lazy()
        .join(mentions, on=_WHERE, how="left", maintain_order="left")
        .select("finding", "mention_id", *_WHERE, "fact")
        .unique(["finding", *_WHERE], keep="first", maintain_order=True)
        .collect()
    )
