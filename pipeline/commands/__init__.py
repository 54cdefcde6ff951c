"""The commands, by subject: each with its options, the call into the pipeline, and how its answer is put into words.

Belongs here: parsing and printing. Not here: anything that a library user would want too (the stages), the look of
tables and JSON (:mod:`pipeline.terminal`). Heavy imports stand inside the functions, so that ``tepat --help`` answers
at once; what a command prints in words is made from the same document that ``--json`` prints.

``options.py`` what several commands take · ``month.py`` the run and its stages, the demo · ``sources.py`` a file ·
``stories.py`` an id · ``figures.py`` measures, report, simulation, comparison · ``rules.py`` · ``gate.py`` a pay list ·
``identity.py`` who is who · ``field.py`` worklists and what comes back · ``samples.py`` verification visits ·
``lists.py`` any list or survey · ``audit.py`` verification, the auditor's folder, purge.
"""
