"""``tepat rules check``: every file under ``rules/`` read by the stage that uses it, and the rules in force as a table.

Belongs here: asking each stage. Not here: what makes a rule wrong (the stage that reads it).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.audit.named_tests import read_audit_rules
from pipeline.cases.field_rules import read_field_rules
from pipeline.dedupe.card import read_card
from pipeline.errors import Problem, RulesError
from pipeline.gate.gate_rules import read_gate_rules
from pipeline.ingest.cards import Cards
from pipeline.ingest.clean import Cleaner
from pipeline.period import Period
from pipeline.purge.retention import read_retention
from pipeline.report.settings import read_report_rules
from pipeline.resolve.settings import read_settings
from pipeline.target import check_rules, rule_rows
from pipeline.validate.cards import read_checks


def check_all(rules: Path) -> list[Problem]:
    """What is wrong in any rule file, all at once; empty where nothing is."""
    today = date.today()
    readers: list[Callable[[], object]] = [
        lambda: Cards.load(rules),
        lambda: Cleaner.load(rules, Period(today.year, today.month)),
        lambda: read_checks(rules),
        lambda: read_settings(rules),
        lambda: read_gate_rules(rules),
        lambda: read_report_rules(rules),
        lambda: read_card(rules),
        lambda: read_field_rules(rules),
        lambda: read_retention(rules),
        lambda: read_audit_rules(rules),
    ]
    problems = check_rules(rules)
    for read in readers:
        try:
            read()
        except RulesError as error:
            problems += error.problems
    return list(dict.fromkeys(problems))


def rules_in_force(rules: Path, on: date, language: str) -> list[dict[str, Any]]:
    """Each condition and bar of each program on a day, with the law beside it."""
    return [
        {"program": r.program, "rule": r.rule, "condition": r.condition, "meaning": r.text, "law": r.law}
        for r in rule_rows(rules, on, language)
    ]
