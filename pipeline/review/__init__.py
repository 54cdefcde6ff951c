"""Clerical review: people look at pairs of rows that a run left open, and their word is obeyed by every later run.

Belongs here: choosing the pairs, showing them, taking judgements in the terminal or in a workbook, keeping them. Not
here: what a judgement does to a run (:mod:`pipeline.resolve.judgements`), how several words become one verdict
(:mod:`pipeline.verdicts`).

``choice.py`` which pairs are asked for · ``pairs.py`` finding them, most informative first ·
``sides.py`` what is shown of a pair · ``keeping.py`` judgements into the database ·
``session.py`` one pair after the other · ``screen.py`` keys and the look of the terminal ·
``form.py`` the workbook · ``returned.py`` the workbook as it came back.
"""

from pipeline.review.choice import Choice
from pipeline.review.form import export_pairs
from pipeline.review.returned import import_pairs
from pipeline.review.screen import review_in_terminal

__all__ = ["Choice", "export_pairs", "import_pairs", "review_in_terminal"]
