"""Gains: a score minus the score of the same model without an intermediate task."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.keys import KEY
from transfer_analysis.results.table import TransferTable

_CELL = [c for c in KEY if c not in ("seed",)]
_BASELINE = [c for c in KEY if c not in ("seed", "condition")]


@dataclass(frozen=True)
class Gains:
    """Gains, and the scores that have none.

    Attributes
    ----------
    frame
        The rows of the transfer table whose condition is not `none`, with `baseline` and `gain` in points,
        `relative_gain` (gain / baseline, NaN for a baseline that is not positive) and `pairing`: `seed` where every seed of the
        cell has a baseline run of the same seed, else `mean` (the baseline is then the mean over its seeds).
    left_out
        The rows without a usable baseline, with the `reason`.
    """

    frame: pd.DataFrame
    left_out: pd.DataFrame

    def describe(self) -> str:
        """Say in one line how gains were paired and what was left out."""
        pairing = self.frame["pairing"].value_counts()
        said = f"{len(self.frame):,} gains (" + ", ".join(f"{n:,} paired by {how}" for how, n in pairing.items()) + ")"
        for reason, part in self.left_out.groupby("reason"):
            runs = sorted({f"{m} {a}" for m, a in zip(part["model"], part["adaptation"], strict=True)})
            of = f" (of {', '.join(runs)})" if len(runs) <= 6 else ""
            said += f"; {len(part):,} scores left out: {reason}{of}"
        return said


def gains(table: TransferTable) -> Gains:
    """Return the gain of every score over its baseline.

    The baseline is the score with condition `none` of the same model, adaptation, initialisation, target, source
    language, language, split, checkpoint and metric. Baselines flagged `undetermined` are not used.

    Raises
    ------
    InputError
        Where the table has no intermediate task.
    """
    frame = table.frame
    is_baseline = frame["condition"] == "none"
    if is_baseline.all():
        raise InputError("the table has no intermediate tasks (every condition is none), so there are no gains")
    usable = frame[is_baseline & (frame["flag"] != "undetermined")]
    scores = frame[~is_baseline]

    by_seed = usable[[*_BASELINE, "seed", "score"]].rename(columns={"score": "baseline_of_seed"})
    by_mean = usable.groupby(_BASELINE, as_index=False)["score"].mean().rename(columns={"score": "baseline_mean"})
    joined = scores.merge(by_seed, how="left", on=[*_BASELINE, "seed"]).merge(by_mean, how="left", on=_BASELINE)

    pairs = joined["baseline_of_seed"].notna().groupby([joined[c] for c in _CELL]).transform("all")
    joined["pairing"] = pairs.map({True: "seed", False: "mean"})
    joined["baseline"] = joined["baseline_of_seed"].where(pairs, joined["baseline_mean"])
    joined["gain"] = joined["score"] - joined["baseline"]
    joined["relative_gain"] = joined["gain"] / joined["baseline"].where(joined["baseline"] > 0)
    joined = joined.drop(columns=["baseline_of_seed", "baseline_mean"])

    found = joined["baseline"].notna()
    left_out = joined[~found].drop(columns=["pairing", "baseline", "gain", "relative_gain"])
    doubtful = frame.loc[is_baseline & (frame["flag"] == "undetermined"), _BASELINE].drop_duplicates()
    marked = left_out.merge(doubtful, how="left", on=_BASELINE, indicator="found")
    reasons = marked["found"].map(
        {"both": "the baseline is not uniquely determined", "left_only": "no baseline (condition none)"}
    )
    return Gains(
        joined[found].reset_index(drop=True),
        left_out.reset_index(drop=True).assign(reason=reasons.astype("string").to_numpy()),
    )
