from __future__ import annotations

import pytest
import torch
from torch import nn
from transfer_analysis.training.computing.dropout import Dropout, RandomBits, replace_dropout
from transfer_analysis.training.computing.numerics import Numerics
from transfer_analysis.training.pretraining.built import Shape, new_encoder


def dropped(bits, seed, step, states):
    bits.begin(seed, step)
    return Dropout(0.1, bits).train()(states)


def test_it_drops_and_scales_as_torch_does():
    bits = RandomBits()
    states = torch.ones(400, 500, requires_grad=True)
    found = dropped(bits, 1, 1, states)
    # Five standard errors of a share of 200,000.
    assert float((found == 0).float().mean()) == pytest.approx(0.1, abs=5 * (0.09 / 200_000) ** 0.5)
    assert sorted(found.detach().unique().tolist()) == pytest.approx([0, 1 / 0.9])
    found.sum().backward()
    assert torch.equal(states.grad, found.detach())
    # No row or column is favoured.
    assert float((found == 0).float().mean(dim=0).std()) == pytest.approx((0.09 / 400) ** 0.5, rel=0.15)
    module = Dropout(0.1, bits).eval()
    assert module(states) is states
    assert dropped(bits, 1, 1, states.bfloat16()).dtype == torch.bfloat16


def test_it_is_a_function_of_seed_and_step():
    states = torch.ones(20, 20)
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    first = dropped(RandomBits(), 1, 5, states)
    assert torch.equal(dropped(RandomBits(), 1, 5, states), first)
    assert not torch.equal(dropped(RandomBits(), 1, 6, states), first)
    assert not torch.equal(dropped(RandomBits(), 2, 5, states), first)
    bits = RandomBits()
    bits.begin(1, 5)
    module = Dropout(0.1, bits).train()
    assert not torch.equal(module(states), module(states))  # layers of one step differ
    assert torch.equal(torch.rand(1), expected)


def test_every_module_is_replaced():
    model = nn.Sequential(nn.Dropout(0.3), nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.1)))
    bits = RandomBits()
    replace_dropout(model, bits)
    found = [m for m in model.modules() if isinstance(m, Dropout)]
    assert [m.p for m in found] == [0.3, 0.1]
    assert all(m.bits is bits for m in found)
    assert not any(type(m) is nn.Dropout for m in model.modules())


def test_attention_is_that_of_transformers_but_for_where_dropout_is_drawn():
    shape = Shape(layers=2, hidden=32, heads=4, feed_forward=32, dropout=0.3)
    encoder = new_encoder("toy", [f"w{i}" for i in range(20)], shape, 0)
    batch = {"input_ids": torch.randint(0, 25, (3, 9)), "attention_mask": torch.ones(3, 9, dtype=torch.long)}
    batch["attention_mask"][1, 5:] = 0
    found = {}
    for attention in ("eager", "drawn"):
        with Numerics("highest", attention).applied(encoder), torch.no_grad():
            encoder.model.eval()
            found[attention] = encoder.hidden(batch)[batch["attention_mask"].bool()]
            encoder.model.train()
            torch.manual_seed(0)
            encoder.bits.begin(1, 1)
            once = encoder.hidden(batch)
            torch.manual_seed(1 if attention == "drawn" else 0)
            encoder.bits.begin(1, 1)
            assert torch.equal(encoder.hidden(batch), once)  # torch's generator plays no part where it is drawn
            encoder.bits.begin(1, 2)
            assert not torch.equal(encoder.hidden(batch), once)
    assert torch.allclose(found["eager"], found["drawn"], atol=1e-6)


def test_a_part_of_a_batch_drops_what_the_whole_does():
    bits, states = RandomBits(), torch.ones(7, 3, 5)
    module = Dropout(0.3, bits).train()
    bits.begin(1, 5)
    whole = [module(states), module(states[:, 0])]
    bits.begin(1, 5, first_row=4)
    assert torch.equal(module(states[4:]), whole[0][4:])
    assert torch.equal(module(states[4:, 0]), whole[1][4:])
