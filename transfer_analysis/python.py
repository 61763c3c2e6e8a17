"""What Python users call: every path may be text, every table a frame."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeAlias

import pandas as pd

from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.distances import language_distances as distances_of
from transfer_analysis.errors import InputError
from transfer_analysis.observations import observe
from transfer_analysis.results import Gains, TransferTable, read_table
from transfer_analysis.results import gains as gains_of
from transfer_analysis.results.importers import Asked, import_frame, importer_named
from transfer_analysis.results.importers.asked import fields_of
from transfer_analysis.results.schema import REQUIRED, column_problems
from transfer_analysis.results.store import read_frame, write_frame
from transfer_analysis.studies import Analysed, Given, Study, load_study
from transfer_analysis.studies import run_study as run
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.tasks.own import task_of_mine

#: Fields of what is given to a study that are paths, or mappings to paths.
_PATHS = ("results", "examples", "languages", "tasks", "diversity", "store")
_MATRICES = ("task_distances", "language_distances")

Table: TypeAlias = TransferTable | Gains | pd.DataFrame | str | Path
Matrix: TypeAlias = DistanceMatrix | pd.DataFrame | str | Path


def read_results(
    table: pd.DataFrame | str | Path,
    *,
    rename: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
    constants: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    baseline: str | None = None,
    wide: str | Sequence[str] = (),
    leave_out: Sequence[str] = (),
    fractions: bool = False,
    scales: Mapping[str, str] | None = None,
    skip_missing: bool = False,
    sheet: str | None = None,
    encoding: str | None = None,
    codes: Literal["iso", "wikipedia"] = "iso",
    importer: str = "table",
    pattern: str | None = None,
    tasks: str | Path | None = None,
    tasks_of_mine: Sequence[str] = (),
) -> TransferTable:
    """Return a transfer table, checked, of a frame or a file: CSV with any separator, a workbook, JSON lines or Parquet.

    What is in it and not in the table (averages, rows without a score) is said in a warning.

    Parameters
    ----------
    rename
        Your column → the table's: model, target and score are needed; condition, language, seed, … have defaults.
    values
        Column → your value → the table's: `{"target": {"XNLI": "xnli"}}`.
    constants
        Column → one value for all rows.
    names
        Your name of a task, as target or condition → the catalogue's. Usual ones (XNLI, PAN-X, SQuAD1.1) are known.
    baseline
        What you call the condition without intermediate task; it is `none` in the table.
    wide
        What columns of scores are named by, where there is one for each `language`, `metric` or `target`; two fields
        (`"target,language"`) for a header of two rows.
    leave_out
        Columns that are not read.
    fractions
        Whether scores are between 0 and 1; they are then multiplied by 100.
    scales
        Target, or target/model → `fraction` or `percent`, where the scores leave a doubt.
    skip_missing
        Leave out rows without a score, which are refused otherwise.
    sheet
        Of a workbook.
    encoding
        Of text, such as `latin-1`.
    codes
        Whose codes languages have: `iso`, or `wikipedia` (WikiANN).
    importer
        What reads a file or a folder: a format of `results import` (`trainer`, `jiant`, `lm-eval`, `mteb`, …).
    pattern
        What the folders of a run are called: `"{condition}/{target}/seed{seed}"`.
    tasks
        YAML file with tasks that the catalogue does not have.
    tasks_of_mine
        Such tasks in a word each: `"belebele:accuracy:25"`, with its metric and the score of guessing.

    Raises
    ------
    InputError
        With every problem of the table.

    Examples
    --------
    >>> import pandas as pd
    >>> mine = pd.DataFrame({"task": ["XNLI", "XNLI"], "with": ["-", "qqp"], "acc": [70.0, 71.5]})
    >>> table = read_results(mine, rename={"task": "target", "with": "condition", "acc": "score"},
    ...                      values={"target": {"XNLI": "xnli"}}, constants={"model": "mine"}, baseline="-")
    >>> float(gains(table)["gain"].iloc[0])
    1.5
    """
    asked = Asked(
        mapping=rename or {},
        values=values or {},
        constants=constants or {},
        renamed=names or {},
        baseline=baseline,
        wide=fields_of(wide),
        left_out=tuple(leave_out),
        fractions=fractions,
        scales=scales or {},
        skip_missing=skip_missing,
        sheet=sheet,
        encoding=encoding,
        codes=codes,
        pattern=pattern,
    )
    catalogue = load_catalogue(None if tasks is None else Path(tasks), [task_of_mine(text) for text in tasks_of_mine])
    if not isinstance(table, pd.DataFrame | str | Path):
        raise InputError(f"expected a frame or a path, not {type(table).__name__}; of a series, give .reset_index()")
    if isinstance(table, pd.DataFrame):
        found, name = import_frame(table, "table", asked, catalogue=catalogue), "table"
    else:
        found, name = importer_named(importer).read(Path(table), asked, catalogue), Path(table).name
    if found.ignored:  # a column that is misspelt would be missed without a word
        raise InputError(column_problems([*REQUIRED, *found.ignored], name))
    if found.left_out:
        warnings.warn(f"{name}: {'; '.join(found.left_out)}", stacklevel=2)
    return found.table


def gains(table: TransferTable | str | Path) -> pd.DataFrame:
    """Return the gain of every score over its baseline; `results gains` on the command line says what has none.

    Raises
    ------
    InputError
        Where the table has no intermediate task, or no baseline at all.

    Examples
    --------
    >>> from transfer_analysis.example import example_results
    >>> len(gains(example_results()))
    702
    """
    found = gains_of(table if isinstance(table, TransferTable) else read_table(Path(table)))
    if found.frame.empty:
        raise InputError(found.describe())
    return found.frame


def join(
    rows: Table,
    *,
    task_distances: Mapping[str, Matrix] | None = None,
    language_distances: Mapping[str, Matrix] | Sequence[str] = (),
    tasks: str | Path | None = None,
) -> pd.DataFrame:
    """Return scores or gains joined with distances, one column `<name>_distance` each, by name and never by position.

    Parameters
    ----------
    rows
        Gains, a transfer table, or a frame of either.
    task_distances
        Name → matrix between tasks: a `DistanceMatrix`, a frame, or a file.
    language_distances
        Kinds that are computed (`["syntactic", "genetic"]`), or name → matrix.
    tasks
        YAML file with tasks that the catalogue does not have.

    Raises
    ------
    InputError
        Where no row can be joined.

    Examples
    --------
    >>> from transfer_analysis.example import example_results
    >>> rows = join(gains(example_results()), language_distances=["syntactic", "genetic"])
    >>> "syntactic_distance" in rows
    True
    """
    frame = _frame(rows)
    found = observe(
        frame,
        task_distances={name: _matrix(name, given) for name, given in (task_distances or {}).items()},
        language_distances=_of_languages(frame, language_distances),
        catalogue=load_catalogue(None if tasks is None else Path(tasks)),
    )
    return found.frame


def language_distances(
    languages: Sequence[str], kinds: str | Sequence[str] = "syntactic", **options: Any
) -> DistanceMatrix | dict[str, DistanceMatrix]:
    """Return a distance between languages, or several by their kind.

    Parameters
    ----------
    languages
        Codes or names: ISO 639, Glottocodes, `sr-Cyrl`, `German`.
    kinds
        A kind, or several; `transfer-analysis distances kinds` lists them.
    **options
        `min_shared`, `measure`, `impute`, for kinds that come from features.

    Examples
    --------
    >>> d = language_distances(["en", "de", "ja"])
    >>> d["en", "de"] < d["en", "ja"]
    True
    >>> sorted(language_distances(["en", "de"], ["syntactic", "genetic"]))
    ['genetic', 'syntactic']
    """
    if isinstance(kinds, str):
        return distances_of(languages, kinds, **options)
    return {kind: distances_of(languages, kind, **options) for kind in kinds}


def run_study(study: Study | str | Path, out: str | Path, **given: Any) -> Analysed:
    """Run a study from its results to its report.

    Parameters
    ----------
    study
        Name of a bundled study, your own file, or a loaded study.
    out
        Folder of the report.
    **given
        Fields of `Given`: results, examples, languages, task_distances, corpora, scale, store, …; or `given`, a `Given`. What
        is a table or a matrix may be a frame.

    Raises
    ------
    InputError
        For anything given that cannot be used.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from transfer_analysis.example import example_distances, example_results
    >>> from transfer_analysis.studies.fields import new_study
    >>> folder = Path(mkdtemp())
    >>> _ = (folder / "mine.yaml").write_text(new_study("mine"), encoding="utf-8")
    >>> found = run_study(folder / "mine.yaml", folder / "report", results=example_results(),
    ...                   task_distances={"semantic": example_distances()})
    >>> found.outcome("nearer-tasks").estimate < -0.5
    True
    """
    loaded = study if isinstance(study, Study) else load_study(str(study))
    named = Path("" if isinstance(study, Study) else study)
    base = given.pop("given", Given(study="" if isinstance(study, Study) else named.name, beside=named.parent))
    with TemporaryDirectory(prefix="transfer-analysis-") as folder:
        return run(loaded, Path(out), replace(base, **_as_files(given, Path(folder))))


def _as_files(given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return what is given with paths in place of text, and files in place of tables and matrices."""
    found = dict(given)
    for name in _PATHS:
        value = found.get(name)
        if isinstance(value, TransferTable | pd.DataFrame):
            found[name] = folder / f"{name}.{'parquet' if name == 'results' else 'csv'}"
            write_frame(_frame(value), found[name])
        elif value is not None:
            found[name] = Path(value)
    for kind in _MATRICES:
        for name, matrix in found.get(kind, {}).items():
            path = folder / f"{name}.csv"
            if not isinstance(matrix, str | Path):
                _matrix(name, matrix).write(path)
            found[kind] = {**found[kind], name: Path(matrix) if isinstance(matrix, str | Path) else path}
    return found


def _frame(table: Table) -> pd.DataFrame:
    if isinstance(table, TransferTable | Gains):
        return table.frame
    if isinstance(table, pd.DataFrame):
        return table.copy()
    return read_frame(Path(table))


def _matrix(name: str, given: Matrix) -> DistanceMatrix:
    if isinstance(given, DistanceMatrix):
        return given
    return DistanceMatrix(given, name) if isinstance(given, pd.DataFrame) else DistanceMatrix.read(Path(given))


def _of_languages(frame: pd.DataFrame, given: Mapping[str, Matrix] | Sequence[str]) -> dict[str, DistanceMatrix]:
    if isinstance(given, Mapping):
        return {name: _matrix(name, matrix) for name, matrix in given.items()}
    codes = sorted({*frame["source_language"], *frame["language"]}) if given else []
    return {kind: distances_of(codes, kind) for kind in given}
