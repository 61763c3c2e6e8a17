from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from transfer_analysis.errors import InputError
from transfer_analysis.studies import bundled_studies, load_study
from transfer_analysis.studies.analyses import analyses
from transfer_analysis.studies.fields import example_of, fields_of, new_study, summaries
from transfer_analysis.studies.study import Study, parse_study
from transfer_analysis.training.plan import load_plan

from tests.toys import installed

MINIMAL = {
    "name": "mine",
    "title": "T",
    "question": "Q",
    "primary": "a",
    "language_distances": ["syntactic"],
    "hypotheses": [{"id": "a", "statement": "s", "analysis": "language-regression", "distance": "syntactic"}],
}

FIVE = (
    "semantic-distance-xtreme",
    "typological-robustness",
    "syntactic-vs-semantic",
    "semantic-similarity-xtreme-r",
    "task-families-vs-random-init",
)

GRID = {"conditions": ["squad"], "targets": ["xnli"], "seeds": [1]}
GRID |= dict.fromkeys(("intermediate_examples", "target_examples", "test_examples"), 10)


def load(tmp_path, **changes):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**MINIMAL, **changes}))
    return load_study(str(path))


def test_bundled_studies_load():
    studies = {study.name: study for study in bundled_studies()}
    assert set(studies) == {"quickstart", "taskweb-similarity", "pos-typology", *FIVE}
    assert all(list(studies[name].scales) == ["quick", "folder", "full"] for name in FIVE)


