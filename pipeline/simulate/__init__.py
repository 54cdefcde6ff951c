"""What if the rules were others: who would enter and leave, where, and what it would cost.

Belongs here: reading the question (``pkh.desil_max=3``), asking it of a published run, comparing before and after, a
page with charts. Not here: the evaluation of rules, which is that of the month (:mod:`pipeline.target`). Nothing is
published, and the lists of who is served stay as they are.
"""

from pipeline.simulate.question import Question, Range
from pipeline.simulate.simulation import Simulation, simulate

__all__ = ["Question", "Range", "Simulation", "simulate"]
