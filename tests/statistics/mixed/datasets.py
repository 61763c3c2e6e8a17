"""Data sets of known structure that mixed models are compared with lme4 on: made here, the same on every machine.

python -m tests.statistics.mixed.datasets FOLDER     # writes them as CSV for reference.R
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Case:
    """A model and its data; `r` is the model as lme4 writes it."""

    formula: str
    random: tuple[str, ...]
    r: str
    data: pd.DataFrame
    slopes: dict[str, str] = field(default_factory=dict)


def draws(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def crossed(missing: float = 0.0, seed: int = 1) -> pd.DataFrame:
    """Twelve subjects by ten items, a predictor that varies over rows."""
    rng = draws(seed)
    s, i = (part.ravel() for part in np.meshgrid(range(12), range(10), indexing="ij"))
    x = rng.normal(size=120)
    y = 2 + 0.5 * x + rng.normal(size=12)[s] + 0.7 * rng.normal(size=10)[i] + rng.normal(size=120)
    frame = pd.DataFrame({"y": y, "x": x, "subject": [f"s{k}" for k in s], "item": [f"i{k}" for k in i]})
    return frame[rng.random(120) >= missing].reset_index(drop=True)


def nested(seed: int = 2) -> pd.DataFrame:
    """Eight schools of unequal numbers of classes of unequal sizes."""
    rng = draws(seed)
    rows = []
    for school in range(8):
        a = rng.normal()
        for room in range(int(rng.integers(2, 6))):
            b = 0.6 * rng.normal()
            for _ in range(int(rng.integers(2, 9))):
                x = rng.normal()
                rows.append((1 + 0.4 * x + a + b + rng.normal(), x, f"k{school}", f"r{room}"))
    return pd.DataFrame(rows, columns=["y", "x", "school", "room"])


def singular(seed: int = 2) -> pd.DataFrame:
    """Groups that do not differ: residuals within each are centred, so the best variance is zero."""
    rng = draws(seed)
    g = np.repeat(np.arange(8), 6)
    noise = rng.normal(size=48)
    noise -= np.array([noise[g == k].mean() for k in range(8)])[g] * 0.98
    x = rng.normal(size=48)
    return pd.DataFrame({"y": 3 - x + noise, "x": x, "group": [f"g{k}" for k in g]})


def sloped(seed: int = 4) -> pd.DataFrame:
    """Eighteen subjects on ten days, each with a level and a slope of their own."""
    rng = draws(seed)
    s, d = (part.ravel() for part in np.meshgrid(range(18), range(10), indexing="ij"))
    y = 250 + 10 * d + 25 * rng.normal(size=18)[s] + 6 * rng.normal(size=18)[s] * d + 25 * rng.normal(size=180)
    return pd.DataFrame({"y": y, "day": d.astype(float), "subject": [f"s{k}" for k in s]})


def transfer(seed: int = 5) -> pd.DataFrame:
    """Six conditions by four targets by seven languages by two seeds, as a transfer study has them."""
    rng = draws(seed)
    c, t, language, k = (part.ravel() for part in np.meshgrid(range(6), range(4), range(7), range(2), indexing="ij"))
    cell, pair = c * 4 + t, t * 7 + language
    task_distance, language_distance = rng.random(24)[cell], rng.random(7)[language]
    gain = (
        1
        - 2 * task_distance
        - 3 * language_distance
        + 2 * task_distance * language_distance
        + rng.normal(size=24)[cell]
        + 0.8 * rng.normal(size=28)[pair]
        + rng.normal(size=7)[language]
        + 0.7 * rng.normal(size=48)[cell * 2 + k]
        + rng.normal(size=len(c))
    )
    return pd.DataFrame(
        {
            "gain": gain,
            "task_distance": task_distance,
            "language_distance": language_distance,
            "condition": [f"c{v}" for v in c],
            "target": [f"t{v}" for v in t],
            "language": [f"l{v}" for v in language],
            "run": [f"r{v}" for v in cell * 2 + k],
        }
    )


def between(seed: int = 6) -> pd.DataFrame:
    """Six groups of unequal size and a predictor of groups: few units, where degrees of freedom matter most."""
    rng = draws(seed)
    g = np.repeat(np.arange(6), [3, 5, 4, 6, 3, 5])
    z = rng.normal(size=6)
    y = 1 + 0.8 * z[g] + rng.normal(size=6)[g] + rng.normal(size=len(g))
    return pd.DataFrame({"y": y, "z": z[g], "group": [f"g{k}" for k in g]})


def cases() -> dict[str, Case]:
    return {
        "crossed": Case("y ~ x", ("subject", "item"), "y ~ x + (1|subject) + (1|item)", crossed()),
        "crossed with gaps": Case("y ~ x", ("subject", "item"), "y ~ x + (1|subject) + (1|item)", crossed(0.35, 8)),
        "nested": Case("y ~ x", ("school", "school:room"), "y ~ x + (1|school) + (1|school:room)", nested()),
        "singular": Case("y ~ x", ("group",), "y ~ x + (1|group)", singular()),
        "random slopes": Case(
            "y ~ day", ("subject",), "y ~ day + (1|subject) + (0+day|subject)", sloped(), {"subject": "day"}
        ),
        "transfer": Case(
            "gain ~ task_distance * language_distance",
            ("condition:target", "target:language", "language", "run"),
            "gain ~ task_distance * language_distance + (1|condition:target) + (1|target:language) + (1|language) + (1|run)",
            transfer(),
        ),
        "transfer with slopes": Case(
            "gain ~ task_distance * language_distance",
            ("condition:target", "target:language", "language"),
            "gain ~ task_distance * language_distance + (1|condition:target) + (1|target:language) + (1|language) + "
            "(0+language_distance|condition:target)",
            transfer(9),
            {"condition:target": "language_distance"},
        ),
        "between": Case("y ~ z", ("group",), "y ~ z + (1|group)", between()),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    models = []
    for name, case in cases().items():
        case.data.to_csv(folder / f"{name.replace(' ', '-')}.csv", index=False, float_format="%.17g")
        models.append((name, name.replace(" ", "-"), case.r))
    pd.DataFrame(models, columns=["name", "file", "model"]).to_csv(folder / "models.csv", index=False)
