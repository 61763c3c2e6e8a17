"""Commands that compare conditions, groups of conditions and square matrices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from transfer_analysis.commands.common import AsJson, pairs
from transfer_analysis.commands.fitting import Direction, OutCsv, Permutations, Seed, Table, direction, read_frame, say
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from transfer_analysis.statistics import Contrast, Outcome

app = typer.Typer()


@app.command(
    "contrast",
    epilog="Example: transfer-analysis fit contrast reports/quickstart/data/observations-gains.parquet --group "
    "sentence=sim-entailment,sim-duplicates --group words=sim-supertags,sim-topic --margin 2",
)
def contrast_command(
    table: Table,
    group: Annotated[list[str], typer.Option(help="NAME=CONDITION,CONDITION: give two.")],
    outcome: Annotated[str, typer.Option(help="Column that is compared.")] = "gain",
    pair: Annotated[
        list[str] | None,
        typer.Option(help="Column by which conditions are paired besides the seed; target and language."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Column (model) for each of whose values the contrast is made, with their difference."),
    ] = None,
    margin: Annotated[float | None, typer.Option(help="Margin of equivalence, declared beforehand.")] = None,
    alternative: Direction = "two-sided",
    permutations: Permutations = 9_999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Do two groups of intermediate tasks differ? Over tasks like these, and for these tasks over seeds."""
    from transfer_analysis.statistics import group_contrast, holm

    groups = {name: members.split(",") for name, members in pairs(group, "--group", "NAME=CONDITION,CONDITION").items()}
    if len(groups) != 2:
        raise InputError(f"--group: a contrast is of two groups, and {len(groups)} are given")
    frame = read_frame(table)
    paired_by = pair or [c for c in ("target", "language") if c in frame]
    parts = _parts(frame, by)
    outcomes: dict[str, Outcome] = {}
    contrasts: dict[str, Contrast] = {}
    for name, part in parts.items():
        suffix = f", {name}" if name else ""
        outcomes[f"tasks{suffix}"] = group_contrast(
            part,
            groups,
            value=outcome,
            pairs=[*paired_by, *(["seed"] if "seed" in part else [])],
            alternative=direction(alternative),
            permutations=permutations,
            seed=seed,
        )
        if "seed" in part and part["seed"].nunique() > 1:
            contrasts[name] = _over_seeds(part, groups, outcome, paired_by)
            outcomes[f"seeds{suffix}"] = contrasts[name].outcome(direction(alternative))
            if margin is not None:
                outcomes[f"equivalence{suffix}"] = contrasts[name].equivalence(margin)
    if len(contrasts) == 2:
        (one, first), (other, second) = contrasts.items()
        words = f"difference of the contrast between {one} and {other}"
        outcomes[f"interaction with {by}"] = first.minus(second, words).outcome()
    if margin is not None and not contrasts:
        raise InputError("--margin: a test of equivalence needs several seeds")
    tested = [o.p_value for o in outcomes.values() if o.p_value is not None]
    corrected = ", ".join(f"{name} {p:.3g}" for name, p in zip(outcomes, holm(tested), strict=True))
    say(outcomes, out, as_json, (f"p-values after Holm's correction over these {len(tested)}: {corrected}",))


def _parts(frame: pd.DataFrame, by: str | None) -> dict[str, pd.DataFrame]:
    if by is None:
        return {"": frame}
    if by not in frame:
        raise InputError(f"--by {by!r}: the table has no such column; there are {', '.join(map(str, frame.columns))}")
    return {str(name): part for name, part in frame.groupby(by, sort=True)}


def _over_seeds(frame: pd.DataFrame, groups: dict[str, list[str]], outcome: str, paired_by: list[str]) -> Contrast:
    from transfer_analysis.statistics import paired_contrast

    (first, one), (second, other) = groups.items()
    return paired_contrast(
        frame,
        {"condition": one},
        {"condition": other},
        value=outcome,
        pairs=paired_by,
        name=f"mean {outcome} of these {first} tasks less that of these {second} tasks",
    )


Square = Annotated[
    Path, typer.Argument(help="CSV with labels in the first column and the first row, as `distances` writes.")
]


@app.command(
    "mantel",
    epilog="Example: transfer-analysis fit mantel syntactic.csv genetic.csv --control geographic=geographic.csv",
)
def mantel_command(
    outcome: Square,
    distance: Square,
    control: Annotated[list[str] | None, typer.Option(help="NAME=FILE: a matrix to hold fixed.")] = None,
    method: Annotated[str, typer.Option(help="pearson or spearman.")] = "pearson",
    alternative: Direction = "two-sided",
    permutations: Permutations = 9_999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Compare two square matrices of the same labels; a description, and refused for a vector or a rectangle."""
    from transfer_analysis.statistics import mantel, partial_mantel

    if method not in ("pearson", "spearman"):
        raise InputError(f"--method {method!r}: expected pearson or spearman")
    kind: Literal["pearson", "spearman"] = "spearman" if method == "spearman" else "pearson"
    controls = {name: _square(Path(path)) for name, path in pairs(control, "--control", "NAME=FILE").items()}
    y, x, way = _square(outcome), _square(distance), direction(alternative)
    if controls:
        found = partial_mantel(y, x, controls, method=kind, alternative=way, permutations=permutations, seed=seed)
    else:
        found = mantel(y, x, method=kind, alternative=way, permutations=permutations, seed=seed)
    say({f"{outcome.stem} and {distance.stem}": found}, out, as_json)


@app.command(
    "matrices",
    epilog="Example: transfer-analysis fit matrices scores.csv --on syntactic=syntactic.csv --on genetic=genetic.csv",
)
def matrices_command(
    outcome: Square,
    on: Annotated[list[str], typer.Option(help="NAME=FILE: a matrix to regress on; several times for several.")],
    permutations: Permutations = 9_999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Regress a square matrix on others (MRM); a description."""
    from transfer_analysis.statistics import matrix_regression

    predictors = {name: _square(Path(path)) for name, path in pairs(on, "--on", "NAME=FILE").items()}
    fit = matrix_regression(_square(outcome), predictors, permutations=permutations, seed=seed)
    say(
        {name: fit.outcome(name) for name in predictors},
        out,
        as_json,
        (f"R² {fit.r_squared:.3f}, p = {fit.r_squared_p:.3g}",),
    )


def _square(path: Path) -> pd.DataFrame:
    """Read a matrix; one of a single row or column stays that, for the procedure to refuse."""
    from transfer_analysis.distances import DistanceMatrix

    return DistanceMatrix.read(path).values
