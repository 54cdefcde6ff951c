"""Which counts of persons and households the report shows, how they add up, and which of them are hidden.

Belongs here: the one system of cells of all reports of a month. Rows of files, pairs of rows, files, agents, accounts
and phones are not persons: they are counted, but no cells.

A cell is ``(family, area, name, …)``; area is a kecamatan code, ``?`` where nobody wrote it down, or ``""`` for all.
Its count over all areas is the sum of those of the areas, so that the reports of all kecamatan side by side with that
of the whole give nothing away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import polars as pl

from pipeline.report.queries import Counted
from pipeline.report.suppress import Sum, suppressed

Key: TypeAlias = tuple[str, ...]

WHOLE: Final = ""
NOWHERE: Final = "?"
DESILS: Final = (*map(str, range(1, 11)), NOWHERE)
SCREENED: Final = ("counted", "pay", "hold", "reject")
"""Lines of a pay list: counted is the sum of the rest."""
AGES: Final = {"fresh": 14, "month": 30, "two_months": 60, "older": None}
"""Open cases by age: up to so many days."""
STATES: Final = ("new", "recurring", "reopened")
SEVERAL_REASONS: Final = "inclusion_error"
"""The finding type whose findings may have several reasons: these do not add up to findings."""
NEVER_SHOWN: Final = frozenset(
    {
        "excluded_unserved",
        "ineligible_unserved",
        "ruled_out_served",
        "ruled_out_unserved",
        "unknown_unserved",
        "unserved",
    }
)
"""Counts that stand in sums, but on no page."""
DEAR: Final = {
    "served": 40.0, "eligible": 60.0, "units": 40.0, "eligible_unserved": 60.0, "ineligible_served": 20.0, "all": 20.0,
    "unknown_served": 20.0, "unsure_served": 1.0, "unsure_unserved": 1.0, "lacks": 40.0, "lacks_some": 20.0,
    "persons": 40.0, "households": 40.0, "counted": 20.0, "mentions": 40.0, "housed": 20.0,
}  # fmt: skip
"""How much more than others some counts are missed."""
PRINTED: Final = 1e5
"""What stands in the report of the month before cannot be hidden any more: anything else goes first."""


@dataclass(frozen=True)
class Cells:
    """Counts, and which of them may be shown."""

    counts: Mapping[Key, int]
    sums: Sequence[Sum[Key]]
    hidden: frozenset[Key]

    def __getitem__(self, key: Key) -> int | None:
        """The count; None where it is hidden, 0 where there is no such cell."""
        return None if key in self.hidden else self.counts.get(key, 0)

    def shown(self, *keys: Key) -> bool:
        """Whether all of these may be shown."""
        return not any(k in self.hidden for k in keys)

    def names(self, family: str, area: str) -> list[Key]:
        """Keys of a family in an area, in the order in which they were counted."""
        return [k for k in self.counts if k[0] == family and k[1] == area]


class _Builder:
    """Gathers cells and sums."""

    def __init__(self) -> None:
        self.counts: dict[Key, int] = {}
        self.sums: list[Sum[Key]] = []

    def add(self, family: str, rows: Iterable[tuple[str, Sequence[str], int]]) -> None:
        """Cells of a family from ``(area, names, count)``, and their totals over all areas."""
        parts: dict[tuple[str, ...], list[Key]] = defaultdict(list)
        for area, names, count in rows:
            key = (family, area, *names)
            if key not in self.counts:
                parts[tuple(names)].append(key)
                self.counts[key] = 0
            self.counts[key] += count
        for names, keys in parts.items():
            total = (family, WHOLE, *names)
            self.counts[total] = sum(self.counts[k] for k in keys)
            self.sums.append(Sum(total, tuple(keys)))

    def total(self, total: Key, parts: Iterable[Key]) -> None:
        """A cell that is the sum of others."""
        known = tuple(p for p in parts if p in self.counts)
        self.counts.setdefault(total, sum(self.counts[p] for p in known))
        self.sums.append(Sum(total, known))

    def link(self, total: Key, parts: Iterable[Key]) -> None:
        """Two ways to count the same: said where they agree, because only then one gives the other away."""
        known = tuple(p for p in parts if p in self.counts)
        if known and total in self.counts and self.counts[total] == sum(self.counts[p] for p in known):
            self.sums.append(Sum(total, known))


def cells_of(counted: Counted, smallest: int, before: Cells | None = None) -> Cells:
    """All cells of a month, and those that must not be shown.

    Args:
        counted: the month.
        smallest: the smallest count that may be shown, but for 0.
        before: the month it is compared with, whose report may be in the same hands.
    """
    build = _Builder()
    _units(build, counted["units"])
    _checked(build, counted)
    _cases(build, counted)
    _people(build, counted)
    _families(build, counted["families"])
    _findings(build, counted)
    _links(build)
    if before is not None:
        _earlier(build, before)
    hidden = suppressed(
        build.counts,
        build.sums,
        smallest,
        dear={k: _dear(k) for k in build.counts},
        nought_is_small={k for k in build.counts if k[1] != WHOLE},
        cluster=lambda key: key[1],
    )
    return Cells(build.counts, build.sums, hidden)


_SHOWN_FAMILIES: Final = {("", "lacks"), ("", "leaks", "any"), ("", "unsure", "any")}


def _dear(key: Key) -> float:
    """How much a cell is missed: those of the whole more, totals more, those by desil least."""
    if key[0] == "earlier":
        return PRINTED
    if key[0] in ("found", "gone") and key[1:3] == (WHOLE, ""):
        return 60.0 * DEAR["units"]  # the sentence of what changed
    if key[-1] in NEVER_SHOWN or (key[0] == "families" and key[2:] not in _SHOWN_FAMILIES):
        return 0.0
    return (60.0 if key[1] == WHOLE else 1.0) * (1.0 if key[0] == "desil" else DEAR.get(key[-1], 5.0))


def areas(frame: pl.DataFrame) -> pl.Series:
    """Area of each row of a frame."""
    return frame["kecamatan_code"].fill_null(NOWHERE)


_STATUS: Final = (
    ("eligible_served", (pl.col("status") == "eligible") & ~pl.col("excluded") & pl.col("served")),
    ("eligible_unserved", (pl.col("status") == "eligible") & ~pl.col("excluded") & ~pl.col("served")),
    ("excluded_served", (pl.col("status") == "eligible") & pl.col("excluded") & pl.col("served")),
    ("excluded_unserved", (pl.col("status") == "eligible") & pl.col("excluded") & ~pl.col("served")),
    ("ineligible_served", (pl.col("status") == "ineligible") & pl.col("served")),
    ("ineligible_unserved", (pl.col("status") == "ineligible") & ~pl.col("served")),
    ("unsure_served", (pl.col("status") == "unknown") & ~pl.col("excluded") & pl.col("served")),
    ("unsure_unserved", (pl.col("status") == "unknown") & ~pl.col("excluded") & ~pl.col("served")),
    ("ruled_out_served", (pl.col("status") == "unknown") & pl.col("excluded") & pl.col("served")),
    ("ruled_out_unserved", (pl.col("status") == "unknown") & pl.col("excluded") & ~pl.col("served")),
)
TOTALS: Final = {
    "eligible": ("eligible_served", "eligible_unserved"),
    "excluded": ("excluded_served", "excluded_unserved"),
    "ineligible": ("ineligible_served", "ineligible_unserved"),
    "unknown_served": ("unsure_served", "ruled_out_served"),
    "unknown_unserved": ("unsure_unserved", "ruled_out_unserved"),
    "unknown": ("unknown_served", "unknown_unserved"),
    "served": ("eligible_served", "excluded_served", "ineligible_served", "unknown_served"),
    "units": ("eligible", "excluded", "ineligible", "unknown"),
}
"""Counts of units of a program that are sums of others."""


def judged(units: pl.DataFrame) -> pl.DataFrame:
    """The units with ``judged``: which of ten kinds they are by status, excluded and served."""
    kind = pl.coalesce(*(pl.when(condition).then(pl.lit(name)) for name, condition in _STATUS))
    return units.with_columns(judged=kind, area=pl.col("kecamatan_code").fill_null(NOWHERE))


def _units(build: _Builder, units: pl.DataFrame) -> None:
    cube = judged(units)
    by_kind = cube.group_by("area", "program", "judged").agg(pl.col("units").sum()).sort("area", "program", "judged")
    build.add("units", ((a, (p, j), n) for a, p, j, n in by_kind.rows()))
    desil = cube.with_columns(
        desil=pl.col("desil").cast(pl.String).fill_null(NOWHERE),
        got=pl.when("served").then(pl.lit("served")).otherwise(pl.lit("unserved")),
    )
    by_desil = desil.group_by("program", "desil", "got").agg(pl.col("units").sum())
    for program, d, got, n in by_desil.sort(by_desil.columns).rows():
        build.counts["desil", WHOLE, program, d, got] = n
    for area, program in _pairs(cube):
        for name, parts in TOTALS.items():
            build.total(("units", area, program, name), (("units", area, program, p) for p in parts))
    for program in cube["program"].unique().sort():
        every = [("desil", WHOLE, program, d) for d in DESILS]
        for key in every:
            build.total((*key, "units"), ((*key, "served"), (*key, "unserved")))
        for name in ("served", "units"):
            build.total(("units", WHOLE, program, name), ((*k, name) for k in every))
        inside = [a for a in cube.filter(program=program)["area"].unique().sort() if a != WHOLE]
        for name in TOTALS:
            build.total(("units", WHOLE, program, name), (("units", a, program, name) for a in inside))


def _pairs(cube: pl.DataFrame) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = cube.select("area", "program").unique().sort("area", "program").rows()
    return pairs + [(WHOLE, p) for p in cube["program"].unique().sort()]


def _checked(build: _Builder, counted: Counted) -> None:
    """Of the units served, those of which the field has answered something for certain, and the others."""
    checked = counted["checked"] if "checked" in counted else pl.DataFrame()
    if checked.is_empty():
        return
    programs = checked["program"].unique().sort().to_list()
    found = {(a, p): n for a, p, n in zip(areas(checked), checked["program"], checked["units"], strict=True)}
    served = [k for k in build.counts if k[0] == "units" and k[1] != WHOLE and k[3] == "served" and k[2] in programs]
    rows: list[tuple[str, Sequence[str], int]] = []
    for key in served:
        n = found.get((key[1], key[2]), 0)
        rows += [(key[1], (key[2], "checked"), n), (key[1], (key[2], "unchecked"), build.counts[key] - n)]
    build.add("units", rows)
    for key in [*served, *(("units", WHOLE, p, "served") for p in programs)]:
        build.total(key, ((*key[:3], "checked"), (*key[:3], "unchecked")))


def _cases(build: _Builder, counted: Counted) -> None:
    """Open cases by queue: once by age, once by whether their day has passed."""
    cases = counted["cases"] if "cases" in counted else pl.DataFrame()
    if cases.is_empty():
        return
    rows: list[tuple[str, Sequence[str], int]] = []
    for area, queue, days, late, n in zip(
        areas(cases), cases["queue"], cases["days"], cases["late"], cases["cases"], strict=True
    ):
        age = next(name for name, most in AGES.items() if most is None or days <= most)
        rows += [(area, (queue, age), n), (area, (queue, "late" if late else "in_time"), n)]
    build.add("case", rows)
    inside = sorted({k[1] for k in build.counts if k[0] == "case"} - {WHOLE})
    queues = sorted({k[2] for k in build.counts if k[0] == "case"})
    for area in [*inside, WHOLE]:
        for queue in queues:
            for parts in (AGES, ("late", "in_time")):
                build.total(("case", area, queue, "all"), (("case", area, queue, name) for name in parts))
        for name in (*AGES, "late", "all"):
            build.total(("case", area, "", name), (("case", area, queue, name) for queue in queues))
        build.total(("case", area, "", "all"), (("case", area, "", name) for name in AGES))
    for queue in (*queues, ""):
        build.total(("case", WHOLE, queue, "all"), (("case", area, queue, "all") for area in inside))


def _people(build: _Builder, counted: Counted) -> None:
    persons = counted["persons"]
    rows: list[tuple[str, Sequence[str], int]] = []
    for area, housed, n, mentions in zip(
        areas(persons), persons["housed"], persons["persons"], persons["mentions"], strict=True
    ):
        rows += [(area, ("housed" if housed else "alone",), n), (area, ("repeated",), mentions - n)]
    households = counted["households"]
    rows += [(a, ("households",), n) for a, n in zip(areas(households), households["households"], strict=True)]
    build.add("people", rows)
    if "gate" in counted:
        for i, batch in enumerate(counted["gate"].to_dicts()):
            whole, *parts = (("gate", WHOLE, str(i), name) for name in SCREENED)
            build.counts |= {k: int(batch[f"rows_{k[3]}"] or 0) for k in parts}
            build.total(whole, parts)
    for area in [*areas(persons).unique().sort(), WHOLE]:
        key = ("people", area)
        build.total((*key, "persons"), ((*key, "housed"), (*key, "alone")))
        build.total((*key, "mentions"), ((*key, "persons"), (*key, "repeated")))
    for name in ("persons", "mentions"):
        build.total(("people", WHOLE, name), (("people", a, name) for a in areas(persons).unique().sort()))


def _families(build: _Builder, families: pl.DataFrame) -> None:
    rows: list[tuple[str, Sequence[str], int]] = []
    for area, row in zip(areas(families), families.to_dicts(), strict=True):
        n = row["families"]
        rows.append((area, (row["programs"], "lacks" if row["lacks"] else "content"), n))
        rows.append((area, ("", "leaks" if row["leaks"] else "clean", "any"), n))
        rows.append((area, ("", "unsure" if row["unsure"] else "sure", "any"), n))
    build.add("families", rows)
    for area in [*areas(families).unique().sort(), WHOLE]:
        mine = [k for k in build.counts if k[0] == "families" and k[1] == area]
        combos = sorted({k[2] for k in mine if len(k) == 4})
        for combo in combos:
            key = ("families", area, combo)
            build.total(("combo", area, combo), ((*key, "lacks"), (*key, "content")))
        some = [c for c in combos if c]
        build.total(("family", area, "lacks_some"), (("families", area, c, "lacks") for c in some))
        build.total(("family", area, "lacks"), (("families", area, "", "lacks"), ("family", area, "lacks_some")))
        build.total(("family", area, "all"), (("combo", area, c) for c in combos))
        key = ("families", area, "")
        build.total(("family", area, "all"), ((*key, "leaks", "any"), (*key, "clean", "any")))
        build.total(("family", area, "all"), ((*key, "unsure", "any"), (*key, "sure", "any")))
    inside = list(areas(families).unique().sort())
    for name in ("lacks", "all"):
        build.total(("family", WHOLE, name), (("family", a, name) for a in inside))
    for (combo,) in sorted({k[2:] for k in build.counts if k[0] == "combo"}):
        build.total(("combo", WHOLE, combo), (("combo", a, combo) for a in inside))


def _findings(build: _Builder, counted: Counted) -> None:
    found = counted["findings"]
    rows: list[tuple[str, Sequence[str], int]] = []
    reasons: list[tuple[str, Sequence[str], int]] = []
    for area, kind, reason, state, n in zip(
        areas(found), found["finding_type"], found["reason"], found["baseline_state"], found["findings"], strict=True
    ):
        if kind == "card_misuse":
            continue
        rows.append((area, (kind, state or "new"), n))
        reasons += [(area, (kind, part), n) for part in str(reason).split(",")]
    build.add("found", rows)
    build.add("reason", reasons)
    gone = counted["gone"].filter(pl.col("finding_type") != "card_misuse")
    build.add("gone", zip(areas(gone), gone.select("finding_type", "change").rows(), gone["findings"], strict=True))
    if "answers" in counted:
        said = counted["answers"].filter(pl.col("finding_type") != "card_misuse")
        build.add(
            "said", zip(areas(said), said.select("finding_type", "verdict").rows(), said["findings"], strict=True)
        )
        for area in sorted({k[1] for k in build.counts if k[0] == "said"}):
            for kind in sorted({k[2] for k in build.counts if k[0] == "said"}):
                build.total(("said", area, kind, "all"), (("said", area, kind, v) for v in ("right", "wrong", "open")))
    _finding_totals(build)


def _finding_totals(build: _Builder) -> None:
    types = sorted({k[2] for k in build.counts if k[0] == "found"})
    reasons: dict[Key, list[Key]] = defaultdict(list)
    for key in [k for k in build.counts if k[0] == "reason"]:
        reasons[key[:3]].append(key)
    for area in sorted({k[1] for k in build.counts if k[0] == "found"}):
        for kind in types:
            build.total(("found", area, kind, "all"), (("found", area, kind, s) for s in STATES))
            if kind != SEVERAL_REASONS:
                build.link(("found", area, kind, "all"), reasons["reason", area, kind])
        for state in (*STATES, "all"):
            build.total(("found", area, "", state), (("found", area, kind, state) for kind in types))
        build.total(("found", area, "", "all"), (("found", area, "", state) for state in STATES))
    for area in sorted({k[1] for k in build.counts if k[0] == "gone"}):
        gone_types = sorted({k[2] for k in build.counts if k[0] == "gone"} - {""})
        build.total(("gone", area, "", "resolved"), (("gone", area, kind, "resolved") for kind in gone_types))
    inside = sorted({k[1] for k in build.counts if k[0] == "found"} - {WHOLE})
    for kind in types:
        build.total(("found", WHOLE, kind, "all"), (("found", a, kind, "all") for a in inside))


def _links(build: _Builder) -> None:
    """The same people counted in different tables."""
    for area in sorted({k[1] for k in build.counts if k[0] == "units"}):
        programs = sorted({k[2] for k in build.counts if k[0] == "units" and k[1] == area})
        combos = sorted({k[2] for k in build.counts if k[0] == "combo" and k[1] == area})
        for program in programs:
            with_it = [("combo", area, c) for c in combos if program in c.split("+")]
            build.link(("units", area, program, "served"), with_it)
        for kind, judged_ in (("inclusion_error", "ineligible_served"), ("exclusion_error", "eligible_unserved")):
            build.link(("found", area, kind, "all"), [("units", area, p, judged_) for p in programs])


def _earlier(build: _Builder, before: Cells) -> None:
    """Findings of the month before, where its report shows them: they are still there, resolved or not assessable.

    Without these sums, who has both reports takes what recurs from what there was, and has what is hidden here.
    """
    for key in [k for k in before.counts if k[0] == "found" and k[-1] == "all" and before.shown(k)]:
        _, area, kind, _ = key
        kinds = sorted({k[2] for k in build.counts if k[:2] == ("gone", area)} - {""}) if kind == "" else [kind]
        gone = [("gone", area, k, "not_assessable") for k in kinds]
        earlier = ("earlier", *key[1:])
        build.counts[earlier] = before.counts[key]
        build.link(earlier, [("found", area, kind, "recurring"), ("gone", area, kind, "resolved"), *gone])
