"""Lists for those who act without a visit: the office of a kabupaten, the inspectorate, Dukcapil, the bank.

Belongs here: which of their cases wait, in which order, and the rows of files that each rests on. A list holds the
people of one kabupaten; cases of which no place is known have a list of their own. Not here: how it looks
(:mod:`.workbook`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, get_args

import polars as pl

from pipeline.cases.field_rules import SAMPLE_VISIT
from pipeline.cases.priority import VISITABLE
from pipeline.errors import InputError, Problem
from pipeline.privacy import mask_number, scrub
from pipeline.target.taxonomy import Queue
from pipeline.worklist.document import FIELD, Proof, Visit
from pipeline.worklist.gathering import Gathered, Gathering

QUEUES: Final = get_args(Queue)
_MOST_ROWS: Final = 100
"""Rows of files shown of one finding."""

_PROOFS = """
with behind as (
    select a.case_id, a.finding_key, r.run_id, e.mention_id, e.source_file, e.sheet, e.row_number
    from asked a join latest.runs r on r.period = a.period
    join audit.finding_evidence e on e.run_id = r.run_id and e.finding_id = a.finding_id
    qualify row_number() over (
        partition by a.case_id, a.finding_key order by e.source_file, e.sheet, e.row_number) <= $most)
select b.case_id, b.finding_key, b.source_file, b.sheet, b.row_number,
       coalesce(m.name_raw, m.name) as name, coalesce(m.nik, m.nik_digits) as nik, m.no_kk,
       strftime(m.birth_date, '%d/%m/%Y') as birth_date, m.program, coalesce(m.amount, t.amount) as amount,
       case when $about = 'phone' then m.phone else coalesce(t.card_number, m.account_number, m.card_number) end
           as number,
       strftime(t.transacted_at, '%d/%m/%Y %H:%M') as moment, coalesce(t.agent_name, t.agent_id) as agent
from behind b
left join audit.mentions m on m.run_id = b.run_id and m.mention_id = b.mention_id
left join audit.transactions t on t.run_id = b.run_id and m.mention_id is null
     and t.source_file = b.source_file and t.sheet = b.sheet and t.row_number = b.row_number
order by b.case_id, b.finding_key, b.source_file, b.sheet, b.row_number
"""


def check_queue(queue: str) -> None:
    """Refuse a name that no queue has.

    Raises:
        InputError: naming those there are.
    """
    if queue not in QUEUES:
        raise InputError(Problem("--queue", f"{queue!r} is no queue", ", ".join(QUEUES)))


def office_sheets(gathering: Gathering, queue: str, words: dict[str, Any], kecamatan: str | None = None) -> Gathered:
    """A list a kabupaten of the cases of a queue that wait for an answer, the greatest harm first.

    Args:
        gathering: what the run and the cases know.
        queue: any but that of the TKSK.
        words: texts in the language of the list.
        kecamatan: code of one kecamatan; all by default.
    """
    assert queue != FIELD  # noqa: S101 - those are visits, chosen within what each TKSK can do
    cases = gathering.cases(queue, kecamatan).filter(pl.col("state").is_in(VISITABLE))
    waiting = gathering.waiting(cases)
    harms = gathering.harms(cases, waiting).drop("sampled")
    listed = cases.drop("explanation").join(harms, on="case_id", maintain_order="left")
    listed = gathering.placed(listed).join(gathering.people(cases), on="case_id", how="left", maintain_order="left")
    owner = pl.col("kecamatan_code").str.slice(0, 4).fill_null("")
    listed = listed.with_columns(owner=owner).sort(
        "owner", "harm", "case_id", descending=[False, True, False]
    ).with_columns(n=pl.int_range(1, pl.len() + 1).over("owner"), day=1)  # fmt: skip
    questions = gathering.questions(waiting.join(listed.select("case_id"), on="case_id", how="semi"))
    proofs = _proofs(gathering, waiting)
    sheets = []
    for (code,), group in listed.group_by(["owner"], maintain_order=True):
        sheet = gathering.sheet(group, questions, 0)
        rows = group.to_dicts()
        visits = tuple(_entry(v, row, words) for v, row in zip(sheet.visits, rows, strict=True))
        mine = tuple(p for v in visits for p in proofs.get(v.case_id, ()))
        said = {"kecamatan_code": str(code), "kecamatan": words["queues"][queue], "officer": "", "queue": queue}
        sheets.append(
            replace(sheet, **said, kabupaten=sheet.kabupaten or words["no_place"], visits=visits, proofs=mine)
        )
    return Gathered(sheets, listed)


def _entry(visit: Visit, row: dict[str, Any], words: dict[str, Any]) -> Visit:
    """A case as an office sees it: where it lies in words, and by what it is known where that is no person."""
    place = [visit.dusun, visit.address, row["desa"] if row["desa_code"] else "", row["kecamatan"] or ""]
    name, kind = visit.name, words["subjects"].get(row["subject_kind"])
    if kind is not None and row["name"] is None:
        known = scrub(row["subject_id"]) if row["subject_kind"] == "agent" else mask_number(row["subject_id"])
        name = f"{kind} {known}"
    return replace(visit, name=name, dusun="", address=", ".join(filter(None, place)))


def _proofs(gathering: Gathering, waiting: pl.DataFrame) -> dict[str, list[Proof]]:
    """Of each case the rows behind its findings. A visit of a sample has none, and tells nothing of what is flagged."""
    blind = (pl.col("finding_type") == SAMPLE_VISIT).any().over("case_id")
    asked = waiting.filter(~blind)
    says = gathering.summaries(asked)
    found: dict[str, list[Proof]] = {}
    for about, group in asked.with_columns(about=pl.col("subject_kind")).group_by("about", maintain_order=True):
        with gathering.book.frame("asked", group.select("case_id", "finding_key", "finding_id", "period")):
            rows = gathering.book.ask(_PROOFS, about=about[0], most=_MOST_ROWS)
        for row in rows.to_dicts():
            found.setdefault(row["case_id"], []).append(_proof(row, says[row["finding_key"]]))
    return found


def _proof(row: dict[str, Any], says: str) -> Proof:
    def veiled(column: str) -> str:
        return mask_number(row[column]) if row[column] else ""

    return Proof(
        row["case_id"], says, row["source_file"], row["sheet"] or "", row["row_number"], row["name"] or "",
        veiled("nik"), veiled("no_kk"), row["birth_date"] or "", veiled("number"), row["program"] or "",
        row["amount"], row["moment"] or "", scrub(row["agent"] or ""),
    )  # fmt: skip
