"""What a study costs at a scale, and the power that it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from transfer_analysis.encoders import Size
from transfer_analysis.errors import InputError
from transfer_analysis.progress import Report, silent
from transfer_analysis.statistics import power_grid
from transfer_analysis.studies.extent import Extent, extent_of_grid
from transfer_analysis.studies.scales import FULL
from transfer_analysis.studies.study import Study
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.cost import cost, memory_of, size_of
from transfer_analysis.training.recipes import recipe

#: 10¹² operations per second that training sustains where nothing is said: of one CPU of a laptop, and of one GPU.
_CPU, _GPU = 0.05, 60.0


@dataclass(frozen=True)
class Planned:
    """What a study costs.

    Attributes
    ----------
    costs
        One row per model and initialisation: `model`, `initialisation`, `runs`, `examples` (epochs counted), about how many
        `hours`, `gigabytes` of disk and `memory` of a run in GiB; NaN where the size of the encoder is not known.
    tflops
        The rate that hours are of.
    power
        Sentences on the power of the study's tests.
    remarks
        What the numbers are of.
    """

    costs: pd.DataFrame
    tflops: float
    power: list[str]
    remarks: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        rows = self.costs.astype(object).where(self.costs.notna(), None).to_dict("records")
        return {"costs": rows, "tflops": self.tflops, "power": self.power, "remarks": self.remarks}


def plan_study(
    study: Study, tflops: float | None = None, effect: float = -1.0, replications: int = 100, report: Report = silent
) -> Planned:
    """Return what a study costs at its scale.

    Parameters
    ----------
    tflops
        10¹² operations per second that training sustains.
    effect
        For power, in points per standard deviation of a distance.

    Raises
    ------
    InputError
        Where the study's results are always given.
    """
    scale = study.scale
    if scale is None:
        raise InputError(f"{study.name}: its results are given, so that nothing is trained; there is nothing to plan")
    catalogue = load_catalogue()
    rate = tflops or (_GPU if FULL in study.scales else _CPU)
    extent = extent_of_grid(study, catalogue)
    languages = {target: len(codes) for target, codes in extent.languages.items()}
    rows = []
    for model, size in _sizes(study).items():
        chosen = recipe(**scale.recipe_of(model))
        memory = float("nan") if size is None else memory_of(scale.grid, chosen, catalogue, size)
        for initialisation in scale.grid.initialisations:
            found = cost(scale.grid, chosen, catalogue, initialisation, size, languages)
            rows.append(
                {
                    "model": model,
                    "initialisation": initialisation,
                    "runs": found.runs,
                    "examples": found.examples,
                    "hours": found.operations / (rate * 1e12) / 3600,
                    "gigabytes": found.bytes / 1e9,
                    "memory": memory / 2**30,
                }
            )
    remarks = [
        "Hours assume rows of the recipe's full length and as many examples as the grid asks for. Smaller data sets and shorter "
        "texts take less. Contexts longer than a row take more.",
        "Disk is mostly encoders after intermediate training; delete the store's .safetensors when the results are written.",
    ]
    if scale.simulated is not None:
        remarks.append("Pretraining the simulated encoders comes before it, once; they are kept in the user's cache.")
    return Planned(pd.DataFrame(rows), rate, _power(study, extent, effect, replications, report), remarks)


def _sizes(study: Study) -> dict[str, Size | None]:
    scale = study.scale
    assert scale is not None
    if scale.simulated is None:
        return {model: size_of(encoder.source) for model, encoder in scale.encoders.items()}
    from transfer_analysis.studies.simulated import simulation

    settings, _ = simulation(study)
    world = settings.world()
    vocabulary = len({word for code in settings.languages for word in world.pieces(code)})
    return {
        model: Size(shape.layers, shape.hidden, shape.feed_forward, vocabulary)
        for model, shape in settings.encoders.items()
    }


def _power(study: Study, extent: Extent, effect: float, replications: int, report: Report) -> list[str]:
    """Say what power the tests of a study have that power can be simulated of."""
    catalogue = load_catalogue()
    found = [(h.analysis, h.power(study, extent, catalogue)) for h in study.every]
    others = sorted({h.analysis for h in study.hypotheses} - {analysis for analysis, asked in found if asked})
    said = [f"power is not simulated for {', '.join(others)}. Estimate it from pilot seeds"] if others else []
    for question, wanted in {asked[0]: asked[1] for _, asked in found if asked}.items():
        try:
            (row,) = power_grid(question, effect, wanted, replications=replications, report=report).itertuples()
        except InputError as error:
            said.append(f"power of {question}: {error.problems[0]}")
            continue
        shape = ", ".join(f"{numbers[0]} {what}" for what, numbers in wanted.items())
        distance = question.partition("-")[0]
        said.append(
            f"power of {question} ({shape}) for {effect:g} points per standard deviation of {distance} distance: {row.power:.0%} "
            f"({row.low:.0%} to {row.high:.0%}); uses the default variances of `transfer-analysis power`"
        )
    return said
