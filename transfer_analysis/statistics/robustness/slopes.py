"""How steeply scores and gains fall with the distance of the language, for each condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.keys import RUN
from transfer_analysis.statistics.frames import require_observations, without_overlap
from transfer_analysis.statistics.languages.phylogeny import phylogenetic_regression
from transfer_analysis.statistics.outcome import Alternative, Outcome

Array = npt.NDArray[np.float64]

#: What names a run besides its condition, where the table has it.
_BESIDE_CONDITION = tuple(column for column in RUN if column != "condition")

#: A run's English score must exceed chance by this share of what is above chance to have learnt its task.
LEARNT = 0.05


def run_slopes(
    frame: pd.DataFrame,
    *,
    value: str = "gain",
    distance: str = "language_distance",
    source_language: str = "en",
    adjust: bool = True,
) -> pd.DataFrame:
    """Return the slope of gain, score or normalised score on language distance in each run.

    Parameters
    ----------
    frame
        One row per run and language: `condition`, `language`, `score`, the value and the distance; `target`, `seed`, `model`,
        `adaptation`, `initialisation` and `chance` where there are several.
    value
        `gain`, `score`, or `normalised`: (score − chance) / (English score − chance), for which `chance` is needed.
    source_language
        Its rows are what the slope is adjusted for, and no part of it.
    adjust
        Whether to compare runs at the same English score: a run that has learnt little has a flat slope and is not robust.

    Returns
    -------
    DataFrame
        One row per run: its names, `slope` (in units of the value per unit of distance), `source_score`, `languages`,
        `learnt` (whether the English score exceeds chance by a twentieth of what lies above chance; None without an
        English score), and `adjusted_slope`.

    Raises
    ------
    InputError
        For a column that is not there, runs without a score in the source language where that is needed, or fewer than three
        languages with a distance.

    Notes
    -----
    The slope is that of least squares over languages. Adjusted, it is s_r − γ (E_r − Ē), E_r being the English score
    of run r, Ē the mean over the runs of the same target and model, and γ the slope of s on E within these, over all
    runs (an analysis of covariance; Cochran 1957, Biometrics 13). A description of runs: tests are `slope_difference`
    and `against_random_selection`. Runs that have not learnt have no normalised score.
    """
    keys = ["condition", *(name for name in _BESIDE_CONDITION if name in frame)]
    frame = _checked(frame, keys[1:], value, distance)
    if value == "normalised":
        frame = _normalised(frame, keys, source_language)
    rows = []
    for names, run in frame.groupby(keys, sort=True, observed=True):
        about = dict(zip(keys, names if isinstance(names, tuple) else (names,), strict=True))
        rows.append({**about, **_of_run(run, value, distance, source_language, about)})
    table = pd.DataFrame(rows)
    if adjust:
        table["adjusted_slope"] = _adjusted(table, [k for k in keys if k in ("target", "model", "initialisation")])
    return table


def slope_difference(
    frame: pd.DataFrame,
    one: str | Sequence[str],
    other: str | Sequence[str],
    components: Sequence[Array],
    languages: Sequence[str],
    *,
    value: str = "score",
    distance: str = "language_distance",
    source_language: str = "en",
    alternative: Alternative = "two-sided",
    simulations: int = 1_999,
    seed: int = 0,
) -> Outcome:
    """Return how much flatter one condition's slope on language distance is than another's, over related languages.

    Parameters
    ----------
    frame
        As for `run_slopes`; `normalised` values compare runs at the same score in the source language.
    one, other
        A condition each, or several whose mean counts.
    components
        How the languages are related, from `relatedness`, in the order of `languages`, which are without the source.

    Returns
    -------
    Outcome
        Slope, over languages, of the difference of the two values on the distance: positive where the first falls less
        with distance. Differences are paired by run (target, seed, model) and language; runs that lack one of the
        languages on either side are left out and said. Their residuals are correlated as languages are related.

    Raises
    ------
    InputError
        As `run_slopes`; where no run has all languages on both sides; and what `phylogenetic_regression` raises.

    Notes
    -----
    Δ_l = mean over runs of (y_one − y_other) in language l; Δ = a + b·d + e by `phylogenetic_regression`, whose assumptions it
    has. It asks about languages like these, for these tasks. One condition's own slope is that of its gains.
    """
    keys = [name for name in _BESIDE_CONDITION if name in frame]
    frame = _checked(frame, keys, value, distance)
    if value == "normalised":
        frame = _normalised(frame, ["condition", *keys], source_language)
    rows = frame[frame["language"].isin(languages)].assign(**({} if keys else {"run": ""}))
    keys = keys or ["run"]
    means = [_mean_of(rows, side, value, [*keys, "language"]) for side in (one, other)]
    differences = (means[0] - means[1]).unstack("language").reindex(columns=list(languages))
    complete = differences.dropna()
    if complete.empty:
        lacking = [str(code) for code in differences.columns[differences.isna().all()]] or ["some language each"]
        raise InputError(
            f"no run has both sides in all languages (lacking: {', '.join(lacking)}); leave these languages out"
        )
    away = rows.groupby("language", observed=True)[distance]
    if (away.max() - away.min() > 1e-9).any() or away.first().reindex(languages).isna().any():
        raise InputError(
            f"{distance} is missing for some language, or varies within one; it must be a property of languages"
        )
    called = "normalised score" if value == "normalised" else value
    words = [side if isinstance(side, str) else " + ".join(side) for side in (one, other)]
    outcome = phylogenetic_regression(
        complete.mean().to_numpy(dtype=float),
        away.first().loc[list(languages)].to_numpy(dtype=float),
        components,
        names=(f"the {called} of {words[0]} minus {words[1]}", distance.replace("_", " ")),
        alternative=alternative,
        simulations=simulations,
        seed=seed,
    )
    if len(complete) == len(differences):
        return outcome
    left_out = (
        f"{len(differences) - len(complete)} of {len(differences)} runs left out that lack a language on one side"
    )
    return replace(outcome, warnings=(*outcome.warnings, left_out))


def transfer_gaps(frame: pd.DataFrame, *, value: str = "score", source_language: str = "en") -> pd.DataFrame:
    """Return the transfer gap of each run: its score in the source language less the mean of the others (Hu et al. 2020).

    Returns
    -------
    DataFrame
        One row per run: its names, `source_score`, `others` (mean), `languages` (how many others), `transfer_gap`; NaN where a
        task is not tested in the source language. A run that has learnt nothing has no gap and is not robust: look at
        `source_score`.

    Raises
    ------
    InputError
        For a column that is not there or holds no numbers, or repeated rows.

    Notes
    -----
    g_r = y_r,source − (1/L) Σ_l y_rl (Hu et al. 2020, XTREME). A description; differences of gaps between conditions
    are tested by `paired_contrast` over runs.
    """
    keys = ["condition", *(name for name in _BESIDE_CONDITION if name in frame)]
    require_observations(frame, [*keys, "language"], [value])
    at_home = frame["language"] == source_language
    home = frame[at_home].groupby(keys, observed=True)[value].mean().rename("source_score")
    away = frame[~at_home].groupby(keys, observed=True)[value].agg(others="mean", languages="count")
    table = away.join(home, how="outer").reset_index()
    table["languages"] = table["languages"].fillna(0).astype(int)
    return table.assign(transfer_gap=table["source_score"] - table["others"])[
        [*keys, "source_score", "others", "languages", "transfer_gap"]
    ]


def _checked(frame: pd.DataFrame, keys: list[str], value: str, distance: str) -> pd.DataFrame:
    """Return the rows that count, after a look at all of them."""
    known = ("gain", "score", "normalised")
    if value not in known:
        raise InputError(f"value {value!r}: expected gain, score or normalised{nearest(value, known)}")
    numbers = ["score", distance, *({"gain": ["gain"], "normalised": ["chance"]}.get(value, []))]
    labels = ["condition", *keys, "language", *(["chance"] if value == "normalised" else [])]
    require_observations(frame, labels, numbers)
    return without_overlap(frame)[0]


def _normalised(frame: pd.DataFrame, keys: list[str], source_language: str) -> pd.DataFrame:
    """Add (score − chance) / (score in the source language − chance) of each run; NaN where it has not learnt its task."""
    home = frame[frame["language"] == source_language].groupby(keys, observed=True)["score"].mean().rename("at_home")
    joined = frame.join(home, on=keys)
    if joined["at_home"].isna().any():
        about = dict(zip(keys, joined.loc[joined["at_home"].isna(), keys].iloc[0], strict=True))
        raise InputError(f"{_named(about)}: no score in {source_language}, which a normalised score is a share of")
    above = joined["at_home"] - joined["chance"]
    learnt = above > LEARNT * (100 - joined["chance"])
    return joined.assign(normalised=((joined["score"] - joined["chance"]) / above).where(learnt))


def _of_run(
    run: pd.DataFrame, value: str, distance: str, source_language: str, about: dict[str, object]
) -> dict[str, object]:
    home = run.loc[run["language"] == source_language, "score"]
    source = float(home.mean()) if len(home) else np.nan
    chance = float(run["chance"].iloc[0]) if "chance" in run else 0.0
    learnt = None if np.isnan(source) else bool(source - chance > LEARNT * (100 - chance))
    found: dict[str, object] = {"slope": np.nan, "source_score": source, "languages": 0, "learnt": learnt}
    if value == "normalised" and not learnt:
        return found
    rows = run[(run["language"] != source_language) & run[distance].notna() & run[value].notna()]
    means = rows.groupby("language", observed=True)[[value, distance]].mean()
    if len(means) < 3:
        raise InputError(
            f"{_named(about)}: {len(means)} languages have a {value} and a {distance}, too few for a slope"
        )
    if np.ptp(means[distance]) == 0:
        raise InputError(
            f"{_named(about)}: {distance} is the same in all languages, so it is not a distance between languages"
        )
    x = means[distance].to_numpy(dtype=float) - float(means[distance].mean())
    slope = float(x @ means[value].to_numpy(dtype=float) / (x @ x))
    return {**found, "slope": slope, "languages": len(means)}


def _adjusted(table: pd.DataFrame, within: list[str]) -> pd.Series:
    usable = table.dropna(subset=["slope", "source_score"])
    if len(usable) < 3:
        raise InputError(
            "fewer than three runs have a slope and a score in the source language; compare them without adjustment"
        )
    groups = usable[within].astype(str).agg(":".join, axis=1) if within else pd.Series("", index=usable.index)
    away = usable["source_score"] - usable.groupby(groups)["source_score"].transform("mean")
    slopes = usable["slope"] - usable.groupby(groups)["slope"].transform("mean")
    gamma = float(away @ slopes / (away @ away)) if float(away @ away) > 1e-12 else 0.0
    return (usable["slope"] - gamma * away).reindex(table.index)


def _mean_of(frame: pd.DataFrame, side: str | Sequence[str], value: str, keys: list[str]) -> pd.Series:
    """Return the mean of a side's conditions where all of them are there."""
    conditions = [side] if isinstance(side, str) else list(side)
    known = set(frame["condition"])
    unknown = [f"no condition {c!r}{nearest(c, known)}" for c in conditions if c not in known]
    if unknown:
        raise InputError(unknown)
    rows = frame[frame["condition"].isin(conditions)].dropna(subset=[value])
    means = rows.groupby(["condition", *keys], observed=True)[value].mean().unstack("condition")
    return means.reindex(columns=conditions).mean(axis=1, skipna=False)


def _named(about: dict[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in about.items())
