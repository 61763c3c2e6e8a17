from __future__ import annotations

import pytest
from transfer_analysis.errors import InputError
from transfer_analysis.languages import resolve
from transfer_analysis.tasks import load_catalogue, metrics


def test_catalogue_holds_xtreme_and_its_languages_resolve():
    catalogue = load_catalogue()
    counts = {"xnli": 15, "paws-x": 7, "xcopa": 11, "udpos": 38, "wikiann": 48, "mlqa": 7, "tydiqa": 9, "tatoeba": 41}
    assert {name: len(catalogue[name].languages) for name in counts} == counts
    for task in catalogue:
        assert [resolve(code).code for code in task.languages] == list(task.languages)
        assert task.metric in metrics()


@pytest.mark.parametrize(
    ("intermediate", "target", "overlap"),
    [
        ("mnli", "xnli", True),
        ("anli+", "xnli", True),
        ("squad", "xquad", True),
        ("squad", "mlqa", True),
        ("squad", "lareqa", True),
        ("paws", "paws-x", True),
        ("ud-pos-english", "udpos", True),
        ("social-iqa", "xcopa", True),
        ("qqp", "paws-x", False),
        ("sim-duplicates", "sim-paraphrase", False),
        ("unheard-of", "xnli", False),
    ],
)
def test_overlap(intermediate, target, overlap):
    assert load_catalogue().overlaps(intermediate, target) is overlap


def test_unknown_task_suggests_near_ones():
    with pytest.raises(InputError, match="unknown task 'xnly' .did you mean 'xnli'"):
        load_catalogue()["xnly"]


def test_own_tasks_are_added(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "mine: {title: Mine, family: nli, head: sequence-classification, metric: accuracy, made_of: [mnli]}"
    )
    catalogue = load_catalogue(path)
    assert catalogue["mine"].family == "nli"
    assert catalogue.overlaps("mine", "xnli")
    assert "mine" not in load_catalogue()


def test_wrong_own_tasks_name_every_field(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("a: {title: A, family: nli, head: sequence, metric: accuracy, made_of: [x]}\nb: {title: B}\n")
    with pytest.raises(InputError) as caught:
        load_catalogue(path)
    text = str(caught.value)
    assert "task 'a': head" in text
    assert "task 'b': family" in text
    assert "task 'b': made_of" in text


def test_unknown_metric_suggests_near_ones(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("a: {title: A, family: nli, head: span-qa, metric: acuracy, made_of: [x]}")
    with pytest.raises(InputError, match="did you mean 'accuracy'"):
        load_catalogue(path)
    path.write_text("- a list")
    with pytest.raises(InputError, match="expected a mapping"):
        load_catalogue(path)
    path.write_text("a: [")
    with pytest.raises(InputError, match="not valid YAML"):
        load_catalogue(path)
