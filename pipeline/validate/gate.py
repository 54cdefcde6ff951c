"""The gate of the stage: Great Expectations on pandas frames, in memory, keeping nothing.

Belongs here: turning a check into a suite of one, running it on one frame, reading its answer. Not here: what a
check means (:mod:`.checks`), which frames there are (:mod:`.stage`).

Great Expectations answers a broken expectation with ``success=False`` as it answers bad data; only
``exception_info`` tells them apart, and that comes in two shapes. Its results are asked for without examples, so that
no personal data is in them.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.privacy import scrub
from pipeline.validate.cards import Check
from pipeline.validate.checks import CHECKS
from pipeline.validate.preload import great_expectations


@dataclass(frozen=True)
class Judgement:
    """What the gate says of one check on one frame; ``error`` when it could not run."""

    expectation: str
    n_checked: int = 0
    n_unexpected: int = 0
    error: str = ""

    def __add__(self, other: Judgement) -> Judgement:
        return Judgement(
            self.expectation,
            self.n_checked + other.n_checked,
            self.n_unexpected + other.n_unexpected,
            self.error or other.error,
        )


class Gate:
    """One ephemeral Great Expectations context; judges frame after frame."""

    def __init__(self) -> None:
        gx = great_expectations()
        self._suite = gx.ExpectationSuite
        self._expectations = importlib.import_module("great_expectations.expectations")
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        asset = context.data_sources.add_pandas("memory").add_dataframe_asset("rows")
        self._definition = asset.add_batch_definition_whole_dataframe("all")

    def judge(self, frame: pl.DataFrame, check: Check) -> Judgement:
        """Whether the rows that a check chooses keep it; the check must have a counterpart in Great Expectations.

        One check a time, on its own few columns: the package copies and hashes whole frames for every expectation.
        """
        make = CHECKS[check.check].expectation
        assert make is not None  # noqa: S101 - checks without one are `engine: polars`, see cards.Check
        expectation = make(check, self._expectations)
        # Arrow-backed columns: no copy of the text, integers and dates keep their type beside nulls
        columns = [column for column in dict.fromkeys(check.columns) if column in frame.columns]
        pandas = frame.select(columns).to_pandas(use_pyarrow_extension_array=True)
        batch = self._definition.get_batch(batch_parameters={"dataframe": pandas})
        suite = self._suite(name=check.id, expectations=[expectation])
        answer = batch.validate(suite, result_format={"result_format": "SUMMARY", "partial_unexpected_count": 0})
        return _read(answer.results[0])


def _read(result: Any) -> Judgement:
    kind = str(result.expectation_config.type)
    if error := _error(result.exception_info):
        return Judgement(kind, error=error)
    found = result.result
    return Judgement(
        kind,
        n_checked=int(found["element_count"]) - int(found.get("missing_count") or 0),
        n_unexpected=int(found["unexpected_count"]),
    )


def _error(info: dict[str, Any] | None) -> str:
    """What went wrong, from either shape of ``exception_info``: flat, or one entry a metric."""
    entries = [info or {}] if "raised_exception" in (info or {}) else list((info or {}).values())
    for entry in entries:
        if isinstance(entry, dict) and entry.get("raised_exception"):
            message = str(entry.get("exception_message") or "unknown error").strip()
            return scrub(message.splitlines()[0]) if message else "unknown error"
    return ""
