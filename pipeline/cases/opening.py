"""From findings to the cases they belong to: whose, where, for whom to act, until when.

Belongs here: one case a household, with all findings about it and its members; findings about anything else a case
each; the rule of independence (households of companions and TKSK, and findings about them, go to the inspectorate
only); the TKSK of a kecamatan. Not here: which cases there are already (:mod:`.keeping`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import duckdb
import polars as pl

from pipeline.cases.field_rules import SAMPLE_VISIT, FieldRules
from pipeline.history import frame_of
from pipeline.period import Period
from pipeline.publish.book import Book
from pipeline.target.keys import SEPARATOR, digest
from pipeline.target.taxonomy import Taxonomy

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and letters that are not mistaken for one another when copied by hand (Crockford's base 32)."""
_CHARACTERS: Final = 12
_RANK_OF_VISIT: Final = 9
"""After the inspectorate (0), before every other queue."""
SUBJECT: Final = ["case_kind", "case_subject"]

# a visit of a verification sample stands among the findings, and is there for as long as the sample is open
_FINDINGS = f"""
with newest as (
    select f.*, r.period, case when f.subject_kind = 'person' then f.subject_id end as about,
           f.run_id = $run as current
    from audit.findings f join audit.runs r on f.run_id = r.run_id
    where r.status = 'published' and r.period <= $period
      and (f.run_id = $run or f.finding_key in (select finding_key from asked))
    qualify row_number() over (partition by f.finding_key order by r.period desc, r.finished_at desc) = 1
    union all by name
    select run_id, finding_key as finding_id, finding_key, '{SAMPLE_VISIT}' as finding_type, 'sampled' as reason,
           '' as program, subject_kind, subject_id, kecamatan_code, desa_code, 'medium' as severity, 1.0 as confidence,
           'kunjungan verifikasi' as summary, period, case when subject_kind = 'person' then subject_id end as about,
           period >= $open_since as current
    from audit.samples
    where period <= $period and (period >= $open_since or finding_key in (select finding_key from asked))),
seen as (
    select finding_key, count(distinct period) as months from latest.findings where period <= $period
    group by finding_key),
inside as (
    select distinct person_id, household_id from audit.mentions
    where run_id = $run and list_contains($insiders, kind))
select n.* exclude (run_id, about), coalesce(s.months, 1) as months,
       p.household_id as home, p.household_id is not null or h.household_id = n.subject_id as placed,
       coalesce(h.kecamatan_code, p.kecamatan_code) as home_kecamatan, coalesce(h.desa_code, p.desa_code) as home_desa,
       n.subject_id in (select person_id from inside where person_id is not null)
       or coalesce(p.household_id, n.subject_id) in (select household_id from inside where household_id is not null)
       or n.subject_kind = 'companion' as insider
from newest n left join seen s on n.finding_key = s.finding_key
left join audit.persons p on p.run_id = $run and p.person_id = n.about
left join audit.households h on h.run_id = $run and h.household_id = coalesce(p.household_id, n.subject_id)
order by n.finding_key
"""
_ROSTER = """
select kecamatan_code, name, max(visits_per_month) as visits from audit.mentions
where run_id = $run and kind = 'tksk' and kecamatan_code is not null and name is not null
group by kecamatan_code, name order by kecamatan_code, name
"""


@dataclass(frozen=True)
class Roster:
    """The TKSK of a month: ``kecamatan_code``, ``name``, ``visits`` a month; several of a kecamatan share its desa."""

    rows: pl.DataFrame

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, run_id: str, rules: FieldRules) -> Roster:
        """The roster of a run."""
        rows = frame_of(connection, _ROSTER, {"run": run_id})
        return cls(rows.with_columns(pl.col("visits").fill_null(rules.capacity.visits_per_month)))

    def assigned(self, cases: pl.DataFrame) -> pl.DataFrame:
        """Cases (``kecamatan_code``, ``desa_code``, ``queue``) with ``assigned_to``; several take the desa in turn, as
        often as they have visits, and those who have none only where nobody has any."""
        turns = self._turns()
        number = pl.col("desa_code").fill_null("0").str.tail(4).cast(pl.Int64, strict=False).fill_null(0)
        length = turns.group_by("kecamatan_code").agg(n=pl.len())
        cases = cases.join(length, on="kecamatan_code", how="left", maintain_order="left").with_columns(
            turn=(number % pl.col("n")).cast(pl.Int64)
        )
        cases = cases.join(turns, on=["kecamatan_code", "turn"], how="left", maintain_order="left").drop("turn", "n")
        return cases.with_columns(pl.when(pl.col("queue") == "tksk").then("assigned_to").alias("assigned_to"))

    def _turns(self) -> pl.DataFrame:
        """Whose turn it is in each kecamatan, over and over: ``kecamatan_code``, ``turn`` from 0, ``assigned_to``. The
        turns of each are spread evenly among those of the others."""
        rows = [
            (kecamatan, name, (k + 0.5) / share)
            for (kecamatan,), those in self.rows.group_by("kecamatan_code", maintain_order=True)
            for name, share in zip(those["name"], _shares(those["visits"].to_list()), strict=True)
            for k in range(share)
        ]
        schema = {"kecamatan_code": pl.String, "assigned_to": pl.String, "place": pl.Float64}
        turns = pl.DataFrame(rows, schema=schema, orient="row").sort("kecamatan_code", "place", maintain_order=True)
        return turns.select(
            "kecamatan_code", "assigned_to", turn=pl.int_range(pl.len(), dtype=pl.Int64).over("kecamatan_code")
        )


