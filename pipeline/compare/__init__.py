"""`tepat compare`: two published months against one another: who came in, who left, and why.

Belongs here: ids followed from one month to the other (``succession``), the queries (``queries``), stocks and flows
(``tally``). Not here: what a month says by itself (:mod:`pipeline.report`).
"""

from pipeline.compare.stage import Comparison, compare

__all__ = ["Comparison", "compare"]
