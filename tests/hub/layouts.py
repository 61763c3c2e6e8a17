"""Every data set of the catalogue on a stand-in of the hub, a few made-up examples each, in the layout that it has there."""

from __future__ import annotations

import gzip
import io
import json
from collections import defaultdict

import yaml
from transfer_analysis.languages import resolve

#: What all texts are made of; a tokenizer of these knows every word.
WORDS = [f"w{i}" for i in range(40)]

ROWS = 24

#: Of the rows of a bitext that is mined, those that have a partner.
PAIRED = 12


def words(seed: int, count: int) -> list[str]:
    """Return some words, other ones for each seed."""
    return [WORDS[(seed * 7 + i * (1 + seed % 5)) % len(WORDS)] for i in range(count)]


def fill(hub, catalogue, tasks=None, languages=None) -> None:
    """Serve the data sets of tasks (of all that have one), in some languages (in all that they have)."""
    tables = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    layouts = {}
    for task in catalogue:
        if tasks is not None and task.name not in tasks:
            continue
        for place in task.hub:
            at = (place.id, place.revision or "main")
            for code in task.languages:
                if not place.serves(code, task.languages) or (languages is not None and code not in languages):
                    continue
                config = place.configs.get(code, place.config)
                config = config.format(language=code, iso639_3=resolve(code).iso639_3) if config else "default"
                layouts[at, config] = place
                for split in dict.fromkeys(["train", task.splits.development, *task.splits.test]):
                    if split == "train" and task.head == "retrieval":
                        continue
                    if split == place.held_out:
                        continue
                    for theirs in place.splits.get(split, split).split("+"):
                        if place.files and theirs not in place.files:
                            continue
                        rows = tables[at][config][theirs]
                        for i in range(8 * ROWS if place.layout == "lists" else ROWS):
                            key = f"{code}-{i}" if place.rows else i
                            rows.setdefault(key, {}).update(example(task, place, code, theirs, i))
    for (name, revision), configs in tables.items():
        files = files_of({config: layouts[(name, revision), config] for config in configs}, configs)
        for known in {revision, "main"}:
            hub.add("datasets", name, files, known)


def example(task, place, code: str, split: str, i: int) -> dict:
    """Return what a task reads of one row, in the data set's own columns."""
    theirs = {ours: column for column, ours in place.rename.items()}
    seed = 100 * sum(map(ord, task.name + split + code)) + i
    named = {}
    for part, columns in task.columns.items():
        for n, column in enumerate(columns.split()):
            named[theirs.get(column, column)] = value(task, part, code, seed + 31 * n, i)
    for column, beginning in place.rows.items():
        named[column] = beginning.format(english=resolve(code).name.lower(), language=code) + str(i)
    return nested(named)


def value(task, part: str, code: str, seed: int, i: int):
    """Return a made-up value of a part of an example."""
    size = 4 + i % 3
    if part == "label":
        if task.head == "sequence-regression":
            return float(i % 6)
        labels = task.labels or (0, 1)
        # Classes of sentences are numbers; choices are often said as text.
        return i % len(labels) if task.head == "sequence-classification" or not task.labels else labels[i % len(labels)]
    if part == "tokens":
        return words(context_seed(code, i), size)
    if part == "tags":
        return [(i + k) % len(task.labels) for k in range(size)]
    if part == "heads":
        return ["0", *["1"] * (size - 1)]
    if part == "relations":
        return ["root", *["obj"] * (size - 1)]
    if part == "answers":
        return {
            "text": [words(context_seed(code, i), 8)[2]],
            "answer_start": [len(" ".join(words(context_seed(code, i), 8)[:2])) + 1],
        }
    if part == "context" and task.head in ("span-qa", "dual-encoder"):
        return " ".join(words(context_seed(code, i), 8))
    if part == "key":
        return f"{i}"
    if part == "choices" and "." in task.columns["choices"]:
        return [words(seed + k, 2)[0] + f" {k}" for k in range(len(task.labels))]
    if part == "question" and task.phrases:
        return ("cause", "effect")[i % 2]
    return " ".join(words(seed, size))


def context_seed(code: str, i: int) -> int:
    """Return the seed of a passage: the same for its question's answer."""
    return 1000 + i + 13 * sum(map(ord, code))


def nested(named: dict) -> dict:
    """Return columns such as `choices.text` as one column with fields."""
    found: dict = {}
    for name, given in named.items():
        outer, _, inner = name.partition(".")
        if inner:
            found[outer] = {"label": [chr(65 + k) for k in range(len(given))], inner: given}
        else:
            found[outer] = given
    return found


def files_of(places, configs) -> dict[str, bytes]:
    """Return the files of a data set: as its patterns name them, or as a card that lists them."""
    files, listed = {}, []
    for config, splits in configs.items():
        place, of_config = places[config], []
        for split, rows in splits.items():
            name = f"{config}/{split}-00000-of-00001.parquet"
            if place.files:
                name = place.files[split].format(config=config)
                name = name.replace("*.parquet", "0000.parquet").replace("-*", "-00000-of-00001.parquet")
            files[name] = content(name, lists(rows) if place.layout == "lists" else list(rows.values()))
            of_config.append({"split": split, "path": name})
        if not place.files:
            listed.append({"config_name": config, "data_files": of_config})
    if listed:
        files["README.md"] = f"---\n{yaml.safe_dump({'configs': listed})}---\n# A data set\n".encode()
    else:
        files["script.py"] = b"raise SystemExit('a script that must not run')\n"
    return files


def lists(rows) -> list[dict]:
    """Return pairs as BUCC is given: whole lists of both sides in one row, pairs counted from 1; some have no partner."""
    pairs = list(rows.values())
    first = [f"{p['source_sentence']} w{i}" for i, p in enumerate(pairs)]
    second = [f"{p['target_sentence']} w{i}" for i, p in enumerate(pairs)]
    gold = [[i + 1, len(pairs) - i] for i in range(PAIRED)]
    return [{"sentence1": first, "sentence2": second[::-1], "gold": gold}]


def content(name: str, rows: list[dict]) -> bytes:
    """Return rows as a file."""
    if name.endswith(".jsonl.gz"):
        return gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode(), mtime=0)
    import pyarrow
    import pyarrow.parquet

    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), stream)
    return stream.getvalue()


def tiny_encoder(folder, layers: int = 2, max_length: int = 64) -> dict[str, bytes]:
    """Return the files of an encoder with random weights that knows every word of the data sets."""
    from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder

    shape = Shape(layers=layers, hidden=8, heads=1, feed_forward=8, max_length=max_length)
    known = [*WORDS, "what", "was", "the", "cause", "?", "happened", "as", "a", "result", *map(str, range(6))]
    save_encoder(new_encoder("tiny", known, shape, 0), folder)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
