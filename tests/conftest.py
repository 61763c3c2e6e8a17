"""Shared by all tests: where the published results lie, and small tables made by hand."""

from __future__ import annotations

import os
import socket
from pathlib import Path

# Several test processes with several threads each get in one another's way; torch reads this when it is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No test reaches the network: the hub is a port of this machine, at which tests that want one let a stand-in listen.
with socket.socket() as _free:
    _free.bind(("127.0.0.1", 0))
    HUB_PORT = _free.getsockname()[1]
os.environ["HF_ENDPOINT"] = f"http://127.0.0.1:{HUB_PORT}"
os.environ["HF_HUB_DISABLE_XET"] = "1"
for _name in ("HF_HUB_OFFLINE", "HF_TOKEN"):
    os.environ.pop(_name, None)

import pytest  # noqa: E402  # after what is read on import

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


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A stand-in for the hub that is reached in this test, with empty caches."""
    from huggingface_hub import HfFileSystem, close_session, constants
    from transfer_analysis.hub import client, hub_is_reachable, repository, require_access

    from tests.hub.standin import StandIn

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    monkeypatch.setenv("TRANSFER_ANALYSIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(client, "PATIENCE", 6.0)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.0)

    def forget() -> None:
        close_session()  # open connections would still be answered by a stand-in that is stopped
        HfFileSystem.clear_instance_cache()
        hub_is_reachable.cache_clear()
        repository.cache_clear()
        require_access.cache_clear()

    forget()
    stand_in = StandIn()
    stand_in.forget = forget
    server = stand_in.start(HUB_PORT)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        forget()

    stand_in.stop = stop
    yield stand_in
    stop()
