from __future__ import annotations

import numpy as np
import pytest
import torch
from transfer_analysis.distances.models.gradients import squared_gradients
from transfer_analysis.distances.models.task_embedding import COMPONENTS, fused, task_embedding
from transfer_analysis.errors import InputError
from transfer_analysis.training.batches import collate
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads import make_head
from transfer_analysis.training.pretraining.built import Shape, new_encoder, word_tokenizer
from transfer_analysis.training.reading.features import featurize

from tests.toys import WORDS, task

TASKS = {
    "sequence-classification": task("sequence-classification", {"text": "a", "pair": "b", "label": "y"}, ("no", "yes")),
    "sequence-regression": task("sequence-regression", {"text": "a", "label": "y"}, metric="pearson"),
    "multiple-choice": task("multiple-choice", {"context": "a", "choices": "c", "label": "y"}),
    "token-classification": task("token-classification", {"tokens": "t", "tags": "g"}, ("x", "y"), "span_f1"),
    "span-qa": task("span-qa", {"question": "b", "context": "a", "answers": "s"}, metric="f1"),
}


def examples(head, count=7):
    rng = np.random.default_rng(1)
    made = []
    for i in range(count):
        words = [WORDS[k] for k in rng.integers(0, len(WORDS), size=3 + i % 4)]
        record = {
            "a": " ".join(words),
            "b": "who sees",
            "y": i % 2,
            "t": words,
            "g": [k % 2 for k in range(len(words))],
        }
        record["c"] = ["red cat", "dog hears what"]
        record["s"] = {"text": [words[1]], "answer_start": [len(words[0]) + 1]}
        made.append(record)
    return made


def architecture(name) -> Encoder:
    from transformers import BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

    if name == "own":
        return new_encoder("toy", WORDS, Shape(layers=2, hidden=16, heads=2, feed_forward=24, max_length=32), seed=0)
    tokenizer = word_tokenizer(WORDS, 32)
    sizes = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": 40,
        "pad_token_id": tokenizer.pad_token_id,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        kind, config = {"bert": (BertModel, BertConfig), "xlm-roberta": (XLMRobertaModel, XLMRobertaConfig)}[name]
        model = kind(config(**sizes), add_pooling_layer=False)
    return Encoder(name, tokenizer, model.eval())


def keeping(into):
    def keep(module, given):
        given[0].retain_grad()
        into.append(given[0])

    return keep


def one_by_one(encoder, head, features):
    """The definition: a batch of one item, an ordinary backward pass, the squares added up."""
    encoder.model.eval()
    head.eval()
    sums = {name: torch.zeros_like(p) for name, p in encoder.model.named_parameters()}
    layers = [torch.zeros(encoder.hidden_size, dtype=torch.float64) for _ in range(encoder.layers)]
    pooled = torch.zeros(encoder.hidden_size, dtype=torch.float64)
    for item in range(len(features)):
        batch = collate(features, np.array([item]), encoder)
        encoder.model.zero_grad()
        inputs = {k: batch[k] for k in ("input_ids", "attention_mask", "token_type_ids", "position_ids") if k in batch}
        out = encoder.model(**inputs, output_hidden_states=True)
        for states in out.hidden_states:
            states.retain_grad()
        into: list[torch.Tensor] = []
        handle = None
        if hasattr(head, "pool"):  # what the head pools is what goes into its first layer
            handle = head.pool.register_forward_pre_hook(keeping(into))
        head.loss(head(out.hidden_states[-1], batch), batch).backward()
        for name, parameter in encoder.model.named_parameters():
            if parameter.grad is not None:
                sums[name] += parameter.grad.square()
        for number, states in enumerate(out.hidden_states[1:]):
            layers[number] += states.grad.square().sum(dim=(0, 1)) / batch["attention_mask"].sum()
        if handle is not None:
            handle.remove()
            pooled += into[0].grad.square().sum(dim=0)
    return sums, layers, pooled


@pytest.mark.parametrize("name", ["own", "bert", "xlm-roberta"])
@pytest.mark.parametrize("head_name", TASKS)
def test_batched_gradients_are_those_of_one_example_at_a_time(name, head_name):
    encoder = architecture(name)
    encoder.model.double()  # so that rounding hides nothing
    features = featurize(TASKS[head_name], examples(head_name), encoder, 24, "test")
    if head_name == "sequence-regression":
        features.targets[:] = [np.float64(t) for t in features.targets]
    head = make_head(features.task, encoder, seed=3).double()
    found = squared_gradients(encoder, head, features, range(len(features)), batch_size=3)
    sums, layers, pooled = one_by_one(encoder, head, features)
    assert found.examples == len(features)
    assert set(found.parameters) == set(sums)
    for parameter, wanted in sums.items():
        got = found.parameters[parameter]
        # Relative to the parameter's largest; a key's bias has no gradient but rounding.
        assert (got - wanted).abs().max() <= 1e-9 * wanted.abs().max() + 1e-20, parameter
    for got, wanted in zip(found.layers, layers, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-16)
    if head_name in ("token-classification", "span-qa"):
        assert found.pooled is None  # a vector added to all states changes no softmax over places
    else:
        torch.testing.assert_close(found.pooled, pooled, rtol=1e-9, atol=1e-20)
        assert pooled.norm() > 1e-6 * sum(layer.norm() for layer in layers)


