"""The rows of the source files that each finding rests on.

Belongs here: which rows prove which finding, and what each of them says that matters. Not here: the findings.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.target.vocabulary import EMPLOYMENT_TYPES

_SAID: Final = (
    "active", "amount", "death_date", "desil", "disability", "employment_type", "income", "kind", "nik_status",
    "population_status", "ppks_category", "pregnant", "program", "school_level",
)  # fmt: skip
"""What a row says that may matter to a finding (sorted; no names, no numbers)."""

LISTED: Final = ("inclusion_error", "duplicate_benefit", "program_overlap", "unverifiable", "unclaimed_benefit")
WELFARE: Final = ("above_welfare_threshold", "no_component", "unknown_eligibility", "eligible_unserved")


def evidence_table(
    findings: pl.DataFrame,
    rows: pl.LazyFrame,
    people: pl.DataFrame,
    lines: pl.DataFrame,
    problems: pl.DataFrame,
    signals: pl.DataFrame,
) -> pl.DataFrame:
    """Rows of ``tables.FINDING_EVIDENCE``.

    Args:
        findings: with ``finding_id``.
        rows: mentions with ``person_id``.
        people: facts of persons.
        lines: benefit lines.
        problems: lines with a problem of identity, see :func:`pipeline.target.identity_problems.identity_problems`.
        signals: the signals of :mod:`pipeline.misuse`.
    """
    named = _named(findings, lines)
    members = _members(findings, people)
    proofs = pl.concat(
        [
            _listed(findings, lines),
            _registry(members, rows),
            _registry_of_the_named(named, rows),
            _lists_of_the_named(named, rows),
            _jobs(members, rows),
            _identity(findings, problems),
            _ppks(findings, rows),
        ]
    ).unique()
    said = pl.struct(_SAID).struct.json_encode()
    for pattern, text in ((r'"[a-z_]+":null,?', ""), (r",\}$", "}")):
        said = said.str.replace_all(pattern, text)
    proved = (
        proofs.lazy()
        .join(rows, on="mention_id")
        .select("finding_id", "mention_id", pl.col("source_file", "sheet").cast(pl.String), "row_number", fact=said)
        .collect()
    )
    return pl.concat([proved, _behind_signals(findings, signals, rows)]).unique(
        ["finding_id", "source_file", "sheet", "row_number"], keep="first", maintain_order=True
    )


def _named(findings: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The recipients named on the lines of served units that are findings: ``finding_id, reason, person_id``."""
    served = findings.filter(pl.col("finding_type") == "inclusion_error")
    served = served.select("finding_id", "reason", "program", "subject_id")
    return served.join(lines.select("program", "subject_id", "person_id"), on=["program", "subject_id"])


