"""What a table lacks is said: baselines by model and target, languages and seeds by condition."""

from __future__ import annotations

import json

import pandas as pd
from transfer_analysis.cli import app
from transfer_analysis.results import TransferTable
from transfer_analysis.results.missing import missing
from transfer_analysis.tasks import load_catalogue
from typer.testing import CliRunner

ROWS = [
    ("m", "xnli", "none", 1, "de sw"), ("m", "xnli", "none", 2, "de sw"), ("m", "xnli", "squad", 1, "de"),
    ("m", "paws-x", "squad", 1, "de fr"), ("m", "paws-x", "mnli", 1, "de fr"),
]  # fmt: skip


def table(rows):
    frame = pd.DataFrame(
        [
            {"model": m, "target": t, "condition": c, "seed": s, "language": code, "score": 70.0}
            for m, t, c, s, languages in rows
            for code in languages.split()
        ]
    )
    return TransferTable.from_frame(frame)


def test_gaps_are_named():
    assert missing(table(ROWS), load_catalogue()) == [
        "1 of 2 models × targets have no baseline (condition none), so no gains: m, paws-x",
        "languages are missing in 1 place: m, xnli: squad lacks sw",
        "seeds are missing in 1 place: m, xnli: 2 seeds at most, squad has 1",
    ]
    assert missing(table(ROWS[:1]), load_catalogue()) == []


def test_a_table_in_ones_own_words_is_checked_as_it_would_be_imported(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("model;target;language;condition;score;who\nm;XNLI;de;baseline;81,2;me\nm;XNLI;de;SQuAD1.1;80;me\n")
    done = CliRunner().invoke(app, ["results", "check", str(path), "--json"])
    assert done.exit_code == 0, done.output
    notes = json.loads(done.output)["notes"]
    assert "import would read it so: target read as: XNLI → xnli" in notes
    assert "import would read it so: condition read as: SQuAD1.1 → squad, baseline → none" in notes
    assert "import would read it so: decimal commas read in score" in notes
    assert "import would read it so: columns not used: who" in notes