def test_own_study(tmp_path):
    assert load(tmp_path).hypotheses[0].distance == "syntactic"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"primary": "b"}, "primary: no declared hypothesis has the id 'b'"),
        ({"language_distances": ["syntax"]}, "unknown kind 'syntax' .did you mean 'syntactic'"),
        ({"language_distances": ["genetic"]}, "a: the distance 'syntactic' is not among language_distances"),
        ({"alpha": 2}, "alpha"),
        ({"metric": "acuracy"}, "unknown metric 'acuracy' .did you mean 'accuracy'"),
        ({"source_language": "englsh"}, "unknown language 'englsh' .did you mean 'english'"),
        ({"seed": -1}, "seed"),
        ({"hypothesis": []}, "hypothesis: there is no such field .did you mean 'hypotheses'"),
        ({"hypotheses": [{"id": "a", "statement": "s", "analysis": "guess"}]}, "hypotheses.0"),
        ({"hypotheses": MINIMAL["hypotheses"] * 2}, "a: the id is given to more than one"),
        (
            {"hypotheses": [{"id": "a", "statement": "s", "analysis": "task-association"}]},
            "needs a distance under task_distances",
        ),
        (
            {"hypotheses": [{**MINIMAL["hypotheses"][0], "covariates": ["size"]}]},
            "unknown covariate 'size'",
        ),
        (
            {
                "hypotheses": [{**MINIMAL["hypotheses"][0], "covariates": ["size"]}],
                "covariates": {"size": {"column": "gb"}},
            },
            "list it as exploratory",
        ),
        ({"hypotheses": [{**MINIMAL["hypotheses"][0], "analysis": "language-pair-association"}]}, "descriptive only"),
        (
            {
                "task_distances": [{"kind": "mean-embedding-cosine"}],
                "hypotheses": [
                    {"id": "a", "statement": "s", "analysis": "task-selection", "measure": "regret", "outcome": "gain"}
                ],
            },
            "relative regret needs positive values",
        ),
        ({"scales": {"quick": {"recipe": {"name": "small"}, "grid": GRID}}}, "say either what is simulated, or which"),
        (
            {"scales": {"quick": {"simulated": {}, "recipe": {"name": "small"}, "grid": {**GRID, "seeds": [1, 1]}}}},
            "seeds: 1 is given twice",
        ),
        (
            {"task_distances": [{"kind": "tf-idf"}]},
            "unknown task distance 'tf-idf' .did you mean 'tfidf'",
        ),
        ({"task_distances": [{"kind": "logme"}]}, "logme needs more than the text of examples"),
        (
            {"task_distances": [{"kind": kind} for kind in ("tfidf", "mmd")]},
            "are not all different; give each a name of its own",
        ),
        (
            {
                "task_distances": [{"name": "semantic"}],
                "hypotheses": [{"id": "a", "statement": "s", "analysis": "task-association", "distance": "semantics"}],
            },
            "'semantics' is not among task_distances .did you mean 'semantic'",
        ),
    ],
)
def test_wrong_studies_name_the_field(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        load(tmp_path, **changes)


def test_a_problem_is_in_its_line(tmp_path):
    path = tmp_path / "mine.yaml"
    good = yaml.safe_dump(MINIMAL, sort_keys=False)
    line = 1 + good.splitlines().index("- id: a")
    path.write_text(good.replace("distance: syntactic", "distance: syntax"))
    with pytest.raises(InputError, match=rf"mine.yaml line {line}: a: the distance 'syntax' is not among"):
        load_study(str(path))
    path.write_text(good.replace("distance: syntactic", "distanze: syntactic"))
    with pytest.raises(InputError) as caught:
        load_study(str(path))
    last = len(good.splitlines())
    assert f"mine.yaml line {last}: hypotheses.0.distanze: there is no such field (did you mean 'distance'" in str(
        caught.value
    )
    path.write_text(good.replace("language_distances:\n- syntactic", "language_distances:\n- syntax"))
    place = good.splitlines().index("language_distances:") + 1
    with pytest.raises(InputError, match=f"mine.yaml line {place}: language_distances: unknown kind 'syntax'"):
        load_study(str(path))


def test_every_problem_of_a_study_is_said_at_once(tmp_path):
    with pytest.raises(InputError) as caught:
        load(tmp_path, primary="b", metric="acuracy", language_distances=["syntactic", "syntax"])
    assert len(caught.value.problems) == 3


def test_a_scale_has_its_own_names(tmp_path):
    quick = load_study("syntactic-vs-semantic").at("quick")
    assert quick.targets == ("sim-inference",)
    assert quick.groups["semantic"] == ("sim-similarity", "sim-duplicates", "paws")  # paws has no double
    assert {h.id: h for h in quick.hypotheses}["interaction"].between == ("simulated", "simulated-narrow")
    assert quick.scale.models() == ["simulated", "simulated-narrow"]
    written = load_study("syntactic-vs-semantic").at(None)
    assert (written.scale, written.targets) == (None, ("xnli",))
    with pytest.raises(InputError, match="no scale 'ful' .did you mean 'full'"):
        load_study("syntactic-vs-semantic").at("ful")
    with pytest.raises(InputError, match="its results are always given"):
        load_study("pos-typology").at("quick")


def test_what_is_like_a_common_scale_can_be_overridden(tmp_path):
    scales = {"quick": {"like": "quick", "grid": {"conditions": ["sim-topic"], "targets": ["sim-pos"], "seeds": [7]}}}
    found = load(tmp_path, scales=scales).at("quick").scale
    common = load_study("syntactic-vs-semantic").scales["quick"]
    assert found.grid.seeds == (7,)
    assert found.grid.test_examples == common.grid.test_examples
    assert list(found.simulated["encoders"]) == ["simulated"]
    encoders = {"a": "one/encoder", "b": {"source": "auto", "recipe": {"learning_rate": 1e-4}}}
    both = load(tmp_path, scales={"folder": {"like": "folder", "encoders": encoders, "grid": GRID}}).scales["folder"]
    assert both.recipe_of("a") == both.recipe
    assert both.recipe_of("b") == {**both.recipe, "learning_rate": 1e-4}
    with pytest.raises(InputError, match="like: 'quik' is not a common scale .did you mean 'quick'"):
        load(tmp_path, scales={"quick": {"like": "quik"}})


def test_the_folder_scale_is_that_of_the_bundled_results():
    """What the studies train on a folder of corpora is what data/results was trained with."""
    folder = Path(__file__).parents[2] / "data" / "results"
    plan = load_plan(folder / "plan.yaml")
    for name in FIVE:
        scale = load_study(name).scales["folder"]
        assert scale.encoders["multilingual-e5-small"].source == plan.encoder
        assert scale.recipe == plan.recipe
        assert set(scale.grid.conditions) <= set(plan.grid.conditions)
        assert set(scale.grid.targets) <= set(plan.grid.targets)
        own = {"conditions", "targets", "initialisations", "random_conditions", "multi_task", "mlm", "unknown"}
        theirs, ours = plan.grid.model_dump(exclude=own), scale.grid.model_dump(exclude=own)
        assert ours == theirs
        for part in ("random_conditions", "multi_task", "mlm"):
            assert getattr(scale.grid, part) in (None, getattr(plan.grid, part))


def test_unknown_study():
    with pytest.raises(InputError, match="unknown study 'quikstart' .did you mean 'quickstart'"):
        load_study("quikstart")
    with pytest.raises(InputError, match="no such file"):
        load_study("nowhere.yaml")


def test_the_readmes_study_can_be_run(tmp_path):
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (file,) = re.findall(r"```yaml\n# mine.yaml\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "mine.yaml").write_text(file)
    study = load_study(str(tmp_path / "mine.yaml"))
    assert {h.analysis for h in study.hypotheses} == {"group-contrast", "task-association"}
    known = set(analyses())
    table = text[text.index("| `analysis` | asks |") :].split("\n\n")[0]
    named = {name for line in table.splitlines()[2:] for name in re.findall(r"`([a-z-]+)`", line.split("|")[1])}
    assert named == known


def test_statements_name_the_model_that_stands_for_another():
    study = load_study("syntactic-vs-semantic")
    assert study.hypotheses[0].statement.startswith("With xlm-r-large, syntactic")
    small = study.at("folder").hypotheses
    assert small[0].statement.startswith("With multilingual-e5-small, syntactic")
    assert "between multilingual-e5-small and all-MiniLM-L6-v2." in small[2].statement


def test_a_new_study_is_one_that_can_be_run_and_names_every_field():
    study = parse_study(new_study("my-question"), "my-question.yaml")
    assert (study.name, study.primary) == ("my-question", "nearer-tasks")
    text = new_study("my-question")
    assert all(f"{field}:" in text for field in Study.model_fields if field not in ("exploratory", "scales"))
    assert all(f"#   {name}: " in text for name in analyses())
    with pytest.raises(InputError, match="small letters"):
        new_study("My question")


@pytest.mark.parametrize("name", sorted(analyses()))
def test_every_analysis_has_documented_fields_and_an_example_that_is_read(name):
    assert all(field.text for field in fields_of(name))
    (declared,) = yaml.safe_load(example_of(name))
    kind = analyses()[name]
    assert kind.model_validate(declared).analysis == name
    assert summaries()[name]


def test_an_analysis_of_another_package_is_an_analysis(tmp_path, monkeypatch):
    module = (
        "from typing import Literal\n"
        "from transfer_analysis.statistics import Outcome\n"
        "from transfer_analysis.studies.analyses.hypothesis import Hypothesis\n"
        "class MeanScore(Hypothesis):\n"
        '    """The mean of all scores."""\n'
        "    analysis: Literal['mean-score']\n"
        "    def run(self, material):\n"
        "        scores = material.scores.frame['score']\n"
        "        return Outcome('mean score', float(scores.mean()), len(scores), 'scores', 'description')\n"
    )
    environment = installed(tmp_path, module, "transfer_analysis.analyses", "MeanScore")
    code = (
        "from transfer_analysis.studies.study import parse_study\n"
        "from transfer_analysis.studies.fields import new_study\n"
        "text = new_study('mine').replace('task-association', 'mean-score', 1)\n"
        "text = text.replace('  distance: semantic\\n', '').replace('  alternative: less\\n', '')\n"
        "print(type(parse_study(text, 'mine.yaml').hypotheses[0]).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "MeanScore", done.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"titel": "T"}, "line 12: titel: there is no such field (did you mean 'title'?)"),
        ({"hypotheses": [{**MINIMAL["hypotheses"][0], "distanc": "x"}]}, "distanc: there is no such field (did you mean 'distance'?)"),
        ({"hypotheses": [{**MINIMAL["hypotheses"][0], "alternative": "lower"}]}, "alternative: 'lower': expected two-sided, less, greater"),
        ({"hypotheses": [{**MINIMAL["hypotheses"][0], "analysis": "language-regresion"}]}, "hypotheses.0.analysis: 'language-regresion' is none (did you mean 'language-regression'"),
        ({"hypotheses": [{"id": "a", "statement": "s", "analysis": "language-regression"}]}, "distance: is missing: One of the study's language distances. Such as `distance: syntactic`"),
        ({"hypotheses": [{"id": "a", "statement": "s"}]}, "hypotheses.0.analysis: is missing; there are "),
    ],
)  # fmt: skip
def test_schema_errors_name_line_field_the_nearest_and_an_example(change, said):
    with pytest.raises(InputError) as error:
        parse_study(yaml.safe_dump({**MINIMAL, **change}, sort_keys=False), "mine.yaml")
    assert said in str(error.value), str(error.value)
    assert "mine.yaml line" in str(error.value)
