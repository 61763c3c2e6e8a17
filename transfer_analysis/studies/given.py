"""What a person gives to a study in place of what it would make itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote

from transfer_analysis.corpora import Corpus, corpus_from
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.files import cache_folder, sha256
from transfer_analysis.studies.study import Study
from transfer_analysis.tasks import Catalogue

#: A folder of results: its transfer table, and what may lie beside it.
TABLE, DIVERSITY, LANGUAGES, TASKS = "results.parquet", "diversity.csv", "languages.csv", "tasks.yaml"


@dataclass(frozen=True)
class Given:
    """What a person gives to a study in place of its own.

    Attributes
    ----------
    results
        A transfer table (Parquet or CSV); or a folder that holds it as `results.parquet`, and perhaps task distances
        (`distance-<name>.csv`), diversity and properties of languages beside it, as a report's `data` folder does.
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
    language_distances
        Name of a language distance → a matrix (CSV with labels), in place of computing it, or of the table that the study names.
    diversity
        Diversity of the intermediate tasks, as `distances diversity` writes it, in place of that of the examples.
    corpora
        Where real examples come from, each `hub` or a folder; the first that has a task serves it.
    scale
        The scale that the study is run at; that of its names as they are written where not given.
    store
        Folder of finished runs.
    workers, device
        Processes for training, and where.
    study
        How the study was named or where its file lies, for the report.
    beside
        Folder of the study file, in which the tables that it names lie.
    """

    results: Path | None = None
    examples: Path | None = None
    languages: Path | None = None
    encoder: str = "auto"
    tasks: Path | None = None
    task_distances: Mapping[str, Path] = field(default_factory=dict)
    language_distances: Mapping[str, Path] = field(default_factory=dict)
    diversity: Path | None = None
    corpora: tuple[str, ...] = ()
    scale: str | None = None
    store: Path | None = None
    workers: int = 2
    device: str = "cpu"
    study: str = ""
    beside: Path = Path()

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
        of_languages = {f"--language-distances {name}=": path for name, path in self.language_distances.items()}
        return {**{option: path for option, path in options.items() if path is not None}, **of_tasks, **of_languages}

    def files(self) -> dict[str, dict[str, str]]:
        """Return name and hash of each file given, by its option."""
        return {option.strip(): {"name": p.name, "sha256": sha256(p)} for option, p in self.given_files().items()}

    def command(self, study: Study) -> str:
        """Return the command that does it again; of a file given by its whole path, its name alone."""
        words = ["transfer-analysis study run", quote(self.study or study.name)]
        if self.scale is not None:
            words.append(f"--scale {self.scale}")
        words += [
            f"{option}{'' if option.endswith('=') else ' '}{quote(_named(p))}"
            for option, p in self.given_files().items()
        ]
        words += [f"--from {quote(_named(Path(source)))}" for source in self.corpora]
        if self.encoder != "auto":
            words.append(f"--encoder {quote(_named(Path(self.encoder)))}")
        return " ".join([*words, f"--out {study.name}"])

    def opened(self, study: Study) -> Given:
        """Return what is given, with the tables that the study names, and the files of a folder where `results` names one.

        What else is given wins.

        Raises
        ------
        InputError
            Where the folder holds no transfer table.
        """
        tables = {one.name: self.beside / one.table for one in study.language_distances if one.table is not None}
        folder = self.results
        if folder is None or not folder.is_dir():
            return replace(self, language_distances={**tables, **self.language_distances})
        if not (folder / TABLE).is_file():
            raise InputError(f"--results {folder}: the folder holds no {TABLE}; name a transfer table")

        def beside(given: Path | None, name: str) -> Path | None:
            return given or ((folder / name) if (folder / name).is_file() else None)

        def matrices(names: Iterable[str]) -> dict[str, Path]:
            return {name: path for name in names if (path := folder / f"distance-{name}.csv").is_file()}

        # What is made of examples that are given is not taken from the folder.
        made_anew = self.examples is not None or bool(self.corpora)
        return replace(
            self,
            results=folder / TABLE,
            languages=beside(self.languages, LANGUAGES),
            tasks=beside(self.tasks, TASKS),
            diversity=self.diversity if made_anew else beside(self.diversity, DIVERSITY),
            task_distances={
                **matrices([] if made_anew else [d.name for d in study.task_distances]),
                **self.matrices(study),
            },
            language_distances={**tables, **matrices(study.language_distance_names), **self.language_distances},
        )

    def matrices(self, study: Study) -> dict[str, Path]:
        """Return the matrices given, by the name of the distance that each stands for."""
        return {name or study.first_distance: path for name, path in self.task_distances.items()}

    def corpus(self, catalogue: Catalogue) -> Corpus | None:
        """Return where real examples come from, if anything was said of it."""
        return corpus_from(self.corpora, catalogue) if self.corpora else None

    def runs(self, study: Study) -> Path:
        """Return the folder of finished runs: of the simulated world, in the user's cache where not given."""
        if self.store is not None:
            return self.store
        scale = study.scale
        return cache_folder() / "runs" if scale is not None and scale.simulated is not None else Path("runs")

    def problems(self, study: Study) -> list[str]:
        """Say what cannot be used, or is lacking."""
        problems = []
        simulated = study.scale is not None and study.scale.simulated is not None
        if self.results is None and study.scale is None:
            has = f", or a scale (--scale {' or '.join(study.scales)})" if study.scales else ""
            problems.append(
                f"{study.name}: needs a transfer table: give --results (see `transfer-analysis results import --help`){has}"
            )
        if self.results is None and study.scale is not None and not simulated and not self.corpora:
            problems.append(
                f"{study.name}: is trained on real examples: say where they are with --from FOLDER, or --from hub"
            )
        known = [distance.name for distance in study.task_distances]
        problems += [
            f"--task-distances {name}={path}: the study has no task distance {name!r}{nearest(name, known)}"
            for name, path in self.task_distances.items()
            if name and name not in known
        ]
        own = study.language_distance_names
        problems += [
            f"--language-distances {name}={path}: the study has no language distance {name!r}{nearest(name, own)}"
            for name, path in self.language_distances.items()
            if name not in own
        ]
        if "" in self.task_distances and len(known) != 1:
            problems.append(f"--task-distances: the study has {len(known)} task distances; say which as NAME=FILE")
        has_examples = self.examples is not None or bool(self.corpora) or simulated
        if not has_examples and set(known) - set(self.matrices(study) if known else ()):
            problems.append(
                f"{study.name}: needs examples of the tasks for its task distances: give --examples FILE.jsonl, or --from"
            )
        if study.asks_for_diversity and not has_examples and self.diversity is None:
            problems.append(
                f"{study.name}: needs the diversity of the tasks: give --examples FILE.jsonl, --from, or --diversity FILE"
            )
        for option, path in self.given_files().items():
            if not path.is_file():
                problems.append(f"{option} {path}: {'is a folder, not a file' if path.is_dir() else 'no such file'}")
        return problems


def _named(path: Path) -> str:
    """Return a path as it was given, or its last part where it is a whole one, which another machine does not have."""
    return path.name if path.is_absolute() else path.as_posix()
