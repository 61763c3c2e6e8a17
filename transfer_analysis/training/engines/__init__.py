"""Engines: where nodes run. Each is one module behind `submit`, `endings` and `cancel`."""

from __future__ import annotations

from importlib import import_module

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.training.engines.engine import Engine, Options
from transfer_analysis.training.runs.run import Control
from transfer_analysis.training.session import Setting

#: Name → module with a function `make`, and what it is.
ENGINES = {
    "local": ("transfer_analysis.training.engines.local", "processes of this machine, or one for each of its GPUs"),
    "ray": ("transfer_analysis.training.engines.ray", "Ray, on this machine or a cluster (extra ray)"),
    "slurm": ("transfer_analysis.training.engines.slurm", "job arrays of SLURM through submitit (extra slurm)"),
}


def make_engine(name: str, setting: Setting, options: Options, control: Control) -> Engine:
    """Return an engine.

    Raises
    ------
    InputError
        For an unknown name, an engine whose extra is not installed, or one that cannot be had here.
    """
    if name not in ENGINES:
        raise InputError(f"unknown engine {name!r}{nearest(name, ENGINES)}; expected one of {', '.join(ENGINES)}")
    made: Engine = import_module(ENGINES[name][0]).make(setting, options, control)
    return made
