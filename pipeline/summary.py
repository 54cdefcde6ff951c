"""The closing summary of a run: the verdict in figures, for the terminal and for ``--json``.

Belongs here: counting what the stage files of one period hold. Not here: measures (:mod:`pipeline.target`), printing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from pipeline.store import Store
from pipeline.tables import (
    FINDINGS,
    HOUSEHOLDS,
    MATCH_PAIRS,
    MEASURES,
    NOTICES,
    PERSONS,
    QUALITY_RESULTS,
    SOURCE_FILES,
)


@dataclass(frozen=True)
class Summary:
    """Counts of one period; amounts in rupiah a month."""

    files: int
    rows: dict[str, int]
    """total, accepted, quarantined, layout"""
    persons: int
    households: int
    possible_pairs: int
    findings: list[dict[str, Any]]
    """finding_type, program, n, amount, new"""
    measures: list[dict[str, Any]]
    """province level: measure, program, value, definition"""
    quality: dict[str, int]
    """failed and could_not_run checks by severity"""
    notices: list[dict[str, Any]]
    """code, n: what the input stage wants somebody to know"""

    def as_dict(self) -> dict[str, Any]:
        """As one JSON document."""
        return asdict(self)


HEADLINE_MEASURES = ("coverage_rate", "exclusion_error_rate", "inclusion_error_rate")


def summarise(store: Store) -> Summary:
    """Count what lies in the stage files of a period."""
    sources = store.read(SOURCE_FILES)
    rows = {
        name.removeprefix("rows_"): int(sources[name].sum())
        for name in ("rows_total", "rows_accepted", "rows_quarantined", "rows_layout")
    }
    findings = (
        store.scan(FINDINGS)
        .group_by("finding_type", "program")
        .agg(n=pl.len(), amount=pl.col("amount").sum(), new=(pl.col("baseline_state") == "new").sum())
        .sort("finding_type", "program")
        .collect()
    )
    measures = (
        store.scan(MEASURES)
        .filter(
            (pl.col("area_level") == "province")
            & (pl.col("breakdown") == "all")
            & pl.col("measure").is_in(HEADLINE_MEASURES)
        )
        .select("program", "measure", "value", "numerator", "denominator", "definition")
        .sort("program", "measure")
        .collect()
    )
    checks = (
        store.scan(QUALITY_RESULTS)
        .filter(pl.col("outcome") != "passed")
        .group_by("severity", "outcome")
        .len()
        .collect()
    )
    notices = store.scan(NOTICES).group_by("code").len("n").sort("code").collect()
    return Summary(
        files=sources["source_file"].n_unique(),
        rows=rows,
        persons=_count(store.scan(PERSONS)),
        households=_count(store.scan(HOUSEHOLDS)),
        possible_pairs=_count(store.scan(MATCH_PAIRS).filter(pl.col("decision") == "possible")),
        findings=findings.to_dicts(),
        measures=measures.to_dicts(),
        quality={f"{s} {o}": n for s, o, n in checks.sort("severity", "outcome").iter_rows()},
        notices=notices.to_dicts(),
    )


def _count(frame: pl.LazyFrame) -> int:
    return int(frame.select(pl.len()).collect().item())
