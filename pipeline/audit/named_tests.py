"""``rules/audit.yaml``: tests by the names auditors use, each a set of findings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
from pydantic import Field

from pipeline.errors import Problem, RulesError
from pipeline.rulebook import Card, line_in, read_yaml
from pipeline.target.programs import Text
from pipeline.target.taxonomy import Taxonomy, read_taxonomy


class Finds(Card):
    """Findings of a type, with one of some reasons; all of the type where none is named."""

    type: str
    reasons: tuple[str, ...] = ()

    @property
    def chosen(self) -> pl.Expr:
        """Whether a row of ``findings`` is one of them; an inclusion error may have several reasons."""
        kind = pl.col("finding_type") == self.type
        if not self.reasons:
            return kind
        return kind & (pl.col("reason").str.split(",").list.set_intersection(list(self.reasons)).list.len() > 0)


class NamedTest(Card):
    """One test of an auditor."""

    name: Text
    asks: Text
    finds: Annotated[tuple[Finds, ...], Field(min_length=1)]

    @property
    def chosen(self) -> pl.Expr:
        """Whether a row of ``findings`` answers the test."""
        return pl.any_horizontal(*(f.chosen for f in self.finds))


class AuditRules(Card):
    """``rules/audit.yaml``."""

    sample: Annotated[int, Field(ge=0)]
    tests: Annotated[tuple[NamedTest, ...], Field(min_length=1)]


def read_audit_rules(rules: Path) -> AuditRules:
    """Read ``rules/audit.yaml``.

    Raises:
        RulesError: what is wrong, with its line; also a type or reason that ``findings.yaml`` does not know.
    """
    path = rules / "audit.yaml"
    card, taxonomy = read_yaml(path, AuditRules), read_taxonomy(rules)
    problems = [
        Problem(f"{path}:{line_in(path, 'tests', n, 'finds', k)}", f"rules/findings.yaml has no {unknown}", known)
        for n, test in enumerate(card.tests)
        for k, finds in enumerate(test.finds)
        for unknown, known in _unknown(finds, taxonomy)
    ]
    if problems:
        raise RulesError(*problems)
    return card


def _unknown(finds: Finds, taxonomy: Taxonomy) -> list[tuple[str, str]]:
    kind = taxonomy.types.get(finds.type)
    if kind is None:
        return [(f"type `{finds.type}`", ", ".join(taxonomy.types))]
    return [
        (f"reason `{r}` of {finds.type}", ", ".join(kind.reasons))
        for r in finds.reasons
        if kind.reasons and r not in kind.reasons
    ]
