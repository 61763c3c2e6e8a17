from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.spatial.distance import cosine
from sklearn.feature_extraction.text import TfidfVectorizer
from transfer_analysis.corpora import FolderCorpus
from transfer_analysis.distances.compare import rank_correlations
from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.distances.tasks import semantic, vocabulary
from transfer_analysis.distances.tasks.examples import corpus_examples, read_labelled_examples
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import load_catalogue


class LetterCounts:
    def encode(self, texts):
        return np.array([[t.count(c) for c in "abc"] for t in texts], dtype=float)

    def provenance(self):
        return {"encoder": "letters"}


def test_nearest_example_by_hand():
    matrix = semantic.max_similarity_distances({"x": ["a", "b"], "y": ["a", "ab", "c"]}, LetterCounts())
    assert matrix.directed
    # Each example of y, to the nearest of x: a → a (1), ab → a or b (1/√2), c → none (0).
    assert matrix.values.loc["x", "y"] == pytest.approx(1 - (1 + 1 / np.sqrt(2)) / 3)
    # Each of x, to the nearest of y: a → a (1), b → ab (1/√2).
    assert matrix.values.loc["y", "x"] == pytest.approx(1 - (1 + 1 / np.sqrt(2)) / 2)
    with pytest.raises(InputError, match="an example of 'z' has an embedding without direction"):
        semantic.max_similarity_distances({"x": ["a"], "z": ["a", "?"]}, LetterCounts())


def test_descriptions():
    matrix = semantic.description_distances({"x": "ab", "y": "c", "z": "aabb"}, LetterCounts())
    assert matrix.values.loc["x", "y"] == pytest.approx(1)
    assert matrix.values.loc["x", "z"] == pytest.approx(0, abs=1e-12)
    assert matrix.parameters["descriptions"]["y"] == "c"
    with pytest.raises(InputError, match="no description of y"):
        semantic.description_distances({"x": "a", "y": " "}, LetterCounts())


def test_every_task_of_the_catalogue_with_examples_is_described():
    missing = [
        task.name
        for task in load_catalogue()
        if task.head not in ("masked-lm", "translation-lm") and not task.description
    ]
    assert missing == []


TEXTS = {"x": ["The cat's red, red hat", "a dog"], "y": ["red dog", "THE end 7"], "z": ["quite else"]}


def test_words():
    assert vocabulary.words(["The cat's red, red hat_7!"]) == [["the", "cat's", "red", "red", "hat", "7"]]
    # Vowel signs and accents belong to their letters, however they are written.
    assert vocabulary.words(["\u0939\u093f\u0928\u094d\u0926\u0940 \u092d\u093e\u0937\u093e"]) == [
        ["\u0939\u093f\u0928\u094d\u0926\u0940", "\u092d\u093e\u0937\u093e"]
    ]
    assert vocabulary.words(["cafe\u0301"]) == vocabulary.words(["caf\u00e9"]) == [["caf\u00e9"]]


def test_token_divergence_by_its_definition():
    matrix = vocabulary.token_divergence_distances(TEXTS)
    p = {"the": 1, "cat's": 1, "red": 2, "hat": 1, "a": 1, "dog": 1}
    q = {"red": 1, "dog": 1, "the": 1, "end": 1, "7": 1}
    total = 0.0
    for token in {*p, *q}:
        a, b = p.get(token, 0) / 7, q.get(token, 0) / 5
        m = (a + b) / 2
        total += sum(s / 2 * np.log2(s / m) for s in (a, b) if s)
    assert matrix.values.loc["x", "y"] == pytest.approx(np.sqrt(total))
    assert matrix.values.loc["x", "z"] == pytest.approx(1)
    assert matrix.values.loc["x", "x"] == 0


