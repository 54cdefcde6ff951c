"""``tepat report``: a published month as page, paper and CSV.

Belongs here: putting it together in a folder. Not here: figures, words, looks.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.history import PublishedRun, published_run, published_runs
from pipeline.look.numbers import Language, language
from pipeline.look.page import Figure
from pipeline.period import Period
from pipeline.regions import kecamatan_among
from pipeline.report.cells import NOWHERE, WHOLE, cells_of
from pipeline.report.contents import Contents, contents
from pipeline.report.month import Month
from pipeline.report.page import render_page
from pipeline.report.paper import render_paper
from pipeline.report.queries import count
from pipeline.report.settings import ReportRules, read_report_rules
from pipeline.rulebook import default_rules
from pipeline.target.programs import Rules, load_rules
from pipeline.target.taxonomy import Taxonomy, read_taxonomy
from pipeline.whole import write_whole

PAGE = "report.html"
PAPER = "report.pdf"


@dataclass(frozen=True)
class Report:
    """What was written, and the numbers of the verdict."""

    folder: Path
    files: tuple[Path, ...]
    run_id: str
    period: str
    area: str
    values: dict[str, float | None]
    hidden: int
    """Cells that are not shown."""

    def as_dict(self) -> dict[str, Any]:
        """As one JSON document."""
        return {**vars(self), "folder": str(self.folder), "files": [str(f) for f in self.files]}


def report(
    out: Path,
    period: str,
    *,
    kecamatan: str | None = None,
    lang: str = "id",
    rules: Path | None = None,
    today: date | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Report:
    """Write page, paper and CSV of a published month into ``out/<period>/report``.

    ``today`` is the day to which the age of cases is counted, the clock's by default.
    The report of one kecamatan goes into ``report-<code>`` beside it. What was there before is replaced.

    Raises:
        InputError: the period is not published, no such kecamatan or language.
        ConservationError: a step of the funnel does not add up.
        StorageError: the database cannot be read.
    """
    month = month_of(out, period, kecamatan=kecamatan, lang=lang, rules=rules, today=today, say=say)
    say("drawing")
    whole = contents(month, rules or default_rules())
    name = f"report-{month.area}" if month.area else "report"
    return _write(out / month.period / name, month, whole)


def month_of(
    out: Path,
    period: str,
    *,
    kecamatan: str | None = None,
    lang: str = "id",
    rules: Path | None = None,
    today: date | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Month:
    """A published month counted and protected, with the one before it; of one kecamatan, where one is named."""
    chosen, folder_of_rules = language(lang), rules or default_rules()
    run = published_run(out, Period.parse(period))  # not the copy for notebooks: it has no cases
    run.require()
    previous = _previous(run, out)
    before = None if previous is None else _month(previous, chosen, folder_of_rules, today, say)
    month = _month(run, chosen, folder_of_rules, today, say, before)
    return month if kecamatan is None else _cut(month, kecamatan)


def _month(
    run: PublishedRun,
    lang: Language,
    rules: Path,
    today: date | None,
    say: Callable[[str], None],
    before: Month | None = None,
) -> Month:
    settings: ReportRules = read_report_rules(rules)
    taxonomy: Taxonomy = read_taxonomy(rules)
    in_force: Rules = load_rules(rules, run.period.last_day)
    say(f"counting {run.period}")
    counted = count(run, today)
    say(f"protecting small cells of {run.period}")
    cells = cells_of(counted, settings.smallest_cell, before.cells if before else None)
    return Month(counted, cells, WHOLE, lang, settings, taxonomy, in_force, before)


def _with(month: Month, *, before: Month | None, area: str = WHOLE) -> Month:
    parts = {f: getattr(month, f) for f in ("counted", "cells", "lang", "settings", "taxonomy", "rules")}
    return Month(**parts, area=area, before=before)


def _previous(run: PublishedRun, out: Path) -> PublishedRun | None:
    """The run that this one compared itself with; where its rows were ended, the newest of its month that has all."""
    rows = run.sql("select previous_run_id from audit.runs where run_id = $run_id", run_id=run.run_id)
    runs, wanted = published_runs(out), rows["previous_run_id"].item()
    then = [r for r in runs if r.run_id == wanted]
    same_month = [r for r in reversed(runs) if then and r.period == then[0].period]
    return next((r for r in (*then, *same_month) if r.ended().is_empty()), None)


def _cut(month: Month, kecamatan: str) -> Month:
    """The same month of one kecamatan, named by its code or by its name."""
    area = kecamatan_among(kecamatan, sorted(code for code in month.area_names() if code != NOWHERE))
    before = None if month.before is None else _with(month.before, before=None, area=area)
    return _with(month, before=before, area=area)


def _write(folder: Path, month: Month, whole: Contents) -> Report:
    csv = folder / "csv"
    shutil.rmtree(csv, ignore_errors=True)
    written = [
        write_whole(folder / PAGE, render_page(month, whole)),
        write_whole(folder / PAPER, render_paper(month, whole)),
    ]
    written += [write_whole(csv / f"{f.name}.csv", f.csv()) for f in whole.figures]
    written.append(write_whole(csv / "figures.csv", _index(whole.figures, whole.run).write_csv()))
    run = month.counted.run
    hidden = sum(1 for k in month.cells.hidden if k[1] == month.area)
    return Report(folder, tuple(written), run.run_id, month.period, month.area, whole.verdict.values, hidden)


def _index(figures: list[Figure], run: dict[str, str]) -> pl.DataFrame:
    """One row a CSV: what it holds, by which definition, from which lists and rules."""
    rows = [{"file": f"{f.name}.csv", "title": f.title, "definition": f.definition, **run} for f in figures]
    return pl.DataFrame(rows)
