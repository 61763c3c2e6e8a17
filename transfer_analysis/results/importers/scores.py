"""Scores as numbers on the scale of a transfer table: missing ones, per cent signs, fractions, metrics that fall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.results.importers.asked import Asked, Rows
from transfer_analysis.results.importers.numbers import is_marked, whole, with_points
from transfer_analysis.tasks import metrics

#: What stands in cells without a score.
MISSING = frozenset(
    ["", *["-", "--", "---", "–", "—", "−", "/", "?", "…", "...", "na", "n/a", "n.a.", "n.a", "nan", "none", "null", "<na>"], *["#n/a", "#na", "#div/0!", "#value!", "#ref!", "#num!", "#null!"]]
)  # fmt: skip

#: Other fields of decimal numbers, all of them shares.
_DECIMALS = ("majority", "unknown_tokens", "inputs_cut")


def is_missing(value: object) -> bool:
    """Whether a cell stands for a score that is not there."""
    if isinstance(value, str):
        return value.strip().casefold() in MISSING
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def scored(frame: pd.DataFrame, at: Sequence[str], asked: Asked) -> Rows:
    """Return a table with its scores as numbers.

    Raises
    ------
    InputError
        For missing scores, unless rows without one are to be left out; for scores with more than a number in them, and for
        numbers that could be two.
    """
    kept = _without_missing(frame, at, asked)
    frame, notes = kept.frame, list(kept.notes)
    # Most scores are numbers as they stand; only the others are looked at one by one.
    text = _odd(frame["score"]).map(lambda value: value.strip() if isinstance(value, str) else "").astype(object)
    _refuse_marked(text, kept.at)
    signs = pd.Series(False, index=frame.index)
    signs[text.index] = text.map(lambda value: value.endswith("%")).astype(bool)
    if signs.any():
        notes.append(f"{int(signs.sum())} scores read as per cent, by their sign")
        frame = frame.assign(flag=_flag(frame).where(~signs, "percent"))
    scores, commas = with_points(frame["score"], are_shares(frame), "score")
    frame = frame.assign(score=scores)
    for field in _DECIMALS:
        if field in frame:
            values, others = with_points(frame[field], pd.Series(True, index=frame.index), field)
            frame, commas = frame.assign(**{field: values}), commas or others
    if commas:
        notes.append("decimal commas read in score")
    if "n_examples" in frame:
        frame = frame.assign(n_examples=whole(frame["n_examples"], commas))
    if asked.fractions:
        frame = times_100(frame, ~signs & are_shares(frame))
    return Rows(frame, kept.at, notes, kept.left_out)


def _odd(cells: pd.Series) -> pd.Series:
    """Return the cells that are no numbers as they stand."""
    return cells[pd.to_numeric(cells, errors="coerce").isna()]


def _without_missing(frame: pd.DataFrame, at: Sequence[str], asked: Asked) -> Rows:
    """Return the rows that have a score; refuse others unless they are to be left out."""
    odd = _odd(frame["score"])
    gone = odd.index[odd.map(is_missing).astype(bool)]
    if gone.empty:
        return Rows(frame, at)
    if not asked.skip_missing:
        more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
        raise InputError(
            f"{len(gone)} scores are missing ({', '.join(at[i] for i in gone[:3])}{more}): leave their rows out with --skip-missing"
        )
    left = frame.drop(index=gone)
    said = [f"{len(gone)} rows without a score left out"]
    return Rows(left.reset_index(drop=True), [at[i] for i in left.index], left_out=said)


def _refuse_marked(cells: pd.Series, at: Sequence[str]) -> None:
    marked = [i for i, value in cells.items() if is_marked(value)]
    if not marked:
        return
    more = f", and {len(marked) - 1} more like it" if len(marked) > 1 else ""
    raise InputError(
        f"{at[marked[0]]}: score {cells[marked[0]]!r} has more than a number in it{more}: leave out deviations and marks (± 0.3, *, "
        "**), and give each seed a row of its own where you have them"
    )


def on_scales(frame: pd.DataFrame, scales: Mapping[str, str], where: str) -> pd.DataFrame:
    """Return scores as per cent where it was said of a target, or of a target and a model, what they are.

    Raises
    ------
    InputError
        For a scale that is none, or what no row has.
    """
    for name, scale in scales.items():
        target, _, model = name.partition("/")
        rows = frame["target"].astype(str) == target
        if model and "model" in frame:
            rows &= frame["model"].astype(str) == model
        if scale not in ("fraction", "percent") or not rows.any():
            wrong = "fraction or percent" if scale not in ("fraction", "percent") else "a target of the file"
            more = ", or TARGET/MODEL" if wrong.startswith("a target") else ""
            raise InputError(f"{where}: --scale {name}={scale}: expected {wrong}{more}")
        if scale == "fraction":
            frame = times_100(frame, rows)
        else:
            frame = frame.assign(flag=_flag(frame).where(~rows, "percent"))
    return frame


def turned(frame: pd.DataFrame, where: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the scores of metrics of which less is better with their sign turned, so that more is better everywhere.

    Scores that are negative already stay as they are: they were turned before.

    Raises
    ------
    InputError
        Where a metric has scores of both signs.
    """
    notes = []
    for name in frame["metric"].unique():
        metric = metrics().get(str(name))
        if metric is None or metric.better == "higher":
            continue
        rows = frame["metric"] == name
        scores = pd.to_numeric(frame.loc[rows, "score"], errors="coerce")
        if (scores > 0).any() and (scores < 0).any():
            raise InputError(
                f"{where}: {name} has scores of both signs ({scores.min():g} to {scores.max():g}); less is better of it, so "
                "give all as published, or all with their sign turned"
            )
        if (scores > 0).any():
            values = frame["score"].astype(object).copy()
            values[rows] = (-scores.astype(float)).where(scores.notna(), values[rows])
            frame = frame.assign(score=values)
            notes.append(f"{name}: less is better, so its scores are kept with their sign turned")
    return frame, notes


def times_100(frame: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """Return a frame with some of its scores as per cent, which were fractions."""
    # A score that is not a number stays as it is: the table's own check names its row and value.
    scores = (pd.to_numeric(frame["score"], errors="coerce") * 100).round(10)
    return frame.assign(score=frame["score"].astype(object).where(~rows | scores.isna(), scores))


def are_shares(frame: pd.DataFrame) -> pd.Series:
    """Return which rows have a metric that may be given as a fraction."""
    own = {name for name, metric in metrics().items() if not metric.is_share}
    return ~frame["metric"].astype(str).isin(own)


def _flag(frame: pd.DataFrame) -> pd.Series:
    return frame["flag"] if "flag" in frame else pd.Series("", index=frame.index, dtype=object)
