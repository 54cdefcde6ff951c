"""The month in words: how many, how much, how sure, what changed.

Every number is named, so that a test can work it out again and the page can mark it up.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipeline.report.cells import STATES
from pipeline.report.month import Month


@dataclass(frozen=True)
class Said:
    """A number of a sentence: what it is, and as written."""

    name: str
    value: float | None
    text: str


@dataclass(frozen=True)
class Sentence:
    """A sentence with braces, and the numbers that go there."""

    text: str
    numbers: dict[str, Said]


@dataclass(frozen=True)
class Verdict:
    """The four figures at the top, and the sentences beneath them."""

    figures: list[tuple[Said, str]]
    sentences: list[Sentence]

    @property
    def values(self) -> dict[str, float | None]:
        """All numbers by name; None where they are not shown."""
        found = {s.name: s.value for s, _ in self.figures}
        return found | {s.name: s.value for sentence in self.sentences for s in sentence.numbers.values()}


def verdict(month: Month) -> Verdict:
    """The month in words."""
    words = month.words["verdict"]
    counts = {
        "lacks": month.cell("family", "lacks"), "none": month.cell("families", "", "lacks"),
        "leaks": month.cell("families", "", "leaks", "any"), "unknown": month.cell("families", "", "unsure", "any"),
    }  # fmt: skip
    said = {n: Said(n, v, month.written(v)) for n, v in counts.items()}
    said |= _money(month) | _expected(month)
    figures = [(said[n], words[t]) for n, t in (("lacks", "poor"), ("leaks", "wrong"))]
    leaked = said["leaked"].value
    short = Said("leaked", leaked, month.numbers.short_rupiah(leaked) if leaked is not None else said["leaked"].text)
    figures += [(short, words["money"]), (said["unknown"], words["waiting"])]
    sure = "sure" if said["leaked_high"].value is not None else "sure_in_short"
    sentences = [Sentence(words[n], said) for n in ("lacks", "leaks", "rupiah", sure)]
    return Verdict(figures, [_only(s) for s in [*sentences, _changed(month)]])


def _only(sentence: Sentence) -> Sentence:
    return Sentence(sentence.text, {n: s for n, s in sentence.numbers.items() if f"{{{n}}}" in sentence.text})


def _money(month: Month) -> dict[str, Said]:
    def over(name: str, measure: str | None = None, column: str = "value") -> float | None:
        parts: list[float | None] = []
        for p in month.programs:
            shown = month.cells.shown(("units", month.area, p, name))
            value = month.rupiah_of(p, name) if measure is None else month.measure(measure, p, column) or 0.0
            parts.append(value if shown else None)
        return None if None in parts else sum(v for v in parts if v is not None)

    unknown = over("unknown_served")
    values = {"leaked": over("ineligible_served"), "paid": over("served"),
              "gap": over("eligible_unserved", "amount_to_close_gap")}  # fmt: skip
    leaked = values["leaked"]
    values["leaked_high"] = None if leaked is None or unknown is None else leaked + unknown
    return {n: Said(n, v, "∗" if v is None else month.numbers.rupiah(v)) for n, v in values.items()}


def _signs(month: Month) -> pl.DataFrame:
    """Signs of card misuse: of agents, companions, accounts and phones, which are no cells."""
    return month.here("findings").filter(pl.col("finding_type") == "card_misuse")


def _expected(month: Month) -> dict[str, Said]:
    found = month.cell("found", "", "all")
    n = None if found is None else found + int(_signs(month)["findings"].sum())
    sure = None if n is None else round(float(month.here("findings")["confidence"].sum()))
    possible = int(month.counted["pairs"].filter(pl.col("decision") == "possible")["pairs"].sum())
    values = {"found": n, "expected": sure, "possible": possible}
    return {k: Said(k, v, month.written(v)) for k, v in values.items()}


def _changed(month: Month) -> Sentence:
    words = month.words["verdict"]
    if month.before is None:
        return Sentence(words["first"], {})
    counts = {}
    for state in STATES:
        cell, signs = month.cell("found", "", state), _signs(month).filter(pl.col("baseline_state") == state)
        counts[state] = None if cell is None else cell + int(signs["findings"].sum())
    gone = month.here("gone").filter(pl.col("finding_type") == "card_misuse", pl.col("change") == "resolved")
    resolved = month.cell("gone", "", "resolved")
    counts["resolved"] = None if resolved is None else resolved + int(gone["findings"].sum())
    said = {n: Said(n, v, month.written(v)) for n, v in counts.items()}
    said["before"] = Said("before", None, month.numbers.month(month.before.period))
    return Sentence(words["change"], said)
