"""What visits teach: how many errors there are, how many of them are flagged, which rules are often right.

Belongs here: drawing verification samples (``drawing``), what the visits found (``visited``), the two-phase estimate
(``estimate``) with its intervals (``intervals``), hit rates of findings (``hits``), and both as one result
(``results``). Not here: how a visit gets onto a worklist and its answer into the events (:mod:`pipeline.cases`).
"""

from pipeline.learn.drawing import Drawn, draw_sample
from pipeline.learn.hits import hit_rates
from pipeline.learn.results import Results, results_of

__all__ = ["Drawn", "Results", "draw_sample", "hit_rates", "results_of"]
