"""The report of a month: one page to read, one page to sign, and the numbers behind both as CSV.

Belongs here: choosing figures from what is published, protecting small cells, writing page, paper and CSV. Not here:
how pages and pictures look (:mod:`pipeline.look`), how measures are defined (:mod:`pipeline.target.measures`).

``queries.py`` every figure as a named query · ``suppress.py`` small cells, and those that would give them away ·
``cells.py`` which cells there are and how they add up · ``figures.py`` tables and pictures · ``verdict.py`` the
month in words · ``page.py`` HTML and CSV · ``paper.py`` PDF. No name and no number of a person is ever read.
"""

from pipeline.report.stage import Report, report

__all__ = ["Report", "report"]
