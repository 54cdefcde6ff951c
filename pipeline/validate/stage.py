"""The stage: every check of every file of ``rules/quality``, in frames of bounded size.

Belongs here: which frames are read and which engine looks at them; the tables that are written. A check that
compares rows with each other sees only its own few columns, but those of all rows; for the gate these are parted by
a hash of the compared columns, so that equal rows always meet in one part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.errors import Problem, RulesError
from pipeline.period import Period
from pipeline.privacy import scrub
from pipeline.store import Store
from pipeline.tables import MENTIONS, QUALITY_RESULTS, QUALITY_ROWS, QUALITY_SHEETS, Table
from pipeline.validate.cards import Check, CheckFile, read_checks
from pipeline.validate.checks import chosen
from pipeline.validate.derived import with_derived
from pipeline.validate.gate import Gate, Judgement
from pipeline.validate.page import write_page
from pipeline.validate.tally import ROW, Tally, add, tally

Say = Callable[[str], None]

ROWS_PER_FRAME = 500_000


@dataclass(frozen=True)
class Outcome:
    """What both engines say of one check; no judgement where the gate does not look."""

    suite: str
    check: Check
    tally: Tally
    judgement: Judgement | None


@dataclass(frozen=True)
class Rows:
    """All rows that a file of checks speaks of, not yet read; ``names`` are the columns that name a row."""

    table: Table
    lazy: pl.LazyFrame
    height: int
    period: Period

    @property
    def names(self) -> list[str]:
        """The columns that name a row."""
        return [*(k for k in self.table.keys if k not in ROW), *ROW]

    def frame(self, check: Check) -> pl.DataFrame:
        """All rows; only the columns that the check needs."""
        return self._collect(self.lazy, [check])

    def frames(self, checks: Sequence[Check]) -> Iterator[pl.DataFrame]:
        """The rows in pieces of bounded size; only the columns that these checks need."""
        for offset in range(0, self.height if checks else 0, ROWS_PER_FRAME):
            yield self._collect(self.lazy.slice(offset, ROWS_PER_FRAME), checks)

    def _collect(self, rows: pl.LazyFrame, checks: Sequence[Check]) -> pl.DataFrame:
        columns = self.columns(checks)
        return with_derived(rows, columns, self.table, self.period).select(columns).collect()

    def columns(self, checks: Sequence[Check]) -> list[str]:
        """The columns that name a row, and those that these checks need."""
        return list(dict.fromkeys([*self.names, *(c for check in checks for c in check.needed)]))


def validate(store: Store, period: Period, rules: Path, *, say: Say) -> None:
    """Check mentions and transactions; write ``quality_results``, ``_rows``, ``_sheets`` and ``quality.html``.

    Reads ``source_files``, ``mentions``, ``transactions``, ``quarantine`` and ``notices``. Nothing that is wrong in
    single rows raises.

    Raises:
        RulesError: a file of ``rules/quality`` cannot be used.
        InputError: ingest has not run.
    """
    files = read_checks(rules)
    gate = Gate()
    outcomes: list[Outcome] = []
    for suite, file in files.items():
        rows = _rows_of(store, file, period)
        if rows.height:
            say(f"{file.title.en}: {len(file.checks)} checks of {rows.height:,} rows")
            outcomes += look(suite, file.checks, rows, gate)
    store.write(QUALITY_RESULTS, _results(outcomes))
    store.write(QUALITY_SHEETS, _sheets(outcomes))
    store.write(QUALITY_ROWS, _rows(outcomes))
    write_page(store, period, files)


def _rows_of(store: Store, file: CheckFile, period: Period) -> Rows:
    lazy = store.scan(file.table)
    if file.table is MENTIONS:
        lazy = lazy.filter(pl.col("kind").is_in(list(file.kinds)))
    height = int(lazy.select(pl.len()).collect().item())
    return Rows(file.table, lazy, height, period)


def look(suite: str, checks: Sequence[Check], rows: Rows, gate: Gate) -> list[Outcome]:
    """Every check on all rows, by both engines; in the order of ``checks``."""
    tallies: dict[str, list[Tally]] = {check.id: [] for check in checks}
    judgements: dict[str, list[Judgement]] = {check.id: [] for check in checks}

    def both(frame: pl.DataFrame, check: Check) -> None:
        try:
            rows_chosen = frame.select(rows.columns([check])).filter(chosen(check))
            counted = tally(rows_chosen, check, rows.names)
        except pl.exceptions.PolarsError as error:  # a pattern on a number, a text compared with a date …
            first_line = scrub(str(error).strip().splitlines()[0])
            raise RulesError(
                Problem(f"rules/quality/{suite}.yaml: {check.id}", first_line, "a check that fits its columns' types")
            ) from error
        tallies[check.id].append(counted)
        if check.engine == "gx" and counted.n_checked:  # the gate is not asked where there is nothing to look at
            judgements[check.id] += [gate.judge(part, check) for part in _parts(rows_chosen, check)]

    single = [check for check in checks if not check.whole]
    for frame in rows.frames(single):
        for check in single:
            both(frame, check)
    for check in checks:
        if check.whole:
            both(rows.frame(check), check)
    return [Outcome(suite, check, add(tallies[check.id]), _sum(judgements[check.id])) for check in checks]


def _parts(frame: pl.DataFrame, check: Check) -> Iterator[pl.DataFrame]:
    """Parts of bounded size, rows with equal values always in the same part."""
    n_parts = -(-frame.height // ROWS_PER_FRAME)  # more than one for `whole` checks only
    if n_parts <= 1:
        yield frame
        return
    part = pl.struct(check.columns).hash(seed=0) % n_parts
    for number in range(n_parts):
        yield frame.filter(part == number)


def _sum(judgements: list[Judgement]) -> Judgement | None:
    total: Judgement | None = None
    for judgement in judgements:
        total = judgement if total is None else total + judgement
    return total


def _results(outcomes: list[Outcome]) -> pl.DataFrame:
    return pl.DataFrame([_result(o) for o in outcomes], schema=QUALITY_RESULTS.schema)


def _result(outcome: Outcome) -> dict[str, object]:
    check, counted, judgement = outcome.check, outcome.tally, outcome.judgement
    detail = judgement.error if judgement is not None else ""
    if judgement is not None and not detail:
        gate_says = (judgement.n_checked, judgement.n_unexpected)
        if gate_says != (counted.n_checked, counted.n_unexpected):
            detail = f"the engines disagree: gx {gate_says}, polars {counted.n_checked, counted.n_unexpected}"
    state = "could_not_run" if detail else "failed" if counted.n_unexpected else "passed"
    return {
        "suite": outcome.suite,
        "check_id": check.id,
        "engine": check.engine,
        "expectation": judgement.expectation if judgement is not None else check.check,
        "column_name": ", ".join(check.columns),
        "severity": check.severity,
        "outcome": state,
        "n_checked": counted.n_checked,
        "n_unexpected": counted.n_unexpected,
        "detail": detail or (None if counted.n_checked else "no row to look at"),
    }


def _sheets(outcomes: list[Outcome]) -> pl.DataFrame:
    frames = [
        o.tally.sheets.filter(pl.col("n_unexpected") > 0).select(
            pl.lit(o.suite).alias("suite"),
            pl.lit(o.check.id).alias("check_id"),
            *("source_file", "sheet", "n_checked", "n_unexpected"),
            pl.format("[{}]", pl.col("first_rows").cast(pl.List(pl.String)).list.join(", ")).alias("first_rows"),
        )
        for o in outcomes
    ]
    return pl.concat([QUALITY_SHEETS.empty(), *frames])


def _rows(outcomes: list[Outcome]) -> pl.DataFrame:
    frames = [
        o.tally.broken.select("mention_id", pl.lit(o.check.id).alias("check_id"))
        for o in outcomes
        if "mention_id" in o.tally.broken.columns  # a transaction mentions no person: quality_sheets has its rows
    ]
    return pl.concat([QUALITY_ROWS.empty(), *frames])
