"""Columns of the transfer table and the rules its values keep."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.keys import KEY
from transfer_analysis.languages import resolve
from transfer_analysis.results.scales import doubtful_scales
from transfer_analysis.tasks import Catalogue, metrics
from transfer_analysis.tasks.conditions import MLM, MULTI_TASK, NONE, parse_condition
from transfer_analysis.tasks.metrics import Metric

#: Value of a key column that is left out. `metric` defaults to the target's own.
DEFAULTS: dict[str, str | int] = {
    "adaptation": "finetune",
    "initialisation": "pretrained",
    "condition": "none",
    "source_language": "en",
    "language": "en",
    "split": "test",
    "checkpoint": "last",
    "seed": 0,
}

REQUIRED = ("model", "target", "score")

#: Columns beside the key and the score, empty where nothing is known.
#:
#: `unknown_tokens` and `inputs_cut`: share (per cent) of a test's subwords that the model's tokenizer does not know, and of
#: its inputs that were longer than the model read. `majority`: the score of answering the model's most frequent class
#: every time; `learnt`: `yes` where the score is above that and above chance beyond the noise of the examples, else `no`.
#: `encoder`: what tells its weights from any others. `intermediate_on`, `trained_on`: what it was trained on before and
#: for the target (`task/split@language:examples`, `+` together, `>` in turn); `tested_on`: the split. `training_data`,
#: `test_data`: hashes of these examples; `data_revision`: data sets of the hub and their commits. `flag` says what is doubtful about a row.
BESIDE = (
    "n_examples",
    "unknown_tokens",
    "inputs_cut",
    "majority",
    "learnt",
    "encoder",
    "precision",
    "intermediate_on",
    "trained_on",
    "tested_on",
    "training_data",
    "test_data",
    "data_revision",
    "recipe",
    "run",
    "origin",
    "flag",
)

COLUMNS = (*KEY, "score", *BESIDE)

INITIALISATIONS = ("pretrained", "random")
CHECKPOINTS = ("last", "best-english", "oracle")
#: `undetermined`: a baseline that is not known for certain. `percent`: a score that was said to be per cent, low as it is.
FLAGS = ("", "undetermined", "percent")
LEARNT = ("", "yes", "no")
#: Conditions that are not the name of an intermediate task.
OTHER_CONDITIONS = (NONE, MULTI_TASK, MLM)

_SHOWN = 8


def problems(frame: pd.DataFrame, catalogue: Catalogue, where: str, locations: Sequence[str]) -> list[str]:
    """Return everything that is wrong with a table, one message each, naming file, row and value.

    Parameters
    ----------
    frame
        Table with the columns of the schema, defaults already filled in; its index counts the rows from 0.
    where
        Name of the file, for the messages.
    locations
        Where each row stands (`results.csv row 17`).
    """
    if frame.empty:
        return [f"{where}: holds no rows; expected at least one score"]
    return [
        *_names(frame, catalogue, locations),
        *_scores(frame, locations),
        *doubtful_scales(frame, catalogue, locations),
        *_repeated_keys(frame, locations),
    ]


def repeated_keys(frame: pd.DataFrame, locations: Sequence[str]) -> list[str]:
    """Return the keys that a table gives more than once, one message each."""
    return list(_repeated_keys(frame, locations))


def column_problems(columns: Iterable[str], where: str) -> list[str]:
    """Return what is wrong with the column names of a table."""
    given = list(columns)
    found = []
    for column in REQUIRED:
        if column not in given:
            found.append(
                f"{where}: column {column!r} is missing{nearest(column, given)}; map it with --map YOURS={column}"
            )
    for column in given:
        if column not in COLUMNS:
            found.append(f"{where}: unknown column {column!r}{nearest(column, COLUMNS)}")
    return found


def _names(frame: pd.DataFrame, catalogue: Catalogue, at: Sequence[str]) -> Iterator[str]:
    yield from _unknown(frame, at, "target", lambda name: _known_target(name, catalogue))
    yield from _unknown(frame, at, "condition", lambda name: _known_condition(name, catalogue))
    for column in ("source_language", "language"):
        yield from _unknown(frame, at, column, resolve)
    yield from _unknown(frame, at, "metric", _one_of("metric", tuple(metrics())))
    yield from _unknown(frame, at, "initialisation", _one_of("initialisation", INITIALISATIONS))
    yield from _unknown(frame, at, "checkpoint", _one_of("checkpoint", CHECKPOINTS))
    yield from _unknown(frame, at, "flag", _one_of("flag", FLAGS))
    yield from _unknown(frame, at, "learnt", _one_of("learnt", LEARNT))
    for column in ("model", "adaptation", "split"):
        empty = frame.index[frame[column].astype(str).str.strip() == ""]
        yield from listed(f"{at[i]}: {column} is empty" for i in empty)


def _known_target(name: str, catalogue: Catalogue) -> object:
    if name in catalogue:
        return name
    raise InputError(
        f"unknown task {name!r}{nearest(name, [task.name for task in catalogue])}; `transfer-analysis tasks list` shows the "
        f"catalogue; import one of your own with --task-of-mine {name}:METRIC:CHANCE, or give its entry with --tasks FILE"
    )


def _known_condition(name: str, catalogue: Catalogue) -> object:
    condition = parse_condition(name)
    if condition.language:
        resolve(condition.language)
    if condition.base in OTHER_CONDITIONS or condition.base in catalogue:
        return condition
    # What models were trained on before may be anything; a name that is nearly a task's is a slip.
    if meant := nearest(condition.base, [*(task.name for task in catalogue), *OTHER_CONDITIONS]):
        raise InputError(
            f"unknown task {condition.base!r}{meant}; one of your own is declared with --task-of-mine {condition.base} "
            "when it is imported, or in a file given with --tasks"
        )
    return condition


def unknown_conditions(names: Iterable[str], catalogue: Catalogue) -> list[str]:
    """Return the intermediate tasks among conditions that the catalogue does not have, sorted."""
    bases = {parse_condition(name).base for name in names}
    return sorted(base for base in bases if base not in OTHER_CONDITIONS and base not in catalogue)


def _one_of(kind: str, allowed: tuple[str, ...]) -> Callable[[str], object]:
    def check(name: str) -> object:
        if name not in allowed:
            shown = ", ".join(repr(a) for a in allowed)
            raise InputError(f"unknown {kind} {name!r}{nearest(name, allowed)}; expected one of {shown}")
        return name

    return check


def _unknown(frame: pd.DataFrame, at: Sequence[str], column: str, check: Callable[[str], object]) -> Iterator[str]:
    """Check each distinct value once and name the first row it stands in."""
    first = frame.drop_duplicates(column)
    for i, value in first[column].items():
        try:
            check(str(value))
        except InputError as error:
            count = int((frame[column] == value).sum())
            more = f" (in {count} rows)" if count > 1 else ""
            yield f"{at[i]}: {column}: {error}{more}"


def _scores(frame: pd.DataFrame, at: Sequence[str]) -> Iterator[str]:
    low = frame["metric"].map({name: metric.range[0] for name, metric in metrics().items()}).astype(float)
    high = frame["metric"].map({name: metric.range[1] for name, metric in metrics().items()}).astype(float)
    # Rounding in published tables may carry a perfect score a hair past the end of its scale.
    off = frame[(frame["score"] < low - 1e-6) | (frame["score"] > high + 1e-6)]
    yield from listed(
        f"{at[i]}: score {score} is outside the range of {metric}, {_range(metrics()[metric])}"
        for i, score, metric in zip(off.index, off["score"], off["metric"], strict=True)
    )


def _range(metric: Metric) -> str:
    low, high = metric.range
    shown = f"at most {high:g}" if math.isinf(low) else f"at least {low:g}" if math.isinf(high) else f"{low:g}–{high:g}"
    turned = " (less is better, so scores are kept with their sign turned; `results import` does that)"
    return shown + (turned if metric.better == "lower" else "")


def _repeated_keys(frame: pd.DataFrame, at: Sequence[str]) -> Iterator[str]:
    repeated = frame[frame.duplicated(list(KEY), keep=False)]
    if repeated.empty:
        return
    varying = [c for c in KEY if frame[c].nunique() > 1] or list(KEY)
    messages = []
    for _, group in repeated.groupby(list(KEY), sort=False):
        named = ", ".join(f"{c}={group.iloc[0][c]}" for c in varying)
        stands = ", ".join(at[i] for i in group.index[:4])
        messages.append(f"{stands}: the same key is given {len(group)} times ({named}); keep one row of each")
    yield from listed(iter(messages))


def listed(messages: Iterator[str]) -> Iterator[str]:
    """Pass the first few messages on and count the rest."""
    everything = list(messages)
    yield from everything[:_SHOWN]
    if len(everything) > _SHOWN:
        yield f"… and {len(everything) - _SHOWN} more like the last"
