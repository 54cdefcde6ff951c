"""The list of changes proposed to the registry, in the columns that operators of SIKS-NG know.

Belongs here: turning answers into lines of a list that somebody types in, or does not. Nothing is ever changed here,
and a line that is not decided yet says so.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import polars as pl
import xlsxwriter

from pipeline.cases.answers import waiting_findings
from pipeline.cases.book import ANSWERED, CaseBook
from pipeline.cases.field_rules import SAMPLE_VISIT, FieldRules
from pipeline.measures import named
from pipeline.outgoing import locked_workbook
from pipeline.privacy import masked
from pipeline.whole import write_whole

COLUMNS: Final = {
    "n": "NO", "case_id": "ID KASUS", "nik": "NIK", "no_kk": "NOKK", "name": "NAMA", "birth_place": "TEMPAT LAHIR",
    "birth_date": "TANGGAL LAHIR", "sex": "JENIS KELAMIN", "address": "ALAMAT", "rt": "RT", "rw": "RW",
    "desa": "DESA/KELURAHAN", "kecamatan": "KECAMATAN", "kabupaten": "KABUPATEN", "program": "PROGRAM",
    "change": "JENIS USULAN", "reason": "ALASAN", "note": "KETERANGAN", "visited_at": "TANGGAL KUNJUNGAN",
    "officer": "PETUGAS", "status": "STATUS",
}  # fmt: skip
WAITING: Final = "MENUNGGU KEPUTUSAN"
_NO_CHANGE: Final = ("keep", "no_action")

_WHO = """
with about as (
    select a.finding_key, a.run_id, coalesce(p.person_id, h.head_person_id) as person_id
    from asked a
    left join audit.persons p on p.run_id = a.run_id and a.subject_kind = 'person' and p.person_id = a.subject_id
    left join audit.households h
      on h.run_id = a.run_id and a.subject_kind = 'household' and h.household_id = a.subject_id),
places as (
    select b.finding_key,
           first(m.address order by m.address is null, m.kind = 'registry' desc, m.mention_id) as address,
           first(m.rt order by m.rt is null, m.kind = 'registry' desc, m.mention_id) as rt,
           first(m.rw order by m.rw is null, m.kind = 'registry' desc, m.mention_id) as rw
    from about b join audit.mentions m on m.run_id = b.run_id and m.person_id = b.person_id group by b.finding_key)
select b.finding_key, p.nik, h.no_kk, p.name, p.birth_place, p.birth_date, p.sex, x.address, x.rt, x.rw, p.desa_code,
       p.kecamatan_code
from about b left join audit.persons p on p.run_id = b.run_id and p.person_id = b.person_id
left join audit.households h on h.run_id = b.run_id and h.household_id = p.household_id
left join places x using (finding_key)
"""


def proposals(book: CaseBook, answers: pl.DataFrame, rules: FieldRules, *, reveal: bool) -> pl.DataFrame:
    """Changes that answers propose: one line a finding, in the columns of :data:`COLUMNS` (by their own names).

    Args:
        book: the case tables.
        answers: that fit their case, see :class:`pipeline.cases.answers.Applied`.
        rules: what answers propose.
        reveal: numbers in full; masked otherwise.
    """
    waiting = waiting_findings(book, book.events(), answers["case_id"].unique().to_list())
    asked = waiting.filter(pl.col("status") == ANSWERED)
    changes = [
        rules.outcomes[code].proposal(kind) for code, kind in asked.select("outcome", "finding_type").iter_rows()
    ]
    asked = asked.with_columns(pl.Series("decision", changes, dtype=pl.String))
    asked = asked.filter(pl.col("decision").is_not_null(), ~pl.col("decision").is_in(_NO_CHANGE))
    # a visit of a sample proposes by itself only what no finding of the case proposes already
    visit = pl.col("finding_type") == SAMPLE_VISIT
    asked = asked.filter(~visit | (pl.len().over("case_id", "decision") == visit.sum().over("case_id", "decision")))
    asked = asked.filter(~visit | (pl.int_range(pl.len()).over("case_id", "decision") == 0))
    with book.frame("asked", asked.select("finding_key", "run_id", "subject_kind", "subject_id")):
        who = book.ask(_WHO)
    newest = answers.unique("case_id", keep="last", maintain_order=True).select(
        "case_id", "visited_at", "officer", note="told"
    )
    labels = {code: card.text.id for code, card in rules.decisions.items()}
    answered = {code: card.text.id for code, card in rules.outcomes.items()}
    lines = asked.join(who, on="finding_key", how="left").join(newest, on="case_id", how="left")
    if not reveal:
        lines = lines.with_columns(masked("nik"), masked("no_kk"))
    lines = lines.sort("kecamatan_code", "desa_code", "case_id", "finding_key", nulls_last=True)
    lines = lines.with_columns(
        n=pl.int_range(1, pl.len() + 1),
        change=pl.col("decision").replace_strict(labels, return_dtype=pl.String),
        reason=pl.col("outcome").replace_strict(answered, return_dtype=pl.String),
        status=pl.lit(WAITING),
        desa=named(lines["desa_code"]),
        kecamatan=named(lines["kecamatan_code"]),
        kabupaten=named(lines["kecamatan_code"].str.slice(0, 4)),
    )
    return lines.select(list(COLUMNS))


def written(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with the headings and days of the list."""
    return lines.with_columns(pl.col("birth_date", "visited_at").dt.strftime("%d/%m/%Y")).rename(COLUMNS)


def write_list(lines: pl.DataFrame, path: Path, lock: str | None) -> list[Path]:
    """Write a list as ``path`` with ``.xlsx`` and ``.csv``, locked as workbook only; nothing where it is empty."""
    if lines.is_empty():
        return []
    path.parent.mkdir(parents=True, exist_ok=True)
    book = _workbook(lines)
    made = [write_whole(path.with_suffix(".xlsx"), book if lock is None else locked_workbook(book, lock))]
    if lock is None:
        text = "\ufeff" + harmless(lines).write_csv(separator=";")
        made.append(write_whole(path.with_suffix(".csv"), text))
    return made


def harmless(lines: pl.DataFrame) -> pl.DataFrame:
    """Texts that a spreadsheet would run as a formula, with an apostrophe before them."""
    return lines.with_columns(pl.col(pl.String).str.replace(r"^([=+@\t\r-])", "'$1"))


def _workbook(lines: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    made: Any = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False})
    page, bold, text = (
        made.add_worksheet(),
        made.add_format({"bold": True}),
        made.add_format({"num_format": "@"}),
    )
    for j, (heading, column) in enumerate(zip(lines.columns, lines.iter_columns(), strict=True)):
        widest = max((len(str(v)) for v in column.drop_nulls()), default=0)
        page.set_column(j, j, min(max(widest, len(heading)) + 2, 40), text)
        page.write_string(0, j, heading, bold)
        for n, value in enumerate(column, 1):
            if isinstance(value, int):
                page.write_number(n, j, value)
            elif value is not None:
                page.write_string(n, j, str(value))
    page.freeze_panes(1, 2)
    page.autofilter(0, 0, lines.height, lines.width - 1)
    made.close()
    return buffer.getvalue()
