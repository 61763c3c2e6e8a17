"""Figures of transfer tables, and of tables that other commands have written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from transfer_analysis import reporting
from transfer_analysis.analyses import condition_effects
from transfer_analysis.analyses.scores import scores_of
from transfer_analysis.errors import InputError
from transfer_analysis.reporting import Looks, looking
from transfer_analysis.results import TransferTable
from transfer_analysis.statistics import Outcome
from transfer_analysis.statistics.frames import require_named
from transfer_analysis.tasks import load_catalogue


def transfer_heatmap(table: TransferTable, *, source: str = "the source language", **look: Unpack[Looks]) -> Figure:
    """Draw the effect of every condition on every target, in the source language and in the others.

    Parameters
    ----------
    source
        What the source language is called.
    **look
        As for `distance_gain`. Conditions stand by their mean effect where no `order` is given.

    Raises
    ------
    InputError
        For a table without a target that has condition `none` and another one.

    Examples
    --------
    >>> from transfer_analysis.example import example_results
    >>> figure = transfer_heatmap(example_results(), width="page", only=["stsb", "qqp", "xnli"])
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['qqp', 'stsb']
    """
    catalogue = load_catalogue()
    found = condition_effects(scores_of(table, catalogue))
    if found.empty:
        raise InputError("the table has no target with condition none and another one, of which effects could be drawn")
    initialisation = "pretrained" if "pretrained" in set(found["initialisation"]) else found["initialisation"].iloc[0]
    with looking(**look):
        return draw_effects(found[found["initialisation"] == initialisation], source)


def draw_effects(effects: pd.DataFrame, source: str) -> Figure:
    """Return effects as heatmaps, those in the source language before those in the others, each model's apart."""
    names = {"source": f"in {source}", "zero-shot": "in the other languages"}
    models = sorted(effects["model"].unique())
    before = {model: f"{model},\n" if len(models) > 1 else "" for model in models}
    return reporting.effect_panels(
        effects.assign(panel=effects["model"].map(before) + effects["languages"].map(names)),
        panels=[model + languages for model in before.values() for languages in names.values()],
        label="effect (points)",
    )


def forest(outcomes: Mapping[str, Outcome] | pd.DataFrame, **look: Unpack[Looks]) -> Figure:
    """Draw estimates with their intervals, one below the other, a panel for each statistic.

    Parameters
    ----------
    outcomes
        Name → outcome; or the CSV of `fit … --out`, with `question`, `statistic`, `estimate`, `low`, `high`, `p_value`.
    **look
        As for `distance_gain`.

    Raises
    ------
    InputError
        For a table that lacks a column, or where no estimate has an interval.

    Examples
    --------
    >>> found = Outcome("mean difference", 2.0, 5, "seeds", "t-test", low=0.1, high=3.9, p_value=0.04)
    >>> [ax.get_xlabel() for ax in forest({"mine": found, "yours": found}).axes]
    ['mean difference']
    """
    if isinstance(outcomes, pd.DataFrame):
        require_named(outcomes, ["question", "statistic", "estimate", "low", "high", "p_value"])
        table = outcomes.rename(columns={"question": "label"})
    else:
        table = pd.DataFrame([{**vars(one), "label": name} for name, one in outcomes.items()])
    table = table.dropna(subset=["low", "high"])
    if table.empty:
        raise InputError("no estimate has an interval; there is nothing to draw")
    drawn = table.assign(scale=table["statistic"], declared=True, supported=table["p_value"] <= 0.05)
    with looking(**look):
        return reporting.forest_plot(drawn)


def specification_curve(table: pd.DataFrame, *, ax: Axes | None = None, **look: Unpack[Looks]) -> Axes:
    """Draw the estimates of all specifications in order, and below them what each one chose.

    Parameters
    ----------
    table
        As `SpecificationCurve.table` has it, or the CSV of `fit specification --out`.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"distance": ["a", "b"], "covariates": "none", "exclusion": "none", "estimate": [0.1, 0.3],
    ...                       "low": [-0.2, 0.1], "high": [0.4, 0.5], "p_value": [0.4, 0.01]})
    >>> specification_curve(table).get_xlabel()
    'specifications, by estimate'
    """
    require_named(table, ["distance", "covariates", "exclusion", "estimate", "low", "high", "p_value"])
    with looking(**look):
        return reporting.specification_plot(table, ax=ax)


def power_curve(table: pd.DataFrame, *, goal: float = 0.8, ax: Axes | None = None, **look: Unpack[Looks]) -> Axes:
    """Draw the power of a test over sizes of a study.

    Parameters
    ----------
    table
        As from `power_grid`, or the CSV of `power --out`.
    goal
        Power that is asked for, drawn as a line.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"conditions": [6, 9], "targets": 4, "languages": 1, "seeds": 3, "power": [0.4, 0.7],
    ...                       "low": [0.3, 0.6], "high": [0.5, 0.8]})
    >>> power_curve(table, width=4).get_xlabel()
    'intermediate tasks'
    """
    require_named(table, ["conditions", "targets", "languages", "seeds", "power", "low", "high"])
    with looking(**look):
        return reporting.power_plot(table, goal=goal, ax=ax)


def calibration(table: pd.DataFrame, *, ax: Axes | None = None, **look: Unpack[Looks]) -> Axes:
    """Draw how often procedures reject true nulls.

    Parameters
    ----------
    table
        `question`, `procedure`, `naive`, `rejected` (a share) and `replications`.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"question": ["q", "q"], "procedure": ["a", "b"], "naive": [True, False], "rejected": [0.4, 0.05],
    ...                       "replications": 2000})
    >>> calibration(table).get_xlabel()
    'true nulls rejected at 5%'
    """
    require_named(table, ["question", "procedure", "naive", "rejected", "replications"])
    with looking(**look):
        return reporting.calibration_plot(table, ax=ax)
