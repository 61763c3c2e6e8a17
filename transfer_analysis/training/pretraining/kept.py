"""Pretrained encoders of simulated worlds, kept in the user's cache folder by what they are made of."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from typing import Any

import torch

from transfer_analysis.corpora.simulated import World
from transfer_analysis.errors import InputError
from transfer_analysis.files import CACHE_VARIABLE, cache_folder, write_text
from transfer_analysis.progress import Report, silent
from transfer_analysis.training.pretraining.built import Shape, save_encoder
from transfer_analysis.training.pretraining.simulated import Pretraining, pretrain
from transfer_analysis.training.version import CORE

#: Documents of each language whose text is part of an encoder's identity: a change in what is said shows in them.
_SAMPLED = 40

#: Seconds between two looks at how far the processes are.
_LOOK = 0.2


@dataclass(frozen=True)
class Wanted:
    """An encoder: the world it reads, its size, its settings and its seed."""

    world: World
    shape: Shape
    settings: Pretraining
    seed: int

    @property
    def identity(self) -> str:
        """Hash of everything that the weights depend on."""
        digest = hashlib.sha256()
        about = (CORE, torch.__version__, self.shape, self.settings, self.seed, self.world)
        digest.update(repr(about).encode())
        for code in self.world.spoken:
            digest.update(repr(sorted(self.world.language(code).forms.items())).encode())
            digest.update("\n".join(self.world.text(code, _SAMPLED)).encode())
        return digest.hexdigest()[:16]

    @property
    def folder(self) -> Path:
        """Where the encoder is kept."""
        return cache_folder() / f"simulated-{self.identity}"


def pretrained(wanted: list[Wanted], workers: int, report: Report = silent) -> list[Path]:
    """Return the folders of pretrained encoders; those that are not kept are made, each in a process of one thread.

    The number of processes has no influence on the weights.

    Raises
    ------
    InputError
        Where the cache folder cannot be written.
    """
    missing = [one for one in dict.fromkeys(wanted) if not _is_whole(one.folder)]
    if missing:
        try:
            cache_folder().mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{cache_folder()}: cannot be written: {error.strerror}; name another folder with {CACHE_VARIABLE}"
            ) from error
        _make(missing, min(workers, len(missing)), report)
    return [one.folder for one in wanted]


def _make(missing: list[Wanted], workers: int, report: Report) -> None:
    """Make encoders, and report how far the slowest is."""
    context = get_context("spawn")
    with context.Manager() as manager:
        events = manager.Queue()
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            futures = [pool.submit(_made, one, number, events) for number, one in enumerate(missing)]
            shares = [0.0] * len(missing)
            while not all(future.done() for future in futures):
                try:
                    number, what, share = events.get(timeout=_LOOK)
                except Empty:
                    continue
                shares[number] = share
                if share == min(shares) or workers < len(missing):
                    report(what, sum(shares) / len(shares))
            for future in futures:
                future.result()


def _made(wanted: Wanted, number: int, events: Any) -> None:
    """Pretrain an encoder and keep it; a process of its own."""
    torch.set_num_threads(1)

    def report(what: str, share: float) -> None:
        events.put((number, what, share))

    encoder = pretrain(wanted.world, wanted.shape, wanted.settings, wanted.seed, report)
    folder = wanted.folder
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as name:
        made = Path(name) / folder.name
        save_encoder(encoder, made)
        write_text(made / "made-of.txt", f"{wanted.world}\n{wanted.shape}\n{wanted.settings}\nseed {wanted.seed}\n")
        if not _is_whole(folder):  # another process may have been faster
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)


def _is_whole(folder: Path) -> bool:
    """Whether a folder is one that was finished; it is given its name last of all."""
    return (folder / "made-of.txt").is_file() and (folder / "model.safetensors").is_file()
