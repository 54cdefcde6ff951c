"""Signs in card use and recipients lists that somebody else may be holding the cards: indications, never a verdict.

Belongs here: screening the transactions and the numbers on the recipients lists of one month. Not here: who is who
(:mod:`pipeline.resolve`), what is made of a signal (:mod:`pipeline.target`).
"""

from pipeline.misuse.screening import screen

__all__ = ["screen"]
