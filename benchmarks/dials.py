"""Does the trained world do what was planted? Order and sign of its dials, over several world seeds.

python benchmarks/dials.py [--seeds 5] [--steps 800]

Twelve crossed languages, four grammars by three vocabularies with about the same amount of text, so that the distance in
grammar and the distance in words are unrelated by design. An encoder is pretrained in each world, at the default dials,
with each dial of the languages turned off, and with all of them off; targets are trained in English without intermediate
training and tested in every language. A world's slopes are those of least squares of a language's mean score on both
distances together (points from the nearest to the farthest language). Then, for the tasks: the effect of an intermediate
task that a target needs, and of one that it does not, related and cut off.

Encoders are kept in the user's cache, so that an interrupted run goes on. The table is printed as Markdown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t
from transfer_analysis.corpora.simulated import Dials, World, simulated_language, typology
from transfer_analysis.corpora.simulated.typology import order_distance
from transfer_analysis.corpora.simulated.vocabulary import content_words
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.pretraining.built import Shape
from transfer_analysis.training.pretraining.kept import Wanted, pretrained
from transfer_analysis.training.pretraining.simulated import Pretraining
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.runs.execute import run_grid

GRAMMARS = ("en", "ar", "fi", "ja")
VOCABULARIES = ("de", "es", "hu")
LANGUAGES = ("en", *(f"{grammar}+{words}" for grammar in GRAMMARS for words in VOCABULARIES))

SETTINGS = {
    "all on": {},
    "word_order off": {"word_order": 0.0},
    "cognates off": {"cognates": 0.0},
    "aligned_text off": {"aligned_text": 0.0},
    "anchors off": {"anchors": 0.0},
    "all off": {"word_order": 0.0, "cognates": 0.0, "aligned_text": 0.0, "anchors": 0.0},
}

TARGETS = ("sim-pos", "sim-ner", "sim-cause", "sim-inference")

#: Target → an intermediate task that teaches what it needs, and one that does not.
TAUGHT = {"sim-paraphrase": ("sim-duplicates", "sim-topic"), "sim-inference": ("sim-entailment", "sim-topic")}


def distances(seed: int) -> pd.DataFrame:
    """Return each crossed language's distance from English in grammar and in words, as they are at the default dials."""
    english = simulated_language("en", seed)
    rows = []
    for code in LANGUAGES[1:]:
        language = simulated_language(code, seed)
        shared = np.mean([language.words[key] == english.words[key] for key in content_words()])
        grammar = order_distance(typology(code.split("+")[0]), english.typology)
        rows.append({"language": code, "grammar": grammar, "words": 1 - float(shared)})
    return pd.DataFrame(rows).set_index("language")


def scores(world: World, folder: Path, **grid: object) -> pd.DataFrame:
    """Train targets in English and return the rows of their tests."""
    settings = {
        "conditions": (),
        "targets": TARGETS,
        "seeds": (1,),
        "intermediate_examples": 1_500,
        "target_examples": 800,
        "test_examples": 150,
        **grid,
    }
    with tempfile.TemporaryDirectory() as store:
        done = run_grid(
            world,
            load_catalogue(),
            str(folder),
            Grid(**settings),
            recipe("simulated"),
            Path(store),
            model="simulated",
            origin="dials",
        )
    if done.failures:
        raise SystemExit("\n".join(done.failures))
    frame = done.table.frame
    return frame[(frame["split"] == "test") & (frame["metric"] != "exact_match")]


def encoder_of(world: World, steps: int) -> Wanted:
    # Little text: with plenty of aligned text, words in common would have nothing left to add.
    settings = Pretraining(steps=steps, documents=800, aligned=0.8)
    return Wanted(world, Shape(max_length=72), settings, world.seed)


def tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def slopes(seeds: range, steps: int) -> pd.DataFrame:
    """Return one row per world: setting, seed, mean score, slopes on both distances, the score in English."""
    worlds = {
        (name, seed): World(LANGUAGES, seed, Dials(**dials)) for seed in seeds for name, dials in SETTINGS.items()
    }
    rows = []
    keys = list(worlds)
    for i in range(0, len(keys), 2):  # two processes of one thread each
        some = keys[i : i + 2]
        folders = pretrained([encoder_of(worlds[key], steps) for key in some], 2)
        for (name, seed), folder in zip(some, folders, strict=True):
            found = scores(worlds[name, seed], folder)
            zero_shot = found[found["language"] != "en"].groupby("language")["score"].mean()
            about = distances(seed).loc[zero_shot.index]
            design = np.column_stack(
                [np.ones(len(about)), *((about[c] - about[c].min()) / np.ptp(about[c]) for c in about)]
            )
            _, grammar, words = np.linalg.lstsq(design, zero_shot.to_numpy(), rcond=None)[0]
            english = found[found["language"] == "en"]["score"].mean()
            rows.append((name, seed, english, zero_shot.mean(), grammar, words))
            tell(f"{len(rows)} of {len(keys)}: {rows[-1]}")
    return pd.DataFrame(rows, columns=["setting", "seed", "english", "zero_shot", "grammar", "words"])


