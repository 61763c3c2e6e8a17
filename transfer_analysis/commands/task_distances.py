"""Commands on distances between tasks, their comparison, and the diversity of tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from transfer_analysis.commands.common import FromIfAny, OwnTasks, group, print_table, progress, read_catalogue
from transfer_analysis.errors import InputError, UnsuitedError

if TYPE_CHECKING:
    import pandas as pd

    from transfer_analysis.distances.embeddings.encoders import TextEncoder
    from transfer_analysis.distances.inputs import Inputs
    from transfer_analysis.distances.matrix import DistanceMatrix
    from transfer_analysis.distances.models.tuned import TunedTasks
    from transfer_analysis.distances.tasks.examples import TaskExamples
    from transfer_analysis.progress import Report

app = group()

#: Examples of each task that are read from a corpus.
_COUNT = 256

Names = Annotated[
    list[str],
    typer.Argument(
        metavar="TASKS...",
        help="Names from the catalogue, with --from; or one JSON Lines file with task, text and perhaps label.",
    ),
]
Language = Annotated[
    str | None, typer.Option(help="With --from: code of the language of the examples; English where not given.")
]
Count = Annotated[int | None, typer.Option(min=1, help="Examples of each task; 256 where not given, all of a file.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of samples, training and projections.")]
Encoder = Annotated[str, typer.Option(help="Text encoder: auto, a folder, or a hub id (owner/name@revision).")]
Layer = Annotated[
    int | None, typer.Option(min=0, help="Pool this layer's states in place of the encoder's own sentence embedding.")
]
Pooling = Annotated[str | None, typer.Option(help="With --layer: mean (TextEmb), the default, or first.")]
TokenizerName = Annotated[
    str | None, typer.Option("--tokenizer", help="For word-based kinds: count this tokenizer's subwords.")
]
Descriptions = Annotated[Path | None, typer.Option(help="YAML with a description for each task; else the catalogue's.")]
Model = Annotated[str, typer.Option(help="Encoder that is trained on each task: auto, a folder, or a hub id.")]
ModelName = Annotated[
    str, typer.Option(help="Name of that encoder in results, which a study joins by; else its id or folder.")
]
RecipeName = Annotated[str, typer.Option("--recipe", help="Recipe it is trained by: small, xtreme, jiant, simulated.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the examples, in place of the recipe's.")]
Probe = Annotated[
    Path | None, typer.Option(help="Text file, a probe on each line, for cka and rsa; else the tasks' own texts.")
]


@app.command(
    "tasks",
    epilog="Example: transfer-analysis distances tasks examples.jsonl -o distances.csv; "
    "transfer-analysis distances tasks squad qqp xnli --from corpora/ --kind logme -o logme.csv",
)
def task_distances_command(
    tasks: Names,
    kind: Annotated[str, typer.Option(help="See `transfer-analysis distances kinds`.")] = "mean-embedding-cosine",
    source: FromIfAny = None,
    language: Language = None,
    count: Count = None,
    seed: Seed = 0,
    encoder: Encoder = "auto",
    layer: Layer = None,
    pooling: Pooling = None,
    tokenizer: TokenizerName = None,
    descriptions: Descriptions = None,
    model: Model = "auto",
    model_name: ModelName = "",
    recipe: RecipeName = "small",
    epochs: Epochs = None,
    probe: Probe = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file to write, beside it .json.")] = Path(
        "task-distances.csv"
    ),
    own_tasks: OwnTasks = None,
) -> None:
    """Compute the distance between tasks of one kind."""
    from transfer_analysis.distances.kinds import task_distances, task_kind
    from transfer_analysis.distances.matrix import require_matrix_path

    task_kind(kind)  # an unknown one is said at once
    require_matrix_path(out)
    with progress() as report:
        asked = _Asked(tasks, source, language, count, seed, own_tasks)
        reading = _Reading(encoder, layer, pooling, tokenizer, descriptions, model, model_name, recipe, epochs, probe)
        inputs = _inputs(asked, reading, report)
        matrix = task_distances(kind, inputs, report)
        report("done", 1.0)
    matrix.write(out)
    typer.echo(f"wrote {out}: {kind}, {len(matrix.rows)} × {len(matrix.columns)} tasks")
    for remark in _left_out({kind: matrix}, inputs):
        typer.echo(remark, err=True)


@app.command("kinds", epilog="Example: transfer-analysis distances kinds")
def kinds_command() -> None:
    """List the kinds of distance between tasks and between languages, and what each needs."""
    from transfer_analysis.distances.kinds import task_kinds
    from transfer_analysis.distances.languages.kinds import language_kinds

    rows = [[k.name, k.title, k.needs, "yes" if k.directed else "no"] for k in task_kinds().values()]
    print_table(["between tasks", "what it is", "needs", "directed"], rows)
    of_languages = [
        [
            k.name,
            k.title,
            " or ".join(n for n, of in (("codes", k.of_codes), ("text", k.of_text), ("a table", k.of_table)) if of),
        ]
        for k in language_kinds().values()
    ]
    print_table(["between languages", "what it is", "needs"], of_languages)


@app.command(
    "compare",
    epilog="Example: transfer-analysis distances compare squad qqp anli stsb xnli udpos --from corpora/ -o compared/",
)
def compare_command(
    tasks: Names,
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="Kinds to compare, once for each; all where none is given.")
    ] = None,
    source: FromIfAny = None,
    language: Language = None,
    count: Count = None,
    seed: Seed = 0,
    encoder: Encoder = "auto",
    layer: Layer = None,
    pooling: Pooling = None,
    tokenizer: TokenizerName = None,
    descriptions: Descriptions = None,
    model: Model = "auto",
    model_name: ModelName = "",
    recipe: RecipeName = "small",
    epochs: Epochs = None,
    probe: Probe = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the matrices, the correlations and the figure.")
    ] = Path("compared"),
    own_tasks: OwnTasks = None,
) -> None:
    """Compute several kinds of distance between the same tasks, and how far they agree (Spearman).

    Without --kind, all that the examples allow: those that train an encoder only with --from.
    """
    from transfer_analysis.distances.compare import LEAST, rank_correlations
    from transfer_analysis.distances.kinds import task_distances, task_kind, task_kinds

    for kind in kinds or []:
        task_kind(kind)
    if kinds and len(set(kinds)) < 2:
        raise InputError("comparing needs two kinds of distance at least; give --kind again, or none for all")
    chosen = list(dict.fromkeys(kinds or [])) or [
        name for name, kind in task_kinds().items() if source is not None or kind.needs != "training"
    ]
    with progress() as report:
        asked = _Asked(tasks, source, language, count, seed, own_tasks)
        reading = _Reading(encoder, layer, pooling, tokenizer, descriptions, model, model_name, recipe, epochs, probe)
        inputs = _inputs(asked, reading, report)
        matrices: dict[str, DistanceMatrix] = {}
        refused: list[str] = []
        for i, kind in enumerate(chosen):
            report(kind, i / len(chosen))
            try:
                matrices[kind] = task_distances(kind, inputs, _part_of(report, i, len(chosen)))
            except UnsuitedError as error:
                if kinds:
                    raise
                refused += [f"without {kind}: {problem}" for problem in error.problems]
                continue
            matrices[kind].write(out / f"{kind}.csv")  # at once, so that an interruption loses one kind at most
        report("done", 1.0)
    correlations, cells = rank_correlations(matrices)
    drawn = bool(correlations.notna().to_numpy().sum() > len(correlations))
    _write_comparison(correlations, cells, drawn, out)
    _print_correlations(correlations)
    for remark in [*refused, *_left_out(matrices, inputs)]:
        typer.echo(remark, err=True)
    if correlations.isna().to_numpy().any():
        typer.echo(f"no correlation (–): fewer than {LEAST} pairs of tasks in common, or no variation", err=True)
    typer.echo(
        f"wrote {out}/: {len(matrices)} matrices, correlations.csv, cells.csv{', agreement.pdf and .png' if drawn else ''}"
    )


@app.command(
    "diversity",
    epilog="Example: transfer-analysis distances diversity squad qqp hellaswag anli --from corpora/ -o diversity.csv",
)
def diversity_command(
    tasks: Names,
    source: FromIfAny = None,
    language: Language = None,
    count: Count = None,
    seed: Seed = 0,
    encoder: Encoder = "auto",
    resamples: Annotated[int, typer.Option(min=10, help="Half-samples behind each interval.")] = 200,
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file to write.")] = Path("diversity.csv"),
    own_tasks: OwnTasks = None,
) -> None:
    """Measure how diverse the examples of each task are: words, n-grams, embeddings, syntax, lengths, genres."""
    from transfer_analysis.distances.diversity import diversity_table
    from transfer_analysis.distances.embeddings.encoders import load_sentence_encoder
    from transfer_analysis.files import write_text

    with progress() as report:
        report("reading examples", 0.0)
        examples = _examples(_Asked(tasks, source, language, count, seed, own_tasks))
        table = diversity_table(examples, load_sentence_encoder(encoder), resamples=resamples, seed=seed, report=report)
        report("done", 1.0)
    write_text(out, table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    wide = table.assign(shown=[f"{r.value:.3g} ({r.low:.3g}–{r.high:.3g})" for r in table.itertuples()])
    shown = wide.pivot(index="measure", columns="task", values="shown").reindex(table["measure"].unique())
    columns = list(dict.fromkeys(table["task"]))
    print_table(
        ["measure", *columns],
        [
            [str(m), *(str(shown.at[m, c]) if isinstance(shown.at[m, c], str) else "–" for c in columns)]
            for m in shown.index
        ],
    )
    typer.echo(f"wrote {out}: {table['examples'].iloc[0]} examples of each task")


@dataclass(frozen=True)
class _Asked:
    """Which examples are asked for."""

    tasks: list[str]
    source: list[str] | None
    language: str | None
    count: int | None
    seed: int
    own_tasks: Path | None


@dataclass(frozen=True)
class _Reading:
    """What they are read with."""

    encoder: str
    layer: int | None
    pooling: str | None
    tokenizer: str | None
    descriptions: Path | None
    model: str
    model_name: str
    recipe: str
    epochs: int | None
    probe: Path | None


def _inputs(asked: _Asked, reading: _Reading, report: Report) -> Inputs:
    """Read everything that is quick to read, so that mistakes show at once; encoders are loaded when a kind needs them."""
    from transfer_analysis.distances.inputs import Inputs
    from transfer_analysis.distances.tokenizers import load_tokenizer
    from transfer_analysis.files import read_text
    from transfer_analysis.training.computing.memory import settle_memory
    from transfer_analysis.training.recipes import recipe as named_recipe

    settle_memory()
    if reading.pooling not in (None, "mean", "first"):
        raise InputError(f"--pooling {reading.pooling!r}: expected mean or first")
    if reading.pooling is not None and reading.layer is None:
        raise InputError("--pooling goes with --layer; a sentence encoder pools as it was trained to")
    overrides = {"epochs": reading.epochs} if reading.epochs is not None else {}
    recipe = named_recipe(reading.recipe, **overrides)
    report("reading examples", 0.0)
    examples = _examples(asked)
    if len(examples) < 2:
        raise InputError(f"a distance is between two tasks at least; there is only {', '.join(examples)}: add another")
    catalogue = read_catalogue(asked.own_tasks)
    described = {name: catalogue[name].description for name in examples if name in catalogue}
    if reading.descriptions is not None:
        described |= _read_descriptions(reading.descriptions)

    probes: list[str] = []
    if reading.probe is not None:
        probes = [line for line in read_text(reading.probe, "a text on each line").splitlines() if line.strip()]

    def tuned(chosen: dict[str, TaskExamples], report: Report) -> TunedTasks:
        from transfer_analysis.distances.models.tuned import tuned_tasks

        return tuned_tasks(chosen, reading.model, recipe, asked.seed, report, reading.model_name)

    return Inputs(
        examples,
        _text_encoder(reading.encoder, reading.layer, reading.pooling or "mean"),
        load_tokenizer(reading.tokenizer) if reading.tokenizer else None,
        described,
        tuned if asked.source is not None else None,
        probes,
        asked.seed,
    )


def _text_encoder(name: str, layer: int | None, pooling: str) -> Callable[[], TextEncoder]:
    def load() -> TextEncoder:
        from transfer_analysis.distances.embeddings.encoders import load_layer_encoder, load_sentence_encoder

        if layer is None:
            return load_sentence_encoder(name)
        return load_layer_encoder(name, layer, cast(Literal["mean", "first"], pooling))

    return load


def _examples(asked: _Asked) -> dict[str, TaskExamples]:
    from transfer_analysis.corpora import corpus_from
    from transfer_analysis.distances.tasks.examples import corpus_examples, read_labelled_examples

    if asked.source is None:
        if len(asked.tasks) != 1:
            raise InputError(
                "give one JSON Lines file of examples, or names of tasks and --from with a folder or `hub`"
            )
        if asked.language is not None:
            raise InputError("--language goes with --from; a file holds the examples it holds")
        found = read_labelled_examples(Path(asked.tasks[0]))
        return {name: one.sampled(asked.count, asked.seed) if asked.count else one for name, one in found.items()}
    catalogue = read_catalogue(asked.own_tasks)
    corpus = corpus_from(asked.source, catalogue)
    return corpus_examples(corpus, catalogue, asked.tasks, asked.language or "en", asked.count or _COUNT, asked.seed)


def _read_descriptions(path: Path) -> dict[str, str]:
    from transfer_analysis.documents import parse_yaml
    from transfer_analysis.files import read_text

    fields = parse_yaml(read_text(path, "descriptions in YAML"), path.name, "from task to description")
    wrong = [str(task) for task, text in fields.items() if not isinstance(task, str) or not isinstance(text, str)]
    if wrong:
        raise InputError(f"{path.name}: {', '.join(wrong)}: expected a task's name and, behind the colon, text")
    return fields


def _part_of(report: Report, part: int, parts: int) -> Report:
    """Return a report on one of several parts of the work, as a report on all of it."""
    return lambda what, share: report(what, (part + share) / parts)


#: Why a kind has no distance for a task, by what it needs.
_LACKING = {"classes": "no classes", "training": "no training data with the labels that it needs"}


def _left_out(matrices: dict[str, DistanceMatrix], inputs: Inputs) -> list[str]:
    """Say which tasks a matrix lacks, and which distances."""
    from transfer_analysis.distances.kinds import task_kind

    said = []
    for kind, matrix in matrices.items():
        without = [task for task in inputs.examples if task not in matrix.rows and task not in matrix.columns]
        if without:
            said.append(f"{kind}: not for {', '.join(without)} ({_LACKING.get(task_kind(kind).needs, 'no examples')})")
        said += matrix.remarks()
    return said


def _write_comparison(correlations: pd.DataFrame, cells: pd.DataFrame, drawn: bool, out: Path) -> None:
    from transfer_analysis.commands.figures import write_figure
    from transfer_analysis.files import write_text
    from transfer_analysis.reporting import agreement_heatmap

    write_text(
        out / "correlations.csv", correlations.to_csv(index_label="kind", float_format="%.6g", lineterminator="\n")
    )
    write_text(out / "cells.csv", cells.to_csv(index_label="kind", lineterminator="\n"))
    if not drawn:
        return
    axes = agreement_heatmap(correlations)
    kinds: tuple[Literal["pdf", "png"], ...] = ("pdf", "png")
    for kind in kinds:
        write_figure(axes, out / f"agreement.{kind}", kind)


def _print_correlations(correlations: pd.DataFrame) -> None:
    # As plain text: a table of twenty-six columns would be cut to nothing.
    names = list(correlations.index)
    width = max(map(len, names))
    typer.echo(" " * (width + 4) + "".join(f"{i + 1:>5}" for i in range(len(names) - 1)))
    for i, name in enumerate(names):
        values = [
            f"{round(value, 2) + 0.0:+.2f}".replace("0.", ".") if value == value else "–"
            for value in correlations.iloc[i, :i]
        ]
        typer.echo(f"{i + 1:>3} {name:<{width}}" + "".join(f"{value:>5}" for value in values))
