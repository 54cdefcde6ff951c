"""Findings with everything a reader needs: key, severity, confidence, order of work, one sentence.

Belongs here: what is the same for all types. Not here: finding them (:mod:`pipeline.target.findings`), what became of
those of last month (:mod:`pipeline.target.changes`).
"""

from __future__ import annotations

import polars as pl

from pipeline.period import Period
from pipeline.target.keys import SEPARATOR, digest, finding_key_text
from pipeline.target.programs import Rules
from pipeline.target.records import Codes
from pipeline.target.taxonomy import Taxonomy

KIND = ("finding_type", "reason", "program")


def assemble(found: pl.DataFrame, taxonomy: Taxonomy, rules: Rules, period: Period, codes: Codes) -> pl.DataFrame:
    """Rows of ``tables.FINDINGS`` without ``baseline_state``, sorted by ``finding_id``; ``subject`` has the code.

    ``confidence`` is the certainty of the reason times the probability that the persons are who they seem;
    ``priority`` (0-100) is confidence times a mean of severity and monthly amount, weighted as
    ``rules/findings.yaml`` says.
    """
    kinds = _kinds(found, taxonomy, rules)
    found = codes.named(found.with_columns(subject="subject_id"), "subject_id")
    order = taxonomy.priority
    weight = pl.col("severity").replace_strict(
        {str(k): v for k, v in order.severity.items()}, return_dtype=pl.Float64, default=0.5
    )
    share = (pl.col("amount").fill_null(0) / order.full_amount).clip(0.0, 1.0)
    findings = (
        found.join(kinds, on=KIND, how="left")
        .with_columns(confidence=(pl.col("certainty") * pl.col("identity").fill_null(1.0)).round(4))
        .with_columns(
            priority=(100 * pl.col("confidence") * (order.severity_share * weight + order.amount_share * share)).round(
                2
            ),
            summary=pl.concat_str("summary", "detail", separator=" ", ignore_nulls=True),
        )
    )
    findings = digest(findings, finding_key_text(), "finding_key")
    of_month = pl.concat_str(pl.lit(str(period)), "finding_key", separator=SEPARATOR)
    return digest(findings, of_month, "finding_id", prefix="F").sort("finding_id")


def _kinds(found: pl.DataFrame, taxonomy: Taxonomy, rules: Rules) -> pl.DataFrame:
    """Severity, certainty and summary: once for each kind of finding that occurs."""
    kinds = found.select(KIND).unique().sort(KIND)
    rows = kinds.rows()
    return kinds.with_columns(
        severity=pl.Series([taxonomy.severity(t, r) for t, r, _ in rows], dtype=pl.String),
        certainty=pl.Series([taxonomy.certainty(t, r) for t, r, _ in rows], dtype=pl.Float64),
        summary=pl.Series([taxonomy.summary(t, r, p, rules) for t, r, p in rows], dtype=pl.String),
    )
