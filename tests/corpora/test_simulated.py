from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
from transfer_analysis.corpora.simulated import World, simulated_language
from transfer_analysis.corpora.simulated.grammar import Speaker
from transfer_analysis.corpora.simulated.languages import word_order
from transfer_analysis.corpora.simulated.meaning import draw_event, inventory
from transfer_analysis.corpora.simulated.tasks import MAKERS
from transfer_analysis.errors import InputError
from transfer_analysis.languages import resolve, source_shares
from transfer_analysis.tasks import load_catalogue

LANGUAGES = ("en", "de", "es", "fr", "ru", "el", "hi", "tr", "fi", "ar", "ja", "sw")


@pytest.fixture(scope="module")
def world():
    return World(LANGUAGES, seed=0)


@pytest.mark.parametrize("code", LANGUAGES)
def test_word_order_is_what_most_sources_of_uriel_say(code):
    """Read the features by name here, independently of the code under test."""
    table = source_shares()
    share = dict(zip(table.names, np.nan_to_num(table.rows([resolve(code).iso639_3])[0]), strict=True))
    order = word_order(code)
    assert share[f"S_{order.clause}"] == max(share[f"S_{o}"] for o in ("SVO", "SOV", "VSO", "VOS", "OVS", "OSV")) > 0
    for side, noun in ((order.adposition, "ADPOSITION"), (order.adjective, "ADJECTIVE"), (order.numeral, "NUMERAL")):
        chosen, rejected = (
            share[f"S_{noun}_{side.upper()}_NOUN"],
            share[f"S_{noun}_{'AFTER' if side == 'before' else 'BEFORE'}_NOUN"],
        )
        assert chosen >= rejected
        assert chosen > 0


def test_word_orders_of_languages_everybody_knows():
    assert [word_order(c).clause for c in ("en", "ja", "ar", "tr")] == ["SVO", "SOV", "VSO", "SOV"]
    assert word_order("ja").adposition == "after"
    assert word_order("fr").adjective == "after"
    assert word_order("sw").numeral == "after"


@pytest.mark.parametrize("code", LANGUAGES)
def test_sentences_keep_the_word_order(world, code):
    order = world.language(code).order
    rng = np.random.default_rng(3)
    for _ in range(50):
        event = draw_event(rng)
        words = Speaker(world.language(code), rng).say(event).words
        place = {role: [i for i, w in enumerate(words) if w.role == role] for role in {w.role for w in words}}
        positions = {"S": place["AGENT"][0], "V": place["ACTION"][0], "O": place["PATIENT"][0]}
        assert "".join(sorted(positions, key=positions.__getitem__)) == order.clause
        if "RELATION" in place:
            assert (place["RELATION"][0] < place["PLACE"][0]) == (order.adposition == "before")
        if "NEGATION" in place:
            assert (place["NEGATION"][0] < positions["V"]) == (order.negation == "before")
        if event.agent.quality is not None:
            assert (place["AGENT-MODIFIER"][0] < place["AGENT"][0]) == (order.adjective == "before")


def test_vocabulary_diverges_along_the_family_tree(world):
    english = world.language("en").words
    content = [key for key in english if key[0] not in ("name", "numeral")]
    shared = {c: sum(world.language(c).words[k] == english[k] for k in content) for c in ("de", "es", "tr", "fi")}
    assert shared["de"] > shared["es"] > shared["tr"]
    assert shared["tr"] == shared["fi"] == 0


def test_scripts_share_no_letters_and_names_are_anchors(world):
    english, russian = world.language("en").words, world.language("ru").words
    content = [key for key in english if key[0] not in ("name", "numeral")]
    assert not set("".join(english[k] for k in content)) & set("".join(russian[k] for k in content))
    assert english["name", "Anna"] == russian["name", "Anna"] == "Anna"


def test_the_seed_determines_every_byte():
    def digest(seed):
        world = World(("en", "ja"), seed)
        return zlib.crc32(
            json.dumps([world.examples(t, "ja", "test", 20) for t in MAKERS] + world.text("ja", 20)).encode()
        )

    assert digest(1) == digest(1)
    assert digest(1) != digest(2)


def test_examples_do_not_depend_on_how_many_are_asked_for_or_on_other_languages():
    few = World(("en", "ja"), 0).examples("sim-qa", "ja", "test", 5)
    assert World(("en", "de", "ja"), 0).examples("sim-qa", "ja", "test", 50)[:5] == few


def test_a_split_means_the_same_in_every_language(world):
    for task in ("sim-paraphrase", "sim-inference", "sim-topic"):
        labels = [[e["label"] for e in world.examples(task, c, "test", 40)] for c in ("en", "tr")]
        assert labels[0] == labels[1]


@pytest.mark.parametrize("task", sorted(MAKERS))
def test_examples_fit_the_catalogue(world, task):
    about = load_catalogue()[task]
    examples = world.examples(task, "hi", "train", 200)
    for example in examples:
        assert set(about.columns.values()) <= set(example)
        if about.head == "token-classification":
            assert len(example["tokens"]) == len(example["tags"])
            assert set(example["tags"]) <= set(about.labels)
        if about.head == "span-qa":
            start, text = example["answers"]["answer_start"][0], example["answers"]["text"][0]
            assert example["context"][start : start + len(text)] == text
            assert text
    if about.head == "sequence-classification":
        counts = np.bincount([e["label"] for e in examples], minlength=len(about.labels))
        assert counts.min() > 200 / len(about.labels) * 0.6


def test_paraphrase_traps_use_the_same_words(world):
    for example, gloss in zip(
        world.examples("sim-paraphrase", "en", "test", 60), world.glossed("sim-paraphrase", "en", 60), strict=True
    ):
        assert len(example["sentence1"].split()) == len(example["sentence2"].split())
        assert gloss


def test_similarity_is_the_number_of_shared_parts(world):
    scores = [e["similarity_score"] for e in world.examples("sim-similarity", "en", "train", 400)]
    assert set(scores) == {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}


def test_every_concept_has_a_word_of_its_own_in_most_languages(world):
    for code in LANGUAGES:
        words = list(world.language(code).words.values())
        assert len(words) - len(set(words)) <= 2
    assert len(inventory().words()) > 150


def test_unknown_language_and_task(world):
    with pytest.raises(InputError, match="does not speak 'it'"):
        world.examples("sim-qa", "it", "test", 1)
    with pytest.raises(InputError, match="has no task 'sim-qb' .did you mean 'sim-qa'"):
        world.examples("sim-qb", "en", "test", 1)
    with pytest.raises(InputError, match="no order of subject, verb and object"):
        simulated_language("hyw", 0)
