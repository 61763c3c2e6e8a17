"""What targets are trained on: turns of substitutes, what is trained alike once, and the languages of the catalogue."""

from __future__ import annotations

import pandas as pd
import pytest
from transfer_analysis.corpora.simulated import World
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder
from transfer_analysis.training.reading import data
from transfer_analysis.training.reading.data import Source, training_sources
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.runs import run as run_module
from transfer_analysis.training.runs.execute import run_grid

ALIKE = {"sim-qa": ("sim-reading",), "sim-short-qa": ("sim-reading",)}


@pytest.fixture
def world():
    return World(("en", "de", "tr"), seed=1)


def grid(*targets, **changes):
    fields = {"conditions": ("sim-topic",), "seeds": (1,), "intermediate_examples": 24, "target_examples": 24}
    return Grid(**{**fields, "targets": targets, "test_examples": 8, **changes})


def trained(world, folder, given, **changes):
    words = sorted({word for code in world.spoken for word in world.pieces(code)})
    if not (folder / "tiny").is_dir():
        save_encoder(
            new_encoder("tiny", [".", *words], Shape(layers=1, hidden=16, heads=2, feed_forward=16), 0), folder / "tiny"
        )
    chosen = recipe("simulated", epochs=1, **changes)
    names = {"model": "tiny", "origin": "test", "workers": 1}
    store = folder / "-".join(given.targets)
    return run_grid(world, load_catalogue(), str(folder / "tiny"), given, chosen, store, **names).table.frame


def counted(monkeypatch):
    """Count the phases that are trained."""
    phases = []
    real = run_module.train

    def train(*args, **rest):
        phases.append(args)
        return real(*args, **rest)

    monkeypatch.setattr(run_module, "train", train)
    return phases


def test_targets_that_are_trained_alike_are_trained_once_with_the_same_scores(tmp_path, world, monkeypatch):
    substitutes = {"substitutes": ALIKE}
    phases = counted(monkeypatch)
    both = trained(world, tmp_path, grid("sim-qa", "sim-short-qa", **substitutes))
    assert len(phases) == 3  # the intermediate one, and one for both targets of each condition
    phases.clear()
    alone = [
        trained(world, tmp_path, grid(name, substitutes={name: ALIKE[name]})) for name in ("sim-qa", "sim-short-qa")
    ]
    assert len(phases) == 6
    keys = ["condition", "target", "language", "split", "metric"]
    apart = pd.concat(alone).drop_duplicates(keys).set_index(keys)["score"].sort_index()
    pd.testing.assert_series_equal(both.set_index(keys)["score"].sort_index(), apart)


def test_targets_whose_own_development_set_ends_their_training_share_nothing(tmp_path, world, monkeypatch):
    phases = counted(monkeypatch)
    trained(world, tmp_path, grid("sim-qa", "sim-short-qa", substitutes=ALIKE), evaluate_every=1, patience=1)
    assert len(phases) == 5


def test_substitutes_are_put_together_or_follow_one_another():
    given = grid(
        "xnli",
        "xcopa",
        "paws-x",
        substitutes={"xnli": ("snli", "anli"), "xcopa": ("social-iqa > xcopa/train",), "paws-x": ("qqp", "mnli>paws")},
    )
    catalogue = load_catalogue()
    assert training_sources(given, catalogue, "xnli") == ((Source("snli", "train"), Source("anli", "train")),)
    assert training_sources(given, catalogue, "xcopa") == (
        (Source("social-iqa", "train"),),
        (Source("xcopa", "train"),),
    )
    assert given.substituted("paws-x") == (("qqp", "mnli"), ("paws",))
    assert given.substituted("tatoeba") == ()


class _Folders:
    """A corpus that has more languages than the benchmark."""

    def languages(self, task):
        return {"xcopa": ["en", "et", "zh", "de"], "sim-pos": ["en", "de"], "tatoeba": ["de", "ms"]}[task]


def test_languages_that_the_catalogue_leaves_out_are_not_tested():
    catalogue = load_catalogue()
    given = grid("xcopa", "tatoeba")
    assert data.test_languages(_Folders(), catalogue, given, "xcopa")[0] == ["en", "et", "zh"]
    assert data.test_languages(_Folders(), catalogue, given, "tatoeba")[0] == ["de"]
    # An entry that names no languages leaves none out.
    assert data.test_languages(_Folders(), catalogue, given, "sim-pos")[0] == ["en", "de"]
