"""Dependency parsing: a toy grammar is learnt, attachment is counted by hand, mistakes in the data are named."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transfer_analysis.errors import InputError
from transfer_analysis.training.batches import collate
from transfer_analysis.training.heads import make_head
from transfer_analysis.training.loop import predict, train
from transfer_analysis.training.pretraining.built import Shape, new_encoder
from transfer_analysis.training.reading.features import IGNORED, featurize
from transfer_analysis.training.reading.golds import labelled
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.scoring.evaluate import evaluate, outputs
from transfer_analysis.training.scoring.metrics import attachment
from transfer_analysis.training.streams import Stream, all_of

from tests.toys import WORDS, task

COLUMNS = {"tokens": "tokens", "heads": "head", "relations": "deprel"}
RELATIONS = ("amod", "nsubj", "obj", "punct", "root")
PARSING = task("dependency", COLUMNS, RELATIONS, "las").model_copy(update={"metrics": ("las", "uas")})


@pytest.fixture
def encoder():
    return new_encoder("toy", WORDS, Shape(layers=1, hidden=32, heads=2, feed_forward=64, max_length=32), seed=0)


def sentence(rng):
    """(Colours) animal verb (colours) animal: a colour hangs on the animal after it, animals on the verb."""
    tokens, arcs = [], []
    for role in ("nsubj", "obj"):
        colours = [str(c) for c in rng.choice(WORDS[:3], size=int(rng.integers(3)))]
        animal = len(tokens) + len(colours) + 1
        tokens += [*colours, str(rng.choice(["cat", "dog"]))]
        arcs += [(animal, "amod")] * len(colours) + [(None, role)]
        if role == "nsubj":
            verb = len(tokens) + 1
            tokens.append(str(rng.choice(["sees", "hears"])))
            arcs.append((0, "root"))
    tokens.append(".")
    arcs.append((None, "punct"))
    heads = [verb if head is None else head for head, _ in arcs]
    return {"tokens": tokens, "head": heads, "deprel": [relation for _, relation in arcs]}


def scored(encoder, shuffled):
    rng = np.random.default_rng(1)
    train_on, test_on = ([sentence(rng) for _ in range(300)] for _ in range(2))
    if shuffled:
        for example in train_on:  # any tree over the words, with any relations
            order = rng.permutation(len(example["tokens"]))
            heads = [0] * len(order)
            for place, word in enumerate(order[1:], start=1):
                heads[word] = int(order[rng.integers(place)]) + 1
            example["head"], example["deprel"] = heads, [str(r) for r in rng.permutation(example["deprel"])]
    head = make_head(PARSING, encoder, seed=0)
    chosen = recipe("simulated", learning_rate=3e-3, epochs=8)
    stream = Stream(featurize(PARSING, train_on, encoder, 32, "train"), head, chosen.batch_size, chosen.epochs)
    train(encoder, [stream], all_of([stream]), chosen, 0)
    test = featurize(PARSING, test_on, encoder, 32, "test")
    return evaluate(test, outputs(test, predict(encoder, head, test)))


def test_a_grammar_is_learnt(encoder):
    scores = scored(encoder, shuffled=False)
    assert set(scores) == {"las", "uas"}
    assert scores["las"] > 99
    assert scores["uas"] >= scores["las"]


def test_what_is_no_grammar_is_not(encoder):
    assert scored(encoder, shuffled=True)["las"] < 40


def test_targets_are_places_of_first_subwords(encoder):
    """Words of two subwords in two windows: a word has a head to learn in one of them, if its head is there too."""
    example = {"tokens": ["cat-dog", "sees", "red", "dog-cat"], "head": ["2", "0", "4", "2"], "deprel": ["nsubj"] * 4}
    features = featurize(PARSING, [example], encoder, 6, "x")
    # [CLS] cat -dog sees red [SEP], [CLS] sees red dog -cat [SEP]
    assert [row.tolist() for row in features.tagged] == [[0, 1, 2], [1, 2, 3]]
    assert features.targets[0].tolist() == [
        [IGNORED, IGNORED],
        [3, 1],
        [IGNORED, IGNORED],
        [0, 1],
        [IGNORED, 1],
        [IGNORED, IGNORED],
    ]
    assert features.targets[1][:, 0].tolist() == [IGNORED, IGNORED, 3, 1, IGNORED, IGNORED]
    batch = collate(features, np.array([0, 1]), encoder)
    assert batch["targets"].shape == (2, 6, 2)
    head = make_head(PARSING, encoder, 0)
    loss = head.loss(head(encoder.hidden(batch), batch), batch)
    assert torch.isfinite(loss)
    given = outputs(features, predict(encoder, head, features))[0]
    assert len(given) == 4
    assert sorted(h for h, _ in given).count(0) == 1
    assert features.cut_share() == 100


def test_scores_of_a_row_do_not_hang_on_its_neighbours(encoder):
    rng = np.random.default_rng(0)
    features = featurize(PARSING, [sentence(rng) for _ in range(12)], encoder, 32, "x")
    head = make_head(PARSING, encoder, 0).eval()
    alone = [predict(encoder, head, features, batch_size=1)[i] for i in range(12)]
    assert outputs(features, alone) == outputs(features, predict(encoder, head, features, batch_size=12))


def test_attachment_by_hand():
    """Six words in two sentences: four right heads, three of them with the right relation."""
    golds = [[(2, 0), (0, 1), (2, 2)], [(0, 1), (1, 2), (1, 3)]]
    given = [[[2, 0], [0, 1], [1, 2]], [[0, 1], [1, 0], [-1, -1]]]
    assert attachment(golds, given) == {"las": 50.0, "uas": pytest.approx(400 / 6)}


def test_subtypes_are_left_out_and_relations_found(encoder):
    example = {"tokens": ["cat", "sees"], "head": [2, 0], "deprel": ["nsubj:pass", "root"]}
    assert featurize(PARSING, [example], encoder, 32, "x").golds == [[(2, 1), (0, 4)]]
    assert labelled(task("dependency", COLUMNS, metric="las"), [example]).labels == ("nsubj", "root")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"head": [2]}, "x row 1: 3 tokens but 1 heads"),
        ({"deprel": ["a"]}, "x row 1: 3 tokens but 1 relations"),
        ({"head": [2, 0, 4]}, "x row 1: token 3 has the head 4; expected another of its 3 tokens, or 0"),
        ({"head": [1, 0, 2]}, "x row 1: token 1 has the head 1"),
        ({"head": [2, 0, "_"]}, "x row 1: token 3 has the head '_'"),
        ({"head": [2, 1, 2]}, "x row 1: heads are .* not a tree with one root"),
        ({"head": [0, 0, 2]}, "x row 1: heads are .* not a tree with one root"),
        ({"deprel": ["nsubj", "root", "objj"]}, "x row 1: relation 'objj' is not a class .did you mean 'obj'"),
        ({"head": "2 0 2"}, "x row 1: 'head' is '2 0 2'; expected a list of heads"),
    ],
)
def test_rows_that_are_no_trees_are_named(encoder, change, message):
    example = {"tokens": ["cat", "sees", "dog"], "head": [2, 0, 2], "deprel": ["nsubj", "root", "obj"]}
    with pytest.raises(InputError, match=message):
        featurize(PARSING, [{**example, **change}], encoder, 32, "x")
