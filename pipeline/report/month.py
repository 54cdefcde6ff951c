"""A published month as the report sees it: counts of one area, words of one language.

Belongs here: what every figure needs. Not here: figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.look.numbers import HIDDEN, Language, Numbers
from pipeline.look.page import Column, Figure
from pipeline.look.words import texts
from pipeline.measures import named
from pipeline.report.cells import NOWHERE, TOTALS, WHOLE, Cells, judged
from pipeline.report.queries import Counted
from pipeline.report.settings import ReportRules
from pipeline.target.programs import Rules
from pipeline.target.taxonomy import Taxonomy

TEXTS: Final = Path(__file__).with_name("texts.yaml")
NAN: Final = float("nan")


@dataclass(frozen=True)
class Month:
    """One area of a published month; ``area`` is a kecamatan code, or empty for all."""

    counted: Counted
    cells: Cells
    area: str
    lang: Language
    settings: ReportRules
    taxonomy: Taxonomy
    rules: Rules
    before: Month | None = None
    """The month compared with, where there is one."""

    @property
    def words(self) -> dict[str, Any]:
        """Texts of the report."""
        return texts(TEXTS, self.lang)

    @property
    def numbers(self) -> Numbers:
        """How numbers are written."""
        return Numbers(self.lang)

    @property
    def period(self) -> str:
        """The month, ``YYYY-MM``."""
        return str(self.counted.run.period)

    @property
    def programs(self) -> list[str]:
        """Codes of the programs that were judged."""
        return sorted(k[2] for k in self.cells.names("units", WHOLE) if k[3] == "units")

    def program(self, code: str) -> str:
        """Name of a program, short: its first alias, else the code in capitals."""
        return code.upper().replace("_", "-")

    def cell(self, family: str, *names: str) -> int | None:
        """A count of this area; None where it must not be shown."""
        return self.cells[family, self.area, *names]

    def kind(self, finding_type: str) -> str:
        """A type of finding in words."""
        card = self.taxonomy.types.get(finding_type)
        return str(getattr(card.text, self.lang)) if card else finding_type

    def reason(self, finding_type: str, reason: str) -> str:
        """Reasons of a finding in words: one, several joined by `,`, or codes of programs joined by `+`."""
        card = self.taxonomy.types.get(finding_type)
        known = card.reasons if card else {}
        return ", ".join(
            str(getattr(known[r].text, self.lang)) if r in known else " + ".join(self.program(c) for c in r.split("+"))
            for r in reason.split(",")
        )

    def written(self, value: int | None) -> str:
        """A count as it stands in a sentence."""
        return HIDDEN if value is None else self.numbers.count(value)

    def here(self, name: str) -> pl.DataFrame:
        """Rows of a query in this area."""
        frame = self.counted[name]
        if self.area == WHOLE or "kecamatan_code" not in frame.columns:
            return frame
        return frame.filter(pl.col("kecamatan_code").fill_null(NOWHERE) == self.area)

    def area_names(self) -> dict[str, str]:
        """Names of the kecamatan of the month, by code; those outside the list of regions by their code."""
        codes = [k[1] for k in self.cells.counts if k[0] == "units" and k[1] not in (WHOLE, NOWHERE)]
        series = pl.Series(sorted(set(codes)), dtype=pl.String)
        found = dict(zip(series, named(series), strict=True))
        twice = {n for n in found.values() if list(found.values()).count(n) > 1}
        names = {c: f"{n} ({c[:4]})" if n in twice else n for c, n in found.items()}
        return {**names, NOWHERE: str(self.words["page"]["nowhere"])}

    def rupiah_of(self, program: str, kind: str) -> int | None:
        """Rupiah a month to the units of a program of one kind; None where their count must not be shown."""
        key = ("units", self.area, program, kind)
        if not self.cells.shown(key):
            return None
        units = judged(self.here("units")).filter(pl.col("program") == program)
        kinds = TOTALS["unknown_served"] if kind == "unknown_served" else (kind,)
        chosen = units if kind == "served" else units.filter(pl.col("judged").is_in(kinds))
        return int(chosen.filter("served")["amount"].sum())

    def measure(self, measure: str, program: str, column: str = "value") -> float | None:
        """A published measure of the area; over several provinces the sum of amounts."""
        level = "province" if self.area == WHOLE else "kecamatan"
        rows = self.counted["money"].filter(
            pl.col("measure") == measure, pl.col("program") == program, pl.col("area_level") == level
        )
        if self.area != WHOLE:
            rows = rows.filter(pl.col("area_code") == self.area)
        values = rows[column].drop_nulls()
        return float(values.sum()) if values.len() else None

    def figure(
        self, name: str, text: dict[str, Any], frame: pl.DataFrame, columns: list[Column], **more: Any
    ) -> Figure:
        """A figure whose title and definition stand in the texts."""
        title = more.pop("title", None) or text["title"]
        definition = more.pop("definition", None) or text["definition"]
        return Figure(name, title, definition, frame, columns, self.numbers, **more)


def number(value: int | float | None) -> float | None:
    """For a frame: a count as float, so that null (hidden) and NaN (none) may stand beside it."""
    return None if value is None else float(value)


def share(part: int | None, whole: int | None) -> float | None:
    """A share: None where either is hidden, NaN of nothing."""
    if part is None or whole is None:
        return None
    return part / whole if whole else NAN
