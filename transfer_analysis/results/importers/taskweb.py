"""TaskWeb (Kim et al. 2023, EMNLP): pairwise transfer between 22 English tasks.

Reads the table `taskweb.csv` (one row per observed score, fractions) and, beside it, `taskweb_baselines.csv`
(the scores without transfer, as means of the primary metrics).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.keys import KEY
from transfer_analysis.results.importers.asked import Asked, Imported
from transfer_analysis.results.schema import listed
from transfer_analysis.results.store import csv_rows, read_csv
from transfer_analysis.results.table import TransferTable
from transfer_analysis.tasks import Catalogue

_SCORES = [
    "model",
    "adaptation",
    "source_task",
    "target_task",
    "seed",
    "metric",
    "score",
    "primary_metric",
    "learning_rate",
    "batch_size",
    "epochs",
    "matches_repo_config",
]
_BASELINES = ["model", "adaptation", "target_task", "seed", "score", "uniquely_determined"]


def import_taskweb(path: Path, asked: Asked | None = None, *, catalogue: Catalogue | None = None) -> Imported:
    """Read TaskWeb's scores.

    Parameters
    ----------
    path
        The folder that holds `taskweb.csv` and `taskweb_baselines.csv`, or the first of them.
    asked
        With the flag `keep-off-config`: keep the runs whose learning rate or batch size is not the repository's own, under an adaptation whose name
        ends in `-off-config`. They repeat keys of the regular runs and are dropped otherwise.

    Returns
    -------
    Imported
        Scores in per cent. Beside every published metric stands `primary`: the mean of the task's primary metrics,
        as TaskWeb averages them (accuracy alone for cb). Baselines (condition `none`) exist as `primary` only;
        those that the publication does not determine uniquely are flagged `undetermined`.

    Raises
    ------
    InputError
        Where a file or a column is missing, or a value does not fit the schema.
    """
    keep_off_config = asked is not None and "keep-off-config" in asked.flags
    folder = path if path.is_dir() else path.parent
    scores_path = folder / "taskweb.csv" if path.is_dir() else path
    scores = _read(scores_path, _SCORES, ["primary_metric", "matches_repo_config"])
    baselines = _read(folder / "taskweb_baselines.csv", _BASELINES, ["uniquely_determined"])
    remarks = []

    off = scores["matches_repo_config"] == "0"
    if keep_off_config:
        scores.loc[off, "adaptation"] += "-off-config"
        remarks.append(f"{off.sum()} scores of runs off the repository's configuration kept as '…-off-config'")
    else:
        scores = scores[~off]
        remarks.append(f"{off.sum()} scores dropped: runs off the repository's configuration, which repeat keys")

    published = _as_rows(scores, condition=scores["source_task"], metric=scores["metric"])
    published["recipe"] = (
        "epochs=" + scores["epochs"] + " lr=" + scores["learning_rate"] + " batch=" + scores["batch_size"]
    ).to_numpy()
    primary = _primary(published[(scores["primary_metric"] == "1").to_numpy()])
    several = published[(scores["primary_metric"] == "1").to_numpy()].groupby("target")["metric"].nunique()
    several = several[several > 1]
    remarks.append(
        f"{len(primary):,} `primary` scores added: the task's primary metric, or the mean of both for "
        + ", ".join(map(str, several.index))
    )

    none = _as_rows(baselines, condition="none", metric="primary")
    none["flag"] = baselines["uniquely_determined"].map({"0": "undetermined"}).fillna("").to_numpy()
    doubtful = none[none["flag"] != ""]
    remarks.append(
        f"{len(none):,} baselines, {len(doubtful)} of them flagged: not uniquely determined "
        f"({', '.join(sorted(set(doubtful['target'])))}), left out of gains"
    )
    frame = pd.concat([published, primary, none], ignore_index=True)
    at = frame.pop("at").fillna("primary score").tolist()
    frame["origin"] = "taskweb: " + scores_path.name
    frame["split"] = "validation"
    table = TransferTable.from_frame(frame, where=scores_path.name, catalogue=catalogue, locations=at)
    return Imported(table, (), tuple(remarks))


def _read(path: Path, columns: list[str], flags: list[str]) -> pd.DataFrame:
    """Read one of the files, with every score a fraction, every flag 0 or 1, and where each row stands."""
    frame = read_csv(path, columns=columns)
    if frame.empty:
        raise InputError(f"{path.name}: holds no rows; expected TaskWeb's scores")
    frame = frame.assign(at=csv_rows(path, frame)).reset_index(drop=True)
    scores = pd.to_numeric(frame["score"], errors="coerce")
    wrong = [
        f"{frame['at'][i]}: score {frame['score'][i]!r} is not a fraction between -1 and 1"
        for i in frame.index[scores.isna() | (scores.abs() > 1)]
    ]
    for flag in flags:
        wrong += [
            f"{frame['at'][i]}: {flag} {frame[flag][i]!r} is neither 0 nor 1"
            for i in frame.index[~frame[flag].isin(["0", "1"])]
        ]
    if wrong:
        raise InputError(list(listed(iter(wrong))))
    return frame.assign(score=100 * scores)


def _as_rows(frame: pd.DataFrame, condition: pd.Series | str, metric: pd.Series | str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model": frame["model"],
            "adaptation": frame["adaptation"],
            "condition": condition,
            "target": frame["target_task"],
            "language": "en",
            "seed": frame["seed"],
            "metric": metric,
            "score": frame["score"],
            "at": frame["at"],
        }
    ).reset_index(drop=True)


def _primary(rows: pd.DataFrame) -> pd.DataFrame:
    key = [c for c in KEY if c in rows and c != "metric"]
    means = rows.groupby(key, as_index=False, sort=False).agg(score=("score", "mean"), recipe=("recipe", "first"))
    return means.assign(metric="primary")
