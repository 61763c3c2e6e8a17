"""Conditions of the grid on a small corpus: several tasks, language modelling, translations, composites, turns."""

from __future__ import annotations

import json

import numpy as np
import pytest
from transfer_analysis.corpora import FolderCorpus
from transfer_analysis.errors import InputError
from transfer_analysis.results.trained import source_tasks
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.encoder import load_encoder
from transfer_analysis.training.grid import Grid, Job
from transfer_analysis.training.phases import intermediate_phase, intermediate_recipe, target_phases
from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.runs import run as run_module
from transfer_analysis.training.runs.check import check_grid
from transfer_analysis.training.runs.execute import run_grid
from transfer_analysis.training.runs.nodes import nodes_of
from transfer_analysis.training.runs.store import Store
from transfer_analysis.training.session import Session, Setting

from tests.toys import write

WORDS = [f"w{i}" for i in range(20)] + [f"de{i}" for i in range(20)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("conditions")
    rng = np.random.default_rng(0)

    def text(word="w"):
        return " ".join(f"{word}{n}" for n in rng.integers(20, size=6))

    def pairs(count, labels, first="premise", second="hypothesis", word="w"):
        return [{first: text(word), second: text(word), "label": int(rng.integers(labels))} for _ in range(count)]

    def choices(count, names):
        return [
            {
                "context": text(),
                "premise": text(),
                "question": "cause",
                **{n: text() for n in names},
                "label": int(rng.integers(len(names))),
            }
            for _ in range(count)
        ]

    for task, rows in (
        ("snli", pairs(40, 3)),
        ("anli", pairs(24, 3)),
        ("mnli", pairs(16, 3)),
        ("qqp", pairs(80, 2, "question1", "question2")),
    ):
        write(path / task / "en" / "train.jsonl", rows)
        write(path / task / "en" / "validation.jsonl", rows[:8])
    write(path / "qqp" / "de" / "train.jsonl", pairs(80, 2, "question1", "question2", "de"))
    write(path / "social_iqa" / "en" / "train.jsonl", choices(12, ("answerA", "answerB", "answerC")))
    write(path / "copa" / "en" / "train.jsonl", choices(12, ("choice1", "choice2")))
    write(path / "xcopa" / "it" / "test.jsonl", choices(6, ("choice1", "choice2")))
    write(path / "xnli" / "de" / "test.jsonl", pairs(8, 3, word="de"))
    write(path / "paws_x" / "en" / "validation.jsonl", pairs(30, 2, "sentence1", "sentence2"))
    write(path / "paws_x" / "de" / "test.jsonl", pairs(8, 2, "sentence1", "sentence2", "de"))
    write(path / "ccg" / "en" / "train.jsonl", [{"tokens": ["w1", "w2"], "tags": ["S/NP", "NP"]}] * 8)
    write(path / "ccg" / "en" / "validation.jsonl", [{"tokens": ["w1", "w2"], "tags": ["S/NP", "N"]}] * 8)
    for language, word in (("en", "w"), ("de", "de")):
        rows = [{"verse_id": f"MAT.1.{i}", "text": text(word)} for i in range(30)]
        write(path / "bible_nt" / language / "train.jsonl", rows)
    save_encoder(new_encoder("tiny", WORDS, Shape(layers=1, hidden=16, heads=2, feed_forward=16), 0), path / "tiny")
    return path


MULTI = {"tasks": ("qqp", "anli+"), "sampling": "uniform"}
MLM = {"tasks": ("bible-nt", "bible-nt-aligned"), "examples": 20, "rate": 0.25}


def grid(*conditions, **changes):
    fields = {
        "conditions": conditions,
        "targets": ("xnli",),
        "seeds": (1,),
        "intermediate_examples": 40,
        "target_examples": 40,
        "test_examples": 8,
        **changes,
    }
    return Grid(**fields)


def session(folder, given, **changes):
    setting = Setting(
        FolderCorpus(folder),
        load_catalogue(),
        str(folder / "tiny"),
        "tiny",
        given,
        recipe("simulated", epochs=1, batch_size=8, **changes),
        folder / "runs",
        "test",
    )
    return Session(setting)


def phase(folder, condition, **changes):
    given = grid(condition, **changes)
    made = session(folder, given)
    return intermediate_phase(made, Job("pretrained", condition, 1), made.encoder("pretrained", 1))


def names(found):
    return [stream.features.task.name for stream in found.streams]


def test_several_tasks_have_a_head_each(folder):
    found = phase(folder, "multi-task", multi_task=MULTI)
    assert list(found.heads) == ["qqp", "anli+"]
    assert found.heads["qqp"].out.out_features == 2
    assert found.heads["anli+"].out.out_features == 3
    assert [len(stream.features) for stream in found.streams] == [40, 40]
    assert len(found.order) == 5 + 5
    assert set(found.order.tolist()) == {0, 1}


def test_language_modelling_is_mixed_into_a_task(folder):
    found = phase(folder, "qqp+mlm", mlm=MLM)
    assert names(found) == ["qqp", "bible-nt", "bible-nt-aligned"]
    assert len(found.streams[1].features) == 40
    assert len(found.streams[2].features) == 20  # verses of German beside English
    assert np.bincount(found.order).tolist()[0] == 5
    assert len(found.order) == 7
    assert found.streams[1].head is found.streams[2].head
    pair = found.streams[2].features
    assert all(set(segments.tolist()) == {0, 1} for segments in pair.segments)


def test_language_modelling_alone(folder):
    found = phase(folder, "mlm", mlm={**MLM, "languages": ("de",)})
    assert names(found) == ["bible-nt", "bible-nt-aligned"]
    assert found.heads == {}
    assert len(found.streams[0].features) == 20


def test_translated_examples(folder):
    plain, german = phase(folder, "qqp"), phase(folder, "qqp@de")
    words = {int(n) for row in german.streams[0].features.input_ids for n in row}
    assert not words & {int(n) for row in plain.streams[0].features.input_ids for n in row} - {0, 1, 2, 3, 4}


def test_tasks_in_turn_share_a_head(folder):
    made = session(folder, grid("qqp", targets=("xcopa",)))
    found = target_phases(made, "xcopa", made.encoder("pretrained", 1), 1)
    assert [names(p) for p in found] == [["social-iqa"], ["copa"]]
    assert found[0].heads["xcopa"] is found[1].heads["xcopa"]
    assert [p.streams[0].features.rows_per_item for p in found] == [3, 2]


def train(folder, given, store=None, **changes):
    return run_grid(
        FolderCorpus(folder),
        load_catalogue(),
        str(folder / "tiny"),
        given,
        recipe("simulated", epochs=1, batch_size=8, **changes),
        store or folder / "runs",
        model="tiny",
        origin="test",
        workers=1,
    )


def test_a_grid_of_all_conditions(folder):
    conditions = ("anli+", "ccg", "multi-task", "multi-task+mlm", "mlm", "qqp@de", "qqp+mlm")
    given = grid(
        *conditions,
        targets=("xnli", "xcopa", "paws-x"),
        substitutes={"xnli": ("snli", "anli"), "paws-x": ("paws-x/validation",)},
        multi_task=MULTI,
        mlm=MLM,
    )
    done = train(folder, given)
    assert done.failures == []
    frame = done.table.frame
    assert set(frame["condition"]) == {"none", *conditions}
    trained_on = frame[frame["split"] == "test"].groupby("target")["trained_on"].first()
    assert [source_tasks(trained_on[name]) for name in ("xnli", "xcopa", "paws-x")] == [
        ("snli", "anli"),
        ("social-iqa", "copa"),
        ("paws-x",),
    ]
    assert ">" in trained_on["xcopa"]
    assert trained_on["paws-x"].startswith("paws-x/validation:")
    own = frame[frame["split"] == "intermediate-validation"]
    assert set(zip(own["condition"], own["target"], strict=True)) == {
        ("anli+", "anli+"),
        ("ccg", "ccg"),
        *(("multi-task" + mlm, task) for mlm in ("", "+mlm") for task in ("qqp", "anli+")),
        ("qqp@de", "qqp"),
        ("qqp+mlm", "qqp"),
    }
    # What a target is trained on is not what it is developed on.
    assert set(frame.loc[frame["split"] == "validation", "target"]) == {"xnli"}
    assert any("xnli: no examples in" in remark for remark in done.remarks)
    # The vocabulary has no word of "What was the cause?".
    assert frame.groupby("target")["unknown_tokens"].max().loc[["xcopa", "xnli"]].tolist() == [25.0, 0.0]


def test_early_stopping_says_so(folder):
    given = grid("qqp", targets=("xnli",), substitutes={"xnli": ("snli",)})
    frame = train(folder, given, evaluate_every=1, patience=1).table.frame
    assert set(frame["checkpoint"]) == {"best-english"}
    assert frame["recipe"].str.contains("evaluate_every=1 patience=1").all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"conditions": ["multi-task"]}, "multi_task: say which tasks"),
        ({"conditions": ["qqp+mlm"]}, "mlm: say on which text"),
        ({"conditions": ["none"]}, "none is always there"),
        ({"conditions": ["qqp@"]}, "expected a task"),
        ({"conditions": ["qqp", "qqp"]}, "'qqp' is given twice"),
    ],
)
def test_grids_that_make_no_sense(fields, message):
    with pytest.raises(ValueError, match=message):
        grid(*fields["conditions"])


