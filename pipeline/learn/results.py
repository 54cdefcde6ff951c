"""`tepat sample --results`: what verification samples and visits to findings say so far.

Belongs here: counts of strata from visits, the estimates as a table, and the files. No name or number of a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from pipeline.cases.field_rules import read_field_rules
from pipeline.history import PublishedRun
from pipeline.learn.drawing import FLAGGED
from pipeline.learn.estimate import ERRORS, MEASURES, Counts, estimate
from pipeline.learn.hits import hit_rates
from pipeline.learn.visited import ANSWERED, has_tables, visits
from pipeline.look.numbers import language
from pipeline.look.words import texts
from pipeline.whole import write_whole

TEXTS: Final = Path(__file__).with_name("texts.yaml")
FOLDER: Final = "sample"
ESTIMATES: Final = pl.Schema(
    {
        "sample_id": pl.String(),
        "restricted_to": pl.String(),  # kecamatan it speaks of; empty: the whole list
        "error": pl.String(),  # exclusion, inclusion
        "measure": pl.String(),  # error_rate, precision, sensitivity, missed_rate
        "definition": pl.String(),
        "value": pl.Float64(),  # null where no visit has an answer, or no error was found (sensitivity)
        "ci_low": pl.Float64(),  # 95 %, score interval of the stratified sample
        "ci_high": pl.Float64(),
        "bound_low": pl.Float64(),  # if all who were not met were right, without sampling error
        "bound_high": pl.Float64(),  # if all were wrong
        "households": pl.Float64(),  # value x denominator
        "denominator": pl.Float64(),  # households; estimated for sensitivity
        "visits": pl.Int64(),  # drawn
        "answered": pl.Int64(),
    }
)
RESPONSE: Final = ["sample_id", "band", "state"]


@dataclass(frozen=True)
class Results:
    """Estimates of each sample (:data:`ESTIMATES`, the one drawn last at the end), visits by sample, band and state,
    hit rates (``hits.HITS``)."""

    period: str
    run_id: str
    estimates: pl.DataFrame
    response: pl.DataFrame
    hits: pl.DataFrame

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "period": self.period, "run_id": self.run_id, "estimates": self.estimates.to_dicts(),
            "response": self.response.to_dicts(), "hit_rates": self.hits.to_dicts(),
        }  # fmt: skip

    def write(self, out: Path) -> list[Path]:
        """Write ``<out>/<period>/sample/*.csv``, numbers to six digits."""
        folder = out / self.period / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        tables = {"estimates": self.estimates, "response": self.response, "hit_rates": self.hits}
        return [write_whole(folder / f"{name}.csv", rows.write_csv(float_precision=6)) for name, rows in tables.items()]


def results_of(run: PublishedRun, rules: Path, lang: str = "id") -> Results:
    """What has come back so far for the samples of a month, and how often findings visited were right.

    Args:
        run: the month.
        rules: rules folder.
        lang: language of the definitions, id or en.
    """
    field = read_field_rules(rules)
    words = texts(TEXTS, language(lang))
    estimates, response = [ESTIMATES.to_frame(eager=True)], pl.DataFrame(schema=dict.fromkeys(RESPONSE, pl.String))
    response = response.with_columns(visits=pl.lit(0, pl.Int64))
    with run.open() as held:
        rows = visits(held, field.sample) if has_tables(held, "samples", "case_events") else None
        hits = hit_rates(held, field.hit_rates)
    if rows is not None:
        response = rows.group_by(RESPONSE).agg(visits=pl.len().cast(pl.Int64)).sort(RESPONSE)
        for (sample_id,), drawn in rows.group_by("sample_id", maintain_order=True):
            estimates.append(_estimated(str(sample_id), drawn, words))
    return Results(str(run.period), run.run_id, pl.concat(estimates), response, hits)


def counts_of(drawn: pl.DataFrame) -> Counts:
    """The visits of one sample (rows of :func:`pipeline.learn.visited.visits`) by stratum."""
    answered = pl.col("state") == ANSWERED
    strata = (
        drawn.group_by("stratum", "band", "stratum_size", "stratum_drawn")
        .agg(answered=answered.sum(), **{e: (answered & pl.col(e)).sum() for e in ERRORS})
        .sort("stratum")
    )

    def column(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        return strata[name].cast(pl.Float64).to_numpy()

    band = strata["band"].to_numpy().astype(np.str_)
    return Counts(
        column("stratum_size"), column("stratum_drawn"), band, np.isin(band, FLAGGED), column("answered"),
        {e: column(e) for e in ERRORS},
    )  # fmt: skip


def _estimated(sample_id: str, drawn: pl.DataFrame, words: dict[str, Any]) -> pl.DataFrame:
    counts = counts_of(drawn)
    rows = []
    for error in ERRORS:
        found = estimate(counts, error)
        flagged = counts.has_flag(error)
        whole = float(counts.size.sum())
        of = {
            "error_rate": whole,
            "precision": float(counts.size[flagged].sum()),
            "missed_rate": float(counts.size[~flagged].sum()),
            "sensitivity": whole * float(found["error_rate"].value),
        }
        for measure in MEASURES:
            numbers = {
                name: _number(part)
                for name, part in zip(("value", "ci_low", "ci_high", "bound_low", "bound_high"), found[measure],
                                      strict=True)
            }  # fmt: skip
            value = numbers["value"]
            rows.append(
                {
                    "sample_id": sample_id, "restricted_to": drawn["restricted_to"][0], "error": error,
                    "measure": measure,
                    "definition": words["measures"][measure].format(error=words["errors"][error]), **numbers,
                    "households": None if value is None else value * of[measure],
                    "denominator": None if np.isnan(of[measure]) else of[measure],
                    "visits": int(counts.drawn.sum()), "answered": int(counts.answered.sum()),
                }
            )  # fmt: skip
    return pl.DataFrame(rows, schema=ESTIMATES)


def _number(part: Any) -> float | None:
    return None if np.isnan(part) else float(part)
