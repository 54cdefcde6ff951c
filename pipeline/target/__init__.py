"""From persons and households to what somebody must look at.

Belongs here: facts, benefits, eligibility by the rules of the programs, findings with their evidence, what became of
last month's findings, and measures. Not here: who is who (:mod:`pipeline.resolve`), card use (:mod:`pipeline.misuse`),
what is done about a finding.
"""

from pipeline.target.checking import RuleRow, check_rules, rule_rows
from pipeline.target.examples import Outcome, run_examples
from pipeline.target.stage import target

__all__ = ["Outcome", "RuleRow", "check_rules", "rule_rows", "run_examples", "target"]