BAD = [
    (
        "snli/en/train",
        3,
        {"label": 7},
        "snli en/train row 4: label 7 is not a class; expected entailment, neutral, contradiction",
    ),
    ("snli/en/train", 2, {"premise": "z" * 1_000_001}, "snli en/train row 3: 'premise' has 1,000,001 characters"),
    (
        "snli/en/train",
        5,
        {"premise": "??? !!!", "hypothesis": "???"},
        "snli en/train: 1 of 40 texts .row 6. have no subword",
    ),
    ("xnli/de/test", None, [], "xnli/de/test.jsonl: holds no examples"),
    (
        "qqp/en/train",
        None,
        [{"question1": "w1", "label": 0}],
        "qqp en/train: column 'question2' is missing .did you mean 'question1'",
    ),
    ("ccg/en/train", 0, {"tags": ["NP"]}, "ccg en/train row 1: 2 tokens but 1 tags"),
    ("bible_nt/de/train", None, [{"verse_id": "X", "text": "w1"}], "no passage of de, en has a counterpart in en"),
]


@pytest.mark.parametrize(("where", "row", "change", "message"), BAD)
def test_bad_input_is_named_before_anything_is_trained(folder, tmp_path, monkeypatch, where, row, change, message):
    import shutil

    shutil.copytree(folder, tmp_path / "c", ignore=shutil.ignore_patterns("runs"))
    path = tmp_path / "c" / f"{where}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows = change if row is None else [{**r, **change} if i == row else r for i, r in enumerate(rows)]
    write(path, rows)
    monkeypatch.setattr(run_module, "train", None)
    given = grid("qqp", "ccg", "mlm", substitutes={"xnli": ("snli",)}, mlm=MLM)
    with pytest.raises(InputError, match=message):
        train(tmp_path / "c", given)
    assert not list((tmp_path / "c" / "runs").glob("*.json"))