def effects(seeds: range, steps: int) -> pd.DataFrame:
    """Return one row per seed, relatedness and target: effect on the English score of what it needs and does not."""
    rows = []
    for seed in seeds:
        folder = pretrained([encoder_of(World(LANGUAGES, seed), steps)], 1)[0]
        for related in (1.0, 0.0):
            world = World(LANGUAGES, seed, Dials(task_relatedness=related))
            conditions = tuple(dict.fromkeys(task for pair in TAUGHT.values() for task in pair))
            grid = {"conditions": conditions, "targets": tuple(TAUGHT), "languages": ("en", "en+de"), "seeds": (1, 2)}
            mean = (
                scores(world, folder, **grid).query("language == 'en'").groupby(["target", "condition"])["score"].mean()
            )
            for target, (helps, other) in TAUGHT.items():
                none = mean[target, "none"]
                rows.append((seed, related, target, mean[target, helps] - none, mean[target, other] - none))
                tell(f"relatedness {related}: {rows[-1]}")
    return pd.DataFrame(rows, columns=["seed", "relatedness", "target", "needed", "not_needed"])


def interval(values: pd.Series) -> str:
    """Return mean and 95% t-interval over seeds."""
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.1f} ({values.mean() - half:.1f} to {values.mean() + half:.1f})"


def verdicts(found: pd.DataFrame, helped: pd.DataFrame) -> dict[str, bool]:
    """Return what must hold over the worlds, and whether it does."""

    def ends(setting: str, column: str) -> tuple[float, float]:
        values = found.loc[found["setting"] == setting, column]
        half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
        return float(values.mean() - half), float(values.mean() + half)

    def level(setting: str) -> pd.Series:
        return found[found["setting"] == setting].set_index("seed")["zero_shot"]

    def effect(related: float, column: str) -> pd.Series:
        return helped.loc[helped["relatedness"] == related, column].reset_index(drop=True)

    return {
        "all on: scores fall with the distance in grammar": ends("all on", "grammar")[1] < 0,
        "all on: scores fall with the distance in words": ends("all on", "words")[1] < 0,
        "word_order off: no slope on grammar": ends("word_order off", "grammar")[0]
        < 0
        < ends("word_order off", "grammar")[1],
        "word_order off: the slope on words stays": ends("word_order off", "words")[1] < 0,
        "cognates off: no slope on words": ends("cognates off", "words")[0] < 0 < ends("cognates off", "words")[1],
        "cognates off: the slope on grammar stays": ends("cognates off", "grammar")[1] < 0,
        "all off: no slope on grammar": ends("all off", "grammar")[0] < 0 < ends("all off", "grammar")[1],
        "all off: no slope on words": ends("all off", "words")[0] < 0 < ends("all off", "words")[1],
        **{
            f"{name}: scores lower than with all on, on average": bool(level(name).mean() < level("all on").mean())
            for name in ("cognates off", "aligned_text off", "anchors off", "all off")
        },
        "word_order off: scores higher than with all on, on average": bool(
            level("word_order off").mean() > level("all on").mean()
        ),
        "related: what a target needs helps, on average, each target": bool(
            (helped[helped["relatedness"] == 1.0].groupby("target")["needed"].mean() > 0).all()
        ),
        "related: it helps more than what it does not need, in every world": bool(
            (effect(1.0, "needed") > effect(1.0, "not_needed")).all()
        ),
        "cut off: it helps less than related, in every world": bool(
            (effect(0.0, "needed") < effect(1.0, "needed")).all()
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=800)
    options = parser.parse_args()
    seeds = range(1, options.seeds + 1)
    found = slopes(seeds, options.steps)
    print("| dials | English | zero-shot | slope on grammar | negative in | slope on words | negative in |")
    print("|---|---|---|---|---|---|---|")
    for name in SETTINGS:
        part = found[found["setting"] == name]
        cells = [interval(part[c]) for c in ("english", "zero_shot", "grammar")]
        signs = [f"{int((part[c] < 0).sum())} of {len(part)}" for c in ("grammar", "words")]
        print(f"| {name} | {' | '.join(cells)} | {signs[0]} | {interval(part['words'])} | {signs[1]} |", flush=True)
    helped = effects(seeds, options.steps)
    print("\n| task_relatedness | target | effect of a task it needs | of one it does not need |\n|---|---|---|---|")
    for (related, target), part in helped.groupby(["relatedness", "target"]):
        print(f"| {related:g} | {target} | {interval(part['needed'])} | {interval(part['not_needed'])} |")
    print("\n| what must hold | |\n|---|---|")
    held = verdicts(found, helped)
    for claim, holds in held.items():
        print(f"| {claim} | {'holds' if holds else 'DOES NOT HOLD'} |")
    sys.exit(0 if all(held.values()) else 1)


if __name__ == "__main__":
    main()
