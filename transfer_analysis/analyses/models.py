"""Mixed models of joined rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from transfer_analysis import statistics
from transfer_analysis.analyses.rows import Languages, Rows, counted
from transfer_analysis.errors import InputError
from transfer_analysis.keys import RUN
from transfer_analysis.results.schema import BESIDE
from transfer_analysis.statistics import MixedFit
from transfer_analysis.statistics.mixed import require_model

#: A random term as lme4 writes it.
_RANDOM = re.compile(r"\(([^()|]+)\|([^()|]+)\)")


def model_rows(
    frame: pd.DataFrame,
    *,
    languages: Languages = "zero-shot",
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
    overlaps: bool = False,
    named: Collection[str] = (),
) -> Rows:
    """Return the rows that a model of joined rows is of; parameters as for `counted`.

    Columns that describe a run (its recipe, hashes of its data) are no groupings of their own, and left away unless the
    model names them.
    """
    rows = counted(
        frame,
        languages=languages,
        targets=targets,
        model=model,
        initialisation=initialisation,
        overlaps=overlaps,
        compared=[column for column in ("model", "initialisation") if column in named],
    )
    described = [column for column in BESIDE if column in rows.frame and column != "run" and column not in named]
    return Rows(_with_runs(rows.frame.drop(columns=described)), rows.notes)


def _with_runs(frame: pd.DataFrame) -> pd.DataFrame:
    """Name the run of each row by what makes it one (model, condition, target, seed, …).

    A column `run` of the table is kept where no name stands for two runs; one that numbers them anew within each condition
    does not name them.
    """
    parts = [column for column in RUN if column in frame and column != "checkpoint"]
    if not {"condition", "target"} <= set(parts):
        return frame
    key = frame[parts].astype(str).agg("/".join, axis=1)
    if "run" in frame and frame["run"].fillna("").ne("").all():
        if (key.groupby(frame["run"]).nunique() == 1).all():
            return frame
        key = key + "/" + frame["run"].astype(str)
    return frame.assign(run=key)


def mixed_model(
    formula: str,
    frame: pd.DataFrame,
    random: Sequence[str] = (),
    slopes: Mapping[str, str] | None = None,
    *,
    degrees: Literal["satterthwaite", "kenward-roger"] = "kenward-roger",
    reml: bool = True,
    languages: Languages = "zero-shot",
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
    overlaps: bool = False,
) -> MixedFit:
    """Return a linear mixed model of joined rows; what was left out stands in its notes.

    Parameters
    ----------
    formula
        Such as `gain ~ semantic * syntactic + (1|condition) + (1|target:language) + (0 + syntactic|condition:target)`, as
        lme4 writes it; `semantic` is `semantic_distance` where there is no column of the shorter name.
    random, slopes
        Groupings with a random intercept (`condition:target`), and grouping → column with a random slope, besides those of
        the formula.
    degrees, reml
        Of freedom, and whether variances are estimated by restricted maximum likelihood.
    languages, targets, model, initialisation, overlaps
        As for `counted`.

    Raises
    ------
    InputError
        Where the model lacks the random term at its predictor's own level, or cannot be fitted.

    Examples
    --------
    >>> from transfer_analysis.example import example_results, example_rows
    >>> formula = "gain ~ semantic + (1|condition) + (1|target) + (1|condition:target) + (1|run)"
    >>> fit = mixed_model(formula, example_rows())
    >>> [round(float(x)) for x in fit.tidy()["estimate"]]
    [3, -6]
    """
    asked = _asked(formula, frame, random, slopes)
    rows = model_rows(
        frame,
        languages=languages,
        targets=targets,
        model=model,
        initialisation=initialisation,
        overlaps=overlaps,
        named=asked.named,
    )
    fit = statistics.mixed_model(
        asked.effects, rows.frame, asked.groupings, asked.slopes, reml=reml, degrees_of_freedom=degrees
    )
    return replace(fit, left_out=rows.notes)


def require_mixed_model(
    formula: str,
    frame: pd.DataFrame,
    random: Sequence[str] = (),
    slopes: Mapping[str, str] | None = None,
    **which: Any,
) -> None:
    """Refuse a model that `mixed_model` would refuse, without fitting it; parameters as there.

    Raises
    ------
    InputError
        Where the model lacks the random term at its predictor's own level, or names what is not there.
    """
    asked = _asked(formula, frame, random, slopes)
    rows = model_rows(frame, named=asked.named, **which)
    require_model(asked.effects, rows.frame, asked.groupings, asked.slopes)


@dataclass(frozen=True)
class _Asked:
    """A model, with the columns of distances in place of their names."""

    effects: str
    groupings: list[str]
    slopes: dict[str, str]

    @property
    def named(self) -> set[str]:
        """The columns that it names."""
        words = " ".join([self.effects, *self.groupings, *self.slopes, *self.slopes.values()])
        return set(re.findall(r"[A-Za-z_]\w*", words))


def _asked(formula: str, frame: pd.DataFrame, random: Sequence[str], slopes: Mapping[str, str] | None) -> _Asked:
    effects, intercepts, of_formula = parted(formula)
    return _Asked(
        _with_columns(effects, frame),
        list(dict.fromkeys([*random, *intercepts])),
        {grouping: _with_columns(column, frame) for grouping, column in {**of_formula, **(slopes or {})}.items()},
    )


def parted(formula: str) -> tuple[str, list[str], dict[str, str]]:
    """Return the fixed effects of a formula, the groupings with a random intercept, and grouping → column with a slope.

    Raises
    ------
    InputError
        For a random term of another form.

    Examples
    --------
    >>> parted("gain ~ x + (1|condition) + (0 + x|condition:target)")
    ('gain ~ x', ['condition'], {'condition:target': 'x'})
    """
    intercepts, slopes = [], {}
    for inside, grouping in _RANDOM.findall(formula):
        terms, group = inside.replace(" ", ""), grouping.replace(" ", "")
        if terms == "1":
            intercepts.append(group)
        elif terms.startswith("0+") and "+" not in terms[2:]:
            slopes[group] = terms[2:]
        else:
            raise InputError(
                f"formula: ({inside.strip()}|{group}): expected (1|{group}), or (0 + {terms.replace('1+', '')}|{group}) beside it: "
                "intercepts and slopes vary independently"
            )
    fixed = re.sub(r"\+\s*(?=\+|$)", "", _RANDOM.sub("", formula)).strip()
    return re.sub(r"~\s*\+?\s*$", "~ 1", fixed), intercepts, slopes


def _with_columns(text: str, frame: pd.DataFrame) -> str:
    """Return an expression with the columns of distances in place of their names."""

    def column(found: re.Match[str]) -> str:
        name = found[0]
        return f"{name}_distance" if name not in frame and f"{name}_distance" in frame else name

    return re.sub(r"[A-Za-z_][A-Za-z0-9_]*", column, text)
