"""Files written whole or not at all, and known by their hash; and where what can be made again is kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from transfer_analysis.errors import InputError

#: Environment variable that names another cache folder.
CACHE_VARIABLE = "TRANSFER_ANALYSIS_CACHE"


def cache_folder() -> Path:
    """Return the folder of what can be made again: the user's cache, or what TRANSFER_ANALYSIS_CACHE names."""
    given = os.environ.get(CACHE_VARIABLE)
    return Path(given) if given else user_cache_path("transfer-analysis")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its name when the block ends well.

    A block that raises leaves nothing behind and an older file untouched.

    Raises
    ------
    InputError
        Where nothing can be written there.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give a file to write")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _open_up(temporary, 0o666)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path` that takes its name when the block ends well.

    A block that raises leaves nothing behind. Where another process has written the folder meanwhile, that one stays.

    Raises
    ------
    InputError
        Where nothing can be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
    try:
        yield temporary
        _open_up(temporary, 0o777)
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _open_up(temporary: Path, mode: int) -> None:
    """Give what was made private the rights that the umask leaves, like anything else that is written."""
    umask = os.umask(0)
    os.umask(umask)
    temporary.chmod(mode & ~umask)


def write_text(path: Path, text: str) -> None:
    """Write text atomically, as UTF-8 with Unix line ends."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def read_text(path: Path, what: str) -> str:
    """Return the text of a file.

    Raises
    ------
    InputError
        Where there is no such file, it is empty, or it is not text in UTF-8.
    """
    try:
        return require_file(path, what).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not text in UTF-8 (byte {error.start}); expected {what}") from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_sha256(folder: Path) -> str:
    """Return the SHA-256 over the names and hashes of a folder's files, in the order of the names."""
    found = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256("".join(f"{name}\0{sha256(path)}\n" for name, path in found).encode()).hexdigest()


def require_file(path: Path, what: str) -> Path:
    """Return `path` if it is a file with something in it.

    Raises
    ------
    InputError
        Naming the path and what it should have held.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected {what}")
    if not path.is_file():
        raise InputError(f"{path}: {'is not a file' if path.exists() else 'no such file'}; expected {what}")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty; expected {what}")
    return path


def folder_hash(folder: Path) -> str:
    """Return a hash of a model folder: its weights, configuration and tokenizer, those of its parts included."""
    digest = hashlib.sha256()
    for path in sorted(p for kind in ("safetensors", "json", "txt", "model") for p in folder.rglob(f"*.{kind}")):
        digest.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode())
    return f"sha256:{digest.hexdigest()[:16]}"
