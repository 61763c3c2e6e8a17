"""The table of importers: what each reads, and which options it takes. The commands are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.extensions import extended, loaded
from transfer_analysis.results.importers.asked import Asked, Imported
from transfer_analysis.tasks import Catalogue

_HERE = "transfer_analysis.results.importers"

#: Options that every importer of somebody's own runs takes.
_OF_NAMES = ("set", "baseline", "rename", "scale", "skip-missing", "fractions")
_OF_TOOLS = ("pattern", *_OF_NAMES)


@dataclass(frozen=True)
class Importer:
    """A format that results are read from. Other packages add theirs by the entry point `transfer_analysis.importers`.

    Attributes
    ----------
    name
        Its command: `results import NAME`.
    about
        What it reads, in a sentence; what should be known of it, in further ones.
    path
        What its path is.
    example
        The rest of a command line behind `transfer-analysis results import`.
    function
        What reads it, `package.module:name`: from a path, an `Asked` and a catalogue to an `Imported`.
    options
        Options that it takes beside its path and `--out`, without their dashes.
    flags
        Switches of its own → what each does; those that are set stand in `Asked.flags`.
    """

    name: str
    about: str
    path: str
    example: str
    function: str
    options: tuple[str, ...] = ()
    flags: Mapping[str, str] = field(default_factory=dict)

    def read(self, path: Path, asked: Asked, catalogue: Catalogue | None = None) -> Imported:
        """Return what a path holds as a transfer table.

        Raises
        ------
        InputError
            With every problem found.
        """
        found = loaded(self.function)(path, asked, catalogue=catalogue)
        if not isinstance(found, Imported):
            raise InputError(f"{self.function}: expected an Imported")
        return found


_BUNDLED = (
    Importer(
        "table",
        "Import anybody's table of scores: long, or with a column for each language, metric or target.\n\n"
        "Fields: model, target and score are needed; condition (the intermediate task, or none), language, source_language, "
        "seed, metric, split, adaptation, initialisation and checkpoint have defaults. Usual names of tasks and metrics "
        "(XNLI, PAN-X, SQuAD1.1, EM) are known; what was renamed is printed.",
        "CSV with any separator, a workbook (.xlsx), JSON lines or Parquet.",
        "table table2.xlsx --wide language --map acc=score --baseline baseline --set model=xlm-roberta-large "
        "--set target=xnli -o table2.parquet",
        f"{_HERE}.generic:import_file",
        ("map", "leave-out", "wide", *_OF_NAMES, "sheet", "codes", "encoding"),
    ),
    Importer(
        "trainer",
        "Import what Hugging Face's Trainer writes: all_results.json, predict_results.json, trainer_state.json.\n\n"
        "Of a folder, every run in it. predict_ and test_ are the test split, eval_ the development split. AdapterHub's "
        "scripts and XTREME's write the same files.",
        "A file of metrics (all_results.json, …), or a folder with many.",
        "trainer runs/ --pattern '{condition}/{target}/seed{seed}' --set model=xlmr -o results.parquet",
        f"{_HERE}.trainer:import_trainer",
        _OF_TOOLS,
    ),
    Importer(
        "jiant",
        "Import what jiant writes: val_metrics.json, with a score for each task and language (xnli_de).\n\n"
        "Of a folder, every run in it. All scores are of the development split.",
        "A val_metrics.json, or a folder with many.",
        "jiant runs/ --pattern '{condition}/seed{seed}' --set model=xlm-roberta-large -o results.parquet",
        f"{_HERE}.jiant:import_jiant",
        _OF_TOOLS,
    ),
    Importer(
        "lm-eval",
        "Import what lm-evaluation-harness writes: results_*.json, with a score for each task and language (xnli_de).\n\n"
        "Of a folder, every run in it; the newest score where a folder has several files of one model. Averages over languages are "
        "left out.",
        "A results file, or a folder with many.",
        "lm-eval outputs/ --pattern '{condition}' -o results.parquet",
        f"{_HERE}.lm_eval:import_lm_eval",
        _OF_TOOLS,
    ),
    Importer(
        "mteb",
        "Import what mteb writes: a JSON file for each task, with scores by language.\n\n"
        "A task's main score is the metric `primary`; accuracy, F1 and correlations stand beside it under their own names.",
        "A task's file, or a folder of models.",
        "mteb results/ --set condition=mnli -o results.parquet",
        f"{_HERE}.mteb:import_mteb",
        _OF_TOOLS,
    ),
    Importer(
        "taskweb",
        "Import TaskWeb (Kim et al. 2023): 22 source × 21 target tasks, several models, eight seeds.",
        "Folder with taskweb.csv and taskweb_baselines.csv, or the first of them.",
        "taskweb published/ -o taskweb.parquet",
        f"{_HERE}.taskweb:import_taskweb",
        flags={
            "keep-off-config": "Keep runs off the repository's own configuration, under an adaptation of their own."
        },
    ),
    Importer(
        "xpos",
        "Import xpos (de Vries et al. 2022): part-of-speech tagging, 65 source × 105 target languages.",
        "xpos.csv, or the folder that holds it.",
        "xpos published/ -o xpos.parquet",
        f"{_HERE}.xpos:import_xpos",
    ),
)


@cache
def importers() -> dict[str, Importer]:
    """Return all importers by their names."""
    return extended(
        _BUNDLED,
        "transfer_analysis.importers",
        name=lambda importer: importer.name,
        fits=lambda importer: isinstance(importer, Importer),
        noun="an importer",
        expected="an Importer",
    )


def importer_named(name: str) -> Importer:
    """Return an importer by its name.

    Raises
    ------
    InputError
        For one that there is not, with the nearest.
    """
    known = importers()
    if name not in known:
        raise InputError(f"importer {name!r}: there is none{nearest(name, known)}; there are {', '.join(known)}")
    return known[name]
