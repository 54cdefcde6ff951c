"""Which pairs are looked at, and in which order.

A pair is worth the more, the closer it is to even (what is nearly sure teaches nothing) and the more hangs on it:
rupiah a month and findings of the two persons and their households. One pair of two persons is asked at a time: its
answer mostly settles the others. The pairs that a file names are asked as they stand there, all of them: they are a
sample, and stand for others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.history import PublishedRun
from pipeline.review.choice import Choice, pairs_in
from pipeline.review.keeping import ReviewBook
from pipeline.review.sides import OF_MENTION
from pipeline.verdicts import PAIR, newest_words, verdicts

_RUPIAH: Final = 1_000_000.0
_FINDINGS: Final = 10.0
"""So much money, or so many findings, double the worth of a pair."""

_PAIRS: Final = """
with told as (
    select p.* replace (coalesce(p.decision, case
               when case $level when 'person' then a.person_id = b.person_id else a.household_id = b.household_id end
               then 'match' else 'apart' end) as decision),
           a.fingerprint as print_a, b.fingerprint as print_b, a.person_id as person_a, b.person_id as person_b,
           a.household_id as household_a, b.household_id as household_b
    from {pairs} p
    join audit.mentions a on a.run_id = $run and a.mention_id = p.mention_id_a
    join audit.mentions b on b.run_id = $run and b.mention_id = p.mention_id_b
    where a.fingerprint <> b.fingerprint),  -- of two rows that say the same nothing can be judged
subjects as (
    select person_a as id from told union select person_b from told
    union select household_a from told union select household_b from told),
findings as (
    select subject_id as id, count(*) as n, sum(coalesce(amount, 0)) as amount from audit.findings
    where run_id = $run and subject_id in (select id from subjects) group by subject_id),
paid as (
    select person_id as id, sum(coalesce(amount, 0)) as amount from audit.benefits
    where run_id = $run and person_id in (select id from subjects) group by person_id),
hangs as (
    select t.mention_id_a, t.mention_id_b, t.level, sum(coalesce(f.n, 0)) as n_findings,
           sum(coalesce(f.amount, 0) + coalesce(p.amount, 0)) as amount
    from (select mention_id_a, mention_id_b, level,
                 unnest(list_distinct([person_a, person_b, household_a, household_b])) as id from told) t
    left join findings f on f.id = t.id left join paid p on p.id = t.id group by all)
select t.*, least(print_a, print_b) as fingerprint_a, greatest(print_a, print_b) as fingerprint_b,
       h.n_findings::bigint as n_findings, h.amount::bigint as amount
