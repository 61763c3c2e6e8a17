"""Results of a study, trained at its scale."""

from __future__ import annotations

import pandas as pd

from transfer_analysis.corpora import origin_of
from transfer_analysis.progress import Report, of_model
from transfer_analysis.results import TransferTable
from transfer_analysis.studies.given import Given
from transfer_analysis.studies.study import Study
from transfer_analysis.tasks import Catalogue
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.runs.execute import run_grid


def train(study: Study, given: Given, catalogue: Catalogue, report: Report) -> tuple[TransferTable, list[str]]:
    """Train the grid of a study's scale with each of its encoders, or what is left of it.

    Returns
    -------
    tuple
        The results, and what the grids ran without: languages, runs that failed.
    """
    scale = study.scale
    assert scale is not None
    if scale.simulated is not None:
        from transfer_analysis.studies.simulated import train_simulated

        return train_simulated(study, given, report), []
    corpus = given.corpus(catalogue)
    assert corpus is not None
    tables, remarks = [], []
    for model, encoder in scale.encoders.items():
        trained = run_grid(
            corpus,
            catalogue,
            encoder.source,
            scale.grid,
            recipe(**scale.recipe_of(model)),
            given.runs(study),
            model=model,
            origin=origin_of(given.corpora),
            workers=given.workers,
            device=given.device,
            report=of_model(report, model) if len(scale.encoders) > 1 else report,
        )
        tables.append(trained.table.frame)
        remarks += [*trained.remarks, *(f"failed: {failure}" for failure in trained.failures)]
    return TransferTable(pd.concat(tables, ignore_index=True)), list(dict.fromkeys(remarks))
