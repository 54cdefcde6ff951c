"""A list that broke off on its way: its last line is not whole, and must not be read as if it were.

Belongs here: telling by a text file's last line whether something is missing from it. Workbooks need none of this: one
that broke off does not open.
"""

from __future__ import annotations

import csv
import re
from typing import Final

from pipeline.cases.printed import MARK_FORM
from pipeline.cases.wording import Wording
from pipeline.ingest.contents import Contents, Format
from pipeline.ingest.recognise import Reading
from pipeline.ingest.text import separator_of

_WHOLE_DAY: Final = r"(?:^|\D)\d{4}$|^\d{4}\D\d{1,2}\D\d{2}|^\d{8}$"
"""A day to which no digit can be missing: the year at the end, or two digits of a day."""


def broken_off(contents: Contents, reading: Reading, wording: Wording) -> int | None:
    """Row number of a last line that may not be whole; None where nothing is missing.

    A line that ends as lines end is whole. One that does not is so where it has as many cells as the lines before it,
    no quotation mark is open, and its last cell cannot go on and then mean something else.
    """
    if contents.format is not Format.TEXT:
        return None
    text = contents.path.read_bytes().decode(contents.encoding, errors="replace")
    if text.endswith(("\n", "\r")):
        return None
    records = list(csv.reader(text.splitlines(keepends=True), delimiter=separator_of(contents)))
    header = reading.header_row or 0
    if len(records) <= header or not re.search(r"\w", "".join(records[-1])):
        return None
    lines = [record for record in records[header:-1] if record]
    cells = min(map(len, lines)) if lines else max(reading.headings) + 1
    whole = len(records[-1]) >= cells and text.count('"') % 2 == 0 and _is_whole(records[-1], reading, wording)
    return None if whole else len(records)


def _is_whole(record: list[str], reading: Reading, wording: Wording) -> bool:
    """Whether the last cell of a line cannot go on and then mean something else."""
    column = next((c for c, j in reading.columns.items() if j == len(record) - 1), None)
    last = record[-1].strip()
    if column == "visited_at":
        return not last or re.search(_WHOLE_DAY, last) is not None
    if column == "worklist":
        return re.search(MARK_FORM, last.lower()) is not None
    return column != "outcome" or not wording.goes_on(last)
