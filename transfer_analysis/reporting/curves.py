"""Curves: power over sizes of a study, and estimates over specifications."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from transfer_analysis.reporting.look import said
from transfer_analysis.reporting.style import (
    COLUMN_WIDTH,
    GREY,
    MARKERS,
    PAGE_WIDTH,
    colours,
    letters,
    new_figure,
    style,
)

_SIZES = ("conditions", "targets", "languages", "seeds")
_NAMES = {"conditions": "intermediate tasks", "targets": "targets", "languages": "languages", "seeds": "seeds"}


def power_plot(power: pd.DataFrame, *, goal: float = 0.8, ax: Axes | None = None) -> Axes:
    """Draw power over the first size that varies, with a line for each combination of the others.

    Parameters
    ----------
    power
        As from `power_grid`.
    goal
        Power that is asked for, drawn as a line.
    """
    varying = [name for name in _SIZES if power[name].nunique() > 1] or ["conditions"]
    # The size with the most values makes the axis.
    along = max(varying, key=lambda name: power[name].nunique())
    others = [name for name in varying if name != along]
    with style():
        if ax is None:
            ax = new_figure(COLUMN_WIDTH, COLUMN_WIDTH * 0.75).subplots()
        groups = list(power.groupby(others, sort=True)) if others else [((), power)]
        for number, (key, rows) in enumerate(groups):
            rows = rows.sort_values(along)
            colour = colours(number + 1)[number]
            label = ", ".join(f"{value} {_NAMES[name]}" for name, value in zip(others, key, strict=True))
            ax.fill_between(rows[along], rows["low"], rows["high"], color=colour, alpha=0.15, linewidth=0)
            ax.plot(
                rows[along],
                rows["power"],
                color=colour,
                marker=MARKERS[number % len(MARKERS)],
                markersize=3.5,
                label=label or None,
                clip_on=False,
            )
        ax.axhline(goal, color=GREY, linewidth=0.8, linestyle=(0, (4, 2)), zorder=0)
        ax.set(ylim=(0, 1), xlabel=_NAMES[along], ylabel="power", xticks=sorted(power[along].unique()))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        if others:
            ax.legend(loc="lower right", handlelength=1.6)
    return ax


def specification_plot(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the estimates of all specifications in order, and below them what each one chose.

    Parameters
    ----------
    table
        As `SpecificationCurve.table` has it. Specifications without an estimate are left out.

    Returns
    -------
    Axes
        That of the estimates; the choices are drawn in the same axes, beneath.
    """
    known = table.dropna(subset="estimate").sort_values("estimate", ignore_index=True)
    if known.empty:
        raise ValueError("no specification has an estimate; there is nothing to draw")
    choices = [(part, value) for part in ("distance", "covariates", "exclusion") for value in _ordered(known[part])]
    choices = [(part, value) for part, value in choices if known[part].nunique() > 1]
    with style():
        if ax is None:
            height = COLUMN_WIDTH * 0.62 + 0.13 * len(choices)
            ax = new_figure(PAGE_WIDTH, height).subplots()
        x = np.arange(len(known))
        clear = known["p_value"] <= 0.05
        ax.vlines(x, known["low"], known["high"], color=GREY, linewidth=0.6, alpha=0.6)
        for mask, face, label in ((clear, colours()[0], "p ≤ .05"), (~clear, "white", "p > .05")):
            ax.scatter(
                x[mask],
                known.loc[mask, "estimate"],
                s=9,
                facecolor=face,
                edgecolor=colours()[0],
                linewidth=0.7,
                zorder=3,
                label=label,
            )
        ax.legend(loc="upper left", ncols=2, handletextpad=0.1, borderaxespad=0, bbox_to_anchor=(0, 1.08))
        ax.axhline(0, color="black", linewidth=0.6)
        low = float(np.nanmin(known[["estimate", "low"]].to_numpy(dtype=float)))
        high = float(np.nanmax(known[["estimate", "high"]].to_numpy(dtype=float)))
        low, high = min(low, 0.0), max(high, 0.0)
        step = (high - low) * 0.055
        ticks, labels, base = [], [], low - 2 * step
        previous = choices[0][0] if choices else ""
        for part, value in choices:
            base -= step * (1.6 if part != previous else 1.0)
            previous = part
            chosen = x[(known[part] == value).to_numpy()]
            ax.scatter(chosen, np.full(len(chosen), base), s=5, marker="s", color="black", linewidth=0)
            ticks.append(base)
            labels.append(_choice(part, said(value)))
        shown = [t for t in ax.get_yticks() if low - 1e-9 <= t <= high + 1e-9]
        ax.set(
            ylim=(base - step if choices else low - step, high + step),
            xlim=(-1, len(known)),
            xlabel="specifications, by estimate",
            xticks=[],
        )
        ax.set_yticks([*shown, *ticks], [*(f"{t:.2f}".replace("-", "\u2212") for t in shown), *labels])
        if choices:
            ax.axhline(low - step, color=GREY, linewidth=0.5)
        ax.set_ylabel("correlation", y=0.98, ha="right")
    return ax


