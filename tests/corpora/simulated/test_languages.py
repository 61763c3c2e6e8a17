from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from transfer_analysis.corpora.simulated import Dials, simulated_language, typology
from transfer_analysis.corpora.simulated.drawing import stream
from transfer_analysis.corpora.simulated.grammar import Speaker
from transfer_analysis.corpora.simulated.languages import pieces
from transfer_analysis.corpora.simulated.meaning import Joined, draw_cause, draw_comparison, draw_event
from transfer_analysis.corpora.simulated.typology import order_distance
from transfer_analysis.corpora.simulated.vocabulary import content_words, script_letters
from transfer_analysis.distances import language_distances
from transfer_analysis.errors import InputError
from transfer_analysis.languages import families, macrolanguage_codes, resolve, source_shares
from transfer_analysis.tasks import load_catalogue

#: Every language of XTREME and XTREME-R.
LANGUAGES = sorted(
    {code for task in load_catalogue() if {"xtreme", "xtreme-r"} & set(task.benchmarks) for code in task.languages}
)


def lexical_distance(one: str, two: str) -> float:
    """Mean Levenshtein distance of words in Latin letters, over the longer one's length; written here independently."""

    def latin(code):
        language = simulated_language(code, 0)
        letters = {c: chr(ord("a") + i) for i, c in enumerate(script_letters(resolve(code).script))}
        return [[letters[c] for c in language.words[key]] for key in content_words()[::4]]

    def levenshtein(a, b):
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, start=1):
            before, row = row, [i]
            for j, y in enumerate(b, start=1):
                row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y)))
        return row[-1]

    return float(
        np.mean([levenshtein(a, b) / max(len(a), len(b)) for a, b in zip(latin(one), latin(two), strict=True)])
    )


def supported(code: str) -> tuple[dict[str, float], set[str]]:
    """Shares of sources by feature, the macrolanguage's where its own row is empty, and the features that are known."""
    table = source_shares()
    isos = [resolve(code).iso639_3, *macrolanguage_codes(code)]
    rows = [table.rows([iso])[0] for iso in isos]
    share: dict[str, float] = {}
    for group in GROUPS.values():
        places = [table.names.index(name) for name in group]
        for row in rows:
            if not np.isnan(row[places]).all():
                share.update({name: float(np.nan_to_num(row[k])) for name, k in zip(group, places, strict=True)})
                break
    return share, set(share)


#: Field of a grammar → URIEL+ features that speak on it, as read here by name.
GROUPS = {
    "clause": [f"S_{order}" for order in ("SVO", "SOV", "VSO", "VOS", "OVS", "OSV")],
    **{
        field: [f"S_{noun}_{side}_{head}" for side in ("BEFORE", "AFTER")]
        for field, noun, head in (
            ("adposition", "ADPOSITION", "NOUN"),
            ("adjective", "ADJECTIVE", "NOUN"),
            ("numeral", "NUMERAL", "NOUN"),
            ("genitive", "POSSESSOR", "NOUN"),
            ("relative", "RELATIVE", "NOUN"),
            ("circumstance", "OBLIQUE", "VERB"),
            ("subordinator", "SUBORDINATOR_WORD", "CLAUSE"),
            ("article", "ARTICLE_WORD", "NOUN"),
        )
    },
    "negation": [
        "S_NEGATIVE_WORD_BEFORE_VERB",
        "S_NEGATIVE_PREFIX",
        "S_NEGATIVE_WORD_AFTER_VERB",
        "S_NEGATIVE_SUFFIX",
    ],
    "question": ["S_POLARQ_MARK_INITIAL", "S_POLARQ_MARK_FINAL", "S_POLARQ_MARK_SECOND"],
    "case": ["S_CASE_SUFFIX", "S_CASE_ENCLITIC", "S_CASE_PREFIX", "S_CASE_PROCLITIC"],
    "agreement": ["S_PROSUBJECT_AFFIX"],
    "agreement_of_adjectives": ["S_ANY_AGREEMENT_ON_ADJECTIVES"],
    "definite": ["S_DEFINITE_WORD", "S_DEFINITE_AFFIX"],
    "indefinite": ["S_INDEFINITE_WORD"],
}


def test_there_are_doubles_of_all_languages_of_the_benchmarks():
    assert len(LANGUAGES) == 50
    assert {"en", "de", "sw", "zh", "yo", "qu", "eu", "ta", "az"} <= set(LANGUAGES)


