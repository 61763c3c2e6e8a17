"""The same question has the same answer from a study, from the command line and from Python: over all bundled studies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transfer_analysis import analyses
from transfer_analysis.cli import app
from transfer_analysis.results import read_table
from transfer_analysis.studies import Given, load_study
from transfer_analysis.studies.analyses import analyse
from transfer_analysis.studies.analyses.tasks import measure_of
from transfer_analysis.studies.hypotheses import (
    LanguageRegression,
    MixedModel,
    PooledTaskAssociation,
    TaskAssociation,
    TaskSelection,
)
from transfer_analysis.studies.run import _material
from transfer_analysis.tasks import load_catalogue
from typer.testing import CliRunner

REPORTS = Path(__file__).resolve().parents[2] / "reports"
STUDIES = sorted(path.parent.parent.name for path in REPORTS.glob("*/data/results.parquet"))


def silent(what, share):
    pass


def exported(name: str, folder: Path):
    """Return a study as its report was made, what its tests work on, and its rows as files."""
    report = REPORTS / name
    study = load_study(str(report / "study.yaml"))
    given = Given(results=report / "data").opened(study)
    material, _ = _material(study, read_table(given.results, load_catalogue(given.tasks)), given, silent)
    files = {}
    for which in ("gain", "score"):
        observations = material.gains if which == "gain" else material.scores
        if observations is not None:
            files[which] = folder / f"{which}s.parquet"
            observations.frame.to_parquet(files[which], index=False)
    return study, material, files


def of_cells(h, study):
    return {
        "languages": h.languages, "targets": h.targets, "model": h.model, "permutations": study.permutations, "seed": study.seed,
    }  # fmt: skip


def in_python(h, study, frame):
    """Answer a hypothesis with one call on the exported rows; None for an analysis that has no such call."""
    if isinstance(h, TaskAssociation | PooledTaskAssociation | TaskSelection):
        distance = h.distance or study.first_distance
        if isinstance(h, TaskAssociation):
            return analyses.association(
                frame, distance, outcome=h.outcome, method=h.method, alternative=h.alternative, **of_cells(h, study)
            )
        if isinstance(h, PooledTaskAssociation):
            return analyses.pooled_association(
                frame, distance, outcome=h.outcome, alternative=h.alternative, **of_cells(h, study)
            )
        return analyses.selection(frame, distance, measure_of(h), outcome=h.outcome, **of_cells(h, study))
    if isinstance(h, MixedModel):
        fit = analyses.mixed_model(
            h.formula, frame, h.random, h.slopes, degrees=h.degrees, languages=h.languages, model=h.model
        )
        return fit.outcome(h.term, alternative=h.alternative)
    if isinstance(h, LanguageRegression) and not h.covariates:
        return analyses.language_regression(
            frame, h.distance, targets=h.targets, model=h.model, source_language=study.source_language,
            alternative=h.alternative, seed=study.seed,
        )  # fmt: skip
    return None


def on_the_command_line(h, study, path):
    """Return the words of the command that asks the same; None where there is none."""
    common = ["--json"]
    if isinstance(h, TaskAssociation | TaskSelection):
        if h.targets:
            return None
        common += ["--distance", h.distance or study.first_distance, "--outcome", h.outcome, "--languages", h.languages]
        common += ["--permutations", str(study.permutations), "--seed", str(study.seed)]
        if isinstance(h, TaskAssociation):
            return ["fit", "association", str(path), *common, "--method", h.method, "--alternative", h.alternative]
        measure = [
            "--measure",
            h.measure,
            *(["--k", str(h.k)] if h.k else []),
            "--of",
            h.of,
            "--relevance",
            h.relevance,
        ]
        return ["fit", "selection", str(path), *common, *measure, *(["--relative"] if h.relative else [])]
    if isinstance(h, MixedModel) and h.alternative == "two-sided":
        random = [word for name in h.random for word in ("--random", name)]
        slopes = [word for group, column in h.slopes.items() for word in ("--slope", f"{group}={column}")]
        words = ["--formula", h.formula, *random, *slopes, "--degrees", h.degrees, "--term", h.term]
        return ["fit", "mixed", str(path), *common, *words, "--languages", h.languages]
    if isinstance(h, LanguageRegression) and not (h.covariates or h.targets):
        words = ["--distance", h.distance, "--alternative", h.alternative, "--source-language", study.source_language]
        return ["fit", "languages", str(path), *common, *words, "--seed", str(study.seed)]
    return None


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_python_and_the_command_line_give_the_same_numbers(name, tmp_path):
    import pandas as pd

    study, material, files = exported(name, tmp_path)
    for h in study.every:
        which = getattr(h, "outcome", None) or (h.response if isinstance(h, MixedModel) else "score")
        if which not in files:
            continue
        frame = pd.read_parquet(files[which])
        found = in_python(h, study, frame)
        if found is None:
            continue
        expected = analyse(h, material)
        assert found == expected, h.id
        words = on_the_command_line(h, study, files[which])
        if words is not None:
            said = CliRunner().invoke(app, words)
            assert said.exception is None, (h.id, said.exception)
            first = json.loads(said.stdout)["outcomes"][0]
            for field in ("estimate", "low", "high", "p_value", "n"):
                wanted = getattr(expected, field)
                assert first[field] == (wanted if wanted is None else pytest.approx(wanted, rel=1e-12)), (h.id, field)


def test_every_study_has_a_question_with_a_call_of_its_own():
    studies = [load_study(str(REPORTS / name / "study.yaml")) for name in STUDIES]
    kinds = {type(h) for study in studies for h in study.every}
    assert {TaskAssociation, TaskSelection, MixedModel} <= kinds
