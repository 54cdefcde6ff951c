"""Cases whose people turn out not to be one: a merge taken back, a household split, a person who lives elsewhere now.

Belongs here: giving a case back to whom it was opened for, with what it held, and findings that go to the case of the
household that they are about now. The record keeps what was said while they were taken for one; it no longer rules.
Not here: merges (:mod:`.following`).
"""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from pipeline.cases.book import ANSWERED, NOBODY, OPEN, SETTLED, CaseBook, findings_of
from pipeline.cases.following import MERGED, bring
from pipeline.cases.making import Making
from pipeline.cases.wording import CaseNumbers
from pipeline.history import PublishedRun

HANDED_ON: Final = "handed_on"
"""Decision of a case all of whose findings went to others."""
_SUBJECT: Final = ["subject_kind", "subject_id"]
_HERE: Final = """
select * from had
where (subject_kind = 'household' and subject_id in (select household_id from audit.households where run_id = $run))
   or (subject_kind in ('person', 'companion')
       and subject_id in (select person_id from audit.persons where run_id = $run))
"""


def take_back(
    book: CaseBook, run: PublishedRun, cases: pl.DataFrame, events: pl.DataFrame, today: date, making: Making
) -> list[str]:
    """Events for cases whose people were taken for others and are there again.

    A case that was merged is opened again as it was (``unmerged``; ``parted`` in the other), a case that followed its
    household into another goes back (``parted``). Findings that it held under other keys come back with their answers
    and decisions; what was decided while merged stays with the other household.

    Args:
        book: the case tables.
        run: the run in which they are there.
        cases: rows of ``tables.CASES``, brought in line with the ids of the run.
        events: all events up to now, those being made among them.
        today: decisions that rest longer come back too.
        making: gets the events.

    Returns:
        Answers given under the number of such a case and applied to the other one: ``outcome_id``. They are to be
        applied anew.
    """
    back = _back(book, run, cases, events)
    if back.is_empty():
        return []
    merged, followed = back.filter("is_merged"), back.filter(~pl.col("is_merged"))
    merges = events.filter(pl.col("event") == MERGED).select("case_id", "from_state", "other_case", joined="run_id")
    merged = merged.join(merges.unique("case_id", keep="last"), on="case_id", maintain_order="left")
    where = survivors(events)
    lives_in = [where.get(o, o) for o in merged["other_case"]]
    merged = merged.with_columns(pl.Series("survivor", lives_in, dtype=pl.String)).join(
        _before(events), on="case_id", how="left", maintain_order="left"
    )
    was_open = pl.col("from_state").is_not_null()
    subject = {c: pl.col(c) for c in _SUBJECT}
    making.add(
        "unmerged", merged, other_case=pl.col("survivor"), decision=pl.col("decision").fill_null(NOBODY),
        decided_by=pl.col("decided_by").fill_null(NOBODY), from_state=pl.when(was_open).then(pl.lit("closed")),
        to_state=pl.when(was_open).then(pl.lit("reopened")),
        words=pl.format("penggabungan dengan kasus {} dibatalkan: menurut data bulan ini keduanya berbeda", "survivor"),
        **subject,
    )  # fmt: skip
    making.add(
        "parted", merged.select("case_id", case="survivor").rename({"case_id": "other", "case": "case_id"}),
        other_case=pl.col("other"), words=pl.format("penggabungan dibatalkan: kasus {} berdiri sendiri lagi", "other"),
    )  # fmt: skip
    making.add(
        "parted", followed, words="penggabungan dibatalkan: kasus ini kembali pada keluarga yang semula", **subject
    )
    moves = events.filter(pl.col("event") == "followed").unique("case_id", keep="last")
    joined = pl.concat(
        [
            merged.select("case_id", "joined", other="survivor"),
            followed.join(moves.select("case_id", joined="run_id"), on="case_id").select(
                "case_id", "joined", other=pl.lit(None, pl.String)
            ),
        ]
    )
    _findings_back(events, joined, today, making)
    return _answers_back(book, events, merged, making)


def survivors(events: pl.DataFrame) -> dict[str, str]:
    """Of each case that is merged the one in which its people are now, through merges of merges."""
    last = events.filter(pl.col("event").is_in([MERGED, "unmerged"])).unique("case_id", keep="last")
    into = dict(last.filter(pl.col("event") == MERGED).select("case_id", "other_case").iter_rows())

    def end(case_id: str) -> str:
        seen = {case_id}
        while (then := into.get(case_id)) is not None and then not in seen:
            seen.add(then)
            case_id = then
        return case_id

    return {case_id: end(case_id) for case_id in into}


