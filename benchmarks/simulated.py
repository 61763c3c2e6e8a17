"""How fast the simulated world is written: full sentences with their annotation, on one core.

python benchmarks/simulated.py [--sentences 20000]

A sentence counts when its words, glosses, parts of speech, entities, heads, relations and supertags are there.
"""

from __future__ import annotations

import argparse
import statistics
import time

from transfer_analysis.corpora.simulated import World, simulated_language
from transfer_analysis.corpora.simulated.drawing import stream
from transfer_analysis.corpora.simulated.grammar import Speaker
from transfer_analysis.corpora.simulated.sentence import supertags
from transfer_analysis.corpora.simulated.tasks.tagging import draw_statement

LANGUAGES = ("en", "ja", "ar", "tr", "zh", "qu")


def annotated(code: str, count: int, seed: int) -> int:
    """Write sentences, and return how many words they have."""
    speaker = Speaker(simulated_language(code, 0), stream(seed, "words", code))
    rng = stream(seed, "meanings")
    words = 0
    for _ in range(count):
        sentence = speaker.say(draw_statement(rng))
        tags = [word.part for word in sentence.words], [word.entity for word in sentence.words]
        parts = (sentence.text, sentence.gloss, sentence.heads, sentence.relations, supertags(sentence), *tags)
        words += len(parts[2])
    return words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| language | annotated sentences/s (range) | words a sentence | documents of text/s |\n|---|---|---|---|")
    for code in LANGUAGES:
        annotated(code, 500, 9)
        rates, words = [], 0
        for number in range(options.rounds):
            start = time.perf_counter()
            words = annotated(code, options.sentences, number)
            rates.append(options.sentences / (time.perf_counter() - start))
        world = World(("en", code) if code != "en" else ("en",))
        start = time.perf_counter()
        world.text(code, 5_000)
        documents = 5_000 / (time.perf_counter() - start)
        print(
            f"| {code} | {statistics.median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f}) "
            f"| {words / options.sentences:.1f} | {documents:,.0f} |"
        )


if __name__ == "__main__":
    main()
