"""Commands on square matrices of the same labels; descriptions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from transfer_analysis.commands.common import AsJson, group, pairs
from transfer_analysis.commands.fitting import Direction, OutCsv, Permutations, Seed, direction, say
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

app = group()

Complete = Annotated[
    bool, typer.Option("--complete", help="Leave out the fewest labels without which no distance is missing.")
]
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
    without_gaps: Complete = False,
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
    (y, x, *held), notes = _without_gaps([_square(outcome), _square(distance), *controls.values()], without_gaps)
    controls, way = dict(zip(controls, held, strict=True)), direction(alternative)
    if controls:
        found = partial_mantel(y, x, controls, method=kind, alternative=way, permutations=permutations, seed=seed)
    else:
        found = mantel(y, x, method=kind, alternative=way, permutations=permutations, seed=seed)
    say({f"{outcome.stem} and {distance.stem}": found}, out, as_json, notes)


@app.command(
    "matrices",
    epilog="Example: transfer-analysis fit matrices scores.csv --on syntactic=syntactic.csv --on genetic=genetic.csv",
)
def matrices_command(
    outcome: Square,
    on: Annotated[list[str], typer.Option(help="NAME=FILE: a matrix to regress on; several times for several.")],
    without_gaps: Complete = False,
    permutations: Permutations = 9_999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Regress a square matrix on others (MRM); a description."""
    from transfer_analysis.statistics import matrix_regression

    predictors = {name: _square(Path(path)) for name, path in pairs(on, "--on", "NAME=FILE").items()}
    (y, *held), notes = _without_gaps([_square(outcome), *predictors.values()], without_gaps)
    predictors = dict(zip(predictors, held, strict=True))
    fit = matrix_regression(y, predictors, permutations=permutations, seed=seed)
    say(
        {name: fit.outcome(name) for name in predictors},
        out,
        as_json,
        (f"R² {fit.r_squared:.3f}, p = {fit.r_squared_p:.3g}", *notes),
    )


def _without_gaps(matrices: list[pd.DataFrame], asked: bool) -> tuple[list[pd.DataFrame], tuple[str, ...]]:
    """Leave out the fewest labels that leave no distance missing, where that is asked for, and say which."""
    from transfer_analysis.statistics.matrices import complete

    if not asked:
        return matrices, ()
    found, dropped = complete({str(i): matrix for i, matrix in enumerate(matrices)})
    return list(found.values()), (f"left out, as distances are missing: {', '.join(dropped)}",) if dropped else ()


def _square(path: Path) -> pd.DataFrame:
    """Read a matrix; one of a single row or column stays that, for the procedure to refuse."""
    from transfer_analysis.distances import DistanceMatrix

    return DistanceMatrix.read(path).values