def _ordered(values: pd.Series) -> list[str]:
    return sorted(set(map(str, values)), key=lambda value: (value != "none", value))


def _choice(part: str, value: str) -> str:
    if value == "none":
        return {"covariates": "no covariate", "exclusion": "no cell excluded"}.get(part, value)
    return {"covariates": f"given {value}", "exclusion": f"without {value}"}.get(part, value).replace("_", " ")


def calibration_plot(table: pd.DataFrame, *, level: float = 0.05, ax: Axes | None = None) -> Axes:
    """Draw how often procedures reject true nulls, common ones beside those that fit the data.

    Parameters
    ----------
    table
        Rows from top to bottom: `question` (which groups them), `procedure`, `naive` (true or false), `rejected` (a share) and
        `replications`.
    level
        The nominal level, drawn as a line.
    """
    rows = table.reset_index(drop=True)
    place, y, heads = 0.0, [], []
    for number, question in enumerate(rows["question"]):
        if number == 0 or question != rows["question"].iloc[number - 1]:
            place += 1.35
            heads.append((place - 0.95, str(question)))
        y.append(place)
        place += 1
    positions = np.array(y)
    with style():
        if ax is None:
            ax = new_figure(PAGE_WIDTH, 0.145 * place + 0.5).subplots()
        error = 1.96 * np.sqrt(rows["rejected"] * (1 - rows["rejected"]) / rows["replications"])
        for naive, colour, marker, label in ((True, colours()[1], "s", "common"), (False, colours()[0], "o", "here")):
            mask = (rows["naive"] == naive).to_numpy()
            ax.hlines(positions[mask], 0, rows.loc[mask, "rejected"], color=colour, linewidth=0.8, alpha=0.5)
            ax.errorbar(
                rows.loc[mask, "rejected"],
                positions[mask],
                xerr=error[mask],
                fmt=marker,
                color=colour,
                markersize=3.5,
                elinewidth=0.8,
                label=label,
            )
            for at, share, reach in zip(positions[mask], rows.loc[mask, "rejected"], error[mask], strict=True):
                ax.text(share + reach + 0.006, at, f"{share:.1%}", va="center", fontsize=letters(6), color=colour)
        ax.axvline(level, color=GREY, linewidth=0.8, linestyle=(0, (4, 2)), zorder=0)
        for at, text in heads:
            ax.text(0.0, at, text, va="center", fontsize=letters(6.5), fontweight="bold")
        ax.set(xlim=(0, float(rows["rejected"].max()) + 0.08), ylim=(place, 0), xlabel="true nulls rejected at 5%")
        ax.set_yticks(positions, [said(name) for name in rows["procedure"]])
        ax.tick_params(axis="y", length=0)
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.legend(loc="upper right")
    return ax
