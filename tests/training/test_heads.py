from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from transfer_analysis.corpora.simulated import World
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.batches import collate, epoch_order, restarted_positions
from transfer_analysis.training.encoder import load_encoder
from transfer_analysis.training.heads import make_head
from transfer_analysis.training.loop import linear_schedule, predict, train
from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder
from transfer_analysis.training.pretraining.simulated import Pretraining, pretrain
from transfer_analysis.training.reading.features import IGNORED, featurize
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.scoring.answers import answer_scores, normalized
from transfer_analysis.training.scoring.evaluate import evaluate, outputs
from transfer_analysis.training.scoring.metrics import class_f1
from transfer_analysis.training.streams import Stream, all_of

from tests.toys import WORDS, task


def fit(encoder, head, features, chosen, seed):
    """Train on one task."""
    stream = Stream(features, head, chosen.batch_size, chosen.epochs)
    return train(encoder, [stream], all_of([stream]), chosen, seed)


@pytest.fixture
def encoder():
    return new_encoder("toy", WORDS, Shape(layers=1, hidden=32, heads=2, feed_forward=64, max_length=32), seed=0)


def toy(head, rng, shuffled):
    """A set that a small encoder learns in seconds; with shuffled answers there is nothing to learn."""
    examples = []
    for _ in range(300):
        animals = [str(a) for a in rng.permutation(["cat", "dog"])]
        colours = [str(c) for c in rng.choice(["red", "green", "blue"], 2)]
        text = f"{colours[0]} {animals[0]} sees {colours[1]} {animals[1]}"
        if head == "sequence-classification":
            examples.append({"text": text, "label": ["red", "green", "blue"].index(colours[0])})
        elif head == "sequence-regression":
            examples.append({"text": text, "label": float(text.split().count("red"))})
        elif head == "multiple-choice":
            wrong = str(rng.choice([c for c in ("red", "green", "blue") if c != colours[0]]))
            label = int(rng.integers(2))
            pair = [wrong, colours[0]] if label else [colours[0], wrong]
            examples.append({"context": f"{colours[0]} {animals[0]}", "choices": pair, "label": label})
        elif head == "token-classification":
            tags = ["COLOUR" if w in WORDS[:3] else "ANIMAL" if w in ("cat", "dog") else "VERB" for w in text.split()]
            examples.append({"tokens": text.split(), "tags": tags})
        else:
            answer = colours[0]
            examples.append({"question": "who", "context": text, "answers": {"text": [answer], "answer_start": [0]}})
    if shuffled:
        order = rng.permutation(len(examples))
        key = {
            "sequence-classification": "label",
            "sequence-regression": "label",
            "multiple-choice": "label",
            "token-classification": "tags",
            "span-qa": "answers",
        }[head]
        if head == "span-qa":
            for e in examples:
                words = e["context"].split()
                i = int(rng.integers(len(words)))
                e["answers"] = {"text": [words[i]], "answer_start": [len(" ".join(words[:i])) + (i > 0)]}
        elif head == "token-classification":
            for e in examples:
                e["tags"] = [str(t) for t in rng.permutation(["COLOUR", "ANIMAL", "VERB", "COLOUR", "ANIMAL"])]
        else:
            values = [examples[i][key] for i in order]
            for e, value in zip(examples, values, strict=True):
                e[key] = value
    return examples


TASKS = {
    "sequence-classification": (
        task("sequence-classification", {"text": "text", "label": "label"}, ("red", "green", "blue")),
        "accuracy",
        55,
    ),
    "sequence-regression": (
        task("sequence-regression", {"text": "text", "label": "label"}, metric="pearson"),
        "pearson",
        30,
    ),
    "multiple-choice": (
        task("multiple-choice", {"context": "context", "choices": "choices", "label": "label"}),
        "accuracy",
        65,
    ),
    "token-classification": (
        task("token-classification", {"tokens": "tokens", "tags": "tags"}, ("COLOUR", "ANIMAL", "VERB")),
        "accuracy",
        60,
    ),
    "span-qa": (
        task("span-qa", {"question": "question", "context": "context", "answers": "answers"}, metric="f1"),
        "f1",
        50,
    ),
}


