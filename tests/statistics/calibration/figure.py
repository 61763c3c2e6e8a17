"""Draw the front page's figure from the stored table.

python -m tests.statistics.calibration.figure reports/example/calibration.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from transfer_analysis.reporting import calibration_plot, figure_bytes

from tests.statistics.calibration.__main__ import TABLE

#: Question → (procedure, data, how it is called), the common one first.
SHOWN = {
    "9 intermediate tasks × 15 languages, intraclass correlation .2": [
        ("Pearson over all rows", "ICC 0.2", "Pearson over 135 rows"),
        ("association over intermediates", "ICC 0.2", "permutation over 9 tasks"),
        ("wild cluster bootstrap by intermediate", "ICC 0.2", "wild cluster bootstrap"),
    ],
    "5 families of 8 languages, both sides clustered (.8)": [
        ("Pearson over languages", "5 families", "Pearson over 40 languages"),
        ("phylogenetic regression", "5 families × 8 languages, ICC 0.8", "regression on the tree"),
        ("within-family permutation", "ICC 0.8", "permutation within families"),
    ],
    "Intermediate tasks that are good for every target": [
        ("nearest against the median, targets as units", "9 × 8", "binomial test over targets"),
        ("selection, NDCG of ranks", "9 × 4", "NDCG, joint relabeling"),
        ("association, spearman", "9 × 4 cells, sources", "association within targets"),
    ],
    "Data size that moves both distance and gain": [
        ("association without the covariate", "12 × 5", "correlation"),
        ("partial association, spearman", "12 × 5", "with size held fixed"),
    ],
    "Task distance × language distance, steepness differing by cell": [
        ("mixed model without slopes by cell", "", "intercepts only"),
        ("mixed model with slopes by cell", "", "with random slopes"),
    ],
    "Two groups of four tasks": [
        ("t test over rows", "", "t test over rows"),
        ("contrast of groups by exchanging tasks", "", "exchange of tasks"),
        ("contrast of marginal means, Kenward-Roger", "", "marginal means, Kenward–Roger"),
    ],
    "Two square matrices, labels in four families": [
        ("Mantel", "4 families", "Mantel test (offered as a description)"),
    ],
}


def chosen(table: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for question, procedures in SHOWN.items():
        for procedure, data, name in procedures:
            mask = table["procedure"].str.startswith(procedure) & table["data"].str.contains(data, regex=False)
            row = table[mask].iloc[0]
            naive = row["role"] != "confirmatory"
            rows.append((question, name, naive, row["rejected"], row["replications"]))
    return pd.DataFrame(rows, columns=["question", "procedure", "naive", "rejected", "replications"])


if __name__ == "__main__":
    axes = calibration_plot(chosen(pd.read_csv(TABLE)))
    Path(sys.argv[1]).write_bytes(figure_bytes(axes.figure, "png"))
