"""Scores of extracted answers, as the official scorers of SQuAD and MLQA compute them.

Both lower the case, remove punctuation and articles, and compare words. MLQA (Lewis et al. 2020) removes the articles of
each of its languages and parts Chinese into characters; SQuAD (Rajpurkar et al. 2016, 2018) removes English articles and
parts at white space. XQuAD and TyDiQA-GoldP are scored as SQuAD is, in every language.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections import Counter
from functools import cache
from typing import Literal

Scorer = Literal["squad", "mlqa"]

_ARTICLES = {
    "en": r"\b(a|an|the)\b",
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "ar": r"\sال^|ال",
}

_CHINESE = re.compile(r"[\u4e00-\u9fa5]")


def normalized(answer: str, scorer: Scorer, language: str) -> list[str]:
    """Return the words of an answer that count."""
    text = answer.lower()
    if scorer == "squad":
        text = "".join(c for c in text if c not in string.punctuation)
        return re.sub(_ARTICLES["en"], " ", text).split()
    text = "".join(c for c in text if c not in _punctuation())
    if language in _ARTICLES:
        text = re.sub(_ARTICLES[language], " ", text)
    if language == "zh":
        text = _CHINESE.sub(lambda match: f" {match.group()} ", text)
    return text.split()


def answer_scores(
    prediction: str, golds: list[str], scorer: Scorer = "squad", language: str = "en", no_answer: bool = False
) -> tuple[float, float]:
    """Return F1 and exact match (0 to 1) of a prediction, each the best over the gold answers.

    With `no_answer` (SQuAD v2), an empty prediction says that there is no answer, and so does an empty list of gold
    answers; gold answers of which nothing is left are not counted. Without it (SQuAD v1.1, MLQA), what has no word in
    common has an F1 of 0, even where nothing is left on either side.
    """
    words = normalized(prediction, scorer, language)
    references = [normalized(gold, scorer, language) for gold in golds]
    if no_answer:
        references = [reference for reference in references if reference] or [[]]
    f1 = max(_f1(words, reference, no_answer) for reference in references)
    return f1, float(words in references)


def _f1(words: list[str], reference: list[str], no_answer: bool) -> float:
    if not words or not reference:
        return float(no_answer and words == reference)
    shared = sum((Counter(words) & Counter(reference)).values())
    return 2 * shared / (len(words) + len(reference))


@cache
def _punctuation() -> frozenset[str]:
    every = (chr(i) for i in range(sys.maxunicode))
    return frozenset(c for c in every if unicodedata.category(c).startswith("P")) | frozenset(string.punctuation)
