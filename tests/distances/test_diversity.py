from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from transfer_analysis.distances.diversity import MEASURES, diversity_table
from transfer_analysis.distances.diversity.measures import (
    arcs,
    entropy,
    lexical_diversity,
    moving_average_ratio,
    ngrams,
    vendi_score,
)
from transfer_analysis.distances.tasks.examples import TaskExamples
from transfer_analysis.errors import InputError


def test_moving_average_ratio_by_its_definition():
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in rng.zipf(1.6, size=300) if i < 60]
    windows = [words[i : i + 20] for i in range(len(words) - 19)]
    assert moving_average_ratio(words, 20) == pytest.approx(np.mean([len(set(w)) / 20 for w in windows]))
    assert moving_average_ratio(["a", "b", "a"], 50) == pytest.approx(2 / 3)
    assert np.isnan(moving_average_ratio([]))


def test_mtld_by_hand():
    # Ratios 1, 1, 2/3: a factor every three words; six words make two factors, in both directions.
    assert lexical_diversity(list("abaaba")) == pytest.approx(3)
    # Forwards: aba is a factor, b is left with ratio 1, no part of a factor: 4 / 1. Backwards: the same.
    assert lexical_diversity(list("abab")) == pytest.approx(4)
    # Ratio 4/5 at the end, .2/.28 of a factor.
    assert lexical_diversity(list("abcda")) == pytest.approx(5 / (0.2 / 0.28))
    assert lexical_diversity(list("abc")) == float("inf")


def test_entropy_and_ngrams():
    assert entropy("aabb") == 1
    assert entropy("aaaa") == 0
    assert entropy("aaab") == pytest.approx(-(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25)))
    assert np.isnan(entropy([]))
    assert ngrams(["abc", "d"], 2) == [("a", "b"), ("b", "c")]


def test_vendi_score_counts_what_is_different():
    assert vendi_score(np.ones((5, 5))) == pytest.approx(1)
    assert vendi_score(np.eye(5)) == pytest.approx(5)
    blocks = np.kron(np.eye(2), np.ones((3, 3)))
    assert vendi_score(blocks) == pytest.approx(2)
    # Two groups of unequal size: the exponential of the entropy of their shares.
    unequal = np.zeros((4, 4))
    unequal[:3, :3] = unequal[3, 3] = 1
    assert vendi_score(unequal) == pytest.approx(np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25))))


def test_dependencies_without_words():
    sentence = {"upos": ["DET", "NOUN", "VERB"], "head": [2, 3, 0], "deprel": ["det", "nsubj", "root"]}
    assert arcs(sentence) == [
        ("det", "left", "DET", "NOUN"),
        ("nsubj", "left", "NOUN", "VERB"),
        ("root", "root", "VERB", ""),
    ]


class Counts:
    def encode(self, texts):
        return np.array([[t.count(c) + 0.1 for c in "abcd"] for t in texts])

    def provenance(self):
        return {}


def task(name, count, rng, vocabulary, **columns):
    texts = [" ".join(rng.choice(vocabulary, size=rng.integers(3, 12))) for _ in range(count)]
    records = [{key: made(text) for key, made in columns.items()} for text in texts]
    return TaskExamples(name, texts, records=records if columns else [])


def annotated(text):
    return ["NOUN" if word in "aeiou" else "VERB" for word in text.split()]


