"""What names a score and what names a run, as columns of the transfer table; used wherever either is told apart."""

from __future__ import annotations

#: What one score is a score of. A repeated key is an error.
KEY = (
    "model",
    "adaptation",
    "initialisation",
    "condition",
    "target",
    "source_language",
    "language",
    "split",
    "checkpoint",
    "seed",
    "metric",
)

#: What one trained model is: the key without what it is scored on.
RUN = tuple(column for column in KEY if column not in ("language", "split", "metric"))