@pytest.mark.parametrize("head", TASKS)
def test_every_head_learns_what_can_be_learnt_and_nothing_else(encoder, head):
    about, metric, ceiling = TASKS[head]
    rng = np.random.default_rng(1)
    chosen = recipe("simulated", learning_rate=3e-3, epochs=6)
    start = {k: v.clone() for k, v in encoder.model.state_dict().items()}
    scores = {}
    for shuffled in (False, True):
        encoder.model.load_state_dict(start)
        model = make_head(about, encoder, seed=0)
        fit(encoder, model, featurize(about, toy(head, rng, shuffled), encoder, 32, "train"), chosen, seed=0)
        test = featurize(about, toy(head, rng, shuffled), encoder, 32, "test")
        scores[shuffled] = evaluate(test, outputs(test, predict(encoder, model, test)))[metric]
    assert scores[False] > 97
    assert scores[True] < ceiling


def test_training_is_determined_by_its_seed_and_leaves_the_global_one_alone(encoder):
    about = TASKS["sequence-classification"][0]
    features = featurize(about, toy("sequence-classification", np.random.default_rng(0), False), encoder, 32, "train")
    start = {k: v.clone() for k, v in encoder.model.state_dict().items()}
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    ends = []
    for seed in (1, 1, 2):
        encoder.model.load_state_dict(start)
        model = make_head(about, encoder, seed)
        fit(encoder, model, features, recipe("simulated", epochs=1), seed)
        ends.append(torch.cat([p.detach().flatten() for p in encoder.model.parameters()]))
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])
    assert torch.equal(torch.rand(3), expected)


def test_every_example_stands_in_one_batch_of_an_epoch():
    lengths = np.random.default_rng(0).integers(5, 50, size=101)
    batches = epoch_order(lengths, 16, seed=3, epoch=2)
    assert len(batches) == 7
    assert sorted(np.concatenate(batches).tolist()) == list(range(101))
    again = epoch_order(lengths, 16, seed=3, epoch=2)
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))
    other = epoch_order(lengths, 16, seed=3, epoch=3)
    assert not all(np.array_equal(a, b) for a, b in zip(batches, other, strict=True))
    spread = np.mean([np.ptp(lengths[b]) for b in batches])
    assert spread < np.ptp(lengths) / 2


def test_batches_are_of_like_length_among_a_random_part_of_all():
    lengths = np.sort(np.random.default_rng(0).integers(5, 500, size=16 * 200 + 3))
    batches = epoch_order(lengths, 16, seed=3, epoch=0)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert sorted({len(b) for b in batches}) == [3, 16]
    assert len(batches) == 201
    padding = sum(len(b) * lengths[b].max() for b in batches) / lengths.sum()
    assert padding < 1.25
    # Sorted as a whole, the examples of a batch would be 16 neighbours. A tenth of all is some 320.
    assert np.median([np.ptp(b) for b in batches]) > 200


def test_positions_restart_in_the_second_segment():
    segments = torch.tensor([[0, 0, 0, 1, 1, 0], [0, 0, 1, 1, 1, 1]])
    mask = torch.tensor([[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]])
    assert restarted_positions(segments, mask).tolist() == [[0, 1, 2, 1, 2, 0], [0, 1, 1, 2, 3, 4]]


def test_padding_does_not_change_predictions(encoder):
    about = TASKS["sequence-classification"][0]
    examples = [{"text": "red cat", "label": 0}, {"text": "blue dog sees green cat and hears red dog", "label": 2}]
    features = featurize(about, examples, encoder, 32, "x")
    head = make_head(about, encoder, 0)
    encoder.model.eval()
    with torch.inference_mode():
        both = collate(features, np.array([0, 1]), encoder)
        alone = collate(features, np.array([0]), encoder)
        together = head(encoder.hidden(both), both)[0]
        separate = head(encoder.hidden(alone), alone)[0]
    torch.testing.assert_close(together, separate, atol=1e-5, rtol=1e-5)


