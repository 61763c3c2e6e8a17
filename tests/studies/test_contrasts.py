"""Contrasts of groups and mixed models in a study, beside what they are by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import ttest_1samp, ttest_ind
from transfer_analysis.analyses import condition_effects
from transfer_analysis.distances import language_distances
from transfer_analysis.errors import InputError
from transfer_analysis.languages import lineages
from transfer_analysis.results import TransferTable, write_table
from transfer_analysis.statistics import mixed_model, phylogenetic_regression, relatedness
from transfer_analysis.studies import Given, analyse_study, load_study, run_study

SYNTACTIC, SEMANTIC = ("ud-parsing", "ud-pos-english", "ccg"), ("stsb", "qqp", "paws")
LANGUAGES = ("en", "de", "fr", "ru", "el", "hi", "tr", "sw")

STUDY = {
    "name": "contrasts",
    "title": "Contrasts",
    "question": "Do they differ?",
    "language_distances": ["syntactic"],
    "groups": {"syntactic": list(SYNTACTIC), "semantic": list(SEMANTIC)},
    "primary": "difference",
    "hypotheses": [
        {
            "id": "difference",
            "statement": "They differ.",
            "analysis": "group-contrast",
            "first": "syntactic",
            "second": "semantic",
            "targets": ["xnli"],
        },
        {
            "id": "equivalence",
            "statement": "They do not differ by three points.",
            "analysis": "group-contrast",
            "first": "syntactic",
            "second": "semantic",
            "targets": ["xnli"],
            "margin": 3.0,
        },
        {
            "id": "interaction",
            "statement": "They differ more in one model.",
            "analysis": "group-contrast",
            "first": "syntactic",
            "second": "semantic",
            "between": ["mbert", "xlmr"],
            "scale": "points",
        },
        {
            "id": "tasks",
            "statement": "Tasks like these differ.",
            "analysis": "group-contrast",
            "first": "syntactic",
            "second": "semantic",
            "over": "tasks",
            "targets": ["xnli"],
        },
        {
            "id": "random",
            "statement": "Semantic tasks help beside random weights.",
            "analysis": "group-contrast",
            "first": "semantic",
            "second": "none",
            "second_initialisation": "random",
            "alternative": "greater",
            "scale": "points",
        },
        {
            "id": "one-model",
            "statement": "They differ in one model.",
            "analysis": "group-contrast",
            "first": "syntactic",
            "second": "semantic",
            "model": "mbert",
            "scale": "points",
        },
        {
            "id": "standardised",
            "statement": "They differ over targets of different spread.",
            "analysis": "group-contrast",
            "first": "syntactic",
            "second": "semantic",
            "model": "mbert",
        },
        {
            "id": "weights",
            "statement": "They differ more from pretrained weights.",
            "analysis": "group-contrast",
            "first": "syntactic",
            "second": "none",
            "between": ["pretrained", "random"],
            "scale": "points",
        },
        {
            "id": "slopes",
            "statement": "Their gains fall differently.",
            "analysis": "group-slopes",
            "first": "syntactic",
            "second": "semantic",
            "distance": "syntactic",
        },
        {
            "id": "model",
            "statement": "Gains fall with the distance of the language.",
            "analysis": "mixed-model",
            "formula": "gain ~ syntactic_distance",
            "term": "syntactic_distance",
            "random": ["condition", "language", "target:language", "model", "seed"],
            "degrees": "satterthwaite",
        },
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("contrasts")
    rng = np.random.default_rng(0)
    rows = [
        {
            "model": model,
            "initialisation": initialisation,
            "condition": condition,
            "target": target,
            "language": language,
            "seed": seed,
            "score": 60 - 5 * (initialisation == "random") + 2 * (condition in SYNTACTIC) + rng.normal(),
        }
        for model in ("mbert", "xlmr")
        for initialisation in ("pretrained", "random")
        for condition in ("none", *SYNTACTIC, *SEMANTIC)
        for target in ("xnli", "xcopa")
        for language in LANGUAGES
        for seed in range(4)
    ]
    write_table(TransferTable.from_frame(pd.DataFrame(rows)), path / "results.parquet")
    (path / "study.yaml").write_text(yaml.safe_dump(STUDY))
    return path, pd.DataFrame(rows)


@pytest.fixture(scope="module")
def outcomes(folder):
    path, _ = folder
    run_study(load_study(str(path / "study.yaml")), path / "out", Given(path / "results.parquet"))
    return {o["id"]: o for o in json.loads((path / "out" / "outcomes.json").read_text())["outcomes"]}


def by_seed(frame, one, other, **where):
    """Mean difference per seed, over models, targets and the languages besides English."""
    rows = frame[frame["language"] != "en"]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    sides = []
    for conditions, initialisation in (one, other):
        side = rows[rows["condition"].isin(conditions) & (rows["initialisation"] == initialisation)]
        sides.append(side.groupby("seed")["score"].mean())
    return sides[0] - sides[1]


def test_groups_are_compared_over_seeds(folder, outcomes):
    _, frame = folder
    d = by_seed(frame, (SYNTACTIC, "pretrained"), (SEMANTIC, "pretrained"), target="xnli")
    test = ttest_1samp(d, 0)
    found = outcomes["difference"]
    assert found["estimate"] == pytest.approx(d.mean())
    assert found["p_value"] == pytest.approx(test.pvalue)
    assert (found["n"], found["unit"]) == (4, "seeds")
    assert found["statistic"].startswith("mean score of syntactic minus semantic, in points")
    interval = test.confidence_interval(0.9)
    equivalent = outcomes["equivalence"]
    assert (equivalent["low"], equivalent["high"]) == pytest.approx((interval.low, interval.high))
    upper, lower = (ttest_1samp(d, margin, alternative=a).pvalue for margin, a in ((3, "less"), (-3, "greater")))
    assert equivalent["p_value"] == pytest.approx(max(upper, lower))


def test_models_are_compared_with_each_other(folder, outcomes):
    _, frame = folder
    each = [
        by_seed(frame, (SYNTACTIC, "pretrained"), (SEMANTIC, "pretrained"), model=model) for model in ("mbert", "xlmr")
    ]
    test = ttest_ind(*each, equal_var=False)
    found = outcomes["interaction"]
    assert found["estimate"] == pytest.approx(each[0].mean() - each[1].mean())
    assert found["p_value"] == pytest.approx(test.pvalue)
    assert "in mbert more than in xlmr" in found["statistic"]


def test_one_model_is_looked_at(folder, outcomes):
    _, frame = folder
    d = by_seed(frame, (SYNTACTIC, "pretrained"), (SEMANTIC, "pretrained"), model="mbert")
    assert outcomes["one-model"]["estimate"] == pytest.approx(d.mean())
    assert outcomes["one-model"]["p_value"] == pytest.approx(ttest_1samp(d, 0).pvalue)


def test_several_targets_weigh_alike_in_their_own_spread(folder, outcomes):
    """By hand: each target's run means over languages in standard deviations between its runs, then the mean of targets."""
    _, frame = folder
    rows = frame.query("language != 'en' and model == 'mbert' and initialisation == 'pretrained'")
    runs = rows.groupby(["target", "condition", "seed"])["score"].mean()
    scaled = runs / runs.groupby("target").transform("std")
    sides = [
        scaled[scaled.index.get_level_values("condition").isin(group)].groupby(["target", "seed"]).mean()
        for group in (SYNTACTIC, SEMANTIC)
    ]
    d = (sides[0] - sides[1]).groupby("seed").mean()
    found = outcomes["standardised"]
    assert found["estimate"] == pytest.approx(d.mean())
    assert found["p_value"] == pytest.approx(ttest_1samp(d, 0).pvalue)
    assert "standard deviations between the runs of a target" in found["statistic"]