def _members(findings: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """All persons of the unit of a finding: ``finding_id, finding_type, reason, person_id``."""
    about = findings.filter(pl.col("subject_kind").is_in(["household", "person"])).select(
        "finding_id", "finding_type", "reason", "subject_kind", "subject_id"
    )
    unit_of = people.select("person_id", "unit_id")
    units = about.join(unit_of, left_on="subject_id", right_on="person_id", how="left").with_columns(
        unit_id=pl.coalesce("unit_id", "subject_id")
    )
    return units.join(unit_of, on="unit_id").select("finding_id", "finding_type", "reason", "person_id")


def _says(*reasons: str) -> pl.Expr:
    return pl.col("reason").str.split(",").list.eval(pl.element().is_in(list(reasons))).list.any()


def _listed(findings: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines on the recipients lists; of overlapping programs those of both."""
    listed = findings.filter(pl.col("finding_type").is_in(LISTED)).with_columns(
        program=pl.when(pl.col("finding_type") == "program_overlap")
        .then(pl.col("reason").str.split("+"))
        .otherwise(pl.concat_list("program"))
    )
    listed = listed.explode("program").select("finding_id", "program", "subject_kind", "subject_id")
    by_unit = listed.join(lines, on=["program", "subject_id"])
    by_person = listed.join(lines, left_on=["program", "subject_id"], right_on=["program", "person_id"])
    return pl.concat([f.select("finding_id", "mention_id") for f in (by_unit, by_person)])


def _registry(members: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    """What the registry says of the members, where welfare or components matter."""
    rests = members.lazy().filter(_says(*WELFARE))
    registry = rows.filter(pl.col("kind") == "registry").select("person_id", "mention_id")
    return rests.join(registry, on="person_id").select("finding_id", "mention_id").collect()


def _registry_of_the_named(named: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    left = rows.filter(pl.col("kind") == "registry", pl.col("population_status").is_in(["deceased", "moved"]))
    gone = named.lazy().filter(_says("deceased", "moved_out"))
    return gone.join(left, on="person_id").select("finding_id", "mention_id").collect()


def _lists_of_the_named(named: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    dead = named.lazy().filter(_says("deceased"))
    deaths = rows.filter(pl.col("kind") == "deaths").select("person_id", "mention_id")
    return dead.join(deaths, on="person_id").select("finding_id", "mention_id").collect()


def _jobs(members: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    """The rows on the employment and companions lists that bar a household."""
    income = pl.col("employment_type") == "private_employee"
    code = (
        pl.when(pl.col("kind") == "companions")
        .then(pl.lit("companion"))
        .when(income)
        .then(pl.lit("income_above_minimum_wage"))
        .otherwise("employment_type")
    )
    jobs = rows.filter(pl.col("kind").is_in(["employment", "companions"])).select("person_id", "mention_id", code=code)
    barred = members.lazy().filter(
        pl.col("finding_type") == "inclusion_error",
        _says(*EMPLOYMENT_TYPES, "companion", "income_above_minimum_wage"),
    )
    proven = barred.join(jobs, on="person_id").filter(pl.col("reason").str.split(",").list.contains(pl.col("code")))
    return proven.select("finding_id", "mention_id").collect()


def _identity(findings: pl.DataFrame, problems: pl.DataFrame) -> pl.DataFrame:
    about = findings.filter(pl.col("finding_type") == "identity_problem")
    lines = about.select("finding_id", "reason", "program", person_id="subject_id").join(
        problems.select("reason", "program", "person_id", "mention_id", "because"),
        on=["reason", "program", "person_id"],
    )
    both = lines.with_columns(mention_id=pl.concat_list("mention_id", "because")).explode("mention_id")
    return both.select("finding_id", "mention_id").drop_nulls()


def _ppks(findings: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    gaps = findings.lazy().filter(pl.col("finding_type") == "service_gap")
    listed = rows.filter(pl.col("kind") == "ppks").select("person_id", "mention_id")
    return (
        gaps.select("finding_id", person_id="subject_id")
        .join(listed, on="person_id")
        .select("finding_id", "mention_id")
        .collect()
    )


def _behind_signals(findings: pl.DataFrame, signals: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    """The rows behind a signal as the screening stage listed them: uses of cards, which are no mentions, or lines."""
    place = pl.List(pl.Struct({"source_file": pl.String, "sheet": pl.String, "row_number": pl.Int64}))
    behind = signals.select("reason", "subject_kind", "subject_id", pl.col("evidence").str.json_decode(place))
    misuse = findings.filter(pl.col("finding_type") == "card_misuse")
    places = (
        misuse.select("finding_id", "reason", "subject_kind", "subject_id")
        .join(behind, on=["reason", "subject_kind", "subject_id"])
        .explode("evidence")
        .unnest("evidence")
        .filter(pl.col("row_number").is_not_null())
    )
    mentions = rows.select("mention_id", pl.col("source_file", "sheet").cast(pl.String), "row_number")
    fact = pl.concat_str(pl.lit('{"signal":"'), "reason", pl.lit('"}'))
    return (
        places.lazy()
        .join(mentions, on=["source_file", "sheet", "row_number"], how="left", maintain_order="left")
        .select("finding_id", "mention_id", "source_file", "sheet", "row_number", fact=fact)
        .collect()
    )
