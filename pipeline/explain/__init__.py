"""The whole story of an id, from the published run back to file, sheet and row.

Belongs here: finding what an id names, gathering all that is published about it, masking it for the reader. Not
here: printing (``cli.py``), judging (:mod:`pipeline.target`).

``story.py`` what an id names and the story as a whole · ``chapters.py`` one query a chapter · ``veil.py`` masking.
"""

from pipeline.explain.story import Story, explain, explain_pair

__all__ = ["Story", "explain", "explain_pair"]
