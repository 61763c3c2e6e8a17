"""Retrieval without training: hand-computed margins, thresholds and scores."""

from __future__ import annotations

import json

import numpy as np
import pytest
from transfer_analysis.corpora import FolderCorpus
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.computing.numerics import Numerics
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder
from transfer_analysis.training.reading.data import Examples
from transfer_analysis.training.reading.tokens import tokenize
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.runs.execute import run_grid
from transfer_analysis.training.scoring import retrieved as retrieval_scores
from transfer_analysis.training.scoring.retrieval import (
    Candidates,
    Side,
    best_threshold,
    bitext,
    embed,
    mined,
    mining_f1,
    nearest,
)


def unit(*degrees):
    radians = np.deg2rad(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


def test_the_nearest_sentence():
    assert nearest(unit(0, 50, 100), unit(10, 95, 40)).tolist() == [0, 2, 1]


def test_pairs_are_asked_for_from_the_source_language(monkeypatch):
    """Two English sentences with one nearest foreign sentence: one of two is right, whatever the other way gives."""
    sides = {"source_sentence": unit(0, 90), "target_sentence": unit(1, 2)}
    task = load_catalogue()["tatoeba"]
    examples = Examples(task, "de", "test", [{}, {}], ["1", "2"])
    monkeypatch.setattr(
        retrieval_scores,
        "_embed",
        lambda session, task, column, records, encoder: Side(["", ""], sides[column], 0, 2, 1),
    )
    found = retrieval_scores._pairs(None, task, examples, None)
    assert found.scores == {"accuracy": 50.0}
    assert found.outputs == ["0", "0"]
    assert (found.cut, found.learnt) == (50.0, "no")  # one right of two is what guessing gives


def test_margins_by_hand():
    """Two sources at 0° and 60°, two targets at 10° and 90°, one neighbour."""
    found = mined(unit(0, 60), unit(10, 90), neighbours=1)
    cos = lambda degrees: np.cos(np.deg2rad(degrees))  # noqa: E731
    # Nearest: 0° to 10°, 60° to 90°; both ways.
    assert found.sources.tolist() == [0, 1]
    assert found.targets.tolist() == [0, 1]
    assert found.margins == pytest.approx([1.0, 1.0])
    found = mined(unit(0, 60), unit(10, 90), neighbours=2)
    means = {
        "s0": (cos(10) + cos(90)) / 2,
        "s1": (cos(50) + cos(30)) / 2,
        "t0": (cos(10) + cos(50)) / 2,
        "t1": (cos(90) + cos(30)) / 2,
    }
    expected = {
        (0, 0): cos(10) / ((means["s0"] + means["t0"]) / 2),
        (1, 1): cos(30) / ((means["s1"] + means["t1"]) / 2),
    }
    given = dict(zip(zip(found.sources.tolist(), found.targets.tolist(), strict=True), found.margins, strict=True))
    assert given == pytest.approx(expected)
    assert list(found.margins) == sorted(found.margins, reverse=True)


def test_no_sentence_is_mined_twice():
    rng = np.random.default_rng(0)
    sources, targets = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in rng.normal(size=(2, 300, 5)))
    found = mined(sources, targets)
    assert len(set(found.sources.tolist())) == len(found.sources)
    assert len(set(found.targets.tolist())) == len(found.targets)


def test_thresholds_and_f1_by_hand():
    margins = Candidates(np.array([0, 1, 2]), np.array([0, 1, 2]), np.array([1.4, 1.2, 1.0]))
    golds = {(0, 0), (1, 1)}
    # One right of one: F1 2/3; two of two: 1; two of three: 4/5. The threshold lies between the second and the third.
    assert best_threshold(margins, golds) == pytest.approx(1.1)
    assert mining_f1(margins, golds, 1.1) == 100
    assert mining_f1(margins, golds, 0.5) == pytest.approx(80)
    assert mining_f1(margins, golds, 1.3) == pytest.approx(200 / 3)
    assert mining_f1(margins, golds, 9.0) == 0