def test_pretrained_and_random_weights_are_compared(folder, outcomes):
    _, frame = folder
    each = [by_seed(frame, (SYNTACTIC, weights), (("none",), weights)) for weights in ("pretrained", "random")]
    found = outcomes["weights"]
    assert found["estimate"] == pytest.approx(each[0].mean() - each[1].mean())
    assert found["p_value"] == pytest.approx(ttest_ind(*each, equal_var=False).pvalue)
    assert "from pretrained weights more than from random ones" in found["statistic"]


def test_slopes_of_groups_are_compared_over_related_languages(folder, outcomes):
    """By hand: generalised least squares of the difference of the groups' gains in each language on its distance."""
    _, frame = folder
    away = [code for code in LANGUAGES if code != "en"]
    gain = frame.query("initialisation == 'pretrained'").groupby(["condition", "language"])["score"].mean()
    difference = [
        gain[[(c, code) for c in SYNTACTIC]].mean() - gain[[(c, code) for c in SEMANTIC]].mean() for code in away
    ]
    distance = language_distances(list(LANGUAGES), "syntactic").values.loc["en", away].to_numpy()
    expected = phylogenetic_regression(
        np.array(difference), distance, relatedness(list(lineages(away).values())), seed=0
    )
    found = outcomes["slopes"]
    assert sorted(away) != away  # the order of languages must not matter
    assert found["estimate"] == pytest.approx(expected.estimate, rel=1e-6)
    assert found["n"] == len(away)


