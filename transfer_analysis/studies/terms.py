"""What the words of a report mean."""

from __future__ import annotations

#: Word → what it means; a report explains those that it uses.
TERMS = {
    "zero-shot": "in the languages besides the source language, in which no task was trained",
    "gain": "the score after an intermediate task minus that of the same run without one, in points",
    "normalised score": "(score − chance) / (score in the source language − chance): 1 where nothing is lost, 0 at chance",
    "cell": "an intermediate task on a target task, its value the mean over seeds and languages",
    "within-target": "computed within each target task, then averaged over targets, so that harder targets do not count as effects",
    "syntactic distance": "URIEL+ distance of the syntax of two languages, from 0 (all known features alike) to 1; a slope is per unit of it",
    "genetic distance": "URIEL+ distance of two languages in the classification of families, from 0 to 1",
    "adjusted for the source language": "runs are compared at the same score in the source language, by analysis of covariance: "
    "a model that has learnt little has little to lose",
    "standard deviations between the runs of a target": "a run's mean score, divided by the standard deviation of those of all runs "
    "of the same model and target over conditions and seeds, so that targets have equal weight",
    "Regret": "what the best of the k chosen intermediate tasks scores less than the best of all, in points",
    "NDCG": "normalised discounted cumulative gain of an order of the intermediate tasks: 1 where the best come first",
    "random selection": "mean and standard deviation (SD) of the same number under all random choices or orders of the same tasks",
    "phylogenetic": "regression over languages whose residuals are correlated as the languages share families and branches of "
    "Glottolog's classification",
    "Holm": "correction over all declared hypotheses, so that the chance of any false one among those supported is below α; "
    "intervals are not corrected",
    "smallest attainable": "the p-value that the most extreme outcome would have had, from so few units",
    "detectable": "the true effect that 80% of such studies would find at an uncorrected 5%, in the unit of the estimate, from the "
    "standard error or the spread of the null; a normal approximation where the null is one of permutations",
    "exploratory": "looked at without having been declared as a test; its p-values are not corrected and carry no claim",
    "adaptation": "how an encoder is trained: as a whole (finetune) or in part",
    "share improved": "the share of gains above zero",
}


def terms_in(text: str) -> list[tuple[str, str]]:
    """Return the words that a text uses and what they mean, in the order of `TERMS`."""
    plain = text.replace("_", " ").lower()
    return [(word, meaning) for word, meaning in TERMS.items() if word.lower() in plain]
