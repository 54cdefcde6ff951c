"""Where cases belong as the months come and go: place, queue, and the TKSK of the roster.

Belongs here: what the findings that wait ask for, and the events of a case that goes to somebody else. Not here: which
findings wait (:mod:`.keeping`), the rule of independence (:mod:`.opening`).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.cases.book import ANSWERED, NOBODY, OPEN
from pipeline.cases.field_rules import FieldRules
from pipeline.cases.making import Making
from pipeline.cases.opening import Roster, cases_wanted

LIVING: Final = ("new", "assigned", "in_progress", "on_hold", "for_approval", "reopened")
"""States of a case that is not closed."""


def wanted(found: pl.DataFrame, case_ids: pl.Series, roster: Roster, rules: FieldRules) -> pl.DataFrame:
    """Place, queue and TKSK of cases by their findings that wait.

    Args:
        found: findings with ``case_id`` and ``status``, see :func:`pipeline.cases.opening.findings_with_cases`.
        case_ids: of the cases asked for.
        roster: TKSK of the month.
        rules: who acts.
    """
    waiting = pl.col("status").is_in([OPEN, ANSWERED])
    of_cases = found.filter(pl.col("case_id").is_in(case_ids.implode()), waiting)
    asked = cases_wanted(of_cases.with_columns(case_kind=pl.lit("case"), case_subject="case_id"), rules)
    return roster.assigned(asked).select(
        "kecamatan_code", "desa_code", "queue", "assigned_to", case_id="case_subject"
    )  # fmt: skip


def route(going: pl.DataFrame, asked: pl.DataFrame, rules: FieldRules, making: Making) -> None:
    """Cases that go to somebody else: another place, queue or TKSK. From the inspectorate nothing goes back.

    Args:
        going: rows of ``tables.CASES``.
        asked: see :func:`wanted`.
        rules: who acts.
        making: gets the events.
    """
    both = going.join(asked, on="case_id", suffix="_now", maintain_order="left")
    moved = both.filter(
        pl.col("kecamatan_code_now").is_not_null(),
        pl.col("kecamatan_code_now").ne_missing(pl.col("kecamatan_code"))
        | (pl.col("desa_code_now").is_not_null() & pl.col("desa_code_now").ne_missing(pl.col("desa_code"))),
    )
    place = {"kecamatan_code": pl.col("kecamatan_code_now"), "desa_code": pl.col("desa_code_now")}
    making.add("moved", moved, words="tempat tinggal menurut data bulan ini", **place)
    leaves = (pl.col("queue") != rules.insider_queue) & (pl.col("queue_now") != pl.col("queue"))
    somebody = pl.when(pl.col("queue_now") == "tksk").then("assigned_to_now").fill_null(NOBODY)
    fresh = (pl.col("state") == "new") & (somebody != NOBODY)
    making.add(
        "routed", both.filter(leaves), queue=pl.col("queue_now"), assigned_to=somebody,
        words="menurut temuan yang ada sekarang",
        from_state=pl.when(fresh).then(pl.lit("new")), to_state=pl.when(fresh).then(pl.lit("assigned")),
    )  # fmt: skip
    other = both.filter(
        ~leaves, pl.col("queue") == "tksk", pl.col("assigned_to_now").is_not_null(),
        pl.col("assigned_to_now").ne_missing(pl.col("assigned_to")),
    )  # fmt: skip
    fresh = pl.col("state") == "new"
    making.add(
        "assigned", other, assigned_to=pl.col("assigned_to_now"), words="menurut daftar TKSK bulan ini",
        from_state=pl.when(fresh).then(pl.lit("new")), to_state=pl.when(fresh).then(pl.lit("assigned")),
    )  # fmt: skip
