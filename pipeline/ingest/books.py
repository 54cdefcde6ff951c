"""The books of a month: what became of each sheet, and what a person should know about it.

Belongs here: counts and notices. Every row of every sheet is in exactly one count; :meth:`SheetRecord.check` proves it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from pipeline.errors import ConservationError, Problem
from pipeline.ingest.recognise import Reading
from pipeline.tables import NOTICES

NONE: Final = "none"
"""Kind of a sheet that is layout in full."""
_ID_LENGTH: Final = 16


@dataclass
class SheetRecord:
    """What became of a sheet: its line in ``source_files`` in the making."""

    source_file: str
    sheet: str
    sha256: str
    header_in_file: bool = True
    hidden: bool = False
    kind: str = NONE
    reading: Reading | None = None
    programs: set[str | None] = field(default_factory=set)
    total: int = 0
    accepted: int = 0
    quarantined: int = 0
    layout: int = 0

    @property
    def file_id(self) -> str:
        """Hash of the file's content and the sheet's name."""
        return hashlib.sha256(f"{self.sha256}|{self.sheet}".encode()).hexdigest()[:_ID_LENGTH]

    def check(self) -> None:
        """Every row in exactly one place; :class:`ConservationError` otherwise."""
        if self.total != self.accepted + self.quarantined + self.layout:
            raise ConservationError(
                Problem(
                    f"{self.source_file} {self.sheet}".strip(),
                    f"{self.total} rows were read, but {self.accepted} accepted + {self.quarantined} quarantined"
                    f" + {self.layout} layout rows came out",
                    "every row in exactly one of them",
                    "this is an error of the program: please report it with the file's layout",
                )
            )

    def line(self) -> dict[str, Any]:
        """The row of ``source_files``."""
        reading = self.reading
        return {
            "file_id": self.file_id,
            "source_file": self.source_file,
            "sheet": self.sheet,
            "kind": self.kind,
            "program": next(iter(self.programs)) if len(self.programs) == 1 else None,
            "sha256": self.sha256,
            "header_row": reading.header_lines_end if reading and self.header_in_file else None,
            "columns": json.dumps(reading.written_headings if reading else {}, ensure_ascii=False, sort_keys=True),
            "unknown_columns": json.dumps(list(reading.unknown) if reading else [], ensure_ascii=False),
            "rows_total": self.total,
            "rows_accepted": self.accepted,
            "rows_quarantined": self.quarantined,
            "rows_layout": self.layout,
        }


class Notices:
    """Notices of the whole month; the same one from several batches adds up."""

    def __init__(self) -> None:
        self._frames: list[pl.DataFrame] = []

    def add(
        self, code: str, subject: str, message: str, *, about: SheetRecord | None = None, rows: int | None = None
    ) -> None:
        """One notice, about a sheet or the whole month."""
        row = {
            "code": code,
            "source_file": about.source_file if about else "",
            "sheet": about.sheet if about else "",
            "subject": subject,
            "n_rows": rows,
            "message": message,
        }
        self._frames.append(pl.DataFrame([row], schema=NOTICES.schema))

    def extend(self, frame: pl.DataFrame) -> None:
        """Notices of cleaning, in the table's shape."""
        if frame.height:
            self._frames.append(frame)

    def frame(self) -> pl.DataFrame:
        """All notices, each once, sorted."""
        if not self._frames:
            return NOTICES.empty()
        return (
            pl.concat(self._frames)
            .group_by(NOTICES.keys, maintain_order=True)
            .agg(pl.col("n_rows").sum(), pl.col("message").first())
            .sort(NOTICES.keys)
        )

    def about_sheet(self, record: SheetRecord) -> None:
        """What the counts and columns of a finished sheet give reason to say."""
        if record.total == 0:
            self.add("empty_sheet", record.sheet, "nothing is written in it", about=record)
        elif record.kind != NONE and record.accepted + record.quarantined == 0:
            self.add("no_rows", record.sheet, "a header without rows below it", about=record)
        if record.hidden and record.kind != NONE:
            message = "the sheet is hidden; its rows were read like all others"
            self.add("hidden_sheet", record.sheet, message, about=record, rows=record.accepted)
        for heading in record.reading.unknown if record.reading else ():
            self.add(
                "unknown_column",
                heading,
                f"column {heading!r} is not known and was not read; if it matters, add its heading to"
                f" rules/sources/{record.kind}.yaml or name it in sources.yaml",
                about=record,
                rows=record.accepted + record.quarantined,
            )
