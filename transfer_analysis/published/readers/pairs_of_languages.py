"""Tables of pairs of languages: scores and distances, as matrices or in long form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.published.readers.tables import read_frame


def _matrix(path: Path, sep: str) -> pd.DataFrame:
    """Return a matrix with a row for each label of the first column."""
    frame = read_frame(path, sep=sep)
    return frame.set_index(frame.columns[0])


def treebanks(places: Mapping[str, Path], *, scores: str, distances: Mapping[str, str]) -> pd.DataFrame:
    """Read scores and distances of pairs of UD treebanks: a row per source, a column per target.

    Parameters
    ----------
    scores
        The file of scores.
    distances
        Name → file of the same shape.

    Returns
    -------
    DataFrame
        `source`, `target` (treebanks, in the order of the file), `source_language`, `language`, `score`, and the distances. A
        treebank with itself has no score.
    """
    files = {"score": scores, **distances}
    columns = {}
    for name, file in files.items():
        matrix = _matrix(places[file], "\t")
        matrix.columns.name, matrix.index.name = "target", "source"
        columns[name] = matrix.stack()
    frame = pd.DataFrame(columns).reset_index()
    if frame[list(files)].isna().to_numpy().any():
        raise InputError(f"{scores}: some of {', '.join(distances.values())} have other treebanks")
    named = {side: frame[side].str.removeprefix("UD_").str.partition("-")[0] for side in ("source", "target")}
    score = frame["score"].where(frame["source"] != frame["target"])
    return frame.assign(score=score, source_language=named["source"], language=named["target"])


def retrieval(
    places: Mapping[str, Path], *, predictors: str, outcomes: str, distance: str, models: list[str], negated: list[str]
) -> pd.DataFrame:
    """Read sentence retrieval between languages, a row for each pair of languages and model.

    Parameters
    ----------
    predictors, outcomes
        The files of what is known of pairs, and of what was measured on them.
    distance
        The distance of two languages that is kept, with the name of its column.
    negated
        Outcomes of which less is better, which change their sign.

    Returns
    -------
    DataFrame
        `model`, `first`, `second`, `unseen` (neither language has parallel text in that model's training), the distance, and the
        outcomes by their names without the model's.
    """
    known = read_frame(places[predictors], ("Language pair", distance)).set_index("Language pair")
    measured = read_frame(places[outcomes], ("Language pair",)).set_index("Language pair")
    both = _sides(list(measured.index), places[outcomes].name)
    beside = known.reindex(measured.index)
    parts = []
    for model in models:
        names = {column: column.partition(" (")[0] for column in measured if column.endswith(f" ({model}, average)")}
        own = measured[list(names)].rename(columns=names)
        own = own.assign(**{column: -own[column] for column in negated}, **{distance: beside[distance]})
        parts.append(own.assign(model=model, **both, unseen=beside[f"Combined sentences ({model})"] == 0))
    return pd.concat(parts, ignore_index=True)


def _sides(texts: list[str], where: str) -> dict[str, list[str]]:
    """Return the two languages of each `Name-Name`; names have hyphens of their own, but only names stand in many pairs."""
    splits = [[(text[:at], text[at + 1 :]) for at, sign in enumerate(text) if sign == "-"] for text in texts]
    counts = Counter(side for split in splits for pair in split for side in pair)
    others = round(((1 + 8 * len(texts)) ** 0.5 - 1) / 2)  # n languages make n (n - 1) / 2 pairs
    found = []
    for text, split in zip(texts, splits, strict=True):
        named = [pair for pair in split if min(counts[side] for side in pair) >= others]
        if len(named) != 1:
            raise InputError(f"{where}: {text!r} is no pair of languages, or some pairs of theirs are missing")
        found.append(named[0])
    return {"first": [pair[0] for pair in found], "second": [pair[1] for pair in found]}


def overlaps(places: Mapping[str, Path], *, scores: str, overlap: str) -> pd.DataFrame:
    """Read scores of named-entity recognition and how many tokens of entities two languages share.

    Returns
    -------
    DataFrame
        `source`, `target`, `score`, `overlap` (tokens of the target's data that the source's have), and `transposed`: the overlap
        of the same two languages read the other way round, as the authors' script does.
    """
    table = _matrix(places[scores], ",")
    table.columns = [str(column).partition(" ")[0] for column in table.columns]
    table.index = [str(row).partition(" ")[0] for row in table.index]
    shared = _matrix(places[overlap], ",")
    rows = [
        {
            "source": s,
            "target": t,
            "score": table.loc[s, t],
            "overlap": shared.loc[t, s],
            "transposed": shared.loc[s, t],
        }
        for s in table.index
        for t in table.columns
        if s != t
    ]
    return pd.DataFrame(rows)
