"""How right the identities of a month are, and what its pairs teach the model.

Belongs here: measuring a published month against judged pairs (``evaluate``), learning the weights again (``train``).
Not here: resolution itself (:mod:`pipeline.resolve`), asking people (``tepat review``).
"""

from pipeline.identity.evaluate import Evaluation, Question, evaluate
from pipeline.identity.train import Training, new_version, train

__all__ = ["Evaluation", "Question", "Training", "evaluate", "new_version", "train"]
