"""xpos (de Vries et al. 2022, ACL): part-of-speech tagging from 65 source to 105 target languages with XLM-R Base."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from transfer_analysis.results.importers.asked import Asked, Imported
from transfer_analysis.results.store import csv_rows, read_csv
from transfer_analysis.results.table import TransferTable
from transfer_analysis.tasks import Catalogue


def import_xpos(path: Path, asked: Asked | None = None, *, catalogue: Catalogue | None = None) -> Imported:
    """Read xpos's scores.

    Parameters
    ----------
    path
        `xpos.csv`, or the folder that holds it: columns `source_language, target_language, score` (accuracy in
        per cent) and `model`.

    Returns
    -------
    Imported
        Target `udpos`, condition `none`; `source_language` varies. The publication has one run per source language,
        kept as seed 0. A language tested on itself is there too (source_language = language).

    Raises
    ------
    InputError
        Where the file or a column is missing, or a value does not fit the schema.
    """
    scores_path = path / "xpos.csv" if path.is_dir() else path
    scores = read_csv(scores_path, columns=["source_language", "target_language", "score", "model"])
    frame = pd.DataFrame(
        {
            "model": scores["model"],
            "condition": "none",
            "target": "udpos",
            "source_language": scores["source_language"],
            "language": scores["target_language"],
            "metric": "accuracy",
            "score": scores["score"],
            "origin": "xpos: " + scores_path.name,
        }
    )
    at = csv_rows(scores_path, scores)
    table = TransferTable.from_frame(frame, where=scores_path.name, catalogue=catalogue, locations=at)
    return Imported(table, (), ())
