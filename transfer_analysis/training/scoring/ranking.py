"""Ranking: queries of each language among the candidates of all languages together.

(LAReQA, Roy et al. 2020; mAP@20 as in XTREME-R, Ruder et al. 2021.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from transfer_analysis.tasks import Task
from transfer_analysis.training.computing.numerics import Numerics
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.reading.data import Examples
from transfer_analysis.training.reading.ranked import Candidate, Pair, candidates, pairs, query_column
from transfer_analysis.training.reading.tokens import Tokens, candidate_texts, texts
from transfer_analysis.training.scoring.learnt import above
from transfer_analysis.training.scoring.retrieval import Floats, vectors_of

#: What a query asks for: its task, as keys of several sources are not of each other, and its key.
Key = tuple[str, str]

#: How far down the ranking right candidates count.
CUT = 20

#: Queries whose cosines are in memory at once.
_BLOCK = 512


@dataclass(frozen=True)
class Ranked:
    """Queries of one language.

    Attributes
    ----------
    rows
        The row of the split that each query is.
    ranks
        Per query, the ranks of its right candidates in ascending order, counted from 1.
    unknown, cut
        Share of the queries' subwords that the tokenizer does not know, and of the queries that were cut, in per cent.
    pool
        Number of candidates.
    """

    rows: list[str]
    ranks: list[list[int]]
    unknown: float
    cut: float
    pool: int

    def score(self) -> float:
        """Return the mean average precision at 20, in per cent."""
        return 100 * float(np.mean([average_precision(ranks) for ranks in self.ranks]))

    def learnt(self) -> str:
        """Return `yes` where right candidates stand higher than in a random order, beyond the noise of queries, else `no`."""
        precisions = np.array([average_precision(ranks) for ranks in self.ranks])
        guessed = np.array([guessed_precision(len(ranks), self.pool) for ranks in self.ranks])
        return "yes" if above(precisions - guessed, np.ones(len(guessed)), 0.0) else "no"


#: Gives what was made under a key before, or makes it.
Once = Callable[[tuple[str, ...], Callable[[], Tokens]], Tokens]


def rank(
    task: Task,
    groups: Sequence[Sequence[Examples]],
    encoder: Encoder,
    numerics: Numerics,
    max_length: int,
    once: Once = lambda key, make: make(),
) -> list[Ranked]:
    """Return each group's queries, ranked among the candidates of all groups.

    Parameters
    ----------
    groups
        Examples of one language each, from one or several sources. The same candidate in two groups is one.
    once
        Keeps tokens, where the same examples are ranked again with other weights.
    """
    pool: dict[Candidate, set[Key]] = {}
    for part in (part for group in groups for part in group):
        for candidate, named in candidates(part.task, part.records).items():
            pool.setdefault(candidate, set()).update((part.task.name, key) for key in named)
    right: dict[Key, list[int]] = {}
    for number, keys in enumerate(pool.values()):
        for key in keys:
            right.setdefault(key, []).append(number)
    examples = ("candidates", str(max_length), *(part.fingerprint for group in groups for part in group))
    made = once(examples, lambda: candidate_texts(list(pool), encoder, max_length))
    among = vectors_of(task, made, encoder, numerics, pooling=encoder.pooling)
    return [_ranked(task, group, among, right, encoder, numerics, max_length, once) for group in groups]


def average_precision(ranks: Sequence[int], cut: int = CUT) -> float:
    """Return the average precision (0 to 1) of a query whose right candidates stand at `ranks` (ascending, from 1).

    The mean over right candidates of the precision at their rank, those below the cut counting as 0; where there are more
    than the cut has room for, the mean is over as many as it has.
    """
    within = [hit / place for hit, place in enumerate(ranks, start=1) if place <= cut]
    return sum(within) / min(len(ranks), cut)


@cache
def guessed_precision(right: int, pool: int, cut: int = CUT) -> float:
    """Return the average precision at 20 that is expected of a random order of `pool` candidates, `right` of them right.

    The k-th place holds a right one with probability right / pool, and then each place before it with
    (right - 1) / (pool - 1).
    """
    if pool < 2:
        return 1.0
    places = range(1, min(cut, pool) + 1)
    within = sum(right / pool * (1 + (k - 1) * (right - 1) / (pool - 1)) / k for k in places)
    return within / min(right, cut)


def ranks_of(cosines: Floats, right: Sequence[int]) -> list[int]:
    """Return the ranks of right candidates, ascending from 1; of equal cosines the first candidate is ahead."""
    own = np.array(right, dtype=np.int64)[:, None]
    ahead = (cosines > cosines[own]) | ((cosines == cosines[own]) & (np.arange(len(cosines)) < own))
    return sorted((1 + ahead.sum(axis=1)).tolist())


def _ranked(
    task: Task,
    group: Sequence[Examples],
    among: Floats,
    right: dict[Key, list[int]],
    encoder: Encoder,
    numerics: Numerics,
    max_length: int,
    once: Once,
) -> Ranked:
    several = len(group) > 1
    asked = [
        (pair, (part.task.name, pair.key), f"{part.task.name} {row}" if several else row)
        for part in group
        for pair, row in zip(*_queries(part), strict=True)
    ]
    made = once(
        ("queries", str(max_length), *(part.fingerprint for part in group)),
        lambda: texts([pair.query for pair, _, _ in asked], None, encoder, max_length),
    )
    unknown, subwords = made.unknown(encoder)
    queries = vectors_of(task, made, encoder, numerics, pooling=encoder.pooling)
    ranks: list[list[int]] = []
    for start in range(0, len(queries), _BLOCK):
        cosines: npt.NDArray[np.float64] = queries[start : start + _BLOCK] @ among.T
        block = asked[start : start + _BLOCK]
        ranks += [ranks_of(row, right[key]) for row, (_, key, _) in zip(cosines, block, strict=True)]
    return Ranked(
        [row for _, _, row in asked],
        ranks,
        100 * float(unknown.sum()) / max(1, int(subwords.sum())),
        100 * float(made.cut.mean()) if len(made.cut) else 0.0,
        len(among),
    )


def _queries(part: Examples) -> tuple[list[Pair], list[str]]:
    """Return the queries of examples and the row that each is."""
    kept = [number for number, record in enumerate(part.records) if record[query_column(part.task)]]
    return pairs(part.task, [part.records[n] for n in kept]), [part.rows[n] for n in kept]
