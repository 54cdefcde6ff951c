"""The gate: a pay list, line by line, before the money goes out.

Belongs here: reading one pay list with the readers of ingest (``paylist``), saying who its payees are (``payees``),
what is known against each line (``facts``), the decision by ``rules/gate.yaml`` (``decide``), control totals
(``totals``), the tables ``gate_*`` and four eyes (``ledger``, ``signing``), and the outputs (``lists``, ``page``).
Not here: finding out
who somebody is (:mod:`pipeline.resolve`) or who is eligible (:mod:`pipeline.target`): the gate asks the newest
published run.

A decision is about a line of a list, never about a person: reject means "not on this list until somebody decides".
"""

from pipeline.gate.signing import approve, override
from pipeline.gate.stage import Screened, screen

__all__ = ["Screened", "approve", "override", "screen"]