@pytest.mark.parametrize("code", LANGUAGES)
def test_grammar_is_what_most_sources_of_uriel_say(code):
    """Read the features by name here, independently of the code under test."""
    grammar = typology(code)
    share, known = supported(code)
    assert {field for field, group in GROUPS.items() if not set(group) & known} == grammar.assumed

    def best(field: str) -> float:
        return max(share[name] for name in GROUPS[field])

    if "clause" not in grammar.assumed:
        assert share[f"S_{grammar.clause}"] == best("clause") > 0
    sides = ("adposition", "adjective", "numeral", "genitive", "relative", "circumstance", "subordinator", "article")
    for field in set(sides) - grammar.assumed:
        chosen = next(n for n in GROUPS[field] if f"_{getattr(grammar, field).upper()}_" in n)
        assert share[chosen] == best(field)
    if "negation" not in grammar.assumed:
        ends = {"before": ("WORD_BEFORE_VERB", "PREFIX"), "after": ("WORD_AFTER_VERB", "SUFFIX")}
        assert max(share[f"S_NEGATIVE_{end}"] for end in ends[grammar.negation]) == best("negation")
    if "question" not in grammar.assumed:
        marked = share.get(f"S_POLARQ_MARK_{grammar.question.upper()}", 0.0)
        assert marked == best("question")
    if "case" not in grammar.assumed:
        ends = {"suffix": ("SUFFIX", "ENCLITIC"), "prefix": ("PREFIX", "PROCLITIC"), "none": ()}[grammar.case]
        assert max((share[f"S_CASE_{end}"] for end in ends), default=0.0) == best("case")
    for field, feature in (
        ("agreement", "S_PROSUBJECT_AFFIX"),
        ("agreement_of_adjectives", "S_ANY_AGREEMENT_ON_ADJECTIVES"),
        ("indefinite", "S_INDEFINITE_WORD"),
    ):
        assert field in grammar.assumed or getattr(grammar, field) == (share[feature] > 0)
    if "definite" not in grammar.assumed:
        end = {"word": "WORD", "suffix": "AFFIX"}.get(grammar.definite)
        assert (share[f"S_DEFINITE_{end}"] if end else 0.0) == best("definite")


def test_what_uriel_does_not_know_is_as_in_the_nearest_relatives():
    kazakh, turkish = typology("kk"), typology("tr")
    assert {"adjective", "case", "genitive"} <= kazakh.assumed
    for field in ("adjective", "genitive", "adposition", "case"):
        assert getattr(kazakh, field) == getattr(turkish, field)
    assert typology("az").clause == "SOV"  # from the macrolanguage's row
    assert "clause" not in typology("az").assumed


@pytest.mark.parametrize("code", LANGUAGES)
def test_sentences_keep_the_word_order_of_uriel(code):
    """At the default dials, in sentences with everything that has an order."""
    language = simulated_language(code, 0)
    grammar, rng = typology(code), stream(3, "meanings")
    speaker = Speaker(language, stream(3, "words"))
    seen = set()
    for _ in range(400):
        event = draw_event(rng)
        words = speaker.say(event).words
        at = {id(word): i for i, word in enumerate(words)}
        verb = next(word for word in words if word.head is None)
        place = {"V": at[id(verb)]}
        for word in words:
            if word.head is None:
                continue
            mine, heads = at[id(word)], at[id(word.head)]
            side = "before" if mine < heads else "after"
            if word.head is verb and word.relation in ("nsubj", "obj"):
                place["S" if word.relation == "nsubj" else "O"] = mine
            elif word.relation == "amod":
                assert side == grammar.adjective
            elif word.relation == "nummod":
                assert side == grammar.numeral
            elif word.relation == "nmod":
                assert side == grammar.genitive
            elif word.relation == "acl":
                assert side == grammar.relative
            elif word.relation == "case" and word.lemma != "of":
                assert side == grammar.adposition
            elif word.lemma == "not":
                assert side == grammar.negation
            elif word.relation == "obl":
                assert side == grammar.circumstance
            elif word.relation == "det":
                assert side == grammar.article
            seen.add(word.relation)
        assert "".join(sorted(place, key=place.__getitem__)) == grammar.clause
        objects = [word for word in words if word.relation == "obj" and word.part == "NOUN"]
        assert all(word.mark.endswith("ACC") == (grammar.case != "none") for word in objects)
        assert (verb.mark == "PL") == (grammar.agreement and event.agent.plural)
    assert seen >= {"nsubj", "obj", "amod", "nummod", "nmod", "acl", "case", "obl"}


@pytest.mark.parametrize("code", LANGUAGES)
def test_questions_causes_and_comparisons(code):
    grammar, rng = typology(code), stream(1, "meanings")
    speaker = Speaker(simulated_language(code, 0), stream(1, "words"), synonyms=0.0)
    for _ in range(20):
        words = speaker.say(draw_event(rng), question=True).words
        asked = [word.lemma for word in words]
        assert asked.count("question") == (grammar.question != "none")
        if grammar.question in ("initial", "final"):
            assert asked.index("question") == {"initial": 0, "final": len(asked) - 1}[grammar.question]
        if grammar.question == "second":  # nothing but the first constituent stands before it
            before = words[: asked.index("question")]
            inside = {id(word) for word in before}
            tops = [word for word in before if word.head is None or id(word.head) not in inside]
            assert len(tops) == 1
    cause, effect = draw_cause(rng)
    said = [word.lemma for word in speaker.say(Joined(effect, "because", cause)).words]
    first, second = (cause, effect) if grammar.subordinator == "after" else (effect, cause)
    assert said.index(first.action.name) < said.index("because") < said.index(second.action.name)
    compared = draw_comparison(rng, "farm")
    words = speaker.say(compared).words
    than = next(word for word in words if word.lemma == "than")
    assert than.head.lemma in compared.second.concept.words


