"""Stage 3: which mentions are one person, and which persons live as one household.

Belongs here: coding what rows say of who they are (:mod:`.features`, :mod:`.names`, :mod:`.digits`), candidate
pairs (:mod:`.blocking`), their comparison (:mod:`.compare`), the probabilistic model (:mod:`.model`,
``rules/identity.yaml``), persons (:mod:`.cluster`), households (:mod:`.households`), one record of each
(:mod:`.golden`), and ids that last from month to month (:mod:`.stable`). Not here: cleaning
(:mod:`pipeline.ingest`), what follows for a benefit (:mod:`pipeline.target`).
"""

from pipeline.resolve.stage import resolve

__all__ = ["resolve"]