def _back(book: CaseBook, run: PublishedRun, cases: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """``case_id``, ``is_merged`` and the subject that each goes back to: one it had, that the run knows and no other
    case is about."""
    is_merged = pl.col("decision").eq_missing(MERGED)
    had = events.filter(pl.col("subject_id").is_not_null()).select("case_id", "subject_id", n=pl.int_range(pl.len()))
    about = cases.select("case_id", "subject_kind", now="subject_id", is_merged=is_merged)
    had = had.join(about, on="case_id", maintain_order="left")
    since = pl.col("n").filter(pl.col("subject_id") == pl.col("now")).min().over("case_id")
    had = had.filter(pl.col("is_merged") | (pl.col("n") < since))
    if had.is_empty():
        return had
    with book.frame("had", had):
        here = book.ask(_HERE, run=run.run_id)
    here = here.join(cases.filter(~is_merged), on=_SUBJECT, how="anti")
    here = here.sort("is_merged", "n", "case_id", descending=[True, True, False])
    return here.unique("case_id", keep="first", maintain_order=True).unique(
        _SUBJECT, keep="first", maintain_order=True
    )  # fmt: skip


def _before(events: pl.DataFrame) -> pl.DataFrame:
    """What each case was decided, and by whom, before it was merged."""
    own = events.filter(pl.col("decision").is_not_null(), pl.col("decision") != MERGED)
    return own.unique("case_id", keep="last").select("case_id", "decision", "decided_by")


def _findings_back(events: pl.DataFrame, joined: pl.DataFrame, today: date, making: Making) -> None:
    """Findings that lost their key when the people were taken for others, as they were before."""
    mine = events.join(joined, on="case_id", maintain_order="left")
    lost = (pl.col("event") == "finding_replaced") & pl.col("run_id").eq_missing(pl.col("joined"))
    keys = mine.filter(lost).select("case_id", "finding_key").unique()
    before = findings_of(mine.filter(~lost)).join(keys, on=["case_id", "finding_key"], how="semi")
    elsewhere = findings_of(events).select("finding_key").unique()
    counts = pl.col("status").is_in([OPEN, ANSWERED]) | (
        (pl.col("status") == SETTLED) & (pl.col("valid_until") >= today).fill_null(False)
    )
    before = before.filter(counts).join(elsewhere, on="finding_key", how="anti", maintain_order="left")
    before = before.join(joined, on="case_id", maintain_order="left")
    bring(before, making, words="kembali ke kasusnya", settled_words="keputusan sebelum penggabungan berlaku lagi")


def _answers_back(book: CaseBook, events: pl.DataFrame, merged: pl.DataFrame, making: Making) -> list[str]:
    """Answers applied to another case because theirs was merged into it; findings they answered there wait again."""
    given = events.filter(pl.col("event") == "answered", pl.col("case_id").is_in(merged["survivor"].implode()))
    with book.frame("given", given.select("outcome_id").unique()):
        rows = book.ask("select distinct outcome_id, case_id from audit.outcomes semi join given using (outcome_id)")
    numbers = CaseNumbers(merged["case_id"].to_list())
    astray = [outcome_id for outcome_id, written in rows.iter_rows() if numbers.find(written)[0] is not None]
    answers = events.filter(pl.col("event").is_in(["finding_answered", "finding_carried"]))
    newest = answers.unique(["case_id", "finding_key"], keep="last", maintain_order=True)
    newest = newest.filter(
        pl.col("outcome_id").is_in(astray), pl.col("case_id").is_in(merged["survivor"].implode())
    ).select("case_id", "finding_key")
    waiting = findings_of(events).filter(pl.col("status") == ANSWERED)
    again = newest.join(waiting, on=["case_id", "finding_key"], how="semi", maintain_order="left")
    making.add("finding_returned", again, words="jawabannya untuk kasus lain yang pernah digabung ke sini")
    return astray


def hand_over(moved: pl.DataFrame, making: Making) -> None:
    """Events of findings that go to the case of the household that they are about now.

    Args:
        moved: ``finding_key``, ``from_case``, ``case_id`` (where to), ``status`` and what was answered.
        making: gets the events.
    """
    leaving = moved.select("finding_key", case_id="from_case", other="case_id")
    making.add(
        "finding_moved", leaving, other_case=pl.col("other"),
        words=pl.format("kini tercatat di keluarga lain: kasus {}", "other"),
    )  # fmt: skip
    bring(
        moved.with_columns(other="from_case"), making, words=pl.format("dari kasus {}", "from_case"),
        settled_words="keputusan sebelumnya tetap berlaku",
    )  # fmt: skip