def test_only_first_subwords_carry_tags():
    encoder = new_encoder("toy", ["new", "york"], Shape(layers=1, hidden=8, heads=1, feed_forward=8), 0)
    about = TASKS["token-classification"][0]
    features = featurize(about, [{"tokens": ["new york", "new"], "tags": ["COLOUR", "VERB"]}], encoder, 32, "x")
    assert features.targets[0].tolist() == [IGNORED, 0, IGNORED, 2, IGNORED]


def test_answers_are_found_by_character(encoder):
    about = TASKS["span-qa"][0]
    context = "red cat sees blue dog"
    features = featurize(
        about,
        [{"question": "what", "context": context, "answers": {"text": ["blue dog"], "answer_start": [13]}}],
        encoder,
        32,
        "x",
    )
    assert features.targets == [(6, 7)]  # [CLS] what [SEP] red cat sees blue dog [SEP]
    assert outputs(features, [(6, 7, 1.0, 0.0)]) == ["blue dog"]
    assert evaluate(features, ["blue dog"]) == {"f1": 100.0, "exact_match": 100.0}
    assert evaluate(features, ["blue"])["f1"] == pytest.approx(200 / 3)
    assert evaluate(features, ["red cat"]) == {"f1": 0.0, "exact_match": 0.0}


@pytest.mark.parametrize(
    ("prediction", "gold", "f1", "exact"),
    [
        ("The  red Cat!", "red cat", 1, 1),
        ("a", "the", 0, 1),  # both are nothing once articles are gone: no word in common
        ("the red cat", "red dog", 0.5, 0),
        ("dog", "cat", 0, 0),
        ("", "cat", 0, 0),
        ("in May 1921", "1921", 0.5, 0),
    ],
)
def test_answers_are_scored_as_squad_scores_them(prediction, gold, f1, exact):
    assert answer_scores(prediction, [gold]) == (pytest.approx(f1), exact)
    assert answer_scores(prediction, ["zzz", gold])[0] == pytest.approx(f1)


def test_no_answer_is_right_where_there_is_none():
    assert answer_scores("", [], no_answer=True) == (1, 1)
    assert answer_scores("cat", [], no_answer=True) == (0, 0)
    assert answer_scores("a", ["the"], no_answer=True) == (1, 1)
    assert answer_scores("cat", ["the", "cat"], no_answer=True) == (1, 1)
    assert answer_scores("the", ["the", "cat"], no_answer=True) == (0, 0)  # a gold of which nothing is left is not one


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "The old-town hall", ["oldtown", "hall"]),
        ("de", "Der Hund, das Haus", ["hund", "haus"]),
        ("es", "¿La casa?", ["casa"]),
        ("ar", "الكتاب", ["كتاب"]),
        ("vi", "những cuốn sách", ["cuốn", "sách"]),
        ("zh", "北京 abc大学。", ["北", "京", "abc", "大", "学"]),
        ("hi", "यह घर।", ["यह", "घर"]),
    ],
)
def test_mlqa_normalises_by_language(language, text, words):
    assert normalized(text, "mlqa", language) == words


def test_long_contexts_are_read_in_windows():
    encoder = new_encoder("toy", ["w", "blue", "dog", "what"], Shape(layers=1, hidden=8, heads=1, feed_forward=8), 0)
    about = TASKS["span-qa"][0]
    context = "w " * 40 + "blue dog " + "w " * 10
    example = {"question": "what", "context": context, "answers": {"text": ["blue dog"], "answer_start": [80]}}
    features = featurize(
        about,
        [example, {**example, "context": "blue dog", "answers": {"text": ["dog"], "answer_start": [5]}}],
        encoder,
        24,
        "x",
    )
    assert features.example == [0] * (len(features) - 1) + [1]
    assert len(features) > 3
    holding = [i for i, target in enumerate(features.targets[:-1]) if target != (0, 0)]
    assert holding
    for item in holding:
        first, last = features.targets[item]
        assert context[features.places[item][first, 0] : features.places[item][last, 1]] == "blue dog"
    # The best span over the windows is the prediction.
    predictions = [(3, 3, 0.0, 9.0)] * (len(features) - 1) + [(4, 4, 0.0, 0.0)]
    predictions[holding[0]] = (*features.targets[holding[0]], 5.0, 9.0)
    assert outputs(features, predictions) == ["blue dog", "dog"]