def test_table():
    rng = np.random.default_rng(0)
    rich = task(
        "rich",
        80,
        rng,
        list("abcdefghijklmnop"),
        upos=annotated,
        head=lambda t: [0] + [1] * (len(t.split()) - 1),
        deprel=lambda t: ["x"] * len(t.split()),
        genre=lambda t: t[0],
    )
    poor = task("poor", 50, rng, list("ab"))
    table = diversity_table({"rich": rich, "poor": poor}, Counts(), resamples=50)
    assert set(table["measure"][table["task"] == "rich"]) == set(MEASURES)
    assert set(table["measure"][table["task"] == "poor"]) == {
        "mattr",
        "mtld",
        "entropy-1",
        "entropy-2",
        "entropy-3",
        "vendi",
        "length-entropy",
    }
    assert table["examples"].unique().tolist() == [50]  # both at the size of the smaller
    entropies = table[table["measure"].str.startswith("entropy")]
    assert (entropies.groupby("measure")["items"].nunique() == 1).all()
    wide = table.pivot(index="measure", columns="task", values="value")
    for measure in ("mattr", "entropy-1", "entropy-3", "vendi"):
        assert wide.at[measure, "rich"] > wide.at[measure, "poor"]
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    again = diversity_table({"poor": poor, "rich": rich}, Counts(), resamples=50)  # the order of tasks is nothing
    assert again.set_index(["task", "measure"]).sort_index().equals(table.set_index(["task", "measure"]).sort_index())
    with pytest.raises(InputError, match=r"too few examples of small \(5\)"):
        diversity_table({"rich": rich, "small": task("small", 5, rng, ["a"])})


def test_intervals_cover_what_a_sample_of_that_size_gives_on_average():
    """Genres drawn from fixed shares: the interval about one sample's entropy holds the mean of samples of that size."""
    shares, size = np.array([0.5, 0.2, 0.15, 0.1, 0.05]), 120
    rng = np.random.default_rng(0)

    def draw():
        return [f"g{i}" for i in rng.choice(5, size=size, p=shares)]

    truth = np.mean([entropy(draw()) for _ in range(4000)])
    covered = 0
    for _ in range(200):
        genres = draw()
        given = TaskExamples("t", ["a b"] * size, records=[{"genre": genre} for genre in genres])
        table = diversity_table({"t": given}, resamples=100).set_index("measure")
        assert table.at["genre-entropy", "value"] == pytest.approx(entropy(Counter(genres).elements()))
        covered += table.at["genre-entropy", "low"] <= truth <= table.at["genre-entropy", "high"]
    assert covered >= 180  # 95% nominally; 180 is four standard errors below


def test_long_examples_beside_short_ones_keep_their_lengths():
    rng = np.random.default_rng(0)
    vocabulary = [f"w{i}" for i in range(400)]
    long = TaskExamples("long", [" ".join(rng.choice(vocabulary, size=rng.integers(50, 150))) for _ in range(60)])
    short = TaskExamples("short", [" ".join(rng.choice(vocabulary, size=rng.integers(3, 8))) for _ in range(60)])
    table = diversity_table({"long": long, "short": short}, resamples=50).set_index(["task", "measure"])
    alone = diversity_table({"long": long}, resamples=50).set_index(["task", "measure"])
    assert table.at[("long", "length-entropy"), "value"] == pytest.approx(alone.at[("long", "length-entropy"), "value"])
    assert table.at[("long", "length-entropy"), "value"] > table.at[("short", "length-entropy"), "value"]
    # The same words, drawn alike: as many of each say the same of both, and about as exactly.
    ours, theirs = (table.loc[(task, "entropy-1")] for task in ("long", "short"))
    assert ours["items"] == theirs["items"]
    assert ours["value"] == pytest.approx(theirs["value"], abs=0.15)
    assert ours["high"] - ours["low"] < 0.5


def test_sentences_of_an_example_are_parted():
    given = TaskExamples("t", ["One two. Three four five! Six?"] * 25)
    table = diversity_table({"t": given}, resamples=10).set_index("measure")
    assert table.at["length-entropy", "items"] == 75
    assert table.at["length-entropy", "value"] == pytest.approx(np.log2(3))


def test_embeddings_that_are_no_numbers_are_refused():
    class Broken(Counts):
        def encode(self, texts):
            return np.full((len(texts), 3), np.nan)

    with pytest.raises(InputError, match="embeddings of t that are NaN or infinite"):
        diversity_table({"t": TaskExamples("t", [f"a {i}" for i in range(30)])}, Broken())
