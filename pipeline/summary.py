"""The closing summary of a run: the verdict in figures, for the terminal and for ``--json``.

Belongs here: counting what a published run holds. Not here: measures (:mod:`pipeline.target`), printing
(:mod:`pipeline.commands`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pipeline.history import PublishedRun

_ROWS = """
select count(distinct source_file) as files, sum(rows_total)::bigint as total, sum(rows_accepted)::bigint as accepted,
       sum(rows_quarantined)::bigint as quarantined, sum(rows_layout)::bigint as layout
from audit.source_files where run_id = $run_id
"""
_COUNTS = """
select (select count(*) from audit.persons where run_id = $run_id) as persons,
       (select count(*) from audit.households where run_id = $run_id) as households,
       (select count(*) from audit.match_pairs where run_id = $run_id and decision = 'possible') as possible
"""
_FINDINGS = """
select finding_type, program, count(*) as n, coalesce(sum(amount), 0)::bigint as amount,
       sum(case when baseline_state = 'new' then 1 else 0 end)::bigint as new
from audit.findings where run_id = $run_id group by finding_type, program order by finding_type, program
"""
_MEASURES = """
select program, measure, value, numerator, denominator, bound_low, bound_high, definition
from audit.measures
where run_id = $run_id and area_level = 'province' and breakdown = 'all'
  and measure in ('coverage_rate', 'exclusion_error_rate', 'inclusion_error_rate')
order by program, area_code, measure
"""
_CHECKS = """
select severity, outcome, count(*) as n from audit.quality_results
where run_id = $run_id and outcome <> 'passed' group by severity, outcome order by severity, outcome
"""
_NOTICES = """
select code, count(*) as n from audit.notices where run_id = $run_id group by code order by code
"""


@dataclass(frozen=True)
class Summary:
    """Counts of one published run; amounts in rupiah a month."""

    files: int
    rows: dict[str, int]
    """total, accepted, quarantined, layout"""
    persons: int
    households: int
    possible_pairs: int
    findings: list[dict[str, Any]]
    """finding_type, program, n, amount, new"""
    measures: list[dict[str, Any]]
    """province level: program, measure, value with its bounds and definition"""
    quality: list[dict[str, Any]]
    """checks that did not pass: severity, outcome, n"""
    notices: list[dict[str, Any]]
    """code, n: what the input stage wants somebody to know"""

    def as_dict(self) -> dict[str, Any]:
        """As one JSON document."""
        return asdict(self)


def summarise(run: PublishedRun) -> Summary:
    """Count what a published run holds."""
    asked = (_ROWS, _COUNTS, _FINDINGS, _MEASURES, _CHECKS, _NOTICES)
    with run.open() as held:
        (total,), (counts,), *lists = [held.sql(query, run_id=run.run_id).to_dicts() for query in asked]
    findings, measures, quality, notices = lists
    return Summary(
        files=total.pop("files"),
        rows=total,
        persons=counts["persons"],
        households=counts["households"],
        possible_pairs=counts["possible"],
        findings=findings,
        measures=measures,
        quality=quality,
        notices=notices,
    )
