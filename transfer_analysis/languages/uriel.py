"""Typological, family and geographic features, read once from the data files of the installed `urielplus` package.

Only the files are read. Importing the package itself would configure logging, and creating its `URIELPlus` object
copies its databases into site-packages; neither happens here.

Source: Khan et al. 2025, URIEL+: Enhancing Linguistic Inclusion and Usability in a Typological and Multilingual
Knowledge Base (COLING 2025).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError


@dataclass(frozen=True)
class FeatureTable:
    """Features of languages.

    Attributes
    ----------
    languages
        ISO 639-3 codes, one per row.
    names
        Feature names, one per column.
    values
        Array of shape (languages, features), NaN where unknown: a binary feature is 1 when any source says so
        (the union, URIEL+'s default).
    source
        Package and version the values come from.
    """

    languages: tuple[str, ...]
    names: tuple[str, ...]
    values: npt.NDArray[np.float32]
    source: str

    def rows(self, languages: list[str]) -> npt.NDArray[np.float32]:
        """Return one row per ISO 639-3 code in the order given; all NaN for a language without features."""
        index = {code: i for i, code in enumerate(self.languages)}
        empty = np.full(len(self.names), np.nan, dtype=np.float32)
        return np.stack([self.values[index[code]] if code in index else empty for code in languages])

    def columns(self, prefix: str) -> FeatureTable:
        """Return the features whose name begins with `prefix` (`S_` is syntax, `P_` phonology, `INV_` inventory)."""
        keep = [i for i, name in enumerate(self.names) if name.startswith(prefix)]
        return FeatureTable(self.languages, tuple(self.names[i] for i in keep), self.values[:, keep], self.source)


@cache
def features() -> FeatureTable:
    """Return the typological features of all languages of URIEL+."""
    return _load("features.npz")


@cache
def source_shares() -> FeatureTable:
    """Return the share of sources that say a typological feature is present (0 to 1), where the union says only yes."""
    with np.load(_database() / "original_uriel" / "features.npz") as arrays:
        data, languages, names = arrays["data"], arrays["langs"], arrays["feats"]
    known = data >= 0
    counts = known.sum(axis=2)
    values = np.where(counts > 0, np.where(known, data, 0).sum(axis=2) / np.maximum(counts, 1), np.nan)
    return FeatureTable(tuple(map(str, languages)), tuple(map(str, names)), values.astype(np.float32), _source())


@cache
def memberships() -> FeatureTable:
    """Return the membership of all languages of URIEL+ in the families and subfamilies of Glottolog (0 or 1)."""
    return _load("family_features.npz")


@cache
def glottocodes() -> dict[str, str]:
    """Return the Glottocode of each ISO 639-3 code that URIEL+ knows."""
    return {row["iso_code"]: row["glottocode"] for row in _csv("uriel_glottocode_map.csv")}


@cache
def glottolog_names() -> dict[str, str]:
    """Return the Glottolog name of each Glottocode."""
    return {row["language_id"]: row["language_name"] for row in _csv("lang_fam_geo.csv")}


@cache
def glottolog_lineages() -> dict[str, tuple[str, ...]]:
    """Return the Glottolog classification of each Glottocode, from its top-level family downwards."""
    return {
        row["language_id"]: tuple(part.strip() for part in row["lineage"].split(",") if part.strip())
        for row in _csv("lang_fam_geo.csv")
    }


def _load(name: str) -> FeatureTable:
    # allow_pickle stays False: the arrays hold numbers and plain strings only.
    with np.load(_database() / "original_uriel" / name) as arrays:
        data, languages, names = arrays["data"], arrays["langs"], arrays["feats"]
    values = data.max(axis=2).astype(np.float32)  # unknown is -1, so the maximum over sources is the union
    values[values < 0] = np.nan
    return FeatureTable(tuple(map(str, languages)), tuple(map(str, names)), values, _source())


def _source() -> str:
    return f"urielplus {version('urielplus')}"


def _csv(name: str) -> list[dict[str, str]]:
    with (_database() / "urielplus_csvs" / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def _database() -> Path:
    spec = find_spec("urielplus")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("URIEL+ is not installed; install it with: pip install urielplus")
    return Path(spec.submodule_search_locations[0]) / "database"