def test_no_answer_needs_a_higher_score_in_every_window(encoder):
    about = TASKS["span-qa"][0].model_copy(update={"no_answer": True})
    none = {"question": "what", "context": "red cat", "answers": {"text": [], "answer_start": []}}
    features = featurize(about, [none, none], encoder, 32, "x")
    assert features.targets == [(0, 0), (0, 0)]
    assert outputs(features, [(3, 3, 1.0, 2.0), (3, 3, 1.0, 0.5)]) == ["", "red"]
    assert evaluate(features, ["", "red"]) == {"f1": 50.0, "exact_match": 50.0}
    with pytest.raises(InputError, match="x row 1: has no answer, which toy does not allow for"):
        featurize(TASKS["span-qa"][0], [none], encoder, 32, "x")


def test_choices_are_rows_of_one_item_and_labels_may_be_names(encoder):
    about = task("multiple-choice", {"context": "c", "question": "q", "choices": "a b", "label": "l"}, ("A", "B"))
    about = about.model_copy(update={"phrases": {"cause": "who sees"}})
    examples = [
        {"c": "red", "q": "cause", "a": "cat", "b": "blue dog", "l": "B"},
        {"c": "red", "q": "what", "a": "x", "b": "y", "l": 0},
    ]
    features = featurize(about, examples, encoder, 32, "x")
    assert (len(features), features.rows_per_item, features.targets) == (2, 2, [1, 0])
    assert encoder.tokenizer.decode(features.input_ids[1]) == "[CLS] red who sees [SEP] blue dog [SEP]"
    batch = collate(features, np.array([1, 0]), encoder)
    assert batch["input_ids"].shape[0] == 4
    assert make_head(about, encoder, 0)(encoder.hidden(batch), batch).shape == (2, 2)
    nested = task("multiple-choice", {"question": "q", "choices": "choices.text", "label": "l"})
    with pytest.raises(InputError, match="x row 2: 3 choices, but the first row has 2"):
        featurize(
            nested,
            [{"q": "q", "choices": {"text": list("ab")}, "l": 0}, {"q": "q", "choices": {"text": list("abc")}, "l": 0}],
            encoder,
            32,
            "x",
        )


def test_span_f1_is_that_of_seqeval_by_hand(encoder):
    about = task(
        "token-classification", {"tokens": "tokens", "tags": "tags"}, ("O", "B-PER", "I-PER", "B-LOC"), metric="span_f1"
    )
    features = featurize(about, [{"tokens": ["red", "cat", "dog", "blue"], "tags": [1, 2, "O", 3]}], encoder, 32, "x")
    # Two gold spans; one is found, and one that is not there is given: precision and recall ½.
    scores = evaluate(features, [[1, 2, 3, 0]])
    assert scores == {"accuracy": 50.0, "span_f1": pytest.approx(50.0)}


def test_a_missing_prediction_never_becomes_a_class(encoder):
    about = TASKS["token-classification"][0]
    example = {"tokens": ["red"] * 40, "tags": ["COLOUR"] * 40}
    features = featurize(about, [example], encoder, 12, "x")
    given = [[0] * len(words) for words in features.tagged]
    assert evaluate(features, outputs(features, given))["accuracy"] == 100
    with pytest.raises(ValueError, match="shorter"):
        outputs(features, given[:-1])
    with pytest.raises(ValueError, match="shorter"):
        outputs(features, [given[0][:-1], *given[1:]])


