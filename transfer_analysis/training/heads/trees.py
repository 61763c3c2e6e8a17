"""The best tree over the words of a sentence, from the score of every arc (Edmonds 1967; McDonald et al. 2005)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from transfer_analysis.training.reading.golds import is_tree

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: By how much a second root is worse than any tree with one root, in units of the range of the scores.
_SECOND_ROOT = 10.0


@dataclass(frozen=True)
class Arcs:
    """What a parser says of a row.

    Attributes
    ----------
    scores
        Shape (words, words + 1): of each word, how likely each place is its head (log), the root first.
    relations
        The same shape: the number of the relation that each arc would have.
    """

    scores: npt.NDArray[np.floating[Any]]
    relations: Ints


def parsed(rows: Sequence[Arcs], words: Sequence[Ints], owned: Sequence[npt.NDArray[np.bool_]]) -> list[list[int]]:
    """Return the head (1 for the first word, 0 for the root) and the relation of every word of a sentence: one tree.

    Parameters
    ----------
    rows, words
        The rows that the sentence was read in, and the numbers of the words of each.
    owned
        Which words of each row are taken from it. A head that is in no row with its dependent cannot be chosen.
    """
    count = 1 + max((int(there[-1]) for there in words if len(there)), default=-1)
    scores = np.full((count, count + 1), -np.inf)
    relations = np.zeros((count, count + 1), dtype=np.int64)
    for arcs, there, own in zip(rows, words, owned, strict=True):
        places = np.ix_(there[own], np.concatenate([[0], there + 1]))
        scores[places], relations[places] = arcs.scores[own], arcs.relations[own]
    tree = best_tree(scores)
    return [[int(head), int(relations[word, head])] for word, head in enumerate(tree)]


def best_tree(scores: npt.NDArray[np.floating[Any]]) -> Ints:
    """Return the head of each word (1 for the first, 0 for the root) in the tree of the highest total that has one root.

    Parameters
    ----------
    scores
        Shape (words, words + 1): of each place as a word's head, the root first. A word's score as its own head is not
        looked at.
    """
    count = len(scores)
    if not count:  # a sentence that the tokenizer knows nothing of
        return np.zeros(0, dtype=np.int64)
    own = np.arange(count)
    table = np.full((count + 1, count + 1), -np.inf)
    table[1:] = scores
    table[own + 1, own + 1] = -np.inf
    heads: Ints = table[1:].argmax(axis=1).astype(np.int64)
    if is_tree(heads):  # as most are, once a parser has learnt anything
        return heads
    finite = table[np.isfinite(table)]
    table[1:, 0] -= _SECOND_ROOT * count * max(1.0, float(np.ptp(finite)))
    found: Ints = _arborescence(table)[1:]
    return found


def _arborescence(table: Floats) -> Ints:
    """Return the head of each node in the maximum spanning arborescence of node 0, whose own head is -1.

    Parameters
    ----------
    table
        Shape (nodes, nodes): score of the second node as the head of the first, -inf where it cannot be.
    """
    heads: Ints = table.argmax(axis=1).astype(np.int64)
    heads[0] = -1
    cycle = _cycle(heads)
    if not len(cycle):
        return heads
    rest = np.setdiff1d(np.arange(len(table)), cycle)
    # The cycle becomes one node, the last: a head from outside costs what the cycle loses where it is broken open.
    loss = table[np.ix_(cycle, rest)] - table[cycle, heads[cycle]][:, None]
    entered, left = loss.argmax(axis=0), table[np.ix_(rest, cycle)].argmax(axis=1)
    smaller = np.full((len(rest) + 1, len(rest) + 1), -np.inf)
    smaller[:-1, :-1] = table[np.ix_(rest, rest)]
    smaller[-1, :-1] = loss.max(axis=0)
    smaller[:-1, -1] = table[np.ix_(rest, cycle)].max(axis=1)
    found = _arborescence(smaller)
    outside = found[1:-1]  # heads of the nodes that are neither the root nor the cycle
    inside = outside == len(rest)
    heads[rest[1:]] = np.where(inside, cycle[left[1:]], rest[np.minimum(outside, len(rest) - 1)])
    heads[cycle[entered[found[-1]]]] = rest[found[-1]]
    return heads


def _cycle(heads: Ints) -> Ints:
    """Return the nodes of a cycle among heads; none where there is no cycle."""
    seen = np.zeros(len(heads), dtype=np.int64)
    for start in range(1, len(heads)):
        node = start
        while node > 0 and not seen[node]:
            seen[node] = start
            node = int(heads[node])
        if node > 0 and seen[node] == start:
            found = [node]
            while (node := int(heads[node])) != found[0]:
                found.append(node)
            return np.sort(np.array(found, dtype=np.int64))
    return np.zeros(0, dtype=np.int64)
