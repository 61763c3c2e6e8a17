"""Every procedure on data of the right structure: how often it rejects true nulls, how often its interval holds the truth.

A trial draws data and returns (p under a true null or None, whether an interval holds the planted value or None).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import binomtest, pearsonr, ttest_1samp, ttest_ind
from transfer_analysis.statistics import (
    NDCG,
    AverageRank,
    Outcome,
    Regret,
    Top1,
    against_random_selection,
    association,
    generalised_linear_model,
    group_contrast,
    joint_relabelings,
    linear_model,
    mantel,
    marginal_means,
    mixed_model,
    paired_contrast,
    partial_association,
    phylogenetic_regression,
    pigeonhole_interval,
    pooled_association,
    selection,
    selection_by_model,
    separate_relabelings,
    wild_cluster_bootstrap,
    within_family_association,
)
from transfer_analysis.statistics.effects import condition_effect, effects_beside_baseline
from transfer_analysis.statistics.mixed.design import design
from transfer_analysis.statistics.mixed.fit import fit_design
from transfer_analysis.statistics.mixed.inference import bootstrap_intervals, bootstrap_p_value, profile_interval
from transfer_analysis.statistics.simulate import Planted, draw

from tests.statistics.calibration import nulls

Rng = np.random.Generator
Trial = Callable[[Rng], tuple[float | None, bool | None]]


@dataclass(frozen=True)
class Case:
    """A procedure on a kind of data.

    `role`: `confirmatory` ones must keep their level; `descriptive` and `naive` ones are there to be seen. `exact` ones must
    reject at least 3.5% too; one of 70 choices, whose p-values come in steps of 2.9%, cannot. `size` below one is the level of a test at the edge of a composite null.
    """

    procedure: str
    data: str
    trial: Trial
    role: Literal["confirmatory", "descriptive", "naive"] = "confirmatory"
    exact: bool = False

    @property
    def name(self) -> str:
        return f"{self.procedure} | {self.data}"


def seed_of(rng: Rng) -> int:
    return int(rng.integers(1 << 30))


def holds(outcome: Outcome, truth: float) -> bool:
    return outcome.low is not None and outcome.low <= truth <= outcome.high


# --- association -----------------------------------------------------------------------------------------------------------


def separate(method: str, gaps: bool = False, shape: tuple[int, int] = (9, 4)) -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        distance, outcome = nulls.good_everywhere(rng, *shape)
        if gaps:  # overlapping cells lie nearest, and are left out on both sides
            distance[[0, 1, 2], [0, 1, 1]] = outcome[[0, 1, 2], [0, 1, 1]] = np.nan
        relabelings = separate_relabelings(*shape, count=199, seed=seed_of(rng))
        return association(distance, outcome, relabelings, method=method).p_value, None

    return trial


def joint(method: str) -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        distance, outcome = nulls.same_tasks(rng, 10)
        labels = [str(i) for i in range(10)]
        relabelings = joint_relabelings(labels, labels, labels, count=199, seed=seed_of(rng))
        return association(distance, outcome, relabelings, method=method).p_value, None

    return trial


def within_strata(rng: Rng) -> tuple[float | None, bool | None]:
    """Families of tasks that differ in both distance and outcome; within a family nothing is related."""
    family = np.repeat([0.0, 1.0, 2.0], 4)[:, None]
    distance, outcome = nulls.good_everywhere(rng, 12, 4)
    distance, outcome = distance + 3 * family, outcome + 3 * family
    strata = [str(v) for v in family[:, 0]]
    relabelings = separate_relabelings(12, 4, row_strata=strata, count=199, seed=seed_of(rng))
    return association(distance, outcome, relabelings).p_value, None


def across_strata(rng: Rng) -> tuple[float | None, bool | None]:
    family = np.repeat([0.0, 1.0, 2.0], 4)[:, None]
    distance, outcome = nulls.good_everywhere(rng, 12, 4)
    relabelings = separate_relabelings(12, 4, count=199, seed=seed_of(rng))
    return association(distance + 3 * family, outcome + 3 * family, relabelings).p_value, None


def confounded(held: bool, method: str = "spearman") -> Trial:
    """The size of the intermediate data moves both the distance and the gain."""

    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        distance, outcome = nulls.good_everywhere(rng, 12, 5)
        size = np.repeat(rng.normal(size=(12, 1)), 5, axis=1)
        distance, outcome = distance + 2 * size, outcome + 2 * size
        relabelings = separate_relabelings(12, 5, count=199, seed=seed_of(rng))
        if not held:
            return association(distance, outcome, relabelings, method=method).p_value, None
        return partial_association(distance, outcome, {"size": size}, relabelings, method=method).p_value, None

    return trial


def many_covariates(count: int) -> Trial:
    """Properties of nine intermediate tasks held fixed, sources good everywhere."""

    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        distance, outcome = nulls.good_everywhere(rng, 9, 6)
        held = {f"z{i}": np.repeat(rng.normal(size=(9, 1)), 6, axis=1) for i in range(count)}
        relabelings = separate_relabelings(9, 6, count=199, seed=seed_of(rng))
        return partial_association(distance, outcome, held, relabelings).p_value, None

    return trial


def pooled(rng: Rng) -> tuple[float | None, bool | None]:
    distance, outcome = nulls.good_everywhere(rng, 9, 4)
    return pooled_association(distance, outcome, separate_relabelings(9, 4, count=199, seed=seed_of(rng))).p_value, None


#: Mean within-target correlation of the planted model below, from 4 million cells.
PLANTED = {-1.0: Planted(task_distance=-1.0, families=(2, 1, 1)), -2.5: Planted(task_distance=-2.5, families=(2, 1, 1))}


def population(planted: Planted) -> float:
    """Return the correlation within targets that the planted model has among endlessly many conditions."""
    drawn = [draw(Planted(**{**vars(planted), "conditions": 2000}), seed) for seed in range(40)]
    found = [
        pearsonr(one.task_distance[:, t], one.cells()[:, t]).statistic for one in drawn for t in range(planted.targets)
    ]
    return float(np.mean(found))


def interval_of_association(slope: float, pigeonhole: bool) -> Trial:
    levels = {"conditions": 12, "targets": 10} if pigeonhole else {}
    planted = Planted(**{**vars(PLANTED[slope]), **levels})
    truth = population(planted)

    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        drawn = draw(planted, rng)
        cells = drawn.cells()
        if pigeonhole:
            low, high = pigeonhole_interval(drawn.task_distance, cells, method="pearson", draws=199, seed=seed_of(rng))
            return None, low <= truth <= high
        relabelings = separate_relabelings(*cells.shape, count=199, seed=seed_of(rng))
        return None, holds(association(drawn.task_distance, cells, relabelings, method="pearson"), truth)

    return trial


def cells_as_rows(icc: float) -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        frame = nulls.pooled_cells(rng, icc)
        return pearsonr(frame["task_distance"], frame["gain"]).pvalue, None

    return trial


def cells_as_units(icc: float) -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        means = nulls.pooled_cells(rng, icc).groupby("condition")[["task_distance", "gain"]].mean().to_numpy()
        relabelings = separate_relabelings(9, 1, count=199, seed=seed_of(rng))
        return association(means[:, :1], means[:, 1:], relabelings, method="pearson").p_value, None

    return trial


# --- languages -------------------------------------------------------------------------------------------------------------


def tree(icc: float, sizes: Sequence[int]) -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        y, x, family = nulls.related(rng, icc, list(sizes))
        components = nulls.components_of(family)
        null = phylogenetic_regression(y, x, components, simulations=199, seed=seed_of(rng))
        planted = phylogenetic_regression(y + 0.7 * x, x, components, simulations=199, seed=seed_of(rng))
        return null.p_value, holds(planted, 0.7)

    return trial


def xnli(share: float) -> Trial:
    components = nulls.xnli_components()

    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        y, x = (nulls.on_the_tree(rng, components, share) for _ in range(2))
        null = phylogenetic_regression(y, x, components, simulations=199, seed=seed_of(rng))
        planted = phylogenetic_regression(y + 0.7 * x, x, components, simulations=199, seed=seed_of(rng))
        return null.p_value, holds(planted, 0.7)

    return trial


def xnli_naive(rng: Rng) -> tuple[float | None, bool | None]:
    components = nulls.xnli_components()
    return pearsonr(*(nulls.on_the_tree(rng, components, 0.8) for _ in range(2))).pvalue, None


def within_families(icc: float) -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        y, x, family = nulls.related(rng, icc, nulls.BALANCED)
        found = within_family_association(y, x, list(map(str, family)), permutations=199, seed=seed_of(rng))
        return found.p_value, None

    return trial


def languages_as_units(rng: Rng) -> tuple[float | None, bool | None]:
    y, x, _ = nulls.related(rng, 0.8, nulls.BALANCED)
    return pearsonr(x, y).pvalue, None


# --- models ----------------------------------------------------------------------------------------------------------------

STUDY = Planted(conditions=6, targets=3, seeds=2, families=(4, 3, 2, 1, 1, 1))
FEW_LANGUAGES = Planted(conditions=6, targets=3, seeds=2, families=(3, 1, 1))
SINGULAR = Planted(
    conditions=6,
    targets=3,
    seeds=2,
    families=(4, 3, 2, 1, 1, 1),
    condition=0,
    target=0,
    family=0,
    target_language=0,
    cell=0,
    run=0,
)
EVERY_LEVEL = [
    "condition", "target", "condition:target", "target:language", "language", "language_family", "run", "target:seed",
]  # fmt: skip


def observed(planted: Planted, rng: Rng):
    frame = draw(planted, rng).frame()
    # The languages of a null study differ in their gains too, as families and one by one.
    own = dict(zip(sorted(set(frame["language"])), rng.normal(size=frame["language"].nunique()), strict=True))
    shared = dict(
        zip(sorted(set(frame["language_family"])), rng.normal(size=frame["language_family"].nunique()), strict=True)
    )
    if planted.run > 0:
        frame["gain"] += frame["language"].map(own) + frame["language_family"].map(shared)
    frame["run"] = frame["condition"] + ":" + frame["target"] + ":" + frame["seed"].astype(str)
    return frame


def mixed(planted: Planted, term: str, random: Sequence[str], degrees: str = "kenward-roger") -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        frame = observed(planted, rng)
        fit = mixed_model("gain ~ task_distance + language_distance", frame, random, degrees_of_freedom=degrees)
        outcome = fit.outcome(term)
        return outcome.p_value, None if outcome.p_value is None else holds(outcome, 0.0)

    return trial


def mixed_interaction(slopes: bool) -> Trial:
    """Each cell has a slope on language distance of its own; none depends on the task distance."""

    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        frame = observed(STUDY, rng)
        cells = frame["condition"] + frame["target"]
        steep = dict(zip(sorted(set(cells)), rng.normal(size=cells.nunique()), strict=True))
        frame["gain"] += cells.map(steep) * frame["language_distance"]
        steepness = {"condition:target": "language_distance"} if slopes else None
        given = design("gain ~ task_distance * language_distance", frame, EVERY_LEVEL, steepness)
        fit = fit_design(given, reml=True, degrees_of_freedom="kenward-roger")
        return fit.outcome("task_distance:language_distance").p_value, None

    return trial


SMALL = ["condition:target", "target:language", "language"]


def bootstrapped(rng: Rng) -> tuple[float | None, bool | None]:
    frame = small_study(rng)
    larger = mixed_model("gain ~ task_distance + language_distance", frame, SMALL, reml=False)
    smaller = mixed_model("gain ~ language_distance", frame, SMALL, reml=False)
    return bootstrap_p_value(smaller, larger, 200, seed_of(rng)), None


def bootstrap_interval_of_mixed(rng: Rng) -> tuple[float | None, bool | None]:
    fit = mixed_model("gain ~ task_distance + language_distance", small_study(rng), SMALL)
    low, high = bootstrap_intervals(fit, 99, seed=seed_of(rng))["task_distance"]
    return None, low <= 0 <= high


def profiled(rng: Rng) -> tuple[float | None, bool | None]:
    fit = mixed_model("gain ~ task_distance + language_distance", small_study(rng), SMALL)
    low, high = profile_interval(fit, "task_distance")
    return None, low <= 0 <= high


def small_study(rng: Rng):
    planted = Planted(conditions=4, targets=3, seeds=1, families=(1,) * 4, condition=0, clustered=0)
    return draw(planted, rng).frame()


def wild(icc: float) -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        frame = nulls.pooled_cells(rng, icc)
        found = wild_cluster_bootstrap("gain ~ task_distance", frame, "task_distance", "condition")
        return found.p_value, holds(found, 0.0)

    return trial


def by_cluster(intermediates: int) -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        frame = nulls.pooled_cells(rng, 0.2, intermediates)
        found = linear_model("gain ~ task_distance", frame, clusters="condition").outcome("task_distance")
        return found.p_value, holds(found, 0.0)

    return trial


def binomial(clusters: str | None, intermediates: int) -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        frame = nulls.pooled_cells(rng, 0.5, intermediates)
        right = rng.binomial(100, 1 / (1 + np.exp(-frame["gain"])))
        frame = frame.assign(share=right / 100, trials=100)
        fit = generalised_linear_model("share ~ task_distance", frame, trials="trials", clusters=clusters)
        return fit.outcome("task_distance").p_value, None

    return trial


# --- contrasts -------------------------------------------------------------------------------------------------------------


def groups(each: int) -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        frame = nulls.two_groups(rng, each, effect=1.0)
        members = {g: sorted(set(frame.loc[frame["group"] == g, "condition"])) for g in ("syntactic", "semantic")}
        found = group_contrast(frame, members, pairs=["language", "seed"], permutations=199)
        frame["gain"] -= 1.0 * (frame["group"] == "syntactic")
        return group_contrast(frame, members, pairs=["language", "seed"], permutations=199).p_value, holds(found, 1.0)

    return trial


def groups_naive(rng: Rng) -> tuple[float | None, bool | None]:
    frame = nulls.two_groups(rng, 4)
    one = frame["group"] == "syntactic"
    return ttest_ind(frame.loc[one, "gain"], frame.loc[~one, "gain"]).pvalue, None


def groups_by_model(degrees: str) -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        frame = nulls.two_groups(rng, 4, encoders=2)
        fit = mixed_model("gain ~ group", frame, ["condition", "language", "run"], degrees_of_freedom=degrees)
        outcome = marginal_means(fit, "group").contrast({"syntactic": 1, "semantic": -1}).outcome()
        return outcome.p_value, holds(outcome, 0.0)

    return trial


def interaction_by_model(rng: Rng) -> tuple[float | None, bool | None]:
    frame = nulls.two_groups(rng, 4, encoders=2)
    effect = dict(zip([f"c{i}:m{m}" for i in range(8) for m in range(2)], rng.normal(size=16), strict=True))
    frame["gain"] += (frame["condition"] + ":" + frame["encoder"]).map(effect)
    fit = mixed_model(
        "gain ~ group * encoder",
        frame,
        ["condition", "condition:encoder", "language", "run"],
        degrees_of_freedom="kenward-roger",
    )
    weights = {"syntactic:m0": 1.0, "semantic:m0": -1.0, "syntactic:m1": -1.0, "semantic:m1": 1.0}
    outcome = marginal_means(fit, ["group", "encoder"]).contrast(weights).outcome()
    return outcome.p_value, holds(outcome, 0.0)


def paired(shift: float = 0.0) -> Trial:
    """Two conditions over five seeds; runs of a condition share their error over languages."""

    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        frame = nulls.two_groups(rng, 1, seeds=5)
        frame["gain"] = rng.normal(size=10)[frame["run"].str[1:].astype(int)] + rng.normal(size=len(frame))
        frame["gain"] += shift * (frame["condition"] == "c0")
        contrast = paired_contrast(frame, {"condition": "c0"}, {"condition": "c1"}, value="gain", pairs=["language"])
        if shift:  # at the margin itself, where the test of equivalence has its size
            return contrast.equivalence(shift).p_value, None
        return contrast.outcome().p_value, holds(contrast.outcome(), 0.0)

    return trial


def paired_naive(rng: Rng) -> tuple[float | None, bool | None]:
    frame = nulls.two_groups(rng, 1, seeds=5)
    frame["gain"] = rng.normal(size=10)[frame["run"].str[1:].astype(int)] + rng.normal(size=len(frame))
    table = frame.pivot_table(index=["seed", "language"], columns="condition", values="gain")
    return ttest_1samp(table["c0"] - table["c1"], 0).pvalue, None


def shared_baseline(rng: Rng, seeds: int = 3):
    frame = nulls.two_groups(rng, 4, languages=1, seeds=seeds)
    frame = frame.assign(score=rng.normal(size=len(frame)), target="t")
    frame.loc[frame["condition"] == "c0", "condition"] = "none"
    return frame


def dunnett(rng: Rng) -> tuple[float | None, bool | None]:
    table = effects_beside_baseline(shared_baseline(rng))
    return float(table["p_value"].min()), bool(((table["low"] <= 0) & (table["high"] >= 0)).all())


def one_effect(rng: Rng) -> tuple[float | None, bool | None]:
    outcome = condition_effect(shared_baseline(rng), "c1")
    return outcome.p_value, holds(outcome, 0.0)


def gains_of_one_baseline_run(rng: Rng) -> tuple[float | None, bool | None]:
    """Eight gains over one and the same baseline run, tested as if they were eight observations."""
    baseline = rng.normal()
    return ttest_1samp(rng.normal(size=8) - baseline, 0).pvalue, None


# --- selection -------------------------------------------------------------------------------------------------------------


def selected(measure: object, same: bool) -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        if same:
            distance, outcome = nulls.same_tasks(rng, 10)
            labels = [str(i) for i in range(10)]
            relabelings = joint_relabelings(labels, labels, labels, count=199, seed=seed_of(rng))
        else:
            distance, outcome = nulls.good_everywhere(rng, 9, 4)
            relabelings = separate_relabelings(9, 4, count=199, seed=seed_of(rng))
        return selection(distance, outcome, relabelings, measure).p_value, None

    return trial


def modelled(leave_out: str) -> Trial:
    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        labels = [str(i) for i in range(8)]
        distance, outcome = nulls.same_tasks(rng, 8)
        other, _ = nulls.same_tasks(rng, 8)
        relabelings = joint_relabelings(labels, labels, labels, count=99, seed=seed_of(rng))
        found = selection_by_model(
            {"one": distance, "other": other},
            outcome,
            relabelings,
            NDCG("ranks"),
            leave_out=leave_out,
            labels=(labels, labels),
        )
        return found.p_value, None

    return trial


def targets_as_units(rng: Rng) -> tuple[float | None, bool | None]:
    """Does the nearest source beat the median one in more than half of eight targets? As if targets were independent."""
    distance, outcome = nulls.good_everywhere(rng, 9, 8)
    nearest = outcome[distance.argmin(axis=0), range(8)]
    return binomtest(int((nearest > np.median(outcome, axis=0)).sum()), 8, 4 / 9).pvalue, None


def declared_choice(rng: Rng) -> tuple[float | None, bool | None]:
    values = {f"t{i}": float(v) for i, v in enumerate(rng.normal(size=9))}
    chosen = [f"t{i}" for i in rng.permutation(9)[:3]]
    return against_random_selection(values, chosen).p_value, None


# --- square matrices -------------------------------------------------------------------------------------------------------


def matrices(clustered: bool) -> Trial:
    """Distances between twenty labels at random places; clustered, the places follow four families on both sides."""

    def trial(rng: Rng) -> tuple[float | None, bool | None]:
        family = np.repeat(np.arange(4), 5)
        share = 0.8 if clustered else 0.0
        places = [
            np.sqrt(share) * rng.normal(size=(4, 2))[family] + np.sqrt(1 - share) * rng.normal(size=(20, 2))
            for _ in range(2)
        ]
        y, x = (np.linalg.norm(p[:, None] - p[None, :], axis=-1) for p in places)
        return mantel(y, x, permutations=399, seed=seed_of(rng)).p_value, None

    return trial


# --- all of them -----------------------------------------------------------------------------------------------------------

CELLS = "9 × 4 cells, sources good everywhere"
TASKS = "10 × 10 tasks on both sides"
FAMILIES = "5 families × 8 languages"
WHOLE = "6 × 3 × 12 languages in 6 families × 2 seeds, shared baselines"
HIERARCHY = "mixed model with all levels, Kenward-Roger"


def cases() -> list[Case]:
    """Return every procedure with its data."""
    found = []
    for method in ("spearman", "pearson", "kendall", "distance"):
        found.append(Case(f"association, {method}", CELLS, separate(method), exact=True))
        found.append(Case(f"association, {method}", TASKS, joint(method), exact=True))
    found += [
        Case("association, spearman", "9 × 4 cells, three overlapping ones left out", separate("spearman", gaps=True)),
        Case("association within strata", "3 families of 4 tasks that differ in both", within_strata, exact=True),
        Case("association across strata", "3 families of 4 tasks that differ in both", across_strata, "naive"),
        Case("partial association, spearman", "12 × 5 cells, data size moves both", confounded(True)),
        Case("partial association, pearson", "12 × 5 cells, data size moves both", confounded(True, "pearson")),
        Case("partial association, spearman", "9 × 6 cells, two covariates of rows", many_covariates(2)),
        Case(
            "partial association, spearman", "9 × 6 cells, four covariates of rows", many_covariates(4), "descriptive"
        ),
        Case("association without the covariate", "12 × 5 cells, data size moves both", confounded(False), "naive"),
        Case("pooled association", CELLS, pooled, exact=True),
        Case("interval of association, inversion", "planted slope −1 per SD", interval_of_association(-1.0, False)),
        Case("interval of association, inversion", "planted slope −2.5 per SD", interval_of_association(-2.5, False)),
        Case(
            "interval of association, pigeonhole",
            "planted slope −1 per SD, 12 × 10",
            interval_of_association(-1.0, True),
        ),
        Case(
            "interval of association, pigeonhole",
            "planted slope −2.5 per SD, 12 × 10",
            interval_of_association(-2.5, True),
        ),
    ]
    for icc in (0.15, 0.2, 0.5):
        data = f"9 intermediates × 15 languages, ICC {icc}"
        found.append(Case("Pearson over all rows", data, cells_as_rows(icc), "naive"))
        found.append(Case("association over intermediates", data, cells_as_units(icc), exact=True))
        found.append(Case("wild cluster bootstrap by intermediate", data, wild(icc)))
    found += [
        Case(
            "least squares, errors by cluster", "9 intermediates × 15 languages, ICC 0.2", by_cluster(9), "descriptive"
        ),
        Case(
            "least squares, errors by cluster",
            "40 intermediates × 15 languages, ICC 0.2",
            by_cluster(40),
            "descriptive",
        ),
        Case("least squares, errors by cluster", "100 intermediates × 15 languages, ICC 0.2", by_cluster(100)),
        Case("binomial regression", "9 intermediates × 15 languages, ICC 0.5", binomial(None, 9), "naive"),
        Case(
            "binomial regression, errors by cluster",
            "100 intermediates × 15 languages, ICC 0.5",
            binomial("condition", 100),
        ),
    ]
    for icc in (0.5, 0.8):
        found.append(Case("phylogenetic regression", f"{FAMILIES}, ICC {icc}", tree(icc, nulls.BALANCED)))
        found.append(
            Case("phylogenetic regression", f"one family of 20 in 40 languages, ICC {icc}", tree(icc, nulls.ONE_LARGE))
        )
        found.append(Case("phylogenetic regression", f"XNLI's 14 targets on their tree, share {icc}", xnli(icc)))
        found.append(Case("within-family permutation", f"{FAMILIES}, ICC {icc}", within_families(icc), exact=True))
    found += [
        Case("Pearson over languages", f"{FAMILIES}, ICC 0.8", languages_as_units, "naive"),
        Case("Pearson over languages", "XNLI's 14 targets on their tree, share 0.8", xnli_naive, "naive"),
        Case(f"{HIERARCHY}: task distance", WHOLE, mixed(STUDY, "task_distance", EVERY_LEVEL)),
        Case(f"{HIERARCHY}: language distance", WHOLE, mixed(STUDY, "language_distance", EVERY_LEVEL)),
        Case(f"{HIERARCHY}: task distance", "the same, all variances but the residual's zero", mixed(SINGULAR, "task_distance", EVERY_LEVEL)),
        Case(f"{HIERARCHY}: language distance", "the same, all variances but the residual's zero", mixed(SINGULAR, "language_distance", EVERY_LEVEL)),
        Case(f"{HIERARCHY}: language distance", "the same with 5 languages in 3 families", mixed(FEW_LANGUAGES, "language_distance", EVERY_LEVEL), "descriptive"),
        Case("mixed model with all levels, Satterthwaite: task distance", WHOLE, mixed(STUDY, "task_distance", EVERY_LEVEL, "satterthwaite"), "descriptive"),
        Case("mixed model with all levels, Satterthwaite: language distance", WHOLE, mixed(STUDY, "language_distance", EVERY_LEVEL, "satterthwaite"), "descriptive"),
        Case("mixed model without condition and family: task distance", WHOLE, mixed(STUDY, "task_distance", ["condition:target", "target:language", "language", "run"]), "naive"),
        Case("mixed model without condition and family: language distance", WHOLE, mixed(STUDY, "language_distance", ["condition:target", "target:language", "language", "run"]), "naive"),
        Case("mixed model with slopes by cell, Kenward-Roger: interaction", WHOLE, mixed_interaction(True)),
        Case("mixed model without slopes by cell, Kenward-Roger: interaction", WHOLE, mixed_interaction(False), "naive"),
        Case("mixed model, parametric bootstrap of 200", "4 × 3 × 4 languages", bootstrapped),
        Case("mixed model, bootstrap interval", "4 × 3 × 4 languages", bootstrap_interval_of_mixed, "descriptive"),
        Case("mixed model, profile interval", "4 × 3 × 4 languages", profiled, "descriptive"),
        Case("contrast of groups by exchanging tasks", "4 + 4 tasks", groups(4)),
        Case("t test over rows", "4 + 4 tasks", groups_naive, "naive"),
        Case("contrast of marginal means, Satterthwaite", "4 + 4 tasks, 2 encoders", groups_by_model("satterthwaite"), "descriptive"),
        Case("contrast of marginal means, Kenward-Roger", "4 + 4 tasks, 2 encoders", groups_by_model("kenward-roger")),
        Case("interaction of groups with the encoder, Kenward-Roger", "4 + 4 tasks, 2 encoders", interaction_by_model),
        Case("paired contrast over seeds", "2 conditions, 6 languages, 5 seeds", paired(), exact=True),
        Case("paired t test over seeds × languages", "2 conditions, 6 languages, 5 seeds", paired_naive, "naive"),
        Case("equivalence at the margin", "2 conditions, 6 languages, 5 seeds", paired(1.5)),
        Case("Dunnett, any of seven conditions", "8 conditions × 3 seeds, one baseline", dunnett, exact=True),
        Case("effect of one condition", "8 conditions × 3 seeds, one baseline", one_effect, exact=True),
        Case("t test of gains over one baseline run", "8 conditions", gains_of_one_baseline_run, "naive"),
        Case("a declared choice against all C(n, k)", "3 of 9 tasks", declared_choice),
        Case("nearest against the median, targets as units", "9 × 8 cells, sources good everywhere", targets_as_units, "naive"),
        Case("Mantel", "20 labels, exchangeable", matrices(False), "descriptive"),
        Case("Mantel", "20 labels in 4 families on both sides", matrices(True), "descriptive"),
    ]  # fmt: skip
    measures = (NDCG("ranks"), NDCG("clipped-gains"), Regret(3, "mean", relative=False), Regret(1, "best", relative=False), Top1(), AverageRank(2))  # fmt: skip
    for measure in measures:
        exact = not isinstance(measure, Top1)  # of four targets: few values
        found.append(Case(f"selection, {measure.name()}", CELLS, selected(measure, False), exact=exact))
        found.append(Case(f"selection, {measure.name()}", TASKS, selected(measure, True), exact=exact))
    found += [
        Case("selection by a model, each target left out", "8 × 8 tasks on both sides", modelled("target"), exact=True),
        Case("selection by a model, each task left out", "8 × 8 tasks on both sides", modelled("task"), exact=True),
    ]
    return found