def test_random_initialisation_keeps_the_architecture_and_draws_from_the_seed(encoder, tmp_path):
    save_encoder(encoder, tmp_path / "toy")
    one, same, other = (load_encoder(str(tmp_path / "toy"), "random", seed) for seed in (1, 1, 2))
    weights = [e.model.get_input_embeddings().weight for e in (one, same, other, encoder)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert not torch.equal(weights[0], weights[3])
    assert one.restart_positions


def test_an_encoder_without_token_types_is_not_given_any(tmp_path):
    """XLM-R's family: one token type, positions that begin after the padding index, no segments from its tokenizer."""
    from transformers import XLMRobertaConfig, XLMRobertaModel

    tokenizer = new_encoder("toy", WORDS, Shape(), 0).tokenizer
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=70, type_vocab_size=1, pad_token_id=0,
    )  # fmt: skip
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(tmp_path / "x")
    tokenizer.save_pretrained(tmp_path / "x")
    loaded = load_encoder(str(tmp_path / "x"))
    assert not loaded.restart_positions
    about = TASKS["span-qa"][0]
    features = featurize(about, toy("span-qa", np.random.default_rng(0), False)[:4], loaded, 32, "x")
    batch = collate(features, np.arange(4), loaded)
    assert "token_type_ids" not in batch
    assert "position_ids" not in batch
    logits = make_head(about, loaded, 0)(loaded.hidden(batch), batch)
    ruled_out = logits[..., 0] < -1e8
    assert not ruled_out[:, 0].any()  # the first subword means no answer
    assert ruled_out[:, 1].all()  # the question cannot be the answer
    with pytest.raises(InputError, match="no such folder, and not a hub id"):
        load_encoder("nowhere")


@pytest.mark.parametrize(
    ("head", "example", "message"),
    [
        (
            "sequence-classification",
            {"text": "red", "label": 7},
            "row 2: label 7 is not a class; expected red, green, blue",
        ),
        ("token-classification", {"tokens": ["red"], "tags": ["COLOUR", "VERB"]}, "row 2: 1 tokens but 2 tags"),
        (
            "token-classification",
            {"tokens": ["red"], "tags": ["COLOR"]},
            "row 2: tag 'COLOR' is not a class .did you mean 'COLOUR'",
        ),
        (
            "span-qa",
            {"question": "who", "context": "red cat", "answers": {"text": ["dog"], "answer_start": [0]}},
            "row 2: the answer 'dog' does not stand at character 0",
        ),
    ],
)
def test_wrong_examples_name_task_split_and_row(encoder, head, example, message):
    about = TASKS[head][0]
    good = toy(head, np.random.default_rng(0), False)[0]
    with pytest.raises(InputError, match=f"toy de/test {message}"):
        featurize(about, [good, example], encoder, 32, "de/test")
    with pytest.raises(InputError, match="toy de/test: no examples"):
        featurize(about, [], encoder, 32, "de/test")
    with pytest.raises(InputError, match="toy de/test: column"):
        featurize(about, [{"wrong": 1}], encoder, 32, "de/test")


def test_a_saved_encoder_is_the_same_and_automodel_loads_it(encoder, tmp_path):
    from transformers import AutoModel

    save_encoder(encoder, tmp_path / "toy")
    loaded = load_encoder(str(tmp_path / "toy"))
    assert loaded.restart_positions
    assert loaded.pooling == "mean"
    assert loaded.tokenizer("red cat")["input_ids"] == encoder.tokenizer("red cat")["input_ids"]
    reference = AutoModel.from_pretrained(tmp_path / "toy").state_dict()
    for name, weights in loaded.model.state_dict().items():
        assert torch.equal(weights, encoder.model.state_dict()[name])
        assert torch.equal(weights, reference[name])
    assert not list((tmp_path / "toy").glob("*.bin"))
    with pytest.raises(InputError, match="cannot be loaded"):
        load_encoder(str(tmp_path))


def test_the_schedule_rises_and_falls():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = linear_schedule(optimizer, steps=10, warmup=0.2)
    rates = []
    for _ in range(10):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([0.0, 0.5, 1.0, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])


