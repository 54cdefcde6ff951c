"""Stage 2: checks the accepted rows against ``rules/quality/*.yaml``; nothing here stops a run for single rows.

Belongs here: what each kind of check means to both engines (:mod:`.checks`), the columns that checks need beside
those of the tables (:mod:`.derived`), counting in polars (:mod:`.tally`), the gate by Great Expectations
(:mod:`.gate`), and the page that says what to ask each sender (:mod:`.page`). Not here: reading files
(:mod:`pipeline.ingest`), who is who (:mod:`pipeline.resolve`), what follows for a benefit (:mod:`pipeline.target`).
"""

from pipeline.validate.preload import preload
from pipeline.validate.stage import validate
from pipeline.validate.summary import quality_summary

__all__ = ["preload", "quality_summary", "validate"]
