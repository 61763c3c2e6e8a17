"""The package as a whole: what importing it costs, and which floor may stand on which."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import transfer_analysis

PACKAGE = Path(transfer_analysis.__file__).parent

#: Each floor may import those before it. `statistics` and `reporting` stand beside and know none but the ground tools.
FLOORS = [
    "languages",
    "tasks",
    "results",
    "corpora",
    "encoders",
    "training",
    "distances",
    "observations",
    "example",
    "analyses",
    "plot",
    "published",
    "studies",
    "python",
    "commands",
    "cli",
]
BESIDE = {"statistics": {"statistics"}, "reporting": {"reporting", "statistics"}}
TOOLS = {"documents", "errors", "extensions", "files", "hub", "keys", "progress", "__version__", "InputError"}


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "transfer_analysis":
            parts = node.module.split(".")[1:]
            rooms |= {parts[0]} if parts else {alias.name for alias in node.names}
    return rooms - TOOLS


@pytest.mark.parametrize("room", [*FLOORS, *BESIDE])
def test_floors_import_only_what_is_below(room):
    files = sorted((PACKAGE / room).rglob("*.py")) or [PACKAGE / f"{room}.py"]
    found = set().union(*(imported_rooms(path) for path in files))
    if room in BESIDE:
        assert found <= BESIDE[room]
    else:
        allowed = {
            *FLOORS[: FLOORS.index(room) + 1],
            *(BESIDE if room in ("analyses", "plot", "published", "studies", "commands") else ()),
        }
        assert found <= allowed


@pytest.mark.parametrize(
    "code",
    [
        "import transfer_analysis",
        "import transfer_analysis.cli",
        "import transfer_analysis.results.importers, transfer_analysis.distances, transfer_analysis.observations",
        "import transfer_analysis.statistics, transfer_analysis.reporting, transfer_analysis.studies",
        "from transfer_analysis import run_study, TransferTable, DistanceMatrix, observe, Outcome, InputError",
    ],
)
def test_importing_does_not_load_torch(code):
    check = f"import sys; {code}; assert not {{'torch', 'transformers', 'sentence_transformers'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)


def test_help_does_not_load_pandas():
    check = "import sys, transfer_analysis.cli; assert not {'pandas', 'numpy', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)


def test_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_here"):
        transfer_analysis.nothing_here  # noqa: B018  # the access itself is tested


def test_scoring_stands_below_runs():
    """Runs are scored; what scores them does not know how runs are carried out."""
    for path in (PACKAGE / "training" / "scoring").glob("*.py"):
        assert "training.runs" not in path.read_text(encoding="utf-8"), path.name
