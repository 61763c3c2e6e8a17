"""Shared by all tests: where the published results lie, and small tables made by hand."""

from __future__ import annotations

import os
from pathlib import Path

# Several test processes with several threads each get in one another's way; torch reads this when it is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True, scope="session")
def _cache(tmp_path_factory) -> None:
    """Keep what tests make out of the user's cache."""
    os.environ["TRANSFER_ANALYSIS_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def published() -> Path:
    """Folder with the published results; tests that need it are skipped where it is missing."""
    folder = Path(os.environ.get("TRANSFER_ANALYSIS_PUBLISHED", ROOT.parent / "shared" / "published"))
    if not (folder / "taskweb.csv").is_file():
        pytest.skip(f"published results not found in {folder}; set TRANSFER_ANALYSIS_PUBLISHED")
    return folder
