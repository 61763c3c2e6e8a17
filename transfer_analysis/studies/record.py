"""Every number of a study and everything it depends on."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np

from transfer_analysis import __version__
from transfer_analysis.studies.analysed import Analysed

_PACKAGES = (
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "matplotlib",
    "seaborn",
    "urielplus",
    "torch",
    "transformers",
    "sentence-transformers",
)


def record_of(analysed: Analysed) -> dict[str, Any]:
    """Return every number and everything it depends on, without a clock or the name of a machine."""
    study, material, findings = analysed.study, analysed.material, analysed.findings
    record: dict[str, Any] = {
        "study": study.model_dump(mode="json"),
        "finding": analysed.answer,
        "outcomes": [
            {
                "id": f.id,
                "statement": f.statement,
                "verdict": f.verdict,
                "adjusted_p": f.adjusted_p,
                "attainable_adjusted_p": f.attainable_adjusted_p,
                **asdict(f.outcome),
            }
            for f in findings
        ],
        "data": list(analysed.remarks),
        "training": list(analysed.origin.training),
        "distances": {
            name: {"kind": m.kind, "parameters": m.parameters, "labels": len(m.rows), "missing": m.missing()}
            for name, m in material.distances.items()
        },
        "files": analysed.origin.files,
        "command": analysed.origin.command,
        "versions": {
            "transfer-analysis": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
    }
    plain: dict[str, Any] = _plain(record)
    return plain


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it; numbers that are none become null."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