def test_key_biases_have_no_gradient_and_position_embeddings_have_each_examples_own():
    encoder = architecture("bert")
    features = featurize(TASKS["sequence-classification"], examples(""), encoder, 24, "test")
    found = squared_gradients(encoder, make_head(features.task, encoder, 0), features, range(len(features)))
    keys = [v.max() for k, v in found.parameters.items() if k.endswith("key.bias")]
    queries = [v.max() for k, v in found.parameters.items() if k.endswith("query.bias")]
    assert max(keys) < 1e-6 * max(queries)
    assert (found.parameters["embeddings.position_embeddings.weight"][:4] > 0).any()


def test_gradients_do_not_depend_on_the_batch_and_leave_nothing_behind():
    encoder = architecture("own")
    features = featurize(TASKS["span-qa"], examples(""), encoder, 24, "test")
    head = make_head(features.task, encoder, 0)
    one, other = (squared_gradients(encoder, head, features, range(7), batch_size=size) for size in (1, 7))
    for name, value in one.parameters.items():
        torch.testing.assert_close(value, other.parameters[name], rtol=1e-4, atol=1e-10)
    assert all(p.requires_grad and p.grad is None for p in encoder.model.parameters())
    assert not any(module._forward_hooks for module in encoder.model.modules())


def test_a_layer_of_another_kind_is_refused():
    encoder = architecture("bert")
    encoder.model.embeddings.extra = torch.nn.Conv1d(2, 2, 1)
    features = featurize(TASKS["sequence-regression"], examples(""), encoder, 24, "test")
    with pytest.raises(InputError, match="extra is Conv1d"):
        squared_gradients(encoder, make_head(features.task, encoder, 0), features, [0])
    assert not any(module._forward_hooks for module in encoder.model.modules())


def test_components_hold_every_parameter_once():
    encoder = architecture("xlm-roberta")
    features = featurize(TASKS["sequence-classification"], examples(""), encoder, 24, "test")
    head = make_head(features.task, encoder, 0)
    embedding = task_embedding(encoder, head, features, count=5)
    assert embedding.examples == 5
    assert tuple(embedding.components) == COMPONENTS
    weights = sum(len(embedding.components[c]) for c in ("embeddings", "attention", "feed-forward"))
    assert weights == sum(p.numel() for p in encoder.model.parameters())
    assert len(embedding.components["attention"]) == 2 * (4 * (16 * 16 + 16) + 2 * 16)
    assert len(embedding.components["layer-outputs"]) == 2 * 16
    assert len(embedding.components["pooled"]) == 16
    tagging = featurize(TASKS["token-classification"], examples(""), encoder, 24, "test")
    assert "pooled" not in task_embedding(encoder, make_head(tagging.task, encoder, 0), tagging).components


def test_rank_fusion_by_hand():
    a = np.array([[0, 1, 2], [1, 0, 1], [3, 5, 0]], dtype=float)
    b = np.array([[0, 2, 1], [2, 0, 4], [1, 1, 0]], dtype=float)
    values = fused([a, b])
    assert np.diag(values).tolist() == [0, 0, 0]
    # Target 0: by a task 1 is first and task 2 second, by b the other way round.
    assert values[1, 0] == values[2, 0] == pytest.approx(1 - (1 / 61 + 1 / 62) / 2 * 61)
    # Target 2: task 1 is first by a, second by b.
    assert values[0, 2] == values[1, 2] == pytest.approx(1 - (1 / 62 + 1 / 61) / 2 * 61)
    assert fused([a])[1, 0] == 0
    assert (fused([a] * 5) >= 0).all()
    # A component that one of the two lacks does not count.
    lacking = b.copy()
    lacking[2, :] = lacking[:, 2] = np.nan
    values = fused([a, lacking])
    assert values[2, 0] == pytest.approx(1 - 61 / 62)
    assert values[1, 0] == pytest.approx(0)
    tied = fused([np.array([[0, 1, 1], [2, 0, 1], [2, 1, 0]], dtype=float)])
    assert tied[1, 0] == tied[2, 0] == pytest.approx(1 - 61 / 61.5)