def test_vocabulary_overlap_by_hand():
    matrix = vocabulary.vocabulary_overlap_distances(TEXTS)
    assert matrix.values.loc["x", "y"] == pytest.approx(1 - 3 / 8)
    assert matrix.values.loc["x", "z"] == 1
    assert matrix.parameters["token_count"] == {"x": 7, "y": 5, "z": 2}
    with pytest.raises(InputError, match="no words in the examples of y"):
        vocabulary.vocabulary_overlap_distances({"x": ["a"], "y": ["?!"]})


def test_tfidf_against_the_library_by_hand():
    flat = [text for texts in TEXTS.values() for text in texts]
    weights = (
        TfidfVectorizer(tokenizer=lambda t: vocabulary.words([t])[0], token_pattern=None).fit_transform(flat).toarray()
    )
    means = [weights[:2].mean(axis=0), weights[2:4].mean(axis=0), weights[4]]
    matrix = vocabulary.tfidf_distances(TEXTS)
    assert matrix.values.loc["x", "y"] == pytest.approx(cosine(means[0], means[1]))
    assert matrix.values.loc["y", "z"] == pytest.approx(1)


def test_labels_of_a_file(tmp_path):
    path = tmp_path / "e.jsonl"
    lines = [{"task": "a", "text": f"{i}", "label": i % 2} for i in range(4)]
    lines += [{"task": "b", "text": f"{i}", "label": i / 2} for i in range(4)]
    lines += [{"task": "c", "text": f"{i}", "label": f"answer {i}"} for i in range(4)]
    lines += [{"task": "d", "text": f"{i}"} for i in range(4)]
    path.write_text("\n".join(map(json.dumps, lines)))
    found = read_labelled_examples(path)
    assert found["a"].classes == ["0", "1", "0", "1"]
    assert found["b"].labels == [0, 0.5, 1, 1.5]
    assert found["b"].classes is None
    assert found["c"].classes is None  # answers, not classes
    assert found["d"].labels is None


@pytest.fixture
def corpus(tmp_path):
    def write(task, language, split, records):
        folder = tmp_path / task / language
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{split}.jsonl").write_text("\n".join(json.dumps(r) for r in records))

    pairs = [{"premise": f"p {i}", "hypothesis": f"h {i}", "label": i % 3} for i in range(12)]
    for task in ("anli", "snli", "mnli"):
        write(task, "en", "train", pairs)
    write("xnli", "en", "validation", pairs)
    write("xnli", "en", "test", [{**p, "premise": "test"} for p in pairs])
    write(
        "stsb",
        "en",
        "train",
        [{"sentence1": "a", "sentence2": "b", "similarity_score": i / 3, "label": i / 3} for i in range(6)],
    )
    for language in ("de", "fr"):
        sides = [{"source_sentence": f"{language} {i}", "target_sentence": f"english {language} {i}"} for i in range(9)]
        write("tatoeba", language, "test", sides)
    return FolderCorpus(tmp_path, load_catalogue())


def test_examples_of_a_corpus(corpus):
    found = corpus_examples(corpus, corpus.catalogue, ["xnli", "anli+", "tatoeba"], "en", 6)
    assert found["xnli"].origin == "en/validation"  # no training split; not the test split while there is another
    assert set(found["xnli"].classes) <= {"entailment", "neutral", "contradiction"}
    assert found["xnli"].texts[0].startswith("p ")
    assert len(found["anli+"].texts) == 6
    assert len(found["anli+"].labels) == 6
    assert found["tatoeba"].labels is None
    assert found["tatoeba"].records == []
    assert all(text.startswith("english") for text in found["tatoeba"].texts)
    assert {text.split()[1] for text in found["tatoeba"].texts} == {"de", "fr"}
    again = corpus_examples(corpus, corpus.catalogue, ["xnli"], "en", 6)
    assert again["xnli"].texts == found["xnli"].texts
    with pytest.raises(InputError) as raised:
        corpus_examples(corpus, corpus.catalogue, ["xnli", "squad", "qqp"], "en", 6)
    assert len(raised.value.problems) == 2


