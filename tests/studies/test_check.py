"""Mistakes in studies, found before anything is trained, and what a study costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import ttest_1samp
from transfer_analysis.analyses.languages import gains_of_languages
from transfer_analysis.encoders import Size, known_encoders
from transfer_analysis.errors import InputError
from transfer_analysis.results import TransferTable, write_table
from transfer_analysis.studies import Given, bundled_studies, load_study
from transfer_analysis.studies.check import check_study
from transfer_analysis.studies.figures import draw_file
from transfer_analysis.studies.plan import plan_study
from transfer_analysis.studies.study import LanguageDistance
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.cost import cost, size_of
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.recipes import recipe

SCALES = [(study.name, scale) for study in bundled_studies() for scale in study.scales]


@pytest.mark.parametrize(("name", "scale"), SCALES)
def test_bundled_studies_have_no_mistakes(name, scale):
    check_study(name, Given(scale=scale))


def written(tmp_path, name="syntactic-vs-semantic", old="", new=""):
    """A bundled study with one text of its file replaced, and the line that the new text stands in."""
    study = load_study(name)
    text = yaml.safe_dump(study.model_dump(mode="json", exclude_defaults=True), sort_keys=False, width=1000)
    assert old in text
    text = text.replace(old, new, 1)
    (tmp_path / "mine.yaml").write_text(text)
    line = next((n for n, row in enumerate(text.splitlines(), 1) if new and new.splitlines()[-1] in row), 0)
    return str(tmp_path / "mine.yaml"), line


@pytest.mark.parametrize(
    ("old", "new", "scale", "message"),
    [
        (
            "- ud-parsing",
            "- ud-parsin",
            None,
            "ud-parsin: syntactic: unknown task 'ud-parsin' .did you mean 'ud-parsing'",
        ),
        (
            "model: mbert",
            "model: mbertt",
            "quick",
            "difference-mbert: model: there is no 'mbertt'; there are simulated",
        ),
        (
            "- stsb\n  - qqp\n  - paws",
            "- paws",
            "quick",
            "semantic: none of its conditions is there from pretrained weights, paws",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, old, new, scale, message):
    path, line = written(tmp_path, old=old, new=new)
    with pytest.raises(InputError, match=message) as caught:
        check_study(path, Given(scale=scale))
    said = next(problem for problem in caught.value.problems if message.partition(":")[0] in problem)
    assert said.startswith("mine.yaml line ")
    if "none of its" not in message and "model" not in message:
        assert said.startswith(f"mine.yaml line {line}: ")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "term: semantic_distance",
            "term: semantic_distanc",
            "semantic-in-model: term: unknown column 'semantic_distanc'",
        ),
        ("term: semantic_distance", "term: words_distance", "term: 'words_distance' is not in the formula"),
        ("- condition:target", "- conditon:target", "semantic-in-model: random: unknown column 'conditon'"),
        (
            "xcopa:\n        - social-iqa",
            "xcopi:\n        - social-iqa",
            "xcopi: grid: substitutes: unknown task 'xcopi' .did you mean 'xcopa'",
        ),
    ],
)
def test_parts_of_models_and_grids_are_looked_at(tmp_path, old, new, message):
    path, _ = written(tmp_path, "semantic-distance-xtreme", old, new)
    with pytest.raises(InputError, match=message):
        check_study(path, Given(scale="folder"))


def test_a_file_that_is_no_study_says_that_more_may_follow(tmp_path):
    path, _ = written(tmp_path, "semantic-distance-xtreme", "alternative: less", "alternative: fewer")
    with pytest.raises(InputError) as caught:
        check_study(path, Given(scale="folder"))
    assert ["alternative" in problem for problem in caught.value.problems] == [True, False]
    assert "once these are corrected" in caught.value.problems[-1]


def test_too_few_values_of_a_unit_are_named(tmp_path):
    path, _ = written(
        tmp_path, old="seeds:\n      - 1\n      - 2\n      - 3\n      - 4\n      - 5", new="seeds: [1, 2]"
    )
    with pytest.raises(InputError, match="interaction: 2 seeds; 3 are needed for a contrast over seeds"):
        check_study(path, Given(scale="quick"))
    study = load_study("typological-robustness")
    scale = study.scales["quick"]
    few = scale.model_copy(update={"grid": scale.grid.model_copy(update={"conditions": scale.grid.conditions[:4]})})
    (tmp_path / "few.yaml").write_text(
        yaml.safe_dump(
            study.model_copy(update={"scales": {"quick": few}}).model_dump(mode="json", exclude_defaults=True)
        )
    )
    with pytest.raises(
        InputError, match=r"flatter-gains: of 4 intermediate tasks, 3 can be chosen in 4 ways, so that no p-v"
    ):
        check_study(str(tmp_path / "few.yaml"), Given(scale="quick"))


def test_an_unknown_column_of_a_formula_and_a_language_without_typology(tmp_path):
    path, _ = written(
        tmp_path,
        "semantic-distance-xtreme",
        "gain ~ semantic_distance + syntactic_distance",
        "gain ~ semantic_distanc + syntactic_distance",
    )
    with pytest.raises(InputError, match="semantic-in-model: formula: unknown column 'semantic_distanc' .did you mean"):
        check_study(path, Given(scale="quick"))
    # Of Urdu's sounds nothing is known, and XNLI has no Welsh.
    study = load_study("syntactic-vs-semantic")
    scale = study.scales["full"]
    grid = scale.grid.model_copy(update={"languages": ("de", "ru", "hi", "ur", "cy")})
    changed = study.model_copy(
        update={
            "scales": {"full": scale.model_copy(update={"grid": grid})},
            "language_distances": tuple(LanguageDistance(name=name) for name in ("syntactic", "phonological")),
        }
    )
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(changed.model_dump(mode="json", exclude_defaults=True)))
    with pytest.raises(InputError) as caught:
        check_study(str(tmp_path / "mine.yaml"), Given(scale="full"))
    line = (tmp_path / "mine.yaml").read_text().splitlines().index("      - ur") + 1
    assert f"mine.yaml line {line}: ur: no phonological distance from en is known" in caught.value.problems
    assert any("cy: languages: no target of the grid is tested in it" in problem for problem in caught.value.problems)


@pytest.fixture
def results(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        {
            "model": model,
            "condition": condition,
            "target": "xnli",
            "language": language,
            "seed": seed,
            "score": 50 + rng.normal(),
        }
        for model in ("xlm-r-large", "mbert")
        for condition in ("none", "ud-parsing", "ud-pos-english", "stsb", "qqp")
        for language in ("en", "de", "fr", "ru", "hi", "sw")
        for seed in (1, 2, 3)
    ]
    return pd.DataFrame(rows)


def test_results_are_checked_against_the_study(tmp_path, results):
    write_table(TransferTable.from_frame(results), tmp_path / "whole.parquet")
    remarks = check_study("syntactic-vs-semantic", Given(results=tmp_path / "whole.parquet"))
    assert remarks == []
    without = results[(results["condition"] != "none") | (results["model"] != "mbert")]
    write_table(TransferTable.from_frame(without), tmp_path / "less.parquet")
    with pytest.raises(InputError) as caught:
        check_study("task-families-vs-random-init", Given(results=tmp_path / "less.parquet"))
    said = str(caught.value)
    assert "results: mbert (pretrained weights) has no condition none on xnli" in said
    assert "random-syntax: there are no random weights; there are pretrained" in said
    assert "question-answering: question-answering: none of its conditions is there from pretrained weights" in said
    alone = results[results["model"] == "mbert"]
    write_table(TransferTable.from_frame(alone), tmp_path / "one.parquet")
    with pytest.raises(InputError, match="interaction: between: there is no 'xlm-r-large'"):
        check_study("syntactic-vs-semantic", Given(results=tmp_path / "one.parquet"))


def test_exploratory_tests_that_cannot_be_made_are_remarks(tmp_path, results):
    write_table(TransferTable.from_frame(results), tmp_path / "r.parquet")
    pd.DataFrame(0.5, ["ud-parsing", "ud-pos-english", "stsb", "qqp"], ["xnli"]).to_csv(tmp_path / "d.csv")
    names = [distance.name for distance in load_study("semantic-similarity-xtreme-r").task_distances]
    given = Given(results=tmp_path / "r.parquet", task_distances=dict.fromkeys(names, tmp_path / "d.csv"))
    remarks = check_study("semantic-similarity-xtreme-r", given)
    assert "exploratory, and not run: tagging: targets: there is none of udpos, wikiann" in remarks
    pd.DataFrame({"task": ["stsb"], "measure": ["mattr"], "value": [0.5]}).to_csv(tmp_path / "v.csv", index=False)
    with pytest.raises(InputError, match="--diversity v.csv: has no entropy-1; it has mattr"):
        check_study("typological-robustness", Given(results=tmp_path / "r.parquet", diversity=tmp_path / "v.csv"))


def test_what_a_study_needs_is_said_with_the_rest(tmp_path):
    with pytest.raises(InputError) as caught:
        check_study(
            "semantic-distance-xtreme",
            Given(results=tmp_path / "nowhere.parquet", task_distances={"semantics": tmp_path / "x.csv"}),
        )
    said = str(caught.value)
    assert "the study has no task distance 'semantics' (did you mean 'semantic'?)" in said
    assert "needs examples of the tasks" in said
    assert "nowhere.parquet: no such file" in said


def test_cost_by_hand():
    """Two seeds, one condition and none, one target of 100 examples in three languages of ten tests each."""
    grid = Grid(
        conditions=("squad",),
        targets=("xnli",),
        seeds=(1, 2),
        intermediate_examples=50,
        target_examples=100,
        test_examples=10,
    )
    chosen = recipe("small", epochs=2, max_length=64, tasks={})
    size = Size(layers=2, hidden=8, feed_forward=16, vocabulary=100)
    weights = 2 * (4 * 8 * 8 + 2 * 8 * 16)
    assert (size.in_layers, size.weights) == (weights, weights + 800)
    squad, xnli = (chosen.for_task(load_catalogue()[name]) for name in ("squad", "xnli"))
    found = cost(grid, chosen, load_catalogue(), "pretrained", size, {"xnli": 3})
    assert found.runs == 4
    trained = 4 * 100 * xnli.epochs + 2 * 50 * squad.epochs
    assert found.examples == trained

    def operations(rows, length, per_weight):
        return per_weight * rows * length * (weights + 2 * 2 * 8 * length)

    by_hand = operations(4 * 100 * xnli.epochs, xnli.max_length, 6) + operations(
        2 * 50 * squad.epochs, squad.max_length, 6
    )
    by_hand += operations(4 * 3 * 10, xnli.max_length, 2)
    assert found.operations == pytest.approx(by_hand)
    assert found.bytes == 2 * 4 * size.weights + 4 * 60 * 30


def test_sizes_of_encoders(tmp_path):
    large = known_encoders()["xlm-r-large"].size
    assert large.weights == pytest.approx(550e6, rel=0.05)  # as the paper counts them
    assert size_of("FacebookAI/xlm-roberta-large@main") == large
    assert size_of("xlm-r-large") == large
    assert size_of("auto") == size_of("minilm")
    assert size_of("nobody/nothing") is None
    about = '{"num_hidden_layers": 2, "hidden_size": 8, "intermediate_size": 16, "vocab_size": 100}'
    (tmp_path / "config.json").write_text(about)
    assert size_of(str(tmp_path)) == Size(2, 8, 16, 100)


def test_a_plan_says_runs_hours_disk_and_power():
    planned = plan_study(load_study("semantic-distance-xtreme").at("full"), tflops=100.0, replications=20)
    assert planned.costs["runs"].tolist() == [2 * (3 * 11 + 2)] * 2
    slower = plan_study(load_study("semantic-distance-xtreme").at("full"), tflops=50.0, replications=20)
    assert (slower.costs["hours"] / planned.costs["hours"]).tolist() == pytest.approx([2, 2])
    assert any(
        "power of task-association (10 conditions, 2 targets, 16 languages, 3 seeds)" in p for p in planned.power
    )
    with pytest.raises(InputError, match="its results are given, so that nothing is trained"):
        plan_study(load_study("pos-typology").at(None))


def test_figures_are_drawn_from_files(tmp_path, results):
    rng = np.random.default_rng(1)
    names = ["squad", "qqp", "xnli", "stsb"]
    values = rng.random((4, 4))
    pd.DataFrame((values + values.T) / 2, names, names).to_csv(tmp_path / "d.csv")
    write_table(TransferTable.from_frame(results), tmp_path / "r.parquet")
    power = {
        "conditions": [6, 9],
        "targets": 4,
        "languages": 30,
        "seeds": 3,
        "power": [0.5, 0.8],
        "low": 0.4,
        "high": 0.9,
    }
    pd.DataFrame(power).to_csv(tmp_path / "p.csv")
    for name, file in (("task-distances", "d.csv"), ("transfer-heatmap", "r.parquet"), ("language-tree", "r.parquet")):
        assert draw_file(name, tmp_path / file).get_axes()
    assert draw_file("power-curve", tmp_path / "p.csv").get_axes()
    with pytest.raises(
        InputError, match="p.csv: the table has no column 'question'.*; expected a CSV of question, procedure"
    ):
        draw_file("calibration", tmp_path / "p.csv")
    with pytest.raises(InputError, match="robustness-slopes: is drawn from the folder of a study's report"):
        draw_file("robustness-slopes", tmp_path / "p.csv")


def test_gains_of_languages_by_hand(results):
    rows = results[results["condition"] == "stsb"].assign(gain=lambda f: f["score"] - 50, overlap=False)
    rows.loc[rows["language"] == "sw", "overlap"] = True
    found = gains_of_languages(rows).set_index("language")
    assert "sw" not in found.index
    of_seeds = rows[rows["language"] == "hi"].groupby("seed")["gain"].mean()
    interval = ttest_1samp(of_seeds, 0).confidence_interval(0.95)
    assert found.loc["hi", ["gain", "low", "high"]].tolist() == pytest.approx(
        [of_seeds.mean(), interval.low, interval.high]
    )


def test_a_model_without_its_levels_is_found_before_the_study_runs(results, tmp_path):
    """What `fit mixed` refuses, `study check` refuses too: here the random term at the distance's own level."""
    study = {
        "name": "mine", "title": "T", "question": "Q", "primary": "a", "task_distances": [{"name": "semantic"}],
        "hypotheses": [
            {
                "id": "a", "statement": "S.", "analysis": "mixed-model", "formula": "gain ~ semantic_distance",
                "term": "semantic_distance", "random": ["language"],
            }
        ],
    }  # fmt: skip
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    (tmp_path / "examples.jsonl").write_text('{"task": "x", "text": "y"}\n')
    two = pd.concat([results, results.assign(target="wikiann")])
    write_table(TransferTable.from_frame(two), tmp_path / "results.parquet")
    given = Given(results=tmp_path / "results.parquet", examples=tmp_path / "examples.jsonl")
    said = r"mine.yaml line \d+: a: semantic_distance is the same in all rows of each condition:target"
    with pytest.raises(InputError, match=said):
        check_study(str(tmp_path / "mine.yaml"), given)