def test_recipes():
    assert recipe("simulated", epochs=2).describe().startswith("simulated epochs=2 lr=0.001 batch=32")
    with pytest.raises(InputError, match="unknown recipe 'simulate' .did you mean 'simulated'"):
        recipe("simulate")


def test_pretraining_lowers_the_loss():
    world = World(("en", "de"), seed=0)
    losses = []
    settings = Pretraining(steps=200, batch_size=32, documents=200)
    pretrain(
        world,
        Shape(layers=1, hidden=64, heads=2, feed_forward=64),
        settings,
        0,
        lambda what, share: losses.append(what),
    )
    values = [float(w.rsplit(" ", 1)[1]) for w in losses if "loss" in w]
    assert values[-1] < values[0] - 0.5


def test_a_word_without_subwords_is_read_as_unknown(encoder):
    about = task("token-classification", {"tokens": "tokens", "tags": "tags"}, ("O", "A", "B"), "span_f1")
    examples = [{"tokens": ["red", " ", "cat", "dog"], "tags": ["O", "O", "A", "B"]}]
    features = featurize(about, examples, encoder, 32, "x")
    assert features.tagged[0].tolist() == [0, 1, 2, 3]
    assert features.input_ids[0][2] == encoder.tokenizer.unk_token_id
    assert features.unknown_share() == 25
    assert outputs(features, [[0, 0, 1, 2]]) == [[0, 0, 1, 2]]
    # Room for two words a row, one of which two rows share: each word is tagged in one of them.
    split = featurize(about, examples, encoder, 4, "x")
    assert [row.tolist() for row in split.tagged] == [[0, 1], [2], [3]]
    assert outputs(split, [[0, 0], [1], [2]]) == [[0, 0, 1, 2]]
    assert split.cut_share() == 0


def test_parts_of_speech_are_spans_of_their_own_name():
    """As seqeval 0.0.12 scores them, with which XTREME's numbers were made."""
    labels = ("ADP", "CCONJ", "NOUN", "SCONJ", "SYM")
    about = task("token-classification", {"tokens": "tokens", "tags": "tags"}, labels, "span_f1")
    encoder = new_encoder("toy", ["a"], Shape(layers=1, hidden=8, heads=1, feed_forward=8), 0)

    def score(gold, given):
        features = featurize(about, [{"tokens": ["a"] * len(gold), "tags": gold}], encoder, 32, "x")
        return evaluate(features, [[labels.index(tag) for tag in given]])["span_f1"]

    assert score(["CCONJ"], ["SCONJ"]) == 0
    # Gold: CCONJ, SCONJ, SYM, SYM, NOUN NOUN: five spans. Given: four right, and a NOUN that ends too soon.
    gold = ["CCONJ", "SCONJ", "SYM", "SYM", "NOUN", "NOUN"]
    assert score(gold, gold) == 100
    assert score(gold, [*gold[:5], "ADP"]) == pytest.approx(100 * 2 * 4 / (5 + 6))


def test_long_questions_leave_room_for_the_context(encoder):
    about = TASKS["span-qa"][0]
    example = {
        "question": "who " * 80,
        "context": "red cat sees blue dog",
        "answers": {"text": ["blue dog"], "answer_start": [13]},
    }
    features = featurize(about, [example], encoder, 32, "x")
    assert int((features.segments[0] == 0).sum()) == 1 + 16 + 1  # half of the row
    assert any(target != (0, 0) for target in features.targets)


@pytest.mark.parametrize(
    ("head", "change", "message"),
    [
        ("sequence-classification", {"label": None}, "x row 2: 'label' is missing or null"),
        ("sequence-classification", {"text": None}, "x row 2: 'text' is missing or null"),
        ("token-classification", {"tags": None}, "x row 2: 'tags' is missing or null"),
        ("span-qa", {"answers": ["red"]}, "x row 2: answers are .'red'.; expected"),
        ("span-qa", {"answers": {"text": ["red"], "answer_start": []}}, "of equal length"),
        ("multiple-choice", {"choices": ["one"]}, "x row 2: 1 choices, but the first row has 2"),
    ],
)
def test_rows_that_cannot_be_read_are_named(encoder, head, change, message):
    about = TASKS[head][0]
    examples = toy(head, np.random.default_rng(0), False)[:3]
    examples[1] = {**examples[1], **change}
    with pytest.raises(InputError, match=message):
        featurize(about, examples, encoder, 32, "x")


