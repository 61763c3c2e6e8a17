"""Embeddings kept on disk, by text and encoder, so that a second call costs nothing."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt

from transfer_analysis.files import cache_folder

Floats = npt.NDArray[np.float64]

_log = logging.getLogger(__name__)

#: Texts whose embeddings are written together: what an interruption can cost.
_TOGETHER = 512

#: Seconds to wait for another process that is writing.
_WAIT = 30.0


def kept_embeddings(identity: str, texts: Sequence[str], compute: Callable[[list[str]], Floats]) -> Floats:
    """Return one embedding per text, those that are not kept yet computed.

    Parameters
    ----------
    identity
        What tells the encoder from any other: its weights, layer and pooling.
    texts
        Any number of texts; each different one is computed once.
    compute
        Texts → embeddings, shape (texts, dimensions). Not called where all are kept.

    Returns
    -------
    numpy.ndarray
        Shape (texts, dimensions), with the precision of float32, in which embeddings are kept. A cache folder that
        cannot be written, or a damaged file in it, is passed over with a warning.
    """
    keys = [hashlib.sha256(text.encode()).digest() for text in texts]
    found: dict[bytes, npt.NDArray[np.float32]] = {}
    try:
        with closing(_connect(identity)) as store:
            found = _read(store, keys)
            for part in _missing(texts, keys, found):
                rows = compute(list(part.values())).astype(np.float32)
                new = dict(zip(part, rows, strict=True))
                found |= new
                with store:
                    store.executemany(
                        "insert or ignore into embeddings values (?, ?)", [(k, v.tobytes()) for k, v in new.items()]
                    )
    except (OSError, sqlite3.Error) as error:
        _log.warning("embeddings are not kept in %s: %s", cache_folder(), error)
        for part in _missing(texts, keys, found):
            rows = compute(list(part.values())).astype(np.float32)
            found |= dict(zip(part, rows, strict=True))
    return np.stack([found[key] for key in keys]).astype(np.float64)


def _missing(
    texts: Sequence[str], keys: list[bytes], found: dict[bytes, npt.NDArray[np.float32]]
) -> list[dict[bytes, str]]:
    """Return the texts that are not found, by key, in parts; longest first, so that padding is little."""
    wanted = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
    ordered = sorted(wanted.items(), key=lambda item: (-len(item[1]), item[0]))
    return [dict(ordered[start : start + _TOGETHER]) for start in range(0, len(ordered), _TOGETHER)]


def _connect(identity: str) -> sqlite3.Connection:
    folder = cache_folder() / "embeddings"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(identity.encode()).hexdigest()[:16]}.sqlite"
    try:
        return _opened(path, identity)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):  # locked, or the disk is full: not damaged
            raise
        damaged = path.with_name(path.name + ".damaged")
        path.replace(damaged)
        _log.warning("%s: is damaged; set aside as %s and made again", path, damaged.name)
        return _opened(path, identity)


def _opened(path: Path, identity: str) -> sqlite3.Connection:
    store = sqlite3.connect(path, timeout=_WAIT)
    store.execute("create table if not exists about (identity text primary key)")
    store.execute("create table if not exists embeddings (key blob primary key, vector blob) without rowid")
    with store:
        store.execute("insert or ignore into about values (?)", [identity])
    return store


def _read(store: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, npt.NDArray[np.float32]]:
    found: dict[bytes, npt.NDArray[np.float32]] = {}
    for start in range(0, len(keys), _TOGETHER):
        part = keys[start : start + _TOGETHER]
        marks = ",".join("?" * len(part))
        rows = store.execute(f"select key, vector from embeddings where key in ({marks})", part)  # noqa: S608  # marks only
        found |= {key: np.frombuffer(vector, dtype=np.float32) for key, vector in rows}
    return found
