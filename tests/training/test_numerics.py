from __future__ import annotations

import pytest
import torch
from transfer_analysis.training.computing import numerics as module
from transfer_analysis.training.computing.numerics import TOLERANCE, Choice, Numerics, Trial, choose, fastest
from transfer_analysis.training.pretraining.built import Shape, new_encoder
from transfer_analysis.training.recipes import recipe


@pytest.fixture
def encoder():
    return new_encoder("toy", ["a", "b"], Shape(layers=2, hidden=64, heads=2, feed_forward=64), 0)


def test_a_way_of_computing_ends_with_its_block(encoder):
    before = torch.get_float32_matmul_precision()
    attention = encoder.model.config._attn_implementation
    with Numerics("medium", "eager").applied(encoder):
        assert torch.get_float32_matmul_precision() == "medium"
        assert encoder.model.config._attn_implementation == "eager"
    assert torch.get_float32_matmul_precision() == before
    assert encoder.model.config._attn_implementation == attention


def test_every_way_is_tried_for_speed_and_error(encoder):
    weights = {k: v.clone() for k, v in encoder.model.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    chosen, trials = fastest(encoder)
    assert torch.equal(torch.rand(2), expected)
    assert all(torch.equal(weights[k], v) for k, v in encoder.model.state_dict().items())
    assert all(p.grad is None for p in encoder.model.parameters())
    assert {(t.numerics.matmul, t.numerics.attention) for t in trials} == {
        (matmul, attention) for matmul in ("highest", "medium") for attention in ("sdpa", "eager", "drawn")
    }
    assert all(t.seconds > 0 for t in trials)
    assert {t.numerics: t.error for t in trials}[Numerics("highest", "eager")] == 0
    assert chosen in {t.numerics for t in trials}


def test_a_fast_way_that_is_not_exact_is_not_taken(encoder, monkeypatch):
    """A CPU whose `medium` is truly bfloat16: faster, and far off."""
    real = module._result

    def rounded(encoder, way, batch):
        found = real(encoder, way, batch)
        return [t.bfloat16().float() for t in found] if way.matmul == "medium" else found

    monkeypatch.setattr(module, "_result", rounded)
    monkeypatch.setattr(module, "_seconds", lambda encoder, way, batch: 1.0 if way.matmul == "medium" else 2.0)
    chosen, trials = fastest(encoder)
    assert chosen.matmul == "highest"
    assert all(t.error > TOLERANCE for t in trials if t.numerics.matmul == "medium")


def test_the_plainest_of_equals_is_taken_and_kept(encoder, monkeypatch, tmp_path):
    times = {("highest", "sdpa"): 1.02, ("medium", "sdpa"): 1.0, ("highest", "eager"): 2.0, ("medium", "eager"): 2.0}
    times |= {("highest", "drawn"): 2.0, ("medium", "drawn"): 2.0}
    monkeypatch.setattr(module, "_seconds", lambda encoder, way, batch: times[way.matmul, way.attention])
    chosen = module.numerics_of(encoder, recipe("small"), tmp_path)
    assert chosen == Numerics("highest", "sdpa")
    times["medium", "eager"] = 0.1
    assert module.numerics_of(encoder, recipe("small"), tmp_path) == chosen  # as it was begun
    assert module.numerics_of(encoder, recipe("small"), tmp_path / "other") == Numerics("medium", "eager")
    assert module.numerics_of(encoder, recipe("simulated"), tmp_path / "x") == Numerics()
    assert not (tmp_path / "x").exists()


def test_bf16_is_measured_where_it_is_asked_for_and_the_faster_is_taken(encoder, monkeypatch, tmp_path):
    seconds = {"float32": 1.0, "bf16": 12.0}
    monkeypatch.setattr(module, "_seconds", lambda encoder, way, batch: seconds[way.precision])
    assert choose(encoder, recipe("small"), tmp_path).bf16 is None
    emulated = choose(encoder, recipe("small", precision="fastest"), tmp_path)
    assert emulated.slowdown == 12
    assert 1e-5 < emulated.bf16.error < module.BF16_TOLERANCE
    assert choose(encoder, recipe("small", precision="bf16"), tmp_path) == emulated  # as it was kept
    mixed = recipe("small", precision="fastest", tasks={"span-qa": {"precision": "bf16"}})
    assert (emulated.resolved(mixed).precision, emulated.resolved(mixed).tasks["span-qa"]["precision"]) == (
        "float32",
        "bf16",
    )
    seconds["bf16"] = 0.5
    assert choose(encoder, mixed, tmp_path / "other").resolved(mixed).precision == "bf16"
    # Faster, but too far off.
    way = Numerics()
    far = Choice(way, [Trial(way, 1.0, 0.0)], Trial(Numerics(precision="bf16"), 0.5, 0.2))
    assert far.precision("fastest") == "float32"


def test_bf16_is_mixed_precision(encoder):
    batch = {"input_ids": torch.tensor([[2, 5, 6, 3]]), "attention_mask": torch.ones(1, 4, dtype=torch.long)}
    encoder.model.eval()
    results = {}
    for precision in ("float32", "bf16"):
        way = Numerics(precision=precision)
        with torch.no_grad(), way.applied(encoder), way.autocast(encoder):
            results[precision] = encoder.hidden(batch).float()
    gap = float((results["bf16"] - results["float32"]).norm() / results["float32"].norm())
    assert 1e-4 < gap < 0.05
    assert next(encoder.model.parameters()).dtype == torch.float32
