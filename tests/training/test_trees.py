"""The best tree, beside networkx and beside all trees there are."""

from __future__ import annotations

from itertools import product

import networkx
import numpy as np
import pytest
from transfer_analysis.training.heads.trees import best_tree
from transfer_analysis.training.reading.golds import is_tree


def total(scores, heads):
    return scores[np.arange(len(scores)), heads].sum()


@pytest.mark.parametrize("words", [1, 2, 3, 4, 5])
def test_no_tree_with_one_root_scores_higher(words):
    rng = np.random.default_rng(words)
    trees = [np.array(heads) for heads in product(range(words + 1), repeat=words) if is_tree(np.array(heads))]
    # Cayley: (n + 1)^(n - 1) trees hang on a root; those with one child of the root are n^(n - 1).
    assert len(trees) == words ** (words - 1)
    for _ in range(60):
        scores = rng.normal(size=(words, words + 1)).round(int(rng.integers(4)))
        found = best_tree(scores)
        assert is_tree(found)
        assert total(scores, found) == pytest.approx(max(total(scores, tree) for tree in trees))


@pytest.mark.parametrize("words", [8, 25, 60])
def test_the_arborescence_is_that_of_networkx(words):
    rng = np.random.default_rng(0)
    for _ in range(4):
        scores = rng.normal(size=(words, words + 1))
        graph = networkx.DiGraph()
        for word in range(1, words + 1):
            for head in range(words + 1):
                if head != word:
                    graph.add_edge(head, word, weight=scores[word - 1, head] - (1000.0 if head == 0 else 0.0))
        theirs = {word: head for head, word in networkx.maximum_spanning_arborescence(graph).edges}
        assert best_tree(scores).tolist() == [theirs[word] for word in range(1, words + 1)]


def test_a_tree_has_one_root_and_no_cycle():
    for heads, tree in (([0], True), ([1], False), ([2, 0], True), ([0, 0], False), ([2, 1, 0], False), ([], False)):
        assert is_tree(np.array(heads, dtype=np.int64)) is tree
    assert is_tree(np.array([0, *range(1, 70)]))
    assert not is_tree(np.array([0, 3, 4, 5, 2, 1]))


def test_no_words_make_no_tree():
    assert best_tree(np.zeros((0, 1))).tolist() == []


def test_impossible_arcs_are_not_taken():
    """What a parser rules out scores -1e9; the tree goes round it."""
    scores = np.full((3, 4), -1e9)
    scores[0, 0], scores[1, 1], scores[2, 2], scores[1, 3] = 0.0, -5.0, -1.0, -0.5
    assert best_tree(scores).tolist() == [0, 1, 2]
