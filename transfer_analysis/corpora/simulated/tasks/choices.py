"""Tasks with choices: cause and effect, continuation of a story, commonsense."""

from __future__ import annotations

from dataclasses import replace

from transfer_analysis.corpora.simulated.concepts import Concept, inventory
from transfer_analysis.corpora.simulated.drawing import Stream, choose, draw_below, other
from transfer_analysis.corpora.simulated.grammar import Speaker
from transfer_analysis.corpora.simulated.meaning import draw_cause
from transfer_analysis.corpora.simulated.tasks.drafts import Draft

_LETTERS = "ABCD"


def cause(rng: Stream, speaker: Speaker) -> Draft:
    """The more plausible cause or effect of an event, of two that differ in the action, in the manner of (X)COPA."""
    known = inventory()
    first, second = draw_cause(rng)
    asked_cause = rng.random() < 0.5
    premise, right = (second, first) if asked_cause else (first, second)
    possible = known.causes if asked_cause else known.causes.values()
    wrong = replace(right, action=other(rng, [known.named("action", name) for name in possible], right.action))
    label = draw_below(rng, 2)
    options = [speaker.say(event) for event in ((right, wrong) if label == 0 else (wrong, right))]
    return {
        "premise": speaker.say(premise),
        "question": speaker.question_about("because" if asked_cause else "and", "what"),
        "choice1": options[0],
        "choice2": options[1],
        "label": label,
    }


def continuation(rng: Stream, speaker: Speaker) -> Draft:
    """How a story goes on, of four events: with what its event brings about, in the manner of HellaSwag."""
    known = inventory()
    first, right = draw_cause(rng)
    actions = [known.named("action", name) for name in known.causes.values() if name != right.action.name]
    wrong = [replace(right, action=action) for action in rng.sample(actions, 3)]
    label = draw_below(rng, 4)
    endings = [*wrong[:label], right, *wrong[label:]]
    return {"ctx": speaker.say(first), "endings": [speaker.say(event) for event in endings], "label": str(label)}


def commonsense(rng: Stream, speaker: Speaker) -> Draft:
    """What is a kind, a part, the opposite or the effect of what, of four words, in the manner of CommonsenseQA."""
    known = inventory()
    asked = draw_below(rng, 4)
    if asked == 0:
        kind = choose(rng, known.of("kind"))
        members = [c for c in (*known.of("thing"), *known.of("person")) if c.kind]
        right = choose(rng, [c for c in members if c.kind == kind.name])
        wrong = [c for c in members if c.kind != kind.name]
        question = speaker.question_about("what", "be", kind)
    elif asked == 1:
        right = choose(rng, known.of("part"))
        wrong = [c for c in known.of("part") if c.whole != right.whole]
        question = speaker.question_about("what", "of", known.named("thing", right.whole))
    elif asked == 2:
        quality = choose(rng, known.of("property"))
        right = known.opposite(quality)
        wrong = [c for c in known.of("property") if c not in (quality, right)]
        question = speaker.question_about("what", "not", quality)
    else:
        action = choose(rng, tuple(known.causes))
        right = known.named("action", known.causes[action])
        wrong = [known.named("action", name) for name in known.causes.values() if name != right.name]
        question = speaker.question_about("what", "because", known.named("action", action))
    label = draw_below(rng, 4)
    options: list[Concept] = rng.sample(wrong, 3)
    options.insert(label, right)
    return {
        "question": question,
        "choices": {"label": list(_LETTERS), "text": [speaker.name(option) for option in options]},
        "answerKey": _LETTERS[label],
    }