def test_tasks_are_exchanged(folder, outcomes):
    _, frame = folder
    rows = frame.query("language != 'en' and target == 'xnli' and initialisation == 'pretrained'")
    means = rows.groupby("condition")["score"].mean()
    found = outcomes["tasks"]
    assert found["estimate"] == pytest.approx(means[[*SYNTACTIC]].mean() - means[[*SEMANTIC]].mean())
    assert found["p_value"] == pytest.approx(2 / 20)  # the farthest of C(6, 3) choices, and its mirror image
    assert found["attainable_p"] == pytest.approx(2 / 20)


def test_groups_are_compared_with_random_weights(folder, outcomes):
    _, frame = folder
    d = by_seed(frame, (SEMANTIC, "pretrained"), (("none",), "random"))
    assert outcomes["random"]["estimate"] == pytest.approx(d.mean())
    assert outcomes["random"]["p_value"] == pytest.approx(ttest_1samp(d, 0, alternative="greater").pvalue)
    assert "none from random weights" in outcomes["random"]["statistic"]


def test_a_mixed_model_is_of_the_joined_rows(folder, outcomes):
    path, _ = folder
    rows = pd.read_parquet(path / "out" / "data" / "observations-gains.parquet")
    rows = rows[(rows["language"] != "en") & ~rows["overlap"]]
    fit = mixed_model("gain ~ syntactic_distance", rows, STUDY["hypotheses"][-1]["random"])
    assert outcomes["model"]["estimate"] == pytest.approx(fit.outcome("syntactic_distance").estimate)
    assert outcomes["model"]["p_value"] == pytest.approx(fit.outcome("syntactic_distance").p_value)


@pytest.mark.parametrize(
    ("place", "change", "message"),
    [
        (0, {"first": "syntax"}, "difference: unknown group 'syntax'; did you mean 'syntactic'"),
        (0, {"over": "tasks", "margin": 1.0}, "compared over seeds; use over: seeds"),
        (0, {"margin": -1.0}, "margin"),
        (3, {"second": "none"}, "none cannot be exchanged with tasks"),
        (1, {"alternative": "less"}, "a test of equivalence has no direction"),
        (1, {"between": ["mbert", "xlmr"]}, "declare equivalence and the difference between models as two"),
    ],
)
def test_what_cannot_be_is_found_in_the_file(tmp_path, place, change, message):
    hypotheses = [dict(h) for h in STUDY["hypotheses"]]
    hypotheses[place].update(change)
    (tmp_path / "s.yaml").write_text(yaml.safe_dump({**STUDY, "hypotheses": hypotheses}))
    with pytest.raises(InputError) as caught:
        load_study(str(tmp_path / "s.yaml"))
    assert message in str(caught.value).replace(" (did you mean", "; did you mean")