def test_unknown_text_can_be_kept(folder, tmp_path):
    import shutil

    shutil.copytree(folder, tmp_path / "c", ignore=shutil.ignore_patterns("runs"))
    path = tmp_path / "c" / "xnli" / "de" / "test.jsonl"
    write(path, [{"premise": "ü ö", "hypothesis": "ß", "label": 0}] * 4)
    given = grid("qqp", substitutes={"xnli": ("snli",)}, unknown="keep")
    frame = train(tmp_path / "c", given).table.frame
    assert frame.loc[frame["split"] == "test", "unknown_tokens"].tolist() == [100.0, 100.0]


def test_inputs_longer_than_the_encoder_takes(folder):
    with pytest.raises(InputError, match="reads up to 65 subwords, but the encoder takes at most 64"):
        train(folder, grid("qqp", substitutes={"xnli": ("snli",)}), max_length=65)
    with pytest.raises(InputError, match="no task 'squad'"):
        train(folder, grid("squad", substitutes={"xnli": ("snli",)}))


def test_damaged_tokens_are_made_again(folder, tmp_path, caplog):
    given = grid("qqp", substitutes={"xnli": ("snli",)})
    train(folder, given, tmp_path)
    path = sorted((tmp_path / "tokens").glob("*.safetensors"))[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    for record in tmp_path.glob("*.json"):
        record.unlink()
    train(folder, given, tmp_path)
    assert path.name in caplog.text
    assert path.read_bytes() == whole


def test_provenance_is_kept_with_each_run(folder):
    train(folder, grid("qqp+mlm", substitutes={"xnli": ("snli",)}, mlm=MLM))
    about = [r["about"] for r in Store(folder / "runs").finished() if r["about"]["condition"] == "qqp+mlm"]
    assert {a["what"] for a in about} == {"intermediate", "target"}
    assert about[0]["encoder"] == load_encoder(str(folder / "tiny")).identity
    assert about[0]["intermediate"]["mlm"]["rate"] == 0.25
    assert all(a["computed"] == ["cpu", "float32 matmul=highest attention=sdpa"] for a in about)


def test_what_a_task_means_is_part_of_a_runs_identity(folder, tmp_path):
    """Other columns, another order of labels, other text to tune on: other runs, though examples are the same."""
    given = grid("qqp", substitutes={"xnli": ("snli",)})

    def identities(entries):
        own = tmp_path / "own.yaml"
        own.write_text(entries)
        made = Session(
            Setting(
                FolderCorpus(folder),
                load_catalogue(own),
                str(folder / "tiny"),
                "tiny",
                given,
                recipe("simulated"),
                folder / "runs",
                "test",
            )
        )
        before = next(n for n in nodes_of(made) if (n.job.condition, n.what) == ("qqp", "intermediate"))
        alone = next(n for n in nodes_of(made) if (n.job.condition, n.what) == ("none", "xnli"))
        return before.identity, alone.identity

    entry = """
{name}: {{title: X, family: x, head: sequence-classification, columns: {{{columns}}}, labels: [{labels}],
  metric: accuracy, made_of: [x], languages: [de]}}
"""
    pairs = "text: {}, pair: {}, label: label"
    qqp = {"name": "qqp", "columns": pairs.format("question1", "question2"), "labels": "different, same"}
    snli = {
        "name": "snli",
        "columns": pairs.format("premise", "hypothesis"),
        "labels": "entailment, neutral, contradiction",
    }
    found = [
        identities(entry.format(**{**qqp, **a}) + entry.format(**{**snli, **b}))
        for a, b in (
            ({}, {}),
            ({"columns": pairs.format("question2", "question1")}, {}),
            ({"labels": "same, different"}, {}),
            ({}, {"columns": "text: hypothesis, label: label"}),
        )
    ]
    assert len({encoder for encoder, _ in found}) == 3
    assert len({target for _, target in found}) == 2


def test_composite_tasks_have_as_many_examples_as_others(folder):
    """24 of anli, 40 of snli and 16 of mnli: shares of 40 examples."""
    made = session(folder, grid("anli+"))
    (turn,) = made.training("anli+", 40)
    assert [len(part.records) for part in turn] == [12, 20, 8]
    assert [part.task.name for part in made.development("anli+")] == ["anli", "snli", "mnli"]


def test_names_that_nothing_bears(folder):
    with pytest.raises(InputError, match="substitutes: 'xnl' is neither a target .*did you mean 'xnli'"):
        train(folder, grid("qqp", substitutes={"xnl": ("snli",), "xnli": ("snli",)}))
    with pytest.raises(InputError, match="recipe: tasks: unknown head or task 'retreival' .did you mean 'retrieval'"):
        train(folder, grid("qqp", substitutes={"xnli": ("snli",)}), tasks={"retreival": {"layer": 1}})


def test_what_is_missing_is_said(folder, tmp_path):
    given = grid("qqp", substitutes={"xnli": ("snli",), "qqp": ("qqp/validation",)}, mlm=MLM)
    done = train(folder, given, tmp_path, evaluate_every=2)
    assert any(r.startswith("qqp: no development examples") for r in done.remarks)
    write(folder / "xnli" / "fr" / "train.jsonl", [{"premise": "w1", "hypothesis": "w2", "label": 0}])
    try:
        remarks = train(folder, given, tmp_path).remarks
    finally:
        (folder / "xnli" / "fr" / "train.jsonl").unlink()
        (folder / "xnli" / "fr").rmdir()
    assert "fr" in next(r for r in remarks if r.startswith("xnli: no examples in"))


def test_a_grid_of_baselines(folder, tmp_path):
    frame = train(folder, grid(substitutes={"xnli": ("snli",)}), tmp_path).table.frame
    assert set(frame["condition"]) == {"none"}
    # Each row names its run, and the run its files.
    name = frame["run"].iloc[0].split()[-1]
    import pandas as pd

    predictions = pd.read_parquet(tmp_path / f"{name}.predictions.parquet")
    test = predictions[predictions["split"] == "test"]
    accuracy = 100 * (test["output"] == test["gold"]).mean()
    assert frame.loc[frame["split"] == "test", "score"].tolist() == [pytest.approx(accuracy)]


def test_sources_with_other_numbers_of_choices_cannot_be_put_together(folder):
    """Two choices and three: their rows would be taken for each other's."""
    given = grid("qqp", targets=("xcopa",), substitutes={"xcopa": ("social-iqa", "copa")})
    with pytest.raises(InputError, match="social-iqa and copa cannot be put together: an example has 3 choices"):
        train(folder, given)


def test_language_modelling_alone_has_the_recipe_of_its_text(folder, tmp_path):
    given = grid("mlm", substitutes={"xnli": ("snli",)}, mlm=MLM)
    own = {"masked-lm": {"learning_rate": 1e-4}, "sequence-classification": {"learning_rate": 1e-4}}
    assert intermediate_recipe(session(folder, given, tasks=own), Job("pretrained", "mlm", 1)).learning_rate == 1e-4
    several = grid("multi-task", multi_task=MULTI)
    assert intermediate_recipe(session(folder, several), Job("pretrained", "multi-task", 1)).learning_rate == 1e-3
    names = []
    for rate in (1e-4, 2e-4):
        made = session(folder, given, tasks={"masked-lm": {"learning_rate": rate}})
        names.append(next(n.identity for n in nodes_of(made) if n.what == "intermediate"))
    assert names[0] != names[1]


def test_a_split_that_is_trained_on_in_part_has_development_examples_left(folder):
    """PAWS-X of a folder without a training set: half of its development set is trained on, the rest looked at."""
    given = grid(targets=("paws-x",), substitutes={"paws-x": ("paws-x/validation",)}, target_examples=20)
    made = session(folder, given.model_copy(update={"intermediate_examples": 10}))
    (left,) = made.development("paws-x")
    ((trained,),) = made.training("paws-x", 20)
    assert left.split == "validation-rest"
    assert len(left.records) == 10
    assert sorted([*map(int, left.rows), *map(int, trained.rows)]) == list(range(1, 31))
    limited = session(folder, given.model_copy(update={"target_examples": 30, "limits": {"paws-x": 25}}))
    assert len(limited.training("paws-x", 30)[0][0].records) == 25
    assert len(limited.development("paws-x")[0].records) == 5
    # What is trained on as an intermediate task, too, is not left, whatever the target's own limit.
    also = grid("paws-x", **{**given.model_dump(include={"targets", "substitutes"}), "limits": {}})
    assert session(folder, also.model_copy(update={"target_examples": 5})).development("paws-x") == []
    everything = given.model_copy(update={"target_examples": 30})
    assert session(folder, everything).development("paws-x") == []


def test_a_target_may_be_tested_on_another_number_of_examples(folder):
    made = session(folder, grid("qqp", targets=("xnli", "paws-x"), tested_on={"paws-x": 3}))
    assert [len(e.records) for e in made.tests("xnli")] == [8]
    assert {e.language: len(e.records) for e in made.tests("paws-x")} == {"de": 3, "en": 3}
    wrong = session(folder, grid("qqp", tested_on={"paws": 3}))
    with pytest.raises(InputError, match="tested_on: 'paws' is not a target of the grid"):
        check_grid(wrong, wrong.encoder("pretrained", 1))


def test_development_examples_that_are_tests_are_left_out(folder, tmp_path):
    """As SQuAD's and XQuAD's: the same questions in records that name other things besides."""
    import shutil

    shutil.copytree(folder, tmp_path / "c", ignore=shutil.ignore_patterns("runs"))
    rows = [json.loads(line) for line in (folder / "snli" / "en" / "validation.jsonl").read_text().splitlines()]
    write(tmp_path / "c" / "xnli" / "en" / "test.jsonl", [{**row, "title": "x", "label": 0} for row in rows[:5]])
    made = session(tmp_path / "c", grid("qqp", substitutes={"xnli": ("snli",)}))
    (part,) = made.development("xnli")
    assert part.records == rows[5:]
    assert part.rows == ["6", "7", "8"]
    write(tmp_path / "c" / "xnli" / "en" / "test.jsonl", rows)
    assert session(tmp_path / "c", grid("qqp", substitutes={"xnli": ("snli",)})).development("xnli") == []


def test_rows_say_what_came_before_the_target(folder, tmp_path):
    given = grid("anli+", "qqp@de+mlm", substitutes={"xnli": ("snli",), "anli+": ("snli",)}, mlm=MLM)
    frame = train(folder, given, tmp_path).table.frame
    said = frame[frame["split"] == "test"].groupby("condition")[["intermediate_on", "trained_on"]].first()
    assert said.loc["none", "intermediate_on"] == ""
    assert said.loc["anli+"].tolist() == ["snli:40", "snli:40"]
    assert said.loc["qqp@de+mlm", "intermediate_on"] == "qqp@de:40+bible-nt:40+bible-nt-aligned:20"


def test_a_failure_is_forgotten_once_its_run_is_done_another_way(folder, tmp_path):
    given = grid("qqp", substitutes={"xnli": ("snli",)})
    with pytest.raises(InputError, match="every run failed"):
        train(folder, given, tmp_path, learning_rate=1e39, warmup=0.0)
    assert len(list(Store(tmp_path).failed())) == 2
    train(folder, given, tmp_path)
    assert not list(Store(tmp_path).failed())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"multi_task": {"tasks": ["qqp", "qqp"]}}, "'qqp' is given twice"),
        ({"mlm": {**MLM, "languages": ["de", "de"]}}, "'de' is given twice"),
    ],
)
def test_names_given_twice(fields, message):
    with pytest.raises(ValueError, match=message):
        grid("qqp", **fields)


@pytest.mark.parametrize("column", ["text", "verse_id"])
def test_text_that_lacks_a_column(folder, tmp_path, column):
    import shutil

    shutil.copytree(folder, tmp_path / "c", ignore=shutil.ignore_patterns("runs"))
    path = tmp_path / "c" / "bible_nt" / "de" / "train.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    del rows[3][column]
    write(path, rows)
    given = grid("mlm", substitutes={"xnli": ("snli",)}, mlm={**MLM, "examples": 100})
    with pytest.raises(InputError, match=f"de/train row 4: '{column}' is missing or null"):
        train(tmp_path / "c", given)


def test_folders_that_are_not_there(folder, tmp_path):
    with pytest.raises(InputError, match="nowhere: no such folder; expected one with"):
        run_grid(
            FolderCorpus(tmp_path / "nowhere"),
            load_catalogue(),
            str(folder / "tiny"),
            grid("qqp"),
            recipe("simulated"),
            tmp_path,
            model="tiny",
            origin="test",
            workers=1,
        )
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="file: is not a folder that can be written to"):
        train(folder, grid("qqp", substitutes={"xnli": ("snli",)}), tmp_path / "file")
