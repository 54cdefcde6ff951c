"""Cleaning: raw cells of a sheet to typed columns, and the rows that cannot be used to quarantine.

Belongs here: what the text of a cell means, by theme (``numbers``, ``dates``, ``names``, ``amounts``, ``words``,
``places``), which rows are accepted (``accept``) and how a sheet is put together (``rows``). Words and spellings
stand in ``rules/reference/``. Not here: reading files and finding headers (:mod:`pipeline.ingest`), judging what is
written (:mod:`pipeline.validate`), or comparing persons (:mod:`pipeline.resolve`).
"""

from pipeline.ingest.clean.reference import Cleaner
from pipeline.ingest.clean.rows import Cleaned, Context, clean, clean_sheets

__all__ = ["Cleaned", "Cleaner", "Context", "clean", "clean_sheets"]
