"""`tepat compare`: the steps in order, and the files.

Belongs here: opening the months, running the queries, holding the sums, writing the tables. Read only: nothing of what
is published changes. The tables hold counts, no name or number of a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.compare.queries import AREAS, CELLS, LISTS, QUERIES, STOCKS
from pipeline.compare.succession import succession
from pipeline.compare.tally import check, stocks_and_flows
from pipeline.database import opened
from pipeline.errors import InputError, Problem
from pipeline.history import frame_of, published_run
from pipeline.look.numbers import language
from pipeline.look.words import texts
from pipeline.measures import named
from pipeline.period import Period
from pipeline.target.changes import NO_DATA, WHY
from pipeline.whole import write_whole

FOLDER: Final = "compare"
TEXTS: Final = Path(__file__).with_name("texts.yaml")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Comparison:
    """Two months: ``stocks`` (``tally.STOCKS``) and ``flows`` (``tally.FLOWS``), each with words and area names."""

    first: str
    second: str
    by: str | None
    stocks: pl.DataFrame
    flows: pl.DataFrame

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "first": self.first, "second": self.second, "by": self.by, "stocks": self.stocks.to_dicts(),
            "flows": self.flows.to_dicts(),
        }  # fmt: skip

    def write(self, out: Path) -> list[Path]:
        """Write ``<out>/compare/<first>_<second>[_<by>]/stocks.csv`` and ``flows.csv``."""
        folder = out / FOLDER / "_".join(filter(None, [self.first, self.second, self.by]))
        return [
            write_whole(folder / "stocks.csv", self.stocks.write_csv()),
            write_whole(folder / "flows.csv", self.flows.write_csv()),
        ]


def compare(
    out: Path, first: Period, second: Period, *, by: str | None = None, lang: str = "id", say: Say
) -> Comparison:
    """Compare the newest published runs of two months; they need not be neighbours.

    Args:
        out: folder of the database.
        first: the earlier month.
        second: the later month.
        by: ``kecamatan``, or None for everywhere together.
        lang: language of the words, id or en.
        say: progress.

    Raises:
        InputError: a month is not published or was purged, the first is not the earlier one, or there is no such
            ``by``.
        ConservationError: stock and flow do not agree.
    """
    if by not in AREAS:
        raise InputError(Problem("--by", f"there is no {by!r}", "kecamatan, or nothing"))
    if not first < second:
        raise InputError(Problem("P1 P2", f"{first} is not before {second}", "the earlier month first, then the later"))
    words = texts(TEXTS, language(lang))
    area = AREAS[by]
    before = published_run(out, first)
    with opened(before.database, read_only=True) as connection:
        after = published_run(out, second, connection)
        for run in (replace(before, connection=connection), after):
            run.require("persons", "households", "eligibility", "benefits", "mentions", "findings", "finding_changes")
        asked: dict[str, object] = {
            "first": before.run_id, "second": after.run_id, "period_before": str(first), "period_after": str(second),
        }  # fmt: skip
        followed = succession(connection, before, after)
        connection.register("succession", followed.ids.to_arrow())
        connection.register("key_succession", followed.keys.to_arrow())
        connection.execute(LISTS, {k: asked[k] for k in ("first", "second")})
        cells = []
        for name, query in QUERIES.items():
            say(name)
            known = {k: v for k, v in asked.items() if f"${k}" in query}
            cells.append(frame_of(connection, query.format(area=area), known).select(CELLS))
        stocks, flows = stocks_and_flows(pl.concat(cells, how="vertical_relaxed"))
        counted = [frame_of(connection, STOCKS.format(area=area), {"run": r.run_id}) for r in (before, after)]
    check(stocks, flows, *counted)
    return Comparison(str(first), str(second), by, _named(stocks), _worded(_named(flows), words))


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    """With the name of the kecamatan beside its code."""
    at = rows.columns.index("area") + 1
    return rows.insert_column(at, named(rows["area"]).alias("area_name"))


def _worded(flows: pl.DataFrame, words: dict[str, Any]) -> pl.DataFrame:
    """With each reason in words, and of a finding that ended what changed."""
    codes = {text: code for code, text in WHY.items()}
    told = []
    for direction, reason, detail in flows.select("direction", "reason", "detail").iter_rows():
        missing = detail.removeprefix(NO_DATA)
        if detail in codes:
            why = words["details"][codes[detail]]
        else:
            why = words["details"]["no_data"].format(missing) if missing != detail else detail
        told.append(": ".join(filter(None, (words[direction][reason], why))))
    return flows.with_columns(pl.Series("words", told, dtype=pl.String))
