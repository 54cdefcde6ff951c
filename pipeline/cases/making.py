"""Events in the making: frames of them gathered in the order in which they happen.

Belongs here: the shape of an event before it is sealed, and that every change of state is an allowed one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from pipeline.cases.field_rules import FieldRules
from pipeline.errors import Problem, Refused
from pipeline.tables import CASE_EVENTS

SYSTEM: Final = "tepat"
"""Actor of what follows from data alone."""
_SEALED: Final = ("at", "previous_hash", "hash")
SCHEMA: Final = pl.Schema({c: t for c, t in CASE_EVENTS.schema.items() if c not in _SEALED})


@dataclass
class Making:
    """Events to be written together; ``common`` holds what all of them say (period, run_id, actor)."""

    rules: FieldRules
    common: dict[str, str | None]
    frames: list[pl.DataFrame] = field(default_factory=list)

    def add(self, event: str, rows: pl.DataFrame, **columns: pl.Expr | str | None) -> None:
        """Events of one kind, one a row of ``rows``: ``case_id``, and ``finding_key`` where it is about a finding, are
        taken from there; all else is as given, or null."""
        if rows.is_empty():
            return
        about = ["case_id", "finding_key"] if event.startswith("finding_") else ["case_id"]
        given: dict[str, pl.Expr | str | None] = {
            "event": event, **self.common, **{c: pl.col(c) for c in about}, **columns,
        }  # fmt: skip
        exprs = []
        for name, dtype in SCHEMA.items():
            value = given.get(name)
            exprs.append((value if isinstance(value, pl.Expr) else pl.lit(value, pl.String)).cast(dtype).alias(name))
        made = rows.select(exprs)
        self._refuse_impossible(made)
        self.frames.append(made)

    def _refuse_impossible(self, made: pl.DataFrame) -> None:
        steps = made.select("from_state", "to_state").drop_nulls("to_state").unique()
        for before, after in steps.iter_rows():
            if before is not None and not self.rules.may_become(before, after):
                raise Refused(
                    Problem("rules/field.yaml", f"a case may not go from {before} to {after}", "see `states` there")
                )

    def rows(self) -> pl.DataFrame:
        """All events, in order."""
        return pl.concat([SCHEMA.to_frame(eager=True), *self.frames])
