"""The trained world does what was planted: order and sign of every dial, over five worlds. About half an hour."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

DIALS = Path(__file__).resolve().parents[2] / "benchmarks" / "dials.py"


@pytest.mark.slow
def test_dials_do_what_they_say(tmp_path, monkeypatch):
    monkeypatch.setenv("TRANSFER_ANALYSIS_CACHE", str(tmp_path))
    spec = importlib.util.spec_from_file_location("dials", DIALS)
    dials = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(dials)
    seeds = range(1, 6)
    held = dials.verdicts(dials.slopes(seeds, 800), dials.effects(seeds, 800))
    assert [claim for claim, holds in held.items() if not holds] == []
