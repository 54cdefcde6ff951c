"""What the closing summary of a run says of data quality.

Belongs here: a few figures from the stage's tables. Not here: the page (:mod:`.page`).
"""

from __future__ import annotations

from typing import Any

import polars as pl

from pipeline.store import Store
from pipeline.tables import QUALITY_RESULTS, QUALITY_SHEETS

WEIGHT = {"critical": 10.0, "warning": 3.0, "info": 1.0}
"""How much more a broken check of one severity weighs than of another, when files are put in order."""


def quality_summary(store: Store) -> dict[str, Any]:
    """Checks by outcome, failed ones by severity, and the file that most needs mending.

    Returns:
        ``checks``, ``passed``, ``failed``, ``could_not_run`` (numbers of checks); ``failed_by_severity``
        (severity → number); ``worst_file`` and ``worst_file_rows`` (broken rows, a row counted once a check), or
        None and 0 where nothing failed.
    """
    results = store.read(QUALITY_RESULTS, ["severity", "outcome"])
    outcomes = dict(results["outcome"].value_counts().iter_rows())
    failed = results.filter(pl.col("outcome") == "failed")["severity"].value_counts()
    files = file_weights(store)
    return {
        "checks": results.height,
        **{name: outcomes.get(name, 0) for name in ("passed", "failed", "could_not_run")},
        "failed_by_severity": {s: dict(failed.iter_rows()).get(s, 0) for s in WEIGHT},
        "worst_file": files["source_file"][0] if files.height else None,
        "worst_file_rows": int(files["n_unexpected"][0]) if files.height else 0,
    }


def file_weights(store: Store) -> pl.DataFrame:
    """Files with broken rows, the one that most needs mending first: source_file, weight, n_unexpected."""
    severities = store.scan(QUALITY_RESULTS).select("suite", "check_id", "severity")
    weight = pl.col("severity").replace_strict(WEIGHT, return_dtype=pl.Float64)
    return (
        store.scan(QUALITY_SHEETS)
        .join(severities, on=["suite", "check_id"])
        .group_by("source_file")
        .agg(
            weight=(weight * pl.col("n_unexpected")).sum(),
            n_unexpected=pl.col("n_unexpected").sum(),
        )
        .sort("weight", "source_file", descending=[True, False])
        .collect()
    )
