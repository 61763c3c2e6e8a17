"""A repository of the hub at one commit. What was asked once about a commit is kept, so that offline works as online."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from transfer_analysis.errors import InputError, UnavailableError
from transfer_analysis.files import cache_folder, write_text
from transfer_analysis.hub.client import HUB_WAIT, asked, hub_is_reachable, is_refusal, out_of_reach

Kind = Literal["dataset", "model"]

_NAMES: dict[Kind, str] = {"dataset": "data set", "model": "encoder"}
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Repository:
    """A repository at one commit.

    Attributes
    ----------
    kind
        `dataset` or `model`.
    id
        `owner/name`.
    commit
        40 hexadecimal digits.
    """

    kind: Kind
    id: str
    commit: str

    def __str__(self) -> str:
        return f"{_NAMES[self.kind]} {self.id}"

    @property
    def source(self) -> str:
        """The repository and its commit, as results name them."""
        return f"{self.id}@{self.commit[:12]}"

    def names(self) -> tuple[str, ...]:
        """Return the names of all files.

        Raises
        ------
        InputError
            Where the hub does not say.
        """
        try:
            return tuple(self.kept("files", lambda: {"names": self._listed()})["names"])
        except UnavailableError:
            # What another program has fetched may be all that is needed.
            if found := self._in_cache():
                return found
            raise

    def matching(self, pattern: str) -> list[str]:
        """Return the files whose names match a pattern, in order."""
        return sorted(name for name in self.names() if fnmatch(name, pattern))

    def file(self, name: str) -> Path:
        """Return a file's place on this machine, fetched if need be.

        Raises
        ------
        InputError
            Where the hub does not give it.
        """
        from huggingface_hub import hf_hub_download

        return Path(asked(lambda: hf_hub_download(self.id, name, **self._at()), f"{name} of {self}"))

    def snapshot(self, wanted: list[str], without: list[str]) -> Path:
        """Return the folder of the files whose names match some patterns, fetched if need be.

        Raises
        ------
        InputError
            Where the hub does not give them.
        """
        from huggingface_hub import snapshot_download

        def ask() -> str:
            return str(snapshot_download(self.id, allow_patterns=wanted, ignore_patterns=without, **self._at()))

        return Path(asked(ask, str(self)))

    def kept(self, name: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what was asked about this commit before, or ask now and keep it."""
        path = _folder(self.kind, self.id) / self.commit / f"{quote(name, safe='')}.json"
        if path.is_file():
            try:
                known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
                return known
            except ValueError:
                path.unlink()  # cut short; it is asked again
        if not hub_is_reachable():
            raise out_of_reach(str(self))
        found: dict[str, Any] = ask()
        write_text(path, json.dumps(found, ensure_ascii=False, indent=1) + "\n")
        return found

    def _at(self) -> dict[str, Any]:
        """Return what is said with every download: from where, at which commit, and whether from the cache alone."""
        return {
            "repo_type": self.kind,
            "revision": self.commit,
            "etag_timeout": HUB_WAIT,
            "local_files_only": not hub_is_reachable(),
        }

    def _in_cache(self) -> tuple[str, ...]:
        """Return the files of this commit that the hub's own client has in its cache."""
        from huggingface_hub import constants

        folder = Path(constants.HF_HUB_CACHE) / _called(self.kind, self.id) / "snapshots" / self.commit
        return tuple(sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()))

    def _listed(self) -> list[str]:
        from huggingface_hub import HfApi

        return asked(lambda: HfApi().list_repo_files(self.id, repo_type=self.kind, revision=self.commit), str(self))


@cache  # one process reads all of a data set at one commit, whatever happens to the branch meanwhile
def repository(kind: Kind, name: str, revision: str | None = None) -> Repository:
    """Return a repository at the commit that a revision stands for: a commit itself, a branch or a tag (`main` if None).

    Offline, a branch stands for the commit that it last stood for on this machine.

    Raises
    ------
    InputError
        Where the hub has no such repository or revision.
    """
    if revision is not None and _COMMIT.fullmatch(revision):
        return Repository(kind, name, revision)
    asked_for = revision or "main"
    kept = _folder(kind, name) / "refs" / quote(asked_for, safe="")
    what = f"{_NAMES[kind]} {name}" + (f"@{revision}" if revision else "")
    if hub_is_reachable():
        commit = asked(lambda: _commit_of(kind, name, asked_for), what)
        write_text(kept, commit + "\n")
    else:
        commit = _last_known(kept, kind, name, asked_for)
        if not commit:
            raise out_of_reach(what)
    return Repository(kind, name, commit)


@cache
def require_access(found: Repository) -> None:
    """Raise an InputError where this person may not read a repository; mirrors that cannot say so are passed over."""
    from huggingface_hub import HfApi

    try:
        asked(lambda: HfApi().auth_check(found.id, repo_type=found.kind), str(found))
    except InputError as error:
        if is_refusal(error):
            raise


def _commit_of(kind: Kind, name: str, revision: str) -> str:
    from huggingface_hub import HfApi

    about = HfApi().repo_info(name, repo_type=kind, revision=revision, timeout=4 * HUB_WAIT)
    return str(about.sha)


def _last_known(kept: Path, kind: Kind, name: str, revision: str) -> str:
    """Return the commit that a revision last stood for, as kept here or by the hub's own client; empty if never asked."""
    from huggingface_hub import constants

    of_client = Path(constants.HF_HUB_CACHE) / _called(kind, name) / "refs" / revision
    for path in (kept, of_client):
        if path.is_file():
            return path.read_text(encoding="utf-8").strip()
    return ""


def _folder(kind: Kind, name: str) -> Path:
    return cache_folder() / "hub" / _called(kind, name)


def _called(kind: Kind, name: str) -> str:
    """Return what a repository's folder is called, as the hub's own client calls it."""
    return f"{kind}s--{name.replace('/', '--')}"
