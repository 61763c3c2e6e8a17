"""The labels of the tasks are right, by a logic written here independently, and no single sentence gives them away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from transfer_analysis.corpora.simulated import World
from transfer_analysis.corpora.simulated.concepts import inventory
from transfer_analysis.corpora.simulated.drawing import stream
from transfer_analysis.corpora.simulated.meaning import CORPORATE, Event
from transfer_analysis.corpora.simulated.tasks import choices, pairs, questions


class Echo:
    """A speaker that gives back the meaning in place of a sentence."""

    def say(self, statement, **asked):
        return (statement, asked["asked"]) if "asked" in asked else statement

    def question_about(self, *asked):
        return [a if isinstance(a, str) else a.name for a in asked]

    def name(self, concept):
        return concept

    @property
    def source(self):
        return self


def drafts(maker, count=600):
    rng = stream(0, maker.__name__)
    return [maker(rng, Echo()) for _ in range(count)]


def positive(event: Event) -> Event:
    return replace(event, negated=False)


def follows(more: Event, less: Event) -> bool:
    """Whether an event that happened makes another happen too."""
    kind = more.patient.concept.kind
    patients = [more.patient]
    if kind:
        patients.append(replace(more.patient, concept=inventory().named("kind", kind)))
    return (
        (more.agent, more.action) == (less.agent, less.action)
        and less.patient in patients
        and less.time in (None, more.time)
        and (less.place is None or (less.place, less.relation) == (more.place, more.relation))
    )


def relation(first: Event, second: Event) -> str:
    """Return how the second stands to the first: both are about the same, known agent."""
    one, two = first.agent, second.agent
    if one.quality and two.quality and inventory().opposite(one.quality) == two.quality:
        return "contradiction"  # somebody known is not both
    a, b = positive(first), positive(second)
    if first.negated == second.negated:
        return "entailment" if (follows(b, a) if first.negated else follows(a, b)) else "neutral"
    return "contradiction" if (follows(b, a) if first.negated else follows(a, b)) else "neutral"


def test_inference_by_its_logic():
    names = ("entailment", "neutral", "contradiction")
    for draft in drafts(pairs.inference):
        assert relation(draft["premise"], draft["hypothesis"]) == names[draft["label"]], draft
        assert draft["premise"].agent.definite
    for draft in drafts(pairs.entailment):
        entailed = relation(draft["sentence1"], draft["sentence2"]) == "entailment"
        assert entailed == bool(draft["label"]), draft


def test_paraphrase_and_duplicates():
    for draft in drafts(pairs.paraphrase):
        one, two = draft["sentence1"], draft["sentence2"]
        if draft["label"]:
            assert one == two
        else:
            assert (one.agent, one.patient) == (two.patient, two.agent)
            assert replace(one, agent=two.agent, patient=two.patient) == two
    for draft in drafts(pairs.duplicates):
        assert (draft["sentence1"] == draft["sentence2"]) == bool(draft["label"])


def test_similarity_counts_what_two_events_share():
    for draft in drafts(pairs.similarity):
        one, two = draft["sentence1"], draft["sentence2"]
        parts = [
            (one.agent.concept, two.agent.concept),
            (one.action, two.action),
            (one.patient.concept, two.patient.concept),
            (one.place, two.place),
            (one.time, two.time),
        ]
        assert draft["similarity_score"] == sum(a == b for a, b in parts)


def test_nobody_called_by_a_name_does_what_companies_do():
    for maker in (pairs.paraphrase, pairs.duplicates, pairs.similarity, pairs.inference):
        for draft in drafts(maker, 400):
            for event in draft.values():
                if isinstance(event, Event) and event.agent.entity == "PER":
                    assert event.action.name not in CORPORATE


def test_exactly_one_choice_is_right():
    known = inventory()
    for draft in drafts(choices.cause):
        because = draft["question"][0] == "because"
        premise, *options = draft["premise"], draft["choice1"], draft["choice2"]
        fits = [
            known.causes.get((o if because else premise).action.name) == (premise if because else o).action.name
            for o in options
        ]
        assert fits == [draft["label"] == 0, draft["label"] == 1]
    for draft in drafts(choices.continuation):
        fits = [known.causes[draft["ctx"].action.name] == option.action.name for option in draft["endings"]]
        assert fits == [i == int(draft["label"]) for i in range(4)]
    for draft in drafts(choices.commonsense):
        asked, (kind, about) = draft["question"], draft["question"][1:3]
        fits = []
        for option in draft["choices"]["text"]:
            fits.append(
                {
                    "be": option.kind == about,
                    "of": option.whole == about,
                    "not": option.category == "property" and known.opposite(option).name == about,
                    "because": known.causes.get(about) == option.name,
                }[kind]
            )
        assert fits == [letter == draft["answerKey"] for letter in "ABCD"], asked


def told(passage):
    return list(passage.sentences)


class Telling(Echo):
    """Gives each event as a sentence-like thing whose words of some roles can be asked for."""

    def say(self, statement, **asked):
        return (statement, asked["asked"]) if "asked" in asked else Told(statement)


class Told:
    def __init__(self, event):
        self.event = event

    def of(self, *roles):
        return [0]


@pytest.mark.parametrize(
    "maker",
    [questions.on_participants, questions.on_circumstances, questions.in_few_words, questions.with_or_without_answer],
)
def test_a_question_fits_the_event_that_answers_it_and_no_other(maker):
    rng = stream(0, maker.__name__)
    unanswered = 0
    for _ in range(400):
        draft = maker(rng, Telling())
        about, asked = draft["question"]
        events = [sentence.event for sentence in told(draft["context"])]
        actions = [
            action
            for event in events
            for action in (event.action, *(w.doing[0] for w in (event.agent, event.patient) if w.doing))
        ]
        if not draft["answers"].words:
            unanswered += 1
            assert about.action not in actions
            continue
        fitting = [i for i, event in enumerate(events) if event.action == about.action]
        assert fitting == [draft["answers"].sentence]
        event = events[fitting[0]]
        assert getattr(event, asked) is not None
        for part in {"agent", "patient"} - {asked}:
            assert getattr(about, part).concept == getattr(event, part).concept
    assert (100 < unanswered < 300) == (maker is questions.with_or_without_answer)
    assert unanswered == 0 or maker is questions.with_or_without_answer


@pytest.mark.parametrize(
    ("task", "columns", "chance"),
    [
        ("sim-paraphrase", ("sentence1", "sentence2"), 0.5),
        ("sim-duplicates", ("sentence1", "sentence2"), 0.5),
        ("sim-inference", ("premise", "hypothesis"), 1 / 3),
        ("sim-entailment", ("sentence1", "sentence2"), 0.5),
    ],
)
def test_no_sentence_alone_gives_the_label_away(task, columns, chance):
    """A bag of words of one sentence, or of both without what they share, is far from solving the task."""
    examples = World(("en",), 0).glossed(task, "en", "train", 1_500)
    labels = np.array([e["label"] for e in examples])
    for column in columns:
        bag = CountVectorizer(token_pattern=r"\S+", binary=True).fit_transform([e[column] for e in examples])
        found = cross_val_score(LogisticRegression(C=0.3, max_iter=500), bag, labels, cv=3).mean()
        assert found < chance + 0.15, (column, found)
