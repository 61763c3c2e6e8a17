"""A hub on 127.0.0.1 for tests: repositories as dictionaries of bytes, faults on demand, and a list of what was asked."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

#: Files of these kinds have a SHA-256 as their ETag, as large files have on the hub.
LARGE = (".parquet", ".safetensors", ".bin", ".gz")


@dataclass
class StandIn:
    """The hub's repositories, and what it does wrong on purpose.

    Attributes
    ----------
    repositories
        (`datasets` or `models`, id) → revision (a commit, or a name such as `main`) → file → its bytes.
    closed
        Ids that want a token; gated ones.
    faults
        (pattern of the path, status, how often, headers): answers in place of the right one.
    asked
        Method and path of each request.
    """

    repositories: dict[tuple[str, str], dict[str, dict[str, bytes]]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    faults: list[list] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def add(self, kind: str, name: str, files: dict[str, bytes], revision: str = "main") -> None:
        """Add files to a revision of a repository."""
        self.repositories.setdefault((kind, name), {}).setdefault(revision, {}).update(files)

    def commit(self, kind: str, name: str, revision: str = "main") -> str:
        """Return the commit of a revision."""
        if re.fullmatch("[0-9a-f]{40}", revision):
            return revision
        files = self.repositories[kind, name][revision]
        return hashlib.sha1(repr(sorted((n, etag(n, b)) for n, b in files.items())).encode()).hexdigest()

    def find(self, kind: str, name: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """Return commit and files of a revision, given by its name or its commit."""
        for known, files in self.repositories.get((kind, name), {}).items():
            commit = self.commit(kind, name, known)
            if revision in (known, commit):
                return commit, files
        return None

    def count(self, pattern: str) -> int:
        """Return how many requests had a path of some form."""
        return sum(bool(re.search(pattern, asked)) for asked in self.asked)

    def start(self, port: int) -> ThreadingHTTPServer:
        """Serve until the server is shut down."""
        server = ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (_Handler,), {"hub": self}))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server


def etag(name: str, content: bytes) -> str:
    """Return a file's ETag, as the hub makes it."""
    if name.endswith(LARGE):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: StandIn

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer()

    def log_message(self, *_) -> None:
        pass

    def answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        for fault in self.hub.faults:
            pattern, status, times, headers = fault
            if times and re.search(pattern, path):
                fault[2] -= 1
                return self.say(status, {"error": "on purpose"}, headers)
        if path == "/":
            return self.say(200, {})
        file = re.fullmatch(r"/(?:(datasets)/)?([^/]+/[^/]+)/resolve/(.+)", path)
        if file:
            return self.resolve(file[1] or "models", file[2], file[3])
        api = re.fullmatch(
            r"/api/(datasets|models)/([^/]+/[^/]+)(?:/(revision|tree|paths-info|auth-check)/?(.*))?", path
        )
        return self.api(*api.groups()) if api else self.say(404, {"error": "no such page"})

    def opened(self, kind: str, name: str, rest: str):
        """Return commit, files and what follows the revision; None where a refusal was sent."""
        if (kind, name) not in self.hub.repositories:
            return self.say(401, {"error": "not found"}, {"X-Error-Code": "RepoNotFound"})
        names = {*self.hub.repositories[kind, name], rest.partition("/")[0]}
        revision = max((n for n in names if rest == n or rest.startswith(n + "/")), key=len)
        found = self.hub.find(kind, name, revision)
        if found is None:
            return self.say(404, {"error": "no such revision"}, {"X-Error-Code": "RevisionNotFound"})
        return *found, rest[len(revision) :].lstrip("/")

    def is_closed(self, name: str) -> bool:
        return name in self.hub.closed and not self.headers.get("Authorization")

    def refuse(self) -> None:
        self.say(403, {"error": "accept the terms"}, {"X-Error-Code": "GatedRepo"})

    def resolve(self, kind: str, name: str, rest: str) -> None:
        found = self.opened(kind, name, rest)
        if found is None:
            return None
        if self.is_closed(name):
            return self.refuse()
        commit, files, file = found
        if file not in files:
            return self.say(404, {"error": "no file"}, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
        content = files[file]
        tag = etag(file, content)
        headers = {"X-Repo-Commit": commit, "ETag": f'"{tag}"', "Accept-Ranges": "bytes"}
        if len(tag) == 64:
            headers |= {"X-Linked-Etag": f'"{tag}"', "X-Linked-Size": str(len(content))}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not asked:
            return self.send(200, content, headers)
        first, last = int(asked[1]), int(asked[2] or len(content) - 1)
        part = content[first : last + 1]
        return self.send(
            206, part, headers | {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(content)}"}
        )

    def api(self, kind: str, name: str, what: str | None, rest: str | None) -> None:
        if what == "auth-check":
            return self.refuse() if self.is_closed(name) else self.say(200, {})
        found = self.opened(kind, name, rest if what in ("revision", "tree", "paths-info") and rest else "main")
        if found is None:
            return None
        commit, files, below = found
        if what == "tree":
            return self.say(200, _tree(files, below, "recursive=true" in self.path.lower()), {"X-Repo-Commit": commit})
        if what == "paths-info":
            wanted = re.findall(r'paths[^=\["]*[=\[]"?([^"&\]]+)', unquote(self.body.decode()))
            return self.say(200, [_entry(w, files[w]) for w in wanted if w in files], {"X-Repo-Commit": commit})
        about = {"id": name, "sha": commit, "private": False, "tags": [], "downloads": 0, "likes": 0}
        about |= {"gated": "auto" if name in self.hub.closed else False, "siblings": [{"rfilename": n} for n in files]}
        return self.say(200, about, {"X-Repo-Commit": commit})

    def say(self, status: int, value, headers: dict[str, str] | None = None) -> None:
        self.send(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _entry(name: str, content: bytes) -> dict:
    tag = etag(name, content)
    large = {"lfs": {"oid": tag, "size": len(content), "pointerSize": 134}} if len(tag) == 64 else {}
    return {"type": "file", "path": name, "size": len(content), "oid": tag[:40], **large}


def _tree(files: dict[str, bytes], below: str, recursive: bool) -> list[dict]:
    prefix = f"{below}/" if below else ""
    inside = {name: content for name, content in files.items() if name.startswith(prefix)}
    folders = {
        prefix + "/".join(parts[:depth])
        for name in inside
        if (parts := name[len(prefix) :].split("/"))
        for depth in range(1, len(parts))
        if recursive or depth == 1
    }
    listed = [_entry(name, content) for name, content in inside.items() if recursive or "/" not in name[len(prefix) :]]
    return [*({"type": "directory", "path": f, "size": 0, "oid": "0" * 40} for f in sorted(folders)), *listed]