def _shares(visits: list[int]) -> list[int]:
    """Visits of the TKSK of one kecamatan as the smallest whole numbers; one each where nobody has any."""
    common = math.gcd(*visits)
    return [n // common for n in visits] if common else [1] * len(visits)


def findings_with_cases(
    book: Book,
    run_id: str,
    period: str,
    keys: list[str],
    rules: FieldRules,
    taxonomy: Taxonomy,
) -> pl.DataFrame:
    """Findings of a run, and the newest form of those of earlier months in ``keys``, each with its case.

    Adds ``current`` (in this run), ``months`` (seen), ``placed`` (this run knows whose household it is about),
    ``insider``, ``case_kind``, ``case_subject``, ``queue``, its
    ``rank``, ``days`` to act.
    """
    asked = pl.DataFrame({"finding_key": keys}, schema={"finding_key": pl.String})
    with book.frame("asked", asked):
        found = book.ask(
            _FINDINGS, run=run_id, period=period, insiders=list(rules.insider_kinds),
            open_since=_open_since(period, rules),
        )  # fmt: skip
    at_home = (pl.col("subject_kind") == "person") & pl.col("home").is_not_null()
    found = found.with_columns(
        case_kind=pl.when(at_home).then(pl.lit("household")).otherwise("subject_kind"),
        case_subject=pl.when(at_home).then("home").otherwise("subject_id"),
        kecamatan_code=pl.coalesce("home_kecamatan", "kecamatan_code"),
        desa_code=pl.when(pl.col("home_kecamatan").is_not_null()).then("home_desa").otherwise("desa_code"),
    )
    found = found.join(_kinds(found, rules, taxonomy), on=["finding_type", "reason"], how="left", maintain_order="left")
    return found.drop("home", "home_kecamatan", "home_desa")


def _open_since(period: str, rules: FieldRules) -> str:
    """The oldest month whose samples are still visited."""
    month = Period.parse(period)
    for _ in range(rules.sample.months_open - 1):
        month = month.before()
    return str(month)


def _kinds(found: pl.DataFrame, rules: FieldRules, taxonomy: Taxonomy) -> pl.DataFrame:
    """Queue, its rank and days: once for each type and reasons that occur."""
    kinds = found.select("finding_type", "reason").unique().sort("finding_type", "reason")
    rows = []
    order = {q: n for n, q in enumerate(rules.queue_order)}
    for finding_type, reason in kinds.iter_rows():
        if finding_type == SAMPLE_VISIT:  # visited by the TKSK whatever else there is, but for insiders
            rows.append((_RANK_OF_VISIT, "tksk", rules.sample.days))
            continue
        ranked = [
            ((0 if q == rules.insider_queue else 1 if named else 2, order[q]), q)
            for q, named in taxonomy.queues(finding_type, reason)
        ]
        (first, second), queue = min(ranked)
        rows.append((first * 10 + second, queue, taxonomy.days(finding_type, reason)))
    schema = {"rank": pl.Int64, "queue": pl.String, "days": pl.Int64}
    return kinds.hstack(pl.DataFrame(rows, schema=schema, orient="row"))


def cases_wanted(found: pl.DataFrame, rules: FieldRules) -> pl.DataFrame:
    """What the case of each subject should be: place, queue, days to act; one row a subject.

    The place is that of the most urgent finding; one finding about an insider sends all to the inspectorate.
    """
    urgent = found.sort("priority", "finding_key", descending=[True, False], nulls_last=True)
    wanted = urgent.group_by(SUBJECT, maintain_order=True).agg(
        pl.col("kecamatan_code").drop_nulls().first(),
        pl.col("desa_code").filter(pl.col("kecamatan_code").is_not_null()).first(),
        pl.col("queue").sort_by("rank").first(),
        pl.col("days").min(),
        pl.col("insider").any(),
    )
    queue = (
        pl.when("insider")
        .then(pl.lit(rules.insider_queue))
        .when((pl.col("queue") == "tksk") & pl.col("kecamatan_code").is_null())
        .then(pl.lit(rules.queue_without_kecamatan))
        .otherwise("queue")
    )
    return wanted.with_columns(queue=queue).sort(SUBJECT)


def case_numbers(subjects: pl.DataFrame) -> pl.DataFrame:
    """Adds ``case_id``: 60 bits of the hash of the subject, like ``K-4T7-QM2-X9P-A3F``."""
    text = pl.concat_str(SUBJECT, separator=SEPARATOR)
    hashed = digest(subjects, text, "hashed")
    numbers = [_number(h) for h in hashed["hashed"]]
    return hashed.drop("hashed").with_columns(pl.Series("case_id", numbers, dtype=pl.String))


def _number(hexadecimal: str) -> str:
    value = int(hexadecimal, 16)
    letters = "".join(ALPHABET[value >> 5 * n & 31] for n in range(_CHARACTERS))
    return "K-" + "-".join(letters[n : n + 3] for n in range(0, _CHARACTERS, 3))
