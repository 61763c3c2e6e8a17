"""Claims: one wins, one that is gone is taken over, and no clock but the file server's counts."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace

import pytest
from transfer_analysis.training.runs import claims as module
from transfer_analysis.training.runs.claims import ABANDONED, Claim, claims, is_abandoned, read_claim, take


@pytest.fixture
def path(tmp_path):
    return tmp_path / "node.claim"


def write(path, **changes):
    claim = replace(Claim("x"), **changes)
    path.write_text(json.dumps(asdict(claim)))
    return claim


def test_one_of_two_wins_and_the_end_frees_it(path):
    with take(path, "a node") as held:
        assert take(path, "a node") is None
        assert read_claim(path) == held.claim
        assert [(found.what, gone) for found, gone in claims(path.parent)] == [("a node", False)]
    assert list(path.parent.iterdir()) == []
    assert take(path, "a node") is not None


def sixteen_at_once(path):
    """What each of sixteen threads gets that try to claim at the same moment."""
    won = []
    gate = threading.Barrier(16)

    def run():
        gate.wait()
        won.append(take(path, "x"))

    threads = [threading.Thread(target=run) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won


def test_of_many_at_once_one_wins(path):
    won = sixteen_at_once(path)
    assert sum(held is not None for held in won) == 1


def gone_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_of_many_one_takes_an_abandoned_claim_over(path):
    write(path, process=gone_process(), began="1")
    won = sixteen_at_once(path)
    (held,) = [held for held in won if held is not None]
    assert read_claim(path).owner == held.claim.owner
    assert not list(path.parent.glob("*.takeover"))


def test_a_later_process_of_the_same_number_is_not_the_owner(path):
    write(path, process=os.getpid(), began="1")
    assert take(path, "x") is not None


def test_a_claim_of_another_machine_is_alive_while_it_gives_signs_of_life(path):
    claim = write(path, host="elsewhere", process=1)
    assert take(path, "x") is None
    old = path.stat().st_mtime - ABANDONED - 5
    os.utime(path, (old, old))
    assert is_abandoned(path, claim)
    assert take(path, "x") is not None


def test_a_clock_that_was_set_back_or_differs_abandons_nothing(path):
    """The claim's own machine is hours ahead: what it says of the time is not looked at, and a future date is no age."""
    claim = write(path, host="elsewhere")
    ahead = path.stat().st_mtime + 7200
    os.utime(path, (ahead, ahead))
    assert not is_abandoned(path, claim)
    assert take(path, "x") is None


def test_signs_of_life_say_how_far_the_work_is(path, monkeypatch):
    monkeypatch.setattr(module, "BEAT", 0.02)
    with take(path, "x") as held:
        first = path.stat().st_mtime_ns
        held.note(3, 10, 2.5)
        while (found := read_claim(path)) is None or found.step != 3:
            time.sleep(0.01)
        assert (found.steps, found.rate) == (10, 2.5)
        assert path.stat().st_mtime_ns > first


def test_who_loses_a_claim_is_told_and_leaves_the_other_alone(path, monkeypatch):
    """A machine that was suspended for long."""
    monkeypatch.setattr(module, "BEAT", 0.02)
    with take(path, "x") as held:
        other = write(path, owner="other", host="elsewhere")
        while not held.lost:
            time.sleep(0.01)
    assert read_claim(path) == other


def test_a_file_system_without_links(path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    with take(path, "x"):
        assert take(path, "x") is None
    write(path, process=gone_process(), began="1")
    assert take(path, "x") is not None


def test_a_claim_that_is_damaged_is_taken_over(path):
    path.write_text('{"what": "x"')
    old = path.stat().st_mtime - 60
    os.utime(path, (old, old))
    assert take(path, "x") is not None
