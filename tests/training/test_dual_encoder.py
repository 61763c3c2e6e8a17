"""Dual encoders: what is asked for is found among the candidates of all languages, and ranks are counted by hand."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score
from transfer_analysis.corpora import FolderCorpus
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.computing.numerics import Numerics
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.heads import make_head
from transfer_analysis.training.heads.dual_encoder import SCALE
from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder
from transfer_analysis.training.reading.data import Examples
from transfer_analysis.training.reading.features import featurize
from transfer_analysis.training.reading.ranked import Candidate, candidates, pairs, sentence_breaks
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.runs.execute import run_grid
from transfer_analysis.training.scoring.ranking import average_precision, rank, ranks_of

from tests.toys import WORDS, task, write

ASKED = {"text": "query", "pair": "answer", "key": "id"}
OF_PASSAGES = {"question": "question", "context": "context", "answers": "answers", "key": "id"}
NOUNS = [f"n{i}" for i in range(30)]
VERBS = [f"v{i}" for i in range(6)]


@pytest.fixture
def encoder():
    return new_encoder("toy", WORDS, Shape(layers=1, hidden=32, heads=2, feed_forward=64, max_length=32), seed=0)


@pytest.fixture(scope="module")
def grid_of_passages(tmp_path_factory):
    """Passages of four sentences; a question names the noun and the verb of one of them, in words of its own."""
    path = tmp_path_factory.mktemp("ranked")
    rng = np.random.default_rng(0)

    def passage(number, count=4):
        nouns = rng.permutation(NOUNS)[:count]
        said = [f"{noun} {rng.choice(VERBS)} ." for noun in nouns]
        starts = np.cumsum([0, *(len(s) + 1 for s in said)])
        breaks = [[int(a), int(b)] for a, b in pairwise(starts)]
        rows = []
        for i in rng.permutation(count)[:2]:
            noun, verb, _ = said[i].split()
            answer = {"text": [noun], "answer_start": [int(starts[i])]}
            rows.append({"id": f"{number}.{i}", "question": f"q{noun} q{verb} ?", "answers": answer})
        context = " ".join(said) + " "
        return [{**row, "context": context, "sentence_breaks": breaks} for row in rows]

    def translated(row):
        """Another language: the same with other words for its verbs, so that it is not all the same text."""
        words = {f"v{i}": f"w{i}" for i in range(6)}
        context = " ".join(words.get(w, w) for w in row["context"].split()) + " "
        return {**row, "context": context, "question": row["question"].replace("qv", "qw")}

    write(path / "squad" / "en" / "train.jsonl", [r for n in range(400) for r in passage(n)])
    write(path / "squad" / "en" / "validation.jsonl", [r for n in range(400, 412) for r in passage(n)])
    tested = [r for n in range(500, 512) for r in passage(n)]
    write(path / "xquad" / "en" / "test.jsonl", tested)
    write(path / "xquad" / "de" / "test.jsonl", [translated(row) for row in tested])
    words = [*NOUNS, *VERBS, *(f"w{i}" for i in range(6)), ".", "?"]
    words += [f"q{word}" for word in words[:-2]]
    made = new_encoder("tiny", words, Shape(layers=1, hidden=48, heads=2, feed_forward=48), 0)
    save_encoder(made, path / "tiny")
    given = Grid(
        conditions=(), targets=("lareqa",), seeds=(1,), intermediate_examples=1, target_examples=800, test_examples=24
    )
    chosen = recipe("simulated", learning_rate=3e-3, epochs=12)
    return run_grid(
        FolderCorpus(path),
        load_catalogue(),
        str(path / "tiny"),
        given,
        chosen,
        path / "runs",
        model="tiny",
        origin="test",
        workers=1,
    ), path


def test_answers_are_found_among_the_sentences_of_all_passages(grid_of_passages):
    done, _ = grid_of_passages
    assert not done.failures
    scores = done.table.frame.set_index(["split", "language"])["score"]
    assert set(scores.index) == {("validation", "en"), ("test", "en"), ("test", "de")}
    assert scores["validation", "en"] > 90
    # Every question has one right sentence in each language; those of the other were never seen.
    assert 40 < scores["test", "en"] < 100
    assert scores["test", "de"] < scores["test", "en"]
    frame = done.table.frame
    assert (frame["metric"] == "map_at_20").all()
    assert (frame.loc[frame["split"] == "test", "n_examples"] == 24).all()
    assert frame["trained_on"].str.startswith("squad-sentences:").all()


def test_ranks_of_every_query_are_kept(grid_of_passages):
    import pandas as pd

    done, path = grid_of_passages
    (file,) = (path / "runs").glob("*.predictions.parquet")
    kept = pd.read_parquet(file).query("split == 'test'")
    ranks = kept["output"].map(json.loads)
    assert (ranks.map(len) == 2).all()
    assert (kept["gold"] == "2").all()
    tested = done.table.frame.query("split == 'test'").set_index("language")["score"]
    for code, of_language in ranks.groupby(kept["language"]):
        assert tested[code] == pytest.approx(100 * np.mean([average_precision(r) for r in of_language]))


def test_average_precision_by_hand_and_by_scikit_learn():
    assert average_precision([1]) == 1
    assert average_precision([3]) == pytest.approx(1 / 3)
    assert average_precision([1, 4]) == pytest.approx((1 + 2 / 4) / 2)
    assert average_precision([2, 21]) == pytest.approx((1 / 2) / 2)
    assert average_precision(range(1, 31)) == 1  # more than the cut has room for
    rng = np.random.default_rng(0)
    for _ in range(20):
        cosines, right = rng.normal(size=15), rng.choice(15, size=4, replace=False)
        theirs = average_precision_score(np.isin(np.arange(15), right), cosines)
        assert average_precision(ranks_of(cosines, right)) == pytest.approx(theirs)


def test_of_equal_cosines_the_first_is_ahead():
    assert ranks_of(np.array([0.5, 0.9, 0.5, 0.5]), [2]) == [3]
    assert ranks_of(np.array([0.5, 0.9, 0.5, 0.5]), [3, 1]) == [1, 4]


def test_the_loss_is_a_softmax_over_the_batch_without_what_is_right_too(encoder):
    about = task("dual-encoder", ASKED, metric="map_at_20")
    head = make_head(about, encoder, 0)
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [1.0, 0.0, 2.0]])
    loss = head.loss(logits, {"targets": torch.tensor([7, 8, 7])})
    expected = np.mean(
        [
            np.log(np.exp([2, 1]).sum()) - 2,  # the third candidate is the first query's too
            np.log(np.exp([0, 3, 1]).sum()) - 3,
            np.log(np.exp([0, 2]).sum()) - 2,
        ]
    )
    assert float(loss) == pytest.approx(expected, abs=1e-6)


def test_logits_are_scaled_cosines_of_pooled_states(encoder):
    about = task("dual-encoder", ASKED, metric="map_at_20")
    examples = [
        {"query": "red cat", "answer": "cat", "id": 1},
        {"query": "dog", "answer": "dog sees dog .", "id": 2},
        {"query": "", "answer": "nobody asks", "id": 3},
    ]
    features = featurize(about, examples, encoder, 32, "x")
    assert len(features) == 2
    assert features.rows_per_item == 2
    from transfer_analysis.training.batches import collate

    batch = collate(features, np.array([0, 1]), encoder)
    head = make_head(about, encoder, 0)
    with torch.no_grad():
        logits = head(encoder.hidden(batch), batch)
        means = [encoder.hidden(collate(features, np.array([i]), encoder)) for i in range(2)]
    mask = [collate(features, np.array([i]), encoder)["attention_mask"].bool() for i in range(2)]
    vectors = [[m[side][k[side]].mean(dim=0) for side in range(2)] for m, k in zip(means, mask, strict=True)]
    for i in range(2):
        for j in range(2):
            cosine = torch.cosine_similarity(vectors[i][0], vectors[j][1], dim=0)
            assert float(logits[i, j]) == pytest.approx(SCALE * float(cosine), abs=1e-4)


def test_candidates_of_passages_are_their_sentences():
    about = task("dual-encoder", OF_PASSAGES, metric="map_at_20")
    passage = "The cat sleeps. A dog barks! Why? 猫在睡觉。狗叫。"
    rows = [
        {"id": "a", "question": "Who barks?", "context": passage, "answers": {"text": ["dog"], "answer_start": [18]}},
        {"id": "b", "question": "Who sleeps?", "context": passage, "answers": {"text": ["cat"], "answer_start": [4]}},
        {"id": "c", "question": "谁叫？", "context": passage, "answers": {"text": ["狗"], "answer_start": [40]}},
    ]
    found = candidates(about, rows)
    assert [c.text for c in found] == ["The cat sleeps.", "A dog barks!", "Why?", "猫在睡觉。", "狗叫。"]
    assert [sorted(keys) for keys in found.values()] == [["b"], ["a"], [], [], ["c"]]
    assert pairs(about, rows)[0].candidate == Candidate("A dog barks!", passage)
    assert sentence_breaks({"sentence_breaks": [[0, 28], [29, 33]]}, passage) == [(0, 28), (29, 33)]


def test_queries_that_ask_for_the_same_are_not_each_others_wrong_answers(encoder):
    about = task("dual-encoder", ASKED, metric="map_at_20")
    rows = [("cat", 1), ("cat", 2), ("dog", 2), ("red", 3), ("blue", 4)]
    examples = [{"query": "who", "answer": answer, "id": key} for answer, key in rows]
    targets = featurize(about, examples, encoder, 32, "x").targets
    assert len(set(targets[:3])) == 1  # the same candidate, the same key
    assert len(set(targets)) == 3


def test_keys_of_two_sources_are_not_of_each_other(encoder):
    one, other = (
        task("dual-encoder", ASKED, metric="map_at_20").model_copy(update={"name": name}) for name in ("one", "other")
    )
    groups = [
        [
            Examples(about, "en", "test", [{"query": q, "answer": q, "id": "1"}], ["1"])
            for about, q in ((one, "red cat"), (other, "blue dog sees"))
        ],
        [Examples(one, "de", "test", [{"query": "", "answer": "green", "id": "7"}], ["1"])],
    ]
    found = rank(one, groups, encoder, Numerics(), 32)
    assert found[0].ranks == [[1], [1]]
    assert found[0].rows == ["one 1", "other 1"]
    assert found[1].ranks == []  # candidates without a query


def test_mistakes_are_named(encoder):
    about = task("dual-encoder", OF_PASSAGES, metric="map_at_20")
    row = {"id": "a", "question": "who", "context": "cat sees dog", "answers": {"text": ["dog"], "answer_start": [3]}}
    with pytest.raises(InputError, match="x row 1: the answer 'dog' does not stand at character 3"):
        featurize(about, [row], encoder, 32, "x")
    with pytest.raises(InputError, match="does not say which columns hold its pair and key"):
        featurize(task("dual-encoder", {"text": "query"}, metric="map_at_20"), [{"query": "a"}], encoder, 32, "x")
    with pytest.raises(InputError, match="dual-encoder is not scored by accuracy, but by map_at_20"):
        featurize(task("dual-encoder", ASKED), [{"query": "a", "answer": "b", "id": 1}], encoder, 32, "x")
    asked = task("dual-encoder", ASKED, metric="map_at_20")
    assert len(featurize(asked, [{"query": "", "answer": "b", "id": 1}], encoder, 32, "x")) == 0


def test_a_training_set_without_queries_is_refused(grid_of_passages, tmp_path):
    _, path = grid_of_passages
    rows = [{"context": "", "description": "n1 v1 .", "entity": "E1"}] * 8
    for split in ("train", "test"):
        write(tmp_path / "mewsli-x" / "en" / f"{split}.jsonl", rows)
    given = Grid(
        conditions=(), targets=("mewsli-x",), seeds=(1,), intermediate_examples=8, target_examples=8, test_examples=8
    )
    with pytest.raises(InputError, match="mewsli-x: none of en/train has a row with a query"):
        run_grid(
            FolderCorpus(tmp_path),
            load_catalogue(),
            str(path / "tiny"),
            given,
            recipe("simulated"),
            tmp_path / "runs",
            model="tiny",
            origin="test",
            workers=1,
        )
