from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from transfer_analysis.corpora.simulated import Dials, World
from transfer_analysis.corpora.simulated.concepts import inventory
from transfer_analysis.corpora.simulated.drawing import stream
from transfer_analysis.corpora.simulated.grammar import Speaker
from transfer_analysis.corpora.simulated.languages import simulated_language
from transfer_analysis.corpora.simulated.meaning import CORPORATE, draw_event
from transfer_analysis.corpora.simulated.sentence import supertags
from transfer_analysis.corpora.simulated.tasks import INTERMEDIATES, MAKERS, TARGETS, tagging
from transfer_analysis.corpora.simulated.tasks.retrieval import known_entities
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import load_catalogue

SPOKEN = ("en", "de", "hi", "ja", "ar", "tr")


@pytest.fixture(scope="module")
def world():
    return World(SPOKEN, seed=0)


def test_every_task_of_the_world_is_in_the_catalogue_with_what_it_needs():
    catalogue = load_catalogue()
    assert {task.name for task in catalogue if "simulated" in task.benchmarks} == set(MAKERS)
    assert {name for name in MAKERS if catalogue[name].roles == ("target",)} == set(TARGETS)
    assert all({"lexical", "syntactic", "relational"} & set(catalogue[name].tags) for name in MAKERS)


def test_every_head_of_the_real_tasks_has_its_double():
    catalogue = load_catalogue()
    real = {t.head for t in catalogue if {"xtreme", "xtreme-r"} & set(t.benchmarks)}
    assert real <= {catalogue[name].head for name in TARGETS}


@pytest.mark.parametrize("task", sorted(MAKERS))
def test_examples_fit_the_catalogue(world, task):
    about = load_catalogue()[task]
    examples = world.examples(task, "hi", "train", 240)
    for example in examples:
        for columns in about.columns.values():
            for column in columns.split():
                assert column.split(".")[0] in example
        if about.head in ("token-classification", "dependency"):
            lengths = {len(example[c]) for c in about.columns.values()}
            assert len(lengths) == 1
            if about.labels:
                assert set(example["tags"]) <= set(about.labels)
        if about.head == "span-qa":
            answers = example["answers"]
            assert answers["text"] or about.no_answer
            for text, start in zip(answers["text"], answers["answer_start"], strict=True):
                assert example["context"][start : start + len(text)] == text != ""
    if "label" in about.columns and about.head != "sequence-regression":
        labels = [str(e[about.columns["label"]]) for e in examples]
        counts = [labels.count(label) for label in sorted(set(labels))]
        assert len(counts) == (len(about.labels) or 2)
        assert min(counts) > len(examples) / len(counts) * 0.6


def test_trees_are_trees(world):
    for example in world.examples("sim-parsing", "ja", "train", 300):
        heads = [int(head) for head in example["head"]]
        assert heads.count(0) == 1
        for start in range(1, len(heads) + 1):
            place, steps = start, 0
            while place:
                place, steps = heads[place - 1], steps + 1
                assert steps <= len(heads)
        assert example["deprel"][heads.index(0)] == "root"


def test_supertags_say_what_a_word_combines_with_and_where(world):
    def category(code, lemma, sentence):
        words = sentence.words
        return supertags(sentence)[next(i for i, w in enumerate(words) if w.lemma == lemma)]

    rng = stream(0, "x")
    event = draw_event(rng, circumstances=0.0)
    while event.negated or event.patient.doing or event.agent.doing:
        event = draw_event(rng, circumstances=0.0)
    for code, expected in (("en", r"(S\NP)/NP"), ("ja", r"(S\NP)\NP"), ("ar", "(S/NP)/NP")):
        sentence = Speaker(simulated_language(code, 0), stream(0, "w"), synonyms=0.0).say(event)
        assert category(code, event.action.name, sentence) == expected


def test_a_split_means_the_same_in_every_language(world):
    for task in ("sim-paraphrase", "sim-inference", "sim-topic", "sim-cause"):
        labels = [[e["label"] for e in world.examples(task, c, "test", 40)] for c in ("en", "tr")]
        assert labels[0] == labels[1]
    glosses = [world.glossed("sim-qa", c, "test", 20) for c in ("en", "tr")]
    for one, two in zip(*glosses, strict=True):
        assert len(one["question"].split()) - len(two["question"].split()) in range(-3, 4)


def test_a_name_that_may_be_anything_is_told_by_its_sentence(world):
    known = inventory()
    anything = {c.name for c in known.of("any")}
    corporate = {w for name in CORPORATE for w in known.named("action", name).words}
    found = {"PER": 0, "ORG": 0, "LOC": 0}
    speaker = Speaker(simulated_language("en", 0), stream(0, "w"))
    rng = stream(0, "names")
    for _ in range(2_000):
        draft = tagging.entities(rng, speaker)
        verb = next(w for w in draft["tokens"] if w.head is None)
        for word, tag in zip(draft["tokens"], draft["tags"], strict=True):
            if word.lemma in anything:
                found[tag[2:]] += 1
                if word.relation == "nsubj" and word.head is verb:
                    assert tag == ("B-ORG" if verb.lemma in corporate else "B-PER")
                if tag == "B-LOC":
                    assert word.relation == "obl"
    assert min(found.values()) > 50


