"""``rules/report.yaml``: what the report protects and how much it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.rulebook import Card, read_yaml

Limit = Annotated[float, Field(gt=0, lt=1)]


class ReportRules(Card):
    """``rules/report.yaml``."""

    smallest_cell: Annotated[int, Field(ge=2)]
    limits: Annotated[tuple[Limit, ...], Field(min_length=1)]
    small_area: Annotated[int, Field(ge=1)]
    most_files: Annotated[int, Field(ge=1)]
    most_timelines: Annotated[int, Field(ge=0)]


def read_report_rules(rules: Path) -> ReportRules:
    """Read ``rules/report.yaml``.

    Raises:
        RulesError: what is wrong, with its line.
    """
    return read_yaml(rules / "report.yaml", ReportRules)
