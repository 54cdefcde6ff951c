"""Cases: findings in the hands of somebody, with an append-only record of what happened to each.

Belongs here: opening cases from the findings of a month (``opening``) and keeping them as months come and go
(``keeping``), order of work (``priority``), answers from the field (``reading``, ``wording``, ``answers``), decisions
(``deciding``), and the changes proposed to the registry (``corrections``). Not here: the forms an officer fills
(:mod:`pipeline.worklist`), finding anything out (:mod:`pipeline.target`).

``tepat worklist`` opens and keeps cases, not publishing: a run is a function of its files, the same on every machine,
while a case depends on who works in the office, on answers and on the calendar. A run that is published again must
not assign anybody anything.
"""
