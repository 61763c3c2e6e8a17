"""Every kind of distance end to end, on a tiny encoder and small sets."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from transfer_analysis.corpora import FolderCorpus
from transfer_analysis.distances.inputs import Inputs
from transfer_analysis.distances.kinds import task_distances, task_kinds
from transfer_analysis.distances.models.task_embedding import task_embedding
from transfer_analysis.distances.models.transferability import h_score_distances
from transfer_analysis.distances.models.tuned import tuned_tasks
from transfer_analysis.distances.tasks.examples import TaskExamples, corpus_examples
from transfer_analysis.errors import InputError, UnsuitedError
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder
from transfer_analysis.training.recipes import recipe

WORDS = ["red", "green", "blue", "cat", "dog", "sees", "hears", "who", "what", "."]
RECIPE = recipe("simulated", epochs=1)


class Counts:
    def encode(self, texts):
        return np.array([[t.split().count(w) + 0.1 for w in WORDS] for t in texts], dtype=float)

    def provenance(self):
        return {"encoder": "counts"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    save_encoder(
        new_encoder("toy", WORDS, Shape(layers=2, hidden=16, heads=2, feed_forward=32, max_length=32), seed=0), folder
    )
    return folder


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpora")
    rng = np.random.default_rng(0)

    def text():
        return " ".join(rng.choice(WORDS, size=6))

    def write(task, language, split, make, count=80):
        (path / task / language).mkdir(parents=True)
        lines = [json.dumps(make(i)) for i in range(count)]
        (path / task / language / f"{split}.jsonl").write_text("\n".join(lines))

    write("qqp", "en", "train", lambda i: {"question1": text(), "question2": text(), "label": i % 2})
    write("xnli", "en", "validation", lambda i: {"premise": text(), "hypothesis": text(), "label": i % 3})
    write(
        "stsb",
        "en",
        "train",
        lambda i: {"sentence1": text(), "sentence2": text(), "similarity_score": i % 7 / 2, "label": i % 7 / 2},
    )
    write("udpos", "en", "train", lambda i: {"tokens": text().split(), "upos": ["NOUN", "VERB", "ADJ"] * 2})
    write(
        "xcopa",
        "en",
        "train",
        lambda i: {"premise": text(), "choice1": text(), "choice2": text(), "question": "cause", "label": i % 2},
    )

    def question(i):
        words = rng.choice(WORDS, size=8)
        return {
            "context": " ".join(words),
            "question": "who sees",
            "answers": {"text": [words[0]], "answer_start": [0]},
        }

    write("squad", "en", "train", question)
    write("tatoeba", "de", "test", lambda i: {"source_sentence": text(), "target_sentence": text()})
    catalogue = load_catalogue()
    folders = {"udpos": catalogue["udpos"].folder or "udpos"}
    if folders["udpos"] != "udpos":
        (path / "udpos").rename(path / folders["udpos"])
    names = ["qqp", "xnli", "stsb", "udpos", "xcopa", "squad", "tatoeba"]
    return corpus_examples(FolderCorpus(path, catalogue), catalogue, names, "en", 80)


@pytest.fixture(scope="module")
def inputs(examples, folder):
    catalogue = load_catalogue()
    return Inputs(
        examples,
        Counts,
        descriptions={
            name: " ".join([*catalogue[name].description.split(), WORDS[i]]) for i, name in enumerate(examples)
        },
        tuned=lambda chosen, report: tuned_tasks(chosen, str(folder), RECIPE, seed=1, report=report, name="my-model"),
    )


TRAINED = ["qqp", "xnli", "stsb", "udpos", "xcopa", "squad"]


@pytest.mark.parametrize("kind", task_kinds())
def test_every_kind(kind, inputs, examples):
    matrix = task_distances(kind, inputs)
    about = task_kinds()[kind]
    assert matrix.kind == kind
    assert matrix.directed == about.directed
    json.dumps(matrix.parameters)  # it can be written
    if about.needs == "training":
        assert matrix.model == "my-model"
        assert "tatoeba" not in matrix.rows
        assert matrix.parameters["trained_on"]["xnli"] == "en/validation"
    elif about.needs == "classes":
        assert matrix.rows == ["qqp", "xnli"]
    else:
        assert matrix.rows == list(examples)
    values = matrix.values.to_numpy()
    if not about.directed:
        np.testing.assert_array_equal(values, values.T)
        there = np.isfinite(values)
        assert np.diag(values)[np.diag(there)].tolist() == [0] * int(np.diag(there).sum())
        assert (values[there] >= 0).all()
    expected_rows = {"leep": ["qqp", "xnli", "udpos"], "nce": ["qqp", "xnli", "udpos"]}
    expected_columns = {
        "logme": ["qqp", "xnli", "stsb", "udpos"],
        "h-score": ["qqp", "xnli", "udpos"],
        **expected_rows,
    }
    if about.needs == "training":
        assert matrix.rows == expected_rows.get(kind, TRAINED)
        assert matrix.columns == expected_columns.get(kind, TRAINED)
    if kind in expected_rows:
        across = matrix.values.loc["udpos", ["qqp", "xnli"]]
        assert across.isna().all()  # a tagger says nothing about sentences
        assert matrix.values.loc["qqp", ["qqp", "xnli"]].notna().all()
    elif kind == "few-shot":
        assert np.isnan(np.diag(values)).all()
        assert matrix.missing() == len(TRAINED)
        assert (np.nan_to_num(values) <= 0).all()  # accuracies and F1, turned
        assert (np.nan_to_num(values) >= -100).all()
    elif kind == "task-embedding-pooled":
        pools = ["qqp", "xnli", "stsb", "xcopa"]
        assert matrix.values.loc[pools, pools].notna().all(axis=None)
        assert matrix.values.drop(index=pools).isna().all(axis=None)
    else:
        assert matrix.missing() == 0


def test_training_is_done_once_and_is_the_same_again(examples, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TRANSFER_ANALYSIS_CACHE", str(tmp_path))
    two = {name: examples[name] for name in ("qqp", "stsb")}
    first = tuned_tasks(two, str(folder), RECIPE, seed=3)
    weights = {name: first.after(name) for name in two}
    heads = {name: first.heads[name].state_dict() for name in two}
    files = sorted((tmp_path / "tuned").iterdir())
    assert len(files) == 2

    def refuse(*args, **kwargs):
        raise AssertionError("trained again")

    monkeypatch.setattr("transfer_analysis.distances.models.tuned.train", refuse)
    again = tuned_tasks(two, str(folder), RECIPE, seed=3)
    for name in two:
        for key, weight in again.after(name).items():
            assert torch.equal(weight, weights[name][key])
        for key, weight in again.heads[name].state_dict().items():
            assert torch.equal(weight, heads[name][key])
    with pytest.raises(AssertionError, match="trained again"):
        tuned_tasks(two, str(folder), RECIPE, seed=4)


def test_the_encoder_is_as_before_when_a_kind_is_done(inputs):
    tuned = inputs.tuned_tasks()
    for kind in ("logme", "cka", "task-embedding", "few-shot"):
        task_distances(kind, inputs)
        for name, weight in tuned.encoder.model.state_dict().items():
            assert torch.equal(weight, tuned.before[name]), kind


def test_task_embeddings_of_long_contexts_read_one_window(examples, folder):
    tuned = tuned_tasks({"squad": examples["squad"], "qqp": examples["qqp"]}, str(folder), RECIPE)
    encoder, head = tuned.use("squad")
    assert task_embedding(encoder, head, tuned.features["squad"], count=9).examples == 9


def test_what_cannot_be_trained_on_is_named_before_any_training(examples, folder, monkeypatch):
    monkeypatch.setattr("transfer_analysis.distances.models.tuned.load_encoder", None)
    with pytest.raises(
        InputError, match="tatoeba: has no training data for a head .retrieval.; it has text distances only"
    ):
        tuned_tasks({"tatoeba": examples["tatoeba"], "qqp": examples["qqp"]}, str(folder), RECIPE)
    with pytest.raises(InputError, match="mine: texts alone cannot be trained on"):
        tuned_tasks({"mine": TaskExamples("mine", ["a"])}, str(folder), RECIPE)


def test_what_a_kind_lacks_is_said(examples):
    alone = Inputs({"qqp": examples["qqp"], "stsb": examples["stsb"]}, Counts)
    for kind, message in {
        "logme": "name tasks and give a corpus with --from",
        "otdd": "otdd needs two tasks with classes, and qqp of qqp, stsb has some",
        "description": "no description of qqp, stsb",
        "mean-embeding": "did you mean 'mean-embedding-cosine'",
    }.items():
        with pytest.raises(InputError, match=message):
            task_distances(kind, alone)


def test_few_probes_are_refused(inputs):
    from dataclasses import replace

    few = replace(inputs, probes=["red cat", "blue dog"], _made=inputs._made)
    with pytest.raises(InputError, match="2 different texts to probe with; cka needs at least 10"):
        task_distances("cka", few)


def test_a_task_is_not_trained_on_what_it_is_tested_on(examples, folder):
    from dataclasses import replace

    tested = {**examples, "xnli": replace(examples["xnli"], split="test")}
    with pytest.raises(InputError, match="xnli: has only test examples; it has text distances only"):
        tuned_tasks({name: tested[name] for name in ("qqp", "xnli")}, str(folder), RECIPE)
    inputs = Inputs({"qqp": tested["qqp"], "xnli": tested["xnli"]}, Counts, tuned=lambda chosen, report: None)
    with pytest.raises(InputError, match="trains on two tasks at least; qqp of qqp, xnli can"):
        task_distances("logme", inputs)


def test_states_that_do_not_vary_are_refused(inputs):
    from transfer_analysis.distances.models.representations import cka_distances

    tuned = inputs.tuned_tasks()
    broken = dict(tuned.before)
    for name in broken:
        if name.endswith(("LayerNorm.weight", "LayerNorm.bias")):
            broken[name] = torch.zeros_like(broken[name])
    original = tuned.after
    tuned.after = lambda task: broken if task == "qqp" else original(task)
    try:
        with pytest.raises(InputError, match="qqp: after training on it my-model gives the same states"):
            cka_distances(tuned, [" ".join(WORDS[i:]) for i in range(10)] + ["cat"])
    finally:
        del tuned.after
        tuned.restore()


def test_words_of_a_sentence_without_any_labelled_word_do_not_mix_up_the_others(folder):
    """A batch with as many labelled words as sentences, but not one each."""
    from transfer_analysis.distances.models.states import labelled_units
    from transfer_analysis.training.encoder import load_encoder
    from transfer_analysis.training.reading.features import IGNORED, featurize

    catalogue = load_catalogue()
    encoder = load_encoder(str(folder))
    records = [
        {"tokens": text.split(), "upos": ["NOUN"] * len(text.split())} for text in ("red cat dog", "blue", "green")
    ]
    features = featurize(catalogue["udpos"], records, encoder, 16, "test")
    for item in (1, 2):
        features.targets[item] = np.full_like(features.targets[item], IGNORED)
    units = labelled_units(encoder, features)
    alone = featurize(catalogue["udpos"], records[:1], encoder, 16, "test")
    np.testing.assert_allclose(units.states, labelled_units(encoder, alone).states, atol=1e-6)
    assert len(units.labels) == 3


def test_a_target_that_a_score_does_not_suit_is_left_out_and_named(examples, folder):
    from dataclasses import replace

    few = replace(
        examples["qqp"], **{k: v[:12] for k, v in vars(examples["qqp"]).items() if k in ("texts", "labels", "records")}
    )
    chosen = {"qqp": few, "xnli": examples["xnli"]}
    tuned = tuned_tasks(chosen, str(folder), RECIPE)
    matrix = h_score_distances(tuned)
    assert matrix.rows == ["qqp", "xnli"]
    assert matrix.columns == ["xnli"]
    assert matrix.remarks() == [
        "h-score not for qqp: 12 units are not more than the width of the states (16), so that every class can be told apart: "
        "give --count 17 or more"
    ]
    with pytest.raises(UnsuitedError, match="h-score of qqp: 12 units"):
        h_score_distances(tuned_tasks({"qqp": few, "stsb": examples["stsb"]}, str(folder), RECIPE))
