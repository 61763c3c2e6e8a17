"""Scores as numbers on the scale of a transfer table: missing ones, per cent signs, fractions, metrics that fall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.results.importers.asked import Asked
from transfer_analysis.results.importers.numbers import is_marked, whole, with_points
from transfer_analysis.tasks import metrics

#: What stands in cells without a score.
MISSING = (
    *(
        "",
        "-",
        "--",
        "---",
        "–",
        "—",
        "−",
        "/",
        "?",
        "…",
        "...",
        "na",
        "n/a",
        "n.a.",
        "n.a",
        "nan",
        "none",
        "null",
        "<na>",
    ),
    *("#n/a", "#na", "#div/0!", "#value!", "#ref!", "#num!", "#null!"),
)

#: Other fields of decimal numbers, all of them shares.
_DECIMALS = ("majority", "unknown_tokens", "inputs_cut")


def is_missing(value: object) -> bool:
    """Whether a cell stands for a score that is not there."""
    if isinstance(value, str):
        return value.strip().casefold() in MISSING
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def scored(frame: pd.DataFrame, at: Sequence[str], asked: Asked) -> tuple[pd.DataFrame, Sequence[str], list[str]]:
    """Return a table with its scores as numbers, where each row stands, and what was done.

    Raises
    ------
    InputError
        For missing scores, unless rows without one are to be left out.
    """
    # Most scores are numbers as they stand; only the others are looked at one by one.
    odd = frame["score"][pd.to_numeric(frame["score"], errors="coerce").isna()]
    missing = pd.Series(False, index=frame.index)
    missing[odd.index] = odd.map(is_missing).astype(bool)
    notes = []
    if missing.any():
        if not asked.skip_missing:
            shown = [at[i] for i in missing.index[missing]]
            more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
            raise InputError(
                f"{len(shown)} scores are missing ({', '.join(shown[:3])}{more}): leave their rows out with --skip-missing"
            )
        notes.append(f"{int(missing.sum())} rows without a score left out")
        at = [place for place, gone in zip(at, missing, strict=True) if not gone]
        odd = odd[~missing[odd.index]].set_axis((~missing).cumsum()[odd.index[~missing[odd.index]]] - 1)
        frame = frame[~missing].reset_index(drop=True)
    text = odd.map(lambda value: value.strip() if isinstance(value, str) else value).astype(object)
    marked = [i for i, value in text.items() if isinstance(value, str) and is_marked(value)]
    if marked:
        more = f", and {len(marked) - 1} more like it" if len(marked) > 1 else ""
        raise InputError(
            f"{at[marked[0]]}: score {text[marked[0]]!r} has more than a number in it{more}: leave out deviations and marks (± 0.3, *, "
            "**), and give each seed a row of its own where you have them"
        )
    with_sign = text.map(lambda value: isinstance(value, str) and value.endswith("%")).astype(bool)
    signs = pd.Series(False, index=frame.index)
    signs[with_sign.index] = with_sign
    if signs.any():
        notes.append(f"{int(signs.sum())} scores read as per cent, by their sign")
        frame = frame.assign(flag=_flag(frame).where(~signs, "percent"))
    scores, commas = with_points(frame["score"], _shares(frame), "score")
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
        frame = _times_100(frame, ~signs & _shares(frame))
    return frame, at, notes


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
            frame = _times_100(frame, rows)
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


def _times_100(frame: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    # A score that is not a number stays as it is: the table's own check names its row and value.
    scores = (pd.to_numeric(frame["score"], errors="coerce") * 100).round(10)
    return frame.assign(score=frame["score"].astype(object).where(~rows | scores.isna(), scores))


def _shares(frame: pd.DataFrame) -> pd.Series:
    """Return which rows have a metric that may be given as a fraction."""
    own = {name for name, metric in metrics().items() if not metric.is_share}
    return ~frame["metric"].astype(str).isin(own)


def _flag(frame: pd.DataFrame) -> pd.Series:
    return frame["flag"] if "flag" in frame else pd.Series("", index=frame.index, dtype=object)
