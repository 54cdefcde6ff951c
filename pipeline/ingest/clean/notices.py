"""What cleaning tells about a sheet: unknown words, lost digits, regions read otherwise than written.

Belongs here: the wording, one place for all themes. Texts of cells are masked and cut: a notice is shown on screens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from pipeline.privacy import scrub
from pipeline.tables import NOTICES

_LONGEST = 60


class Notices:
    """Collects the notices of some sheets; the same notice twice adds up its rows.

    Args:
        sheets: name of the file, name of the sheet, and canonical column → heading as written, of each sheet.
    """

    def __init__(self, sheets: Sequence[tuple[str, str, dict[str, str]]]) -> None:
        self._sheets = sheets
        self._rows: dict[tuple[str, int, str], tuple[int, str]] = {}

    def add(self, code: str, origin: int, subject: str, n_rows: int, message: str) -> None:
        """One notice about ``n_rows`` rows of a sheet."""
        key = (code, origin, scrub(subject)[:_LONGEST])
        seen, _ = self._rows.get(key, (0, ""))
        self._rows[key] = (seen + n_rows, scrub(message))

    def count(self, code: str, column: str, hits: pl.Series, origin: pl.Series, message: str) -> None:
        """One notice a sheet about the rows where ``hits`` is true."""
        if not hits.any():
            return
        for sheet, n_rows in sorted(Counter(origin.filter(hits).to_list()).items()):
            self.add(code, sheet, self._heading(sheet, column), n_rows, message)

    def unknown_words(self, column: str, texts: pl.Series, origin: pl.Series, unknown: set[str]) -> None:
        """Cells of a coded column that no vocabulary knows."""
        if not unknown:
            return
        employment = column == "employment_type"
        code, rules = ("unknown_employment_type", "employment") if employment else ("unknown_word", "words")
        strange = pl.DataFrame({"text": texts, "origin": origin}).filter(pl.col("text").is_in(sorted(unknown)))
        for (text, sheet), n_rows in sorted(Counter(strange.iter_rows()).items()):
            word, heading = scrub(text)[:_LONGEST], self._heading(sheet, column)
            message = f"column {heading}: {word!r} is not known and was left empty; see rules/reference/{rules}.yaml"
            self.add(code, sheet, word if employment else f"{heading}: {word}", n_rows, message)

    def _heading(self, origin: int, column: str) -> str:
        """A column by the heading that the sender wrote."""
        return self._sheets[origin][2].get(column, column)

    def frame(self) -> pl.DataFrame:
        """In the shape of :data:`pipeline.tables.NOTICES`, sorted."""
        rows = [
            (code, *self._sheets[origin][:2], subject, n_rows, message)
            for (code, origin, subject), (n_rows, message) in self._rows.items()
        ]
        return pl.DataFrame(sorted(rows), schema=NOTICES.schema, orient="row")
