"""The worklist as a workbook: one sheet a desa, answers chosen from a list, printed on A4.

A list for an office has one sheet of cases and one with the rows of files behind them.

Belongs here: cells, locks and lists of choices. Only the answers can be changed; what says who is visited is locked
against slips, without a password, because a lock that stops work is worked around. Whatever comes back is checked
again anyway (:mod:`pipeline.cases.reading`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import xlsxwriter

from pipeline.worklist.document import FIELD, Asked, Sheet, Visit

COLUMNS: Final = {
    "n": 4, "case_id": 17, "name": 17, "nik": 14, "address": 17, "problem": 32, "check": 27, "outcome": 15,
    "visited_at": 12, "note": 22, "officer": 13,
}  # fmt: skip
"""Columns in order and their widths, which together are a page of A4 across."""
PROOF_COLUMNS: Final = {
    "case_id": 19, "says": 34, "source_file": 26, "sheet": 12, "row_number": 7, "name": 20, "nik": 18, "no_kk": 18,
    "birth_date": 11, "number": 18, "program": 9, "amount": 11, "moment": 15, "agent": 16,
}  # fmt: skip
ANSWERS: Final = ("outcome", "visited_at", "note", "officer")
CHOICES: Final = "_pilihan"
HEADER_ROW: Final = 3
_LINE: Final = 12.5
_GUIDE: Final = (26, 72)
"""Widths of the columns of the guide."""
_LATER: Final = 400
"""Days after the month up to which a visit may be dated in the form."""


def workbook(sheet: Sheet, words: dict[str, Any]) -> bytes:
    """The bytes of the workbook of one TKSK or office; the same worklist gives the same bytes."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False})
    year, month = (int(part) for part in sheet.period.split("-"))
    book.set_properties(
        {"title": f"{words['title']} {sheet.kecamatan} {sheet.month}", "created": datetime(year, month, 1, tzinfo=UTC)}
    )
    book.set_custom_property("run_id", sheet.run_id)
    _Writer(book, sheet, words).write()
    book.close()
    return buffer.getvalue()


