"""The stage in order: facts, benefits, eligibility, measures, findings, evidence, changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from pipeline import tables
from pipeline.history import PublishedRun
from pipeline.period import Period
from pipeline.store import Store
from pipeline.target import changes, evidence, findings
from pipeline.target.assembly import assemble
from pipeline.target.eligibility import Assessment, eligibility_rows
from pipeline.target.facts import facts_table
from pipeline.target.identity_problems import identity_findings, identity_problems
from pipeline.target.judging import facts_of, judge
from pipeline.target.lineage import moves_until
from pipeline.target.programs import load_rules
from pipeline.target.records import Codes, Records
from pipeline.target.taxonomy import Taxonomy, read_taxonomy


def target(
    store: Store, period: Period, rules: Path, *, previous: PublishedRun | None, say: Callable[[str], None]
) -> None:
    """Who is eligible, who is served, and what somebody must look at.

    Reads mentions, their ids, the golden records, transactions, misuse signals and identity events; writes facts,
    benefits, eligibility, findings with evidence and changes, and measures.

    Args:
        store: stage files of the period.
        period: the month; ages and rules are those of its last day.
        rules: the rules folder.
        previous: the run of an earlier month to compare with.
        say: told what is being done.

    Raises:
        RulesError: the rules cannot be read or have no value for this period.
        InputError: a stage before has not run.
    """
    in_force, taxonomy = load_rules(rules, period.last_day), read_taxonomy(rules)
    signals = store.read(tables.MISUSE_SIGNALS).filter("finding")
    records, mention_ids = Records.read(store, signals["subject_id"])
    codes, rows = records.codes, records.rows
    say("facts of persons and households")
    facts = facts_of(records, in_force)
    people = facts.people
    store.write(tables.FACTS, codes.named(facts_table(facts.units, people, in_force), "subject_id"), ordered=True)
    say("eligibility and benefits")
    judged = judge(records, in_force, facts)
    lines, assessments = judged.lines, judged.assessments
    store.write(tables.BENEFITS, _benefits(lines, codes, mention_ids), ordered=True)
    with store.writer(tables.ELIGIBILITY) as writer:  # program by program: all of them at once would be large
        for assessment in assessments:
            writer.append(codes.named(eligibility_rows(assessment), "subject_id"))
    say("measures")
    store.write(tables.MEASURES, judged.measures())
    del facts, judged  # what follows needs neither facts of units nor heads: its room is for the findings
    say("findings")
    signals = signals.with_columns(codes.others_coded(signals["subject_id"]))
    problems = identity_problems(rows, records.persons, lines, mismatch_below=taxonomy.name_mismatch_below)
    used = _used_cards(store, taxonomy)
    moves = moves_until(period, store.read(tables.IDENTITY_EVENTS), previous)
    idle = changes.idle_before(previous, period, taxonomy.idle_months, moves)
    idle = idle.with_columns(codes.units_coded(idle["subject_id"]))
    found = [
        *(f for a in assessments for f in _of_program(a, lines, used, idle, period)),
        identity_findings(problems, _places(assessments)),
        findings.service_gaps(rows, people, lines, taxonomy),
        findings.card_misuse(signals),
    ]
    assembled = assemble(pl.concat(found), taxonomy, in_force, period, codes)
    sources = changes.held(rows, used.height)
    assembled, changed = changes.compared(assembled, previous, moves, sources, assessments, codes)
    proofs = evidence.evidence_table(assembled, rows, people, lines, problems, signals)
    store.write(tables.FINDINGS, assembled.select(tables.FINDINGS.names), ordered=True)
    proofs = proofs.with_columns(mention_ids.gather(proofs["mention_id"]))
    store.write(tables.FINDING_EVIDENCE, proofs, ordered=True)
    store.write(tables.FINDING_CHANGES, changed)
    say(f"{assembled.height} findings")


def _of_program(
    assessment: Assessment, lines: pl.DataFrame, used: pl.DataFrame, idle: pl.DataFrame, period: Period
) -> list[pl.DataFrame]:
    code = assessment.program.code
    return [
        findings.exclusion_errors(assessment),
        findings.inclusion_errors(assessment),
        findings.unverifiable(assessment),
        findings.duplicate_benefits(assessment, lines, period),
        findings.program_overlaps(assessment),
        findings.unclaimed_benefits(assessment, lines, used, idle.filter(pl.col("program") == code)),
    ]


def _benefits(lines: pl.DataFrame, codes: Codes, mention_ids: pl.Series) -> pl.DataFrame:
    lines = lines.with_columns(kecamatan_code="line_kecamatan", desa_code="line_desa").select(tables.BENEFITS.names)
    lines = codes.named(lines, "person_id", "household_id", "subject_id")
    return lines.with_columns(mention_ids.gather(lines["mention_id"]))


def _places(assessments: list[Assessment]) -> pl.DataFrame:
    columns = ["subject_id", "kecamatan_code", "desa_code"]
    return pl.concat(
        a.units.filter("served").select(pl.lit(a.program.code).cast(pl.Categorical).alias("program"), *columns)
        for a in assessments
    )


def _used_cards(store: Store, taxonomy: Taxonomy) -> pl.DataFrame:
    """Cards from which something was drawn in the period."""
    claims = pl.col("transaction_type").is_in(list(taxonomy.claims)) & (pl.col("amount") > 0)
    return store.scan(tables.TRANSACTIONS).filter(claims).select("card_number").unique().collect()
