"""Run a study: results → distances → join → tests → report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from transfer_analysis.distances import DistanceMatrix, language_distances
from transfer_analysis.distances.kinds import Inputs, task_distances
from transfer_analysis.distances.tasks.examples import TaskExamples
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.files import sha256
from transfer_analysis.observations import Observations, observe
from transfer_analysis.progress import Report, silent
from transfer_analysis.results import TransferTable, gains, read_table
from transfer_analysis.statistics import holm
from transfer_analysis.studies.analyses import Material, analyse
from transfer_analysis.studies.covariates import read_covariates, read_diversity
from transfer_analysis.studies.findings import Finding
from transfer_analysis.studies.hypotheses import DiverseTasks, covariates_of
from transfer_analysis.studies.render import write_report
from transfer_analysis.studies.selected import Selected, select_rows
from transfer_analysis.studies.study import Study
from transfer_analysis.tasks import Catalogue, load_catalogue


@dataclass(frozen=True)
class Given:
    """What a person gives to a study in place of its own.

    Attributes
    ----------
    results
        A transfer table (Parquet or CSV).
    examples
        Examples of the tasks, JSON Lines with `task` and `text`.
    languages
        Properties of languages for covariates: CSV with a column `language`.
    encoder
        Sentence encoder: `auto`, a folder or a hub id.
    tasks
        YAML file with tasks that the catalogue does not have.
    task_distances
        Name of a task distance → a matrix (CSV with labels), in place of the study's own; without a name (an empty one),
        that of its only one.
    diversity
        Diversity of the intermediate tasks, as `distances diversity` writes it, in place of that of the examples.
    workers
        Processes for training.
    study
        How the study was named or where its file lies, for the report.
    """

    results: Path | None = None
    examples: Path | None = None
    languages: Path | None = None
    encoder: str = "auto"
    tasks: Path | None = None
    task_distances: Mapping[str, Path] = field(default_factory=dict)
    diversity: Path | None = None
    workers: int = 2
    study: str = ""

    def given_files(self) -> dict[str, Path]:
        """Return each file given, by its option on the command line."""
        options = {
            "--results": self.results,
            "--examples": self.examples,
            "--languages": self.languages,
            "--tasks": self.tasks,
            "--diversity": self.diversity,
        }
        of_tasks = {
            f"--task-distances {name}=" if name else "--task-distances": p for name, p in self.task_distances.items()
        }
        return {**{option: path for option, path in options.items() if path is not None}, **of_tasks}

    def files(self) -> dict[str, dict[str, str]]:
        """Return name and hash of each file given, by its option."""
        return {option: {"name": p.name, "sha256": sha256(p)} for option, p in self.given_files().items()}

    def command(self, study: Study) -> str:
        """Return the command that does it again, with the names of the files given."""
        words = ["transfer-analysis study run", self.study or study.name]
        words += [f"{option}{'' if option.endswith('=') else ' '}{p.name}" for option, p in self.given_files().items()]
        if self.encoder != "auto":
            words.append(
                f"--encoder {self.encoder if '/' in self.encoder and not Path(self.encoder).is_dir() else Path(self.encoder).name}"
            )
        return " ".join([*words, f"--out {study.name}"])


@dataclass(frozen=True)
class Finished:
    """A finished study.

    Attributes
    ----------
    report
        The HTML report.
    finding
        One sentence on the primary hypothesis.
    findings
        All hypotheses.
    """

    report: Path
    finding: str
    findings: list[Finding]
    joined: list[str] = field(default_factory=list)


def run_study(study: Study, out: Path, given: Given | None = None, report: Report = silent) -> Finished:
    """Run a study from its results to its report.

    Parameters
    ----------
    out
        Folder of the report; an earlier report of a study there is replaced, anything else refused.
    given
        Files that replace what the study would make itself.

    Raises
    ------
    InputError
        For anything given that cannot be used, before any training starts where that can be known; nothing is
        written then.
    """
    given = given or Given()
    catalogue = load_catalogue(given.tasks)
    _check(study, out, given)
    table = _results(study, given, catalogue, report)
    selected = select_rows(study, table, catalogue)
    covariates = read_covariates(study, given.languages)
    report("computing distances", 0.0)
    distances = _distances(study, selected.table, given)
    material, remarks = _joined(study, selected, distances, covariates, catalogue)
    material = replace(material, diversity=_diversity(study, material, given, report))
    if len(selected.table) < len(table):
        remarks.insert(
            0,
            f"{len(table) - len(selected.table):,} of {len(table):,} scores are of other metrics, splits, checkpoints, "
            "initialisations or the floor, and no part of the tests",
        )
    findings = _tested(study, material, report)
    report("writing the report", 0.9)
    primary = next(finding for finding in findings if finding.id == study.primary)
    path = write_report(study, material, findings, table, remarks, given.files(), given.command(study), out)
    report("done", 1.0)
    return Finished(path, primary.sentence(), findings, remarks)


def _check(study: Study, out: Path, given: Given) -> None:
    problems = []
    if out.exists() and not (out / "outcomes.json").is_file() and (not out.is_dir() or any(out.iterdir())):
        problems.append(f"{out}: exists and is no report of a study; choose another --out")
    if given.results is None and study.simulated is None:
        problems.append(
            f"{study.name}: needs a transfer table: give --results (see `transfer-analysis results import --help`)"
        )
    known = [distance.name for distance in study.task_distances]
    problems += [
        f"--task-distances {name}={path}: the study has no task distance {name!r}{nearest(name, known)}"
        for name, path in given.task_distances.items()
        if name and name not in known
    ]
    if "" in given.task_distances and len(known) != 1:
        problems.append(f"--task-distances: the study has {len(known)} task distances; say which as NAME=FILE")
    computed = [d for d in study.task_distances if d.name not in _given_distances(study, given)]
    if given.examples is None and any(distance.examples == "given" for distance in computed):
        problems.append(f"{study.name}: needs examples of the tasks for its task distances: give --examples FILE.jsonl")
    if _asks_for_diversity(study) and given.examples is None and given.diversity is None and study.simulated is None:
        problems.append(
            f"{study.name}: needs the diversity of the tasks: give --examples FILE.jsonl or --diversity FILE"
        )
    for option, path in given.given_files().items():
        if not path.is_file():
            problems.append(f"{option} {path}: {'is a folder, not a file' if path.is_dir() else 'no such file'}")
    if problems:
        raise InputError(problems)
    if given.results is None:
        from transfer_analysis.studies.simulated import simulation

        simulation(study)


def _results(study: Study, given: Given, catalogue: Catalogue, report: Report) -> TransferTable:
    if given.results is not None:
        report("reading results", 0.0)
        return read_table(given.results, catalogue)
    from transfer_analysis.studies.simulated import train_simulated

    return train_simulated(study, given.workers, report)


def _distances(study: Study, table: TransferTable, given: Given) -> dict[str, DistanceMatrix]:
    matrices = {name: DistanceMatrix.read(path) for name, path in _given_distances(study, given).items()}
    computed = [distance for distance in study.task_distances if distance.name not in matrices]
    if computed:
        examples = {name: TaskExamples(name, texts) for name, texts in _examples(study, given).items()}
        # The sentence encoder takes seconds to load, and not every kind needs it.
        from transfer_analysis.distances.embeddings.encoders import load_sentence_encoder

        inputs = Inputs(examples, lambda: load_sentence_encoder(given.encoder), seed=study.seed)
        matrices |= {distance.name: task_distances(distance.kind, inputs) for distance in computed}
    languages = sorted({*table.frame["source_language"], *table.frame["language"]})
    for kind in study.language_distances:
        matrices[kind] = language_distances(languages, kind, min_shared=study.min_shared_features)
    return matrices


def _asks_for_diversity(study: Study) -> bool:
    return any(isinstance(h, DiverseTasks) for h in (*study.hypotheses, *study.exploratory))


def _diversity(study: Study, material: Material, given: Given, report: Report) -> pd.DataFrame:
    """Return the diversity of the intermediate tasks, where a hypothesis asks for it: as given, or of their examples."""
    if not _asks_for_diversity(study):
        return material.diversity
    if given.diversity is not None:
        return read_diversity(given.diversity)
    from transfer_analysis.distances.diversity.table import diversity_table

    wanted = set(material.scores.frame["condition"])
    examples = {name: TaskExamples(name, texts) for name, texts in _examples(study, given).items() if name in wanted}
    return diversity_table(examples, report=report)


def _given_distances(study: Study, given: Given) -> dict[str, Path]:
    """Return the matrices that are given, by the name of the distance that each stands for."""
    return {name or study.task_distances[0].name: path for name, path in given.task_distances.items()}


def _examples(study: Study, given: Given) -> Mapping[str, list[str]]:
    if given.examples is not None:
        from transfer_analysis.distances.tasks.examples import read_examples

        return read_examples(given.examples)
    from transfer_analysis.studies.simulated import simulated_glosses

    return simulated_glosses(study)


def _joined(
    study: Study,
    selected: Selected,
    distances: dict[str, DistanceMatrix],
    covariates: pd.DataFrame,
    catalogue: Catalogue,
) -> tuple[Material, list[str]]:
    """Join scores and gains with the distances, and say what happened to the rows."""
    table = selected.table
    of_tasks = {distance.name: distances[distance.name] for distance in study.task_distances}
    of_languages = {kind: distances[kind] for kind in study.language_distances}
    remarks = [table.describe()]
    remarks += [
        f"{hypothesis.id} was not run: it adjusts for {', '.join(covariates_of(hypothesis))}, which --languages gives"
        for hypothesis in study.exploratory
        if set(covariates_of(hypothesis)) - set(covariates.columns)
    ]

    def joined(frame: pd.DataFrame, tasks: dict[str, DistanceMatrix]) -> Observations:
        return observe(frame, task_distances=tasks, language_distances=of_languages, catalogue=catalogue)

    with_condition = table.frame[table.frame["condition"] != "none"]
    if with_condition.empty:
        if of_tasks:
            raise InputError(f"{study.name}: the results have no intermediate tasks (every condition is none)")
        scores = joined(table.frame, {})
        return Material(study, None, scores, selected, distances, covariates, catalogue), [*remarks, *scores.describe()]
    found = gains(table)
    remarks.append(found.describe())
    with_gains = joined(found.frame, of_tasks) if len(found.frame) else None
    scores = joined(with_condition, of_tasks)
    said = with_gains.describe() if with_gains is not None else []
    return Material(study, with_gains, scores, selected, distances, covariates, catalogue, found), [
        *remarks,
        *dict.fromkeys([*said, *scores.describe()]),
    ]


def _tested(study: Study, material: Material, report: Report) -> list[Finding]:
    runnable = [h for h in study.exploratory if set(covariates_of(h)) <= set(material.covariates.columns)]
    every = [*study.hypotheses, *runnable]
    outcomes = []
    for i, hypothesis in enumerate(every):
        report(f"testing: {hypothesis.id}", i / len(every))
        outcomes.append(analyse(hypothesis, material))
    declared = outcomes[: len(study.hypotheses)]
    adjusted = holm([o.p_value if o.p_value is not None else 1.0 for o in declared])
    return [
        Finding(
            id=hypothesis.id,
            statement=hypothesis.statement,
            outcome=outcome,
            exploratory=i >= len(declared),
            adjusted_p=adjusted[i] if i < len(declared) else None,
            alpha=study.alpha,
        )
        for i, (hypothesis, outcome) in enumerate(zip(every, outcomes, strict=True))
    ]
