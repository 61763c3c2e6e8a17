"""The same question asked in every declared way: does the answer hang on the choice?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.association import association, partial_association
from transfer_analysis.statistics.outcome import Outcome, alike
from transfer_analysis.statistics.permutation import Relabelings

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SpecificationCurve:
    """Estimates of every specification.

    Attributes
    ----------
    table
        One row per specification, by estimate: `distance, covariates, exclusion, estimate, low, high, p_value, n`, and `note`
        where it could not be estimated, those last.
    """

    table: pd.DataFrame

    def outcome(self) -> Outcome:
        """Return the median estimate with the range of all. A description: specifications are no sample of anything."""
        known = self.table.dropna(subset="estimate")
        estimates = known["estimate"].to_numpy(dtype=float)
        negative, below = int((estimates < 0).sum()), int((known["p_value"] <= 0.05).sum())
        return Outcome(
            statistic="median correlation over specifications",
            estimate=float(np.median(estimates)),
            n=len(known),
            unit=f"specifications, from {' to '.join(alike(estimates.min(), estimates.max()))}; {negative} negative; "
            f"{below} with p ≤ .05, uncorrected",
            method="specification curve, descriptive",
            warnings=()
            if len(known) == len(self.table)
            else (f"{len(self.table) - len(known)} specifications could not be estimated",),
        )


def specification_curve(
    distances: Mapping[str, Array],
    outcome: Array,
    relabelings: Relabelings,
    *,
    covariates: Mapping[str, Mapping[str, Array]] | None = None,
    exclusions: Mapping[str, Mask] | None = None,
    method: Literal["spearman", "pearson"] = "spearman",
) -> SpecificationCurve:
    """Return the association of outcome and distance for every declared distance × covariate set × exclusion.

    Parameters
    ----------
    distances
        Name → distances that the relabelings point into.
    outcome
        Scores or gains of shape (rows, columns), NaN where a cell is empty.
    covariates
        Name of a set → its covariates, each of the outcome's shape; the empty set, named `none`, is always among them.
    exclusions
        Name → cells that are left out, a mask of the outcome's shape; `none` is always among them.

    Raises
    ------
    InputError
        Where no specification can be estimated, or without a distance.

    Notes
    -----
    The median of r(distance, outcome | covariates, exclusion) over all of them. Specifications share their data, so
    that the number of small p-values among them is no evidence. After Simonsohn, Simmons & Nelson (2020, Nature Human
    Behaviour 4), without their joint test. A specification without covariates is that of `association`, with its
    interval; one with covariates that of `partial_association`.
    """
    if not distances:
        raise InputError("a specification curve needs a distance at least")
    sets = {"none": {}, **(covariates or {})}
    left_out = {"none": np.zeros(outcome.shape, dtype=bool), **(exclusions or {})}
    wrong = [
        f"exclusion {name}: shape {mask.shape}, not {outcome.shape}"
        for name, mask in left_out.items()
        if mask.shape != outcome.shape
    ]
    if wrong:
        raise InputError(wrong)
    rows = []
    for (name, distance), (given, held), (excluded, mask) in product(distances.items(), sets.items(), left_out.items()):
        kept = np.where(mask, np.nan, outcome)
        row: dict[str, object] = {"distance": name, "covariates": given, "exclusion": excluded}
        try:
            if held:
                found = partial_association(distance, kept, held, relabelings, method=method)
            else:
                found = association(distance, kept, relabelings, method=method)
        except InputError as error:
            nothing = dict.fromkeys(("estimate", "low", "high", "p_value"), np.nan)
            rows.append({**row, **nothing, "n": 0, "note": str(error)})
            continue
        values = {field: getattr(found, field) for field in ("estimate", "low", "high", "p_value", "n")}
        rows.append({**row, **values, "note": ""})
    table = pd.DataFrame(rows).astype(dict.fromkeys(("estimate", "low", "high", "p_value"), float))
    if table["estimate"].isna().all():
        raise InputError(["no specification can be estimated", *dict.fromkeys(str(note) for note in table["note"])])
    return SpecificationCurve(table.sort_values("estimate", kind="stable", ignore_index=True))
