"""What cleaning tells about a sheet: unknown words, lost digits, regions read otherwise than written.

Belongs here: the wording, one place for all themes. Texts of cells are masked and cut: a notice is shown on screens.
"""

from __future__ import annotations

import polars as pl

from pipeline.privacy import scrub
from pipeline.tables import NOTICES

_LONGEST = 60


class Notices:
    """Collects the notices of one sheet; the same notice twice adds up its rows."""

    def __init__(self, source_file: str, sheet: str, headings: dict[str, str]) -> None:
        self._where = (source_file, sheet)
        self._headings = headings
        self._rows: dict[tuple[str, str], tuple[int, str]] = {}

    def add(self, code: str, subject: str, n_rows: int, message: str) -> None:
        """One notice about ``n_rows`` rows; nothing where there are none."""
        if n_rows > 0:
            key = (code, scrub(subject)[:_LONGEST])
            seen, _ = self._rows.get(key, (0, ""))
            self._rows[key] = (seen + n_rows, scrub(message))

    def heading(self, column: str) -> str:
        """A column by the heading that the sender wrote."""
        return self._headings.get(column, column)

    def unknown_word(self, column: str, text: str, n_rows: int) -> None:
        """A cell of a coded column that no vocabulary knows."""
        code = "unknown_employment_type" if column == "employment_type" else "unknown_word"
        rules = "employment.yaml" if column == "employment_type" else "words.yaml"
        word = scrub(text)[:_LONGEST]
        self.add(
            code,
            word if column == "employment_type" else f"{self.heading(column)}: {word}",
            n_rows,
            f"column {self.heading(column)}: {word!r} is not known and was left empty; add it to rules/reference/{rules}",
        )

    def frame(self) -> pl.DataFrame:
        """In the shape of :data:`pipeline.tables.NOTICES`, sorted."""
        source_file, sheet = self._where
        rows = [
            {
                "code": code,
                "source_file": source_file,
                "sheet": sheet,
                "subject": subject,
                "n_rows": n,
                "message": message,
            }
            for (code, subject), (n, message) in sorted(self._rows.items())
        ]
        return pl.DataFrame(rows, schema=NOTICES.schema)