def matrix(values, labels="abcd", directed=False, columns=None):
    import pandas as pd

    return DistanceMatrix(
        pd.DataFrame(values, index=list(labels), columns=list(columns or labels)), "k", directed=directed
    )


def test_rank_correlations_by_hand():
    labels = "abcdef"
    one = np.zeros((6, 6))
    one[np.tril_indices(6, -1)] = np.arange(1, 16)
    one += one.T
    correlations, cells = rank_correlations(
        {"one": matrix(one, labels), "turned": matrix(-one, labels), "square": matrix(one**2, labels)}
    )
    assert correlations.loc["one", "turned"] == pytest.approx(-1)
    assert correlations.loc["one", "square"] == pytest.approx(1)
    assert cells.loc["one", "turned"] == 15
    # Directed kinds compare within targets: columns that differ only in level agree.
    levels = one + 100 * np.arange(6)
    correlations, cells = rank_correlations(
        {"one": matrix(one, labels), "levels": matrix(levels, labels, directed=True)}
    )
    assert correlations.loc["one", "levels"] == pytest.approx(1)
    assert cells.loc["one", "levels"] == 30
    # A pair counts once, whatever rows there are and in whatever order.
    reordered = matrix(one[::-1], labels[::-1], columns=labels)
    part = matrix(one[:5], labels[:5], columns=labels)
    correlations, cells = rank_correlations({"one": matrix(one, labels), "reordered": reordered, "part": part})
    assert cells.loc["one", "reordered"] == 15
    assert cells.loc["one", "part"] == 15
    assert correlations.loc["one", "part"] == pytest.approx(1)
    # Too few cells in common.
    few, _ = rank_correlations(
        {"one": matrix(one, labels), "other": matrix(one[:2, :2], "ab"), "none": matrix(one[:2, :2], "xy")}
    )
    assert np.isnan(few.loc["one", "none"])
    assert np.isnan(few.loc["one", "other"])
    with pytest.raises(InputError, match="two kinds"):
        rank_correlations({"one": matrix(one, labels)})


def test_multi_task_rows():
    given = matrix([[0, 1], [4, 0], [2, np.nan]], "abc", columns="ab")
    both = given.with_multi_task(["b", "c"])
    assert both.values.loc["multi-task", "a"] == 3
    assert both.values.loc["multi-task, nearest", "a"] == 2
    assert np.isnan(both.values.loc["multi-task", "b"])
    assert both.values.loc["multi-task, nearest", "b"] == 0
    assert both.parameters["multi-task"] == "mean and minimum over b, c"
    with pytest.raises(InputError, match="has no 'd'"):
        given.with_multi_task(["a", "d"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"task": "a", "text": "b", "label": NaN}', "line 2: label nan is not a number"),
        ('{"task": "a", "text": "b", "label": 1e400}', "line 2: label inf is not a number"),
        ('{"task": "", "text": "b"}', "line 2: .* but task is ''"),
        ('{"task": 5, "text": "b"}', "line 2: .* but task is 5"),
        ('{"task": "a", "text": "\\ud83d hi"}', "line 2: text holds half of a character"),
    ],
)
def test_wrong_lines_are_named(tmp_path, line, message):
    path = tmp_path / "e.jsonl"
    path.write_text('{"task": "a", "text": "b", "label": 1}\n' + line)
    with pytest.raises(InputError, match=message):
        read_labelled_examples(path)


def test_whole_numbers_are_classes_however_they_are_written(tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_text(
        "\n".join(json.dumps({"task": "a", "text": str(i), "label": [1, 1.0, 0, 0.0][i % 4]}) for i in range(8))
    )
    assert set(read_labelled_examples(path)["a"].classes) == {"0", "1"}
    assert len(read_labelled_examples(path)["a"].sampled(3, 0).labels) == 3
    path.write_text("\n\n")
    with pytest.raises(InputError, match="holds no examples"):
        read_labelled_examples(path)
