"""Targeting measures of any survey or list, apart from the monthly run.

Belongs here: reading the columns of one file, ranks with ties, the measures of the field with their definitions, and
the sampling error of a design. Not here: the registry, programs, rules, published runs.

:func:`incidence` reads a file and answers with :class:`Result`; :func:`measure` does the same for columns in memory.
"""

from pipeline.incidence.measuring import Record, Result, incidence, measure
from pipeline.incidence.survey import Request

__all__ = ["Record", "Request", "Result", "incidence", "measure"]
