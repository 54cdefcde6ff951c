"""`tepat sample`: households drawn by strata, those about which nothing is flagged among them.

Belongs here: the households of a month with what is flagged about them, the strata, the draw, and keeping it. The draw
depends on the seed and the households alone: each is ranked within its stratum by a hash of both, so neither the order
of rows nor the number of threads matters. `tepat worklist` brings the visits into the cases.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.cases.field_rules import SAMPLE_VISIT, FieldRules, Sampling, read_field_rules
from pipeline.cases.opening import Roster
from pipeline.errors import InputError, Problem
from pipeline.history import PublishedRun, published_run
from pipeline.learn.allocation import Stratum, allocate
from pipeline.measures import named
from pipeline.period import Period
from pipeline.publish.book import Book, held_alone
from pipeline.regions import kecamatan_among
from pipeline.tables import SAMPLES
from pipeline.target.keys import SEPARATOR, digest

Say = Callable[[str], None]
FLAGGED: Final = ("exclusion", "inclusion", "both", "other")
"""Bands of households about which something is flagged."""

_UNITS: Final = """
with found as (
    select coalesce(p.household_id, f.subject_id) as unit,
           string_agg(distinct f.finding_type, ',' order by f.finding_type) as flags,
           bool_or(f.finding_type = 'exclusion_error') as exclusion,
           bool_or(f.finding_type = 'inclusion_error') as inclusion
    from (select finding_type, subject_id, case when subject_kind = 'person' then subject_id end as person_id
          from audit.findings where run_id = $run and subject_kind in ('household', 'person')) f
    left join (select person_id, household_id from audit.persons where run_id = $run) p
           on p.person_id = f.person_id  -- one equality: a further condition makes the join quadratic
    group by 1),
paid as (select distinct coalesce(household_id, person_id) as unit from audit.benefits where run_id = $run),
known as (
    select 'household' as subject_kind, household_id as subject_id, kecamatan_code, desa_code, desil,
           coalesce(n_present, 0) > 0 as present
    from audit.households where run_id = $run
    union all
    select 'person', person_id, kecamatan_code, desa_code, null, false
    from audit.persons where run_id = $run and household_id is null),
units as (
    select k.* exclude (present), coalesce(f.flags, '') as flags, p.unit is not null as served,
           case when f.exclusion and f.inclusion then 'both' when f.exclusion then 'exclusion'
                when f.inclusion then 'inclusion' when f.unit is not null then 'other'
                when p.unit is not null then 'unflagged_served' when k.desil is null then 'unflagged_unranked'
                when k.desil <= $poor then 'unflagged_poor' else 'unflagged_better_off' end as band
    from known k left join found f on f.unit = k.subject_id left join paid p on p.unit = k.subject_id
    where (present or f.unit is not null or p.unit is not null) and ($only = '' or k.kecamatan_code = $only)),
