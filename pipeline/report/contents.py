"""The order of the report: sections, each with its figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.look.page import Figure
from pipeline.report.areas import Compared, areas, too_small
from pipeline.report.fieldwork import cases, field, samples
from pipeline.report.findings import findings, overlap
from pipeline.report.month import Month
from pipeline.report.people import changes, errors, flow, paid, programs
from pipeline.report.sources import calibrated, cards, files, pairs
from pipeline.report.verdict import Verdict, verdict
from pipeline.report.welfare import welfare


@dataclass(frozen=True)
class Section:
    """A heading, what it is about, its figures; those of ``paired`` stand side by side."""

    name: str
    title: str
    intro: str
    figures: tuple[Figure, ...] = ()
    paired: tuple[Figure, ...] = ()
    compared: tuple[Compared, ...] = ()
    after: str = ""
    """What is said beneath the figures."""


@dataclass(frozen=True)
class Contents:
    """All that page and paper show."""

    verdict: Verdict
    sections: list[Section]
    run: dict[str, str]
    """period, run, inputs, rules (short hashes), code version"""

    @property
    def figures(self) -> list[Figure]:
        """All figures in order."""
        found: list[Figure] = []
        for s in self.sections:
            found += [*s.figures, *s.paired]
            found += [f for c in s.compared for f in (c.funnel, c.listed)]
        return found


def contents(month: Month, rules: Path) -> Contents:
    """Work out every figure of a month."""
    words = month.words

    def section(name: str, figures: list[Figure], paired: list[Figure] | None = None, **more: Any) -> Section:
        intro = more.pop("intro", words["intro"][name])
        return Section(name, words["sections"][name], intro, tuple(figures), tuple(paired or ()), **more)

    wrong = errors(month)
    desil = welfare(month)
    incidence = [f for f in desil if f.name.startswith("served_by_desil")]
    compared = areas(month)
    found = findings(month)
    answers, used, open_cases = [*field(month), *samples(month, rules)], cards(month), cases(month)
    judged = calibrated(month)
    matched = [*pairs(month), *judged]
    sections = [
        section("errors", [*wrong[2:], *changes(month)], wrong[:2]),
        section("flow", [*flow(month), *programs(month), *paid(month)]),
        section("welfare", [f for f in desil if f not in incidence], incidence,
                intro=words["intro"]["welfare" if desil else "no_desil"]),
        section("areas", [], after=too_small(month, compared),
                compared=tuple(c for both in compared.values() for c in both)),
        section("overlap", overlap(month)),
        section("findings", found),
        section("cases", open_cases),
        section("field", answers, intro=words["intro"]["field" if answers else "no_answers"]),
        section("cards", used[:1], used[1:], intro=words["intro"]["cards" if used else "no_cards"]),
        section("identity", matched, intro=words["intro"]["identity" if judged else "not_judged"]),
        section("quality", files(month, rules)),
    ]  # fmt: skip
    needed = {
        "areas": bool(compared), "identity": bool(matched), "quality": month.area == "", "cases": bool(open_cases),
    }  # fmt: skip
    return Contents(verdict(month), [s for s in sections if needed.get(s.name, True)], _run(month))


def _run(month: Month) -> dict[str, str]:
    run = month.counted.run
    row = run.sql(
        "select inputs_hash, rules_hash, run_hash, code_version from audit.runs where run_id = $run_id",
        run_id=run.run_id,
    ).row(0, named=True)
    return {
        "period": month.period, "run": run.run_id, "inputs": row["inputs_hash"][:10], "rules": row["rules_hash"][:10],
        "code": row["code_version"], "seal": row["run_hash"][:12],
    }  # fmt: skip
