"""Small made-up files of the shape of each released table."""

import json
from itertools import product

import numpy as np
import pandas as pd

LANGUAGES = ["de", "fr", "fi", "hu", "tr", "no", "ru", "cs", "et", "ar", "he", "hi"]
THREE = ["deu", "fra", "fin", "hun", "tur", "nob", "rus", "ces", "est", "arb", "heb", "hin"]


def write(place, content):
    place.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, pd.DataFrame):
        content.to_csv(place, index=False)
    else:
        place.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def notebook(cells):
    """A notebook with sources, and texts that were printed, by number of the cell."""
    found = [{"source": [], "outputs": []} for _ in range(max(cells) + 1)]
    for number, (source, text) in cells.items():
        found[number] = {"source": [source], "outputs": [{"text": [text]}] if text else []}
    return {"cells": found}


def langrank(entry, folder, rng):
    reading = entry.reading
    rows = [
        {reading["target"]: target, reading["source"]: source, reading["score"]: round(rng.normal(60, 9), 3),
         **{column: round(rng.uniform(), 4) for column in reading["numbers"].values()}}
        for target, source in product(LANGUAGES, LANGUAGES) if target != source
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    level = frame.groupby(reading["target"])[reading["score"]].rank().astype(int)
    write(folder / entry.files[0].name, frame.assign(**{reading["level"]: level}))


def nlperf(entry, folder, rng):
    columns = entry.reading["needed"]
    rows = [{**{c: round(rng.uniform(), 3) for c in columns}, "Source Language": code, "BLEU": round(rng.uniform(), 3)} for code in LANGUAGES]  # fmt: skip
    write(folder / "data_monomt.csv", pd.DataFrame(rows).astype({"dataset size (sent)": str}))


def sumeval(entry, folder, rng):
    """Scores and predictions per configuration and language; a prediction is off by 0.02."""
    for file in entry.files:
        seed = sum(map(ord, file.name.split("/")[-1]))  # gold and predictions of a task belong together
        own = np.random.default_rng(seed)
        scores = [{code: float(own.uniform(0.4, 0.9)) for code in LANGUAGES} for _ in range(3)]
        shift = 0.02 if file.name.startswith("predicted") else 0.0
        rows = [
            {
                "eval_results": {code: value + shift for code, value in row.items()},
                "eval_error": dict.fromkeys(row, 0.02),
            }
            for row in scores
        ]
        write(folder / file.name, rows)


def taskweb(entry, folder, rng):
    named = {"cosmosqa", "socialiqa", "qqp", "rte"}
    rows = [
        {"model": "all", "adaptation": "all", "source_task": a, "target_task": b,
         "mean_relative_change": round(rng.normal(0, 0.1), 3), "share_of_seeds_improved": round(rng.uniform(), 3)}
        for a, b in product(sorted(named | {"anli", "boolq"}), repeat=2) if a != b
    ]  # fmt: skip
    write(folder / entry.files[0].name, pd.DataFrame(rows))


def model_spider(entry, folder, rng):
    methods = ["H-Score", "LEEP", "LogME", "NCE", "NLEEP", "OTCE", "PACTranDirichlet", "GBC", "LFC"]
    sets, models = ["Aircraft", "Pet", "DTD"], [f"m{i}" for i in range(6)]
    rows = [{"Dataset": s, "Model": m, **{c: round(rng.normal(), 4) for c in methods}} for s in sets for m in models]
    write(folder / "baseline_results.csv", pd.DataFrame(rows))
    parts = [
        f"    '{s}': {{\n        'Finetuning': torch.tensor({[round(90 + rng.normal(), 1) for _ in models]}),\n    }},"
        for s in sets
    ]
    # A later table is of other models, and must not be taken for the first.
    later = "    'Pet': {\n        'Finetuning': torch.tensor([1.0, 2.0]),\n    },"
    write(folder / "learnware_info.py", "import torch\nRANK = {\n" + "\n".join([*parts, later]) + "\n}\n")


def glue(entry, folder, rng):
    tasks, models = ["rte", "cola", "mrpc", "qnli"], ["a-base", "b-base", "c-base", "d-base"]
    tuned = {task: [round(80 + rng.normal(), 1) for _ in models] for task in tasks}
    write(folder / "export_glue_results.ipynb", notebook({1: (f"TUNED_RESULTS = {tuned}\nPLMS = {models}\n", "")}))
    for task, method, dimension in product(tasks, entry.reading["methods"], (16, 768)):
        rows = [
            json.dumps({"model": model, "all_scores": [round(rng.normal(), 4)]}) for model in [*models, "not-tuned"]
        ]
        write(
            folder / "glue" / task / "model_selection_results" / f"{method}_100%_{dimension}_first.jsonl",
            "\n".join(rows),
        )
    write(folder / "glue" / "rte" / "model_selection_results" / "LogME_10%_16_first.jsonl", "not read\n")


def model_recycling(entry, folder, rng):
    rows = [{"model_name": "roberta-base", "avg": 76.2, "mnli_lp": np.nan}]
    rows += [
        {"model_name": f"owner{i % 8}/m{i}", "avg": 76 + round(rng.normal(), 3), "mnli_lp": round(60 + rng.normal(), 3)}
        for i in range(30)
    ]
    rows += [{"model_name": "ibm/ColD-Fusion", "avg": 78.5, "mnli_lp": 0.0}, rows[1]]
    write(folder / "roberta-base_table.csv", pd.DataFrame(rows))


def tokenizers(entry, folder, rng):
    columns = ["Avg. Rank", "CPT", "MRR", "NER", "POS", "UD", "XNLI"]
    for file in entry.files:
        rows = [
            (code, name, *np.round(rng.normal(size=7), 5))
            for code in LANGUAGES[:6]
            for name in ("BPE", "TokMix", "Unigram")
        ]
        frame = pd.DataFrame(rows, columns=["language", "tokenizer", *columns])
        frame.columns.name = "metric"
        frame.loc[0, "XNLI"] = np.nan
        text = frame.to_string(line_width=80)
        write(folder / file.name, notebook({entry.reading["cell"]: ("in_lang_ca", text)}))


def alignment(entry, folder, rng):
    names = entry.reading["names"]
    lines = [
        f"{'# ' if name in ('xnli', 'ner') else ''}{name} = np.array({[round(rng.normal(), 2) for _ in range(7)]})"
        for name in names
    ]
    lines += [f"# {names[0]} = np.array([7, 6, 5, 4, 3, 2, 1])"]  # a second list of a name is not taken
    write(folder / "correlation_plot.py", "\n".join(lines) + "\n")


def utility(entry, folder, rng):
    scores = pd.DataFrame({"Language": [*THREE, "uig"], "UDF_UAS": 80.0, "Accuracy": 0.7})
    scores = scores.assign(**{c: scores[c] + rng.normal(size=13).round(2) for c in ("UDF_UAS", "Accuracy")})
    for file in entry.files:
        if file.path.startswith("task_results"):
            scores.to_csv(folder / file.name, sep="\t", index=False)
        else:  # one language has no speakers, and one no line
            counts = [
                f"{code}\t{0 if code == 'heb' else 10 ** (5 + i % 4)}" for i, code in enumerate([*THREE[:-1], "uig"])
            ]
            write(folder / file.name, "\n".join(counts) + "\n")


def xpos(entry, folder, rng):
    names = {"ro": "Romanian", "en": "English", "de": "German", "fi": "Finnish", "et": "Estonian", "no": "Norwegian", "got": "Gothic", "qu": "Old Quechua"}  # fmt: skip
    family = [
        "IE, Italic",
        "IE, Germanic",
        "IE, Germanic",
        "Uralic",
        "Uralic",
        "IE, Germanic",
        "IE, Germanic",
        "Quechuan",
    ]
    scores = [
        {"lang_train": a, "lang_pred": b, "score": round(60 + 10 * rng.normal(), 3)} for a in names for b in names
    ]
    write(folder / "udpos-ft-10000.csv", pd.DataFrame(scores))
    script = ["latin"] * 5 + ["gothic"] * 3
    write(
        folder / "udpos-langs.csv",
        pd.DataFrame({"language_id": list(names), "language": list(names.values()), "script": script}),
    )
    write(
        folder / "wiki-langs.csv", pd.DataFrame({"language": ["Romanian", "English", "German", "Finnish", "Estonian"]})
    )
    write(
        folder / "fams.txt",
        "".join(f"{n.replace(' ', '_')} {f}\n" for n, f in zip(names.values(), family, strict=True)),
    )
    write(
        folder / "word-order.csv",
        pd.DataFrame(
            {
                "language": ["English", "German", "Finnish", "Estonian"],
                "SOV": ["SVO", "No dominant order", "SVO", "SVO"],
            }
        ),
    )
    known = list(names.values())[:-1]
    values = rng.uniform(40, 100, size=(len(known), len(known))).round(2)
    lexical = pd.DataFrame((values + values.T) / 2, index=known, columns=known)
    lexical.to_csv(folder / "ldnd.csv")


def language_spaces(entry, folder, rng):
    """Two treebanks of one language; sources are some of the targets."""
    targets = [f"UD_{name}-{bank}" for name, bank in [("German", "A"), ("German", "B"), *((n, "A") for n in ("Czech", "Finnish", "French", "Greek", "Dutch"))]]  # fmt: skip
    for file in entry.files:
        frame = pd.DataFrame(rng.uniform(size=(5, len(targets))).round(4), index=targets[:5], columns=targets)
        frame.to_csv(folder / file.name, sep="\t")


def bible_retrieval(entry, folder, rng):
    names = ["Achuar-Shiwiar", "Galela", "Farsi", "Wolof", "Basque", "Ainu"]
    keys = [f"{a}-{b}" for i, a in enumerate(names) for b in names[:i]]
    seen = {f"Combined sentences ({model})": [0] * 10 + [1000] * 5 for model in entry.reading["models"]}
    distance = rng.uniform(size=len(keys)).round(4)
    write(
        folder / entry.files[0].name, pd.DataFrame({"Language pair": keys, **seen, entry.reading["distance"]: distance})
    )
    outcomes = {f.options["y"] for f in entry.findings}
    values = {
        f"{o} ({m}, average)": rng.uniform(size=len(keys)).round(4)
        for o in sorted(outcomes)
        for m in entry.reading["models"]
    }
    write(folder / entry.files[1].name, pd.DataFrame({"Language pair": keys, **values}))


def ner_overlap(entry, folder, rng):
    codes = ["wol", "pcm", "yor", "hau", "ibo"]
    scores = pd.DataFrame(rng.uniform(30, 90, size=(5, 5)).round(2), index=[f"{c} (NER finetune lang)" for c in codes[::-1]], columns=[f"{c} Evaled on" for c in codes])  # fmt: skip
    scores.to_csv(folder / "results_base.csv")
    pd.DataFrame(rng.integers(1, 900, size=(5, 5)), index=codes, columns=codes).to_csv(folder / "data_all.csv")


MAKERS = {
    "langrank": langrank, "nlperf": nlperf, "sumeval": sumeval, "taskweb": taskweb, "model-spider": model_spider,
    "glue": glue, "model-recycling": model_recycling, "tokenizers": tokenizers, "alignment": alignment,
    "utility": utility, "xpos": xpos, "language-spaces": language_spaces, "bible-retrieval": bible_retrieval,
    "ner-overlap": ner_overlap,
}  # fmt: skip


def make(entry, folder, seed=0):
    """Write files of the shape of an entry's into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (maker,) = [maker for start, maker in MAKERS.items() if entry.name.startswith(start)]
    maker(entry, folder, np.random.default_rng(seed))
    return folder
