"""The tasks of the simulated world: how each makes an example out of meanings.

What a task needs is stated in the catalogue by its tags: `lexical` (words that mean the same), `syntactic` (who did what
to whom), `relational` (what is a kind of, part of, opposite of, caused by what). An intermediate task helps a target task
by what both need, and hurts where it leads away from it: `sim-topic` is solved by single words alone.
"""

from __future__ import annotations

from transfer_analysis.corpora.simulated.tasks import choices, pairs, questions, retrieval, tagging
from transfer_analysis.corpora.simulated.tasks.drafts import Maker

TARGETS: dict[str, Maker] = {
    "sim-paraphrase": pairs.paraphrase,
    "sim-inference": pairs.inference,
    "sim-cause": choices.cause,
    "sim-pos": tagging.parts_of_speech,
    "sim-ner": tagging.entities,
    "sim-qa": questions.on_participants,
    "sim-short-qa": questions.in_few_words,
    "sim-bitext": retrieval.bitext,
    "sim-qa-retrieval": retrieval.answers,
    "sim-linking": retrieval.linking,
}

INTERMEDIATES: dict[str, Maker] = {
    "sim-entailment": pairs.entailment,
    "sim-duplicates": pairs.duplicates,
    "sim-similarity": pairs.similarity,
    "sim-topic": pairs.topic,
    "sim-reading": questions.on_circumstances,
    "sim-unanswerable": questions.with_or_without_answer,
    "sim-continuation": choices.continuation,
    "sim-commonsense": choices.commonsense,
    "sim-supertags": tagging.supertagging,
    "sim-parsing": tagging.parsing,
}

MAKERS: dict[str, Maker] = {**TARGETS, **INTERMEDIATES}