def test_grammars_that_everybody_knows():
    assert [typology(c).clause for c in ("en", "ja", "ar", "tr")] == ["SVO", "SOV", "VSO", "SOV"]
    assert typology("ja").adposition == "after"
    assert typology("fr").adjective == "after"
    assert typology("sw").numeral == "after"
    assert typology("fi").case == "suffix"
    assert (typology("en").definite, typology("en").article) == ("word", "before")
    assert typology("ru").definite == "none"


def test_vocabulary_diverges_along_the_family_tree():
    english = simulated_language("en", 0).words
    shared = {
        c: np.mean([simulated_language(c, 0).words[k] == english[k] for k in content_words()])
        for c in ("de", "es", "tr")
    }
    assert shared["de"] > shared["es"] > shared["tr"]
    assert shared["tr"] < 0.01


def test_genetic_distance_becomes_lexical_distance():
    codes = [c for c in LANGUAGES if c != "en"]
    genetic = language_distances(["en", *codes], "genetic").values.loc["en", codes]
    known = [c for c in codes if not np.isnan(genetic[c])]
    lexical = [lexical_distance("en", c) for c in known]
    assert spearmanr(genetic[known], lexical).statistic > 0.7
    family = families(known)
    of_family = [d for c, d in zip(known, lexical, strict=True) if family[c] == "Indo-European"]
    others = [d for c, d in zip(known, lexical, strict=True) if family[c] != "Indo-European"]
    assert max(of_family) < min(others)


def test_scripts_share_no_letters_and_names_are_anchors():
    english, russian = simulated_language("en", 0).words, simulated_language("ru", 0).words
    assert not set("".join(english[k] for k in content_words())) & set("".join(russian[k] for k in content_words()))
    assert english["person_name", "Anna"] == russian["person_name", "Anna"] == "Anna"


def test_every_script_of_the_benchmarks_has_letters_of_its_own():
    scripts = {resolve(code).script for code in LANGUAGES}
    letters = {script: script_letters(script) for script in scripts}
    assert all(len(set(found)) == 26 for found in letters.values())
    apart = [script for script, found in letters.items() if found != script_letters("Latn")]
    assert len({letters[script] for script in apart}) == len(apart)
    assert {s for s in scripts if s not in apart} == {"Latn"}


def test_dials_turn_off_what_languages_share():
    english = simulated_language("en", 0)
    german = simulated_language("de", 0, Dials(cognates=0.0, anchors=0.0))
    assert np.mean([german.words[key] == english.words[key] for key in content_words()]) < 0.01
    assert german.words["person_name", "Anna"] != "Anna"
    half = simulated_language("de", 0, Dials(anchors=0.5))
    names = [key for key in english.words if key[0] in ("person_name", "surname", "town", "company", "any", "numeral")]
    assert 0.2 < np.mean([half.words[key] == english.words[key] for key in names]) < 0.8
    assert order_distance(simulated_language("ja", 0, Dials(word_order=0.0)).typology, english.typology) == 0
    assert order_distance(typology("ja"), english.typology) > 0.4
    assert simulated_language("en", 0, Dials(cognates=0.0, anchors=0.0)).words == english.words


def test_a_crossing_has_one_languages_grammar_and_anothers_words():
    crossed = simulated_language("ja+de", 0)
    assert crossed.typology == typology("ja")
    assert crossed.words == simulated_language("de", 0).words
    for kind, other in (("syntactic", "ja"), ("genetic", "de")):
        values = language_distances(["en", "ja+de", other], kind).values
        assert values.loc["en", "ja+de"] == values.loc["en", other]


def test_words_of_a_language_differ_but_for_homographs():
    for code in LANGUAGES:
        language = simulated_language(code, 0)
        words = [form for (category, _), form in language.words.items() if category != "ending"]
        assert len(words) - len(set(words)) <= 17 + 6


def test_unknown_word_order_is_refused():
    with pytest.raises(InputError, match="no order of subject, verb and object"):
        simulated_language("hyw", 0)
    with pytest.raises(InputError, match="unknown language 'xx'"):
        simulated_language("ja+xx", 0)


def test_endings_can_be_taken_off():
    turkish, french = simulated_language("tr", 0), simulated_language("fr", 0)
    cow, marked = turkish.forms["thing", "cow", ""], turkish.forms["thing", "cow", "ACC"]
    assert pieces(marked) == [cow, f"-{turkish.words['ending', 'ACC']}"]
    assert pieces(french.forms["thing", "cow", "ACC"]) == [
        f"{french.words['ending', 'ACC']}=",
        french.words["thing", "cow"],
    ]
    assert pieces("Anna") == ["Anna"]
    arabic = simulated_language("ar", 0)
    endings = [f"-{arabic.words['ending', name]}" for name in ("DEF", "ACC")]
    assert pieces(arabic.forms["thing", "cow", "DEF-ACC"]) == [arabic.words["thing", "cow"], *endings]
    assert {piece for form in arabic.forms.values() for piece in pieces(form)} == arabic.pieces
