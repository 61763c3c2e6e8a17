"""A small made-up study to try things on: planted effects, real tasks and languages."""

from __future__ import annotations

import numpy as np
import pandas as pd

from transfer_analysis.distances import DistanceMatrix, language_distances
from transfer_analysis.observations import observe
from transfer_analysis.results import TransferTable
from transfer_analysis.results import gains as gains_of

INTERMEDIATES = ("cosmosqa", "hellaswag", "qqp", "squad", "stsb", "ud-pos-english")
TARGETS = ("xnli", "paws-x", "wikiann")
LANGUAGES = ("en", "ar", "de", "es", "fi", "fr", "hi", "ja", "ru", "sw", "tr", "vi", "zh")
SEEDS = (1, 2, 3)

#: Points that a gain loses over the whole semantic distance, and that a score loses over the whole syntactic one.
_SEMANTIC, _SYNTACTIC = 6.0, 25.0


def example_distances(seed: int = 0) -> DistanceMatrix:
    """Return a made-up distance between the tasks of the example, values between 0 and 1.

    Examples
    --------
    >>> example_distances().columns
    ['xnli', 'paws-x', 'wikiann']
    """
    values = np.random.default_rng(seed).random((len(INTERMEDIATES), len(TARGETS)))
    return DistanceMatrix(pd.DataFrame(values, index=list(INTERMEDIATES), columns=list(TARGETS)), "semantic")


def example_results(seed: int = 0) -> TransferTable:
    """Return made-up results: six intermediate tasks and none, three targets, thirteen languages, three seeds.

    Scores fall with syntactic distance from English, and gains with the semantic distance of the tasks; nothing in them is
    evidence about real tasks.

    Examples
    --------
    >>> len(example_results())
    819
    """
    rng = np.random.default_rng(seed)
    near = example_distances(seed)
    far = language_distances(list(LANGUAGES), "syntactic")
    rows = []
    for target in TARGETS:
        level = rng.uniform(75, 85)
        of_language = {code: level - _SYNTACTIC * far["en", code] + rng.normal() for code in LANGUAGES}
        for task in ("none", *INTERMEDIATES):
            helped = 0.0 if task == "none" else 3 - _SEMANTIC * near[task, target] + rng.normal() / 2
            for run_seed in SEEDS:
                run = rng.normal() / 2
                rows += [
                    (task, target, code, run_seed, of_language[code] + helped + run + rng.normal() / 2)
                    for code in LANGUAGES
                ]
    frame = pd.DataFrame(rows, columns=["condition", "target", "language", "seed", "score"])
    return TransferTable.from_frame(frame.assign(model="example"))


def example_rows(seed: int = 0) -> pd.DataFrame:
    """Return the gains of the made-up results, joined with semantic, syntactic and genetic distances.

    Examples
    --------
    >>> sorted(column for column in example_rows().columns if column.endswith("_distance"))
    ['genetic_distance', 'semantic_distance', 'syntactic_distance']
    """
    kinds = {kind: language_distances(list(LANGUAGES), kind) for kind in ("syntactic", "genetic")}
    gained = gains_of(example_results(seed)).frame
    return observe(gained, task_distances={"semantic": example_distances(seed)}, language_distances=kinds).frame
