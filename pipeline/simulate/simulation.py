"""Asking a question of a published run: everything judged twice, before and after.

Belongs here: the records of a run as the evaluation wants them, the evaluation under changed parameters, and what
follows from comparing. Not here: how units are judged (:mod:`pipeline.target.judging`), charts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.history import PublishedRun
from pipeline.look.words import texts
from pipeline.measures import named
from pipeline.parameters import Scalar
from pipeline.rulebook import default_rules, rules_hash
from pipeline.simulate.question import Question
from pipeline.store import secret
from pipeline.target.judging import Facts, Judged, facts_of, judge
from pipeline.target.programs import Rules, Written, read_rules, rules_on
from pipeline.target.records import HOUSEHOLD_COLUMNS, JUDGED, PERSON_COLUMNS, Codes, Records

SHOWN: Final = (
    "coverage_rate", "exclusion_error_rate", "inclusion_error_rate", "leakage_amount_share", "amount_leaked",
    "amount_to_close_gap",
)  # fmt: skip
COUNTED: Final = {
    "eligible_before": "eligible units, those ruled out by another benefit not counted",
    "eligible_after": "the same under the changed rules",
    "enters": "not eligible before (ineligible or unknown), eligible after",
    "leaves": "eligible before, not eligible after (ineligible or unknown)",
    "enters_unserved": "of those who enter, units on no list of the program: they would have to be added",
    "leaves_served": "of those who leave, units on its list: they would have to be checked",
    "unknown_before": "units that cannot be judged",
    "unknown_after": "the same under the changed rules",
    "budget_before": "rupiah a month if every eligible unit were paid what the rules give",
    "budget_after": "the same under the changed rules",
    "list_cost_before": "rupiah a month if every unit on the list were paid what the rules give",
    "list_cost_after": "the same under the changed rules",
}
"""What is counted for each program and area, with what it means."""
WORDS: Final = Path(__file__).with_name("texts.yaml")
AREAS: Final = {"province": 2, "kabupaten": 4, "kecamatan": 6}
_ROWS: Final = """
select {columns} from audit.mentions
where run_id = $run_id and person_id is not null and kind in ('registry', 'recipients', 'employment', 'companions')
order by source_file, sheet, row_number
"""


@dataclass(frozen=True)
class Simulation:
    """The answer. All amounts are rupiah a month; nothing of it is published.

    ``totals``: a row for each program, ``area_level`` (province, kabupaten, kecamatan) and ``area_code``, with the
    columns of ``COUNTED``. ``measures``: the measures of ``SHOWN``, ``before`` and ``after`` with the bounds that the
    unknowns leave. ``moves``: units that enter, leave, or can be judged only before or only after, by id. ``range``:
    for each value of a range and each program the totals and measures of the whole province. ``notices``: names of
    texts in ``texts.yaml``.
    """

    period: str
    run_id: str
    question: Question
    totals: pl.DataFrame
    measures: pl.DataFrame
    moves: pl.DataFrame
    range: pl.DataFrame | None
    notices: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As one JSON document; units are counted, not listed."""
        return {
            "period": self.period,
            "run_id": self.run_id,
            "changes": [
                {"parameter": name, "before": self.question.before[name], "after": value}
                for name, value in self.question.changes.items()
            ],
            "definitions": COUNTED,
            "totals": self.totals.to_dicts(),
            "measures": self.measures.to_dicts(),
            "range": None if self.range is None else self.range.to_dicts(),
            "notices": [texts(WORDS, "en")["notices"][notice] for notice in self.notices],
        }


def _silent(_: str) -> None:
    """Nobody listens."""


