"""Any list of people, outside the monthly run: who stands on it twice, or on both of two lists."""

from __future__ import annotations

from pipeline.dedupe.stage import Deduped, Request, Score, dedupe, parse_maps

__all__ = ["Deduped", "Request", "Score", "dedupe", "parse_maps"]
