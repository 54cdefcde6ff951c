"""The month's visits of each TKSK, on whatever they have: a workbook, a page for the phone, a form on paper.

Belongs here: what stands on a worklist (``document``), and its three forms (``workbook``, ``page``, ``form``),
each of which `tepat outcomes` reads back. Not here: which cases there are and which come first (:mod:`pipeline.cases`).

A worklist holds the kecamatan's own people only, and of them what a visit needs; numbers are masked but recognisable.
"""

from pipeline.worklist.stage import Worklists, make_worklists

__all__ = ["Worklists", "make_worklists"]
