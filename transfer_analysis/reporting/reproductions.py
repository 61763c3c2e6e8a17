"""Published numbers beside the same numbers computed again, and what is left of findings under the right test."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from transfer_analysis.reporting.look import said
from transfer_analysis.reporting.style import COLOURS, PAGE_WIDTH, letters, new_figure, point_handle, style

#: p-values below are drawn here.
_SMALLEST = 1e-4

#: What a point says, its colour, and whether it is filled.
_VERDICTS = {
    "yes": ("to the last printed digit", COLOURS[0], True),
    "by order of ties": ("within the orders of equal values", COLOURS[0], False),
    "no": ("not reproduced", COLOURS[1], False),
}


def reproduction_plot(found: pd.DataFrame) -> Figure:
    """Draw published numbers against ours, and the p-values of findings that are published as significant.

    Parameters
    ----------
    found
        One row per finding: `finding`, `published` and `ours` (shares of the largest that each can be), `verdict` (`yes`, `by order
        of ties` or `no`), `significant_in_paper`, and `p_value` of the right test.

    Raises
    ------
    ValueError
        Where no number was published.
    """
    compared = found.dropna(subset=["published"])
    if compared.empty:
        raise ValueError("no number was published; there is nothing to compare")
    claims = found[found["significant_in_paper"].eq(True) & found["p_value"].notna()].sort_values("p_value")
    with style():
        figure = new_figure(PAGE_WIDTH, max(2.9, 0.75 + 0.125 * len(claims)))
        if claims.empty:
            _against(figure.subplots(), compared)
        else:
            left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
            _against(left, compared)
            _claims(right, claims)
    return figure


def _against(ax: Axes, compared: pd.DataFrame) -> None:
    values = compared[["published", "ours"]].to_numpy(dtype=float)
    ends = np.array([min(0.0, values.min()) - 0.04, values.max() + 0.04])
    ax.plot(ends, ends, color="#333333", linewidth=0.7, zorder=1)
    for verdict, (_, colour, filled) in _VERDICTS.items():
        part = compared[compared["verdict"] == verdict]
        face = colour if filled else "white"
        ax.scatter(part["published"], part["ours"], s=18, facecolor=face, edgecolor=colour, zorder=2 if filled else 3)
    ax.set(xlim=ends, ylim=ends, xlabel="published", ylabel="computed from the released files")
    ax.set_aspect("equal", anchor="N")
    handles = [point_handle(label, colour, "o", filled=filled) for label, colour, filled in _VERDICTS.values()]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, -0.2), handletextpad=0.2, borderaxespad=0)
    ax.set_title(
        f"{(compared['verdict'] == 'yes').sum()} of {len(compared)} published numbers come out", fontsize=letters(7)
    )


def _claims(ax: Axes, claims: pd.DataFrame) -> None:
    stands = (claims["p_value"] <= 0.05).to_numpy()
    places = np.arange(len(claims))
    colours = np.where(stands, COLOURS[2], COLOURS[3])
    ax.axvline(0.05, color="#333333", linewidth=0.7, linestyle="--", zorder=1)
    ax.hlines(places, _SMALLEST, 1, color="#E6E6E6", linewidth=0.5, zorder=0)
    ax.scatter(
        claims["p_value"].clip(lower=_SMALLEST),
        places,
        s=18,
        facecolor=np.where(stands, colours, "white"),
        edgecolor=colours,
        linewidths=1.0,
        zorder=2,
        clip_on=False,
    )
    ax.set_yticks(places, [said(name) for name in claims["finding"]], fontsize=letters(6))
    ax.set(xscale="log", xlim=(_SMALLEST, 1), ylim=(len(claims) - 0.4, -0.6))
    ax.set_xlabel("p, with languages or models as units")
    ax.set_xticks([1e-4, 1e-3, 1e-2, 0.05, 1], ["< .0001", ".001", ".01", ".05", "1"])
    ax.minorticks_off()
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_title(f"{stands.sum()} of {len(stands)} significant findings stand", fontsize=letters(7))