def simulate(
    run: PublishedRun,
    sets: Sequence[str] = (),
    spread: str | None = None,
    *,
    rules: Path | None = None,
    say: Callable[[str], None] = _silent,
) -> Simulation:
    """Judge the units of a published run before and after a change of parameters.

    Args:
        run: the run asked.
        sets: ``program.parameter=value``, any number.
        spread: ``program.parameter=low..high``; it is run on top of ``sets``.
        rules: the rules folder, the one shipped where left out: "before" is what it says now.
        say: told what is being done.

    Raises:
        InputError: the question cannot be read, see :meth:`Question.read`, or the month was purged.
        RulesError: the rules cannot be read.
    """
    rules = rules or default_rules()
    written = read_rules(rules)
    on = run.period.last_day
    question = Question.read(sets, spread, written, on)
    run.require("persons", "households", "mentions", "facts", "benefits")
    judging = _Judging(run, written, question.programs)
    say("judging every unit, before and after")
    before = judging.under({})
    after = judging.under(question.changes)
    compared = _compared(before, after)
    spans = None
    if question.range is not None:
        parts = []
        for value in question.range.values:
            say(f"{question.range.name}={value}")
            changed = judging.under({**question.changes, question.range.name: value})
            parts.append(_wide(before, changed, value))
        code = question.range.name.partition(".")[0]
        concerned = pl.lit(code == "bars") | (pl.col("program") == code)
        spans = pl.concat(parts).filter(concerned).sort("program", "value", maintain_order=True)
    return Simulation(
        period=str(run.period),
        run_id=run.run_id,
        question=question,
        totals=_totals(compared),
        measures=_measures(before, after),
        moves=_moves(compared, judging.codes),
        range=spans,
        notices=tuple(_notices(run, rules)),
    )


def _notices(run: PublishedRun, rules: Path) -> list[str]:
    then = run.sql("select rules_hash from audit.runs where run_id = $run_id", run_id=run.run_id).item()
    changed = {"rules": then != rules_hash(rules), "key": secret() is not None}
    return [notice for notice, there in changed.items() if there]


class _Judging:
    """Judges the units of a run under changed parameters; facts are derived again only where they would change."""

    def __init__(self, run: PublishedRun, written: Written, only: frozenset[str] | None) -> None:
        self._records = records_of(run)
        self._written, self._on, self._only = written, run.period.last_day, only
        self._known: tuple[object, Facts] | None = None

    @property
    def codes(self) -> Codes:
        """Ids of the units."""
        return self._records.codes

    def under(self, changes: Mapping[str, Scalar]) -> Judged:
        rules = rules_on(self._written, self._on, changes)
        return judge(self._records, rules, self._facts(rules), self._only)

    def _facts(self, rules: Rules) -> Facts:
        asked = (rules.counts, rules.bars, rules.settings, [p.components for p in rules.programs])
        if self._known is None or self._known[0] != asked:
            self._known = (asked, facts_of(self._records, rules))
        return self._known[1]


def records_of(run: PublishedRun) -> Records:
    """What the target stage judged in a published run."""
    rows = run.sql(_ROWS.format(columns=", ".join((*JUDGED, "person_id"))), run_id=run.run_id)
    return Records.of(rows, run.table("persons", PERSON_COLUMNS), run.table("households", HOUSEHOLD_COLUMNS))


def _compared(before: Judged, after: Judged) -> pl.DataFrame:
    """One row a program and unit, with status and entitlement before and after."""
    parts = []
    for old, new in zip(before.assessments, after.assessments, strict=True):
        kept = ["subject_kind", "subject_id", "kecamatan_code", "desa_code", "served", "excluded_by"]
        then = old.units.select(*kept, status_before="status", amount_before="entitlement")
        now = new.units.select("subject_id", status_after="status", amount_after="entitlement")
        both = then.join(now, on="subject_id", validate="1:1")
        parts.append(both.select(pl.lit(old.program.code).alias("program"), pl.all()))
    return pl.concat(parts).with_columns(
        pl.col(_PLACE).cast(pl.String),
        **{f"is_{when}": (pl.col(f"status_{when}") == "eligible") & (pl.col("excluded_by") == "") for when in _WHEN},
    )


_WHEN: Final = ("before", "after")
_PLACE: Final = ("kecamatan_code", "desa_code")


