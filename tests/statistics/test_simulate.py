"""Drawn tables have what was planted; procedures keep their level and their coverage on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import association, phylogenetic_regression, relatedness, separate_relabelings
from transfer_analysis.statistics.simulate import Planted, draw

QUIET = Planted(
    condition=0, target=0, language=0, family=0, target_language=0, cell=0, run=0, error=0, conditions=7, targets=5
)


def test_the_coefficients_are_those_planted():
    """Without random effects the gains are the planted function of the distances, to the last digit."""
    planted = replace(QUIET, task_distance=-2.0, language_distance=-3.0, interaction=0.5)
    drawn = draw(planted, 0)
    d, x = drawn.task_distance[:, :, None, None], drawn.language_distance[None, None, :, None]
    assert np.allclose(drawn.gains(), np.broadcast_to(-2 * d + 0.5 * d * x, drawn.scores.shape))
    assert np.allclose(drawn.baselines, 60 - 3 * x[0])
    frame = drawn.frame()
    design = np.column_stack(
        [np.ones(len(frame)), frame["task_distance"], frame["task_distance"] * frame["language_distance"]]
    )
    found, *_ = np.linalg.lstsq(design, frame["gain"], rcond=None)
    assert found == pytest.approx([0, -2, 0.5], abs=1e-9)


@pytest.mark.parametrize("name", ["condition", "cell", "run", "error"])
def test_each_variance_is_where_it_was_planted(name):
    """One random effect at a time: it varies over its own axes, with its deviation, and over no others."""
    axes = {"condition": (0,), "cell": (0, 1), "run": (0, 1, 3), "error": (0, 1, 2, 3)}[name]
    planted = replace(QUIET, conditions=60, targets=40, families=(5,) * 8, **{name: 2.0})
    drawn = draw(planted, 1)
    effect = drawn.scores - 60
    for axis in range(4):
        if axis not in axes:
            assert np.ptp(effect, axis=axis).max() < 1e-9
    distinct = effect[tuple(slice(None) if a in axes else 0 for a in range(4))]
    assert distinct.std() == pytest.approx(2.0, rel=0.25 if name == "condition" else 0.1)


def test_gains_share_their_baseline():
    """Two conditions' gains of one target, language and seed are correlated through the baseline's run and error."""
    drawn = draw(replace(QUIET, run=1.0, error=0.0, conditions=2, targets=3000, seeds=1, families=(1,)), 2)
    first, second = drawn.gains()[:, :, 0, 0]
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.5, abs=0.05)


def test_predictors_are_clustered_and_cells_missing():
    drawn = draw(replace(QUIET, conditions=400, targets=50, clustered=0.7, missing=0.2, seeds=1, families=(1,)), 3)
    between = drawn.task_distance.mean(axis=1).var()
    assert between == pytest.approx(0.7 + 0.3 / 50, abs=0.12)
    assert drawn.task_distance.var() == pytest.approx(1, abs=0.15)
    assert np.isnan(drawn.cells()).mean() == pytest.approx(0.2, abs=0.02)
    assert len(drawn.frame()) == np.isfinite(drawn.scores).sum()
    drawn = draw(replace(QUIET, conditions=1, targets=1, seeds=1, clustered=0.7, families=(20,) * 100), 4)
    of_family = [drawn.language_distance[drawn.family == f].mean() for f in range(100)]
    assert np.var(of_family) == pytest.approx(0.7, abs=0.25)


def test_the_same_seed_gives_the_same_bytes_and_nonsense_is_refused():
    assert draw(Planted(), 5).scores.tobytes() == draw(Planted(), 5).scores.tobytes()
    with pytest.raises(InputError) as caught:
        Planted(seeds=0, run=-1, missing=1.0, families=())
    assert len(caught.value.problems) == 4


def on_drawn(planted, rng):
    """The association test on the cells of a drawn table, and the standardised slope that was planted in it."""
    drawn = draw(planted, rng)
    cells, distance = drawn.cells(), drawn.task_distance
    relabelings = separate_relabelings(*cells.shape, count=199, seed=int(rng.integers(1 << 30)))
    outcome = association(distance, cells, relabelings, method="pearson")
    kept = np.isfinite(cells)
    deviations = [
        distance[kept[:, t], t].std() / cells[kept[:, t], t].std()
        for t in range(cells.shape[1])
        if kept[:, t].sum() > 2
    ]
    return outcome, planted.task_distance * float(np.mean(deviations))


@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_the_association_keeps_its_level_on_drawn_tables(missing):
    check_level(Planted(missing=missing, families=(2, 1, 1)), 400)


def check_level(planted, tables):
    rng = np.random.default_rng(17)
    rate = float(np.mean([on_drawn(planted, rng)[0].p_value <= 0.05 for _ in range(tables)]))
    assert rate <= 0.05 + 3.3 * np.sqrt(0.05 * 0.95 / tables)
    return rate


def test_intervals_hold_the_planted_association():
    rng = np.random.default_rng(23)
    found = [on_drawn(Planted(task_distance=-1.0, families=(2, 1, 1)), rng) for _ in range(400)]
    covered = float(np.mean([outcome.low <= truth <= outcome.high for outcome, truth in found]))
    assert abs(covered - 0.95) <= 3.3 * np.sqrt(0.05 * 0.95 / 400)
    assert np.mean([outcome.p_value <= 0.05 for outcome, _ in found]) > 0.2


def test_intervals_hold_the_planted_slope_on_language_distance():
    """Families of uneven size; mean scores of languages without an intermediate task."""
    planted = Planted(language_distance=-3.0, targets=4, conditions=1, seeds=2)
    rng = np.random.default_rng(29)
    covered = []
    for _ in range(200):
        drawn = draw(planted, rng)
        lineages = [(f"f{f}", f"l{i}") for i, f in enumerate(drawn.family)]
        outcome = phylogenetic_regression(
            drawn.baselines.mean(axis=(0, 2)), drawn.language_distance, relatedness(lineages), simulations=199
        )
        covered.append(outcome.low <= -3.0 <= outcome.high)
    assert abs(np.mean(covered) - 0.95) <= 3.3 * np.sqrt(0.05 * 0.95 / 200)
