"""Claims: who works on a node of a store, so that several processes, commands and machines never do one twice.

A claim is a file beside the node's results, made in one step that only one process can win, also on a network file system,
and written anew every few seconds while the work goes on. One whose owner is gone is taken over. How old a claim is, is
read off the file server's clock alone, so that clocks of machines may differ.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from transfer_analysis.files import write_text

#: Seconds between two signs of life, and after how many without one a claim of another machine counts as abandoned.
BEAT = 2.0
ABANDONED = 120.0

#: Errors of a file system that has no hard links.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK)


@dataclass(frozen=True)
class Claim:
    """What a claim says.

    Attributes
    ----------
    what
        The node, in words.
    owner
        A name that no other claim has.
    host, process, began
        Machine and number of the process, and when it was started (ticks since the machine was), which tells it from a
        later one of the same number.
    step, steps, rate
        How far its training is, and examples per second.
    """

    what: str
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    host: str = field(default_factory=socket.gethostname)
    process: int = field(default_factory=os.getpid)
    began: str = field(default_factory=lambda: _began(os.getpid()))
    step: int = 0
    steps: int = 0
    rate: float = 0.0


class Held:
    """A claim that this process holds, kept alive until the block ends."""

    def __init__(self, path: Path, claim: Claim) -> None:
        self.path = path
        self.claim = claim
        self.lost = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def note(self, step: int, steps: int, rate: float) -> None:
        """Note how far the work is; the next sign of life says it."""
        self.claim = replace(self.claim, step=step, steps=steps, rate=rate)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        found = read_claim(self.path)
        if found is not None and found.owner == self.claim.owner:
            self.path.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            found = read_claim(self.path)
            # A machine that was suspended finds its claim taken over.
            if found is not None and found.owner != self.claim.owner:
                self.lost = True
                return
            with suppress(OSError):  # a disk that is full for a moment
                _write(self.path, self.claim)


def take(path: Path, what: str) -> Held | None:
    """Claim a node, or return None where somebody else has it and is alive."""
    claim = Claim(what)
    if _create(path, claim):
        return Held(path, claim)
    there = read_claim(path)
    if there is not None and not is_abandoned(path, there):
        return None
    return Held(path, claim) if _take_over(path, there, claim) else None


def read_claim(path: Path) -> Claim | None:
    """Return a claim, or None where there is none or it cannot be read."""
    try:
        return Claim(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def claims(folder: Path) -> Iterator[tuple[Claim, bool]]:
    """Yield the claims of a store, and whether each is abandoned."""
    for path in sorted(folder.glob("*.claim")):
        if (found := read_claim(path)) is not None:
            yield found, is_abandoned(path, found)


def is_abandoned(path: Path, claim: Claim) -> bool:
    """Whether the owner of a claim is gone: its process on this machine, or no sign of life for two minutes."""
    if claim.host == socket.gethostname():
        with suppress(PermissionError):
            return _began(claim.process) != claim.began
    try:
        return _clock(path.parent) - path.stat().st_mtime > ABANDONED
    except FileNotFoundError:
        return True


def _create(path: Path, claim: Claim) -> bool:
    """Write a claim where there is none, in one step; whether this process was the first."""
    own = path.with_name(f".{path.name}.{claim.owner}")
    try:
        own.write_text(json.dumps(asdict(claim)), encoding="utf-8")
        os.link(own, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _create_alone(path, claim)
    finally:
        own.unlink(missing_ok=True)
    return True


def _create_alone(path: Path, claim: Claim) -> bool:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(claim)))
    return True


def _take_over(path: Path, there: Claim | None, claim: Claim) -> bool:
    """Put a claim in place of an abandoned one; only one of those who try does."""
    lock = path.with_suffix(".takeover")
    if not _create(lock, claim):
        with suppress(FileNotFoundError):
            if _clock(path.parent) - lock.stat().st_mtime > ABANDONED:  # whoever wanted to is gone too
                lock.unlink()
        return False
    try:
        now = read_claim(path)
        if now is not None and (there is None or now.owner != there.owner):
            return False
        if now is None and path.exists() and time.time() - path.stat().st_mtime < BEAT:
            return False  # being written by somebody on a file system without links
        _write(path, claim)
        return True
    finally:
        lock.unlink(missing_ok=True)


def _write(path: Path, claim: Claim) -> None:
    write_text(path, json.dumps(asdict(claim)))


def _clock(folder: Path) -> float:
    """Return the time on the clock of the machine that holds the files."""
    probe = folder / f".clock.{uuid.uuid4().hex}"
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _began(process: int) -> str:
    """Return when a process of this machine was started, in its own units; empty where there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
    try:  # no /proc: that it is there must do
        os.kill(process, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "there"