def test_tasks_that_say_too_little(encoder):
    with pytest.raises(InputError, match="toy: the catalogue does not say which columns hold its heads and relations"):
        featurize(task("dependency", {"tokens": "t"}, metric="las"), [{"t": ["a"]}], encoder, 32, "x")
    with pytest.raises(InputError, match="toy: is scored without training"):
        make_head(task("retrieval", {"text": "t", "pair": "u"}), encoder, 0)
    with pytest.raises(InputError, match="toy: the catalogue does not say which columns hold its text and label"):
        featurize(task("sequence-classification", {}), [{"t": "a"}], encoder, 32, "x")


def test_classes_called_by_numbers(encoder):
    about = task("sequence-classification", {"text": "text", "label": "label"}, ("1", "2", "3"))
    examples = [{"text": "red", "label": given} for given in (1, "2", 3)]
    assert featurize(about, examples, encoder, 32, "x").targets == [0, 1, 2]


def test_overrides_of_one_task_leave_the_others():
    before, after = recipe("jiant"), recipe("jiant", tasks={"retrieval": {"layer": 7}})
    assert after.tasks["span-qa"] == before.tasks["span-qa"]
    assert after.tasks["retrieval"] == {"max_length": 512, "layer": 7}
    with pytest.raises(InputError, match="span-qa: epochs: Input should be"):
        recipe("jiant", tasks={"span-qa": {"epochs": "many"}})


def test_recipes_are_those_of_the_papers():
    about = load_catalogue()
    chosen = recipe("jiant")
    assert {name: chosen.for_task(about[name]).epochs for name in ("xnli", "paws-x", "udpos", "wikiann", "xquad")} == {
        "xnli": 2,
        "paws-x": 5,
        "udpos": 10,
        "wikiann": 10,
        "xquad": 2,
    }
    assert (chosen.for_task(about["xquad"]).batch_size, chosen.for_task(about["xnli"]).batch_size) == (16, 32)
    assert chosen.for_task(about["tatoeba"]).layer == 14
    scripts = recipe("xtreme")
    assert {name: scripts.for_task(about[name]).epochs for name in ("xnli", "udpos", "xquad", "xcopa")} == {
        "xnli": 5,
        "udpos": 10,
        "xquad": 3,
        "xcopa": 5,
    }
    assert scripts.for_task(about["tydiqa"]).learning_rate == 3e-5


CACHED = """
import sys
from transfer_analysis.training.encoder import load_encoder
print(load_encoder(sys.argv[1]).identity)
"""