from told t join hangs h using (mention_id_a, mention_id_b, level)
order by mention_id_a, mention_id_b, level
"""
_WRITTEN: Final = """(
    select * exclude (run_id) from audit.match_pairs where run_id = $run and level = $level
    and coalesce(json_extract_string(comparison, '$.kept_apart'), '') <> 'two_families')"""
"""An address in common is no reason to ask: such families are many, and stay with ``about`` only."""
_ABOUT: Final = """(
    with own as (
        select min(mention_id) as mention_id, fingerprint, person_id from audit.mentions
        where run_id = $run and (person_id = $about or household_id = $about or mention_id = $about)
        group by fingerprint, person_id),
    written as (
        select * exclude (run_id) from audit.match_pairs where run_id = $run and level = $level and
        (mention_id_a in (select mention_id from audit.mentions where run_id = $run and
            (person_id = $about or household_id = $about or mention_id = $about))
         or mention_id_b in (select mention_id from audit.mentions where run_id = $run and
            (person_id = $about or household_id = $about or mention_id = $about))))
    select * from written
    union all by name
    select least(x.mention_id, y.mention_id) as mention_id_a, greatest(x.mention_id, y.mention_id) as mention_id_b,
           $level as level, null as probability, null as decision, null as comparison
    from own x join own y on x.person_id = y.person_id and x.fingerprint < y.fingerprint
    where $level = 'person' and not exists (
        select 1 from written w where w.mention_id_a = least(x.mention_id, y.mention_id)
        and w.mention_id_b = greatest(x.mention_id, y.mention_id)))"""
"""All pairs of an id: those written down, and inside a person also those that nobody doubted."""
_LISTED: Final = """(
    select listed.*, $level as level, w.probability, w.decision, w.comparison
    from listed left join (select * from audit.match_pairs where run_id = $run and level = $level) w
        using (mention_id_a, mention_id_b))"""
_ALIKE: Final = """
select count(*) as known, coalesce(sum((a.fingerprint = b.fingerprint)::int), 0)::bigint as alike from listed
join audit.mentions a on a.run_id = $run and a.mention_id = listed.mention_id_a
join audit.mentions b on b.run_id = $run and b.mention_id = listed.mention_id_b
"""


@dataclass(frozen=True)
class Pair:
    """Two rows to be judged.

    Attributes:
        key: the smaller and the larger fingerprint, and the level.
        probability: that both are the same; None where the run has not written it down.
        decision: match, possible, vetoed; apart where the run has not written it down and taken them for two.
        comparison: ``match_pairs.comparison``, as JSON text.
        amount: rupiah a month that the two persons get or that their findings are about.
        n_findings: findings of both persons and their households.
        said: words of others that are in dispute, ``name: judgement``.
        sides: what each row says, and where it stands.
    """

    key: tuple[str, str, str]
    probability: float | None
    decision: str
    comparison: str | None
    amount: int
    n_findings: int
    said: tuple[str, ...]
    sides: tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True)
class Chosen:
    """The pairs to judge, and of a file why not all that it names: ``alike`` (two rows that say the same of who they
    are), ``unknown`` (a row that the month does not have), ``judged_before`` (by this person, or settled by others)."""

    pairs: list[Pair]
    left_out: dict[str, int]


def pairs_to_judge(book: ReviewBook, run: PublishedRun, person: str, choice: Choice) -> Chosen:
    """Pairs that this person may judge, most informative first, or in the order of the file.

    Left out: what the person has judged, and what others have settled (but for a file, also by another pair of the same
    two). A pair in dispute, on which as many say one as the other, comes first.

    Raises:
        InputError: nothing has the id of ``about``; the file cannot be used, or names no row of the month.
    """
    asked = {"run": run.run_id, "level": choice.level}
    words = book.words()
    if choice.file is not None:
        listed = pairs_in(choice.file)
        with book.frame("listed", listed):
            known, alike = book.ask(_ALIKE, run=run.run_id).row(0)
            found = book.ask(_PAIRS.format(pairs=_LISTED), **asked).sort("place")
        found = found.unique(PAIR, keep="first", maintain_order=True)  # what is said of one holds for rows like it
        if not known:
            _refuse_foreign(choice.file, run)
        open_ = _open(found, words, run, person)
        left_out = {
            "alike": alike, "unknown": listed.height - known, "judged_before": found.height - open_.height,
        }  # fmt: skip
    elif choice.about is not None:
        found = book.ask(_PAIRS.format(pairs=_ABOUT), **asked, about=choice.about)
        if found.is_empty():
            _refuse_unknown(book, run, choice.about)
        open_, left_out = _ranked(found, words, run, person), {}
    else:
        open_, left_out = _ranked(book.ask(_PAIRS.format(pairs=_WRITTEN), **asked), words, run, person), {}
    return Chosen(_with_sides(book, run, open_ if choice.limit is None else open_.head(choice.limit)), left_out)


def _refuse_foreign(file: Path, run: PublishedRun) -> None:
    raise InputError(
        Problem(file.name, f"none of its rows is in {run.period}", f"ids of rows of {run.period}",
                f"`tepat identity evaluate --period {run.period}` names some to judge")
    )  # fmt: skip


def _refuse_unknown(book: ReviewBook, run: PublishedRun, about: str) -> None:
    known = book.ask(
        "select count(*) as n from audit.mentions where run_id = $run"
        " and (person_id = $about or household_id = $about or mention_id = $about)",
        run=run.run_id, about=about,
    )["n"][0]  # fmt: skip
    if not known:
        raise InputError(
            Problem("--about", f"{about} is not in {run.period}", "a person P…, household H… or row of it",
                    "`tepat explain ID` shows them")
        )  # fmt: skip


def _open(found: pl.DataFrame, words: pl.DataFrame, run: PublishedRun, person: str) -> pl.DataFrame:
    """Pairs that nobody has settled and this person has not judged, in their order, with ``said`` where in dispute."""
    day = run.period.last_day
    newest, decided = newest_words(words, day), verdicts(words, day)
    mine = newest.filter(pl.col("by").str.strip_chars().str.to_lowercase() == person.strip().lower())
    several = newest.filter(pl.len().over(PAIR) > 1).sort(*PAIR, "at")
    dispute = decided.filter(pl.col("judgement") == "unsure").join(several, on=PAIR, how="semi").select(PAIR)
    told = several.join(dispute, on=PAIR, how="semi").group_by(PAIR, maintain_order=True).agg(
        said=pl.format("{}: {}", "by", "judgement")
    )  # fmt: skip
    settled = decided.filter(pl.col("judgement") != "unsure")
    return (
        found.join(settled.select(PAIR), on=PAIR, how="anti", maintain_order="left")
        .join(mine.select(PAIR), on=PAIR, how="anti", maintain_order="left")
        .join(told, on=PAIR, how="left", maintain_order="left")
    )


def _ranked(found: pl.DataFrame, words: pl.DataFrame, run: PublishedRun, person: str) -> pl.DataFrame:
    """Open pairs in the order in which they are asked, one of two persons."""
    decided = verdicts(words, run.period.last_day)
    settled = found.join(decided.filter(pl.col("judgement") != "unsure"), on=PAIR, how="semi")
    two = ["one", "two"]
    people = ("person_a", "person_b")
    both = [pl.min_horizontal(people).alias("one"), pl.max_horizontal(people).alias("two")]
    done = settled.select(both).filter(pl.col("one") != pl.col("two")).unique()
    # inside a person, a judged row is not asked about once more
    asked = settled.with_columns(both).filter(pl.col("one") == pl.col("two"))
    prints = pl.concat([asked["fingerprint_a"], asked["fingerprint_b"]]).implode()
    again = (pl.col("one") == pl.col("two")) & (
        pl.col("fingerprint_a").is_in(prints) | pl.col("fingerprint_b").is_in(prints)
    )
    closeness = 1 - (2 * pl.col("probability").fill_null(1.0) - 1).abs()
    weight = 1 + pl.col("amount") / _RUPIAH + pl.col("n_findings") / _FINDINGS
    return (
        _open(found, words, run, person)
        .with_columns(both)
        .join(done, on=two, how="anti", maintain_order="left")
        .filter(~again)
        .with_columns(worth=closeness * weight)
        .sort(
            pl.col("said").is_not_null(), "worth", "mention_id_a", "mention_id_b",
            descending=[True, True, False, False],
        )
        .unique(two, keep="first", maintain_order=True)
    )  # fmt: skip


def _with_sides(book: ReviewBook, run: PublishedRun, ranked: pl.DataFrame) -> list[Pair]:
    wanted = pl.concat([ranked["mention_id_a"], ranked["mention_id_b"]]).unique()
    with book.frame("wanted", pl.DataFrame({"mention_id": wanted}, schema={"mention_id": pl.String})):
        rows = book.ask(OF_MENTION, run=run.run_id)
    sides = {row["mention_id"]: row for row in rows.iter_rows(named=True)}
    return [
        Pair(
            (r["fingerprint_a"], r["fingerprint_b"], r["level"]), r["probability"], r["decision"], r["comparison"],
            r["amount"], r["n_findings"], tuple(r["said"] or ()), (sides[r["mention_id_a"]], sides[r["mention_id_b"]]),
        )
        for r in ranked.iter_rows(named=True)
    ]  # fmt: skip
