"""Groups of intermediate tasks compared, the tasks being the units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics.frames import require_observations, without_overlap
from transfer_analysis.statistics.outcome import Alternative, Outcome
from transfer_analysis.statistics.permutation import attainable_share, minimum_detectable, share, subsets, too_few

Floats = npt.NDArray[np.float64]


def group_contrast(
    frame: pd.DataFrame,
    groups: Mapping[str, Sequence[str]],
    *,
    value: str = "gain",
    member: str = "condition",
    pairs: Sequence[str] = ("target", "language", "seed"),
    alternative: Alternative = "two-sided",
    confidence: float = 0.95,
    permutations: int = 9_999,
    seed: int = 0,
) -> Outcome:
    """Return the difference of two groups of intermediate tasks, tested by exchanging tasks between the groups.

    For a question about tasks like these (do syntactic tasks differ from semantic ones?) the tasks are the units, however many
    languages and seeds each was tried on; `paired_contrast` asks about these very tasks.

    Parameters
    ----------
    frame
        One row per observation.
    groups
        Two groups: name → members. The difference is the first less the second.
    value, member
        Column that is compared, and the one that names the members.
    pairs
        Columns that make up a block; only blocks that all members have are counted, so that all are means over the same.

    Returns
    -------
    Outcome
        Difference of the groups' means over their members' means. p from all choices of which members form the first group (or
        9,999 random ones beyond 20,000), exact where members are exchangeable; the interval inverts the test for a shift of the
        first group. With three tasks a side there are 20 choices and no two-sided p-value below .1.

    Raises
    ------
    InputError
        For other than two groups, members that are unknown, shared or lack blocks, or fewer than three members in all.

    Notes
    -----
    ȳ_A − ȳ_B over the members' means (Fisher 1935; Pitman 1937). Assumes that members are exchangeable under the null:
    not where groups differ in what is known to matter (data size), which `partial_association` or a mixed model hold
    fixed.
    """
    if len(groups) != 2:
        raise InputError(f"a contrast is of two groups, and {len(groups)} are given ({', '.join(groups)})")
    (first, one), (second, other) = groups.items()
    means, blocks, notes = _means(frame, [*one, *other], value, member, list(pairs))
    choices, exact = subsets(np.arange(len(means)) < len(one), permutations, seed)
    statistics = _differences(means, choices)
    if np.ptp(means) <= 1e-12 * max(1.0, float(np.abs(means).max())):
        raise InputError(f"all members have the same mean {value}; there is nothing to compare")
    attainable = attainable_share(statistics, alternative)
    notes += too_few(attainable, 1 - confidence, f"{len(choices)} choices of members")
    low, high = _inverted(means, choices, 1 - confidence)
    if low is None:
        notes.append("no interval: too few choices of members")
    how = "all" if exact else f"{len(choices) - 1:,} random"
    return Outcome(
        statistic=f"mean {value} of {first} tasks minus {second} tasks",
        estimate=float(statistics[0]),
        low=low,
        high=high,
        confidence=confidence,
        interval_method="inversion of the permutation test" if low is not None else "",
        p_value=share(statistics, float(statistics[0]), alternative),
        alternative=alternative,
        null=f"{how} choices of which {len(one)} of the {len(means)} tasks are {first}",
        attainable_p=attainable,
        minimum_detectable=minimum_detectable(statistics, alternative),
        n=len(means),
        unit=f"{member}s ({len(one)} {first}, {len(other)} {second}; each a mean over {blocks} {' × '.join(pairs)})",
        method="permutation test of the difference of two groups of tasks",
        assumptions=("tasks are exchangeable between the groups under the null",),
        warnings=tuple(notes),
    )


def _means(
    frame: pd.DataFrame, members: list[str], value: str, member: str, pairs: list[str]
) -> tuple[Floats, int, list[str]]:
    require_observations(frame, [member, *pairs], [value])
    frame, left_out = without_overlap(frame, member)
    known = set(frame[member].astype(str))
    problems = [f"no {member} {m!r}{nearest(m, known)}" for m in members if m not in known]
    problems += [
        f"{m} is a member of both groups, or twice of one" for m in sorted({m for m in members if members.count(m) > 1})
    ]
    if len(members) < 3:
        problems.append(f"{len(members)} members are too few to exchange; three at least are needed")
    if problems:
        raise InputError(problems)
    rows = frame[frame[member].isin(members)].dropna(subset=[value])
    table = rows.pivot_table(index=pairs, columns=member, values=value, aggfunc="mean", observed=True)
    complete = table.reindex(columns=members).dropna()
    if complete.empty:
        raise InputError(f"no combination of {', '.join(pairs)} has all of {', '.join(members)}")
    notes = list(left_out)
    if len(complete) < len(table):
        notes.append(f"{len(table) - len(complete)} of {len(table)} blocks left out that not every member has")
    return complete.mean().to_numpy(dtype=float), len(complete), notes


def _differences(means: Floats, choices: npt.NDArray[np.bool_]) -> Floats:
    k = int(choices[0].sum())
    first = choices @ means / k
    return np.asarray(first - (means.sum() - choices @ means) / (len(means) - k))


def _inverted(means: Floats, choices: npt.NDArray[np.bool_], alpha: float) -> tuple[float | None, float | None]:
    """Return the ends of the shifts of the first group that the two-sided test does not reject."""
    shifted = np.where(choices[0], 1.0, 0.0)
    of_means, of_shift = _differences(means, choices), _differences(shifted, choices)
    # Two choices are as extreme as each other at these shifts only: between them p is constant.
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = np.concatenate([(of_means[0] - of_means) / (1 - of_shift), (of_means[0] + of_means) / (1 + of_shift)])
    turns = np.unique(turns[np.isfinite(turns)])
    if not len(turns):
        return None, None
    between = np.concatenate([[turns[0] - 1], (turns[1:] + turns[:-1]) / 2, [turns[-1] + 1]])
    if len(between) > 4001:  # enough to place the ends to a thousandth of the range
        between = np.linspace(turns[0] - 1, turns[-1] + 1, 4001)
    p = np.array([share(of_means - b * of_shift, float(of_means[0] - b), "two-sided") for b in between])
    if p[0] > alpha or p[-1] > alpha:
        return None, None
    inside = between[p > alpha]
    low, high = float(inside.min()), float(inside.max())
    below, above = turns[turns <= low], turns[turns >= high]
    return float(below.max()) if len(below) else low, float(above.min()) if len(above) else high