def test_what_the_results_do_not_have_is_named(folder, tmp_path):
    path, _ = folder
    for place, change, message in (
        (2, {"between": ["mbert", "xlm"]}, "no model 'xlm'"),
        (0, {"targets": ["xnly"]}, "no target 'xnly'"),
    ):
        hypotheses = [dict(h) for h in STUDY["hypotheses"]]
        hypotheses[place].update(change)
        (tmp_path / "s.yaml").write_text(yaml.safe_dump({**STUDY, "hypotheses": hypotheses}))
        out = tmp_path / f"out-{place}"
        finished = run_study(load_study(str(tmp_path / "s.yaml")), out, Given(path / "results.parquet"))
        name = hypotheses[place]["id"]
        assert any(f"{name} was not run: " in line and message in line for line in finished.remarks)
        # The report of the others is made, and the one that is missing counts in their correction.
        assert f"not tested: {name}" in (out / "report.md").read_text(encoding="utf-8")
        assert name not in {finding.id for finding in finished.findings}
    hypotheses = [{**dict(h), "targets": ["xnly"]} for h in STUDY["hypotheses"] if h["analysis"] == "group-contrast"]
    (tmp_path / "s.yaml").write_text(yaml.safe_dump({**STUDY, "hypotheses": hypotheses, "exploratory": []}))
    with pytest.raises(InputError, match="no target 'xnly'"):
        run_study(load_study(str(tmp_path / "s.yaml")), tmp_path / "none", Given(path / "results.parquet"))
    assert not (tmp_path / "none").exists()


def test_members_that_were_not_trained_from_random_weights_are_left_out_and_said(folder, tmp_path):
    _, frame = folder
    fewer = frame[(frame["initialisation"] == "pretrained") | frame["condition"].isin(["none", "ccg", "stsb"])]
    write_table(TransferTable.from_frame(fewer), tmp_path / "fewer.parquet")
    contrast = {
        "id": "a",
        "statement": "s",
        "analysis": "group-contrast",
        "first": "syntactic",
        "second": "none",
        "first_initialisation": "random",
        "second_initialisation": "random",
        "scale": "points",
    }
    between = {**contrast, "id": "b", "between": ["pretrained", "random"]}
    for side in ("first_initialisation", "second_initialisation"):
        del between[side]
    (tmp_path / "s.yaml").write_text(yaml.safe_dump({**STUDY, "primary": "a", "hypotheses": [contrast, between]}))
    study = load_study(str(tmp_path / "s.yaml"))
    found = {f.id: f.outcome for f in analyse_study(study, Given(tmp_path / "fewer.parquet")).findings}
    d = by_seed(frame, (["ccg"], "random"), (["none"], "random"))
    assert found["a"].estimate == pytest.approx(d.mean())
    assert "syntactic from random weights: no runs of ud-parsing, ud-pos-english" in found["a"].warnings
    ours = by_seed(frame, (["ccg"], "pretrained"), (["none"], "pretrained"))
    assert found["b"].estimate == pytest.approx(ours.mean() - d.mean())  # the same members on either side


def test_effects_are_not_those_of_other_models(folder):
    """A second model, weaker and with fewer conditions, changes no effect, and has its own."""
    _, frame = folder
    one = frame[(frame["model"] == "mbert") & (frame["initialisation"] == "pretrained")]
    weak = one[one["condition"].isin(["none", "stsb"])].assign(model="weak", score=lambda f: f["score"] - 30)
    both = TransferTable.from_frame(pd.concat([one, weak]))
    found = condition_effects(both.frame)
    for model, alone in (("mbert", one), ("weak", weak)):
        theirs = found[found["model"] == model].reset_index(drop=True)
        pd.testing.assert_frame_equal(theirs, condition_effects(TransferTable.from_frame(alone).frame))
    assert set(found["model"]) == {"mbert", "weak"}


def test_an_exploratory_test_that_cannot_be_made_stops_nothing(folder, tmp_path):
    path, _ = folder
    impossible = {**STUDY["hypotheses"][0], "id": "impossible", "targets": ["xquad"]}
    (tmp_path / "s.yaml").write_text(
        yaml.safe_dump({**STUDY, "hypotheses": STUDY["hypotheses"][:1], "exploratory": [impossible]})
    )
    found = analyse_study(load_study(str(tmp_path / "s.yaml")), Given(path / "results.parquet"))
    assert [f.id for f in found.findings] == ["difference"]
    assert any(remark.startswith("impossible was not run: no target 'xquad'") for remark in found.remarks)
