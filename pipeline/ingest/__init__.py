"""Ingest: raw files of a month to rows in the shapes of :mod:`pipeline.tables`, none lost.

Belongs here: reading any format (``readers``), recognising what a file is by its headings (``cards``, ``recognise``),
telling data rows from layout (``layout``), cleaning cells (``clean``), and the books that prove that every row went
somewhere (``intake``). Not here: judging what the rows say (:mod:`pipeline.validate`).

The way of a file: ``contents`` (bytes) → ``readers`` (sheets of raw rows) → ``recognise`` (kind and columns) →
``layout`` (data rows) → ``rows`` (named columns) → ``clean`` (typed columns, quarantine) → ``month`` (the stage).
"""

from pipeline.ingest.folder import inputs_hash
from pipeline.ingest.inspection import SheetLook, inspect
from pipeline.ingest.month import ingest

__all__ = ["SheetLook", "ingest", "inputs_hash", "inspect"]