placed as (select *, band || '/' || coalesce(substr(kecamatan_code, 1, 4), '') as stratum from units)
select *, row_number() over (
    partition by stratum order by md5($seed || '|' || subject_kind || '|' || subject_id), subject_kind, subject_id
) as rank
from placed
order by stratum, rank
"""


@dataclass(frozen=True)
class Drawn:
    """A sample: its id, the strata with their households and visits, and whether it had been drawn before."""

    sample_id: str
    period: str
    run_id: str
    again: bool
    strata: pl.DataFrame
    notices: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "sample_id": self.sample_id, "period": self.period, "run_id": self.run_id, "drawn_before": self.again,
            "visits": int(self.strata["visits"].sum()), "households": int(self.strata["households"].sum()),
            "strata": self.strata.to_dicts(), "notices": self.notices,
        }  # fmt: skip


def draw_sample(
    out: Path,
    period: Period,
    rules: Path,
    *,
    n: int,
    seed: int,
    kecamatan: str | None = None,
    now: datetime | None = None,
    say: Say,
) -> Drawn:
    """Draw a verification sample of a month and keep it in ``samples``; the same call again finds the same sample.

    Args:
        out: folder of the database.
        period: the month.
        rules: rules folder.
        n: visits.
        seed: another one draws other households.
        kecamatan: name or code of one kecamatan; all by default.
        now: UTC; the clock by default.
        say: progress.

    Raises:
        InputError: the month is not published, no such kecamatan, or so many visits cannot be drawn.
        StorageError: the database is held by somebody else.
    """
    field = read_field_rules(rules)
    if n < 1:
        raise InputError(Problem("--n", str(n), "a number of visits, 1 or more"))
    moment = (now or datetime.now(UTC)).replace(tzinfo=None)
    with held_alone(out) as connection:
        book, run = Book(connection), published_run(out, period, connection)
        code = "" if kecamatan is None else kecamatan_among(kecamatan, _kecamatan(run))
        sample_id = _sample_id(run, n, seed, code, field.sample)
        kept = book.ask("select * from audit.samples where sample_id = $sample", sample=sample_id)
        if kept.is_empty():
            say("households and what is flagged about them")
            rows = _drawn(book, run, field.sample, n, seed, code)
            say(f"{rows.height} visits drawn")
            due = moment.date() + timedelta(days=field.sample.days)
            asked: dict[str, object] = {
                "sample_id": sample_id, "period": str(period), "run_id": run.run_id, "seed": seed, "n_asked": n,
                "restricted_to": code, "due_at": due, "drawn_at": moment,
            }  # fmt: skip
            rows = rows.with_columns(**{name: pl.lit(value) for name, value in asked.items()})
            key = pl.concat_str(pl.lit(SAMPLE_VISIT), "sample_id", "subject_kind", "subject_id", separator=SEPARATOR)
            with book.transaction():
                book.add(SAMPLES, digest(rows, key, "finding_key").select(SAMPLES.names))
                book.log("run", f"sample {sample_id}", f"{rows.height} visits of {period}, seed {seed}")
        sample = book.ask("select * from audit.samples where sample_id = $sample order by stratum", sample=sample_id)
        notices = _notices(book, run, field, sample)
    strata = (
        sample.group_by("band", "stratum", households="stratum_size", visits="stratum_drawn")
        .agg(pl.col("inclusion_probability").first())
        .sort("stratum")
    )
    return Drawn(sample_id, str(period), run.run_id, not kept.is_empty(), strata, notices)


def _sample_id(run: PublishedRun, n: int, seed: int, kecamatan: str, rules: Sampling) -> str:
    """Hash of all that decides which households are drawn."""
    shape = rules.model_dump(include={"poor_desil", "unflagged_share", "expected_wrong"})
    text = json.dumps([run.run_id, n, seed, kecamatan, shape], sort_keys=True)
    return "S-" + hashlib.sha256(text.encode()).hexdigest()[:12]


def _kecamatan(run: PublishedRun) -> list[str]:
    codes = run.sql(
        "select distinct kecamatan_code from audit.households where run_id = $run and kecamatan_code is not null",
        run=run.run_id,
    )
    return sorted(codes["kecamatan_code"])


def _drawn(book: Book, run: PublishedRun, rules: Sampling, n: int, seed: int, only: str) -> pl.DataFrame:
    """The households drawn, in the columns of ``tables.SAMPLES`` that follow from the list."""
    units = book.ask(_UNITS, run=run.run_id, poor=rules.poor_desil, only=only, seed=str(seed))
    sizes = units.group_by("stratum", "band").agg(stratum_size=pl.len()).sort("stratum")
    strata = [
        Stratum(stratum, size, rules.expected_wrong[band], band in FLAGGED)
        for stratum, band, size in sizes.select("stratum", "band", "stratum_size").iter_rows()
    ]
    least = sum(s.floor for s in strata)
    if not least <= n <= units.height:
        raise InputError(
            Problem("--n", f"{n} visits cannot be drawn from {units.height} households in {len(strata)} strata",
                    f"{least} to {units.height}: two of each stratum at least")
        )  # fmt: skip
    visits = allocate(strata, n, rules.unflagged_share)
    sizes = sizes.with_columns(
        stratum_drawn=pl.col("stratum").replace_strict(visits, return_dtype=pl.Int64)
    ).with_columns(inclusion_probability=pl.col("stratum_drawn") / pl.col("stratum_size"))
    drawn = units.join(sizes.drop("band"), on="stratum", maintain_order="left")
    return drawn.filter(pl.col("rank") <= pl.col("stratum_drawn")).drop("rank")


def _notices(book: Book, run: PublishedRun, rules: FieldRules, sample: pl.DataFrame) -> list[str]:
    """What keeps visits from being made, or from being made blind."""
    told = []
    visits = sample.group_by("kecamatan_code").agg(visits=pl.len())
    roster = Roster.of(book.connection, run.run_id, rules).rows.group_by("kecamatan_code").agg(pl.col("visits").sum())
    full = visits.join(roster, on="kecamatan_code", how="left", suffix="_a_month", nulls_equal=True)
    nobody = full.filter(pl.col("visits_a_month").is_null()).sort("kecamatan_code")
    if nobody.height:
        told.append(f"no TKSK on the roster for {nobody['visits'].sum()} visits in {_places(nobody)}")
    much = full.filter(pl.col("visits") > pl.col("visits_a_month")).sort("kecamatan_code")
    if much.height:
        told.append(f"more visits than the TKSK make in a month in {_places(much)}: draw fewer, or ask for help")
    with book.frame("drawn", sample.select("subject_kind", "subject_id")):
        seen = book.ask(
            """select count(*) as n from audit.cases c join drawn d using (subject_kind, subject_id)
               where c.listed_period is not null"""
        )["n"][0]
    if seen:
        told.append(
            f"{seen} of the households have stood on a worklist before, with what was found: of these the visitor may"
            " remember it. Draw before the month's worklists are made"
        )
    return told


def _places(rows: pl.DataFrame) -> str:
    names = named(rows["kecamatan_code"]).fill_null("an unknown kecamatan").to_list()
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
