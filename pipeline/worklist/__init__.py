"""The month's visits of each TKSK, on whatever they have: a workbook, a page for the phone, a form on paper.

Belongs here: what stands on a worklist (``document``, ``gathering``; for those who act without a visit ``offices``),
and its three forms: ``workbook`` and ``page``, which `tepat outcomes` reads back, and ``form`` on paper, which the
office types into the workbook. Not here: which cases there are and which come first (:mod:`pipeline.cases`).

A worklist holds the kecamatan's own people only, and of them what a visit needs; numbers are masked but recognisable.
"""

from pipeline.worklist.stage import Worklists, make_worklists

__all__ = ["Worklists", "make_worklists"]
