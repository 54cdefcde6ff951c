"""Lists of what answers propose, in the columns that operators of SIKS-NG know: changes to the registry, and all that
waits for a decision.

Belongs here: turning answers into lines of a list that somebody decides on and types in, or does not. Nothing is ever
changed here, and each line says that it is not decided yet.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl
import xlsxwriter

from pipeline.cases.answers import waiting_findings
from pipeline.cases.book import ANSWERED, CaseBook
from pipeline.cases.field_rules import SAMPLE_VISIT, FieldRules
from pipeline.cases.holding import read_answers
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
FOLDER: Final = "outcomes"
UNDECIDED: Final = "menunggu_keputusan"
"""Name of the list of all that waits for a decision, whenever and by whatever way it was answered."""
WAITING, OPEN_END = "MENUNGGU KEPUTUSAN", "PERLU KEPUTUSAN DENGAN ALASAN"
"""What a line says: the answer proposes something, or leaves it to who decides."""
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
_TOLD: Final = """
select e.case_id, o.outcome, o.visited_at, o.note, o.officer
from audit.case_events e join audit.outcomes o using (outcome_id)
where e.event = 'answered' and e.case_id in (select case_id from asked)
qualify row_number() over (partition by e.case_id order by e."at" desc) = 1
"""
"""The answer to each case that came last."""
_SUFFIXES: Final = (".xlsx", ".csv")


def proposals(book: CaseBook, case_ids: Sequence[str], rules: FieldRules, *, reveal: bool) -> pl.DataFrame:
    """Changes that the answers to cases propose: one line a finding, in the columns of :data:`COLUMNS` (by their own
    names).

    Args:
        book: the case tables.
        case_ids: the cases.
        rules: what answers propose.
        reveal: numbers in full; masked otherwise.
    """
    waiting = waiting_findings(book, book.events(), case_ids).filter(pl.col("status") == ANSWERED)
    asked = _with_decisions(waiting, rules).filter(~pl.col("decision").is_in(_NO_CHANGE).fill_null(True))
    return _lines(book, asked.with_columns(said=pl.lit(WAITING)), rules, reveal=reveal)


def undecided(book: CaseBook, rules: FieldRules) -> pl.DataFrame:
    """All that waits for a decision, also what changes nothing: one line a finding, in the columns of :data:`COLUMNS`,
    numbers masked."""
    cases = book.ask("select case_id, state, outcome as last_said from audit.cases")
    cases = cases.filter(pl.col("state").is_in(["for_approval", "on_hold"]))
    waiting = waiting_findings(book, book.events(), cases["case_id"].to_list()).join(cases, on="case_id")
    waiting = waiting.with_columns(outcome=pl.coalesce("outcome", "last_said"))
    proposes = (pl.col("state") == "for_approval") & (pl.col("status") == ANSWERED)
    asked = _with_decisions(waiting, rules).with_columns(
        decision=pl.when(proposes).then(pl.col("decision").fill_null("no_action")),
        said=pl.when(proposes).then(pl.lit(WAITING)).otherwise(pl.lit(OPEN_END)),
    )
    return _lines(book, asked, rules, reveal=False)


def write_undecided(book: CaseBook, rules: FieldRules, out: Path, lock: str | None) -> list[Path]:
    """Write the list of all that waits for a decision, in the place of that of before; nothing where nothing waits."""
    path = out / FOLDER / UNDECIDED
    lines = undecided(book, rules)
    if lines.height:
        with book.transaction():
            book.log("export", f"{FOLDER}/{UNDECIDED}", f"{lines['case_id'].n_unique()} cases wait for a decision")
    made = write_list(written(lines), path, lock)
    for left in {path.with_suffix(suffix) for suffix in _SUFFIXES} - {*made}:
        left.unlink(missing_ok=True)
    return made


def _with_decisions(findings: pl.DataFrame, rules: FieldRules) -> pl.DataFrame:
    """Findings with the ``decision`` that their answer proposes, null where it proposes none."""
    proposed = [
        rules.outcomes[code].proposal(kind) if code in rules.outcomes else None
        for code, kind in findings.select("outcome", "finding_type").iter_rows()
    ]
    findings = findings.with_columns(pl.Series("decision", proposed, dtype=pl.String))
    # a visit of a sample proposes by itself only what no finding of the case proposes already
    visit = pl.col("finding_type") == SAMPLE_VISIT
    one = [pl.col("case_id"), pl.col("decision")]
    findings = findings.filter(~visit | (pl.len().over(one) == visit.sum().over(one)))
    return findings.filter(~visit | (pl.int_range(pl.len()).over(one) == 0))


def _lines(book: CaseBook, asked: pl.DataFrame, rules: FieldRules, *, reveal: bool) -> pl.DataFrame:
    """Findings with ``decision`` and ``said`` as lines of a list."""
    with book.frame("asked", asked.select("case_id", "finding_key", "run_id", "subject_kind", "subject_id")):
        who, told = book.ask(_WHO), book.ask(_TOLD)
    told = read_answers(told, rules).select("case_id", "visited_at", "officer", note="told")
    labels = {code: card.text.id for code, card in rules.decisions.items()}
    answered = {code: card.text.id for code, card in rules.outcomes.items()}
    lines = asked.join(who, on="finding_key", how="left").join(told, on="case_id", how="left")
    if not reveal:
        lines = lines.with_columns(masked("nik"), masked("no_kk"))
    lines = lines.sort("kecamatan_code", "desa_code", "case_id", "finding_key", nulls_last=True)
    lines = lines.with_columns(
        n=pl.int_range(1, pl.len() + 1),
        change=pl.col("decision").replace_strict(labels, default=None, return_dtype=pl.String),
        reason=pl.col("outcome").replace_strict(answered, default=None, return_dtype=pl.String),
        status="said",
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
    xlsx, csv = (path.with_suffix(suffix) for suffix in _SUFFIXES)
    made = [write_whole(xlsx, book if lock is None else locked_workbook(book, lock))]
    if lock is None:
        made.append(write_whole(csv, "\ufeff" + harmless(lines).write_csv(separator=";")))
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
