"""The commands that test and fit a table on disk, beside the functions that they call."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.analyses import task_cells
from transfer_analysis.cli import app
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import (
    NDCG,
    Regret,
    association,
    joint_relabelings,
    mantel,
    selection,
    separate_relabelings,
)
from transfer_analysis.statistics.simulate import Planted, draw
from typer.testing import CliRunner


@pytest.fixture
def table(tmp_path):
    """Six conditions by four targets by five languages by three seeds."""
    frame = draw(Planted(conditions=6, targets=4, families=(2, 1, 1, 1), task_distance=-1.0), 3).frame()
    names = dict(zip(sorted(set(frame["language"])), ["de", "fr", "ja", "sw", "tr"], strict=True))
    frame["language"] = frame["language"].map(names)
    frame["log_size"] = frame["condition"].map({f"c{i}": float(i % 4) for i in range(1, 7)})
    frame["kind"] = frame["condition"].map(lambda c: "qa" if c < "c4" else "nli")
    frame["model"] = np.where(frame["seed"] > 0, "xlmr", "")
    path = tmp_path / "gains.csv"
    frame.to_csv(path, index=False)
    return path


def fit(*arguments, fails=""):
    result = CliRunner().invoke(app, list(map(str, arguments)))
    if fails:
        assert isinstance(result.exception, InputError), result.output
        assert fails in str(result.exception)
        return result.output
    assert result.exception is None, (result.output, result.exception)
    return result.stdout


def outcomes(*arguments):
    return json.loads(fit(*arguments, "--json"))["outcomes"]


def test_association_is_that_of_the_cells(table):
    frame = pd.read_csv(table)
    cells = frame.groupby(["condition", "target"])[["gain", "task_distance"]].mean().unstack("target")
    expected = association(
        cells["task_distance"].to_numpy(), cells["gain"].to_numpy(), separate_relabelings(6, 4, count=199)
    )
    (found,) = outcomes("fit", "association", table, "--distance", "task_distance", "--permutations", "199")
    assert found["estimate"] == pytest.approx(expected.estimate)
    assert found["p_value"] == pytest.approx(expected.p_value)
    said = fit(
        "fit", "association", table, "--distance", "task_distance", "--covariate", "log_size", "--strata", "kind",
        "--alternative", "less", "--permutations", "199",
    )  # fmt: skip
    assert "Partial Spearman correlation within targets given log_size" in said
    assert "rows exchanged only within strata (3 + 3)" in said
    assert "Kendall's tau-b" in fit("fit", "association", table, "--distance", "task_distance", "--method", "kendall")


def test_association_says_what_it_cannot_do(table):
    command = ("fit", "association", table)
    fit(*command, "--distance", "tasks_distance", fails="no distance 'tasks_distance' (did you mean 'task_distance'")
    fit(*command, "--distance", "language_distance", fails="language_distance varies within the cell c1 × t1")
    fit(*command, "--distance", "task_distance", "--method", "spearmen", fails="did you mean 'spearman'")
    fit(*command, "--distance", "task_distance", "--alternative", "lower", fails="expected two-sided, less or greater")
    kendall = ("--covariate", "log_size", "--method", "kendall")
    fit(*command, "--distance", "task_distance", *kendall, fails="not for kendall")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: pd.concat([f, f.iloc[[4]]]), "are the same observation (condition c1, target t1, language"),
        (
            lambda f: f.assign(gain=f["gain"].astype(str).where(f.index != 3, "high")),
            "gain: 'high' in row 5 is not a number",
        ),
        (lambda f: f.assign(gain=f["gain"].where(f.index != 3, np.inf)), "gain is infinite in row 5"),
        (lambda f: f.assign(gain=np.nan), "gain is missing in every row"),
        (lambda f: f.assign(gain=2.5), "nothing can be correlated"),
        (lambda f: f.assign(task_distance=0.5), "nothing can be correlated"),
        (lambda f: f[f["condition"] < "c3"], "nothing can be correlated"),
    ],
)
def test_tables_that_say_nothing_or_say_it_twice_are_refused(table, change, message):
    change(pd.read_csv(table)).to_csv(table, index=False)
    fit("fit", "association", table, "--distance", "task_distance", fails=message)


def test_selection_by_one_distance_and_by_a_model(table):
    frame = pd.read_csv(table)
    cells = frame.groupby(["condition", "target"])[["gain", "task_distance"]].mean().unstack("target")
    relabelings = separate_relabelings(6, 4, count=199)
    for options, measure in (
        (["--measure", "ndcg"], NDCG("ranks")),
        (["--measure", "regret", "--k", "2", "--of", "mean"], Regret(2, "mean", relative=False)),
    ):
        expected = selection(cells["task_distance"].to_numpy(), cells["gain"].to_numpy(), relabelings, measure)
        (found,) = outcomes("fit", "selection", table, "--distance", "task_distance", "--permutations", "199", *options)
        assert (found["estimate"], found["p_value"]) == (
            pytest.approx(expected.estimate),
            pytest.approx(expected.p_value),
        )
    said = fit(
        "fit", "selection", table, "--distance", "task_distance", "--distance", "log_size", "--measure", "rank",
        "--leave-out", "task", "--permutations", "99",
    )  # fmt: skip
    assert "each task left out in turn" in said
    fit("fit", "selection", table, "--distance", "task_distance", "--measure", "top1", fails="did you mean 'top-1'")


def test_specification_curve_with_figure(table, tmp_path):
    out, figure = tmp_path / "curve.csv", tmp_path / "curve.png"
    said = fit(
        "fit", "specification", table, "--distance", "task_distance", "--covariates", "size=log_size", "--exclude",
        "condition=c1", "--exclude", "condition=c2", "-o", out, "--figure", figure, "--permutations", "99",
    )  # fmt: skip
    assert "Median correlation over specifications" in said
    curve = pd.read_csv(out, keep_default_na=False)
    assert sorted(set(curve["exclusion"])) == ["condition=c1", "condition=c2", "none"]
    assert len(curve) == 6
    assert figure.read_bytes().startswith(b"\x89PNG")
    command = ("fit", "specification", table, "--distance", "task_distance")
    fit(*command, "--exclude", "condition=c9", fails="no condition of that name")
    fit(*command, "--exclude", "seed=1", fails="cells are named by condition and target")
    fit(*command, "--figure", "curve.jpg", fails="ends in .pdf, .svg or .png")


def test_languages_on_the_tree_within_families_and_without_each(table):
    said = fit("fit", "languages", table, "--distance", "language_distance")
    assert "Slope of score (standardised within target) on language distance" in said
    assert "not tested within families: 2 languages have a relative" in said
    assert "Indo-European" in said
    fit("fit", "languages", table, "--distance", "task_distance", fails="varies within")


def test_robustness_of_conditions(table):
    command = ("fit", "robustness", table, "--distance", "language_distance", "--no-adjust")
    said = fit(*command, "--chosen", "c1", "--chosen", "c2", "--compare", "c1=c2")
    assert "of the declared 2 of 6 tasks" in said
    assert "Slope of the gain of c1 minus c2" in said
    slopes = fit(*command, "--json")
    assert len(json.loads(slopes)) == 6 * 4 * 3
    fit("fit", "robustness", table, "--distance", "language_distance", fails="without adjustment")


def test_contrast_of_groups(table):
    groups = ("--group", "qa=c1,c2,c3", "--group", "nli=c4,c5,c6", "--outcome", "gain", "--scale", "points")
    frame = pd.read_csv(table)
    means = frame.groupby("kind")["gain"].mean()
    (over_seeds,) = outcomes("fit", "contrast", table, *groups)
    (over_tasks,) = outcomes("fit", "contrast", table, *groups, "--over", "tasks")
    (equivalent,) = outcomes("fit", "contrast", table, *groups[:-2], "--margin", "2")
    for found in (over_seeds, over_tasks, equivalent):
        assert found["estimate"] == pytest.approx(means["qa"] - means["nli"])
    assert over_tasks["attainable_p"] == pytest.approx(2 / 20)
    assert equivalent["margin"] == 2
    two = pd.concat([frame, frame.assign(model="mbert", gain=frame["gain"][::-1].to_numpy())])
    two.to_csv(table, index=False)
    each = outcomes("fit", "contrast", table, *groups)
    assert [row["question"] for row in each] == ["qa and nli, mbert", "qa and nli, xlmr"]
    (between,) = outcomes("fit", "contrast", table, *groups, "--between", "xlmr,mbert")
    assert between["estimate"] == pytest.approx(each[1]["estimate"] - each[0]["estimate"])
    fit("fit", "contrast", table, "--group", "qa=c1", fails="two groups, and 1 are given")
    fit("fit", "contrast", table, "--group", "qa=c1", "--group", "qa=c2", fails="given twice")
    fit("fit", "contrast", table, *groups, "--over", "seed", fails="did you mean 'seeds'")
    fit("fit", "contrast", table, *groups, "--over", "tasks", "--between", "xlmr,mbert", fails="compared over seeds")


def test_square_matrices(tmp_path):
    rng = np.random.default_rng(1)
    labels = list("abcdef")
    matrices = {}
    for name in ("scores", "near", "far"):
        values = rng.random((6, 6))
        matrices[name] = pd.DataFrame(values + values.T, labels, labels)
        DistanceMatrix(matrices[name], name).write(tmp_path / f"{name}.csv")
    paths = {name: tmp_path / f"{name}.csv" for name in matrices}
    (found,) = outcomes("fit", "mantel", paths["scores"], paths["near"])
    assert found["estimate"] == pytest.approx(mantel(matrices["scores"], matrices["near"]).estimate)
    assert "partial Mantel" in fit("fit", "mantel", paths["scores"], paths["near"], "--control", f"far={paths['far']}")
    said = fit("fit", "matrices", paths["scores"], "--on", f"near={paths['near']}", "--on", f"far={paths['far']}")
    assert "Coefficient of near" in said
    assert "Guillot & Rousset" in said
    DistanceMatrix(matrices["near"].iloc[[0]], "vector").write(tmp_path / "vector.csv")
    fit("fit", "mantel", paths["scores"], tmp_path / "vector.csv", fails="distance is a vector of 6 values")


def test_linear_models(table):
    said = fit("fit", "linear", table, "--formula", "gain ~ task_distance", "--cluster", "condition")
    assert "errors by cluster" in said
    (found,) = outcomes(
        "fit", "linear", table, "--formula", "gain ~ task_distance", "--cluster", "condition", "--test", "task_distance"
    )
    assert "wild cluster bootstrap" in found["method"]
    fit("fit", "linear", table, "--formula", "gain ~ task_distance", "--test", "task_distance", fails="one --cluster")
    fit("fit", "linear", table, "--formula", "gain ~ task_distance", "--family", "gamma", fails="normal, binomial or")


def test_power_with_figure(tmp_path):
    out, figure = tmp_path / "power.csv", tmp_path / "power.pdf"
    said = fit(
        "power", "task-selection", "--effect", "-2", "--conditions", "6,12", "--replications", "20", "-o", out,
        "--figure", figure,
    )  # fmt: skip
    assert pd.read_csv(out)["conditions"].tolist() == [6, 12]
    assert figure.read_bytes().startswith(b"%PDF")
    assert "80% power" in said
    fit("power", "task-selection", "--effect", "-2", "--conditions", "6;12", fails="whole numbers joined by commas")


def test_tasks_on_both_sides_are_relabeled_jointly_and_overlaps_left_out():
    rng = np.random.default_rng(2)
    names = list("abcde")
    distance = pd.DataFrame(rng.random((5, 5)), names, names)
    frame = pd.DataFrame(
        [(a, b, distance.loc[a, b], rng.normal(), (a, b) == ("b", "a")) for a in names for b in names],
        columns=["condition", "target", "distance", "gain", "overlap"],
    )
    cells = task_cells(frame, "gain", ["distance"])
    assert cells.same_labels
    assert cells.relabelings.description.startswith("all joint permutations of the 5 labels")
    assert cells.notes == (
        "5 rows of a condition with itself left out",
        "1 row of overlapping cells left out",
        "1 of 20 cells of condition × target are empty",
    )
    table = frame.pivot(index="condition", columns="target", values="gain").to_numpy(copy=True)
    table[range(5), range(5)] = table[1, 0] = np.nan
    values = distance.to_numpy().copy()
    values[range(5), range(5)] = values[1, 0] = np.nan
    expected = association(values, table, joint_relabelings(names, names, names))
    found = association(cells.distances["distance"], cells.values, cells.relabelings)
    assert (found.estimate, found.p_value) == (expected.estimate, expected.p_value)


def test_models_means_and_corrections(table, tmp_path):
    frame = pd.read_csv(table)
    frame["run"] = frame["condition"] + ":" + frame["target"] + ":" + frame["seed"].astype(str)
    frame.to_csv(table, index=False)
    random = ["condition", "condition:target", "target:language", "language", "run"]
    model = [part for name in random for part in ("--random", name)]
    formula = ("--formula", "gain ~ task_distance")
    for test, method in (("t", "t with"), ("likelihood", "profile likelihood"), ("bootstrap", "t with")):
        (found,) = outcomes(
            "fit", "mixed", table, *formula, *model, "--term", "task_distance", "--test", test, "--replicates", "19",
            "--degrees", "kenward-roger",
        )  # fmt: skip
        assert found["interval_method"].startswith(method)
        assert found["low"] < found["estimate"] < found["high"]
    about = json.loads(fit("fit", "mixed", table, *formula, *model, "--degrees", "satterthwaite", "--json"))
    assert "rows (6 condition, 24 condition:target" in about["unit"]
    assert any("Kenward and Roger" in note for note in about["notes"])
    said = fit("fit", "means", table, "--formula", "gain ~ kind + task_distance", *model, "--factor", "kind")
    assert "std_error" in said
    contrasts = ("--contrast", "qa=1,nli=-1", "--margin", "3", "-o", tmp_path / "contrasts.csv")
    fit("fit", "means", table, "--formula", "gain ~ kind", *model, "--factor", "kind", *contrasts)
    corrected = json.loads(fit("fit", "correct", tmp_path / "contrasts.csv", "--json"))
    p = sorted(row["p_value"] for row in corrected)
    assert sorted(row["adjusted_p"] for row in corrected)[0] == pytest.approx(min(1, 2 * p[0]))
    fit(
        "fit",
        "means",
        table,
        "--formula",
        "gain ~ kind",
        *model,
        "--factor",
        "kind",
        "--contrast",
        "qa",
        fails="MEAN=WEIGHT",
    )
    fit("fit", "mixed", table, "--formula", "gain ~ kind + gain", *model, fails="gain is explained by itself")


def test_a_csv_spells_overlap(table):
    frame = pd.read_csv(table)
    frame["overlap"] = (frame["condition"] == "c1") & (frame["target"] == "t1")
    frame.to_csv(table, index=False)
    said = fit("fit", "association", table, "--distance", "task_distance", "--permutations", "99")
    assert "15 rows of overlapping cells left out" in said
    assert "n = 23 intermediate × target cells" in said
    frame["overlap"] = "perhaps"
    frame.to_csv(table, index=False)
    fit(
        "fit", "association", table, "--distance", "task_distance", fails="'perhaps' in row 2 is neither true nor false"
    )


def test_a_group_against_one_of_another_initialisation(table):
    frame = pd.read_csv(table)
    other = frame.assign(initialisation="random", gain=frame["gain"] - 5 + 0.1 * frame["seed"])
    pd.concat([frame.assign(initialisation="pretrained"), other]).to_csv(table, index=False)
    (found,) = outcomes(
        "fit", "contrast", table, "--group", "ours=c1,c2", "--group", "floor=c1,c2", "--second-initialisation", "random",
        "--outcome", "gain", "--scale", "points",
    )  # fmt: skip
    assert found["estimate"] == pytest.approx(4.8)
    assert "floor from random weights" in found["statistic"]
    # Elsewhere several initialisations are never pooled without a word.
    said = fit("fit", "association", table, "--distance", "task_distance", "--permutations", "99")
    assert "2 initialisations together: pretrained, random" in said
    alone = ("--initialisation", "random", "--permutations", "99")
    assert "together" not in fit("fit", "association", table, "--distance", "task_distance", *alone)


def test_a_source_language_that_is_not_there_is_asked_after(table):
    frame = pd.read_csv(table)
    frame.loc[frame["language"] == "de", "language_distance"] = 0.0
    frame.to_csv(table, index=False)
    fit(
        "fit", "languages", table, "--distance", "language_distance", "--source-language", "deu",
        fails="no language of the table (did you mean 'de'?)",
    )  # fmt: skip


def test_a_distance_correlation_of_many_levels_has_no_pigeonhole_interval(tmp_path):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame([(f"c{i}", f"t{j}", rng.random(), rng.random()) for i in range(11) for j in range(10)])
    frame.columns = ["condition", "target", "distance", "gain"]
    frame.to_csv(tmp_path / "many.csv", index=False)
    command = ("fit", "association", tmp_path / "many.csv", "--distance", "distance", "--permutations", "99")
    assert "pigeonhole bootstrap of tasks and targets" in fit(*command)
    assert "pigeonhole" not in fit(*command, "--method", "distance")


def test_effects_are_of_runs_and_not_of_languages(tmp_path):
    """Two models, five seeds of none and three of a condition: a run is its mean over languages, English apart."""
    from transfer_analysis.statistics import effects_beside_baseline

    rng = np.random.default_rng(0)
    rows = [
        {"model": model, "condition": c, "target": "xnli", "language": code, "seed": seed, "score": rng.normal(60, 2)}
        for model in ("a", "b")
        for c, seeds in (("none", 5), ("qqp", 3), ("squad", 3))
        for seed in range(seeds)
        for code in ("en", "de", "sw")
    ]
    path = tmp_path / "results.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    found = json.loads(CliRunner().invoke(app, ["fit", "effects", str(path), "--json"]).stdout)
    assert len(found) == 2 * 2 * 2
    frame = pd.DataFrame(rows).query("model == 'a' and language != 'en'")
    runs = frame.groupby(["target", "condition", "seed"], as_index=False)["score"].mean()
    expected = effects_beside_baseline(runs).set_index("condition")
    for row in found:
        if (row["model"], row["languages"]) == ("a", "zero-shot"):
            assert row["effect"] == pytest.approx(expected.loc[row["condition"], "effect"])
            assert row["low"] == pytest.approx(expected.loc[row["condition"], "low"])
            assert (row["seeds"], row["baseline_seeds"]) == (3, 5)
    shown = CliRunner().invoke(app, ["fit", "effects", str(path), "-o", str(tmp_path / "e.csv")])
    assert "a, pretrained, zero-shot: mean score" in shown.stdout
    assert len(pd.read_csv(tmp_path / "e.csv")) == 8
    alone = tmp_path / "alone.csv"
    pd.DataFrame(rows).query("condition == 'none'").to_csv(alone, index=False)
    refused = CliRunner().invoke(app, ["fit", "effects", str(alone)])
    assert refused.exit_code != 0