class _Writer:
    """Writes one workbook."""

    def __init__(self, book: Any, sheet: Sheet, words: dict[str, Any]) -> None:
        self.book, self.sheet, self.words = book, sheet, words
        base = {
            "font_name": "Calibri",
            "font_size": 9,
            "valign": "top",
            "text_wrap": True,
            "border": 1,
            "border_color": "#B8C0C8",
        }
        grey = base | {"bg_color": "#EEF1F4", "num_format": "@"}
        self.format = {
            "title": book.add_format({"bold": True, "font_size": 13}),
            "plain": book.add_format({"font_size": 10}),
            "text": book.add_format({"font_size": 10, "text_wrap": True, "valign": "top"}),
            "strong": book.add_format({"font_size": 10, "bold": True, "valign": "top"}),
            "head": book.add_format(base | {"bold": True, "bg_color": "#DDE4EA", "valign": "vcenter"}),
            "locked": book.add_format(grey),
            "amount": book.add_format(base | {"bg_color": "#EEF1F4", "num_format": "#,##0"}),
            "number": book.add_format(base | {"bg_color": "#EEF1F4", "num_format": "0", "align": "center"}),
            "free": book.add_format(base | {"bg_color": "#FFF9DB", "locked": False, "num_format": "@"}),
            "day": book.add_format(base | {"bg_color": "#FFF9DB", "locked": False, "num_format": "dd/mm/yyyy"}),
        }
        self.title = (
            words["title"] if sheet.queue == FIELD else f"{words['office_title']} {words['queues'][sheet.queue]}"
        )
        self.labels = {a.code: a.label for a in sheet.answers}
        self.lists: dict[tuple[str, ...], str] = {}

    def write(self) -> None:
        """Guide, a sheet a desa, and the hidden lists of choices."""
        self._guide()
        for_office = self.sheet.queue != FIELD
        topics = list(dict.fromkeys(q.choices for v in self.sheet.visits for q in v.questions))
        for j, choices in enumerate(topics):
            column = xlsxwriter.utility.xl_col_to_name(j)
            self.lists[choices] = f"='{CHOICES}'!${column}$1:${column}${len(choices)}"
        taken: set[str] = {self.words["guide"].lower(), CHOICES}
        if for_office:
            self._cases(self.words["cases"], self.words["cases"], self.sheet.visits)
            self._proofs()
        for desa in () if for_office else self.sheet.desa:
            self._cases(desa, _sheet_name(desa, taken), [v for v in self.sheet.visits if v.desa == desa])
        hidden = self.book.add_worksheet(CHOICES)
        for j, choices in enumerate(topics):
            hidden.write_column(0, j, [self.labels[c] for c in choices])
        hidden.hide()

    def _guide(self) -> None:
        page, words, sheet = self.book.add_worksheet(self.words["guide"]), self.words, self.sheet
        page.hide_gridlines(2)
        page.set_column(0, 0, _GUIDE[0])
        page.set_column(1, 1, _GUIDE[1])
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.write_string(0, 0, f"{self.title}, {sheet.month}", self.format["title"])
        if sheet.queue == FIELD:
            steps, facts = (
                words["steps"],
                {
                    words["kecamatan"]: f"{sheet.kecamatan}, {sheet.kabupaten}",
                    words["officer"]: sheet.officer or words["nobody"],
                    words["visits"].capitalize(): f"{len(sheet.visits)} ({sheet.waiting} {words['waiting']})",
                },
            )
        else:
            steps = words["office_steps"]
            facts = {words["area"]: sheet.kabupaten, words["cases"]: str(len(sheet.visits))}
        row = 2
        for name, value in facts.items():
            page.write_string(row, 0, name, self.format["strong"])
            page.write_string(row, 1, value, self.format["text"])
            row += 1
        row += 1
        for n, step in enumerate([*steps.values(), words["masked"]], 1):
            self._told(page, row, f"{n}.", step)
            row += 1
        row += 1
        page.write_string(row, 0, words["answer"], self.format["head"])
        page.write_string(row, 1, words["meaning"], self.format["head"])
        for answer in sheet.answers:
            row += 1
            self._told(page, row, answer.label, answer.meaning)
        page.protect()

    def _told(self, page: Any, row: int, what: str, text: str) -> None:
        """A row of the guide, as high as its text: LibreOffice prints rows without a height one over the other."""
        page.set_row(row, _lines({"what": what, "text": text}, dict(zip(("what", "text"), _GUIDE, strict=True))) * 15)
        page.write_string(row, 0, what, self.format["strong"])
        page.write_string(row, 1, text, self.format["text"])

    def _cases(self, what: str, name: str, visits: Sequence[Visit]) -> None:
        """A sheet to be filled: a row a question."""
        page, words, sheet = self.book.add_worksheet(name), self.words, self.sheet
        rows = [(v, q) for v in visits for q in v.questions]
        page.write_string(0, 0, f"{self.title}, {sheet.month}: {what}", self.format["title"])
        officer = sheet.officer or words["nobody"]
        under = f"{words['kecamatan']} {sheet.kecamatan}, {sheet.kabupaten} · {words['officer']}: {officer}"
        page.write_string(1, 0, under if sheet.queue == FIELD else sheet.kabupaten, self.format["plain"])
        page.set_row(HEADER_ROW, 2 * _LINE)
        for j, (column, width) in enumerate(COLUMNS.items()):
            page.set_column(j, j, width)
            page.write_string(HEADER_ROW, j, words["columns"][column], self.format["head"])
        mark = len(COLUMNS)  # hidden: whom the cases were about when this was printed
        page.set_column(mark, mark, 14, None, {"hidden": True})
        page.write_string(HEADER_ROW, mark, words["columns"]["worklist"], self.format["head"])
        for n, (visit, question) in enumerate(rows, HEADER_ROW + 1):
            self._row(page, n, visit, question)
            page.write_string(n, mark, sheet.mark, self.format["locked"])
        last = HEADER_ROW + len(rows)
        page.autofilter(HEADER_ROW, 0, last, len(COLUMNS) - 1)
        page.freeze_panes(HEADER_ROW + 1, 3)
        page.protect("", {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True})
        page.ignore_errors({"number_stored_as_text": f"A1:K{last + 1}"})
        self._paper(page, last)

    def _proofs(self) -> None:
        """The rows behind the findings; nothing to fill, and no column that is read back as an answer."""
        page, sheet = self.book.add_worksheet(self.words["proof"]), self.sheet
        page.write_string(0, 0, f"{self.title}, {sheet.month}: {self.words['proof']}", self.format["title"])
        used = {c: w for c, w in PROOF_COLUMNS.items() if any(getattr(p, c) for p in sheet.proofs)}
        page.set_row(HEADER_ROW, 2 * _LINE)
        for j, (column, width) in enumerate(used.items()):
            page.set_column(j, j, width)
            page.write_string(HEADER_ROW, j, self.words["proofs"][column], self.format["head"])
        for n, proof in enumerate(sheet.proofs, HEADER_ROW + 1):
            page.set_row(n, _lines({c: str(getattr(proof, c)) for c in ("says", "source_file", "name")}, used) * _LINE)
            for j, column in enumerate(used):
                value = getattr(proof, column)
                if isinstance(value, int):
                    page.write_number(n, j, value, self.format["amount"])
                else:
                    page.write_string(n, j, value or "", self.format["locked"])
        last = HEADER_ROW + len(sheet.proofs)
        page.autofilter(HEADER_ROW, 0, last, max(len(used), 1) - 1)
        page.freeze_panes(HEADER_ROW + 1, 1)
        page.protect("", {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True})
        self._paper(page, last, max(len(used), 1))

    def _paper(self, page: Any, last: int, columns: int = len(COLUMNS)) -> None:
        page.set_landscape()
        page.set_paper(9)
        page.set_margins(left=0.35, right=0.35, top=0.45, bottom=0.55)
        page.fit_to_pages(1, 0)
        page.repeat_rows(HEADER_ROW)
        page.print_area(0, 0, last, columns - 1)
        page.set_footer(
            f"&L&8{self.sheet.kecamatan} {self.sheet.period}&R&8{self.words['page']} &P {self.words['of']} &N"
        )

    def _row(self, page: Any, n: int, visit: Visit, question: Asked) -> None:
        place = ", ".join(filter(None, [visit.dusun, visit.address]))
        cells = {
            "case_id": visit.case_id, "name": visit.name, "nik": visit.nik, "address": place,
            "problem": "\n".join(question.findings), "check": f"{question.check} {question.ask}",
        }  # fmt: skip
        if self.sheet.queue == FIELD:
            cells["officer"] = self.sheet.officer
        page.set_row(n, max(2, _lines(cells, COLUMNS)) * _LINE)
        page.write_number(n, 0, visit.n, self.format["number"])
        for j, column in enumerate(COLUMNS):
            if column in cells:
                page.write_string(n, j, cells[column], self.format["locked"])
            elif column in ANSWERS:  # an office says who looked at it
                page.write_blank(n, j, None, self.format["day" if column == "visited_at" else "free"])
        outcome, day = list(COLUMNS).index("outcome"), list(COLUMNS).index("visited_at")
        words = self.words
        page.data_validation(n, outcome, n, outcome, {
            "validate": "list", "source": self.lists[question.choices], "error_type": "warning",
            "input_title": words["choose"], "input_message": words["choose_more"],
        })  # fmt: skip
        year, month = (int(part) for part in self.sheet.period.split("-"))
        first = date(year, month, 1)
        page.data_validation(n, day, n, day, {
            "validate": "date", "criteria": "between", "minimum": first,
            "maximum": date.fromordinal(first.toordinal() + _LATER), "error_type": "warning",
            "error_title": words["columns"]["visited_at"], "error_message": words["bad_date"],
        })  # fmt: skip


def _lines(cells: Mapping[str, str], widths: Mapping[str, float]) -> int:
    """Lines that the longest of some cells takes."""
    return max(
        sum(-(-max(len(part), 1) // int(widths[c] * 1.18)) for part in text.split("\n"))
        for c, text in cells.items()
        if c in widths
    )


def _sheet_name(name: str, taken: set[str]) -> str:
    """A name that Excel allows and no other sheet has."""
    plain = re.sub(r"[\[\]:*?/\\']", " ", name).strip()[:28] or "Desa"
    found, n = plain, 1
    while found.lower() in taken:
        n += 1
        found = f"{plain} {n}"
    taken.add(found.lower())
    return found
