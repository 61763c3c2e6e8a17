"""Whatever is scored was read: long sentences in windows, and the share of inputs that were cut."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.encoder import load_encoder
from transfer_analysis.training.heads.trees import Arcs, parsed
from transfer_analysis.training.pretraining.built import Shape, new_encoder
from transfer_analysis.training.reading.features import IGNORED, featurize
from transfer_analysis.training.reading.windows import most_context, windows
from transfer_analysis.training.scoring.evaluate import evaluate, outputs
from transfer_analysis.training.scoring.learnt import learnt, majority_scores

from tests.conftest import ROOT
from tests.toys import WORDS, task

CASES = ROOT.parent / "shared" / "cases" / "01-long-tagged-sentences"


@pytest.fixture
def encoder():
    return new_encoder("toy", WORDS, Shape(layers=1, hidden=8, heads=1, feed_forward=8, max_length=64), seed=0)


@given(st.lists(st.integers(1, 9), max_size=60), st.integers(9, 30), st.integers(0, 8))
@settings(max_examples=300, deadline=None)
def test_windows_hold_every_word_and_each_is_taken_once(sizes, room, stride):
    found = windows(np.array(sizes, dtype=np.int64), room, stride)
    assert all(sum(sizes[first:end]) <= room for first, end in found)
    there = [np.arange(first, end) for first, end in found]
    taken = [word for words, own in zip(there, most_context(there), strict=True) for word in words[own]]
    assert sorted(taken) == list(range(len(sizes)))
    assert [first for first, _ in found] == sorted({first for first, _ in found})
    if len(found) > 1:
        assert found[-1][1] == len(sizes)


def test_a_word_is_taken_from_where_it_has_most_context():
    """Ten words in windows of six that share two: words 4 and 5 are first or second, and last or second to last."""
    found = windows(np.ones(10, dtype=np.int64), 6, 2)
    assert found == [(0, 6), (4, 10)]
    first, second = most_context([np.arange(*window) for window in found])
    assert first.tolist() == [True] * 5 + [False]
    assert second.tolist() == [False] + [True] * 5


def sentence(rng, length):
    words = [str(w) for w in rng.choice(WORDS[:7], length)]
    # A tree whose arcs are short, so that each is inside some window.
    heads = [0, *(int(rng.integers(max(1, i - 2), i + 1)) for i in range(1, length))]
    return {"tokens": words, "tags": [str(rng.integers(3)) for _ in words], "heads": heads, "relations": ["a"] * length}


def test_a_perfect_tagger_is_perfect_on_sentences_of_any_length(encoder):
    rng = np.random.default_rng(0)
    about = task("token-classification", {"tokens": "tokens", "tags": "tags"}, ("0", "1", "2"), "span_f1")
    features = featurize(about, [sentence(rng, n) for n in (1, 5, 40, 200)], encoder, 24, "x")
    right = [[int(tag) for tag in row if tag != IGNORED] for row in features.targets]
    assert evaluate(features, outputs(features, right)) == {"accuracy": 100.0, "span_f1": 100.0}
    assert features.cut_share() == 0


def test_a_perfect_parser_is_perfect_where_windows_see_the_arcs(encoder):
    rng = np.random.default_rng(0)
    about = task("dependency", {"tokens": "tokens", "heads": "heads", "relations": "relations"}, ("a", "b"), "las")
    features = featurize(about, [sentence(rng, n) for n in (1, 5, 40, 90)], encoder, 24, "x")
    given = []
    for words, number in zip(features.tagged, features.example, strict=True):
        scores = np.full((len(words), len(words) + 1), -5.0)
        places = {word + 1: place + 1 for place, word in enumerate(words.tolist())} | {0: 0}
        for row, word in enumerate(words.tolist()):
            head = features.golds[number][word][0]
            if head in places:
                scores[row, places[head]] = 0.0
        given.append(Arcs(scores, np.zeros_like(scores, dtype=np.int64)))
    assert evaluate(features, outputs(features, given)) == {"las": 100.0, "uas": 100.0}
    assert features.cut_share() == 50  # two of four sentences did not fit


def test_a_sentence_parsed_in_windows_is_one_tree():
    """Two windows that each want a root of their own: the better one wins, and the other word takes its next best head."""
    first, second = np.arange(3), np.arange(1, 4)
    scores = [np.full((3, 4), -9.0), np.full((3, 4), -9.0)]
    scores[0][0, 0], scores[0][1, 1] = 0.0, 0.0  # word 0 is the root, word 1 hangs on it
    scores[1][1, 1], scores[1][2, 0], scores[1][2, 2] = 0.0, -0.5, -1.0  # word 3: the root, or word 2
    found = parsed(
        [Arcs(s, np.zeros((3, 4), dtype=np.int64)) for s in scores], [first, second], most_context([first, second])
    )
    assert [head for head, _ in found] == [0, 1, 2, 3]


def test_a_word_that_is_longer_than_a_row_is_read_as_far_as_it_fits(encoder):
    about = task("token-classification", {"tokens": "tokens", "tags": "tags"}, ("0", "1"), "accuracy")
    examples = [{"tokens": ["red", "-".join(["cat"] * 40), "dog"], "tags": ["0", "1", "0"]}]
    features = featurize(about, examples, encoder, 12, "x")
    assert max(map(len, features.input_ids)) <= 12
    right = [[int(tag) for tag in row if tag != IGNORED] for row in features.targets]
    assert outputs(features, right) == [[0, 1, 0]]
    assert features.cut_share() == 100


def test_the_share_of_inputs_that_are_cut(encoder):
    """Of texts, of choices (any of an example), of questions; contexts are read in windows and never cut."""
    text = {"text": "red " * 30, "label": 0}
    short = {"text": "red", "label": 1}
    about = task("sequence-classification", {"text": "text", "label": "label"}, ("a", "b"))
    assert featurize(about, [text, short, short, short], encoder, 16, "x").cut_share() == 25
    about = task("multiple-choice", {"context": "text", "choices": "choices", "label": "label"})
    rows = [{**short, "choices": ["red", "cat " * 30]}, {**short, "choices": ["red", "cat"]}]
    assert featurize(about, rows, encoder, 16, "x").cut_share() == 50
    about = task("span-qa", {"question": "question", "context": "context", "answers": "answers"}, metric="f1")
    answers = {"text": ["red"], "answer_start": [0]}
    rows = [
        {"question": "who " * 30, "context": "red cat", "answers": answers},
        {"question": "who", "context": "red cat " * 40, "answers": answers},
    ]
    assert featurize(about, rows, encoder, 24, "x").cut_share() == 50


def test_what_has_not_been_learnt_is_told(encoder):
    """Against chance, and against the majority of the outputs: a collapsed model is at 60% where 60% are of one class."""
    about = task("sequence-classification", {"text": "text", "label": "label"}, ("a", "b"))
    about = about.model_copy(update={"chance": 50.0})
    golds = [0] * 60 + [1] * 40
    features = featurize(about, [{"text": "red", "label": g} for g in golds], encoder, 16, "x")
    assert majority_scores(features, [0] * 100, "en") == {"accuracy": 60.0}
    assert learnt(features, [0] * 100, "en") == "no"
    assert learnt(features, golds, "en") == "yes"
    assert learnt(features, [0] * 55 + [1] * 5 + [1] * 2 + [0] * 38, "en") == "no"  # three below the majority
    half = [0] * 50 + [1] * 10 + [1] * 20 + [0] * 20  # 70 right; the majority, 0, would be right 60 times
    assert learnt(features, half, "en") == "yes"
    rng = np.random.default_rng(0)
    told = [learnt(features, rng.integers(0, 2, 100).tolist(), "en") for _ in range(400)]
    assert 0.0 <= told.count("yes") / 400 < 0.08


@pytest.mark.skipif(not CASES.is_dir(), reason="the case of long tagged sentences is not beside the checkout")
def test_the_case_of_long_tagged_sentences():
    rows = [json.loads(line) for line in (CASES / "de-test.jsonl").read_text(encoding="utf-8").splitlines()]
    encoder = load_encoder(str(Path(ROOT) / "data" / "encoders" / "verse-mini"))
    features = featurize(load_catalogue()["udpos"], rows, encoder, 32, "de/test")
    right = [[int(tag) for tag in row if tag != IGNORED] for row in features.targets]
    assert evaluate(features, outputs(features, right), "de") == {"accuracy": 100.0, "span_f1": 100.0}
