"""An office that draws a sample of a month and sends the answers back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from pipeline.cases.returning import Outcomes, take_outcomes
from pipeline.history import published_run
from pipeline.learn import Drawn, Results, draw_sample, results_of
from pipeline.period import Period
from pipeline.worklist import make_worklists
from tests.cases.office import KECAMATAN, NOVEMBER, OFFICER, RULES, Found, Office, deceased, typed

OCTOBER = Period(2026, 10)
VISIT = datetime(2026, 11, 16, 8, 0)


def october(out: Path, families: int = 60, visits: int = 60, *, upside_down: bool = False) -> Office:
    """Sixty families: nothing is paid, five are flagged as left out, three as wrongly paid, two otherwise."""
    office = Office(out, families, roster=((OFFICER, KECAMATAN, visits),))
    found = [Found(subject=f"H{n}") for n in range(1, 6)]
    found += [deceased(f"H{n}") for n in range(6, 9)]
    found += [Found("unclaimed_benefit", "no_transaction", "pkh", f"H{n}") for n in (9, 10)]
    homes = [f"H{n}" for n in range(1, families + 1)]
    office.publish("2026-10", found[::-1] if upside_down else found, households=homes[::-1] if upside_down else homes)
    return office


def drawn(office: Office, n: int = 20, seed: int = 1, **more: str) -> Drawn:
    return draw_sample(office.out, OCTOBER, RULES, n=n, seed=seed, now=NOVEMBER, say=lambda _: None, **more)


def listed(office: Office, period: Period = OCTOBER, now: datetime = NOVEMBER) -> None:
    make_worklists(office.out, period, RULES, now=now, say=lambda _: None)


def sampled(office: Office) -> pl.DataFrame:
    """The households drawn, each with its case where there is one."""
    return office.ask(
        """select s.subject_id, s.band, s.finding_key, c.case_id, c.state, c.listed_period, c.explanation
           from audit.samples s left join audit.cases c using (subject_kind, subject_id) order by s.subject_id"""
    )


def answer(office: Office, folder: Path, said: dict[str, str]) -> Outcomes:
    """Answers by household."""
    cases = dict(office.ask("select subject_id, case_id from audit.cases").iter_rows())
    rows = [
        {"ID KASUS": cases[home], "HASIL": words, "TANGGAL KUNJUNGAN": "15/11/2026"} for home, words in said.items()
    ]
    return take_outcomes([typed(folder / "hasil.csv", rows)], office.out, RULES, now=VISIT, say=lambda _: None)


def results(office: Office, lang: str = "id") -> Results:
    return results_of(published_run(office.out, OCTOBER), RULES, lang)
