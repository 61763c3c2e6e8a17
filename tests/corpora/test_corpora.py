from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pandas as pd
import pytest
from transfer_analysis.corpora import FolderCorpus, text_of
from transfer_analysis.corpora.export import export_examples
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import load_catalogue

XNLI = [{"premise": f"p{i}", "hypothesis": f"h{i}", "label": i % 3} for i in range(10)]


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "xnli" / "de"
    folder.mkdir(parents=True)
    with gzip.open(folder / "test.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in XNLI)
    pd.DataFrame(XNLI).to_parquet(folder / "validation.parquet")
    (tmp_path / "paws_x" / "en").mkdir(parents=True)
    (tmp_path / "paws_x" / "en" / "train.jsonl").write_text('{"sentence1": "a", "sentence2": "b", "label": 1}\n')
    return FolderCorpus(tmp_path)


def test_all_forms_give_the_same_records(corpus):
    assert corpus.examples("xnli", "de", "test") == corpus.examples("xnli", "German", "validation") == XNLI
    assert corpus.examples("xnli", "de", "test", 3) == corpus.examples("xnli", "de", "validation", 3) == XNLI[:3]
    assert corpus.examples("paws-x", "en", "train")[0]["sentence1"] == "a"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("xnly", "de", "test"), "unknown task 'xnly'"),
        (("mlqa", "de", "test"), "no task 'mlqa'; it has paws_x, xnli|no task 'mlqa'"),
        (("xnli", "fr", "test"), "no language 'fr'; it has de"),
        (("xnli", "de", "train"), "no split 'train'; the folder has test.jsonl.gz, validation.parquet"),
    ],
)
def test_what_is_missing_is_named(corpus, arguments, message):
    with pytest.raises(InputError, match=message):
        corpus.examples(*arguments)


def test_broken_files_name_the_line(corpus):
    folder = corpus.path / "xnli" / "de"
    (folder / "a.jsonl").write_text('{"premise": "x"}\nnot json\n')
    with pytest.raises(InputError, match="a.jsonl line 2: not JSON"):
        corpus.examples("xnli", "de", "a")
    (folder / "b.jsonl").write_text("[1]\n")
    with pytest.raises(InputError, match="b.jsonl line 1: expected a JSON object"):
        corpus.examples("xnli", "de", "b")
    (folder / "c.jsonl.gz").write_bytes(b"\x1f\x8b\x08broken")
    with pytest.raises(InputError, match="c.jsonl.gz: cannot be read"):
        corpus.examples("xnli", "de", "c")
    (folder / "d.jsonl").touch()
    with pytest.raises(InputError, match="holds no examples"):
        corpus.examples("xnli", "de", "d")


def test_a_catalogue_cannot_lead_out_of_the_folder(corpus, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("sly: {title: S, family: x, head: span-qa, metric: f1, made_of: [x], folder: ../../etc}")
    with pytest.raises(InputError, match="is not a plain name"):
        FolderCorpus(corpus.path, load_catalogue(own)).examples("sly", "de", "test")


@pytest.mark.parametrize(
    ("task", "record", "text"),
    [
        ("xnli", XNLI[0], "p0\nh0"),
        ("hellaswag", {"ctx": "She", "endings": ["runs", "eats"], "label": "0"}, "She\nruns eats"),
        (
            "commonsense-qa",
            {"question": "Where?", "choices": {"label": ["A", "B"], "text": ["bank", "sea"]}, "answerKey": "A"},
            "Where?\nbank sea",
        ),
        (
            "cosmosqa",
            {
                "context": "c",
                "question": "q",
                "answer0": "w",
                "answer1": "x",
                "answer2": "y",
                "answer3": "z",
                "label": 1,
            },
            "c\nq\nw x y z",
        ),
        ("udpos", {"tokens": ["He", "runs"], "upos": ["PRON", "VERB"]}, "He runs"),
        ("squad", {"context": "c", "question": "q", "answers": {"text": ["c"], "answer_start": [0]}}, "c\nq"),
    ],
)
def test_text_of_an_example_leaves_the_answer_out(task, record, text):
    assert text_of(load_catalogue()[task], record) == text


def test_export_samples_with_the_seed(corpus, tmp_path):
    catalogue = load_catalogue()
    written = [
        export_examples(corpus, [catalogue["xnli"]], tmp_path / f"{i}.jsonl", "de", ["train", "test"], 4, seed)
        for i, seed in enumerate((1, 1, 2))
    ]
    assert written[0] == {"xnli": "4 of 10 examples of de/test"}
    texts = [(tmp_path / f"{i}.jsonl").read_text() for i in range(3)]
    assert texts[0] == texts[1] != texts[2]
    assert json.loads(texts[0].splitlines()[0])["task"] == "xnli"


def test_export_does_not_pass_over_a_broken_file(corpus, tmp_path):
    (corpus.path / "xnli" / "de" / "train.jsonl.gz").write_bytes(b"broken")
    with pytest.raises(InputError, match="train.jsonl.gz: cannot be read"):
        export_examples(corpus, [load_catalogue()["xnli"]], tmp_path / "x.jsonl", "de", ["train", "test"], 4, 0)
    (corpus.path / "xnli" / "de" / "train.jsonl.gz").unlink()
    (corpus.path / "xnli" / "de" / "train.jsonl").write_text('{"premise": "p"}\n')
    with pytest.raises(InputError, match="column 'hypothesis' is missing"):
        export_examples(corpus, [load_catalogue()["xnli"]], tmp_path / "x.jsonl", "de", ["train"], 4, 0)
    with pytest.raises(InputError, match="no split to read"):
        export_examples(corpus, [load_catalogue()["xnli"]], tmp_path / "x.jsonl", "de", [], 4, 0)


def test_export_names_every_problem_and_writes_nothing(corpus, tmp_path):
    catalogue = load_catalogue()
    with pytest.raises(InputError) as caught:
        export_examples(
            corpus,
            [catalogue["xnli"], catalogue["mlqa"], catalogue["boolq"]],
            tmp_path / "x.jsonl",
            "de",
            ["test"],
            4,
            0,
        )
    assert len(caught.value.problems) == 2
    assert "mlqa: none of the splits test can be read" in str(caught.value)
    assert "boolq: the catalogue does not say which columns" in str(caught.value)
    assert not (tmp_path / "x.jsonl").exists()


def test_real_corpora_fit_the_catalogue():
    """Every folder of a real collection that the catalogue names has the columns that the catalogue says."""
    default = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"
    folder = Path(os.environ.get("TRANSFER_ANALYSIS_CORPORA", default))
    if not folder.is_dir():
        pytest.skip(f"corpora not found in {folder}; set TRANSFER_ANALYSIS_CORPORA")
    corpus, seen = FolderCorpus(folder), 0
    for task in load_catalogue():
        if not task.columns or not (folder / (task.folder or task.name)).is_dir():
            continue
        for language in sorted(os.listdir(folder / (task.folder or task.name)))[:3]:
            split = sorted(os.listdir(folder / (task.folder or task.name) / language))[0].split(".")[0]
            for record in corpus.examples(task.name, language, split, 20):
                assert text_of(task, record)
            seen += 1
    assert seen > 25