def test_encoders_from_the_hubs_cache(encoder, tmp_path):
    """A copy in the cache serves where the hub cannot be reached; the commit is its identity."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    cache = tmp_path / "hub" / "models--owner--name"
    save_encoder(encoder, cache / "snapshots" / commit)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(commit)
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    for name in ("owner/name", f"owner/name@{commit}"):
        command = [sys.executable, "-c", CACHED, name]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.stdout == f"owner/name@{commit}\n", done.stderr
    command = [sys.executable, "-c", CACHED, "owner/other"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert "encoder owner/other: the hub cannot be reached, and it is not in the cache" in done.stderr


@pytest.mark.parametrize("legacy", [False, True])
def test_encoders_of_other_kinds(tmp_path, legacy):
    """XLM-R counts positions from 2 and has no token types; BERT's older files name norms otherwise; half precision."""
    from safetensors.torch import load_file, save_file
    from transformers import BertConfig, BertForMaskedLM, XLMRobertaConfig, XLMRobertaForMaskedLM

    plain = new_encoder("x", WORDS, Shape(layers=1, hidden=16, heads=2, feed_forward=16), 0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    sizes["type_vocab_size"] = 2 if legacy else 1
    kind, config = (BertForMaskedLM, BertConfig) if legacy else (XLMRobertaForMaskedLM, XLMRobertaConfig)
    model = kind(
        config(vocab_size=len(plain.tokenizer), max_position_embeddings=34, pad_token_id=0 if legacy else 1, **sizes)
    )
    model.half().save_pretrained(tmp_path / "e")
    plain.tokenizer.save_pretrained(tmp_path / "e")
    if legacy:
        path = tmp_path / "e" / "model.safetensors"
        weights = {
            k.replace("transform.LayerNorm.weight", "transform.LayerNorm.gamma").replace(
                "transform.LayerNorm.bias", "transform.LayerNorm.beta"
            ): v
            for k, v in load_file(path).items()
        }
        save_file(weights, path, metadata={"format": "pt"})
    encoder = load_encoder(str(tmp_path / "e"))
    assert {p.dtype for p in encoder.model.parameters()} == {torch.float32}
    assert set(encoder.language_head) == {"dense.weight", "dense.bias", "norm.weight", "norm.bias", "bias"}
    about = TASKS["sequence-classification"][0]
    batch = collate(featurize(about, [{"text": "red cat", "label": 0}], encoder, 32, "x"), np.array([0]), encoder)
    assert ("token_type_ids" in batch) == legacy
    assert torch.isfinite(encoder.hidden(batch)).all()


def test_f1_of_classes_by_hand(encoder):
    # Second class: 2 hits, 3 gold, 4 given.
    golds, given = [1, 1, 1, 0, 0, 0], [1, 1, 0, 1, 1, 0]
    assert class_f1(golds, given, 2) == pytest.approx(100 * 2 * 2 / (3 + 4))
    # Three classes, one of them nowhere.
    assert class_f1([0, 0, 1], [0, 1, 1], 3) == pytest.approx(100 * (2 / 3 + 2 / 3 + 0) / 3)
    about = task("sequence-classification", {"text": "text", "label": "label"}, ("no", "yes"))
    examples = [{"text": "red", "label": n} for n in golds]
    assert set(evaluate(featurize(about, examples, encoder, 32, "x"), given)) == {"accuracy"}
    both = about.model_copy(update={"metrics": ("accuracy", "f1")})
    assert set(evaluate(featurize(both, examples, encoder, 32, "x"), given)) == {"accuracy", "f1"}
    with pytest.raises(InputError, match="toy: multiple-choice is not scored by f1, but by accuracy"):
        featurize(
            task("multiple-choice", {"choices": "c", "label": "l"}, metric="f1"),
            [{"c": ["a"], "l": 0}],
            encoder,
            9,
            "x",
        )


@pytest.mark.parametrize(
    ("head", "change", "message"),
    [
        ("span-qa", {"answers": {"text": ["red"], "answer_start": [None]}}, "x row 2: answers are"),
        ("token-classification", {"tokens": ["red", None]}, "x row 2: 'tokens' is .* expected a list of tokens"),
        ("token-classification", {"tokens": "red cat"}, "x row 2: 'tokens' is 'red cat'; expected a list of tokens"),
        ("sequence-classification", {"text": ["red"]}, "x row 2: 'text' is .* expected text"),
    ],
)
def test_values_of_another_kind_are_named(encoder, head, change, message):
    about = TASKS[head][0]
    examples = toy(head, np.random.default_rng(0), False)[:3]
    examples[1] = {**examples[1], **change}
    with pytest.raises(InputError, match=message):
        featurize(about, examples, encoder, 32, "x")


@pytest.mark.parametrize("device", ["cuda", "gpu", "cuda:7"])
def test_devices_that_are_not_there(tmp_path, encoder, device):
    if device.startswith("cuda") and torch.cuda.is_available():
        pytest.skip("this machine has one")
    save_encoder(encoder, tmp_path / "toy")
    with pytest.raises(InputError, match=f"device '{device}': not on this machine"):
        load_encoder(str(tmp_path / "toy"), device=device)