def _totals(compared: pl.DataFrame) -> pl.DataFrame:
    c = pl.col
    enters, leaves = ~c("is_before") & c("is_after"), c("is_before") & ~c("is_after")
    counted = {"enters": enters, "leaves": leaves, "enters_unserved": enters & ~c("served")}
    counted |= {"leaves_served": leaves & c("served")}
    for when in _WHEN:
        amount = c(f"amount_{when}").fill_null(0)
        counted[f"eligible_{when}"] = c(f"is_{when}")
        counted[f"unknown_{when}"] = c(f"status_{when}") == "unknown"
        counted[f"budget_{when}"] = pl.when(f"is_{when}").then(amount).otherwise(0)
        counted[f"list_cost_{when}"] = pl.when("served").then(amount).otherwise(0)
    home = c("kecamatan_code").str.slice(0, 2)
    areas = {level: c("kecamatan_code").str.slice(0, digits) for level, digits in AREAS.items()}
    areas["province"] = pl.coalesce(home, home.drop_nulls().mode().min())  # no place is known: that of the run
    sums = [counted[name].cast(pl.Int64).sum().alias(name) for name in COUNTED]
    levels = [
        compared.with_columns(area_code=area)
        .drop_nulls("area_code")
        .group_by("program", "area_code")
        .agg(sums)
        .select("program", pl.lit(level).alias("area_level"), pl.all().exclude("program"))
        .sort("program", "area_code")
        for level, area in areas.items()
    ]
    totals = pl.concat(levels)
    return totals.with_columns(area_name=named(totals["area_code"]))


def _moves(compared: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """Units whose answer changes: ids, no names."""
    move = (
        pl.when(pl.col("is_after") & ~pl.col("is_before"))
        .then(pl.lit("enters"))
        .when(pl.col("is_before") & ~pl.col("is_after"))
        .then(pl.lit("leaves"))
        .otherwise(pl.lit("status"))
    )
    moved = compared.filter(pl.col("status_before") != pl.col("status_after")).with_columns(move=move)
    columns = [
        "program", "move", "subject_kind", "subject_id", "kecamatan_code", "desa_code", "served", "status_before",
        "status_after", "amount_before", "amount_after",
    ]  # fmt: skip
    return codes.named(moved, "subject_id").select(columns).sort(*columns[:2], *_PLACE, "subject_id")


def _measures(before: Judged, after: Judged) -> pl.DataFrame:
    """The measures of ``SHOWN`` before and after, by area."""
    keys = ["measure", "definition", "program", "area_level", "area_code"]
    parts = [
        judged.measures()
        .filter(pl.col("measure").is_in(SHOWN), pl.col("breakdown") == "all", pl.col("area_level").is_in(list(AREAS)))
        .select(*keys, **{when: "value", f"low_{when}": "bound_low", f"high_{when}": "bound_high"})
        for when, judged in zip(_WHEN, (before, after), strict=True)
    ]
    joined = parts[0].join(parts[1], on=keys, how="full", coalesce=True)
    order = [
        pl.col("measure").replace_strict({m: i for i, m in enumerate(SHOWN)}),
        "program",
        "area_level",
        "area_code",
    ]
    return joined.with_columns(area_name=named(joined["area_code"])).sort(order)


def _wide(before: Judged, after: Judged, value: Scalar) -> pl.DataFrame:
    """One value of a range: totals and measures of the whole province, a row a program."""
    province = pl.col("area_level") == "province"
    totals = _totals(_compared(before, after)).filter(province)
    after_only = {name.removesuffix("_after"): name for name in COUNTED if name.endswith("_after")}
    measures = (
        _measures(before, after).filter(province).pivot("measure", index=["program", "area_code"], values="after")
    )
    wide = totals.select("program", "area_code", "enters", "leaves", **after_only).join(
        measures, on=["program", "area_code"], how="left", maintain_order="left"
    )
    return wide.select("program", pl.lit(value).cast(pl.Int64).alias("value"), pl.all().exclude("program"))
