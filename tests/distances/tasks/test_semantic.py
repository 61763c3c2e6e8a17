from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cosine
from transfer_analysis.distances import mean_embedding_distances
from transfer_analysis.distances.embeddings.encoders import load_sentence_encoder
from transfer_analysis.distances.tasks.examples import read_examples
from transfer_analysis.errors import InputError


class LetterCounts:
    """A sentence encoder that can be computed by hand: how often each letter of `abc` occurs."""

    def encode(self, texts):
        return np.array([[t.count(c) for c in "abc"] for t in texts], dtype=float)

    def provenance(self):
        return {"encoder": "letters"}


def test_distance_is_one_minus_the_cosine_of_the_means():
    matrix = mean_embedding_distances({"x": ["a", "ab"], "y": ["c"], "z": ["aab", "aab", "aab"]}, LetterCounts())
    assert matrix.values.loc["x", "y"] == pytest.approx(1.0)
    assert matrix.values.loc["x", "z"] == pytest.approx(0.0, abs=1e-12)  # means (1, ½, 0) and (2, 1, 0)
    assert matrix.values.loc["x", "y"] == matrix.values.loc["y", "x"]
    means = {"x": [1, 0.5, 0], "y": [0, 0, 1]}
    assert matrix.values.loc["x", "y"] == pytest.approx(cosine(means["x"], means["y"]))
    assert np.diag(matrix.values).tolist() == [0, 0, 0]
    assert matrix.parameters == {"encoder": "letters", "examples": {"x": 2, "y": 1, "z": 3}}


def test_tasks_without_examples_or_direction():
    with pytest.raises(InputError, match="no examples for y"):
        mean_embedding_distances({"x": ["a"], "y": []}, LetterCounts())
    with pytest.raises(InputError, match="mean embedding of 'y' has no direction"):
        mean_embedding_distances({"x": ["a"], "y": ["zzz"]}, LetterCounts())


def test_read_examples(tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_text('{"task": "a", "text": "one"}\n\n{"task": "a", "text": "two", "label": 1}\n')
    assert read_examples(path) == {"a": ["one", "two"]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("not json", "e.jsonl line 2"),
        ('{"task": "a"}', "e.jsonl line 2"),
        ('{"task": "a", "text": " "}', "line 2: task and text must be text that is not empty"),
    ],
)
def test_wrong_examples_name_the_line(tmp_path, line, message):
    path = tmp_path / "e.jsonl"
    path.write_text('{"task": "a", "text": "one"}\n' + line + "\n")
    with pytest.raises(InputError, match=message):
        read_examples(path)


def test_unknown_encoder():
    with pytest.raises(InputError, match="no such folder, and not a hub id"):
        load_sentence_encoder("nowhere")


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(InputError, match="cannot be loaded"):
        load_sentence_encoder(str(tmp_path))
