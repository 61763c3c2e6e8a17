"""Notebooks run from top to bottom, and the README's Python does too."""

from __future__ import annotations

import json
import re

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_runs_from_a_clean_kernel(path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    ).execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_can_be_read_without_running_it(path):
    """Its outputs are there, in order, and none is an error or names a machine."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [out for cell in code for out in cell["outputs"] if out["output_type"] == "error"]
    assert str(ROOT) not in path.read_text(encoding="utf-8")


def test_readme_python_runs(tmp_path, monkeypatch):
    import numpy as np
    import pandas as pd
    from transfer_analysis.distances import DistanceMatrix
    from transfer_analysis.studies.fields import new_study

    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL).group(1)
    rng = np.random.default_rng(0)
    tasks, targets = ["squad", "qqp", "stsb", "hellaswag", "cosmosqa", "anli"], ["XNLI", "paws-x", "xcopa"]
    rows = [
        {"model": "m", "target": t, "condition": c, "language": lang, "seed": seed, "acc": 70 + rng.normal()}
        for c in ("-", *tasks)
        for t in targets
        for lang in ("en", "de", "fr", "sw", "tr")
        for seed in (1, 2)
    ]
    monkeypatch.chdir(tmp_path)
    pd.DataFrame(rows).to_csv("mine.csv", index=False)
    distance = pd.DataFrame(rng.uniform(0, 1, (6, 3)), index=tasks, columns=["xnli", "paws-x", "xcopa"])
    DistanceMatrix(distance, "mine").write(tmp_path / "semantic.csv")
    (tmp_path / "mine.yaml").write_text(new_study("mine"), encoding="utf-8")
    exec(compile(code, "README.md", "exec"), {})


def test_readme_commands_exist():
    """Every command that the README shows is one that the program has."""
    from transfer_analysis.cli import app
    from typer.main import get_command

    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split("#")[0].split() for line in text.splitlines() if line.startswith("transfer-analysis ")]
    assert len(lines) > 10
    for words in lines:
        command, depth = get_command(app), 1
        while hasattr(command, "list_commands"):
            assert words[depth] in command.list_commands(None), " ".join(words)
            command, depth = command.get_command(None, words[depth]), depth + 1
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("-") and not word[1:].isdigit()} <= options, " ".join(words)