def test_a_bitext_hides_which_sentence_is_whose():
    task = load_catalogue()["bucc"]
    examples = [
        {"source_sentence": "zwei", "target_sentence": "alpha"},
        {"source_sentence": "eins", "target_sentence": "beta"},
        {"source_sentence": "allein", "target_sentence": ""},
        {"source_sentence": None, "target_sentence": "alone"},
    ]
    sources, targets, golds = bitext(task, examples)
    assert sources == ["allein", "eins", "zwei"]
    assert targets == ["alone", "alpha", "beta"]
    assert golds == {(2, 1), (1, 2)}


WORDS = [f"{side}{i}" for side in "ab" for i in range(60)]


@pytest.fixture
def folder(tmp_path):
    """An encoder in which `a7` and `b7` have the same embedding, and texts in which they are translations."""
    import torch

    encoder = new_encoder("twins", WORDS, Shape(layers=2, hidden=32, heads=2, feed_forward=32), 0)
    with torch.no_grad():
        table = encoder.model.get_input_embeddings().weight
        table[5 + 60 : 5 + 120] = table[5 : 5 + 60]
    save_encoder(encoder, tmp_path / "twins")
    rng = np.random.default_rng(0)
    for split, count in (("validation", 30), ("test", 40)):
        sentences = rng.integers(60, size=(count, 6))
        rows = [
            {"source_sentence": " ".join(f"a{n}" for n in row), "target_sentence": " ".join(f"b{n}" for n in row)}
            for row in sentences
        ]
        alone = [
            {"source_sentence": " ".join(f"a{n}" for n in row), "target_sentence": ""}
            for row in rng.integers(60, size=(20, 6))
        ]
        for task, content in (("bucc", rows + alone), ("tatoeba", rows)):
            path = tmp_path / task / "de"
            path.mkdir(parents=True, exist_ok=True)
            (path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in content))
    path = tmp_path / "stsb" / "en"
    path.mkdir(parents=True)
    row = {"sentence1": "a1 a2", "sentence2": "b3", "similarity_score": 1.0}
    (path / "train.jsonl").write_text("".join(json.dumps({**row, "similarity_score": i % 5}) + "\n" for i in range(20)))
    return tmp_path


def retrieved(folder, grid, layer):
    """Return the score of each condition and target at a layer."""
    frame = run_grid(
        FolderCorpus(folder),
        load_catalogue(),
        str(folder / "twins"),
        grid,
        recipe("simulated", layer=layer, learning_rate=1e-6, epochs=1),
        folder / "runs",
        model="twins",
        origin="test",
        workers=1,
    ).table.frame
    test = frame[frame["split"] == "test"]
    assert set(test["condition"]) == {"none", "stsb"}
    assert test["recipe"].str.contains(f"layer={layer} pooling=mean").all()
    return test.set_index(["condition", "target"])["score"].to_dict()


def test_a_grid_of_retrieval(folder):
    grid = Grid(
        conditions=("stsb",),
        targets=("tatoeba", "bucc"),
        seeds=(1,),
        intermediate_examples=20,
        target_examples=20,
        test_examples=100,
    )
    scores = {layer: retrieved(folder, grid, layer) for layer in (0, 2)}
    assert scores[0]["none", "tatoeba"] == 100
    assert scores[0]["none", "bucc"] > 95  # sentences without a partner are left alone
    assert scores[2]["none", "tatoeba"] > 90
    # With the partners exchanged at random, one of 40 is right now and then.
    path = folder / "tatoeba" / "de" / "test.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    order = np.random.default_rng(1).permutation(len(rows))
    shuffled = [{**row, "target_sentence": rows[i]["target_sentence"]} for row, i in zip(rows, order, strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in shuffled))
    assert retrieved(folder, grid, 0)["none", "tatoeba"] < 15


def test_layers_and_pooling(folder):
    from transfer_analysis.training.encoder import load_encoder

    encoder = load_encoder(str(folder / "twins"))
    task = load_catalogue()["tatoeba"]
    sides = {}
    for layer, pooling in ((-1, "mean"), (2, "mean"), (1, "mean"), (2, "first")):
        chosen = recipe("simulated", layer=layer, pooling=pooling)
        side = embed(task, "source_sentence", ["a1 a2 a3", "a4"], encoder, chosen, Numerics(), tokenize)
        sides[layer, pooling] = side.vectors
        assert np.linalg.norm(side.vectors, axis=1) == pytest.approx(1)
    assert np.allclose(sides[-1, "mean"], sides[2, "mean"])
    assert not np.allclose(sides[1, "mean"], sides[2, "mean"])
    assert not np.allclose(sides[2, "first"], sides[2, "mean"])
    # By hand: the mean of all five states, the two special subwords included.
    row = encoder.tokenizer("a1 a2 a3", return_tensors="pt", return_token_type_ids=False)
    import torch

    with torch.no_grad():
        states = encoder.model.eval()(**row).last_hidden_state[0].mean(dim=0).numpy()
    assert sides[2, "mean"][0] == pytest.approx(states / np.linalg.norm(states), abs=1e-6)