def test_words_that_only_the_sentence_tells_apart(world):
    english = simulated_language("en", 0)
    tags: dict[str, set[str]] = {}
    for example in world.examples("sim-pos", "en", "train", 1_500):
        for token, tag in zip(example["tokens"], example["tags"], strict=True):
            tags.setdefault(token, set()).add(tag)
    ambiguous = [token for token, found in tags.items() if len(found) > 1]
    assert len(ambiguous) >= 15
    assert english.words["action", "mend"] == english.words["thing", "net"]


def test_bitext_is_the_same_in_two_languages(world):
    assert world.languages("sim-bitext") == [c for c in SPOKEN if c != "en"]
    for gloss in world.glossed("sim-bitext", "tr", "test", 30):
        here, there = set(gloss["source_sentence"].split()), set(gloss["target_sentence"].split())
        names = {c.name for category in ("person_name", "town", "any") for c in inventory().of(category)}
        assert here & names == there & names


def test_entities_that_share_a_name_differ_in_what_they_do():
    entities = known_entities()
    assert len({(e.name, e.profession.domain) for e in entities}) == len(entities)
    assert len({e.name for e in entities}) < 0.3 * len(entities)


def test_related_no_more_when_the_dial_is_off():
    world, cut = World(("en",), 0), World(("en",), 0, Dials(task_relatedness=0.0))
    answers = {"label", "similarity_score", "answerKey", "answers", "tags", "head", "deprel"}
    for task in INTERMEDIATES:
        here, there = (w.examples(task, "en", "train", 200) for w in (world, cut))
        column = next(c for c in here[0] if c in answers)
        texts = [{k: v for k, v in e.items() if k not in answers} for e in here]
        assert texts == [{k: v for k, v in e.items() if k not in answers} for e in there]
        same = np.mean([a[column] == b[column] for a, b in zip(here, there, strict=True)])
        assert same < 0.75
    for task in set(TARGETS) - {"sim-bitext"}:
        assert world.examples(task, "en", "test", 20) == cut.examples(task, "en", "test", 20)


def test_the_rule_of_an_unrelated_task_is_one_rule():
    """The same first action always gives the same label, or it could not be learnt."""
    cut = World(("en",), 0, Dials(task_relatedness=0.0))
    seen: dict[str, set[int]] = {}
    known = {w for c in inventory().of("action") for w in c.words}
    for gloss in cut.glossed("sim-duplicates", "en", "train", 300):
        words = [w for w in gloss["sentence1"].split() if w in known]
        if len(words) == 1:
            seen.setdefault(words[0], set()).add(gloss["label"])
    assert len(seen) > 15
    assert all(len(labels) == 1 for labels in seen.values())


def test_unknown_task_and_language(world):
    with pytest.raises(InputError, match="does not speak 'it'"):
        world.examples("sim-qa", "it", "test", 1)
    with pytest.raises(InputError, match="has no task 'sim-qb' .did you mean 'sim-qa'"):
        world.examples("sim-qb", "en", "test", 1)
    with pytest.raises(InputError, match="no examples in en, the source language"):
        world.examples("sim-bitext", "en", "test", 1)


EVERYTHING = """
import json, hashlib
from transfer_analysis.corpora.simulated import World
from transfer_analysis.corpora.simulated.tasks import MAKERS
world = World(("en", "ja", "tr+de"), {seed})
made = [world.examples(t, "ja", "test", 20) for t in MAKERS] + world.text("tr+de", 20)
print(hashlib.sha256(json.dumps(made).encode()).hexdigest())
"""


def test_the_seed_determines_every_byte():
    """In processes of their own, which order sets and dictionaries by other hashes."""

    def everything(seed, hashes):
        environment = {**os.environ, "PYTHONHASHSEED": hashes}
        command = [sys.executable, "-c", EVERYTHING.format(seed=seed)]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    assert everything(1, "1") == everything(1, "2")
    assert everything(1, "1") != everything(2, "1")


def test_examples_do_not_depend_on_how_many_are_asked_for_or_on_other_languages():
    few = World(("en", "ja"), 0).examples("sim-qa", "ja", "test", 5)
    assert World(("en", "de", "ja"), 0).examples("sim-qa", "ja", "test", 50)[:5] == few


def test_the_document_of_a_number_means_the_same_in_every_language(world):
    assert world.text("ja", 10)[5:] == world.text("ja", 5, offset=5)
    anchors = {c.name for category in ("person_name", "town", "company", "any") for c in inventory().of(category)}
    for one, two in zip(world.text("en", 60), world.text("ja", 60), strict=True):
        assert set(one.split()) & anchors == set(two.split()) & anchors


def test_a_language_is_the_same_by_whatever_code():
    assert World(("eng", "German"), 0).spoken == ("en", "de")
    assert World(("en", "de"), 0).text("deu", 3) == World(("eng", "German"), 0).text("de", 3)


def test_every_word_of_a_language_occurs_in_its_text():
    world = World(("en", "tr"), 0)
    for code, unused in (("en", set()), ("tr", {"the"})):  # Turkish has no article for what is known
        seen = {word for document in world.text(code, 6_000) for word in document.split()}
        language = world.language(code)
        never = {
            lemma
            for category, lemma in language.words
            if category != "ending"
            and not any(form in seen for (c, name, _), form in language.forms.items() if (c, name) == (category, lemma))
        }
        assert never == unused
