"""A study on a distance between languages of one's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import transfer_analysis as ta
import yaml
from transfer_analysis import analyses
from transfer_analysis.cli import app
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.results import TransferTable, write_table
from transfer_analysis.studies import load_study
from typer.testing import CliRunner

CODES = ["en", "de", "fr", "es", "ru", "tr", "hi", "ja", "fi", "sw"]
STUDY = {
    "name": "mine",
    "title": "T",
    "question": "Q",
    "primary": "farther",
    "language_distances": ["syntactic", {"name": "mine", "table": "tables/mine.csv"}],
    "hypotheses": [
        {"id": "farther", "statement": "Scores fall.", "analysis": "language-regression", "distance": "mine", "alternative": "less"}
    ],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "tables").mkdir()
    values = rng.random((10, 10))
    values = (values + values.T) / 2
    np.fill_diagonal(values, 0)
    DistanceMatrix(pd.DataFrame(values, CODES, CODES), "mine").write(tmp_path / "tables" / "mine.csv")
    rows = [
        {"model": "m", "target": "xnli", "language": code, "seed": seed, "score": 80 - 30 * values[0, i] + rng.normal()}
        for i, code in enumerate(CODES)
        for seed in (1, 2, 3)
    ]
    write_table(TransferTable.from_frame(pd.DataFrame(rows)), tmp_path / "results.parquet")
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False))
    return tmp_path


def test_a_table_beside_the_study_file_is_its_distance(folder, monkeypatch):
    finished = ta.run_study(folder / "mine.yaml", folder / "report", results=folder / "results.parquet")
    rows = ta.join(
        TransferTable.from_frame(pd.read_parquet(folder / "results.parquet")),
        language_distances={"mine": folder / "tables" / "mine.csv"},
    )
    expected = analyses.language_regression(rows, "mine", alternative="less")
    assert finished.outcome("farther").estimate == pytest.approx(expected.estimate)
    assert expected.estimate < -10
    # The report holds the table, and is made again without it.
    (folder / "tables" / "mine.csv").unlink()
    again = CliRunner().invoke(app, ["study", "report", str(folder / "report"), "--out", str(folder / "again")])
    assert again.exception is None, again.exception


def test_another_table_on_the_command_line(folder):
    flat = pd.DataFrame(1.0, CODES, CODES)
    flat.iloc[0] = np.linspace(0, 1, 10)
    DistanceMatrix(flat, "mine").write(folder / "other.csv")
    words = ["study", "check", str(folder / "mine.yaml"), "--results", str(folder / "results.parquet")]
    said = CliRunner().invoke(app, [*words, "--language-distances", f"mine={folder / 'other.csv'}"])
    assert said.exception is None, said.exception
    wrong = CliRunner().invoke(app, [*words, "--language-distances", f"mein={folder / 'other.csv'}"])
    assert "the study has no language distance 'mein' (did you mean 'mine'" in str(wrong.exception)
    missing = CliRunner().invoke(app, [*words, "--language-distances", "mine=nowhere.csv"])
    assert "nowhere.csv: no such file" in str(missing.exception)


def test_a_name_without_a_table_is_a_kind(tmp_path):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**STUDY, "language_distances": ["mine"]}))
    with pytest.raises(InputError, match=r"unknown kind 'mine'.*\{name: mine, table: FILE.csv\}"):
        load_study(str(tmp_path / "mine.yaml"))
