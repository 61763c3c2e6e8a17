"""Commands on distances between languages; those between tasks stand in `task_distances`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from transfer_analysis.commands import task_distances
from transfer_analysis.commands.common import OwnTasks, group, print_table, progress, read_catalogue
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    from transfer_analysis.distances import DistanceMatrix
    from transfer_analysis.distances.languages.imputation import Imputation
    from transfer_analysis.distances.languages.kinds import LanguageKind
    from transfer_analysis.distances.languages.texts import LanguageTexts
    from transfer_analysis.distances.languages.typological import Measure
    from transfer_analysis.distances.tokenizers import Tokenizer

app = group("Distances between tasks and between languages.")

#: Languages at most that a table on the screen has room for.
_SHOWN = 16


@app.command(
    "languages",
    epilog="Example: transfer-analysis distances languages de fr sw zh --kind syntactic --from en; "
    "transfer-analysis distances languages en de tr --kind fertility --text corpora/ --task udpos --tokenizer my-encoder",
)
def language_distances_command(
    languages: Annotated[
        list[str] | None,
        typer.Argument(help="Codes (ISO 639, Glottocodes) or names; all with data where none is given."),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            help="See `transfer-analysis distances kinds`: of codes, text (--text, --tokenizer) or a --table."
        ),
    ] = "syntactic",
    source: Annotated[str | None, typer.Option("--from", help="Only the distances from this language.")] = None,
    min_shared: Annotated[int, typer.Option(min=1, help="A pair with fewer shared known features is missing.")] = 1,
    measure: Annotated[
        str, typer.Option(help="angular (URIEL+'s) or gower (share of features that differ).")
    ] = "angular",
    impute: Annotated[
        str | None,
        typer.Option(
            help="Guess unknown features: nearest (10 languages), family, or knn (URIEL+'s); never done unasked."
        ),
    ] = None,
    sources: Annotated[
        str,
        typer.Option(help="Of typology: all, uriel-2017 (as lang2vec has it), or names such as grambank or wals+sswl."),
    ] = "all",
    text: Annotated[str | None, typer.Option(help="Folder with <task>/<language>/<split>.jsonl.gz, or `hub`.")] = None,
    task: Annotated[str, typer.Option(help="Task of the catalogue whose texts or tokens are read.")] = "ntrex",
    count: Annotated[int, typer.Option(min=1, help="Sentences of each language.")] = 1000,
    tokenizer: Annotated[str | None, typer.Option(help="Folder or hub id of a tokenizer.")] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            help="CSV with two languages and a distance in each row; for pretraining-size, with the columns language and size."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="CSV file to write, beside it .json and shared features.")
    ] = None,
    own_tasks: OwnTasks = None,
) -> None:
    """Compute distances between languages.

    A pair without shared known features has no distance; what is missing is said, and nothing is guessed unless --impute
    asks for it.
    """
    from transfer_analysis.distances.languages import language_distances, languages_with
    from transfer_analysis.distances.languages.kinds import language_kind
    from transfer_analysis.distances.matrix import require_matrix_path

    chosen = language_kind(kind)

    codes = list(dict.fromkeys([*([source] if source else []), *(languages or [])]))
    _require_options(
        chosen,
        {"--text": text, "--tokenizer": tokenizer},
        table,
        measure != "angular" or impute is not None or min_shared > 1 or sources != "all",
    )
    if out is not None:
        require_matrix_path(out)
    with progress() as report:
        report(f"computing {kind} distances", 0.1)
        if chosen.of_text is not None:
            matrix = chosen.of_text(*_texts(kind, codes, text, task, count, tokenizer, own_tasks))
        elif chosen.of_table is not None and table is not None:
            matrix = chosen.of_table(table, codes or None)
        elif chosen.of_codes is None:
            raise InputError(f"{kind} distances come from a table: give --table FILE.csv")
        else:
            if not languages:
                codes = list(dict.fromkeys([*([source] if source else []), *languages_with(kind)]))
            matrix = language_distances(
                codes,
                kind,
                min_shared=min_shared,
                measure=cast("Measure", measure),  # both are checked there
                impute=cast("Imputation | None", impute),
                sources=sources,
                count_sources=True,
            )
        report("done", 1.0)
    if source:
        matrix = matrix.from_rows([source])
    _give(matrix, out)


def _require_options(kind: LanguageKind, of_text: dict[str, str | None], table: Path | None, of_features: bool) -> None:
    """Refuse options that the kind would pass over in silence."""
    unused = [option for option, given in of_text.items() if given is not None and kind.of_text is None]
    unused += ["--table"] if table is not None and kind.of_table is None else []
    unused += ["--measure, --impute, --sources or --min-shared"] if of_features and kind.of_codes is None else []
    if unused:
        raise InputError(f"{kind.name} distances have no use for {' and '.join(unused)}; leave that out")


def _texts(
    kind: str, codes: list[str], text: str | None, task: str, count: int, tokenizer: str | None, own_tasks: Path | None
) -> tuple[LanguageTexts, Tokenizer]:
    from transfer_analysis.corpora import corpus_from
    from transfer_analysis.distances.languages.texts import language_texts
    from transfer_analysis.distances.tokenizers import load_tokenizer

    if text is None or tokenizer is None:
        raise InputError(
            f"{kind} reads text with a tokenizer: give --text FOLDER --task TASK --tokenizer FOLDER-or-hub-id"
        )
    catalogue = read_catalogue(own_tasks)
    loaded = load_tokenizer(tokenizer)
    return language_texts(corpus_from([text], catalogue), catalogue[task], codes, count), loaded


def _give(matrix: DistanceMatrix, out: Path | None) -> None:
    """Write a matrix or print it, and say what is missing and what was done to the data."""
    if out is not None:
        matrix.write(out)
        typer.echo(f"wrote {out}: {len(matrix.rows)} × {len(matrix.columns)}")
    elif len(matrix.columns) > _SHOWN and len(matrix.rows) > 1:
        raise InputError(
            f"{len(matrix.columns)} languages are too many for a table on the screen; write a file with --out"
        )
    elif len(matrix.rows) == 1:
        row = matrix.values.iloc[0]
        counts = [] if matrix.shared is None else [[str(count)] for count in matrix.shared.iloc[0]]
        header = [matrix.kind, matrix.rows[0], *(["shared features"] if counts else [])]
        if matrix.by_source:
            header.append("by source")
            counts = [[*count, _counted_by(matrix, label)] for count, label in zip(counts, matrix.columns, strict=True)]
        lines = [[label, _number(value)] for label, value in row.items()]
        print_table(header, [line + count for line, count in zip(lines, counts, strict=True)] if counts else lines)
    else:
        shown = matrix.values.itertuples()
        print_table([matrix.kind, *matrix.columns], [[str(row[0]), *map(_number, row[1:])] for row in shown])
    for remark in matrix.remarks():
        typer.echo(remark, err=True)


def _counted_by(matrix: DistanceMatrix, column: str) -> str:
    """Return how many features each source knows of both languages, the most first."""
    found = {name: int(counts[column].iloc[0]) for name, counts in matrix.by_source.items()}
    most = sorted(((count, name) for name, count in found.items() if count), reverse=True)
    return ", ".join(f"{name} {count}" for count, name in most) or "–"


def _number(value: float) -> str:
    return f"{value:.3f}" if value == value else "–"


app.add_typer(task_distances.app)  # without a name of its own: its commands stand beside the others
