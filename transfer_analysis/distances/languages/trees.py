"""Distances along a tree of languages of one's own, such as one inferred from word lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import newick
import numpy as np
import pandas as pd

from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.errors import InputError, first_line, nearest
from transfer_analysis.files import read_text, sha256
from transfer_analysis.languages import find, resolve


def tree_distances(path: Path, languages: Sequence[str] | None = None) -> DistanceMatrix:
    """Return the length of the path between languages in a tree, as a share of the longest one.

    Parameters
    ----------
    path
        A tree in Newick format whose nodes are named by codes or names of languages; other names are passed over. Lengths of
        branches are used where every branch below the root has one; else each counts 1.
    languages
        The languages wanted; all of the tree where not given.

    Returns
    -------
    DistanceMatrix
        Symmetric, values in [0, 1].

    Raises
    ------
    InputError
        For what is no tree, a branch of negative length, a language that stands in it twice, or one that it does not have.
    """
    try:
        (root,) = newick.loads(read_text(path, "a tree in Newick format"))
    except ValueError as error:
        raise InputError(f"{path.name}: is not one tree in Newick format: {first_line(error)}") from error
    nodes = [node for node in root.walk() if node is not root]
    measured = bool(nodes) and all(node._length is not None for node in nodes)
    if negative := [node.name for node in nodes if measured and node.length < 0]:
        raise InputError(f"{path.name}: the branch to {negative[0]!r} has a negative length")
    depth: dict[newick.Node, float] = {root: 0.0}
    for node in nodes:  # parents come before their children
        depth[node] = depth[node.ancestor] + (node.length if measured else 1.0)
    places = _places(path, [root, *nodes])
    labels = list(languages) if languages is not None else sorted(places)
    codes = {label: resolve(label).code for label in labels}
    if lacking := [label for label, code in codes.items() if code not in places]:
        raise InputError(
            f"{path.name}: has no language {label!r}{nearest(codes[label], places)}; leave it out" for label in lacking
        )
    lines = [_ancestors(places[codes[label]]) for label in labels]
    values = np.array([[_apart(one, other, depth) for other in lines] for one in lines])
    longest = float(values.max())
    return DistanceMatrix(
        pd.DataFrame(values / longest if longest else values, index=labels, columns=labels),
        kind="tree",
        parameters={
            "file": path.name,
            "sha256": sha256(path),
            "branches": "their lengths" if measured else "1 each",
            "longest path": longest,
        },
    )


def _places(path: Path, nodes: Sequence[newick.Node]) -> dict[str, newick.Node]:
    """Return the node of each language."""
    places: dict[str, newick.Node] = {}
    for node in nodes:
        name = (node.unquoted_name or "").replace("_", " ").strip()
        language = find(name) if name else None
        if language is None:
            continue
        if language.code in places:
            raise InputError(f"{path.name}: {name} stands in the tree twice")
        places[language.code] = node
    if not places:
        raise InputError(f"{path.name}: no node has the code or the name of a language")
    return places


def _ancestors(node: newick.Node) -> list[newick.Node]:
    """Return a node and those above it, from the root down."""
    line = [node]
    while line[-1].ancestor is not None:
        line.append(line[-1].ancestor)
    return line[::-1]


def _apart(one: Sequence[newick.Node], other: Sequence[newick.Node], depth: dict[newick.Node, float]) -> float:
    last = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a is not b), min(len(one), len(other)))
    return depth[one[-1]] + depth[other[-1]] - 2 * depth[one[last - 1]]