def test_mining_needs_sentences_without_a_partner_and_a_split_to_tune_on(folder):
    grid = Grid(
        conditions=(), targets=("bucc",), seeds=(1,), intermediate_examples=20, target_examples=20, test_examples=100
    )

    def run():
        return run_grid(
            FolderCorpus(folder),
            load_catalogue(),
            str(folder / "twins"),
            grid,
            recipe("simulated"),
            folder / "runs",
            model="twins",
            origin="test",
            workers=1,
        )

    path = folder / "bucc" / "de"
    whole = (path / "test.jsonl").read_text()
    (path / "test.jsonl").write_text(
        "".join(line + "\n" for line in whole.splitlines() if '"target_sentence": ""' not in line)
    )
    with pytest.raises(InputError, match="bucc de/test: every sentence has a partner"):
        run()
    (path / "test.jsonl").write_text(whole)
    before = run().table.frame["run"].iloc[0]
    lines = (path / "validation.jsonl").read_text().splitlines()
    (path / "validation.jsonl").write_text("\n".join(lines[1:]) + "\n")
    assert run().table.frame["run"].iloc[0] != before  # another threshold may come out
    (path / "validation.jsonl").unlink()
    with pytest.raises(InputError, match="bucc de: the threshold is tuned on the split 'validation', which is missing"):
        run()


def test_sentences_that_nothing_is_known_of_are_named(folder):
    path = folder / "tatoeba" / "de" / "test.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[2]["source_sentence"] = "ü ö"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    grid = Grid(
        conditions=(), targets=("tatoeba",), seeds=(1,), intermediate_examples=20, target_examples=20, test_examples=100
    )

    def run(unknown):
        return run_grid(
            FolderCorpus(folder),
            load_catalogue(),
            str(folder / "twins"),
            grid.model_copy(update={"unknown": unknown}),
            recipe("simulated"),
            folder / "runs",
            model="twins",
            origin="test",
            workers=1,
        ).table.frame

    with pytest.raises(InputError, match="tatoeba de/test: 1 of 40 texts .row 3. have no subword"):
        run("refuse")
    assert run("keep")["unknown_tokens"].tolist() == [pytest.approx(100 * 2 / (39 * 6 + 2), abs=1e-3)]


def test_mining_agrees_with_loops_over_all_pairs():
    rng = np.random.default_rng(3)
    sources, targets = (
        v / np.linalg.norm(v, axis=1, keepdims=True) for v in (rng.normal(size=(30, 4)), rng.normal(size=(25, 4)))
    )
    k = 4
    of_source = [np.mean(sorted((s @ t for t in targets), reverse=True)[:k]) for s in sources]
    of_target = [np.mean(sorted((s @ t for s in sources), reverse=True)[:k]) for t in targets]

    def margin(i, j):
        return sources[i] @ targets[j] / ((of_source[i] + of_target[j]) / 2)

    def near(vector, others):
        return sorted(range(len(others)), key=lambda n: -(vector @ others[n]))[:k]

    pairs = {(i, max(near(s, targets), key=lambda j, i=i: margin(i, j))) for i, s in enumerate(sources)}
    pairs |= {(max(near(t, sources), key=lambda i, j=j: margin(i, j)), j) for j, t in enumerate(targets)}
    expected, taken = [], (set(), set())
    for i, j in sorted(pairs, key=lambda pair: -margin(*pair)):
        if i not in taken[0] and j not in taken[1]:
            expected.append((i, j))
            taken[0].add(i)
            taken[1].add(j)
    found = mined(sources, targets)
    assert list(zip(found.sources.tolist(), found.targets.tolist(), strict=True)) == expected
    assert found.margins == pytest.approx([margin(*pair) for pair in expected])
