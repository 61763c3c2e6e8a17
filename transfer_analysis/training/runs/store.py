"""Finished runs on disk: written whole or not at all, known by everything that could change them, never done twice."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.files import atomic_path, write_text
from transfer_analysis.training.computing.tensors import apart, read_tensors, set_aside, write_tensors

#: Seconds after which a file that is being written is taken for abandoned.
_ABANDONED = 3600


@dataclass(frozen=True)
class Store:
    """A folder of finished runs.

    Each run is `<identity>.json` (its rows of the transfer table and what it was made from) beside
    `<identity>.predictions.parquet`; an encoder after intermediate training is `<identity>.safetensors`, a phase that
    goes on `<identity>.checkpoint.safetensors`. A file that was cut short or altered does not match its checksum: it is
    set aside and made again.
    Several processes may use one store; the same identity gives the same bytes, so whoever writes last changes nothing.
    """

    path: Path

    def rows(self, name: str) -> list[dict[str, Any]] | None:
        """Return the rows of a finished run, or None where it is not finished or its file is damaged."""
        record = self._record(f"{name}.json")
        return record["rows"] if record is not None else None

    def is_finished(self, name: str) -> bool:
        """Whether a run is finished; its file is not read."""
        return (self.path / f"{name}.json").is_file()

    def has_weights(self, name: str) -> bool:
        """Whether weights are there; they are not read."""
        return (self.path / f"{name}.safetensors").is_file()

    def encoder(self, name: str) -> Path:
        """Return where a pretrained encoder lies, a folder."""
        return self.path / f"{name}.encoder"

    def has_encoder(self, name: str) -> bool:
        """Whether an encoder is pretrained; its folder is there as a whole or not at all."""
        return self.encoder(name).is_dir()

    def claim(self, name: str) -> Path:
        """Return where it stands who works on a node."""
        return self.path / f"{name}.claim"

    def failure(self, name: str) -> str | None:
        """Return why a run failed, or None where it did not."""
        record = self._record(f"{name}.failed.json")
        return str(record["reason"]) if record is not None else None

    def write(self, name: str, rows: list[dict[str, Any]], about: dict[str, Any], predictions: pd.DataFrame) -> None:
        """Write a finished run; its predictions first, so that what is finished has them."""
        with atomic_path(self.path / f"{name}.predictions.parquet") as temporary:
            predictions.to_parquet(temporary, index=False)
        self._write(f"{name}.json", {"about": about, "rows": rows})

    def write_failure(self, name: str, reason: str, about: dict[str, Any]) -> None:
        """Note that a run failed, and why."""
        self._write(f"{name}.failed.json", {"about": about, "reason": reason})

    def weights(self, name: str) -> dict[str, Any] | None:
        """Return saved weights, or None where there are none or they are damaged."""
        found = read_tensors(self.path / f"{name}.safetensors")
        return found[0] if found is not None else None

    def write_weights(self, name: str, weights: dict[str, Any]) -> None:
        """Write weights with their checksum."""
        write_tensors(self.path / f"{name}.safetensors", apart(weights))

    def checkpoint(self, name: str) -> Path:
        """Return where the checkpoint of a phase that goes on is kept."""
        return self.path / f"{name}.checkpoint.safetensors"

    def clear_failure(self, name: str) -> None:
        """Forget that a run failed."""
        (self.path / f"{name}.failed.json").unlink(missing_ok=True)

    def finished(self) -> Iterator[dict[str, Any]]:
        """Yield the record of every finished run, in the order of their names."""
        return (record for _, record in self.named())

    def named(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the identity and the record of every finished run, in their order."""
        for path in self._files("*.json"):
            if (
                not path.name.endswith((".failed.json", "numerics.json"))
                and (record := self._record(path.name)) is not None
            ):
                yield path.stem, record

    def failed(self) -> Iterator[dict[str, Any]]:
        """Yield the record of every failed run, in the order of their names."""
        for path in self._files("*.failed.json"):
            if (record := self._record(path.name)) is not None:
                yield record

    def begun(self) -> int:
        """Return how many phases have a checkpoint."""
        return len(self._files("*.checkpoint.safetensors"))

    def open(self) -> None:
        """Make the folder, and remove what processes that were killed while they wrote have left behind.

        Raises
        ------
        InputError
            Where nothing can be written there.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / ".begun").touch()
        except OSError as error:
            raise InputError(f"{self.path}: is not a folder that can be written to: {error.strerror}") from error
        for path in self.path.glob(".*"):
            with suppress(FileNotFoundError):
                if path.is_file() and time.time() - path.stat().st_mtime > _ABANDONED:
                    path.unlink()

    def _files(self, pattern: str) -> list[Path]:
        """Return files by name, without those that are being written."""
        return sorted(path for path in self.path.glob(pattern) if not path.name.startswith("."))

    def _write(self, name: str, content: dict[str, Any]) -> None:
        body = json.dumps(content, ensure_ascii=False, sort_keys=True)
        digest = hashlib.sha256(body.encode()).hexdigest()
        write_text(self.path / name, json.dumps({"sha256": digest, "content": body}, ensure_ascii=False) + "\n")

    def _record(self, name: str) -> dict[str, Any] | None:
        path = self.path / name
        try:
            outer = json.loads(path.read_text(encoding="utf-8"))
            if hashlib.sha256(outer["content"].encode()).hexdigest() == outer["sha256"]:
                record: dict[str, Any] = json.loads(outer["content"])
                return record
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        set_aside(path)
        return None
